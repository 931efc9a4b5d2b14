//! Keys of finished ceremonies, for those who prove: several of a tier, each by its id, so that one can
//! give way to the next.
//!
//! ```text
//! <key id>/manifest.json     what it is, its files' digests, and where it is in its life
//!          key.zkey          as the ceremony's last turn wrote it: snarkjs reads it too
//!          verifying.json    what verifiers and contracts pin
//!          plan.json         of its ceremony
//!          transcript.json   of its ceremony
//! ```
//!
//! What verifiers and contracts believe of a key's life stands on the ledger. The life kept here is the prover's
//! own: a revoked key proves nothing more, whatever the ledger can be asked.

mod life;
mod manifest;
#[cfg(test)]
mod tests;

pub use life::{Life, LifeError, State, Step};
pub use manifest::{FORMAT, Manifest};

use crate::files::{self, FileError, get, io, put};
use crate::finished::{Finished, provenance, proving};
use crate::phase2::{Phase2Error, check_delta};
use crate::progress::Stage;
use crate::transcript::{Plan, Transcript, TranscriptError};
use medproof_gadgets::shape::{Matrices, Shape};
use medproof_keys::circom::{FormatError, Zkey, read_zkey};
use medproof_keys::manifest::{FileEntry, ManifestError, listed};
use medproof_keys::{
    CIRCUIT_VERSION, CircuitKey, KeyCard, KeyError, Progress, Sha256Digest, UnusableKey, pinned_shape,
};
use medproof_messages::KeyId;
use medproof_messages::key::{self, PinnedKey};
use medproof_statement::tier::Tier;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use thiserror::Error;

const MANIFEST: &str = "manifest.json";
const KEY: &str = "key.zkey";
const VERIFYING: &str = "verifying.json";
const PLAN: &str = "plan.json";
const TRANSCRIPT: &str = "transcript.json";

/// Why there is no key, or it is not taken in.
#[derive(Debug, Error)]
pub enum LibraryError {
    /// No key of this id.
    #[error("no key {id} in {root}: finish its ceremony into it, or copy its directory there", root = .root.display())]
    None {
        /// Which.
        id: KeyId,
        /// Where it was looked for.
        root: PathBuf,
    },
    /// A file cannot be read or written, or is another than the manifest says.
    #[error("{0}; take the key's directory from a copy")]
    File(#[from] FileError),
    /// The manifest, the plan or the transcript does not hold.
    #[error("key {id}: {source}; take the key's directory from a copy")]
    Papers {
        /// Whose.
        id: KeyId,
        /// What does not.
        source: TranscriptError,
    },
    /// A file is not in the manifest once.
    #[error("key {id}: {source}; take the key's directory from a copy")]
    Listed {
        /// Whose.
        id: KeyId,
        /// Which.
        source: ManifestError,
    },
    /// Not a key's file.
    #[error("key {id}: {source}")]
    Format {
        /// Whose.
        id: KeyId,
        /// What is wrong, and where.
        source: FormatError,
    },
    /// The key does not follow from its ceremony, or is another circuit's.
    #[error(transparent)]
    Ceremony(#[from] Phase2Error),
    /// The key is not sound, or does not fit.
    #[error(transparent)]
    Unusable(#[from] UnusableKey),
    /// The verifying key beside it is not its own.
    #[error("key {id}: verifying.json is another key's, {found}")]
    Verifying {
        /// Whose.
        id: KeyId,
        /// In the file.
        found: KeyId,
    },
    /// A ceremony for no tier, or for a circuit that this software does not have.
    #[error(
        "the ceremony was for {name} of version {version} with matrices {found}: expected the circuit of a tier, of version {CIRCUIT_VERSION}, as `medproof circuit stats` shows it"
    )]
    Circuit {
        /// In the plan.
        name: String,
        /// In the plan.
        version: u32,
        /// In the plan.
        found: Sha256Digest,
    },
    /// The circuit cannot be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Not a step of a key's life.
    #[error("key {id}: {source}")]
    Life {
        /// Whose.
        id: KeyId,
        /// Why not.
        source: LifeError,
    },
}

/// A key that is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What is known of it without reading it.
    pub card: KeyCard,
    /// Where it is in its life.
    pub life: Life,
    /// How many took part in its ceremony with keys of their own.
    pub contributors: u32,
}

impl Kept {
    /// What requests and presentations name it by.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.card.pinned.id()
    }

    /// What verifiers and contracts pin: the file.
    #[must_use]
    pub fn pinned(&self) -> PathBuf {
        self.card.directory.join(VERIFYING)
    }
}

// The circuits that keys may be for.
#[derive(Clone, Copy)]
struct Circuits {
    shape: fn(Tier) -> Option<Shape>,
    matrices: fn(Tier) -> Result<Matrices, KeyError>,
}

/// Keys in a directory.
#[derive(Clone)]
pub struct KeyLibrary {
    root: PathBuf,
    circuits: Circuits,
}

impl std::fmt::Debug for KeyLibrary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyLibrary")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

impl KeyLibrary {
    /// Keys in this directory, which need not exist yet.
    pub fn at(root: impl Into<PathBuf>) -> KeyLibrary {
        KeyLibrary {
            root: root.into(),
            circuits: Circuits {
                shape: pinned_shape::of,
                matrices: pinned_shape::matrices,
            },
        }
    }

    /// Takes in the key of a finished ceremony: active from now on. One that is there already stays as it is.
    ///
    /// # Errors
    /// [`LibraryError`]; nothing is then left of it.
    pub fn add(&self, finished: &Finished, now: u64, progress: &dyn Progress<Stage>) -> Result<Kept, LibraryError> {
        let plan = &finished.plan;
        let tier = self.tier_of(plan)?;
        let proving = proving(&finished.matrices, finished.key.key(), progress)?;
        let from = provenance(plan, &finished.transcript);
        let key = CircuitKey::new(tier, plan.circuit.version, finished.matrices.clone(), proving, from)?;
        let directory = self.directory(key.pinned().id());
        if !directory.is_dir() {
            self.write(finished, &key, now, &directory)?;
        }
        self.card(key.pinned().id())
    }

    // Of this software's circuits the one that a ceremony was for.
    fn tier_of(&self, plan: &Plan) -> Result<Tier, LibraryError> {
        let circuit = &plan.circuit;
        let own = |tier: &Tier| {
            let shape = (self.circuits.shape)(*tier);
            circuit.version == CIRCUIT_VERSION && shape.is_some_and(|shape| shape.digest == circuit.matrix_digest.0)
        };
        circuit.tier().filter(own).ok_or_else(|| LibraryError::Circuit {
            name: circuit.name.clone(),
            version: circuit.version,
            found: circuit.matrix_digest,
        })
    }

    // Whole by a rename. Who writes the same key at the same time writes the same files.
    fn write(&self, finished: &Finished, key: &CircuitKey, now: u64, directory: &Path) -> Result<(), LibraryError> {
        let mut partial = directory.to_owned().into_os_string();
        partial.push(format!(".{}.partial", std::process::id()));
        let partial = PathBuf::from(partial);
        files::make(&partial)?;
        let papers = [
            (KEY, finished.file.clone()),
            (VERIFYING, key.pinned().to_json()),
            (PLAN, finished.plan.to_bytes()),
            (TRANSCRIPT, finished.transcript.to_bytes()),
        ];
        let written = papers
            .iter()
            .try_for_each(|(name, bytes)| put(&partial.join(name), bytes));
        let entries = papers.iter().map(|(name, bytes)| FileEntry::of(name, bytes)).collect();
        let life = Life::begin(finished.plan.development, now);
        let manifest = Manifest::new(key, &finished.transcript, life, entries);
        let moved = written
            .and_then(|()| put(&partial.join(MANIFEST), &manifest.to_bytes()))
            .and_then(|()| fs::rename(&partial, directory).map_err(io("rename to", directory)));
        if moved.is_err() {
            // The first error is the one to report; and where another was quicker there is none.
            let _ = fs::remove_dir_all(&partial);
        }
        if directory.is_dir() { Ok(()) } else { Ok(moved?) }
    }

    /// All keys, by their ids.
    ///
    /// # Errors
    /// [`LibraryError`] of the first that is not what it should be.
    pub fn cards(&self) -> Result<Vec<Kept>, LibraryError> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io("read", &self.root)(error).into()),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(io("read", &self.root))?;
            // What was half written, and what is not ours, has another name.
            let name = entry.file_name().into_string().ok();
            let id: Option<Sha256Digest> = name.and_then(|name| name.parse().ok());
            ids.extend(id.map(|id| KeyId(id.0)));
        }
        ids.sort();
        ids.into_iter().map(|id| self.card(id)).collect()
    }

    /// What is known of a key without reading it.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub fn card(&self, id: KeyId) -> Result<Kept, LibraryError> {
        let manifest = self.manifest(id)?;
        let verifying = self.read(id, &manifest, VERIFYING)?;
        let pinned = PinnedKey::from_json(&verifying).map_err(UnusableKey::from)?;
        if pinned.id() != id {
            let found = pinned.id();
            return Err(LibraryError::Verifying { id, found });
        }
        let (tier, shape) = self.circuit_of(&manifest)?;
        Ok(Kept {
            card: KeyCard {
                tier,
                shape,
                provenance: manifest.provenance(),
                pinned,
                proving: self.entry(id, &manifest, KEY)?.sha256,
                directory: self.directory(id),
            },
            contributors: manifest.contributors,
            life: manifest.life,
        })
    }

    // By the manifest, among this software's.
    fn circuit_of(&self, manifest: &Manifest) -> Result<(Tier, Shape), LibraryError> {
        let tier: Option<Tier> = manifest.tier.parse().ok();
        let own = tier.and_then(|tier| Some((tier, (self.circuits.shape)(tier)?)));
        let own = own.filter(|(_, shape)| {
            (manifest.circuit_version, manifest.matrix_digest.0) == (CIRCUIT_VERSION, shape.digest)
        });
        own.ok_or_else(|| LibraryError::Circuit {
            name: manifest.tier.clone(),
            version: manifest.circuit_version,
            found: manifest.matrix_digest,
        })
    }

    /// Reads a key, after all checks that can be made without the powers of tau: files by their digests, plan
    /// and transcript, that enough took part and a beacon ended it, that delta is what they made of it, that the
    /// circuit is the tier's, and that the verifying key is sound.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub fn load(&self, id: KeyId, progress: &dyn Progress<Stage>) -> Result<CircuitKey, LibraryError> {
        let manifest = self.manifest(id)?;
        let (tier, _) = self.circuit_of(&manifest)?;
        let zkey = self.zkey(id, &manifest, progress)?;
        let matrices = (self.circuits.matrices)(tier)?;
        let proving = proving(&matrices, &zkey, progress)?;
        let version = manifest.circuit_version;
        let key = CircuitKey::new(tier, version, matrices, proving, manifest.provenance())?;
        let found = key.pinned().id();
        if found == id {
            Ok(key)
        } else {
            Err(LibraryError::Verifying { id, found })
        }
    }

    // Its ceremony holds, as far as that can be seen in what is kept.
    fn zkey(&self, id: KeyId, manifest: &Manifest, progress: &dyn Progress<Stage>) -> Result<Zkey, LibraryError> {
        let papers = |source| LibraryError::Papers { id, source };
        let plan = Plan::read(&self.read(id, manifest, PLAN)?).map_err(papers)?;
        let transcript = Transcript::read(&self.read(id, manifest, TRANSCRIPT)?, &plan).map_err(papers)?;
        manifest.check(&plan, &transcript).map_err(papers)?;
        let file = self.read(id, manifest, KEY)?;
        let zkey = read_zkey(&file).map_err(|source| LibraryError::Format { id, source })?;
        let turns = &zkey.contributions.turns;
        transcript
            .check(&plan, turns, Sha256Digest::of(&file))
            .map_err(papers)?;
        transcript.check_finished(&plan, turns).map_err(papers)?;
        check_delta(&zkey, progress)?;
        Ok(zkey)
    }

    /// Takes a key on in its life: on disk before this returns.
    ///
    /// # Errors
    /// [`LibraryError::Life`] for a step that does not follow.
    pub fn turn(&self, id: KeyId, to: State, now: u64) -> Result<Kept, LibraryError> {
        // One after the other: a revocation is not lost to what somebody else writes meanwhile.
        let lock = self.directory(id).with_extension("lock");
        let _held = File::create(&lock)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(io("lock", &lock))?;
        let mut manifest = self.manifest(id)?;
        let life = manifest.life.turn(to, now);
        life.map_err(|source| LibraryError::Life { id, source })?;
        put(&self.directory(id).join(MANIFEST), &manifest.to_bytes())?;
        self.card(id)
    }

    fn directory(&self, id: KeyId) -> PathBuf {
        self.root.join(Sha256Digest(id.0).to_string())
    }

    fn manifest(&self, id: KeyId) -> Result<Manifest, LibraryError> {
        let directory = self.directory(id);
        if !directory.is_dir() {
            let root = self.root.clone();
            return Err(LibraryError::None { id, root });
        }
        let bytes = get(&directory.join(MANIFEST))?;
        Manifest::read(&bytes, id).map_err(|source| LibraryError::Papers { id, source })
    }

    fn entry<'m>(&self, id: KeyId, manifest: &'m Manifest, name: &'static str) -> Result<&'m FileEntry, LibraryError> {
        listed(&manifest.files, name).map_err(|source| LibraryError::Listed { id, source })
    }

    fn read(&self, id: KeyId, manifest: &Manifest, name: &'static str) -> Result<Vec<u8>, LibraryError> {
        let entry = self.entry(id, manifest, name)?;
        Ok(files::expect(&self.directory(id).join(name), entry.sha256)?)
    }
}

impl From<key::KeyError> for LibraryError {
    fn from(error: key::KeyError) -> LibraryError {
        LibraryError::Unusable(error.into())
    }
}
