//! circom's and snarkjs' files: what is read is written and read again the same.

use crate::oracle::{ends_where_it_ends, refused};
use crate::target::Verdict;
use medproof_gadgets::r1cs_file;
use medproof_keys::circom::{
    FormatError, proof_json, public_json, read_proof, read_public, read_r1cs, read_verification_key, read_witness,
    read_zkey, verification_key_json, write_witness, write_zkey,
};

/// A circuit's constraints.
pub fn r1cs(input: &[u8]) -> Verdict {
    file(input, read_r1cs, |r1cs| {
        r1cs_file::write(&r1cs.matrices, r1cs.declared).unwrap()
    })
}

/// A witness.
pub fn wtns(input: &[u8]) -> Verdict {
    file(input, read_witness, |values| write_witness(values).unwrap().to_vec())
}

/// A proving key.
pub fn zkey(input: &[u8]) -> Verdict {
    file(input, read_zkey, |key| write_zkey(key).unwrap())
}

/// A proof in JSON.
pub fn proof(input: &[u8]) -> Verdict {
    json(input, read_proof, |proof| proof_json(proof).to_string())
}

/// Public inputs in JSON.
pub fn public(input: &[u8]) -> Verdict {
    json(input, read_public, |inputs| public_json(inputs).to_string())
}

/// A verifying key in JSON.
pub fn verification_key(input: &[u8]) -> Verdict {
    json(input, read_verification_key, |key| {
        verification_key_json(key).to_string()
    })
}

// Sections may be in any order: the bytes need not be those that we write.
fn file<T: PartialEq>(
    input: &[u8],
    read: impl Fn(&[u8]) -> Result<T, FormatError>,
    write: impl Fn(&T) -> Vec<u8>,
) -> Verdict {
    let verdict = again(input, &read, &write);
    if verdict == Verdict::Accepted {
        ends_where_it_ends(input, |other| read(other).is_ok());
    }
    verdict
}

// Nor need spaces.
fn json<T: PartialEq>(
    input: &[u8],
    read: impl Fn(&[u8]) -> Result<T, FormatError>,
    write: impl Fn(&T) -> String,
) -> Verdict {
    again(input, read, |value| write(value).into_bytes())
}

fn again<T: PartialEq>(
    input: &[u8],
    read: impl Fn(&[u8]) -> Result<T, FormatError>,
    write: impl Fn(&T) -> Vec<u8>,
) -> Verdict {
    match read(input) {
        Err(error) => refused(&error),
        Ok(value) => {
            let written = write(&value);
            assert!(read(&written).is_ok_and(|other| other == value), "read otherwise");
            assert!(write(&read(&written).unwrap()) == written, "written otherwise");
            Verdict::Accepted
        }
    }
}
