//! Each criterion and trial of the library gives the answers of the independent evaluation, which
//! was written over the FHIR JSON from the criteria alone: patient by patient.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

use medproof_claims::{Claim, Tier};
use medproof_e2e::{Failure, committed, expected, full_data, library, ndjson, root, synthea};
use medproof_records::import::PatientChart;
use medproof_statement::assign::{assign, slots_needed};
use medproof_statement::day::Day;
use medproof_statement::record::Facts;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const CRITERIA: [&str; 29] = [
    "living",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "10",
    "11",
    "12",
    "13",
    "14",
    "15",
    "15-ever",
    "16",
    "17",
    "no12",
    "no13",
    "no14",
    "no15",
    "no15-ever",
    "no16",
    "T1",
    "T2",
    "T3",
    "I1",
];

/// The day of the trials, and that of the 2023 set.
fn day(set: &str) -> Day {
    Day::from_civil(if set == "synthea" { 2021 } else { 2023 }, 4, 1).unwrap()
}

fn claim(criterion: &str) -> Result<Claim, Failure> {
    match criterion {
        "T1" | "T2" | "T3" => library(&format!("trial_eligibility_{}", criterion.to_lowercase())),
        "I1" => library("covered_procedure"),
        "I2" => library("covid_doses"),
        other => library(&format!("criteria/{other}")),
    }
}

/// Patients whose chart satisfies a claim: header (coverage, age of the chart) and table.
fn matches(claim: &Claim, as_of: Day, charts: &[(PatientChart, Facts)]) -> BTreeSet<String> {
    let policy = claim.compile(as_of, Some(Tier::L)).unwrap();
    let required = policy.table().header().required_coverage;
    let satisfied = charts
        .par_iter()
        .filter(|(chart, facts)| required.is_subset_of(chart.coverage) && slots_needed(&policy, facts).is_some());
    satisfied.map(|(chart, _)| chart.patient_id.clone()).collect()
}

fn with_facts(charts: Vec<PatientChart>) -> Vec<(PatientChart, Facts)> {
    charts
        .into_par_iter()
        .map(|chart| {
            let facts = committed(&chart).unwrap();
            (chart, facts)
        })
        .collect()
}

fn agree(charts: &[(PatientChart, Facts)], criteria: &[&str], set: &str, table: &str) {
    let mut differences = Vec::new();
    for criterion in criteria {
        let ours = matches(&claim(criterion).unwrap(), day(set), charts);
        let theirs = expected(table, set, criterion).unwrap();
        if ours != theirs {
            let only_ours: Vec<_> = ours.difference(&theirs).collect();
            let only_theirs: Vec<_> = theirs.difference(&ours).collect();
            differences.push(format!(
                "{criterion}: only ours {only_ours:?}, only theirs {only_theirs:?}"
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn synthea_answers(archive: &Path, table: &str, patients: usize) -> Vec<(PatientChart, Facts)> {
    let charts = with_facts(synthea(archive, day("synthea")).unwrap());
    assert_eq!(charts.len(), patients);
    agree(&charts, &CRITERIA, "synthea", table);
    charts
}

fn insurer_answers(archive: &Path, table: &str, patients: usize) {
    let charts = with_facts(ndjson(archive, day("immunizations")).unwrap());
    assert_eq!(charts.len(), patients);
    agree(&charts, &["I2", "noallergy"], "immunizations", table);
}

#[test]
fn the_repositorys_patients_answer_as_the_independent_evaluation_says() {
    let data = root().join("tests/data");
    synthea_answers(&data.join("synthea-30.tar.xz"), "data/expected.json", 30);
    insurer_answers(&data.join("immunizations-2023-12.tar.xz"), "data/expected.json", 12);
}

#[test]
fn all_patients_answer_as_the_independent_evaluation_says() {
    let Some(data) = full_data().unwrap() else { return };
    let charts = synthea_answers(&data.join("synthea-502.tar.xz"), "oracle/expected-502.json", 502);
    every_eligible_patient_fits_one_tier(&charts);
    insurer_answers(&data.join("immunizations-2023.tar.xz"), "oracle/expected-502.json", 120);
}

fn every_eligible_patient_fits_one_tier(charts: &[(PatientChart, Facts)]) {
    for trial in ["T1", "T2", "T3"] {
        let claim = claim(trial).unwrap();
        let policy = claim.compile(day("synthea"), None).unwrap();
        let required = policy.table().header().required_coverage;
        let mut distribution: BTreeMap<usize, usize> = BTreeMap::new();
        for (chart, facts) in charts {
            let Some(needed) = slots_needed(&policy, facts).filter(|_| required.is_subset_of(chart.coverage)) else {
                continue;
            };
            assert!(
                assign(&policy, facts).is_ok(),
                "{trial}: {needed} slots do not fit its tier"
            );
            *distribution.entry(needed).or_default() += 1;
        }
        println!("{trial}, tier {}: {distribution:?}", policy.table().header().tier);
    }
}
