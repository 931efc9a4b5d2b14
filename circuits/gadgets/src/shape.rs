//! The shape of a circuit: its counts, and a digest of its three matrices.
//!
//! A key is made for one shape. Tests hold each tier's shape to a committed baseline, and keys are
//! stored and matched by the digest, so a circuit that changed cannot meet a key that did not.

use core::fmt;

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField, Zero};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, Matrix, OptimizationGoal, R1CS_PREDICATE_LABEL, SynthesisError,
    SynthesisMode,
};
use sha2::{Digest, Sha256};

use crate::wire::Cs;

/// Opens the digest: a change of the serialisation below takes a new tag.
const DIGEST_TAG: &[u8] = b"medproof/r1cs-matrices/v1";

/// A, B and C: rows of (coefficient, column), where column 0 is the constant 1, then come the
/// public inputs, then the witness.
#[derive(Clone, PartialEq, Eq)]
pub struct Matrices {
    abc: Vec<Matrix<Fr>>,
    shape: Shape,
}

/// Rows that are no system's matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misshapen {
    /// A, B and C have different numbers of rows.
    Rows([usize; 3]),
    /// A column that is no variable.
    Column {
        /// Which.
        column: usize,
        /// How many there are.
        variables: usize,
    },
}

impl fmt::Display for Misshapen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows([a, b, c]) => write!(f, "expected as many rows in A as in B and C, found {a}, {b} and {c}"),
            Self::Column { column, variables } => {
                write!(f, "expected a column below {variables}, found {column}")
            }
        }
    }
}

impl core::error::Error for Misshapen {}

/// Counts and digest of a circuit's matrices.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Rows.
    pub constraints: usize,
    /// Entries other than zero of A, B and C.
    pub nonzeros: [usize; 3],
    /// Private variables.
    pub witness: usize,
    /// Public inputs and the constant 1.
    pub inputs: usize,
    /// SHA-256 of the matrices in canonical form.
    pub digest: [u8; 32],
}

impl Matrices {
    /// The matrices of a circuit, synthesised for a key: without a witness.
    ///
    /// # Errors
    /// Those of the circuit, and those of [`Matrices::of`].
    pub fn synthesise(circuit: impl ConstraintSynthesizer<Fr>) -> Result<Self, SynthesisError> {
        let cs = Cs::new(ConstraintSystem::new());
        cs.set_optimization_goal(OptimizationGoal::Constraints);
        cs.set_mode(SynthesisMode::Setup);
        circuit.generate_constraints(cs.clone())?;
        cs.finalize();
        Self::of(&cs)
    }

    /// The matrices of a finalised system, synthesised for a key or with its matrices. Rows come
    /// out canonical: sorted by column, without repeats or zeros.
    ///
    /// # Errors
    /// [`SynthesisError::PredicateNotFound`] unless all constraints are of rank 1;
    /// [`SynthesisError::AssignmentMissing`] if the system built no matrices;
    /// [`SynthesisError::MissingCS`] without a system.
    pub fn of(cs: &Cs) -> Result<Self, SynthesisError> {
        if !cs.should_construct_matrices() {
            return Err(SynthesisError::AssignmentMissing);
        }
        let mut predicates = cs.to_matrices()?;
        let abc = predicates.remove(R1CS_PREDICATE_LABEL);
        let mut abc = abc.ok_or(SynthesisError::PredicateNotFound)?;
        if !predicates.is_empty() || abc.len() != 3 {
            return Err(SynthesisError::PredicateNotFound);
        }
        abc.iter_mut().flatten().for_each(canonicalise);
        Ok(Self::new(abc, cs.num_instance_variables(), cs.num_witness_variables()))
    }

    /// The matrices of rows from elsewhere, such as a file. They come out canonical.
    ///
    /// # Errors
    /// [`Misshapen`] unless A, B and C have the same number of rows and every column is a variable.
    pub fn of_rows(abc: [Matrix<Fr>; 3], inputs: usize, witness: usize) -> Result<Self, Misshapen> {
        let rows = abc.each_ref().map(Vec::len);
        if rows != [rows[0]; 3] {
            return Err(Misshapen::Rows(rows));
        }
        let variables = inputs + witness;
        let mut entries = abc.iter().flatten().flatten();
        if let Some((_, column)) = entries.find(|(_, column)| *column >= variables) {
            return Err(Misshapen::Column {
                column: *column,
                variables,
            });
        }
        let mut abc = Vec::from(abc);
        abc.iter_mut().flatten().for_each(canonicalise);
        Ok(Self::new(abc, inputs, witness))
    }

    fn new(abc: Vec<Matrix<Fr>>, inputs: usize, witness: usize) -> Self {
        let constraints = abc.first().map_or(0, Vec::len);
        let mut nonzeros = [0; 3];
        for (count, matrix) in nonzeros.iter_mut().zip(&abc) {
            *count = matrix.iter().map(Vec::len).sum();
        }
        let digest = digest(&abc, [inputs, witness, constraints]);
        let shape = Shape {
            constraints,
            nonzeros,
            witness,
            inputs,
            digest,
        };
        Self { abc, shape }
    }

    /// A, B, C in this order.
    #[must_use]
    pub fn abc(&self) -> &[Matrix<Fr>] {
        &self.abc
    }

    /// Rows.
    #[must_use]
    pub const fn constraints(&self) -> usize {
        self.shape.constraints
    }

    /// Public inputs and the constant 1.
    #[must_use]
    pub const fn inputs(&self) -> usize {
        self.shape.inputs
    }

    /// Private variables.
    #[must_use]
    pub const fn witness(&self) -> usize {
        self.shape.witness
    }

    /// Counts and digest.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }
}

/// SHA-256 over: tag; inputs, witness, constraints; then A, B, C, each row by row: the number of
/// its entries, and each entry's column and coefficient. Counts and columns are 8 bytes,
/// coefficients 32, all little-endian.
fn digest(abc: &[Matrix<Fr>], counts: [usize; 3]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(DIGEST_TAG);
    for count in counts {
        hash.update(word(count));
    }
    for row in abc.iter().flatten() {
        hash.update(word(row.len()));
        for (coefficient, column) in row {
            hash.update(word(*column));
            hash.update(coefficient.into_bigint().to_bytes_le());
        }
    }
    hash.finalize().into()
}

impl Shape {
    /// The shape of a finalised system.
    ///
    /// # Errors
    /// As [`Matrices::of`].
    pub fn of(cs: &Cs) -> Result<Self, SynthesisError> {
        Ok(Matrices::of(cs)?.shape)
    }

    /// All variables: the constant 1, the public inputs and the witness.
    #[must_use]
    pub const fn variables(&self) -> usize {
        self.inputs + self.witness
    }

    /// Size of the evaluation domain: the power of two that holds constraints and inputs.
    #[must_use]
    pub const fn domain(&self) -> usize {
        (self.constraints + self.inputs).next_power_of_two()
    }

    /// The digest in hexadecimal.
    #[must_use]
    pub fn digest_hex(&self) -> String {
        self.digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Matrices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shape().fmt(f)
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shape")
            .field("constraints", &self.constraints)
            .field("nonzeros", &self.nonzeros)
            .field("witness", &self.witness)
            .field("inputs", &self.inputs)
            .field("digest", &self.digest_hex())
            .finish()
    }
}

const fn word(count: usize) -> [u8; 8] {
    (count as u64).to_le_bytes()
}

fn canonicalise(row: &mut Vec<(Fr, usize)>) {
    row.sort_unstable_by_key(|(_, column)| *column);
    row.dedup_by(|next, kept| {
        let same = next.1 == kept.1;
        if same {
            kept.0 += next.0;
        }
        same
    });
    row.retain(|(coefficient, _)| !coefficient.is_zero());
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_relations::gr1cs::{LinearCombination, Variable};

    // x·y = z with z public, `scale` on x, and rows written in an order of choice.
    fn product(mode: SynthesisMode, scale: u64, reversed: bool) -> Matrices {
        let cs = Cs::new(ConstraintSystem::new());
        cs.set_mode(mode);
        let z = cs.new_input_variable(|| Ok(Fr::from(6 * scale))).unwrap();
        let x = cs.new_witness_variable(|| Ok(Fr::from(2))).unwrap();
        let y = cs.new_witness_variable(|| Ok(Fr::from(3))).unwrap();
        let mut a = vec![(Fr::from(scale), x), (Fr::from(5), y), (-Fr::from(5), y)];
        if reversed {
            a.reverse();
        }
        cs.enforce_r1cs_constraint(
            || LinearCombination(a),
            || LinearCombination::from(y),
            || LinearCombination::from(z),
        )
        .unwrap();
        cs.finalize();
        Matrices::of(&cs).unwrap()
    }

    #[test]
    fn counts_and_digest_are_pinned() {
        let shape = product(SynthesisMode::Setup, 1, false).shape();
        assert_eq!(
            (shape.constraints, shape.nonzeros, shape.inputs, shape.witness),
            (1, [1, 1, 1], 2, 2)
        );
        assert_eq!((shape.variables(), shape.domain()), (4, 4));
        assert_eq!(
            shape.digest_hex(),
            "a152a1c765bc6ba9237bad8acd603b7544dbe10d444cf9998d2bf54f77db2c68"
        );
    }

    #[test]
    fn mode_and_order_do_not_matter_but_every_coefficient_does() {
        let prove = SynthesisMode::Prove {
            construct_matrices: true,
            generate_lc_assignments: false,
        };
        let shape = product(SynthesisMode::Setup, 1, false).shape();
        assert_eq!(product(prove, 1, false).shape(), shape);
        assert_eq!(product(prove, 1, true).shape(), shape);
        assert_ne!(product(prove, 2, false).shape().digest, shape.digest);
    }

    struct Square;

    impl ConstraintSynthesizer<Fr> for Square {
        fn generate_constraints(self, cs: Cs) -> Result<(), SynthesisError> {
            let x = cs.new_witness_variable(|| Err(SynthesisError::AssignmentMissing))?;
            cs.enforce_r1cs_constraint(|| x.into(), || x.into(), || Variable::One.into())
        }
    }

    #[test]
    fn a_circuit_needs_no_witness() {
        let matrices = Matrices::synthesise(Square).unwrap();
        let x = vec![vec![(Fr::from(1), 1)]];
        assert_eq!(matrices.abc(), [x.clone(), x, vec![vec![(Fr::from(1), 0)]]]);
    }

    #[test]
    fn columns_matrices_and_counts_are_bound() {
        let base = product(SynthesisMode::Setup, 1, false);
        let abc = base.abc().to_vec();
        let (mut column, mut swapped, mut longer) = (abc.clone(), abc.clone(), abc.clone());
        column[0][0][0].1 = 3;
        swapped.swap(0, 2);
        longer.iter_mut().for_each(|matrix| matrix.push(Vec::new()));
        let others = [
            (column, 2, 2),
            (swapped, 2, 2),
            (longer, 2, 2),
            (abc.clone(), 2, 3),
            (abc, 3, 2),
        ];
        for (abc, inputs, witness) in others {
            let other = Matrices::new(abc, inputs, witness);
            assert_ne!(other.shape().digest, base.shape().digest);
        }
    }

    #[test]
    fn rows_from_elsewhere_are_made_canonical_or_refused() {
        let base = product(SynthesisMode::Setup, 1, false);
        let [a, b, c]: [Matrix<Fr>; 3] = base.abc().to_vec().try_into().unwrap();
        let split = vec![vec![
            (Fr::from(3), a[0][0].1),
            (Fr::from(0), 0),
            (-Fr::from(2), a[0][0].1),
        ]];
        assert!(Matrices::of_rows([split, b.clone(), c.clone()], 2, 2).unwrap() == base);
        let outside = Matrices::of_rows([vec![vec![(Fr::from(1), 4)]], b.clone(), c], 2, 2);
        assert_eq!(
            outside.unwrap_err(),
            Misshapen::Column {
                column: 4,
                variables: 4
            }
        );
        let uneven = Matrices::of_rows([a, b, Vec::new()], 2, 2);
        assert_eq!(uneven.unwrap_err(), Misshapen::Rows([1, 1, 0]));
    }

    #[test]
    fn a_system_without_matrices_is_refused() {
        let cs = Cs::new(ConstraintSystem::new());
        cs.set_mode(SynthesisMode::Prove {
            construct_matrices: false,
            generate_lc_assignments: false,
        });
        assert!(matches!(Shape::of(&cs), Err(SynthesisError::AssignmentMissing)));
        let square = Cs::new(ConstraintSystem::new());
        let predicate = ark_relations::gr1cs::predicate::PredicateConstraintSystem::new_sr1cs_predicate();
        square.register_predicate("square", predicate.unwrap()).unwrap();
        square
            .enforce_constraint_arity_2("square", || Variable::One.into(), || Variable::One.into())
            .unwrap();
        assert!(matches!(Shape::of(&square), Err(SynthesisError::PredicateNotFound)));
    }
}
