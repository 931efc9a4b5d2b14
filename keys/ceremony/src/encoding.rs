//! Points as they are hashed: as snarkjs and, before it, the first powers of tau had them.

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, PrimeField};

fn write(to: &mut [u8], coordinates: &[Fq]) {
    let (places, _) = to.as_chunks_mut::<32>();
    for (place, x) in places.iter_mut().zip(coordinates) {
        let bytes = x.into_bigint().to_bytes_be();
        place.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    }
}

/// x and y, the highest byte first; infinity as zeros.
pub(crate) fn g1(point: &G1Affine) -> [u8; 64] {
    let mut bytes = [0; 64];
    let (x, y) = point.xy().unwrap_or_default();
    write(&mut bytes, &[x, y]);
    bytes
}

/// As [`g1`], of each coordinate the second component first.
pub(crate) fn g2(point: &G2Affine) -> [u8; 128] {
    let mut bytes = [0; 128];
    let (x, y): (Fq2, Fq2) = point.xy().unwrap_or_default();
    write(&mut bytes, &[x.c1, x.c0, y.c1, y.c0]);
    bytes
}

const GREATER: u8 = 0x80;
const INFINITY: u8 = 0x40;

fn is_greater(y: &Fq) -> bool {
    y.into_bigint() > Fq::MODULUS_MINUS_ONE_DIV_TWO
}

/// x, and which y in the highest bit.
pub(crate) fn g1_compressed(point: &G1Affine) -> [u8; 32] {
    let mut bytes = [0; 32];
    match point.xy() {
        None => bytes[0] = INFINITY,
        Some((x, y)) => {
            write(&mut bytes, &[x]);
            bytes[0] |= if is_greater(&y) { GREATER } else { 0 };
        }
    }
    bytes
}

/// As [`g1_compressed`].
pub(crate) fn g2_compressed(point: &G2Affine) -> [u8; 64] {
    let mut bytes = [0; 64];
    match point.xy() {
        None => bytes[0] = INFINITY,
        Some((x, y)) => {
            write(&mut bytes, &[x.c1, x.c0]);
            let decisive = if y.c1 == Fq::from(0u64) { y.c0 } else { y.c1 };
            bytes[0] |= if is_greater(&decisive) { GREATER } else { 0 };
        }
    }
    bytes
}
