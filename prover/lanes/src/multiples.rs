//! Many points, each times a factor of its own.
//!
//! A factor is two halves of 128 bits, one for the point and one for its image under the curve's
//! endomorphism (x, y) ↦ (βx, y), which is a multiplication by λ (R. Gallant, R. Lambert, S. Vanstone,
//! "Faster point multiplication on elliptic curves with efficient endomorphisms", CRYPTO 2001): half as
//! many doublings. Each half is a sum of few odd multiples (its non-adjacent form of width 5). All
//! points go from the highest place down together, so that every sum of a place is one of a batch.
//!
//! Neither time nor what is fetched is independent of the factors: where one is secret, no stranger may
//! share the machine.

use crate::Path;
use crate::adder::Adder;
use crate::points::{Curve, Entry, Packed};
use ark_bn254::Fr;
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ec::short_weierstrass::Affine;
use ark_ff::{BigInteger, PrimeField};
use rayon::prelude::*;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Points that share their inversions, and whose multiples stay in the second-level cache.
const TOGETHER: usize = 1024;
/// Odd multiples of a point: 1, 3, …, 15.
const MULTIPLES: usize = 8;
const WIDTH: usize = 4;

/// A curve whose endomorphism splits factors.
pub trait Endomorphic<const D: usize>: Curve<D> {
    /// λ times the point.
    #[must_use]
    fn endomorphism(&self) -> Self;
    /// Signs and numbers a and b, of 128 bits, for which a + b·λ is the factor.
    fn halves(factor: &Fr) -> [(bool, Fr); 2];
}

impl<const D: usize, P> Endomorphic<D> for Affine<P>
where
    P: GLVConfig<ScalarField = Fr>,
    Affine<P>: Curve<D>,
{
    fn endomorphism(&self) -> Self {
        P::endomorphism_affine(self)
    }

    fn halves(factor: &Fr) -> [(bool, Fr); 2] {
        P::scalar_decomposition(*factor).into()
    }
}

// An odd multiple of the point, or of its image, to be added at a place.
#[derive(Clone, Copy, Zeroize)]
struct Digit {
    place: u8,
    multiple: u8,
    image: bool,
    negated: bool,
}

/// A factor, taken apart. Wiped when dropped.
#[derive(ZeroizeOnDrop)]
pub struct Factor {
    // The highest place first.
    digits: Vec<Digit>,
    one: bool,
}

impl Factor {
    /// For points of this curve.
    pub fn new<C: Endomorphic<D>, const D: usize>(factor: &Fr) -> Factor {
        let mut digits = Vec::new();
        for (image, (positive, half)) in [false, true].into_iter().zip(C::halves(factor)) {
            let form = half.into_bigint().find_wnaf(WIDTH).unwrap_or_default();
            for (place, digit) in form.into_iter().enumerate().filter(|(_, digit)| *digit != 0) {
                digits.push(Digit {
                    place: place as u8,
                    multiple: (digit.unsigned_abs() / 2) as u8,
                    image,
                    negated: positive == (digit < 0),
                });
            }
        }
        digits.sort_by_key(|digit| core::cmp::Reverse(digit.place));
        let one = *factor == Fr::from(1u64);
        Factor { digits, one }
    }
}

/// Multiplies each point by its factor: the point at `i` by `factor(i)`.
pub fn scale<'a, C: Endomorphic<D>, const D: usize>(
    points: &mut [Packed<D>],
    factor: impl Fn(usize) -> &'a Factor + Sync,
    path: Path,
) {
    points.par_chunks_mut(TOGETHER).enumerate().for_each(|(chunk, points)| {
        let (mut finite, mut factors) = (Vec::new(), Vec::new());
        for (i, point) in points.iter().enumerate() {
            let factor = factor(chunk * TOGETHER + i);
            if !point.is_infinity() && !factor.one {
                finite.push(i);
                factors.push(factor);
            }
        }
        let some: Vec<Packed<D>> = finite.iter().map(|i| points[*i]).collect();
        let scaled = Multiples::<C, D>::of(&some, path).times(&factors);
        finite.iter().zip(scaled).for_each(|(i, point)| points[*i] = point);
    });
}

/// Doubles each point.
pub fn double<C: Endomorphic<D>, const D: usize>(points: &mut [Packed<D>], path: Path) {
    points.par_chunks_mut(TOGETHER).for_each(|points| {
        let finite: Vec<u32> = (0..points.len() as u32)
            .filter(|i| !points[*i as usize].is_infinity())
            .collect();
        let pairs: Vec<[Entry; 2]> = finite.iter().map(|i| [Entry::new(*i, false); 2]).collect();
        let mut out = vec![Packed::INFINITY; pairs.len()];
        Adder::<C, D>::new(path, pairs.len()).double(points, &pairs, &mut out);
        finite
            .iter()
            .zip(out)
            .for_each(|(i, twice)| points[*i as usize] = twice);
    });
}

// Results so far of n finite points, then n times each odd multiple, then of their images.
struct Multiples<C: Curve<D>, const D: usize> {
    n: usize,
    work: Vec<Packed<D>>,
    adder: Adder<C, D>,
    pairs: Vec<[Entry; 2]>,
    places: Vec<usize>,
    out: Vec<Packed<D>>,
}

impl<C: Endomorphic<D>, const D: usize> Multiples<C, D> {
    fn of(points: &[Packed<D>], path: Path) -> Self {
        let n = points.len();
        let mut multiples = Multiples {
            n,
            work: vec![Packed::INFINITY; n * (1 + 2 * MULTIPLES)],
            adder: Adder::new(path, n),
            pairs: Vec::with_capacity(n),
            places: Vec::with_capacity(n),
            out: vec![Packed::INFINITY; n],
        };
        multiples.work[n..2 * n].copy_from_slice(points);
        multiples.odd();
        let image = |p: &Packed<D>| C::unpack(path, p).endomorphism().pack(path);
        let (direct, images) = multiples.work[n..].split_at_mut(n * MULTIPLES);
        images.iter_mut().zip(direct).for_each(|(to, from)| *to = image(from));
        multiples
    }

    const fn at(&self, row: usize, i: usize) -> Entry {
        Entry::new((self.n * row + i) as u32, false)
    }

    // Twice each point, in place of its result, and by it the odd multiples.
    fn odd(&mut self) {
        let n = self.n;
        for row in 0..MULTIPLES {
            let summands = if row == 0 { [1, 1] } else { [row, 0] };
            self.pairs.clear();
            for i in 0..n {
                self.pairs.push(summands.map(|row| self.at(row, i)));
            }
            let into = if row == 0 { 0 } else { n * (row + 1) };
            if row == 0 {
                self.adder.double(&self.work, &self.pairs, &mut self.out);
            } else {
                self.adder.add(&self.work, &self.pairs, &mut self.out);
            }
            self.work[into..into + n].copy_from_slice(&self.out);
        }
        self.work[..n].fill(Packed::INFINITY);
    }

    fn times(mut self, factors: &[&Factor]) -> Vec<Packed<D>> {
        let mut next = vec![0; self.n];
        let highest = factors.iter().filter_map(|factor| factor.digits.first());
        let places = highest.map(|digit| usize::from(digit.place) + 1).max().unwrap_or(0);
        for place in (0..places).rev() {
            self.double();
            // Digits of one point at one place, its own and its image's, are added one after the other.
            for image in [false, true] {
                self.add(factors, &mut next, place, image);
            }
        }
        self.work.truncate(self.n);
        self.work
    }

    fn double(&mut self) {
        self.pairs.clear();
        self.places.clear();
        for i in 0..self.n {
            if !self.work[i].is_infinity() {
                self.places.push(i);
                self.pairs.push([self.at(0, i); 2]);
            }
        }
        let out = &mut self.out[..self.pairs.len()];
        self.adder.double(&self.work, &self.pairs, out);
        self.places
            .iter()
            .zip(out)
            .for_each(|(i, point)| self.work[*i] = *point);
    }

    fn add(&mut self, factors: &[&Factor], next: &mut [usize], place: usize, image: bool) {
        self.pairs.clear();
        self.places.clear();
        for (i, (factor, next)) in factors.iter().zip(next).enumerate() {
            let Some(digit) = factor.digits.get(*next) else {
                continue;
            };
            if usize::from(digit.place) != place || digit.image != image {
                continue;
            }
            *next += 1;
            let row = 1 + usize::from(digit.image) * MULTIPLES + usize::from(digit.multiple);
            let multiple = Entry::new((self.n * row + i) as u32, digit.negated);
            if self.work[i].is_infinity() {
                self.work[i] = self.adder.signed(&self.work, multiple);
            } else {
                self.places.push(i);
                self.pairs.push([self.at(0, i), multiple]);
            }
        }
        let out = &mut self.out[..self.pairs.len()];
        self.adder.add(&self.work, &self.pairs, out);
        self.places
            .iter()
            .zip(out)
            .for_each(|(i, point)| self.work[*i] = *point);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
    use ark_ec::{AffineRepr, CurveGroup};
    use ark_ff::{AdditiveGroup, Field};
    use ark_std::UniformRand;

    fn scales<C: Endomorphic<D> + AffineRepr<ScalarField = Fr>, const D: usize>() {
        let mut rng = ark_std::test_rng();
        let small = [0, 1, 2, 3, 15, 16, 17, 31, 32].map(Fr::from);
        let mut factors: Vec<Fr> = small.iter().flat_map(|x| [*x, -*x]).collect();
        // Where the halves are at their ends: λ, and its neighbours.
        let lambda = ark_bn254::g1::Config::LAMBDA;
        factors.extend([lambda, -lambda, lambda + Fr::ONE, lambda.double(), lambda.square()]);
        factors.extend((0..TOGETHER + 30).map(|_| Fr::rand(&mut rng)));
        let mut points: Vec<C> = factors.iter().map(|_| C::Group::rand(&mut rng).into_affine()).collect();
        points[40] = C::zero();
        let expected: Vec<C> = points
            .iter()
            .zip(&factors)
            .map(|(p, x)| (*p * x).into_affine())
            .collect();
        let taken: Vec<Factor> = factors.iter().map(Factor::new::<C, D>).collect();
        for path in [Path::best(), Path::Portable] {
            let mut found: Vec<Packed<D>> = points.iter().map(|p| p.pack(path)).collect();
            scale::<C, D>(&mut found, |i| &taken[i], path);
            let found: Vec<C> = found.iter().map(|p| C::unpack(path, p)).collect();
            assert!(found == expected, "{path:?}");
            let mut doubled: Vec<Packed<D>> = points.iter().map(|p| p.pack(path)).collect();
            double::<C, D>(&mut doubled, path);
            let twice = points.iter().map(|p| (*p + *p).into_affine());
            assert!(twice.eq(doubled.iter().map(|p| C::unpack(path, p))), "{path:?}");
        }
    }

    #[test]
    fn scaled_points_are_those_of_arkworks() {
        scales::<G1Affine, 1>();
        scales::<G2Affine, 2>();
    }

    #[test]
    fn the_endomorphism_is_a_multiplication() {
        let mut rng = ark_std::test_rng();
        let p = G1Projective::rand(&mut rng).into_affine();
        assert_eq!(p.endomorphism(), (p * ark_bn254::g1::Config::LAMBDA).into_affine());
        let q = G2Projective::rand(&mut rng).into_affine();
        assert_eq!(q.endomorphism(), (q * ark_bn254::g2::Config::LAMBDA).into_affine());
    }
}
