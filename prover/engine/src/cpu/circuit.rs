//! What every prover of a key does on the host: its rows, its quotient's values. And the queries that
//! are left to be summed, wherever that is.

use super::key::ReadyStage;
use super::lagrange::{combined, from_powers};
use super::rows::Rows;
use crate::checkpoint::{Checkpoint, Watched};
use crate::error::ProveError;
use crate::memory::{Buffer, Spare, Spares};
use crate::msm::Digit;
use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ff::{FftField, Field};
use ark_groth16::{ProvingKey, VerifyingKey};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use medproof_gadgets::shape::Matrices;
use medproof_keys::Progress;
use medproof_keys::circom::Zkey;
use medproof_lanes::Path;
use medproof_lanes::transform::{Coset, Values};
use rayon::prelude::*;
use std::borrow::Cow;
use std::cell::Cell;

/// A key without its queries.
pub(crate) struct Circuit {
    // The constant 1 included.
    pub(super) inputs: usize,
    pub(super) verifying: VerifyingKey<Bn254>,
    pub(super) a_rows: Rows,
    pub(super) b_rows: Rows,
    pub(super) third: Third,
    pub(super) coset: Coset,
    pub(super) scratch: Scratch,
}

/// What proofs work in.
#[derive(Default)]
pub(super) struct Scratch {
    numbers: Spares<Buffer<Fr>>,
    on_coset: Spares<Values>,
}

/// A key's queries: the first three are summed by the variables' values, the last by the quotient's.
pub(crate) struct Queries<'a> {
    pub(crate) a: &'a [G1Affine],
    pub(crate) b: &'a [G2Affine],
    // What variables give the proof's third point, but for the quotient.
    pub(crate) rest: Vec<G1Affine>,
    pub(crate) quotient: Cow<'a, [G1Affine]>,
}

/// Where C·z comes from, and how it takes part.
pub(super) enum Third {
    /// From C, which is checked against A and B. What it gives the quotient is in the query of the
    /// rest: linear in z, it needs no transform.
    Rows(Rows),
    /// It is taken to be A·z times B·z, and subtracted from the quotient's values.
    Product,
}

/// What the rows of a circuit's matrices give for a witness: A·z and B·z, as long as the domain, and
/// A·z times B·z where C is not known. Wiped when dropped.
pub struct Products {
    pub(crate) a: Spare<Buffer<Fr>>,
    pub(crate) b: Spare<Buffer<Fr>>,
    pub(crate) c: Option<Spare<Buffer<Fr>>>,
}

impl Circuit {
    /// Of a key of this circuit.
    ///
    /// # Errors
    /// [`ProveError::Mismatch`] if they do not fit each other, [`ProveError::Cancelled`].
    pub(crate) fn of_key<'a>(
        matrices: &Matrices,
        key: &'a ProvingKey<Bn254>,
        path: Path,
        progress: &dyn Progress<ReadyStage>,
    ) -> Result<(Circuit, Queries<'a>), ProveError> {
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
            Rows::new(variables, rows.map(Vec::as_slice), path).ok_or_else(too_large)
        };
        let a_rows = flat(&mut a.iter().chain(&bound))?;
        let (b_rows, c_rows) = (flat(&mut b.iter())?, flat(&mut c.iter())?);

        let third = Third::Rows(c_rows);
        let (shift, scale) = third.shift_and_scale(n).ok_or_else(too_large)?;
        let coset = Coset::new(path, n, shift, scale).ok_or_else(too_large)?;
        let levels = u64::from(n.ilog2());
        let done = Cell::new(0);
        let level = || {
            progress.advance(ReadyStage::Quotient, done.get(), 2 * levels);
            done.set(done.get() + 1);
            Watched(progress).pass()
        };
        let values =
            |shift, factor| from_powers(&key.h_query, &domain, shift, factor, path, &level)?.ok_or_else(too_large);
        let quotient = values(shift, Fr::ONE)?;
        let by_row = values(Fr::ONE, -scale)?;
        let mut rest = vec![G1Affine::identity(); inputs];
        rest.extend_from_slice(&key.l_query);
        if let Third::Rows(c_rows) = &third {
            rest = combined(&by_row, c_rows, variables, &rest, path);
        }
        let circuit = Circuit {
            inputs,
            verifying: key.vk.clone(),
            a_rows,
            b_rows,
            third,
            coset,
            scratch: Scratch::default(),
        };
        let queries = Queries {
            a: &key.a_query,
            b: &key.b_g2_query,
            rest,
            quotient: Cow::Owned(quotient),
        };
        Ok((circuit, queries))
    }

    /// Of a key of any circom circuit.
    ///
    /// # Errors
    /// [`ProveError::Mismatch`] if it has too many variables.
    pub(crate) fn of_zkey(key: &Zkey, path: Path) -> Result<(Circuit, Queries<'_>), ProveError> {
        let (variables, n) = (key.a_query.len(), key.domain);
        let too_large = || mismatch("variables", Digit::MOST_SCALARS, variables.max(n));
        if variables > Digit::MOST_SCALARS || n > Digit::MOST_SCALARS {
            return Err(too_large());
        }
        let flat = |rows: &[Vec<(Fr, usize)>]| {
            Rows::new(variables, rows.iter().map(Vec::as_slice), path).ok_or_else(too_large)
        };
        let third = Third::Product;
        let (shift, scale) = third.shift_and_scale(n).ok_or_else(too_large)?;
        let inputs = key.public + 1;
        let circuit = Circuit {
            inputs,
            verifying: VerifyingKey {
                alpha_g1: key.alpha_g1,
                beta_g2: key.beta_g2,
                gamma_g2: key.gamma_g2,
                delta_g2: key.delta_g2,
                gamma_abc_g1: key.ic.clone(),
            },
            a_rows: flat(&key.a)?,
            b_rows: flat(&key.b)?,
            third,
            coset: Coset::new(path, n, shift, scale).ok_or_else(too_large)?,
            scratch: Scratch::default(),
        };
        let queries = Queries {
            a: &key.a_query,
            b: &key.b_g2_query,
            rest: [vec![G1Affine::identity(); inputs], key.l_query.clone()].concat(),
            quotient: Cow::Borrowed(&key.h_query),
        };
        Ok((circuit, queries))
    }

    pub(crate) fn verifying(&self) -> &VerifyingKey<Bn254> {
        &self.verifying
    }

    pub(crate) fn variables(&self) -> usize {
        self.a_rows.columns()
    }

    pub(crate) fn coset(&self) -> &Coset {
        &self.coset
    }

    /// Multiplies the rows by the values of all variables, and checks them where C is known.
    ///
    /// # Errors
    /// [`ProveError::Mismatch`] for another circuit's values, [`ProveError::Unsatisfied`] with the
    /// first row that fails.
    pub(crate) fn products(&self, z: &[Fr]) -> Result<Products, ProveError> {
        if z.len() != self.variables() {
            return Err(mismatch("variables", self.variables(), z.len()));
        }
        let n = self.coset.size();
        let of = |rows: &Rows, length| {
            let mut out = self.scratch.numbers.items(length);
            rows.multiply(z, &mut out[..rows.len()]);
            out
        };
        let (a, b) = rayon::join(|| of(&self.a_rows, n), || of(&self.b_rows, n));
        let c = match &self.third {
            Third::Rows(rows) => {
                let c = of(rows, rows.len());
                let fails = |row: usize| a[row] * b[row] != c[row];
                if let Some(row) = (0..rows.len()).into_par_iter().find_first(|row| fails(*row)) {
                    return Err(ProveError::Unsatisfied { row });
                }
                None
            }
            Third::Product => {
                let mut c = self.scratch.numbers.items(n);
                (c.par_iter_mut().zip(&**a).zip(&**b)).for_each(|((c, a), b)| *c = *a * b);
                Some(c)
            }
        };
        Ok(Products { a, b, c })
    }

    /// The quotient's values on the coset, but for what C·z takes of them where that is in the key.
    ///
    /// # Errors
    /// [`ProveError::Cancelled`] at a checkpoint.
    pub(crate) fn quotient(
        &self,
        mut products: Products,
        checkpoint: &dyn Checkpoint,
    ) -> Result<Spare<Buffer<Fr>>, ProveError> {
        let extend = |values: &[Fr]| {
            checkpoint.pass()?;
            Ok::<_, ProveError>(self.extended(values))
        };
        let ((a, b), c) = rayon::join(
            || rayon::join(|| extend(&products.a), || extend(&products.b)),
            || products.c.as_ref().map(|c| extend(c)).transpose(),
        );
        let (a, b, c) = (a?, b?, c?);
        self.coset.multiply(&a, &b, c.as_deref(), &mut products.a);
        checkpoint.pass()?;
        Ok(products.a)
    }

    /// From values on the domain to values on the coset.
    pub(super) fn extended(&self, values: &[Fr]) -> Spare<Values> {
        let mut on_coset = self.scratch.on_coset.any();
        self.coset.extend(values, &mut on_coset);
        on_coset
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

fn mismatch(part: &'static str, expected: usize, found: usize) -> ProveError {
    ProveError::Mismatch { part, expected, found }
}
