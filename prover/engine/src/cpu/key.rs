//! A proving key, made ready: its queries as tables, its quotient over values.

use super::lagrange::{combined, from_powers};
use super::rows::Rows;
use crate::error::ProveError;
use crate::msm::{Digit, Table, Windows};
use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ff::{FftField, Field};
use ark_groth16::ProvingKey;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use medproof_gadgets::shape::Matrices;
use medproof_keys::circom::Zkey;
use medproof_lanes::Path;
use medproof_lanes::transform::Coset;

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
    pub(super) a_rows: Rows,
    pub(super) b_rows: Rows,
    pub(super) third: Third,
    pub(super) coset: Coset,
    pub(super) a: Table<G1Affine, 1>,
    pub(super) b_g1: Table<G1Affine, 1>,
    pub(super) b_g2: Table<G2Affine, 2>,
    // What variables give the proof's third point, but for the quotient.
    pub(super) rest: Table<G1Affine, 1>,
    pub(super) quotient: Table<G1Affine, 1>,
    pub(super) alpha_g1: G1Projective,
    pub(super) beta_g1: G1Projective,
    pub(super) beta_g2: G2Projective,
    pub(super) delta_g1: G1Projective,
    pub(super) delta_g2: G2Projective,
}

/// Where C·z comes from, and how it takes part.
pub(super) enum Third {
    /// From C, which is checked against A and B. What it gives the quotient is in the query of the
    /// rest: linear in z, it needs no transform.
    Rows(Rows),
    /// It is taken to be A·z times B·z, and subtracted from the quotient's values.
    Product,
}

impl Ready {
    /// Prepares a key of this circuit.
    ///
    /// # Errors
    /// [`ProveError::Mismatch`] if they do not fit each other.
    pub fn new(matrices: &Matrices, key: &ProvingKey<Bn254>, settings: Settings) -> Result<Ready, ProveError> {
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
            ("the B query in G1", variables, key.b_g1_query.len()),
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
            Rows::new(variables, rows.map(Vec::as_slice)).ok_or_else(too_large)
        };
        let a_rows = flat(&mut a.iter().chain(&bound))?;
        let (b_rows, c_rows) = (flat(&mut b.iter())?, flat(&mut c.iter())?);

        let shift = Fr::GENERATOR;
        // What vanishes on the domain is the same all over a coset.
        let vanishing = (shift.pow([n as u64]) - Fr::ONE).inverse().ok_or_else(too_large)?;
        let coset = Coset::new(settings.path, n, shift, vanishing).ok_or_else(too_large)?;
        let quotient = from_powers(&key.h_query, &domain, shift, Fr::ONE, settings.path).ok_or_else(too_large)?;
        let by_row = from_powers(&key.h_query, &domain, Fr::ONE, -vanishing, settings.path).ok_or_else(too_large)?;
        let none = vec![G1Affine::identity(); inputs];
        let rest = combined(
            &by_row,
            &c_rows,
            variables,
            &[none, key.l_query.clone()].concat(),
            settings.path,
        );

        let windows = settings.windows(variables);
        let table = |bases: &[G1Affine]| Table::new(bases, windows, settings.path);
        Ok(Ready {
            coset,
            a: table(&key.a_query),
            b_g1: table(&key.b_g1_query),
            b_g2: Table::new(&key.b_g2_query, windows, settings.path),
            rest: table(&rest),
            quotient: Table::new(&quotient, settings.windows(n), settings.path),
            a_rows,
            b_rows,
            third: Third::Rows(c_rows),
            alpha_g1: key.vk.alpha_g1.into(),
            beta_g1: key.beta_g1.into(),
            beta_g2: key.vk.beta_g2.into(),
            delta_g1: key.delta_g1.into(),
            delta_g2: key.vk.delta_g2.into(),
        })
    }
}

impl Ready {
    /// Prepares a key of any circom circuit.
    ///
    /// # Errors
    /// [`ProveError::Mismatch`] if it has too many variables.
    pub fn of_zkey(key: &Zkey, settings: Settings) -> Result<Ready, ProveError> {
        let (variables, n) = (key.a_query.len(), key.domain);
        let too_large = || mismatch("variables", Digit::MOST_SCALARS, variables.max(n));
        if variables > Digit::MOST_SCALARS || n > Digit::MOST_SCALARS {
            return Err(too_large());
        }
        let flat =
            |rows: &[Vec<(Fr, usize)>]| Rows::new(variables, rows.iter().map(Vec::as_slice)).ok_or_else(too_large);
        // The key's values are those on the coset by a root of twice the domain's order.
        let shift = Fr::get_root_of_unity(2 * n as u64).ok_or_else(too_large)?;
        let coset = Coset::new(settings.path, n, shift, Fr::ONE).ok_or_else(too_large)?;
        let rest = [vec![G1Affine::identity(); key.public + 1], key.l_query.clone()].concat();
        let windows = settings.windows(variables);
        let table = |bases: &[G1Affine]| Table::new(bases, windows, settings.path);
        Ok(Ready {
            a_rows: flat(&key.a)?,
            b_rows: flat(&key.b)?,
            third: Third::Product,
            coset,
            a: table(&key.a_query),
            b_g1: table(&key.b_g1_query),
            b_g2: Table::new(&key.b_g2_query, windows, settings.path),
            rest: table(&rest),
            quotient: Table::new(&key.h_query, settings.windows(n), settings.path),
            alpha_g1: key.alpha_g1.into(),
            beta_g1: key.beta_g1.into(),
            beta_g2: key.beta_g2.into(),
            delta_g1: key.delta_g1.into(),
            delta_g2: key.delta_g2.into(),
        })
    }
}

impl Settings {
    // Additions are bases·windows + 2·buckets: the least of it.
    fn windows(self, bases: usize) -> Windows {
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
