//! The tiers' circuits: their shapes, as committed, are known without synthesis.

use medproof_disclosure::{CIRCUIT_VERSION, Disclosure, SHAPES};
use medproof_gadgets::shape::{Matrices, Shape};
use medproof_statement::tier::Tier;
use serde::Deserialize;

use crate::digest::Sha256Digest;
use crate::setup::SetupError;
use crate::store::KeyError;

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

/// A tier's circuit, synthesised: seconds.
///
/// # Errors
/// [`KeyError::Shape`] where it is not the one whose shape was committed, [`KeyError::Setup`].
pub fn matrices(tier: Tier) -> Result<Matrices, KeyError> {
    let matrices = Matrices::synthesise(Disclosure::blank(tier));
    let matrices = matrices.map_err(|error| KeyError::Setup(SetupError::Synthesis(error)))?;
    if of(tier) == Some(matrices.shape()) {
        Ok(matrices)
    } else {
        Err(KeyError::Shape { tier })
    }
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
