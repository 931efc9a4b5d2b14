//! The issuer's side: FHIR R4 import, the encrypted vault, the registry tree.

pub mod import;
