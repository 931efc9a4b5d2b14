//! Claims in YAML are the claims in JSON; what could be misread is refused at its line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use medproof_claim_readers::{YamlError, YamlProblem, read_yaml};
use medproof_claims::library::{CLAIMS, CRITERIA, find};
use proptest::prelude::*;

const TRIAL: &str = r#"# Hypertension, as its sponsor writes it.
form: medproof-claim/1
title: Hypertension, untreated
description: >
  Adults with hypertension
  and a recent reading.
issued_within: { days: 30 }
clauses:
  - age: { at_least: 18, at_most: 75 }
  - not_deceased: true
  - label: Hypertension
    has:
      kind: condition
      codes: { system: snomed, code: "38341003", display: Hypertensive disorder }
      active: true
      from: 2020-01-01
  - latest:
      kind: observation
      codes:
        system: loinc
        code: 8480-6
      within: { years: 1 }
      value: { unit: "mm[Hg]", at_least: 140.0 }
  - has:
      kind: immunization
      codes: { system: cvx, any_of: ["03", { code: '21', display: varicella }] }
"#;

const TRIAL_JSON: &str = r#"{
  "form": "medproof-claim/1", "title": "Hypertension, untreated",
  "description": "Adults with hypertension and a recent reading.", "issued_within": { "days": 30 },
  "clauses": [
    { "age": { "at_least": 18, "at_most": 75 } },
    { "not_deceased": true },
    { "label": "Hypertension", "has": { "kind": "condition", "active": true, "from": "2020-01-01",
      "codes": { "system": "snomed", "code": "38341003", "display": "Hypertensive disorder" } } },
    { "latest": { "kind": "observation", "codes": { "system": "loinc", "code": "8480-6" }, "within": { "years": 1 },
      "value": { "unit": "mm[Hg]", "at_least": "140.0" } } },
    { "has": { "kind": "immunization",
      "codes": { "system": "cvx", "any_of": ["03", { "code": "21", "display": "varicella" }] } } }
  ]
}"#;

#[test]
fn the_same_claim_in_both_forms() {
    let json = medproof_claims::Claim::parse(TRIAL_JSON.as_bytes()).unwrap();
    let yaml = read_yaml(TRIAL.as_bytes()).unwrap();
    assert_eq!(yaml, json);
    assert_eq!(yaml.id(), json.id());
}

#[test]
fn json_is_yaml() {
    for entry in CLAIMS.iter().chain(CRITERIA) {
        let yaml = read_yaml(entry.json.as_bytes()).unwrap_or_else(|e| panic!("{}: {e}", entry.name));
        assert_eq!(yaml, entry.claim().unwrap(), "{}", entry.name);
    }
}

fn refused(text: &str) -> YamlError {
    match read_yaml(text.as_bytes()) {
        Err(error) => error,
        Ok(_) => panic!("accepted: {text}"),
    }
}

// The trial with one line (counted from 1) exchanged.
fn with_line(line: usize, text: &str) -> String {
    let lines = TRIAL.lines().enumerate();
    let lines = lines.map(|(i, l)| if i + 1 == line { text } else { l });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_wrong_is_said_at_its_line() {
    let cases = [
        (
            3,
            "title: No",
            (3, 8),
            "`No` without quotes can be read as true or false",
        ),
        (
            3,
            "title: ~",
            (3, 8),
            "`~` without quotes can be read as nothing (null)",
        ),
        (3, "title:", (3, 6), "expected a value, found none"),
        (
            3,
            "title: 012",
            (3, 8),
            "`012` without quotes can be read as a number, whose value depends on the reader",
        ),
        (3, "title: 12", (3, 1), "at /title: expected a string, found a number"),
        (3, "title: !!str x", (3, 8), "a tag is not read in claims"),
        (3, "title: &a x", (3, 8), "an anchor is not read in claims"),
        (3, "titel: x", (2, 1), "unknown key `titel` (did you mean `title`?)"),
        (7, "title: again", (7, 1), "the key `title` is written twice"),
        (
            9,
            "  - age: { at_least: 0x12 }",
            (9, 22),
            "`0x12` without quotes can be read as a number",
        ),
        (
            9,
            "  - age: { at_lest: 18 }",
            (9, 5),
            "unknown key `at_lest` (did you mean `at_least`?)",
        ),
        (
            10,
            "  - not_deceased: yes",
            (10, 19),
            "`yes` without quotes can be read as true or false",
        ),
        (
            10,
            "  - <<: { not_deceased: true }",
            (10, 5),
            "can be read as a merge or a default",
        ),
        (
            10,
            "  - 5: true",
            (10, 5),
            "a key that is no word is not read in claims",
        ),
        (
            10,
            "  - [a]: true",
            (10, 5),
            "a key that is no word is not read in claims",
        ),
        (
            14,
            "      codes: { system: snomed, code: 38341003 }",
            (14, 32),
            "expected a code, as a string in quotes, found a number",
        ),
        (13, "      kind: illness", (13, 7), "unknown kind `illness`"),
        (16, "      from: 2020-13-01", (16, 7), "expected a date"),
        (
            26,
            "      codes: { system: cvx, any_of: [03] }",
            (26, 38),
            "`03` without quotes can be read as a number",
        ),
    ];
    for (line, text, place, said) in cases {
        let found = refused(&with_line(line, text));
        let message = found.to_string();
        assert!(message.contains(said), "{text}: expected {said:?}, found {message}");
        assert_eq!((found.line, found.column), place, "{text}: {message}");
    }
}

#[test]
fn only_one_plain_document_is_read() {
    let problem = |text: &str| refused(text).problem;
    assert!(matches!(problem(""), YamlProblem::Syntax(_)));
    assert!(matches!(problem("a: [1, 2"), YamlProblem::Syntax(_)));
    assert!(matches!(problem("a: b: c"), YamlProblem::Syntax(_)));
    assert!(matches!(problem("a:\n\tb: 1"), YamlProblem::Syntax(_)));
    let two = format!("{TRIAL}---\n{TRIAL}");
    assert!(matches!(
        problem(&two),
        YamlProblem::Feature {
            found: "a second document",
            ..
        }
    ));
    assert!(matches!(
        problem("a: &x 1\nb: *x"),
        YamlProblem::Feature { found: "an anchor", .. }
    ));
    assert!(matches!(problem(&"[".repeat(40)), YamlProblem::TooDeep));
    assert!(matches!(read_yaml(&[0xff]).unwrap_err().problem, YamlProblem::NotUtf8));
    let large = vec![b'#'; medproof_claims::json::MAX_BYTES + 1];
    assert!(matches!(
        read_yaml(&large).unwrap_err().problem,
        YamlProblem::TooLarge { .. }
    ));
    assert!(read_yaml(format!("---\n{TRIAL}...\n").as_bytes()).is_ok());
}

#[test]
fn a_missing_key_is_reported_where_it_belongs() {
    let json = find("covered_procedure")
        .unwrap()
        .json
        .replace("\"kind\": \"claim\",", "");
    let found = refused(&json);
    let line = json.lines().position(|l| l.contains("\"has\"")).unwrap() + 1;
    assert_eq!(found.line, line, "{found}");
    assert!(matches!(found.problem, YamlProblem::Claim(_)));
}

proptest! {
    #[test]
    fn damaged_text_never_panics(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..6),
    ) {
        let mut bytes = TRIAL.as_bytes().to_vec();
        for (at, byte, how) in edits {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        if let Err(error) = read_yaml(&bytes) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn an_error_fits_a_line_that_no_terminal_obeys() {
    let long = "x".repeat(100_000);
    for text in [
        format!("{long}: 1\n{long}: 2"),
        format!("title: 0{}", "1".repeat(100_000)),
        "\"\\e[2J\": 1\n\"\\e[2J\": 2".to_owned(),
        "form: \"\\x7f\"".to_owned(),
    ] {
        let words = refused(&text).to_string();
        assert!(words.len() < 2_000 && !words.chars().any(char::is_control), "{words:?}");
    }
}

// Some gigabytes of copies of the key, were it copied for each item.
#[test]
fn a_long_key_around_a_long_list_takes_no_more_than_both() {
    let text = format!("? \"{}\"\n: [{}0]", "k".repeat(100_000), "0,".repeat(200_000));
    assert!(refused(&text).to_string().contains("unknown key"));
}
