//! A draft becomes a chart: events ordered, contested readings marked, cut to size, sorted.

use super::chart::PatientChart;
use super::draft::{Draft, DraftFact, Event};
use super::report::{ImportReport, Uncertain};
use medproof_statement::concept::{Concept, Kind};
use medproof_statement::day::Day;
use medproof_statement::fact::{Fact, Seq};
use medproof_statement::record::MAX_FACTS;
use medproof_statement::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Facts of one resource with one concept and date that `sub` can tell apart.
const MAX_SUBS: usize = 256;

#[derive(Clone, Copy)]
struct Placed {
    event: usize,
    contested: bool,
    fact: DraftFact,
}

/// The chart of a patient of whom everything was read.
pub(crate) fn chart(
    mut draft: Draft,
    patient_id: String,
    issued_on: Day,
    is_exported: impl Fn(Kind) -> bool,
) -> PatientChart {
    draft.settle_claims();
    let mut events = std::mem::take(&mut draft.events);
    events.sort_by(|a, b| (a.instant, &a.id, a.source).cmp(&(b.instant, &b.id, b.source)));
    let mut placed = place(events);
    mark_contested(&mut placed);
    let cut = cut(&mut placed);
    let coverage = draft.coverage(|kind| is_exported(kind) && !cut.contains_key(&kind));
    let mut report = draft.report;
    report.patients = 1;
    report.cut = cut.into_iter().map(|(kind, n)| (kind.name(), n)).collect();
    for p in &placed {
        count(&mut report, p);
    }
    PatientChart {
        patient_id,
        facts: sequence(placed),
        coverage,
        issued_on,
        report,
    }
}

fn place(events: Vec<Event>) -> Vec<Placed> {
    let mut placed = Vec::new();
    for (event, source) in events.into_iter().enumerate() {
        for fact in fold_excess(source.facts) {
            placed.push(Placed {
                event,
                contested: false,
                fact,
            });
        }
    }
    placed
}

// Where `sub` cannot tell all facts of one concept and date apart, one uncertain fact stands for
// them: it supports nothing and hides nothing.
fn fold_excess(facts: Vec<DraftFact>) -> Vec<DraftFact> {
    if facts.len() <= MAX_SUBS {
        return facts;
    }
    let mut groups: BTreeMap<(Concept, Day), Vec<DraftFact>> = BTreeMap::new();
    for fact in facts {
        groups.entry((fact.concept, fact.when.date)).or_default().push(fact);
    }
    let fold = |group: Vec<DraftFact>| {
        let excess = group.len() > MAX_SUBS;
        let since = group.iter().map(|f| f.when.since).min();
        let keep = if excess { 1 } else { group.len() };
        group.into_iter().take(keep).map(move |mut fact| {
            if excess {
                fact.doubt = Some(Uncertain::TooMany);
                fact.value = Value::UNKNOWN;
                fact.until = Day::OPEN;
                fact.when.since = since.unwrap_or(fact.when.since);
                fact.when.span = None;
            }
            fact
        })
    };
    groups.into_values().flat_map(fold).collect()
}

// Contested: another fact of the concept, uncertain or different, could lie at the same instant;
// or offsets make the days say the reverse of the instants.
fn mark_contested(placed: &mut [Placed]) {
    let mut by_concept: BTreeMap<Concept, Vec<usize>> = BTreeMap::new();
    for (i, p) in placed.iter().enumerate() {
        by_concept.entry(p.fact.concept).or_default().push(i);
    }
    for mut group in by_concept.into_values().filter(|g| g.len() > 1) {
        group.sort_by_key(|i| placed[*i].fact.when.since);
        for (n, &i) in group.iter().enumerate() {
            // Two offsets are at most 28 hours apart: two days on, nothing is at the same instant.
            let horizon = placed[i].fact.when.date.0.saturating_add(2);
            for &j in &group[n + 1..] {
                if placed[j].fact.when.since.0 > horizon {
                    break;
                }
                contest(placed, i, j);
            }
        }
    }
}

fn contest(placed: &mut [Placed], i: usize, j: usize) {
    let (a, b) = (placed[i].fact, placed[j].fact);
    if !a.when.overlaps(&b.when) && !a.when.is_inverted(&b.when) {
        return;
    }
    let differ = !a.is_same_reading(&b);
    placed[i].contested |= differ || b.doubt.is_some();
    placed[j].contested |= differ || a.doubt.is_some();
}

// Whom to cut first: the oldest observations, then the oldest of the rest; who the patient is stays.
fn cut(placed: &mut Vec<Placed>) -> BTreeMap<Kind, u64> {
    let mut cut = BTreeMap::new();
    let excess = placed.len().saturating_sub(MAX_FACTS);
    if excess == 0 {
        return cut;
    }
    let rank = |kind| match kind {
        Kind::Observation => 0u8,
        Kind::Demographic => 2,
        _ => 1,
    };
    let mut order: Vec<usize> = (0..placed.len()).collect();
    order.sort_by_key(|i| {
        let p = &placed[*i];
        (rank(p.fact.kind), p.fact.when.date, p.event, p.fact.concept, *i)
    });
    let gone: BTreeSet<usize> = order.into_iter().take(excess).collect();
    for i in &gone {
        *cut.entry(placed[*i].fact.kind).or_default() += 1;
    }
    let mut i = 0;
    placed.retain(|_| {
        i += 1;
        !gone.contains(&(i - 1))
    });
    cut
}

fn count(report: &mut ImportReport, p: &Placed) {
    let kind = p.fact.kind.name();
    ImportReport::count(&mut report.facts, kind);
    if let Some(why) = p.fact.doubt {
        ImportReport::count(report.uncertain.entry(kind).or_default(), why);
    }
    if p.contested {
        ImportReport::count(&mut report.contested, kind);
    }
    if p.fact.when.since != p.fact.when.date {
        ImportReport::count(&mut report.imprecise, kind);
    }
}

// Events are numbered by what is left of them: never more than there are facts. Within one, facts
// of a concept and date are told apart in an order that does not depend on the file's.
fn sequence(mut placed: Vec<Placed>) -> Vec<Fact> {
    placed.sort_by_key(|p| {
        let f = &p.fact;
        (
            p.event,
            f.concept,
            f.when.date,
            f.value,
            f.when.since,
            f.until,
            f.doubt.is_some(),
        )
    });
    let mut facts: Vec<Fact> = Vec::with_capacity(placed.len());
    let (mut event, mut sub) = (0u16, 0u8);
    for (i, p) in placed.iter().enumerate() {
        if let Some(before) = i.checked_sub(1).map(|b| &placed[b]) {
            let new_event = before.event != p.event;
            let same_place = (before.fact.concept, before.fact.when.date) == (p.fact.concept, p.fact.when.date);
            sub = if new_event || !same_place { 0 } else { sub + 1 };
            event += u16::from(new_event);
        }
        facts.push(Fact {
            concept: p.fact.concept,
            date: p.fact.when.date,
            seq: Seq { event, sub },
            contested: p.contested,
            uncertain: p.fact.doubt.is_some(),
            value: p.fact.value,
            until: p.fact.until,
            since: p.fact.when.since,
        });
    }
    facts.sort_by_key(Fact::key);
    facts
}
