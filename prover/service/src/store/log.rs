//! The log of who asked what, and how it ended: a line is there if and only if what it tells of is.
//!
//! Lines are written last in a transaction: the head is held from then to its end, so that lines of one tenant are in
//! the order in which what they tell of took effect.

use super::{AT_ONCE, StoreError};
use crate::job::Instant;
use medproof_audit::tree::{Frontier, Hash, Head, NodeId};
use medproof_audit::{Entry, Event, Tenant};
use medproof_statement::request::Time;
use sqlx::{QueryBuilder, Row};
use std::collections::BTreeMap;

/// Whose lines are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lines {
    /// All of a tenant's.
    All,
    /// Those about a patient.
    Patient([u8; 32]),
    /// Those of an audience's requests; their places are counted among them.
    Audience(String),
}

/// Among whose lines a line is, beside its tenant's and its patient's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    /// Its audience's too.
    Audience,
    /// No others': its audience may not know that there is such a line.
    Tenant,
}

/// A line, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From 0, among the lines that were asked for where they are an audience's.
    pub place: u64,
    /// As it is hashed.
    pub leaf: Vec<u8>,
}

// A line that is written.
struct NewLine {
    place: i64,
    leaf: Vec<u8>,
    patient: Option<Vec<u8>>,
    audience: Option<String>,
}

fn entry(tenant: &str, event: Event, now: Instant) -> Result<Entry, StoreError> {
    let unwritten = |_| StoreError::Row("a line that the log does not take");
    let time = Time::new(now.seconds()).map_err(|_| StoreError::Row("a time that is none"))?;
    let tenant = Tenant::parse(tenant).map_err(unwritten)?;
    Entry::new(time, tenant, event).map_err(unwritten)
}

fn place(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Row("a log that is full"))
}

fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Row("a place in the log"))
}

fn frontier(bytes: &[u8]) -> Result<Frontier, StoreError> {
    Frontier::from_bytes(bytes).map_err(|_| StoreError::Row("the log's frontier"))
}

macro_rules! statements {
    ($name:ident, $database:ty) => {
        pub(in crate::store) mod $name {
            use super::*;

            type Pool = sqlx::Pool<$database>;
            type Connection = <$database as sqlx::Database>::Connection;

            /// Writes lines, and holds the log until the transaction ends. The place of the last; 0 where there is none.
            pub(in crate::store) async fn append(
                connection: &mut Connection,
                tenant: &str,
                listing: Listing,
                events: impl IntoIterator<Item = Event>,
                now: Instant,
            ) -> Result<u64, StoreError> {
                // Without a line too: who hands something out again waits for a revocation, or it for them.
                let mut head = held(connection, tenant).await?;
                let (mut nodes, mut lines) = (Vec::new(), Vec::new());
                for event in events {
                    let leaf = entry(tenant, event, now)?.to_json();
                    let line = NewLine {
                        place: place(head.size())?,
                        patient: event.patient().map(|patient| patient.0.0.to_vec()),
                        audience: event
                            .audience()
                            .filter(|_| listing == Listing::Audience)
                            .map(ToString::to_string),
                        leaf,
                    };
                    for node in head
                        .append(Hash::of_leaf(&line.leaf))
                        .map_err(|_| StoreError::Row("a log that is full"))?
                    {
                        nodes.push((i64::from(node.id.level), place(node.id.index)?, node.hash.0));
                    }
                    lines.push(line);
                }
                let last = if lines.is_empty() { 0 } else { head.size() - 1 };
                // Together: each statement is a way there and back, while others who write lines wait.
                for nodes in nodes.chunks(AT_ONCE) {
                    QueryBuilder::<$database>::new("INSERT INTO log_nodes (tenant, level, place, hash) ")
                        .push_values(nodes, |mut row, (level, place, hash)| {
                            row.push_bind(tenant)
                                .push_bind(*level)
                                .push_bind(*place)
                                .push_bind(&hash[..]);
                        })
                        .build()
                        .execute(&mut *connection)
                        .await?;
                }
                for lines in lines.chunks(AT_ONCE) {
                    QueryBuilder::<$database>::new(
                        "INSERT INTO log_entries (tenant, place, leaf, pseudonym, audience) ",
                    )
                    .push_values(lines, |mut row, line| {
                        row.push_bind(tenant)
                            .push_bind(line.place)
                            .push_bind(&line.leaf[..]);
                        row.push_bind(line.patient.as_deref())
                            .push_bind(line.audience.as_deref());
                    })
                    .build()
                    .execute(&mut *connection)
                    .await?;
                }
                sqlx::query("UPDATE log_heads SET frontier = $2 WHERE tenant = $1")
                    .bind(tenant)
                    .bind(head.to_bytes())
                    .execute(connection)
                    .await?;
                Ok(last)
            }

            // Others who write lines wait.
            async fn held(connection: &mut Connection, tenant: &str) -> Result<Frontier, StoreError> {
                let bytes: Vec<u8> = sqlx::query_scalar(
                    "INSERT INTO log_heads (tenant, frontier) VALUES ($1, $2) \
                     ON CONFLICT (tenant) DO UPDATE SET frontier = log_heads.frontier RETURNING frontier",
                )
                .bind(tenant)
                .bind(Frontier::new().to_bytes())
                .fetch_one(connection)
                .await?;
                frontier(&bytes)
            }

            pub(in crate::store) async fn head(pool: &Pool, tenant: &str) -> Result<Head, StoreError> {
                let bytes: Option<Vec<u8>> = sqlx::query_scalar("SELECT frontier FROM log_heads WHERE tenant = $1")
                    .bind(tenant)
                    .fetch_optional(pool)
                    .await?;
                let frontier = bytes.map_or(Ok(Frontier::new()), |bytes| frontier(&bytes))?;
                Ok(frontier.head())
            }

            /// Notes a head that is to be published.
            pub(in crate::store) async fn note_anchor(
                pool: &Pool,
                tenant: &str,
                log: &[u8; 32],
                head: &Head,
            ) -> Result<(), StoreError> {
                sqlx::query(
                    "INSERT INTO log_anchors (tenant, log, head, size) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                )
                .bind(tenant)
                .bind(&log[..])
                .bind(&head.commitment()[..])
                .bind(place(head.size)?)
                .execute(pool)
                .await?;
                Ok(())
            }

            /// The size of a head that was noted.
            pub(in crate::store) async fn anchor(
                pool: &Pool,
                tenant: &str,
                log: &[u8; 32],
                head: &[u8; 32],
            ) -> Result<Option<u64>, StoreError> {
                let size: Option<i64> =
                    sqlx::query_scalar("SELECT size FROM log_anchors WHERE tenant = $1 AND log = $2 AND head = $3")
                        .bind(tenant)
                        .bind(&log[..])
                        .bind(&head[..])
                        .fetch_optional(pool)
                        .await?;
                size.map(unsigned).transpose()
            }

            /// Of these nodes, those that are there.
            pub(in crate::store) async fn nodes(
                pool: &Pool,
                tenant: &str,
                ids: &[NodeId],
            ) -> Result<BTreeMap<NodeId, Hash>, StoreError> {
                let mut nodes = BTreeMap::new();
                for id in ids {
                    let hash: Option<Vec<u8>> = sqlx::query_scalar(
                        "SELECT hash FROM log_nodes WHERE tenant = $1 AND level = $2 AND place = $3",
                    )
                    .bind(tenant)
                    .bind(i64::from(id.level))
                    .bind(place(id.index)?)
                    .fetch_optional(pool)
                    .await?;
                    if let Some(hash) = hash {
                        let hash = hash
                            .try_into()
                            .map_err(|_| StoreError::Row("a hash of the log"))?;
                        nodes.insert(*id, Hash(hash));
                    }
                }
                Ok(nodes)
            }

            /// Lines from a place on, in their order.
            pub(in crate::store) async fn lines(
                pool: &Pool,
                tenant: &str,
                whose: &Lines,
                from: u64,
                count: u32,
            ) -> Result<Vec<Line>, StoreError> {
                let statement = match whose {
                    Lines::All => {
                        "SELECT place, leaf FROM log_entries WHERE tenant = $1 AND place >= $2 \
                                   ORDER BY place LIMIT $3"
                    }
                    Lines::Patient(_) => {
                        "SELECT place, leaf FROM log_entries WHERE tenant = $1 AND place >= $2 \
                                          AND pseudonym = $4 ORDER BY place LIMIT $3"
                    }
                    Lines::Audience(_) => {
                        "SELECT place, leaf FROM log_entries WHERE tenant = $1 AND audience = $4 \
                                           ORDER BY place LIMIT $3 OFFSET $2"
                    }
                };
                let query = sqlx::query(statement)
                    .bind(tenant)
                    .bind(place(from)?)
                    .bind(i64::from(count));
                let query = match whose {
                    Lines::All => query,
                    Lines::Patient(pseudonym) => query.bind(pseudonym.to_vec()),
                    Lines::Audience(audience) => query.bind(audience.clone()),
                };
                let rows = query.fetch_all(pool).await?;
                let read = |row: &<$database as sqlx::Database>::Row| {
                    Ok(Line {
                        place: unsigned(row.try_get(0)?)?,
                        leaf: row.try_get(1)?,
                    })
                };
                let mut lines = rows.iter().map(read).collect::<Result<Vec<Line>, StoreError>>()?;
                if matches!(whose, Lines::Audience(_)) {
                    // Among its own: a place in all of the log would tell it how much others were asked in between.
                    (from..).zip(&mut lines).for_each(|(own, line)| line.place = own);
                }
                Ok(lines)
            }
        }
    };
}

statements!(sqlite, sqlx::Sqlite);
statements!(postgres, sqlx::Postgres);
