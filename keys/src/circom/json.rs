//! `proof.json` and `public.json`, as snarkjs writes them.

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use serde_json::{Value, json};

/// A proof: affine coordinates in decimal, and a third that is 1.
#[must_use]
pub fn proof_json(a: &G1Affine, b: &G2Affine, c: &G1Affine) -> Value {
    json!({
        "pi_a": g1(a),
        "pi_b": g2(b),
        "pi_c": g1(c),
        "protocol": "groth16",
        "curve": "bn128",
    })
}

/// Public inputs in decimal.
#[must_use]
pub fn public_json(inputs: &[Fr]) -> Value {
    inputs.iter().map(ToString::to_string).collect()
}

// Infinity, which no proof that verifies holds, is 0, 1, 0.
fn g1(point: &G1Affine) -> Value {
    match point.xy() {
        Some((x, y)) => json!([x.to_string(), y.to_string(), "1"]),
        None => json!(["0", "1", "0"]),
    }
}

fn g2(point: &G2Affine) -> Value {
    match point.xy() {
        Some((x, y)) => json!([
            [x.c0.to_string(), x.c1.to_string()],
            [y.c0.to_string(), y.c1.to_string()],
            ["1", "0"]
        ]),
        None => json!([["0", "0"], ["1", "0"], ["0", "0"]]),
    }
}
