//! A proof exists exactly where the independent evaluation says true: for real charts, by proof.
//!
//! The quick test proves for one patient of each claim and tries one who does not match; with
//! `--include-ignored` everybody of the repository's patients is proved or refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use medproof_claims::Claim;
use medproof_e2e::{committed, expected, library, root, synthea};
use medproof_engine::cpu::{ReadyKey, Settings};
use medproof_engine::{Cpu, Engine, ProveError, Quiet};
use medproof_keys::{KeyStore, Mode};
use medproof_records::import::PatientChart;
use medproof_statement::assign::{NotProvable, Slots};
use medproof_statement::day::Day;
use medproof_statement::machine::{Action, Opened, Slot};
use medproof_statement::testing::Case;
use medproof_statement::tier::Tier;
use std::sync::Arc;

const CLAIMS: [(&str, &str); 4] = [
    ("T1", "trial_eligibility_t1"),
    ("T2", "trial_eligibility_t2"),
    ("T3", "trial_eligibility_t3"),
    ("I1", "covered_procedure"),
];

fn day() -> Day {
    Day::from_civil(2021, 4, 1).unwrap()
}

fn engine(tier: Tier) -> Cpu {
    let store = KeyStore::of_user().unwrap();
    let (key, _) = ReadyKey::development(&store, tier, Settings::default(), &Quiet, &Quiet).unwrap();
    Cpu::new(Mode::Development, [Arc::new(key)]).unwrap()
}

fn case(claim: &Claim, chart: &PatientChart) -> Case {
    let mut case = Case::new(claim.compile(day(), None).unwrap(), committed(chart).unwrap());
    case.record.coverage = chart.coverage;
    case.record.issued_on = chart.issued_on;
    case
}

// Slots that show nothing: what is left to who has no witness.
fn idle(case: &Case) -> Slots {
    let slot = Slot {
        action: Action::Idle,
        start: false,
        ends: false,
        criterion: 0,
        opened: Opened::Record(case.facts.leaves()[0]),
        path: case.facts.path(0).unwrap(),
    };
    Slots::new(vec![slot; case.policy.table().header().tier.slots()])
}

/// Proves for up to `most` patients who match and tries as many who do not.
fn prove(name: &str, claim: &Claim, charts: &[PatientChart], most: usize) {
    let matching = expected("data/expected.json", "synthea", name).unwrap();
    let engine = engine(claim.compile(day(), None).unwrap().table().header().tier);
    let (eligible, others): (Vec<_>, Vec<_>) = charts.iter().partition(|c| matching.contains(&c.patient_id));
    assert!(!eligible.is_empty() && !others.is_empty(), "{name}");
    for chart in eligible.into_iter().take(most) {
        let (public, witness) = case(claim, chart).prove().unwrap();
        engine
            .prove(&public, &witness, &Quiet)
            .expect("a proof for who matches");
    }
    for chart in others.into_iter().take(most) {
        let case = case(claim, chart);
        assert_eq!(case.prove().map(drop), Err(NotProvable::NotSatisfied), "{name}");
        let (public, witness) = case.with_slots(idle(&case));
        let refused = engine.prove(&public, &witness, &Quiet);
        assert!(
            matches!(refused, Err(ProveError::Violation(_))),
            "{name}: no proof of what is false"
        );
    }
}

fn prove_all(most: usize) {
    let charts = synthea(&root().join("tests/data/synthea-30.tar.xz"), day()).unwrap();
    for (name, file) in CLAIMS {
        prove(name, &library(file).unwrap(), &charts, most);
    }
}

#[test]
fn a_sample_of_patients_by_proof() {
    prove_all(1);
}

#[test]
#[ignore = "some forty proofs: minutes"]
fn every_patient_of_the_repository_by_proof() {
    prove_all(usize::MAX);
}
