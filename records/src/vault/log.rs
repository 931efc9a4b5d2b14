//! What the issuer's state is made of, the operations that change it, and their sealed form: one
//! snapshot and the operations since, a file for each transaction.

use medproof_statement::Fr;
use std::collections::BTreeSet;

use super::codec::{DecodeError, Reader, Writer};
use super::index::{Entry, FileName, Index, RecordId};
use crate::registry::{Registry, RegistryError};
use zeroize::Zeroizing;

/// All that is not in record files.
#[derive(Clone, Debug, Default)]
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
    Leaves(Vec<(u64, Option<Fr>)>),
    /// The current root goes to the ledger.
    Stage,
    /// The ledger did not take it.
    Withdraw,
    /// The ledger took it.
    Anchor { epoch: u64, root: Fr },
}

const SNAPSHOT: u8 = 0;
const OPERATIONS: u8 = 1;

impl State {
    /// Makes a change; gives back files that nothing needs any more.
    pub(crate) fn apply(&mut self, op: &Op) -> Result<Vec<FileName>, RegistryError> {
        match op {
            Op::Put(id, entry) => {
                let old = self.index.put(*id, (**entry).clone());
                let kept: BTreeSet<FileName> = entry.files().collect();
                let all: BTreeSet<FileName> = old.iter().flat_map(Entry::files).collect();
                return Ok(all.difference(&kept).copied().collect());
            }
            Op::Remove(id) => {
                let all: BTreeSet<FileName> = self.index.remove(id).iter().flat_map(Entry::files).collect();
                return Ok(all.into_iter().collect());
            }
            Op::Leaves(leaves) => self.registry.set_many(leaves)?,
            Op::Stage => {
                self.registry.stage();
                self.index.stage();
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

    /// Every record file that must be kept.
    pub(crate) fn files(&self) -> BTreeSet<FileName> {
        self.index.iter().flat_map(|(_, entry)| entry.files()).collect()
    }

    pub(crate) fn snapshot(&self) -> Zeroizing<Vec<u8>> {
        let mut w = Writer::with_capacity(self.registry.written_size() + 320 * self.index.iter().len() + 16);
        w.u8(SNAPSHOT);
        w.list(self.index.iter(), |w, (id, entry)| {
            w.raw(id.bytes());
            entry.write(w);
        });
        self.registry.write(&mut w);
        w.finish()
    }

    pub(crate) fn read_snapshot(bytes: &[u8]) -> Result<State, DecodeError> {
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
        let registry = Registry::read(r)?;
        Ok(State { index, registry })
    }
}

pub(crate) fn write_ops(ops: &[Op]) -> Zeroizing<Vec<u8>> {
    let leaves: usize = ops
        .iter()
        .map(|op| if let Op::Leaves(l) = op { l.len() } else { 0 })
        .sum();
    let mut w = Writer::with_capacity(16 + 400 * ops.len() + 48 * leaves);
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
        Op::Leaves(leaves) => {
            w.u8(2);
            w.list(leaves.iter(), |w, (i, leaf)| {
                w.u64(*i);
                w.option(leaf.as_ref(), Writer::fr);
            });
        }
        Op::Stage => w.u8(3),
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
            2 => Op::Leaves(r.list(9, |r| Ok((r.u64()?, r.option(Reader::fr)?)))?),
            3 => Op::Stage,
            4 => Op::Withdraw,
            5 => Op::Anchor {
                epoch: r.u64()?,
                root: r.fr()?,
            },
            _ => return Err(DecodeError("an operation")),
        })
    })?;
    r.end()?;
    Ok(ops)
}

#[cfg(test)]
mod tests {
    use super::super::index::{FileRef, PatientId, Standing};
    use super::*;
    use medproof_statement::day::Day;

    fn entry(patient: &str) -> Entry {
        Entry {
            patient: PatientId::parse(patient).unwrap(),
            standing: Standing::Unenrolled,
            leaf: None,
            code: [1; 32],
            nk_tag: None,
            issued_on: Day(7),
            latest: FileRef::NONE,
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
        Registry::new().write(&mut w);
        w.finish()
    }

    #[test]
    fn a_snapshot_has_each_record_and_each_patient_once_in_order() {
        let mut ids = [RecordId::random().unwrap(), RecordId::random().unwrap()];
        ids.sort();
        let [low, high] = ids;
        let good = snapshot(&[(low, entry("a")), (high, entry("b"))]);
        assert_eq!(State::read_snapshot(&good).unwrap().snapshot(), good);
        for bad in [
            [(high, entry("a")), (low, entry("b"))],
            [(low, entry("a")), (low, entry("b"))],
            [(low, entry("a")), (high, entry("a"))],
        ] {
            assert!(State::read_snapshot(&snapshot(&bad)).is_err());
        }
    }
}
