//! The one definition of what medproof proves.
//!
//! Everything that two implementers must agree on stands here once: how a FHIR record becomes
//! [`fact`]s, how facts become a [`record`] commitment and a [`tree`], how a claim becomes a
//! [`policy`] table, what a [`request`] and a [`consent`] bind, the order of the
//! [`public`] inputs, and [`check`]: the relation itself, natively.
//!
//! `docs/statements/v1.md` says the same in prose, one heading per equation.
#![no_std]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod assign;
pub mod check;
pub mod codeset;
pub mod concept;
pub mod consent;
pub mod coverage;
pub mod day;
pub mod eddsa;
pub mod fact;
pub mod field;
pub mod hash;
pub mod holder;
pub mod inverse;
pub mod machine;
pub mod policy;
pub mod poseidon2;
pub mod public;
pub mod record;
pub mod request;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tier;
pub mod tree;
pub mod units;
pub mod value;

pub use field::Fr;

/// Version of the statement: of the encoding, the relation and the order of the public inputs.
pub const VERSION: u64 = 1;

/// Version of the record schema ([`record::RecordOpening::schema`]): how facts are encoded.
pub const SCHEMA: u64 = 1;
