//! What the ledger's tests share.
#![allow(dead_code, missing_docs)]

pub mod answering;
pub mod anvil;
pub mod node;
pub mod proofs;
pub mod rig;
