//! Small circuits with the statement's public inputs.

use crate::blinding::Blinding;
use ark_bn254::Bn254;
use ark_bn254::Fr;
use ark_ff::UniformRand;
use ark_ff::{Field, Zero};
use ark_groth16::{Groth16, Proof, ProvingKey, VerifyingKey};
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

/// A proof of the reference's, made without randomness and re-randomised; and what did it.
pub(crate) fn rerandomised(key: &VerifyingKey<Bn254>, plain: &Proof<Bn254>, seed: u64) -> (Blinding, Proof<Bn254>) {
    let Rng(mut rng) = Rng::new(seed);
    let expected = Groth16::<Bn254>::rerandomize_proof(key, plain, &mut rng.clone());
    let [scale, shift] = [(); 2].map(|()| Fr::rand(&mut rng));
    (Blinding::of(scale, shift).unwrap(), expected)
}

/// As [`rerandomised`], of a circuit with its witness.
pub(crate) fn reference(key: &ProvingKey<Bn254>, matrices: &Matrices, z: &[Fr], seed: u64) -> (Blinding, Proof<Bn254>) {
    let zero = Fr::zero();
    let plain = Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
        key,
        zero,
        zero,
        matrices.abc(),
        matrices.inputs(),
        matrices.constraints(),
        z,
    );
    rerandomised(&key.vk, &plain.unwrap(), seed)
}

/// Numbers that are the same each time.
pub struct Rng(ark_std::rand::rngs::StdRng);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(ark_std::rand::SeedableRng::seed_from_u64(seed))
    }

    pub fn below(&mut self, n: usize) -> usize {
        ark_std::rand::Rng::gen_range(&mut self.0, 0..n)
    }

    pub fn field(&mut self) -> Fr {
        Fr::rand(&mut self.0)
    }
}

/// A circuit whose products are of sums of variables, at random. Some variables stand nowhere, so
/// that a key has points at infinity for them.
#[derive(Clone)]
pub(crate) struct Random {
    inputs: Vec<Fr>,
    free: Vec<Fr>,
    // Of each constraint two sums: coefficients and places among the variables before it.
    sums: Vec<[Vec<(Fr, usize)>; 2]>,
}

impl Random {
    /// So many public inputs, free variables and constraints; values as `value` draws them.
    pub(crate) fn new(
        rng: &mut Rng,
        [inputs, free, constraints]: [usize; 3],
        mut value: impl FnMut(&mut Rng) -> Fr,
    ) -> Self {
        let mut draw = |n: usize, rng: &mut Rng| (0..n).map(|_| value(rng)).collect::<Vec<Fr>>();
        let (public, private) = (draw(inputs, rng), draw(free, rng));
        let sums = (0..constraints)
            .map(|i| [(); 2].map(|()| sum(rng, 1 + inputs + free + i)))
            .collect();
        Random {
            inputs: public,
            free: private,
            sums,
        }
    }
}

// Of up to four variables; one in eight is never named, and the constant seldom.
fn sum(rng: &mut Rng, variables: usize) -> Vec<(Fr, usize)> {
    let terms = 1 + rng.below(4);
    let one = |rng: &mut Rng| {
        let coefficient = match rng.below(4) {
            0 => -Fr::from(1),
            1 => rng.field(),
            _ => Fr::from(1),
        };
        (coefficient, 1 + rng.below(variables - 1))
    };
    (0..terms)
        .map(|_| one(rng))
        .filter(|(_, place)| place % 8 != 3)
        .collect()
}

impl ConstraintSynthesizer<Fr> for Random {
    fn generate_constraints(self, cs: Cs) -> Result<(), SynthesisError> {
        let mut wires = vec![Wire::from(1)];
        for value in &self.inputs {
            wires.push(Wire::input(&cs, || Ok(*value))?);
        }
        for value in &self.free {
            wires.push(Wire::witness(&cs, || Ok(*value))?);
        }
        for sums in &self.sums {
            let [a, b] = sums.each_ref().map(|terms| {
                let scaled: Vec<Wire> = terms.iter().map(|(c, place)| wires[*place].clone() * *c).collect();
                Wire::sum(&scaled)
            });
            let product = a.times(&cs, &b)?;
            wires.push(product);
        }
        Ok(())
    }
}
