//! Proving and verifying keys: manifests, digest-checked loading, development setup.
//!
//! A Groth16 key is made for one circuit. A [`CircuitKey`] holds a proving key together with the
//! matrices that it was made for, and exists only if the two fit and its verifying key passes the
//! rules of [`medproof_messages::key`]. Development keys come from a
//! public seed ([`development`]): anyone can forge proofs under them, so they are marked insecure
//! wherever they go and used only where [`Mode::Development`] was asked for.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod circom;
pub mod circuit;
pub mod development;
mod digest;
pub mod fit;
pub mod manifest;
pub mod pinned_shape;
pub mod places;
mod progress;
pub mod proving_file;
mod setup;
pub mod sizes;
pub mod stats;
pub mod store;
#[cfg(test)]
mod testing;

pub use circuit::{CircuitKey, Mode, Provenance, UnusableKey};
pub use digest::Sha256Digest;
pub use progress::{Cancelled, Progress, Quiet};
pub use setup::{SetupError, SetupStage};
pub use store::{KeyCard, KeyError, KeyStore};

pub use ark_bn254::{Bn254, Fr};
pub use medproof_disclosure::CIRCUIT_VERSION;
