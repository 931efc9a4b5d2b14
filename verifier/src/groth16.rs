//! Groth16 on BN254: one prepared key, one multi-pairing a proof, or one for many.

use crate::combination::{self, Coefficient};
use crate::inputs::InputPoints;
use crate::pairing::{self, Lines, Place};
use alloc::vec::Vec;
use ark_bn254::{Fq12, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{One, Zero};
use core::fmt;
use medproof_messages::key::{KeyId, KeyInfo, PinnedKey};
use medproof_messages::presentation::Proof;
use medproof_statement::public::{COUNT, PublicInputs};
use thiserror::Error;

/// A proof and what it is about.
pub(crate) type Equation<'a> = (&'a Proof, &'a PublicInputs);

/// Why a proof is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unsound {
    /// B is not of prime order.
    #[error("expected B in the subgroup of prime order, found it outside")]
    Subgroup,
    /// The equation does not hold.
    #[error("expected a proof of these inputs under this key, found none")]
    Equation,
}

/// A pinned key with all that does not depend on a proof computed: some 130 kB.
#[derive(Clone)]
pub struct PreparedKey {
    id: KeyId,
    info: KeyInfo,
    constant: G1Affine,
    inputs: InputPoints,
    alpha: G1Affine,
    beta_neg: Lines,
    alpha_beta: Fq12,
    gamma_neg: Lines,
    delta_neg: Lines,
}

impl PreparedKey {
    /// Prepares a key.
    pub fn new(pinned: &PinnedKey) -> PreparedKey {
        let key = pinned.key();
        let [constant, points @ ..] = key.ic();
        let [beta_neg, gamma_neg, delta_neg] = Lines::of(&[-*key.beta_g2(), -*key.gamma_g2(), -*key.delta_g2()]);
        let opposite = Place::all(&[-key.alpha_g1().into_group()]);
        let fixed: Vec<pairing::Fixed<'_>> = opposite.iter().map(|place| (&beta_neg, *place)).collect();
        let alpha_beta =
            pairing::miller_loops(&[], &[], &fixed).and_then(|product| pairing::final_exponentiation(&product));
        PreparedKey {
            id: pinned.id(),
            info: *pinned.info(),
            constant: *constant,
            inputs: InputPoints::new(points),
            alpha: *key.alpha_g1(),
            // No Miller loop gives 0, which would have no inverse.
            alpha_beta: alpha_beta.unwrap_or(Fq12::zero()),
            beta_neg,
            gamma_neg,
            delta_neg,
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

    /// Whether B is in its group and e(A, B) = e(alpha, beta)·e(IC(inputs), gamma)·e(C, delta). That the inputs are those of a
    /// request and of what the ledger has, only [`crate::Verifier::verify`] says.
    ///
    /// # Errors
    /// [`Unsound`]: which of the two is not so.
    pub fn check(&self, proof: &Proof, public: &PublicInputs) -> Result<(), Unsound> {
        let inputs = self.inputs.combined(&public.to_array()) + self.constant;
        let places = Place::all(&[proof.a().into_group(), inputs, proof.c().into_group()]);
        let [a, inputs, c] = places[..] else {
            return Err(Unsound::Equation);
        };
        let known = [(&self.gamma_neg, inputs), (&self.delta_neg, c)];
        let product = pairing::miller_loop(a, proof.b(), known).ok_or(Unsound::Subgroup)?;
        if pairing::final_exponentiation(&product) == Some(self.alpha_beta) {
            Ok(())
        } else {
            Err(Unsound::Equation)
        }
    }

    /// Whether all of these are sound, by one multi-pairing over a random combination of their equations: where one is
    /// not, it is taken for one that is with probability 2⁻¹²⁸ (Bellare, Garay, Rabin, EUROCRYPT 1998, small
    /// exponents).
    pub fn all_are_sound(&self, proofs: &[Equation<'_>]) -> bool {
        let coefficients: Vec<Coefficient> = Coefficient::all(&self.id, proofs).take(proofs.len()).collect();
        let (mut total, mut inputs) = (Fr::zero(), [Fr::zero(); COUNT]);
        let mut left = Vec::with_capacity(proofs.len() + 3);
        for ((proof, public), coefficient) in proofs.iter().zip(&coefficients) {
            let factor = coefficient.number();
            total += factor;
            for (sum, input) in inputs.iter_mut().zip(public.to_array()) {
                *sum += factor * input;
            }
            left.push(coefficient.times(proof.a()));
        }
        let right: Vec<G2Affine> = proofs.iter().map(|(proof, _)| *proof.b()).collect();
        left.push(self.alpha * total);
        left.push(self.inputs.combined(&inputs) + self.constant * total);
        left.push(combination::sum(
            &coefficients,
            proofs.iter().map(|(proof, _)| *proof.c()),
        ));
        let places = Place::all(&left);
        let Some((own, [alpha, inputs, c])) = places.split_last_chunk() else {
            return false;
        };
        let known = [
            (&self.beta_neg, *alpha),
            (&self.gamma_neg, *inputs),
            (&self.delta_neg, *c),
        ];
        let product = pairing::miller_loops(own, &right, &known);
        let power = product.and_then(|product| pairing::final_exponentiation(&product));
        power.is_some_and(|power| power.is_one())
    }
}

impl fmt::Debug for PreparedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedKey({}, {:?})", self.id, self.info)
    }
}
