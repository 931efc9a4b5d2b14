//! The commands: one file a group, each command a function from arguments to a typed report.

pub mod audience;
pub mod audit;
pub mod ceremony;
pub mod circuit;
pub mod claim;
pub mod cohort;
pub mod custody;
pub mod engine;
pub mod holder;
pub mod issuer;
pub mod kept;
pub mod keys;
pub mod ledger;
pub mod powers;
pub mod prove;
pub mod request;
pub mod serve;
pub mod verifier;
pub mod verify;
pub mod worker;
