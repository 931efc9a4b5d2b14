//! Who asks, how much, of how many, and what: so that answers of one bit do not add up to a value or a
//! birthday, and whoever begins to ask as never before is stopped until an operator has looked.

use super::{AT_ONCE, StoreError};
use crate::about::{About, Grant};
use crate::job::Instant;
use sqlx::{QueryBuilder, Row};
use std::collections::BTreeMap;

/// What an asker may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AskerLimits {
    /// Different questions about one concept that are put about one holder within `days`: ten bits tell a
    /// value of a thousand.
    pub questions_of_concept: u32,
    /// Different questions about one holder within `days`, whatever they are about.
    pub questions: u32,
    /// How long questions are remembered.
    pub days: u32,
    /// An hour with no more than so many requests, holders or refusals is never unusual.
    pub usual: u32,
    /// Nor one with up to so many times as many as the asker's own hours had on average, over thirty days.
    pub times: u32,
}

impl Default for AskerLimits {
    fn default() -> AskerLimits {
        AskerLimits {
            questions_of_concept: 12,
            questions: 120,
            days: 90,
            usual: 1000,
            times: 10,
        }
    }
}

/// What is unusual about an asker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusual {
    /// It asks too often.
    Rate,
    /// It asks about too many.
    Breadth,
    /// Too many of its requests end without an answer: it guesses.
    Refusals,
    /// Nothing: an operator suspended it.
    Operator,
}

impl Unusual {
    /// Its stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Unusual::Rate => "rate",
            Unusual::Breadth => "breadth",
            Unusual::Refusals => "refusals",
            Unusual::Operator => "operator",
        }
    }
}

/// Why a job is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Its asker is suspended.
    Suspended,
    /// Its asker asks as never before: it is to be suspended.
    Unusual(Unusual),
    /// Its asker has asked enough about this holder.
    Questions,
    /// Another request was answered on the same consent today.
    Today,
}

/// An asker, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Its DID.
    pub audience: String,
    /// Since when it has asked.
    pub since: Instant,
    /// Since when it is suspended, and why.
    pub suspended: Option<(Instant, String)>,
    /// Requests in this hour.
    pub asked: u64,
}

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
// Hours of an asker's history.
const HISTORY: i64 = 30 * 24;

macro_rules! statements {
    ($name:ident, $database:ty) => {
        pub(in crate::store) mod $name {
            use super::*;

            type Connection = <$database as sqlx::Database>::Connection;

            /// Whether what is asked is taken, and notes that it was. To be undone where it is not.
            pub(in crate::store) async fn admit(
                connection: &mut Connection,
                tenant: &str,
                about: &About,
                limits: &AskerLimits,
                now: Instant,
            ) -> Result<Option<Denied>, StoreError> {
                if suspended(connection, tenant, &about.audience, now).await? {
                    return Ok(Some(Denied::Suspended));
                }
                if let Some(unusual) = asked(connection, tenant, about, limits, now).await? {
                    return Ok(Some(Denied::Unusual(unusual)));
                }
                if let Some(grant) = &about.grant
                    && !first_today(connection, tenant, grant, &about.request, now).await?
                {
                    return Ok(Some(Denied::Today));
                }
                let within = questions(connection, tenant, about, limits, now).await?;
                Ok((!within).then_some(Denied::Questions))
            }

            /// Whether this asker is suspended. Others who ask about it at the same time wait.
            pub(in crate::store) async fn suspended(
                connection: &mut Connection,
                tenant: &str,
                audience: &str,
                now: Instant,
            ) -> Result<bool, StoreError> {
                let suspended: Option<i64> = sqlx::query_scalar(
                    "INSERT INTO askers (tenant, audience, since) VALUES ($1, $2, $3) \
                     ON CONFLICT (tenant, audience) DO UPDATE SET since = askers.since RETURNING suspended",
                )
                .bind(tenant)
                .bind(audience)
                .bind(now.0)
                .fetch_one(connection)
                .await?;
                Ok(suspended.is_some())
            }

            async fn asked(
                connection: &mut Connection,
                tenant: &str,
                about: &About,
                limits: &AskerLimits,
                now: Instant,
            ) -> Result<Option<Unusual>, StoreError> {
                let (audience, hour) = (&about.audience, now.0 / HOUR);
                let first = sqlx::query(
                    "INSERT INTO asker_holders (tenant, audience, hour, pseudonym) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT DO NOTHING",
                )
                .bind(tenant)
                .bind(audience)
                .bind(hour)
                .bind(&about.pseudonym[..])
                .execute(&mut *connection)
                .await?;
                let row = sqlx::query(
                    "INSERT INTO asker_hours (tenant, audience, hour, asked, holders, refused) \
                     VALUES ($1, $2, $3, 1, $4, 0) ON CONFLICT (tenant, audience, hour) \
                     DO UPDATE SET asked = asker_hours.asked + 1, holders = asker_hours.holders + $4 \
                     RETURNING asked, holders, refused",
                )
                .bind(tenant)
                .bind(audience)
                .bind(hour)
                .bind(i64::from(first.rows_affected() == 1))
                .fetch_one(&mut *connection)
                .await?;
                let (asked, holders, refused): (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                if asked == 1 {
                    forget(connection, tenant, audience, hour).await?;
                }
                for (unusual, count, column) in [
                    (Unusual::Rate, asked, "asked"),
                    (Unusual::Breadth, holders, "holders"),
                    (Unusual::Refusals, refused, "refused"),
                ] {
                    if count > i64::from(limits.usual)
                        && count as f64 > f64::from(limits.times) * average(connection, tenant, audience, hour, column).await?
                    {
                        return Ok(Some(unusual));
                    }
                }
                Ok(None)
            }

            // Over the hours in which it asked at all.
            async fn average(
                connection: &mut Connection,
                tenant: &str,
                audience: &str,
                hour: i64,
                column: &'static str,
            ) -> Result<f64, StoreError> {
                let statement = format!(
                    "SELECT CAST(COALESCE(AVG({column}), 0) AS DOUBLE PRECISION) FROM asker_hours \
                     WHERE tenant = $1 AND audience = $2 AND hour < $3"
                );
                let average = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
                    .bind(tenant)
                    .bind(audience)
                    .bind(hour)
                    .fetch_one(connection)
                    .await?;
                Ok(average)
            }

            async fn forget(
                connection: &mut Connection,
                tenant: &str,
                audience: &str,
                hour: i64,
            ) -> Result<(), StoreError> {
                for (statement, before) in [
                    ("DELETE FROM asker_hours WHERE tenant = $1 AND audience = $2 AND hour < $3", hour - HISTORY),
                    ("DELETE FROM asker_holders WHERE tenant = $1 AND audience = $2 AND hour < $3", hour),
                ] {
                    sqlx::query(statement)
                        .bind(tenant)
                        .bind(audience)
                        .bind(before)
                        .execute(&mut *connection)
                        .await?;
                }
                Ok(())
            }

            async fn first_today(
                connection: &mut Connection,
                tenant: &str,
                grant: &Grant,
                request: &[u8; 32],
                now: Instant,
            ) -> Result<bool, StoreError> {
                let answered: Vec<u8> = sqlx::query_scalar(
                    "INSERT INTO answered (tenant, consent, day, request) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (tenant, consent, day) DO UPDATE SET request = answered.request RETURNING request",
                )
                .bind(tenant)
                .bind(&grant.handle[..])
                .bind(now.0 / DAY)
                .bind(&request[..])
                .fetch_one(connection)
                .await?;
                Ok(answered == request)
            }

            async fn questions(
                connection: &mut Connection,
                tenant: &str,
                about: &About,
                limits: &AskerLimits,
                now: Instant,
            ) -> Result<bool, StoreError> {
                // Each once: a statement writes no row twice.
                let all: BTreeMap<&[u8; 32], &[u8; 32]> =
                    about.questions.iter().map(|question| (&question.whole, &question.concept)).collect();
                let all: Vec<_> = all.into_iter().collect();
                for some in all.chunks(AT_ONCE) {
                    QueryBuilder::<$database>::new(
                        "INSERT INTO questions (tenant, audience, pseudonym, question, concept, asked) ",
                    )
                    .push_values(some, |mut row, (whole, concept)| {
                        row.push_bind(tenant)
                            .push_bind(&about.audience)
                            .push_bind(&about.pseudonym[..]);
                        row.push_bind(&whole[..]).push_bind(&concept[..]).push_bind(now.0);
                    })
                    .push(
                        " ON CONFLICT (tenant, audience, pseudonym, question) DO UPDATE SET asked = excluded.asked",
                    )
                    .build()
                    .execute(&mut *connection)
                    .await?;
                }
                let counts: Vec<i64> = sqlx::query_scalar(
                    "SELECT COUNT(*) FROM questions WHERE tenant = $1 AND audience = $2 AND pseudonym = $3 \
                     AND asked > $4 GROUP BY concept",
                )
                .bind(tenant)
                .bind(&about.audience)
                .bind(&about.pseudonym[..])
                .bind(now.0 - i64::from(limits.days) * DAY)
                .fetch_all(connection)
                .await?;
                let within = |count: i64, most: u32| count <= i64::from(most);
                Ok(counts.iter().all(|count| within(*count, limits.questions_of_concept))
                    && within(counts.iter().sum(), limits.questions))
            }

            /// One of its requests ended without an answer.
            pub(in crate::store) async fn refused(
                connection: &mut Connection,
                tenant: &str,
                audience: &str,
                now: Instant,
            ) -> Result<(), StoreError> {
                sqlx::query(
                    "UPDATE asker_hours SET refused = refused + 1 WHERE tenant = $1 AND audience = $2 AND hour = $3",
                )
                .bind(tenant)
                .bind(audience)
                .bind(now.0 / HOUR)
                .execute(connection)
                .await?;
                Ok(())
            }

            /// Another request may be answered on the consent: this one was not.
            pub(in crate::store) async fn unanswered(
                connection: &mut Connection,
                tenant: &str,
                consent: &[u8],
                request: &[u8],
            ) -> Result<(), StoreError> {
                sqlx::query(
                    "DELETE FROM answered WHERE tenant = $1 AND consent = $2 AND request = $3 AND NOT EXISTS \
                     (SELECT 1 FROM disclosures WHERE tenant = $1 AND consent = $2 AND request = $3 \
                      AND state IN (1, 2, 3, 4)) AND NOT EXISTS \
                     (SELECT 1 FROM cohort_members m JOIN cohorts c ON c.id = m.cohort \
                      WHERE m.consent = $2 AND c.tenant = $1 AND c.request = $3 AND c.state IN (1, 2))",
                )
                .bind(tenant)
                .bind(consent)
                .bind(request)
                .execute(connection)
                .await?;
                Ok(())
            }

            /// Suspends an asker, whether it has asked or not. Whether it was not before.
            pub(in crate::store) async fn suspend(
                connection: &mut Connection,
                tenant: &str,
                audience: &str,
                reason: Unusual,
                now: Instant,
            ) -> Result<bool, StoreError> {
                if suspended(connection, tenant, audience, now).await? {
                    return Ok(false);
                }
                sqlx::query("UPDATE askers SET suspended = $3, reason = $4 WHERE tenant = $1 AND audience = $2")
                    .bind(tenant)
                    .bind(audience)
                    .bind(now.0)
                    .bind(reason.code())
                    .execute(connection)
                    .await?;
                Ok(true)
            }

            /// Lets an asker ask again; this hour begins anew for it. Whether it was suspended.
            pub(in crate::store) async fn restore(
                connection: &mut Connection,
                tenant: &str,
                audience: &str,
                now: Instant,
            ) -> Result<bool, StoreError> {
                let restored = sqlx::query(
                    "UPDATE askers SET suspended = NULL, reason = NULL \
                     WHERE tenant = $1 AND audience = $2 AND suspended IS NOT NULL",
                )
                .bind(tenant)
                .bind(audience)
                .execute(&mut *connection)
                .await?;
                if restored.rows_affected() == 0 {
                    return Ok(false);
                }
                for table in ["asker_hours", "asker_holders"] {
                    let statement = format!("DELETE FROM {table} WHERE tenant = $1 AND audience = $2 AND hour = $3");
                    sqlx::query(sqlx::AssertSqlSafe(statement))
                        .bind(tenant)
                        .bind(audience)
                        .bind(now.0 / HOUR)
                        .execute(&mut *connection)
                        .await?;
                }
                Ok(true)
            }

            /// Askers after this one, in the order of their DIDs.
            pub(in crate::store) async fn list(
                pool: &sqlx::Pool<$database>,
                tenant: &str,
                after: &str,
                count: u32,
            ) -> Result<Vec<Asker>, StoreError> {
                let rows = sqlx::query(
                    "SELECT a.audience, a.since, a.suspended, a.reason, COALESCE(h.asked, 0) AS asked FROM askers a \
                     LEFT JOIN asker_hours h ON h.tenant = a.tenant AND h.audience = a.audience AND h.hour = $3 \
                     WHERE a.tenant = $1 AND a.audience > $2 ORDER BY a.audience LIMIT $4",
                )
                .bind(tenant)
                .bind(after)
                .bind(Instant::now().0 / HOUR)
                .bind(i64::from(count))
                .fetch_all(pool)
                .await?;
                let read = |row: &<$database as sqlx::Database>::Row| {
                    let suspended: Option<i64> = row.try_get("suspended")?;
                    let reason: Option<String> = row.try_get("reason")?;
                    let asked: i64 = row.try_get("asked")?;
                    Ok(Asker {
                        audience: row.try_get("audience")?,
                        since: Instant(row.try_get("since")?),
                        suspended: suspended.map(|at| (Instant(at), reason.unwrap_or_default())),
                        asked: u64::try_from(asked).unwrap_or_default(),
                    })
                };
                rows.iter().map(read).collect()
            }
        }
    };
}

statements!(sqlite, sqlx::Sqlite);
statements!(postgres, sqlx::Postgres);
