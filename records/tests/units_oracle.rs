//! Every conversion that the import makes, against another implementation of UCUM.
#![allow(clippy::unwrap_used, clippy::panic)]

use medproof_statement::concept::{Concept, Kind, System};
use medproof_statement::units::{accepted_units, canonical_unit, conversion};

/// Concepts that between them use every list of units in the table.
const CONCEPTS: [&str; 21] = [
    "4548-4", "4544-3", "2093-3", "718-7", "10834-0", "2857-1", "33762-6", "2069-3", "1742-6", "6075-6", "6690-2",
    "789-8", "29463-7", "8302-2", "33756-8", "8331-1", "8480-6", "14959-1", "39156-5", "787-2", "46240-8",
];

/// Spellings that UCUM reads otherwise (K is kelvin, M/uL no count) or as arbitrary units, which it
/// converts to nothing. They stand in the table because for their concepts they mean one thing.
const OURS: [&str; 4] = ["IU/L", "[IU]/L", "K/uL", "M/uL"];

fn concept(code: &str) -> Concept {
    Concept::parse(Kind::Observation, System::Loinc, code).unwrap()
}

#[test]
fn conversions_agree_with_an_independent_ucum() {
    let mut compared = 0;
    for code in CONCEPTS {
        let canonical = canonical_unit(concept(code)).unwrap();
        for unit in accepted_units(concept(code)).filter(|u| !OURS.contains(u)) {
            let ours = conversion(concept(code), unit).unwrap();
            for x in [1.0, 37.5, 1250.0] {
                let (factor, offset) = (
                    ours.num as f64 / ours.den as f64,
                    ours.offset_num as f64 / ours.offset_den as f64,
                );
                let here = x * factor + offset;
                let there = octofhir_ucum::convert(x, unit, canonical)
                    .unwrap_or_else(|e| panic!("{code}: {unit} to {canonical}: {e}"));
                let near = (here - there).abs() <= 1e-9 * here.abs().max(1.0);
                assert!(near, "{code}: {x} {unit} is {here} {canonical}, there {there}");
            }
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn what_is_refused_here_does_not_convert_there() {
    for (code, unit) in [
        ("4548-4", "mmol/mol{x}"),
        ("2339-0", "mmol/L"),
        ("8480-6", "kg"),
        ("29463-7", "cm"),
    ] {
        let canonical = canonical_unit(concept(code)).unwrap();
        assert!(conversion(concept(code), unit).is_none());
        // A ratio of amounts is a number to UCUM, and so converts there: not as HbA1c is defined.
        if code != "4548-4" {
            assert!(
                octofhir_ucum::convert(1.0, unit, canonical).is_err(),
                "{unit} to {canonical}"
            );
        }
    }
}
