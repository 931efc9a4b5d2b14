//! A hospital: its records, and its account on the ledger.

use crate::caller::Caller;
use crate::disclosure::{Named, Records};
use crate::error::Refusal;
use medproof_ledger::{Account, Ledger, LedgerError, Receipt, RootPublication};
use medproof_records::issuer::{Issuer, IssuerError, Refusal as RecordRefusal};
use medproof_records::registry::{Anchor, RegistryError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thiserror::Error;
use tonic::Code;

/// A hospital: the tenant that has the issuer's name.
pub struct Hospital {
    name: String,
    issuer: Mutex<Issuer>,
    account: Account,
    ledger: Arc<dyn Ledger>,
}

/// What was published.
#[derive(Clone, Debug)]
pub struct Anchored {
    /// The root.
    pub anchor: Anchor,
    /// Whether nothing had changed.
    pub heartbeat: bool,
    /// By which transaction; none where the ledger had it from an earlier, interrupted run.
    pub receipt: Option<Receipt>,
}

/// Why nothing was published.
#[derive(Debug, Error)]
pub enum AnchorError {
    /// The records.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The ledger has a later epoch of this account.
    #[error(
        "the ledger has epoch {ledger} of this issuer's account, the issuer knows of {known}: it was restored from a backup, or another copy of it publishes"
    )]
    Ahead {
        /// The ledger's.
        ledger: u64,
        /// The issuer's, staged or anchored; 0 before the first.
        known: u64,
    },
}

/// What is done where the ledger has a later epoch than the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhereAhead {
    /// Nothing: an older copy must not put back who was revoked since, unnoticed.
    Refuse,
    /// It goes on above that epoch: an operator said that the issuer was restored, and has seen to what is missing.
    GoOn,
}

/// Publishes an issuer's registry root, or a heartbeat. What the ledger refuses for good is withdrawn, so that
/// it keeps no later change out.
///
/// # Errors
/// [`AnchorError`].
pub fn anchor(
    issuer: &mut Issuer,
    ledger: &dyn Ledger,
    account: &Account,
    ahead: WhereAhead,
) -> Result<Anchored, AnchorError> {
    let status = issuer.status();
    let before = status.anchored;
    let known = [status.staged, before].into_iter().flatten().map(|anchor| anchor.epoch);
    let (known, found) = (known.max().unwrap_or(0), ledger.issuer_status(account.address())?);
    let anchor = match ahead {
        _ if found.epoch <= known => issuer.pending_root()?,
        WhereAhead::Refuse => {
            let ledger = found.epoch;
            return Err(AnchorError::Ahead { ledger, known });
        }
        WhereAhead::GoOn => issuer.pending_root_after(found.epoch, found.current_root)?,
    };
    let heartbeat = before == Some(anchor);
    // An earlier run may have published it and ended before it could say so.
    let known = ledger.root_status(account.address(), anchor.root)?.entry;
    let is_there = known.is_some_and(|entry| entry.epoch == anchor.epoch && entry.superseded_at.is_none());
    let receipt = if !heartbeat && is_there {
        None
    } else {
        let publication = RootPublication {
            root: anchor.root,
            epoch: anchor.epoch,
            size: anchor.size,
        };
        match ledger.publish_root(account, publication) {
            Ok(receipt) => Some(receipt),
            Err(error) => {
                if matches!(error, LedgerError::Refused(_)) && issuer.status().staged.is_some() {
                    issuer.withdraw_pending()?;
                }
                return Err(error.into());
            }
        }
    };
    issuer.mark_anchored(anchor.epoch, anchor.root)?;
    Ok(Anchored {
        anchor,
        heartbeat,
        receipt,
    })
}

impl Hospital {
    /// Of an issuer, which publishes with this account.
    pub fn new(issuer: Issuer, account: Account, ledger: Arc<dyn Ledger>) -> Hospital {
        Hospital {
            name: issuer.name().to_owned(),
            issuer: Mutex::new(issuer),
            account,
            ledger,
        }
    }

    /// Its name, which is its tenant's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its records. Who has them keeps others from them: not for long.
    pub fn issuer(&self) -> MutexGuard<'_, Issuer> {
        self.issuer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes its registry's root.
    ///
    /// # Errors
    /// [`AnchorError`].
    pub fn anchor(&self) -> Result<Anchored, AnchorError> {
        anchor(&mut self.issuer(), &*self.ledger, &self.account, WhereAhead::Refuse)
    }

    /// That a caller is of this hospital.
    ///
    /// # Errors
    /// `tenant.none`.
    pub fn require_tenant(&self, caller: &Caller) -> Result<(), Refusal> {
        if caller.tenant == self.name {
            return Ok(());
        }
        let message = "there are no records of this caller's tenant here";
        let help = "call the service of your hospital";
        Err(Refusal::new(Code::NotFound, "tenant.none", message, help))
    }

    /// A record's own name, or what the caller called it where there is none.
    ///
    /// # Errors
    /// Where nobody could look.
    pub async fn named(self: &Arc<Self>, record: String) -> Result<String, Refusal> {
        let hospital = Arc::clone(self);
        let looked = tokio::task::spawn_blocking(move || hospital.record(&record).unwrap_or(record));
        looked.await.map_err(|_| {
            let message = "the service could not do it";
            Refusal::new(
                Code::Internal,
                "service.defect",
                message,
                "an operator looks at the log",
            )
        })
    }

    /// A record's own name, however a caller calls it.
    ///
    /// # Errors
    /// `record.none`.
    pub fn record(&self, record: &str) -> Result<String, Refusal> {
        Ok(self.issuer().record_id(record)?.to_string())
    }
}

impl Records for Hospital {
    fn carried(&self, tenant: &str, record: &str) -> Result<Option<Named>, Refusal> {
        if tenant != self.name {
            return Ok(None);
        }
        let issuer = self.issuer();
        let named = |record: &str| {
            let name = issuer.record_id(record)?.to_string();
            let record = issuer.carried_record(&name)?;
            Ok(Named { name, record })
        };
        match named(record) {
            Ok(named) => Ok(Some(named)),
            Err(IssuerError::Refused { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn anchored(&self, tenant: &str) -> Option<Anchor> {
        let anchored = || self.issuer().status().anchored;
        (tenant == self.name).then(anchored).flatten()
    }
}

impl From<IssuerError> for Refusal {
    fn from(error: IssuerError) -> Refusal {
        let IssuerError::Refused { place, reason } = error else {
            return unavailable(&error);
        };
        let unmet = |code, help| Refusal::new(Code::FailedPrecondition, code, &reason, help);
        match &reason {
            RecordRefusal::Unknown => Refusal::new(
                Code::NotFound,
                "record.none",
                "there is no such record",
                "see ListRecords",
            ),
            RecordRefusal::AlreadyImported => {
                let message = format!("{reason} (chart {place} of the call, counted from 0)");
                Refusal::new(Code::AlreadyExists, "record.known", message, "import it as an update")
            }
            RecordRefusal::AlreadyEnrolled => unmet("record.enrolled", "rotate the keys, or revoke the record first"),
            RecordRefusal::NotEnrolled => unmet("record.unenrolled", "enrol a holder first"),
            RecordRefusal::Revoked => unmet("record.revoked", "enrol the patient again"),
            RecordRefusal::NotAnchored => unmet("record.pending", "anchor the registry first"),
            RecordRefusal::NullifierKeyTaken => unmet("record.nullifier_key", "every holder needs a key of their own"),
            RecordRefusal::NullifierKeyChanged => unmet(
                "record.nullifier_key",
                "revoke the record and enrol again to replace it",
            ),
            RecordRefusal::Stale { .. } => unmet("record.stale", "export the chart again"),
            RecordRefusal::Enrolment(_) => Refusal::invalid(
                "enrolment.refused",
                &reason,
                "answer the newest invitation with the patient's wallet",
            ),
            RecordRefusal::PatientId(_) | RecordRefusal::Repeated | RecordRefusal::Record(_) => {
                let message = format!("{reason} (chart {place} of the call, counted from 0)");
                Refusal::invalid("fhir.chart", message, "send charts of one patient each, by FHIR ids")
            }
        }
    }
}

impl From<RegistryError> for Refusal {
    fn from(error: RegistryError) -> Refusal {
        unavailable(&error)
    }
}

// What a disk says is for the log.
fn unavailable(error: &dyn std::error::Error) -> Refusal {
    tracing::error!(%error, "the records failed");
    Refusal::new(
        Code::Unavailable,
        "records.unavailable",
        "the records cannot be read or written",
        "an operator looks at the issuer's directory, and at the service's log",
    )
}

impl From<AnchorError> for Refusal {
    fn from(error: AnchorError) -> Refusal {
        match error {
            AnchorError::Issuer(error) => error.into(),
            AnchorError::Ledger(error) => error.into(),
            AnchorError::Ahead { .. } => {
                let help = "an operator looks at docs/ops/backup.md, under \"What is lost\"";
                Refusal::new(Code::FailedPrecondition, "ledger.ahead", error, help)
            }
        }
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Refusal {
        match error {
            LedgerError::Refused(refusal) => {
                let help = "the ledger's council, or the record's holder, can change that";
                Refusal::new(Code::FailedPrecondition, "ledger.refused", refusal, help)
            }
            error => {
                tracing::error!(%error, "the ledger failed");
                let message = "the ledger cannot be read or written";
                Refusal::new(
                    Code::Unavailable,
                    "ledger.unavailable",
                    message,
                    "try again when it can",
                )
            }
        }
    }
}
