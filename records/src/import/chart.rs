//! What an import yields for one patient.

use super::ImportReport;
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::fact::Fact;
use std::fmt;
use zeroize::Zeroize;

/// The facts of one patient, ready to be committed to.
///
/// Wiped when dropped; [`fmt::Debug`] shows neither the patient nor a fact.
#[derive(Clone, PartialEq, Eq)]
pub struct PatientChart {
    /// The patient's FHIR id.
    pub patient_id: String,
    /// At most 4,095 facts, strictly increasing by key, each with since ≤ date ≤ issued_on.
    pub facts: Vec<Fact>,
    /// For which kinds and systems the chart is complete.
    pub coverage: Coverage,
    /// The day on which it was read.
    pub issued_on: Day,
    /// What was read, doubted and left out: counts alone.
    pub report: ImportReport,
}

impl Drop for PatientChart {
    fn drop(&mut self) {
        self.patient_id.zeroize();
        self.facts.zeroize();
    }
}

impl fmt::Debug for PatientChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatientChart").finish_non_exhaustive()
    }
}
