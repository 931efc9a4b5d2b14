//! Points in memory, and eight of them in registers.

use crate::Path;
use crate::modulus::{Base, from_limbs, from_wide, into_wide, limbs};
use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, BigInteger, Field, PrimeField};
use bytemuck::{Pod, Zeroable};
use medproof_statement::inverse::inverse;
use zeroize::Zeroize;

/// An affine point, packed: x and y, each of `D` components of four words, below 2p. A point of G1
/// fills a line of the cache, one of G2 two. Montgomery form is the path's: with R = 2^260 where
/// eight are worked on at a time, as arkworks has it elsewhere.
///
/// The point at infinity is all zeros: neither curve has a point there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Zeroize)]
#[repr(C, align(64))]
pub struct Packed<const D: usize> {
    pub(crate) x: [[u64; 4]; D],
    pub(crate) y: [[u64; 4]; D],
}

// SAFETY: any words are a packed point, if not one of the curve.
unsafe impl<const D: usize> Zeroable for Packed<D> {}

// SAFETY: as above; and its words, whose size is a multiple of its alignment, fill it.
unsafe impl<const D: usize> Pod for Packed<D> {}

impl<const D: usize> Default for Packed<D> {
    fn default() -> Self {
        Self::INFINITY
    }
}

impl<const D: usize> Packed<D> {
    /// The neutral element.
    pub const INFINITY: Packed<D> = Packed {
        x: [[0; 4]; D],
        y: [[0; 4]; D],
    };

    /// Whether this is the neutral element.
    pub fn is_infinity(&self) -> bool {
        *self == Self::INFINITY
    }

    /// The negative.
    #[must_use]
    pub fn negated(&self) -> Packed<D> {
        // Whatever R is: −y is p − y.
        let y = self.y.map(|y| limbs::<Base>(&-below_p(y)));
        Packed { x: self.x, y }
    }

    /// Whether it is the same point.
    pub fn is_same(&self, other: &Packed<D>) -> bool {
        self.meets(other) && self.y.map(below_p) == other.y.map(below_p)
    }

    /// Whether x is the same.
    pub fn meets(&self, other: &Packed<D>) -> bool {
        self.x.map(below_p) == other.x.map(below_p)
    }
}

// The same modulo p, below it, of a number below 2p.
fn below_p(words: [u64; 4]) -> Fq {
    let p = Fq::MODULUS;
    let mut number = BigInt(words);
    if number >= p {
        number.sub_with_borrow(&p);
    }
    from_limbs::<Base>(number.0)
}

/// A place in a table of points, and a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Zeroize)]
pub struct Entry(u32);

impl Entry {
    /// The point there, or its negative. Tables have at most 2^31 points.
    #[inline]
    pub const fn new(index: u32, negated: bool) -> Entry {
        Entry(index << 1 | negated as u32)
    }

    /// The place.
    #[inline]
    pub const fn index(self) -> usize {
        (self.0 >> 1) as usize
    }

    /// Whether the negative is meant.
    #[inline]
    pub const fn is_negated(self) -> bool {
        self.0 & 1 == 1
    }
}

/// A curve whose points can be packed: G1 with `D` = 1, G2 with `D` = 2.
pub trait Curve<const D: usize>: AffineRepr {
    /// A coordinate's words in arkworks' form.
    fn words(x: &Self::BaseField) -> [[u64; 4]; D];
    /// The coordinate whose words, in arkworks' form, are these. They must be below p.
    fn from_words(words: [[u64; 4]; D]) -> Self::BaseField;

    /// 1/x; `None` for 0.
    fn inverse(x: &Self::BaseField) -> Option<Self::BaseField>;

    /// As arkworks has it, packed for this path.
    fn pack(&self, path: Path) -> Packed<D> {
        let wide = |x: Self::BaseField| match path {
            Path::Portable => Self::words(&x),
            Path::Lanes(_) => Self::words(&x).map(|w| into_wide::<Base>(&from_limbs::<Base>(w))),
        };
        self.xy()
            .map_or(Packed::INFINITY, |(x, y)| Packed { x: wide(x), y: wide(y) })
    }

    /// A point packed for this path, or a sum of such, as arkworks has it.
    fn unpack(path: Path, packed: &Packed<D>) -> Self {
        if packed.is_infinity() {
            return Self::zero();
        }
        let narrow = |words: [[u64; 4]; D]| match path {
            Path::Portable => Self::from_words(words),
            Path::Lanes(_) => Self::from_words(words.map(|w| limbs::<Base>(&from_wide::<Base>(below_p(w))))),
        };
        Self::affine(narrow(packed.x), narrow(packed.y))
    }

    /// The point with these coordinates, which must be on the curve and in the group.
    fn affine(x: Self::BaseField, y: Self::BaseField) -> Self;
}

impl Curve<1> for G1Affine {
    fn words(x: &Fq) -> [[u64; 4]; 1] {
        [limbs::<Base>(x)]
    }

    fn from_words([x]: [[u64; 4]; 1]) -> Fq {
        from_limbs::<Base>(x)
    }

    fn inverse(x: &Fq) -> Option<Fq> {
        inverse(x)
    }

    fn affine(x: Fq, y: Fq) -> Self {
        Self::new_unchecked(x, y)
    }
}

impl Curve<2> for G2Affine {
    fn words(x: &Fq2) -> [[u64; 4]; 2] {
        [limbs::<Base>(&x.c0), limbs::<Base>(&x.c1)]
    }

    fn from_words([a, b]: [[u64; 4]; 2]) -> Fq2 {
        Fq2::new(from_limbs::<Base>(a), from_limbs::<Base>(b))
    }

    // By the norm: (a + b·u)(a − b·u) = a² + b².
    fn inverse(x: &Fq2) -> Option<Fq2> {
        let norm = inverse(&(x.c0.square() + x.c1.square()))?;
        Some(Fq2::new(x.c0 * norm, -x.c1 * norm))
    }

    fn affine(x: Fq2, y: Fq2) -> Self {
        Self::new_unchecked(x, y)
    }
}

/// Asks for a point's lines before they are needed, where there is a way to.
#[inline(always)]
pub(crate) fn prefetch<const D: usize>(point: &Packed<D>) {
    for line in [&raw const point.x, &raw const point.y].into_iter().take(D) {
        #[cfg(lanes)]
        // SAFETY: a hint, of a place that may be read.
        unsafe {
            core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T1 }>(line.cast());
        }
        #[cfg(not(lanes))]
        let _ = line;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::UniformRand;

    #[test]
    fn inverses_are_those_of_arkworks() {
        let mut rng = ark_std::test_rng();
        for _ in 0..1000 {
            let (x, y) = (Fq::rand(&mut rng), Fq2::rand(&mut rng));
            assert_eq!(<G1Affine as Curve<1>>::inverse(&x), x.inverse());
            assert_eq!(<G2Affine as Curve<2>>::inverse(&y), y.inverse());
        }
    }
}
