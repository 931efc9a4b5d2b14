//! Small circuits with the statement's public inputs.

use ark_bn254::Fr;
use ark_ff::{Field, Zero};
use ark_relations::gr1cs::{ConstraintSynthesizer, SynthesisError};
use medproof_gadgets::shape::Matrices;
use medproof_gadgets::wire::{Cs, Wire, enforce_product};
use medproof_keys::{CircuitKey, Quiet, development};
use medproof_statement::public::COUNT;
use medproof_statement::tier::Tier;
use std::sync::Arc;

/// x₀ = 3, squared so many times; the public inputs' sum times 1 is the last.
#[derive(Clone, Copy)]
pub(crate) struct Chain {
    links: usize,
    public: Option<[Fr; COUNT]>,
    broken_at: Option<usize>,
}

impl Chain {
    pub(crate) const fn blank(links: usize) -> Self {
        Self {
            links,
            public: None,
            broken_at: None,
        }
    }

    pub(crate) fn honest(links: usize) -> Self {
        let last = (0..links).fold(Fr::from(3), |x, _| x.square());
        let mut public = [1, 2, 3, 4, 0].map(Fr::from);
        public[4] = last - public.iter().sum::<Fr>();
        Self {
            links,
            public: Some(public),
            broken_at: None,
        }
    }

    /// One link's result is wrong by one; all later ones follow from it.
    pub(crate) fn broken(links: usize, at: usize) -> Self {
        Self {
            broken_at: Some(at),
            ..Self::honest(links)
        }
    }

    pub(crate) fn with_public(mut self, index: usize, value: u64) -> Self {
        if let Some(public) = &mut self.public {
            public[index] = Fr::from(value);
        }
        self
    }
}

impl ConstraintSynthesizer<Fr> for Chain {
    fn generate_constraints(self, cs: Cs) -> Result<(), SynthesisError> {
        let known = self.public.ok_or(SynthesisError::AssignmentMissing);
        let inputs: Result<Vec<Wire>, _> = (0..COUNT)
            .map(|i| Wire::input(&cs, || known.map(|public| public[i])))
            .collect();
        let mut x = Wire::witness(&cs, || known.map(|_| Fr::from(3)))?;
        for link in 0..self.links {
            let wrong = if self.broken_at == Some(link) {
                Fr::from(1)
            } else {
                Fr::zero()
            };
            let next = Wire::witness(&cs, || Ok(x.value()?.square() + wrong))?;
            enforce_product(&cs, &x, &x, &next)?;
            x = next;
        }
        enforce_product(&cs, &Wire::sum(&inputs?), &Wire::from(1), &x)
    }
}

pub(crate) fn matrices_of(links: usize) -> Matrices {
    Matrices::synthesise(Chain::blank(links)).unwrap()
}

pub(crate) fn key_of(tier: Tier, links: usize) -> Arc<CircuitKey> {
    Arc::new(development::make(tier, 1, matrices_of(links), &Quiet).unwrap())
}

/// Numbers that are the same each time.
pub struct Rng(ark_std::rand::rngs::StdRng);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(ark_std::rand::SeedableRng::seed_from_u64(seed))
    }

    pub fn field(&mut self) -> Fr {
        ark_std::UniformRand::rand(&mut self.0)
    }
}
