//! A proving key, made ready for the cores: its queries as tables.

use super::circuit::{Circuit, Queries};
use crate::checkpoint::{Checkpoint, Watched};
use crate::error::ProveError;
use crate::msm::{Bench, Sorting, Table, Windows};
use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_groth16::{ProvingKey, VerifyingKey};
use medproof_gadgets::shape::Matrices;
use medproof_keys::Progress;
use medproof_keys::circom::Zkey;
use medproof_lanes::Path;
use std::cell::Cell;
use std::fmt;

/// What a key's time is traded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bits of a window, or as the number of variables suggests.
    pub window: Option<u32>,
    /// Sets of buckets: with 1, tables hold every window's multiples and are largest.
    pub sets: u32,
    /// How points are worked on.
    pub path: Path,
}

impl Settings {
    /// For the least memory: each base once, and as many sets of buckets as there are windows.
    #[must_use]
    pub fn lean() -> Self {
        Settings {
            sets: u32::MAX,
            ..Self::default()
        }
    }

    /// As on a machine without AVX-512: to compare, and to test what such machines do.
    #[must_use]
    pub fn portable() -> Self {
        Settings {
            path: Path::Portable,
            ..Self::default()
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            window: None,
            sets: 1,
            path: Path::best(),
        }
    }
}

/// A key that proofs can be made with at once.
pub struct Ready {
    pub(super) settings: Settings,
    pub(super) circuit: Circuit,
    pub(super) tables: Tables,
    pub(super) workshop: Workshop,
}

/// Of a key's queries.
pub(super) struct Tables {
    pub(super) a: Table<G1Affine, 1>,
    pub(super) b: Table<G2Affine, 2>,
    pub(super) rest: Table<G1Affine, 1>,
    pub(super) quotient: Table<G1Affine, 1>,
}

/// What proofs work in.
#[derive(Default)]
pub(super) struct Workshop {
    pub(super) sorting: Sorting,
    pub(super) g1: Bench<G1Affine, 1>,
    pub(super) g2: Bench<G2Affine, 2>,
}

/// What making a key ready is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadyStage {
    /// Reading what was made before.
    Reading,
    /// The quotient's query, from powers to values, and C's part in it; in transforms' levels.
    Quotient,
    /// The multiples of every query's bases; in queries.
    Tables,
    /// Sending every query's bases to a device; in queries.
    Sending,
    /// Writing what was made.
    Writing,
}

impl fmt::Display for ReadyStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reading => "reading the prepared key",
            Self::Quotient => "preparing the quotient",
            Self::Tables => "making tables",
            Self::Sending => "sending the key to the device",
            Self::Writing => "writing the prepared key",
        })
    }
}

const QUERIES: u64 = 4;

impl Queries<'_> {
    fn tables(&self, settings: Settings, progress: &dyn Progress<ReadyStage>) -> Result<Tables, ProveError> {
        let windows = settings.windows(self.a.len());
        let done = Cell::new(0);
        let step = || {
            progress.advance(ReadyStage::Tables, done.get(), QUERIES);
            done.set(done.get() + 1);
            Watched(progress).pass()
        };
        let table = |bases: &[G1Affine]| {
            step()?;
            Ok::<_, ProveError>(Table::new(bases, windows, settings.path)?)
        };
        let tables = Tables {
            a: table(self.a)?,
            rest: table(&self.rest)?,
            b: {
                step()?;
                Table::new(self.b, windows, settings.path)?
            },
            quotient: {
                step()?;
                Table::new(&self.quotient, settings.windows(self.quotient.len()), settings.path)?
            },
        };
        step()?;
        Ok(tables)
    }
}

impl Ready {
    /// Prepares a key of this circuit.
    ///
    /// # Errors
    /// [`ProveError::Mismatch`] if they do not fit each other, [`ProveError::Cancelled`].
    pub fn new(
        matrices: &Matrices,
        key: &ProvingKey<Bn254>,
        settings: Settings,
        progress: &dyn Progress<ReadyStage>,
    ) -> Result<Ready, ProveError> {
        let parts = Circuit::of_key(matrices, key, settings.path, progress)?;
        Ready::of(parts, settings, progress)
    }

    /// Prepares a key of any circom circuit.
    ///
    /// # Errors
    /// [`ProveError::Mismatch`] if it has too many variables, [`ProveError::Cancelled`].
    pub fn of_zkey(key: &Zkey, settings: Settings, progress: &dyn Progress<ReadyStage>) -> Result<Ready, ProveError> {
        Ready::of(Circuit::of_zkey(key, settings.path)?, settings, progress)
    }

    fn of(
        (circuit, queries): (Circuit, Queries<'_>),
        settings: Settings,
        progress: &dyn Progress<ReadyStage>,
    ) -> Result<Ready, ProveError> {
        let tables = queries.tables(settings, progress)?;
        Ok(Ready {
            settings,
            circuit,
            tables,
            workshop: Workshop::default(),
        })
    }

    /// What proofs verify under.
    #[must_use]
    pub fn verifying(&self) -> &VerifyingKey<Bn254> {
        self.circuit.verifying()
    }

    /// Public inputs and the constant 1.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.circuit.inputs
    }

    /// All variables.
    #[must_use]
    pub fn variables(&self) -> usize {
        self.circuit.variables()
    }

    /// Elements of the domain.
    #[must_use]
    pub fn domain(&self) -> usize {
        self.circuit.coset.size()
    }

    /// Bytes of its tables.
    #[must_use]
    pub fn table_bytes(&self) -> usize {
        let Tables { a, b, rest, quotient } = &self.tables;
        let g1 = [a, rest, quotient].map(|table| size_of_val(table.points()));
        g1.iter().sum::<usize>() + size_of_val(b.points())
    }
}

impl Settings {
    /// How scalars are cut for so many bases: additions are bases·windows + 2·buckets, the least of
    /// it.
    #[must_use]
    pub fn windows(self, bases: usize) -> Windows {
        let cost = |windows: &Windows| {
            bases * (windows.columns() * windows.sets()) as usize + 2 * windows.buckets() * windows.sets() as usize
        };
        let widths = match self.window {
            Some(bits) => bits..=bits,
            None => 4..=18,
        };
        let all = widths.filter_map(|bits| Windows::new(bits, self.sets.max(1)));
        all.min_by_key(cost).unwrap_or(Windows::NARROW)
    }
}
