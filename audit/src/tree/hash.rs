//! Hashes, where they stand, and heads.

use sha2::{Digest, Sha256};
use std::fmt;

/// The most leaves of a tree: places fit the signed 64-bit integers of databases, with room for
/// sums of two.
pub const MAX_SIZE: u64 = 1 << 62;

/// A SHA-256 hash: of a leaf, of a node, of a tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The root of the tree without leaves: SHA-256 of nothing.
    pub fn of_nothing() -> Hash {
        Hash(Sha256::digest([]).into())
    }

    /// Of a leaf's bytes: SHA-256(0x00 ‖ bytes). The first byte keeps leaves apart from nodes.
    pub fn of_leaf(bytes: &[u8]) -> Hash {
        Hash(Sha256::new_with_prefix([0]).chain_update(bytes).finalize().into())
    }

    /// Of a node's children: SHA-256(0x01 ‖ left ‖ right).
    pub fn of_node(left: Hash, right: Hash) -> Hash {
        let hash = Sha256::new_with_prefix([1]).chain_update(left.0).chain_update(right.0);
        Hash(hash.finalize().into())
    }

    /// Of neighbouring subtrees, the largest first: each is the left child of all after it.
    pub(crate) fn of_subtrees(hashes: &[Hash]) -> Hash {
        let joined = hashes
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| Hash::of_node(left, right));
        joined.unwrap_or_else(Hash::of_nothing)
    }

    /// The roots of the complete subtrees over neighbouring nodes of one level, the largest first.
    pub(crate) fn subtrees(mut nodes: &[Hash]) -> Vec<Hash> {
        let mut roots = Vec::new();
        while let Some(log) = nodes.len().checked_ilog2() {
            let (complete, rest) = nodes.split_at(1 << log);
            roots.extend(complete_root(complete));
            nodes = rest;
        }
        roots
    }
}

// Of as many nodes as a power of two.
fn complete_root(nodes: &[Hash]) -> Option<Hash> {
    match nodes {
        [] => None,
        [node] => Some(*node),
        nodes => {
            let (left, right) = nodes.split_at(nodes.len() / 2);
            Some(Hash::of_node(complete_root(left)?, complete_root(right)?))
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        medproof_messages::encoding::Hex(self.0).fmt(f)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// A complete node's place: over the leaves from `index · 2^level` to below `(index + 1) · 2^level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// 0 for leaves.
    pub level: u8,
    /// From the left, from 0.
    pub index: u64,
}

/// A complete node, to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where.
    pub id: NodeId,
    /// What.
    pub hash: Hash,
}

/// A tree in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many leaves.
    pub size: u64,
    /// The root over all of them.
    pub root: Hash,
}

// So that nothing else that is hashed is a head.
const COMMITMENT: &[u8] = b"medproof/log-head/1\n";

impl Head {
    /// What is published of a head: SHA-256(tag ‖ size ‖ root), the size in eight bytes, the highest first. Who does not have
    /// the entries finds neither out: entries name patients by keyed pseudonyms.
    pub fn commitment(&self) -> [u8; 32] {
        let hash = Sha256::new_with_prefix(COMMITMENT).chain_update(self.size.to_be_bytes());
        hash.chain_update(self.root.0).finalize().into()
    }
}
