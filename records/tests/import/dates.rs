//! Which element is the date, what it allows, and when a thing ended.

use crate::support::*;
use medproof_records::import::Uncertain;
use medproof_statement::concept::Kind;
use medproof_statement::day::Day;
use medproof_statement::fact::Fact;
use serde_json::{Value, json};

fn dated(text: &str) -> Fact {
    one(
        with(immunization(), json!({"occurrenceDateTime": text})),
        Kind::Immunization,
    )
}

fn span(f: &Fact) -> (String, String, bool) {
    (f.since.to_string(), f.date.to_string(), f.uncertain)
}

fn is(f: &Fact, since: &str, date: &str) {
    assert_eq!(span(f), (since.to_owned(), date.to_owned(), false));
}

#[test]
fn the_day_is_the_one_written_in_its_own_offset() {
    is(&dated("2021-01-10T23:30:00-05:00"), "2021-01-10", "2021-01-10");
    is(&dated("2021-01-10T00:30:00+14:00"), "2021-01-10", "2021-01-10");
    is(&dated("2021-01-10T00:30:00.123456789012Z"), "2021-01-10", "2021-01-10");
    is(&dated("2021-04-01T23:59:60Z"), "2021-04-01", "2021-04-01");
}

#[test]
fn a_partial_date_is_an_interval_that_ends_at_the_day_of_issue() {
    is(&dated("2020-02"), "2020-02-01", "2020-02-29");
    is(&dated("2019"), "2019-01-01", "2019-12-31");
    is(&dated("2021"), "2021-01-01", "2021-04-01");
    is(&dated("2021-04"), "2021-04-01", "2021-04-01");
}

#[test]
fn what_is_dated_after_the_issue_is_uncertain_at_it() {
    for text in ["2021-04-02", "2021-05", "2022", "2021-04-02T00:30:00+14:00"] {
        assert_eq!(
            span(&dated(text)),
            ("2021-04-01".to_owned(), "2021-04-01".to_owned(), true),
            "{text}"
        );
    }
    let chart = import(&[with(immunization(), json!({"occurrenceDateTime": "2022"}))]);
    assert_eq!(chart.report.uncertain["immunization"][&Uncertain::Future], 1);
}

#[test]
fn an_absent_date_is_any_day_up_to_the_issue() {
    for changes in [
        json!({"occurrenceDateTime": null}),
        json!({"occurrenceDateTime": null, "occurrenceString": "last winter"}),
    ] {
        let f = one(with(immunization(), changes), Kind::Immunization);
        is(&f, "1850-01-01", "2021-04-01");
    }
}

#[test]
fn a_date_that_is_not_written_as_one_is_uncertain() {
    for text in [
        "",
        "21",
        "2021-13",
        "2021-02-29",
        "2021-2-03",
        "2021-01-10T08:00:00",
        "2021-01-10T08:00Z",
        "2021-01-10T24:00:00Z",
        "2021-01-10T08:60:00Z",
        "2021-01-10T08:00:00+14:30",
        "2021-01-10T08:00:00+0100",
        "2021-01-10T08:00:00.Z",
        "2021-01-10 08:00:00Z",
        "2021-01T08:00:00Z",
        "10.01.2021",
        "2021-01-10-05",
        "1849-12-31",
        "0021-01-10",
        "2021-01-10T08:00:00z",
    ] {
        assert_eq!(
            span(&dated(text)),
            ("1850-01-01".to_owned(), "2021-04-01".to_owned(), true),
            "{text:?}"
        );
    }
    assert!(try_import(&[with(immunization(), json!({"occurrenceDateTime": 2021}))]).is_err());
}

#[test]
fn each_type_has_its_date() {
    let f = |r: Value, kind| one(r, kind);
    is(&f(condition(), Kind::Condition), "2015-03-04", "2015-03-04");
    let recorded = with(condition(), json!({"onsetDateTime": null}));
    is(&f(recorded, Kind::Condition), "2016-01-01", "2016-01-01");
    let aged = with(condition(), json!({"onsetDateTime": null, "onsetAge": {"value": 4}}));
    is(&f(aged, Kind::Condition), "1850-01-01", "2021-04-01");
    let period = json!({"onsetDateTime": null, "onsetPeriod": {"start": "2014", "end": "2015-02"}});
    is(
        &f(with(condition(), period), Kind::Condition),
        "2014-01-01",
        "2015-02-28",
    );
    is(&f(allergy(), Kind::Allergy), "2010-06-07", "2010-06-07");
    is(&f(request(), Kind::Medication), "2020-05-05", "2020-05-05");
    is(&f(statement(), Kind::Medication), "2020-05-05", "2020-05-05");
    is(&f(procedure(), Kind::Procedure), "2019-05-01", "2019-05-01");
    is(&f(encounter(), Kind::Encounter), "2019-05-01", "2019-05-01");
    is(&f(coverage(), Kind::Coverage), "2018-01-01", "2018-01-01");
    is(&f(explanation(), Kind::Claim), "2019-05-01", "2019-05-01");
    is(&f(observation(), Kind::Observation), "2021-02-03", "2021-02-03");
}

#[test]
fn an_observation_over_a_period_was_some_time_in_it() {
    let over = |p: Value| {
        let r = with(observation(), json!({"effectiveDateTime": null, "effectivePeriod": p}));
        span(&one(r, Kind::Observation))
    };
    let say = |a: &str, b: &str, u| (a.to_owned(), b.to_owned(), u);
    assert_eq!(
        over(json!({"start": "2020-01-02", "end": "2020-02"})),
        say("2020-01-02", "2020-02-29", false)
    );
    assert_eq!(
        over(json!({"start": "2020-01-02"})),
        say("2020-01-02", "2021-04-01", false)
    );
    assert_eq!(
        over(json!({"end": "2020-01-02"})),
        say("1850-01-01", "2020-01-02", false)
    );
    assert_eq!(
        over(json!({"start": "2020-01-02", "end": "2019"})),
        say("1850-01-01", "2021-04-01", true)
    );
    assert_eq!(over(json!({"start": "soon"})), say("1850-01-01", "2021-04-01", true));
}

fn ended(changes: Value) -> Result<String, ()> {
    let f = one(with(condition(), changes), Kind::Condition);
    (!f.uncertain).then(|| f.until.to_string()).ok_or(())
}

#[test]
fn a_condition_ends_with_its_abatement() {
    let over = |end: Value| {
        let mut changes = json!({"clinicalStatus": clinical("resolved")});
        changes
            .as_object_mut()
            .unwrap()
            .extend(end.as_object().unwrap().clone());
        ended(changes)
    };
    assert_eq!(ended(json!({})), Ok("open".into()));
    assert_eq!(ended(json!({"clinicalStatus": clinical("relapse")})), Ok("open".into()));
    assert_eq!(
        over(json!({"abatementDateTime": "2016-05-06T23:00:00-08:00"})),
        Ok("2016-05-06".into())
    );
    assert_eq!(
        over(json!({"abatementDateTime": "2021-04-01"})),
        Ok("2021-04-01".into())
    );
    // Over, but not dated, or only in part: the day before the issue at the latest.
    assert_eq!(over(json!({})), Ok("2021-03-31".into()));
    assert_eq!(over(json!({"abatementDateTime": "2016"})), Ok("2016-12-31".into()));
    assert_eq!(over(json!({"abatementDateTime": "2021"})), Ok("2021-03-31".into()));
    assert_eq!(over(json!({"abatementDateTime": "2021-04"})), Ok("2021-03-31".into()));
    assert_eq!(over(json!({"abatementString": "in spring"})), Ok("2021-03-31".into()));
    assert_eq!(over(json!({"abatementAge": {"value": 40}})), Ok("2021-03-31".into()));
    assert_eq!(
        over(json!({"abatementPeriod": {"start": "2016-01", "end": "2016-03"}})),
        Ok("2016-03-31".into())
    );
    // Contradictory or unreadable.
    assert_eq!(over(json!({"abatementDateTime": "2014-01-01"})), Err(()));
    assert_eq!(over(json!({"abatementDateTime": "2022-01-01"})), Err(()));
    assert_eq!(over(json!({"abatementDateTime": "06.05.2016"})), Err(()));
    assert_eq!(
        over(json!({"abatementPeriod": {"start": "2017", "end": "2016"}})),
        Err(())
    );
    assert_eq!(ended(json!({"abatementDateTime": "2016-05-06"})), Err(()));
    assert_eq!(ended(json!({"abatementString": "gone"})), Err(()));
}

#[test]
fn without_a_clinical_status_the_abatement_must_say_it() {
    let unsaid = |end: Value| {
        let mut changes = json!({"clinicalStatus": null});
        changes
            .as_object_mut()
            .unwrap()
            .extend(end.as_object().unwrap().clone());
        ended(changes)
    };
    assert_eq!(unsaid(json!({})), Err(()));
    assert_eq!(
        unsaid(json!({"abatementDateTime": "2016-05-06"})),
        Ok("2016-05-06".into())
    );
    assert_eq!(
        unsaid(json!({"abatementDateTime": "2022-05-06"})),
        Ok("2022-05-06".into())
    );
    assert_eq!(unsaid(json!({"abatementDateTime": "2021"})), Err(()));
    assert_eq!(unsaid(json!({"abatementString": "gone"})), Ok("2021-03-31".into()));
}

#[test]
fn the_other_ends() {
    let until = |r: Value, kind| {
        let f = one(r, kind);
        (f.until.to_string(), f.uncertain)
    };
    let say = |t: &str, u| (t.to_owned(), u);
    let inactive = with(allergy(), json!({"clinicalStatus": allergy_clinical("inactive")}));
    assert_eq!(until(allergy(), Kind::Allergy), say("open", false));
    assert_eq!(until(inactive, Kind::Allergy), say("2021-03-31", false));
    let stopped = json!({"status": "stopped"});
    assert_eq!(until(request(), Kind::Medication), say("open", false));
    assert_eq!(
        until(with(request(), stopped.clone()), Kind::Medication),
        say("2021-03-31", false)
    );
    assert_eq!(until(statement(), Kind::Medication), say("open", false));
    let taken = json!({"status": "completed", "effectivePeriod": {"start": "2020-01", "end": "2020-03-04"}});
    assert_eq!(
        until(with(statement(), taken), Kind::Medication),
        say("2020-03-04", false)
    );
    // Active beyond its own end.
    let past = json!({"effectivePeriod": {"start": "2020-01", "end": "2020-03-04"}});
    assert_eq!(until(with(statement(), past), Kind::Medication), say("open", true));
    assert_eq!(until(procedure(), Kind::Procedure), say("2019-05-02", false));
    let moment = json!({"performedPeriod": null, "performedDateTime": "2019-05"});
    assert_eq!(
        until(with(procedure(), moment), Kind::Procedure),
        say("2019-05-31", false)
    );
    let undated = json!({"performedPeriod": null});
    assert_eq!(
        until(with(procedure(), undated), Kind::Procedure),
        say("2021-03-31", false)
    );
    let going = json!({"status": "in-progress", "period": {"start": "2021-03-30"}});
    assert_eq!(until(encounter(), Kind::Encounter), say("2019-05-02", false));
    assert_eq!(until(with(encounter(), going), Kind::Encounter), say("open", false));
    let reversed = json!({"period": {"start": "2021-03-30", "end": "2021-03-01"}});
    assert_eq!(until(with(encounter(), reversed), Kind::Encounter), say("open", true));
    assert_eq!(until(coverage(), Kind::Coverage), say("2022-12-31", false));
    let open = json!({"period": {"start": "2018"}});
    assert_eq!(until(with(coverage(), open), Kind::Coverage), say("open", false));
    // Neither surely over on the day of issue nor surely not.
    let vague = json!({"period": {"start": "2018", "end": "2021"}});
    assert_eq!(until(with(coverage(), vague), Kind::Coverage), say("open", true));
}

#[test]
fn moments_never_end() {
    for (r, kind) in [
        (immunization(), Kind::Immunization),
        (observation(), Kind::Observation),
        (explanation(), Kind::Claim),
    ] {
        assert_eq!(one(r, kind).until, Day::OPEN);
    }
}
