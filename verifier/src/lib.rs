//! Checks a presentation against a request, a claim, a pinned key and the ledger.
//!
//! A [`Verifier`] holds what does not change from one answer to the next: whose requests these
//! are, the ledger, the issuers that are believed, and a prepared key. [`Verifier::verify`] takes
//! a presentation, the request that it should answer, the claim, a [`LedgerView`] and the time,
//! and returns a [`Verified`], which nothing else can make, or a [`Refusal`] that says what was
//! expected, what was found, and what to do.
//!
//! The view is a [`TrustBundle`] (a signed file, for verifiers without a connection) or whatever
//! reads the ledger. Whether a nullifier was used before, the caller's store tells; with the
//! feature `std` there is `store::AnswerStore`.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::unreachable
    )
)]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod bundle;
mod combination;
pub mod groth16;
mod inputs;
pub mod ledger;
mod pairing;
pub mod portable;
mod refusal;
#[cfg(feature = "std")]
pub mod store;
mod verify;

pub use bundle::{BundleBody, BundleError, TrustBundle};
pub use ledger::LedgerView;
pub use refusal::Refusal;
pub use verify::{BATCH, Issuers, Mode, Presented, Settings, Verified, Verifier};

/// The README's example compiles.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../../README.md")]
pub struct Readme;
