//! Whether a key was made for a circuit of a given shape.
//!
//! The prover pairs queries with variables one by one and stops at the shorter: a key that does
//! not fit would give a proof that does not verify, or worse, of another statement.

use ark_bn254::Bn254;
use ark_groth16::{ProvingKey, VerifyingKey};
use medproof_gadgets::shape::Shape;
use medproof_statement::public;
use thiserror::Error;

/// A count in a key that is not its circuit's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the key does not fit the circuit: {part} has {found} elements, expected {expected}; use the key made for it")]
pub struct Misfit {
    /// Which part of the key, or of the circuit.
    pub part: &'static str,
    /// How many the circuit takes.
    pub expected: usize,
    /// How many there are.
    pub found: usize,
}

/// How many elements each query of a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    /// One per public input, and one for the constant.
    pub ic: usize,
    /// A, B in G1 and B in G2: one per variable.
    pub variables: usize,
    /// Powers of tau below the degree of the quotient.
    pub h: usize,
    /// One per private variable.
    pub l: usize,
}

impl Counts {
    pub(crate) const fn of(shape: &Shape) -> Self {
        Self {
            ic: shape.inputs,
            variables: shape.variables(),
            h: shape.domain() - 1,
            l: shape.witness,
        }
    }
}

/// Requires the circuit to have the statement's public inputs.
///
/// # Errors
/// [`Misfit`] with the number found.
pub fn check_inputs(shape: &Shape) -> Result<(), Misfit> {
    require("the circuit's public inputs", public::COUNT + 1, shape.inputs)
}

/// Requires every part of `key` to have the length that `shape` takes.
///
/// # Errors
/// The first [`Misfit`].
pub fn check(key: &ProvingKey<Bn254>, shape: &Shape) -> Result<(), Misfit> {
    check_inputs(shape)?;
    check_verifying(&key.vk, shape)?;
    require("the H query", Counts::of(shape).h, key.h_query.len())?;
    check_variables(key, shape)
}

/// Requires the queries over variables to have the lengths that `shape` takes.
///
/// # Errors
/// The first [`Misfit`].
pub(crate) fn check_variables(key: &ProvingKey<Bn254>, shape: &Shape) -> Result<(), Misfit> {
    let counts = Counts::of(shape);
    require("the A query", counts.variables, key.a_query.len())?;
    require("the B query in G1", counts.variables, key.b_g1_query.len())?;
    require("the B query in G2", counts.variables, key.b_g2_query.len())?;
    require("the L query", counts.l, key.l_query.len())
}

/// Requires one input commitment per public input, and one for the constant.
///
/// # Errors
/// [`Misfit`] with the number found.
pub fn check_verifying(key: &VerifyingKey<Bn254>, shape: &Shape) -> Result<(), Misfit> {
    require("the input commitments", Counts::of(shape).ic, key.gamma_abc_g1.len())
}

pub(crate) fn require(part: &'static str, expected: usize, found: usize) -> Result<(), Misfit> {
    if expected == found {
        Ok(())
    } else {
        Err(Misfit { part, expected, found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{matrices, small_key};
    use ark_bn254::{G1Affine, G2Affine};
    use ark_ec::AffineRepr;

    type Change = fn(&mut ProvingKey<Bn254>);

    #[test]
    fn every_query_too_short_or_too_long_is_a_misfit() {
        let (key, shape) = (small_key(), matrices().shape());
        assert_eq!(check(&key, &shape), Ok(()));
        let changes: [(&str, Change, Change); 6] = [
            (
                "the input commitments",
                |k| k.vk.gamma_abc_g1.truncate(k.vk.gamma_abc_g1.len() - 1),
                |k| k.vk.gamma_abc_g1.push(G1Affine::generator()),
            ),
            (
                "the A query",
                |k| k.a_query.truncate(k.a_query.len() - 1),
                |k| k.a_query.push(G1Affine::generator()),
            ),
            (
                "the B query in G1",
                |k| k.b_g1_query.truncate(k.b_g1_query.len() - 1),
                |k| k.b_g1_query.push(G1Affine::generator()),
            ),
            (
                "the B query in G2",
                |k| k.b_g2_query.truncate(k.b_g2_query.len() - 1),
                |k| k.b_g2_query.push(G2Affine::generator()),
            ),
            (
                "the H query",
                |k| k.h_query.truncate(k.h_query.len() - 1),
                |k| k.h_query.push(G1Affine::generator()),
            ),
            (
                "the L query",
                |k| k.l_query.truncate(k.l_query.len() - 1),
                |k| k.l_query.push(G1Affine::generator()),
            ),
        ];
        for (part, shorten, lengthen) in changes {
            for (change, by) in [(shorten, -1), (lengthen, 1)] {
                let mut other = key.clone();
                change(&mut other);
                let misfit = check(&other, &shape).unwrap_err();
                assert_eq!(misfit.part, part);
                assert_eq!(misfit.found as i64 - misfit.expected as i64, by);
            }
        }
    }

    #[test]
    fn another_number_of_inputs_is_a_misfit() {
        let mut shape = matrices().shape();
        shape.inputs += 1;
        assert_eq!(check_inputs(&shape).unwrap_err().found, 7);
    }
}
