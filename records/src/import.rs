//! FHIR R4 becomes facts: bundles of one patient, and Bulk Data NDJSON of many.
//!
//! The reader is narrow and fail-closed. What is malformed is refused with its place in the file,
//! and nothing of it is kept; what is well-formed but cannot be read with certainty becomes an
//! uncertain fact. `docs/statements/import.md` fixes every rule and number.

mod chart;
mod concept_map;
mod error;
mod json;
mod options;
mod report;

pub use chart::PatientChart;
pub use concept_map::{CLASS_TEXT, ConceptMap};
pub use error::{ImportError, Place, Problem};
pub use options::{Manifest, Options, UnknownKind};
pub use report::{ImportReport, LeftOut, Uncertain, Unusable};
