//! Presentations that differ from a good one, and are not what was proved: bytes changed at random, and parts changed by whoever
//! knows what they are.

use super::{presentation, rng};
use ark_bn254::{Fq, Fq2, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::CurveGroup;
use ark_ff::{BigInteger, Field, PrimeField, UniformRand};
use medproof_messages::encoding::{FieldHex, Hex};
use medproof_messages::point;
use medproof_messages::presentation::PRESENTATION_BYTES;
use medproof_statement::public::{COUNT, NAMES};
use rand_core::RngCore;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How many there are.
pub const MUTATIONS: usize = 10_000;

/// The same ones every time, no two alike, every other one in the form of JSON.
pub fn mutations() -> Vec<Vec<u8>> {
    let forms = [presentation().to_bytes().to_vec(), presentation().to_json()];
    let mut seen: BTreeSet<Vec<u8>> = forms.iter().cloned().collect();
    let mut rng = rng(5);
    let mut all = Vec::with_capacity(MUTATIONS);
    while all.len() < MUTATIONS {
        let as_json = all.len() % 2 == 1;
        let bytes = match all.len() / 2 % 2 {
            0 => scratched(&forms[usize::from(as_json)], &mut rng),
            _ => rebuilt(as_json, &mut rng),
        };
        if seen.insert(bytes.clone()) {
            all.push(bytes);
        }
    }
    all
}

fn below(rng: &mut impl RngCore, limit: usize) -> usize {
    rng.next_u32() as usize % limit
}

// ---- by whoever knows nothing ----

fn scratched(good: &[u8], rng: &mut impl RngCore) -> Vec<u8> {
    let mut bytes = good.to_vec();
    let at = below(rng, bytes.len());
    match rng.next_u32() % 11 {
        0..=3 => bytes[at] ^= 1 << below(rng, 8),
        4 => bytes[at] = rng.next_u32() as u8,
        5 => bytes.truncate(at),
        6 => bytes.extend((0..1 + below(rng, 64)).map(|i| i as u8)),
        7 => {
            let len = below(rng, 33).min(bytes.len() - at);
            let from = below(rng, good.len() - len);
            bytes[at..at + len].copy_from_slice(&good[from..from + len]);
        }
        8 => {
            let len = below(rng, 65).min(bytes.len() - at);
            rng.fill_bytes(&mut bytes[at..at + len]);
        }
        9 => bytes.insert(at, b' '),
        _ => drop(bytes.remove(at)),
    }
    bytes
}

// ---- by whoever knows the format ----

/// Where the parts of a presentation are: its points, then its public inputs.
pub const A: usize = 33;
pub const B: usize = A + 32;
pub const C: usize = B + 64;
pub const INPUTS: usize = C + 32;

type Bytes = [u8; PRESENTATION_BYTES];

// One part is another, so that the rest fits no more. Never two points: A and B negated, or multiplied by numbers whose product is
// one, are another good proof of the same inputs, which is no forgery.
fn rebuilt(as_json: bool, rng: &mut impl RngCore) -> Vec<u8> {
    let mut bytes = presentation().to_bytes();
    match below(rng, 8) {
        0 => rng.fill_bytes(&mut bytes[1..A]),
        1 => flags(&mut bytes, rng),
        2 => coordinate(&mut bytes, rng),
        3 => point_of_g1(&mut bytes, rng),
        4 => point_of_g2(&mut bytes, rng),
        5 => element(&mut bytes, rng),
        6 => moved(&mut bytes, rng),
        _ if as_json => return respelt(rng),
        _ => return resized(&bytes, rng),
    }
    if as_json { json_of(&bytes) } else { bytes.to_vec() }
}

fn last_byte_of_a_point(rng: &mut impl RngCore) -> usize {
    [B, C, INPUTS][below(rng, 3)] - 1
}

// Negated, at infinity, or neither of all that there are. Sometimes with a bit of an input.
fn flags(bytes: &mut Bytes, rng: &mut impl RngCore) {
    bytes[last_byte_of_a_point(rng)] ^= [0x40, 0x80, 0xc0][below(rng, 3)];
    if !rng.next_u32().is_multiple_of(4) {
        bytes[INPUTS + below(rng, PRESENTATION_BYTES - INPUTS)] ^= 1 << below(rng, 8);
    }
}

// x + p as well as any x: of no point, outside the subgroup, or of some point.
fn coordinate(bytes: &mut Bytes, rng: &mut impl RngCore) {
    let at = [A, B, B + 32, C][below(rng, 4)];
    let mut x = Fq::rand(rng).into_bigint();
    if rng.next_u32().is_multiple_of(4) {
        x.add_with_carry(&Fq::MODULUS);
    }
    let flag = bytes[at + 31] & 0xc0;
    bytes[at..at + 32].copy_from_slice(&x.to_bytes_le());
    if at != B {
        bytes[at + 31] = bytes[at + 31] & 0x3f | flag;
    }
}

fn point_of_g1(bytes: &mut Bytes, rng: &mut impl RngCore) {
    let at = [A, C][below(rng, 2)];
    let other: G1Affine = G1Projective::rand(rng).into_affine();
    bytes[at..at + 32].copy_from_slice(&point::g1_to_bytes(&other));
}

// Of the group, or of the curve alone.
fn point_of_g2(bytes: &mut Bytes, rng: &mut impl RngCore) {
    let other = match rng.next_u32() % 2 {
        0 => G2Projective::rand(rng).into_affine(),
        _ => loop {
            let x = Fq2::rand(rng);
            if let Some(found) = G2Affine::get_point_from_x_unchecked(x, rng.next_u32().is_multiple_of(2)) {
                break found;
            }
        },
    };
    bytes[B..C].copy_from_slice(&point::g2_to_bytes(&other));
}

// A public input that is another, near or far, or the same one spelt otherwise.
fn element(bytes: &mut Bytes, rng: &mut impl RngCore) {
    let input = below(rng, COUNT);
    let own = presentation().public.to_array()[input];
    let near = Fr::from(u64::from(rng.next_u32()));
    let other = match rng.next_u32() % 5 {
        0 => Fr::rand(rng).into_bigint(),
        1 => (own + near).into_bigint(),
        2 => (own - near).into_bigint(),
        3 => (own * near).into_bigint(),
        _ => {
            let mut sum = (own + near).into_bigint();
            sum.add_with_carry(&Fr::MODULUS);
            sum
        }
    };
    bytes[INPUTS + 32 * input..][..32].copy_from_slice(&other.to_bytes_be());
}

// Parts in each other's places, and a byte of an input that makes it one of many.
fn moved(bytes: &mut Bytes, rng: &mut impl RngCore) {
    let [one, other] = [0, 1].map(|_| A + 32 * below(rng, (PRESENTATION_BYTES - A) / 32));
    for i in 0..32 {
        bytes.swap(one + i, other + i);
    }
    bytes[INPUTS + below(rng, PRESENTATION_BYTES - INPUTS)] ^= rng.next_u32() as u8;
}

fn resized(good: &[u8], rng: &mut impl RngCore) -> Vec<u8> {
    let mut bytes = good.to_vec();
    if rng.next_u32().is_multiple_of(8) {
        bytes.truncate(32 * below(rng, 10));
    }
    let mut more = vec![0; 1 + below(rng, 200)];
    rng.fill_bytes(&mut more);
    bytes.extend(more);
    bytes
}

// ---- JSON ----

fn json_of(bytes: &Bytes) -> Vec<u8> {
    let part = |at: usize, len: usize| format!("0x{}", hex::encode(&bytes[at..at + len]));
    let mut value: Value = serde_json::from_slice(&presentation().to_json()).unwrap();
    value["key_id"] = part(1, 32).into();
    value["proof"] = part(A, INPUTS - A).into();
    for (i, name) in NAMES.iter().enumerate() {
        value["public_inputs"][name] = part(INPUTS + 32 * i, 32).into();
    }
    value.to_string().into_bytes()
}

// The same or nearly the same, in words that are not its own.
fn respelt(rng: &mut impl RngCore) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(&presentation().to_json()).unwrap();
    let number = rng.next_u32();
    let element = FieldHex(Fr::from(u64::from(number)).square());
    match rng.next_u32() % 6 {
        0 => value["version"] = number.into(),
        1 => value["public_inputs"][NAMES[below(rng, COUNT)]] = number.into(),
        2 => value["public_inputs"][format!("input{number}")] = element.to_string().into(),
        3 => value["proof"] = json!([Hex(number.to_be_bytes()).to_string()]),
        4 => value["public_inputs"] = json!([element.to_string()]),
        _ => {
            let text = value.to_string();
            let at = 1 + below(rng, 300);
            let upper = [&text[..at], &text[at..].to_uppercase()].concat();
            return upper.into_bytes();
        }
    }
    value.to_string().into_bytes()
}
