//! Sums of products in BN254's quadratic extension, with one reduction for each part (Longa, *Efficient algorithms for large
//! prime characteristic fields and their application to bilinear pairings*, 2022/367, §3).
//!
//! A number is four limbs of 64 bits, the lowest first; p is the base field's modulus, and 2²⁵⁶ is more than 5.28p. Elements stand as
//! 2²⁵⁶ times what they are (Montgomery 1985).
//!
//! Each sum stands once in a program: a copy wherever one is needed would be little faster, and much more code.

use ark_bn254::{Fq, Fq2, FqConfig};
use ark_ff::{BigInt, MontConfig, PrimeField};

type Number = [u64; 4];

const P: Number = Fq::MODULUS.0;

/// An element by which others are multiplied.
#[derive(Clone, Copy)]
pub(super) struct Factor {
    real: Number,
    imaginary: Number,
    opposite: Number,
}

impl Factor {
    #[inline(always)]
    pub(super) fn new(Fq2 { c0, c1 }: &Fq2) -> Factor {
        Factor {
            real: c0.0.0,
            imaginary: c1.0.0,
            opposite: (-*c1).0.0,
        }
    }
}

/// a·b.
#[inline(never)]
pub(super) fn times(a: &Fq2, b: &Fq2) -> Fq2 {
    let (a, b) = (parts(a), Factor::new(b));
    Fq2::new(
        element(sum(a, [&b.real, &b.opposite])),
        element(sum(a, [&b.imaginary, &b.real])),
    )
}

/// a·b + c·d.
#[inline(never)]
pub(super) fn of_two([(a, b), (c, d)]: [(&Fq2, &Factor); 2]) -> Fq2 {
    let ([a0, a1], [c0, c1]) = (parts(a), parts(c));
    let left = [a0, a1, c0, c1];
    Fq2::new(
        element(sum(left, [&b.real, &b.opposite, &d.real, &d.opposite])),
        element(sum(left, [&b.imaginary, &b.real, &d.imaginary, &d.real])),
    )
}

/// a·b + c·d + e·f.
#[inline(never)]
pub(super) fn of_three([(a, b), (c, d), (e, f)]: [(&Fq2, &Factor); 3]) -> Fq2 {
    let ([a0, a1], [c0, c1], [e0, e1]) = (parts(a), parts(c), parts(e));
    let left = [a0, a1, c0, c1, e0, e1];
    let real = [&b.real, &b.opposite, &d.real, &d.opposite, &f.real, &f.opposite];
    let imaginary = [&b.imaginary, &b.real, &d.imaginary, &d.real, &f.imaginary, &f.real];
    Fq2::new(element(sum(left, real)), element(sum(left, imaginary)))
}

/// a².
#[inline(never)]
pub(super) fn square(a: &Fq2) -> Fq2 {
    let [real, imaginary] = parts(a);
    // (r + i)(r - i + p), and 2ri.
    let (difference, _) = less(&plus(real, &P), imaginary);
    Fq2::new(
        element(sum([&plus(real, imaginary)], [&difference])),
        element(sum([&plus(real, real)], [imaginary])),
    )
}

#[inline(always)]
fn parts(a: &Fq2) -> [&Number; 2] {
    [&a.c0.0.0, &a.c1.0.0]
}

#[inline(always)]
fn element(number: Number) -> Fq {
    Fq::new_unchecked(BigInt::new(number))
}

// (Σ aᵢ·bᵢ)/2²⁵⁶ modulo p, of at most six numbers below p, or of two below 2p.
//
// What is summed stays below 2²⁵⁶ for up to four, as each step leaves less than 5p; for six it has one bit more on the way. In the
// end it is less than p + Σ aᵢ·bᵢ/2²⁵⁶: 2p for up to four or those two, 3p for six.
//
// WebAssembly has no product of 64 by 64 bits: what is one instruction elsewhere is many there.
#[cfg_attr(target_family = "wasm", inline(never))]
#[cfg_attr(not(target_family = "wasm"), inline(always))]
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

// a + b, which has no more limbs.
#[inline(always)]
fn plus(a: &Number, b: &Number) -> Number {
    let (mut sum, mut carry) = ([0; 4], 0);
    for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
        let wide = u128::from(*a) + u128::from(*b) + carry;
        *sum = wide as u64;
        carry = wide >> 64;
    }
    sum
}

// a - b, and whether that is below 0.
#[inline(always)]
fn less(a: &Number, b: &Number) -> (Number, bool) {
    let (mut difference, mut borrow) = ([0; 4], false);
    for ((difference, a), b) in difference.iter_mut().zip(a).zip(b) {
        let (less, first) = a.overflowing_sub(*b);
        let (less, second) = less.overflowing_sub(u64::from(borrow));
        (*difference, borrow) = (less, first | second);
    }
    (difference, borrow)
}

// Less p, where that is not below 0.
#[inline(always)]
fn below_p(number: Number) -> Number {
    let (less, below) = less(&number, &P);
    if below { number } else { less }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::Field;

    // The greatest and the least limbs there are, and some between.
    fn elements() -> impl Iterator<Item = Fq2> + Clone {
        let greatest = -Fq::from(1u64);
        let some = Fq::from(0x0123_4567_89ab_cdef_u64);
        let parts = [
            greatest,
            element([0; 4]),
            element([1, 0, 0, 0]),
            element([0, 0, 0, P[3]]),
            element([u64::MAX, u64::MAX, u64::MAX, P[3] - 1]),
            some.pow([7]),
            -some.pow([9]),
        ];
        parts
            .into_iter()
            .flat_map(move |real| parts.map(|imaginary| Fq2::new(real, imaginary)))
    }

    #[test]
    fn products_and_squares_are_those_of_the_field() {
        for a in elements() {
            assert_eq!(square(&a), a.square(), "{a:?}");
            for b in elements() {
                assert_eq!(times(&a, &b), a * b, "{a:?}, {b:?}");
            }
        }
    }

    #[test]
    fn sums_are_those_of_the_products() {
        for (a, b) in elements().zip(elements().skip(1)).chain(elements().zip(elements())) {
            let [f, g] = [a, b].map(|element| Factor::new(&element));
            assert_eq!(of_two([(&a, &f), (&b, &g)]), a * a + b * b);
            assert_eq!(of_three([(&a, &f), (&a, &g), (&a, &f)]), a * a + a * b + a * a);
            assert_eq!(of_three([(&b, &g), (&a, &g), (&b, &f)]), b * b + a * b + b * a);
        }
    }
}
