//! Proofs of any circom circuit, from its `.zkey` and `.wtns`; our own keys as `.zkey`.

use crate::blinding::Blinding;
use crate::checkpoint::{Checkpoint, Watched};
use crate::cpu::{Ready, ReadyStage, Settings, from_powers};
use crate::error::ProveError;
use ark_bn254::{Bn254, Fr};
use ark_ff::{FftField, Field};
use ark_groth16::{Groth16, PreparedVerifyingKey, Proof, ProvingKey, VerifyingKey, prepare_verifying_key};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use medproof_gadgets::shape::Matrices;
use medproof_keys::Progress;
use medproof_keys::circom::Zkey;
use medproof_lanes::Path;
use std::cell::Cell;

/// A key of ours as snarkjs has it: its H query is over values of A·B − C on the coset of the domain
/// by a root of unity of twice its order, where what vanishes on the domain is −2. The last
/// coefficient, which no quotient has, is left out of these values: proofs are the same.
///
/// # Errors
/// [`ProveError::Mismatch`] if the key is another circuit's; [`ProveError::Cancelled`].
pub fn zkey(
    matrices: &Matrices,
    key: &ProvingKey<Bn254>,
    path: Path,
    progress: &dyn Progress<ReadyStage>,
) -> Result<Zkey, ProveError> {
    let n = matrices.shape().domain();
    let too_large = || ProveError::Mismatch {
        part: "the domain",
        expected: 1 << 27,
        found: n,
    };
    if key.h_query.len() + 1 != n {
        return Err(ProveError::Mismatch {
            part: "the H query",
            expected: n - 1,
            found: key.h_query.len(),
        });
    }
    let domain = Radix2EvaluationDomain::<Fr>::new(n).ok_or_else(too_large)?;
    let shift = Fr::get_root_of_unity(2 * n as u64).ok_or_else(too_large)?;
    let factor = -Fr::from(2).inverse().ok_or_else(too_large)?;
    let done = Cell::new(0);
    let level = || {
        progress.advance(ReadyStage::Quotient, done.get(), u64::from(n.ilog2()));
        done.set(done.get() + 1);
        Watched(progress).pass()
    };
    let values = from_powers(&key.h_query, &domain, shift, factor, path, &level)?.ok_or_else(too_large)?;
    let mut key = key.clone();
    key.h_query.clear();
    Zkey::new(matrices, key, values).map_err(|misfit| ProveError::Mismatch {
        part: misfit.part,
        expected: misfit.expected,
        found: misfit.found,
    })
}

/// Whether a proof is true of these public inputs.
///
/// # Errors
/// [`ProveError::Mismatch`] unless the inputs are as many as the key's.
pub fn verify(key: &VerifyingKey<Bn254>, proof: &Proof<Bn254>, public: &[Fr]) -> Result<bool, ProveError> {
    let expected = key.gamma_abc_g1.len().saturating_sub(1);
    if public.len() != expected {
        return Err(ProveError::Mismatch {
            part: "public inputs",
            expected,
            found: public.len(),
        });
    }
    let verified = Groth16::<Bn254>::verify_proof(&prepare_verifying_key(key), proof, public);
    verified.map_err(|error| ProveError::Prover(error.to_string()))
}

/// A key of any circuit, ready on the cores or on a device.
pub trait AnyKey {
    /// What proofs verify under.
    fn verifying(&self) -> &VerifyingKey<Bn254>;

    /// Elements of the domain.
    fn domain(&self) -> usize;

    /// Bytes of its points, wherever they are.
    fn table_bytes(&self) -> usize;

    /// A proof of the values of all variables, the constant 1 first.
    ///
    /// # Errors
    /// As [`Ready::prove`].
    fn prove(&self, z: &[Fr], blinding: &Blinding, checkpoint: &dyn Checkpoint) -> Result<Proof<Bn254>, ProveError>;
}

impl AnyKey for Ready {
    fn verifying(&self) -> &VerifyingKey<Bn254> {
        self.verifying()
    }

    fn domain(&self) -> usize {
        self.domain()
    }

    fn table_bytes(&self) -> usize {
        self.table_bytes()
    }

    fn prove(&self, z: &[Fr], blinding: &Blinding, checkpoint: &dyn Checkpoint) -> Result<Proof<Bn254>, ProveError> {
        self.prove(z, blinding, checkpoint)
    }
}

/// Proves under one `.zkey`.
pub struct Circom {
    key: Box<dyn AnyKey + Send + Sync>,
    verifying: PreparedVerifyingKey<Bn254>,
}

impl Circom {
    /// Prepares a key.
    ///
    /// # Errors
    /// As [`Ready::of_zkey`].
    pub fn new(key: &Zkey, settings: Settings, progress: &dyn Progress<ReadyStage>) -> Result<Circom, ProveError> {
        Ok(Circom::of(Ready::of_zkey(key, settings, progress)?))
    }

    /// With a key that was prepared.
    #[must_use]
    pub fn of(key: impl AnyKey + Send + Sync + 'static) -> Circom {
        Circom {
            verifying: prepare_verifying_key(key.verifying()),
            key: Box::new(key),
        }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &dyn AnyKey {
        &*self.key
    }

    /// The values of a witness that a proof shows.
    #[must_use]
    pub fn public<'a>(&self, witness: &'a [Fr]) -> &'a [Fr] {
        let inputs = self.key.verifying().gamma_abc_g1.len();
        witness.get(1..inputs).unwrap_or_default()
    }

    /// A proof, with fresh randomness, that was verified.
    ///
    /// # Errors
    /// [`ProveError::Mismatch`] for another circuit's witness; [`ProveError::UnsatisfiedWitness`] for one
    /// that does not satisfy the circuit: the key holds too little of it to say where;
    /// [`ProveError::OutsideGroup`] for a key made to tell of witnesses;
    /// [`ProveError::Cancelled`] at a checkpoint.
    pub fn prove(&self, witness: &[Fr], checkpoint: &dyn Checkpoint) -> Result<Proof<Bn254>, ProveError> {
        let proof = self.key.prove(witness, &Blinding::fresh()?, checkpoint)?;
        // A key's many points are checked once, in their sum.
        if !proof.b.is_in_correct_subgroup_assuming_on_curve() {
            return Err(ProveError::OutsideGroup);
        }
        let verified = Groth16::<Bn254>::verify_proof(&self.verifying, &proof, self.public(witness));
        match verified {
            Ok(true) => Ok(proof),
            Ok(false) => Err(ProveError::UnsatisfiedWitness),
            Err(error) => Err(ProveError::Prover(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::Assignment;
    use crate::checkpoint::Unstoppable;
    use crate::testing::{Chain, key_of, matrices_of, reference};
    use ark_bn254::{Fq2, G2Affine, g2};
    use ark_ec::short_weierstrass::SWCurveConfig;
    use medproof_keys::circom::{R1cs, development_zkey, read_zkey, write_zkey};
    use medproof_keys::{CircuitKey, Quiet};
    use medproof_statement::tier::Tier;

    fn ours(key: &CircuitKey) -> Zkey {
        zkey(key.matrices(), key.proving(), Path::best(), &Quiet).unwrap()
    }

    // 58 rows and 6 inputs fill a domain exactly.
    #[test]
    fn our_keys_give_the_same_proofs_as_zkeys() {
        for links in [1, 57, 58, 200] {
            let key = key_of(Tier::Xs, links);
            let assignment = Assignment::synthesise(Chain::honest(links), key.shape()).unwrap();
            let read = read_zkey(&write_zkey(&ours(&key)).unwrap()).unwrap();
            let (blinding, expected) = reference(key.proving(), key.matrices(), assignment.values(), 7);
            let ready = Ready::of_zkey(&read, Settings::default(), &Quiet).unwrap();
            let found = ready.prove(assignment.values(), &blinding, &Unstoppable).unwrap();
            assert_eq!(found, expected, "{links} links");
        }
    }

    // Made for values at once, not from powers.
    #[test]
    fn a_development_key_of_a_circuit_proves() {
        for links in [1, 57, 58, 200] {
            let matrices = matrices_of(links);
            let assignment = Assignment::synthesise(Chain::honest(links), &matrices.shape()).unwrap();
            let declared = medproof_gadgets::r1cs_file::Declared::default();
            let key = development_zkey(&R1cs { declared, matrices }, &Quiet).unwrap();
            let engine = Circom::new(&key, Settings::default(), &Quiet).unwrap();
            engine.prove(assignment.values(), &Unstoppable).unwrap();
            let mut other = assignment.values().to_vec();
            other[3] += Fr::from(1);
            assert!(matches!(
                engine.prove(&other, &Unstoppable),
                Err(ProveError::UnsatisfiedWitness)
            ));
        }
    }

    #[test]
    fn a_key_outside_the_group_gives_no_proof() {
        let key = key_of(Tier::Xs, 9);
        let assignment = Assignment::synthesise(Chain::honest(9), key.shape()).unwrap();
        let mut bad = ours(&key);
        let outside = (1_u64..).find_map(|x| {
            let x = Fq2::from(x);
            let y = (x.square() * x + g2::Config::COEFF_B).sqrt()?;
            Some(G2Affine::new_unchecked(x, y)).filter(|p| !p.is_in_correct_subgroup_assuming_on_curve())
        });
        bad.b_g2_query[7] = (bad.b_g2_query[7] + outside.unwrap()).into();
        // A reader lets it pass.
        let read = read_zkey(&write_zkey(&bad).unwrap()).unwrap();
        let engine = Circom::new(&read, Settings::default(), &Quiet).unwrap();
        let refused = engine.prove(assignment.values(), &Unstoppable);
        assert!(matches!(refused, Err(ProveError::OutsideGroup)));
    }

    #[test]
    fn another_circuits_key_is_a_mismatch() {
        let key = key_of(Tier::Xs, 9);
        for links in [8, 200] {
            let refused = zkey(&matrices_of(links), key.proving(), Path::best(), &Quiet);
            assert!(matches!(refused, Err(ProveError::Mismatch { .. })), "{links}");
        }
    }
}
