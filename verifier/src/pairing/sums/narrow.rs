//! Sums of products where the machine multiplies 32 by 32 bits, as WebAssembly does: in limbs of 29 bits, of which 63 products are
//! summed before any is carried.

use super::{Number, P, below_p};
use ark_bn254::FqConfig;
use ark_ff::MontConfig;

const BITS: u32 = 29;
const MASK: u64 = (1 << BITS) - 1;
// Bits of 2²⁵⁶ after eight limbs.
const LAST_BITS: u32 = 24;
const LAST_MASK: u64 = (1 << LAST_BITS) - 1;

/// A number in nine limbs, the lowest first.
type Limbs = [u32; 9];

const MODULUS: Limbs = right(&P);

/// A number by which others are multiplied: in limbs.
pub(super) type Right = Limbs;

/// To multiply by.
#[inline(never)]
pub(super) const fn right([a, b, c, d]: &Number) -> Right {
    [
        limb(*a),
        limb(*a >> 29),
        limb(*a >> 58 | *b << 6),
        limb(*b >> 23),
        limb(*b >> 52 | *c << 12),
        limb(*c >> 17),
        limb(*c >> 46 | *d << 18),
        limb(*d >> 11),
        limb(*d >> 40),
    ]
}

const fn limb(bits: u64) -> u32 {
    (bits & MASK) as u32
}

/// The sums of these with either of those.
#[inline(always)]
pub(super) fn both<const N: usize>(a: [&Number; N], [b, c]: [[&Right; N]; 2]) -> [Number; 2] {
    let a = a.map(right);
    [sum(&a, &b), sum(&a, &c)]
}

/// One product.
#[inline(always)]
pub(super) fn product(a: &Number, b: &Number) -> Number {
    sum(&[right(a)], &[&right(b)])
}

// (Σ aᵢ·bᵢ)/2²⁵⁶ modulo p, of at most six numbers below p, or of two below 2p.
//
// A limb is summed in nine steps at most, each of up to six products and one more with p, all below 2⁵⁸: with what is carried from the
// limb before, that is less than 2⁶⁴. In the end it is less than p + Σ aᵢ·bᵢ/2²⁵⁶, 3p for six.
#[inline(never)]
fn sum(a: &[Limbs], b: &[&Right]) -> Number {
    let mut sum = [0; 9];
    for place in 0..8 {
        let [lowest, s1, s2, s3, s4, s5, s6, s7, s8] = step(sum, a, b, place, MASK);
        sum = [s1.wrapping_add(lowest >> BITS), s2, s3, s4, s5, s6, s7, s8, 0];
    }
    let sum = number(step(sum, a, b, 8, LAST_MASK));
    below_p(below_p(sum))
}

// The sum, and Σ aᵢ·bᵢ of one limb of each a, with as many p more as make its lowest bits 0.
#[inline(always)]
fn step(mut sum: [u64; 9], a: &[Limbs], b: &[&Right], place: usize, mask: u64) -> [u64; 9] {
    for (a, b) in a.iter().zip(b) {
        sum = row(sum, u64::from(a.get(place).copied().unwrap_or_default()), b);
    }
    let [lowest, ..] = sum;
    row(sum, lowest.wrapping_mul(FqConfig::INV) & mask, &MODULUS)
}

// sum + a·b, without carries.
#[inline(always)]
fn row([s0, s1, s2, s3, s4, s5, s6, s7, s8]: [u64; 9], a: u64, b: &Limbs) -> [u64; 9] {
    let [b0, b1, b2, b3, b4, b5, b6, b7, b8] = b;
    let more = |sum: u64, b: &u32| sum.wrapping_add(a.wrapping_mul(u64::from(*b)));
    [
        more(s0, b0),
        more(s1, b1),
        more(s2, b2),
        more(s3, b3),
        more(s4, b4),
        more(s5, b5),
        more(s6, b6),
        more(s7, b7),
        more(s8, b8),
    ]
}

// Limbs with what they carry, less the lowest bits.
#[inline(always)]
fn number([s0, s1, s2, s3, s4, s5, s6, s7, s8]: [u64; 9]) -> Number {
    let s1 = s1.wrapping_add(s0 >> BITS);
    let s2 = s2.wrapping_add(s1 >> BITS);
    let s3 = s3.wrapping_add(s2 >> BITS);
    let s4 = s4.wrapping_add(s3 >> BITS);
    let s5 = s5.wrapping_add(s4 >> BITS);
    let s6 = s6.wrapping_add(s5 >> BITS);
    let s7 = s7.wrapping_add(s6 >> BITS);
    let s8 = s8.wrapping_add(s7 >> BITS);
    let [l0, l1, l2, l3, l4, l5, l6, l7] = [s0, s1, s2, s3, s4, s5, s6, s7].map(|limb| limb & MASK);
    [
        l0 >> LAST_BITS | l1 << 5 | l2 << 34 | l3 << 63,
        l3 >> 1 | l4 << 28 | l5 << 57,
        l5 >> 7 | l6 << 22 | l7 << 51,
        l7 >> 13 | s8 << 16,
    ]
}
