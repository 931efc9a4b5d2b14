//! Ten thousand presentations that differ from a good one: none is accepted, none makes a panic.
#![allow(clippy::unwrap_used)]

mod common;

use common::mutation::{MUTATIONS, mutations};
use common::*;
use medproof_verifier::Refusal;
use std::collections::BTreeMap;

#[test]
fn none_of_ten_thousand_is_accepted() {
    let (verifier, request, claim, view) = (verifier(), request(), claim(), view());
    let all = mutations();
    assert_eq!(all.len(), MUTATIONS);
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for bytes in &all {
        let refusal: Refusal = verifier.verify(bytes, &request, &claim, &view, now()).unwrap_err();
        *codes.entry(refusal.code()).or_default() += 1;
    }
    // The mutations reach every stage, the pairing included.
    for code in [
        "json.form",
        "json.not_canonical",
        "json.syntax",
        "json.type",
        "json.version",
        "key.presentation",
        "point.flags",
        "point.infinity",
        "point.not_reduced",
        "point.off_curve",
        "point.outside_subgroup",
        "presentation.input",
        "presentation.input_count",
        "presentation.length",
        "presentation.policy",
        "presentation.proof",
        "presentation.request",
        "presentation.version",
    ] {
        assert!(codes.contains_key(code), "{code} in {codes:?}");
    }
}
