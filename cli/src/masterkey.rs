//! Where a vault's master key comes from: a file that a passphrase opens; a file that its owner alone can
//! read; for development, a variable of the environment.

use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use crate::passphrase::PassphraseArgs;
use medproof_custody::sealed::{self, Cost, Passphrase, SealedError};
use medproof_records::vault::{LocalMasterKey, MasterKeyError};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const CONTENTS: &str = "master key";
const WHAT: &str = "a master key";

/// Where a master key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In a file, sealed or not.
    File(PathBuf),
    /// In a variable of the environment.
    Variable(String),
}

/// How a master key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Sealed with a passphrase, which costs so much to guess at.
    Sealed(Cost),
    /// In a file as it is.
    Unsealed,
    /// In the environment.
    Environment,
}

/// Gets a master key from where it is.
///
/// # Errors
/// Where there is none; for the environment, outside development mode.
pub fn open(source: &Source, passphrase: &PassphraseArgs, cx: &Context) -> Result<(LocalMasterKey, Form), CliError> {
    match source {
        Source::Variable(variable) => {
            cx.require_development("a master key in the environment")?;
            cx.ui.note(format_args!(
                "DEVELOPMENT ONLY: the master key is in the environment variable {variable}, where every child of this \
                 process, its crash reports and whoever may look at it can read it"
            ));
            Ok((LocalMasterKey::from_env(variable)?, Form::Environment))
        }
        Source::File(path) => open_file(path, passphrase, cx),
    }
}

fn open_file(path: &Path, passphrase: &PassphraseArgs, cx: &Context) -> Result<(LocalMasterKey, Form), CliError> {
    let file = files::read_secret(path, WHAT).map_err(as_master_key)?;
    if sealed::is_sealed(&file) {
        let at = |e| located(path, e);
        let cost = sealed::cost_of(&file).map_err(at)?;
        let passphrase = passphrase.get(&format!("the master key {}", path.display()))?;
        return Ok((unseal(&file, &passphrase).map_err(at)?, Form::Sealed(cost)));
    }
    let key = LocalMasterKey::parse(file.strip_suffix(b"\n").unwrap_or(&file)).map_err(|e| {
        let error = CliError::from(e);
        CliError {
            message: format!("{}: {}", path.display(), error.message),
            ..error
        }
    })?;
    if !cx.development() {
        cx.ui.note(format_args!(
            "note: the master key {} is not sealed: whoever reads the file can read the vault; seal it with `medproof \
             issuer master-key passphrase`",
            path.display()
        ));
    }
    Ok((key, Form::Unsealed))
}

/// Opens a sealed key's file.
///
/// # Errors
/// Where it is none, or the passphrase is another.
pub fn open_sealed(path: &Path, passphrase: &Passphrase) -> Result<LocalMasterKey, CliError> {
    let file = files::read_secret(path, WHAT).map_err(as_master_key)?;
    unseal(&file, passphrase).map_err(|e| located(path, e))
}

fn unseal(file: &[u8], passphrase: &Passphrase) -> Result<LocalMasterKey, SealedError> {
    let secret = sealed::open(CONTENTS, file, passphrase)?;
    let bytes = Zeroizing::new(<[u8; 32]>::try_from(secret.as_slice()).map_err(|_| SealedError::Refused)?);
    Ok(LocalMasterKey::from_bytes(*bytes))
}

/// Writes a key's file, sealed.
///
/// # Errors
/// Where a file is there and may not be replaced, or the passphrase is too short.
pub fn save(
    key: &LocalMasterKey,
    path: &Path,
    passphrase: &Passphrase,
    cost: Cost,
    overwrite: Overwrite,
) -> Result<(), CliError> {
    let file = sealed::seal(CONTENTS, key.expose(), passphrase, cost)?;
    files::write(path, &file, Secrecy::Secret, overwrite)
}

/// Makes a key.
///
/// # Errors
/// Where the system gives no randomness.
pub fn generate() -> Result<LocalMasterKey, CliError> {
    LocalMasterKey::generate().map_err(|e: MasterKeyError| CliError::from(e))
}

fn located(path: &Path, error: SealedError) -> CliError {
    let error = CliError::from(error);
    CliError {
        message: format!("{}: {}", path.display(), error.message),
        ..error
    }
}

// What has always been said of a key's file.
fn as_master_key(error: CliError) -> CliError {
    CliError {
        code: "issuer.master_key".to_owned(),
        ..error
    }
}
