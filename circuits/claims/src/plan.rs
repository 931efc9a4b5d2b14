//! What a claim means, whatever the day: rows and clauses, before windows become days.

use crate::codes::{Part, Resolved, resolve};
use crate::error::{ClaimError, Problem, Refusal};
use crate::spec::{
    Absent, Age, ClaimSpec, Clause, CodeGroup, Codes, Coding, Criterion, Has, Latest, Members, Rule, Sex, Test, When,
};
use crate::threshold::{Range, Use, ranges};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use medproof_statement::concept::{Kind, System};
use medproof_statement::coverage::Coverage;
use medproof_statement::policy::Mode;
use medproof_statement::tier::Tier;

/// Internal codes that the importer gives to a Patient's own facts.
pub(crate) mod internal {
    pub(crate) const BIRTHDATE: &str = "BIRTHDATE";
    pub(crate) const SEX: &str = "SEX";
    pub(crate) const DECEASED: &str = "DECEASED";
}

/// A claim as rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) clauses: Vec<Rows>,
    pub(crate) coverage: Coverage,
}

/// Rows of which at least `threshold` must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    pub(crate) threshold: u8,
}

/// A row of the table, but for its days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) mode: Mode,
    pub(crate) part: Part,
    pub(crate) time: Time,
    pub(crate) value: Option<Range>,
    pub(crate) count: u8,
    pub(crate) min_gap_days: u16,
    /// Where its criterion stands in the claim.
    pub(crate) path: String,
}

/// When a row's facts lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// As the author says.
    When(When),
    /// On a birth date of this age.
    Born(Age),
}

// The rows of one criterion, and how they belong together.
struct Meaning {
    rows: Vec<Row>,
    all_must_hold: bool,
    coverage: Coverage,
}

impl Plan {
    /// What the spec means.
    ///
    /// # Errors
    /// What is wrong with it, and everything that cannot be expressed.
    pub(crate) fn of(spec: &ClaimSpec) -> Result<Plan, ClaimError> {
        if spec.clauses.is_empty() {
            return Err(Problem::Missing {
                expected: "at least one clause",
            }
            .at("/clauses"));
        }
        refuse_unused_sets(spec)?;
        let mut plan = Plan {
            clauses: Vec::new(),
            coverage: Coverage::NONE,
        };
        for (i, clause) in spec.clauses.iter().enumerate() {
            plan.add_clause(spec, clause, &format!("/clauses/{i}"))?;
        }
        plan.refuse_what_fits_no_tier()?;
        Ok(plan)
    }

    /// How many rows.
    pub(crate) fn len(&self) -> usize {
        self.clauses.iter().map(|clause| clause.rows.len()).sum()
    }

    /// Openings that a proof takes at the least, whatever the chart.
    pub(crate) fn least_slots(&self) -> usize {
        let of_clause = |clause: &Rows| {
            let mut slots: Vec<usize> = clause.rows.iter().map(Row::least_slots).collect();
            slots.sort_unstable();
            slots.iter().take(usize::from(clause.threshold)).sum::<usize>()
        };
        self.clauses.iter().map(of_clause).sum()
    }

    /// Whether a tier has enough rows, and enough slots for the simplest chart.
    pub(crate) fn fits(&self, tier: Tier) -> bool {
        self.len() <= tier.criteria() && self.least_slots() <= tier.slots()
    }

    fn refuse_what_fits_no_tier(&self) -> Result<(), ClaimError> {
        let slots = Tier::ALL.map(Tier::slots).into_iter().max().unwrap_or(0);
        if self.least_slots() > slots {
            let refusal = Refusal::TooManySlots {
                slots: self.least_slots(),
                available: slots,
            };
            return Err(Problem::from(refusal).at("/clauses"));
        }
        Ok(())
    }

    fn add_clause(&mut self, spec: &ClaimSpec, clause: &Clause, path: &str) -> Result<(), ClaimError> {
        let group = match clause {
            Clause::One(criterion) => {
                let meaning = meaning(spec, criterion, path)?;
                refuse_many_rows(self.len() + meaning.rows.len(), path)?;
                self.add_alone(meaning);
                return Ok(());
            }
            Clause::Group(group) => group,
        };
        let key = match group.rule {
            Rule::All => "all",
            Rule::Any => "any",
            Rule::AtLeast(_) => "of",
        };
        if group.of.is_empty() {
            return Err(Problem::Missing {
                expected: "at least one criterion",
            }
            .at(&format!("{path}/{key}")));
        }
        let mut together = Rows {
            rows: Vec::new(),
            threshold: 1,
        };
        for (i, criterion) in group.of.iter().enumerate() {
            let path = format!("{path}/{key}/{i}");
            let meaning = meaning(spec, criterion, &path)?;
            let rows = meaning.rows.len();
            refuse_many_rows(self.len() + together.rows.len() + rows, &path)?;
            let refuse = |refusal: Refusal| Err(Problem::from(refusal).at(&path));
            match group.rule {
                Rule::All => {
                    self.add_alone(meaning);
                    continue;
                }
                Rule::Any if meaning.all_must_hold && rows > 1 => return refuse(Refusal::NoneUnderAny { rows }),
                Rule::AtLeast(_) if rows > 1 => return refuse(Refusal::RowsUnderAtLeast { rows }),
                Rule::Any | Rule::AtLeast(_) => {}
            }
            self.coverage = self.coverage.union(meaning.coverage);
            together.rows.extend(meaning.rows);
        }
        match group.rule {
            Rule::All => return Ok(()),
            Rule::Any => {}
            Rule::AtLeast(n) if (1..=group.of.len()).contains(&usize::from(n)) => together.threshold = n,
            Rule::AtLeast(n) => {
                let problem = Problem::OutOfRange {
                    expected: "at least 1 and at most as many as there are criteria in `of`",
                    found: format!("{n} of {}", group.of.len()),
                };
                return Err(problem.at(&format!("{path}/at_least")));
            }
        }
        self.clauses.push(together);
        Ok(())
    }

    // A criterion that must hold whatever else does.
    fn add_alone(&mut self, meaning: Meaning) {
        self.coverage = self.coverage.union(meaning.coverage);
        let clause = |rows| Rows { rows, threshold: 1 };
        if meaning.all_must_hold {
            let each = meaning.rows.into_iter().map(|row| clause(vec![row]));
            self.clauses.extend(each);
        } else {
            self.clauses.push(clause(meaning.rows));
        }
    }
}

impl Row {
    fn least_slots(&self) -> usize {
        match (self.mode, &self.part) {
            (Mode::AtLeast, Part::Set(_)) => 2 * usize::from(self.count),
            (Mode::AtLeast, Part::Interval(..)) => usize::from(self.count),
            (Mode::Latest | Mode::None, _) => 1,
        }
    }
}

// Before they are made: a claim with very many parts and values must not take the memory either.
fn refuse_many_rows(rows: usize, path: &str) -> Result<(), ClaimError> {
    let available = Tier::ALL.map(Tier::criteria).into_iter().max().unwrap_or(0);
    if rows <= available {
        return Ok(());
    }
    Err(Problem::from(Refusal::TooManyRows { rows, available }).at(path))
}

fn refuse_unused_sets(spec: &ClaimSpec) -> Result<(), ClaimError> {
    let criteria = spec.clauses.iter().flat_map(|clause| match clause {
        Clause::One(one) => core::slice::from_ref(&**one),
        Clause::Group(group) => &group.of,
    });
    let codes = criteria.filter_map(|criterion| match &criterion.test {
        Test::Has(Has { codes, .. }) | Test::Latest(Latest { codes, .. }) | Test::None(Absent { codes, .. }) => {
            Some(codes)
        }
        Test::Age(_) | Test::Sex(_) | Test::NotDeceased => None,
    });
    let mut used: Vec<&String> = Vec::new();
    for codes in codes {
        if let Codes::Groups(groups) = codes {
            used.extend(groups.iter().filter_map(|group| match group {
                CodeGroup::Set(name) => Some(name),
                CodeGroup::In(..) => None,
            }));
        }
    }
    used.sort_unstable();
    match spec.code_sets.keys().find(|name| used.binary_search(name).is_err()) {
        Some(name) => Err(Problem::UnusedSet { name: name.clone() }.at(&crate::json::child("/code_sets", name))),
        None => Ok(()),
    }
}

fn meaning(spec: &ClaimSpec, criterion: &Criterion, path: &str) -> Result<Meaning, ClaimError> {
    match &criterion.test {
        Test::Age(asked) => age(spec, *asked, path),
        Test::Sex(sex) => has(spec, &sex_is(*sex), path),
        Test::NotDeceased => absent(spec, &no_death(), path),
        Test::Has(asked) => has(spec, asked, &format!("{path}/has")),
        Test::Latest(asked) => latest(spec, asked, &format!("{path}/latest")),
        Test::None(asked) => absent(spec, asked, &format!("{path}/none")),
    }
}

fn demographic(code: &str) -> Codes {
    let members = Members::Listed(vec![Coding::bare(code)]);
    Codes::Groups(vec![CodeGroup::In(System::Internal, members)])
}

fn sex_is(sex: Sex) -> Has {
    Has {
        kind: Kind::Demographic,
        codes: demographic(internal::SEX),
        when: When::EVER,
        value: Some(crate::spec::Wanted::Coded {
            system: System::Internal,
            any_of: vec![Coding::bare(sex.code())],
        }),
        count: 1,
        min_gap_days: 0,
    }
}

fn no_death() -> Absent {
    Absent {
        kind: Kind::Demographic,
        codes: demographic(internal::DECEASED),
        when: When::EVER,
        value: None,
    }
}

fn age(spec: &ClaimSpec, asked: Age, path: &str) -> Result<Meaning, ClaimError> {
    let path = format!("{path}/age");
    match (asked.at_least, asked.at_most) {
        (None, None) => {
            let expected = "at_least, at_most or both";
            return Err(Problem::Missing { expected }.at(&path));
        }
        (Some(least), Some(most)) if least > most => return Err(Problem::EmptyRange.at(&path)),
        _ => {}
    }
    let birth = Has {
        kind: Kind::Demographic,
        codes: demographic(internal::BIRTHDATE),
        when: When::EVER,
        value: None,
        count: 1,
        min_gap_days: 0,
    };
    let mut meaning = has(spec, &birth, &path)?;
    for row in &mut meaning.rows {
        row.time = Time::Born(asked);
    }
    Ok(meaning)
}

fn has(spec: &ClaimSpec, asked: &Has, path: &str) -> Result<Meaning, ClaimError> {
    let resolved = resolve(spec, asked.kind, &asked.codes, &format!("{path}/codes"))?;
    refuse_active_moments(asked.kind, asked.when, path)?;
    if asked.count == 0 {
        return Err(out_of_range("1 to 255", "0", &format!("{path}/count")));
    }
    if asked.min_gap_days > 0 && asked.count == 1 {
        let why = "`min_gap_days` needs a `count` of at least 2";
        return Err(Problem::Conflict { why }.at(path));
    }
    let values = values(asked.value.as_ref(), &resolved, Use::Inclusion, path)?;
    let rows = resolved.parts.len().saturating_mul(values.len());
    if rows > 1 && asked.count > 1 {
        return Err(Problem::from(Refusal::CountOverRows { rows }).at(path));
    }
    refuse_many_rows(rows, path)?;
    let row = |part: &Part, value: Option<Range>| Row {
        mode: Mode::AtLeast,
        part: part.clone(),
        time: Time::When(asked.when),
        value,
        count: asked.count,
        min_gap_days: asked.min_gap_days,
        path: path.into(),
    };
    Ok(Meaning {
        rows: product(&resolved.parts, &values, row),
        all_must_hold: false,
        coverage: Coverage::NONE,
    })
}

fn absent(spec: &ClaimSpec, asked: &Absent, path: &str) -> Result<Meaning, ClaimError> {
    let resolved = resolve(spec, asked.kind, &asked.codes, &format!("{path}/codes"))?;
    refuse_active_moments(asked.kind, asked.when, path)?;
    let values = values(asked.value.as_ref(), &resolved, Use::Exclusion, path)?;
    let row = |part: &Part, value: Option<Range>| Row {
        mode: Mode::None,
        part: part.clone(),
        time: Time::When(asked.when),
        value,
        count: 0,
        min_gap_days: 0,
        path: path.into(),
    };
    refuse_many_rows(resolved.parts.len().saturating_mul(values.len()), path)?;
    Ok(Meaning {
        rows: product(&resolved.parts, &values, row),
        all_must_hold: true,
        coverage: resolved.coverage,
    })
}

fn latest(spec: &ClaimSpec, asked: &Latest, path: &str) -> Result<Meaning, ClaimError> {
    let resolved = resolve(spec, asked.kind, &asked.codes, &format!("{path}/codes"))?;
    let [part @ Part::Interval(lo, hi)] = &resolved.parts[..] else {
        return Err(Problem::from(Refusal::LatestOverSeveralCodes).at(&format!("{path}/codes")));
    };
    if lo != hi {
        return Err(Problem::from(Refusal::LatestOverSeveralCodes).at(&format!("{path}/codes")));
    }
    let at_value = format!("{path}/value");
    let ranges = ranges(&asked.value, &resolved.parts, Use::Inclusion, &at_value)?;
    let [range] = ranges[..] else {
        return Err(Problem::from(Refusal::OrInLatest).at(&at_value));
    };
    let row = Row {
        mode: Mode::Latest,
        part: part.clone(),
        time: Time::When(When::Window {
            from: asked.since,
            to: None,
            active: false,
        }),
        value: Some(range),
        count: 1,
        min_gap_days: 0,
        path: path.into(),
    };
    // A chart that lost readings may have lost a later one.
    Ok(Meaning {
        rows: vec![row],
        all_must_hold: true,
        coverage: resolved.coverage,
    })
}

fn values(
    wanted: Option<&crate::spec::Wanted>,
    resolved: &Resolved,
    use_: Use,
    path: &str,
) -> Result<Vec<Option<Range>>, ClaimError> {
    let Some(wanted) = wanted else {
        return Ok(vec![None]);
    };
    let ranges = ranges(wanted, &resolved.parts, use_, &format!("{path}/value"))?;
    Ok(ranges.into_iter().map(Some).collect())
}

fn product(parts: &[Part], values: &[Option<Range>], row: impl Fn(&Part, Option<Range>) -> Row) -> Vec<Row> {
    let of_part = |part| values.iter().map(move |value| (part, *value));
    let pairs = parts.iter().flat_map(of_part);
    pairs.map(|(part, value)| row(part, value)).collect()
}

fn refuse_active_moments(kind: Kind, when: When, path: &str) -> Result<(), ClaimError> {
    let key = match when {
        When::ActiveOrWithin(_) => "active_or_within",
        When::Window { active: true, .. } => "active",
        When::Window { active: false, .. } => return Ok(()),
    };
    if kind.is_moment() {
        return Err(Problem::from(Refusal::ActiveMoment { key, kind }).at(&format!("{path}/{key}")));
    }
    Ok(())
}

fn out_of_range(expected: &'static str, found: &str, path: &str) -> ClaimError {
    let found = found.into();
    Problem::OutOfRange { expected, found }.at(path)
}
