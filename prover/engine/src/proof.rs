//! A Groth16 proof.

use crate::error::ProveError;
use ark_bn254::Bn254;
use ark_serialize::CanonicalSerialize;

/// A proof and its encoding.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    points: ark_groth16::Proof<Bn254>,
    bytes: [u8; Proof::BYTES],
}

impl Proof {
    /// Bytes of the encoding: A (32), B (64) and C (32), compressed.
    pub const BYTES: usize = 128;

    pub(crate) fn new(points: ark_groth16::Proof<Bn254>) -> Result<Self, ProveError> {
        let mut bytes = [0; Self::BYTES];
        let rest = bytes.as_mut_slice();
        points
            .serialize_compressed(rest)
            .map_err(|error| ProveError::Prover(error.to_string()))?;
        Ok(Self { points, bytes })
    }

    /// The points A, B, C.
    #[must_use]
    pub const fn points(&self) -> &ark_groth16::Proof<Bn254> {
        &self.points
    }

    /// A, B, C compressed, as `ark-serialize` does: x little-endian, the two top bits of its last
    /// byte telling the larger y and the point at infinity.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; Self::BYTES] {
        self.bytes
    }
}
