//! Sums of many lists of points: all that a multi-scalar multiplication does with points.
//!
//! Every list is summed as a tree, and the pairs of all lists of a block are added together, in
//! affine coordinates, with one inversion among them (Montgomery's trick). Within a round of a tree
//! no sum depends on another: nothing has to be scheduled.

use crate::Path;
use crate::adder::{Adder, Ahead};
use crate::points::{Curve, Entry, Packed};
use zeroize::Zeroize;

/// Points of a block: its tables stay in the second-level cache.
const BLOCK: usize = 8192;

/// Sums lists of points, and keeps its memory: wiped when dropped.
///
/// Lists are summed in blocks. Entries of a block are of the table at first, then of `work`.
pub struct Summer<C: Curve<D>, const D: usize> {
    most: usize,
    entries: Vec<Entry>,
    ends: Vec<u32>,
    // Of the block after this one, whose points are fetched while this one is summed.
    coming: Vec<Entry>,
    coming_ends: Vec<u32>,
    work: Vec<Packed<D>>,
    pairs: Vec<[Entry; 2]>,
    adder: Adder<C, D>,
}

impl<C: Curve<D>, const D: usize> Zeroize for Summer<C, D> {
    fn zeroize(&mut self) {
        // Word by word, and not byte by byte, as what is unused would be.
        self.work.resize(self.work.capacity(), Packed::INFINITY);
        self.entries.zeroize();
        self.ends.zeroize();
        self.coming.zeroize();
        self.coming_ends.zeroize();
        self.work.zeroize();
        self.pairs.zeroize();
        self.adder.zeroize();
    }
}

impl<C: Curve<D>, const D: usize> Drop for Summer<C, D> {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl<C: Curve<D>, const D: usize> Summer<C, D> {
    /// For lists of at most so many entries, of tables packed for this path. With longer ones it
    /// grows, and what it held stays behind in freed memory.
    pub fn new(path: Path, most: usize) -> Self {
        let entries = BLOCK + most;
        Summer {
            most,
            entries: Vec::with_capacity(entries),
            ends: Vec::with_capacity(BLOCK),
            coming: Vec::with_capacity(entries),
            coming_ends: Vec::with_capacity(BLOCK),
            work: Vec::with_capacity(entries),
            pairs: Vec::with_capacity(entries / 2),
            adder: Adder::new(path, entries / 2),
        }
    }

    /// Entries of the longest list that it has room for.
    pub fn most(&self) -> usize {
        self.most
    }

    /// The sum of each list of `lists`, which gives a list's entries by pushing them, into `sums`; that
    /// of an empty one is infinity. The table holds no infinity.
    pub fn sum(&mut self, table: &[Packed<D>], sums: &mut [Packed<D>], lists: impl Fn(usize, &mut Vec<Entry>)) {
        let (mut done, mut taken) = (0, self.take(0, sums.len(), &lists));
        while done < sums.len() {
            std::mem::swap(&mut self.entries, &mut self.coming);
            std::mem::swap(&mut self.ends, &mut self.coming_ends);
            let end = taken;
            taken = self.take(end, sums.len(), &lists);
            self.finish(table, &mut sums[done..end]);
            done = end;
        }
    }

    // A block of lists, from this one on; the next one after it.
    fn take(&mut self, first: usize, all: usize, lists: &impl Fn(usize, &mut Vec<Entry>)) -> usize {
        self.coming.clear();
        self.coming_ends.clear();
        let mut next = first;
        while next < all && self.coming.len() < BLOCK && self.coming_ends.len() < BLOCK {
            lists(next, &mut self.coming);
            self.coming_ends.push(self.coming.len() as u32);
            next += 1;
        }
        next
    }

    fn finish(&mut self, table: &[Packed<D>], sums: &mut [Packed<D>]) {
        self.take_odd_ones(table);
        self.pair_up(self.work.len(), Odd::Taken);
        self.work.resize(self.work.len() + self.pairs.len(), Packed::INFINITY);
        let results = self.work.len() - self.pairs.len();
        let coming = std::mem::take(&mut self.coming);
        let mut ahead = Ahead::new(table, &coming);
        let out = &mut self.work[results..];
        let cancelled = self.adder.add_ahead(table, &self.pairs, out, &mut ahead);
        self.drop_infinities(cancelled);
        loop {
            let results = self.work.len();
            self.pair_up(results, Odd::InPlace);
            if self.pairs.is_empty() {
                break;
            }
            self.work.resize(results + self.pairs.len(), Packed::INFINITY);
            let (source, out) = self.work.split_at_mut(results);
            let cancelled = self.adder.add_ahead(source, &self.pairs, out, &mut ahead);
            self.drop_infinities(cancelled);
        }
        ahead.fetch(usize::MAX);
        self.coming = coming;
        let mut start = 0;
        for (sum, end) in sums.iter_mut().zip(self.ends.drain(..)) {
            let first = self.entries[start..end as usize].first();
            *sum = first.map_or(Packed::INFINITY, |e| self.work[e.index()]);
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

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
    use ark_ec::CurveGroup;
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
                let signed = |e: &Entry| {
                    if e.is_negated() {
                        -points[e.index()].into_group()
                    } else {
                        points[e.index()].into_group()
                    }
                };
                list.iter().map(signed).sum::<C::Group>().into_affine()
            })
            .collect();
        let most = lists.iter().map(Vec::len).max().unwrap_or_default();
        for path in paths() {
            let table: Vec<Packed<D>> = points.iter().map(|p| p.pack(path)).collect();
            let mut sums = vec![Packed::INFINITY; lists.len()];
            let mut summer = Summer::<C, D>::new(path, most);
            summer.sum(&table, &mut sums, |i, out| out.extend(&lists[i]));
            let found: Vec<C> = sums.iter().map(|p| C::unpack(path, p)).collect();
            assert_eq!(found, expected, "{path:?}");
        }
    }

    // Lengths around the numbers of lanes and of a block; signs; and points that meet.
    fn all<C: Curve<D>, const D: usize>(points: &[C]) {
        let mut rng = ark_std::test_rng();
        let mut any = |n: usize| -> Vec<Entry> {
            (0..n)
                .map(|_| Entry::new(rng.gen_range(0..points.len() as u32), rng.r#gen()))
                .collect()
        };
        let lengths = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 0, 1000, 1];
        agrees::<C, D>(points, &lengths.map(&mut any));
        agrees::<C, D>(points, &[]);
        agrees::<C, D>(points, &[vec![]]);
        agrees::<C, D>(points, &vec![any(3); 4000]);
        let (p, minus, q) = (Entry::new(0, false), Entry::new(0, true), Entry::new(1, false));
        agrees::<C, D>(
            points,
            &[
                vec![p, p],
                vec![p, minus],
                vec![minus, minus],
                vec![p, minus, q],
                vec![q, p, minus],
            ],
        );
        agrees::<C, D>(
            points,
            &[vec![p; 1000], [vec![p; 500], vec![minus; 501]].concat(), vec![p, minus]],
        );
        agrees::<C, D>(points, &[any(50), vec![p, minus, p, minus], any(50), vec![p; 8]]);
    }

    #[test]
    fn a_summer_has_room_for_what_it_was_made_for_and_is_wiped() {
        let mut rng = ark_std::test_rng();
        let points: Vec<G1Affine> = (0..300).map(|_| G1Projective::rand(&mut rng).into_affine()).collect();
        for path in paths() {
            let table: Vec<Packed<1>> = points.iter().map(|p| p.pack(path)).collect();
            let mut summer = Summer::<G1Affine, 1>::new(path, 500);
            let room = |summer: &Summer<G1Affine, 1>| {
                [
                    summer.entries.capacity(),
                    summer.coming.capacity(),
                    summer.work.capacity(),
                    summer.pairs.capacity(),
                ]
            };
            let before = room(&summer);
            // Long ones; ones of which nearly all are odd; and a block that ends with a long one.
            for lengths in [vec![500; 50], vec![1; 20_000], [vec![1; BLOCK - 1], vec![500]].concat()] {
                let list = |i: usize, out: &mut Vec<Entry>| {
                    out.extend((0..lengths[i]).map(|k| Entry::new((i + k) as u32 % 300, false)));
                };
                summer.sum(&table, &mut vec![Packed::INFINITY; lengths.len()], list);
                assert_eq!(room(&summer), before, "{path:?}");
            }
            summer.zeroize();
            assert_eq!(room(&summer), before);
            assert!(summer.work.is_empty() && summer.entries.is_empty());
        }
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
}
