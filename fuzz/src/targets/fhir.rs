//! FHIR import: total; what it yields are facts of a record; no error repeats a chart.

use super::scratch;
use crate::oracle::refused;
use crate::target::Verdict;
use medproof_records::import::{ConceptMap, ImportError, Importer, Manifest, Options, PatientChart};
use medproof_statement::concept::Kind;
use medproof_statement::day::Day;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Stands in texts, codes and ids of the corpus: what a chart says.
pub const CANARY: &str = "zqxjkcanary";
/// 2021-04-01.
const ISSUED_ON: Day = Day(62_545);
/// The most facts of a record.
const MOST: usize = 4_095;
/// Between the files of an NDJSON export.
pub const NEXT_FILE: &[u8] = b"\n=====\n";

fn importer() -> Importer {
    Importer::new(Options::new(ISSUED_ON).with_manifest(Manifest::kinds(Kind::ALL)))
}

fn told(error: &ImportError) -> Verdict {
    assert!(!error.to_string().contains(CANARY), "a chart in an error");
    refused(error)
}

fn check(chart: &PatientChart) {
    assert!(chart.facts.len() <= MOST);
    assert!(
        chart.facts.windows(2).all(|w| w[0].key() < w[1].key()),
        "facts out of order"
    );
    for fact in &chart.facts {
        assert!(fact.since <= fact.date && fact.date <= ISSUED_ON);
        assert!(fact.concept.kind().is_some() && fact.concept.system().is_some());
    }
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for fact in &chart.facts {
        *kinds.entry(fact.concept.kind().map_or("", Kind::name)).or_default() += 1;
    }
    let counted = chart.report.facts.iter().filter(|(_, n)| **n > 0);
    assert!(kinds.iter().eq(counted), "the report counts other facts");
    assert!(!format!("{chart:?}").contains(CANARY));
}

/// A bundle.
pub fn bundle(input: &[u8]) -> Verdict {
    match importer().bundle(input, "a bundle") {
        Err(error) => told(&error),
        Ok(chart) => {
            check(&chart);
            let again = importer().bundle(input, "a bundle").unwrap();
            assert!(chart == again, "another chart of the same bundle");
            Verdict::Accepted
        }
    }
}

/// NDJSON files of one export.
pub fn ndjson(input: &[u8]) -> Verdict {
    let mut rest = input;
    let mut files: Vec<PathBuf> = Vec::new();
    while files.len() < 8 {
        let end = rest.windows(NEXT_FILE.len()).position(|w| w == NEXT_FILE);
        let (file, tail) = end.map_or((rest, &[][..]), |at| (&rest[..at], &rest[at + NEXT_FILE.len()..]));
        files.push(scratch::file(&format!("{}.ndjson", files.len()), file));
        if end.is_none() {
            break;
        }
        rest = tail;
    }
    match importer().ndjson(&files) {
        Err(error) => told(&error),
        Ok(charts) => {
            charts.for_each(|chart| check(&chart));
            Verdict::Accepted
        }
    }
}

/// A map of local codes.
pub fn concept_map(input: &[u8]) -> Verdict {
    match ConceptMap::from_json(input, "a map") {
        Err(error) => told(&error),
        Ok(map) => {
            let mut twice = map.clone();
            twice.extend(map.clone());
            let _ = map.equivalents("urn:local", "a");
            Verdict::Accepted
        }
    }
}
