//! What the caller states about an export before it is read.

use super::ConceptMap;
use medproof_statement::concept::Kind;
use medproof_statement::day::Day;
use std::collections::BTreeSet;
use thiserror::Error;

/// How charts are read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The day on which the issuer reads the chart. No fact lies after it.
    pub issued_on: Day,
    /// Which kinds were exported completely, for every patient of the export.
    pub manifest: Manifest,
    /// What local codes mean, and which coverage class a payer's text names.
    pub concept_map: ConceptMap,
}

impl Options {
    /// Reads as of this day, with nothing stated to be complete and the coverage classes that the
    /// crate brings ([`ConceptMap::coverage_classes`]).
    pub fn new(issued_on: Day) -> Options {
        Options {
            issued_on,
            manifest: Manifest::default(),
            concept_map: ConceptMap::coverage_classes(),
        }
    }

    /// The same with this manifest.
    #[must_use]
    pub fn with_manifest(mut self, manifest: Manifest) -> Options {
        self.manifest = manifest;
        self
    }
}

/// Which kinds the export holds completely. Nothing is complete unless somebody says so: absence
/// can only be shown for a kind that was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manifest {
    /// The caller states it, by kind.
    Kinds(BTreeSet<Kind>),
    /// Bulk Data: a kind is complete when every one of its resource types has a file, of which
    /// none may be missing from the list. In a bundle, nothing is.
    Files,
}

/// A name in a manifest that is no kind.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "expected a kind of fact such as `condition` or `immunization` in the manifest, found another word at place {place}"
)]
pub struct UnknownKind {
    /// Counted from 0.
    pub place: usize,
}

impl Default for Manifest {
    fn default() -> Manifest {
        Manifest::Kinds(BTreeSet::new())
    }
}

impl Manifest {
    /// These kinds are complete.
    pub fn kinds(kinds: impl IntoIterator<Item = Kind>) -> Manifest {
        Manifest::Kinds(kinds.into_iter().collect())
    }

    /// These kinds are complete, by [`Kind::name`].
    ///
    /// # Errors
    /// [`UnknownKind`] with the place of the first word that names none.
    pub fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Manifest, UnknownKind> {
        let kind = |(place, name): (usize, &str)| {
            Kind::ALL
                .into_iter()
                .find(|k| k.name() == name)
                .ok_or(UnknownKind { place })
        };
        Ok(Manifest::Kinds(
            names.into_iter().enumerate().map(kind).collect::<Result<_, _>>()?,
        ))
    }

    /// What a Synthea bundle holds completely: every kind but coverages (it only has contained
    /// ones) and genomics.
    pub fn synthea() -> Manifest {
        let absent = [Kind::Coverage, Kind::Genomic];
        Manifest::kinds(Kind::ALL.into_iter().filter(|k| !absent.contains(k)))
    }
}
