//! Groth16 on BN254: one prepared key, one multi-pairing a proof.

use ark_bn254::{Bn254, Config, Fq12, G1Affine, G1Projective};
use ark_ec::bn::G2Prepared;
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use core::fmt;
use medproof_messages::key::{IC, KeyId, KeyInfo, PinnedKey};
use medproof_messages::presentation::Proof;
use medproof_statement::public::PublicInputs;

/// A pinned key with all that does not depend on a proof computed: some 40 kB.
#[derive(Clone)]
pub struct PreparedKey {
    id: KeyId,
    info: KeyInfo,
    ic: [G1Affine; IC],
    alpha_beta: Fq12,
    gamma_neg: G2Prepared<Config>,
    delta_neg: G2Prepared<Config>,
}

impl PreparedKey {
    /// Prepares a key.
    pub fn new(pinned: &PinnedKey) -> PreparedKey {
        let key = pinned.key();
        PreparedKey {
            id: pinned.id(),
            info: *pinned.info(),
            ic: *key.ic(),
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
        let [constant, points @ ..] = &self.ic;
        let inputs: G1Projective = points
            .iter()
            .zip(public.to_array())
            .fold(constant.into_group(), |sum, (point, input)| sum + *point * input);
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
}

impl fmt::Debug for PreparedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedKey({}, {:?})", self.id, self.info)
    }
}
