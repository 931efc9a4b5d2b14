//! What stands, what is doubted, what is left out.

use crate::support::*;
use medproof_records::import::{LeftOut, Uncertain};
use medproof_statement::concept::Kind;
use medproof_statement::coverage::Coverage;
use serde_json::{Value, json};

#[derive(Debug, PartialEq)]
enum Taken {
    Certain,
    Uncertain,
    Out,
}

fn taken(resource: Value, kind: Kind) -> Taken {
    let chart = import(&[resource]);
    // What is left out costs no coverage, and what is doubted is there.
    assert!(Coverage::kind(kind).is_subset_of(chart.coverage));
    match of(&chart, kind).as_slice() {
        [] => {
            assert_eq!(chart.report.left_out[kind.name()].values().sum::<u64>(), 1);
            Taken::Out
        }
        [f] if f.uncertain => Taken::Uncertain,
        [_] => Taken::Certain,
        _ => panic!("one fact at most"),
    }
}

fn by_status(resource: Value, kind: Kind, certain: &[&str], out: &[&str], doubted: &[&str]) {
    for (words, expected) in [
        (certain, Taken::Certain),
        (out, Taken::Out),
        (doubted, Taken::Uncertain),
    ] {
        for word in words {
            let r = with(resource.clone(), json!({"status": word}));
            assert_eq!(taken(r, kind), expected, "{kind} {word}");
        }
    }
    let absent = with(resource, json!({"status": null}));
    assert_eq!(taken(absent, kind), Taken::Uncertain, "{kind} without a status");
}

#[test]
fn statuses_of_each_type() {
    let doubted = ["unknown", "Completed", "", "draft", "on-hold", "cancelled"];
    by_status(
        immunization(),
        Kind::Immunization,
        &["completed"],
        &["not-done", "entered-in-error"],
        &doubted,
    );
    by_status(
        observation(),
        Kind::Observation,
        &["final", "amended", "corrected"],
        &["entered-in-error"],
        &["registered", "preliminary", "cancelled", "unknown"],
    );
    by_status(
        request(),
        Kind::Medication,
        &["active", "stopped", "completed"],
        &["entered-in-error"],
        &["on-hold", "cancelled", "draft", "unknown"],
    );
    by_status(
        statement(),
        Kind::Medication,
        &["active", "stopped", "completed"],
        &["entered-in-error", "not-taken"],
        &["intended", "on-hold", "unknown"],
    );
    by_status(
        procedure(),
        Kind::Procedure,
        &["completed"],
        &["not-done", "entered-in-error"],
        &["preparation", "in-progress", "on-hold", "stopped", "unknown"],
    );
    let open = with(encounter(), json!({"period": {"start": "2021-03-30"}}));
    by_status(
        open,
        Kind::Encounter,
        &["finished", "in-progress"],
        &["entered-in-error"],
        &["planned", "arrived", "triaged", "onleave", "cancelled", "unknown"],
    );
    for bill in [coverage(), explanation()] {
        let kind = if bill["resourceType"] == "Coverage" {
            Kind::Coverage
        } else {
            Kind::Claim
        };
        by_status(bill, kind, &["active"], &["entered-in-error"], &["cancelled", "draft"]);
    }
}

#[test]
fn conditions_are_certain_only_when_verified() {
    let of = |v: Value| taken(with(condition(), json!({"verificationStatus": v})), Kind::Condition);
    assert_eq!(of(verified("confirmed")), Taken::Certain);
    assert_eq!(of(Value::Null), Taken::Certain);
    for word in ["unconfirmed", "provisional", "differential", "Confirmed"] {
        assert_eq!(of(verified(word)), Taken::Uncertain, "{word}");
    }
    for word in ["refuted", "entered-in-error"] {
        assert_eq!(of(verified(word)), Taken::Out, "{word}");
    }
    // A code of another system, or words, are no verification; two codes are none either.
    assert_eq!(of(snomed("410605003")), Taken::Uncertain);
    assert_eq!(of(json!({"text": "confirmed"})), Taken::Uncertain);
    let mut both = verified("confirmed");
    both["coding"]
        .as_array_mut()
        .unwrap()
        .push(verified("refuted")["coding"][0].clone());
    assert_eq!(of(both), Taken::Uncertain);
    let clinical_of = |v: Value| taken(with(condition(), json!({"clinicalStatus": v})), Kind::Condition);
    assert_eq!(clinical_of(clinical("dormant")), Taken::Uncertain);
    assert_eq!(clinical_of(json!({"text": "active"})), Taken::Uncertain);
}

#[test]
fn allergies_need_a_clinical_status() {
    let of = |changes: Value| taken(with(allergy(), changes), Kind::Allergy);
    assert_eq!(of(json!({"clinicalStatus": null})), Taken::Uncertain);
    assert_eq!(
        of(json!({"clinicalStatus": allergy_clinical("resolved")})),
        Taken::Certain
    );
    // The codes of conditions are not those of allergies.
    assert_eq!(of(json!({"clinicalStatus": clinical("active")})), Taken::Uncertain);
    assert_eq!(of(json!({"verificationStatus": null})), Taken::Certain);
    assert_eq!(
        of(json!({"verificationStatus": allergy_verified("unconfirmed")})),
        Taken::Uncertain
    );
    assert_eq!(
        of(json!({"verificationStatus": allergy_verified("presumed")})),
        Taken::Uncertain
    );
    assert_eq!(
        of(json!({"verificationStatus": allergy_verified("refuted")})),
        Taken::Out
    );
    assert_eq!(
        of(json!({"verificationStatus": allergy_verified("entered-in-error"), "clinicalStatus": null})),
        Taken::Out
    );
}

#[test]
fn only_an_order_is_one() {
    let of = |changes: Value| taken(with(request(), changes), Kind::Medication);
    for word in [
        "order",
        "original-order",
        "reflex-order",
        "filler-order",
        "instance-order",
    ] {
        assert_eq!(of(json!({"intent": word})), Taken::Certain);
    }
    for word in ["proposal", "plan", "option", "other"] {
        assert_eq!(of(json!({"intent": word})), Taken::Uncertain);
    }
    assert_eq!(of(json!({"intent": null})), Taken::Uncertain);
    assert_eq!(of(json!({"doNotPerform": true})), Taken::Uncertain);
    assert_eq!(of(json!({"doNotPerform": false})), Taken::Certain);
}

#[test]
fn modifiers_make_uncertain() {
    let ext = json!([{"url": "http://example.org/negated", "valueBoolean": true}]);
    for (r, kind) in [
        (immunization(), Kind::Immunization),
        (condition(), Kind::Condition),
        (observation(), Kind::Observation),
        (allergy(), Kind::Allergy),
        (request(), Kind::Medication),
        (procedure(), Kind::Procedure),
        (encounter(), Kind::Encounter),
        (coverage(), Kind::Coverage),
        (explanation(), Kind::Claim),
    ] {
        assert_eq!(taken(r.clone(), kind), Taken::Certain);
        assert_eq!(
            taken(with(r.clone(), json!({"modifierExtension": ext})), kind),
            Taken::Uncertain
        );
        assert_eq!(
            taken(with(r, json!({"implicitRules": "http://example.org"})), kind),
            Taken::Uncertain
        );
    }
    assert_eq!(
        taken(with(immunization(), json!({"isSubpotent": true})), Kind::Immunization),
        Taken::Uncertain
    );
    assert_eq!(
        taken(
            with(observation(), json!({"focus": [{"reference": "Patient/child"}]})),
            Kind::Observation
        ),
        Taken::Uncertain
    );
}

#[test]
fn what_is_left_out_under_a_modifier_costs_coverage() {
    let r = with(
        condition(),
        json!({"verificationStatus": verified("refuted"), "modifierExtension": [{"url": "x"}]}),
    );
    let chart = import(&[r]);
    assert!(of(&chart, Kind::Condition).is_empty());
    assert!(!Coverage::kind(Kind::Condition).is_subset_of(chart.coverage));
}

#[test]
fn a_resource_of_nobody_is_uncertain() {
    let chart = import(&[with(observation(), json!({"subject": null}))]);
    assert_eq!(chart.report.uncertain["observation"][&Uncertain::Subject], 1);
    let logical = json!({"subject": {"identifier": {"value": "x"}}});
    let chart = import(&[with(observation(), logical)]);
    assert_eq!(chart.report.uncertain["observation"][&Uncertain::Subject], 1);
}

#[test]
fn reasons_are_counted() {
    let chart = import(&[
        with(immunization(), json!({"status": "not-done"})),
        with(condition(), json!({"verificationStatus": verified("provisional")})),
        with(procedure(), json!({"status": "entered-in-error"})),
    ]);
    assert_eq!(chart.report.left_out["immunization"][&LeftOut::NotDone], 1);
    assert_eq!(chart.report.left_out["procedure"][&LeftOut::EnteredInError], 1);
    assert_eq!(chart.report.uncertain["condition"][&Uncertain::Verification], 1);
    assert_eq!(chart.report.resources["Condition"], 1);
}
