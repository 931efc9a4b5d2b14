//! The Merkle tree of RFC 6962, §2.1, over SHA-256.
//!
//! A node is complete when all leaves below it are there; it never changes again, and only complete
//! nodes are stored. The nodes on the right edge that are not complete are computed when needed.

mod frontier;
mod hash;
mod proof;
mod verify;

pub use frontier::{Frontier, FrontierError};
pub use hash::{Hash, Head, MAX_SIZE, Node, NodeId};
pub use proof::{MissingNode, OutOfRange, Plan};
pub use verify::{ProofError, verify_consistency, verify_inclusion};

#[cfg(test)]
mod tests;
