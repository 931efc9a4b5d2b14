//! Sums of products in BN254's quadratic extension, with one reduction for each part (Longa, *Efficient algorithms for large
//! prime characteristic fields and their application to bilinear pairings*, 2022/367, §3).
//!
//! A number is four limbs of 64 bits, the lowest first; p is the base field's modulus, and 2²⁵⁶ is more than 5.28p. Elements stand as
//! 2²⁵⁶ times what they are (Montgomery 1985).
//!
//! Each sum stands once in a program: a copy wherever one is needed would be little faster, and much more code.

#[cfg(any(test, target_family = "wasm"))]
mod narrow;
#[cfg(any(test, not(target_family = "wasm")))]
mod wide;

#[cfg(target_family = "wasm")]
use narrow as products;
#[cfg(not(target_family = "wasm"))]
use wide as products;

use ark_bn254::{Fq, Fq2};
use ark_ff::{BigInt, PrimeField};
use products::Right;

type Number = [u64; 4];

const P: Number = Fq::MODULUS.0;

/// An element by which others are multiplied.
#[derive(Clone, Copy)]
pub(super) struct Factor {
    real: Right,
    imaginary: Right,
    opposite: Right,
}

impl Factor {
    #[inline(always)]
    pub(super) fn new(Fq2 { c0, c1 }: &Fq2) -> Factor {
        Factor {
            real: products::right(&c0.0.0),
            imaginary: products::right(&c1.0.0),
            opposite: products::right(&(-*c1).0.0),
        }
    }
}

/// a·b.
#[inline(never)]
pub(super) fn times(a: &Fq2, b: &Fq2) -> Fq2 {
    let b = Factor::new(b);
    pair(products::both(
        parts(a),
        [[&b.real, &b.opposite], [&b.imaginary, &b.real]],
    ))
}

/// a·b + c·d.
#[inline(never)]
pub(super) fn of_two([(a, b), (c, d)]: [(&Fq2, &Factor); 2]) -> Fq2 {
    let ([a0, a1], [c0, c1]) = (parts(a), parts(c));
    let real = [&b.real, &b.opposite, &d.real, &d.opposite];
    let imaginary = [&b.imaginary, &b.real, &d.imaginary, &d.real];
    pair(products::both([a0, a1, c0, c1], [real, imaginary]))
}

/// a·b + c·d + e·f.
#[inline(never)]
pub(super) fn of_three([(a, b), (c, d), (e, f)]: [(&Fq2, &Factor); 3]) -> Fq2 {
    let ([a0, a1], [c0, c1], [e0, e1]) = (parts(a), parts(c), parts(e));
    let real = [&b.real, &b.opposite, &d.real, &d.opposite, &f.real, &f.opposite];
    let imaginary = [&b.imaginary, &b.real, &d.imaginary, &d.real, &f.imaginary, &f.real];
    pair(products::both([a0, a1, c0, c1, e0, e1], [real, imaginary]))
}

/// a².
#[inline(never)]
pub(super) fn square(a: &Fq2) -> Fq2 {
    let [real, imaginary] = parts(a);
    // (r + i)(r - i + p), and 2ri.
    let (difference, _) = less(&plus(real, &P), imaginary);
    pair([
        products::product(&plus(real, imaginary), &difference),
        products::product(&plus(real, real), imaginary),
    ])
}

#[inline(always)]
fn parts(a: &Fq2) -> [&Number; 2] {
    [&a.c0.0.0, &a.c1.0.0]
}

#[inline(always)]
fn pair([real, imaginary]: [Number; 2]) -> Fq2 {
    Fq2::new(element(real), element(imaginary))
}

#[inline(always)]
fn element(number: Number) -> Fq {
    Fq::new_unchecked(BigInt::new(number))
}

// a + b, which has no more limbs.
#[inline(always)]
fn plus([a0, a1, a2, a3]: &Number, [b0, b1, b2, b3]: &Number) -> Number {
    let (s0, carry) = a0.overflowing_add(*b0);
    let (s1, carry) = added(*a1, *b1, carry);
    let (s2, carry) = added(*a2, *b2, carry);
    let (s3, _) = added(*a3, *b3, carry);
    [s0, s1, s2, s3]
}

#[inline(always)]
fn added(a: u64, b: u64, carry: bool) -> (u64, bool) {
    let (sum, first) = a.overflowing_add(b);
    let (sum, second) = sum.overflowing_add(u64::from(carry));
    (sum, first | second)
}

// a - b, and whether that is below 0.
#[inline(always)]
fn less([a0, a1, a2, a3]: &Number, [b0, b1, b2, b3]: &Number) -> (Number, bool) {
    let (d0, borrow) = a0.overflowing_sub(*b0);
    let (d1, borrow) = lessened(*a1, *b1, borrow);
    let (d2, borrow) = lessened(*a2, *b2, borrow);
    let (d3, borrow) = lessened(*a3, *b3, borrow);
    ([d0, d1, d2, d3], borrow)
}

#[inline(always)]
fn lessened(a: u64, b: u64, borrow: bool) -> (u64, bool) {
    let (difference, first) = a.overflowing_sub(b);
    let (difference, second) = difference.overflowing_sub(u64::from(borrow));
    (difference, first | second)
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

    // Each machine has one of the two.
    #[test]
    fn narrow_limbs_are_as_wide_ones() {
        for (a, b) in elements().flat_map(|a| elements().map(move |b| (a, b))) {
            let ([a, b], [c, d]) = (parts(&a), parts(&b));
            assert_eq!(narrow::product(a, c), wide::product(a, c));
            let left = [a, b, c, d, d, a];
            let (n, w) = (left.map(narrow::right), left.map(wide::right));
            assert_eq!(
                narrow::both(left, [n.each_ref(), [&n[3]; 6]]),
                wide::both(left, [w.each_ref(), [&w[3]; 6]])
            );
            // As squares take them: below 2p.
            let (twice, sum) = (plus(a, a), plus(a, c));
            assert_eq!(narrow::product(&twice, &sum), wide::product(&twice, &sum));
        }
    }
}
