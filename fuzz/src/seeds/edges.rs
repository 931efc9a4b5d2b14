//! Seeds at the edges of numbers, made from an honest one.

use super::{Seed, seed};
use crate::json::places;
use crate::mutate::edges::WORDS;
use ark_bn254::{Fq, Fr};
use ark_ff::{BigInteger, PrimeField};
use medproof_statement::eddsa::Scalar;

/// Around the moduli, and the greatest number: each with a name.
fn words() -> Vec<(String, [u8; 32])> {
    let modulus = |bytes: Vec<u8>| -> [u8; 32] { bytes.try_into().unwrap() };
    let moduli = [
        ("p", modulus(Fr::MODULUS.to_bytes_be())),
        ("q", modulus(Fq::MODULUS.to_bytes_be())),
        ("l", modulus(Scalar::MODULUS.to_bytes_be())),
    ];
    let mut words = vec![("zero".to_owned(), [0; 32]), ("ones".to_owned(), [0xff; 32])];
    for (name, modulus) in moduli {
        let at = WORDS.iter().position(|word| *word == modulus).unwrap();
        words.push((format!("{name}-minus-1"), WORDS[at - 1]));
        words.push((name.to_owned(), modulus));
        words.push((format!("{name}-plus-1"), WORDS[at + 1]));
    }
    words
}

/// The honest bytes with each edge at each of these places, in both orders.
pub fn in_bytes(target: &'static str, honest: &[u8], at: &[usize]) -> Vec<Seed> {
    let mut seeds = vec![seed(target, "honest", honest)];
    for (name, word) in words() {
        for place in at {
            let mut reversed = word;
            reversed.reverse();
            for (order, word) in [("be", word), ("le", reversed)] {
                let mut bytes = honest.to_vec();
                bytes[*place..place + 32].copy_from_slice(&word);
                seeds.push(seed(target, format!("{name}-{order}-at-{place}"), bytes));
            }
        }
    }
    seeds
}

/// The honest bytes with each flag of a compressed point at each of these last bytes.
pub fn flags(target: &'static str, honest: &[u8], last: &[usize]) -> Vec<Seed> {
    let flagged = |at: usize, flag: u8| {
        let mut bytes = honest.to_vec();
        bytes[at] ^= flag;
        seed(target, format!("flag-{flag:02x}-at-{at}"), bytes)
    };
    last.iter()
        .flat_map(|at| [0x40, 0x80, 0xc0].map(|flag| flagged(*at, flag)))
        .collect()
}

/// The honest JSON with each edge in every string of at least 64 digits.
pub fn in_json(target: &'static str, honest: &[u8]) -> Vec<Seed> {
    let mut seeds = vec![seed(target, "honest", honest)];
    let long = places(honest)
        .into_iter()
        .filter(|place| honest[place.value.start] == b'"' && place.value.len() >= 66);
    for (nth, place) in long.enumerate() {
        for (name, word) in words() {
            let end = place.value.end - 1;
            let mut text = honest.to_vec();
            text.splice(end - 64..end, hex::encode(word).into_bytes());
            seeds.push(seed(target, format!("{name}-in-{nth}"), text));
        }
    }
    seeds
}

/// The honest JSON as no writer of ours writes it: space, order, escapes, nesting, repetition.
pub fn respelt(target: &'static str, honest: &[u8]) -> Vec<Seed> {
    let found = places(honest);
    let inner = found
        .iter()
        .find(|place| place.whole.start > 0)
        .unwrap_or(&found[0])
        .clone();
    let with = |name: &str, at: std::ops::Range<usize>, what: &str| {
        let mut text = honest.to_vec();
        text.splice(at, what.bytes());
        seed(target, name, text)
    };
    let member = String::from_utf8_lossy(&honest[inner.whole.clone()]).into_owned();
    let start = inner.whole.start;
    let value = inner.value.clone();
    vec![
        with("twice", start..start, &format!("{member},")),
        with("space", start..start, " "),
        with("unknown-key", start..start, "\"\\u001b[2J\":0,"),
        with("long-key", start..start, &format!("\"{}\":0,", "k".repeat(900))),
        with("surrogate", value.clone(), "\"\\ud800\""),
        with("pair", value.clone(), "\"\\ud83d\\ude00\""),
        with("nul", value.clone(), "\"\\u0000\""),
        with("not-a-number", value.clone(), "NaN"),
        with("huge-exponent", value.clone(), "1e999999999"),
        with("exponent", value.clone(), "1e0"),
        with("beyond-53-bits", value.clone(), "9007199254740993"),
        with("beyond-64-bits", value.clone(), "18446744073709551616"),
        with("negative-zero", value.clone(), "-0"),
        with("null", value.clone(), "null"),
        with(
            "deep",
            value.clone(),
            &format!("{}{}", "[".repeat(200), "]".repeat(200)),
        ),
        with("end", honest.len()..honest.len(), "\n"),
        with("end-of-text", honest.len() / 2..honest.len(), ""),
    ]
}
