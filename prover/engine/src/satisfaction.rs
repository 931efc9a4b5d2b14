//! Whether an assignment satisfies every row: the prover itself would not notice.

use crate::assignment::Assignment;
use crate::error::ProveError;
use ark_bn254::Fr;
use ark_ff::{One, Zero};
use medproof_gadgets::shape::Matrices;
use rayon::prelude::*;

/// Requires (A·z)(B·z) = C·z in every row.
///
/// # Errors
/// [`ProveError::Unsatisfied`] with the first row that fails.
pub fn check(matrices: &Matrices, assignment: &Assignment) -> Result<(), ProveError> {
    let [a, b, c] = matrices.abc() else {
        return Err(ProveError::Mismatch {
            part: "matrices",
            expected: 3,
            found: matrices.abc().len(),
        });
    };
    let z = assignment.values();
    let fails = |(a, (b, c)): (&Row, (&Row, &Row))| match (product(a, z), product(b, z), product(c, z)) {
        (Some(a), Some(b), Some(c)) => a * b != c,
        _ => true,
    };
    match a.par_iter().zip(b.par_iter().zip(c)).position_first(fails) {
        Some(row) => Err(ProveError::Unsatisfied { row }),
        None => Ok(()),
    }
}

type Row = Vec<(Fr, usize)>;

/// ⟨row, z⟩; none if the row names a column that z has not.
fn product(row: &Row, z: &[Fr]) -> Option<Fr> {
    row.iter().try_fold(Fr::zero(), |sum, (coefficient, column)| {
        let value = z.get(*column)?;
        Some(if coefficient.is_one() {
            sum + value
        } else {
            sum + *coefficient * value
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Chain, matrices_of};

    fn run(chain: Chain) -> Result<(), ProveError> {
        let matrices = matrices_of(100);
        let assignment = Assignment::synthesise(chain, &matrices.shape()).unwrap();
        check(&matrices, &assignment)
    }

    #[test]
    fn honest_assignments_pass() {
        assert!(run(Chain::honest(100)).is_ok());
    }

    #[test]
    fn the_first_wrong_row_is_named() {
        for at in [0, 1, 50, 99] {
            let refused = run(Chain::broken(100, at));
            assert!(
                matches!(refused, Err(ProveError::Unsatisfied { row }) if row == at),
                "{refused:?}"
            );
        }
        let wrong_sum = run(Chain::honest(100).with_public(2, 9));
        assert!(matches!(wrong_sum, Err(ProveError::Unsatisfied { row: 100 })));
    }

    #[test]
    fn a_short_assignment_satisfies_nothing() {
        let short = Assignment::synthesise(Chain::honest(5), &matrices_of(5).shape()).unwrap();
        assert!(check(&matrices_of(100), &short).is_err());
    }
}
