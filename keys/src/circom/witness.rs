//! `.wtns`: the values of a circuit's variables.

use super::FormatError;
use super::container::Sections;
use ark_bn254::Fr;
use ark_ff::Field;
use zeroize::Zeroizing;

/// The values in a `.wtns` file: the constant 1, outputs and public inputs, then the rest.
///
/// # Errors
/// [`FormatError`] with the place.
pub fn read_witness(bytes: &[u8]) -> Result<Zeroizing<Vec<Fr>>, FormatError> {
    let sections = Sections::read(bytes, "wtns", &[1, 2])?;
    let mut header = sections.one(1)?;
    header.modulus::<Fr>("scalar field")?;
    let count = header.count()?;
    header.end("the header")?;
    let mut section = sections.one(2)?;
    let mut rest = section;
    rest.take(count.saturating_mul(32))?;
    rest.end("the values")?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{BigInteger, PrimeField};

    fn file(values: &[[u8; 32]], count: u32) -> Vec<u8> {
        let mut header = vec![32, 0, 0, 0];
        header.extend(Fr::MODULUS.to_bytes_le());
        header.extend(count.to_le_bytes());
        let sections: [(u32, Vec<u8>); 2] = [(1, header), (2, values.concat())];
        let mut file = b"wtns".to_vec();
        file.extend(2u32.to_le_bytes());
        file.extend(2u32.to_le_bytes());
        for (number, bytes) in sections {
            file.extend(number.to_le_bytes());
            file.extend((bytes.len() as u64).to_le_bytes());
            file.extend(bytes);
        }
        file
    }

    fn number(x: u64) -> [u8; 32] {
        Fr::from(x).into_bigint().to_bytes_le().try_into().unwrap()
    }

    #[test]
    fn values_are_read_in_order() {
        let values = read_witness(&file(&[number(1), number(7), number(0)], 3)).unwrap();
        assert_eq!(*values, [1, 7, 0].map(Fr::from));
    }

    #[test]
    fn every_prefix_and_every_longer_file_is_refused() {
        let good = file(&[number(1), number(7)], 2);
        for length in 0..good.len() {
            assert!(read_witness(&good[..length]).is_err(), "{length}");
        }
        let longer = [&good[..], &[0]].concat();
        assert!(matches!(
            read_witness(&longer),
            Err(FormatError::Trailing { of: "the file", .. })
        ));
    }

    #[test]
    fn what_may_not_stand_there_is_refused_with_its_place() {
        let modulus: [u8; 32] = Fr::MODULUS.to_bytes_le().try_into().unwrap();
        let good = file(&[number(1), number(7)], 2);
        let at = good.len() - 32;
        let refused = read_witness(&file(&[number(1), modulus], 2));
        assert!(
            matches!(refused, Err(FormatError::Value { at: found, .. }) if found == at),
            "{refused:?}"
        );
        for bad in [
            file(&[number(2)], 1),
            file(&[], 0),
            file(&[number(1)], 2),
            file(&[number(1), number(2)], 1),
        ] {
            assert!(read_witness(&bad).is_err());
        }
        for (place, byte) in [(0, b'z'), (4, 3), (8, 1), (12, 2), (24, 31), (28, 2)] {
            let mut bad = good.clone();
            bad[place] = byte;
            assert!(read_witness(&bad).is_err(), "{place}");
        }
    }
}
