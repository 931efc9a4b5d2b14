//! The embedded chain's directory: a lock, and the state, replaced whole.

use super::world::World;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// "medproof ledger", format 1.
const MAGIC: &[u8; 16] = b"medproof-ledger\x01";
const STATE: &str = "state.bin";
const LOCK: &str = "lock";
const DIGEST: usize = 32;

/// Why the embedded chain's state could not be read or kept.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error("the ledger in {path} is in use by another process; wait for it, or end it")]
    Busy {
        /// The directory.
        path: String,
    },
    /// The system refused.
    #[error("the ledger in {path} could not be {action}: {source}")]
    Io {
        /// The directory.
        path: String,
        /// read, locked, written.
        action: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is not what was written.
    #[error(
        "the ledger's state in {path} is damaged: expected {expected}, found {found}; restore the directory from a copy"
    )]
    Damaged {
        /// The directory.
        path: String,
        /// A digest or a format.
        expected: String,
        /// What is there.
        found: String,
    },
}

/// An open directory. The lock is held until it is dropped, and by the system's doing no longer
/// than the process lives.
#[derive(Debug)]
pub(crate) struct Store {
    directory: PathBuf,
    lock: File,
}

/// Not left to the file's closing: a process forked meanwhile by another thread has a copy of it until it executes
/// its program, and the lock ends with the last copy.
impl Drop for Store {
    fn drop(&mut self) {
        // The system ends it with the process at the latest.
        let _ = self.lock.unlock();
    }
}

impl Store {
    /// Locks the directory, made if absent, and reads its state; a new one's is empty.
    pub fn open(directory: &Path) -> Result<(Store, World), StoreError> {
        let failed = |action| move |source| io_error(directory, action, source);
        std::fs::create_dir_all(directory).map_err(failed("created"))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(directory.join(LOCK))
            .map_err(failed("locked"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Busy {
                    path: directory.display().to_string(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed("locked")(source)),
        }
        let store = Store {
            directory: directory.to_path_buf(),
            lock,
        };
        let world = store.read()?;
        Ok((store, world))
    }

    /// Replaces the state. A crash at any point leaves the old one or the new one.
    pub fn write(&self, world: &World) -> Result<(), StoreError> {
        let body = world.encode();
        let mut bytes = Vec::with_capacity(MAGIC.len() + body.len() + DIGEST);
        bytes.extend(MAGIC);
        bytes.extend(&body);
        bytes.extend(Sha256::digest(&bytes));
        replace_file(&self.directory.join(STATE), &bytes).map_err(|source| io_error(&self.directory, "written", source))
    }

    fn read(&self) -> Result<World, StoreError> {
        let bytes = match std::fs::read(self.directory.join(STATE)) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(World::default()),
            Err(source) => return Err(io_error(&self.directory, "read", source)),
        };
        let damaged = |expected: String, found: String| StoreError::Damaged {
            path: self.directory.display().to_string(),
            expected,
            found,
        };
        if !bytes.starts_with(MAGIC) || bytes.len() < MAGIC.len() + DIGEST {
            return Err(damaged("format 1 of a ledger".into(), "another file".into()));
        }
        let (content, digest) = bytes.split_at(bytes.len() - DIGEST);
        let found = Sha256::digest(content);
        if found.as_slice() != digest {
            return Err(damaged(hex::encode(digest), hex::encode(found)));
        }
        World::decode(content.get(MAGIC.len()..).unwrap_or_default())
            .ok_or_else(|| damaged("a ledger's accounts".into(), "another content".into()))
    }
}

pub(super) fn io_error(directory: &Path, action: &'static str, source: io::Error) -> StoreError {
    StoreError::Io {
        path: directory.display().to_string(),
        action,
        source,
    }
}

/// Writes a file beside the old one, makes it durable, and takes the old one's place with it.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&temporary, path)?;
    // The rename itself is durable only once the directory is.
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn a_second_opening_is_refused_until_the_first_ends() {
        let directory = directory();
        let first = Store::open(directory.path()).unwrap();
        assert!(matches!(Store::open(directory.path()), Err(StoreError::Busy { .. })));
        drop(first);
        Store::open(directory.path()).unwrap();
    }

    #[test]
    fn a_copy_of_the_lock_in_a_forked_process_does_not_outlast_it() {
        let directory = directory();
        let (first, _) = Store::open(directory.path()).unwrap();
        let _copy = first.lock.try_clone().unwrap();
        drop(first);
        Store::open(directory.path()).unwrap();
    }

    #[test]
    fn what_was_written_is_read_and_half_a_write_is_ignored() {
        let directory = directory();
        let (store, mut world) = Store::open(directory.path()).unwrap();
        world.ahead = 77;
        store.write(&world).unwrap();
        drop(store);
        std::fs::write(directory.path().join("state.new"), b"half").unwrap();
        assert_eq!(Store::open(directory.path()).unwrap().1, world);
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let directory = directory();
        let (store, world) = Store::open(directory.path()).unwrap();
        store.write(&world).unwrap();
        drop(store);
        let path = directory.path().join(STATE);
        let bytes = std::fs::read(&path).unwrap();
        for i in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[i] ^= 1;
            std::fs::write(&path, changed).unwrap();
            let opened = Store::open(directory.path());
            assert!(matches!(opened, Err(StoreError::Damaged { .. })), "byte {i}");
        }
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(matches!(Store::open(directory.path()), Err(StoreError::Damaged { .. })));
    }
}
