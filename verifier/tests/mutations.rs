//! Ten thousand presentations that differ from a good one: none is accepted, none makes a panic.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use medproof_verifier::Refusal;
use rand_core::RngCore;
use std::collections::BTreeMap;

fn below(rng: &mut impl RngCore, limit: usize) -> usize {
    rng.next_u32() as usize % limit
}

fn mutate(good: &[u8], rng: &mut impl RngCore) -> Vec<u8> {
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

#[test]
fn none_of_ten_thousand_is_accepted() {
    let (verifier, request, claim, view) = (verifier(), request(), claim(), view());
    let forms = [presentation().to_bytes().to_vec(), presentation().to_json()];
    let mut rng = rng(5);
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut tried = 0;
    while tried < 10_000 {
        let good = &forms[tried % 2];
        let bytes = mutate(good, &mut rng);
        if forms.contains(&bytes) {
            continue;
        }
        tried += 1;
        let refusal: Refusal = verifier.verify(&bytes, &request, &claim, &view, now()).unwrap_err();
        *codes.entry(refusal.code()).or_default() += 1;
    }
    // The mutations reach every stage, the pairing included.
    for code in [
        "json.form",
        "json.not_canonical",
        "json.syntax",
        "key.presentation",
        "point.not_reduced",
        "point.off_curve",
        "point.outside_subgroup",
        "presentation.input",
        "presentation.length",
        "presentation.policy",
        "presentation.proof",
        "presentation.request",
        "presentation.version",
    ] {
        assert!(codes.contains_key(code), "{code} in {codes:?}");
    }
}
