//! Multiples of a query's bases, made once for a key.

use super::digits::{Digit, Windows};
use medproof_lanes::Path;
use medproof_lanes::adder::Adder;
use medproof_lanes::points::{Curve, Entry, Packed};
use rayon::prelude::*;

/// 2^(stride·column) times each base that is not infinity.
pub struct Table<C: Curve<D>, const D: usize> {
    path: Path,
    windows: Windows,
    // All columns of a base, then those of the next.
    points: Vec<Packed<D>>,
    // The place of each base among those that are not infinity.
    ranks: Vec<Option<u32>>,
    curve: std::marker::PhantomData<C>,
}

// The place of each among those that are finite.
fn ranks(finite: impl Iterator<Item = bool>) -> Vec<Option<u32>> {
    finite
        .scan(0, |next, finite| {
            let rank = *next;
            *next += u32::from(finite);
            Some(finite.then_some(rank))
        })
        .collect()
}

// Bases that are doubled with one inversion.
const TOGETHER: usize = 1024;

fn multiples<C: Curve<D>, const D: usize>(bases: &[C], windows: Windows, path: Path) -> Vec<Packed<D>> {
    let columns = windows.columns() as usize;
    let mut adder = Adder::<C, D>::new(path, bases.len());
    let all: Vec<[Entry; 2]> = (0..bases.len() as u32).map(|i| [Entry::new(i, false); 2]).collect();
    let mut column: Vec<Packed<D>> = bases.iter().map(|base| base.pack(path)).collect();
    let mut twice = column.clone();
    let mut points = vec![Packed::INFINITY; bases.len() * columns];
    for at in 0..columns {
        for (base, point) in column.iter().enumerate() {
            points[base * columns + at] = *point;
        }
        if at + 1 < columns {
            for _ in 0..windows.stride() {
                adder.double(&column, &all, &mut twice);
                std::mem::swap(&mut column, &mut twice);
            }
        }
    }
    points
}

impl<C: Curve<D>, const D: usize> Table<C, D> {
    /// Makes the multiples.
    pub fn new(bases: &[C], windows: Windows, path: Path) -> Self {
        let ranks = ranks(bases.iter().map(|base| !base.is_zero()));
        let finite: Vec<C> = bases.iter().filter(|base| !base.is_zero()).copied().collect();
        let points = (finite.par_chunks(TOGETHER))
            .flat_map_iter(|bases| multiples::<C, D>(bases, windows, path))
            .collect();
        Table {
            path,
            windows,
            points,
            ranks,
            curve: std::marker::PhantomData,
        }
    }

    /// Of each base, 1 if it is not infinity, else 0: with the points, all that is in a file.
    pub fn finite(&self) -> Vec<u8> {
        self.ranks.iter().map(|rank| u8::from(rank.is_some())).collect()
    }

    /// From its parts. `None` where their numbers do not fit each other.
    pub fn from_parts(finite: Vec<u8>, points: Vec<Packed<D>>, windows: Windows, path: Path) -> Option<Self> {
        let bases = finite.iter().map(|finite| usize::from(*finite)).sum::<usize>();
        let fits = finite.iter().all(|finite| *finite < 2) && bases * windows.columns() as usize == points.len();
        fits.then(|| Table {
            path,
            windows,
            points,
            ranks: ranks(finite.iter().map(|finite| *finite == 1)),
            curve: std::marker::PhantomData,
        })
    }

    /// How scalars must be cut.
    pub fn windows(&self) -> Windows {
        self.windows
    }

    /// The number of bases.
    pub fn bases(&self) -> usize {
        self.ranks.len()
    }

    /// How its points are packed.
    pub fn path(&self) -> Path {
        self.path
    }

    /// All points.
    pub fn points(&self) -> &[Packed<D>] {
        &self.points
    }

    /// A digit's multiple; nothing of a base that is infinity.
    pub fn entry(&self, digit: Digit) -> Option<Entry> {
        let rank = self.ranks[digit.scalar()]?;
        Some(Entry::new(
            rank * self.windows.columns() + digit.column(),
            digit.is_negative(),
        ))
    }
}
