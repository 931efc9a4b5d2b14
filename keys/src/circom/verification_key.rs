//! `verification_key.json`, as snarkjs has it.

use super::FormatError;
use super::decimal::{G1Text, G2Text, finite, fq2_json, g1, g1_json, g2, g2_json, not};
use super::proof::{CURVE, PROTOCOL, kind, parse};
use ark_bn254::{Bn254, Fq6, Fq12, G1Affine, G2Affine};
use ark_ec::pairing::Pairing;
use ark_groth16::VerifyingKey;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    protocol: String,
    curve: String,
    #[serde(rename = "nPublic")]
    public: usize,
    vk_alpha_1: G1Text,
    vk_beta_2: G2Text,
    vk_gamma_2: G2Text,
    vk_delta_2: G2Text,
    // Follows from α and β; some writers leave it out.
    vk_alphabeta_12: Option<Value>,
    #[serde(rename = "IC")]
    ic: Vec<G1Text>,
}

/// A verifying key: points with a third coordinate of 1, and the pairing of α and β.
#[must_use]
pub fn verification_key_json(key: &VerifyingKey<Bn254>) -> Value {
    json!({
        "protocol": PROTOCOL,
        "curve": CURVE,
        "nPublic": key.gamma_abc_g1.len().saturating_sub(1),
        "vk_alpha_1": g1_json(&key.alpha_g1),
        "vk_beta_2": g2_json(&key.beta_g2),
        "vk_gamma_2": g2_json(&key.gamma_g2),
        "vk_delta_2": g2_json(&key.delta_g2),
        "vk_alphabeta_12": paired(&key.alpha_g1, &key.beta_g2),
        "IC": key.gamma_abc_g1.iter().map(g1_json).collect::<Vec<_>>(),
    })
}

/// Reads a `verification_key.json`: its points are of their groups; α, β, γ and δ are not infinity.
///
/// # Errors
/// [`FormatError`] with the place.
pub fn read_verification_key(bytes: &[u8]) -> Result<VerifyingKey<Bn254>, FormatError> {
    let file: KeyFile = parse(bytes, "a verification_key.json")?;
    kind(&file.protocol, &file.curve)?;
    if Some(file.public) != file.ic.len().checked_sub(1) {
        return Err(not("IC", "one point more than nPublic", &file.ic.len().to_string()));
    }
    let in_g2 = |text: &G2Text, place: &str| finite(g2(text, place)?, place);
    let key = VerifyingKey {
        alpha_g1: finite(g1(&file.vk_alpha_1, "vk_alpha_1")?, "vk_alpha_1")?,
        beta_g2: in_g2(&file.vk_beta_2, "vk_beta_2")?,
        gamma_g2: in_g2(&file.vk_gamma_2, "vk_gamma_2")?,
        delta_g2: in_g2(&file.vk_delta_2, "vk_delta_2")?,
        gamma_abc_g1: (file.ic.iter().enumerate())
            .map(|(i, point)| g1(point, &format!("IC[{i}]")))
            .collect::<Result<_, _>>()?,
    };
    match file.vk_alphabeta_12 {
        Some(found) if found != paired(&key.alpha_g1, &key.beta_g2) => Err(not(
            "vk_alphabeta_12",
            "the pairing of vk_alpha_1 and vk_beta_2",
            "something else",
        )),
        _ => Ok(key),
    }
}

fn paired(alpha: &G1Affine, beta: &G2Affine) -> Value {
    let Fq12 { c0, c1, .. } = Bn254::pairing(alpha, beta).0;
    let third = |x: &Fq6| json!([fq2_json(&x.c0), fq2_json(&x.c1), fq2_json(&x.c2)]);
    json!([third(&c0), third(&c1)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::small_key;

    fn read(value: &Value) -> Result<VerifyingKey<Bn254>, FormatError> {
        read_verification_key(value.to_string().as_bytes())
    }

    #[test]
    fn keys_are_read_as_they_are_written() {
        let key = small_key().vk;
        let mut file = verification_key_json(&key);
        assert_eq!(file["nPublic"], 5);
        assert_eq!(read(&file), Ok(key.clone()));
        file.as_object_mut().unwrap().remove("vk_alphabeta_12");
        assert_eq!(read(&file), Ok(key));
    }

    #[test]
    fn every_field_is_held_to_what_it_may_be() {
        let good = verification_key_json(&small_key().vk);
        let infinity = json!([["0", "0"], ["1", "0"], ["0", "0"]]);
        let changes: [(&str, Value); 11] = [
            ("protocol", json!("plonk")),
            ("curve", json!("bls12381")),
            ("nPublic", json!(4)),
            ("nPublic", json!(6)),
            ("nPublic", json!("5")),
            ("vk_alpha_1", json!(["0", "1", "0"])),
            ("vk_beta_2", infinity.clone()),
            ("vk_gamma_2", infinity.clone()),
            ("vk_delta_2", infinity),
            ("vk_alphabeta_12", json!([])),
            ("more", json!(1)),
        ];
        for (field, value) in changes {
            let mut bad = good.clone();
            bad[field] = value.clone();
            assert!(read(&bad).is_err(), "{field} {value}");
        }
        for field in [
            "vk_alpha_1",
            "vk_beta_2",
            "vk_gamma_2",
            "vk_delta_2",
            "IC",
            "nPublic",
            "curve",
        ] {
            let mut bad = good.clone();
            bad.as_object_mut().unwrap().remove(field);
            assert!(read(&bad).is_err(), "{field}");
        }
        let mut bad = good.clone();
        bad["IC"][3][0] = json!("5");
        assert!(read(&bad).unwrap_err().to_string().starts_with("IC[3]: "));
        let mut bad = good.clone();
        bad["IC"] = json!([]);
        assert!(read(&bad).is_err());
    }

    #[test]
    fn every_prefix_and_every_longer_file_is_refused() {
        let good = verification_key_json(&small_key().vk).to_string();
        for length in (0..good.len()).step_by(7) {
            assert!(read_verification_key(&good.as_bytes()[..length]).is_err(), "{length}");
        }
        assert!(read_verification_key(format!("{good},").as_bytes()).is_err());
    }
}
