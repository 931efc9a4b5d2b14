//! The summary of a cohort: how many answered one request, and nothing that its presentations do not show.

use crate::encoding::{FieldHex, Hex};
use crate::json::{self, JsonError, Wire};
use crate::key::KeyId;
use crate::terms::TermError;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use medproof_statement::Fr;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A group of so many hides each of its members well enough: the chance to name one by a guess is one in
/// eleven, the 0.09 that EMA (Policy 0070) and Health Canada hold published trial data to, and who counts fewer
/// than eleven is not to be counted in CMS's tables either.
pub const CROWD: u64 = 11;

/// Why something is not a cohort's summary.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CohortError {
    /// The JSON is not a summary's.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A field's value is none.
    #[error(transparent)]
    Term(#[from] TermError),
}

impl CohortError {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            CohortError::Json(error) => error.code(),
            CohortError::Term(_) => "cohort.value",
        }
    }
}

/// What a cohort came to. Whoever has the presentations can compute it: it says that they are all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CohortSummary {
    /// How many presentations there are.
    pub count: u64,
    /// How many holders gave them.
    pub distinct_nullifiers: u64,
    /// The root's number at its issuer.
    pub epoch: u64,
    /// The key that all were made with.
    pub key_id: KeyId,
    /// The root that all are under.
    pub registry_root: Fr,
    /// The request that all answer.
    pub request_digest: Fr,
}

impl CohortSummary {
    /// Reads the canonical JSON.
    ///
    /// # Errors
    /// [`CohortError`].
    pub fn from_json(bytes: &[u8]) -> Result<CohortSummary, CohortError> {
        let wire: SummaryWire = json::read(bytes)?;
        within("count", wire.count, LARGEST, "a number below 2^53")?;
        within("epoch", wire.epoch, LARGEST, "a number below 2^53")?;
        // Each presentation has one.
        let most = "no more than there are presentations";
        within("distinct_nullifiers", wire.distinct_nullifiers, wire.count, most)?;
        Ok(CohortSummary {
            count: wire.count,
            distinct_nullifiers: wire.distinct_nullifiers,
            epoch: wire.epoch,
            key_id: KeyId(wire.key_id.0),
            registry_root: wire.registry_root.0,
            request_digest: wire.request_digest.0,
        })
    }

    /// The canonical JSON.
    pub fn to_json(&self) -> Vec<u8> {
        json::write(&SummaryWire {
            count: self.count,
            distinct_nullifiers: self.distinct_nullifiers,
            epoch: self.epoch,
            key_id: Hex(self.key_id.0),
            registry_root: FieldHex(self.registry_root),
            request_digest: FieldHex(self.request_digest),
            kind: String::from(SummaryWire::TYPE),
            version: json::VERSION,
        })
    }
}

/// Whether a registry of so many patients hides who of them is in a cohort of so many: [`CROWD`] of them at least are not.
///
/// Both numbers are the sponsor's to know, the registry's from the ledger. Each proof hides its holder among all
/// patients of the registry; but the more of them answered, the more is known of each. Where all did, whoever is known
/// to be a patient there is known to be eligible.
#[must_use]
pub const fn hides(registry_size: u64, count: u64) -> bool {
    registry_size.saturating_sub(count) >= CROWD
}

// What a number of canonical JSON may be.
const LARGEST: u64 = (1 << 53) - 1;

fn within(field: &'static str, found: u64, most: u64, expected: &'static str) -> Result<(), TermError> {
    if found <= most {
        return Ok(());
    }
    let found = found.to_string();
    Err(TermError { field, expected, found })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SummaryWire {
    count: u64,
    distinct_nullifiers: u64,
    epoch: u64,
    key_id: Hex<32>,
    registry_root: FieldHex,
    request_digest: FieldHex,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for SummaryWire {
    const TYPE: &'static str = "medproof/cohort-summary";
    const MAX_BYTES: usize = 1024;
}
