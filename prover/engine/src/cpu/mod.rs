//! The fast engine: Groth16 for a key that stays the same, on the machine's cores.

mod key;
mod lagrange;
mod rows;

pub use key::{Ready, Settings};

use crate::assignment::Assignment;
use crate::blinding::Blinding;
use crate::error::ProveError;
use crate::msm::{Digits, multiply};
use ark_bn254::{Bn254, Fr, G1Projective};
use ark_ec::CurveGroup;
use ark_ff::AdditiveGroup;
use ark_groth16::Proof;
use key::Third;
use rayon::prelude::*;
use zeroize::Zeroizing;

impl Ready {
    /// A proof of an assignment: the same as `ark-groth16` gives for the same randomness.
    ///
    /// # Errors
    /// [`ProveError::Mismatch`] for another circuit's assignment, [`ProveError::Unsatisfied`] with
    /// the first row that fails, where the key's C is known.
    pub fn prove(&self, assignment: &Assignment, blinding: &Blinding) -> Result<Proof<Bn254>, ProveError> {
        self.prove_values(assignment.values(), blinding)
    }

    /// As [`Ready::prove`], of the values of all variables, the constant 1 first.
    ///
    /// # Errors
    /// As [`Ready::prove`].
    pub fn prove_values(&self, z: &[Fr], blinding: &Blinding) -> Result<Proof<Bn254>, ProveError> {
        if z.len() != self.a.bases() {
            return Err(ProveError::Mismatch {
                part: "variables",
                expected: self.a.bases(),
                found: z.len(),
            });
        }
        let (quotient, digits) = rayon::join(|| self.quotient(z), || Digits::new(z, self.a.windows()));
        let quotient = quotient?;
        let a = multiply(&self.a, &digits)? + self.alpha_g1 + self.delta_g1 * blinding.r;
        let b_g1 = multiply(&self.b_g1, &digits)? + self.beta_g1 + self.delta_g1 * blinding.s;
        let b_g2 = multiply(&self.b_g2, &digits)? + self.beta_g2 + self.delta_g2 * blinding.s;
        let sums: G1Projective = multiply(&self.rest, &digits)? + multiply(&self.quotient, &quotient)?;
        let c = sums + a * blinding.s + b_g1 * blinding.r - self.delta_g1 * (blinding.r * blinding.s);
        Ok(Proof {
            a: a.into_affine(),
            b: b_g2.into_affine(),
            c: c.into_affine(),
        })
    }

    // The quotient's values on the coset, but for what C·z takes of them where that is in the key.
    fn quotient(&self, z: &[Fr]) -> Result<Digits, ProveError> {
        let n = self.coset.size();
        let [mut a, mut b, mut c] = [(); 3].map(|()| Zeroizing::new(vec![Fr::ZERO; n]));
        self.a_rows.multiply(z, &mut a[..self.a_rows.len()]);
        self.b_rows.multiply(z, &mut b[..self.b_rows.len()]);
        let subtracted = match &self.third {
            Third::Rows(rows) => {
                let c = &mut c[..rows.len()];
                rows.multiply(z, c);
                let fails = |row: usize| a[row] * b[row] != c[row];
                if let Some(row) = (0..rows.len()).into_par_iter().find_first(|row| fails(*row)) {
                    return Err(ProveError::Unsatisfied { row });
                }
                None
            }
            Third::Product => {
                c.par_iter_mut().zip(&*a).zip(&*b).for_each(|((c, a), b)| *c = *a * b);
                Some(&c)
            }
        };
        let ((a_values, b_values), c_values) = rayon::join(
            || rayon::join(|| self.coset.extend(&a), || self.coset.extend(&b)),
            || subtracted.map(|c| self.coset.extend(c)),
        );
        self.coset.multiply(&a_values, &b_values, c_values.as_ref(), &mut a);
        Ok(Digits::new(&a, self.quotient.windows()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Chain, key_of};
    use ark_groth16::Groth16;
    use medproof_lanes::Path;
    use medproof_statement::tier::Tier;

    // 58 rows and 6 inputs fill a domain exactly.
    #[test]
    fn proofs_equal_the_references_for_the_same_randomness() {
        for links in [1, 2, 10, 57, 58, 59, 200] {
            let key = key_of(Tier::Xs, links);
            let assignment = Assignment::synthesise(Chain::honest(links), key.shape()).unwrap();
            for path in [Path::best(), Path::Portable] {
                for (window, sets) in [(None, 1), (Some(5), 3)] {
                    let settings = Settings { window, sets, path };
                    let ready = Ready::new(key.matrices(), key.proving(), settings).unwrap();
                    for (r, s) in [(0, 0), (0, 5), (7, 0), (11, 13)] {
                        let [r, s] = [r, s].map(Fr::from);
                        let expected =
                            Groth16::<Bn254>::create_proof_with_reduction(Chain::honest(links), key.proving(), r, s);
                        let found = ready.prove(&assignment, &Blinding::fixed(r, s)).unwrap();
                        assert_eq!(found, expected.unwrap(), "{links} links, {settings:?}");
                    }
                }
            }
        }
    }
}
