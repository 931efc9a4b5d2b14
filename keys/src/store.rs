//! Keys on disk: made once, found again, and never used if a byte of them changed.
//!
//! A key is a directory of its own, named by tier, version and matrix digest, that appears whole
//! by a rename. Who makes it holds a lock; who comes meanwhile waits and finds it made.

use crate::circuit::{CircuitKey, Provenance, UnusableKey};
use crate::development;
use crate::digest::{HashingWriter, Sha256Digest};
use crate::fit;
use crate::manifest::{FileEntry, Manifest, ManifestError};
use crate::pinned_shape;
use crate::places::{self, NoPlace};
use crate::progress::{Cancelled, Progress, check};
use crate::proving_file::{self, MalformedKey};
use crate::setup::{SetupError, SetupStage};
use crate::sizes;
use ark_serialize::SerializationError;
use medproof_disclosure::CIRCUIT_VERSION;
use medproof_gadgets::shape::{Matrices, Shape};
use medproof_messages::key::PinnedKey;
use medproof_statement::tier::Tier;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// The proving key's file.
pub const PROVING_FILE: &str = "proving.key";
/// The verifying key's file: the canonical JSON of a [`PinnedKey`].
pub const VERIFYING_FILE: &str = "verifying.json";
/// The manifest's file.
pub const MANIFEST_FILE: &str = "manifest.json";
/// No manifest is longer.
const MANIFEST_LIMIT: u64 = 64 * 1024;
/// Between two attempts at a lock.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// Nowhere to keep keys.
    #[error(transparent)]
    NoPlace(#[from] NoPlace),
    /// The file system refused.
    #[error("cannot {action} {path}: {source}; {advice}", path = .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What may help.
        advice: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// The manifest is not that of this key.
    #[error("{path}: {source}; delete {directory} and run again: the key is made anew",
        path = .directory.join(MANIFEST_FILE).display(), directory = .directory.display())]
    Manifest {
        /// The key's directory.
        directory: PathBuf,
        /// What is wrong with it.
        source: ManifestError,
    },
    /// A file is not the one that the manifest describes.
    #[error("{path} was truncated or altered: expected {expected_bytes} bytes with SHA-256 {expected}, \
        found {found_bytes} bytes with SHA-256 {found}; delete {directory} and run again: the key is made anew",
        path = .directory.join(.name).display(), directory = .directory.display())]
    Altered {
        /// The key's directory.
        directory: PathBuf,
        /// The file.
        name: &'static str,
        /// By the manifest.
        expected: Sha256Digest,
        /// Of the file.
        found: Sha256Digest,
        /// By the manifest.
        expected_bytes: u64,
        /// Of the file.
        found_bytes: u64,
    },
    /// A file that its manifest vouches for is no key of the circuit.
    #[error("{path}: {source}; delete {directory} and run again: the key is made anew",
        path = .directory.join(PROVING_FILE).display(), directory = .directory.display())]
    Malformed {
        /// The key's directory.
        directory: PathBuf,
        /// What is wrong with it.
        source: MalformedKey,
    },
    /// The key is another circuit's or not sound, or the circuit has other public inputs.
    #[error(transparent)]
    Unusable(#[from] UnusableKey),
    /// The circuit's size is not the one that was committed.
    #[error("the circuit of tier {tier} is not the one that its committed shape describes: commit its shape anew")]
    Shape {
        /// Whose circuit.
        tier: Tier,
    },
    /// No key could be made.
    #[error(transparent)]
    Setup(SetupError),
}

impl KeyError {
    /// Whether the caller stopped the work.
    #[must_use]
    pub const fn is_cancelled(&self) -> bool {
        matches!(self, Self::Setup(SetupError::Cancelled(_)))
    }
}

impl From<Cancelled> for KeyError {
    fn from(cancelled: Cancelled) -> Self {
        Self::Setup(SetupError::Cancelled(cancelled))
    }
}

/// Keys in a directory.
#[derive(Clone, Debug)]
pub struct KeyStore {
    root: PathBuf,
}

impl KeyStore {
    /// Keys in the user's [cache](places::cache).
    ///
    /// # Errors
    /// [`KeyError::NoPlace`].
    pub fn of_user() -> Result<Self, KeyError> {
        Ok(Self::at(places::cache()?))
    }

    /// Keys below this directory, which need not exist yet.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self {
            root: directory.into().join("keys"),
        }
    }

    /// The development key of a tier of the disclosure circuit: loaded if it was made before, else
    /// made and kept.
    ///
    /// # Errors
    /// As [`KeyStore::development_for`], and [`KeyError::Shape`] where the circuit is not the one
    /// whose shape was committed.
    pub fn development(&self, tier: Tier, progress: &dyn Progress<SetupStage>) -> Result<CircuitKey, KeyError> {
        progress.advance(SetupStage::Synthesis, 0, 1);
        let matrices = pinned_shape::matrices(tier)?;
        progress.advance(SetupStage::Synthesis, 1, 1);
        self.development_for(tier, CIRCUIT_VERSION, matrices, progress)
    }

    /// What is known of a tier's development key without reading it. The key is made if it was not
    /// made before.
    ///
    /// # Errors
    /// As [`KeyStore::development`].
    pub fn development_card(&self, tier: Tier, progress: &dyn Progress<SetupStage>) -> Result<KeyCard, KeyError> {
        let shape = pinned_shape::of(tier).ok_or(KeyError::Shape { tier })?;
        let place = Place {
            directory: self.directory_of(tier, CIRCUIT_VERSION, &shape),
            tier,
            version: CIRCUIT_VERSION,
            shape,
        };
        if !place.exists() {
            self.development(tier, progress)?;
        }
        place.card()
    }

    /// The development key of any circuit with the statement's public inputs: loaded if it was made before, else made and kept.
    ///
    /// # Errors
    /// [`KeyError`]. What was half made is removed, now or by the next run.
    pub fn development_for(
        &self,
        tier: Tier,
        version: u32,
        matrices: Matrices,
        progress: &dyn Progress<SetupStage>,
    ) -> Result<CircuitKey, KeyError> {
        fit::check_inputs(&matrices.shape()).map_err(UnusableKey::from)?;
        let shape = matrices.shape();
        let directory = self.directory_of(tier, version, &shape);
        let place = Place {
            directory,
            tier,
            version,
            shape,
        };
        if !place.exists() {
            let _lock = place.lock(progress)?;
            // Another run may have made it while this one waited.
            if !place.exists() {
                return place.make(matrices, progress);
            }
        }
        place.load(matrices)
    }

    /// Where a circuit's development key is kept, whether or not it was made.
    #[must_use]
    pub fn directory_of(&self, tier: Tier, version: u32, shape: &Shape) -> PathBuf {
        let digest: String = shape.digest_hex().chars().take(16).collect();
        let name = format!("{}-v{version}-{digest}", tier.name().to_lowercase());
        self.root.join("development").join(name)
    }
}

/// What is known of a key without reading it: its manifest, and the verifying key beside it.
#[derive(Clone, Debug)]
pub struct KeyCard {
    /// Size of the circuit.
    pub tier: Tier,
    /// Counts and digest of its matrices.
    pub shape: Shape,
    /// Where its secrets come from.
    pub provenance: Provenance,
    /// What its proofs verify under.
    pub pinned: PinnedKey,
    /// Of the proving key.
    pub proving: Sha256Digest,
    /// Where it is, alone but for what is made from it.
    pub directory: PathBuf,
}

/// One key's directory and lock.
struct Place {
    directory: PathBuf,
    tier: Tier,
    version: u32,
    shape: Shape,
}

impl Place {
    fn exists(&self) -> bool {
        self.directory.is_dir()
    }

    fn sibling(&self, suffix: &str) -> PathBuf {
        let mut path = self.directory.clone().into_os_string();
        path.push(suffix);
        path.into()
    }

    /// Held until dropped, or until the process ends.
    fn lock(&self, progress: &dyn Progress<SetupStage>) -> Result<File, KeyError> {
        let path = self.sibling(".lock");
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(io_error("create", parent))?;
        }
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(io_error("open", &path))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => {
                    progress.advance(SetupStage::Waiting, 0, 1);
                    check(progress)?;
                    std::thread::sleep(LOCK_POLL);
                }
                Err(TryLockError::Error(source)) => return Err(io_error("lock", &path)(source)),
            }
        }
    }

    fn make(&self, matrices: Matrices, progress: &dyn Progress<SetupStage>) -> Result<CircuitKey, KeyError> {
        let key = development::make(self.tier, self.version, matrices, progress)?;
        let partial = self.sibling(".partial");
        // Of a run that ended in the middle: the lock is ours, so nobody writes there.
        remove(&partial)?;
        let made = self
            .write(&key, &partial, progress)
            .and_then(|()| fs::rename(&partial, &self.directory).map_err(io_error("rename to", &self.directory)));
        if made.is_err() {
            // The first error is the one to report.
            let _ = remove(&partial);
        }
        made.map(|()| key)
    }

    fn write(&self, key: &CircuitKey, partial: &Path, progress: &dyn Progress<SetupStage>) -> Result<(), KeyError> {
        fs::create_dir_all(partial).map_err(io_error("create", partial))?;
        let bytes = sizes::proving_key_bytes(&self.shape);
        progress.advance(SetupStage::Writing, 0, bytes);
        let path = partial.join(PROVING_FILE);
        let proving = write_proving(key, &path).map_err(io_error("write", &path))?;
        progress.advance(SetupStage::Writing, bytes, bytes);
        check(progress)?;
        let json = key.pinned().to_json();
        let verifying = FileEntry::of(VERIFYING_FILE, &json);
        write_synced(&partial.join(VERIFYING_FILE), &json)?;
        let files = vec![proving, verifying];
        let manifest = Manifest::new(self.tier, self.version, &self.shape, key.provenance(), files);
        write_synced(&partial.join(MANIFEST_FILE), &manifest.to_json())
    }

    fn manifest(&self) -> Result<Manifest, KeyError> {
        let bytes = read_at_most(&self.directory.join(MANIFEST_FILE), MANIFEST_LIMIT)?;
        let manifest = Manifest::parse(&bytes, self.tier, self.version, &self.shape, Provenance::Development);
        manifest.map_err(|source| self.bad_manifest(source))
    }

    fn card(&self) -> Result<KeyCard, KeyError> {
        let manifest = self.manifest()?;
        let verifying = self.read_checked(VERIFYING_FILE, &manifest)?;
        let pinned = PinnedKey::from_json(&verifying).map_err(UnusableKey::from)?;
        let info = pinned.info();
        let own = (info.tier, info.circuit_version, info.matrix_digest) == (self.tier, self.version, self.shape.digest);
        if !own {
            return Err(self.malformed(MalformedKey::Verifying));
        }
        let proving = manifest
            .file(PROVING_FILE)
            .map_err(|source| self.bad_manifest(source))?;
        Ok(KeyCard {
            tier: self.tier,
            shape: self.shape,
            provenance: Provenance::Development,
            pinned,
            proving: proving.sha256,
            directory: self.directory.clone(),
        })
    }

    fn load(&self, matrices: Matrices) -> Result<CircuitKey, KeyError> {
        let provenance = Provenance::Development;
        let manifest = self.manifest()?;
        let verifying = self.read_checked(VERIFYING_FILE, &manifest)?;
        let proving = self.read_checked(PROVING_FILE, &manifest)?;
        let proving = proving_file::read(&proving, &self.shape).map_err(|source| self.malformed(source))?;
        let key = CircuitKey::new(self.tier, self.version, matrices, proving, provenance)?;
        let own = key.pinned().to_json() == verifying;
        if own {
            Ok(key)
        } else {
            Err(self.malformed(MalformedKey::Verifying))
        }
    }

    fn malformed(&self, source: MalformedKey) -> KeyError {
        let directory = self.directory.clone();
        KeyError::Malformed { directory, source }
    }

    fn bad_manifest(&self, source: ManifestError) -> KeyError {
        KeyError::Manifest {
            directory: self.directory.clone(),
            source,
        }
    }

    /// A file's bytes, if they are those of the manifest.
    fn read_checked(&self, name: &'static str, manifest: &Manifest) -> Result<Vec<u8>, KeyError> {
        let entry = manifest.file(name).map_err(|source| self.bad_manifest(source))?;
        let path = self.directory.join(name);
        let found_bytes = fs::metadata(&path).map_err(io_error("read", &path))?.len();
        // A file of another size is hashed for the message, but not taken into memory.
        let (bytes, found) = if found_bytes == entry.bytes {
            let bytes = fs::read(&path).map_err(io_error("read", &path))?;
            let found = Sha256Digest::of(&bytes);
            (bytes, found)
        } else {
            (Vec::new(), hash_file(&path).map_err(io_error("read", &path))?)
        };
        if found_bytes == entry.bytes && found == entry.sha256 {
            return Ok(bytes);
        }
        Err(KeyError::Altered {
            directory: self.directory.clone(),
            name,
            expected: entry.sha256,
            found,
            expected_bytes: entry.bytes,
            found_bytes,
        })
    }
}

fn write_proving(key: &CircuitKey, path: &Path) -> io::Result<FileEntry> {
    let mut writer = HashingWriter::new(BufWriter::with_capacity(1 << 20, File::create(path)?));
    proving_file::write(key.proving(), &mut writer).map_err(|error| match error {
        SerializationError::IoError(error) => error,
        other => io::Error::other(other),
    })?;
    let (buffered, sha256, bytes) = writer.finish();
    buffered.into_inner()?.sync_all()?;
    Ok(FileEntry {
        name: PROVING_FILE.into(),
        bytes,
        sha256,
    })
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(io_error("write", path))
}

fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, KeyError> {
    use io::Read;
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io_error("read", path))?;
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(io_error("read", path))?;
    Ok(bytes)
}

fn hash_file(path: &Path) -> io::Result<Sha256Digest> {
    let mut hash = HashingWriter::new(io::sink());
    io::copy(&mut File::open(path)?, &mut hash)?;
    Ok(hash.finish().1)
}

fn remove(directory: &Path) -> Result<(), KeyError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", directory)(error)),
        _ => Ok(()),
    }
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyError {
    let path = path.to_path_buf();
    move |source| {
        let advice = match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "free some space, or set MEDPROOF_CACHE to a directory on another disk"
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "set MEDPROOF_CACHE to a directory that you can write to"
            }
            io::ErrorKind::NotFound => "delete the key's directory and run again: the key is made anew",
            _ => "check the disk, or set MEDPROOF_CACHE to a directory on another one",
        };
        KeyError::Io {
            action,
            path,
            advice,
            source,
        }
    }
}

#[cfg(test)]
mod tests;
