//! Additions of many pairs of points in affine coordinates, with one inversion among them.
//!
//! P. Montgomery, "Speeding the Pollard and elliptic curve methods of factorization", Math. Comp.
//! 1987, for the inversions.

use crate::Path;
use crate::points::{Curve, Entry, Packed};
use zeroize::Zeroize;

/// Adds and doubles points, many at a time, and keeps its memory: wiped when dropped.
pub struct Adder<C: Curve<D>, const D: usize> {
    path: Path,
    meeting: Meeting<D>,
    #[cfg(lanes)]
    kernel: ifma::Scratch<D>,
    portable: portable::Scratch<C, D>,
}

/// What is wanted of a table next, and fetched meanwhile.
pub struct Ahead<'a, const D: usize> {
    table: &'a [Packed<D>],
    entries: std::slice::Iter<'a, Entry>,
}

impl<'a, const D: usize> Ahead<'a, D> {
    /// These entries of the table.
    pub fn new(table: &'a [Packed<D>], entries: &'a [Entry]) -> Self {
        Ahead {
            table,
            entries: entries.iter(),
        }
    }

    /// Fetches the next few.
    #[inline]
    pub fn fetch(&mut self, few: usize) {
        for entry in self.entries.by_ref().take(few) {
            crate::points::prefetch(&self.table[entry.index()]);
        }
    }
}

// Pairs with the same x, which are no sums of two points: their places, those that are the same point,
// and these doubled.
#[derive(Zeroize)]
struct Meeting<const D: usize> {
    all: Vec<usize>,
    same: Vec<usize>,
    pairs: Vec<[Entry; 2]>,
    doubled: Vec<Packed<D>>,
}

impl<const D: usize> Meeting<D> {
    const EMPTY: Self = Meeting {
        all: Vec::new(),
        same: Vec::new(),
        pairs: Vec::new(),
        doubled: Vec::new(),
    };
}

impl<C: Curve<D>, const D: usize> Zeroize for Adder<C, D> {
    fn zeroize(&mut self) {
        self.meeting.zeroize();
        #[cfg(lanes)]
        self.kernel.zeroize();
        self.portable.zeroize();
    }
}

impl<C: Curve<D>, const D: usize> Drop for Adder<C, D> {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl<C: Curve<D>, const D: usize> Adder<C, D> {
    /// For up to so many pairs at a time, of points packed for this path.
    pub fn new(path: Path, pairs: usize) -> Self {
        let portably = if path == Path::Portable { pairs } else { 0 };
        Adder {
            path,
            meeting: Meeting::EMPTY,
            #[cfg(lanes)]
            kernel: ifma::Scratch::new(pairs - portably),
            portable: portable::Scratch::new(portably),
        }
    }

    /// The sum of each pair; whether one of them is infinity. None may be infinity before.
    pub fn add(&mut self, source: &[Packed<D>], pairs: &[[Entry; 2]], out: &mut [Packed<D>]) -> bool {
        self.add_ahead(source, pairs, out, &mut Ahead::new(&[], &[]))
    }

    /// As [`Adder::add`]; and fetches what will be wanted next.
    pub fn add_ahead(
        &mut self,
        source: &[Packed<D>],
        pairs: &[[Entry; 2]],
        out: &mut [Packed<D>],
        ahead: &mut Ahead<'_, D>,
    ) -> bool {
        self.meeting.all.clear();
        if !pairs.is_empty() {
            self.run::<false>(source, pairs, out, ahead);
        }
        if self.meeting.all.is_empty() {
            return false;
        }
        self.double_same(source, pairs, out)
    }

    // Of pairs that meet: twice the point, or infinity.
    fn double_same(&mut self, source: &[Packed<D>], pairs: &[[Entry; 2]], out: &mut [Packed<D>]) -> bool {
        let mut meeting = std::mem::replace(&mut self.meeting, Meeting::EMPTY);
        meeting.same.clear();
        for place in &meeting.all {
            let [a, b] = pairs[*place].map(|entry| self.signed(source, entry));
            out[*place] = Packed::INFINITY;
            if a.is_same(&b) {
                meeting.same.push(*place);
            }
        }
        meeting.pairs.clear();
        meeting.pairs.extend(meeting.same.iter().map(|place| pairs[*place]));
        meeting.doubled.clear();
        meeting.doubled.resize(meeting.same.len(), Packed::INFINITY);
        self.double(source, &meeting.pairs, &mut meeting.doubled);
        for ((place, pair), twice) in meeting.same.iter().zip(&meeting.pairs).zip(&meeting.doubled) {
            out[*place] = if pair[0].is_negated() { twice.negated() } else { *twice };
        }
        let infinite = meeting.same.len() < meeting.all.len();
        self.meeting = meeting;
        infinite
    }

    /// Twice each of these points, signs aside. None may be infinity.
    pub fn double(&mut self, source: &[Packed<D>], points: &[[Entry; 2]], out: &mut [Packed<D>]) {
        if !points.is_empty() {
            self.run::<true>(source, points, out, &mut Ahead::new(&[], &[]));
        }
    }

    // Doubles the first of each pair, or adds pairs: those that meet are noted, and nothing is said of
    // their place in `out`.
    fn run<const DOUBLE: bool>(
        &mut self,
        source: &[Packed<D>],
        pairs: &[[Entry; 2]],
        out: &mut [Packed<D>],
        ahead: &mut Ahead<'_, D>,
    ) {
        let (path, meeting) = (self.path, &mut self.meeting.all);
        match path {
            #[cfg(lanes)]
            Path::Lanes(_) => {
                // SAFETY: the path says that the features are there.
                unsafe { ifma::add::<C, D, DOUBLE>(&mut self.kernel, source, pairs, out, ahead, meeting) };
            }
            Path::Portable => self.portable.add::<DOUBLE>(source, pairs, out, ahead, meeting),
        }
    }

    /// A point with its entry's sign.
    pub fn signed(&self, source: &[Packed<D>], entry: Entry) -> Packed<D> {
        let point = source[entry.index()];
        if entry.is_negated() { point.negated() } else { point }
    }
}

#[cfg(lanes)]
mod ifma {
    use super::Ahead;
    use crate::coordinate::{self, Coordinate, Loose};
    use crate::field::{Words, kernel};
    use crate::points::{Curve, Entry, Packed};
    use zeroize::{Zeroize, Zeroizing};

    // Products of differences, of several chains in turn: one alone would wait for each product.
    const CHAINS: usize = 4;

    // Points fetched ahead each time that a group is looked at, twice: a list as long as all groups
    // together is then fetched evenly.
    const STRIDE: usize = 4;

    type Group = [[Entry; 2]; 8];

    // The product of all differences before a group's in its chain, and the group's own.
    #[derive(Zeroize)]
    struct Step<const D: usize> {
        before: [Words; D],
        difference: [Words; D],
    }

    #[derive(Zeroize)]
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

    kernel! {
        /// The sum of each pair, but for those that meet.
        pub(super) fn add<C: Curve<D>, const D: usize, const DOUBLE: bool>(
            scratch: &mut Scratch<D>,
            source: &[Packed<D>],
            pairs: &[[Entry; 2]],
            out: &mut [Packed<D>],
            ahead: &mut Ahead<'_, D>,
            meeting: &mut Vec<usize>,
        ) {
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
                    ahead.fetch(STRIDE);
                    let meet = forward::<D, DOUBLE>(source, group(g + chain), product, &mut scratch.steps);
                    if meet != 0 {
                        let places = (0..8).filter(|i| meet >> i & 1 == 1).map(|i| 8 * (g + chain) + i);
                        meeting.extend(places.filter(|place| *place < pairs.len()));
                    }
                }
            }
            let mut inverses = inverted::<C, D>(&products);
            for g in (0..count).step_by(2).rev() {
                ahead.fetch(2 * STRIDE);
                let pairs = [group(g), group(g + 1)];
                let steps = [&scratch.steps[g], &scratch.steps[g + 1]];
                let sums = backward::<D, DOUBLE>(source, pairs, &mut inverses[g % CHAINS / 2], steps);
                for (out, sum) in out.iter_mut().skip(8 * g).zip(sums.as_flattened()) {
                    *out = *sum;
                }
            }
        }
    }

    kernel! {
        // The difference of each pair's x, or twice y, into the product of all before it. Which pairs
        // meet: 1 stands in for their difference.
        fn forward<const D: usize, const DOUBLE: bool>(
            source: &[Packed<D>],
            pairs: &Group,
            product: &mut Coordinate<D>,
            steps: &mut Vec<Step<D>>,
        ) -> u8 {
            let mut difference = if DOUBLE {
                let y = coordinate::loose(&coordinate::packed(pairs.each_ref().map(|p| &source[p[0].index()].y)));
                coordinate::lifted::<0, D>(&coordinate::plus(&y, &y))
            } else {
                let a = coordinate::loose(&coordinate::packed(pairs.each_ref().map(|p| &source[p[0].index()].x)));
                let b = coordinate::loose(&coordinate::packed(pairs.each_ref().map(|p| &source[p[1].index()].x)));
                coordinate::lifted::<2, D>(&coordinate::less(&b, &a))
            };
            let mut meet = 0;
            let perhaps = if DOUBLE { 0 } else { coordinate::perhaps_zero(&difference) };
            if perhaps != 0 {
                let same = |i: usize| source[pairs[i][0].index()].meets(&source[pairs[i][1].index()]);
                meet = (0..8).filter(|i| same(*i)).fold(0, |meet, i| meet | 1 << i);
                difference = coordinate::or_one(&difference, meet);
            }
            steps.push(Step {
                before: coordinate::write(product),
                difference: coordinate::write(&difference),
            });
            *product = coordinate::mul(product, &difference);
            meet
        }
    }

    kernel! {
        // 1/product in each lane of each chain: chains become one, its lanes one number.
        fn inverted<C: Curve<D>, const D: usize>(products: &[Coordinate<D>; CHAINS]) -> [[Coordinate<D>; 2]; CHAINS / 2] {
            let mut before = *products;
            for chain in 1..CHAINS {
                before[chain] = coordinate::mul(&before[chain - 1], &products[chain]);
            }
            let lanes = coordinate::scatter(&before[CHAINS - 1]).map(C::from_words);
            let lanes = Zeroizing::new(inverses::<C, D>(&lanes));
            let mut inverse = coordinate::gather(&lanes.each_ref().map(C::words));
            let mut inverses = *products;
            for chain in (1..CHAINS).rev() {
                inverses[chain] = coordinate::mul(&inverse, &before[chain - 1]);
                inverse = coordinate::mul(&inverse, &products[chain]);
            }
            inverses[0] = inverse;
            let [a, b, c, d] = inverses;
            [[a, b], [c, d]]
        }
    }

    fn inverses<C: Curve<D>, const D: usize>(lanes: &[C::BaseField; 8]) -> [C::BaseField; 8] {
        let mut before = *lanes;
        for lane in 1..8 {
            before[lane] = before[lane - 1] * lanes[lane];
        }
        // None is 0: points are finite, and those that meet were left out.
        let mut inverse = C::inverse(&before[7]).unwrap_or_default();
        for lane in (1..8).rev() {
            before[lane] = inverse * before[lane - 1];
            inverse *= lanes[lane];
        }
        before[0] = inverse;
        before
    }

    kernel! {
        // The sums, by the inverse of the product up to these, which becomes that up to those before.
        // Two groups take turns, and what is no product stands between products: only few
        // instructions ahead are seen, and the multiplier should never wait.
        fn backward<const D: usize, const DOUBLE: bool>(
            source: &[Packed<D>],
            pairs: [&Group; 2],
            inverses: &mut [Coordinate<D>; 2],
            steps: [&Step<D>; 2],
        ) -> [[Packed<D>; 8]; 2] {
            let one_0 = coordinate::mul(&inverses[0], &coordinate::read(&steps[0].before));
            let (ya_0, rise_0) = rise::<D, DOUBLE>(source, pairs[0]);
            let one_1 = coordinate::mul(&inverses[1], &coordinate::read(&steps[1].before));
            let (ya_1, rise_1) = rise::<D, DOUBLE>(source, pairs[1]);
            let slope_0 = coordinate::mul(&rise_0, &one_0);
            let (xa_0, both_0) = across(source, pairs[0]);
            let slope_1 = coordinate::mul(&rise_1, &one_1);
            let (xa_1, both_1) = across(source, pairs[1]);
            inverses[0] = coordinate::mul(&inverses[0], &coordinate::read(&steps[0].difference));
            let square_0 = coordinate::loose(&coordinate::square(&slope_0));
            inverses[1] = coordinate::mul(&inverses[1], &coordinate::read(&steps[1].difference));
            let x_0 = coordinate::settled::<4, D>(&coordinate::less(&square_0, &both_0));
            let run_0 = coordinate::lifted::<2, D>(&coordinate::less(&xa_0, &coordinate::loose(&x_0)));
            let square_1 = coordinate::loose(&coordinate::square(&slope_1));
            let out_0 = coordinate::unpacked(&x_0);
            let fall_0 = coordinate::loose(&coordinate::mul(&slope_0, &run_0));
            let x_1 = coordinate::settled::<4, D>(&coordinate::less(&square_1, &both_1));
            let run_1 = coordinate::lifted::<2, D>(&coordinate::less(&xa_1, &coordinate::loose(&x_1)));
            let fall_1 = coordinate::loose(&coordinate::mul(&slope_1, &run_1));
            let y_0 = coordinate::settled::<2, D>(&coordinate::less(&fall_0, &ya_0));
            let sums_0 = points(out_0, coordinate::unpacked(&y_0));
            let y_1 = coordinate::settled::<2, D>(&coordinate::less(&fall_1, &ya_1));
            [sums_0, points(coordinate::unpacked(&x_1), coordinate::unpacked(&y_1))]
        }
    }

    kernel! {
        // The first y, and what the slope is a share of: the difference of both, or 3x² of a double.
        fn rise<const D: usize, const DOUBLE: bool>(source: &[Packed<D>], pairs: &Group) -> (Loose<D>, Coordinate<D>) {
            let (sign_a, sign_b) = if DOUBLE { (0, 0) } else { signs(pairs) };
            let ya = coordinate::packed(pairs.each_ref().map(|p| &source[p[0].index()].y));
            let ya = coordinate::signed(&ya, sign_a);
            let rise = if DOUBLE {
                let square = coordinate::square(&coordinate::packed(pairs.each_ref().map(|p| &source[p[0].index()].x)));
                let square = coordinate::loose(&square);
                coordinate::lifted::<0, D>(&coordinate::plus(&coordinate::plus(&square, &square), &square))
            } else {
                let yb = coordinate::packed(pairs.each_ref().map(|p| &source[p[1].index()].y));
                coordinate::lifted::<4, D>(&coordinate::less(&coordinate::signed(&yb, sign_b), &ya))
            };
            (ya, rise)
        }
    }

    kernel! {
        // The first x, and the sum of both.
        fn across<const D: usize>(source: &[Packed<D>], pairs: &Group) -> (Loose<D>, Loose<D>) {
            let xa = coordinate::loose(&coordinate::packed(pairs.each_ref().map(|p| &source[p[0].index()].x)));
            let xb = coordinate::loose(&coordinate::packed(pairs.each_ref().map(|p| &source[p[1].index()].x)));
            (xa, coordinate::plus(&xa, &xb))
        }
    }

    kernel! {
        fn points<const D: usize>(x: [[[u64; 4]; D]; 8], y: [[[u64; 4]; D]; 8]) -> [Packed<D>; 8] {
            core::array::from_fn(|lane| Packed { x: x[lane], y: y[lane] })
        }
    }

    kernel! {
        fn signs(pairs: &Group) -> (u8, u8) {
            let bits = |side: usize| (0..8).fold(0u8, |m, i| m | u8::from(pairs[i][side].is_negated()) << i);
            (bits(0), bits(1))
        }
    }
}

mod portable {
    use super::Ahead;
    use crate::points::{Curve, Entry, Packed};
    use ark_ff::Field;
    use zeroize::Zeroize;

    #[derive(Zeroize)]
    pub(super) struct Scratch<C: Curve<D>, const D: usize> {
        before: Vec<C::BaseField>,
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
            ahead: &mut Ahead<'_, D>,
            meeting: &mut Vec<usize>,
        ) {
            let at = |e: Entry| {
                let Packed { x, y } = source[e.index()];
                let y = C::from_words(y);
                (C::from_words(x), if e.is_negated() && !DOUBLE { -y } else { y })
            };
            // 1 stands in for the difference of those that meet.
            let run = |(xa, ya): (C::BaseField, C::BaseField), (xb, _)| {
                if DOUBLE {
                    ya + ya
                } else if xa == xb {
                    C::BaseField::ONE
                } else {
                    xb - xa
                }
            };
            let three = C::BaseField::from(3u64);
            self.before.clear();
            let mut product = C::BaseField::ONE;
            for (place, [a, b]) in pairs.iter().enumerate() {
                ahead.fetch(1);
                let (a, b) = (at(*a), at(*b));
                if !DOUBLE && a.0 == b.0 {
                    meeting.push(place);
                }
                self.before.push(product);
                product *= run(a, b);
            }
            // No factor is 0.
            let mut inverse = C::inverse(&product).unwrap_or_default();
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{G1Affine, G2Affine};
    use ark_ec::CurveGroup;
    use ark_std::UniformRand;
    use ark_std::rand::Rng;

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

    // Among sums of different points some of the same, and of opposite ones, of either sign.
    fn sums_of_points_that_meet<C: Curve<D>, const D: usize>() {
        let mut rng = ark_std::test_rng();
        let points: Vec<C> = (0..9).map(|_| C::Group::rand(&mut rng).into_affine()).collect();
        for n in [1, 2, 7, 8, 9, 31, 33, 100] {
            let mut entry = || Entry::new(rng.gen_range(0..9), rng.r#gen());
            let pairs: Vec<[Entry; 2]> = (0..n).map(|_| [entry(), entry()]).collect();
            let signed = |e: Entry| {
                let point = points[e.index()].into_group();
                if e.is_negated() { -point } else { point }
            };
            let expected: Vec<C> = pairs
                .iter()
                .map(|[a, b]| (signed(*a) + signed(*b)).into_affine())
                .collect();
            for path in [Path::best(), Path::Portable] {
                let packed: Vec<Packed<D>> = points.iter().map(|p| p.pack(path)).collect();
                let mut out = vec![Packed::INFINITY; n];
                let infinite = Adder::<C, D>::new(path, n).add(&packed, &pairs, &mut out);
                let found: Vec<C> = out.iter().map(|p| C::unpack(path, p)).collect();
                assert_eq!(found, expected, "{path:?}");
                assert_eq!(infinite, expected.iter().any(|sum| sum.is_zero()), "{path:?}");
            }
        }
    }

    #[test]
    fn points_that_meet_are_doubled_or_cancel() {
        sums_of_points_that_meet::<G1Affine, 1>();
        sums_of_points_that_meet::<G2Affine, 2>();
    }

    #[test]
    fn doubles_are_sums_with_oneself() {
        doubles::<G1Affine, 1>();
        doubles::<G2Affine, 2>();
    }
}
