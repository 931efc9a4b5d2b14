//! Sums of products in BN254's quadratic extension, with one reduction for each part (Longa, *Efficient algorithms for large
//! prime characteristic fields and their application to bilinear pairings*, 2022/367, §3) and three multiplications a product
//! (Karatsuba, Ofman 1962).
//!
//! Limbs are 64 bits, the lowest first; p is BN254's base field's modulus, and 2²⁵⁶ is more than 5.28p. Products are of up to 512 bits,
//! and reduced by Montgomery's method: what is less than k·2²⁵⁶·p becomes less than (k + 1)p.

use ark_bn254::{Fq, Fq2, FqConfig};
use ark_ff::{BigInt, MontConfig, PrimeField};

type Number = [u64; 4];
type Wide = [u64; 8];

const P: Number = Fq::MODULUS.0;

/// An element by which others are multiplied.
#[derive(Clone, Copy)]
pub(super) struct Factor {
    real: Number,
    imaginary: Number,
    // Less than 2p.
    sum: Number,
}

impl Factor {
    #[inline(always)]
    pub(super) fn new(Fq2 { c0, c1 }: &Fq2) -> Factor {
        Factor {
            real: c0.0.0,
            imaginary: c1.0.0,
            sum: plus(&c0.0.0, &c1.0.0),
        }
    }
}

/// Σ aᵢ·bᵢ, of at most three.
#[inline(always)]
pub(super) fn of<const N: usize>(products: [(&Fq2, &Factor); N]) -> Fq2 {
    const { assert!(N <= 3) };
    let (mut reals, mut imaginaries, mut sums) = ([0; 8], [0; 8], [0; 8]);
    for (a, b) in products {
        let (real, imaginary) = (&a.c0.0.0, &a.c1.0.0);
        reals = sum(reals, product(real, &b.real));
        imaginaries = sum(imaginaries, product(imaginary, &b.imaginary));
        // In all at most 12p², less than 2.28·2²⁵⁶·p.
        sums = sum(sums, product(&plus(real, imaginary), &b.sum));
    }
    // At most 6p² each, less than 1.14·2²⁵⁶·p: reduced, less than 3p; of two, at most 4p², less than 2p.
    let crossed = difference(difference(sums, reals).0, imaginaries).0;
    let crossed = if N > 2 {
        below_p(below_p(reduced(crossed)))
    } else {
        below_p(reduced(crossed))
    };
    // Less than 2²⁵⁶·p, by which a number below 0 is made one above.
    let (real, negative) = difference(reals, imaginaries);
    let real = if negative { plus_p(real) } else { real };
    Fq2::new(element(below_p(reduced(real))), element(crossed))
}

/// a·b.
#[inline(always)]
pub(super) fn times(a: &Fq2, b: &Fq2) -> Fq2 {
    of([(a, &Factor::new(b))])
}

/// a².
#[inline(always)]
pub(super) fn square(a: &Fq2) -> Fq2 {
    let (real, imaginary) = (&a.c0.0.0, &a.c1.0.0);
    // (r + i)(r - i + p), less than 4p², and 2ri.
    let difference = less(&plus(real, &P), imaginary);
    let square = reduced(product(&plus(real, imaginary), &difference));
    let twice = reduced(product(&plus(real, real), imaginary));
    Fq2::new(element(below_p(square)), element(below_p(twice)))
}

// Of less than p.
#[inline(always)]
fn element(number: Number) -> Fq {
    Fq::new_unchecked(BigInt::new(number))
}

// a + b, which has no more limbs.
#[inline(always)]
fn plus(a: &Number, b: &Number) -> Number {
    let (mut sum, mut carry) = ([0; 4], false);
    for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
        (*sum, carry) = a.carrying_add(*b, carry);
    }
    sum
}

// a - b, which is not below 0.
#[inline(always)]
fn less(a: &Number, b: &Number) -> Number {
    let (mut difference, mut borrow) = ([0; 4], false);
    for ((difference, a), b) in difference.iter_mut().zip(a).zip(b) {
        (*difference, borrow) = a.borrowing_sub(*b, borrow);
    }
    difference
}

// Less p, where that is not below 0.
#[inline(always)]
fn below_p(number: Number) -> Number {
    let (mut less, mut borrow) = ([0; 4], false);
    for ((less, a), b) in less.iter_mut().zip(number).zip(P) {
        (*less, borrow) = a.borrowing_sub(b, borrow);
    }
    if borrow { number } else { less }
}

#[inline(always)]
fn product([a0, a1, a2, a3]: &Number, b: &Number) -> Wide {
    let (w0, rest) = row([0; 4], *a0, b);
    let (w1, rest) = row(rest, *a1, b);
    let (w2, rest) = row(rest, *a2, b);
    let (w3, [w4, w5, w6, w7]) = row(rest, *a3, b);
    [w0, w1, w2, w3, w4, w5, w6, w7]
}

// sum + a·b: the lowest limb, and the others.
#[inline(always)]
fn row([s0, s1, s2, s3]: Number, a: u64, [b0, b1, b2, b3]: &Number) -> (u64, Number) {
    let (r0, carry) = a.carrying_mul(*b0, s0);
    let (r1, carry) = a.carrying_mul_add(*b1, s1, carry);
    let (r2, carry) = a.carrying_mul_add(*b2, s2, carry);
    let (r3, carry) = a.carrying_mul_add(*b3, s3, carry);
    (r0, [r1, r2, r3, carry])
}

// a + b, which has no more limbs.
#[inline(always)]
fn sum(a: Wide, b: Wide) -> Wide {
    let (mut sum, mut carry) = ([0; 8], false);
    for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
        (*sum, carry) = a.carrying_add(b, carry);
    }
    sum
}

// a - b, and whether that is below 0: then with 2⁵¹² more.
#[inline(always)]
fn difference(a: Wide, b: Wide) -> (Wide, bool) {
    let (mut difference, mut borrow) = ([0; 8], false);
    for ((difference, a), b) in difference.iter_mut().zip(a).zip(b) {
        (*difference, borrow) = a.borrowing_sub(b, borrow);
    }
    (difference, borrow)
}

// With 2²⁵⁶·p more, modulo 2⁵¹².
#[inline(always)]
fn plus_p([w0, w1, w2, w3, w4, w5, w6, w7]: Wide) -> Wide {
    let [w4, w5, w6, w7] = plus(&[w4, w5, w6, w7], &P);
    [w0, w1, w2, w3, w4, w5, w6, w7]
}

// Divided by 2²⁵⁶, modulo p: less than p more than that, and of no more limbs.
#[inline(always)]
fn reduced([w0, w1, w2, w3, w4, w5, w6, w7]: Wide) -> Number {
    let [r1, r2, r3, high] = cleared([w0, w1, w2, w3]);
    let (r4, carry) = w4.carrying_add(high, false);
    let [r2, r3, r4, high] = cleared([r1, r2, r3, r4]);
    let (r5, carry) = w5.carrying_add(high, carry);
    let [r3, r4, r5, high] = cleared([r2, r3, r4, r5]);
    let (r6, carry) = w6.carrying_add(high, carry);
    let [r4, r5, r6, high] = cleared([r3, r4, r5, r6]);
    let (r7, _) = w7.carrying_add(high, carry);
    [r4, r5, r6, r7]
}

// With as many p more as make the lowest limb 0: the others.
#[inline(always)]
fn cleared(number: Number) -> Number {
    let [lowest, ..] = number;
    row(number, lowest.wrapping_mul(FqConfig::INV), &P).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::Field;

    // The greatest and the least limbs there are, and some between.
    fn elements() -> impl Iterator<Item = Fq2> + Clone {
        let greatest = element(less(&P, &[1, 0, 0, 0]));
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
            assert_eq!(of([(&a, &f), (&b, &g)]), a * a + b * b);
            assert_eq!(of([(&a, &f), (&a, &g), (&a, &f)]), a * a + a * b + a * a);
            assert_eq!(of([(&b, &g), (&a, &g), (&b, &f)]), b * b + a * b + b * a);
        }
    }
}
