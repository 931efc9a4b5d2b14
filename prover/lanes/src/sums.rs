//! Sums of many lists of points: all that a multi-scalar multiplication does with points.
//!
//! Every list is summed as a tree, and the pairs of all lists of a block are added together, in
//! affine coordinates, with one inversion among them (Montgomery's trick). Within a round of a tree
//! no sum depends on another: nothing has to be scheduled.

use crate::Path;
use crate::points::{Curve, Packed};
use ark_ec::CurveGroup;

/// A place in a table of points, and a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// Lists of something that stands for entries, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Lists<T> {
    /// The items of all lists.
    pub items: Vec<T>,
    /// Where each list ends.
    pub ends: Vec<u32>,
}

impl<T> Lists<T> {
    /// The number of lists.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no list.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The items before list `i`.
    pub fn before(&self, i: usize) -> usize {
        i.checked_sub(1).map_or(0, |last| self.ends[last] as usize)
    }

    /// List `i`.
    pub fn get(&self, i: usize) -> &[T] {
        &self.items[self.before(i)..self.ends[i] as usize]
    }
}

/// Points of a block: its tables stay in the second-level cache.
const BLOCK: usize = 8192;

/// The sum of each list of `lists`, which gives a list's entries by pushing them; that of an empty
/// one is infinity. The table, packed for this path, holds no infinity.
pub fn sum_lists<C: Curve<D>, const D: usize>(
    path: Path,
    table: &[Packed<D>],
    count: usize,
    lists: impl Fn(usize, &mut Vec<Entry>),
) -> Vec<Packed<D>> {
    let mut sums = Vec::with_capacity(count);
    let mut block = Block::<C, D>::new(path);
    for i in 0..count {
        lists(i, &mut block.entries);
        block.ends.push(block.entries.len() as u32);
        if block.entries.len() >= BLOCK {
            block.finish(table, &mut sums);
        }
    }
    block.finish(table, &mut sums);
    sums
}

// Lists that are summed together. Entries are of the table at first, then of `work`.
struct Block<C: Curve<D>, const D: usize> {
    entries: Vec<Entry>,
    ends: Vec<u32>,
    work: Vec<Packed<D>>,
    pairs: Vec<[Entry; 2]>,
    adder: Adder<C, D>,
}

impl<C: Curve<D>, const D: usize> Block<C, D> {
    fn new(path: Path) -> Self {
        Block {
            entries: Vec::with_capacity(2 * BLOCK),
            ends: Vec::new(),
            work: Vec::with_capacity(2 * BLOCK),
            pairs: Vec::with_capacity(BLOCK),
            adder: Adder::new(path),
        }
    }

    fn finish(&mut self, table: &[Packed<D>], sums: &mut Vec<Packed<D>>) {
        self.take_odd_ones(table);
        self.pair_up(self.work.len(), Odd::Taken);
        self.work.resize(self.work.len() + self.pairs.len(), Packed::INFINITY);
        let results = self.work.len() - self.pairs.len();
        let cancelled = self.adder.add(table, &mut self.pairs, &mut self.work[results..]);
        self.drop_infinities(cancelled);
        loop {
            let results = self.work.len();
            self.pair_up(results, Odd::InPlace);
            if self.pairs.is_empty() {
                break;
            }
            self.work.resize(results + self.pairs.len(), Packed::INFINITY);
            let (source, out) = self.work.split_at_mut(results);
            let cancelled = self.adder.add(source, &mut self.pairs, out);
            self.drop_infinities(cancelled);
        }
        let mut start = 0;
        for end in self.ends.drain(..) {
            let first = self.entries[start..end as usize].first();
            sums.push(first.map_or(Packed::INFINITY, |e| self.work[e.index()]));
            start = end as usize;
        }
        self.entries.clear();
        self.work.clear();
    }

    // The last of each list of odd length, into `work`, in the order of the lists.
    fn take_odd_ones(&mut self, table: &[Packed<D>]) {
        let mut start = 0;
        for &end in &self.ends {
            let list = &self.entries[start..end as usize];
            if let (1, Some(last)) = (list.len() % 2, list.last()) {
                self.work.push(self.adder.signed(table, *last));
            }
            start = end as usize;
        }
    }

    // Neighbours in a list become a pair, and their place in the list that of their sum.
    fn pair_up(&mut self, results: usize, odd: Odd) {
        self.pairs.clear();
        let (mut start, mut kept, mut taken) = (0, 0, 0);
        for end in &mut self.ends {
            let mut at = start;
            start = *end as usize;
            while at + 1 < start {
                let sum = Entry::new((results + self.pairs.len()) as u32, false);
                self.pairs.push([self.entries[at], self.entries[at + 1]]);
                self.entries[kept] = sum;
                (at, kept) = (at + 2, kept + 1);
            }
            if at < start {
                self.entries[kept] = match odd {
                    Odd::Taken => Entry::new(taken, false),
                    Odd::InPlace => self.entries[at],
                };
                (taken, kept) = (taken + 1, kept + 1);
            }
            *end = kept as u32;
        }
        self.entries.truncate(kept);
    }

    fn drop_infinities(&mut self, any: bool) {
        if !any {
            return;
        }
        let (mut start, mut kept) = (0, 0);
        for end in &mut self.ends {
            for at in start..*end as usize {
                if !self.work[self.entries[at].index()].is_infinity() {
                    self.entries[kept] = self.entries[at];
                    kept += 1;
                }
            }
            start = *end as usize;
            *end = kept as u32;
        }
        self.entries.truncate(kept);
    }
}

// Where the last of a list of odd length is.
#[derive(Clone, Copy)]
enum Odd {
    // In `work`, with the others.
    Taken,
    // Where its entry says.
    InPlace,
}

// Adds pairs.
struct Adder<C: Curve<D>, const D: usize> {
    path: Path,
    #[cfg(target_arch = "x86_64")]
    kernel: ifma::Scratch<D>,
    portable: portable::Scratch<C, D>,
}

impl<C: Curve<D>, const D: usize> Adder<C, D> {
    fn new(path: Path) -> Self {
        Adder {
            path,
            #[cfg(target_arch = "x86_64")]
            kernel: ifma::Scratch::default(),
            portable: portable::Scratch::default(),
        }
    }

    // The sum of each pair; whether one of them is infinity.
    fn add(&mut self, source: &[Packed<D>], pairs: &mut [[Entry; 2]], out: &mut [Packed<D>]) -> bool {
        if pairs.is_empty() || self.add_distinct(source, pairs, out) {
            return false;
        }
        let meet = |pair: &[Entry; 2]| source[pair[0].index()].meets(&source[pair[1].index()]);
        let one = |[a, b]: [Entry; 2]| {
            let [a, b] = [a, b].map(|e| C::unpack(self.path, &self.signed(source, e)));
            (a + b).into_affine().pack(self.path)
        };
        let meeting: Vec<_> = pairs.iter().enumerate().filter(|(_, p)| meet(p)).map(|(k, p)| (k, one(*p))).collect();
        if let Some(other) = pairs.iter().copied().find(|p| !meet(p)) {
            meeting.iter().for_each(|(k, _)| pairs[*k] = other);
            self.add_distinct(source, pairs, out);
        }
        let mut infinite = false;
        for (k, sum) in meeting {
            infinite |= sum.is_infinity();
            out[k] = sum;
        }
        infinite
    }

    // False, and nothing said of `out`, where the points of a pair have the same x.
    fn add_distinct(&mut self, source: &[Packed<D>], pairs: &[[Entry; 2]], out: &mut [Packed<D>]) -> bool {
        match self.path {
            #[cfg(target_arch = "x86_64")]
            Path::Lanes(_) => {
                // SAFETY: the path says that the features are there.
                unsafe { ifma::add::<C, D>(&mut self.kernel, source, pairs, out) }
            }
            Path::Portable => self.portable.add(source, pairs, out),
        }
    }

    fn signed(&self, source: &[Packed<D>], entry: Entry) -> Packed<D> {
        let point = source[entry.index()];
        if entry.is_negated() { point.negated() } else { point }
    }
}

#[cfg(target_arch = "x86_64")]
mod ifma {
    use super::Entry;
    use crate::coordinate::{self, Coordinate};
    use crate::field::kernel;
    use crate::points::{Curve, Packed};
    use ark_ff::{AdditiveGroup, batch_inversion};

    // Products of differences, of several chains in turn: one alone would wait for each product.
    const CHAINS: usize = 4;

    // Chains that are followed at once on the way back.
    const SIDE_BY_SIDE: usize = 2;

    // Groups that are fetched before they are needed.
    const AHEAD: usize = 4;

    type Group = [[Entry; 2]; 8];

    // The product of all differences before a group's in its chain, and the group's own.
    struct Step<const D: usize> {
        before: Coordinate<D>,
        difference: Coordinate<D>,
    }

    pub(super) struct Scratch<const D: usize> {
        steps: Vec<Step<D>>,
    }

    impl<const D: usize> Default for Scratch<D> {
        fn default() -> Self {
            Scratch { steps: Vec::new() }
        }
    }

    kernel! {
        /// The sum of each pair; false, and nothing said of `out`, where points of one have the same x.
        pub(super) fn add<C: Curve<D>, const D: usize>(
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
                    forward(source, group(g + chain), product, &mut scratch.steps);
                }
            }
            let Some(mut inverses) = inverted::<C, D>(&products) else {
                return false;
            };
            for g in (0..count).step_by(SIDE_BY_SIDE).rev() {
                let pairs = [group(g), group(g + 1)];
                let steps = [&scratch.steps[g], &scratch.steps[g + 1]];
                let sums = backward(source, pairs, &mut inverses[g % CHAINS..][..SIDE_BY_SIDE], steps);
                for (out, sum) in out.iter_mut().skip(8 * g).zip(sums.as_flattened()) {
                    *out = *sum;
                }
            }
            true
        }
    }

    kernel! {
        // The difference of each pair's x, into the product of all before it.
        fn forward<const D: usize>(
            source: &[Packed<D>],
            pairs: &Group,
            product: &mut Coordinate<D>,
            steps: &mut Vec<Step<D>>,
        ) {
            let a = coordinate::packed(pairs.each_ref().map(|p| &source[p[0].index()].x));
            let b = coordinate::packed(pairs.each_ref().map(|p| &source[p[1].index()].x));
            let difference = coordinate::lifted::<2, D>(&coordinate::less(&coordinate::loose(&b), &coordinate::loose(&a)));
            steps.push(Step { before: *product, difference });
            *product = coordinate::mul(product, &difference);
        }
    }

    kernel! {
        // 1/product in each lane, if there is one in each.
        fn inverted<C: Curve<D>, const D: usize>(products: &[Coordinate<D>; CHAINS]) -> Option<[Coordinate<D>; CHAINS]> {
            let mut lanes: Vec<C::BaseField> = Vec::with_capacity(8 * CHAINS);
            for product in products {
                lanes.extend(coordinate::scatter(product).map(C::from_words));
            }
            if lanes.iter().any(|x| *x == C::BaseField::ZERO) {
                return None;
            }
            batch_inversion(&mut lanes);
            let mut inverses = *products;
            for (inverse, lanes) in inverses.iter_mut().zip(lanes.as_chunks::<8>().0) {
                *inverse = coordinate::gather(&lanes.each_ref().map(C::words));
            }
            Some(inverses)
        }
    }

    kernel! {
        // The sums, by the inverse of the product up to these, which becomes that up to those before.
        // Groups are taken side by side: alone, each would wait for each of its products.
        fn backward<const D: usize>(
            source: &[Packed<D>],
            pairs: [&Group; SIDE_BY_SIDE],
            inverses: &mut [Coordinate<D>],
            steps: [&Step<D>; SIDE_BY_SIDE],
        ) -> [[Packed<D>; 8]; SIDE_BY_SIDE] {
            let mut one = [coordinate::one::<D>(); SIDE_BY_SIDE];
            for i in 0..SIDE_BY_SIDE {
                one[i] = coordinate::mul(&inverses[i], &steps[i].before);
            }
            for i in 0..SIDE_BY_SIDE {
                inverses[i] = coordinate::mul(&inverses[i], &steps[i].difference);
            }
            let mut ya = [coordinate::loose(&one[0]); SIDE_BY_SIDE];
            let mut slope = one;
            for i in 0..SIDE_BY_SIDE {
                let (sign_a, sign_b) = signs(pairs[i]);
                ya[i] = coordinate::signed(&coordinate::packed(pairs[i].each_ref().map(|p| &source[p[0].index()].y)), sign_a);
                let yb = coordinate::signed(&coordinate::packed(pairs[i].each_ref().map(|p| &source[p[1].index()].y)), sign_b);
                slope[i] = coordinate::lifted::<4, D>(&coordinate::less(&yb, &ya[i]));
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
    use super::Entry;
    use crate::points::{Curve, Packed};
    use ark_ff::Field;

    pub(super) struct Scratch<C: Curve<D>, const D: usize> {
        before: Vec<C::BaseField>,
    }

    impl<C: Curve<D>, const D: usize> Default for Scratch<C, D> {
        fn default() -> Self {
            Scratch { before: Vec::new() }
        }
    }

    impl<C: Curve<D>, const D: usize> Scratch<C, D> {
        pub(super) fn add(&mut self, source: &[Packed<D>], pairs: &[[Entry; 2]], out: &mut [Packed<D>]) -> bool {
            let at = |e: Entry| {
                let Packed { x, y } = source[e.index()];
                let y = C::from_words(y);
                (C::from_words(x), if e.is_negated() { -y } else { y })
            };
            self.before.clear();
            let mut product = C::BaseField::ONE;
            for [a, b] in pairs {
                self.before.push(product);
                product *= at(*b).0 - at(*a).0;
            }
            let Some(mut inverse) = product.inverse() else {
                return false;
            };
            for ((pair, out), before) in pairs.iter().zip(out).zip(&self.before).rev() {
                let ((xa, ya), (xb, yb)) = (at(pair[0]), at(pair[1]));
                let slope = (yb - ya) * (inverse * before);
                inverse *= xb - xa;
                let x = slope.square() - xa - xb;
                *out = Packed { x: C::words(&x), y: C::words(&(slope * (xa - x) - ya)) };
            }
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
    use ark_ec::AffineRepr;
    use ark_std::UniformRand;
    use ark_std::rand::Rng;

    fn paths() -> Vec<Path> {
        let best = Path::best();
        if best == Path::Portable {
            eprintln!("no AVX-512 IFMA here: lanes are not tested");
            return vec![best];
        }
        vec![best, Path::Portable]
    }

    fn agrees<C: Curve<D>, const D: usize>(points: &[C], lists: &[Vec<Entry>]) {
        let expected: Vec<C> = (lists.iter())
            .map(|list| {
                let signed = |e: &Entry| if e.is_negated() { -points[e.index()].into_group() } else { points[e.index()].into_group() };
                list.iter().map(signed).sum::<C::Group>().into_affine()
            })
            .collect();
        for path in paths() {
            let table: Vec<Packed<D>> = points.iter().map(|p| p.pack(path)).collect();
            let sums = sum_lists::<C, D>(path, &table, lists.len(), |i, out| out.extend(&lists[i]));
            let found: Vec<C> = sums.iter().map(|p| C::unpack(path, p)).collect();
            assert_eq!(found, expected, "{path:?}");
        }
    }

    // Lengths around the numbers of lanes and of a block; signs; and points that meet.
    fn all<C: Curve<D>, const D: usize>(points: &[C]) {
        let mut rng = ark_std::test_rng();
        let mut any = |n: usize| -> Vec<Entry> {
            (0..n).map(|_| Entry::new(rng.gen_range(0..points.len() as u32), rng.r#gen())).collect()
        };
        let lengths = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 0, 1000, 1];
        agrees::<C, D>(points, &lengths.map(|n| any(n)));
        agrees::<C, D>(points, &[]);
        agrees::<C, D>(points, &[vec![]]);
        agrees::<C, D>(points, &vec![any(3); 4000]);
        let (p, minus, q) = (Entry::new(0, false), Entry::new(0, true), Entry::new(1, false));
        agrees::<C, D>(points, &[vec![p, p], vec![p, minus], vec![minus, minus], vec![p, minus, q], vec![q, p, minus]]);
        agrees::<C, D>(points, &[vec![p; 1000], [vec![p; 500], vec![minus; 501]].concat(), vec![p, minus]]);
        agrees::<C, D>(points, &[any(50), vec![p, minus, p, minus], any(50), vec![p; 8]]);
    }

    #[test]
    fn lists_of_g1_are_summed_as_arkworks_sums_them() {
        let mut rng = ark_std::test_rng();
        let points: Vec<G1Affine> = (0..300).map(|_| G1Projective::rand(&mut rng).into_affine()).collect();
        all(&points);
    }

    #[test]
    fn lists_of_g2_are_summed_as_arkworks_sums_them() {
        let mut rng = ark_std::test_rng();
        let points: Vec<G2Affine> = (0..100).map(|_| G2Projective::rand(&mut rng).into_affine()).collect();
        all(&points);
    }

    #[test]
    #[ignore]
    fn speed() {
        let mut rng = ark_std::test_rng();
        fn one<C: Curve<D>, const D: usize>(name: &str, base: C, n: usize, list: usize, rng: &mut impl Rng) {
            let points: Vec<C> = {
                let mut p = base.into_group();
                let all: Vec<_> = (0..n).map(|_| { p += base; p }).collect();
                C::Group::normalize_batch(&all)
            };
            let entries: Vec<Entry> = (0..n).map(|_| Entry::new(rng.gen_range(0..(std::env::var("TAB").ok().and_then(|v| v.parse().ok()).unwrap_or(n as u32))), rng.r#gen())).collect();
            for path in paths().into_iter().take(if std::env::var_os("ALL").is_some() { 2 } else { 1 }) {
                let table: Vec<Packed<D>> = points.iter().map(|p| p.pack(path)).collect();
                let mut best = u128::MAX;
                for _ in 0..20 {
                    let start = std::time::Instant::now();
                    let lists = |i: usize, out: &mut Vec<Entry>| out.extend(&entries[i * list..(i + 1) * list]);
                    std::hint::black_box(sum_lists::<C, D>(path, &table, n / list, lists));
                    best = best.min(start.elapsed().as_nanos());
                }
                println!("{name} {path:?}: {:.1} ns an addition", best as f64 / (n - n / list) as f64);
            }
        }
        one::<G1Affine, 1>("G1", G1Projective::rand(&mut rng).into_affine(), 1 << 20, 32, &mut rng);
        if std::env::var_os("G1").is_some() { return; }
        one::<G2Affine, 2>("G2", G2Projective::rand(&mut rng).into_affine(), 1 << 19, 32, &mut rng);
    }
}
