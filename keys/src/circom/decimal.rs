//! Numbers and points in snarkjs' JSON: decimal strings, projective with a third coordinate of 1.

use super::FormatError;
use crate::manifest::shown;
use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, Field, PrimeField};
use serde_json::{Value, json};

/// A point of G1 as a file has it.
pub(super) type G1Text = [String; 3];
/// A point of G2 as a file has it.
pub(super) type G2Text = [[String; 2]; 3];

// 10^77 is below 2^256, 10^78 is not.
const MOST_DIGITS: usize = 77;

/// A number below the field's modulus, in its one spelling.
pub(super) fn number<F: PrimeField<BigInt = BigInt<4>>>(text: &str, place: &str) -> Result<F, FormatError> {
    let refused = || not(place, "a decimal number below the modulus", &shown(&text));
    let spelt = text == "0" || !text.starts_with('0');
    let digits = (1..=MOST_DIGITS).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
    if !(spelt && digits) {
        return Err(refused());
    }
    let mut limbs = [0; 4];
    for digit in text.bytes() {
        let mut carry = u128::from(digit - b'0');
        for limb in &mut limbs {
            let sum = u128::from(*limb) * 10 + carry;
            *limb = sum as u64;
            carry = sum >> 64;
        }
    }
    F::from_bigint(BigInt(limbs)).ok_or_else(refused)
}

/// A public input.
pub(super) fn scalar(text: &str, place: &str) -> Result<Fr, FormatError> {
    number(text, place)
}

/// A point of G1 or infinity, which is 0, 1, 0.
pub(super) fn g1(text: &G1Text, place: &str) -> Result<G1Affine, FormatError> {
    let [x, y, z]: [Fq; 3] = [at(text, place, 0)?, at(text, place, 1)?, at(text, place, 2)?];
    point(affine(x, y, z), G1Affine::new_unchecked, G1Affine::is_on_curve)
        .ok_or_else(|| not(place, "a point of G1", "one off the curve or none"))
}

/// A point of G2 or infinity.
pub(super) fn g2(text: &G2Text, place: &str) -> Result<G2Affine, FormatError> {
    let pair = |i: usize| -> Result<Fq2, FormatError> {
        let place = format!("{place}[{i}]");
        Ok(Fq2::new(at(&text[i], &place, 0)?, at(&text[i], &place, 1)?))
    };
    let valid = |p: &G2Affine| p.is_on_curve() && p.is_in_correct_subgroup_assuming_on_curve();
    point(affine(pair(0)?, pair(1)?, pair(2)?), G2Affine::new_unchecked, valid)
        .ok_or_else(|| not(place, "a point of G2", "one off the curve, outside the group, or none"))
}

// The pair 0, 0 is arkworks' infinity, and no file's.
fn point<F, P: AffineRepr>(
    coordinates: Option<Option<(F, F)>>,
    of: impl Fn(F, F) -> P,
    valid: impl Fn(&P) -> bool,
) -> Option<P> {
    match coordinates? {
        None => Some(P::zero()),
        Some((x, y)) => Some(of(x, y)).filter(|p| !p.is_zero() && valid(p)),
    }
}

/// As [`g1`] or [`g2`], where infinity may not be.
pub(super) fn finite<P: AffineRepr>(point: P, place: &str) -> Result<P, FormatError> {
    if point.is_zero() {
        Err(not(place, "a point", "infinity"))
    } else {
        Ok(point)
    }
}

fn at(text: &[String], place: &str, i: usize) -> Result<Fq, FormatError> {
    number(text.get(i).map_or("", String::as_str), &format!("{place}[{i}]"))
}

// The two ways in which snarkjs writes coordinates: those with 1, and infinity.
fn affine<F: Field>(x: F, y: F, z: F) -> Option<Option<(F, F)>> {
    match (z == F::ONE, z == F::ZERO && x == F::ZERO && y == F::ONE) {
        (true, _) => Some(Some((x, y))),
        (_, true) => Some(None),
        _ => None,
    }
}

pub(super) fn not(place: &str, expected: &'static str, found: &str) -> FormatError {
    FormatError::Field {
        place: place.to_owned(),
        expected,
        found: found.to_owned(),
    }
}

pub(super) fn g1_json(point: &G1Affine) -> Value {
    match point.xy() {
        Some((x, y)) => json!([x.to_string(), y.to_string(), "1"]),
        None => json!(["0", "1", "0"]),
    }
}

pub(super) fn g2_json(point: &G2Affine) -> Value {
    match point.xy() {
        Some((x, y)) => json!([fq2_json(&x), fq2_json(&y), ["1", "0"]]),
        None => json!([["0", "0"], ["1", "0"], ["0", "0"]]),
    }
}

pub(super) fn fq2_json(x: &Fq2) -> Value {
    json!([x.c0.to_string(), x.c1.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circom::testing::outside_the_group;
    use ark_ff::{One, Zero};
    use serde::de::DeserializeOwned;

    fn text<T: DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn numbers_have_one_spelling() {
        let most = (-Fr::one()).to_string();
        for (spelt, expected) in [("0", Fr::zero()), ("10", Fr::from(10)), (most.as_str(), -Fr::one())] {
            assert_eq!(scalar(spelt, "x"), Ok(expected));
        }
        let modulus = Fr::MODULUS.to_string();
        let long = "9".repeat(78);
        for refused in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            " 1",
            "1 ",
            "0x1",
            "1e3",
            "١",
            &modulus,
            &long,
            &"9".repeat(77),
        ] {
            let error = scalar(refused, "x[1]").unwrap_err();
            assert!(error.to_string().starts_with("x[1]: expected"), "{error}");
        }
    }

    #[test]
    fn points_are_read_as_they_are_written() {
        for point in [G1Affine::generator(), -G1Affine::generator(), G1Affine::zero()] {
            assert_eq!(g1(&text(g1_json(&point)), "a"), Ok(point));
        }
        for point in [G2Affine::generator(), -G2Affine::generator(), G2Affine::zero()] {
            assert_eq!(g2(&text(g2_json(&point)), "b"), Ok(point));
        }
        assert!(finite(G1Affine::zero(), "a").is_err());
        assert!(finite(G1Affine::generator(), "a").is_ok());
    }

    #[test]
    fn what_is_no_point_is_refused() {
        for bad in [
            ["1", "3", "1"],
            ["1", "2", "2"],
            ["0", "0", "0"],
            ["0", "0", "1"],
            ["1", "1", "0"],
        ] {
            assert!(g1(&bad.map(str::to_owned), "a").is_err(), "{bad:?}");
        }
        let mut off: G2Text = text(g2_json(&G2Affine::generator()));
        off[0][1] = "5".to_owned();
        assert!(g2(&off, "b").is_err());
        let mut double: G2Text = text(g2_json(&G2Affine::generator()));
        double[2][1] = "1".to_owned();
        assert!(g2(&double, "b").is_err());
    }

    #[test]
    fn a_point_outside_the_group_is_refused() {
        let outside = outside_the_group();
        assert!(outside.is_on_curve());
        let error = g2(&text(g2_json(&outside)), "pi_b").unwrap_err();
        assert!(error.to_string().starts_with("pi_b: expected a point of G2"), "{error}");
    }
}
