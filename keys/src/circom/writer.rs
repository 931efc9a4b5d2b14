//! Writing what [`container`](super::container) reads.

use super::FormatError;
use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, PrimeField};
use zeroize::Zeroizing;

/// Bytes of a number.
pub(super) const NUMBER: usize = 32;

/// A section's content. Wiped when dropped: witnesses are written too.
pub(super) struct Section {
    number: u32,
    bytes: Zeroizing<Vec<u8>>,
}

impl Section {
    /// With room for so many bytes: a list that grows leaves what it held behind in freed memory.
    pub(super) fn new(number: u32, room: usize) -> Self {
        Section {
            number,
            bytes: Zeroizing::new(Vec::with_capacity(room)),
        }
    }

    pub(super) fn content(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A count of 32 bits.
    pub(super) fn count(&mut self, count: usize) -> Result<(), FormatError> {
        let count = u32::try_from(count).map_err(|_| FormatError::TooLarge { count })?;
        self.bytes(&count.to_le_bytes());
        Ok(())
    }

    pub(super) fn number(&mut self, number: &BigInt<4>) {
        number.0.iter().for_each(|limb| self.bytes(&limb.to_le_bytes()));
    }

    /// A field's modulus, its length before it.
    pub(super) fn modulus<F: PrimeField<BigInt = BigInt<4>>>(&mut self) -> Result<(), FormatError> {
        self.count(NUMBER)?;
        self.number(&F::MODULUS);
        Ok(())
    }

    /// A number below the modulus.
    pub(super) fn canonical(&mut self, number: &Fr) {
        self.number(&number.into_bigint());
    }

    /// A scalar in Montgomery form with R = 2^256, as arkworks has it in memory.
    pub(super) fn montgomery(&mut self, scalar: &Fr) {
        self.number(&scalar.0);
    }

    /// A point, or infinity as zeros.
    pub(super) fn g1(&mut self, point: &G1Affine) {
        let (x, y) = point.xy().unwrap_or_default();
        self.coordinates(&[x, y]);
    }

    /// As [`Section::g1`].
    pub(super) fn g2(&mut self, point: &G2Affine) {
        let (x, y): (Fq2, Fq2) = point.xy().unwrap_or_default();
        self.coordinates(&[x.c0, x.c1, y.c0, y.c1]);
    }

    fn coordinates(&mut self, coordinates: &[Fq]) {
        coordinates.iter().for_each(|x| self.number(&x.0));
    }
}

/// A file of this kind and version with these sections.
pub(super) fn file(kind: &[u8; 4], version: u32, sections: &[Section]) -> Zeroizing<Vec<u8>> {
    let length = sections.iter().map(|section| 12 + section.bytes.len()).sum::<usize>();
    let mut file = Zeroizing::new(Vec::with_capacity(12 + length));
    file.extend_from_slice(kind);
    file.extend_from_slice(&version.to_le_bytes());
    file.extend_from_slice(&(sections.len() as u32).to_le_bytes());
    for section in sections {
        file.extend_from_slice(&section.number.to_le_bytes());
        file.extend_from_slice(&(section.bytes.len() as u64).to_le_bytes());
        file.extend_from_slice(&section.bytes);
    }
    file
}
