//! A vault of the first form becomes one of the second, in place, when it is first opened.
//!
//! The first form had one directory: a file for each record version, a file for each transaction, each
//! with its wrapped key in its own header, and the registry's leaves in the snapshot. All of it is read,
//! sealed anew and made durable beside the old files; the head's name then changes hands, and the old
//! files are destroyed. An upgrade that was interrupted before begins again; one after is complete.

use medproof_lanes::poseidon2::Lanes;
use medproof_statement::Fr;
use medproof_statement::day::Day;
use medproof_statement::record::empty_record;
use medproof_statement::tree::{REGISTRY_DEPTH, Tree};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

use super::codec::{DecodeError, Reader};
use super::content::RecordContent;
use super::disk::{Disk, DiskError};
use super::index::{Entry, FileName, PatientId, RecordId, Standing, VersionRef};
use super::log::State;
use super::master::MasterKey;
use super::seal::{self, SealKind};
use super::{COUNTER, Disks, HEAD, Transaction, Vault, VaultError, form};
use crate::registry::{Anchor, Registry, read_anchor};

const FORM: u8 = 1;

/// Whether the records' directory may be of a vault of the first form, or of one that became another.
pub(super) fn is_first_form(records: &dyn Disk) -> Result<bool, VaultError> {
    let names = records.list()?;
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    match has(HEAD) {
        true => Ok(has(COUNTER)),
        false => Err(VaultError::NoIssuer),
    }
}

/// Upgrades a vault of the first form; leaves others as they are.
pub(super) fn where_needed(
    disks: Disks,
    master: Box<dyn MasterKey>,
) -> Result<(Disks, Box<dyn MasterKey>), VaultError> {
    let names = disks.records.list()?;
    if !names.iter().any(|name| name == HEAD) {
        return Err(VaultError::NoIssuer);
    }
    let head = seal::open(&*master, SealKind::Head, &[], HEAD, &disks.records.read(HEAD)?)?;
    if head.first() != Some(&FORM) {
        if names.iter().any(|name| name == COUNTER) {
            disks.records.shred(COUNTER)?;
        }
        return Ok((disks, master));
    }
    let head = form(HEAD, Head::decode(&head))?;
    upgrade(disks, master, head)
}

fn upgrade(disks: Disks, master: Box<dyn MasterKey>, head: Head) -> Result<(Disks, Box<dyn MasterKey>), VaultError> {
    let old = Reading {
        disk: &*disks.records,
        master: &*master,
        head: &head,
    };
    let first = old.state()?;
    let versions = first.versions(&old)?;
    clear(&disks)?;
    let mut vault = Vault::prepared(disks, master, head.issuer, head.vault)?;
    vault.head.generation = head.generation;
    let mut tx = vault.begin()?;
    let made = seal_all(&vault, &mut tx, versions)?;
    vault.state = first.convert(&vault, &made)?;
    vault.commit(tx)?;
    let (disks, master) = vault.close();
    disks.records.shred(COUNTER)?;
    Ok((disks, master))
}

// What an upgrade that was interrupted left. Packs of it are collected when the vault is opened.
fn clear(disks: &Disks) -> Result<(), VaultError> {
    let shred = |disk: &dyn Disk, ours: fn(&str) -> bool| -> Result<(), DiskError> {
        let names = disk.list()?;
        let mut left = names.iter().filter(|name| ours(name));
        left.try_for_each(|name| disk.shred(name))
    };
    shred(&*disks.records, |name| name.starts_with("level"))?;
    shred(&*disks.keystore, |name| {
        name == COUNTER || FileName::parse(name).is_some()
    })?;
    shred(&*disks.erasures, |name| {
        name == "log" || name == "tip" || FileName::parse(name).is_some()
    })?;
    Ok(())
}

type Made = BTreeMap<FileName, VersionRef>;

fn seal_all(
    vault: &Vault,
    tx: &mut Transaction,
    versions: Vec<(FileName, RecordId, RecordContent)>,
) -> Result<Made, VaultError> {
    let mut made = Made::new();
    for (file, id, content) in versions {
        let sealed = vault.seal(tx, 0, &id, &content)?;
        made.extend(
            vault
                .store(tx, vec![sealed])?
                .into_iter()
                .map(|version| (file, version)),
        );
    }
    Ok(made)
}

impl Vault {
    pub(super) fn close(self) -> (Disks, Box<dyn MasterKey>) {
        let (keystore, master) = self.keystore.into_parts();
        let disks = Disks {
            records: self.records,
            keystore,
            erasures: self.erasures.into_disk(),
        };
        (disks, master)
    }
}

struct Head {
    vault: [u8; 16],
    issuer: String,
    generation: u64,
    segments: Vec<FileName>,
}

impl Head {
    fn decode(bytes: &[u8]) -> Result<Head, DecodeError> {
        let mut r = Reader::new(bytes);
        r.u8()?;
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

// The old files.
struct Reading<'a> {
    disk: &'a dyn Disk,
    master: &'a dyn MasterKey,
    head: &'a Head,
}

impl Reading<'_> {
    fn state(&self) -> Result<First, VaultError> {
        self.check_counter()?;
        let Some((snapshot, rest)) = self.head.segments.split_first() else {
            return form(HEAD, Err(DecodeError("a snapshot")));
        };
        let mut state = form(&snapshot.to_string(), First::read(&self.segment(*snapshot)?))?;
        for name in rest {
            form(&name.to_string(), state.replay(&self.segment(*name)?))?;
        }
        Ok(state)
    }

    fn check_counter(&self) -> Result<(), VaultError> {
        let head = self.head.generation;
        let sealed = self.disk.read(COUNTER)?;
        let counter = seal::open(self.master, SealKind::Counter, &self.head.vault, COUNTER, &sealed)?;
        let counter = form(COUNTER, Reader::new(&counter).u64())?;
        if counter != head && counter.checked_add(1) != Some(head) {
            return Err(VaultError::RolledBack { head, counter });
        }
        Ok(())
    }

    fn segment(&self, name: FileName) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let context = [self.head.vault, *name.bytes()].concat();
        self.file(SealKind::Segment, name, &context)
    }

    fn record(&self, id: &RecordId, version: FileRef) -> Result<RecordContent, VaultError> {
        let number = version.version.to_be_bytes();
        let context = [&self.head.vault[..], version.file.bytes(), id.bytes(), &number].concat();
        let body = self.file(SealKind::Record, version.file, &context)?;
        form(&version.file.to_string(), RecordContent::decode(&body))
    }

    fn file(&self, kind: SealKind, name: FileName, context: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let name = name.to_string();
        seal::open(self.master, kind, context, &name, &self.disk.read(&name)?)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct FileRef {
    file: FileName,
    version: u64,
}

struct FirstEntry {
    patient: PatientId,
    standing: Standing,
    leaf: Option<u64>,
    code: [u8; 32],
    nk_tag: Option<[u8; 32]>,
    issued_on: Day,
    latest: FileRef,
    staged: Option<FileRef>,
    anchored: Option<FileRef>,
}

impl FirstEntry {
    fn read(r: &mut Reader<'_>) -> Result<FirstEntry, DecodeError> {
        Ok(FirstEntry {
            patient: PatientId::parse(r.text()?).map_err(|_| DecodeError("a patient id"))?,
            standing: match r.u8()? {
                0 => Standing::Unenrolled,
                1 => Standing::Enrolled,
                2 => Standing::Revoked,
                _ => return Err(DecodeError("a standing")),
            },
            leaf: r.option(Reader::u64)?,
            code: r.array()?,
            nk_tag: r.option(Reader::array)?,
            issued_on: Day(r.u32()?),
            latest: read_file(r)?,
            staged: r.option(read_file)?,
            anchored: r.option(read_file)?,
        })
    }

    fn versions(&self) -> impl Iterator<Item = FileRef> {
        [Some(self.latest), self.staged, self.anchored].into_iter().flatten()
    }
}

fn read_file(r: &mut Reader<'_>) -> Result<FileRef, DecodeError> {
    Ok(FileRef {
        file: FileName::read(r)?,
        version: r.u64()?,
    })
}

// The leaves of a tree under an anchor.
type Frozen = (Anchor, Vec<Fr>);

struct First {
    entries: BTreeMap<RecordId, FirstEntry>,
    leaves: Vec<Fr>,
    anchored: Option<Frozen>,
    staged: Option<Frozen>,
}

impl First {
    fn read(bytes: &[u8]) -> Result<First, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != 0 {
            return Err(DecodeError("a snapshot"));
        }
        let entries = r.list(64, |r| Ok((RecordId::read(r)?, FirstEntry::read(r)?)))?;
        let leaves: Vec<Fr> = r.list(32, Reader::fr)?;
        let anchored = r.option(read_anchor)?;
        // Where they differ from the current leaves, and the staged from the anchored ones.
        let anchored_leaves = with(&leaves, &read_leaves(&mut r)?)?;
        let staged = r.option(|r| {
            let anchor = read_anchor(r)?;
            Ok((anchor, with(&anchored_leaves, &read_leaves(r)?)?))
        })?;
        r.end()?;
        Ok(First {
            entries: entries.into_iter().collect(),
            leaves,
            anchored: anchored.map(|anchor| (anchor, anchored_leaves)),
            staged,
        })
    }

    fn replay(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != 1 {
            return Err(DecodeError("operations"));
        }
        let mut ops = r.u64()?;
        while ops > 0 {
            self.replay_one(&mut r)?;
            ops -= 1;
        }
        r.end()
    }

    fn replay_one(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        let nothing_staged = DecodeError("a staged root");
        match r.u8()? {
            0 => drop(self.entries.insert(RecordId::read(r)?, FirstEntry::read(r)?)),
            1 => drop(self.entries.remove(&RecordId::read(r)?)),
            2 => {
                for (i, leaf) in r.list(9, |r| Ok((r.u64()?, r.option(Reader::fr)?)))? {
                    self.set(i, leaf.unwrap_or_else(empty_record))?;
                }
            }
            3 => self.stage()?,
            4 => {
                self.staged.take().ok_or(nothing_staged)?;
                self.entries.values_mut().for_each(|entry| entry.staged = None);
            }
            5 => {
                let (_epoch, _root) = (r.u64()?, r.fr()?);
                self.anchored = Some(self.staged.take().ok_or(nothing_staged)?);
                let entries = self.entries.values_mut();
                entries.for_each(|entry| entry.anchored = entry.staged.take());
            }
            _ => return Err(DecodeError("an operation")),
        }
        Ok(())
    }

    fn set(&mut self, index: u64, leaf: Fr) -> Result<(), DecodeError> {
        let within = index < Tree::<REGISTRY_DEPTH>::CAPACITY;
        let index = usize::try_from(index).ok().filter(|_| within);
        let index = index.ok_or(DecodeError("places within a registry"))?;
        if self.leaves.len() <= index {
            self.leaves.resize(index + 1, empty_record());
        }
        self.leaves[index] = leaf;
        Ok(())
    }

    fn stage(&mut self) -> Result<(), DecodeError> {
        let tree = Tree::<REGISTRY_DEPTH>::from_leaves_by(empty_record(), self.leaves.clone(), &Lanes);
        let root = tree.map_err(|_| DecodeError("places within a registry"))?.root();
        let anchored = self.anchored.as_ref().map(|(anchor, _)| anchor);
        if self.staged.is_none() && anchored.is_none_or(|anchor| anchor.root != root) {
            let anchor = Anchor {
                root,
                epoch: anchored.map_or(0, |anchor| anchor.epoch) + 1,
                size: self.size(),
            };
            self.staged = Some((anchor, self.leaves.clone()));
        }
        for entry in self.entries.values_mut() {
            entry.staged = (entry.standing == Standing::Enrolled).then_some(entry.latest);
        }
        Ok(())
    }

    fn size(&self) -> u64 {
        let empty = empty_record();
        self.leaves.iter().filter(|leaf| **leaf != empty).count() as u64
    }

    fn versions(&self, old: &Reading<'_>) -> Result<Vec<(FileName, RecordId, RecordContent)>, VaultError> {
        let mut versions = BTreeMap::new();
        for (id, entry) in &self.entries {
            for version in entry.versions() {
                if let std::collections::btree_map::Entry::Vacant(vacant) = versions.entry(version.file) {
                    vacant.insert((*id, old.record(id, version)?));
                }
            }
        }
        let versions = versions.into_iter();
        Ok(versions.map(|(file, (id, content))| (file, id, content)).collect())
    }

    fn convert(self, vault: &Vault, made: &Made) -> Result<State, VaultError> {
        let mut state = State::new(vault.records.clone());
        let pending = self.staged.is_some();
        for (id, entry) in self.entries {
            state.index.put(id, entry.convert(made, pending)?);
        }
        state.registry = Registry::of(vault.records.clone(), &self.leaves, self.anchored, self.staged)?;
        Ok(state)
    }
}

impl FirstEntry {
    fn convert(self, made: &Made, pending: bool) -> Result<Entry, VaultError> {
        let version = |old: FileRef| {
            made.get(&old.file).copied().ok_or_else(|| VaultError::Mismatch {
                file: old.file.to_string(),
            })
        };
        let differs = pending && self.staged != self.anchored;
        Ok(Entry {
            patient: self.patient,
            standing: self.standing,
            leaf: self.leaf,
            code: self.code,
            nk_tag: self.nk_tag,
            issued_on: self.issued_on,
            latest: version(self.latest)?,
            staged: match differs {
                true => Some(self.staged.map(version).transpose()?),
                false => None,
            },
            anchored: self.anchored.map(version).transpose()?,
        })
    }
}

fn read_leaves(r: &mut Reader<'_>) -> Result<Vec<(u64, Fr)>, DecodeError> {
    r.list(40, |r| Ok((r.u64()?, r.fr()?)))
}

fn with(leaves: &[Fr], places: &[(u64, Fr)]) -> Result<Vec<Fr>, DecodeError> {
    let mut leaves = leaves.to_vec();
    for (i, leaf) in places {
        let place = usize::try_from(*i).ok().and_then(|i| leaves.get_mut(i));
        *place.ok_or(DecodeError("places within the registry"))? = *leaf;
    }
    Ok(leaves)
}
