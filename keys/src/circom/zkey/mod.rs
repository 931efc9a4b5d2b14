//! `.zkey`: a Groth16 proving key with its circuit's A and B.

mod contributions;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use contributions::{Contribution, Contributions, HASH, Source, read_origin, write_origin};
pub use read::read_zkey;
pub use write::write_zkey;

use crate::fit::{self, Misfit};
use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ff::Field;
use ark_groth16::{ProvingKey, VerifyingKey};
use medproof_gadgets::shape::Matrices;
use std::fmt;

/// Rows of coefficients and variables.
pub type Rows = Vec<Vec<(Fr, usize)>>;

/// What snarkjs' `.zkey` of Groth16 holds.
///
/// C is not in it: a row's C·z is taken to be A·z times B·z. The H query is over values of
/// A·B − C on the coset of the domain by a root of unity of twice its order.
#[derive(Clone, PartialEq, Eq)]
pub struct Zkey {
    /// Public inputs, without the constant 1.
    pub public: usize,
    /// Elements of the domain.
    pub domain: usize,
    /// α in G1.
    pub alpha_g1: G1Affine,
    /// β in G1.
    pub beta_g1: G1Affine,
    /// β in G2.
    pub beta_g2: G2Affine,
    /// γ in G2.
    pub gamma_g2: G2Affine,
    /// δ in G1.
    pub delta_g1: G1Affine,
    /// δ in G2.
    pub delta_g2: G2Affine,
    /// Of the public inputs, the constant 1 first.
    pub ic: Vec<G1Affine>,
    /// Rows of A, as many as the domain has elements. After the circuit's own comes one for the
    /// constant 1 and each public input, which binds it.
    pub a: Rows,
    /// Rows of B, as many.
    pub b: Rows,
    /// For each variable.
    pub a_query: Vec<G1Affine>,
    /// For each variable.
    pub b_g1_query: Vec<G1Affine>,
    /// For each variable. On the curve; whether in the group is not checked.
    pub b_g2_query: Vec<G2Affine>,
    /// For each private variable.
    pub l_query: Vec<G1Affine>,
    /// For each element of the domain.
    pub h_query: Vec<G1Affine>,
    /// Of the ceremony that it comes from.
    pub contributions: Contributions,
}

impl Zkey {
    /// Joins a key to its circuit. Its own H query, over coefficients, gives way to `values`, which
    /// is over values.
    ///
    /// # Errors
    /// [`Misfit`] if any query has another length than the circuit takes.
    pub fn new(matrices: &Matrices, key: ProvingKey<Bn254>, values: Vec<G1Affine>) -> Result<Zkey, Misfit> {
        let shape = matrices.shape();
        let domain = shape.domain();
        fit::check_verifying(&key.vk, &shape)?;
        fit::check_variables(&key, &shape)?;
        fit::require("the H query", domain, values.len())?;
        let rows = |matrix: usize| matrices.abc().get(matrix).cloned().unwrap_or_default();
        let (mut a, mut b) = (rows(0), rows(1));
        a.extend((0..matrices.inputs()).map(|input| vec![(Fr::ONE, input)]));
        a.resize(domain, Vec::new());
        b.resize(domain, Vec::new());
        Ok(Zkey {
            public: matrices.inputs() - 1,
            domain,
            alpha_g1: key.vk.alpha_g1,
            beta_g1: key.beta_g1,
            beta_g2: key.vk.beta_g2,
            gamma_g2: key.vk.gamma_g2,
            delta_g1: key.delta_g1,
            delta_g2: key.vk.delta_g2,
            ic: key.vk.gamma_abc_g1,
            a,
            b,
            a_query: key.a_query,
            b_g1_query: key.b_g1_query,
            b_g2_query: key.b_g2_query,
            l_query: key.l_query,
            h_query: values,
            contributions: Contributions::default(),
        })
    }

    /// The key that verifies.
    #[must_use]
    pub fn verifying(&self) -> VerifyingKey<Bn254> {
        VerifyingKey {
            alpha_g1: self.alpha_g1,
            beta_g2: self.beta_g2,
            gamma_g2: self.gamma_g2,
            delta_g2: self.delta_g2,
            gamma_abc_g1: self.ic.clone(),
        }
    }
}

impl fmt::Debug for Zkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zkey")
            .field("public", &self.public)
            .field("domain", &self.domain)
            .field("variables", &self.a_query.len())
            .finish_non_exhaustive()
    }
}

const VERSION: u32 = 1;
const GROTH16: u32 = 1;

// Its sections.
const PROTOCOL: u32 = 1;
const HEADER: u32 = 2;
const IC: u32 = 3;
const COEFFICIENTS: u32 = 4;
const A_QUERY: u32 = 5;
const B_G1_QUERY: u32 = 6;
const B_G2_QUERY: u32 = 7;
const L_QUERY: u32 = 8;
const H_QUERY: u32 = 9;
const CONTRIBUTIONS: u32 = 10;

// Bytes of points, and of a coefficient with its matrix, row and variable.
const G1: usize = 64;
const G2: usize = 128;
const COEFFICIENT: usize = 44;

// R = 2^256 as an element: coefficients are stored in Montgomery form twice.
fn montgomery_factor() -> Fr {
    Fr::from(2).pow([256])
}
