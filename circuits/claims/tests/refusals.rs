//! What is refused: by name, at its place, with what to write instead. The published schema
//! refuses what it can see.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use medproof_claims::library::{CLAIMS, CRITERIA};
use medproof_claims::{Claim, ClaimError, CompileError, Day, Problem, Refusal, Tier};
use medproof_statement::concept::{Kind, System};
use medproof_statement::policy::Mode;
use serde_json::Value;

fn schema() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(include_str!("../schema/claim-v1.schema.json")).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn with_clauses(clauses: &str) -> String {
    format!(r#"{{ "form": "medproof-claim/1", "title": "Test", "clauses": {clauses} }}"#)
}

fn refused(text: &str) -> ClaimError {
    match Claim::parse(text.as_bytes()) {
        Err(error) => error,
        Ok(_) => panic!("accepted: {text}"),
    }
}

fn accepted(clauses: &str) -> Claim {
    let text = with_clauses(clauses);
    let claim = Claim::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert!(
        schema().is_valid(&serde_json::from_str(&text).unwrap()),
        "schema refuses: {text}"
    );
    claim
}

const T2D: &str = r#""kind": "condition", "codes": { "system": "snomed", "code": "44054006" }"#;
const HBA1C: &str = r#""kind": "observation", "codes": { "system": "loinc", "code": "4548-4" }"#;

#[test]
fn the_schema_accepts_the_library() {
    let schema = schema();
    for entry in CLAIMS.iter().chain(CRITERIA) {
        let errors: Vec<String> = schema
            .iter_errors(&serde_json::from_str(entry.json).unwrap())
            .map(|e| format!("{}: {e}", e.instance_path))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", entry.name);
    }
}

#[test]
fn what_is_said_and_cannot_be_proved_is_refused_by_name() {
    let one = |codes: &str, rest: &str| format!(r#"{{ "kind": "observation", "codes": {codes} {rest} }}"#);
    let two_codes = r#"{ "system": "loinc", "any_of": ["4548-4", "2339-0"] }"#;
    let many: Vec<String> = (0..4_096).map(|i| format!("\"{}\"", 100_000 + i)).collect();
    let many = format!(
        r#""kind": "condition", "codes": {{ "system": "snomed", "any_of": [{}] }}"#,
        many.join(",")
    );
    let percent = r#"{ "unit": "%", "at_least": 7 }"#;
    let cases: Vec<(String, &str, Refusal)> = vec![
        (
            format!(r#"[{{ "latest": {{ {HBA1C}, "value": {{ "not": {percent} }} }} }}]"#),
            "/clauses/0/latest/value",
            Refusal::NegatedValue,
        ),
        (
            format!(r#"[{{ "not": {{ "has": {{ {T2D} }} }} }}]"#),
            "/clauses/0",
            Refusal::NegatedCriterion,
        ),
        (
            format!(r#"[{{ "any": [{{ "all": [{{ "has": {{ {T2D} }} }}] }}] }}]"#),
            "/clauses/0/any/0",
            Refusal::NestedGroup,
        ),
        (
            r#"[{ "latest": { "kind": "observation", "codes": { "system": "loinc", "code": "72166-2" },
                "value": { "system": "snomed", "any_of": ["266919005", "8517006"] } } }]"#
                .to_owned(),
            "/clauses/0/latest/value",
            Refusal::OrInLatest,
        ),
        (
            format!(
                r#"[{{ "latest": {} }}]"#,
                one(two_codes, &format!(r#", "value": {percent}"#))
            ),
            "/clauses/0/latest/codes",
            Refusal::LatestOverSeveralCodes,
        ),
        (
            format!(
                r#"[{{ "latest": {} }}]"#,
                one("\"all\"", &format!(r#", "value": {percent}"#))
            ),
            "/clauses/0/latest/codes",
            Refusal::LatestOverSeveralCodes,
        ),
        (
            format!(r#"[{{ "latest": {{ {HBA1C}, "to": "2021-01-01", "value": {percent} }} }}]"#),
            "/clauses/0/latest/to",
            Refusal::LatestWith { key: "to" },
        ),
        (
            format!(r#"[{{ "latest": {{ {HBA1C}, "active": true, "value": {percent} }} }}]"#),
            "/clauses/0/latest/active",
            Refusal::LatestWith { key: "active" },
        ),
        (
            format!(r#"[{{ "latest": {{ {HBA1C}, "at_least_ago": {{ "days": 1 }}, "value": {percent} }} }}]"#),
            "/clauses/0/latest/at_least_ago",
            Refusal::LatestWith { key: "at_least_ago" },
        ),
        (
            format!(r#"[{{ "latest": {{ {HBA1C}, "active_or_within": {{ "days": 1 }}, "value": {percent} }} }}]"#),
            "/clauses/0/latest/active_or_within",
            Refusal::LatestWith {
                key: "active_or_within",
            },
        ),
        (
            r#"[{ "has": { "kind": "immunization", "codes": "all", "active": true } }]"#.to_owned(),
            "/clauses/0/has/active",
            Refusal::ActiveMoment {
                key: "active",
                kind: Kind::Immunization,
            },
        ),
        (
            r#"[{ "none": { "kind": "observation", "codes": "all", "active_or_within": { "days": 3 } } }]"#.to_owned(),
            "/clauses/0/none/active_or_within",
            Refusal::ActiveMoment {
                key: "active_or_within",
                kind: Kind::Observation,
            },
        ),
        (
            format!(r#"[{{ "has": {{ {many}, "count": 2 }} }}]"#),
            "/clauses/0/has",
            Refusal::CountOverRows { rows: 2 },
        ),
        (
            format!(r#"[{{ "at_least": 1, "of": [{{ "has": {{ {many} }} }}, {{ "has": {{ {T2D} }} }}] }}]"#),
            "/clauses/0/of/0",
            Refusal::RowsUnderAtLeast { rows: 2 },
        ),
        (
            format!(r#"[{{ "any": [{{ "none": {{ {many} }} }}, {{ "has": {{ {T2D} }} }}] }}]"#),
            "/clauses/0/any/0",
            Refusal::NoneUnderAny { rows: 2 },
        ),
        (
            r#"[{ "has": { "kind": "condition", "codes": { "system": "snomed", "prefix": "440540" } } }]"#.to_owned(),
            "/clauses/0/has/codes",
            Refusal::NumericInterval { system: System::Snomed },
        ),
        (
            r#"[{ "has": { "kind": "immunization", "codes": { "system": "cvx", "from": "207", "to": "212" } } }]"#
                .to_owned(),
            "/clauses/0/has/codes",
            Refusal::NumericInterval { system: System::Cvx },
        ),
        (
            format!(
                r#"[{{ "has": {} }}]"#,
                one("\"all\"", &format!(r#", "value": {percent}"#))
            ),
            "/clauses/0/has/value",
            Refusal::QuantityOverInterval,
        ),
        (
            format!(
                r#"[{{ "has": {} }}]"#,
                one(
                    r#"{ "system": "loinc", "any_of": ["2093-3", "10834-0"] }"#,
                    r#", "value": { "unit": "g/L", "at_least": 7 }"#
                )
            ),
            "/clauses/0/has/value",
            Refusal::QuantityOverUnits,
        ),
        (
            r#"[{ "has": { "kind": "genomic", "codes": "all" } }]"#.to_owned(),
            "/clauses/0/has/codes",
            Refusal::ReservedKind { kind: Kind::Genomic },
        ),
        (
            format!("[{}]", vec![format!(r#"{{ "has": {{ {T2D} }} }}"#); 17].join(",")),
            "/clauses/16",
            Refusal::TooManyRows {
                rows: 17,
                available: 16,
            },
        ),
        (
            format!(r#"[{{ "has": {{ {T2D}, "count": {} }} }}]"#, Tier::L.slots() + 1),
            "/clauses",
            Refusal::TooManySlots {
                slots: Tier::L.slots() + 1,
                available: Tier::L.slots(),
            },
        ),
    ];
    for (clauses, path, refusal) in cases {
        let found = refused(&with_clauses(&clauses));
        assert_eq!(found, Problem::from(refusal).at(path), "{found}");
        assert!(found.to_string().contains("cannot be expressed"), "{found}");
    }
}

#[test]
fn what_is_written_wrong_is_refused_with_what_was_meant() {
    let schema = schema();
    // Clauses, where, what is said, whether the schema sees it too.
    let cases: Vec<(String, &str, &str, bool)> = vec![
        (
            format!(r#"[{{ "haz": {{ {T2D} }} }}]"#),
            "/clauses/0",
            "unknown key `haz` (did you mean `has`?)",
            true,
        ),
        (
            r#"[{ "has": { "kind": "condition", "codes": "any" } }]"#.into(),
            "/clauses/0/has/codes",
            "expected codes: an object, an array of objects, or \"all\", found a string",
            true,
        ),
        (
            format!(r#"[{{ "has": {{ {T2D}, "witihn": {{ "days": 3 }} }} }}]"#),
            "/clauses/0/has",
            "unknown key `witihn` (did you mean `within`?)",
            true,
        ),
        (
            r#"[{ "has": { "kind": "conditon", "codes": "all" } }]"#.into(),
            "/clauses/0/has/kind",
            "unknown kind `conditon` (did you mean `condition`?)",
            true,
        ),
        (
            r#"[{ "has": { "kind": "condition", "codes": { "system": "snowmed", "code": "44054006" } } }]"#.into(),
            "/clauses/0/has/codes/system",
            "unknown code system `snowmed` (did you mean `snomed`?)",
            true,
        ),
        (
            r#"[{ "has": { "kind": "condition", "codes": { "set": "cancer" } } }]"#.into(),
            "/clauses/0/has/codes",
            "unknown code set `cancer`; expected one of: none, as the claim has no code_sets",
            false,
        ),
        (
            r#"[{ "has": { "kind": "condition", "codes": { "system": "loinc", "code": "4548-4" } } }]"#.into(),
            "/clauses/0/has/codes",
            "condition facts are not coded in loinc; expected one of: snomed, icd-10-cm, icd-9-cm, icd-o-3, internal",
            false,
        ),
        (
            r#"[{ "has": { "kind": "observation", "codes": { "system": "loinc", "code": "4548-5" } } }]"#.into(),
            "/clauses/0/has/codes",
            "`4548-5` is not a code of loinc: expected 1 to 7 digits, a hyphen and the Luhn check digit",
            false,
        ),
        (
            r#"[{ "has": { "kind": "immunization", "codes": { "system": "cvx", "any_of": ["3", "03"] } } }]"#.into(),
            "/clauses/0/has/codes",
            "the code `03` is listed twice",
            false,
        ),
        (
            r#"[{ "has": { "kind": "immunization", "codes": { "system": "cvx", "any_of": [140] } } }]"#.into(),
            "/clauses/0/has/codes/any_of/0",
            "expected a code, as a string in quotes or an object with `code` and `display`, found a number",
            true,
        ),
        (
            format!(r#"[{{ "latest": {{ {HBA1C}, "value": {{ "unit": "mmol/mol", "at_least": 53 }} }} }}]"#),
            "/clauses/0/latest/value",
            "`mmol/mol` does not convert exactly to the unit in which 4548-4 is kept; expected one of: %, 1, 10*-2",
            false,
        ),
        (
            r#"[{ "latest": { "kind": "observation", "codes": { "system": "loinc", "code": "72166-2" },
                "value": { "unit": "%", "at_least": 1 } } }]"#
                .into(),
            "/clauses/0/latest/value",
            "no unit is known for 72166-2",
            false,
        ),
        (
            format!(r#"[{{ "latest": {{ {HBA1C}, "value": {{ "unit": "%", "at_least": 8, "at_most": 7 }} }} }}]"#),
            "/clauses/0/latest/value",
            "no value lies in this range",
            false,
        ),
        (
            format!(r#"[{{ "latest": {{ {HBA1C}, "value": {{ "unit": "%", "at_least": "1e99" }} }} }}]"#),
            "/clauses/0/latest/value",
            "expected a number between",
            false,
        ),
        (
            format!(r#"[{{ "latest": {{ {HBA1C}, "value": {{ "unit": "%", "at_least": "seven" }} }} }}]"#),
            "/clauses/0/latest/value/at_least",
            "expected a decimal number of at most 30 digits, found seven",
            true,
        ),
        (
            format!(r#"[{{ "latest": {{ {HBA1C}, "value": {{ "unit": "%", "at_least": 7, "more_than": 6 }} }} }}]"#),
            "/clauses/0/latest/value",
            "expected one of `at_least` and `more_than`",
            true,
        ),
        (
            format!(r#"[{{ "latest": {{ {HBA1C}, "value": {{ "unit": "%", "at_least": 7, "boolean": true }} }} }}]"#),
            "/clauses/0/latest/value",
            "expected one form of value",
            true,
        ),
        (
            format!(r#"[{{ "latest": {{ {HBA1C}, "value": {{ "unit": "%" }} }} }}]"#),
            "/clauses/0/latest/value",
            "missing: expected at_least, more_than, at_most or less_than",
            true,
        ),
        (
            r#"[{ "has": { "kind": "observation", "codes": { "system": "loinc", "code": "72166-2" },
                 "value": { "system": "snomed", "any_of": ["266919005"], "display": "Never smoked" } } }]"#
                .into(),
            "/clauses/0/has/value",
            "expected `code` (with `display` if you like) or `any_of`",
            true,
        ),
        (
            format!(r#"[{{ "latest": {{ {HBA1C} }} }}]"#),
            "/clauses/0/latest",
            "missing: expected value",
            true,
        ),
        (
            format!(r#"[{{ "has": {{ {T2D}, "value": {{ "pseudonym": "1234" }} }} }}]"#),
            "/clauses/0/has/value/pseudonym",
            "expected 16 hexadecimal digits in lower case",
            true,
        ),
        (
            format!(r#"[{{ "has": {{ {T2D}, "within": {{ "days": 3 }}, "from": "2020-01-01" }} }}]"#),
            "/clauses/0/has",
            "`within` and `from` both give the window's first day",
            true,
        ),
        (
            format!(r#"[{{ "has": {{ {T2D}, "active": true, "active_or_within": {{ "days": 3 }} }} }}]"#),
            "/clauses/0/has",
            "`active_or_within` is a window of its own",
            true,
        ),
        (
            format!(r#"[{{ "has": {{ {T2D}, "active": false }} }}]"#),
            "/clauses/0/has/active",
            "expected true, or the key left out",
            true,
        ),
        (
            format!(r#"[{{ "has": {{ {T2D}, "from": "2021-02-29" }} }}]"#),
            "/clauses/0/has/from",
            "expected a date from 1850-01-01 as in 2021-04-01, found 2021-02-29",
            false,
        ),
        (
            format!(r#"[{{ "has": {{ {T2D}, "to": "01.04.2021" }} }}]"#),
            "/clauses/0/has/to",
            "expected a date from 1850-01-01 as in 2021-04-01",
            true,
        ),
        (
            format!(r#"[{{ "has": {{ {T2D}, "within": {{ "weeks": 3 }} }} }}]"#),
            "/clauses/0/has/within",
            "unknown key `weeks`",
            true,
        ),
        (
            format!(r#"[{{ "has": {{ {T2D}, "within": {{}} }} }}]"#),
            "/clauses/0/has/within",
            "missing: expected years, months or days",
            true,
        ),
        (
            format!(r#"[{{ "has": {{ {T2D}, "within": {{ "days": 1.5 }} }} }}]"#),
            "/clauses/0/has/within/days",
            "expected days, 0 to 100000, found 1.5",
            true,
        ),
        (
            format!(r#"[{{ "has": {{ {T2D}, "count": 0 }} }}]"#),
            "/clauses/0/has/count",
            "expected how many, 1 to 255, found 0",
            true,
        ),
        (
            format!(r#"[{{ "has": {{ {T2D}, "min_gap_days": 21 }} }}]"#),
            "/clauses/0/has",
            "`min_gap_days` needs a `count` of at least 2",
            true,
        ),
        (
            format!(r#"[{{ "none": {{ {T2D}, "count": 2 }} }}]"#),
            "/clauses/0/none",
            "unknown key `count`",
            true,
        ),
        (
            r#"[{ "has": { "kind": "condition", "codes": { "system": "icd-10-cm", "from": "C97", "to": "C00" } } }]"#
                .into(),
            "/clauses/0/has/codes",
            "no value lies in this range",
            false,
        ),
        (
            r#"[{ "has": { "kind": "condition", "codes": { "system": "icd-10-cm", "from": "C97" } } }]"#.into(),
            "/clauses/0/has/codes",
            "`from` and `to` belong together",
            true,
        ),
        (
            r#"[{ "has": { "kind": "condition", "codes": { "system": "icd-10-cm", "prefix": "c00" } } }]"#.into(),
            "/clauses/0/has/codes",
            "`c00` is not a code of icd-10-cm",
            false,
        ),
        (
            r#"[{ "has": { "kind": "condition", "codes": { "system": "snomed" } } }]"#.into(),
            "/clauses/0/has/codes",
            "expected exactly one of `any_of`, `code`, `prefix`, `from` with `to`, or `all`",
            true,
        ),
        (
            r#"[{ "has": { "kind": "condition", "codes": [] } }]"#.into(),
            "/clauses/0/has/codes",
            "expected at least one, found none",
            true,
        ),
        (
            r#"[{ "age": {} }]"#.into(),
            "/clauses/0/age",
            "missing: expected at_least, at_most or both",
            true,
        ),
        (
            r#"[{ "age": { "at_least": 75, "at_most": 18 } }]"#.into(),
            "/clauses/0/age",
            "no value lies in this range",
            false,
        ),
        (
            r#"[{ "age": { "at_least": "18" } }]"#.into(),
            "/clauses/0/age/at_least",
            "expected completed years",
            true,
        ),
        (
            r#"[{ "sex": "unknown" }]"#.into(),
            "/clauses/0/sex",
            "unknown sex `unknown`; expected one of: male, female, other",
            true,
        ),
        (
            r#"[{ "not_deceased": false }]"#.into(),
            "/clauses/0/not_deceased",
            "expected true, found false",
            true,
        ),
        (
            r#"[{ "not_deceased": true, "sex": "male" }]"#.into(),
            "/clauses/0",
            "expected one test in a criterion",
            true,
        ),
        (
            r#"[{ "label": "x" }]"#.into(),
            "/clauses/0",
            "missing: expected one of: age, sex",
            true,
        ),
        ("[]".into(), "/clauses", "expected at least one, found none", true),
        (
            r#"[{ "any": [] }]"#.into(),
            "/clauses/0/any",
            "expected at least one, found none",
            true,
        ),
        (
            r#"[{ "at_least": 3, "of": [{ "sex": "male" }, { "sex": "female" }] }]"#.into(),
            "/clauses/0/at_least",
            "expected at least 1 and at most as many as there are criteria in `of`, found 3 of 2",
            false,
        ),
        (
            r#"[{ "at_least": 0, "of": [{ "sex": "male" }] }]"#.into(),
            "/clauses/0/at_least",
            "expected how many must hold, 1 to 16, found 0",
            true,
        ),
        (
            r#"[{ "at_least": 1 }]"#.into(),
            "/clauses/0",
            "missing: expected `at_least` and `of` together",
            true,
        ),
        (
            r#"[{ "any": [{ "sex": "male" }], "all": [{ "sex": "male" }] }]"#.into(),
            "/clauses/0",
            "expected one of `all`, `any`, `at_least` with `of`",
            true,
        ),
        (
            r#"[{ "sex": "male", "label": " x" }]"#.into(),
            "/clauses/0/label",
            "expected words without white space",
            true,
        ),
        (
            r#"[{ "sex": "male", "label": "a\u0007b" }]"#.into(),
            "/clauses/0/label",
            "none of them control",
            true,
        ),
        // What would add a line to the explanation that a patient reads, or turn its words around.
        (
            r#"[{ "sex": "male", "label": "a\n  2. b" }]"#.into(),
            "/clauses/0/label",
            "in one line",
            true,
        ),
        (
            r#"[{ "sex": "male", "label": "a\u202eb" }]"#.into(),
            "/clauses/0/label",
            "the direction of writing",
            true,
        ),
        (
            r#"[{ "sex": "male", "label": "a\u200bb" }]"#.into(),
            "/clauses/0/label",
            "invisible",
            true,
        ),
    ];
    for (clauses, path, said, seen) in cases {
        let text = with_clauses(&clauses);
        let found = refused(&text);
        assert_eq!(found.path, path, "{found}");
        assert!(
            found.problem.to_string().contains(said),
            "expected {said:?}, found {found}"
        );
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(!schema.is_valid(&value), seen, "schema on {text}");
    }
}

#[test]
fn the_whole_claim_is_checked() {
    let schema = schema();
    let clause = r#""clauses": [{ "sex": "male" }]"#;
    let set = |codes: &str| format!(r#"{{ "cancer": {{ "source": "a", "version": "1", "codes": {codes} }} }}"#);
    let cases: Vec<(String, &str, &str, bool)> = vec![
        (
            "[]".into(),
            "",
            "expected a claim, which is an object, found an array",
            true,
        ),
        (
            format!(r#"{{ "title": "a", {clause} }}"#),
            "",
            "missing: expected form",
            true,
        ),
        (
            format!(r#"{{ "form": "medproof-claim/2", "title": "a", {clause} }}"#),
            "/form",
            "expected medproof-claim/1, found medproof-claim/2",
            true,
        ),
        (
            format!(r#"{{ "form": "medproof-claim/1", {clause} }}"#),
            "",
            "missing: expected title",
            true,
        ),
        (
            r#"{ "form": "medproof-claim/1", "title": "a", "clause": [] }"#.into(),
            "",
            "unknown key `clause` (did you mean `clauses`?)",
            true,
        ),
        (
            format!(r#"{{ "form": "medproof-claim/1", "title": "a", "tier": "XL", {clause} }}"#),
            "/tier",
            "unknown tier `XL`",
            true,
        ),
        (
            format!(
                r#"{{ "form": "medproof-claim/1", "title": "a", "code_sets": {}, {clause} }}"#,
                set(r#"{ "system": "snomed", "code": "44054006" }"#)
            ),
            "/code_sets/cancer",
            "the code set `cancer` is not used by any criterion",
            false,
        ),
        (
            format!(
                r#"{{ "form": "medproof-claim/1", "title": "a", "code_sets": {}, {clause} }}"#,
                set(r#"{ "set": "other" }"#)
            ),
            "/code_sets/cancer/codes",
            "unknown key `set`",
            true,
        ),
        (
            format!(
                r#"{{ "form": "medproof-claim/1", "title": "a", "code_sets": {},
                    "clauses": [{{ "has": {{ "kind": "condition", "codes": {{ "set": "cancr" }} }} }}] }}"#,
                set(r#"{ "system": "snomed", "code": "44054006" }"#)
            ),
            "/code_sets/cancer",
            "is not used",
            false,
        ),
        (
            format!(
                r#"{{ "form": "medproof-claim/1", "title": "a", "code_sets": {},
                    "clauses": [{{ "has": {{ "kind": "condition",
                        "codes": [{{ "set": "cancer" }}, {{ "set": "cancr" }}] }} }}] }}"#,
                set(r#"{ "system": "snomed", "code": "44054006" }"#)
            ),
            "/clauses/0/has/codes/1",
            "unknown code set `cancr` (did you mean `cancer`?)",
            false,
        ),
        (
            format!(
                r#"{{ "form": "medproof-claim/1", "title": "a", "code_sets": {},
                    "clauses": [{{ "has": {{ "kind": "condition", "codes": {{ "set": "cancer" }} }} }}] }}"#,
                set(r#"{ "system": "snomed", "code": "123" }"#)
            ),
            "/code_sets/cancer/codes",
            "`123` is not a code of snomed",
            false,
        ),
        (
            r#"{ "form": "medproof-claim/1", "title": "a", "code_sets": { "x": { "version": "1", "codes":
                { "system": "snomed", "code": "44054006" } } }, "clauses": [] }"#
                .into(),
            "/code_sets/x",
            "missing: expected source",
            true,
        ),
    ];
    for (text, path, said, seen) in cases {
        let found = refused(&text);
        assert_eq!(found.path, path, "{found}");
        assert!(
            found.problem.to_string().contains(said),
            "expected {said:?}, found {found}"
        );
        assert_eq!(
            !schema.is_valid(&serde_json::from_str(&text).unwrap()),
            seen,
            "schema on {text}"
        );
    }
    let twice = format!(r#"{{ "form": "medproof-claim/1", "title": "a", "title": "b", {clause} }}"#);
    assert_eq!(refused(&twice), Problem::DuplicateKey { key: "title".into() }.at(""));
    let cut = r#"{ "form": "medproof-claim/1","#;
    assert!(matches!(*refused(cut).problem, Problem::Syntax { line: 1, .. }));
}

#[test]
fn windows_that_the_day_does_not_allow_are_refused() {
    let as_of = Day::from_civil(2021, 4, 1).unwrap();
    let compile = |rest: &str| accepted(&format!(r#"[{{ "has": {{ {T2D}, {rest} }} }}]"#)).compile(as_of, None);
    let path = "/clauses/0/has".to_owned();
    assert_eq!(
        compile(r#""to": "2021-04-02""#).unwrap_err(),
        CompileError::WindowAfterAsOf {
            path: path.clone(),
            to: Day(as_of.0 + 1),
            as_of
        }
    );
    assert!(compile(r#""to": "2021-04-01""#).is_ok());
    let from = Day(as_of.0 + 1);
    assert_eq!(
        compile(r#""from": "2021-04-02""#).unwrap_err(),
        CompileError::EmptyWindow {
            path: path.clone(),
            from,
            to: as_of,
            as_of
        }
    );
    assert!(compile(r#""within": { "days": 10 }, "at_least_ago": { "days": 10 }"#).is_ok());
    assert!(matches!(
        compile(r#""within": { "days": 10 }, "at_least_ago": { "days": 11 }"#).unwrap_err(),
        CompileError::EmptyWindow { .. }
    ));
    assert_eq!(
        compile(r#""at_least_ago": { "years": 172 }"#).unwrap_err(),
        CompileError::BeforeCalendar { path, as_of }
    );
    let ever = compile(r#""within": { "years": 172 }"#).unwrap();
    assert_eq!(ever.table().criteria()[0].date_lo, Day::MIN);
    let claim = accepted(r#"[{ "sex": "male" }]"#);
    assert_eq!(
        claim.compile(Day::OPEN, None).unwrap_err(),
        CompileError::NotADay { day: Day::OPEN }
    );
}

#[test]
fn the_smallest_tier_that_can_serve_is_chosen_unless_one_is_fixed() {
    let as_of = Day::from_civil(2021, 4, 1).unwrap();
    let tier_of = |clauses: &str| accepted(clauses).compile(as_of, None).unwrap().table().header().tier;
    assert_eq!(tier_of(r#"[{ "sex": "male" }]"#), Tier::Xs);
    let doses = |count: usize| format!(r#"[{{ "has": {{ {T2D}, "count": {count} }} }}]"#);
    for (tier, next) in Tier::ALL.into_iter().zip(Tier::ALL.into_iter().skip(1)) {
        // One row fits every tier; the openings of the simplest chart decide.
        assert_eq!(tier_of(&doses(tier.slots())), tier);
        assert_eq!(tier_of(&doses(tier.slots() + 1)), next);
    }
    assert_eq!(tier_of(&doses(Tier::L.slots())), Tier::L);
    // Of a set, each fact takes an opening of its member too.
    let of_a_set = |count: usize| {
        let set = r#""kind": "condition", "codes": { "system": "snomed", "any_of": ["44054006", "38341003"] }"#;
        format!(r#"[{{ "has": {{ {set}, "count": {count} }} }}]"#)
    };
    for (count, tier) in [
        (1, Tier::Xs),
        (2, Tier::S),
        (3, Tier::S),
        (4, Tier::M),
        (9, Tier::M),
        (10, Tier::L),
    ] {
        assert_eq!(tier_of(&of_a_set(count)), tier, "{count}");
    }
    // Under `any` the cheapest criterion counts.
    let either = format!(r#"[{{ "any": [{{ "sex": "male" }}, {{ "has": {{ {T2D}, "count": 9 }} }}] }}]"#);
    assert_eq!(tier_of(&either), Tier::Xs);
    let three = accepted(r#"[{ "sex": "male" }, { "age": { "at_least": 18 } }, { "not_deceased": true }]"#);
    let fixed = |tier| {
        three
            .compile(as_of, Some(tier))
            .map(|policy| policy.table().header().tier)
    };
    assert_eq!(fixed(Tier::L), Ok(Tier::L));
    assert!(matches!(
        fixed(Tier::Xs),
        Err(CompileError::TierTooSmall {
            tier: Tier::Xs,
            needed_rows: 3,
            needed_slots: 3,
            ..
        })
    ));
    let many = accepted(&doses(Tier::S.slots()));
    assert!(matches!(
        many.compile(as_of, Some(Tier::Xs)),
        Err(CompileError::TierTooSmall { needed_rows: 1, .. })
    ));
    let text = with_clauses(r#"[{ "sex": "male" }]"#).replace("\"title\"", "\"tier\": \"M\", \"title\"");
    let claim = Claim::parse(text.as_bytes()).unwrap();
    assert_eq!(claim.compile(as_of, None).unwrap().table().header().tier, Tier::M);
    assert_eq!(
        claim.compile(as_of, Some(Tier::S)).unwrap().table().header().tier,
        Tier::S
    );
}

#[test]
fn sets_that_are_too_large_become_rows() {
    let as_of = Day::from_civil(2021, 4, 1).unwrap();
    let many: Vec<String> = (0..4_096).map(|i| format!("\"{}\"", 100_000 + i)).collect();
    let facts = format!(
        r#""kind": "condition", "codes": {{ "system": "snomed", "any_of": [{}] }}"#,
        many.join(",")
    );
    let thresholds = |clauses: &str| -> Vec<(Mode, Option<u8>)> {
        let policy = accepted(clauses).compile(as_of, None).unwrap();
        let rows = policy.table().criteria();
        assert!(rows.windows(2).all(|w| w[0].concept_hi < w[1].concept_lo));
        rows.iter().map(|row| (row.mode, row.threshold)).collect()
    };
    let (has, none) = (Mode::AtLeast, Mode::None);
    assert_eq!(
        thresholds(&format!(r#"[{{ "has": {{ {facts} }} }}]"#)),
        [(has, None), (has, Some(1))]
    );
    assert_eq!(
        thresholds(&format!(r#"[{{ "none": {{ {facts} }} }}]"#)),
        [(none, Some(1)), (none, Some(1))]
    );
    assert_eq!(
        thresholds(&format!(r#"[{{ "all": [{{ "none": {{ {facts} }} }}] }}]"#)),
        [(none, Some(1)), (none, Some(1))]
    );
    assert_eq!(
        thresholds(&format!(r#"[{{ "any": [{{ "has": {{ {facts} }} }}] }}]"#)),
        [(has, None), (has, Some(1))]
    );
}

#[test]
fn clauses_ask_for_as_many_as_they_say() {
    let as_of = Day::from_civil(2021, 4, 1).unwrap();
    let three = r#"[{ "sex": "male" }, { "sex": "female" }, { "not_deceased": true }]"#;
    let thresholds = |clause: &str| -> Vec<Option<u8>> {
        let policy = accepted(&format!("[{clause}]")).compile(as_of, None).unwrap();
        policy.table().criteria().iter().map(|row| row.threshold).collect()
    };
    assert_eq!(thresholds(&format!(r#"{{ "any": {three} }}"#)), [None, None, Some(1)]);
    assert_eq!(
        thresholds(&format!(r#"{{ "at_least": 2, "of": {three} }}"#)),
        [None, None, Some(2)]
    );
    assert_eq!(
        thresholds(&format!(r#"{{ "all": {three} }}"#)),
        [Some(1), Some(1), Some(1)]
    );
}

#[test]
fn absence_and_the_latest_ask_for_a_complete_chart() {
    use medproof_statement::coverage::Coverage;
    let as_of = Day::from_civil(2021, 4, 1).unwrap();
    let required = |clauses: &str| {
        let policy = accepted(clauses).compile(as_of, None).unwrap();
        policy.table().header().required_coverage
    };
    let pair = |kind, system| Coverage::pair(kind, system).unwrap();
    let value = r#""value": { "unit": "%", "at_least": 7 }"#;
    assert_eq!(required(&format!(r#"[{{ "has": {{ {T2D} }} }}]"#)), Coverage::NONE);
    assert_eq!(
        required(&format!(r#"[{{ "none": {{ {T2D} }} }}]"#)),
        pair(Kind::Condition, System::Snomed)
    );
    assert_eq!(
        required(r#"[{ "none": { "kind": "allergy", "codes": "all" } }]"#),
        Coverage::kind(Kind::Allergy)
    );
    assert_eq!(
        required(r#"[{ "not_deceased": true }]"#),
        pair(Kind::Demographic, System::Internal)
    );
    assert_eq!(
        required(&format!(r#"[{{ "latest": {{ {HBA1C}, {value} }} }}]"#)),
        pair(Kind::Observation, System::Loinc)
    );
    assert_eq!(
        required(&format!(
            r#"[{{ "any": [{{ "none": {{ {T2D} }} }}, {{ "sex": "male" }}] }}]"#
        )),
        pair(Kind::Condition, System::Snomed)
    );
}

#[test]
fn the_record_may_be_so_old() {
    let as_of = Day::from_civil(2021, 3, 31).unwrap();
    let text = with_clauses(r#"[{ "sex": "male" }]"#);
    let issued_min = |text: &str| {
        let policy = Claim::parse(text.as_bytes()).unwrap().compile(as_of, None).unwrap();
        policy.table().header().issued_min
    };
    assert_eq!(issued_min(&text), Day::MIN);
    let text = text.replace("\"title\"", r#""issued_within": { "months": 1 }, "title""#);
    assert_eq!(issued_min(&text), Day::from_civil(2021, 2, 28).unwrap());
}

#[test]
fn words_have_their_length_and_lines_only_where_they_may() {
    let with = |field: &str, words: &str| {
        let text = with_clauses(r#"[{ "sex": "male" }]"#);
        let words = serde_json::to_string(words).unwrap();
        match field {
            "title" => text.replacen(r#""Test""#, &words, 1),
            _ => text.replacen(r#""title""#, &format!(r#""{field}": {words}, "title""#), 1),
        }
    };
    let reads = |field: &str, words: &str| Claim::parse(with(field, words).as_bytes()).is_ok();
    for (field, longest) in [("title", 200), ("description", 4_000)] {
        assert!(reads(field, &"é".repeat(longest)), "{field}");
        assert!(!reads(field, &"é".repeat(longest + 1)), "{field}");
        for odd in ["", " a", "a\n", "a\tb", "a\u{7f}b", "a\u{202e}b"] {
            assert!(!reads(field, odd), "{field} {odd:?}");
        }
    }
    assert!(reads("description", "one\ntwo") && !reads("title", "one\ntwo"));
}

#[test]
fn an_age_may_be_one_year() {
    accepted(r#"[{ "age": { "at_least": 18, "at_most": 18 } }]"#);
}

#[test]
fn an_error_fits_a_line_that_no_terminal_obeys() {
    let long = "k".repeat(100_000);
    for key in ["\\u001b[2J", "\\u202e", "\\u007f", &long] {
        for text in [
            format!(r#"{{ "{key}": 1, "{key}": 2 }}"#),
            format!(r#"{{ "form": "{key}" }}"#),
            format!(r#"{{ "form": "medproof-claim/1", "title": "a", "{key}": 1 }}"#),
            format!(r#"{{ "{key}": [[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]] }}"#),
        ] {
            let words = Claim::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(words.chars().count() < 1_600, "{} characters", words.len());
            assert!(!words.chars().any(|c| c.is_control() || c == '\u{202e}'), "{words:?}");
        }
    }
}

#[test]
fn the_name_of_a_code_set_is_short_and_misleads_nobody() {
    for name in ["", " a", "a\\nb", "\\u202e", &"n".repeat(201)] {
        let text = format!(
            r#"{{ "form": "medproof-claim/1", "title": "a", "code_sets": {{ "{name}": {{ "source": "s", "version": "1",
                "codes": {{ "system": "snomed", "code": "44054006" }} }} }}, "clauses": [{{ "has": {{
                "kind": "condition", "codes": {{ "set": "{name}" }} }} }}] }}"#
        );
        let error = Claim::parse(text.as_bytes()).unwrap_err();
        assert!(matches!(*error.problem, Problem::OutOfRange { .. }), "{error}");
    }
}

// Hundreds of gigabytes of copies of the key, were it copied for each item.
#[test]
fn a_long_key_around_a_long_list_takes_no_more_than_both() {
    let text = format!(r#"{{ "{}": [{}0] }}"#, "k".repeat(1_000_000), "0,".repeat(1_000_000));
    let error = Claim::parse(text.as_bytes()).unwrap_err();
    assert!(matches!(*error.problem, Problem::UnknownKey { .. }));
}

/// The rows of all clauses count together, wherever a group stands among them.
#[test]
fn rows_count_over_all_clauses_and_within_a_group() {
    let has = format!(r#"{{ "has": {{ {T2D} }} }}"#);
    let after_three = |group: usize| {
        format!(
            "[{has}, {has}, {has}, {{ \"any\": [{}] }}]",
            vec![has.as_str(); group].join(",")
        )
    };
    let available = Tier::L.criteria();
    accepted(&after_three(available - 3));
    let rows = available + 1;
    assert_eq!(
        refused(&with_clauses(&after_three(available - 2))),
        Problem::from(Refusal::TooManyRows { rows, available }).at(&format!("/clauses/3/any/{}", available - 3))
    );
}
