//! A small circuit with the statement's public inputs, and keys of it from secrets that the test knows.

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::{Field, UniformRand};
use ark_groth16::{Groth16, Proof, ProvingKey};
use ark_relations::gr1cs::{ConstraintSynthesizer, SynthesisError};
use medproof_gadgets::shape::Matrices;
use medproof_gadgets::wire::{Cs, Wire, enforce_product};
use medproof_statement::public::COUNT;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

pub type Inputs = [Fr; COUNT];

/// The prover knows an eighth root of the public inputs' sum. False where the sum is no square.
#[derive(Clone, Copy)]
pub struct Root {
    inputs: Option<Inputs>,
    root: Fr,
}

impl Root {
    /// Without its values: for a key.
    pub const fn blank() -> Root {
        Root {
            inputs: None,
            root: Fr::ONE,
        }
    }

    /// With values for which it is true, one of which may be chosen.
    pub fn with(place: usize, value: Fr) -> Root {
        let root = Fr::from(3);
        let mut inputs: Inputs = std::array::from_fn(|i| Fr::from(11 * (i as u64 + 1)));
        inputs[place] = value;
        let balance = (place + 1) % COUNT;
        inputs[balance] = Fr::from(0);
        inputs[balance] = root.pow([8]) - inputs.iter().sum::<Fr>();
        Root {
            inputs: Some(inputs),
            root,
        }
    }

    pub fn inputs(&self) -> Inputs {
        self.inputs.unwrap()
    }

    /// An honest proof, by the library.
    pub fn prove(self, key: &ProvingKey<Bn254>) -> Proof<Bn254> {
        Groth16::<Bn254>::create_random_proof_with_reduction(self, key, &mut rng(3)).unwrap()
    }
}

impl ConstraintSynthesizer<Fr> for Root {
    fn generate_constraints(self, cs: Cs) -> Result<(), SynthesisError> {
        let known = self.inputs.ok_or(SynthesisError::AssignmentMissing);
        let inputs: Result<Vec<Wire>, _> = (0..COUNT)
            .map(|i| Wire::input(&cs, || known.map(|inputs| inputs[i])))
            .collect();
        let mut x = Wire::witness(&cs, || known.map(|_| self.root))?;
        for _ in 0..3 {
            x = x.times(&cs, &x)?;
        }
        enforce_product(&cs, &Wire::sum(&inputs?), &Wire::from(1), &x)
    }
}

pub fn matrices() -> Matrices {
    Matrices::synthesise(Root::blank()).unwrap()
}

/// Public inputs of which the statement is false: there is no witness.
pub fn false_inputs() -> Inputs {
    let mut inputs: Inputs = [7, 101, 13, 17, 19].map(Fr::from);
    while !inputs.iter().sum::<Fr>().legendre().is_qnr() {
        inputs[3] += Fr::ONE;
    }
    inputs
}

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// What a ceremony destroys, but for tau.
#[derive(Clone, Copy)]
pub struct Secrets {
    pub alpha: Fr,
    pub beta: Fr,
    pub gamma: Fr,
    pub delta: Fr,
}

impl Secrets {
    /// Unrelated ones.
    pub fn random() -> Secrets {
        let mut rng = rng(1);
        let [alpha, beta, gamma, delta] = std::array::from_fn(|_| Fr::rand(&mut rng));
        Secrets {
            alpha,
            beta,
            gamma,
            delta,
        }
    }

    /// As in every ceremony: gamma is the generator.
    pub fn of_a_ceremony() -> Secrets {
        Secrets {
            gamma: Fr::ONE,
            ..Secrets::random()
        }
    }

    pub fn key(&self) -> ProvingKey<Bn254> {
        let Secrets {
            alpha,
            beta,
            gamma,
            delta,
        } = *self;
        let (g1, g2) = (G1Projective::generator(), G2Projective::generator());
        Groth16::<Bn254>::generate_parameters_with_qap(Root::blank(), alpha, beta, gamma, delta, g1, g2, &mut rng(2))
            .unwrap()
    }
}

/// Powers of tau in both groups: public in every ceremony, and what forgers know beside the key.
pub struct Powers {
    pub g1: Vec<G1Affine>,
    pub g2: Vec<G2Affine>,
}

impl Powers {
    /// Of the tau of all keys here, which the library draws first.
    pub fn new(count: usize) -> Powers {
        let tau = Fr::rand(&mut rng(2));
        let powers: Vec<Fr> = std::iter::successors(Some(Fr::ONE), |power| Some(*power * tau))
            .take(count)
            .collect();
        Powers {
            g1: powers
                .iter()
                .map(|p| (G1Projective::generator() * p).into_affine())
                .collect(),
            g2: powers
                .iter()
                .map(|p| (G2Projective::generator() * p).into_affine())
                .collect(),
        }
    }
}
