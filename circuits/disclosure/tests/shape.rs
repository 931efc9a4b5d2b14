//! Each tier's size and digest, as committed. A change of the circuit must change them here.
//!
//! `MEDPROOF_BLESS=1 cargo test -p medproof-disclosure --test shape` writes the file anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use medproof_disclosure::{CIRCUIT_VERSION, Disclosure};
use medproof_gadgets::shape::Matrices;
use medproof_statement::tier::Tier;
use serde::{Deserialize, Serialize};

const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/shapes.json");

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    tier: String,
    circuit_version: u32,
    constraints: usize,
    witness: usize,
    inputs: usize,
    nonzeros: [usize; 3],
    fixed_cost: usize,
    slot_cost: usize,
    matrix_digest: String,
}

fn row(tier: Tier) -> Row {
    let shape = Matrices::synthesise(Disclosure::blank(tier)).unwrap().shape();
    let slot_cost = medproof_disclosure::slot_cost(tier);
    Row {
        tier: tier.name().to_owned(),
        circuit_version: CIRCUIT_VERSION,
        constraints: shape.constraints,
        witness: shape.witness,
        inputs: shape.inputs,
        nonzeros: shape.nonzeros,
        fixed_cost: medproof_disclosure::fixed_cost(tier),
        slot_cost,
        matrix_digest: shape.digest_hex(),
    }
}

#[test]
fn shapes_are_as_committed() {
    let rows: Vec<Row> = Tier::ALL.into_iter().map(row).collect();
    if std::env::var_os("MEDPROOF_BLESS").is_some() {
        std::fs::write(BASELINE, serde_json::to_string_pretty(&rows).unwrap() + "\n").unwrap();
    }
    let committed = std::fs::read_to_string(BASELINE).expect("the committed shapes; see this file's head");
    assert_eq!(rows, serde_json::from_str::<Vec<Row>>(&committed).unwrap());
}

#[test]
fn each_tier_fits_its_domain_and_costs_what_the_formula_says() {
    for tier in Tier::ALL {
        let row = row(tier);
        assert!(
            row.constraints + row.inputs <= 1 << tier.log_domain(),
            "{tier}: {} constraints",
            row.constraints
        );
        assert_eq!(row.constraints, row.fixed_cost + tier.slots() * row.slot_cost, "{tier}");
        assert_eq!(row.inputs, 6);
    }
}
