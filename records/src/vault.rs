//! The encrypted store of one issuer's records: three directories, one process at a time.
//!
//! ```text
//! records/  lock       held while the vault is open
//!           head       which snapshot and operations count: replaced last, so that a change of many
//!                      records appears whole or not at all
//!           level0…8   the registry's nodes, in the clear: `registry::nodes`
//!           <32 hex>   a pack: the record versions of a transaction, and its operations or a snapshot,
//!                      each an item that was sealed once; the name is random
//! keystore/ counter    the head's generation once more: an older head put back is noticed
//!           <32 hex>   the keys of the pack of that name: `keystore`
//! erasures/ log, tip   which records were erased: `erasures`
//! any       NAME.new   and NAME.old, while the master key is rotated: `rewrap`
//! ```
//!
//! Every item is sealed under a key of its own, wrapped under the [`MasterKey`] in the keystore, and
//! bound to its kind and record: what was changed, cut or swapped does not open, and packs without
//! their keystore tell nothing. What is no longer needed loses its key first and is overwritten then;
//! what a crash leaves over is overwritten when the vault is next opened.
//!
//! Records and keystore of an earlier day are authentic, and open if they are of the same day; every
//! record that the erasure log names is removed from them before anything is served. That other
//! changes are missing, comparing the anchored epoch with the ledger shows. And a device may keep
//! blocks that were overwritten: who has those, and the master key, has the records.

pub(crate) mod codec;
pub(crate) mod content;
pub(crate) mod disk;
pub(crate) mod erasures;
pub(crate) mod index;
pub(crate) mod keystore;
pub(crate) mod log;
pub(crate) mod master;
mod rewrap;
pub(crate) mod seal;
#[cfg(test)]
pub(crate) mod sim;
mod upgrade;

use medproof_statement::Fr;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

pub use codec::DecodeError;
pub use disk::{Directory, Disk, DiskError};
pub use index::{PatientId, PatientIdError, RecordId, Standing};
pub use master::{LocalMasterKey, MasterKey, MasterKeyError, MasterKeyId};
pub use rewrap::{Rewrapped, rewrap};
pub use seal::DataKey;

use crate::random::{self, RandomError};
use crate::registry::{RegistryError, nodes};
use codec::{Reader, Writer};
use content::RecordContent;
use erasures::{Erasures, Extent};
use index::{FileName, Item, VersionRef};
use keystore::{Keystore, Slots};
use log::{Op, State};
use seal::SealKind;

/// Where the three parts of a vault are. The keystore is best on another disk than the records, and
/// in another backup; the erasure log on a third.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Sealed records, index and registry.
    pub records: PathBuf,
    /// The keys that open them, wrapped under the master key.
    pub keystore: PathBuf,
    /// Which records were erased.
    pub erasures: PathBuf,
}

impl Places {
    /// Keystore and erasure log beside the records.
    pub fn beside(records: &Path) -> Places {
        Places {
            records: records.to_owned(),
            keystore: records.with_file_name("keystore"),
            erasures: records.with_file_name("erasures"),
        }
    }
}

/// The same, however each is kept.
pub struct Disks {
    /// Of [`Places::records`].
    pub records: Arc<dyn Disk>,
    /// Of [`Places::keystore`].
    pub keystore: Arc<dyn Disk>,
    /// Of [`Places::erasures`].
    pub erasures: Arc<dyn Disk>,
}

impl Disks {
    /// Makes and locks the directories.
    ///
    /// # Errors
    /// [`DiskError::Locked`] where another process has one.
    pub fn create(places: &Places) -> Result<Disks, DiskError> {
        Ok(Disks {
            records: Arc::new(Directory::create(&places.records)?),
            keystore: Arc::new(Directory::create(&places.keystore)?),
            erasures: Arc::new(Directory::create(&places.erasures)?),
        })
    }

    /// Locks the directories of a vault. One of the first form has none but the records: the others are
    /// made.
    ///
    /// # Errors
    /// [`VaultError::NoIssuer`], [`VaultError::NoKeystore`], [`VaultError::ErasureLog`] say which is not
    /// there.
    pub fn open(places: &Places) -> Result<Disks, VaultError> {
        let records: Arc<dyn Disk> = Arc::new(Directory::open(&places.records)?);
        if upgrade::is_first_form(&*records)? {
            return Ok(Disks {
                records,
                keystore: Arc::new(Directory::create(&places.keystore)?),
                erasures: Arc::new(Directory::create(&places.erasures)?),
            });
        }
        let other = |path: &Path, error: fn() -> VaultError| match Directory::open(path) {
            Ok(disk) => Ok(Arc::new(disk)),
            Err(DiskError::Missing { .. }) => Err(error()),
            Err(other) => Err(other.into()),
        };
        Ok(Disks {
            records,
            keystore: other(&places.keystore, || VaultError::NoKeystore)?,
            erasures: other(&places.erasures, || VaultError::ErasureLog { file: "log".to_owned() })?,
        })
    }
}

/// What an opening did because the erasure log names records that the vault still had: it is of an
/// earlier day, or an erasure was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// How many entries the log had that the vault did not know.
    pub entries: u64,
    /// How many records were there, and are erased now.
    pub records: u64,
}

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
    #[error(
        "expected master key {expected}, found {found}: give the key that this issuer has: after a rotation, the newer one"
    )]
    WrongMasterKey {
        /// The key that the file names.
        expected: MasterKeyId,
        /// The key that was given.
        found: MasterKeyId,
    },
    /// A rotation to the key that is there.
    #[error("expected another master key to rotate to, found {found}, which this issuer has: make a new one")]
    SameMasterKey {
        /// The key.
        found: MasterKeyId,
    },
    /// A rotation of the master key that did not come to its end.
    #[error(
        "a rotation of this issuer's master key was interrupted: run it again with the same two keys; nothing is served until it has ended"
    )]
    RotationUnfinished,
    /// A rotation was asked to stop.
    #[error("the rotation of the master key was stopped: run it again with the same two keys, and it goes on")]
    Interrupted,
    /// A file is not as it was written, or not where.
    #[error(
        "the file {file} was changed, cut, or put in another's place: restore records and keystore as docs/ops/backup.md says"
    )]
    Tampered {
        /// Which file.
        file: String,
    },
    /// The head is not the last that was written.
    #[error(
        "expected records and keystore of one generation, found records of {head} and a keystore of {counter}: one of them was put back to an earlier state; restore both from the same backup"
    )]
    RolledBack {
        /// The head's generation.
        head: u64,
        /// The counter's.
        counter: u64,
    },
    /// There are records, and no keystore with them.
    #[error(
        "expected the issuer's keystore, found none: records alone open nothing; name its directory, or restore it from the backup that the records are of"
    )]
    NoKeystore,
    /// Something that is still needed has lost its key.
    #[error(
        "a key for the file {file} was destroyed, though the records still name it: restore records and keystore from the same backup"
    )]
    KeyDestroyed {
        /// Which pack.
        file: String,
    },
    /// The erasure log is not there, or not as it was written.
    #[error(
        "expected the issuer's erasure log, found its file {file} missing, cut or changed: put back the newest copy of the erasure log, never an older one; nothing is opened without it"
    )]
    ErasureLog {
        /// Which file.
        file: String,
    },
    /// The erasure log is older than the vault.
    #[error(
        "expected an erasure log with the {expected} entries that the vault knows, found one of {found} entries that does not go on from them: put back the newest copy of the erasure log; nothing is opened without it"
    )]
    ErasureLogBehind {
        /// How many the vault knows.
        expected: u64,
        /// How many the log has.
        found: u64,
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
    #[error(
        "the issuer's operations on file contradict each other ({0}): restore records and keystore as docs/ops/backup.md says"
    )]
    Inconsistent(RegistryError),
    /// A record file is not the one that the index names.
    #[error(
        "the record in file {file} is not the one that the index names: restore records and keystore as docs/ops/backup.md says"
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
    #[error("expected less than 4 GiB to seal at once, found {found} bytes")]
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
const FORM: u8 = 2;

/// Operations are folded into a new snapshot when there are more transactions of them than this.
const MOST_SEGMENTS: usize = 512;
/// Nodes are made durable when more leaves than this would have to be written again.
const MOST_UNSYNCED: usize = 4096;

pub(crate) struct Head {
    pub(crate) vault: [u8; 16],
    pub(crate) issuer: String,
    pub(crate) generation: u64,
    pub(crate) segments: Vec<Item>,
    // Nothing needs them, and they may not be destroyed yet.
    pub(crate) garbage: Vec<Item>,
    // How far the erasure log was when this was written.
    pub(crate) erasures: Extent,
}

impl Head {
    pub(crate) fn encode(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let items = self.segments.len() + self.garbage.len();
        let mut w = Writer::with_capacity(128 + self.issuer.len() + Item::BYTES * items);
        w.u8(FORM);
        w.raw(&self.vault);
        w.blob(self.issuer.as_bytes());
        w.u64(self.generation);
        w.list(self.segments.iter(), |w, item| item.write(w));
        w.list(self.garbage.iter(), |w, item| item.write(w));
        self.erasures.write(&mut w);
        w.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Head, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != FORM {
            return Err(DecodeError("form 2 of a head"));
        }
        let head = Head {
            vault: r.array()?,
            issuer: r.text()?.to_owned(),
            generation: r.u64()?,
            segments: r.list(Item::BYTES, Item::read)?,
            garbage: r.list(Item::BYTES, Item::read)?,
            erasures: Extent::read(&mut r)?,
        };
        r.end()?;
        Ok(head)
    }
}

/// Record versions and operations that become true together.
pub(crate) struct Transaction {
    pub(crate) ops: Vec<Op>,
    pub(crate) leaves: Vec<(u64, Option<Fr>)>,
    /// Records that go on the erasure log.
    pub(crate) erased: Vec<RecordId>,
    // Whether the state goes on file whole.
    folds: bool,
    pack: Pack,
}

/// Items on their way to the disk.
struct Pack {
    name: FileName,
    slots: Slots,
    next_slot: u32,
    end: u64,
}

/// A version of a record, sealed for its slot of a pack.
pub(crate) struct SealedVersion {
    version: u64,
    slot: u32,
    wrapped: Vec<u8>,
    bytes: Vec<u8>,
}

/// An open vault.
pub(crate) struct Vault {
    records: Arc<dyn Disk>,
    keystore: Keystore,
    erasures: Erasures,
    head: Head,
    state: State,
    // What it takes to replay those since the snapshot.
    operations: usize,
    // How many items of a pack are needed.
    live: BTreeMap<FileName, u64>,
    // The counter is one behind: a crash came between head and counter.
    counter_lags: bool,
    // A commit failed half way: what is in memory may not be what is on disk.
    uncertain: bool,
    // Items that nothing needs and that are not destroyed yet.
    garbage: BTreeSet<Item>,
    // Files that nothing needs, of records and keystore both.
    leftover: BTreeSet<String>,
    replayed: Option<Replayed>,
}

impl Vault {
    /// A new vault in empty directories.
    pub(crate) fn create(disks: Disks, master: Box<dyn MasterKey>, issuer: &str) -> Result<Vault, VaultError> {
        for disk in [&disks.records, &disks.keystore, &disks.erasures] {
            if !disk.list()?.is_empty() {
                return Err(VaultError::NotEmpty);
            }
        }
        Self::create_as(disks, master, issuer.to_owned(), random::bytes()?)
    }

    fn create_as(
        disks: Disks,
        master: Box<dyn MasterKey>,
        issuer: String,
        vault: [u8; 16],
    ) -> Result<Vault, VaultError> {
        let mut vault = Self::prepared(disks, master, issuer, vault)?;
        let tx = vault.begin()?;
        vault.commit(tx)?;
        Ok(vault)
    }

    // All but the head, without which nothing is there.
    fn prepared(
        disks: Disks,
        master: Box<dyn MasterKey>,
        issuer: String,
        vault: [u8; 16],
    ) -> Result<Vault, VaultError> {
        let Disks {
            records,
            keystore,
            erasures,
        } = disks;
        for file in nodes::files() {
            records.create(&file, &[])?;
        }
        let erasures = Erasures::create(erasures, &*master, vault)?;
        Ok(Vault {
            state: State::new(Arc::clone(&records)),
            records,
            keystore: Keystore::new(keystore, master),
            erasures,
            head: Head {
                vault,
                issuer,
                generation: 0,
                segments: Vec::new(),
                garbage: Vec::new(),
                erasures: Extent::default(),
            },
            operations: 0,
            live: BTreeMap::new(),
            // The counter comes first: a head without one would be taken for tampered with.
            counter_lags: true,
            uncertain: false,
            garbage: BTreeSet::new(),
            leftover: BTreeSet::new(),
            replayed: None,
        })
    }

    /// Opens a vault, replays its operations, destroys what a crash left behind, and erases what the
    /// erasure log names.
    pub(crate) fn open(disks: Disks, master: Box<dyn MasterKey>) -> Result<Vault, VaultError> {
        if rewrap::is_unfinished(&disks)? {
            return Err(VaultError::RotationUnfinished);
        }
        for disk in [&disks.records, &disks.keystore, &disks.erasures] {
            rewrap::recover(&**disk)?;
        }
        let (disks, master) = upgrade::where_needed(disks, master)?;
        let names = disks.records.list()?;
        let sealed = disks.records.read(HEAD)?;
        let head = seal::open(&*master, SealKind::Head, &[], HEAD, &sealed)?;
        let head = form(HEAD, Head::decode(&head))?;
        let keystore = Keystore::new(disks.keystore, master);
        let counter_lags = counter_lags(&keystore, &head)?;
        let erasures = Erasures::open(disks.erasures, keystore.master(), head.vault)?;
        if !erasures.continues(head.erasures) {
            return Err(VaultError::ErasureLogBehind {
                expected: head.erasures.count,
                found: erasures.extent().count,
            });
        }
        let mut vault = Vault {
            state: State::new(Arc::clone(&disks.records)),
            records: disks.records,
            keystore,
            erasures,
            head,
            operations: 0,
            live: BTreeMap::new(),
            counter_lags,
            uncertain: false,
            garbage: BTreeSet::new(),
            leftover: BTreeSet::new(),
            replayed: None,
        };
        vault.replay()?;
        vault.state.registry.recover()?;
        vault.collect(names)?;
        // What cannot be destroyed now is tried again after the next change.
        let _ = vault.sweep();
        vault.erase_again()?;
        Ok(vault)
    }

    fn replay(&mut self) -> Result<(), VaultError> {
        let Some((snapshot, rest)) = self.head.segments.split_first() else {
            return Err(VaultError::Form {
                file: HEAD.to_owned(),
                source: DecodeError("a snapshot"),
            });
        };
        let name = |item: &Item| item.pack.to_string();
        let state = State::read_snapshot(&self.read_segment(*snapshot)?, Arc::clone(&self.records));
        self.state = form(&name(snapshot), state)?;
        let mut dropped = Vec::new();
        for item in rest {
            let ops = form(&name(item), log::read_ops(&self.read_segment(*item)?))?;
            self.operations += log::weight(&ops);
            // Those of the last operations may not be destroyed yet.
            dropped.clear();
            for op in &ops {
                dropped.extend(self.state.apply(op).map_err(VaultError::Inconsistent)?);
            }
        }
        self.garbage.extend(dropped);
        self.garbage.extend(&self.head.garbage);
        for item in self.state.items().chain(self.head.segments.iter().copied()) {
            *self.live.entry(item.pack).or_default() += 1;
        }
        Ok(())
    }

    fn read_segment(&self, item: Item) -> Result<zeroize::Zeroizing<Vec<u8>>, VaultError> {
        self.open_item(item, SealKind::Segment, &self.segment_context(item.pack))
    }

    fn open_item(&self, item: Item, kind: SealKind, context: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, VaultError> {
        let key = self.keystore.key(&self.head.vault, item)?;
        let file = item.pack.to_string();
        let bytes = self.records.read_at(&file, item.at, item.length as usize)?;
        seal::open_item(&key, kind, context, &bytes).ok_or(VaultError::Tampered { file })
    }

    // Files of ours that neither head nor index name: left by a crash.
    fn collect(&mut self, names: Vec<String>) -> Result<(), VaultError> {
        let ours = |name: &String| FileName::parse(name).is_some_and(|n| !self.live.contains_key(&n));
        let names = names.into_iter().chain(self.keystore.disk.list()?);
        self.leftover = names.filter(ours).collect();
        // Once destroyed, it need not be again: most openings find nothing to do.
        let items = core::mem::take(&mut self.garbage);
        for item in items {
            if self.live.contains_key(&item.pack) && !self.is_destroyed(item)? {
                self.garbage.insert(item);
            }
        }
        self.erasures.sweep()
    }

    fn is_destroyed(&self, item: Item) -> Result<bool, VaultError> {
        let bytes = self
            .records
            .read_at(&item.pack.to_string(), item.at, item.length as usize)?;
        Ok(self.keystore.wrapped(item)?.is_empty() && bytes.iter().all(|b| *b == 0))
    }

    // Carries out what the erasure log has and the vault does not know.
    fn erase_again(&mut self) -> Result<(), VaultError> {
        let entries = self.erasures.extent().count - self.head.erasures.count;
        if entries == 0 {
            return Ok(());
        }
        let index = &self.state.index;
        let records = self.erasures.named(index.iter().map(|(id, _)| id));
        let mut tx = self.begin()?;
        for id in &records {
            let entry = self.state.index.get(id);
            tx.leaves
                .extend(entry.and_then(index::Entry::filled_leaf).map(|leaf| (leaf, None)));
            tx.ops.push(Op::Remove(*id));
        }
        self.commit(tx)?;
        self.sweep()?;
        self.replayed = Some(Replayed {
            entries,
            records: records.len() as u64,
        });
        Ok(())
    }

    /// What the opening erased again.
    pub(crate) const fn replayed(&self) -> Option<Replayed> {
        self.replayed
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.head.issuer
    }

    pub(crate) const fn state(&self) -> &State {
        &self.state
    }

    /// How many items the snapshot and the operations since take.
    #[cfg(test)]
    pub(crate) fn segments(&self) -> usize {
        self.head.segments.len()
    }

    /// How many packs are needed.
    #[cfg(test)]
    pub(crate) fn packs(&self) -> usize {
        self.live.len()
    }

    /// The wrapped key of an item.
    #[cfg(test)]
    pub(crate) fn wrapped(&self, item: Item) -> Vec<u8> {
        self.keystore.wrapped(item).unwrap()
    }

    /// Bound into what must not be confused with another issuer's.
    pub(crate) const fn id(&self) -> &[u8; 16] {
        &self.head.vault
    }

    /// Reads a version of a record that the index names.
    pub(crate) fn read(&self, id: &RecordId, version: VersionRef) -> Result<RecordContent, VaultError> {
        let context = self.record_context(id, version.version);
        let body = self.open_item(version.item, SealKind::Record, &context)?;
        form(&version.item.pack.to_string(), RecordContent::decode(&body))
    }

    /// Begins a change: nothing is on disk yet.
    pub(crate) fn begin(&self) -> Result<Transaction, VaultError> {
        Ok(Transaction {
            ops: Vec::new(),
            leaves: Vec::new(),
            erased: Vec::new(),
            folds: false,
            pack: Pack {
                name: FileName::random()?,
                slots: Slots::default(),
                next_slot: 1,
                end: 0,
            },
        })
    }

    /// Seals the `nth` version that [`Vault::store`] is given next, counted from 0.
    pub(crate) fn seal(
        &self,
        tx: &Transaction,
        nth: usize,
        id: &RecordId,
        content: &RecordContent,
    ) -> Result<SealedVersion, VaultError> {
        let (pack, key) = (&tx.pack, DataKey::random()?);
        let slot = u32::try_from(nth).ok().and_then(|n| pack.next_slot.checked_add(n));
        let slot = slot.ok_or(VaultError::TooLarge { found: nth })?;
        let context = self.record_context(id, content.version);
        Ok(SealedVersion {
            version: content.version,
            slot,
            wrapped: self.keystore.wrap(&key, &self.head.vault, pack.name, slot)?,
            bytes: seal::seal_item(&key, SealKind::Record, &context, &content.encode())?,
        })
    }

    /// Writes sealed versions, in the order in which they were sealed. On an error the transaction is to
    /// be given up.
    pub(crate) fn store(
        &self,
        tx: &mut Transaction,
        versions: Vec<SealedVersion>,
    ) -> Result<Vec<VersionRef>, VaultError> {
        let pack = &mut tx.pack;
        let mut bytes = Vec::with_capacity(versions.iter().map(|v| v.bytes.len()).sum());
        let mut stored = Vec::with_capacity(versions.len());
        for sealed in versions {
            let item = Item {
                pack: pack.name,
                slot: sealed.slot,
                at: pack.end + bytes.len() as u64,
                length: length_of(&sealed.bytes)?,
            };
            stored.push(VersionRef {
                version: sealed.version,
                item,
            });
            bytes.extend_from_slice(&sealed.bytes);
            pack.slots.add(sealed.wrapped);
        }
        pack.next_slot += stored.len() as u32;
        self.write(pack, &bytes)?;
        Ok(stored)
    }

    fn write(&self, pack: &mut Pack, bytes: &[u8]) -> Result<(), VaultError> {
        let name = pack.name.to_string();
        match pack.end {
            0 => self.records.create(&name, bytes)?,
            end => self.records.write_at(&name, end, bytes)?,
        }
        pack.end += bytes.len() as u64;
        Ok(())
    }

    /// Leaves nothing of a transaction that was begun.
    pub(crate) fn give_up(&mut self, tx: Transaction) {
        self.leftover.insert(tx.pack.name.to_string());
        let _ = self.sweep();
    }

    fn record_context(&self, id: &RecordId, version: u64) -> Vec<u8> {
        [&self.head.vault[..], id.bytes(), &version.to_be_bytes()].concat()
    }

    fn segment_context(&self, pack: FileName) -> Vec<u8> {
        [self.head.vault, *pack.bytes()].concat()
    }

    /// Makes a transaction durable, whole or not at all, and then true in memory. The operations
    /// must be ones that the state takes: the caller has checked them.
    ///
    /// After an error nothing was changed, but where the error came from making the change final, or
    /// records are on the erasure log already: then the vault takes no further change until it is opened
    /// again.
    pub(crate) fn commit(&mut self, tx: Transaction) -> Result<(), VaultError> {
        if self.uncertain {
            self.give_up(tx);
            return Err(VaultError::Reopen);
        }
        let bulk = tx.leaves.len() > MOST_UNSYNCED;
        self.commit_once(tx)?;
        if bulk {
            // Neither to be written nor to be read again at the next opening.
            let mut tx = self.begin()?;
            tx.folds = true;
            self.commit_once(tx)?;
        }
        Ok(())
    }

    fn commit_once(&mut self, mut tx: Transaction) -> Result<(), VaultError> {
        let made = self.make_final(&mut tx);
        if made.is_err() && !self.uncertain {
            self.give_up(tx);
        }
        made
    }

    fn make_final(&mut self, tx: &mut Transaction) -> Result<(), VaultError> {
        self.repair_counter()?;
        let planned = match tx.leaves.is_empty() {
            true => None,
            false => Some(self.state.registry.plan(&tx.leaves)?),
        };
        let (changes, ascent) = planned.unzip();
        tx.ops.extend(changes.map(Op::Leaves));
        if self.state.registry.unsynced() > MOST_UNSYNCED {
            self.state.registry.sync()?;
            tx.ops.insert(0, Op::Synced);
        }
        let folded = self.fold(&tx.ops, tx.folds)?;
        self.put_on_erasure_log(&tx.erased)?;
        let (head, prepared) = self.prepare(tx, folded.as_ref())?;

        // From here on the change may be on disk whatever happens.
        self.uncertain = true;
        self.records.rename(&prepared.head, HEAD)?;
        // Before the counter's name: a counter ahead of its head is what a head put back looks like.
        self.records.sync_names()?;
        // Not synced on its own: a counter one behind is accepted, and the next change, which
        // syncs names before its head, never finds it two behind.
        self.keystore.disk.rename(&prepared.counter, COUNTER)?;
        let old = core::mem::replace(&mut self.head, head);
        *self.live.entry(tx.pack.name).or_default() += u64::from(tx.pack.next_slot);
        match folded {
            Some((state, dropped)) => {
                self.state = state;
                self.operations = 0;
                self.discard(old.segments);
                self.discard(dropped);
            }
            None => {
                self.operations += log::weight(&tx.ops);
                for op in &tx.ops {
                    let dropped = self.state.apply(op).map_err(VaultError::Inconsistent)?;
                    self.discard(dropped);
                }
            }
        }
        if let Some(ascent) = ascent {
            self.state.registry.write_nodes(&ascent)?;
        }
        self.uncertain = false;
        // What cannot be destroyed now stays garbage; `sweep` tells who must know.
        let _ = self.sweep();
        Ok(())
    }

    // The state after `ops`, where it goes on file as a snapshot: at first, after an erasure (so
    // that nothing older names the patient), and when there are many operations; after many leaves at once,
    // where their nodes are durable.
    fn fold(&self, ops: &[Op], asked: bool) -> Result<Option<(State, Vec<Item>)>, VaultError> {
        let erases = ops.iter().any(|op| matches!(op, Op::Remove(_)));
        let bulk = ops.iter().map(log::leaves_of).sum::<usize>() > MOST_UNSYNCED;
        let many = !bulk && self.operations + log::weight(ops) > 256 + self.state.index.iter().len();
        let none = self.head.segments.is_empty();
        if !(asked || erases || many || none || self.head.segments.len() > MOST_SEGMENTS) {
            return Ok(None);
        }
        let mut state = self.state.clone();
        let mut dropped = Vec::new();
        for op in ops {
            dropped.extend(state.apply(op).map_err(VaultError::Inconsistent)?);
        }
        Ok(Some((state, dropped)))
    }

    // Durable before anything is destroyed: whatever happens then, the next opening finishes it.
    fn put_on_erasure_log(&mut self, erased: &[RecordId]) -> Result<(), VaultError> {
        if erased.is_empty() {
            return Ok(());
        }
        let keys = |id: &RecordId| {
            let items = self.state.index.get(id).into_iter().flat_map(index::Entry::items);
            let keys = items
                .map(|item| self.keystore.wrapped(item))
                .collect::<Result<_, VaultError>>()?;
            Ok((*id, keys))
        };
        let records = erased.iter().map(keys).collect::<Result<Vec<_>, VaultError>>()?;
        self.uncertain = true;
        self.erasures.append(self.keystore.master(), &records)?;
        Ok(())
    }

    // Writes all files under names that nothing refers to yet.
    fn prepare(
        &mut self,
        tx: &mut Transaction,
        folded: Option<&(State, Vec<Item>)>,
    ) -> Result<(Head, Prepared), VaultError> {
        let body = folded.map_or_else(|| log::write_ops(&tx.ops), |(state, _)| state.snapshot());
        let pack = &mut tx.pack;
        let key = DataKey::random()?;
        let sealed = seal::seal_item(&key, SealKind::Segment, &self.segment_context(pack.name), &body)?;
        let segment = Item {
            pack: pack.name,
            slot: 0,
            at: pack.end,
            length: length_of(&sealed)?,
        };
        self.write(pack, &sealed)?;
        let first = self.keystore.wrap(&key, &self.head.vault, pack.name, 0)?;
        let keys = pack.slots.file(&first, self.keystore.master().id())?;
        let head = self.next_head(segment, folded.map(|(_, dropped)| dropped.as_slice()));
        let prepared = Prepared {
            head: FileName::random()?.to_string(),
            counter: FileName::random()?.to_string(),
        };
        let sealed_head = seal::seal(self.keystore.master(), SealKind::Head, &[], &head.encode())?;
        let counter = self.sealed_counter(head.generation)?;
        let (records, keystore, name) = (&self.records, &self.keystore.disk, pack.name.to_string());
        let write = || {
            keystore.create(&name, &keys)?;
            keystore.create(&prepared.counter, &counter)?;
            records.create(&prepared.head, &sealed_head)?;
            records.sync(&name)?;
            records.sync(&prepared.head)?;
            keystore.sync(&name)?;
            keystore.sync(&prepared.counter)?;
            records.sync_names()?;
            keystore.sync_names()
        };
        if let Err(error) = write() {
            self.leftover.extend([prepared.head, prepared.counter]);
            return Err(error.into());
        }
        Ok((head, prepared))
    }

    fn next_head(&self, segment: Item, folded: Option<&[Item]>) -> Head {
        let mut segments = self.head.segments.clone();
        // Those of operations are found again by replaying them.
        let mut garbage: Vec<Item> = self.garbage.iter().copied().collect();
        if let Some(dropped) = folded {
            garbage.extend(dropped);
            garbage.append(&mut segments);
        }
        segments.push(segment);
        Head {
            vault: self.head.vault,
            issuer: self.head.issuer.clone(),
            generation: self.head.generation + 1,
            segments,
            garbage,
            erasures: self.erasures.extent(),
        }
    }

    fn sealed_counter(&self, generation: u64) -> Result<Vec<u8>, VaultError> {
        let body = generation.to_be_bytes();
        seal::seal(self.keystore.master(), SealKind::Counter, &self.head.vault, &body)
    }

    fn repair_counter(&mut self) -> Result<(), VaultError> {
        if !self.counter_lags {
            return Ok(());
        }
        let file = FileName::random()?.to_string();
        let counter = self.sealed_counter(self.head.generation)?;
        let disk = &self.keystore.disk;
        let replace = || {
            disk.create(&file, &counter)?;
            disk.sync(&file)?;
            disk.rename(&file, COUNTER)?;
            disk.sync_names()
        };
        if let Err(error) = replace() {
            self.leftover.insert(file);
            return Err(error.into());
        }
        self.counter_lags = false;
        Ok(())
    }

    fn discard(&mut self, items: Vec<Item>) {
        for item in &items {
            if let Some(live) = self.live.get_mut(&item.pack) {
                *live -= 1;
            }
        }
        self.garbage.extend(items);
    }

    /// Destroys everything that nothing needs: keys first.
    ///
    /// An error leaves the rest for the next change or opening.
    pub(crate) fn sweep(&mut self) -> Result<(), VaultError> {
        let mut packs: BTreeMap<FileName, Vec<Item>> = BTreeMap::new();
        for item in &self.garbage {
            packs.entry(item.pack).or_default().push(*item);
        }
        let mut failed = None;
        for (pack, items) in packs {
            let whole = self.live.get(&pack).is_none_or(|live| *live == 0);
            let destroyed = match whole {
                true => Ok(()),
                false => self.destroy(pack, &items),
            };
            match destroyed {
                Ok(()) => {
                    self.garbage.retain(|item| item.pack != pack);
                    if whole {
                        self.live.remove(&pack);
                        self.leftover.insert(pack.to_string());
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        let disks = [&self.keystore.disk, &self.records];
        self.leftover.retain(|name| {
            disks.into_iter().any(|disk| match disk.shred(name) {
                Ok(()) | Err(DiskError::Missing { .. }) => false,
                Err(error) => {
                    failed = Some(error.into());
                    true
                }
            })
        });
        // A name that a crash brings back names zeros, and is collected again.
        failed.map_or(Ok(()), Err)
    }

    fn destroy(&self, pack: FileName, items: &[Item]) -> Result<(), VaultError> {
        self.keystore.destroy(pack, items)?;
        let parts: Vec<_> = items.iter().map(Item::part).collect();
        match self.records.blank(&pack.to_string(), &joined(parts)) {
            Ok(()) | Err(DiskError::Missing { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

// Names of files that are to be renamed.
struct Prepared {
    head: String,
    counter: String,
}

// Neighbours as one.
fn joined(mut parts: Vec<core::ops::Range<u64>>) -> Vec<core::ops::Range<u64>> {
    parts.sort_by_key(|part| part.start);
    parts.dedup_by(|next, part| {
        let follows = next.start == part.end;
        if follows {
            part.end = next.end;
        }
        follows
    });
    parts
}

fn length_of(bytes: &[u8]) -> Result<u32, VaultError> {
    u32::try_from(bytes.len()).map_err(|_| VaultError::TooLarge { found: bytes.len() })
}

// Whether the keystore is of this head, or of the one before: anything else was put back.
fn counter_lags(keystore: &Keystore, head: &Head) -> Result<bool, VaultError> {
    let sealed = match keystore.disk.read(COUNTER) {
        Err(DiskError::Missing { .. }) => return Err(VaultError::NoKeystore),
        sealed => sealed?,
    };
    let counter = seal::open(keystore.master(), SealKind::Counter, &head.vault, COUNTER, &sealed)?;
    let counter = form(COUNTER, Reader::new(&counter).u64())?;
    let lags = counter.checked_add(1) == Some(head.generation);
    if counter != head.generation && !lags {
        return Err(VaultError::RolledBack {
            head: head.generation,
            counter,
        });
    }
    Ok(lags)
}

pub(crate) fn form<T>(file: &str, read: Result<T, DecodeError>) -> Result<T, VaultError> {
    read.map_err(|source| VaultError::Form {
        file: file.to_owned(),
        source,
    })
}
