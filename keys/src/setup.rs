//! A Groth16 key from known secrets: alpha, beta, gamma, delta and tau.
//!
//! Whoever knows them can prove anything, so this makes development keys only. It works from the
//! matrices, piece by piece, so that it can show how far it is and be stopped; a test holds it to
//! `ark-groth16`'s own generator.

use crate::progress::{Cancelled, Progress, check};
use ark_bn254::{Bn254, Fr, G1Projective, G2Projective};
use ark_ec::scalar_mul::{BatchMulPreprocessing, ScalarMul};
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::{FftField, Field, One, UniformRand, Zero};
use ark_groth16::{ProvingKey, VerifyingKey};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use ark_relations::gr1cs::{Matrix, SynthesisError};
use medproof_gadgets::shape::Matrices;
use rand_chacha::rand_core::RngCore;
use rayon::prelude::*;
use std::fmt;
use thiserror::Error;

/// Points multiplied between two looks at the caller.
const CHUNK: usize = 2048;
/// A point of G2 takes about as long as three of G1.
const G2_WEIGHT: u64 = 3;

/// Why no key was made.
#[derive(Clone, Debug, Error)]
pub enum SetupError {
    /// The circuit's synthesis failed.
    #[error("the circuit cannot be synthesised: {0}")]
    Synthesis(#[from] SynthesisError),
    /// More rows than BN254 has roots of unity.
    #[error("the circuit is too large for BN254: {rows} rows, at most 2^28")]
    TooLarge {
        /// Constraints and inputs.
        rows: usize,
    },
    /// Secrets that would make a degenerate key.
    #[error("the setup's secrets are degenerate: draw them again")]
    Degenerate,
    /// Stopped as asked.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// What making a key is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupStage {
    /// Another process makes the same key.
    Waiting,
    /// The circuit's matrices.
    Synthesis,
    /// Polynomials at tau, and the points of all queries. Units: about a multiplication in G1 each.
    Points,
    /// Writing files. Units: bytes.
    Writing,
}

impl fmt::Display for SetupStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting for another run that makes this key",
            Self::Synthesis => "synthesising the circuit",
            Self::Points => "making the key",
            Self::Writing => "writing the key",
        })
    }
}

/// What a ceremony destroys.
pub(crate) struct Secrets {
    alpha: Fr,
    beta: Fr,
    gamma: Fr,
    delta: Fr,
    tau: Fr,
}

impl Secrets {
    /// Draws secrets that are neither 0 nor 1 and all distinct, and a tau outside every domain.
    pub(crate) fn draw(rng: &mut impl RngCore) -> Self {
        loop {
            let [alpha, beta, gamma, delta, tau] = std::array::from_fn(|_| Fr::rand(rng));
            let secrets = Self {
                alpha,
                beta,
                gamma,
                delta,
                tau,
            };
            if secrets.usable() {
                return secrets;
            }
        }
    }

    fn usable(&self) -> bool {
        let all = [self.alpha, self.beta, self.gamma, self.delta, self.tau];
        let distinct = (0..all.len()).all(|i| !all[..i].contains(&all[i]));
        let proper = all.iter().all(|x| !x.is_zero() && !x.is_one());
        // Domains are the powers of two up to 2^28.
        distinct && proper && !self.tau.pow([1_u64 << 28]).is_one()
    }
}

/// What a proof's quotient h is given by: what the H query is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quotient {
    /// Its coefficients, as `ark-groth16` has it.
    Coefficients,
    /// The values of A·B − C on the coset of the domain by a root of unity of twice its order, as
    /// snarkjs has it. What vanishes on the domain is −2 there.
    Values,
}

/// The key of these matrices under these secrets.
pub(crate) fn generate(
    matrices: &Matrices,
    secrets: &Secrets,
    quotient: Quotient,
    progress: &dyn Progress<SetupStage>,
) -> Result<ProvingKey<Bn254>, SetupError> {
    if !secrets.usable() {
        return Err(SetupError::Degenerate);
    }
    let scalars = Scalars::of(matrices, secrets, quotient)?;
    check(progress)?;
    let g1 = G1Projective::generator();
    let g2 = G2Projective::generator();
    let meter = Meter {
        progress,
        total: scalars.work(),
    };
    let table = BatchMulPreprocessing::new(g1, scalars.g1_points());
    let table_g2 = BatchMulPreprocessing::new(g2, scalars.b.len());
    let mut done = 0;
    let mut in_g1 = |scalars: &[Fr]| meter.points(&table, scalars, 1, &mut done);
    let gamma_abc_g1 = in_g1(&scalars.ic)?;
    let a_query = in_g1(&scalars.a)?;
    let b_g1_query = in_g1(&scalars.b)?;
    let h_query = in_g1(&scalars.h)?;
    let l_query = in_g1(&scalars.l)?;
    let b_g2_query = meter.points(&table_g2, &scalars.b, G2_WEIGHT, &mut done)?;
    Ok(ProvingKey {
        vk: VerifyingKey {
            alpha_g1: (g1 * secrets.alpha).into_affine(),
            beta_g2: (g2 * secrets.beta).into_affine(),
            gamma_g2: (g2 * secrets.gamma).into_affine(),
            delta_g2: (g2 * secrets.delta).into_affine(),
            gamma_abc_g1,
        },
        beta_g1: (g1 * secrets.beta).into_affine(),
        delta_g1: (g1 * secrets.delta).into_affine(),
        a_query,
        b_g1_query,
        b_g2_query,
        h_query,
        l_query,
    })
}

/// Discrete logarithms of the key's queries.
struct Scalars {
    a: Vec<Fr>,
    b: Vec<Fr>,
    h: Vec<Fr>,
    ic: Vec<Fr>,
    l: Vec<Fr>,
}

impl Scalars {
    fn of(matrices: &Matrices, secrets: &Secrets, quotient: Quotient) -> Result<Self, SetupError> {
        let rows = matrices.constraints() + matrices.inputs();
        let domain = Radix2EvaluationDomain::<Fr>::new(rows).ok_or(SetupError::TooLarge { rows })?;
        let lagrange = domain.evaluate_all_lagrange_coefficients(secrets.tau);
        let columns = matrices.inputs() + matrices.witness();
        let [mut a, b, c] = at_tau(matrices.abc(), &lagrange, columns)?;
        // The rows xᵢ·0 = 0 after the circuit's own keep the public inputs independent.
        for (input, extra) in a
            .iter_mut()
            .zip(lagrange.iter().skip(matrices.constraints()))
            .take(matrices.inputs())
        {
            *input += extra;
        }
        let [by_gamma, by_delta] = [inverse(secrets.gamma)?, inverse(secrets.delta)?];
        let combined =
            |column: usize, scale: Fr| (secrets.beta * a[column] + secrets.alpha * b[column] + c[column]) * scale;
        let ic = (0..matrices.inputs()).map(|i| combined(i, by_gamma)).collect();
        let l = (matrices.inputs()..columns).map(|i| combined(i, by_delta)).collect();
        let vanishing = domain.evaluate_vanishing_polynomial(secrets.tau);
        let h = match quotient {
            Quotient::Coefficients => powers(vanishing * by_delta, secrets.tau, domain.size() - 1),
            Quotient::Values => {
                let order = 2 * domain.size() as u64;
                let shift = Fr::get_root_of_unity(order).ok_or(SetupError::TooLarge { rows })?;
                let scale = -vanishing * by_delta * inverse(Fr::from(2))?;
                let values = domain.evaluate_all_lagrange_coefficients(secrets.tau * inverse(shift)?);
                values.into_iter().map(|value| value * scale).collect()
            }
        };
        Ok(Self { a, b, h, ic, l })
    }

    const fn g1_points(&self) -> usize {
        self.a.len() + self.b.len() + self.h.len() + self.ic.len() + self.l.len()
    }

    const fn work(&self) -> u64 {
        self.g1_points() as u64 + G2_WEIGHT * self.b.len() as u64
    }
}

/// Each matrix's columns as polynomials, evaluated at tau.
fn at_tau(abc: &[Matrix<Fr>], lagrange: &[Fr], columns: usize) -> Result<[Vec<Fr>; 3], SetupError> {
    let evaluated: Vec<Vec<Fr>> = abc
        .par_iter()
        .map(|matrix| column_sums(matrix, lagrange, columns))
        .collect();
    evaluated
        .try_into()
        .map_err(|_| SetupError::Synthesis(SynthesisError::PredicateNotFound))
}

fn column_sums(matrix: &Matrix<Fr>, lagrange: &[Fr], columns: usize) -> Vec<Fr> {
    let mut sums = vec![Fr::zero(); columns];
    for (row, weight) in matrix.iter().zip(lagrange) {
        for (coefficient, column) in row {
            if let Some(sum) = sums.get_mut(*column) {
                *sum += *coefficient * weight;
            }
        }
    }
    sums
}

fn inverse(x: Fr) -> Result<Fr, SetupError> {
    x.inverse().ok_or(SetupError::Degenerate)
}

fn powers(first: Fr, ratio: Fr, count: usize) -> Vec<Fr> {
    std::iter::successors(Some(first), |last| Some(*last * ratio))
        .take(count)
        .collect()
}

struct Meter<'a> {
    progress: &'a dyn Progress<SetupStage>,
    total: u64,
}

impl Meter<'_> {
    fn points<G: ScalarMul<ScalarField = Fr>>(
        &self,
        table: &BatchMulPreprocessing<G>,
        scalars: &[Fr],
        weight: u64,
        done: &mut u64,
    ) -> Result<Vec<G::MulBase>, Cancelled> {
        let mut points = Vec::with_capacity(scalars.len());
        for chunk in scalars.chunks(CHUNK) {
            check(self.progress)?;
            points.extend(table.batch_mul(chunk));
            *done += weight * chunk.len() as u64;
            self.progress.advance(SetupStage::Points, *done, self.total);
        }
        Ok(points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Quiet;
    use crate::testing::{Chain, Recorder, matrices_of};
    use ark_groth16::Groth16;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    fn secrets(rng: &mut ChaCha20Rng) -> Secrets {
        Secrets::draw(rng)
    }

    // The reference draws tau itself, last: it gets a generator that gives the same one.
    fn reference(circuit: Chain, seed: u64) -> (ProvingKey<Bn254>, Secrets) {
        let mut secrets = secrets(&mut ChaCha20Rng::seed_from_u64(seed));
        let mut for_tau = ChaCha20Rng::seed_from_u64(seed + 1000);
        secrets.tau = Fr::rand(&mut for_tau.clone());
        let key = Groth16::<Bn254>::generate_parameters_with_qap(
            circuit,
            secrets.alpha,
            secrets.beta,
            secrets.gamma,
            secrets.delta,
            G1Projective::generator(),
            G2Projective::generator(),
            &mut for_tau,
        );
        (key.unwrap(), secrets)
    }

    #[test]
    fn keys_equal_the_references() {
        // One link; a domain exactly full (2^6 = 58 + 6); one row over.
        for (seed, links) in [(1, 1), (2, 57), (3, 58), (4, 300)] {
            let (expected, secrets) = reference(Chain::blank(links), seed);
            let key = generate(
                &matrices_of(Chain::blank(links)),
                &secrets,
                Quotient::Coefficients,
                &Quiet,
            )
            .unwrap();
            assert!(key == expected, "{links} links");
        }
    }

    #[test]
    fn degenerate_secrets_make_no_key() {
        let matrices = matrices_of(Chain::blank(3));
        let good = || secrets(&mut ChaCha20Rng::seed_from_u64(5));
        let changes: [fn(&mut Secrets); 8] = [
            |s| s.alpha = Fr::zero(),
            |s| s.beta = Fr::one(),
            |s| s.gamma = Fr::zero(),
            |s| s.delta = Fr::zero(),
            |s| s.delta = Fr::one(),
            |s| s.gamma = s.delta,
            |s| s.tau = -Fr::one(),
            |s| s.tau = Fr::zero(),
        ];
        for change in changes {
            let mut bad = good();
            change(&mut bad);
            let refused = generate(&matrices, &bad, Quotient::Coefficients, &Quiet);
            assert!(matches!(refused, Err(SetupError::Degenerate)));
        }
        assert!(generate(&matrices, &good(), Quotient::Coefficients, &Quiet).is_ok());
    }

    #[test]
    fn progress_only_grows_and_ends_at_the_total() {
        let recorder = Recorder::default();
        let secrets = secrets(&mut ChaCha20Rng::seed_from_u64(6));
        generate(
            &matrices_of(Chain::blank(3000)),
            &secrets,
            Quotient::Coefficients,
            &recorder,
        )
        .unwrap();
        let steps = recorder.steps();
        assert!(steps.len() > 5);
        assert!(
            steps
                .windows(2)
                .all(|pair| pair[0].1 < pair[1].1 && pair[0].2 == pair[1].2)
        );
        let (_, done, total) = steps[steps.len() - 1];
        assert_eq!(done, total);
    }

    #[test]
    fn it_stops_when_asked() {
        let secrets = secrets(&mut ChaCha20Rng::seed_from_u64(7));
        let recorder = Recorder::stopping_after(3);
        let stopped = generate(
            &matrices_of(Chain::blank(3000)),
            &secrets,
            Quotient::Coefficients,
            &recorder,
        );
        assert!(matches!(stopped, Err(SetupError::Cancelled(Cancelled))));
        assert_eq!(recorder.steps().len(), 3);
    }
}
