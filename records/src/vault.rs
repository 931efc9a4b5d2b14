//! The encrypted store of one issuer's records: one directory, one process at a time.
//!
//! ```text
//! lock       held while the directory is open
//! head       which snapshot and operations count: replaced last, so that a change of many
//!            records appears whole or not at all
//! counter    the head's generation once more: an older head put back is noticed
//! <32 hex>   sealed once and never written again: a record's version, a snapshot, or the
//!            operations of a transaction; the name is random
//! ```
//!
//! Every file is sealed under a data key of its own, wrapped under the [`MasterKey`] and bound to
//! its kind, name and record, so a file that was changed, cut, renamed or swapped does not open.
//! A record that is no longer needed is overwritten before its name is removed; what is left over
//! by a crash is overwritten when the directory is next opened.
//!
//! Two things are out of its reach. A whole directory put back to an earlier state is authentic:
//! comparing the anchored epoch with the ledger shows it. And a device may keep blocks that were
//! overwritten, a backup what was erased: who has those and the master key has the records.

pub(crate) mod codec;
pub(crate) mod content;
pub(crate) mod disk;
pub(crate) mod index;
pub(crate) mod log;
pub(crate) mod master;
pub(crate) mod seal;
#[cfg(test)]
pub(crate) mod sim;

use std::collections::BTreeSet;
use thiserror::Error;

pub use codec::DecodeError;
pub use disk::DiskError;
pub use index::{PatientId, PatientIdError, RecordId, Standing};
pub use master::{LocalMasterKey, MasterKey, MasterKeyError, MasterKeyId};
pub use seal::DataKey;

use crate::random::{self, RandomError};
use crate::registry::RegistryError;
use codec::{Reader, Writer};
use content::RecordContent;
use disk::Disk;
use index::{FileName, FileRef};
use log::{Op, State};
use seal::SealKind;

/// A vault that cannot be opened, read or changed. Names files, which are random; nothing of a
/// patient.
#[derive(Debug, Error)]
pub enum VaultError {
    /// The file system.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The master key.
    #[error(transparent)]
    Master(MasterKeyError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// There is no issuer in the directory.
    #[error("expected an issuer in this directory, found none: create one first, or give the directory of one")]
    NoIssuer,
    /// Something is in a directory where an issuer should be created.
    #[error(
        "expected an empty directory for a new issuer, found files in it: open the issuer that is there, choose another directory, or remove this one if its creation was interrupted"
    )]
    NotEmpty,
    /// The files were sealed under another master key.
    #[error("expected master key {expected}, found {found}: give the key with which this issuer was created")]
    WrongMasterKey {
        /// The key that the file names.
        expected: MasterKeyId,
        /// The key that was given.
        found: MasterKeyId,
    },
    /// A file is not as it was written, or not where.
    #[error(
        "the file {file} was changed, cut, or put in another's place: restore the issuer's directory from a backup"
    )]
    Tampered {
        /// Which file.
        file: String,
    },
    /// The head is not the last that was written.
    #[error(
        "expected head and counter of one generation, found head {head} and counter {counter}: one of them was put back to an earlier state; restore the issuer's whole directory from a backup"
    )]
    RolledBack {
        /// The head's generation.
        head: u64,
        /// The counter's.
        counter: u64,
    },
    /// An authentic file of another version.
    #[error("the file {file} cannot be read: {source}")]
    Form {
        /// Which file.
        file: String,
        /// What was wrong.
        source: DecodeError,
    },
    /// The operations on file contradict each other.
    #[error("the issuer's operations on file contradict each other ({0}): restore its directory from a backup")]
    Inconsistent(RegistryError),
    /// A record file is not the one that the index names.
    #[error(
        "the record in file {file} is not the one that the index names: restore the issuer's directory from a backup"
    )]
    Mismatch {
        /// Which file.
        file: String,
    },
    /// An earlier change failed where it could no longer be undone.
    #[error(
        "an earlier change failed while it was being made final: close the issuer and open it again to see whether it is there"
    )]
    Reopen,
    /// More than one seal takes.
    #[error("expected less than 256 GiB to seal at once, found {found} bytes")]
    TooLarge {
        /// How many bytes.
        found: usize,
    },
    /// A master key whose wrapped keys are too long.
    #[error("expected a wrapped key of at most 65535 bytes, found {found}")]
    WrappedKeyTooLong {
        /// How long.
        found: usize,
    },
}

impl From<MasterKeyError> for VaultError {
    fn from(error: MasterKeyError) -> Self {
        VaultError::Master(error)
    }
}

const HEAD: &str = "head";
const COUNTER: &str = "counter";
const FORM: u8 = 1;

/// Operations are folded into a new snapshot when there are more files of them than this.
const MOST_SEGMENTS: usize = 512;

pub(crate) struct Head {
    pub(crate) vault: [u8; 16],
    pub(crate) issuer: String,
    pub(crate) generation: u64,
    pub(crate) segments: Vec<FileName>,
}

impl Head {
    pub(crate) fn encode(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let mut w = Writer::with_capacity(64 + self.issuer.len() + 16 * self.segments.len());
        w.u8(FORM);
        w.raw(&self.vault);
        w.blob(self.issuer.as_bytes());
        w.u64(self.generation);
        w.list(self.segments.iter(), |w, name| w.raw(name.bytes()));
        w.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Head, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != FORM {
            return Err(DecodeError("form 1 of a head"));
        }
        let head = Head {
            vault: r.array()?,
            issuer: r.text()?.to_owned(),
            generation: r.u64()?,
            segments: r.list(16, FileName::read)?,
        };
        r.end()?;
        Ok(head)
    }
}

/// Record files and operations that become true together.
#[derive(Default)]
pub(crate) struct Transaction {
    pub(crate) ops: Vec<Op>,
    pub(crate) files: Vec<SealedFile>,
}

/// A version of a record, sealed for the name that it will have.
pub(crate) struct SealedFile {
    pub(crate) name: FileRef,
    bytes: Vec<u8>,
}

/// An open vault.
pub(crate) struct Vault {
    disk: Box<dyn Disk>,
    master: Box<dyn MasterKey>,
    head: Head,
    state: State,
    // Operations since the snapshot.
    operations: usize,
    // The counter is one behind: a crash came between head and counter.
    counter_lags: bool,
    // A commit failed half way: what is in memory may not be what is on disk.
    uncertain: bool,
    // Files that nothing needs and that are not destroyed yet.
    garbage: BTreeSet<String>,
}

impl Vault {
    /// A new vault in an empty directory.
    pub(crate) fn create(disk: Box<dyn Disk>, master: Box<dyn MasterKey>, issuer: &str) -> Result<Vault, VaultError> {
        if !disk.list()?.is_empty() {
            return Err(VaultError::NotEmpty);
        }
        let mut vault = Vault {
            disk,
            master,
            head: Head {
                vault: random::bytes()?,
                issuer: issuer.to_owned(),
                generation: 0,
                segments: Vec::new(),
            },
            state: State::default(),
            operations: 0,
            // The counter comes first: a head without one would be taken for tampered with.
            counter_lags: true,
            uncertain: false,
            garbage: BTreeSet::new(),
        };
        vault.commit(Transaction::default())?;
        Ok(vault)
    }

    /// Opens a vault, replays its operations, and destroys what a crash left behind.
    pub(crate) fn open(disk: Box<dyn Disk>, master: Box<dyn MasterKey>) -> Result<Vault, VaultError> {
        let names = disk.list()?;
        if !names.iter().any(|n| n == HEAD) {
            return Err(VaultError::NoIssuer);
        }
        let head = seal::open(&*master, SealKind::Head, &[], HEAD, &disk.read(HEAD)?)?;
        let head = form(HEAD, Head::decode(&head))?;
        let counter = seal::open(&*master, SealKind::Counter, &head.vault, COUNTER, &disk.read(COUNTER)?)?;
        let counter = form(COUNTER, Reader::new(&counter).u64())?;
        let counter_lags = counter.checked_add(1) == Some(head.generation);
        if counter != head.generation && !counter_lags {
            return Err(VaultError::RolledBack {
                head: head.generation,
                counter,
            });
        }
        let mut vault = Vault {
            disk,
            master,
            head,
            state: State::default(),
            operations: 0,
            counter_lags,
            uncertain: false,
            garbage: BTreeSet::new(),
        };
        vault.replay()?;
        vault.collect(names);
        // A file that cannot be destroyed now is tried again after the next change.
        let _ = vault.sweep();
        Ok(vault)
    }

    fn replay(&mut self) -> Result<(), VaultError> {
        let Some((snapshot, rest)) = self.head.segments.split_first() else {
            return Err(VaultError::Form {
                file: HEAD.to_owned(),
                source: DecodeError("a snapshot"),
            });
        };
        self.state = form(
            &snapshot.to_string(),
            State::read_snapshot(&self.read_segment(*snapshot)?),
        )?;
        for name in rest {
            let ops = form(&name.to_string(), log::read_ops(&self.read_segment(*name)?))?;
            self.operations += ops.len();
            for op in &ops {
                self.state.apply(op).map_err(VaultError::Inconsistent)?;
            }
        }
        Ok(())
    }

    fn read_segment(&self, name: FileName) -> Result<zeroize::Zeroizing<Vec<u8>>, VaultError> {
        let file = name.to_string();
        let bytes = self.disk.read(&file)?;
        let context = [self.head.vault, *name.bytes()].concat();
        seal::open(&*self.master, SealKind::Segment, &context, &file, &bytes)
    }

    // Files of ours that neither head nor index name: left by a crash.
    fn collect(&mut self, names: Vec<String>) {
        let mut kept = self.state.files();
        kept.extend(&self.head.segments);
        let ours = |name: &String| FileName::parse(name).is_some_and(|n| !kept.contains(&n));
        self.garbage.extend(names.into_iter().filter(ours));
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.head.issuer
    }

    pub(crate) const fn state(&self) -> &State {
        &self.state
    }

    /// How many files the snapshot and the operations since take.
    #[cfg(test)]
    pub(crate) fn segments(&self) -> usize {
        self.head.segments.len()
    }

    /// Bound into what must not be confused with another issuer's.
    pub(crate) const fn id(&self) -> &[u8; 16] {
        &self.head.vault
    }

    /// Reads a version of a record that the index names.
    pub(crate) fn read(&self, id: &RecordId, file: FileRef) -> Result<RecordContent, VaultError> {
        let name = file.file.to_string();
        let bytes = self.disk.read(&name)?;
        let context = self.record_context(id, file);
        let body = seal::open(&*self.master, SealKind::Record, &context, &name, &bytes)?;
        form(&name, RecordContent::decode(&body))
    }

    /// Seals a version of a record under a new name.
    pub(crate) fn seal(&self, id: &RecordId, content: &RecordContent) -> Result<SealedFile, VaultError> {
        let name = FileRef {
            file: FileName::random()?,
            version: content.version,
        };
        let context = self.record_context(id, name);
        let bytes = seal::seal(&*self.master, SealKind::Record, &context, &content.encode())?;
        Ok(SealedFile { name, bytes })
    }

    fn record_context(&self, id: &RecordId, file: FileRef) -> Vec<u8> {
        let version = file.version.to_be_bytes();
        [&self.head.vault[..], file.file.bytes(), id.bytes(), &version].concat()
    }

    /// Makes a transaction durable, whole or not at all, and then true in memory. The operations
    /// must be ones that the state takes: the caller has checked them.
    ///
    /// After an error nothing was changed, but where the error came from making the change final:
    /// then the vault takes no further change until it is opened again.
    pub(crate) fn commit(&mut self, tx: Transaction) -> Result<(), VaultError> {
        if self.uncertain {
            return Err(VaultError::Reopen);
        }
        self.repair_counter()?;
        let folded = self.fold(&tx.ops)?;
        let segment = FileName::random()?;
        let body = folded
            .as_ref()
            .map_or_else(|| log::write_ops(&tx.ops), |(state, _)| state.snapshot());
        let mut segments = vec![segment];
        if folded.is_none() {
            segments.splice(..0, self.head.segments.iter().copied());
        }
        let head = Head {
            vault: self.head.vault,
            issuer: self.head.issuer.clone(),
            generation: self.head.generation + 1,
            segments,
        };
        let head_file = FileName::random()?.to_string();
        let counter_file = FileName::random()?.to_string();
        let context = [self.head.vault, *segment.bytes()].concat();
        let Transaction { ops, files } = tx;
        let mut files: Vec<(String, Vec<u8>)> = files.into_iter().map(|f| (f.name.file.to_string(), f.bytes)).collect();
        files.push((
            segment.to_string(),
            seal::seal(&*self.master, SealKind::Segment, &context, &body)?,
        ));
        files.push((
            head_file.clone(),
            seal::seal(&*self.master, SealKind::Head, &[], &head.encode())?,
        ));
        files.push((counter_file.clone(), self.sealed_counter(head.generation)?));
        self.prepare(&files)?;

        // From here on the change may be on disk whatever happens.
        self.uncertain = true;
        self.disk.rename(&head_file, HEAD)?;
        // Before the counter's name: a counter ahead of its head is what a head put back looks like.
        self.disk.sync_names()?;
        // Not synced on its own: a counter one behind is accepted, and the next change, which
        // syncs names before its head, never finds it two behind.
        self.disk.rename(&counter_file, COUNTER)?;
        let old_segments = core::mem::replace(&mut self.head, head).segments;
        match folded {
            Some((state, dropped)) => {
                self.state = state;
                self.operations = 0;
                self.discard(old_segments);
                self.discard(dropped);
            }
            None => {
                self.operations += ops.len();
                for op in &ops {
                    let dropped = self.state.apply(op).map_err(VaultError::Inconsistent)?;
                    self.discard(dropped);
                }
            }
        }
        self.uncertain = false;
        // What cannot be destroyed now stays garbage; `sweep` tells who must know.
        let _ = self.sweep();
        Ok(())
    }

    // The state after `ops`, where it goes on file as a snapshot: at first, after an erasure (so
    // that no older file names the patient), and when there are many operations.
    fn fold(&self, ops: &[Op]) -> Result<Option<(State, Vec<FileName>)>, VaultError> {
        let erases = ops.iter().any(|op| matches!(op, Op::Remove(_)));
        let many = self.operations + ops.len() > 256 + self.state.index.iter().len();
        let none = self.head.segments.is_empty();
        if !(erases || many || none || self.head.segments.len() > MOST_SEGMENTS) {
            return Ok(None);
        }
        let mut state = self.state.clone();
        let mut dropped = Vec::new();
        for op in ops {
            dropped.extend(state.apply(op).map_err(VaultError::Inconsistent)?);
        }
        Ok(Some((state, dropped)))
    }

    // Writes files under names that nothing refers to yet. On an error none is left.
    fn prepare(&mut self, files: &[(String, Vec<u8>)]) -> Result<(), VaultError> {
        let write = || {
            for (name, bytes) in files {
                self.disk.create(name, bytes)?;
            }
            for (name, _) in files {
                self.disk.sync(name)?;
            }
            self.disk.sync_names()
        };
        if let Err(error) = write() {
            self.garbage.extend(files.iter().map(|(name, _)| name.clone()));
            let _ = self.sweep();
            return Err(error.into());
        }
        Ok(())
    }

    fn sealed_counter(&self, generation: u64) -> Result<Vec<u8>, VaultError> {
        let body = generation.to_be_bytes();
        seal::seal(&*self.master, SealKind::Counter, &self.head.vault, &body)
    }

    fn repair_counter(&mut self) -> Result<(), VaultError> {
        if self.counter_lags {
            let file = FileName::random()?.to_string();
            self.prepare(&[(file.clone(), self.sealed_counter(self.head.generation)?)])?;
            self.disk.rename(&file, COUNTER)?;
            self.counter_lags = false;
        }
        Ok(())
    }

    fn discard(&mut self, files: Vec<FileName>) {
        self.garbage.extend(files.into_iter().map(|f| f.to_string()));
    }

    /// Destroys every file that nothing needs.
    ///
    /// An error leaves the rest for the next change or opening.
    pub(crate) fn sweep(&mut self) -> Result<(), VaultError> {
        if self.garbage.is_empty() {
            return Ok(());
        }
        let mut failed = None;
        let disk = &self.disk;
        self.garbage.retain(|name| match disk.shred(name) {
            Ok(()) | Err(DiskError::Missing { .. }) => false,
            Err(error) => {
                failed = Some(error);
                true
            }
        });
        // A name that a crash brings back names zeros, and is collected again.
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

fn form<T>(file: &str, read: Result<T, DecodeError>) -> Result<T, VaultError> {
    read.map_err(|source| VaultError::Form {
        file: file.to_owned(),
        source,
    })
}
