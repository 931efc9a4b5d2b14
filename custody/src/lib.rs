//! Keys kept: [`sealed`] with a passphrase, split into [`recovery`] shares, and held by several
//! custodians of whom some sign together ([`custodian`], [`ceremony`], [`signing`], over [`suite`]).
//!
//! Nothing here asks a person for anything or decides where files lie: who calls does.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod ceremony;
pub mod custodian;
mod error;
pub mod group;
mod random;
pub mod recovery;
pub mod sealed;
mod secret_json;
pub mod signing;
pub mod suite;

pub use error::CustodyError;
pub use random::RandomError;
