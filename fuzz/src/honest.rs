//! Honest parties: what they say is where mutations begin, and what may never be exceeded. All
//! keys here are public.

/// The verifier's test world: real proofs of a small circuit, and all around them.
#[path = "../../verifier/tests/common/mod.rs"]
pub mod world;

pub mod ceremony;
pub mod chain;
pub mod custody;
pub mod holder;
pub mod log;
pub mod messages;
