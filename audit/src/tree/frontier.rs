//! The right edge of a tree: what appending needs to know of everything before.

use super::hash::{Hash, Head, MAX_SIZE, Node, NodeId};
use thiserror::Error;

/// Why bytes are no frontier, or a leaf cannot be appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrontierError {
    /// No size.
    #[error(
        "expected a frontier that begins with its size in 8 bytes, found {found} bytes: restore the row from a backup"
    )]
    Short {
        /// How many bytes there are.
        found: usize,
    },
    /// A size beyond all trees.
    #[error("expected a frontier of at most {MAX_SIZE} leaves, found {found}: restore the row from a backup")]
    TooLarge {
        /// The size.
        found: u64,
    },
    /// More or fewer hashes than the size has bits.
    #[error("expected {expected} bytes for a frontier of {size} leaves, found {found}: restore the row from a backup")]
    Length {
        /// The size.
        size: u64,
        /// 8 bytes, and 32 for each bit of the size that is set.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// No leaf has a place after the last.
    #[error("expected fewer than {MAX_SIZE} leaves, found a full tree: begin another log")]
    Full,
}

/// The roots of the complete subtrees that a tree falls into, the largest first: one for each bit
/// of the size that is set (a *compact range* from 0).
///
/// Appending takes one hash for each trailing one of the size: one on average, 62 at most. It gives two
/// nodes to store on average. Nothing else of the tree is read.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    right: Vec<Hash>,
}

impl Frontier {
    /// Of the tree without leaves.
    pub const fn new() -> Frontier {
        Frontier {
            size: 0,
            right: Vec::new(),
        }
    }

    /// How many leaves: the next one's index.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Size and root.
    pub fn head(&self) -> Head {
        Head {
            size: self.size,
            root: Hash::of_subtrees(&self.right),
        }
    }

    /// The roots of the complete subtrees, the largest first.
    pub fn subtrees(&self) -> &[Hash] {
        &self.right
    }

    /// Appends a leaf. Gives the nodes that it completes, the leaf first: those are to be stored.
    ///
    /// # Errors
    /// [`FrontierError::Full`]; then nothing changed.
    pub fn append(&mut self, leaf: Hash) -> Result<Vec<Node>, FrontierError> {
        if self.size >= MAX_SIZE {
            return Err(FrontierError::Full);
        }
        let id = NodeId {
            level: 0,
            index: self.size,
        };
        let mut node = Node { id, hash: leaf };
        let mut nodes = vec![node];
        // A right child completes its parent, which may be a right child in turn.
        while node.id.index & 1 == 1
            && let Some(left) = self.right.pop()
        {
            node = Node {
                id: NodeId {
                    level: node.id.level + 1,
                    index: node.id.index >> 1,
                },
                hash: Hash::of_node(left, node.hash),
            };
            nodes.push(node);
        }
        self.right.push(node.hash);
        self.size += 1;
        Ok(nodes)
    }

    /// Its one encoding: the size, 8 bytes, the highest first; then the hashes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let hashes = self.right.iter().flat_map(|hash| hash.0);
        self.size.to_be_bytes().into_iter().chain(hashes).collect()
    }

    /// From its encoding. Whether the hashes are this tree's, only its entries show.
    ///
    /// # Errors
    /// [`FrontierError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Frontier, FrontierError> {
        let short = FrontierError::Short { found: bytes.len() };
        let (size, hashes) = bytes.split_first_chunk::<8>().ok_or(short)?;
        let size = u64::from_be_bytes(*size);
        if size > MAX_SIZE {
            return Err(FrontierError::TooLarge { found: size });
        }
        let (hashes, rest) = hashes.as_chunks::<32>();
        let expected = size.count_ones() as usize;
        if hashes.len() != expected || !rest.is_empty() {
            return Err(FrontierError::Length {
                size,
                expected: 8 + 32 * expected,
                found: bytes.len(),
            });
        }
        Ok(Frontier {
            size,
            right: hashes.iter().copied().map(Hash).collect(),
        })
    }
}
