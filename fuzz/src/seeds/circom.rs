//! Seeds of circom's and snarkjs' files, of the smallest circuit: y = x², y public.

use super::edges::{in_bytes, respelt};
use super::{Seed, seed};
use crate::json::places;
use ark_bn254::{Fq, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::PrimeField;
use ark_groth16::Proof;
use medproof_gadgets::r1cs_file::{self, Declared};
use medproof_gadgets::shape::Matrices;
use medproof_keys::Quiet;
use medproof_keys::circom::{
    R1cs, development_zkey, proof_json, public_json, verification_key_json, write_witness, write_zkey,
};
use serde_json::Value;

/// Seeds.
pub fn seeds() -> Vec<Seed> {
    let one = |column: usize| vec![vec![(Fr::from(1u64), column)]];
    let r1cs = R1cs {
        declared: Declared { outputs: 1, private: 1 },
        matrices: Matrices::of_rows([one(2), one(2), one(1)], 2, 1).unwrap(),
    };
    let key = development_zkey(&r1cs, &Quiet).unwrap();
    let values = [1, 49, 7].map(|value: u64| Fr::from(value));
    let proof = Proof {
        a: G1Affine::generator(),
        b: G2Affine::generator(),
        c: -G1Affine::generator(),
    };
    [
        // At the modulus, the counts, and numbers or points behind them.
        in_bytes(
            "circom_r1cs",
            &r1cs_file::write(&r1cs.matrices, r1cs.declared).unwrap(),
            &[28, 60, 108, 224],
        ),
        in_bytes("circom_wtns", &write_witness(&values).unwrap(), &[28, 60, 76, 108]),
        in_bytes("circom_zkey", &write_zkey(&key).unwrap(), &[44, 112, 124, 252, 728]),
        in_decimal("circom_proof", &proof_json(&proof)),
        in_decimal("circom_public", &public_json(&values[1..])),
        in_decimal("circom_verification_key", &verification_key_json(&key.verifying())),
    ]
    .concat()
}

/// The honest JSON, as no writer writes it, and with each edge in some of its strings.
fn in_decimal(target: &'static str, honest: &Value) -> Vec<Seed> {
    let text = honest.to_string().into_bytes();
    let mut seeds = vec![seed(target, "honest", text.as_slice())];
    seeds.extend(respelt(target, &text));
    let words = [
        ("zero", "0".to_owned()),
        ("one", "1".to_owned()),
        ("leading-zero", "01".to_owned()),
        ("negative", "-1".to_owned()),
        ("p", Fr::MODULUS.to_string()),
        ("p-minus-1", (-Fr::from(1u64)).to_string()),
        ("q", Fq::MODULUS.to_string()),
        ("q-minus-1", (-Fq::from(1u64)).to_string()),
        ("long", "9".repeat(77)),
        ("longer", "9".repeat(78)),
    ];
    let strings = places(&text)
        .into_iter()
        .filter(|place| text[place.value.start] == b'"');
    for (nth, place) in strings.enumerate().filter(|(nth, _)| nth % 4 == 0) {
        for (name, word) in &words {
            let mut bytes = text.clone();
            bytes.splice(place.value.start + 1..place.value.end - 1, word.bytes());
            seeds.push(seed(target, format!("{name}-in-{nth}"), bytes));
        }
    }
    seeds
}
