//! R1CS twins of the statement's types, one concept a file.
//!
//! Every gadget states what it enforces, what it takes for granted and what it costs; the cost is
//! a constant or a function that tests hold it to. Nothing here returns a condition that the
//! caller must remember to enforce without saying so in its type ([`bits::Bit`]).
//!
//! Gadgets work on [`wire::Wire`]s: linear combinations that are free to add and scale. They run
//! in every synthesis mode: for a key (no assignment), for matrices and assignment, and for the
//! assignment alone, where linear combinations are not built at all.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bits;
pub mod compare;
pub mod eddsa;
pub mod edwards;
pub mod fixed_base;
mod montgomery;
pub mod poseidon2;
pub mod r1cs_file;
pub mod select;
pub mod shape;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tree;
pub mod variable_base;
pub mod wire;

pub use ark_relations::gr1cs::SynthesisError;
pub use wire::{Cs, Wire};
