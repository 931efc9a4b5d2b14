//! Every claim of the library is a file and a constructor, and both are the same claim.
//!
//! `UPDATE_LIBRARY=1 cargo test -p medproof-claims --test library` writes the files anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use medproof_claims::json::Json;
use medproof_claims::library::{
    CLAIMS, CRITERIA, CoveredProcedure, Trial, Vaccinated, adult, find, no_allergy, single, trial_eligibility,
};
use medproof_claims::spec::{CodeGroup, Coding, Members, NamedSet, Period};
use medproof_claims::{Claim, Day, Tier};
use medproof_statement::concept::System;
use medproof_statement::policy::Mode;
use std::path::{Path, PathBuf};

fn codings<const N: usize>(list: [(&str, &str); N]) -> Vec<Coding> {
    list.map(|(code, display)| Coding::new(code, display)).into()
}

/// The constructor behind each file.
fn constructed(name: &str) -> Claim {
    let claim = match name {
        "adult" => adult(),
        "vaccinated" => Vaccinated {
            title: "Vaccinated against HPV".into(),
            vaccines: codings([("62", "HPV, quadrivalent"), ("165", "HPV, 9-valent")]),
            doses: 2,
            min_gap_days: 150,
            within: Some(Period::years(10)),
        }
        .claim(),
        "no_allergy" => no_allergy(
            "No peanut, bee-venom or latex allergy",
            codings([
                ("91935009", "Allergy to peanuts"),
                ("424213003", "Allergy to bee venom"),
                ("300916003", "Latex allergy"),
            ]),
        ),
        "covered_procedure" => CoveredProcedure {
            title: "Covered procedure".into(),
            procedures: NamedSet {
                title: Some("Procedures in question".into()),
                source: "Synthea: billed procedures".into(),
                version: "2.4".into(),
                codes: vec![CodeGroup::In(
                    System::Snomed,
                    Members::Listed(codings([
                        ("73761001", "Colonoscopy"),
                        ("127783003", "Spirometry"),
                        ("23426006", "Measurement of respiratory function"),
                        ("180325003", "Electrical cardioversion"),
                        ("76601001", "Intramuscular injection"),
                    ])),
                )],
            },
            within: Period::days(1_095),
            classes: codings([
                ("MEDICARE", "Medicare"),
                ("DUALELIGIBLE", "Medicare and Medicaid"),
                ("MEDICAID", "Medicaid"),
                ("PRIVATE", "private insurance"),
            ]),
        }
        .claim(),
        "covid_doses" => Vaccinated {
            title: "Two COVID-19 vaccine doses".into(),
            vaccines: codings([
                ("207", "COVID-19, mRNA, 100 mcg/0.5 mL"),
                ("208", "COVID-19, mRNA, 30 mcg/0.3 mL"),
                ("212", "COVID-19, vector, Ad26, 0.5 mL"),
            ]),
            doses: 2,
            min_gap_days: 21,
            within: None,
        }
        .claim(),
        name => match Trial::ALL.into_iter().find(|trial| trial.name() == name) {
            Some(trial) => trial_eligibility(trial),
            None => single(name).expect(name),
        },
    };
    claim.expect(name)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("library")
}

fn pretty(json: &Json, indent: usize, out: &mut String) {
    let pad = |n: usize| "  ".repeat(n);
    let mut flat = String::new();
    write_flat(json, &mut flat);
    if flat.len() + 2 * indent <= 100 {
        out.push_str(&flat);
        return;
    }
    let (open, close, items): (_, _, Vec<(String, &Json)>) = match json {
        Json::Array(items) => ('[', ']', items.iter().map(|i| (String::new(), i)).collect()),
        Json::Object(members) => (
            '{',
            '}',
            members.iter().map(|(k, v)| (format!("\"{k}\": "), v)).collect(),
        ),
        _ => {
            out.push_str(&flat);
            return;
        }
    };
    out.push(open);
    for (i, (key, value)) in items.iter().enumerate() {
        out.push_str(if i > 0 { ",\n" } else { "\n" });
        out.push_str(&pad(indent + 1));
        out.push_str(key);
        pretty(value, indent + 1, out);
    }
    out.push('\n');
    out.push_str(&pad(indent));
    out.push(close);
}

fn write_flat(json: &Json, out: &mut String) {
    let list = |items: Vec<String>| items.join(", ");
    let flat = |json: &Json| {
        let mut out = String::new();
        write_flat(json, &mut out);
        out
    };
    match json {
        Json::Array(items) => out.push_str(&format!("[{}]", list(items.iter().map(flat).collect()))),
        Json::Object(members) => {
            let members = members.iter().map(|(k, v)| format!("\"{k}\": {}", flat(v)));
            out.push_str(&format!("{{ {} }}", list(members.collect())));
        }
        Json::String(s) => out.push_str(&serde_json::to_string(s).unwrap()),
        Json::Number(n) => out.push_str(n),
        Json::Bool(b) => out.push_str(&b.to_string()),
        Json::Null => out.push_str("null"),
    }
}

#[test]
fn every_file_is_what_its_constructor_makes() {
    if std::env::var_os("UPDATE_LIBRARY").is_some() {
        for (folder, entries) in [(folder(), CLAIMS), (folder().join("criteria"), CRITERIA)] {
            for entry in entries {
                let mut text = String::new();
                pretty(&constructed(entry.name).to_json(), 0, &mut text);
                std::fs::write(folder.join(entry.name).with_extension("json"), text + "\n").unwrap();
            }
        }
        return;
    }
    for entry in CLAIMS.iter().chain(CRITERIA) {
        let read = entry.claim().unwrap_or_else(|e| panic!("{}: {e}", entry.name));
        let made = constructed(entry.name);
        assert_eq!(read, made, "{}", entry.name);
        assert_eq!(read.id(), made.id(), "{}", entry.name);
        assert_eq!(find(entry.name), Some(entry));
    }
}

#[test]
fn every_file_of_the_folder_is_in_the_library() {
    for (folder, entries) in [(folder(), CLAIMS), (folder().join("criteria"), CRITERIA)] {
        let mut found: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        let mut listed: Vec<String> = entries.iter().map(|entry| entry.name.to_owned()).collect();
        found.sort();
        listed.sort();
        assert_eq!(found, listed);
    }
}

// The files are in normal form, so that any implementation of RFC 8785 finds the same claim_id.
#[test]
fn canonical_bytes_are_those_of_another_implementation_over_the_file() {
    for entry in CLAIMS.iter().chain(CRITERIA) {
        let value: serde_json::Value = serde_json::from_str(entry.json).unwrap();
        let theirs = serde_json_canonicalizer::to_vec(&value).unwrap();
        assert_eq!(entry.claim().unwrap().canonical_bytes(), theirs, "{}", entry.name);
    }
}

#[test]
fn claims_are_the_same_where_their_texts_are() {
    let claims: Vec<Claim> = CLAIMS.iter().map(|entry| entry.claim().unwrap()).collect();
    for (i, a) in claims.iter().enumerate() {
        for (j, b) in claims.iter().enumerate() {
            assert_eq!(a == b, i == j, "{i} {j}");
            assert_eq!(a.id() == b.id(), i == j, "{i} {j}");
        }
    }
}

#[test]
fn every_claim_compiles_and_twice_to_the_same_policy() {
    for as_of in [(2021, 4, 1), (2023, 4, 1), (2024, 2, 29)] {
        let as_of = Day::from_civil(as_of.0, as_of.1, as_of.2).unwrap();
        for entry in CLAIMS.iter().chain(CRITERIA) {
            let claim = entry.claim().unwrap();
            let (a, b) = (claim.compile(as_of, None).unwrap(), claim.compile(as_of, None).unwrap());
            assert_eq!(a.table(), b.table(), "{}", entry.name);
            assert_eq!(a.table().digest(), b.table().digest());
            assert_eq!(a.table().header().claim_id, claim.id());
        }
    }
}

#[test]
fn trials_have_the_criteria_of_the_tables_and_tier_l() {
    let as_of = Day::from_civil(2021, 4, 1).unwrap();
    for (trial, rows) in [(Trial::T1, 8), (Trial::T2, 8), (Trial::T3, 9)] {
        let policy = trial_eligibility(trial).unwrap().compile(as_of, None).unwrap();
        assert_eq!(policy.table().criteria().len(), rows);
        assert_eq!(policy.table().header().tier, Tier::L);
        let absent = policy
            .table()
            .criteria()
            .iter()
            .filter(|row| row.mode == Mode::None)
            .count();
        assert_eq!(absent, if trial == Trial::T3 { 6 } else { 5 });
        assert!(trial_eligibility(trial).unwrap().warnings().len() <= 1);
    }
}

#[test]
fn windows_of_n_days_include_both_ends() {
    let as_of = Day::from_civil(2021, 4, 1).unwrap();
    let row = |name: &str| {
        find(name)
            .unwrap()
            .claim()
            .unwrap()
            .compile(as_of, None)
            .unwrap()
            .table()
            .criteria()[0]
    };
    let day = |y, m, d| Day::from_civil(y, m, d).unwrap();
    assert_eq!((row("9").date_lo, row("9").date_hi), (day(2020, 4, 1), as_of));
    assert_eq!((row("1").date_lo, row("1").date_hi), (day(1945, 4, 2), day(2003, 4, 1)));
    assert_eq!((row("6").date_lo, row("6").date_hi), (Day::MIN, day(2021, 1, 1)));
    assert_eq!(row("6").active_on, Some(as_of));
    assert_eq!((row("no12").date_lo, row("no12").either), (day(2016, 4, 1), true));
    assert_eq!(row("covered_procedure").date_lo, day(2018, 4, 2));
    assert_eq!((row("covid_doses").count, row("covid_doses").min_gap_days), (2, 21));
    assert_eq!(row("vaccinated").date_lo, day(2011, 4, 1));
}
