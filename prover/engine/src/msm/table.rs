//! Multiples of a query's bases, made once for a key.

use super::digits::{Digit, Windows};
use ark_ec::{AdditiveGroup, AffineRepr, CurveGroup};
use medproof_lanes::Path;
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

// Bases whose multiples are brought to affine form with one inversion.
const TOGETHER: usize = 512;

impl<C: Curve<D>, const D: usize> Table<C, D> {
    /// Makes the multiples.
    pub fn new(bases: &[C], windows: Windows, path: Path) -> Self {
        let ranks = (bases.iter())
            .scan(0, |next, base| {
                let rank = *next;
                *next += u32::from(!base.is_zero());
                Some((!base.is_zero()).then_some(rank))
            })
            .collect();
        let finite: Vec<C> = bases.iter().filter(|base| !base.is_zero()).copied().collect();
        let columns = windows.columns() as usize;
        let multiples = |bases: &[C]| -> Vec<Packed<D>> {
            let mut points: Vec<C::Group> = Vec::with_capacity(bases.len() * columns);
            for base in bases {
                let mut multiple = base.into_group();
                points.push(multiple);
                for _ in 1..columns {
                    for _ in 0..windows.stride() {
                        multiple.double_in_place();
                    }
                    points.push(multiple);
                }
            }
            C::Group::normalize_batch(&points).iter().map(|p| p.pack(path)).collect()
        };
        let points = finite.par_chunks(TOGETHER).flat_map_iter(multiples).collect();
        Table {
            path,
            windows,
            points,
            ranks,
            curve: std::marker::PhantomData,
        }
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
        Some(Entry::new(rank * self.windows.columns() + digit.column(), digit.is_negative()))
    }
}
