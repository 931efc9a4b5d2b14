//! Whatever is written, a claim is read, refused or compiled; nothing panics, and what is read is
//! read the same again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use medproof_claims::library::{CLAIMS, CRITERIA};
use medproof_claims::{Claim, Day, Tier};
use proptest::prelude::*;
use serde_json::{Value, json};

fn texts() -> Vec<&'static str> {
    CLAIMS.iter().chain(CRITERIA).map(|entry| entry.json).collect()
}

fn pointers(value: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match value {
        Value::Object(members) => members.iter().for_each(|(k, v)| pointers(v, &format!("{at}/{k}"), out)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(i, v)| pointers(v, &format!("{at}/{i}"), out)),
        _ => {}
    }
}

fn odd_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(255),
        json!(-1),
        json!(4_294_967_296u64),
        json!(1.5),
        json!(""),
        json!("all"),
        json!("1e400"),
        json!("7.0000005"),
        json!("1850-01-01"),
        json!("9999-12-31"),
        json!("observation"),
        json!("icd-10-cm"),
        json!("C00"),
        json!([]),
        json!({}),
        json!({ "days": 100_000 }),
        json!({ "years": 200, "months": 2_400, "days": 100_000 }),
        json!({ "system": "icd-10-cm", "from": "A00", "to": "Z99" }),
        json!({ "system": "internal", "all": true }),
        json!({ "unit": "mg/dL", "more_than": "0.0000001", "less_than": "0.0000002" }),
        json!({ "system": "snomed", "any_of": ["266919005", "8517006"] }),
        json!({ "any": [{ "sex": "male" }, { "not_deceased": true }] }),
        json!({ "at_least": 2, "of": [{ "sex": "male" }, { "age": { "at_most": 150 } }] }),
    ]
}

fn check(text: &[u8], as_of: Day, tier: Option<Tier>) {
    let Ok(claim) = Claim::parse(text) else { return };
    let again = Claim::parse(&claim.canonical_bytes()).expect("the normal form is a claim");
    assert_eq!(claim, again);
    assert_eq!(claim.canonical_bytes(), again.canonical_bytes());
    let (a, b) = (claim.compile(as_of, tier), again.compile(as_of, tier));
    match (a, b) {
        (Ok(a), Ok(b)) => assert_eq!(a.table(), b.table()),
        (a, b) => assert_eq!(a.err(), b.err()),
    }
    assert!(!claim.explain(Some(as_of)).to_string().is_empty());
    assert!(!claim.explain(None).to_string().is_empty());
    let _ = claim.warnings();
}

fn any_tier() -> impl Strategy<Value = Option<Tier>> {
    proptest::option::of(proptest::sample::select(Tier::ALL.to_vec()))
}

fn any_day() -> impl Strategy<Value = Day> {
    prop_oneof![
        Just(62_545u32),
        0u32..120_000,
        Just(u32::MAX),
        Just(2_976_683),
        any::<u32>()
    ]
    .prop_map(Day)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn on_claims_with_parts_exchanged(
        text in proptest::sample::select(texts()), other in proptest::sample::select(texts()),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..3u8), 1..4),
        as_of in any_day(), tier in any_tier(),
    ) {
        let mut claim: Value = serde_json::from_str(text).unwrap();
        let other: Value = serde_json::from_str(other).unwrap();
        for (at, from, how) in edits {
            let mut places = Vec::new();
            pointers(&claim, "", &mut places);
            let place = at.get(&places).clone();
            let mut donors = Vec::new();
            pointers(&other, "", &mut donors);
            let donor = match how {
                0 => other.pointer(from.get::<String>(&donors)).unwrap().clone(),
                1 => from.get(&odd_values()).clone(),
                _ => claim.pointer(from.get::<String>(&places)).unwrap().clone(),
            };
            *claim.pointer_mut(&place).unwrap() = donor;
        }
        check(claim.to_string().as_bytes(), as_of, tier);
    }

    #[test]
    fn on_damaged_text(
        text in proptest::sample::select(texts()),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..4),
        as_of in any_day(), tier in any_tier(),
    ) {
        let mut bytes = text.as_bytes().to_vec();
        for (at, byte, how) in edits {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        check(&bytes, as_of, tier);
    }
}

#[test]
fn the_claim_id_does_not_hang_on_white_space_or_order() {
    let a = br#"{"form":"medproof-claim/1","title":"A","clauses":[{"age":{"at_least":18,"at_most":75}}]}"#;
    let b = br#"
        { "clauses": [ { "age": { "at_most": 75, "at_least": 18 } } ],
          "title": "\u0041", "form": "medproof-claim/1" }"#;
    let (a, b) = (Claim::parse(a).unwrap(), Claim::parse(b).unwrap());
    assert_eq!(a.id(), b.id());
    let c = br#"{"form":"medproof-claim/1","title":"B","clauses":[{"age":{"at_least":18,"at_most":75}}]}"#;
    assert_ne!(a.id(), Claim::parse(c).unwrap().id());
}

#[test]
fn a_decimal_means_the_same_as_a_string_and_as_a_number() {
    let with = |limit: &str| {
        let text = format!(
            r#"{{"form":"medproof-claim/1","title":"A","clauses":[{{"latest":{{"kind":"observation",
               "codes":{{"system":"loinc","code":"4548-4"}},"value":{{"unit":"%","at_least":{limit}}}}}}}]}}"#
        );
        Claim::parse(text.as_bytes()).unwrap().canonical_bytes()
    };
    assert_eq!(with("7.0"), with("\"7.0\""));
    assert!(String::from_utf8(with("7.0")).unwrap().contains(r#""at_least":"7.0""#));
}

#[test]
fn a_period_is_written_with_what_it_has_and_none_as_0_days() {
    for period in [
        r#"{"days":0}"#,
        r#"{"days":3}"#,
        r#"{"months":2}"#,
        r#"{"years":1}"#,
        r#"{"days":3,"months":2,"years":1}"#,
    ] {
        let absent = r#"{"codes":"all","kind":"condition","within":"#;
        let text = format!(r#"{{"clauses":[{{"none":{absent}{period}}}}}],"form":"medproof-claim/1","title":"A"}}"#);
        let claim = Claim::parse(text.as_bytes()).unwrap();
        assert_eq!(std::str::from_utf8(&claim.canonical_bytes()).unwrap(), text);
    }
}
