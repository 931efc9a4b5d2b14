//! What an import did, as counts: nothing here says who a patient is or what they have.

use medproof_statement::concept::Kind;
use serde::Serialize;
use std::collections::BTreeMap;

/// Why a fact is uncertain. A fact with several reasons counts under the first of this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Uncertain {
    /// A `modifierExtension` or `implicitRules` may change what the resource means.
    Modifier,
    /// The resource does not say whose it is, or is about something else (`Observation.focus`).
    Subject,
    /// A status that says neither yes nor no, is not listed, or is absent where required.
    Status,
    /// The verification status is not `confirmed`.
    Verification,
    /// A proposal, a plan, an option or a prohibition, not an order.
    Intent,
    /// The date lies after the day of issue.
    Future,
    /// The date is not written as FHIR writes dates, or is before 1850.
    Date,
    /// The end contradicts the status or the beginning.
    Contradiction,
    /// Whether, or when, it ended cannot be read.
    End,
    /// `dataAbsentReason`.
    Absent,
    /// The value is of a form that cannot be compared: text, range, ratio, integer without unit.
    ValueForm,
    /// A quantity without a number.
    NoNumber,
    /// A comparator such as `<`.
    Comparator,
    /// The quantity has no coded unit.
    NoUnit,
    /// The unit is not UCUM, or does not convert exactly for this concept.
    Unit,
    /// The number is out of range.
    Range,
    /// A coded value without a usable code.
    ValueCode,
    /// The coverage under which an item was claimed cannot be read.
    CoverageClass,
    /// A claim that no explanation of benefit adjudicates, or none that is complete.
    Unadjudicated,
    /// A dose given below strength.
    Subpotent,
    /// The demographic element is absent, or says that it is unknown.
    Unknown,
    /// More than 256 facts of one resource with one concept and date, kept as one.
    TooMany,
}

/// Why a resource was left out. Costs no coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOut {
    /// Entered in error.
    EnteredInError,
    /// Not done.
    NotDone,
    /// Refuted.
    Refuted,
    /// A claim whose every code an explanation of benefit in the chart restates.
    Restated,
}

/// Why a coding was unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unusable {
    /// No coding at all where one is wanted.
    NoCoding,
    /// A coding without a system.
    NoSystem,
    /// A coding without a code.
    NoCode,
    /// A system that is not read, with no equivalent in the concept map.
    UnknownSystem,
    /// A code that does not have its system's shape.
    Shape,
    /// A contained resource of a kind of facts that is only read on its own.
    Contained,
}

/// Counts of one chart, or of many after [`ImportReport::merge`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Charts.
    pub patients: u64,
    /// Resources that were read, by type.
    pub resources: BTreeMap<&'static str, u64>,
    /// Resources of types that hold no facts.
    pub ignored: u64,
    /// Facts in the charts, by kind.
    pub facts: BTreeMap<&'static str, u64>,
    /// Uncertain ones among them, by kind and reason.
    pub uncertain: BTreeMap<&'static str, BTreeMap<Uncertain, u64>>,
    /// Contested ones among them, by kind.
    pub contested: BTreeMap<&'static str, u64>,
    /// Facts whose day is known only as an interval, by kind.
    pub imprecise: BTreeMap<&'static str, u64>,
    /// Resources left out, by kind and reason.
    pub left_out: BTreeMap<&'static str, BTreeMap<LeftOut, u64>>,
    /// Facts that were not made because their whole resource was left out as restated, by kind.
    pub restated_items: BTreeMap<&'static str, u64>,
    /// Codings that could not be used, by kind and reason.
    pub unusable: BTreeMap<&'static str, BTreeMap<Unusable, u64>>,
    /// Facts that equal another one of the same resource.
    pub merged: u64,
    /// Facts cut because a record holds 4,095, by kind.
    pub cut: BTreeMap<&'static str, u64>,
}

fn add<K: Ord + Copy>(into: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
    for (k, n) in from {
        *into.entry(*k).or_default() += n;
    }
}

fn add_nested<K: Ord + Copy>(
    into: &mut BTreeMap<&'static str, BTreeMap<K, u64>>,
    from: &BTreeMap<&'static str, BTreeMap<K, u64>>,
) {
    for (kind, counts) in from {
        add(into.entry(kind).or_default(), counts);
    }
}

impl ImportReport {
    /// Adds another's counts to these.
    pub fn merge(&mut self, other: &ImportReport) {
        self.patients += other.patients;
        self.ignored += other.ignored;
        self.merged += other.merged;
        add(&mut self.resources, &other.resources);
        add(&mut self.facts, &other.facts);
        add(&mut self.contested, &other.contested);
        add(&mut self.imprecise, &other.imprecise);
        add(&mut self.restated_items, &other.restated_items);
        add(&mut self.cut, &other.cut);
        add_nested(&mut self.uncertain, &other.uncertain);
        add_nested(&mut self.left_out, &other.left_out);
        add_nested(&mut self.unusable, &other.unusable);
    }

    /// Facts of every kind.
    pub fn total_facts(&self) -> u64 {
        self.facts.values().sum()
    }

    /// Uncertain facts of every kind.
    pub fn total_uncertain(&self) -> u64 {
        self.uncertain.values().flat_map(BTreeMap::values).sum()
    }

    /// Facts of a kind.
    pub fn facts_of(&self, kind: Kind) -> u64 {
        self.facts.get(kind.name()).copied().unwrap_or(0)
    }

    /// Uncertain facts of a kind, for any reason.
    pub fn uncertain_of(&self, kind: Kind) -> u64 {
        self.uncertain.get(kind.name()).map_or(0, |r| r.values().sum())
    }

    pub(crate) fn count<K: Ord>(map: &mut BTreeMap<K, u64>, key: K) {
        *map.entry(key).or_default() += 1;
    }
}
