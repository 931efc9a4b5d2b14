//! `.wtns`: the values of a circuit's variables.

use super::FormatError;
use super::container::Sections;
use super::writer::{NUMBER, Section, file};
use ark_bn254::Fr;
use ark_ff::Field;
use zeroize::Zeroizing;

const VERSION: u32 = 2;
const HEADER: u32 = 1;
const VALUES: u32 = 2;

/// The values in a `.wtns` file: the constant 1, outputs and public inputs, then the rest.
///
/// # Errors
/// [`FormatError`] with the place.
pub fn read_witness(bytes: &[u8]) -> Result<Zeroizing<Vec<Fr>>, FormatError> {
    let sections = Sections::read(bytes, "wtns", &[1, VERSION], &[HEADER, VALUES])?;
    let mut header = sections.one(HEADER)?;
    header.modulus::<Fr>("scalar field")?;
    let count = header.count()?;
    header.end("the header")?;
    let mut section = sections.one(VALUES)?;
    section.holds(count, NUMBER, "the values")?;
    let start = section;
    let mut values = Zeroizing::new(Vec::with_capacity(count));
    for _ in 0..count {
        values.push(section.canonical()?);
    }
    if values.first() == Some(&Fr::ONE) {
        Ok(values)
    } else {
        Err(start.not("the constant 1 first", "another value, or none"))
    }
}

/// The `.wtns` file of these values: secret, as they are.
///
/// # Errors
/// [`FormatError::TooLarge`] where their count does not fit 32 bits.
pub fn write_witness(values: &[Fr]) -> Result<Zeroizing<Vec<u8>>, FormatError> {
    let mut header = Section::new(HEADER, 2 * 4 + NUMBER);
    header.modulus::<Fr>()?;
    header.count(values.len())?;
    let mut section = Section::new(VALUES, values.len() * NUMBER);
    values.iter().for_each(|value| section.canonical(value));
    Ok(file(b"wtns", VERSION, &[header, section]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circom::testing::{refused_at, refuses_damage, with, without};
    use ark_ff::{BigInteger, PrimeField};

    fn values() -> [Fr; 3] {
        [Fr::from(1), Fr::from(7), -Fr::from(1)]
    }

    fn good() -> Vec<u8> {
        write_witness(&values()).unwrap().to_vec()
    }

    #[test]
    fn a_witness_survives_its_file() {
        assert_eq!(*read_witness(&good()).unwrap(), values());
    }

    #[test]
    fn the_bytes_are_those_of_the_format() {
        let mut expected = b"wtns\x02\0\0\0\x02\0\0\0\x01\0\0\0\x28\0\0\0\0\0\0\0\x20\0\0\0".to_vec();
        expected.extend(Fr::MODULUS.to_bytes_le());
        expected.extend(b"\x03\0\0\0\x02\0\0\0\x60\0\0\0\0\0\0\0");
        expected.extend(values().iter().flat_map(|value| value.into_bigint().to_bytes_le()));
        assert_eq!(good(), expected);
    }

    #[test]
    fn damaged_files_are_refused() {
        refuses_damage(&good(), |bytes| read_witness(bytes).map(drop));
        for section in [HEADER, VALUES] {
            let refused = read_witness(&without(&good(), section));
            assert_eq!(refused, Err(FormatError::Section { section, found: 0 }));
        }
    }

    #[test]
    fn what_may_not_stand_there_is_refused_with_its_place() {
        let good = good();
        let modulus = Fr::MODULUS.to_bytes_le();
        refused_at(read_witness(&with(&good, VALUES, 32, &modulus)), &good, VALUES, 32);
        // Not the constant 1, or nothing at all.
        refused_at(read_witness(&with(&good, VALUES, 0, &[2])), &good, VALUES, 0);
        assert!(read_witness(&write_witness(&[]).unwrap()).is_err());
        // Another field.
        for offset in [0, 4] {
            refused_at(read_witness(&with(&good, HEADER, offset, &[31])), &good, HEADER, 0);
        }
        for count in [2, 4, u32::MAX] {
            assert!(
                read_witness(&with(&good, HEADER, 36, &count.to_le_bytes())).is_err(),
                "{count}"
            );
        }
    }
}
