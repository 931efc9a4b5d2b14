//! Writes a claim in its normal form: what is left at its default is left out, decimals are
//! strings, one code stands without an array.

use crate::FORM;
use crate::json::Json;
use crate::spec::{
    Absent, Age, Bound, ClaimSpec, Clause, CodeGroup, Codes, Coding, Criterion, Group, Has, Latest, Lower, Members,
    NamedSet, Period, Rule, Test, Upper, Wanted, When,
};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use medproof_statement::concept::Kind;

// An object that is filled key by key.
#[derive(Default)]
struct Object(Vec<(String, Json)>);

impl Object {
    fn put(&mut self, key: &str, value: Json) {
        self.0.push((key.to_owned(), value));
    }

    fn text(&mut self, key: &str, value: &str) {
        self.put(key, Json::text(value));
    }

    fn words(&mut self, key: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    fn done(self) -> Json {
        Json::Object(self.0)
    }
}

pub(crate) fn claim(spec: &ClaimSpec) -> Json {
    let mut out = Object::default();
    out.text("form", FORM);
    out.text("title", &spec.title);
    out.words("description", spec.description.as_ref());
    if let Some(issued_within) = spec.issued_within {
        out.put("issued_within", period(issued_within));
    }
    if let Some(tier) = spec.tier {
        out.text("tier", tier.name());
    }
    if !spec.code_sets.is_empty() {
        let sets = spec.code_sets.iter();
        out.put(
            "code_sets",
            Json::Object(sets.map(|(name, set)| (name.clone(), named_set(set))).collect()),
        );
    }
    out.put("clauses", Json::Array(spec.clauses.iter().map(clause).collect()));
    out.done()
}

fn named_set(set: &NamedSet) -> Json {
    let mut out = Object::default();
    out.words("title", set.title.as_ref());
    out.text("source", &set.source);
    out.text("version", &set.version);
    out.put("codes", code_groups(&set.codes));
    out.done()
}

fn clause(clause: &Clause) -> Json {
    match clause {
        Clause::One(one) => criterion(one),
        Clause::Group(Group { label, rule, of }) => {
            let mut out = Object::default();
            out.words("label", label.as_ref());
            let of = Json::Array(of.iter().map(criterion).collect());
            match rule {
                Rule::All => out.put("all", of),
                Rule::Any => out.put("any", of),
                Rule::AtLeast(n) => {
                    out.put("at_least", Json::integer(*n));
                    out.put("of", of);
                }
            }
            out.done()
        }
    }
}

fn criterion(criterion: &Criterion) -> Json {
    let mut out = Object::default();
    out.words("label", criterion.label.as_ref());
    match &criterion.test {
        Test::Age(asked) => out.put("age", age(asked)),
        Test::Sex(sex) => out.text("sex", sex.name()),
        Test::NotDeceased => out.put("not_deceased", Json::Bool(true)),
        Test::Has(asked) => out.put("has", has(asked)),
        Test::Latest(asked) => out.put("latest", latest(asked)),
        Test::None(asked) => out.put("none", absent(asked)),
    }
    out.done()
}

fn age(age: &Age) -> Json {
    let mut out = Object::default();
    if let Some(years) = age.at_least {
        out.put("at_least", Json::integer(years));
    }
    if let Some(years) = age.at_most {
        out.put("at_most", Json::integer(years));
    }
    out.done()
}

fn facts(kind: Kind, asked: &Codes, time: When, value: Option<&Wanted>) -> Object {
    let mut out = Object::default();
    out.text("kind", kind.name());
    out.put("codes", codes(asked));
    when(&mut out, time);
    if let Some(value) = value {
        out.put("value", wanted(value));
    }
    out
}

fn has(asked: &Has) -> Json {
    let mut out = facts(asked.kind, &asked.codes, asked.when, asked.value.as_ref());
    if asked.count != 1 {
        out.put("count", Json::integer(asked.count));
    }
    if asked.min_gap_days != 0 {
        out.put("min_gap_days", Json::integer(asked.min_gap_days));
    }
    out.done()
}

fn absent(asked: &Absent) -> Json {
    facts(asked.kind, &asked.codes, asked.when, asked.value.as_ref()).done()
}

fn latest(asked: &Latest) -> Json {
    let time = When::Window {
        from: asked.since,
        to: None,
        active: false,
    };
    facts(asked.kind, &asked.codes, time, Some(&asked.value)).done()
}

fn when(out: &mut Object, when: When) {
    match when {
        When::ActiveOrWithin(within) => out.put("active_or_within", period(within)),
        When::Window { from, to, active } => {
            match from {
                Some(Lower::Within(within)) => out.put("within", period(within)),
                Some(Lower::From(day)) => out.text("from", &day.to_string()),
                None => {}
            }
            match to {
                Some(Upper::AtLeastAgo(ago)) => out.put("at_least_ago", period(ago)),
                Some(Upper::To(day)) => out.text("to", &day.to_string()),
                None => {}
            }
            if active {
                out.put("active", Json::Bool(true));
            }
        }
    }
}

fn period(period: Period) -> Json {
    let mut out = Object::default();
    let parts = [
        ("years", u32::from(period.years)),
        ("months", u32::from(period.months)),
        ("days", period.days),
    ];
    for (key, n) in parts {
        if n > 0 || (key == "days" && period == Period::default()) {
            out.put(key, Json::integer(n));
        }
    }
    out.done()
}

fn codes(codes: &Codes) -> Json {
    match codes {
        Codes::All => Json::text("all"),
        Codes::Groups(groups) => code_groups(groups),
    }
}

fn code_groups(groups: &[CodeGroup]) -> Json {
    match groups {
        [one] => code_group(one),
        several => Json::Array(several.iter().map(code_group).collect()),
    }
}

fn code_group(group: &CodeGroup) -> Json {
    let mut out = Object::default();
    match group {
        CodeGroup::Set(name) => out.text("set", name),
        CodeGroup::In(system, members) => {
            out.text("system", system.name());
            match members {
                Members::All => out.put("all", Json::Bool(true)),
                Members::Listed(list) => listed(&mut out, list),
                Members::Prefix(coding) => {
                    out.text("prefix", &coding.code);
                    out.words("display", coding.display.as_ref());
                }
                Members::Range { from, to, display } => {
                    out.text("from", from);
                    out.text("to", to);
                    out.words("display", display.as_ref());
                }
            }
        }
    }
    out.done()
}

fn listed(out: &mut Object, list: &[Coding]) {
    if let [one] = list {
        out.text("code", &one.code);
        out.words("display", one.display.as_ref());
    } else {
        out.put("any_of", Json::Array(list.iter().map(coding).collect()));
    }
}

fn coding(coding: &Coding) -> Json {
    let Some(display) = &coding.display else {
        return Json::text(&coding.code);
    };
    let members = vec![
        ("code".to_owned(), Json::text(&coding.code)),
        ("display".to_owned(), Json::text(display)),
    ];
    Json::Object(members)
}

fn wanted(wanted: &Wanted) -> Json {
    let mut out = Object::default();
    match wanted {
        Wanted::Quantity { unit, lower, upper } => {
            out.text("unit", unit);
            bound(&mut out, lower.as_ref(), "at_least", "more_than");
            bound(&mut out, upper.as_ref(), "at_most", "less_than");
        }
        Wanted::Coded { system, any_of } => {
            out.text("system", system.name());
            listed(&mut out, any_of);
        }
        Wanted::Boolean(b) => out.put("boolean", Json::Bool(*b)),
        Wanted::Pseudonym(bits) => out.text("pseudonym", &format!("{bits:016x}")),
    }
    out.done()
}

fn bound(out: &mut Object, bound: Option<&Bound>, inclusive: &str, exclusive: &str) {
    if let Some(bound) = bound {
        let key = if bound.inclusive { inclusive } else { exclusive };
        out.text(key, bound.limit.text());
    }
}
