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
    pub(super) rows: [Rows; 3],
    pub(super) inputs: usize,
    pub(super) constraints: usize,
    pub(super) coset: Coset,
    pub(super) a: Table<G1Affine, 1>,
    pub(super) b_g1: Table<G1Affine, 1>,
    pub(super) b_g2: Table<G2Affine, 2>,
    // What the private variables give C, and what every variable gives it by way of C·z, which the
    // quotient then leaves out.
    pub(super) rest: Table<G1Affine, 1>,
    pub(super) quotient: Table<G1Affine, 1>,
    pub(super) alpha_g1: G1Projective,
    pub(super) beta_g1: G1Projective,
    pub(super) beta_g2: G2Projective,
    pub(super) delta_g1: G1Projective,
    pub(super) delta_g2: G2Projective,
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
        let rows = |matrix: &'_ [Vec<(Fr, usize)>]| {
            Rows::new(variables, matrix.iter().map(Vec::as_slice)).ok_or_else(too_large)
        };
        let rows = [rows(a)?, rows(b)?, rows(c)?];

        let shift = Fr::GENERATOR;
        // What vanishes on the domain is the same all over a coset.
        let vanishing = (shift.pow([n as u64]) - Fr::ONE).inverse().ok_or_else(too_large)?;
        let coset = Coset::new(settings.path, n, shift, vanishing).ok_or_else(too_large)?;
        let quotient = from_powers(&key.h_query, &domain, shift, Fr::ONE, settings.path).ok_or_else(too_large)?;
        let by_row = from_powers(&key.h_query, &domain, Fr::ONE, -vanishing, settings.path).ok_or_else(too_large)?;
        let none = vec![G1Affine::identity(); inputs];
        let rest = combined(&by_row, &rows[2], variables, &[none, key.l_query.clone()].concat(), settings.path);

        let windows = settings.windows(variables);
        let table = |bases: &[G1Affine]| Table::new(bases, windows, settings.path);
        Ok(Ready {
            inputs,
            constraints,
            coset,
            a: table(&key.a_query),
            b_g1: table(&key.b_g1_query),
            b_g2: Table::new(&key.b_g2_query, windows, settings.path),
            rest: table(&rest),
            quotient: Table::new(&quotient, settings.windows(n), settings.path),
            rows,
            alpha_g1: key.vk.alpha_g1.into(),
            beta_g1: key.beta_g1.into(),
            beta_g2: key.vk.beta_g2.into(),
            delta_g1: key.delta_g1.into(),
            delta_g2: key.vk.delta_g2.into(),
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
