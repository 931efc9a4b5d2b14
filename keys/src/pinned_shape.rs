//! The tiers' shapes, as committed: known without synthesis.

use medproof_disclosure::{CIRCUIT_VERSION, SHAPES};
use medproof_gadgets::shape::Shape;
use medproof_statement::tier::Tier;
use serde::Deserialize;

use crate::digest::Sha256Digest;

#[derive(Deserialize)]
struct Row {
    tier: String,
    circuit_version: u32,
    constraints: usize,
    witness: usize,
    inputs: usize,
    nonzeros: [usize; 3],
    matrix_digest: Sha256Digest,
}

/// A tier's shape in this version of the circuit, if it was committed.
#[must_use]
pub fn of(tier: Tier) -> Option<Shape> {
    let rows: Vec<Row> = serde_json::from_str(SHAPES).ok()?;
    let row = (rows.into_iter()).find(|row| row.tier == tier.name() && row.circuit_version == CIRCUIT_VERSION)?;
    Some(Shape {
        constraints: row.constraints,
        nonzeros: row.nonzeros,
        witness: row.witness,
        inputs: row.inputs,
        digest: row.matrix_digest.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tier_has_one() {
        for tier in Tier::ALL {
            let shape = of(tier).unwrap();
            assert!(shape.constraints + shape.inputs <= 1 << tier.log_domain(), "{tier}");
            assert_eq!(shape.inputs, 6);
        }
    }
}
