//! Birth date, sex and death.

use crate::support::*;
use medproof_records::import::{BIRTHDATE, DECEASED, Importer, PatientChart, SEX};
use medproof_statement::concept::{Kind, System};
use medproof_statement::coverage::Coverage;
use medproof_statement::fact::Fact;
use medproof_statement::value::Value as FactValue;
use serde_json::{Value, json};

fn read(changes: Value) -> PatientChart {
    let b = json!({"resourceType": "Bundle", "type": "collection",
        "entry": [{"resource": with(patient(), changes)}]});
    Importer::new(options())
        .bundle(b.to_string().as_bytes(), "test")
        .unwrap()
}

fn find(chart: &PatientChart, code: &str) -> Option<Fact> {
    let concept = concept(Kind::Demographic, System::Internal, code);
    chart.facts.iter().find(|f| f.concept == concept).copied()
}

#[test]
fn born_on_a_day_in_a_month_or_in_a_year() {
    let born = |v: Value| {
        let f = find(&read(json!({"birthDate": v})), BIRTHDATE).unwrap();
        (f.since.to_string(), f.date.to_string(), f.uncertain)
    };
    let say = |a: &str, b: &str, u| (a.to_owned(), b.to_owned(), u);
    assert_eq!(born(json!("1980-05-06")), say("1980-05-06", "1980-05-06", false));
    assert_eq!(born(json!("1980-05")), say("1980-05-01", "1980-05-31", false));
    assert_eq!(born(json!("1980")), say("1980-01-01", "1980-12-31", false));
    assert_eq!(
        born(json!("1980-05-06T00:00:00Z")),
        say("1850-01-01", "2021-04-01", true)
    );
    // Nobody passes as old because a birth date is missing.
    assert_eq!(born(Value::Null), say("1850-01-01", "2021-04-01", true));
}

#[test]
fn sex_is_a_coded_value_on_the_day_of_issue() {
    let sex = |v: Value| {
        let f = find(&read(json!({"gender": v})), SEX).unwrap();
        assert_eq!((f.since, f.date), (issued_on(), issued_on()));
        (f.value, f.uncertain)
    };
    assert_eq!(sex(json!("male")), (internal("MALE"), false));
    assert_eq!(sex(json!("female")), (internal("FEMALE"), false));
    assert_eq!(sex(json!("other")), (internal("OTHER"), false));
    assert_eq!(sex(json!("unknown")), (internal("UNKNOWN"), true));
    assert_eq!(sex(json!("M")), (internal("UNKNOWN"), true));
    assert_eq!(sex(Value::Null), (internal("UNKNOWN"), true));
}

#[test]
fn only_the_dead_have_a_fact_of_death() {
    assert!(find(&read(json!({})), DECEASED).is_none());
    assert!(find(&read(json!({"deceasedBoolean": false})), DECEASED).is_none());
    let f = find(&read(json!({"deceasedBoolean": true})), DECEASED).unwrap();
    assert_eq!((f.since.0, f.date, f.uncertain), (0, issued_on(), false));
    assert_eq!(f.value, FactValue::NONE);
    let f = find(
        &read(json!({"deceasedDateTime": "2020-03-04T05:06:07-08:00"})),
        DECEASED,
    )
    .unwrap();
    assert_eq!((f.since, f.date), (day("2020-03-04"), day("2020-03-04")));
    assert!(
        find(&read(json!({"deceasedDateTime": "long ago"})), DECEASED)
            .unwrap()
            .uncertain
    );
}

#[test]
fn the_id_is_kept_and_shown_nowhere() {
    let chart = read(json!({}));
    assert_eq!(chart.patient_id, "p");
    assert!(!format!("{chart:?}").contains("\"p\""));
    assert!(!serde_json::to_string(&chart.report).unwrap().contains("1980"));
}

#[test]
fn a_modifier_on_the_patient_shows_no_absence() {
    let chart = read(json!({"modifierExtension": [{"url": "x"}]}));
    assert!(of(&chart, Kind::Demographic).iter().all(|f| f.uncertain));
    assert!(!Coverage::kind(Kind::Demographic).is_subset_of(chart.coverage));
    assert!(Coverage::kind(Kind::Demographic).is_subset_of(read(json!({})).coverage));
}
