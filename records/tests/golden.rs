//! Counts over all the data: 502 bundles, and 120 patients as NDJSON.
//!
//! The data lies beside the repository in `../shared/data`. Without it these tests fail in CI and
//! say loudly elsewhere that they did not run.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use medproof_records::import::{ImportReport, Importer, LeftOut, Manifest, Options, PatientChart, Uncertain};
use medproof_statement::concept::{Concept, Kind, System};
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;

fn archive(name: &str) -> Option<tar::Archive<impl Read>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data")
        .join(name);
    let Ok(file) = File::open(&path) else {
        assert!(std::env::var_os("CI").is_none(), "the data is required in CI: {name}");
        eprintln!("\n!!! SKIPPED: ../shared/data/{name} is absent; nothing was checked over all patients.\n");
        return None;
    };
    let unpacked = lzma_rust2::XzReader::new(BufReader::new(file), false);
    Some(tar::Archive::new(unpacked))
}

fn issued_on() -> Day {
    Day::from_civil(2021, 4, 1).unwrap()
}

fn synthea() -> Option<Vec<PatientChart>> {
    let importer = Importer::new(Options::new(issued_on()).with_manifest(Manifest::synthea()));
    let mut charts = Vec::new();
    for entry in archive("synthea-502.tar.xz")?.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            let name = format!("bundle {}", charts.len() + 1);
            charts.push(importer.bundle(&bytes, &name).unwrap());
        }
    }
    Some(charts)
}

// Median, 95th percentile and maximum.
fn spread(mut sizes: Vec<usize>) -> [usize; 3] {
    sizes.sort_unstable();
    [
        sizes[sizes.len() / 2],
        sizes[sizes.len() * 95 / 100],
        sizes[sizes.len() - 1],
    ]
}

fn is_kind(concept: Concept, kind: Kind) -> bool {
    concept.kind() == Some(kind)
}

fn count(chart: &PatientChart, kind: Kind) -> usize {
    chart.facts.iter().filter(|f| is_kind(f.concept, kind)).count()
}

fn total(charts: &[PatientChart]) -> ImportReport {
    let mut report = ImportReport::default();
    for chart in charts {
        report.merge(&chart.report);
    }
    report
}

fn check_counts(charts: &[PatientChart], report: &ImportReport) {
    assert_eq!(charts.len(), 502);
    let expected = [
        (Kind::Demographic, 502 + 502 + 94),
        (Kind::Immunization, 5_942),
        (Kind::Condition, 3_745),
        (Kind::Observation, 72_440 + 9_199),
        (Kind::Allergy, 304),
        (Kind::Medication, 4_049),
        (Kind::Procedure, 12_345 - 59),
        (Kind::Encounter, 15_102),
        (Kind::Coverage, 0),
        // The items of explanations, without 59 unusable codes and 3 repetitions; and the items of
        // the claims that no explanation restates.
        (Kind::Claim, 37_134 - 59 - 3 + 4_049),
    ];
    for (kind, n) in expected {
        assert_eq!(report.facts_of(kind), n, "{kind}");
    }
    assert_eq!(report.merged, 3);
    assert_eq!(report.left_out["claim"][&LeftOut::Restated], 15_102);
    assert_eq!(report.restated_items["claim"], 37_134);
    assert!(report.cut.is_empty());
}

// What a count over the JSON gives that holds neither the sex nor the codes' shapes: 123,722 facts
// without claim items, median 201, p95 531, at most 991; 1,298 with the items of claims and of
// explanations both.
fn check_against_a_plain_count(charts: &[PatientChart], report: &ImportReport) {
    let lost = |c: &PatientChart, kind: &str| {
        c.report
            .unusable
            .get(kind)
            .map_or(0, |u| u.values().sum::<u64>() as usize)
    };
    let plain = |c: &PatientChart| c.facts.len() - count(c, Kind::Claim) - 1 + lost(c, "procedure");
    assert_eq!(charts.iter().map(plain).sum::<usize>(), 123_722);
    assert_eq!(spread(charts.iter().map(plain).collect()), [201, 531, 991]);
    let restated = |c: &PatientChart| c.report.restated_items.get("claim").map_or(0, |n| *n as usize);
    // Neither bill counts its codes without their system's shape.
    let bills = |c: &PatientChart| plain(c) + count(c, Kind::Claim) + restated(c) - lost(c, "claim");
    assert_eq!(spread(charts.iter().map(bills).collect())[2], 1_298);
    // As imported: one more for the sex, less the codes without their system's shape.
    let own = |c: &PatientChart| c.facts.len() - count(c, Kind::Claim);
    assert_eq!(spread(charts.iter().map(own).collect()), [202, 532, 992]);
    assert_eq!(spread(charts.iter().map(|c| c.facts.len()).collect()), [276, 688, 1101]);
    assert_eq!(report.total_facts() - report.facts_of(Kind::Claim), 123_722 + 502 - 59);
}

fn check_uncertain(report: &ImportReport) {
    let observations = &report.uncertain["observation"];
    assert_eq!(observations[&Uncertain::Unit], 705);
    assert_eq!(observations[&Uncertain::NoUnit], 686);
    assert_eq!(observations[&Uncertain::ValueForm], 125);
    assert_eq!(report.total_uncertain() - report.uncertain_of(Kind::Claim), 1_516);
    assert_eq!(report.uncertain_of(Kind::Claim), 4_049);
}

fn check_coverage(charts: &[PatientChart]) {
    let without = |coverage: Coverage| charts.iter().filter(|c| !coverage.is_subset_of(c.coverage)).count();
    assert_eq!(without(Coverage::pair(Kind::Procedure, System::Snomed).unwrap()), 39);
    assert_eq!(without(Coverage::kind(Kind::Procedure)), 39);
    assert_eq!(without(Coverage::kind(Kind::Claim)), 39);
    for (kind, system) in [
        (Kind::Demographic, System::Internal),
        (Kind::Immunization, System::Cvx),
        (Kind::Condition, System::Snomed),
        (Kind::Observation, System::Loinc),
        (Kind::Allergy, System::Snomed),
        (Kind::Medication, System::RxNorm),
        (Kind::Encounter, System::Snomed),
    ] {
        assert_eq!(without(Coverage::pair(kind, system).unwrap()), 0, "{kind} {system}");
    }
    assert_eq!(without(Coverage::kind(Kind::Coverage)), 502);
}

fn check_contested(charts: &[PatientChart]) {
    let egfr = Concept::parse(Kind::Observation, System::Loinc, "33914-3").unwrap();
    let contested = |c: &&PatientChart| c.facts.iter().any(|f| f.concept == egfr && f.contested);
    assert_eq!(charts.iter().filter(contested).count(), 15);
}

#[test]
fn the_502() {
    let Some(charts) = synthea() else { return };
    let report = total(&charts);
    check_counts(&charts, &report);
    check_against_a_plain_count(&charts, &report);
    check_uncertain(&report);
    check_coverage(&charts);
    check_contested(&charts);
    for chart in &charts {
        assert!(chart.facts.windows(2).all(|w| w[0].key() < w[1].key()));
        assert!(
            chart
                .facts
                .iter()
                .all(|f| f.since <= f.date && f.date <= chart.issued_on)
        );
    }
}

#[test]
fn the_immunizations_of_2023() {
    let Some(mut archive) = archive("immunizations-2023.tar.xz") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    archive.unpack(dir.path()).unwrap();
    let files: Vec<PathBuf> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    let options = Options::new(Day::from_civil(2023, 6, 1).unwrap()).with_manifest(Manifest::Files);
    let charts: Vec<PatientChart> = Importer::new(options).ndjson(&files).unwrap().collect();
    let report = total(&charts);
    assert_eq!(charts.len(), 120);
    assert_eq!(report.facts_of(Kind::Demographic), 120 + 120 + 20);
    assert_eq!(report.facts_of(Kind::Immunization), 1_818);
    assert_eq!(report.facts_of(Kind::Allergy), 75);
    assert_eq!(report.total_uncertain(), 0);
    let covered = |kind| {
        charts
            .iter()
            .filter(|c| Coverage::kind(kind).is_subset_of(c.coverage))
            .count()
    };
    assert_eq!(covered(Kind::Immunization), 120);
    assert_eq!(covered(Kind::Allergy), 120);
    assert_eq!(covered(Kind::Condition), 0);
}
