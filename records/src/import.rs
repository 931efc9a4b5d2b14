//! FHIR R4 becomes facts: bundles of one patient, and Bulk Data NDJSON of many.
//!
//! The reader is narrow and fail-closed. What is malformed is refused with its place in the file,
//! and nothing of it is kept; what is well-formed but cannot be read with certainty becomes an
//! uncertain fact. `docs/statements/import.md` fixes every rule and number.

mod assemble;
mod bundle;
mod chart;
mod concept_map;
pub(crate) mod dates;
mod draft;
mod error;
mod fhir;
mod json;
mod ndjson;
mod options;
mod reading;
mod report;
mod resource;
mod resources;
mod status;

pub use chart::PatientChart;
pub use concept_map::{CLASS_TEXT, ConceptMap};
pub use error::{ImportError, Place, Problem};
pub use ndjson::Charts;
pub use options::{Manifest, Options, UnknownKind};
pub use report::{ImportReport, LeftOut, Uncertain, Unusable};
pub use resources::{BIRTHDATE, DECEASED, SEX};

/// Reads FHIR R4 under fixed [`Options`].
#[derive(Clone, Debug)]
pub struct Importer {
    options: Options,
}

impl Importer {
    /// An importer under these options.
    pub fn new(options: Options) -> Importer {
        Importer { options }
    }

    /// Reads the NDJSON files of one Bulk Data export: each file holds resources of one type, of
    /// any number of patients. Memory grows with the facts, not with the files.
    ///
    /// # Errors
    /// [`ImportError`] with the file, line and JSON path of the first thing that is malformed; of
    /// the whole export nothing is kept then.
    pub fn ndjson(&self, files: &[std::path::PathBuf]) -> Result<Charts, ImportError> {
        ndjson::read(files, &self.options)
    }

    /// Reads lines of resources of any types, in any order, of any number of patients: an export that came as one.
    /// `source` names it in errors. Nothing is complete but what the manifest names.
    ///
    /// # Errors
    /// [`ImportError`] with the line and JSON path of the first thing that is malformed; nothing is kept then.
    pub fn lines(&self, bytes: &[u8], source: &str) -> Result<Charts, ImportError> {
        ndjson::read_lines(bytes, source, &self.options)
    }

    /// Reads a bundle of one patient. `source` names it in errors: best not by the patient's name.
    ///
    /// # Errors
    /// [`ImportError`] with the line and JSON path of the first thing that is malformed; nothing
    /// of the bundle is kept.
    pub fn bundle(&self, bytes: &[u8], source: &str) -> Result<PatientChart, ImportError> {
        bundle::read(bytes, source, &self.options)
    }
}
