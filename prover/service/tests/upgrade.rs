//! A store of the first version, updated where it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::told::portal;
use medproof_service::job::{JobId, State};
use medproof_service::store::{Owner, Store, StoreError};
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};

// What the first version had, and a job that it acknowledged.
const FIRST: &str = include_str!("../migrations/sqlite/20261121000001_jobs.sql");

#[tokio::test]
async fn jobs_of_the_first_version_are_there_and_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("service.db").display());
    let id = JobId::random().unwrap();
    // The library's own tables, and the first of ours, as its migrator leaves them.
    let store = Store::open(&url).await.unwrap();
    store.close().await;
    let mut old = SqliteConnection::connect(&url).await.unwrap();
    for table in own_tables(&mut old).await {
        old.execute(AssertSqlSafe(format!("DROP TABLE {table}"))).await.unwrap();
    }
    old.execute("DELETE FROM _sqlx_migrations WHERE version > 20261121000001 AND version < 20270000000000")
        .await
        .unwrap();
    old.execute(FIRST).await.unwrap();
    let owner = portal();
    sqlx::query(
        "INSERT INTO disclosures (id, tenant, caller, audience, tier, state, submitted, payload) \
         VALUES ($1, $2, $3, 'did:key:somebody', 0, 1, 7, x'00')",
    )
    .bind(id.to_string())
    .bind(&owner.tenant)
    .bind(&owner.name)
    .execute(&mut old)
    .await
    .unwrap();
    old.close().await.unwrap();

    let store = Store::open(&url).await.unwrap();
    let job = store.job(&Owner::from(&owner), &id).await.unwrap().unwrap();
    assert_eq!((job.state, job.submitted.0), (State::Queued, 7));
    store.close().await;
    // Again, it has nothing to do.
    Store::open(&url).await.unwrap().close().await;
}

async fn own_tables(old: &mut SqliteConnection) -> Vec<String> {
    let all: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'")
        .fetch_all(old)
        .await
        .unwrap();
    let library = ["Jobs", "Workers", "_sqlx_migrations", "sqlite_sequence"];
    all.into_iter()
        .filter(|name| !library.contains(&name.as_str()))
        .collect()
}

#[tokio::test]
async fn a_store_of_a_later_version_is_refused() {
    let (stores, _folder) = common::stores().await;
    for store in stores {
        let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES (20990101000001, 'later', TRUE, ";
        let url = match &store {
            Store::Sqlite { write: pool, .. } => {
                sqlx::query(AssertSqlSafe(format!("{later} x'00', 0)")))
                    .execute(pool)
                    .await
                    .unwrap();
                format!("sqlite:{}", pool.connect_options().get_filename().display())
            }
            Store::Postgres(pool) => {
                sqlx::query(AssertSqlSafe(format!("{later} '', 0)")))
                    .execute(pool)
                    .await
                    .unwrap();
                let database: String = sqlx::query_scalar("SELECT current_database()")
                    .fetch_one(pool)
                    .await
                    .unwrap();
                let server = std::env::var("MEDPROOF_POSTGRES").unwrap();
                server.replacen("/postgres?", &format!("/{database}?"), 1)
            }
        };
        store.close().await;
        let refused = Store::open(&url).await.unwrap_err();
        assert!(matches!(refused, StoreError::Newer), "{refused}");
    }
}

#[tokio::test]
async fn a_store_that_is_none_of_ours_is_refused_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("service.db");
    let text = b"somebody's notes, longer than a header of a database would be, so that it is read as one: ".repeat(3);
    std::fs::write(&path, &text).unwrap();
    let refused = Store::open(&format!("sqlite:{}", path.display())).await.unwrap_err();
    assert!(
        matches!(
            refused,
            StoreError::Database(_) | StoreError::Migration(_) | StoreError::Queue(_)
        ),
        "{refused}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), text);
}
