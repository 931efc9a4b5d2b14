//! What a stored key claims to be: the JSON file beside it.

use crate::circuit::Provenance;
use crate::digest::Sha256Digest;
use medproof_gadgets::shape::Shape;
use medproof_statement::tier::Tier;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The form of this file.
pub const FORMAT: &str = "medproof-key-manifest/1";

/// A stored key's description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// True of development keys: anyone can forge proofs under them.
    pub insecure: bool,
    /// Where the key's secrets come from: "development".
    pub provenance: String,
    /// Of the circuit: XS, S, M or L.
    pub tier: String,
    /// Of the circuit.
    pub circuit_version: u32,
    /// Of A, B and C.
    pub matrix_digest: Sha256Digest,
    /// Rows.
    pub constraints: u64,
    /// Private variables.
    pub witness: u64,
    /// Public inputs and the constant 1.
    pub inputs: u64,
    /// The key's files.
    pub files: Vec<FileEntry>,
}

/// A file of a stored key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// In the manifest's directory.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Of its bytes.
    pub sha256: Sha256Digest,
}

impl FileEntry {
    /// Describes a file of these bytes.
    #[must_use]
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.into(),
            bytes: bytes.len() as u64,
            sha256: Sha256Digest::of(bytes),
        }
    }
}

/// A manifest that describes another key than the one asked for, or none.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// Not JSON of this form.
    #[error("not a key manifest: {}", shown(.0))]
    Json(#[from] serde_json::Error),
    /// A field has another value.
    #[error("{field}: expected {expected}, found {found}")]
    Field {
        /// Its name.
        field: &'static str,
        /// Of the key asked for.
        expected: String,
        /// In the manifest.
        found: String,
    },
    /// A file is missing or listed twice.
    #[error("files: expected {name} once, found {found} times")]
    File {
        /// Which.
        name: &'static str,
        /// How often.
        found: usize,
    },
}

impl Manifest {
    /// Describes a key.
    #[must_use]
    pub fn new(tier: Tier, version: u32, shape: &Shape, provenance: Provenance, files: Vec<FileEntry>) -> Self {
        Self {
            format: FORMAT.into(),
            insecure: provenance.is_insecure(),
            provenance: name(provenance).into(),
            tier: tier.name().into(),
            circuit_version: version,
            matrix_digest: Sha256Digest(shape.digest),
            constraints: shape.constraints as u64,
            witness: shape.witness as u64,
            inputs: shape.inputs as u64,
            files,
        }
    }

    /// Reads a manifest and requires it to be of this key.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn parse(
        bytes: &[u8],
        tier: Tier,
        version: u32,
        shape: &Shape,
        provenance: Provenance,
    ) -> Result<Self, ManifestError> {
        let found: Self = serde_json::from_slice(bytes)?;
        let expected = Self::new(tier, version, shape, provenance, Vec::new());
        same("format", &expected.format, &found.format)?;
        same("insecure", &expected.insecure, &found.insecure)?;
        same("provenance", &expected.provenance, &found.provenance)?;
        same("tier", &expected.tier, &found.tier)?;
        same("circuit_version", &expected.circuit_version, &found.circuit_version)?;
        same("matrix_digest", &expected.matrix_digest, &found.matrix_digest)?;
        same("constraints", &expected.constraints, &found.constraints)?;
        same("witness", &expected.witness, &found.witness)?;
        same("inputs", &expected.inputs, &found.inputs)?;
        Ok(found)
    }

    /// The manifest's file.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Strings and numbers only: this cannot fail.
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// The entry of a file.
    ///
    /// # Errors
    /// [`ManifestError::File`] unless it is listed exactly once.
    pub fn file(&self, name: &'static str) -> Result<&FileEntry, ManifestError> {
        listed(&self.files, name)
    }
}

/// Of these entries that of a file.
///
/// # Errors
/// [`ManifestError::File`] unless it is listed exactly once.
pub fn listed<'f>(files: &'f [FileEntry], name: &'static str) -> Result<&'f FileEntry, ManifestError> {
    let mut named = files.iter().filter(|file| file.name == name);
    match (named.next(), named.count()) {
        (Some(file), 0) => Ok(file),
        (first, more) => Err(ManifestError::File {
            name,
            found: more + usize::from(first.is_some()),
        }),
    }
}

const fn name(provenance: Provenance) -> &'static str {
    match provenance {
        Provenance::Development => "development",
        Provenance::Ceremony { .. } => "ceremony",
    }
}

fn same<T: PartialEq + ToString>(field: &'static str, expected: &T, found: &T) -> Result<(), ManifestError> {
    if expected == found {
        return Ok(());
    }
    Err(ManifestError::Field {
        field,
        expected: expected.to_string(),
        found: shown(found),
    })
}

// What a file says, cut to a line, with nothing that a terminal obeys.
pub(crate) fn shown(found: &impl ToString) -> String {
    let text = found.to_string();
    text.chars()
        .take(300)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::matrices;
    use serde_json::{Value, json};

    fn manifest() -> Value {
        let entry = FileEntry::of("a", b"abc");
        let manifest = Manifest::new(Tier::Xs, 1, &matrices().shape(), Provenance::Development, vec![entry]);
        serde_json::to_value(manifest).unwrap()
    }

    fn parse(manifest: &Value) -> Result<Manifest, ManifestError> {
        let shape = matrices().shape();
        Manifest::parse(
            manifest.to_string().as_bytes(),
            Tier::Xs,
            1,
            &shape,
            Provenance::Development,
        )
    }

    #[test]
    fn a_manifest_says_insecure() {
        assert_eq!(manifest()["insecure"], true);
        assert_eq!(manifest()["provenance"], "development");
        assert_eq!(parse(&manifest()).unwrap().file("a").unwrap().bytes, 3);
    }

    #[test]
    fn every_other_value_is_refused_by_its_name() {
        let changes = [
            ("format", json!("medproof-key-manifest/2")),
            ("insecure", json!(false)),
            ("provenance", json!("ceremony")),
            ("tier", json!("S")),
            ("circuit_version", json!(2)),
            ("matrix_digest", json!("0".repeat(64))),
            ("constraints", json!(1)),
            ("witness", json!(1)),
            ("inputs", json!(1)),
        ];
        for (name, value) in changes {
            let mut other = manifest();
            other[name] = value;
            let refused = parse(&other).unwrap_err();
            assert!(
                matches!(refused, ManifestError::Field { field, .. } if field == name),
                "{refused}"
            );
        }
    }

    #[test]
    fn unknown_and_missing_fields_and_trailing_text_are_refused() {
        let mut unknown = manifest();
        unknown["more"] = json!(1);
        let mut missing = manifest();
        missing.as_object_mut().unwrap().remove("insecure");
        for other in [unknown, missing] {
            assert!(matches!(parse(&other), Err(ManifestError::Json(_))));
        }
        let trailing = format!("{} x", manifest());
        let shape = matrices().shape();
        let parsed = Manifest::parse(trailing.as_bytes(), Tier::Xs, 1, &shape, Provenance::Development);
        assert!(matches!(parsed, Err(ManifestError::Json(_))));
    }

    #[test]
    fn what_a_file_says_is_cut_to_a_line_that_no_terminal_obeys() {
        let long = "\u{1b}[2J".repeat(1_000);
        let mut format = manifest();
        format["format"] = json!(long);
        let mut unknown = manifest();
        unknown[long.as_str()] = json!(1);
        for other in [format, unknown] {
            let words = parse(&other).unwrap_err().to_string();
            assert!(words.len() < 1_000 && !words.chars().any(char::is_control), "{words:?}");
        }
    }

    #[test]
    fn a_file_is_listed_once() {
        let mut twice = manifest();
        let entry = twice["files"][0].clone();
        twice["files"].as_array_mut().unwrap().push(entry);
        let twice = parse(&twice).unwrap();
        assert!(matches!(twice.file("a"), Err(ManifestError::File { found: 2, .. })));
        assert!(matches!(twice.file("b"), Err(ManifestError::File { found: 0, .. })));
    }
}
