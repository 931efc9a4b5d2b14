//! Consents that jobs were submitted on, and revocations, which end a consent whoever was given it.

use super::log::Listing;
use super::{Owner, StoreError};
use crate::about::{self, About, Handle};
use crate::job::Instant;
use medproof_audit::{Consented, Pseudonym};
use medproof_messages::Did;
use medproof_messages::encoding::Hex;
use medproof_statement::request::Purpose;
use sqlx::Row;

/// A consent, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRow {
    /// Its name on the ledger.
    pub handle: Handle,
    /// To whom.
    pub audience: String,
    /// For what.
    pub purpose: Purpose,
    /// Whose it is.
    pub pseudonym: about::Pseudonym,
    /// From when, in seconds since 1970.
    pub not_before: u64,
    /// Until when.
    pub not_after: u64,
    /// When it came here.
    pub granted: Instant,
    /// When something was last proved on it.
    pub used: Option<Instant>,
    /// When it was revoked.
    pub revoked: Option<Instant>,
}

/// What the ledger is yet to be told.
pub struct Unpublished {
    /// Whose revocation.
    pub handle: Handle,
    /// What the contract takes.
    pub secret: [u8; 32],
}

/// Whose consents are meant.
#[derive(Clone, Debug)]
pub enum Whose {
    /// All of this tenant's records.
    Tenant,
    /// Those that this caller brought.
    Caller,
    /// Those of this patient's.
    Holder(about::Pseudonym),
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AfterConsent {
    /// When it came here.
    pub granted: Instant,
    /// Its name.
    pub handle: Handle,
}

fn handle(bytes: Vec<u8>) -> Result<Handle, StoreError> {
    bytes.try_into().map_err(|_| StoreError::Row("a consent's handle"))
}

fn pseudonym(bytes: Vec<u8>) -> Result<about::Pseudonym, StoreError> {
    bytes.try_into().map_err(|_| StoreError::Row("a patient's pseudonym"))
}

fn seconds(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

macro_rules! statements {
    ($name:ident, $database:ty) => {
        pub(in crate::store) mod $name {
            use super::*;

            type Pool = sqlx::Pool<$database>;
            type Connection = <$database as sqlx::Database>::Connection;

            /// Notes the consent of a job. Whether it came here for the first time.
            pub(in crate::store) async fn note(
                connection: &mut Connection,
                owner: &Owner,
                about: &About,
                listing: Listing,
                now: Instant,
            ) -> Result<bool, StoreError> {
                let Some(grant) = &about.grant else {
                    return Ok(false);
                };
                let noted = sqlx::query(
                    "INSERT INTO consents (tenant, handle, caller, audience, purpose, pseudonym, not_before, \
                     not_after, granted, listed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
                )
                .bind(&owner.tenant)
                .bind(&grant.handle[..])
                .bind(&owner.caller)
                .bind(&about.audience)
                .bind(about.purpose.code())
                .bind(&about.pseudonym[..])
                .bind(i64::try_from(grant.not_before).unwrap_or(i64::MAX))
                .bind(i64::try_from(grant.not_after).unwrap_or(i64::MAX))
                .bind(now.0)
                .bind(i64::from(listing == Listing::Audience))
                .execute(connection)
                .await?;
                Ok(noted.rows_affected() == 1)
            }

            /// Something was proved on it.
            pub(in crate::store) async fn used(
                connection: &mut Connection,
                tenant: &str,
                consent: &[u8],
                now: Instant,
            ) -> Result<(), StoreError> {
                sqlx::query("UPDATE consents SET used = $3 WHERE tenant = $1 AND handle = $2")
                    .bind(tenant)
                    .bind(consent)
                    .bind(now.0)
                    .execute(connection)
                    .await?;
                Ok(())
            }

            pub(in crate::store) async fn is_revoked(
                connection: &mut Connection,
                consent: &[u8],
            ) -> Result<bool, StoreError> {
                let found: Option<i64> = sqlx::query_scalar("SELECT made FROM revoked WHERE handle = $1")
                    .bind(consent)
                    .fetch_optional(connection)
                    .await?;
                Ok(found.is_some())
            }

            /// Notes a revocation. With a secret, the ledger is to be told. Whether it is the first.
            pub(in crate::store) async fn revoke(
                connection: &mut Connection,
                consent: &Handle,
                secret: Option<&[u8; 32]>,
                now: Instant,
            ) -> Result<bool, StoreError> {
                let first = sqlx::query(
                    "INSERT INTO revoked (handle, made, secret) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                )
                .bind(&consent[..])
                .bind(now.0)
                .bind(secret.map(|secret| &secret[..]))
                .execute(connection)
                .await?;
                Ok(first.rows_affected() == 1)
            }

            /// What was noted of a consent, by tenants.
            pub(in crate::store) async fn noted(
                connection: &mut Connection,
                consent: &Handle,
            ) -> Result<Vec<(String, Listing, Consented)>, StoreError> {
                let rows = sqlx::query(
                    "SELECT tenant, audience, purpose, handle, pseudonym, listed FROM consents WHERE handle = $1 ORDER BY tenant",
                )
                .bind(&consent[..])
                .fetch_all(connection)
                .await?;
                rows.iter().map(consented).collect()
            }

            /// Consents whose time is over, and were not known for it, with who brought them; at most a hundred.
            pub(in crate::store) async fn expire(
                connection: &mut Connection,
                now: Instant,
            ) -> Result<Vec<(String, String, Listing, Consented)>, StoreError> {
                let rows = sqlx::query(
                    "UPDATE consents SET expired = $2 WHERE handle IN (SELECT handle FROM consents \
                     WHERE not_after <= $1 AND expired IS NULL ORDER BY tenant, handle LIMIT 100) AND expired IS NULL \
                     RETURNING tenant, caller, audience, purpose, handle, pseudonym, listed",
                )
                .bind(i64::try_from(now.seconds()).unwrap_or(i64::MAX))
                .bind(now.0)
                .fetch_all(connection)
                .await?;
                let read = |row| {
                    let (tenant, listing, consented) = consented(row)?;
                    Ok((tenant, row.try_get("caller")?, listing, consented))
                };
                let mut over = rows.iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
                over.sort_by(|a, b| a.0.cmp(&b.0));
                Ok(over)
            }

            fn consented(
                row: &<$database as sqlx::Database>::Row,
            ) -> Result<(String, Listing, Consented), StoreError> {
                let (audience, purpose): (String, String) = (row.try_get("audience")?, row.try_get("purpose")?);
                let consented = Consented {
                    audience: Did::parse(&audience).map_err(|_| StoreError::Row("an audience that is no DID"))?,
                    purpose: Purpose::from_code(&purpose).ok_or(StoreError::Row("a purpose"))?,
                    consent: Hex(handle(row.try_get("handle")?)?),
                    patient: Pseudonym(Hex(handle(row.try_get("pseudonym")?)?)),
                };
                let listing = match row.try_get::<i64, _>("listed")? {
                    0 => Listing::Tenant,
                    _ => Listing::Audience,
                };
                Ok((row.try_get("tenant")?, listing, consented))
            }

            pub(in crate::store) async fn unpublished(pool: &Pool) -> Result<Vec<Unpublished>, StoreError> {
                let rows =
                    sqlx::query("SELECT handle, secret FROM revoked WHERE secret IS NOT NULL ORDER BY made LIMIT 100")
                        .fetch_all(pool)
                        .await?;
                let read = |row: &<$database as sqlx::Database>::Row| {
                    Ok(Unpublished {
                        handle: handle(row.try_get(0)?)?,
                        secret: handle(row.try_get(1)?)?,
                    })
                };
                rows.iter().map(read).collect()
            }

            pub(in crate::store) async fn published(pool: &Pool, consent: &Handle) -> Result<(), StoreError> {
                sqlx::query("UPDATE revoked SET secret = NULL WHERE handle = $1")
                    .bind(&consent[..])
                    .execute(pool)
                    .await?;
                Ok(())
            }

            pub(in crate::store) async fn list(
                pool: &Pool,
                owner: &Owner,
                whose: &Whose,
                after: Option<AfterConsent>,
                count: u32,
            ) -> Result<Vec<ConsentRow>, StoreError> {
                let rows = sqlx::query(
                    "SELECT c.handle, c.audience, c.purpose, c.pseudonym, c.not_before, c.not_after, c.granted, c.used, \
                     r.made AS revoked FROM consents c LEFT JOIN revoked r ON r.handle = c.handle \
                     WHERE c.tenant = $1 AND ($2 = '' OR c.caller = $2) AND ($3 = 0 OR c.pseudonym = $4) \
                     AND (c.granted < $5 OR (c.granted = $5 AND c.handle < $6)) \
                     ORDER BY c.granted DESC, c.handle DESC LIMIT $7",
                )
                .bind(&owner.tenant)
                .bind(match whose {
                    Whose::Caller => owner.caller.as_str(),
                    Whose::Tenant | Whose::Holder(_) => "",
                })
                .bind(i64::from(matches!(whose, Whose::Holder(_))))
                .bind(match whose {
                    Whose::Holder(pseudonym) => &pseudonym[..],
                    _ => &[],
                })
                .bind(after.map_or(i64::MAX, |after| after.granted.0))
                .bind(after.map_or(Vec::new(), |after| after.handle.to_vec()))
                .bind(i64::from(count))
                .fetch_all(pool)
                .await?;
                rows.iter().map(read).collect()
            }

            fn read(row: &<$database as sqlx::Database>::Row) -> Result<ConsentRow, StoreError> {
                let purpose: String = row.try_get("purpose")?;
                Ok(ConsentRow {
                    handle: handle(row.try_get("handle")?)?,
                    audience: row.try_get("audience")?,
                    purpose: Purpose::from_code(&purpose).ok_or(StoreError::Row("a purpose"))?,
                    pseudonym: pseudonym(row.try_get("pseudonym")?)?,
                    not_before: seconds(row.try_get("not_before")?),
                    not_after: seconds(row.try_get("not_after")?),
                    granted: Instant(row.try_get("granted")?),
                    used: row.try_get::<Option<i64>, _>("used")?.map(Instant),
                    revoked: row.try_get::<Option<i64>, _>("revoked")?.map(Instant),
                })
            }
        }
    };
}

statements!(sqlite, sqlx::Sqlite);
statements!(postgres, sqlx::Postgres);
