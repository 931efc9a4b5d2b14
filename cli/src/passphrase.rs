//! Passphrases: asked for without echo, or read from a file or an open descriptor. Never an argument: what
//! stands on a command line, every process of the machine can read.

use crate::context::Context;
use crate::error::CliError;
use crate::files;
use clap::Args;
use medproof_custody::sealed::{Cost, Passphrase};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// No passphrase is longer.
const LIMIT: u64 = 4096;

/// Where a passphrase comes from that opens what is sealed. Without either, it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct PassphraseArgs {
    /// Read the passphrase from the first line of this file, which its owner alone can read. Without it,
    /// the passphrase is asked for.
    #[arg(long, env = "MEDPROOF_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Read the passphrase from the first line of this open file descriptor.
    #[arg(long, value_name = "N", conflicts_with = "passphrase_file")]
    pub passphrase_fd: Option<u32>,
}

/// Where a new passphrase comes from, and what it costs to guess at it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct NewPassphraseArgs {
    /// Read the new passphrase from the first line of this file. Without it, it is asked for, twice.
    #[arg(long, value_name = "FILE")]
    pub new_passphrase_file: Option<PathBuf>,
    /// Read the new passphrase from the first line of this open file descriptor.
    #[arg(long, value_name = "N", conflicts_with = "new_passphrase_file")]
    pub new_passphrase_fd: Option<u32>,
    /// What it costs to guess at it.
    #[command(flatten)]
    pub stretch: StretchArgs,
}

/// What each guess at a passphrase costs, and each opening.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct StretchArgs {
    /// Memory in MiB that each guess at the passphrase takes, and each opening: 256 without it, 64 at
    /// least; in development mode, any.
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(0..=4096))]
    pub stretch_mib: Option<u32>,
}

impl StretchArgs {
    /// The cost.
    ///
    /// # Errors
    /// Outside development mode, for less than keys in use are sealed with.
    pub fn cost(self, cx: &Context) -> Result<Cost, CliError> {
        let Some(mib) = self.stretch_mib else {
            return Ok(Cost::DEFAULT);
        };
        let memory_kib = mib << 10;
        if memory_kib < Cost::LEAST.memory_kib {
            cx.require_development("a passphrase that is soon guessed")?;
        }
        Ok(match mib {
            0 => Cost::TRIAL,
            _ => Cost {
                memory_kib,
                ..Cost::DEFAULT
            },
        })
    }
}

impl PassphraseArgs {
    /// The passphrase that opens `what`.
    ///
    /// # Errors
    /// Where there is none to be had.
    pub fn get(&self, what: &str) -> Result<Passphrase, CliError> {
        match given(self.passphrase_file.as_deref(), self.passphrase_fd)? {
            Some(passphrase) => Ok(passphrase),
            None => ask(
                &format!("passphrase of {what}: "),
                "--passphrase-file or --passphrase-fd",
            ),
        }
    }

    /// The passphrase that will open `what`, which does not exist yet.
    ///
    /// # Errors
    /// Where there is none to be had, or it was typed in two ways.
    pub fn choose(&self, what: &str) -> Result<Passphrase, CliError> {
        match given(self.passphrase_file.as_deref(), self.passphrase_fd)? {
            Some(passphrase) => Ok(passphrase),
            None => ask_twice(what, "--passphrase-file or --passphrase-fd"),
        }
    }
}

impl NewPassphraseArgs {
    /// The passphrase that will open `what`.
    ///
    /// # Errors
    /// Where there is none to be had, or it was typed in two ways.
    pub fn choose(&self, what: &str) -> Result<Passphrase, CliError> {
        match given(self.new_passphrase_file.as_deref(), self.new_passphrase_fd)? {
            Some(passphrase) => Ok(passphrase),
            None => ask_twice(what, "--new-passphrase-file or --new-passphrase-fd"),
        }
    }
}

/// The passphrase of a file.
///
/// # Errors
/// Where there is none in it, or others can read it.
pub fn of_file(path: &Path) -> Result<Passphrase, CliError> {
    first_line(&files::read_secret(path, "a passphrase")?)
}

/// Asks for a passphrase twice.
///
/// # Errors
/// Where there is nobody to ask, or the two differ.
pub fn ask_twice(what: &str, instead: &str) -> Result<Passphrase, CliError> {
    let first = ask(&format!("new passphrase of {what}: "), instead)?;
    if first.is(&ask("the same again: ", instead)?) {
        return Ok(first);
    }
    Err(CliError::input(
        "passphrase.differs",
        "expected the same passphrase twice, found two: nothing was changed, run again",
    ))
}

fn given(file: Option<&Path>, descriptor: Option<u32>) -> Result<Option<Passphrase>, CliError> {
    match (file, descriptor) {
        (Some(path), _) => of_file(path).map(Some),
        (None, Some(descriptor)) => of_descriptor(descriptor).map(Some),
        (None, None) => Ok(None),
    }
}

// By its name in the file system: a descriptor by its number alone could be anything of this process.
fn of_descriptor(descriptor: u32) -> Result<Passphrase, CliError> {
    let failed = |e: io::Error| {
        let message = format!("cannot read a passphrase from file descriptor {descriptor}: {e}");
        CliError::input("passphrase.descriptor", message).with_help("open it for the command: `medproof … 3< FILE`")
    };
    let file = File::open(format!("/dev/fd/{descriptor}")).map_err(failed)?;
    // Room for all: a list that grows leaves what it held behind in freed memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT as usize + 1));
    file.take(LIMIT).read_to_end(&mut bytes).map_err(failed)?;
    first_line(&bytes)
}

fn first_line(bytes: &[u8]) -> Result<Passphrase, CliError> {
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok(text) if !text.is_empty() => Ok(Passphrase::new(Zeroizing::new(text.to_owned()))),
        _ => Err(CliError::input(
            "passphrase.none",
            "expected a passphrase in UTF-8 on the first line, found none",
        )),
    }
}

fn ask(prompt: &str, instead: &str) -> Result<Passphrase, CliError> {
    let typed = rpassword::prompt_password(prompt).map_err(|e| {
        CliError::input("passphrase.none", format!("cannot ask for the passphrase: {e}"))
            .with_help(format_args!("where there is no terminal, give it by {instead}"))
    })?;
    Ok(Passphrase::new(Zeroizing::new(typed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Overwrite, Secrecy};
    use crate::ui::Ui;
    use medproof_keys::Mode;

    #[test]
    fn the_first_line_counts() {
        let is = |bytes: &[u8], text: &str| {
            let expected = Passphrase::new(Zeroizing::new(text.to_owned()));
            first_line(bytes).unwrap().is(&expected)
        };
        assert!(is(b"one two", "one two") && is(b"one two\nthree", "one two") && is(b" one\r\n", " one"));
        for none in [&b""[..], b"\none", b"\xff\n"] {
            assert_eq!(first_line(none).unwrap_err().code, "passphrase.none");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("passphrase");
        files::write(&path, b"words\n", Secrecy::Secret, Overwrite::Never).unwrap();
        of_file(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(of_file(&path).unwrap_err().code, "file.readable_by_others");
    }

    #[test]
    fn cheap_guesses_are_for_development() {
        let cost = |mib, mode| {
            let stretch = StretchArgs { stretch_mib: mib };
            stretch.cost(&Context::new(Ui::silent(), mode))
        };
        assert_eq!(cost(None, Mode::Production), Ok(Cost::DEFAULT));
        assert_eq!(cost(Some(64), Mode::Production).unwrap().memory_kib, 64 << 10);
        assert_eq!(
            cost(Some(63), Mode::Production).unwrap_err().code,
            "development.not_asked_for"
        );
        assert_eq!(cost(Some(0), Mode::Development), Ok(Cost::TRIAL));
    }
}
