//! A proving key together with the circuit that it was made for.

use crate::fit::{self, Misfit};
use ark_bn254::Bn254;
use ark_groth16::{ProvingKey, VerifyingKey};
use medproof_gadgets::shape::{Matrices, Shape};
use medproof_statement::tier::Tier;
use std::fmt;
use thiserror::Error;

/// Where a key's secrets come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// A public seed: anyone can forge proofs.
    Development,
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
    /// Whether a key may be used.
    ///
    /// # Errors
    /// [`InsecureKey`] for a development key outside development mode.
    pub fn admit(self, key: &CircuitKey) -> Result<(), InsecureKey> {
        match (self, key.provenance) {
            (Self::Development, Provenance::Development) => Ok(()),
            (Self::Production, Provenance::Development) => Err(InsecureKey { tier: key.tier }),
        }
    }
}

/// A key that fits its circuit.
#[derive(Clone)]
pub struct CircuitKey {
    tier: Tier,
    version: u32,
    matrices: Matrices,
    shape: Shape,
    proving: ProvingKey<Bn254>,
    provenance: Provenance,
}

impl CircuitKey {
    /// Joins a key to its circuit.
    ///
    /// # Errors
    /// [`Misfit`] if any query has another length than the circuit takes, or the circuit has not
    /// the statement's public inputs.
    pub fn new(
        tier: Tier,
        version: u32,
        matrices: Matrices,
        proving: ProvingKey<Bn254>,
        provenance: Provenance,
    ) -> Result<Self, Misfit> {
        let shape = matrices.shape();
        fit::check(&proving, &shape)?;
        Ok(Self {
            tier,
            version,
            matrices,
            shape,
            proving,
            provenance,
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
    use crate::testing::{Chain, circuit_key, matrices_of, small_key};

    #[test]
    fn a_key_of_another_circuit_is_refused() {
        let other = matrices_of(Chain::blank(9));
        let refused = CircuitKey::new(Tier::Xs, 1, other, small_key(), Provenance::Development);
        assert!(refused.is_err());
    }

    #[test]
    fn development_keys_need_development_mode() {
        let key = circuit_key();
        assert_eq!(Mode::Development.admit(&key), Ok(()));
        let refused = Mode::Production.admit(&key).unwrap_err();
        assert!(refused.to_string().contains("development key"), "{refused}");
    }
}
