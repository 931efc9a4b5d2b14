//! The ledger as a verifier reads it, asked as it stands.

use medproof_ledger::{B256, IssuerState, KeyState, Ledger};
use medproof_messages::key::KeyId;
use medproof_messages::terms;
use medproof_statement::Fr;
use medproof_statement::request::Time;
use medproof_verifier::ledger::{Block, Issuer, KeyStatus, LedgerView, RootEntry, Snapshot, Unavailable};

/// A view of a ledger at its newest final block.
pub struct LiveView<'l> {
    ledger: &'l dyn Ledger,
}

impl<'l> LiveView<'l> {
    /// Of this ledger.
    #[must_use]
    pub const fn of(ledger: &'l dyn Ledger) -> LiveView<'l> {
        LiveView { ledger }
    }
}

impl std::fmt::Debug for LiveView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveView").finish_non_exhaustive()
    }
}

fn unavailable(error: impl std::fmt::Display) -> Unavailable {
    Unavailable {
        reason: format!("the ledger could not be read: {error}"),
    }
}

fn time(seconds: u64) -> Result<Time, Unavailable> {
    Time::new(seconds).map_err(unavailable)
}

impl LedgerView for LiveView<'_> {
    fn snapshot(&self) -> Result<Snapshot, Unavailable> {
        let deployment = self.ledger.deployment();
        let ledger = terms::Ledger::new(deployment.chain_id, deployment.records.into_array()).map_err(unavailable)?;
        // Whoever it is: the answer says whether the registry is paused, and at which block.
        let status = self.ledger.issuer_status(deployment.records).map_err(unavailable)?;
        let block = Block {
            number: status.block.number,
            hash: status.block.hash.0,
            time: time(status.block.time)?,
        };
        // Both chains read at the newest block that they hold for final.
        Ok(Snapshot {
            ledger,
            block,
            finalised: true,
            paused: status.paused,
            valid_until: None,
        })
    }

    fn roots(&self, root: Fr) -> Result<Vec<RootEntry>, Unavailable> {
        let mut entries = Vec::new();
        for issuer in self.ledger.issuers().map_err(unavailable)? {
            let status = self.ledger.root_status(issuer, root).map_err(unavailable)?;
            let (Some(entry), Some(last)) = (status.entry, status.last_publication_at) else {
                continue;
            };
            entries.push(RootEntry {
                issuer: Issuer(issuer.into_array()),
                suspended: status.issuer_state != IssuerState::Active,
                epoch: entry.epoch,
                size: entry.size,
                published_at: time(entry.published_at)?,
                superseded_at: entry.superseded_at.map(time).transpose()?,
                last_publication_at: time(last)?,
            });
        }
        Ok(entries)
    }

    fn is_revoked(&self, consent_handle: Fr) -> Result<bool, Unavailable> {
        Ok(self
            .ledger
            .consent_revoked_at(consent_handle)
            .map_err(unavailable)?
            .is_some())
    }

    fn key_status(&self, key: &KeyId) -> Result<KeyStatus, Unavailable> {
        let status = self.ledger.key_status(B256::from(key.0)).map_err(unavailable)?;
        Ok(match status.state {
            KeyState::Unknown => KeyStatus::Unknown,
            KeyState::Active => KeyStatus::Active,
            KeyState::Retiring => KeyStatus::Retiring {
                since: time(status.since)?,
            },
            KeyState::Revoked => KeyStatus::Revoked,
        })
    }
}
