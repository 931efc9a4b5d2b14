//! Finds the witness variables that no constraint holds in place.
//!
//! Over an honest assignment, moving one variable by δ turns every constraint ⟨a,z⟩·⟨b,z⟩ = ⟨c,z⟩
//! that it touches into δ·(a·b·δ + a·⟨b,z⟩ + b·⟨a,z⟩ − c) = 0. Each has one solution beside δ = 0,
//! or none, or all; a change that solves them all goes unnoticed. So the answer is exact: not
//! some values tried, but every value there is.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, Zero};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, Matrix, OptimizationGoal, R1CS_PREDICATE_LABEL, SynthesisError,
    SynthesisMode,
};

use crate::shape::Matrices;
use crate::wire::Cs;

/// A fresh system that builds matrices and an assignment.
#[must_use]
pub fn system() -> Cs {
    let cs = Cs::new(ConstraintSystem::new());
    cs.set_optimization_goal(OptimizationGoal::Constraints);
    cs
}

/// How a single variable can be changed with every constraint still satisfied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// To anything: no constraint looks at it.
    Any,
    /// To this value, and no other.
    To(Fr),
}

/// A witness variable that can be changed alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Free {
    /// Its position among the witness variables, in order of allocation.
    pub witness: usize,
    /// Its honest value.
    pub value: Fr,
    /// What it can become.
    pub change: Change,
    /// The first constraint that mentions it, to find it by; none if none does.
    pub first_constraint: Option<usize>,
}

/// Size of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Constraints.
    pub constraints: usize,
    /// Private variables.
    pub witnesses: usize,
    /// Non-zero entries of A, B and C together.
    pub non_zeros: usize,
}

/// Measures a system.
///
/// # Errors
/// Those of the constraint system.
pub fn size(cs: &Cs) -> Result<Size, SynthesisError> {
    let matrices = matrices(cs)?;
    Ok(Size {
        constraints: cs.num_constraints(),
        witnesses: cs.num_witness_variables(),
        non_zeros: matrices.iter().flatten().map(Vec::len).sum(),
    })
}

/// Lists every witness variable that can be changed alone without breaking a constraint.
///
/// Time grows with the non-zeros of the matrices: a circuit of 2¹⁶ constraints takes seconds.
///
/// # Errors
/// [`SynthesisError::Unsatisfiable`] when the assignment is not honest to begin with, and those of
/// the constraint system.
pub fn free_variables(cs: &Cs) -> Result<Vec<Free>, SynthesisError> {
    let matrices = matrices(cs)?;
    let inputs = cs.instance_assignment()?;
    let mut values = inputs.clone();
    values.extend(cs.witness_assignment()?);
    free_of(&matrices, inputs.len(), &values)
}

fn free_of(matrices: &[Matrix<Fr>], inputs: usize, values: &[Fr]) -> Result<Vec<Free>, SynthesisError> {
    let [a, b, c] = matrices else {
        return Err(SynthesisError::PredicateNotFound);
    };
    let products = [evaluate(a, values), evaluate(b, values), evaluate(c, values)];
    let [az, bz, cz] = &products;
    if az.iter().zip(bz).zip(cz).any(|((a, b), c)| *a * b != *c) {
        return Err(SynthesisError::Unsatisfiable);
    }
    let columns = columns([a, b, c], values.len());
    let mut free = Vec::new();
    for (witness, value) in values[inputs..].iter().enumerate() {
        let column = &columns[inputs + witness];
        let change = match solve(column, az, bz) {
            Deltas::All => Change::Any,
            Deltas::One(delta) => Change::To(*value + delta),
            Deltas::None => continue,
        };
        free.push(Free {
            witness,
            value: *value,
            change,
            first_constraint: column.first().map(|entry| entry.row),
        });
    }
    Ok(free)
}

/// Whether every constraint still holds after several witness variables are set at once, by their
/// position in order of allocation: what a dishonest prover would try.
///
/// # Errors
/// [`SynthesisError::Unsatisfiable`] when a position is out of range, and those of the constraint
/// system.
pub fn accepts(cs: &Cs, changes: &[(usize, Fr)]) -> Result<bool, SynthesisError> {
    let [a, b, c] = matrices(cs)?;
    let instance = cs.instance_assignment()?;
    let mut z = instance.clone();
    z.extend(cs.witness_assignment()?);
    for (witness, value) in changes {
        *z.get_mut(instance.len() + witness)
            .ok_or(SynthesisError::Unsatisfiable)? = *value;
    }
    let (a, b, c) = (evaluate(&a, &z), evaluate(&b, &z), evaluate(&c, &z));
    Ok(a.iter().zip(&b).zip(&c).all(|((a, b), c)| *a * b == *c))
}

/// The values of a circuit's variables in the order of the matrices' columns: the constant 1, the
/// public inputs, the witness. Builds no matrices, so it is quick; checks nothing.
///
/// # Errors
/// Those of the circuit.
pub fn assignment(circuit: impl ConstraintSynthesizer<Fr>) -> Result<Vec<Fr>, SynthesisError> {
    let cs = Cs::new(ConstraintSystem::new());
    cs.set_mode(SynthesisMode::Prove {
        construct_matrices: false,
        generate_lc_assignments: false,
    });
    circuit.generate_constraints(cs.clone())?;
    let mut values = cs.instance_assignment()?;
    values.extend(cs.witness_assignment()?);
    Ok(values)
}

/// A circuit's matrices, ready to be held against many assignments: thousands in the time that
/// synthesis with matrices takes for a few.
pub struct Prepared {
    matrices: Matrices,
    // Per column, the rows that mention it.
    rows: Vec<Vec<usize>>,
}

impl Prepared {
    /// Builds the matrices of a circuit as for a key.
    ///
    /// # Errors
    /// Those of [`Matrices::synthesise`].
    pub fn new(circuit: impl ConstraintSynthesizer<Fr>) -> Result<Self, SynthesisError> {
        let matrices = Matrices::synthesise(circuit)?;
        let mut rows = vec![Vec::new(); matrices.inputs() + matrices.witness()];
        for matrix in matrices.abc() {
            for (row, terms) in matrix.iter().enumerate() {
                terms.iter().for_each(|(_, column)| rows[*column].push(row));
            }
        }
        for rows in &mut rows {
            rows.sort_unstable();
            rows.dedup();
        }
        Ok(Self { matrices, rows })
    }

    /// The matrices.
    #[must_use]
    pub const fn matrices(&self) -> &Matrices {
        &self.matrices
    }

    /// The constraints that mention a variable, in order.
    #[must_use]
    pub fn rows_of(&self, column: usize) -> &[usize] {
        self.rows.get(column).map_or(&[], Vec::as_slice)
    }

    /// Whether the constraint holds.
    #[must_use]
    pub fn holds(&self, row: usize, values: &[Fr]) -> bool {
        let [a, b, c] = self.matrices.abc() else {
            return false;
        };
        dot(&a[row], values) * dot(&b[row], values) == dot(&c[row], values)
    }

    /// The constraints that an assignment breaks, in order.
    #[must_use]
    pub fn violated(&self, values: &[Fr]) -> Vec<usize> {
        let all = 0..self.matrices.constraints();
        all.filter(|row| !self.holds(*row, values)).collect()
    }

    /// As [`free_variables`], for an assignment of this circuit.
    ///
    /// # Errors
    /// [`SynthesisError::Unsatisfiable`] when the assignment breaks a constraint.
    pub fn free_variables(&self, values: &[Fr]) -> Result<Vec<Free>, SynthesisError> {
        free_of(self.matrices.abc(), self.matrices.inputs(), values)
    }

    /// As [`Prepared::violated`], from an assignment that differs little and breaks `broken`: looks
    /// only at constraints that mention a variable of another value.
    #[must_use]
    pub fn violated_beside(&self, values: &[Fr], beside: &[Fr], broken: &[usize]) -> Vec<usize> {
        if values.len() != beside.len() {
            return self.violated(values);
        }
        let mut touched = vec![false; self.matrices.constraints()];
        for (column, rows) in self.rows.iter().enumerate() {
            if values.get(column) != beside.get(column) {
                rows.iter().for_each(|row| touched[*row] = true);
            }
        }
        let all = 0..touched.len();
        all.filter(|row| {
            if touched[*row] {
                !self.holds(*row, values)
            } else {
                broken.binary_search(row).is_ok()
            }
        })
        .collect()
    }
}

fn dot(row: &[(Fr, usize)], values: &[Fr]) -> Fr {
    let term = |(coefficient, column): &(Fr, usize)| match values.get(*column) {
        Some(value) if value.is_zero() => Fr::ZERO,
        Some(value) if *coefficient == Fr::ONE => *value,
        Some(value) if *value == Fr::ONE => *coefficient,
        Some(value) => *coefficient * value,
        None => Fr::ZERO,
    };
    row.iter().map(term).sum()
}

/// One constraint's coefficients of one variable.
struct Entry {
    row: usize,
    a: Fr,
    b: Fr,
    c: Fr,
}

/// The changes δ ≠ 0 that constraints leave possible.
enum Deltas {
    All,
    One(Fr),
    None,
}

fn solve(column: &[Entry], az: &[Fr], bz: &[Fr]) -> Deltas {
    let mut deltas = Deltas::All;
    for entry in column {
        let square = entry.a * entry.b;
        let linear = entry.a * bz[entry.row] + entry.b * az[entry.row] - entry.c;
        let possible = match &deltas {
            Deltas::None => return Deltas::None,
            Deltas::One(delta) => (square * delta + linear).is_zero(),
            Deltas::All => match square.inverse() {
                None if linear.is_zero() => continue,
                None => false,
                Some(inverse) => {
                    let delta = -linear * inverse;
                    deltas = Deltas::One(delta);
                    !delta.is_zero()
                }
            },
        };
        if !possible {
            return Deltas::None;
        }
    }
    deltas
}

fn matrices(cs: &Cs) -> Result<[Matrix<Fr>; 3], SynthesisError> {
    cs.finalize();
    cs.to_matrices()?
        .remove(R1CS_PREDICATE_LABEL)
        .and_then(|matrices| matrices.try_into().ok())
        .ok_or(SynthesisError::PredicateNotFound)
}

fn evaluate(matrix: &Matrix<Fr>, z: &[Fr]) -> Vec<Fr> {
    matrix
        .iter()
        .map(|row| row.iter().map(|(c, i)| *c * z[*i]).sum())
        .collect()
}

/// Per variable, the constraints that mention it, in order.
fn columns([a, b, c]: [&Matrix<Fr>; 3], variables: usize) -> Vec<Vec<Entry>> {
    let mut columns: Vec<Vec<Entry>> = (0..variables).map(|_| Vec::new()).collect();
    for (row, ((a, b), c)) in a.iter().zip(b).zip(c).enumerate() {
        for (which, terms) in [a, b, c].into_iter().enumerate() {
            for (coefficient, variable) in terms {
                let column = &mut columns[*variable];
                if column.last().is_none_or(|entry| entry.row != row) {
                    column.push(Entry {
                        row,
                        a: Fr::ZERO,
                        b: Fr::ZERO,
                        c: Fr::ZERO,
                    });
                }
                if let Some(entry) = column.last_mut() {
                    *[&mut entry.a, &mut entry.b, &mut entry.c][which] += coefficient;
                }
            }
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Wire, enforce_product};

    fn fr(x: u64) -> Fr {
        Fr::from(x)
    }

    #[test]
    fn an_untouched_variable_can_be_anything() {
        let cs = system();
        Wire::witness(&cs, || Ok(fr(3))).unwrap();
        let free = free_variables(&cs).unwrap();
        assert_eq!(free.len(), 1);
        assert_eq!((free[0].change, free[0].first_constraint), (Change::Any, None));
    }

    /// x·x = 9 holds 3 or −3, and a second constraint tells them apart.
    #[test]
    fn the_other_root_is_found_unless_excluded() {
        let build = || {
            let cs = system();
            let x = Wire::witness(&cs, || Ok(fr(3))).unwrap();
            enforce_product(&cs, &x, &x, &Wire::from(9)).unwrap();
            (cs, x)
        };
        let (cs, _) = build();
        assert_eq!(free_variables(&cs).unwrap()[0].change, Change::To(-fr(3)));
        let (cs, x) = build();
        enforce_product(&cs, &x, &(&x + fr(1)), &Wire::from(12)).unwrap();
        assert!(free_variables(&cs).unwrap().is_empty());
    }

    /// A factor beside zero is not held in place.
    #[test]
    fn a_factor_of_zero_is_free() {
        let cs = system();
        let zero = Wire::witness(&cs, || Ok(fr(0))).unwrap();
        let any = Wire::witness(&cs, || Ok(fr(5))).unwrap();
        zero.times(&cs, &any).unwrap();
        zero.enforce_zero(&cs).unwrap();
        let free = free_variables(&cs).unwrap();
        assert_eq!(free.len(), 1);
        assert_eq!((free[0].witness, free[0].change), (1, Change::Any));
    }

    #[test]
    fn an_assignment_breaks_the_constraints_that_it_does_not_satisfy() {
        #[derive(Clone, Copy)]
        struct Square(u64, u64);
        impl ConstraintSynthesizer<Fr> for Square {
            fn generate_constraints(self, cs: Cs) -> Result<(), SynthesisError> {
                let square = Wire::input(&cs, || Ok(fr(self.1)))?;
                let root = Wire::witness(&cs, || Ok(fr(self.0)))?;
                root.enforce_nonzero(&cs)?;
                enforce_product(&cs, &root, &root, &square)
            }
        }
        let circuit = Prepared::new(Square(3, 9)).unwrap();
        let good = assignment(Square(3, 9)).unwrap();
        assert_eq!(good[..3], [fr(1), fr(9), fr(3)]);
        assert_eq!(circuit.violated(&good), []);
        assert_eq!(circuit.free_variables(&good).unwrap(), []);
        let bad = assignment(Square(3, 8)).unwrap();
        assert_eq!(circuit.violated(&bad), [1]);
        assert!(circuit.free_variables(&bad).is_err());
        assert_eq!(circuit.violated_beside(&bad, &good, &[]), [1]);
        assert_eq!(circuit.violated_beside(&bad, &bad, &[1]), [1]);
        assert_eq!(circuit.violated_beside(&good, &bad, &[1]), []);
        assert_eq!(circuit.rows_of(3), [0]);
        assert!(assignment(Square(0, 0)).is_err());
    }

    #[test]
    fn a_dishonest_assignment_is_refused() {
        let cs = system();
        Wire::from(1).enforce_zero(&cs).unwrap();
        assert!(matches!(free_variables(&cs), Err(SynthesisError::Unsatisfiable)));
    }
}
