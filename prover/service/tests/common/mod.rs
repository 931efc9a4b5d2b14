//! Stores of a test's own: a file, and a database where there is a server.

#![allow(dead_code)]

pub mod told;

use medproof_service::job::JobId;
use medproof_service::store::Store;
use sqlx::AssertSqlSafe;
use std::io::Write;
use tempfile::TempDir;

/// Both kinds, or the one that there is; `MEDPROOF_POSTGRES` names a server.
pub async fn stores() -> (Vec<Store>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.db");
    let mut stores = vec![Store::open(&format!("sqlite:{}", file.display())).await.unwrap()];
    match std::env::var("MEDPROOF_POSTGRES") {
        Ok(url) => stores.push(Store::open(&database(&url).await).await.unwrap()),
        Err(_) => {
            let said = "\n!!! PostgreSQL SKIPPED: MEDPROOF_POSTGRES names no server\n";
            let _ = std::io::stderr().write_all(said.as_bytes());
        }
    }
    (stores, folder)
}

// A new one on this server. Gone with the server.
async fn database(server: &str) -> String {
    let name = JobId::random().unwrap().to_string().replace(':', "_");
    let pool = sqlx::PgPool::connect(server).await.unwrap();
    let statement = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(statement).execute(&pool).await.unwrap();
    server.replacen("/postgres?", &format!("/{name}?"), 1)
}
