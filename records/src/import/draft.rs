//! A chart while it is being read: resources in any order, without their JSON.

use super::dates::When;
use super::error::Problem;
use super::reading::{Bill, Outcome, Type, Unit, first};
use super::report::{ImportReport, Uncertain, Unusable};
use super::resource::Resource;
use medproof_statement::concept::{Concept, Kind, System};
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::value::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// A fact without its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DraftFact {
    pub concept: Concept,
    pub kind: Kind,
    pub when: When,
    pub until: Day,
    pub value: Value,
    pub doubt: Option<Uncertain>,
}

/// The facts of one resource.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The latest instant of its facts.
    pub instant: i128,
    pub id: String,
    pub source: Type,
    pub facts: Vec<DraftFact>,
}

// A resource and what it says, before it is known whether another restates it.
struct Pending {
    id: String,
    names: Vec<String>,
    subject_doubt: Option<Uncertain>,
    units: Vec<Unit>,
}

/// Which systems every resource of a kind has a usable code in.
#[derive(Clone, Copy)]
struct Held {
    systems: u16,
    any: bool,
}

impl Default for Held {
    fn default() -> Held {
        Held {
            systems: u16::MAX,
            any: true,
        }
    }
}

/// One patient's chart so far.
#[derive(Default)]
pub(crate) struct Draft {
    pub events: Vec<Event>,
    pub report: ImportReport,
    seen: HashSet<(Type, String)>,
    held: BTreeMap<Kind, Held>,
    claims: Vec<Pending>,
    // What explanations restate, by the claim's reference: codes, and how many were unusable.
    restated: BTreeMap<String, (BTreeSet<Concept>, usize)>,
}

fn bit(system: System) -> u16 {
    1 << (system as u8)
}

fn concepts(kind: Kind, units: &[Unit]) -> (BTreeSet<Concept>, usize) {
    let codes = units.iter().flat_map(|u| &u.codes.usable);
    let concepts = codes.map(|(s, c)| Concept::new(kind, *s, *c)).collect();
    (concepts, units.iter().map(|u| u.codes.unusable.len()).sum())
}

impl Draft {
    /// Adds a resource of this patient. `doubt` where it is not certain that it is theirs.
    pub fn add(&mut self, resource: Resource, doubt: Option<Uncertain>) -> Result<(), Problem> {
        let Some(kind) = resource.kind.kind() else {
            return Ok(());
        };
        if !self.seen.insert((resource.kind, resource.id.clone())) {
            return Err(Problem::DuplicateId);
        }
        ImportReport::count(&mut self.report.resources, resource.kind.name());
        for inner in &resource.contained {
            self.lose(*inner, Unusable::Contained);
        }
        // Under a modifier, what the Patient does not say (a death) shows nothing either.
        if resource.modified && kind == Kind::Demographic {
            self.held.insert(kind, Held { systems: 0, any: false });
        }
        let doubt = first(doubt, resource.modified.then_some(Uncertain::Modifier));
        match resource.outcome {
            Outcome::Out(why) => {
                ImportReport::count(self.report.left_out.entry(kind.name()).or_default(), why);
                // What a modifier may turn around cannot be left out without a trace.
                if resource.modified {
                    self.held.insert(kind, Held { systems: 0, any: false });
                }
            }
            Outcome::Units(units) => self.event(resource.kind, kind, resource.id, units, doubt),
            Outcome::Bill(Bill::Explains(claim), units) => {
                if let Some(claim) = claim {
                    let (codes, unusable) = concepts(kind, &units);
                    let known = self.restated.entry(claim).or_default();
                    known.0.extend(codes);
                    known.1 += unusable;
                }
                self.event(resource.kind, kind, resource.id, units, doubt);
            }
            Outcome::Bill(Bill::Claim, units) => self.claims.push(Pending {
                id: resource.id,
                names: resource.names,
                subject_doubt: doubt,
                units,
            }),
        }
        Ok(())
    }

    /// Counts a resource of a type that holds no facts.
    pub fn ignore(&mut self) {
        self.report.ignored += 1;
    }

    fn lose(&mut self, kind: Kind, why: Unusable) {
        self.held.insert(kind, Held { systems: 0, any: false });
        ImportReport::count(self.report.unusable.entry(kind.name()).or_default(), why);
    }

    /// Once all was read: a claim whose every code an explanation repeats adds nothing; the others
    /// stand, uncertain.
    pub fn settle_claims(&mut self) {
        for claim in std::mem::take(&mut self.claims) {
            let (codes, unusable) = concepts(Kind::Claim, &claim.units);
            let restated = claim
                .names
                .iter()
                .filter_map(|r| self.restated.get(r))
                .any(|(known, lost)| codes.is_subset(known) && unusable <= *lost);
            if !restated {
                self.event(Type::Claim, Kind::Claim, claim.id, claim.units, claim.subject_doubt);
                continue;
            }
            let why = super::report::LeftOut::Restated;
            ImportReport::count(self.report.left_out.entry(Kind::Claim.name()).or_default(), why);
            *self.report.restated_items.entry(Kind::Claim.name()).or_default() += claim.units.len() as u64;
        }
    }

    fn hold(&mut self, kind: Kind, unit: &Unit) {
        let systems = unit.codes.usable.iter().fold(0, |mask, (s, _)| mask | bit(*s));
        let wanted = Coverage::systems(kind).fold(0, |mask, s| mask | bit(s));
        let held = self.held.entry(kind).or_default();
        held.systems &= systems;
        held.any &= systems & wanted != 0;
        for why in &unit.codes.unusable {
            ImportReport::count(self.report.unusable.entry(kind.name()).or_default(), *why);
        }
    }

    fn event(&mut self, source: Type, kind: Kind, id: String, units: Vec<Unit>, doubt: Option<Uncertain>) {
        let mut facts: Vec<DraftFact> = Vec::new();
        let mut instant = i128::MIN;
        for unit in units {
            self.hold(kind, &unit);
            instant = instant.max(unit.when.instant());
            for (system, code) in &unit.codes.usable {
                let concept = Concept::new(kind, *system, *code);
                for (value, why) in unit.measure.under(concept) {
                    let fact = DraftFact {
                        concept,
                        kind,
                        when: unit.when,
                        until: if kind.is_moment() { Day::OPEN } else { unit.until },
                        value,
                        doubt: first(doubt, first(unit.doubt, why)),
                    };
                    if facts.iter().any(|f| f.is_same_fact(&fact)) {
                        self.report.merged += 1;
                    } else {
                        facts.push(fact);
                    }
                }
            }
        }
        if !facts.is_empty() {
            self.events.push(Event {
                instant,
                id,
                source,
                facts,
            });
        }
    }

    /// The coverage bits, for the kinds that were exported completely and not cut.
    pub fn coverage(&self, is_complete: impl Fn(Kind) -> bool) -> Coverage {
        let mut coverage = Coverage::NONE;
        for kind in Kind::ALL.into_iter().filter(|k| is_complete(*k)) {
            let held = self.held.get(&kind).copied().unwrap_or_default();
            if held.any {
                coverage = coverage.union(Coverage::kind(kind));
            }
            for system in Coverage::systems(kind).filter(|s| held.systems & bit(*s) != 0) {
                coverage = coverage.union(Coverage::pair(kind, system).unwrap_or(Coverage::NONE));
            }
        }
        coverage
    }
}

impl DraftFact {
    // Equal in all that is committed, but for its place.
    fn is_same_fact(&self, other: &DraftFact) -> bool {
        self.concept == other.concept && self.is_same_reading(other) && self.doubt.is_some() == other.doubt.is_some()
    }

    /// Whether value, since, date and until are those of the other.
    pub fn is_same_reading(&self, other: &DraftFact) -> bool {
        (self.value, self.when.since, self.when.date, self.until)
            == (other.value, other.when.since, other.when.date, other.until)
    }
}
