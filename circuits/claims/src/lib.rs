//! Claims: what a sponsor or an insurer wants shown, in a form that people read and write.
//!
//! A [`Claim`] is read from JSON ([`Claim::parse`]; its schema is `schema/claim-v1.schema.json`)
//! or made from a [`spec::ClaimSpec`]. Either way it is checked whole: what cannot be expressed is
//! refused by name ([`Refusal`]) before anybody compiles it. [`Claim::compile`] makes the policy
//! table for one day; verifier and prover do so independently and must get the same table.
//! [`Claim::explain`] says in plain words what a proof of it shows, and what it does not.
//!
//! ```
//! use medproof_claims::{Claim, Day};
//!
//! let claim = Claim::parse(br#"{
//!     "form": "medproof-claim/1",
//!     "title": "Adult",
//!     "clauses": [{ "age": { "at_least": 18 } }]
//! }"#)?;
//! let as_of = Day::from_civil(2021, 4, 1).ok_or("no such day")?;
//! let policy = claim.compile(as_of, None)?;
//! assert_eq!(policy.table().criteria().len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod calendar;
mod claim;
mod codes;
mod compile;
mod error;
mod explain;
pub mod json;
pub mod library;
mod plan;
mod read;
pub mod spec;
mod suggest;
mod threshold;
mod words;
mod write;

pub use claim::{Claim, Warning};
pub use compile::CompileError;
pub use error::{ClaimError, Problem, Refusal};
pub use explain::{ClauseExplained, CriterionExplained, Explanation};
pub use medproof_statement::day::Day;
pub use medproof_statement::tier::Tier;

/// The value of `form` in every claim of this version.
pub const FORM: &str = "medproof-claim/1";
