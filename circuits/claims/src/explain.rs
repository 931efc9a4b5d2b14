//! What a proof of a claim shows, and what it does not, in plain words.

use crate::compile;
use crate::plan::{Plan, Row};
use crate::spec::{
    Absent, Age, ClaimSpec, Clause, Codes, Criterion, Group, Has, Latest, Lower, Rule, Test, Upper, Wanted, When,
};
use crate::words;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use medproof_statement::concept::{Kind, System};
use medproof_statement::coverage::{Coverage, PAIRS};
use medproof_statement::day::Day;
use serde::Serialize;

/// A claim in plain words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What it is called.
    pub title: String,
    /// What it is for, in the author's words.
    pub description: Option<String>,
    /// The day for which windows are given. Not in JSON: it is the asker's, and stands beside.
    #[serde(skip)]
    pub as_of: Option<Day>,
    /// What must hold: all of these.
    pub clauses: Vec<ClauseExplained>,
    /// What is asked of the record itself.
    pub record: Vec<String>,
    /// What the asker learns from a proof.
    pub learned: Vec<String>,
    /// What a proof does not show.
    pub not_shown: Vec<String>,
}

/// A clause in plain words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClauseExplained {
    /// The author's name for it.
    pub label: Option<String>,
    /// How many must hold, where there are several.
    pub rule: Option<String>,
    /// The criteria.
    pub criteria: Vec<CriterionExplained>,
}

/// A criterion in plain words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CriterionExplained {
    /// Where it stands, as a JSON pointer into the claim's normal form.
    pub path: String,
    /// The author's name for it.
    pub label: Option<String>,
    /// One sentence.
    pub sentence: String,
    /// What absence means here, where it is absence that is shown.
    pub caveat: Option<String>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        if let Some(description) = &self.description {
            writeln!(f, "{description}")?;
        }
        match self.as_of {
            Some(day) => writeln!(f, "\nOn {day}, all of this holds:")?,
            None => writeln!(f, "\nOn the day that the request names, all of this holds:")?,
        }
        for (i, clause) in self.clauses.iter().enumerate() {
            write!(f, "{:>3}. ", i + 1)?;
            let nested = clause.rule.is_some();
            if let Some(rule) = &clause.rule {
                let label = clause
                    .label
                    .as_ref()
                    .map_or(String::new(), |label| format!("[{label}] "));
                writeln!(f, "{label}{rule}")?;
            }
            for criterion in &clause.criteria {
                let label = criterion
                    .label
                    .as_ref()
                    .map_or(String::new(), |label| format!("[{label}] "));
                writeln!(
                    f,
                    "{}{label}{}",
                    if nested { "     - " } else { "" },
                    criterion.sentence
                )?;
                if let Some(caveat) = &criterion.caveat {
                    writeln!(f, "{}{caveat}", if nested { "       " } else { "     " })?;
                }
            }
        }
        write_section(f, "Of the record:", &self.record)?;
        write_section(f, "The asker learns:", &self.learned)?;
        write_section(f, "Not shown:", &self.not_shown)
    }
}

fn write_section(f: &mut fmt::Formatter<'_>, title: &str, lines: &[String]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    lines.iter().try_for_each(|line| writeln!(f, "  - {line}"))
}

const LEARNED: &str = "That all of this holds, the issuer, the epoch of its registry, the size of the proof, a nullifier \
                       (one for each patient and scope) and the handle of the patient's consent.";

pub(crate) fn explain(spec: &ClaimSpec, plan: &Plan, as_of: Option<Day>) -> Explanation {
    let words = Words { spec, plan, as_of };
    let clauses = spec.clauses.iter().enumerate();
    Explanation {
        title: spec.title.clone(),
        description: spec.description.clone(),
        as_of,
        clauses: clauses
            .map(|(i, clause)| words.clause(clause, &format!("/clauses/{i}")))
            .collect(),
        record: words.record(),
        learned: [LEARNED.to_owned()].into(),
        not_shown: words.not_shown(),
    }
}

struct Words<'a> {
    spec: &'a ClaimSpec,
    plan: &'a Plan,
    as_of: Option<Day>,
}

impl Words<'_> {
    fn clause(&self, clause: &Clause, path: &str) -> ClauseExplained {
        let Group { label, rule, of } = match clause {
            Clause::One(criterion) => {
                return ClauseExplained {
                    label: None,
                    rule: None,
                    criteria: [self.criterion(criterion, path)].into(),
                };
            }
            Clause::Group(group) => group,
        };
        let (key, rule) = match rule {
            Rule::All => ("all", "All of these:".to_owned()),
            Rule::Any => ("any", "At least one of these:".to_owned()),
            Rule::AtLeast(n) => ("of", format!("At least {n} of these {}:", of.len())),
        };
        let criteria = of.iter().enumerate();
        ClauseExplained {
            label: label.clone(),
            rule: Some(rule),
            criteria: criteria
                .map(|(i, c)| self.criterion(c, &format!("{path}/{key}/{i}")))
                .collect(),
        }
    }

    fn criterion(&self, criterion: &Criterion, path: &str) -> CriterionExplained {
        let sentence = match &criterion.test {
            Test::Age(age) => self.age(*age, &format!("{path}/age")),
            Test::Sex(sex) => format!("The patient's administrative sex is {}.", sex.name()),
            Test::NotDeceased => "No death of the patient is recorded.".to_owned(),
            Test::Has(has) => self.has(has, &format!("{path}/has")),
            Test::Latest(latest) => self.latest(latest, &format!("{path}/latest")),
            Test::None(absent) => self.absent(absent, &format!("{path}/none")),
        };
        let caveat = match &criterion.test {
            Test::None(absent) => Some(self.absence(absent)),
            Test::NotDeceased => {
                Some("Absence means: the chart of this issuer gives neither a date nor a flag.".to_owned())
            }
            Test::Latest(_) => {
                Some("No later one, and no other of the same time with another value, is in the chart.".to_owned())
            }
            Test::Age(_) | Test::Sex(_) | Test::Has(_) => None,
        };
        CriterionExplained {
            path: path.to_owned(),
            label: criterion.label.clone(),
            sentence,
            caveat,
        }
    }

    fn age(&self, age: Age, path: &str) -> String {
        let bounds = [
            age.at_least.map(|n| format!("at least {n}")),
            age.at_most.map(|n| format!("at most {n}")),
        ];
        let bounds = words::list(&bounds.into_iter().flatten().collect::<Vec<_>>(), "and");
        let born = match (self.days(path), age.at_most) {
            (Some((from, to)), Some(_)) => format!(", so born from {from} to {to}"),
            (Some((_, to)), None) => format!(", so born on or before {to}"),
            (None, _) => String::new(),
        };
        format!("The patient is {bounds} completed years old{born}.")
    }

    fn has(&self, has: &Has, path: &str) -> String {
        let (one, many) = words::kind(has.kind);
        let codes = words::codes(&self.spec.code_sets, has.kind, &has.codes);
        let facts = match has.count {
            1 => format!("{} {one}", words::article(one)),
            n => format!("at least {n} {many} (different entries)"),
        };
        let value = self.value(has.kind, has.value.as_ref());
        let apart = match has.min_gap_days {
            0 => String::new(),
            n => format!(", each at least {n} days after the one before"),
        };
        format!(
            "The chart holds {facts} {codes}{}{value}{apart}.",
            self.time(has.when, path)
        )
    }

    fn absent(&self, absent: &Absent, path: &str) -> String {
        let (one, _) = words::kind(absent.kind);
        let codes = words::codes(&self.spec.code_sets, absent.kind, &absent.codes);
        let value = self.value(absent.kind, absent.value.as_ref());
        format!(
            "The chart holds no {one} {codes}{}{value}.",
            self.time(absent.when, path)
        )
    }

    fn latest(&self, latest: &Latest, path: &str) -> String {
        let (one, _) = words::kind(latest.kind);
        let codes = words::codes(&self.spec.code_sets, latest.kind, &latest.codes);
        let time = self.time(
            When::Window {
                from: latest.since,
                to: None,
                active: false,
            },
            path,
        );
        let value = words::wanted(&latest.value);
        format!(
            "The latest {one} {codes} is{}, and its value is {value}.",
            in_time(&time)
        )
    }

    fn value(&self, kind: Kind, value: Option<&Wanted>) -> String {
        let Some(value) = value else {
            return String::new();
        };
        let of = match (kind, value) {
            (_, Wanted::Pseudonym(_)) => "",
            (Kind::Claim, _) => "coverage class ",
            _ => "value ",
        };
        format!(", with the {of}{}", words::wanted(value))
    }

    // The days of the row that stands at `path`, if a day is given and they exist.
    fn days(&self, path: &str) -> Option<(Day, Day)> {
        let row = self.row(path)?;
        let window = compile::window(row, self.as_of?).ok()?;
        Some((window.from, window.to))
    }

    fn row(&self, path: &str) -> Option<&Row> {
        self.plan
            .clauses
            .iter()
            .flat_map(|clause| &clause.rows)
            .find(|row| row.path == path)
    }

    fn time(&self, when: When, path: &str) -> String {
        let days = self.days(path);
        match when {
            When::ActiveOrWithin(period) => {
                let period = words::period(period);
                let from = days.map_or(String::new(), |(from, to)| format!(" ({from} to {to})"));
                format!(", active on the day or dated within {period} before it{from}")
            }
            When::Window { from, to, active } => {
                let mut parts = Vec::new();
                match (days, from, to) {
                    (_, None, None) => {}
                    (Some((_, to)), None, Some(_)) => parts.push(format!("dated on or before {to}")),
                    (Some((from, to)), ..) if from == to => parts.push(format!("dated on {to}")),
                    (Some((from, to)), ..) => parts.push(format!("dated from {from} to {to}")),
                    (None, from, to) => parts.extend([from.map(lower), to.map(upper)].into_iter().flatten()),
                }
                if active {
                    parts.push("active on the day".to_owned());
                }
                if parts.is_empty() {
                    return ", at any time up to the day".to_owned();
                }
                format!(", {}", words::list(&parts, "and"))
            }
        }
    }

    fn absence(&self, absent: &Absent) -> String {
        let (_, many) = words::kind(absent.kind);
        if absent.codes == Codes::All {
            return format!("Absence means: no {many} in this issuer's chart, however coded.");
        }
        let bits = crate::codes::resolve(self.spec, absent.kind, &absent.codes, "");
        let systems = bits.map_or(String::new(), |found| covered(absent.kind, found.coverage));
        format!("Absence means: not among the {many} coded in {systems} in this issuer's chart.")
    }

    fn record(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match (self.spec.issued_within, self.as_of) {
            (None, _) => lines.push("It may have been read from the chart at any time up to the day.".to_owned()),
            (Some(period), None) => lines.push(format!(
                "It was read from the chart within {} before the day.",
                words::period(period)
            )),
            (Some(period), Some(day)) => {
                let first = crate::calendar::before(day, period).flatten().unwrap_or(Day::MIN);
                lines.push(format!("It was read from the chart from {first} to {day}."));
            }
        }
        for kind in Kind::ALL {
            let (_, many) = words::kind(kind);
            if Coverage::kind(kind).is_subset_of(self.plan.coverage) {
                let systems = words::systems_of(kind);
                lines.push(format!("It is complete for {many}: each has a code in {systems}."));
            }
            let systems = covered(kind, self.plan.coverage);
            if !systems.is_empty() {
                lines.push(format!("It is complete for {many}: each has a code in {systems}."));
            }
        }
        lines
    }

    fn not_shown(&self) -> Vec<String> {
        let mut lines: Vec<String> = [
            "Who the patient is, which entries make it true, how many there are, or anything else in the chart.",
            "What the chart holds without certainty (unconfirmed, unreadable, in an unknown unit): it is never taken for \
             present, and where it could matter not for absent either.",
            "What other hospitals know: the proof is about one issuer's chart, and as true as that chart.",
            "Anything after the record was read from the chart.",
            "That its title and the names beside its codes are apt: they are the asker's words, and the codes are what counts.",
        ]
        .map(ToString::to_string)
        .into();
        let asks_value = |test: &Test| matches!(test, Test::Has(Has { value: Some(_), .. }) | Test::Latest(_));
        if self.tests().any(asks_value) {
            lines.push("The value itself: only that it is as asked.".to_owned());
        }
        lines
    }

    fn tests(&self) -> impl Iterator<Item = &Test> {
        self.spec
            .clauses
            .iter()
            .flat_map(|clause| match clause {
                Clause::One(one) => core::slice::from_ref(&**one),
                Clause::Group(group) => &group.of,
            })
            .map(|criterion| &criterion.test)
    }
}

fn in_time(time: &str) -> String {
    time.strip_prefix(',').unwrap_or(time).to_owned()
}

fn lower(lower: Lower) -> String {
    match lower {
        Lower::Within(period) => format!("dated within {} before the day", words::period(period)),
        Lower::From(day) => format!("dated on or after {day}"),
    }
}

fn upper(upper: Upper) -> String {
    match upper {
        Upper::AtLeastAgo(period) => format!("dated at least {} before the day", words::period(period)),
        Upper::To(day) => format!("dated on or before {day}"),
    }
}

// The systems of a kind that these bits cover.
fn covered(kind: Kind, bits: Coverage) -> String {
    let of_kind = PAIRS.into_iter().filter(|(k, _)| *k == kind);
    let systems: Vec<&str> = of_kind
        .filter(|(kind, system)| Coverage::pair(*kind, *system).is_some_and(|bit| bit.is_subset_of(bits)))
        .map(|(_, system): (Kind, System)| words::system(system))
        .collect();
    words::list(&systems, "and")
}
