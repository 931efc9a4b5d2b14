//! What a claim says in plain words, kept as files.
//!
//! `UPDATE_EXPLANATIONS=1 cargo test -p medproof-claims --test explanations` writes them anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use medproof_claims::library::{CLAIMS, find};
use medproof_claims::{Claim, Day, Warning};
use std::path::Path;

fn compare(name: &str, found: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/explanations")
        .join(name);
    if std::env::var_os("UPDATE_EXPLANATIONS").is_some() {
        std::fs::write(file, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(found, expected, "{name}");
}

#[test]
fn of_the_library() {
    let as_of = Day::from_civil(2021, 4, 1).unwrap();
    for entry in CLAIMS {
        let claim = entry.claim().unwrap();
        compare(&format!("{}.txt", entry.name), &claim.explain(Some(as_of)).to_string());
    }
    let without_day = find("trial_eligibility_t1").unwrap().claim().unwrap();
    compare(
        "trial_eligibility_t1.any-day.txt",
        &without_day.explain(None).to_string(),
    );
}

#[test]
fn of_everything_that_can_be_said() {
    let claim = Claim::parse(include_bytes!("explanations/everything.json")).unwrap();
    compare(
        "everything.txt",
        &claim.explain(Day::from_civil(2021, 4, 1)).to_string(),
    );
    compare("everything.any-day.txt", &claim.explain(None).to_string());
}

#[test]
fn absence_names_the_systems_that_it_is_about() {
    let claim = find("trial_eligibility_t1").unwrap().claim().unwrap();
    let explained = claim.explain(None);
    let warfarin = &explained.clauses[5].criteria[0];
    assert_eq!(warfarin.path, "/clauses/5");
    assert_eq!(
        warfarin.caveat.as_deref().unwrap().split('.').next(),
        Some("Absence means: not among the medications coded in RxNorm in this issuer's chart")
    );
}

#[test]
fn authors_are_warned_of_what_they_may_have_forgotten() {
    let warnings = |name: &str| find(name).unwrap().claim().unwrap().warnings();
    assert_eq!(warnings("trial_eligibility_t3"), [Warning::AnyRecordAge]);
    assert_eq!(
        warnings("covid_doses"),
        [Warning::DeceasedNotExcluded, Warning::AnyRecordAge]
    );
    // Under `any` it excludes nobody.
    let text = r#"{ "form": "medproof-claim/1", "title": "A", "issued_within": { "days": 30 },
        "clauses": [{ "any": [{ "not_deceased": true }, { "sex": "male" }] }] }"#;
    let claim = Claim::parse(text.as_bytes()).unwrap();
    assert_eq!(claim.warnings(), [Warning::DeceasedNotExcluded]);
    let text = text.replace("\"any\"", "\"all\"");
    assert_eq!(Claim::parse(text.as_bytes()).unwrap().warnings(), []);
}
