//! Small circuits with the statement's public inputs, and their keys.

use crate::circuit::CircuitKey;
use crate::development;
use crate::progress::{Progress, Quiet};
use crate::setup::SetupStage;
use ark_bn254::{Bn254, Fr};
use ark_groth16::ProvingKey;
use ark_relations::gr1cs::{ConstraintSynthesizer, SynthesisError};
use medproof_gadgets::shape::Matrices;
use medproof_gadgets::wire::{Cs, Wire, enforce_product};
use medproof_statement::public;
use medproof_statement::tier::Tier;
use std::sync::Mutex;

/// x₀ squared so many times, plus the sum of all public inputs, all in one row at the end.
#[derive(Clone, Copy)]
pub(crate) struct Chain {
    links: usize,
}

impl Chain {
    pub(crate) fn blank(links: usize) -> Self {
        Self { links }
    }
}

impl ConstraintSynthesizer<Fr> for Chain {
    fn generate_constraints(self, cs: Cs) -> Result<(), SynthesisError> {
        let inputs: Result<Vec<Wire>, _> = (0..public::COUNT)
            .map(|i| Wire::input(&cs, || Ok(Fr::from(i as u64))))
            .collect();
        let mut x = Wire::witness(&cs, || Ok(Fr::from(3)))?;
        for _ in 0..self.links {
            x = x.times(&cs, &x)?;
        }
        let sum = Wire::sum(&inputs?);
        enforce_product(&cs, &sum, &sum, &x)
    }
}

/// The smallest: four squarings.
pub(crate) fn matrices() -> Matrices {
    matrices_of(Chain::blank(4))
}

pub(crate) fn matrices_of(circuit: Chain) -> Matrices {
    Matrices::synthesise(circuit).unwrap()
}

pub(crate) fn circuit_key() -> CircuitKey {
    development::make(Tier::Xs, 1, matrices(), &Quiet).unwrap()
}

pub(crate) fn small_key() -> ProvingKey<Bn254> {
    circuit_key().proving().clone()
}

/// Remembers what it was told, and asks to stop after so many steps.
pub(crate) struct Recorder {
    steps: Mutex<Vec<(SetupStage, u64, u64)>>,
    stop_after: usize,
}

impl Default for Recorder {
    fn default() -> Self {
        Self::stopping_after(usize::MAX)
    }
}

impl Recorder {
    pub(crate) fn stopping_after(stop_after: usize) -> Self {
        Self {
            steps: Mutex::default(),
            stop_after,
        }
    }

    pub(crate) fn steps(&self) -> Vec<(SetupStage, u64, u64)> {
        self.steps.lock().unwrap().clone()
    }
}

impl Progress<SetupStage> for Recorder {
    fn advance(&self, stage: SetupStage, done: u64, total: u64) {
        self.steps.lock().unwrap().push((stage, done, total));
    }

    fn cancelled(&self) -> bool {
        self.steps.lock().unwrap().len() >= self.stop_after
    }
}
