//! Facts find their places: events, contested readings, and what is cut.

use crate::support::*;
use medproof_records::import::Uncertain;
use medproof_statement::concept::Kind;
use medproof_statement::coverage::Coverage;
use medproof_statement::fact::Fact;
use medproof_statement::record::MAX_FACTS;
use medproof_statement::value::Value as FactValue;
use serde_json::{Value, json};

fn at(id: &str, time: &str, value: i64) -> Value {
    with(
        observation(),
        json!({"id": id, "effectiveDateTime": time, "valueQuantity": quantity("%", value)}),
    )
}

fn values(facts: &[Fact]) -> Vec<i128> {
    let worth = |f: &Fact| {
        (0..100)
            .find(|x| FactValue::quantity(x * 1_000_000, false) == Some(f.value))
            .unwrap()
    };
    facts.iter().map(worth).collect()
}

#[test]
fn keys_increase_whatever_the_order_of_the_file() {
    let mut resources = vec![
        at("a", "2021-02-03T10:00:00Z", 7),
        at("b", "2021-02-03T09:00:00Z", 8),
        at("d", "2021-02-03T11:00:00+01:00", 9),
        condition(),
        procedure(),
        immunization(),
        encounter(),
        explanation(),
    ];
    let forward = import(&resources);
    resources.reverse();
    assert_eq!(forward.facts, import(&resources).facts);
    assert!(forward.facts.windows(2).all(|w| w[0].key() < w[1].key()));
    assert!(forward.facts.iter().all(|f| f.since <= f.date && f.date <= issued_on()));
    // By instant, then by id: b at nine, a and d at ten.
    assert_eq!(values(&of(&forward, Kind::Observation)), [8, 7, 9]);
}

#[test]
fn a_day_without_a_time_comes_after_its_times() {
    let chart = import(&[at("a", "2021-02-03", 7), at("b", "2021-02-03T22:00:00Z", 8)]);
    assert_eq!(values(&of(&chart, Kind::Observation)), [8, 7]);
}

fn contested(resources: &[Value]) -> Vec<bool> {
    of(&import(resources), Kind::Observation)
        .iter()
        .map(|f| f.contested)
        .collect()
}

#[test]
fn readings_that_could_be_simultaneous_and_differ_are_contested() {
    let a = at("a", "2021-02-03T10:00:00Z", 7);
    // Another value at the same instant, in either order of ids, in another offset.
    assert_eq!(
        contested(&[a.clone(), at("b", "2021-02-03T10:00:00Z", 8)]),
        [true, true]
    );
    assert_eq!(
        contested(&[at("0", "2021-02-03T12:00:00+02:00", 8), a.clone()]),
        [true, true]
    );
    assert_eq!(
        contested(&[a.clone(), at("b", "2021-02-03T10:00:00.5Z", 8)]),
        [true, true]
    );
    assert_eq!(
        contested(&[a.clone(), at("b", "2021-02-03T10:00:01Z", 8)]),
        [false, false]
    );
    // The same value at the same instant is no contest.
    assert_eq!(
        contested(&[a.clone(), at("b", "2021-02-03T10:00:00Z", 7)]),
        [false, false]
    );
    // A day is the whole day; a month is the whole month.
    assert_eq!(contested(&[a.clone(), at("b", "2021-02-03", 7)]), [false, false]);
    assert_eq!(contested(&[a.clone(), at("b", "2021-02-03", 8)]), [true, true]);
    assert_eq!(contested(&[a.clone(), at("b", "2021-02", 7)]), [true, true]);
    assert_eq!(contested(&[a.clone(), at("b", "2021-02-02", 8)]), [false, false]);
    assert_eq!(
        contested(&[a.clone(), at("b", "2021", 8), at("c", "2020", 9)]),
        [false, true, true]
    );
    // An uncertain one contests the certain one, and is not contested by its equal.
    let doubted = with(at("b", "2021-02-03T10:00:00Z", 7), json!({"status": "preliminary"}));
    let facts = of(&import(&[a.clone(), doubted]), Kind::Observation);
    assert!(facts.iter().all(|f| f.contested != f.uncertain));
    // Another concept is none of its business.
    let other = with(at("b", "2021-02-03T10:00:00Z", 8), json!({"code": loinc("30385-9")}));
    assert_eq!(contested(&[a, other]), [false, false]);
}

#[test]
fn days_that_offsets_turn_around_are_contested() {
    // Later by the instant, earlier by the day as written.
    let west = at("a", "2021-02-02T23:30:00-08:00", 7);
    let east = at("b", "2021-02-03T00:30:00+00:00", 8);
    assert_eq!(contested(&[west, east]), [true, true]);
}

#[test]
fn events_are_numbered_without_gaps_and_shared_by_a_resource() {
    let chart = import(&[condition(), at("a", "2021-02-03T10:00:00Z", 7), immunization()]);
    let mut events: Vec<u16> = chart.facts.iter().map(|f| f.seq.event).collect();
    events.sort_unstable();
    // Patient (two facts, the latest instant), condition, immunization, observation.
    assert_eq!(events, [0, 1, 2, 3, 3]);
}

#[test]
fn a_chart_too_large_loses_its_oldest_observations_and_their_coverage() {
    let day = |i: usize| format!("{}-{:02}-{:02}", 2000 + i / 336, 1 + i / 28 % 12, 1 + i % 28);
    let mut resources: Vec<Value> = (0..4200).map(|i| at(&format!("o{i}"), &day(i), 7)).collect();
    resources.push(condition());
    let chart = import(&resources);
    assert_eq!(chart.facts.len(), MAX_FACTS);
    assert_eq!(chart.report.cut["observation"], 4200 + 3 - MAX_FACTS as u64);
    assert_eq!(of(&chart, Kind::Condition).len(), 1);
    let oldest = of(&chart, Kind::Observation)[0].date;
    assert_eq!(oldest, crate::support::day(&day(4200 + 3 - MAX_FACTS)));
    let lost = Coverage::systems(Kind::Observation)
        .filter_map(|s| Coverage::pair(Kind::Observation, s))
        .fold(Coverage::kind(Kind::Observation), Coverage::union);
    assert_eq!(chart.coverage.0 & lost.0, 0);
    assert!(Coverage::kind(Kind::Condition).is_subset_of(chart.coverage));
    assert!(chart.facts.windows(2).all(|w| w[0].key() < w[1].key()));
}

#[test]
fn without_observations_the_oldest_of_the_rest_go_but_not_the_patient() {
    let day = |i: usize| format!("{}-{:02}-{:02}", 2000 + i / 336, 1 + i / 28 % 12, 1 + i % 28);
    let dose = |i: usize| {
        with(
            immunization(),
            json!({"id": format!("i{i}"), "occurrenceDateTime": day(i)}),
        )
    };
    let mut resources: Vec<Value> = (0..4100).map(dose).collect();
    resources.push(at("a", "2021-02-03T10:00:00Z", 7));
    let chart = import(&resources);
    assert_eq!(chart.facts.len(), MAX_FACTS);
    assert_eq!(
        (chart.report.cut["observation"], chart.report.cut["immunization"]),
        (1, 7)
    );
    assert_eq!(of(&chart, Kind::Demographic).len(), 2);
    assert!(!Coverage::kind(Kind::Immunization).is_subset_of(chart.coverage));
}

#[test]
fn more_facts_than_sub_can_tell_apart_become_one_uncertain_one() {
    let part = |i: i64| json!({"code": loinc("8302-2"), "valueQuantity": quantity("cm", i)});
    let full: Vec<Value> = (0..256).map(part).collect();
    let chart = import(&[with(observation(), json!({"component": full}))]);
    assert_eq!(of(&chart, Kind::Observation).len(), 257);
    let over: Vec<Value> = (0..257).map(part).collect();
    let chart = import(&[with(observation(), json!({"component": over}))]);
    let facts = of(&chart, Kind::Observation);
    assert_eq!(facts.len(), 2);
    assert_eq!(chart.report.uncertain["observation"][&Uncertain::TooMany], 1);
    assert_eq!(
        facts
            .iter()
            .filter(|f| f.uncertain && f.value == FactValue::UNKNOWN)
            .count(),
        1
    );
}

#[test]
fn reports_add_up() {
    let a = import(&[condition(), with(immunization(), json!({"status": "not-done"}))]);
    let b = import(&[condition(), observation()]);
    let mut both = a.report.clone();
    both.merge(&b.report);
    assert_eq!(both.patients, 2);
    assert_eq!(both.facts_of(Kind::Condition), 2);
    assert_eq!(both.total_facts(), (a.facts.len() + b.facts.len()) as u64);
    assert_eq!(both.left_out, a.report.left_out);
    let text = serde_json::to_value(&both).unwrap();
    assert_eq!(text["left_out"]["immunization"]["not-done"], 1);
}
