//! A durable store of answers: one file, one answer for each nullifier in a scope.
//!
//! The file is a header and records of one size, appended and synchronised before the caller
//! hears of them, each with a checksum. A record that a crash cut short was never confirmed and
//! is dropped at the next start; any other damage is an error, because a lost record would let a
//! holder answer twice. One process has the file at a time.

use crate::refusal::Refusal;
use crate::verify::Verified;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use medproof_messages::encoding::FieldHex;
use medproof_statement::Fr;
use medproof_statement::field::{self, to_bytes};
use medproof_statement::request::Time;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Error, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

const HEADER: &[u8; 16] = b"medproof-store/1";
/// scope(32), nullifier(32), request digest(32), consent handle(32), registry root(32), nonce(32),
/// verified at(8).
const DATA: usize = 200;
/// The data, then the first 8 bytes of its SHA-256.
const RECORD: usize = DATA + 8;

/// Why the store did not take an answer.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The holder answered another request in this scope.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Another process has the file.
    #[error("the store {shown} is in use by another process: wait until it is done, or give each its own scope and file", shown = .path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Not a store, or one of another version.
    #[error("expected {shown} to be a store of answers, version 1, found something else: check the path", shown = .path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// A record whose checksum is wrong.
    #[error("record {record} of the store {shown} is damaged: restore the file from a copy; without it a holder could answer twice", shown = .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from 0.
        record: usize,
    },
    /// The disk did not take it. The store is as it was before.
    #[error("the store {shown} could not be written or read: {source}: make room or check the permissions, then verify again", shown = .path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: Error,
    },
    /// An earlier failure could not be undone.
    #[error("the store {shown} failed earlier and could not be brought back to its last good state: open it again", shown = .path.display())]
    Failed {
        /// The file.
        path: PathBuf,
    },
}

impl StoreError {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            StoreError::Refused(refusal) => refusal.code(),
            StoreError::Busy { .. } => "store.busy",
            StoreError::Format { .. } => "store.format",
            StoreError::Damaged { .. } => "store.damaged",
            StoreError::Disk { .. } => "store.disk",
            StoreError::Failed { .. } => "store.failed",
        }
    }
}

/// An answer that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Within what.
    pub scope: Fr,
    /// Whose.
    pub nullifier: Fr,
    /// To which request.
    pub request_digest: Fr,
    /// Under which consent.
    pub consent_handle: Fr,
    /// Over which registry.
    pub registry_root: Fr,
    /// The request's nonce.
    pub nonce: [u8; 32],
    /// When it was verified.
    pub verified_at: Time,
}

impl Answer {
    fn of(verified: &Verified) -> Answer {
        Answer {
            scope: verified.scope(),
            nullifier: verified.nullifier(),
            request_digest: verified.request_digest(),
            consent_handle: verified.consent_handle(),
            registry_root: verified.registry_root(),
            nonce: *verified.nonce(),
            verified_at: verified.verified_at(),
        }
    }

    // What the contract compares as well: the proof may be another, and the root a newer one.
    fn is_repeated_by(&self, other: &Answer) -> bool {
        self.request_digest == other.request_digest && self.consent_handle == other.consent_handle
    }

    fn to_record(self) -> Vec<u8> {
        let elements = [
            self.scope,
            self.nullifier,
            self.request_digest,
            self.consent_handle,
            self.registry_root,
        ]
        .map(|x| to_bytes(&x));
        let mut record = elements.concat();
        record.extend(self.nonce);
        record.extend(self.verified_at.seconds().to_be_bytes());
        record.extend(checksum(&record));
        record
    }

    fn from_record(record: &[u8; RECORD]) -> Option<Answer> {
        let (data, sum) = record.split_at_checked(DATA)?;
        if checksum(data) != sum {
            return None;
        }
        let (parts, time) = data.as_chunks::<32>();
        let [scope, nullifier, request_digest, consent_handle, registry_root, nonce] = parts else {
            return None;
        };
        let element = |bytes: &[u8; 32]| field::from_bytes(bytes).ok();
        Some(Answer {
            scope: element(scope)?,
            nullifier: element(nullifier)?,
            request_digest: element(request_digest)?,
            consent_handle: element(consent_handle)?,
            registry_root: element(registry_root)?,
            nonce: *nonce,
            verified_at: Time::new(u64::from_be_bytes(time.try_into().ok()?)).ok()?,
        })
    }
}

fn used(answer: &Answer) -> StoreError {
    let nullifier = FieldHex(answer.nullifier);
    Refusal::AlreadyUsed { nullifier }.into()
}

fn checksum(data: &[u8]) -> [u8; 8] {
    let hash: [u8; 32] = Sha256::digest(data).into();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    [a, b, c, d, e, f, g, h]
}

/// Whether an answer was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is the holder's first in the scope, and on disk.
    First(Answer),
    /// The holder gave this answer before: here is the one that counts.
    Again(Answer),
}

/// The store. Dropping it lets another process have the file.
#[derive(Debug)]
pub struct AnswerStore {
    path: PathBuf,
    file: File,
    answers: BTreeMap<(Fr, Fr), Answer>,
    end: u64,
    failed: bool,
}

/// Not left to the file's closing: a process forked meanwhile by another thread has a copy of it until it executes
/// its program, and the lock ends with the last copy.
impl Drop for AnswerStore {
    fn drop(&mut self) {
        // The system ends it with the process at the latest.
        let _ = self.file.unlock();
    }
}

impl AnswerStore {
    /// Opens a store, or makes one for its owner alone where there is no file.
    ///
    /// # Errors
    /// [`StoreError`]; a damaged file is never repaired by itself.
    pub fn open(path: &Path) -> Result<AnswerStore, StoreError> {
        let disk = |source| StoreError::Disk {
            path: path.to_path_buf(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        // Who answered and when, if only by pseudonym, is for nobody else.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(disk)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Busy {
                    path: path.to_path_buf(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(disk(source)),
        }
        let mut store = AnswerStore {
            path: path.to_path_buf(),
            file,
            answers: BTreeMap::new(),
            end: 0,
            failed: false,
        };
        // A device would be read without end.
        if !store.file.metadata().map_err(disk)?.is_file() {
            return Err(StoreError::Format {
                path: path.to_path_buf(),
            });
        }
        let mut bytes = Vec::new();
        store.file.read_to_end(&mut bytes).map_err(disk)?;
        store.load(&bytes)?;
        Ok(store)
    }

    /// How many answers there are.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// The answer of a nullifier in a scope.
    pub fn get(&self, scope: Fr, nullifier: Fr) -> Option<&Answer> {
        self.answers.get(&(scope, nullifier))
    }

    /// Takes an answer: on disk before this returns. Again with the same one: nothing changes.
    ///
    /// # Errors
    /// [`Refusal::AlreadyUsed`] where the holder answered another request in the scope, or the
    /// same one under another consent; what the disk does not take is not taken at all.
    pub fn record(&mut self, verified: &Verified) -> Result<Recorded, StoreError> {
        let recorded = self.known(&Answer::of(verified))?;
        if let Recorded::First(answer) = recorded {
            self.append(&answer.to_record())?;
            self.answers.insert((answer.scope, answer.nullifier), answer);
        }
        Ok(recorded)
    }

    /// Takes answers of different holders: where one is refused, nothing changes. Each is on disk before the next, so
    /// that what a crash leaves is a store; the same answers again take up where it was.
    ///
    /// # Errors
    /// As [`AnswerStore::record`], also where two of them are one holder's. Those before the one that the disk does
    /// not take are taken.
    pub fn record_all(&mut self, verified: &[Verified]) -> Result<Vec<Recorded>, StoreError> {
        self.known_all(verified)?;
        verified.iter().map(|verified| self.record(verified)).collect()
    }

    /// Whether answers would be taken, as [`AnswerStore::record_all`] says it: nothing changes.
    ///
    /// # Errors
    /// As there.
    pub fn known_all(&self, verified: &[Verified]) -> Result<Vec<Recorded>, StoreError> {
        let mut holders = BTreeSet::new();
        let known = verified.iter().map(|verified| {
            let answer = Answer::of(verified);
            if holders.insert((answer.scope, answer.nullifier)) {
                self.known(&answer)
            } else {
                Err(used(&answer))
            }
        });
        known.collect()
    }

    fn known(&self, answer: &Answer) -> Result<Recorded, StoreError> {
        match self.answers.get(&(answer.scope, answer.nullifier)) {
            Some(first) if first.is_repeated_by(answer) => Ok(Recorded::Again(*first)),
            Some(_) => Err(used(answer)),
            None => Ok(Recorded::First(*answer)),
        }
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let Some(records) = bytes.strip_prefix(HEADER) else {
            // A crash may have cut the header of a new file short.
            return if HEADER.starts_with(bytes) {
                self.begin()
            } else {
                Err(StoreError::Format {
                    path: self.path.clone(),
                })
            };
        };
        let (mut records, _) = records.as_chunks::<RECORD>();
        // A crash may have made the file longer before the record's bytes came.
        if let [head @ .., last] = records
            && *last == [0; RECORD]
        {
            records = head;
        }
        for (record, bytes) in records.iter().enumerate() {
            let answer = Answer::from_record(bytes);
            let damaged = || StoreError::Damaged {
                path: self.path.clone(),
                record,
            };
            let answer = answer.ok_or_else(damaged)?;
            if self.answers.insert((answer.scope, answer.nullifier), answer).is_some() {
                return Err(StoreError::Damaged {
                    path: self.path.clone(),
                    record,
                });
            }
        }
        self.end = (HEADER.len() + records.len() * RECORD) as u64;
        if self.end != bytes.len() as u64 {
            self.cut()?;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.cut()?;
        self.append(HEADER)?;
        // The new file's name must last as well.
        let parent = self
            .path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        File::open(parent)
            .and_then(|directory| directory.sync_all())
            .map_err(|source| self.disk(source))
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Failed {
                path: self.path.clone(),
            });
        }
        let written = self
            .file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| self.file.write_all(bytes))
            .and_then(|()| self.file.sync_data());
        if let Err(source) = written {
            self.failed = self.cut().is_err();
            return Err(self.disk(source));
        }
        self.end += bytes.len() as u64;
        Ok(())
    }

    fn cut(&mut self) -> Result<(), StoreError> {
        self.file
            .set_len(self.end)
            .and_then(|()| self.file.sync_data())
            .map_err(|source| self.disk(source))
    }

    fn disk(&self, source: Error) -> StoreError {
        let source = if source.kind() == ErrorKind::WriteZero {
            Error::from(ErrorKind::StorageFull)
        } else {
            source
        };
        StoreError::Disk {
            path: self.path.clone(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the disk refuses is not taken; and a store that cannot be cut back takes nothing more.
    #[test]
    fn a_store_that_cannot_write_takes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("answers");
        drop(AnswerStore::open(&path).unwrap());
        let mut store = AnswerStore::open(&path).unwrap();
        store.file = File::open(&path).unwrap();
        let end = store.end;
        assert!(matches!(store.append(&[1; RECORD]), Err(StoreError::Disk { .. })));
        assert_eq!(store.end, end);
        let refused = store.append(&[1; RECORD]).unwrap_err();
        assert!(matches!(refused, StoreError::Failed { .. }));
        assert_eq!(refused.code(), "store.failed");
        drop(store);
        assert!(AnswerStore::open(&path).unwrap().is_empty());
    }

    /// A disk that takes nothing more is full, whatever the write was told; other causes stay.
    #[test]
    fn a_disk_that_takes_nothing_is_full() {
        let dir = tempfile::tempdir().unwrap();
        let store = AnswerStore::open(&dir.path().join("answers")).unwrap();
        let cause = |kind: ErrorKind| match store.disk(Error::from(kind)) {
            StoreError::Disk { source, .. } => source.kind(),
            other => panic!("{other}"),
        };
        assert_eq!(cause(ErrorKind::WriteZero), ErrorKind::StorageFull);
        assert_eq!(cause(ErrorKind::PermissionDenied), ErrorKind::PermissionDenied);
    }

    #[test]
    fn a_copy_of_the_file_in_a_forked_process_does_not_keep_the_store() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("answers");
        let store = AnswerStore::open(&path).unwrap();
        let _copy = store.file.try_clone().unwrap();
        drop(store);
        AnswerStore::open(&path).unwrap();
    }

    #[test]
    fn a_record_that_was_half_written_is_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("answers");
        let mut store = AnswerStore::open(&path).unwrap();
        store.file.seek(SeekFrom::End(0)).unwrap();
        store.file.write_all(&[7; 100]).unwrap();
        store.cut().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), HEADER);
    }
}
