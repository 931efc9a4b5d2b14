//! A proving key, made ready: its queries as tables, its quotient over values.

use super::lagrange::{combined, from_powers};
use super::rows::Rows;
use crate::checkpoint::{Checkpoint, Watched};
use crate::error::ProveError;
use crate::memory::Spares;
use crate::msm::{Digit, Sorting, Table, Windows};
use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ff::{FftField, Field};
use ark_groth16::{ProvingKey, VerifyingKey};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use medproof_gadgets::shape::Matrices;
use medproof_keys::Progress;
use medproof_keys::circom::Zkey;
use medproof_lanes::Path;
use medproof_lanes::points::Packed;
use medproof_lanes::transform::Coset;
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
    // Of the circuit, the constant 1 included.
    pub(super) inputs: usize,
    pub(super) verifying: VerifyingKey<Bn254>,
    pub(super) a_rows: Rows,
    pub(super) b_rows: Rows,
    pub(super) third: Third,
    pub(super) coset: Coset,
    pub(super) a: Table<G1Affine, 1>,
    pub(super) b: Table<G2Affine, 2>,
    // What variables give the proof's third point, but for the quotient.
    pub(super) rest: Table<G1Affine, 1>,
    pub(super) quotient: Table<G1Affine, 1>,
    pub(super) workshop: Workshop,
}

/// What proofs work in.
#[derive(Default)]
pub(super) struct Workshop {
    pub(super) sorting: Sorting,
    pub(super) g1: Spares<Packed<1>>,
    pub(super) g2: Spares<Packed<2>>,
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
    /// Writing what was made.
    Writing,
}

impl fmt::Display for ReadyStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reading => "reading the prepared key",
            Self::Quotient => "preparing the quotient",
            Self::Tables => "making tables",
            Self::Writing => "writing the prepared key",
        })
    }
}

/// Where C·z comes from, and how it takes part.
pub(super) enum Third {
    /// From C, which is checked against A and B. What it gives the quotient is in the query of the
    /// rest: linear in z, it needs no transform.
    Rows(Rows),
    /// It is taken to be A·z times B·z, and subtracted from the quotient's values.
    Product,
}

// The parts of a key that become tables.
struct Queries<'a> {
    a: &'a [G1Affine],
    b: &'a [G2Affine],
    rest: &'a [G1Affine],
    quotient: &'a [G1Affine],
}

struct Tables {
    a: Table<G1Affine, 1>,
    b: Table<G2Affine, 2>,
    rest: Table<G1Affine, 1>,
    quotient: Table<G1Affine, 1>,
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
            rest: table(self.rest)?,
            b: {
                step()?;
                Table::new(self.b, windows, settings.path)?
            },
            quotient: {
                step()?;
                Table::new(self.quotient, settings.windows(self.quotient.len()), settings.path)?
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
        let (inputs, constraints) = (matrices.inputs(), matrices.constraints());
        let variables = inputs + matrices.witness();
        let [a, b, c] = matrices.abc() else {
            return Err(mismatch("matrices", 3, matrices.abc().len()));
        };
        let too_large = || mismatch("variables", Digit::MOST_SCALARS, variables);
        let domain = Radix2EvaluationDomain::<Fr>::new(constraints + inputs).ok_or_else(too_large)?;
        let n = domain.size();
        if variables > Digit::MOST_SCALARS || n > Digit::MOST_SCALARS {
            return Err(too_large());
        }
        for (part, expected, found) in [
            ("the A query", variables, key.a_query.len()),
            ("the B query in G2", variables, key.b_g2_query.len()),
            ("the L query", variables - inputs, key.l_query.len()),
            ("the H query", n - 1, key.h_query.len()),
        ] {
            if expected != found {
                return Err(mismatch(part, expected, found));
            }
        }
        // A row of A for each input, so that inputs are bound.
        let bound: Vec<Vec<(Fr, usize)>> = (0..inputs).map(|input| vec![(Fr::ONE, input)]).collect();
        let flat = |rows: &mut dyn Iterator<Item = &Vec<(Fr, usize)>>| {
            Rows::new(variables, rows.map(Vec::as_slice), settings.path).ok_or_else(too_large)
        };
        let a_rows = flat(&mut a.iter().chain(&bound))?;
        let (b_rows, c_rows) = (flat(&mut b.iter())?, flat(&mut c.iter())?);

        let third = Third::Rows(c_rows);
        let (shift, scale) = third.shift_and_scale(n).ok_or_else(too_large)?;
        let coset = Coset::new(settings.path, n, shift, scale).ok_or_else(too_large)?;
        let levels = u64::from(n.ilog2());
        let done = Cell::new(0);
        let level = || {
            progress.advance(ReadyStage::Quotient, done.get(), 2 * levels);
            done.set(done.get() + 1);
            Watched(progress).pass()
        };
        let values = |shift, factor| {
            from_powers(&key.h_query, &domain, shift, factor, settings.path, &level)?.ok_or_else(too_large)
        };
        let quotient = values(shift, Fr::ONE)?;
        let by_row = values(Fr::ONE, -scale)?;
        let mut rest = vec![G1Affine::identity(); inputs];
        rest.extend_from_slice(&key.l_query);
        if let Third::Rows(c_rows) = &third {
            rest = combined(&by_row, c_rows, variables, &rest, settings.path);
        }
        let queries = Queries {
            a: &key.a_query,
            b: &key.b_g2_query,
            rest: &rest,
            quotient: &quotient,
        };
        let tables = queries.tables(settings, progress)?;
        Ok(Ready::of(
            settings,
            inputs,
            key.vk.clone(),
            [a_rows, b_rows],
            third,
            coset,
            tables,
        ))
    }

    /// Prepares a key of any circom circuit.
    ///
    /// # Errors
    /// [`ProveError::Mismatch`] if it has too many variables, [`ProveError::Cancelled`].
    pub fn of_zkey(key: &Zkey, settings: Settings, progress: &dyn Progress<ReadyStage>) -> Result<Ready, ProveError> {
        let (variables, n) = (key.a_query.len(), key.domain);
        let too_large = || mismatch("variables", Digit::MOST_SCALARS, variables.max(n));
        if variables > Digit::MOST_SCALARS || n > Digit::MOST_SCALARS {
            return Err(too_large());
        }
        let flat = |rows: &[Vec<(Fr, usize)>]| {
            Rows::new(variables, rows.iter().map(Vec::as_slice), settings.path).ok_or_else(too_large)
        };
        let third = Third::Product;
        let (shift, scale) = third.shift_and_scale(n).ok_or_else(too_large)?;
        let coset = Coset::new(settings.path, n, shift, scale).ok_or_else(too_large)?;
        let rest = [vec![G1Affine::identity(); key.public + 1], key.l_query.clone()].concat();
        let queries = Queries {
            a: &key.a_query,
            b: &key.b_g2_query,
            rest: &rest,
            quotient: &key.h_query,
        };
        let tables = queries.tables(settings, progress)?;
        let verifying = VerifyingKey {
            alpha_g1: key.alpha_g1,
            beta_g2: key.beta_g2,
            gamma_g2: key.gamma_g2,
            delta_g2: key.delta_g2,
            gamma_abc_g1: key.ic.clone(),
        };
        let rows = [flat(&key.a)?, flat(&key.b)?];
        Ok(Ready::of(
            settings,
            key.public + 1,
            verifying,
            rows,
            third,
            coset,
            tables,
        ))
    }

    fn of(
        settings: Settings,
        inputs: usize,
        verifying: VerifyingKey<Bn254>,
        [a_rows, b_rows]: [Rows; 2],
        third: Third,
        coset: Coset,
        tables: Tables,
    ) -> Ready {
        Ready {
            settings,
            inputs,
            verifying,
            a_rows,
            b_rows,
            third,
            coset,
            a: tables.a,
            b: tables.b,
            rest: tables.rest,
            quotient: tables.quotient,
            workshop: Workshop::default(),
        }
    }

    /// What proofs verify under.
    #[must_use]
    pub fn verifying(&self) -> &VerifyingKey<Bn254> {
        &self.verifying
    }

    /// Public inputs and the constant 1.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// All variables.
    #[must_use]
    pub fn variables(&self) -> usize {
        self.a.bases()
    }

    /// Elements of the domain.
    #[must_use]
    pub fn domain(&self) -> usize {
        self.coset.size()
    }

    /// Bytes of its tables.
    #[must_use]
    pub fn table_bytes(&self) -> usize {
        let g1 = [&self.a, &self.rest, &self.quotient];
        g1.map(|table| size_of_val(table.points())).iter().sum::<usize>() + size_of_val(self.b.points())
    }
}

impl Third {
    /// C's rows, where they are known.
    pub(super) fn rows(&self) -> Option<&Rows> {
        match self {
            Third::Rows(rows) => Some(rows),
            Third::Product => None,
        }
    }

    /// The coset on which the quotient's values are the scalars of its query, and what products of
    /// values there are multiplied by. `None` where the field has no such coset.
    ///
    /// With rows, any coset will do, and what vanishes on the domain is the same all over it; a
    /// `.zkey`'s query is for the coset by a root of twice the domain's order, and has that in it.
    pub(super) fn shift_and_scale(&self, domain: usize) -> Option<(Fr, Fr)> {
        match self {
            Third::Rows(_) => {
                let shift = Fr::GENERATOR;
                Some((shift, (shift.pow([domain as u64]) - Fr::ONE).inverse()?))
            }
            Third::Product => Some((Fr::get_root_of_unity(2 * domain as u64)?, Fr::ONE)),
        }
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

fn mismatch(part: &'static str, expected: usize, found: usize) -> ProveError {
    ProveError::Mismatch { part, expected, found }
}
