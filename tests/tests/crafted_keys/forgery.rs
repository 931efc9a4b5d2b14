//! Proofs without a witness, each by what one crafted key gives away: of points that anybody has.
//!
//! A proof (A, B, C) of inputs x holds where A·B = α·β + IC(x)·γ + C·δ.

use crate::circuit::{Inputs, Powers};
use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Projective};
use ark_ec::{CurveGroup, VariableBaseMSM};
use ark_ff::{AdditiveGroup, Field};
use ark_groth16::{Groth16, Proof, ProvingKey, VerifyingKey, prepare_verifying_key};
use ark_poly::univariate::DensePolynomial;
use ark_poly::{DenseUVPolynomial, EvaluationDomain, Evaluations, Radix2EvaluationDomain};
use medproof_gadgets::shape::Matrices;

/// What the library says of a proof, and of a number of inputs that it does not look at.
pub fn accepts(key: &VerifyingKey<Bn254>, proof: &Proof<Bn254>, inputs: &[Fr]) -> bool {
    Groth16::<Bn254>::verify_proof(&prepare_verifying_key(key), proof, inputs).unwrap()
}

/// IC(x), of points for the constant 1 and each input.
pub fn of_inputs(points: &[G1Affine], inputs: &Inputs) -> G1Projective {
    let scalars: Vec<Fr> = std::iter::once(Fr::ONE).chain(*inputs).collect();
    G1Projective::msm(points, &scalars).unwrap()
}

// A·(B + δ) = A·B + A·δ: no point is left at infinity, which our readers of proofs would refuse.
fn moved(key: &VerifyingKey<Bn254>, a: G1Projective, b: G2Projective, c: G1Projective) -> Proof<Bn254> {
    Proof {
        a: a.into_affine(),
        b: (b + key.delta_g2).into_affine(),
        c: (c + a).into_affine(),
    }
}

/// Where δ = k·γ: α·β + IC(x)·γ + C·δ is α·β for C = −IC(x)/k.
pub fn delta_of_gamma(key: &VerifyingKey<Bn254>, k: Fr, inputs: &Inputs) -> Proof<Bn254> {
    let ic = of_inputs(&key.gamma_abc_g1, inputs);
    moved(key, key.alpha_g1.into(), key.beta_g2.into(), -ic * k.inverse().unwrap())
}

/// Where δ = k, with IC's points times γ, which are sums of public powers: C = −γ·IC(x)/k.
pub fn known_delta(key: &VerifyingKey<Bn254>, k: Fr, times_gamma: &[G1Affine], inputs: &Inputs) -> Proof<Bn254> {
    let c = -of_inputs(times_gamma, inputs) * k.inverse().unwrap();
    moved(key, key.alpha_g1.into(), key.beta_g2.into(), c)
}

/// Where β = k·γ: (k·α + IC(x))·γ is all of it.
pub fn beta_of_gamma(key: &VerifyingKey<Bn254>, k: Fr, inputs: &Inputs) -> Proof<Bn254> {
    let a = key.alpha_g1 * k + of_inputs(&key.gamma_abc_g1, inputs);
    moved(key, a, key.gamma_g2.into(), G1Projective::ZERO)
}

/// Where β = k·δ: IC(x)·γ is left for C = −k·α.
pub fn beta_of_delta(key: &VerifyingKey<Bn254>, k: Fr, inputs: &Inputs) -> Proof<Bn254> {
    let a = of_inputs(&key.gamma_abc_g1, inputs);
    moved(key, a, key.gamma_g2.into(), -key.alpha_g1 * k)
}

/// Where all of IC is at infinity: α·β is left.
pub fn without_inputs(key: &VerifyingKey<Bn254>) -> Proof<Bn254> {
    moved(key, key.alpha_g1.into(), key.beta_g2.into(), G1Projective::ZERO)
}

/// Where α = k. What holds A and B to one assignment is α: with it known, what must hold of them is, at every row,
/// (k + u)·b = k·v + w for a b that is the prover's to choose.
pub fn known_alpha(key: &ProvingKey<Bn254>, rows: &Matrices, powers: &Powers, k: Fr, inputs: &Inputs) -> Proof<Bn254> {
    let values = assignment(rows, inputs);
    let [u, v, w] = products(rows, &values);
    let (b, h) = chosen(&u, &v, &w, k);
    let a = G1Projective::msm(&key.a_query, &values).unwrap() + key.vk.alpha_g1;
    let b = G2Projective::msm(&powers.g2[..b.len()], &b).unwrap() + key.vk.beta_g2;
    moved(&key.vk, a, b, rest(key, rows, &values, &h))
}

/// Where β = k: the same, with A to choose.
pub fn known_beta(key: &ProvingKey<Bn254>, rows: &Matrices, powers: &Powers, k: Fr, inputs: &Inputs) -> Proof<Bn254> {
    let values = assignment(rows, inputs);
    let [u, v, w] = products(rows, &values);
    let (a, h) = chosen(&v, &u, &w, k);
    let a = G1Projective::msm(&powers.g1[..a.len()], &a).unwrap() + key.vk.alpha_g1;
    let b = G2Projective::msm(&key.b_g2_query, &values).unwrap() + key.vk.beta_g2;
    moved(&key.vk, a, b, rest(key, rows, &values, &h))
}

/// A proof of other inputs, by the element of the L query that a public input must not have: (γ/δ)·ICᵢ.
pub fn of_another_input(proof: &Proof<Bn254>, element: &G1Affine, from: Fr, to: Fr) -> Proof<Bn254> {
    Proof {
        c: (proof.c - *element * (to - from)).into_affine(),
        ..proof.clone()
    }
}

// C, of the private variables and the quotient.
fn rest(key: &ProvingKey<Bn254>, rows: &Matrices, values: &[Fr], h: &[Fr]) -> G1Projective {
    let private = G1Projective::msm(&key.l_query, &values[rows.inputs()..]).unwrap();
    private + G1Projective::msm(&key.h_query[..h.len()], h).unwrap()
}

// The constant, the inputs, and of the private variables zeros but for the last: the sum of the inputs, which is no
// power of what is before it.
fn assignment(rows: &Matrices, inputs: &Inputs) -> Vec<Fr> {
    let mut values: Vec<Fr> = std::iter::once(Fr::ONE).chain(*inputs).collect();
    values.resize(rows.inputs() + rows.witness() - 1, Fr::ZERO);
    values.push(inputs.iter().sum());
    values
}

// A·z, B·z and C·z at each element of the domain; after A's rows come those that bind the inputs.
fn products(rows: &Matrices, values: &[Fr]) -> [Vec<Fr>; 3] {
    let term = |(coefficient, column): &(Fr, usize)| *coefficient * values[*column];
    let mut products = [0, 1, 2].map(|matrix: usize| -> Vec<Fr> {
        let rows = rows.abc()[matrix].iter();
        rows.map(|row| row.iter().map(term).sum()).collect()
    });
    products[0].extend(&values[..rows.inputs()]);
    for product in &mut products {
        product.resize(rows.shape().domain(), Fr::ZERO);
    }
    products
}

// f with (k + p)·f = k·q + w on the domain, and h by which the two differ elsewhere, in coefficients.
fn chosen(p: &[Fr], q: &[Fr], w: &[Fr], k: Fr) -> (Vec<Fr>, Vec<Fr>) {
    let domain = Radix2EvaluationDomain::new(p.len()).unwrap();
    let polynomial = |values: Vec<Fr>| Evaluations::from_vec_and_domain(values, domain).interpolate();
    let right: Vec<Fr> = q.iter().zip(w).map(|(q, w)| k * q + w).collect();
    // Where k + p is 0, so is the right side, and f whatever one likes.
    let quotient = |(p, right): (&Fr, &Fr)| (k + p).inverse().map_or(Fr::ZERO, |inverse| *right * inverse);
    let f = polynomial(p.iter().zip(&right).map(quotient).collect());
    let left = DensePolynomial::from_coefficients_vec(vec![k]) + polynomial(p.to_vec());
    let (h, rest) = (&(&left * &f) - &polynomial(right)).divide_by_vanishing_poly(domain);
    assert!(rest.coeffs.is_empty());
    (f.coeffs, h.coeffs)
}
