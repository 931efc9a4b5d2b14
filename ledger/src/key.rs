//! Verifying keys as the contracts take them.

use crate::abi::KeyRegistry;
use crate::field::word;
use crate::{B256, U256};
use ark_bn254::{Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;

/// Digest of a verifying key, its tier, circuit version and matrices.
pub type KeyId = B256;

/// A Groth16 verifying key over BN254: its points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKeyPoints {
    /// alpha in G1.
    pub alpha: G1Affine,
    /// beta in G2.
    pub beta: G2Affine,
    /// gamma in G2.
    pub gamma: G2Affine,
    /// delta in G2.
    pub delta: G2Affine,
    /// One point, and one for each public input.
    pub ic: Vec<G1Affine>,
}

/// A verifying key in the EVM's words: G1 as (x, y), G2 as (x.c1, x.c0, y.c1, y.c0), the identity
/// as zeros. Unchecked: the contract checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyWords {
    /// alpha.
    pub alpha: [U256; 2],
    /// beta.
    pub beta: [U256; 4],
    /// gamma.
    pub gamma: [U256; 4],
    /// delta.
    pub delta: [U256; 4],
    /// IC.
    pub ic: Vec<[U256; 2]>,
}

impl From<&VerifyingKeyPoints> for KeyWords {
    fn from(key: &VerifyingKeyPoints) -> KeyWords {
        KeyWords {
            alpha: g1_words(&key.alpha),
            beta: g2_words(&key.beta),
            gamma: g2_words(&key.gamma),
            delta: g2_words(&key.delta),
            ic: key.ic.iter().map(g1_words).collect(),
        }
    }
}

impl From<&KeyWords> for KeyRegistry::VerifyingKey {
    fn from(key: &KeyWords) -> KeyRegistry::VerifyingKey {
        KeyRegistry::VerifyingKey {
            alpha: key.alpha,
            beta: key.beta,
            gamma: key.gamma,
            delta: key.delta,
            ic: key.ic.clone(),
        }
    }
}

impl From<KeyRegistry::VerifyingKey> for KeyWords {
    fn from(key: KeyRegistry::VerifyingKey) -> KeyWords {
        KeyWords {
            alpha: key.alpha,
            beta: key.beta,
            gamma: key.gamma,
            delta: key.delta,
            ic: key.ic,
        }
    }
}

/// A key to register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRegistration {
    /// Its identifier.
    pub key_id: KeyId,
    /// The tier's number.
    pub tier: u8,
    /// The circuit's version.
    pub circuit_version: u32,
    /// Of the circuit's matrices.
    pub matrix_digest: B256,
    /// Whether it is insecure, for development: only a deployment in development mode takes it.
    pub development: bool,
    /// Its points.
    pub key: KeyWords,
}

/// (x, y); zeros for the identity.
pub(crate) fn g1_words(p: &G1Affine) -> [U256; 2] {
    p.xy().map_or([U256::ZERO; 2], |(x, y)| [word(&x), word(&y)])
}

/// (x.c1, x.c0, y.c1, y.c0); zeros for the identity.
pub(crate) fn g2_words(p: &G2Affine) -> [U256; 4] {
    let words = |z: &Fq2| [word(&z.c1), word(&z.c0)];
    p.xy().map_or([U256::ZERO; 4], |(x, y)| {
        let ([x1, x0], [y1, y0]) = (words(&x), words(&y));
        [x1, x0, y1, y0]
    })
}
