//! The proving key's file: `ark-groth16`'s uncompressed form.
//!
//! Read only after its digest was checked: coordinates must be canonical and every count the
//! circuit's, but points are not tested for being on the curve, which would take minutes. Nothing
//! is allocated by a length that the file claims.

use crate::fit::Counts;
use crate::sizes;
use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_groth16::{ProvingKey, VerifyingKey};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize, SerializationError};
use medproof_gadgets::shape::Shape;
use rayon::prelude::*;
use std::io::Write;
use thiserror::Error;

/// A file that is no proving key of the circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MalformedKey {
    /// Cut, or followed by something.
    #[error("expected {expected} bytes, found {found}")]
    Length {
        /// By the circuit's shape.
        expected: u64,
        /// Given.
        found: u64,
    },
    /// A list of another length.
    #[error("{part}: expected {expected} elements, found {found}")]
    Count {
        /// Which list.
        part: &'static str,
        /// By the circuit's shape.
        expected: u64,
        /// In the file.
        found: u64,
    },
    /// Coordinates that are not canonical, or flags that mean nothing.
    #[error("{part}: not a point in canonical form")]
    Point {
        /// Where.
        part: &'static str,
    },
    /// The verifying key beside it is not its own.
    #[error("the verifying key beside it is another key's")]
    Verifying,
}

/// Writes a key.
///
/// # Errors
/// Those of the writer.
pub fn write(key: &ProvingKey<Bn254>, writer: impl Write) -> Result<(), SerializationError> {
    key.serialize_uncompressed(writer)
}

/// Reads a key for a circuit of this shape, in parallel.
///
/// # Errors
/// [`MalformedKey`].
pub fn read(bytes: &[u8], shape: &Shape) -> Result<ProvingKey<Bn254>, MalformedKey> {
    let (expected, found) = (sizes::proving_key_bytes(shape), bytes.len() as u64);
    if expected != found {
        return Err(MalformedKey::Length { expected, found });
    }
    let counts = Counts::of(shape);
    let mut reader = Reader { rest: bytes };
    let vk = VerifyingKey {
        alpha_g1: reader.point::<G1Affine>("alpha in G1")?,
        beta_g2: reader.point::<G2Affine>("beta in G2")?,
        gamma_g2: reader.point::<G2Affine>("gamma in G2")?,
        delta_g2: reader.point::<G2Affine>("delta in G2")?,
        gamma_abc_g1: reader.points("the input commitments", counts.ic)?,
    };
    Ok(ProvingKey {
        vk,
        beta_g1: reader.point("beta in G1")?,
        delta_g1: reader.point("delta in G1")?,
        a_query: reader.points("the A query", counts.variables)?,
        b_g1_query: reader.points("the B query in G1", counts.variables)?,
        b_g2_query: reader.points("the B query in G2", counts.variables)?,
        h_query: reader.points("the H query", counts.h)?,
        l_query: reader.points("the L query", counts.l)?,
    })
}

/// Points, and how many bytes each takes: G1 and G2 of the curve.
trait Point: CanonicalDeserialize + CanonicalSerialize + Send {
    const BYTES: usize;
}

/// Of a point of G2: two coordinates of two elements.
const LONGEST_POINT: usize = 4 * 32;

impl<C: SWCurveConfig> Point for Affine<C> {
    // Two coordinates, each of 32 bytes in every degree of its field.
    const BYTES: usize = 2 * size_of::<C::BaseField>();
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, part: &'static str, bytes: usize) -> Result<&'a [u8], MalformedKey> {
        let found = self.rest.len() as u64;
        let short = MalformedKey::Count {
            part,
            expected: bytes as u64,
            found,
        };
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or(short)?;
        self.rest = rest;
        Ok(taken)
    }

    fn point<P: Point>(&mut self, part: &'static str) -> Result<P, MalformedKey> {
        decode(part, self.take(part, P::BYTES)?)
    }

    fn points<P: Point>(&mut self, part: &'static str, count: usize) -> Result<Vec<P>, MalformedKey> {
        let mut length = [0; 8];
        length.copy_from_slice(self.take(part, 8)?);
        let (expected, found) = (count as u64, u64::from_le_bytes(length));
        if expected != found {
            return Err(MalformedKey::Count { part, expected, found });
        }
        let bytes = self.take(part, count * P::BYTES)?;
        bytes
            .par_chunks_exact(P::BYTES)
            .map(|point| decode(part, point))
            .collect()
    }
}

fn decode<P: Point>(part: &'static str, bytes: &[u8]) -> Result<P, MalformedKey> {
    let malformed = MalformedKey::Point { part };
    let point = P::deserialize_uncompressed_unchecked(bytes).map_err(|_| malformed)?;
    // The flags beside the coordinates are not held against them: only their one form is accepted.
    let mut again = [0; LONGEST_POINT];
    let again = &mut again[..P::BYTES];
    point.serialize_uncompressed(&mut *again).map_err(|_| malformed)?;
    if again == bytes { Ok(point) } else { Err(malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{matrices, small_key};

    fn file() -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&small_key(), &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_key_survives_its_file() {
        assert_eq!(read(&file(), &matrices().shape()), Ok(small_key()));
    }

    #[test]
    fn cut_or_continued_files_are_refused() {
        let (bytes, shape) = (file(), matrices().shape());
        let expected = bytes.len() as u64;
        for other in [&bytes[..bytes.len() - 1], &[bytes.as_slice(), &[0]].concat(), &[]] {
            let found = other.len() as u64;
            assert_eq!(read(other, &shape), Err(MalformedKey::Length { expected, found }));
        }
    }

    #[test]
    fn a_list_of_another_length_is_refused() {
        let mut bytes = file();
        let at = 64 + 3 * 128;
        bytes[at..at + 8].copy_from_slice(&(1_u64 << 40).to_le_bytes());
        let refused = MalformedKey::Count {
            part: "the input commitments",
            expected: 6,
            found: 1 << 40,
        };
        assert_eq!(read(&bytes, &matrices().shape()), Err(refused));
    }

    #[test]
    fn flags_that_contradict_their_coordinates_are_refused() {
        let bytes = file();
        for (last, part) in [(63, "alpha in G1"), (64 + 127, "beta in G2")] {
            for flag in [0x40, 0x80, 0xc0] {
                let mut other = bytes.clone();
                other[last] ^= flag;
                assert_eq!(
                    read(&other, &matrices().shape()),
                    Err(MalformedKey::Point { part }),
                    "{flag:#x}"
                );
            }
        }
    }

    #[test]
    fn coordinates_beyond_the_field_are_refused() {
        let mut bytes = file();
        bytes[..32].fill(0xff);
        let refused = MalformedKey::Point { part: "alpha in G1" };
        assert_eq!(read(&bytes, &matrices().shape()), Err(refused));
    }
}
