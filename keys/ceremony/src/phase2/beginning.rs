//! That an initial key follows from powers, without computing it: sums with random numbers.
//!
//! A query's points are, for each variable j, Σ_i a_ij·L_i(τ), with a column of a matrix. For random r_j of 128 bits
//! Σ_j r_j·(its point) must be Σ_i (Σ_j r_j·a_ij)·L_i(τ): a wrong point survives with probability 2^-128. The sum over
//! Lagrange forms is one over powers, with the coefficients of the polynomial that has these values.

use super::initial::{circuit_hash, first, require_enough};
use super::{Initial, Phase2Error};
use crate::phase1::{Section, Verified};
use crate::progress::{Meter, Stage};
use crate::ratio::coefficients;
use crate::subgroup::first_outside;
use ark_bn254::{Fr, G1Affine, G1Projective, G2Projective};
use ark_ec::{CurveGroup, VariableBaseMSM};
use ark_ff::Zero;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use medproof_gadgets::shape::Matrices;
use medproof_keys::Progress;
use medproof_keys::circom::Zkey;
use rayon::prelude::*;

// Parts that are compared one by one, and the circuit's hash.
const PARTS: u64 = 7;

impl Initial {
    /// A key that is said to be a circuit's initial one, from these powers: all of it is checked.
    ///
    /// # Errors
    /// [`Phase2Error::NotInitial`], [`Phase2Error::Misfit`]; [`Phase2Error::Other`] with the part that is not of these
    /// powers; those of [`Initial::new`].
    pub fn checked(
        matrices: &Matrices,
        key: Zkey,
        powers: &Verified,
        progress: &dyn Progress<Stage>,
    ) -> Result<Initial, Phase2Error> {
        require_enough(&matrices.shape(), powers)?;
        let initial = Initial::stated(matrices, key)?;
        let mut meter = Meter::new(progress, Stage::Queries, PARTS);
        Beginning::new(matrices, initial.key(), powers)?.check(&mut meter)?;
        Ok(initial)
    }
}

struct Beginning<'a> {
    key: &'a Zkey,
    powers: &'a Verified,
    domain: Radix2EvaluationDomain<Fr>,
    // Random, for each variable.
    weights: Vec<Fr>,
    // A, B and C times the weights, in rows: of all variables, and of the public inputs alone.
    rows: [Vec<Fr>; 3],
    public: [Vec<Fr>; 3],
}

fn other(part: &'static str) -> Phase2Error {
    Phase2Error::Other { part }
}

fn require(part: &'static str, holds: bool) -> Result<(), Phase2Error> {
    if holds { Ok(()) } else { Err(other(part)) }
}

impl<'a> Beginning<'a> {
    fn new(matrices: &Matrices, key: &'a Zkey, powers: &'a Verified) -> Result<Beginning<'a>, Phase2Error> {
        let weights = coefficients(matrices.inputs() + matrices.witness())?;
        let domain = Radix2EvaluationDomain::new(key.domain).ok_or_else(|| other("the domain"))?;
        let c = matrices.abc().get(2).map(Vec::as_slice).unwrap_or_default();
        let all = |rows: &[Vec<(Fr, usize)>], columns: usize| -> Vec<Fr> {
            let of = |row: &Vec<(Fr, usize)>| -> Fr {
                let counted = row.iter().filter(|(_, column)| *column < columns);
                counted
                    .filter_map(|(factor, column)| Some(*factor * weights.get(*column)?))
                    .sum()
            };
            let mut values: Vec<Fr> = rows.par_iter().map(of).collect();
            values.resize(key.domain, Fr::zero());
            values
        };
        let three = |columns| [all(&key.a, columns), all(&key.b, columns), all(c, columns)];
        Ok(Beginning {
            key,
            powers,
            domain,
            rows: three(weights.len()),
            public: three(matrices.inputs()),
            weights,
        })
    }

    fn check(&self, meter: &mut Meter<'_>) -> Result<(), Phase2Error> {
        let Beginning { key, powers, .. } = self;
        require("alpha", key.alpha_g1 == first(&powers.g1(Section::AlphaTauG1, 0, 1)?))?;
        require(
            "beta in G1",
            key.beta_g1 == first(&powers.g1(Section::BetaTauG1, 0, 1)?),
        )?;
        require("beta in G2", key.beta_g2 == first(&powers.g2(Section::BetaG2, 0, 1)?))?;
        let [a, b, _] = &self.rows;
        self.query("the A query", &key.a_query, &[(Section::TauG1, a)])?;
        meter.add(1)?;
        self.query("the B query in G1", &key.b_g1_query, &[(Section::TauG1, b)])?;
        meter.add(1)?;
        self.query_g2(b)?;
        meter.add(1)?;
        self.combined("IC", &key.ic, &self.weights, &self.public)?;
        meter.add(1)?;
        let (inputs, private) = self.weights.split_at(key.ic.len().min(self.weights.len()));
        let rest = self.rows.each_ref().map(Vec::as_slice);
        let public = self.public.each_ref().map(Vec::as_slice);
        let of_private = [0, 1, 2].map(|matrix| {
            let (all, public) = (rest[matrix], public[matrix]);
            all.iter().zip(public).map(|(all, public)| *all - public).collect()
        });
        debug_assert_eq!(inputs.len(), key.ic.len());
        self.combined("the L query", &key.l_query, private, &of_private)?;
        meter.add(1)?;
        self.quotient()?;
        meter.add(1)?;
        require(
            "the circuit's hash",
            key.contributions.circuit == circuit_hash(key, powers)?,
        )?;
        Ok(meter.add(1)?)
    }

    // β·A + α·B + C.
    fn combined(
        &self,
        part: &'static str,
        query: &[G1Affine],
        weights: &[Fr],
        [a, b, c]: &[Vec<Fr>; 3],
    ) -> Result<(), Phase2Error> {
        let sections = [(Section::BetaTauG1, a), (Section::AlphaTauG1, b), (Section::TauG1, c)];
        let expected = self.of_values(&sections)?;
        require(part, weighted(query, weights) == expected)
    }

    fn query(&self, part: &'static str, query: &[G1Affine], values: &[(Section, &Vec<Fr>)]) -> Result<(), Phase2Error> {
        let expected = self.of_values(values)?;
        require(part, weighted(query, &self.weights) == expected)
    }

    // Σ of values on the domain, over the Lagrange forms of these sections.
    fn of_values(&self, values: &[(Section, &Vec<Fr>)]) -> Result<G1Affine, Phase2Error> {
        let mut sum = G1Projective::zero();
        for (section, values) in values {
            let points = self.powers.g1(*section, 0, values.len())?;
            sum += G1Projective::msm_unchecked(&points, &self.domain.ifft(values));
        }
        Ok(sum.into_affine())
    }

    // A sum would not show a point outside the group, whose multiples vanish sooner.
    fn query_g2(&self, values: &[Fr]) -> Result<(), Phase2Error> {
        let part = "the B query in G2";
        let query = &self.key.b_g2_query;
        require(part, first_outside(query)?.is_none())?;
        let points = self.powers.g2(Section::TauG2, 0, values.len())?;
        let expected = G2Projective::msm_unchecked(&points, &self.domain.ifft(values));
        let found = G2Projective::msm_unchecked(query, &self.weights);
        require(part, found == expected)
    }

    // Of twice as large a domain the Lagrange forms in between.
    fn quotient(&self) -> Result<(), Phase2Error> {
        let part = "the H query";
        let query = &self.key.h_query;
        let weights = coefficients(query.len())?;
        let twice = Radix2EvaluationDomain::<Fr>::new(2 * self.key.domain).ok_or_else(|| other(part))?;
        let values: Vec<Fr> = weights.iter().flat_map(|weight| [Fr::zero(), *weight]).collect();
        let coefficients = twice.ifft(&values);
        // The last power of a file of just this size is missing, and counts as infinity.
        let there = coefficients.len().min(Section::TauG1.points(self.powers.power()));
        let points = self.powers.g1(Section::TauG1, 0, there)?;
        let expected = weighted(&points, coefficients.get(..there).unwrap_or_default());
        require(part, weighted(query, &weights) == expected)
    }
}

fn weighted(points: &[G1Affine], weights: &[Fr]) -> G1Affine {
    G1Projective::msm_unchecked(points, weights).into_affine()
}
