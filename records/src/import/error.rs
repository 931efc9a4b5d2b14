//! Why a file was refused. Says where, and what was expected; never what a patient's data says.

use std::fmt;
use thiserror::Error;

/// Where in the input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The caller's name for the input: best not a patient's.
    pub source: String,
    /// Line in the input, counted from 1; 0 where it is not known.
    pub line: usize,
    /// JSON path from the top of the file, or of the line in NDJSON.
    pub path: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        if !self.path.is_empty() && self.path != "." {
            // Of names that nobody knows, too, the path is made: as much of it as fits a line.
            let harmless = |c: char| if c.is_ascii_graphic() { c } else { '?' };
            let path: String = self.path.chars().take(300).map(harmless).collect();
            write!(f, ", at {path}")?;
        }
        Ok(())
    }
}

/// A file that was refused: nothing of it was kept.
#[derive(Debug, Error)]
#[error("{at}: {problem}")]
pub struct ImportError {
    /// Where.
    pub at: Place,
    /// What is wrong.
    #[source]
    pub problem: Problem,
}

/// What is wrong with a file.
#[derive(Debug, Error)]
pub enum Problem {
    /// It could not be read.
    #[error("cannot read the file: {0}")]
    Read(#[from] std::io::Error),
    /// Not JSON, or not the JSON that FHIR R4 prescribes. The text names what was expected.
    #[error("malformed: {0}")]
    Json(String),
    /// Another resource where a Bundle belongs.
    #[error("expected a FHIR Bundle of one patient; for Bulk Data files use the NDJSON import")]
    NotABundle,
    /// A history, a response, or no type at all.
    #[error("expected a bundle of type collection, document, transaction, batch, searchset or message")]
    BundleType,
    /// One page of several.
    #[error("this bundle is one page of a larger answer (it links to the next): fetch all pages first")]
    Page,
    /// A deletion in a transaction, or an entry without a resource.
    #[error("expected a resource that is created or updated in every entry")]
    Entry,
    /// No patient.
    #[error("expected one Patient resource, found none")]
    NoPatient,
    /// More than one patient.
    #[error("expected one Patient resource in a bundle, found another: split the bundle by patient")]
    TwoPatients,
    /// A resource of somebody else.
    #[error("the resource belongs to a patient who is not in this export")]
    ForeignSubject,
    /// A resource of nobody in an export of many patients.
    #[error("expected a reference to a Patient as the subject, found none")]
    NoSubject,
    /// No id.
    #[error("expected an id (or, in a bundle, a fullUrl) of 1 to 256 characters")]
    NoId,
    /// Two versions of one resource.
    #[error("a resource of this type and id was read before: export each resource once")]
    DuplicateId,
    /// Two forms of one choice element.
    #[error("expected at most one form of {0}[x]")]
    TwoForms(&'static str),
    /// A file that mixes types.
    #[error("expected resources of one type in each NDJSON file, found a second type")]
    MixedTypes,
    /// A concept map that cannot be followed with certainty.
    #[error("concept map: {0}")]
    ConceptMap(&'static str),
}
