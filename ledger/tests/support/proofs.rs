//! A small circuit with the statement's five public inputs, its key from a fixed seed, and proofs:
//! the contracts are tested without the real circuit.

use ark_bn254::{Bn254, Fr};
use ark_groth16::{Groth16, Proof, ProvingKey};
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError, Variable};
use ark_snark::SNARK;
use medproof_ledger::{KeyRegistration, ProofWords, VerifyingKeyPoints};
use medproof_statement::public::PublicInputs;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::sync::LazyLock;

/// Each input is the square of a witness plus another witness: all five enter the proof.
struct Squares([Option<Fr>; 5]);

impl ConstraintSynthesizer<Fr> for Squares {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        for (i, value) in self.0.into_iter().enumerate() {
            let missing = SynthesisError::AssignmentMissing;
            let root = Fr::from(3 + i as u64);
            let input = cs.new_input_variable(|| value.ok_or(missing))?;
            let witness = cs.new_witness_variable(|| Ok(root))?;
            let rest = cs.new_witness_variable(|| value.map(|v| v - root * root).ok_or(missing))?;
            let sum = |variable: Variable| LinearCombination::<Fr>::from(variable);
            cs.enforce_r1cs_constraint(|| sum(witness), || sum(witness), || sum(input) - sum(rest))?;
        }
        Ok(())
    }
}

static KEY: LazyLock<ProvingKey<Bn254>> = LazyLock::new(|| setup(7));

fn setup(seed: u64) -> ProvingKey<Bn254> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    Groth16::<Bn254>::circuit_specific_setup(Squares([None; 5]), &mut rng)
        .unwrap()
        .0
}

/// The test key's points.
pub fn key_points() -> VerifyingKeyPoints {
    points(&KEY)
}

/// Points of a key of the same circuit from another seed.
pub fn other_key_points() -> VerifyingKeyPoints {
    points(&setup(8))
}

fn points(key: &ProvingKey<Bn254>) -> VerifyingKeyPoints {
    VerifyingKeyPoints {
        alpha: key.vk.alpha_g1,
        beta: key.vk.beta_g2,
        gamma: key.vk.gamma_g2,
        delta: key.vk.delta_g2,
        ic: key.vk.gamma_abc_g1.clone(),
    }
}

/// The test key, registered under a made-up id.
pub fn registration() -> KeyRegistration {
    KeyRegistration {
        key_id: medproof_ledger::B256::repeat_byte(0x4b),
        tier: 2,
        circuit_version: 1,
        matrix_digest: medproof_ledger::B256::repeat_byte(0x4d),
        development: true,
        key: (&key_points()).into(),
    }
}

/// A proof for these inputs.
pub fn prove(inputs: &PublicInputs) -> Proof<Bn254> {
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    Groth16::<Bn254>::prove(&KEY, Squares(inputs.to_array().map(Some)), &mut rng).unwrap()
}

/// Another valid proof for the same inputs, made without a witness.
pub fn rerandomised(proof: &Proof<Bn254>) -> Proof<Bn254> {
    let mut rng = ChaCha20Rng::seed_from_u64(12);
    Groth16::<Bn254>::rerandomize_proof(&KEY.vk, proof, &mut rng)
}

/// And another: A and B negated.
pub fn negated(proof: &Proof<Bn254>) -> Proof<Bn254> {
    Proof {
        a: -proof.a,
        b: -proof.b,
        c: proof.c,
    }
}

/// As the contract takes it.
pub fn words(proof: &Proof<Bn254>) -> ProofWords {
    ProofWords::new(&proof.a, &proof.b, &proof.c)
}
