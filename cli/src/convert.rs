//! What other crates' errors mean to who runs a command.

use crate::error::{CliError, Kind};
use crate::text::chain;
use medproof_claims::{ClaimError, CompileError};
use medproof_keys::KeyError;
use medproof_records::import::ImportError;

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
        CliError::new(Kind::System, "key", chain(&error))
    }
}
