//! Proofs, verified as RFC 9162 has it.

use super::hash::{Hash, Head, MAX_SIZE};
use thiserror::Error;

/// Why a proof shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProofError {
    /// Trees that cannot be.
    #[error("expected {expected}, found {found}: check what the proof was asked for")]
    Place {
        /// What can be.
        expected: &'static str,
        /// What was given.
        found: u64,
    },
    /// Too many hashes, or too few.
    #[error(
        "expected a proof of another number of hashes for these sizes, found {found}: it is of another place or size"
    )]
    Length {
        /// How many there are.
        found: usize,
    },
    /// The hashes lead to another root.
    #[error("the proof leads to another root at size {size}: entry, proof or head is not of this log")]
    Root {
        /// Of which tree.
        size: u64,
    },
}

/// That a leaf stands at `index` of the tree with this head: RFC 9162, §2.1.3.2.
///
/// # Errors
/// [`ProofError`] where it does not follow.
pub fn verify_inclusion(leaf: Hash, index: u64, head: &Head, proof: &[Hash]) -> Result<(), ProofError> {
    at_most(head.size)?;
    if index >= head.size {
        return Err(ProofError::Place {
            expected: "an index below the head's size",
            found: index,
        });
    }
    let length = ProofError::Length { found: proof.len() };
    let (mut node, mut last) = (index, head.size - 1);
    let mut hash = leaf;
    for beside in proof {
        if last == 0 {
            return Err(length);
        }
        if node & 1 == 1 || node == last {
            hash = Hash::of_node(*beside, hash);
            // A last node without a sibling stands for its parent as well.
            let levels = node.trailing_zeros();
            (node, last) = (node >> levels, last >> levels);
        } else {
            hash = Hash::of_node(hash, *beside);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(length);
    }
    same(hash, head)
}

/// That the tree with the head `to` continues the one with the head `from`: RFC 9162, §2.1.4.2.
/// Every tree continues the one without leaves.
///
/// # Errors
/// [`ProofError`] where it does not follow.
pub fn verify_consistency(from: &Head, to: &Head, proof: &[Hash]) -> Result<(), ProofError> {
    at_most(to.size)?;
    let length = ProofError::Length { found: proof.len() };
    if from.size > to.size {
        return Err(ProofError::Place {
            expected: "an older size that is not greater than the newer",
            found: from.size,
        });
    }
    if from.size == 0 || from.size == to.size {
        let root = if from.size == 0 { Hash::of_nothing() } else { to.root };
        same(root, from)?;
        return if proof.is_empty() { Ok(()) } else { Err(length) };
    }
    let (mut node, mut last) = (from.size - 1, to.size - 1);
    let levels = node.trailing_ones();
    (node, last) = (node >> levels, last >> levels);
    // An old tree that is a complete subtree of the new one: its root is where the proof begins.
    let (first, rest) = if from.size.is_power_of_two() {
        (from.root, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or(length)?;
        (*first, rest)
    };
    let (mut old, mut new) = (first, first);
    for beside in rest {
        if last == 0 {
            return Err(length);
        }
        if node & 1 == 1 || node == last {
            old = Hash::of_node(*beside, old);
            new = Hash::of_node(*beside, new);
            let levels = node.trailing_zeros();
            (node, last) = (node >> levels, last >> levels);
        } else {
            new = Hash::of_node(new, *beside);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(length);
    }
    same(old, from)?;
    same(new, to)
}

const fn at_most(size: u64) -> Result<(), ProofError> {
    if size <= MAX_SIZE {
        return Ok(());
    }
    Err(ProofError::Place {
        expected: "a size of at most 2^62",
        found: size,
    })
}

fn same(found: Hash, head: &Head) -> Result<(), ProofError> {
    if found == head.root {
        return Ok(());
    }
    Err(ProofError::Root { size: head.size })
}
