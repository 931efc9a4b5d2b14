//! Multiples of a query's bases, made once for a key.

use super::digits::{Digit, Windows};
use crate::memory::{Large, OutOfMemory};
use medproof_lanes::Path;
use medproof_lanes::adder::Adder;
use medproof_lanes::points::{Curve, Entry, Packed};
use rayon::prelude::*;

/// 2^(stride·column) times each base that is not infinity.
pub struct Table<C: Curve<D>, const D: usize> {
    path: Path,
    windows: Windows,
    // All columns of a base, then those of the next.
    points: Large<Packed<D>>,
    finite: Finite,
    curve: std::marker::PhantomData<C>,
}

/// Which bases are not infinity, and the place of each among those: a bit each, so that what every
/// digit asks stays in the first-level cache.
struct Finite {
    bases: usize,
    // Of 64 bases each: the bits, and how many are finite before them.
    words: Vec<(u64, u32)>,
}

impl Finite {
    fn new(bases: usize, finite: impl Fn(usize) -> bool) -> Finite {
        let mut before = 0;
        let words = (0..bases.div_ceil(64)).map(|word| {
            let places = 64 * word..bases.min(64 * (word + 1));
            let bits = places.filter(|i| finite(*i)).fold(0u64, |bits, i| bits | 1 << (i % 64));
            let this = (bits, before);
            before += bits.count_ones();
            this
        });
        Finite {
            bases,
            words: words.collect(),
        }
    }

    // How many are finite before it, and whether it is.
    #[inline]
    fn rank(&self, base: usize) -> (u32, bool) {
        let (bits, before) = self.words[base / 64];
        let bit = 1u64 << (base % 64);
        (before + (bits & (bit - 1)).count_ones(), bits & bit != 0)
    }
}

// Bases that are doubled with one inversion.
const TOGETHER: usize = 1024;

// All columns of these bases.
fn multiples<C: Curve<D>, const D: usize>(bases: &[C], windows: Windows, path: Path, points: &mut [Packed<D>]) {
    let columns = windows.columns() as usize;
    let mut adder = Adder::<C, D>::new(path, bases.len());
    let all: Vec<[Entry; 2]> = (0..bases.len() as u32).map(|i| [Entry::new(i, false); 2]).collect();
    let mut column: Vec<Packed<D>> = bases.iter().map(|base| base.pack(path)).collect();
    let mut twice = column.clone();
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
}

impl<C: Curve<D>, const D: usize> Table<C, D> {
    /// Makes the multiples.
    ///
    /// # Errors
    /// [`OutOfMemory`].
    pub fn new(bases: &[C], windows: Windows, path: Path) -> Result<Self, OutOfMemory> {
        let finite = Finite::new(bases.len(), |i| !bases[i].is_zero());
        let bases: Vec<C> = bases.iter().filter(|base| !base.is_zero()).copied().collect();
        let columns = windows.columns() as usize;
        let mut points = Large::zeroed(bases.len() * columns)?;
        (bases
            .par_chunks(TOGETHER)
            .zip(points.par_chunks_mut(TOGETHER * columns)))
        .for_each(|(bases, points)| multiples::<C, D>(bases, windows, path, points));
        Ok(Table {
            path,
            windows,
            points,
            finite,
            curve: std::marker::PhantomData,
        })
    }

    /// Of each base, 1 if it is not infinity, else 0: with the points, all that is in a file.
    pub fn finite(&self) -> Vec<u8> {
        (0..self.finite.bases)
            .map(|base| u8::from(self.finite.rank(base).1))
            .collect()
    }

    /// From its parts. `None` where their numbers do not fit each other.
    pub fn from_parts(finite: Vec<u8>, points: Large<Packed<D>>, windows: Windows, path: Path) -> Option<Self> {
        let bases = finite.iter().map(|finite| usize::from(*finite)).sum::<usize>();
        let fits = finite.iter().all(|finite| *finite < 2) && bases * windows.columns() as usize == points.len();
        fits.then(|| Table {
            path,
            windows,
            points,
            finite: Finite::new(finite.len(), |i| finite[i] == 1),
            curve: std::marker::PhantomData,
        })
    }

    /// How scalars must be cut.
    pub fn windows(&self) -> Windows {
        self.windows
    }

    /// The number of bases.
    pub fn bases(&self) -> usize {
        self.finite.bases
    }

    /// How its points are packed.
    pub fn path(&self) -> Path {
        self.path
    }

    /// All points.
    pub fn points(&self) -> &[Packed<D>] {
        &self.points
    }

    /// Adds the digits' multiples; nothing of a base that is infinity.
    pub fn entries(&self, digits: &[Digit], out: &mut Vec<Entry>) {
        let columns = self.windows.columns();
        let mut end = out.len();
        // A digit of infinity leaves its entry to be written over: which base is finite, no branch
        // could foresee.
        out.resize(end + digits.len(), Entry::new(0, false));
        for digit in digits {
            let (rank, finite) = self.finite.rank(digit.scalar());
            let at = rank.wrapping_mul(columns).wrapping_add(digit.column());
            out[end] = Entry::new(at, digit.is_negative());
            end += usize::from(finite);
        }
        out.truncate(end);
    }
}
