//! What contributors pass on: a folder.
//!
//! ```text
//! plan.json         what is to be made, and how it ends
//! circuit.r1cs      for which circuit, for snarkjs too
//! initial.zkey      the key before any contribution
//! transcript.json   who did what
//! turn-3.zkey       the key after the last turn
//! ```
//!
//! The transcript decides: a key of a later turn than its last is what an interrupted step left, and the
//! next one writes over it. Every file takes its name when it is whole.

use crate::files::{self, FileError, digest, expect, get, put};
use crate::finished::Finished;
use crate::phase1;
use crate::phase2::{Initial, Phase2Error, Verified};
use crate::progress::Stage;
use crate::transcript::{Announced, Circuit, Contributor, PLAN_FORMAT, Plan, Transcript, TranscriptError, Turn};
use medproof_gadgets::r1cs_file::{self, Declared};
use medproof_gadgets::shape::Matrices;
use medproof_keys::circom::{FormatError, Zkey, read_r1cs, read_zkey, write_zkey};
use medproof_keys::{Progress, Sha256Digest};
use std::fs;
use std::path::{Path, PathBuf};
use thiserror::Error;

const PLAN: &str = "plan.json";
const CIRCUIT: &str = "circuit.r1cs";
const INITIAL: &str = "initial.zkey";
const TRANSCRIPT: &str = "transcript.json";

/// Why a step was not made. The folder is as it was before.
#[derive(Debug, Error)]
pub enum FolderError {
    /// A file cannot be read or written, or is another than was written down.
    #[error(transparent)]
    File(#[from] FileError),
    /// A ceremony is there already.
    #[error("{path} is a ceremony's folder already: choose another", path = .0.display())]
    Exists(PathBuf),
    /// A file of the folder is not of its form.
    #[error("{path}: {source}", path = .path.display())]
    Format {
        /// Which.
        path: PathBuf,
        /// What is wrong, and where.
        source: FormatError,
    },
    /// The plan or the transcript does not hold.
    #[error(transparent)]
    Transcript(#[from] TranscriptError),
    /// The key does not hold.
    #[error(transparent)]
    Phase2(#[from] Phase2Error),
    /// The circuit cannot be written.
    #[error("the circuit cannot be written as .r1cs: {0}")]
    Circuit(r1cs_file::R1csFileError),
    /// The plan is for another circuit.
    #[error("circuit.r1cs is not the circuit of the plan: expected matrices with digest {expected}, found {found}")]
    OtherCircuit {
        /// In the plan.
        expected: Sha256Digest,
        /// Of the file.
        found: Sha256Digest,
    },
    /// A key that does not come from the last one.
    #[error(
        "expected a key with {expected} contributions, one more than the ceremony has; found {found}: contribute to the folder's last key"
    )]
    Turns {
        /// One more than now.
        expected: usize,
        /// In the key.
        found: usize,
    },
}

/// What a ceremony is to be like.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// For tests only.
    pub development: bool,
    /// A tier, or a file's name.
    pub name: String,
    /// Of the circuit.
    pub version: u32,
    /// At least so many.
    pub contributors: u32,
    /// What ends it.
    pub beacon: Announced,
}

/// A ceremony's folder: its plan and transcript fit each other. Of its keys nothing is known yet.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    plan: Plan,
    transcript: Transcript,
}

impl Folder {
    /// Begins a ceremony: writes plan, circuit and initial key. Takes as long as reading the powers.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn begin(
        path: &Path,
        wanted: Wanted,
        matrices: &Matrices,
        powers: &phase1::Verified,
        progress: &dyn Progress<Stage>,
    ) -> Result<Folder, FolderError> {
        if path.join(PLAN).exists() {
            return Err(FolderError::Exists(path.to_owned()));
        }
        let initial = Initial::new(matrices, powers, progress)?;
        let key = write(path, INITIAL, initial.key())?;
        let plan = Plan {
            format: PLAN_FORMAT.into(),
            development: wanted.development,
            circuit: Circuit::new(wanted.name, wanted.version, &matrices.shape()),
            powers: digest(powers.path())?,
            initial: Sha256Digest::of(&key),
            contributors: wanted.contributors,
            beacon: wanted.beacon,
        };
        plan.check()?;
        let r1cs = r1cs_file::write(matrices, Declared::default()).map_err(FolderError::Circuit)?;
        files::make(path)?;
        put(&path.join(CIRCUIT), &r1cs)?;
        put(&path.join(INITIAL), &key)?;
        put(&path.join(TRANSCRIPT), &Transcript::default().to_bytes())?;
        // Last: with it the folder is a ceremony's.
        put(&path.join(PLAN), &plan.to_bytes())?;
        Ok(Folder {
            path: path.to_owned(),
            plan,
            transcript: Transcript::default(),
        })
    }

    /// Opens a folder.
    ///
    /// # Errors
    /// [`FolderError::File`], [`FolderError::Transcript`].
    pub fn open(path: &Path) -> Result<Folder, FolderError> {
        let plan = Plan::read(&get(&path.join(PLAN))?)?;
        let transcript = Transcript::read(&get(&path.join(TRANSCRIPT))?, &plan)?;
        Ok(Folder {
            path: path.to_owned(),
            plan,
            transcript,
        })
    }

    /// What was decided.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Who did what.
    #[must_use]
    pub const fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Where the key after the last turn is.
    #[must_use]
    pub fn last_key(&self) -> PathBuf {
        self.key_after(self.transcript.turns.len())
    }

    fn key_after(&self, turn: usize) -> PathBuf {
        match turn {
            0 => self.path.join(INITIAL),
            turn => self.path.join(format!("turn-{turn}.zkey")),
        }
    }

    /// The circuit.
    ///
    /// # Errors
    /// [`FolderError::Format`], and [`FolderError::OtherCircuit`].
    pub fn circuit(&self) -> Result<Matrices, FolderError> {
        let path = self.path.join(CIRCUIT);
        let r1cs = read_r1cs(&get(&path)?).map_err(|source| FolderError::Format { path, source })?;
        let (expected, found) = (
            self.plan.circuit.matrix_digest,
            Sha256Digest(r1cs.matrices.shape().digest),
        );
        if expected != found {
            return Err(FolderError::OtherCircuit { expected, found });
        }
        Ok(r1cs.matrices)
    }

    /// The initial key: the folder's, held against the powers where there are any.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn initial(
        &self,
        matrices: &Matrices,
        powers: Option<&phase1::Verified>,
        progress: &dyn Progress<Stage>,
    ) -> Result<Initial, FolderError> {
        let path = self.path.join(INITIAL);
        let bytes = expect(&path, self.plan.initial)?;
        let stated = read_zkey(&bytes).map_err(|source| FolderError::Format { path, source })?;
        let Some(powers) = powers else {
            return Ok(Initial::stated(matrices, stated)?);
        };
        let found = digest(powers.path())?;
        if found != self.plan.powers {
            let path = powers.path().to_owned();
            let expected = self.plan.powers;
            return Err(FileError::Altered { path, expected, found }.into());
        }
        Ok(Initial::checked(matrices, stated, powers, progress)?)
    }

    /// Verifies the last key against the initial one and the transcript.
    ///
    /// # Errors
    /// [`FolderError`] with the turn.
    pub fn verify(&self, initial: &Initial, progress: &dyn Progress<Stage>) -> Result<Verified, FolderError> {
        let path = self.last_key();
        let expected = self.transcript.turns.last().map_or(self.plan.initial, |turn| turn.key);
        let bytes = expect(&path, expected)?;
        let key = read_zkey(&bytes).map_err(|source| FolderError::Format { path, source })?;
        let verified = Verified::new(key, initial, progress)?;
        let turns = &verified.key().contributions.turns;
        self.transcript.check(&self.plan, turns, expected)?;
        Ok(verified)
    }

    /// Adds a turn: the key after it, and who made it, signed; of a beacon nobody.
    ///
    /// # Errors
    /// [`FolderError`]. The folder is then as it was.
    pub fn add(&mut self, key: &Verified, name: &str, contributor: Option<&Contributor>) -> Result<&Turn, FolderError> {
        let bytes = write(&self.path, "the key", key.key())?;
        self.add_file(key, &bytes, name, contributor)
    }

    /// As [`Folder::add`], with the key's bytes as another tool wrote them.
    ///
    /// # Errors
    /// [`FolderError`]. The folder is then as it was.
    pub fn add_file(
        &mut self,
        key: &Verified,
        bytes: &[u8],
        name: &str,
        contributor: Option<&Contributor>,
    ) -> Result<&Turn, FolderError> {
        let turns = &key.key().contributions.turns;
        let expected = self.transcript.turns.len() + 1;
        let (Some(contribution), true) = (turns.last(), turns.len() == expected) else {
            return Err(FolderError::Turns {
                expected,
                found: turns.len(),
            });
        };
        let digest = Sha256Digest::of(bytes);
        let mut turn = Turn::new(&self.transcript, &self.plan, contribution, digest, name)?;
        if let Some(contributor) = contributor {
            turn = turn.signed(contributor);
        }
        let mut transcript = self.transcript.clone();
        transcript.turns.push(turn);
        let written = transcript.to_bytes();
        // What would not be read again is not written.
        Transcript::read(&written, &self.plan)?.check(&self.plan, turns, digest)?;
        put(&self.key_after(expected), bytes)?;
        put(&self.path.join(TRANSCRIPT), &written)?;
        // The key before it has served.
        if expected > 1 {
            let _ = fs::remove_file(self.key_after(expected - 1));
        }
        self.transcript = transcript;
        self.transcript
            .turns
            .last()
            .ok_or(FolderError::Turns { expected, found: 0 })
    }

    /// The finished key: everything is verified once more, from the powers on.
    ///
    /// # Errors
    /// [`FolderError`], and [`TranscriptError::Unfinished`] where contributors or the beacon are missing.
    pub fn finish(&self, powers: &phase1::Verified, progress: &dyn Progress<Stage>) -> Result<Finished, FolderError> {
        let matrices = self.circuit()?;
        let initial = self.initial(&matrices, Some(powers), progress)?;
        let key = self.verify(&initial, progress)?;
        self.check_finished(&key)?;
        Ok(Finished {
            plan: self.plan.clone(),
            transcript: self.transcript.clone(),
            file: get(&self.last_key())?,
            matrices,
            key,
        })
    }

    /// Requires all that was planned to have been done.
    ///
    /// # Errors
    /// [`TranscriptError::Unfinished`].
    pub fn check_finished(&self, key: &Verified) -> Result<(), FolderError> {
        Ok(self
            .transcript
            .check_finished(&self.plan, &key.key().contributions.turns)?)
    }
}

fn write(folder: &Path, name: &str, key: &Zkey) -> Result<Vec<u8>, FolderError> {
    write_zkey(key).map_err(|source| FolderError::Format {
        path: folder.join(name),
        source,
    })
}
