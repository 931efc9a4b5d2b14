//! Groth16 on BN254: one prepared key, one multi-pairing a proof, or one for many.

use crate::inputs::InputPoints;
use alloc::vec::Vec;
use ark_bn254::{Bn254, Config, Fq12, Fr, G1Affine, G1Projective};
use ark_ec::bn::G2Prepared;
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
use ark_ff::{One, Zero};
use core::fmt;
use medproof_messages::key::{KeyId, KeyInfo, PinnedKey};
use medproof_messages::presentation::Proof;
use medproof_statement::field;
use medproof_statement::public::{COUNT, PublicInputs};
use sha2::{Digest, Sha256};

const COEFFICIENTS: &[u8] = b"medproof/groth16-batch/1\n";

/// A pinned key with all that does not depend on a proof computed: some 60 kB.
#[derive(Clone)]
pub struct PreparedKey {
    id: KeyId,
    info: KeyInfo,
    constant: G1Affine,
    inputs: InputPoints,
    alpha: G1Affine,
    beta_neg: G2Prepared<Config>,
    alpha_beta: Fq12,
    gamma_neg: G2Prepared<Config>,
    delta_neg: G2Prepared<Config>,
}

impl PreparedKey {
    /// Prepares a key.
    pub fn new(pinned: &PinnedKey) -> PreparedKey {
        let key = pinned.key();
        let [constant, points @ ..] = key.ic();
        PreparedKey {
            id: pinned.id(),
            info: *pinned.info(),
            constant: *constant,
            inputs: InputPoints::new(points),
            alpha: *key.alpha_g1(),
            beta_neg: G2Prepared::from(-*key.beta_g2()),
            alpha_beta: Bn254::pairing(*key.alpha_g1(), *key.beta_g2()).0,
            gamma_neg: G2Prepared::from(-*key.gamma_g2()),
            delta_neg: G2Prepared::from(-*key.delta_g2()),
        }
    }

    /// Its id.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What it verifies.
    pub const fn info(&self) -> &KeyInfo {
        &self.info
    }

    /// Whether e(A, B) = e(alpha, beta)·e(IC(inputs), gamma)·e(C, delta). That the inputs are those of a request
    /// and of what the ledger has, only [`crate::Verifier::verify`] says.
    pub fn holds(&self, proof: &Proof, public: &PublicInputs) -> bool {
        let inputs = self.inputs.combined(&public.to_array()) + self.constant;
        let product = Bn254::multi_miller_loop(
            [*proof.a(), inputs.into_affine(), *proof.c()],
            [
                G2Prepared::from(*proof.b()),
                self.gamma_neg.clone(),
                self.delta_neg.clone(),
            ],
        );
        Bn254::final_exponentiation(product).is_some_and(|product| product.0 == self.alpha_beta)
    }

    /// Whether all of these hold, by one multi-pairing over a random combination of their equations: where one does
    /// not, it is taken for one that does with probability 2⁻¹²⁸ (Bellare, Garay, Rabin, EUROCRYPT 1998, small
    /// exponents). The coefficients are a hash of the key, all proofs and all inputs, so that who makes the proofs
    /// cannot choose them once the coefficients are known, and no generator is needed.
    pub fn all_hold(&self, proofs: &[(&Proof, &PublicInputs)]) -> bool {
        let (mut total, mut inputs) = (Fr::zero(), [Fr::zero(); COUNT]);
        let mut c = G1Projective::zero();
        let mut left = Vec::with_capacity(proofs.len() + 3);
        let mut right = Vec::with_capacity(proofs.len() + 3);
        for ((proof, public), coefficient) in proofs.iter().zip(self.coefficients(proofs)) {
            let factor = Fr::from(coefficient);
            total += factor;
            for (sum, input) in inputs.iter_mut().zip(public.to_array()) {
                *sum += factor * input;
            }
            c += times(proof.c(), coefficient);
            left.push(times(proof.a(), coefficient));
            right.push(G2Prepared::from(*proof.b()));
        }
        let public = self.inputs.combined(&inputs) + self.constant * total;
        left.extend([self.alpha * total, public, c]);
        right.extend([self.beta_neg.clone(), self.gamma_neg.clone(), self.delta_neg.clone()]);
        let product = Bn254::multi_miller_loop(G1Projective::normalize_batch(&left), right);
        Bn254::final_exponentiation(product).is_some_and(|product| product.0.is_one())
    }

    // Never 0, which would leave a proof out.
    fn coefficients(&self, proofs: &[(&Proof, &PublicInputs)]) -> impl Iterator<Item = u128> + use<> {
        let mut all = Sha256::new();
        all.update(COEFFICIENTS);
        all.update(self.id.0);
        for (proof, public) in proofs {
            all.update(proof.to_bytes());
            public
                .to_array()
                .iter()
                .for_each(|input| all.update(field::to_bytes(input)));
        }
        let all = all.finalize();
        (0u64..).map(move |number| {
            let digest = Sha256::new()
                .chain_update(all)
                .chain_update(number.to_be_bytes())
                .finalize();
            let half = digest.first_chunk().copied().unwrap_or_default();
            u128::from_be_bytes(half).max(1)
        })
    }
}

fn times(point: &G1Affine, coefficient: u128) -> G1Projective {
    let low = coefficient as u64;
    point.into_group().mul_bigint([low, (coefficient >> 64) as u64])
}

impl fmt::Debug for PreparedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedKey({}, {:?})", self.id, self.info)
    }
}
