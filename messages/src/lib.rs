//! What parties send each other, and the one canonical encoding of each message.
//!
//! Bytes become a type here, or an error: unknown fields and versions, duplicate keys, trailing
//! bytes, other spellings of the same value, points that are not of the group and field elements
//! not below the modulus are refused. Nothing is repaired.
#![no_std]
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

pub mod cohort;
pub mod consent;
pub mod did;
pub mod encoding;
pub mod json;
pub mod key;
pub mod point;
pub mod presentation;
pub mod request;
pub mod revocation;
mod root;
mod subgroup;
pub mod terms;

pub use cohort::{CohortError, CohortSummary};
pub use consent::{ConsentError, ConsentMessage, Grant};
pub use did::{AudienceKey, Did, DidError};
pub use key::{KeyError, KeyId, KeyInfo, PinnedKey, VerifyingKey};
pub use presentation::{Presentation, PresentationError, Proof};
pub use request::{RequestBody, RequestError, SignedRequest, VerifiedRequest};
pub use revocation::{Revocation, RevocationError};
