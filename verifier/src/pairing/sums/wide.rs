//! Sums of products where the machine multiplies 64 by 64 bits.

use super::{Number, P, below_p};
use ark_bn254::FqConfig;
use ark_ff::MontConfig;

/// A number by which others are multiplied: as it is.
pub(super) type Right = Number;

/// To multiply by.
#[inline(always)]
pub(super) fn right(number: &Number) -> Right {
    *number
}

/// The sums of these with either of those.
#[inline(always)]
pub(super) fn both<const N: usize>(a: [&Number; N], [b, c]: [[&Right; N]; 2]) -> [Number; 2] {
    [sum(a, b), sum(a, c)]
}

/// One product.
#[inline(always)]
pub(super) fn product(a: &Number, b: &Number) -> Number {
    sum([a], [b])
}

// (Σ aᵢ·bᵢ)/2²⁵⁶ modulo p, of at most six numbers below p, or of two below 2p.
//
// What is summed stays below 2²⁵⁶ for up to four, as each step leaves less than 5p; for six it has one bit more on the way. In the
// end it is less than p + Σ aᵢ·bᵢ/2²⁵⁶: 2p for up to four or those two, 3p for six.
#[inline(always)]
fn sum<const N: usize>(a: [&Number; N], b: [&Number; N]) -> Number {
    const { assert!(N <= 6) };
    let sum = step(([0; 4], 0), a.map(|[limb, _, _, _]| *limb), b);
    let sum = step(sum, a.map(|[_, limb, _, _]| *limb), b);
    let sum = step(sum, a.map(|[_, _, limb, _]| *limb), b);
    let (sum, _) = step(sum, a.map(|[_, _, _, limb]| *limb), b);
    if N > 4 { below_p(below_p(sum)) } else { below_p(sum) }
}

// The sum, and Σ aᵢ·bᵢ of one limb of each a, with as many p more as make the lowest limb 0: the other five.
#[inline(always)]
fn step<const N: usize>((sum, top): (Number, u64), limbs: [u64; N], b: [&Number; N]) -> (Number, u64) {
    let (mut low, mut high) = (sum, u128::from(top));
    for (limb, b) in limbs.into_iter().zip(b) {
        let (r0, [r1, r2, r3, carry]) = row(low, limb, b);
        low = [r0, r1, r2, r3];
        high = upper::<N>(high, carry);
    }
    let [lowest, ..] = low;
    let (_, [r1, r2, r3, carry]) = row(low, lowest.wrapping_mul(FqConfig::INV), &P);
    let high = upper::<N>(high, carry);
    ([r1, r2, r3, high as u64], (high >> 64) as u64)
}

// Of so many products what is above four limbs has one limb, or a bit more.
#[inline(always)]
fn upper<const N: usize>(high: u128, carry: u64) -> u128 {
    if N > 4 {
        high + u128::from(carry)
    } else {
        u128::from((high as u64).wrapping_add(carry))
    }
}

// sum + a·b: the lowest limb, and the others.
#[inline(always)]
fn row([s0, s1, s2, s3]: Number, a: u64, [b0, b1, b2, b3]: &Number) -> (u64, Number) {
    let (r0, carry) = multiplied(a, *b0, s0, 0);
    let (r1, carry) = multiplied(a, *b1, s1, carry);
    let (r2, carry) = multiplied(a, *b2, s2, carry);
    let (r3, carry) = multiplied(a, *b3, s3, carry);
    (r0, [r1, r2, r3, carry])
}

// a·b + sum + carry: the lower limb and the upper.
#[inline(always)]
fn multiplied(a: u64, b: u64, sum: u64, carry: u64) -> (u64, u64) {
    let wide = u128::from(a) * u128::from(b) + u128::from(sum) + u128::from(carry);
    (wide as u64, (wide >> 64) as u64)
}
