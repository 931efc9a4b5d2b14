//! Points as snarkjs' files have them: for who reads and writes such files piece by piece.

use super::FormatError;
use super::container::{Bytes, finite, in_group};
use super::writer::Section;
use ark_bn254::{G1Affine, G2Affine};
use rayon::prelude::*;

/// Bytes of a point of G1: x and y in Montgomery form, the lowest byte first.
pub const G1_BYTES: usize = 64;
/// Bytes of a point of G2.
pub const G2_BYTES: usize = 128;

/// Points of G1, none of them infinity, that stand at a place of a file.
///
/// # Errors
/// [`FormatError`] with the place of a coordinate that is none, or of a point off the curve.
pub fn read_g1(bytes: &[u8], at: usize) -> Result<Vec<G1Affine>, FormatError> {
    (bytes.par_chunks(G1_BYTES).enumerate())
        .map(|(i, bytes)| finite(&mut Bytes::at(bytes, at + i * G1_BYTES), Bytes::g1))
        .collect()
}

/// Points of G2's group, none of them infinity, that stand at a place of a file.
///
/// # Errors
/// As [`read_g1`], and for a point outside the group.
pub fn read_g2(bytes: &[u8], at: usize) -> Result<Vec<G2Affine>, FormatError> {
    (bytes.par_chunks(G2_BYTES).enumerate())
        .map(|(i, bytes)| in_group(&mut Bytes::at(bytes, at + i * G2_BYTES)))
        .collect()
}

/// Points of G2's curve, none of them infinity, that stand at a place of a file. Whether they are in its group
/// is left to the caller: of many at once that is known much sooner.
///
/// # Errors
/// As [`read_g1`].
pub fn read_twist(bytes: &[u8], at: usize) -> Result<Vec<G2Affine>, FormatError> {
    (bytes.par_chunks(G2_BYTES).enumerate())
        .map(|(i, bytes)| finite(&mut Bytes::at(bytes, at + i * G2_BYTES), Bytes::g2))
        .collect()
}

/// Points of G1 as a file has them; infinity as zeros.
#[must_use]
pub fn write_g1(points: &[G1Affine]) -> Vec<u8> {
    let mut section = Section::new(0, points.len() * G1_BYTES);
    points.iter().for_each(|point| section.g1(point));
    section.content().to_vec()
}

/// Points of G2 as a file has them.
#[must_use]
pub fn write_g2(points: &[G2Affine]) -> Vec<u8> {
    let mut section = Section::new(0, points.len() * G2_BYTES);
    points.iter().for_each(|point| section.g2(point));
    section.content().to_vec()
}
