//! What the ledger must say before anything is handed out: that the consent holds, and the root counts.

use crate::error::Refusal;
use medproof_ledger::{Address, IssuerState, Ledger, RootStatus};
use medproof_statement::Fr;
use medproof_statement::public::PublicInputs;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tonic::Code;

/// The ledger, and the issuer's account there.
#[derive(Clone)]
pub struct Guard {
    /// Where roots and revocations are.
    pub ledger: Arc<dyn Ledger>,
    /// Whose roots.
    pub issuer: Address,
}

/// Why nothing is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// The holder revoked the consent.
    Revoked,
    /// Verifiers take the root no longer.
    Superseded,
    /// The ledger cannot be read.
    Unavailable,
}

impl Guard {
    /// That the consent holds, and the root counts.
    ///
    /// # Errors
    /// [`Withheld`].
    pub fn check(&self, public: &PublicInputs) -> Result<(), Withheld> {
        self.unrevoked(public.consent_handle)?;
        self.counts(Some(public.registry_root))
    }

    /// That verifiers take the root; of none, that the ledger can be read.
    ///
    /// # Errors
    /// [`Withheld::Superseded`], [`Withheld::Unavailable`].
    pub fn counts(&self, root: Option<Fr>) -> Result<(), Withheld> {
        let Some(root) = root else {
            return self.ledger.head().map(|_| ()).map_err(|_| Withheld::Unavailable);
        };
        match self.ledger.root_status(self.issuer, root) {
            Ok(status) if accepted(&status) => Ok(()),
            Ok(_) => Err(Withheld::Superseded),
            Err(_) => Err(Withheld::Unavailable),
        }
    }

    /// That the consent holds.
    ///
    /// # Errors
    /// [`Withheld::Revoked`], [`Withheld::Unavailable`].
    pub fn unrevoked(&self, handle: Fr) -> Result<(), Withheld> {
        match self.ledger.consent_revoked_at(handle) {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(Withheld::Revoked),
            Err(_) => Err(Withheld::Unavailable),
        }
    }
}

// §4's rule, as of the ledger's newest final block: verifiers judge by their own clocks, and by how long
// ago the issuer last published.
fn accepted(status: &RootStatus) -> bool {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let in_time = status.entry.as_ref().is_some_and(|entry| match entry.superseded_at {
        None => true,
        Some(at) => now.saturating_sub(at) < status.grace,
    });
    in_time && !status.paused && status.issuer_state == IssuerState::Active
}

impl From<Withheld> for Refusal {
    // That a consent was revoked is told as any other end without a presentation.
    fn from(withheld: Withheld) -> Refusal {
        match withheld {
            Withheld::Revoked => Refusal::new(
                Code::FailedPrecondition,
                "job.refused",
                "the job ended without a presentation",
                "see the job",
            ),
            Withheld::Superseded => Refusal::new(
                Code::FailedPrecondition,
                "root.superseded",
                "the registry has another root since",
                "submit the disclosure again",
            ),
            Withheld::Unavailable => Refusal::new(
                Code::Unavailable,
                "ledger.unavailable",
                "the ledger cannot be read",
                "try again when it can",
            ),
        }
    }
}
