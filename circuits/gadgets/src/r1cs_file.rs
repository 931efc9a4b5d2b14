//! A system's matrices as a file of iden3's binary R1CS format, version 1, for tools from outside.
//!
//! The format orders wires: the constant, outputs, public inputs, private inputs, the rest. Ours
//! are the constant, public inputs and witness, so a system whose first public inputs are declared
//! outputs, and that declares no private inputs, keeps the order of its columns.

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};
use core::fmt;

use crate::shape::Matrices;

const MAGIC: &[u8; 4] = b"r1cs";
const VERSION: u32 = 1;
const HEADER: u32 = 1;
const CONSTRAINTS: u32 = 2;
const WIRE_TO_LABEL: u32 = 3;
/// Bytes of a field element.
const ELEMENT: usize = 32;

/// Which of a system's variables the file declares as what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Declared {
    /// How many of the public inputs, the first, are outputs.
    pub outputs: usize,
    /// How many of the witness variables, the first, are private inputs.
    pub private: usize,
}

/// Why there is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum R1csFileError {
    /// More is declared than the system has.
    Declared(Declared),
    /// A count does not fit the format's 32 bits.
    TooLarge,
}

impl fmt::Display for R1csFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declared(Declared { outputs, private }) => write!(
                f,
                "the system has no {outputs} public inputs to be outputs or no {private} private variables to be inputs"
            ),
            Self::TooLarge => f.write_str("the format counts wires and constraints in 32 bits, and there are more"),
        }
    }
}

impl core::error::Error for R1csFileError {}

/// The file's bytes. Wire i is column i.
///
/// # Errors
/// [`R1csFileError`] where the declaration or the system does not fit.
pub fn write(matrices: &Matrices, declared: Declared) -> Result<Vec<u8>, R1csFileError> {
    let public = matrices.inputs().checked_sub(1 + declared.outputs);
    let public = public.ok_or(R1csFileError::Declared(declared))?;
    if declared.private > matrices.witness() {
        return Err(R1csFileError::Declared(declared));
    }
    let wires = matrices.inputs() + matrices.witness();
    let mut header = Vec::new();
    put(&mut header, ELEMENT)?;
    header.extend(Fr::MODULUS.to_bytes_le());
    for count in [wires, declared.outputs, public, declared.private] {
        put(&mut header, count)?;
    }
    header.extend((wires as u64).to_le_bytes());
    put(&mut header, matrices.constraints())?;

    let mut file = Vec::new();
    file.extend(MAGIC);
    file.extend(VERSION.to_le_bytes());
    file.extend(3u32.to_le_bytes());
    section(&mut file, HEADER, &header);
    section(&mut file, CONSTRAINTS, &constraints(matrices)?);
    let labels: Vec<u8> = (0..wires as u64).flat_map(u64::to_le_bytes).collect();
    section(&mut file, WIRE_TO_LABEL, &labels);
    Ok(file)
}

/// Row by row A, B, C: the number of terms, and each term's wire and coefficient.
fn constraints(matrices: &Matrices) -> Result<Vec<u8>, R1csFileError> {
    let mut bytes = Vec::new();
    for row in 0..matrices.constraints() {
        for terms in matrices.abc().iter().filter_map(|matrix| matrix.get(row)) {
            put(&mut bytes, terms.len())?;
            for (coefficient, wire) in terms {
                put(&mut bytes, *wire)?;
                bytes.extend(coefficient.into_bigint().to_bytes_le());
            }
        }
    }
    Ok(bytes)
}

fn section(file: &mut Vec<u8>, kind: u32, content: &[u8]) {
    file.extend(kind.to_le_bytes());
    file.extend((content.len() as u64).to_le_bytes());
    file.extend(content);
}

fn put(bytes: &mut Vec<u8>, count: usize) -> Result<(), R1csFileError> {
    let count = u32::try_from(count).map_err(|_| R1csFileError::TooLarge)?;
    bytes.extend(count.to_le_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use ark_bn254::Bn254;
    use ark_ff::Field;
    use ark_relations::gr1cs::{ConstraintSynthesizer, SynthesisError};
    use taceo_circom_types::R1CS;

    use super::*;
    use crate::bits::Bit;
    use crate::poseidon2;
    use crate::select::select;
    use crate::wire::{Cs, Wire};

    /// The one at a bit, hashed.
    struct Chosen;

    impl ConstraintSynthesizer<Fr> for Chosen {
        fn generate_constraints(self, cs: Cs) -> Result<(), SynthesisError> {
            let input = || Wire::input(&cs, || Err(SynthesisError::AssignmentMissing));
            let (out, yes, no) = (input()?, input()?, input()?);
            let bit = Bit::witness(&cs, || Err(SynthesisError::AssignmentMissing))?;
            let chosen = select(&cs, &bit, &yes, &no)?;
            poseidon2::hash::<4>(&cs, 7, &[chosen])?.enforce_equal(&cs, &out)
        }
    }

    const DECLARED: Declared = Declared { outputs: 1, private: 1 };

    #[test]
    fn another_reader_reads_what_was_written() {
        let matrices = Matrices::synthesise(Chosen).unwrap();
        let file = write(&matrices, DECLARED).unwrap();
        let read = R1CS::<Bn254>::from_reader(Cursor::new(file)).unwrap();
        assert_eq!((read.n_pub_out, read.n_pub_in, read.n_prv_in), (1, 2, 1));
        let wires = matrices.inputs() + matrices.witness();
        assert_eq!((read.num_variables, read.n_labels), (wires, wires as u64));
        assert_eq!(read.wire_mapping, (0..wires).collect::<Vec<_>>());
        assert_eq!(read.n_constraints, matrices.constraints());
        for (row, (a, b, c)) in read.constraints.iter().enumerate() {
            for (terms, matrix) in [a, b, c].into_iter().zip(matrices.abc()) {
                let ours: Vec<_> = matrix[row].iter().map(|(k, wire)| (*wire, *k)).collect();
                assert_eq!(*terms, ours, "row {row}");
            }
        }
    }

    /// x·x = 9·y with y an output, byte by byte.
    #[test]
    fn the_bytes_are_those_of_the_format() {
        struct Square;
        impl ConstraintSynthesizer<Fr> for Square {
            fn generate_constraints(self, cs: Cs) -> Result<(), SynthesisError> {
                let y = Wire::input(&cs, || Err(SynthesisError::AssignmentMissing))?;
                let x = Wire::witness(&cs, || Err(SynthesisError::AssignmentMissing))?;
                crate::wire::enforce_product(&cs, &x, &x, &(y * Fr::from(9)))
            }
        }
        let matrices = Matrices::synthesise(Square).unwrap();
        let file = write(&matrices, DECLARED).unwrap();
        let mut expected = b"r1cs\x01\0\0\0\x03\0\0\0".to_vec();
        expected.extend(b"\x01\0\0\0\x40\0\0\0\0\0\0\0\x20\0\0\0");
        expected.extend(Fr::MODULUS.to_bytes_le());
        expected.extend(b"\x03\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\x03\0\0\0\0\0\0\0\x01\0\0\0");
        expected.extend(b"\x02\0\0\0\x78\0\0\0\0\0\0\0");
        for (wire, coefficient) in [(2u8, Fr::ONE), (2, Fr::ONE), (1, Fr::from(9))] {
            expected.extend([1, 0, 0, 0, wire, 0, 0, 0]);
            expected.extend(coefficient.into_bigint().to_bytes_le());
        }
        expected.extend(b"\x03\0\0\0\x18\0\0\0\0\0\0\0");
        expected.extend((0..3u64).flat_map(u64::to_le_bytes));
        assert_eq!(file, expected);
    }

    #[test]
    fn more_than_there_is_cannot_be_declared() {
        let matrices = Matrices::synthesise(Chosen).unwrap();
        let most = Declared {
            outputs: matrices.inputs() - 1,
            private: matrices.witness(),
        };
        assert!(write(&matrices, most).is_ok());
        for declared in [
            Declared {
                outputs: most.outputs + 1,
                ..most
            },
            Declared {
                private: most.private + 1,
                ..most
            },
        ] {
            assert_eq!(write(&matrices, declared), Err(R1csFileError::Declared(declared)));
        }
    }
}
