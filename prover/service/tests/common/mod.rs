//! Stores of a test's own: a file, and a database where there is a server; and jobs.
// Not every test's program uses all of it.
#![allow(dead_code)]

pub mod told;

use medproof_messages::did::AudienceKey;
use medproof_service::about::{About, Grant};
use medproof_service::job::JobId;
use medproof_service::store::{AskerLimits, Bounds, NewJob, Store};
use medproof_statement::request::Purpose;
use medproof_statement::tier::Tier;
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

/// What keeps others from writing, until it is dropped.
pub enum Held {
    /// To a file.
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    /// To a table.
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Held {
    /// Changes what is held.
    pub async fn execute(&mut self, statement: &'static str) {
        match self {
            Held::Sqlite(transaction) => sqlx::query(statement).execute(&mut **transaction).await.map(drop),
            Held::Postgres(transaction) => sqlx::query(statement).execute(&mut **transaction).await.map(drop),
        }
        .unwrap();
    }

    /// With what was changed.
    pub async fn release(self) {
        match self {
            Held::Sqlite(transaction) => transaction.commit().await,
            Held::Postgres(transaction) => transaction.commit().await,
        }
        .unwrap();
    }
}

/// Keeps others from writing to this table, and from saying that they would.
pub async fn hold(store: &Store, table: &str) -> Held {
    match store {
        Store::Sqlite { write: pool, .. } => Held::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await.unwrap()),
        Store::Postgres(pool) => {
            let mut transaction = pool.begin().await.unwrap();
            let statement = AssertSqlSafe(format!("LOCK TABLE {table} IN EXCLUSIVE MODE"));
            sqlx::query(statement).execute(&mut *transaction).await.unwrap();
            Held::Postgres(transaction)
        }
    }
}

/// Nothing is refused within these.
pub const MANY: Bounds = Bounds {
    most_work: 1 << 40,
    most_work_of_tenant: 1 << 40,
    longest_wait: None,
    askers: AskerLimits {
        questions_of_concept: 1000,
        questions: 1000,
        days: 90,
        usual: 1_000_000,
        times: 10,
    },
};

/// Who asks, where nothing else is said.
pub const AUDIENCE: &str = "did:key:z6MkkHesJfGFTGqjYjDXJAuUE2gyshaNewzEBHoCWGX1YN7L";

/// A job of its own: of another patient than any other, on another consent.
pub fn job(tier: Tier) -> NewJob {
    let id = JobId::random().unwrap();
    let mut own = [0; 32];
    own[..16].copy_from_slice(id.bytes());
    NewJob {
        id,
        about: About {
            audience: AUDIENCE.to_owned(),
            purpose: Purpose::Research,
            claim: [1; 32],
            request: own,
            pseudonym: own,
            grant: Some(Grant {
                handle: own,
                not_before: 0,
                not_after: 1 << 40,
            }),
            questions: Vec::new(),
        },
        tier,
        payload: vec![7; 100],
    }
}

/// Another audience.
pub fn audience(number: u8) -> String {
    AudienceKey::from_seed([number; 32]).unwrap().did().to_string()
}
