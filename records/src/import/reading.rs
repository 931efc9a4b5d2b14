//! What is read from one resource, before it has a place in a chart.

use super::concept_map::ConceptMap;
use super::dates::When;
use super::fhir::{CodeableConcept, Coding};
use super::report::{LeftOut, Uncertain, Unusable};
use medproof_statement::concept::{Code, Concept, Kind, System};
use medproof_statement::day::Day;
use medproof_statement::units::{Decimal, conversion};
use medproof_statement::value::Value;
use std::collections::{BTreeSet, HashMap};

/// What a resource may refer to, and how it is to be read.
pub(crate) struct Context<'a> {
    pub issued_on: Day,
    pub map: &'a ConceptMap,
    /// Codes of the Medication resources, by reference.
    pub medications: &'a HashMap<String, CodeableConcept>,
    /// Classes of the Coverage resources, by reference; `None` where they cannot be relied on.
    pub coverages: &'a HashMap<String, Option<Code>>,
}

/// The usable codes of a concept, and why others are not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Codes {
    pub usable: Vec<(System, Code)>,
    pub unusable: Vec<Unusable>,
}

impl Codes {
    /// One code that is known to be right.
    pub fn of(system: System, code: Code) -> Codes {
        Codes {
            usable: vec![(system, code)],
            unusable: Vec::new(),
        }
    }
}

/// What a fact measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// A value, or several for one reading, each certain or not.
    Values(Vec<(Value, Option<Uncertain>)>),
    /// A number in a unit: what it is worth depends on the concept.
    Quantity { number: String, unit: String },
}

impl Measure {
    /// No value.
    pub fn none() -> Measure {
        Measure::Values(vec![(Value::NONE, None)])
    }

    /// One value.
    pub fn of(value: Value) -> Measure {
        Measure::Values(vec![(value, None)])
    }

    /// A value that cannot be read.
    pub fn unknown(why: Uncertain) -> Measure {
        Measure::Values(vec![(Value::UNKNOWN, Some(why))])
    }

    /// The values under a concept.
    pub fn under(&self, concept: Concept) -> Vec<(Value, Option<Uncertain>)> {
        let (number, unit) = match self {
            Measure::Values(values) => return values.clone(),
            Measure::Quantity { number, unit } => (number, unit),
        };
        let value = match (conversion(concept, unit), Decimal::parse(number)) {
            (None, _) => Err(Uncertain::Unit),
            (Some(_), None) => Err(Uncertain::Range),
            (Some(to), Some(x)) => to.to_value(x).ok_or(Uncertain::Range),
        };
        vec![value.map_or_else(|why| (Value::UNKNOWN, Some(why)), |v| (v, None))]
    }
}

/// One coded occurrence in a resource: it becomes a fact for each of its codes and values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub codes: Codes,
    pub when: When,
    pub until: Day,
    pub measure: Measure,
    pub doubt: Option<Uncertain>,
}

impl Unit {
    /// Something that happened then, without a value or an end.
    pub fn moment(codes: Codes, when: When) -> Unit {
        Unit {
            codes,
            when,
            until: Day::OPEN,
            measure: Measure::none(),
            doubt: when.flaw,
        }
    }

    /// The same, doubted for this reason too.
    pub fn doubted(mut self, doubt: Option<Uncertain>) -> Unit {
        self.doubt = first(self.doubt, doubt);
        self
    }

    /// The same, ending then; an end that cannot be read is a doubt.
    pub fn ending(mut self, until: Result<Day, Uncertain>) -> Unit {
        match until {
            Ok(day) => self.until = day,
            Err(why) => self.doubt = first(self.doubt, Some(why)),
        }
        self
    }

    /// The same, with this value.
    pub fn measuring(mut self, measure: Measure) -> Unit {
        self.measure = measure;
        self
    }
}

/// The reason to count a fact under: the first in the order of [`Uncertain`].
pub(crate) fn first(a: Option<Uncertain>, b: Option<Uncertain>) -> Option<Uncertain> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// How a status is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Happened; `over` says whether it has ended.
    Stands { over: Option<bool> },
    /// It cannot be said.
    Doubtful(Uncertain),
    /// To be left out.
    Out(LeftOut),
}

/// A bill's place in the chart: an explanation of benefit restates a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bill {
    /// A claim that may be restated.
    Claim,
    /// An explanation of the claim with this reference.
    Explains(Option<String>),
}

/// What a resource says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing that counts.
    Out(LeftOut),
    /// Its coded occurrences.
    Units(Vec<Unit>),
    /// Those of a bill.
    Bill(Bill, Vec<Unit>),
}

impl Context<'_> {
    /// The codes of a concept, which may be absent.
    pub fn codes(&self, concept: Option<&CodeableConcept>) -> Codes {
        let codings = concept.and_then(|c| c.coding.as_deref()).unwrap_or_default();
        let mut codes = Codes::default();
        if codings.is_empty() {
            codes.unusable.push(Unusable::NoCoding);
        }
        let mut known = BTreeSet::new();
        for coding in codings {
            match self.coding(coding) {
                Ok(found) => codes.usable.extend(found.into_iter().filter(|c| known.insert(*c))),
                Err(why) => codes.unusable.push(why),
            }
        }
        codes
    }

    // A code of a system that is read, else what the concept map says.
    fn coding(&self, coding: &Coding) -> Result<Vec<(System, Code)>, Unusable> {
        let system = coding.system.as_deref().ok_or(Unusable::NoSystem)?;
        let code = coding.code.as_deref().ok_or(Unusable::NoCode)?;
        let direct = System::from_uri(system).map(|s| Code::parse(s, code).map(|c| (s, c)));
        if let Some(Ok(found)) = direct {
            return Ok(vec![found]);
        }
        match self.map.equivalents(system, code) {
            [] if direct.is_some() => Err(Unusable::Shape),
            [] => Err(Unusable::UnknownSystem),
            mapped => Ok(mapped.to_vec()),
        }
    }

    /// The coverage class that a `Coverage.type` names, if it names exactly one: an internal code,
    /// by its codings or by its text.
    pub fn class(&self, kind: Option<&CodeableConcept>) -> Option<Code> {
        let text = kind.and_then(|k| k.text.as_deref());
        let by_text = text.map_or(&[][..], |t| self.map.equivalents(super::CLASS_TEXT, t));
        let classes: BTreeSet<Code> = self
            .codes(kind)
            .usable
            .iter()
            .chain(by_text)
            .filter(|(system, _)| *system == System::Internal)
            .map(|(_, code)| *code)
            .collect();
        let mut classes = classes.into_iter();
        classes.next().filter(|_| classes.next().is_none())
    }
}

/// The FHIR types that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Type {
    Patient,
    Immunization,
    Condition,
    Observation,
    AllergyIntolerance,
    MedicationRequest,
    MedicationStatement,
    Procedure,
    Encounter,
    Coverage,
    Claim,
    ExplanationOfBenefit,
    /// Holds no facts; requests and statements refer to it.
    Medication,
}

impl Type {
    pub const ALL: [Type; 13] = [
        Type::Patient,
        Type::Immunization,
        Type::Condition,
        Type::Observation,
        Type::AllergyIntolerance,
        Type::MedicationRequest,
        Type::MedicationStatement,
        Type::Procedure,
        Type::Encounter,
        Type::Coverage,
        Type::Claim,
        Type::ExplanationOfBenefit,
        Type::Medication,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Type::Patient => "Patient",
            Type::Immunization => "Immunization",
            Type::Condition => "Condition",
            Type::Observation => "Observation",
            Type::AllergyIntolerance => "AllergyIntolerance",
            Type::MedicationRequest => "MedicationRequest",
            Type::MedicationStatement => "MedicationStatement",
            Type::Procedure => "Procedure",
            Type::Encounter => "Encounter",
            Type::Coverage => "Coverage",
            Type::Claim => "Claim",
            Type::ExplanationOfBenefit => "ExplanationOfBenefit",
            Type::Medication => "Medication",
        }
    }

    pub fn from_name(name: &str) -> Option<Type> {
        Type::ALL.into_iter().find(|t| t.name() == name)
    }

    /// The kind of its facts.
    pub fn kind(self) -> Option<Kind> {
        Some(match self {
            Type::Patient => Kind::Demographic,
            Type::Immunization => Kind::Immunization,
            Type::Condition => Kind::Condition,
            Type::Observation => Kind::Observation,
            Type::AllergyIntolerance => Kind::Allergy,
            Type::MedicationRequest | Type::MedicationStatement => Kind::Medication,
            Type::Procedure => Kind::Procedure,
            Type::Encounter => Kind::Encounter,
            Type::Coverage => Kind::Coverage,
            Type::Claim | Type::ExplanationOfBenefit => Kind::Claim,
            Type::Medication => return None,
        })
    }
}
