//! What the issuer's state is made of, the operations that change it, and their sealed form: one
//! snapshot and the operations since, an item for each transaction.

use medproof_statement::Fr;
use medproof_statement::tree::{REGISTRY_DEPTH, Tree};
use std::sync::Arc;

use super::codec::{DecodeError, Reader, Writer};
use super::disk::Disk;
use super::index::{Entry, Index, Item, RecordId};
use crate::registry::{LeafChange, LeafChanges, Registry, RegistryError};
use zeroize::Zeroizing;

/// All that is not in record versions.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) index: Index,
    pub(crate) registry: Registry,
}

/// One change of the state.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// An entry is new or replaced.
    Put(RecordId, Box<Entry>),
    /// An entry is erased.
    Remove(RecordId),
    /// Leaves of the registry are set or emptied.
    Leaves(LeafChanges),
    /// Nodes that were written before are durable.
    Synced,
    /// The current root goes to the ledger.
    Stage,
    /// The same, above this epoch, which the ledger has.
    StageAfter { epoch: u64 },
    /// The ledger did not take it.
    Withdraw,
    /// The ledger took it.
    Anchor { epoch: u64, root: Fr },
}

// 0 and 1 were those of the first form: see `upgrade`.
const SNAPSHOT: u8 = 2;
const OPERATIONS: u8 = 3;
const LEAF_CHANGE: usize = 72;

impl State {
    /// Nothing yet; the registry's nodes will be on this disk.
    pub(crate) fn new(disk: Arc<dyn Disk>) -> State {
        State {
            index: Index::default(),
            registry: Registry::new(disk),
        }
    }

    /// Makes a change, in memory; gives back items that nothing needs any more.
    pub(crate) fn apply(&mut self, op: &Op) -> Result<Vec<Item>, RegistryError> {
        match op {
            Op::Put(id, entry) => {
                let old = self.index.put(*id, (**entry).clone());
                let all = old.iter().flat_map(Entry::items);
                return Ok(all.filter(|item| entry.items().all(|kept| kept != *item)).collect());
            }
            Op::Remove(id) => return Ok(self.index.remove(id).iter().flat_map(Entry::items).collect()),
            Op::Leaves(changes) => self.registry.note(changes),
            Op::Synced => self.registry.synced(),
            Op::Stage => {
                if self.registry.stage() {
                    self.index.stage();
                }
            }
            Op::StageAfter { epoch } => {
                if self.registry.stage_after(*epoch) {
                    self.index.stage();
                }
            }
            Op::Withdraw => {
                self.registry.withdraw()?;
                return Ok(self.index.unstage(false));
            }
            Op::Anchor { epoch, root } => {
                self.registry.mark_anchored(*epoch, *root)?;
                return Ok(self.index.unstage(true));
            }
        }
        Ok(Vec::new())
    }

    /// Every item of a record that must be kept.
    pub(crate) fn items(&self) -> impl Iterator<Item = Item> {
        self.index.iter().flat_map(|(_, entry)| entry.items())
    }

    pub(crate) fn snapshot(&self) -> Zeroizing<Vec<u8>> {
        let mut w = Writer::with_capacity(self.registry.written_size() + 400 * self.index.iter().len() + 16);
        w.u8(SNAPSHOT);
        w.list(self.index.iter(), |w, (id, entry)| {
            w.raw(id.bytes());
            entry.write(w);
        });
        self.registry.write(&mut w);
        w.finish()
    }

    pub(crate) fn read_snapshot(bytes: &[u8], disk: Arc<dyn Disk>) -> Result<State, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != SNAPSHOT {
            return Err(DecodeError("a snapshot"));
        }
        let mut index = Index::default();
        let entries = r.list(64, |r| Ok((RecordId::read(r)?, Entry::read(r)?)))?;
        if !entries.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err(DecodeError("records in increasing order"));
        }
        for (id, entry) in entries {
            if index.by_patient(&entry.patient).is_some() {
                return Err(DecodeError("one record a patient"));
            }
            index.put(id, entry);
        }
        let registry = Registry::read(r, disk)?;
        Ok(State { index, registry })
    }
}

/// How many leaves an operation sets.
pub(crate) fn leaves_of(op: &Op) -> usize {
    match op {
        Op::Leaves(changes) => changes.leaves.len(),
        _ => 0,
    }
}

/// What it takes to replay operations, in entries and leaves.
pub(crate) fn weight(ops: &[Op]) -> usize {
    ops.iter().map(|op| 1 + leaves_of(op)).sum()
}

pub(crate) fn write_ops(ops: &[Op]) -> Zeroizing<Vec<u8>> {
    let leaves: usize = ops.iter().map(leaves_of).sum();
    let mut w = Writer::with_capacity(64 + 480 * ops.len() + LEAF_CHANGE * leaves);
    w.u8(OPERATIONS);
    w.list(ops.iter(), |w, op| match op {
        Op::Put(id, entry) => {
            w.u8(0);
            w.raw(id.bytes());
            entry.write(w);
        }
        Op::Remove(id) => {
            w.u8(1);
            w.raw(id.bytes());
        }
        Op::Leaves(changes) => {
            w.u8(2);
            w.fr(&changes.root);
            w.list(changes.leaves.iter(), |w, change| {
                w.u64(change.index);
                w.fr(&change.old);
                w.fr(&change.new);
            });
        }
        Op::Synced => w.u8(6),
        Op::Stage => w.u8(3),
        Op::StageAfter { epoch } => {
            w.u8(7);
            w.u64(*epoch);
        }
        Op::Withdraw => w.u8(4),
        Op::Anchor { epoch, root } => {
            w.u8(5);
            w.u64(*epoch);
            w.fr(root);
        }
    });
    w.finish()
}

pub(crate) fn read_ops(bytes: &[u8]) -> Result<Vec<Op>, DecodeError> {
    let mut r = Reader::new(bytes);
    if r.u8()? != OPERATIONS {
        return Err(DecodeError("operations"));
    }
    let ops = r.list(1, |r| {
        Ok(match r.u8()? {
            0 => Op::Put(RecordId::read(r)?, Box::new(Entry::read(r)?)),
            1 => Op::Remove(RecordId::read(r)?),
            2 => Op::Leaves(read_changes(r)?),
            3 => Op::Stage,
            4 => Op::Withdraw,
            5 => Op::Anchor {
                epoch: r.u64()?,
                root: r.fr()?,
            },
            6 => Op::Synced,
            7 => Op::StageAfter { epoch: r.u64()? },
            _ => return Err(DecodeError("an operation")),
        })
    })?;
    r.end()?;
    Ok(ops)
}

fn read_changes(r: &mut Reader<'_>) -> Result<LeafChanges, DecodeError> {
    let root = r.fr()?;
    let leaves = r.list(LEAF_CHANGE, |r| {
        let (index, old, new) = (r.u64()?, r.fr()?, r.fr()?);
        Ok(LeafChange { index, old, new })
    })?;
    let within = |change: &LeafChange| change.index < Tree::<REGISTRY_DEPTH>::CAPACITY;
    if leaves.iter().all(within) {
        Ok(LeafChanges { leaves, root })
    } else {
        Err(DecodeError("places within a registry"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::index::{PatientId, Standing, VersionRef};
    use super::super::sim::SimDisk;
    use super::*;
    use medproof_statement::day::Day;

    fn disk() -> Arc<dyn Disk> {
        Arc::new(SimDisk::default())
    }

    fn entry(patient: &str) -> Entry {
        Entry {
            patient: PatientId::parse(patient).unwrap(),
            standing: Standing::Unenrolled,
            leaf: None,
            code: [1; 32],
            nk_tag: None,
            issued_on: Day(7),
            latest: VersionRef::NONE,
            staged: None,
            anchored: None,
        }
    }

    // Entries as a list, then an empty registry.
    fn snapshot(entries: &[(RecordId, Entry)]) -> Zeroizing<Vec<u8>> {
        let mut w = Writer::with_capacity(0);
        w.u8(SNAPSHOT);
        w.list(entries.iter(), |w, (id, entry)| {
            w.raw(id.bytes());
            entry.write(w);
        });
        Registry::new(disk()).write(&mut w);
        w.finish()
    }

    #[test]
    fn a_snapshot_has_each_record_and_each_patient_once_in_order() {
        let mut ids = [RecordId::random().unwrap(), RecordId::random().unwrap()];
        ids.sort();
        let [low, high] = ids;
        let good = snapshot(&[(low, entry("a")), (high, entry("b"))]);
        assert_eq!(State::read_snapshot(&good, disk()).unwrap().snapshot(), good);
        for bad in [
            [(high, entry("a")), (low, entry("b"))],
            [(low, entry("a")), (low, entry("b"))],
            [(low, entry("a")), (high, entry("a"))],
        ] {
            assert!(State::read_snapshot(&snapshot(&bad), disk()).is_err());
        }
    }
}
