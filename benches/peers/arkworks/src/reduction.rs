//! The quotient as circom's keys want it: its values on the coset of the domain by a root of unity of
//! twice its order, C·z being A·z times B·z.

use ark_ff::PrimeField;
use ark_groth16::r1cs_to_qap::{R1CSToQAP, evaluate_constraint};
use ark_poly::EvaluationDomain;
use ark_relations::gr1cs::{ConstraintSystemRef, Matrix, SynthesisError};
use rayon::prelude::*;

/// Circom's reduction, for proving alone.
pub struct Circom;

type Result<T> = std::result::Result<T, SynthesisError>;

impl R1CSToQAP for Circom {
    fn instance_map_with_evaluation<F: PrimeField, D: EvaluationDomain<F>>(
        _: ConstraintSystemRef<F>,
        _: &F,
    ) -> Result<(Vec<F>, Vec<F>, Vec<F>, F, usize, usize)> {
        Err(SynthesisError::MissingCS)
    }

    // The matrices have as many rows as the domain has elements, those that bind inputs among them.
    fn witness_map_from_matrices<F: PrimeField, D: EvaluationDomain<F>>(
        matrices: &[Matrix<F>],
        _: usize,
        rows: usize,
        z: &[F],
    ) -> Result<Vec<F>> {
        let [a_rows, b_rows] = matrices else {
            return Err(SynthesisError::MissingCS);
        };
        let domain = D::new(rows).ok_or(SynthesisError::PolynomialDegreeTooLarge)?;
        let root = F::get_root_of_unity(2 * domain.size() as u64).ok_or(SynthesisError::PolynomialDegreeTooLarge)?;
        let coset = domain.get_coset(root).ok_or(SynthesisError::DivisionByZero)?;
        let times_z = |rows: &Matrix<F>| -> Vec<F> { rows.par_iter().map(|row| evaluate_constraint(row, z)).collect() };
        let (mut a, mut b) = (times_z(a_rows), times_z(b_rows));
        let mut c: Vec<F> = a.par_iter().zip(&b).map(|(a, b)| *a * b).collect();
        for values in [&mut a, &mut b, &mut c] {
            domain.ifft_in_place(values);
            coset.fft_in_place(values);
        }
        (a.par_iter_mut().zip(b).zip(c)).for_each(|((a, b), c)| *a = *a * b - c);
        Ok(a)
    }

    fn h_query_scalars<F: PrimeField, D: EvaluationDomain<F>>(_: usize, _: F, _: F, _: F) -> Result<Vec<F>> {
        Err(SynthesisError::MissingCS)
    }
}
