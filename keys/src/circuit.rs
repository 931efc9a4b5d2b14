//! A proving key together with the circuit that it was made for.

use crate::digest::Sha256Digest;
use crate::fit::{self, Misfit};
use ark_bn254::Bn254;
use ark_groth16::{ProvingKey, VerifyingKey};
use medproof_gadgets::shape::{Matrices, Shape};
use medproof_messages::key::{self, KeyInfo, PinnedKey};
use medproof_statement::tier::Tier;
use std::fmt;
use thiserror::Error;

/// Where a key's secrets come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// A public seed: anyone can forge proofs.
    Development,
    /// A ceremony.
    Ceremony {
        /// Of its transcript.
        transcript: Sha256Digest,
        /// Held for tests: who took part may have kept everything.
        development: bool,
    },
}

impl Provenance {
    /// Whether somebody may know the secrets.
    #[must_use]
    pub const fn is_insecure(self) -> bool {
        match self {
            Self::Development => true,
            Self::Ceremony { development, .. } => development,
        }
    }
}

/// Which keys may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Development keys are refused.
    Production,
    /// Development keys are accepted. Nothing proved or verified under them is evidence of anything.
    Development,
}

/// A development key outside development mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the key of tier {tier} is a development key, under which anyone can forge proofs: \
     use a key from a ceremony, or ask for development mode"
)]
pub struct InsecureKey {
    /// Whose key.
    pub tier: Tier,
}

impl Mode {
    /// Whether a key of this origin may be used.
    ///
    /// # Errors
    /// [`InsecureKey`] for a development key outside development mode.
    pub fn admit(self, tier: Tier, provenance: Provenance) -> Result<(), InsecureKey> {
        if self == Self::Production && provenance.is_insecure() {
            return Err(InsecureKey { tier });
        }
        Ok(())
    }
}

/// A key that no proof may be made with.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnusableKey {
    /// Another circuit's.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// Its verifying key is not sound.
    #[error("the verifying key is not sound: {0}")]
    Unsound(#[from] key::KeyError),
}

/// A key that fits its circuit, and whose verifying key is sound.
#[derive(Clone)]
pub struct CircuitKey {
    tier: Tier,
    version: u32,
    matrices: Matrices,
    shape: Shape,
    proving: ProvingKey<Bn254>,
    provenance: Provenance,
    pinned: PinnedKey,
}

impl CircuitKey {
    /// Joins a key to its circuit.
    ///
    /// # Errors
    /// [`UnusableKey`] if any query has another length than the circuit takes, the circuit has not
    /// the statement's public inputs, or the verifying key breaks a rule of soundness.
    pub fn new(
        tier: Tier,
        version: u32,
        matrices: Matrices,
        proving: ProvingKey<Bn254>,
        provenance: Provenance,
    ) -> Result<Self, UnusableKey> {
        let shape = matrices.shape();
        fit::check(&proving, &shape)?;
        let vk = &proving.vk;
        let verifying = key::VerifyingKey::new(vk.alpha_g1, vk.beta_g2, vk.gamma_g2, vk.delta_g2, &vk.gamma_abc_g1)?;
        let info = KeyInfo {
            tier,
            circuit_version: version,
            matrix_digest: shape.digest,
            development: provenance.is_insecure(),
        };
        let pinned = PinnedKey::new(verifying, info);
        Ok(Self {
            tier,
            version,
            matrices,
            shape,
            proving,
            provenance,
            pinned,
        })
    }

    /// The size of the circuit.
    #[must_use]
    pub const fn tier(&self) -> Tier {
        self.tier
    }

    /// The version of the circuit.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// A, B and C.
    #[must_use]
    pub const fn matrices(&self) -> &Matrices {
        &self.matrices
    }

    /// Counts and digest of the matrices.
    #[must_use]
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The key that proves.
    #[must_use]
    pub const fn proving(&self) -> &ProvingKey<Bn254> {
        &self.proving
    }

    /// The key that verifies.
    #[must_use]
    pub const fn verifying(&self) -> &VerifyingKey<Bn254> {
        &self.proving.vk
    }

    /// The verifying key as verifiers and contracts pin it, with its id.
    #[must_use]
    pub const fn pinned(&self) -> &PinnedKey {
        &self.pinned
    }

    /// Where its secrets come from.
    #[must_use]
    pub const fn provenance(&self) -> Provenance {
        self.provenance
    }
}

impl fmt::Debug for CircuitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitKey")
            .field("tier", &self.tier)
            .field("version", &self.version)
            .field("shape", &self.shape)
            .field("provenance", &self.provenance)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Chain, circuit_key, matrices, matrices_of, small_key};

    #[test]
    fn a_key_of_another_circuit_is_refused() {
        let other = matrices_of(Chain::blank(9));
        let refused = CircuitKey::new(Tier::Xs, 1, other, small_key(), Provenance::Development);
        assert!(matches!(refused, Err(UnusableKey::Misfit(_))));
    }

    #[test]
    fn an_unsound_verifying_key_is_refused() {
        let mut forged = small_key();
        forged.vk.gamma_g2 = forged.vk.delta_g2;
        let refused = CircuitKey::new(Tier::Xs, 1, matrices(), forged, Provenance::Development);
        assert!(matches!(refused, Err(UnusableKey::Unsound(_))));
    }

    #[test]
    fn the_pinned_key_says_what_it_verifies() {
        let key = circuit_key();
        let info = key.pinned().info();
        assert!(info.development);
        assert_eq!(
            (info.tier, info.circuit_version, info.matrix_digest),
            (Tier::Xs, 1, key.shape().digest)
        );
        assert_eq!(key.pinned().key().delta_g2(), &key.verifying().delta_g2);
    }

    #[test]
    fn development_keys_need_development_mode() {
        let of = |development| Provenance::Ceremony {
            transcript: Sha256Digest([7; 32]),
            development,
        };
        for (provenance, in_production) in [(Provenance::Development, false), (of(true), false), (of(false), true)] {
            assert_eq!(Mode::Development.admit(Tier::S, provenance), Ok(()));
            let admitted = Mode::Production.admit(Tier::S, provenance);
            assert_eq!(admitted.is_ok(), in_production, "{provenance:?}");
            let made = CircuitKey::new(Tier::S, 1, matrices(), small_key(), provenance).unwrap();
            assert_eq!(made.pinned().info().development, !in_production);
        }
        let refused = Mode::Production.admit(Tier::S, Provenance::Development).unwrap_err();
        assert!(refused.to_string().contains("development key"), "{refused}");
    }
}
