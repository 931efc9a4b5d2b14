//! `.r1cs`: a circuit's constraints, as circom writes them.

use super::FormatError;
use super::container::{Bytes, Sections};
use ark_bn254::Fr;
use medproof_gadgets::r1cs_file::Declared;
use medproof_gadgets::shape::Matrices;

/// A circuit of a `.r1cs` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct R1cs {
    /// Which variables the file declares as outputs and private inputs.
    pub declared: Declared,
    /// A, B and C over the constant 1, outputs, public inputs, and the rest.
    pub matrices: Matrices,
}

const HEADER: u32 = 1;
const CONSTRAINTS: u32 = 2;
const WIRE_TO_LABEL: u32 = 3;

/// Reads a `.r1cs` over BN254's scalar field. PLONK's custom gates are refused.
///
/// # Errors
/// [`FormatError`] with the place.
pub fn read_r1cs(bytes: &[u8]) -> Result<R1cs, FormatError> {
    let sections = Sections::read(bytes, "r1cs", &[1], &[HEADER, CONSTRAINTS, WIRE_TO_LABEL])?;
    let header = Header::read(sections.one(HEADER)?)?;
    labels(sections.one(WIRE_TO_LABEL)?, &header)?;
    let abc = constraints(sections.one(CONSTRAINTS)?, &header)?;
    let at = sections.one(HEADER)?;
    let matrices = Matrices::of_rows(abc, header.inputs, header.wires - header.inputs);
    Ok(R1cs {
        declared: header.declared,
        matrices: matrices.map_err(|e| at.not("the matrices of a circuit", &e.to_string()))?,
    })
}

struct Header {
    wires: usize,
    // The constant, outputs and public inputs.
    inputs: usize,
    declared: Declared,
    labels: u64,
    constraints: usize,
}

impl Header {
    fn read(mut header: Bytes<'_>) -> Result<Header, FormatError> {
        header.modulus::<Fr>("scalar field")?;
        let at = header;
        let (wires, outputs) = (header.count()?, header.count()?);
        let (public, private) = (header.count()?, header.count()?);
        let declared = [1, outputs, public, private]
            .iter()
            .try_fold(0, |sum: usize, n| sum.checked_add(*n));
        if declared.is_none_or(|declared| declared > wires) {
            return Err(at.not(
                "at least as many wires as the constant, outputs and inputs",
                &format!("{wires} wires, {outputs} outputs, {public} public inputs, {private} private inputs"),
            ));
        }
        let (labels, constraints) = (header.u64()?, header.count()?);
        header.end("the header")?;
        Ok(Header {
            wires,
            inputs: 1 + outputs + public,
            declared: Declared { outputs, private },
            labels,
            constraints,
        })
    }
}

// Which of circom's signals each wire is: checked, and of no use to a prover.
fn labels(mut section: Bytes<'_>, header: &Header) -> Result<(), FormatError> {
    section.holds(header.wires, 8, "the wires' labels")?;
    for _ in 0..header.wires {
        let at = section;
        let label = section.u64()?;
        if label >= header.labels {
            return Err(at.not(&format!("a label below {}", header.labels), &label.to_string()));
        }
    }
    Ok(())
}

type Rows = Vec<Vec<(Fr, usize)>>;

// A constraint with nothing in it: three counts.
const LEAST: usize = 12;

fn constraints(mut section: Bytes<'_>, header: &Header) -> Result<[Rows; 3], FormatError> {
    section.holds_at_least(header.constraints, LEAST)?;
    let mut abc = [(); 3].map(|()| Vec::with_capacity(header.constraints));
    for _ in 0..header.constraints {
        for rows in &mut abc {
            rows.push(terms(&mut section, header.wires)?);
        }
    }
    section.end("the constraints")?;
    Ok(abc)
}

// A wire that comes twice is added up by some readers and not by others.
fn terms(section: &mut Bytes<'_>, wires: usize) -> Result<Vec<(Fr, usize)>, FormatError> {
    let count = section.count()?;
    section.holds_at_least(count, 36)?;
    let start = *section;
    let mut terms = Vec::with_capacity(count);
    for _ in 0..count {
        let at = *section;
        let wire = section.count()?;
        if wire >= wires {
            return Err(at.not(&format!("a wire below {wires}"), &wire.to_string()));
        }
        terms.push((section.canonical()?, wire));
    }
    let mut seen: Vec<usize> = terms.iter().map(|(_, wire)| *wire).collect();
    seen.sort_unstable();
    match seen.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(start.not("each wire once", &format!("wire {} again", pair[0]))),
        None => Ok(terms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circom::testing::{r1cs, refused_at, refuses_damage, start_of, with, without};
    use ark_ff::{BigInteger, PrimeField};
    use medproof_gadgets::r1cs_file::write;

    // In the header, after the modulus.
    const COUNTS: usize = 36;

    fn file() -> Vec<u8> {
        write(&r1cs().matrices, r1cs().declared).unwrap()
    }

    #[test]
    fn a_circuit_survives_its_file() {
        assert_eq!(read_r1cs(&file()), Ok(r1cs()));
    }

    #[test]
    fn damaged_files_are_refused() {
        refuses_damage(&file(), |bytes| read_r1cs(bytes).map(drop));
        for section in 1..=3 {
            let refused = read_r1cs(&without(&file(), section));
            assert_eq!(refused, Err(FormatError::Section { section, found: 0 }));
        }
    }

    #[test]
    fn another_field_is_refused() {
        let good = file();
        refused_at(read_r1cs(&with(&good, HEADER, 0, &[48])), &good, HEADER, 0);
        refused_at(read_r1cs(&with(&good, HEADER, 4, &[0])), &good, HEADER, 0);
    }

    #[test]
    fn counts_are_held_against_each_other_and_the_file() {
        let good = file();
        let change = |offset: usize, count: u32| with(&good, HEADER, COUNTS + offset, &count.to_le_bytes());
        // Wires, outputs, public inputs, private inputs; labels; constraints. 11 wires, 2, 3 and 1 declared.
        for (offset, count) in [(0, 6), (4, 8), (8, 9), (12, 6), (4, u32::MAX), (8, u32::MAX)] {
            refused_at(read_r1cs(&change(offset, count)), &good, HEADER, COUNTS);
        }
        refused_at(read_r1cs(&change(16, 10)), &good, WIRE_TO_LABEL, 80);
        for (offset, count) in [(0, 10), (0, 12), (0, u32::MAX), (24, 4), (24, 6), (24, u32::MAX)] {
            assert!(read_r1cs(&change(offset, count)).is_err(), "{count} at {offset}");
        }
    }

    #[test]
    fn terms_are_canonical_and_of_wires_that_are_there_once() {
        let good = file();
        // The first row's A has one term: its count, its wire, its coefficient.
        let modulus = Fr::MODULUS.to_bytes_le();
        refused_at(read_r1cs(&with(&good, CONSTRAINTS, 8, &modulus)), &good, CONSTRAINTS, 8);
        refused_at(read_r1cs(&with(&good, CONSTRAINTS, 4, &[11])), &good, CONSTRAINTS, 4);
        let many = with(&good, CONSTRAINTS, 0, &u32::MAX.to_le_bytes());
        assert!(matches!(read_r1cs(&many), Err(FormatError::Short { .. })));
        // The last row's A has five terms: the second is made the first's wire.
        let at = start_of(&good, CONSTRAINTS);
        let row = 4 * 3 * 40;
        assert_eq!(good[at + row], 5);
        let (first, second) = (good[at + row + 4], row + 4 + 36);
        let twice = read_r1cs(&with(&good, CONSTRAINTS, second, &[first]));
        refused_at(twice, &good, CONSTRAINTS, row + 4);
    }
}
