//! Items of explanations of benefit, and coverages.

use crate::support::*;
use medproof_records::import::{LeftOut, Uncertain};
use medproof_statement::concept::{Kind, System};
use medproof_statement::fact::Fact;
use medproof_statement::value::Value as FactValue;
use serde_json::{Value, json};

fn item(changes: Value) -> Fact {
    one(with(explanation(), changes), Kind::Claim)
}

#[test]
fn an_item_has_its_serviced_day_and_the_class_of_its_coverage() {
    let f = item(json!({}));
    assert_eq!(f.concept, concept(Kind::Claim, System::Snomed, "430193006"));
    assert_eq!(
        (f.date, f.value, f.uncertain),
        (day("2019-05-01"), internal("PRIVATE"), false)
    );
    let none = json!([{"resourceType": "Coverage", "id": "cov", "status": "active", "type": {"text": "no_insurance"}}]);
    assert_eq!(item(json!({"contained": none})).value, internal("NOINSURANCE"));
    let whole = json!([{"productOrService": snomed("430193006"), "servicedDate": "2019-06"}]);
    let f = item(json!({"item": whole}));
    assert_eq!((f.since, f.date), (day("2019-06-01"), day("2019-06-30")));
    let undated = item(json!({"item": [{"productOrService": snomed("430193006")}]}));
    assert_eq!((undated.since.0, undated.date), (0, issued_on()));
}

#[test]
fn a_class_that_cannot_be_read_is_unknown() {
    let contained = |v: Value| json!({"contained": [v]});
    let cov = json!({"resourceType": "Coverage", "id": "cov", "status": "active", "type": {"text": "private"}});
    let two =
        json!([{"focal": true, "coverage": {"reference": "#cov"}}, {"focal": true, "coverage": {"reference": "#cov"}}]);
    for changes in [
        json!({"contained": null}),
        json!({"insurance": null}),
        json!({"insurance": [{"focal": false, "coverage": {"reference": "#cov"}}]}),
        json!({"insurance": [{"coverage": {"reference": "#cov"}}]}),
        json!({"insurance": two}),
        json!({"insurance": [{"focal": true, "coverage": {"display": "private"}}]}),
        json!({"insurance": [{"focal": true, "coverage": {"reference": "#cov"}, "modifierExtension": [{"url": "x"}]}]}),
        contained(with(cov.clone(), json!({"status": "cancelled"}))),
        contained(with(cov.clone(), json!({"status": null}))),
        contained(with(cov.clone(), json!({"type": {"text": "Private plan"}}))),
        contained(with(cov.clone(), json!({"type": null}))),
        contained(with(cov.clone(), json!({"modifierExtension": [{"url": "x"}]}))),
        contained(with(
            cov.clone(),
            json!({"beneficiary": {"reference": "Patient/other"}}),
        )),
    ] {
        let f = item(changes.clone());
        assert!(f.uncertain && f.value == FactValue::UNKNOWN, "{changes}");
    }
}

#[test]
fn a_coverage_of_its_own_is_found_by_reference() {
    for reference in ["Coverage/v", "urn:uuid:v"] {
        let x = with(
            explanation(),
            json!({"insurance": [{"focal": true, "coverage": {"reference": reference}}]}),
        );
        let chart = import(&[x, coverage()]);
        assert_eq!(of(&chart, Kind::Claim)[0].value, internal("MEDICARE"));
    }
}

#[test]
fn only_a_complete_answer_to_a_claim_is_certain() {
    for changes in [
        json!({"use": "preauthorization"}),
        json!({"use": null}),
        json!({"outcome": "queued"}),
        json!({"outcome": "partial"}),
        json!({"outcome": null}),
        json!({"status": "cancelled"}),
    ] {
        assert!(item(changes.clone()).uncertain, "{changes}");
    }
}

#[test]
fn details_and_added_items_count_and_equal_items_merge() {
    let detail =
        json!({"productOrService": snomed("44054006"), "subDetail": [{"productOrService": snomed("38341003")}]});
    let part = json!({"productOrService": snomed("430193006"), "servicedDate": "2019-05-01", "detail": [detail]});
    let same = json!({"productOrService": snomed("430193006"), "servicedDate": "2019-05-01"});
    let doubted = json!({"productOrService": snomed("22298006"), "servicedDate": "2019-05-01",
        "modifierExtension": [{"url": "x"}]});
    let chart = import(&[with(explanation(), json!({"item": [part, same], "addItem": [doubted]}))]);
    let facts = of(&chart, Kind::Claim);
    assert_eq!((facts.len(), chart.report.merged), (4, 1));
    assert!(
        facts
            .iter()
            .all(|f| f.date == day("2019-05-01") && f.seq.event == facts[0].seq.event)
    );
    assert_eq!(facts.iter().filter(|f| f.uncertain).count(), 1);
}

#[test]
fn a_claim_counts_only_where_no_explanation_restates_it() {
    let alone = import(&[claim()]);
    assert_eq!(alone.report.uncertain["claim"][&Uncertain::CoverageClass], 1);
    assert!(of(&alone, Kind::Claim)[0].uncertain);

    let restated = import(&[claim(), explanation()]);
    assert_eq!(of(&restated, Kind::Claim).len(), 1);
    assert!(!of(&restated, Kind::Claim)[0].uncertain);
    assert_eq!(restated.report.left_out["claim"][&LeftOut::Restated], 1);
    assert_eq!(restated.report.restated_items["claim"], 1);

    // An item that the explanation does not repeat keeps the whole claim.
    let more = json!({"item": [{"productOrService": snomed("430193006")}, {"productOrService": snomed("44054006")}]});
    let partly = import(&[with(claim(), more), explanation()]);
    assert_eq!(of(&partly, Kind::Claim).len(), 3);
    let other = import(&[
        claim(),
        with(explanation(), json!({"claim": {"reference": "urn:uuid:other"}})),
    ]);
    assert_eq!(of(&other, Kind::Claim).len(), 2);
    let void = import(&[claim(), with(explanation(), json!({"status": "entered-in-error"}))]);
    assert!(of(&void, Kind::Claim).iter().all(|f| f.uncertain) && of(&void, Kind::Claim).len() == 1);
}

#[test]
fn an_unadjudicated_claim_is_uncertain_even_with_a_class() {
    let full = json!({"insurance": [{"focal": true, "coverage": {"reference": "Coverage/v"}}]});
    let chart = import(&[with(claim(), full), coverage()]);
    assert_eq!(of(&chart, Kind::Claim)[0].value, internal("MEDICARE"));
    assert_eq!(chart.report.uncertain["claim"][&Uncertain::Unadjudicated], 1);
}

#[test]
fn a_coverage_is_its_class_with_a_pseudonym() {
    let f = one(coverage(), Kind::Coverage);
    assert_eq!(f.concept, concept(Kind::Coverage, System::Internal, "MEDICARE"));
    assert_eq!((f.value, f.uncertain), (FactValue::NONE, false));
    let id = |value: &str| {
        json!({"identifier": [{"system": "urn:medproof:member-pseudonym", "value": value},
        {"system": "urn:other", "value": "12"}]})
    };
    let f = one(with(coverage(), id("00000000000000ff")), Kind::Coverage);
    assert_eq!(f.value, FactValue::pseudonym(255));
    for bad in ["ff", "00000000000000FF", "+0000000000000ff"] {
        assert!(one(with(coverage(), id(bad)), Kind::Coverage).uncertain, "{bad}");
    }
    let unmapped = import(&[with(coverage(), json!({"type": {"text": "gold"}}))]);
    assert!(of(&unmapped, Kind::Coverage).is_empty());
    assert!(!medproof_statement::coverage::Coverage::kind(Kind::Coverage).is_subset_of(unmapped.coverage));
    let coded = json!({"type": {"coding": [{"system": "urn:medproof:internal", "code": "GOLD"}]}});
    assert_eq!(
        one(with(coverage(), coded), Kind::Coverage).concept,
        concept(Kind::Coverage, System::Internal, "GOLD")
    );
}
