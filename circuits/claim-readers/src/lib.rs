//! Readers of other claim forms. Each turns its form into the same [`Claim`](medproof_claims::Claim)
//! as the JSON does, so that the form that an author prefers changes nothing that is proved.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod scalar;
pub mod yaml;

pub use yaml::{YamlError, YamlProblem, read_yaml};
