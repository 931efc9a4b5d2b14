//! `medproof claim`: what a sponsor wants shown, written, checked, explained and tried.

use crate::charts::{self, RecordsArgs};
use crate::claims;
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Secrecy};
use crate::text;
use clap::{Args, Subcommand};
use medproof_claims::spec::{Absent, ClaimSpec, Clause, CodeGroup, Codes, Has, Latest, Test};
use medproof_claims::{Claim, Day, Tier, library};
use medproof_records::import::PatientChart;
use medproof_statement::Fr;
use medproof_statement::assign;
use medproof_statement::policy::Policy;
use medproof_statement::record::Facts;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

/// What to do with claims.
#[derive(Debug, Subcommand)]
pub enum ClaimCommand {
    /// Write a claim to start from: a template, or one of the library.
    New(NewArgs),
    /// The claims of the library.
    List(ListArgs),
    /// Check a claim: what cannot be expressed is refused by name.
    Check(CheckArgs),
    /// Say in plain words what a proof of a claim shows, and what it does not.
    Explain(ExplainArgs),
    /// Try a claim on FHIR records: who matches, how many slots it takes, which tier fits.
    Test(TestArgs),
}

/// The claim that `claim new` starts from.
const TEMPLATE: &str = "trial_eligibility_t1";

/// Arguments of `claim new`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof claim new --out trial.json\n  medproof claim new --from vaccinated --out doses.json"
)]
pub struct NewArgs {
    /// The name of a claim of the library to start from (see `claim list`).
    #[arg(long, default_value = TEMPLATE, value_name = "NAME")]
    pub from: String,
    /// Where to write it.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// A claim to start from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewReport {
    /// What it is called.
    pub title: String,
    /// Where it is.
    pub file: PathBuf,
}

/// Writes a claim to start from.
///
/// # Errors
/// Where the library has no such claim, or the file cannot be written.
pub fn new(args: &NewArgs, _: &Context) -> Result<NewReport, CliError> {
    let entry = library::find(&args.from).ok_or_else(|| claims::unknown(&args.from))?;
    files::write_text(&args.out, entry.json, Secrecy::Public, args.force.into())?;
    Ok(NewReport {
        title: entry.claim()?.spec().title.clone(),
        file: args.out.clone(),
    })
}

impl fmt::Display for NewReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        writeln!(
            f,
            "{} written to {file}: change it, then run `medproof claim check {file}`",
            self.title
        )
    }
}

/// Arguments of `claim list`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "Examples:\n  medproof claim list\n  medproof claim list --criteria --json")]
pub struct ListArgs {
    /// The single criteria of the trials too.
    #[arg(long)]
    pub criteria: bool,
}

/// A claim of the library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LibraryLine {
    /// Its name.
    pub name: &'static str,
    /// What it is called.
    pub title: String,
    /// What requests and standing consents name it by.
    pub claim_id: String,
}

/// The claims of the library. A list in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ListReport(pub Vec<LibraryLine>);

/// Lists the library.
///
/// # Errors
/// None but those of a claim that does not read.
pub fn list(args: &ListArgs, _: &Context) -> Result<ListReport, CliError> {
    let criteria = if args.criteria { library::CRITERIA } else { &[] };
    let lines = library::CLAIMS.iter().chain(criteria).map(|entry| {
        let claim = entry.claim()?;
        Ok(LibraryLine {
            name: entry.name,
            title: claim.spec().title.clone(),
            claim_id: text::shown(&claim.id()),
        })
    });
    lines.collect::<Result<_, CliError>>().map(ListReport)
}

impl fmt::Display for ListReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|line| writeln!(f, "{:<24} {}", line.name, line.title))
    }
}

/// Arguments of `claim check`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof claim check trial.yaml\n  medproof claim check trial.json --as-of 2021-04-01"
)]
pub struct CheckArgs {
    /// A claim's file (JSON or YAML), or its name in the library.
    pub claim: String,
    /// Compile it for this day too.
    #[arg(long, value_parser = text::day, value_name = "DATE")]
    pub as_of: Option<Day>,
}

/// What a claim comes to.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// What it is called.
    pub title: String,
    /// What requests and standing consents name it by.
    pub claim_id: String,
    /// Bytes of its canonical form.
    pub canonical_bytes: usize,
    /// What its author should know.
    pub warnings: Vec<String>,
    /// Its table, where a day was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compiled: Option<Compiled>,
}

/// A claim's table for a day.
#[derive(Clone, Debug, Serialize)]
pub struct Compiled {
    /// The day.
    pub as_of: String,
    /// The smallest tier that may do, or the claim's own.
    pub tier: &'static str,
    /// Rows of the table.
    pub rows: usize,
    /// Digest of the table.
    pub policy_digest: String,
}

/// Checks a claim.
///
/// # Errors
/// What is wrong with it, where, and what was probably meant.
pub fn check(args: &CheckArgs, _: &Context) -> Result<CheckReport, CliError> {
    let claim = claims::load(&args.claim)?;
    let compiled = args.as_of.map(|day| compiled(&claim, day)).transpose()?;
    Ok(CheckReport {
        title: claim.spec().title.clone(),
        claim_id: text::shown(&claim.id()),
        canonical_bytes: claim.canonical_bytes().len(),
        warnings: claim.warnings().iter().map(ToString::to_string).collect(),
        compiled,
    })
}

fn compiled(claim: &Claim, day: Day) -> Result<Compiled, CliError> {
    let policy = claim.compile(day, None)?;
    let table = policy.table();
    Ok(Compiled {
        as_of: day.to_string(),
        tier: table.header().tier.name(),
        rows: table.criteria().len(),
        policy_digest: text::shown(&table.digest()),
    })
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: the claim is valid", self.title)?;
        writeln!(f, "claim id       {}", self.claim_id)?;
        if let Some(c) = &self.compiled {
            writeln!(f, "on {}  {} rows, tier {} or larger", c.as_of, c.rows, c.tier)?;
            writeln!(f, "policy digest  {}", c.policy_digest)?;
        }
        self.warnings.iter().try_for_each(|w| writeln!(f, "note: {w}"))
    }
}

/// Arguments of `claim explain`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof claim explain trial.yaml\n  medproof claim explain trial.yaml --as-of 2021-04-01"
)]
pub struct ExplainArgs {
    /// A claim's file (JSON or YAML), or its name in the library.
    pub claim: String,
    /// Give windows as days before this one.
    #[arg(long, value_parser = text::day, value_name = "DATE")]
    pub as_of: Option<Day>,
}

/// A claim in plain words.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainReport {
    /// What requests and standing consents name it by.
    pub claim_id: String,
    /// What it is called.
    pub title: String,
    /// What must hold, a sentence each; the criteria of a group follow its rule, indented.
    pub shown: Vec<String>,
    /// What is asked of the record itself.
    pub record: Vec<String>,
    /// What the asker learns.
    pub learned: Vec<String>,
    /// What a proof does not show.
    pub not_shown: Vec<String>,
    #[serde(skip)]
    words: String,
}

/// Explains a claim.
///
/// # Errors
/// As [`check`].
pub fn explain(args: &ExplainArgs, _: &Context) -> Result<ExplainReport, CliError> {
    let claim = claims::load(&args.claim)?;
    // For this day the windows must be ones.
    if let Some(day) = args.as_of {
        claim.compile(day, None)?;
    }
    Ok(explained(&claim, args.as_of))
}

pub(crate) fn explained(claim: &Claim, as_of: Option<Day>) -> ExplainReport {
    let explanation = claim.explain(as_of);
    let mut shown = Vec::new();
    for clause in &explanation.clauses {
        shown.extend(clause.rule.clone());
        let indent = if clause.rule.is_some() { "  " } else { "" };
        let sentences = clause.criteria.iter().map(|c| format!("{indent}{}", c.sentence));
        shown.extend(sentences);
    }
    ExplainReport {
        claim_id: text::shown(&claim.id()),
        title: explanation.title.clone(),
        shown,
        record: explanation.record.clone(),
        learned: explanation.learned.clone(),
        not_shown: explanation.not_shown.clone(),
        words: explanation.to_string(),
    }
}

impl fmt::Display for ExplainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// Arguments of `claim test`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof claim test trial.yaml --records bundles/ --as-of 2021-04-01 --complete synthea\n  \
    medproof claim test trial.yaml --records Patient.ndjson Condition.ndjson --as-of 2021-04-01 --complete files --list"
)]
pub struct TestArgs {
    /// A claim's file (JSON or YAML), or its name in the library.
    pub claim: String,
    /// The records.
    #[command(flatten)]
    pub records: RecordsArgs,
    /// The day for which the claim is made.
    #[arg(long, value_parser = text::day, value_name = "DATE")]
    pub as_of: Day,
    /// The day on which the charts are read, if it is another.
    #[arg(long, value_parser = text::day, value_name = "DATE")]
    pub issued_on: Option<Day>,
    /// Name the patients who match. For the records' owner alone.
    #[arg(long)]
    pub list: bool,
}

/// A claim tried on records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestReport {
    /// What the claim is called.
    pub title: String,
    /// The day.
    pub as_of: String,
    /// How many patients were read.
    pub patients: usize,
    /// How many match: a proof exists for these.
    pub matches: usize,
    /// How many would match if their chart were known to be complete where absence is claimed.
    pub not_covered: usize,
    /// How many match each clause alone, complete charts or not.
    pub clauses: Vec<ClauseMatches>,
    /// Slots that the matching patients need.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<Distribution>,
    /// How many of them fit each tier.
    pub tiers: BTreeMap<&'static str, usize>,
    /// The smallest tier that fits all who match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<&'static str>,
    /// Who matches, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matching: Option<Vec<String>>,
}

/// How many match a clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClauseMatches {
    /// The clause in words.
    pub clause: String,
    /// How many.
    pub matches: usize,
}

/// How numbers are distributed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Distribution {
    /// The least.
    pub min: usize,
    /// The middle one.
    pub median: usize,
    /// 95 of 100 are at most this.
    pub p95: usize,
    /// The greatest.
    pub max: usize,
}

impl Distribution {
    /// Of some numbers; none of none.
    #[must_use]
    pub fn of(numbers: &[usize]) -> Option<Distribution> {
        let mut sorted = numbers.to_vec();
        sorted.sort_unstable();
        let rank = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).max(1) - 1).copied();
        Some(Distribution {
            min: *sorted.first()?,
            median: rank(50)?,
            p95: rank(95)?,
            max: *sorted.last()?,
        })
    }
}

/// Tries a claim on records, natively: nothing is proved.
///
/// # Errors
/// As [`check`] for the claim, and for records that cannot be read.
pub fn test(args: &TestArgs, cx: &Context) -> Result<TestReport, CliError> {
    let claim = claims::load(&args.claim)?;
    // The largest tier: how many slots a patient needs is told by all.
    let policy = claim.compile(args.as_of, Some(Tier::L))?;
    let clauses = clause_policies(&claim, args.as_of)?;
    let charts = charts::read(&args.records, args.issued_on.unwrap_or(args.as_of), cx)?;
    let rows = policy.table().criteria().len();
    let mut tally = Tally::default();
    tally.clauses.resize(clauses.len(), 0);
    let bar = cx.ui.bar("claim");
    for (done, chart) in charts.charts.iter().enumerate() {
        crate::cancel::check()?;
        bar.set("evaluating", done as u64, charts.charts.len() as u64);
        tally.add(&policy, &clauses, chart)?;
    }
    Ok(tally.report(args, &claim, clauses, rows, charts.charts.len()))
}

/// Each clause as a claim of its own.
fn clause_policies(claim: &Claim, as_of: Day) -> Result<Vec<(String, Policy)>, CliError> {
    let spec = claim.spec();
    let alone = spec.clauses.iter().map(|clause| {
        let used = sets_of(clause);
        let claim = Claim::new(ClaimSpec {
            tier: None,
            clauses: vec![clause.clone()],
            code_sets: spec
                .code_sets
                .iter()
                .filter(|(name, _)| used.contains(*name))
                .map(clone_entry)
                .collect(),
            ..spec.clone()
        })?;
        let words = explained(&claim, Some(as_of)).shown.join(" ");
        Ok((words, claim.compile(as_of, Some(Tier::L))?))
    });
    alone.collect()
}

fn clone_entry<K: Clone, V: Clone>((key, value): (&K, &V)) -> (K, V) {
    (key.clone(), value.clone())
}

fn sets_of(clause: &Clause) -> BTreeSet<&String> {
    let criteria = match clause {
        Clause::One(one) => std::slice::from_ref(&**one),
        Clause::Group(group) => &group.of,
    };
    let mut used = BTreeSet::new();
    for criterion in criteria {
        let codes = match &criterion.test {
            Test::Has(Has { codes, .. }) | Test::Latest(Latest { codes, .. }) | Test::None(Absent { codes, .. }) => {
                codes
            }
            Test::Age(_) | Test::Sex(_) | Test::NotDeceased => continue,
        };
        if let Codes::Groups(groups) = codes {
            used.extend(groups.iter().filter_map(|group| match group {
                CodeGroup::Set(name) => Some(name),
                CodeGroup::In(..) => None,
            }));
        }
    }
    used
}

#[derive(Default)]
struct Tally {
    slots: Vec<usize>,
    not_covered: usize,
    clauses: Vec<usize>,
    matching: Vec<String>,
}

impl Tally {
    fn add(&mut self, policy: &Policy, clauses: &[(String, Policy)], chart: &PatientChart) -> Result<(), CliError> {
        // Whether facts satisfy a policy does not depend on their salts.
        let salts = vec![Fr::from(0u64); chart.facts.len() + 1];
        let facts = Facts::new(&chart.facts, &salts).map_err(|e| CliError::input("records.chart", e))?;
        for (count, (_, clause)) in self.clauses.iter_mut().zip(clauses) {
            *count += usize::from(assign::slots_needed(clause, &facts).is_some());
        }
        let header = policy.table().header();
        let in_time = header.issued_min <= chart.issued_on && chart.issued_on <= header.as_of;
        let Some(needed) = assign::slots_needed(policy, &facts).filter(|_| in_time) else {
            return Ok(());
        };
        if header.required_coverage.is_subset_of(chart.coverage) {
            self.slots.push(needed);
            self.matching.push(chart.patient_id.clone());
        } else {
            self.not_covered += 1;
        }
        Ok(())
    }

    fn report(
        self,
        args: &TestArgs,
        claim: &Claim,
        clauses: Vec<(String, Policy)>,
        rows: usize,
        patients: usize,
    ) -> TestReport {
        let fits = |tier: Tier| match rows <= tier.criteria() {
            true => self.slots.iter().filter(|n| **n <= tier.slots()).count(),
            false => 0,
        };
        let smallest = Tier::ALL
            .into_iter()
            .find(|t| fits(*t) == self.slots.len() && !self.slots.is_empty());
        let clauses = clauses.into_iter().zip(&self.clauses);
        TestReport {
            title: claim.spec().title.clone(),
            as_of: args.as_of.to_string(),
            patients,
            matches: self.slots.len(),
            not_covered: self.not_covered,
            clauses: clauses
                .map(|((clause, _), matches)| ClauseMatches {
                    clause,
                    matches: *matches,
                })
                .collect(),
            slots: Distribution::of(&self.slots),
            tiers: Tier::ALL.map(|t| (t.name(), fits(t))).into(),
            tier: smallest.map(Tier::name),
            matching: args.list.then_some(self.matching),
        }
    }
}

impl fmt::Display for TestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on {}", self.title, self.as_of)?;
        writeln!(f, "{} of {} patients match", self.matches, self.patients)?;
        if self.not_covered > 0 {
            writeln!(
                f,
                "{} more would, were their charts known to be complete where absence is claimed (--complete)",
                self.not_covered
            )?;
        }
        writeln!(f, "\nEach clause alone:")?;
        for clause in &self.clauses {
            writeln!(f, "{:>7}  {}", clause.matches, clause.clause)?;
        }
        if let Some(slots) = &self.slots {
            let Distribution { min, median, p95, max } = slots;
            writeln!(
                f,
                "\nSlots of those who match: least {min}, median {median}, p95 {p95}, most {max}"
            )?;
            let fits = Tier::ALL.map(|t| format!("{} {}", t.name(), self.tiers.get(t.name()).unwrap_or(&0)));
            writeln!(f, "Who fits which tier: {}", fits.join(", "))?;
        }
        match self.tier {
            Some(tier) => writeln!(f, "Request tier {tier}: all who match fit it.")?,
            None if self.matches > 0 => writeln!(f, "No tier fits all who match: split the claim in two.")?,
            None => {}
        }
        match &self.matching {
            Some(patients) => patients.iter().try_for_each(|p| writeln!(f, "match: {p}")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_take_the_nearest_rank() {
        assert_eq!(Distribution::of(&[]), None);
        let one = Distribution {
            min: 3,
            median: 3,
            p95: 3,
            max: 3,
        };
        assert_eq!(Distribution::of(&[3]), Some(one));
        let numbers: Vec<usize> = (1..=100).rev().collect();
        let hundred = Distribution {
            min: 1,
            median: 50,
            p95: 95,
            max: 100,
        };
        assert_eq!(Distribution::of(&numbers), Some(hundred));
    }
}
