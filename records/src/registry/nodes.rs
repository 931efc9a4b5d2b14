//! The nodes of the current tree on disk: one file a level, node i at byte 32·i, changed in place.
//!
//! The files are not sealed. They hold hashes only, and whoever reads them checks what they read:
//! an update hashes the old children on its way up to the root that it trusts, and a path is shown
//! to lead to its root before it is used. The files may be behind, or torn, where a crash came
//! before [`Nodes::sync`]: the leaves changed since then are in the vault's sealed operations, and
//! [`Nodes::ascend`] from them puts right every node that may have been written.

use medproof_lanes::poseidon2::Lanes;
use medproof_statement::poseidon2::{Permuter, compress8};
use medproof_statement::record::empty_record;
use medproof_statement::tree::{ARITY, REGISTRY_DEPTH};
use medproof_statement::{Fr, field};
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSliceMut;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::vault::VaultError;
use crate::vault::disk::{Disk, DiskError};

const NODE: usize = 32;
/// How many parents one thread hashes at a time.
const PORTION: usize = 512;

/// Values of nodes by level and index.
pub(super) type Levels = [BTreeMap<u64, Fr>; REGISTRY_DEPTH];

/// What stands at each level where no leaf was filled; the root of an empty tree last.
pub(super) static PADDING: LazyLock<[Fr; REGISTRY_DEPTH + 1]> = LazyLock::new(|| {
    let mut node = empty_record();
    core::array::from_fn(|_| {
        let parent = compress8(&[node; ARITY]);
        core::mem::replace(&mut node, parent)
    })
});

/// How many nodes of a level are above so many leaves.
pub(super) const fn count(leaves: u64, level: usize) -> u64 {
    leaves.div_ceil(1 << (3 * level))
}

/// The files' names.
pub(crate) fn files() -> impl Iterator<Item = String> {
    (0..REGISTRY_DEPTH).map(file)
}

fn file(level: usize) -> String {
    format!("level{level}")
}

/// Nodes changed by new leaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ascent {
    /// As they become.
    pub(super) new: Levels,
    /// As they were.
    pub(super) old: Levels,
    /// Above them, if there are any.
    pub(super) root: Option<Fr>,
}

/// The files of one tree.
#[derive(Clone)]
pub(super) struct Nodes {
    disk: Arc<dyn Disk>,
}

impl Nodes {
    pub(super) fn on(disk: Arc<dyn Disk>) -> Nodes {
        Nodes { disk }
    }

    /// The eight children of a node in a tree of so many leaves. A node that cannot be read counts as
    /// zero: no root comes out right with it.
    pub(super) fn children(&self, level: usize, parent: u64, leaves: u64) -> Result<[Fr; ARITY], VaultError> {
        let first = parent * ARITY as u64;
        let filled = count(leaves, level).saturating_sub(first).min(ARITY as u64) as usize;
        let bytes = match filled {
            0 => Vec::new(),
            _ => self.disk.read_at(&file(level), first * NODE as u64, filled * NODE)?,
        };
        Ok(core::array::from_fn(|i| match bytes.get(i * NODE..(i + 1) * NODE) {
            Some(node) => field::from_bytes(node).unwrap_or_default(),
            None if i < filled => Fr::default(),
            None => PADDING[level],
        }))
    }

    /// Hashes from new leaves to the root, each node once, in a tree that had `before` leaves. Where a
    /// root is trusted, all that was read of that tree is shown to lie under it.
    pub(super) fn ascend(
        &self,
        leaves: BTreeMap<u64, Fr>,
        before: u64,
        trusted: Option<Fr>,
    ) -> Result<Ascent, VaultError> {
        let mut ascent = Ascent::default();
        let mut new = leaves;
        let mut known: BTreeMap<u64, Fr> = BTreeMap::new();
        for level in 0..REGISTRY_DEPTH {
            let mut parents: Vec<u64> = new.keys().map(|i| i / ARITY as u64).collect();
            parents.dedup();
            let was = parents.iter().map(|parent| self.children(level, *parent, before));
            let was = was.collect::<Result<Vec<[Fr; ARITY]>, VaultError>>()?;
            let place = |i: u64| {
                (
                    parents.partition_point(|p| *p < i / ARITY as u64),
                    (i % ARITY as u64) as usize,
                )
            };
            if known.iter().any(|(i, node)| was[place(*i).0][place(*i).1] != *node) {
                return Err(VaultError::Tampered { file: file(level) });
            }
            let mut becomes = was.clone();
            for (i, node) in &new {
                let (parent, child) = place(*i);
                if trusted.is_some() {
                    ascent.old[level].insert(*i, was[parent][child]);
                }
                becomes[parent][child] = *node;
            }
            if trusted.is_some() {
                let filled = parents.partition_point(|p| *p < count(before, level + 1));
                let hashed = compress_all(was[..filled].to_vec());
                let empty = core::iter::repeat(PADDING[level + 1]);
                known = parents.iter().copied().zip(hashed.into_iter().chain(empty)).collect();
            }
            let above = parents.iter().copied().zip(compress_all(becomes)).collect();
            ascent.new[level] = core::mem::replace(&mut new, above);
        }
        if let (Some(root), Some(found)) = (trusted, known.get(&0))
            && root != *found
        {
            return Err(VaultError::Tampered {
                file: file(REGISTRY_DEPTH - 1),
            });
        }
        ascent.root = new.get(&0).copied();
        Ok(ascent)
    }

    /// Writes nodes in their places, neighbours at once.
    pub(super) fn write(&self, levels: &Levels) -> Result<(), DiskError> {
        for (level, nodes) in levels.iter().enumerate() {
            let mut nodes = nodes.iter().peekable();
            while let Some((first, node)) = nodes.next() {
                let mut bytes = field::to_bytes(node).to_vec();
                let mut next = first + 1;
                while let Some((_, node)) = nodes.next_if(|(i, _)| **i == next) {
                    bytes.extend_from_slice(&field::to_bytes(node));
                    next += 1;
                }
                self.disk.write_at(&file(level), first * NODE as u64, &bytes)?;
            }
        }
        Ok(())
    }

    /// Makes all that was written durable.
    pub(super) fn sync(&self) -> Result<(), DiskError> {
        files().try_for_each(|name| self.disk.sync(&name))
    }
}

fn compress_all(mut children: Vec<[Fr; ARITY]>) -> Vec<Fr> {
    let portions = children.par_chunks_mut(PORTION);
    portions.flat_map_iter(|portion| Lanes.compress_all(portion)).collect()
}
