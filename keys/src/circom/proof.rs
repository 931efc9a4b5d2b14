//! `proof.json` and `public.json`, as snarkjs has them.

use super::FormatError;
use super::decimal::{G1Text, G2Text, finite, g1, g1_json, g2, g2_json, not, scalar};
use crate::manifest::shown;
use ark_bn254::{Bn254, Fr};
use ark_groth16::Proof;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// snarkjs' name of BN254.
pub(super) const CURVE: &str = "bn128";
/// And of the proof system.
pub(super) const PROTOCOL: &str = "groth16";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofFile {
    pi_a: G1Text,
    pi_b: G2Text,
    pi_c: G1Text,
    protocol: String,
    curve: String,
}

/// A proof: affine coordinates in decimal, and a third that is 1.
#[must_use]
pub fn proof_json(proof: &Proof<Bn254>) -> Value {
    json!({
        "pi_a": g1_json(&proof.a),
        "pi_b": g2_json(&proof.b),
        "pi_c": g1_json(&proof.c),
        "protocol": PROTOCOL,
        "curve": CURVE,
    })
}

/// Public inputs in decimal.
#[must_use]
pub fn public_json(inputs: &[Fr]) -> Value {
    inputs.iter().map(ToString::to_string).collect()
}

/// Reads a `proof.json`: its points are of their groups, and none is infinity.
///
/// # Errors
/// [`FormatError`] with the place.
pub fn read_proof(bytes: &[u8]) -> Result<Proof<Bn254>, FormatError> {
    let file: ProofFile = parse(bytes, "a proof.json")?;
    kind(&file.protocol, &file.curve)?;
    Ok(Proof {
        a: finite(g1(&file.pi_a, "pi_a")?, "pi_a")?,
        b: finite(g2(&file.pi_b, "pi_b")?, "pi_b")?,
        c: finite(g1(&file.pi_c, "pi_c")?, "pi_c")?,
    })
}

/// Reads a `public.json`.
///
/// # Errors
/// [`FormatError`] with the place.
pub fn read_public(bytes: &[u8]) -> Result<Vec<Fr>, FormatError> {
    let texts: Vec<String> = parse(bytes, "a public.json")?;
    let inputs = texts.iter().enumerate();
    inputs.map(|(i, text)| scalar(text, &format!("[{i}]"))).collect()
}

pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8], what: &'static str) -> Result<T, FormatError> {
    serde_json::from_slice(bytes).map_err(|e| FormatError::Json {
        what,
        reason: shown(&e),
    })
}

pub(super) fn kind(protocol: &str, curve: &str) -> Result<(), FormatError> {
    if protocol != PROTOCOL {
        return Err(not("protocol", PROTOCOL, &shown(&protocol)));
    }
    if curve != CURVE {
        return Err(not("curve", CURVE, &shown(&curve)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{G1Affine, G2Affine};
    use ark_ec::AffineRepr;

    fn proof() -> Proof<Bn254> {
        Proof {
            a: G1Affine::generator(),
            b: G2Affine::generator(),
            c: -G1Affine::generator(),
        }
    }

    fn read(value: &Value) -> Result<Proof<Bn254>, FormatError> {
        read_proof(value.to_string().as_bytes())
    }

    #[test]
    fn proofs_and_inputs_are_read_as_they_are_written() {
        assert_eq!(read(&proof_json(&proof())), Ok(proof()));
        for inputs in [vec![], vec![Fr::from(0), -Fr::from(1)]] {
            assert_eq!(read_public(public_json(&inputs).to_string().as_bytes()), Ok(inputs));
        }
    }

    #[test]
    fn every_field_is_held_to_what_it_may_be() {
        let changes: [(&str, Value); 9] = [
            ("protocol", json!("plonk")),
            ("curve", json!("bls12381")),
            ("curve", json!("BN128")),
            ("pi_a", json!(["1", "3", "1"])),
            ("pi_a", json!(["0", "1", "0"])),
            ("pi_b", json!([["0", "0"], ["1", "0"], ["0", "0"]])),
            ("pi_c", json!(["01", "2", "1"])),
            ("pi_c", json!([1, 2, 1])),
            ("more", json!(1)),
        ];
        for (field, value) in changes {
            let mut bad = proof_json(&proof());
            bad[field] = value.clone();
            let error = read(&bad).unwrap_err().to_string();
            assert!(
                error.contains(field) || error.contains("not a proof.json"),
                "{field} {value}: {error}"
            );
        }
        for field in ["pi_a", "pi_b", "pi_c", "protocol", "curve"] {
            let mut bad = proof_json(&proof());
            bad.as_object_mut().unwrap().remove(field);
            assert!(read(&bad).is_err(), "{field}");
        }
    }

    #[test]
    fn every_prefix_and_every_longer_file_is_refused() {
        let texts = [
            proof_json(&proof()).to_string(),
            public_json(&[Fr::from(7)]).to_string(),
        ];
        let reads: [fn(&[u8]) -> bool; 2] = [|b| read_proof(b).is_ok(), |b| read_public(b).is_ok()];
        for (text, reads) in texts.iter().zip(reads) {
            assert!(reads(text.as_bytes()));
            assert!((0..text.len()).all(|length| !reads(&text.as_bytes()[..length])));
            assert!(!reads(format!("{text}0").as_bytes()));
        }
    }

    #[test]
    fn inputs_are_strings_below_the_modulus() {
        for bad in ["[1]", "[\"-1\"]", "[\"1\", null]", "{}", "[\"\"]"] {
            assert!(read_public(bad.as_bytes()).is_err(), "{bad}");
        }
        let error = read_public(b"[\"1\", \"x\"]").unwrap_err();
        assert!(error.to_string().starts_with("[1]: "), "{error}");
    }
}
