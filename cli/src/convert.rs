//! What other crates' errors mean to who runs a command.

use crate::error::{CliError, Kind};
use crate::text::chain;
use medproof_audit::{ArchiveError, Finding};
use medproof_claims::{ClaimError, CompileError};
use medproof_custody::CustodyError;
use medproof_custody::recovery::RecoveryError;
use medproof_custody::sealed::SealedError;
use medproof_engine::PrepareError;
use medproof_keys::KeyError;
use medproof_ledger::{ChainError, DeploymentError, LedgerError, StoreError as LedgerStoreError};
use medproof_messages::{CohortError, ConsentError, DidError, PresentationError, RequestError, RevocationError};
use medproof_records::import::ImportError;
use medproof_records::issuer::{EnrolmentError, IssuerError, JsonError, ReceiptError};
use medproof_records::vault::{DiskError, MasterKeyError, VaultError};
use medproof_service::hospital::AnchorError;
use medproof_service::view::ViewError;
use medproof_verifier::store::StoreError;
use medproof_verifier::{BundleError, Refusal};

impl From<ClaimError> for CliError {
    fn from(error: ClaimError) -> CliError {
        CliError::input("claim", error)
    }
}

impl From<CompileError> for CliError {
    fn from(error: CompileError) -> CliError {
        CliError::input("claim.compile", error)
    }
}

impl From<ImportError> for CliError {
    fn from(error: ImportError) -> CliError {
        CliError::input("records.malformed", chain(&error)).with_help("nothing of this import was stored")
    }
}

impl From<KeyError> for CliError {
    fn from(error: KeyError) -> CliError {
        if error.is_cancelled() {
            return CliError::cancelled();
        }
        CliError::system("key", chain(&error))
    }
}

impl From<PrepareError> for CliError {
    fn from(error: PrepareError) -> CliError {
        match error {
            error if error.is_cancelled() => CliError::cancelled(),
            PrepareError::Key(error) => error.into(),
            PrepareError::Read(error) => CliError::system("prover.key", chain(&error)),
            PrepareError::Prepare(error) => CliError::system("prover", chain(&error)),
        }
    }
}

impl From<ViewError> for CliError {
    fn from(error: ViewError) -> CliError {
        match error {
            ViewError::Ledger(error) => error.into(),
            ViewError::Unavailable(error) => Refusal::from(error).into(),
            ViewError::Moving => CliError::system("ledger.moving", error),
        }
    }
}

impl From<AnchorError> for CliError {
    fn from(error: AnchorError) -> CliError {
        match error {
            AnchorError::Issuer(error) => error.into(),
            AnchorError::Ledger(error) => error.into(),
            error @ AnchorError::Ahead { .. } => CliError::refused("ledger.ahead", error)
                .with_help("after a restore: docs/ops/backup.md, under \"What is lost\", then --after-restore"),
        }
    }
}

impl From<LedgerError> for CliError {
    fn from(error: LedgerError) -> CliError {
        let message = chain(&error);
        match &error {
            LedgerError::Refused(refusal) => CliError::refused(format!("ledger.{}", refusal.name()), message),
            LedgerError::Chain(ChainError::Store(LedgerStoreError::Busy { .. })) => {
                CliError::new(Kind::Busy, "ledger.busy", message)
            }
            LedgerError::Chain(ChainError::Unproved(_)) => CliError::system("ledger.unproved", message),
            LedgerError::Chain(_) => CliError::system("ledger.chain", message),
            LedgerError::Deployment(DeploymentError::Unreadable { .. }) => CliError::input("ledger.none", message)
                .with_help("make one with `medproof ledger deploy`, or name another with --ledger"),
            LedgerError::Deployment(_) => CliError::input("ledger.deployment", message),
        }
    }
}

impl From<IssuerError> for CliError {
    fn from(error: IssuerError) -> CliError {
        let message = chain(&error);
        match &error {
            IssuerError::Refused { .. } => CliError::refused("issuer.refused", message),
            IssuerError::Registry(_) => CliError::refused("issuer.registry", message),
            IssuerError::Vault(VaultError::Disk(disk)) => match disk {
                DiskError::Locked => CliError::new(Kind::Busy, "issuer.busy", message),
                DiskError::Full { .. } => CliError::system("disk.full", message),
                DiskError::Missing { .. } => CliError::input("issuer.none", message),
                DiskError::Io { .. } => CliError::system("issuer.disk", message),
            },
            IssuerError::Vault(VaultError::NoIssuer) => CliError::input("issuer.none", message)
                .with_help("make one with `medproof issuer init`, or name another with --issuer"),
            IssuerError::Vault(VaultError::NoKeystore) => CliError::input("issuer.keystore", message)
                .with_help("name its directory with --keystore, or restore it: docs/ops/backup.md"),
            IssuerError::Vault(VaultError::ErasureLog { .. } | VaultError::ErasureLogBehind { .. }) => {
                CliError::input("issuer.erasures", message)
                    .with_help("name its directory with --erasures, or restore its newest copy: docs/ops/backup.md")
            }
            IssuerError::Vault(VaultError::RolledBack { .. } | VaultError::KeyDestroyed { .. }) => {
                CliError::input("issuer.backup", message)
                    .with_help("restore records and keystore from the same backup: docs/ops/backup.md")
            }
            IssuerError::Vault(VaultError::NotEmpty) => CliError::input("issuer.exists", message),
            IssuerError::Vault(VaultError::Interrupted) => CliError::new(Kind::Cancelled, "cancelled", message),
            IssuerError::Vault(VaultError::RotationUnfinished) => CliError::input("issuer.rotation", message)
                .with_help(
                    "`medproof issuer master-key rotate` with the old key and the same --new-master-key goes on",
                ),
            IssuerError::Vault(VaultError::SameMasterKey { .. }) => CliError::input("issuer.master_key", message),
            IssuerError::Vault(VaultError::Master(MasterKeyError::Unavailable(_))) => {
                CliError::system("issuer.master_key", message)
            }
            IssuerError::Vault(VaultError::WrongMasterKey { .. }) => CliError::input("issuer.master_key", message),
            IssuerError::Vault(_) => CliError::system("issuer.vault", message),
        }
    }
}

impl From<ArchiveError> for CliError {
    fn from(error: ArchiveError) -> CliError {
        match error {
            ArchiveError::Busy { .. } => CliError::new(Kind::Busy, "audit.busy", error),
            error => CliError::system("audit.archive", chain(&error)),
        }
    }
}

impl From<Finding> for CliError {
    fn from(finding: Finding) -> CliError {
        let message = chain(&finding);
        match finding {
            Finding::Unreadable(_) => CliError::system(finding.code(), message),
            _ => CliError::refused(finding.code(), message),
        }
    }
}

impl From<MasterKeyError> for CliError {
    fn from(error: MasterKeyError) -> CliError {
        CliError::input("issuer.master_key", chain(&error))
    }
}

impl From<SealedError> for CliError {
    fn from(error: SealedError) -> CliError {
        match error {
            SealedError::Refused => CliError::refused(error.code(), error),
            SealedError::Memory { .. } | SealedError::Random(_) => CliError::system(error.code(), error),
            _ => CliError::input(error.code(), error),
        }
    }
}

impl From<RecoveryError> for CliError {
    fn from(error: RecoveryError) -> CliError {
        match error {
            RecoveryError::Json(_) | RecoveryError::Numbers { .. } => CliError::input(error.code(), error),
            RecoveryError::Random(_) => CliError::system(error.code(), error),
            _ => CliError::refused(error.code(), error),
        }
    }
}

impl From<CustodyError> for CliError {
    fn from(error: CustodyError) -> CliError {
        match error {
            CustodyError::Sealed(error) => error.into(),
            CustodyError::Request(error) => error.into(),
            CustodyError::Consent(error) => error.into(),
            CustodyError::Json(_) | CustodyError::Numbers { .. } => CliError::input(error.code(), chain(&error)),
            CustodyError::Disk { .. } | CustodyError::Random(_) => CliError::system(error.code(), chain(&error)),
            _ => CliError::refused(error.code(), chain(&error)),
        }
    }
}

impl From<EnrolmentError> for CliError {
    fn from(error: EnrolmentError) -> CliError {
        match error {
            EnrolmentError::Json(error) => error.into(),
            EnrolmentError::Key { .. } => CliError::input("enrolment", chain(&error)),
            EnrolmentError::ForeignKey | EnrolmentError::NotPossessed => CliError::refused("enrolment", chain(&error)),
        }
    }
}

impl From<JsonError> for CliError {
    fn from(error: JsonError) -> CliError {
        CliError::input("message.json", error)
    }
}

impl From<ReceiptError> for CliError {
    fn from(error: ReceiptError) -> CliError {
        match error {
            ReceiptError::OtherHolder => CliError::refused("receipt.other_holder", error),
            ReceiptError::OtherRoot => CliError::refused("receipt.other_root", error),
            ReceiptError::Json(_) | ReceiptError::Place { .. } | ReceiptError::Shape => {
                CliError::input("receipt.malformed", error)
            }
        }
    }
}

/// Whether a code is that of bytes that are no message at all, rather than of a refused one.
fn is_form(code: &str) -> bool {
    code.starts_with("json.") || matches!(code, "presentation.version" | "presentation.length")
}

fn message(code: &str, error: &dyn std::error::Error) -> CliError {
    let kind = if is_form(code) { Kind::Input } else { Kind::Refused };
    CliError::new(kind, code, chain(error))
}

impl From<RequestError> for CliError {
    fn from(error: RequestError) -> CliError {
        message(error.code(), &error)
    }
}

impl From<ConsentError> for CliError {
    fn from(error: ConsentError) -> CliError {
        message(error.code(), &error)
    }
}

impl From<DidError> for CliError {
    fn from(error: DidError) -> CliError {
        message(error.code(), &error)
    }
}

impl From<RevocationError> for CliError {
    fn from(error: RevocationError) -> CliError {
        message(error.code(), &error)
    }
}

impl From<PresentationError> for CliError {
    fn from(error: PresentationError) -> CliError {
        message(error.code(), &error)
    }
}

impl From<CohortError> for CliError {
    fn from(error: CohortError) -> CliError {
        message(error.code(), &error)
    }
}

impl From<medproof_messages::KeyError> for CliError {
    fn from(error: medproof_messages::KeyError) -> CliError {
        message(error.code(), &error)
    }
}

impl From<Refusal> for CliError {
    fn from(error: Refusal) -> CliError {
        match error {
            Refusal::Presentation(error) => error.into(),
            Refusal::Unavailable(_) => CliError::system(error.code(), error),
            error => CliError::refused(error.code(), error),
        }
    }
}

impl From<BundleError> for CliError {
    fn from(error: BundleError) -> CliError {
        message(error.code(), &error)
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> CliError {
        let code = error.code();
        match error {
            StoreError::Refused(refusal) => refusal.into(),
            StoreError::Busy { .. } => CliError::new(Kind::Busy, code, error),
            StoreError::Format { .. } | StoreError::Damaged { .. } => CliError::input(code, error),
            StoreError::Disk { .. } | StoreError::Failed { .. } => CliError::system(code, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ledger_refusals_keep_the_contracts_names() {
        let error = LedgerError::Refused(medproof_ledger::Refusal::RegistryPaused {});
        let error = CliError::from(error);
        assert_eq!(
            (error.code.as_str(), error.kind),
            ("ledger.registry_paused", Kind::Refused)
        );
    }

    #[test]
    fn two_runs_at_once_are_busy() {
        let store = LedgerStoreError::Busy { path: "there".into() };
        let error = CliError::from(LedgerError::from(ChainError::from(store)));
        assert_eq!(error.kind, Kind::Busy);
        let error = CliError::from(IssuerError::Vault(VaultError::Disk(DiskError::Locked)));
        assert_eq!(error.kind, Kind::Busy);
    }
}
