//! How much waits, and for how long: what is refused before it is looked at.
//!
//! What a job will wait is expected from what is before it: the rest of what is worked on and the whole of what waits,
//! at the pace of the last proofs, on as many hands as workers that live have. So it follows how fast machines are and
//! how many of them there are. A batch's jobs let a person's pass, and are not counted there.

use super::{Bounds, Owner, StoreError, Urgency};
use crate::job::Instant;
use sqlx::Row;
use std::time::Duration;

/// Why nothing more is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// What waits or is worked on, as so many proofs of the smallest tier.
    pub waiting: u64,
    /// When it is worth trying again.
    pub again: Duration,
}

/// A worker that has not said for so long that it works has no hands.
pub const ALIVE: Duration = Duration::from_secs(15);

// Where it is not known when there will be room.
const LATER: Duration = Duration::from_secs(5);
// Nobody is asked to come back sooner.
const SOONEST: Duration = Duration::from_millis(100);
// Whoever was not seen for so long comes under another name.
const FORGOTTEN: Duration = Duration::from_secs(3600);

// What is unfinished.
struct Load {
    all: u64,
    own: u64,
    jobs: u64,
    // Before a person's job, for one pair of hands.
    ahead: Duration,
    // One proof of the smallest tier.
    each: Duration,
    hands: u64,
}

impl Load {
    // With as much that was let in and is not written yet: small jobs, for all that is known.
    fn with(self, arriving: u64) -> Load {
        Load {
            all: self.all + arriving,
            jobs: self.jobs + arriving,
            ahead: self.ahead + self.each * u32::try_from(arriving).unwrap_or(u32::MAX),
            ..self
        }
    }

    fn full(&self, more: u64, urgency: Urgency, bounds: &Bounds) -> Option<Full> {
        let full = |again| {
            Some(Full {
                waiting: self.all,
                again,
            })
        };
        if self.all + more > bounds.most_work || self.own + more > bounds.most_work_of_tenant {
            return full(LATER);
        }
        let longest = bounds.longest_wait.filter(|_| urgency == Urgency::Person)?;
        // Who has not said yet that it works may all the same.
        let hands = self.hands.max(1);
        if self.jobs < hands {
            return None;
        }
        let wait = self.ahead / u32::try_from(hands).unwrap_or(u32::MAX);
        if wait <= longest {
            None
        } else {
            full((wait - longest).max(SOONEST))
        }
    }
}

macro_rules! statements {
    ($name:ident, $database:ty) => {
        pub(in crate::store) mod $name {
            use super::*;

            type Pool = sqlx::Pool<$database>;
            type Connection = <$database as sqlx::Database>::Connection;

            /// Whether so much more is too much.
            pub(in crate::store) async fn full(
                connection: &mut Connection,
                owner: &Owner,
                more: u64,
                urgency: Urgency,
                bounds: &Bounds,
                now: Instant,
            ) -> Result<Option<Full>, StoreError> {
                Ok(load(connection, owner, urgency, now).await?.full(more, urgency, bounds))
            }

            /// The same, without keeping anybody out, with so much that arrived before it; never of what was submitted
            /// under this key before.
            pub(in crate::store) async fn busy(
                pool: &Pool,
                owner: &Owner,
                key: Option<&str>,
                more: u64,
                arriving: u64,
                urgency: Urgency,
                bounds: &Bounds,
            ) -> Result<Option<Full>, StoreError> {
                let mut connection = pool.acquire().await?;
                let load = load(&mut connection, owner, urgency, Instant::now()).await?;
                let full = load.with(arriving).full(more, urgency, bounds);
                let Some(key) = key.filter(|_| full.is_some()) else { return Ok(full) };
                let known: Option<i64> =
                    sqlx::query_scalar("SELECT made FROM idempotency WHERE tenant = $1 AND caller = $2 AND key = $3")
                        .bind(&owner.tenant)
                        .bind(&owner.caller)
                        .bind(key)
                        .fetch_optional(&mut *connection)
                        .await?;
                Ok(full.filter(|_| known.is_none()))
            }

            async fn load(
                connection: &mut Connection,
                owner: &Owner,
                urgency: Urgency,
                now: Instant,
            ) -> Result<Load, StoreError> {
                // Times are microseconds; the pace is of one proof of the smallest tier. A job that takes longer than
                // it should is about to end. A cohort's members are work until they were checked.
                let row = sqlx::query(
                    "WITH last AS (SELECT begun, ended, work FROM disclosures WHERE ended IS NOT NULL \
                     AND state IN (3, 4) ORDER BY ended DESC LIMIT 32), \
                     pace AS (SELECT CAST(COALESCE(AVG((ended - begun) / work), 0) AS BIGINT) AS each FROM last), \
                     unchecked AS (SELECT tenant, work * (members - checked) AS work FROM cohorts WHERE state = 1) \
                     SELECT CAST(COALESCE(SUM(work), 0) + (SELECT COALESCE(SUM(u.work), 0) FROM unchecked u) AS BIGINT), \
                     CAST(COALESCE(SUM(CASE WHEN tenant = $1 THEN work ELSE 0 END), 0) + \
                     (SELECT COALESCE(SUM(u.work), 0) FROM unchecked u WHERE u.tenant = $1) AS BIGINT), \
                     CAST(COALESCE(SUM(CASE WHEN state = 2 OR urgency >= $4 THEN 1 ELSE 0 END), 0) AS BIGINT), \
                     CAST(COALESCE(SUM(CASE WHEN state = 1 AND urgency < $4 THEN 0 WHEN state = 1 THEN work * each \
                     WHEN work * each > $2 - begun THEN work * each - ($2 - begun) ELSE 0 END), 0) AS BIGINT), \
                     (SELECT CAST(COALESCE(SUM(hands), 0) AS BIGINT) FROM crew WHERE seen > $3), (SELECT p.each FROM pace p) \
                     FROM disclosures CROSS JOIN pace WHERE state IN (1, 2)",
                )
                .bind(&owner.tenant)
                .bind(now.0)
                .bind(now.before(ALIVE).0)
                .bind(urgency as i64)
                .fetch_one(connection)
                .await?;
                let unsigned = |place| Ok::<_, StoreError>(u64::try_from(row.try_get::<i64, _>(place)?).unwrap_or_default());
                Ok(Load {
                    all: unsigned(0)?,
                    own: unsigned(1)?,
                    jobs: unsigned(2)?,
                    ahead: Duration::from_micros(unsigned(3)?),
                    hands: unsigned(4)?,
                    each: Duration::from_micros(unsigned(5)?),
                })
            }

            /// A worker works, on so many jobs at a time.
            pub(in crate::store) async fn works(pool: &Pool, name: &str, hands: u64, now: Instant) -> Result<(), StoreError> {
                sqlx::query(
                    "INSERT INTO crew (name, hands, seen) VALUES ($1, $2, $3) \
                     ON CONFLICT (name) DO UPDATE SET hands = excluded.hands, seen = excluded.seen",
                )
                .bind(name)
                .bind(i64::try_from(hands).unwrap_or(i64::MAX))
                .bind(now.0)
                .execute(pool)
                .await?;
                Ok(())
            }

            /// It works no more; nor do those of whom nothing was heard for long.
            pub(in crate::store) async fn rests(pool: &Pool, name: &str, now: Instant) -> Result<(), StoreError> {
                sqlx::query("DELETE FROM crew WHERE name = $1 OR seen < $2")
                    .bind(name)
                    .bind(now.before(FORGOTTEN).0)
                    .execute(pool)
                    .await?;
                Ok(())
            }
        }
    };
}

statements!(sqlite, sqlx::Sqlite);
statements!(postgres, sqlx::Postgres);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::AskerLimits;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn bounds(longest_wait: Option<Duration>) -> Bounds {
        Bounds {
            most_work: 10,
            most_work_of_tenant: 6,
            longest_wait,
            askers: AskerLimits::default(),
        }
    }

    fn load(jobs: u64, ahead: u64, hands: u64) -> Load {
        Load {
            all: 0,
            own: 0,
            jobs,
            ahead: MS(ahead),
            hands,
            each: MS(100),
        }
    }

    #[test]
    fn work_is_bounded_of_all_and_of_each() {
        let of = |all, own, more| {
            let load = Load {
                all,
                own,
                ..load(0, 0, 1)
            };
            load.full(more, Urgency::Batch, &bounds(None)).map(|full| full.waiting)
        };
        assert_eq!([of(9, 0, 1), of(5, 5, 1)], [None, None]);
        assert_eq!([of(9, 0, 2), of(5, 5, 2)], [Some(9), Some(5)]);
    }

    #[test]
    fn a_person_is_refused_where_its_wait_would_be_longer_than_it_may() {
        let bounds = bounds(Some(MS(50)));
        let again = |load: Load| load.full(1, Urgency::Person, &bounds).map(|full| full.again);
        assert_eq!(again(load(1, 50, 1)), None);
        assert_eq!(again(load(1, 51, 1)), Some(SOONEST));
        assert_eq!(again(load(4, 350, 1)), Some(MS(300)));
        // Seven pairs of hands are as good as seven times as fast, and none that were heard of as one.
        assert_eq!(again(load(7, 350, 7)), None);
        assert_eq!(again(load(4, 350, 0)), Some(MS(300)));
        // Where hands are free nobody waits, whatever is before it.
        assert_eq!(again(load(4, 10_000, 5)), None);
        // Who came just before counts, though nothing is known of it yet.
        assert_eq!(again(load(1, 50, 1).with(1)), Some(MS(100)));
        assert_eq!(again(load(0, 0, 1).with(1)), Some(SOONEST));
        // Who does not wait for it is not promised anything.
        assert_eq!(load(4, 350, 1).full(1, Urgency::Batch, &bounds), None);
    }
}
