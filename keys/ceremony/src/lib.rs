//! Ceremonies: how a Groth16 key comes about whose secrets nobody knows.
//!
//! A key needs numbers that must be forgotten: who knows them proves anything. In a ceremony each
//! contributor multiplies them by a secret of their own and forgets it. The key is sound if one of them
//! did forget (S. Bowe, A. Gabizon, I. Miers, "Scalable multi-party computation for zk-SNARK parameters
//! in the random beacon model", 2017).
//!
//! [`phase1`] is the same for all circuits: powers of τ. Files of them come from public ceremonies of
//! many, and are read, verified and prepared here. [`phase2`] is for one circuit: δ, and what
//! depends on it. Files are those of snarkjs to the last bit, so that anyone can check ours, and take
//! part in them, with an independent tool. A [`transcript`] says who did what, signed, and a [`folder`] is
//! what contributors pass on.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod draws;
mod encoding;
mod files;
mod finished;
pub mod folder;
pub mod library;
mod midstate;
pub mod phase1;
pub mod phase2;
mod progress;
mod ratio;
mod subgroup;
pub mod transcript;

/// A beacon is hashed at least 2^10 times, as snarkjs demands.
pub const FEWEST_ITERATIONS: u8 = 10;
/// And at most 2^40 times here: weeks. A file must not keep its verifier busy for ever.
pub const MOST_ITERATIONS: u8 = 40;

pub use files::FileError;
pub use finished::Finished;
pub use progress::Stage;
pub use ratio::NoRandomness;
