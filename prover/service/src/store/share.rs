//! Whose turn it is.
//!
//! Tenants are served in turns by self-clocked fair queueing (Golestani, INFOCOM 1994): a job's turn is its tenant's
//! last turn, or the turn that is being served where that is later, and its work on top. What has the earliest turn
//! is begun first, so that who submits ten thousand jobs makes nobody else wait for more than one of them, and who
//! was idle does not catch up. Where nobody waits, all begin where the last has come to.

use super::StoreError;
use sqlx::Row;

macro_rules! statements {
    ($name:ident, $database:ty) => {
        pub(in crate::store) mod $name {
            use super::*;

            /// The turn of a job with so much work.
            pub(in crate::store) async fn turn(
                connection: &mut <$database as sqlx::Database>::Connection,
                tenant: &str,
                work: u64,
            ) -> Result<u64, StoreError> {
                let row = sqlx::query(
                    "INSERT INTO shares (tenant, turn) SELECT $1, served + $2 FROM \
                     (SELECT COALESCE((SELECT MIN(turn) FROM disclosures WHERE state IN (1, 2)), \
                     (SELECT MAX(turn) FROM shares), 0) AS served) AS now WHERE TRUE \
                     ON CONFLICT (tenant) DO UPDATE \
                     SET turn = (CASE WHEN shares.turn > excluded.turn - $2 THEN shares.turn ELSE excluded.turn - $2 END) + $2 \
                     RETURNING turn",
                )
                .bind(tenant)
                .bind(i64::try_from(work).unwrap_or(i64::MAX))
                .fetch_one(connection)
                .await?;
                let turn: i64 = row.try_get(0)?;
                Ok(u64::try_from(turn).unwrap_or_default())
            }
        }
    };
}

statements!(sqlite, sqlx::Sqlite);
statements!(postgres, sqlx::Postgres);
