//! Additions of many pairs of points in affine coordinates, with one inversion among them.
//!
//! P. Montgomery, "Speeding the Pollard and elliptic curve methods of factorization", Math. Comp.
//! 1987, for the inversions.

use crate::Path;
use crate::points::{Curve, Entry, Packed};
use ark_ec::CurveGroup;

/// Adds and doubles points, many at a time, and keeps its memory.
pub struct Adder<C: Curve<D>, const D: usize> {
    path: Path,
    #[cfg(target_arch = "x86_64")]
    kernel: ifma::Scratch<D>,
    portable: portable::Scratch<C, D>,
}

impl<C: Curve<D>, const D: usize> Adder<C, D> {
    /// For up to so many pairs at a time, of points packed for this path.
    pub fn new(path: Path, pairs: usize) -> Self {
        Adder {
            path,
            #[cfg(target_arch = "x86_64")]
            kernel: ifma::Scratch::new(pairs),
            portable: portable::Scratch::new(pairs),
        }
    }

    /// The sum of each pair; whether one of them is infinity. None may be infinity before.
    pub fn add(&mut self, source: &[Packed<D>], pairs: &mut [[Entry; 2]], out: &mut [Packed<D>]) -> bool {
        if pairs.is_empty() || self.run::<false>(source, pairs, out) {
            return false;
        }
        let meet = |pair: &[Entry; 2]| source[pair[0].index()].meets(&source[pair[1].index()]);
        let one = |[a, b]: [Entry; 2]| {
            let [a, b] = [a, b].map(|e| C::unpack(self.path, &self.signed(source, e)));
            (a + b).into_affine().pack(self.path)
        };
        let meeting: Vec<_> = pairs
            .iter()
            .enumerate()
            .filter(|(_, p)| meet(p))
            .map(|(k, p)| (k, one(*p)))
            .collect();
        if let Some(other) = pairs.iter().copied().find(|p| !meet(p)) {
            meeting.iter().for_each(|(k, _)| pairs[*k] = other);
            self.run::<false>(source, pairs, out);
        }
        let mut infinite = false;
        for (k, sum) in meeting {
            infinite |= sum.is_infinity();
            out[k] = sum;
        }
        infinite
    }

    /// Twice each of these points, signs aside. None may be infinity.
    pub fn double(&mut self, source: &[Packed<D>], points: &[[Entry; 2]], out: &mut [Packed<D>]) {
        if !points.is_empty() {
            self.run::<true>(source, points, out);
        }
    }

    // Doubles the first of each pair, or adds pairs: false, and nothing said of `out`, where the
    // points of one have the same x.
    fn run<const DOUBLE: bool>(&mut self, source: &[Packed<D>], pairs: &[[Entry; 2]], out: &mut [Packed<D>]) -> bool {
        match self.path {
            #[cfg(target_arch = "x86_64")]
            Path::Lanes(_) => {
                // SAFETY: the path says that the features are there.
                unsafe { ifma::add::<C, D, DOUBLE>(&mut self.kernel, source, pairs, out) }
            }
            Path::Portable => self.portable.add::<DOUBLE>(source, pairs, out),
        }
    }

    /// A point with its entry's sign.
    pub fn signed(&self, source: &[Packed<D>], entry: Entry) -> Packed<D> {
        let point = source[entry.index()];
        if entry.is_negated() { point.negated() } else { point }
    }
}

#[cfg(target_arch = "x86_64")]
mod ifma {
    use crate::coordinate::{self, Coordinate};
    use crate::field::{Words, kernel};
    use crate::points::{Curve, Entry, Packed};
    use zeroize::{Zeroize, Zeroizing};

    // Products of differences, of several chains in turn: one alone would wait for each product.
    const CHAINS: usize = 4;

    // Chains that are followed at once on the way back.
    const SIDE_BY_SIDE: usize = 2;

    // Groups that are fetched before they are needed.
    const AHEAD: usize = 4;

    type Group = [[Entry; 2]; 8];

    // The product of all differences before a group's in its chain, and the group's own.
    #[derive(Zeroize)]
    struct Step<const D: usize> {
        before: [Words; D],
        difference: [Words; D],
    }

    pub(super) struct Scratch<const D: usize> {
        steps: Vec<Step<D>>,
    }

    impl<const D: usize> Scratch<D> {
        pub(super) fn new(pairs: usize) -> Self {
            Scratch {
                steps: Vec::with_capacity(pairs.div_ceil(8) + CHAINS),
            }
        }
    }

    impl<const D: usize> Drop for Scratch<D> {
        fn drop(&mut self) {
            self.steps.zeroize();
        }
    }

    kernel! {
        /// The sum of each pair; false, and nothing said of `out`, where points of one have the same x.
        pub(super) fn add<C: Curve<D>, const D: usize, const DOUBLE: bool>(
            scratch: &mut Scratch<D>,
            source: &[Packed<D>],
            pairs: &[[Entry; 2]],
            out: &mut [Packed<D>],
        ) -> bool {
            let (groups, rest) = pairs.as_chunks::<8>();
            // The last groups are filled with the first pair.
            let last: Group = core::array::from_fn(|i| rest.get(i).copied().unwrap_or(pairs[0]));
            let full = [pairs[0]; 8];
            let count = pairs.len().div_ceil(8).next_multiple_of(CHAINS);
            let group = |g: usize| match groups.get(g) {
                Some(group) => group,
                None if g == groups.len() => &last,
                None => &full,
            };
            scratch.steps.clear();
            let mut products = [coordinate::one::<D>(); CHAINS];
            for g in (0..count).step_by(CHAINS) {
                for (chain, product) in products.iter_mut().enumerate() {
                    if let Some(ahead) = groups.get(g + chain + AHEAD) {
                        prefetch(source, ahead);
                    }
                    forward::<D, DOUBLE>(source, group(g + chain), product, &mut scratch.steps);
                }
            }
            let Some(mut inverses) = inverted::<C, D>(&products) else {
                return false;
            };
            for g in (0..count).step_by(SIDE_BY_SIDE).rev() {
                let pairs = [group(g), group(g + 1)];
                let steps = [&scratch.steps[g], &scratch.steps[g + 1]];
                let sums = backward::<D, DOUBLE>(source, pairs, &mut inverses[g % CHAINS..][..SIDE_BY_SIDE], steps);
                for (out, sum) in out.iter_mut().skip(8 * g).zip(sums.as_flattened()) {
                    *out = *sum;
                }
            }
            true
        }
    }

    kernel! {
        // The difference of each pair's x, or twice y, into the product of all before it.
        fn forward<const D: usize, const DOUBLE: bool>(
            source: &[Packed<D>],
            pairs: &Group,
            product: &mut Coordinate<D>,
            steps: &mut Vec<Step<D>>,
        ) {
            let difference = if DOUBLE {
                let y = coordinate::loose(&coordinate::packed(pairs.each_ref().map(|p| &source[p[0].index()].y)));
                coordinate::lifted::<0, D>(&coordinate::plus(&y, &y))
            } else {
                let a = coordinate::loose(&coordinate::packed(pairs.each_ref().map(|p| &source[p[0].index()].x)));
                let b = coordinate::loose(&coordinate::packed(pairs.each_ref().map(|p| &source[p[1].index()].x)));
                coordinate::lifted::<2, D>(&coordinate::less(&b, &a))
            };
            steps.push(Step {
                before: coordinate::write(product),
                difference: coordinate::write(&difference),
            });
            *product = coordinate::mul(product, &difference);
        }
    }

    kernel! {
        // 1/product in each lane of each chain, if there is one in each: chains become one, its lanes
        // one number.
        fn inverted<C: Curve<D>, const D: usize>(products: &[Coordinate<D>; CHAINS]) -> Option<[Coordinate<D>; CHAINS]> {
            let mut before = *products;
            for chain in 1..CHAINS {
                before[chain] = coordinate::mul(&before[chain - 1], &products[chain]);
            }
            let lanes = coordinate::scatter(&before[CHAINS - 1]).map(C::from_words);
            let lanes = Zeroizing::new(inverses::<C, D>(&lanes)?);
            let mut inverse = coordinate::gather(&lanes.each_ref().map(C::words));
            let mut inverses = *products;
            for chain in (1..CHAINS).rev() {
                inverses[chain] = coordinate::mul(&inverse, &before[chain - 1]);
                inverse = coordinate::mul(&inverse, &products[chain]);
            }
            inverses[0] = inverse;
            Some(inverses)
        }
    }

    fn inverses<C: Curve<D>, const D: usize>(lanes: &[C::BaseField; 8]) -> Option<[C::BaseField; 8]> {
        let mut before = *lanes;
        for lane in 1..8 {
            before[lane] = before[lane - 1] * lanes[lane];
        }
        let mut inverse = C::inverse(&before[7])?;
        for lane in (1..8).rev() {
            before[lane] = inverse * before[lane - 1];
            inverse *= lanes[lane];
        }
        before[0] = inverse;
        Some(before)
    }

    kernel! {
        // The sums, by the inverse of the product up to these, which becomes that up to those before.
        // Groups are taken side by side: alone, each would wait for each of its products.
        fn backward<const D: usize, const DOUBLE: bool>(
            source: &[Packed<D>],
            pairs: [&Group; SIDE_BY_SIDE],
            inverses: &mut [Coordinate<D>],
            steps: [&Step<D>; SIDE_BY_SIDE],
        ) -> [[Packed<D>; 8]; SIDE_BY_SIDE] {
            let mut one = [coordinate::one::<D>(); SIDE_BY_SIDE];
            for i in 0..SIDE_BY_SIDE {
                one[i] = coordinate::mul(&inverses[i], &coordinate::read(&steps[i].before));
            }
            for i in 0..SIDE_BY_SIDE {
                inverses[i] = coordinate::mul(&inverses[i], &coordinate::read(&steps[i].difference));
            }
            let mut ya = [coordinate::loose(&one[0]); SIDE_BY_SIDE];
            let mut slope = one;
            for i in 0..SIDE_BY_SIDE {
                let (sign_a, sign_b) = if DOUBLE { (0, 0) } else { signs(pairs[i]) };
                ya[i] = coordinate::signed(&coordinate::packed(pairs[i].each_ref().map(|p| &source[p[0].index()].y)), sign_a);
                slope[i] = if DOUBLE {
                    let square = coordinate::square(&coordinate::packed(pairs[i].each_ref().map(|p| &source[p[0].index()].x)));
                    let square = coordinate::loose(&square);
                    coordinate::lifted::<0, D>(&coordinate::plus(&coordinate::plus(&square, &square), &square))
                } else {
                    let yb = coordinate::packed(pairs[i].each_ref().map(|p| &source[p[1].index()].y));
                    coordinate::lifted::<4, D>(&coordinate::less(&coordinate::signed(&yb, sign_b), &ya[i]))
                };
            }
            for i in 0..SIDE_BY_SIDE {
                slope[i] = coordinate::mul(&slope[i], &one[i]);
            }
            let mut x = slope;
            for i in 0..SIDE_BY_SIDE {
                x[i] = coordinate::square(&slope[i]);
            }
            let mut run = slope;
            for i in 0..SIDE_BY_SIDE {
                let xa = coordinate::loose(&coordinate::packed(pairs[i].each_ref().map(|p| &source[p[0].index()].x)));
                let xb = coordinate::loose(&coordinate::packed(pairs[i].each_ref().map(|p| &source[p[1].index()].x)));
                let square = coordinate::loose(&x[i]);
                x[i] = coordinate::settled::<4, D>(&coordinate::less(&coordinate::less(&square, &xa), &xb));
                run[i] = coordinate::lifted::<2, D>(&coordinate::less(&xa, &coordinate::loose(&x[i])));
            }
            for i in 0..SIDE_BY_SIDE {
                run[i] = coordinate::mul(&slope[i], &run[i]);
            }
            let mut sums = [[Packed::INFINITY; 8]; SIDE_BY_SIDE];
            for i in 0..SIDE_BY_SIDE {
                let y = coordinate::settled::<2, D>(&coordinate::less(&coordinate::loose(&run[i]), &ya[i]));
                let (x, y) = (coordinate::unpacked(&x[i]), coordinate::unpacked(&y));
                for lane in 0..8 {
                    sums[i][lane] = Packed { x: x[lane], y: y[lane] };
                }
            }
            sums
        }
    }

    kernel! {
        fn signs(pairs: &Group) -> (u8, u8) {
            let bits = |side: usize| (0..8).fold(0u8, |m, i| m | u8::from(pairs[i][side].is_negated()) << i);
            (bits(0), bits(1))
        }
    }

    kernel! {
        fn prefetch<const D: usize>(source: &[Packed<D>], pairs: &[[Entry; 2]; 8]) {
            for entry in pairs.as_flattened() {
                crate::points::prefetch(&source[entry.index()]);
            }
        }
    }
}

mod portable {
    use crate::points::{Curve, Entry, Packed};
    use ark_ff::Field;
    use zeroize::Zeroize;

    pub(super) struct Scratch<C: Curve<D>, const D: usize> {
        before: Vec<C::BaseField>,
    }

    impl<C: Curve<D>, const D: usize> Drop for Scratch<C, D> {
        fn drop(&mut self) {
            self.before.zeroize();
        }
    }

    impl<C: Curve<D>, const D: usize> Scratch<C, D> {
        pub(super) fn new(pairs: usize) -> Self {
            Scratch {
                before: Vec::with_capacity(pairs),
            }
        }

        pub(super) fn add<const DOUBLE: bool>(
            &mut self,
            source: &[Packed<D>],
            pairs: &[[Entry; 2]],
            out: &mut [Packed<D>],
        ) -> bool {
            let at = |e: Entry| {
                let Packed { x, y } = source[e.index()];
                let y = C::from_words(y);
                (C::from_words(x), if e.is_negated() && !DOUBLE { -y } else { y })
            };
            let run = |(xa, ya): (C::BaseField, _), (xb, _)| if DOUBLE { ya + ya } else { xb - xa };
            let three = C::BaseField::from(3u64);
            self.before.clear();
            let mut product = C::BaseField::ONE;
            for [a, b] in pairs {
                self.before.push(product);
                product *= run(at(*a), at(*b));
            }
            let Some(mut inverse) = C::inverse(&product) else {
                return false;
            };
            for ((pair, out), before) in pairs.iter().zip(out).zip(&self.before).rev() {
                let ((xa, ya), (xb, yb)) = (at(pair[0]), at(pair[1]));
                let rise = if DOUBLE { xa.square() * three } else { yb - ya };
                let slope = rise * (inverse * before);
                inverse *= run((xa, ya), (xb, yb));
                let x = slope.square() - xa - xb;
                *out = Packed {
                    x: C::words(&x),
                    y: C::words(&(slope * (xa - x) - ya)),
                };
            }
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{G1Affine, G2Affine};
    use ark_std::UniformRand;

    fn doubles<C: Curve<D>, const D: usize>() {
        let mut rng = ark_std::test_rng();
        let points: Vec<C> = (0..77).map(|_| C::Group::rand(&mut rng).into_affine()).collect();
        let expected: Vec<C> = points.iter().map(|p| (*p + *p).into_affine()).collect();
        for path in [Path::best(), Path::Portable] {
            let packed: Vec<Packed<D>> = points.iter().map(|p| p.pack(path)).collect();
            for n in [0, 1, 8, 31, 77] {
                let twice: Vec<[Entry; 2]> = (0..n).map(|i| [Entry::new(i, i % 2 == 0); 2]).collect();
                let mut out = vec![Packed::INFINITY; n as usize];
                Adder::<C, D>::new(path, n as usize).double(&packed, &twice, &mut out);
                let found: Vec<C> = out.iter().map(|p| C::unpack(path, p)).collect();
                assert_eq!(found, expected[..n as usize], "{path:?}");
            }
        }
    }

    #[test]
    fn doubles_are_sums_with_oneself() {
        doubles::<G1Affine, 1>();
        doubles::<G2Affine, 2>();
    }
}
