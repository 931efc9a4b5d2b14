//! A circuit of any size.

use ark_bn254::Fr;
use ark_ff::Field;
use ark_relations::gr1cs::{ConstraintSynthesizer, SynthesisError};
use medproof_engine::{Assignment, Quiet};
use medproof_gadgets::shape::Matrices;
use medproof_gadgets::wire::{Cs, Wire, enforce_product};
use medproof_keys::circom::{R1cs, Zkey, development_zkey};
use std::error::Error;

/// Each number is a product of the two before it and a constant: all are large.
#[derive(Clone, Copy)]
pub struct Links {
    links: usize,
}

impl Links {
    /// One whose domain has 2^`bits` elements, nearly all of them rows: a key of it, and its values.
    ///
    /// # Errors
    /// Those of the synthesis and of the key's making.
    pub fn filling(bits: u32) -> Result<(Zkey, Assignment), Box<dyn Error>> {
        let circuit = Links {
            links: (1usize << bits) - 4,
        };
        let matrices = Matrices::synthesise(circuit)?;
        let assignment = Assignment::synthesise(circuit, &matrices.shape())?;
        let r1cs = R1cs {
            declared: Default::default(),
            matrices,
        };
        Ok((development_zkey(&r1cs, &Quiet)?, assignment))
    }
}

impl ConstraintSynthesizer<Fr> for Links {
    fn generate_constraints(self, cs: Cs) -> Result<(), SynthesisError> {
        let mut before = Wire::witness(&cs, || Ok(Fr::from(3).inverse().unwrap_or_default()))?;
        let mut last = Wire::witness(&cs, || Ok(Fr::from(7).inverse().unwrap_or_default()))?;
        for _ in 0..self.links {
            let sum = before.clone() + Fr::from(5);
            let next = Wire::witness(&cs, || Ok(sum.value()? * last.value()?))?;
            enforce_product(&cs, &sum, &last, &next)?;
            (before, last) = (last, next);
        }
        Ok(())
    }
}
