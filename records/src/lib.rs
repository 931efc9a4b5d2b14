//! The issuer's side: FHIR R4 import, the encrypted vault, the registry tree.

#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod import;
pub mod issuer;
#[cfg(feature = "measuring")]
pub mod measuring;
mod random;
pub mod registry;
pub mod salts;
pub mod vault;

pub use random::RandomError;
