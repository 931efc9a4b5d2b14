//! Proofs, in two steps: which stored nodes they need, then the hashes from these.

use super::hash::{Hash, MAX_SIZE, NodeId};
use std::collections::BTreeMap;
use std::ops::Range;
use thiserror::Error;

/// A proof that no tree has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected {expected}, found {found}: ask for what is in the log")]
pub struct OutOfRange {
    /// What can be asked for.
    pub expected: &'static str,
    /// What was.
    pub found: u64,
}

/// A node that should have been stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the log's node {} at level {} is missing: restore the nodes, or compute them from the entries", .0.index, .0.level)]
pub struct MissingNode(pub NodeId);

/// The stored nodes that a proof is made of: of each of its hashes, the complete subtrees that it
/// joins, the largest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan(Vec<Vec<NodeId>>);

impl Plan {
    /// The root of the tree's first `size` leaves: one hash.
    ///
    /// # Errors
    /// [`OutOfRange`] beyond [`MAX_SIZE`].
    pub fn root(size: u64) -> Result<Plan, OutOfRange> {
        let size = in_range(size)?;
        Ok(Plan(vec![subtrees(0..size)]))
    }

    /// That the leaf at `index` is in the tree of `size` leaves: PATH of RFC 6962, §2.1.1, from the
    /// leaf up.
    ///
    /// # Errors
    /// [`OutOfRange`] where it is not.
    pub fn inclusion(index: u64, size: u64) -> Result<Plan, OutOfRange> {
        let size = in_range(size)?;
        if index >= size {
            return Err(OutOfRange {
                expected: "an index below the size",
                found: index,
            });
        }
        let mut parts = Vec::new();
        let mut tree = 0..size;
        while length(&tree) > 1 {
            let middle = tree.start + split(length(&tree));
            let (inside, beside) = if index < middle {
                (tree.start..middle, middle..tree.end)
            } else {
                (middle..tree.end, tree.start..middle)
            };
            parts.push(subtrees(beside));
            tree = inside;
        }
        parts.reverse();
        Ok(Plan(parts))
    }

    /// That the tree of `to` leaves continues that of `from`: PROOF of RFC 6962, §2.1.2. Without
    /// hashes where `from` is 0 or `to`.
    ///
    /// # Errors
    /// [`OutOfRange`] where `from` is greater.
    pub fn consistency(from: u64, to: u64) -> Result<Plan, OutOfRange> {
        let to = in_range(to)?;
        if from > to {
            return Err(OutOfRange {
                expected: "an older size that is not greater than the newer",
                found: from,
            });
        }
        let mut parts = Vec::new();
        let mut tree = 0..to;
        // The old tree's root is known to who asks, as long as it stands whole in what is left.
        let mut whole = true;
        while from > 0 && from < tree.end {
            let middle = tree.start + split(length(&tree));
            if from <= middle {
                parts.push(subtrees(middle..tree.end));
                tree.end = middle;
            } else {
                parts.push(subtrees(tree.start..middle));
                tree.start = middle;
                whole = false;
            }
        }
        if !whole {
            parts.push(subtrees(tree));
        }
        parts.reverse();
        Ok(Plan(parts))
    }

    /// The stored nodes that are needed. None is needed twice.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.0.iter().flatten().copied()
    }

    /// The proof, from the hashes of these nodes.
    ///
    /// # Errors
    /// The first of `fetch`.
    pub fn prove<E>(&self, mut fetch: impl FnMut(NodeId) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
        let part = |nodes: &Vec<NodeId>| {
            let hashes = nodes.iter().map(|id| fetch(*id)).collect::<Result<Vec<_>, E>>()?;
            Ok(Hash::of_subtrees(&hashes))
        };
        self.0.iter().map(part).collect()
    }

    /// As [`Plan::prove`], from nodes that were fetched at once.
    ///
    /// # Errors
    /// [`MissingNode`].
    pub fn prove_from(&self, nodes: &BTreeMap<NodeId, Hash>) -> Result<Vec<Hash>, MissingNode> {
        self.prove(|id| nodes.get(&id).copied().ok_or(MissingNode(id)))
    }
}

fn in_range(size: u64) -> Result<u64, OutOfRange> {
    if size <= MAX_SIZE {
        return Ok(size);
    }
    Err(OutOfRange {
        expected: "a size of at most 2^62",
        found: size,
    })
}

const fn length(leaves: &Range<u64>) -> u64 {
    leaves.end - leaves.start
}

// The largest power of two below: where RFC 6962 cuts a tree of more than one leaf.
const fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

// The complete subtrees that leaves fall into, the largest first. Those of a subtree begin at a
// multiple of a power of two that is at least their number.
fn subtrees(leaves: Range<u64>) -> Vec<NodeId> {
    let mut start = leaves.start;
    let mut nodes = Vec::new();
    while start < leaves.end {
        let level = (leaves.end - start).ilog2();
        nodes.push(NodeId {
            level: level as u8,
            index: start >> level,
        });
        start += 1 << level;
    }
    nodes
}
