//! What a reading is worth.

use crate::support::*;
use medproof_records::import::Uncertain;
use medproof_statement::concept::{Code, Kind, System};
use medproof_statement::fact::Fact;
use medproof_statement::value::Value as FactValue;
use serde_json::{Value, json};

// The number as written, not as a float.
fn reading(code: &str, unit: &str, number: &str) -> Fact {
    let marker = 123_454_321;
    let r = with(
        observation(),
        json!({"code": loinc(code), "valueQuantity": quantity(unit, marker)}),
    );
    let text = bundle(&[r]).to_string().replace(&marker.to_string(), number);
    let facts = of(&try_text(&text).unwrap(), Kind::Observation);
    assert_eq!(facts.len(), 1);
    facts[0]
}

fn worth(floor: i128, inexact: bool) -> FactValue {
    FactValue::quantity(floor, inexact).unwrap()
}

fn valued(changes: Value) -> Result<FactValue, Uncertain> {
    let r = with(observation(), json!({"valueQuantity": null}));
    let chart = import(&[with(r, changes)]);
    let f = of(&chart, Kind::Observation)[0];
    match chart.report.uncertain.get("observation") {
        Some(reasons) => {
            assert!(f.uncertain && f.value == FactValue::UNKNOWN);
            Err(*reasons.keys().next().unwrap())
        }
        None => Ok(f.value),
    }
}

#[test]
fn decimals_are_kept_as_written() {
    for (number, floor, inexact) in [
        ("7", 7_000_000, false),
        ("7.000", 7_000_000, false),
        ("6.9999999999999999999", 6_999_999, true),
        ("7.0000000000000001", 7_000_000, true),
        ("168.2761313965216", 168_276_131, true),
        ("-2.5", -2_500_000, false),
        ("-0.0000001", -1, true),
        ("70e-1", 7_000_000, false),
        ("0.7E+1", 7_000_000, false),
    ] {
        let f = reading("4548-4", "%", number);
        assert!(!f.uncertain && f.value == worth(floor, inexact), "{number}");
    }
}

#[test]
fn numbers_out_of_range_are_unknown_never_clamped() {
    for number in ["1e30", "-1e30", "99999999999999999999999999999999999", "1e-390"] {
        let f = reading("4548-4", "%", number);
        assert!(f.uncertain && f.value == FactValue::UNKNOWN, "{number}");
    }
}

#[test]
fn units_convert_exactly_or_not_at_all() {
    assert_eq!(reading("8302-2", "m", "1.75").value, worth(175_000_000, false));
    assert_eq!(reading("29463-7", "[lb_av]", "150").value, worth(68_038_855, true));
    assert_eq!(reading("8331-1", "[degF]", "98.6").value, worth(37_000_000, false));
    assert_eq!(
        reading("33914-3", "mL/min/{1.73_m2}", "60").value,
        worth(60_000_000, false)
    );
    for (code, unit) in [
        ("33914-3", "mL/min"),
        ("4548-4", "mg/dL"),
        ("2339-0", "mmol/L"),
        ("11557-6", "mm[Hg]"),
    ] {
        let f = reading(code, unit, "60");
        assert!(f.uncertain && f.value == FactValue::UNKNOWN, "{code} {unit}");
    }
}

#[test]
fn a_quantity_needs_a_number_and_a_coded_unit_and_no_comparator() {
    let q = |changes: Value| valued(json!({"valueQuantity": with(quantity("%", 7), changes)}));
    assert_eq!(q(json!({})), Ok(worth(7_000_000, false)));
    assert_eq!(q(json!({"value": null})), Err(Uncertain::NoNumber));
    assert_eq!(q(json!({"comparator": "<"})), Err(Uncertain::Comparator));
    assert_eq!(q(json!({"code": null})), Err(Uncertain::NoUnit));
    assert_eq!(q(json!({"code": null, "unit": null})), Err(Uncertain::NoUnit));
    assert_eq!(q(json!({"system": null})), Err(Uncertain::Unit));
    assert_eq!(q(json!({"system": "http://snomed.info/sct"})), Err(Uncertain::Unit));
    assert_eq!(q(json!({"code": "percent"})), Err(Uncertain::Unit));
}

#[test]
fn forms_that_do_not_compare_are_uncertain() {
    for form in [
        json!({"valueString": "7"}),
        json!({"valueInteger": 7}),
        json!({"valueRange": {"low": {"value": 1}}}),
        json!({"valueRatio": {}}),
        json!({"valueSampledData": {}}),
        json!({"valueTime": "10:00:00"}),
        json!({"valueDateTime": "2020"}),
        json!({"valuePeriod": {}}),
    ] {
        assert_eq!(valued(form.clone()), Err(Uncertain::ValueForm), "{form}");
    }
    assert_eq!(valued(json!({"valueBoolean": true})), Ok(FactValue::boolean(true)));
    assert_eq!(valued(json!({"valueBoolean": false})), Ok(FactValue::boolean(false)));
    assert_eq!(valued(json!({})), Ok(FactValue::NONE));
    assert_eq!(
        valued(json!({"dataAbsentReason": snomed("261665006")})),
        Err(Uncertain::Absent)
    );
    let both = json!({"dataAbsentReason": snomed("261665006"), "valueBoolean": true});
    assert_eq!(valued(both), Err(Uncertain::Absent));
}

#[test]
fn coded_values_carry_their_system() {
    let never = FactValue::coded(System::Snomed, Code::parse(System::Snomed, "266919005").unwrap());
    assert_eq!(valued(json!({"valueCodeableConcept": snomed("266919005")})), Ok(never));
    assert_eq!(
        valued(json!({"valueCodeableConcept": {"text": "never"}})),
        Err(Uncertain::ValueCode)
    );
    let local = json!({"coding": [{"system": "urn:local", "code": "N"}]});
    assert_eq!(
        valued(json!({"valueCodeableConcept": local})),
        Err(Uncertain::ValueCode)
    );
    // One fact for each usable coding of the value; the others are passed over.
    let mut two = snomed("266919005");
    let more = two["coding"].as_array_mut().unwrap();
    more.push(json!({"system": "http://loinc.org", "code": "LA18978-9"}));
    more.push(json!({"system": "http://snomed.info/sct", "code": "8517006"}));
    let chart = import(&[with(
        observation(),
        json!({"valueQuantity": null, "valueCodeableConcept": two}),
    )]);
    let facts = of(&chart, Kind::Observation);
    assert_eq!(facts.len(), 2);
    assert!(facts.iter().all(|f| !f.uncertain && f.contested) && facts[0].seq.event == facts[1].seq.event);
    assert_eq!((facts[0].seq.sub, facts[1].seq.sub), (0, 1));
}

#[test]
fn components_are_facts_of_their_own_at_the_same_event() {
    let part = |code, value| json!({"code": loinc(code), "valueQuantity": value});
    let panel = with(
        observation(),
        json!({"code": loinc("55284-4"), "valueQuantity": null, "component": [
            part("8480-6", quantity("mm[Hg]", 130)),
            part("8462-4", json!({"value": 80, "system": "http://unitsofmeasure.org"})),
            with(part("8867-4", quantity("/min", 70)), json!({"modifierExtension": [{"url": "x"}]})),
        ]}),
    );
    let chart = import(std::slice::from_ref(&panel));
    let find = |code| {
        let concept = concept(Kind::Observation, System::Loinc, code);
        *chart.facts.iter().find(|f| f.concept == concept).unwrap()
    };
    let (own, systolic, diastolic, pulse) = (find("55284-4"), find("8480-6"), find("8462-4"), find("8867-4"));
    assert!(!own.uncertain && own.value == FactValue::NONE);
    assert!(!systolic.uncertain && systolic.value == worth(130_000_000, false));
    assert!(diastolic.uncertain && pulse.uncertain);
    assert!(
        [systolic, diastolic, pulse]
            .iter()
            .all(|f| f.seq.event == own.seq.event)
    );
    let doubted = import(&[with(panel, json!({"status": "preliminary"}))]);
    assert!(of(&doubted, Kind::Observation).iter().all(|f| f.uncertain));
}

#[test]
fn a_number_in_quotes_is_malformed() {
    let r = with(
        observation(),
        json!({"valueQuantity": with(quantity("%", 7), json!({"value": "7.0"}))}),
    );
    assert!(try_import(&[r]).unwrap_err().to_string().contains("expected a number"));
}
