//! Square roots in BN254's base field and in its quadratic extension.
//!
//! The modulus p is 3 mod 4. So s = x^((p-3)/4) tells all: where x is a square, s·x is a root of it and s the root's inverse;
//! where it is none, s·x is a root of -x and -s its inverse. A root in the extension takes two such powers; arkworks takes
//! three, an inversion, and no windows.

use ark_bn254::{Fq, Fq2};
use ark_ff::{AdditiveGroup, Field, PrimeField, Zero};

// Bits of the exponent that are taken together.
const WINDOW: usize = 4;

const EXPONENT: [u64; 4] = {
    let [a, b, c, d] = Fq::MODULUS.0;
    [a >> 2 | b << 62, b >> 2 | c << 62, c >> 2 | d << 62, d >> 2]
};

/// A root of `x`; none where it is no square.
pub fn of(x: &Fq) -> Option<Fq> {
    let root = power(x) * x;
    (root.square() == *x).then_some(root)
}

/// A root of an element of the extension Fq\[u\]/(u² + 1); none where it is no square. After the "complex method": Scott,
/// *Implementing cryptographic pairings*, 2007, §6.
pub fn of_extension(x: &Fq2) -> Option<Fq2> {
    let (real, imaginary) = (&x.c0, &x.c1);
    if imaginary.is_zero() {
        let root = of(real).map(|root| Fq2::new(root, Fq::ZERO));
        return root.or_else(|| of(&-*real).map(|root| Fq2::new(Fq::ZERO, root)));
    }
    let norm = of(&(real.square() + imaginary.square()))?;
    // One of the two roots' parts squared, or that of the other root with its sign changed: never 0 here.
    let mut squared = *real + norm;
    squared *= HALF;
    let inverse = power(&squared);
    let part = inverse * squared;
    let other = *imaginary * inverse * HALF;
    let root = if part.square() == squared {
        Fq2::new(part, other)
    } else {
        Fq2::new(-other, part)
    };
    (root.square() == *x).then_some(root)
}

const HALF: Fq = ark_ff::MontFp!("10944121435919637611123202872628637544348155578648911831344518947322613104292");

// x^((p-3)/4).
fn power(x: &Fq) -> Fq {
    let mut powers = [Fq::ONE; 1 << WINDOW];
    let mut last = Fq::ONE;
    for power in powers.iter_mut().skip(1) {
        last *= x;
        *power = last;
    }
    let mut result = Fq::ONE;
    for limb in EXPONENT.iter().rev() {
        for shift in (0..u64::BITS).step_by(WINDOW).rev() {
            for _ in 0..WINDOW {
                result.square_in_place();
            }
            let digit = (limb >> shift) as usize % powers.len();
            if let Some(power) = powers.get(digit).filter(|_| digit > 0) {
                result *= power;
            }
        }
    }
    result
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    // Enough that each branch is taken many times.
    fn elements() -> impl Iterator<Item = Fq> {
        let some = Fq::from(0x0123_4567_89ab_cdef_u64);
        (0..100u64).map(move |i| some.pow([i + 3]))
    }

    #[test]
    fn half_is_half() {
        assert_eq!(HALF.double(), Fq::ONE);
    }

    #[test]
    fn squares_have_roots_and_others_have_none() {
        for x in [Fq::ZERO, Fq::ONE].into_iter().chain(elements()) {
            assert_eq!(of(&x.square()).unwrap().square(), x.square());
            assert_eq!(of(&x).is_some(), x.sqrt().is_some());
        }
    }

    #[test]
    fn so_it_is_in_the_extension() {
        let pairs = elements().zip(elements().skip(7)).map(|(a, b)| Fq2::new(a, b));
        let edges = elements().flat_map(|a| [Fq2::new(a, Fq::ZERO), Fq2::new(Fq::ZERO, a)]);
        for x in pairs.chain(edges).chain([Fq2::ZERO, Fq2::ONE]) {
            assert_eq!(of_extension(&x.square()).unwrap().square(), x.square(), "{x}");
            assert_eq!(of_extension(&x).is_some(), x.sqrt().is_some(), "{x}");
        }
    }
}
