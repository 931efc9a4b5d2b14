//! One file for each resource type: which element is its code, its date, its end and its value.

mod allergy;
mod bill;
mod condition;
mod coverage;
mod encounter;
mod immunization;
mod medication;
mod observation;
mod onset;
mod patient;
mod procedure;

pub(crate) use bill::{Claim, Explanation};
pub(crate) use coverage::class_of;
pub use patient::{BIRTHDATE, DECEASED, SEX};

use super::error::Problem;
use super::fhir::{self, Header, Reference};
use super::reading::{Context, Outcome, Standing, Unit};
use super::report::Uncertain;
use serde::de::DeserializeOwned;

/// A resource type of which facts are made.
pub(crate) trait Readable: DeserializeOwned {
    /// Whose it is; Patient answers none.
    fn subject(&self) -> Option<&Reference>;

    /// What it says.
    fn read(&self, header: &Header, context: &Context<'_>) -> Result<Outcome, Problem>;
}

// At most one form of a choice element may be given.
fn one_form(name: &'static str, forms: &[bool]) -> Result<(), Problem> {
    if forms.iter().filter(|given| **given).count() > 1 {
        return Err(Problem::TwoForms(name));
    }
    Ok(())
}

// A resource with one code and one standing.
fn single(standing: Standing, unit: impl FnOnce(Option<bool>) -> Unit) -> Outcome {
    match standing {
        Standing::Out(why) => Outcome::Out(why),
        Standing::Stands { over } => Outcome::Units(vec![unit(over)]),
        Standing::Doubtful(why) => Outcome::Units(vec![unit(None).doubted(Some(why))]),
    }
}

fn period(p: Option<&fhir::Period>) -> (Option<&str>, Option<&str>) {
    p.map_or((None, None), |p| (p.start.as_deref(), p.end.as_deref()))
}

// A modifier on a part of a resource makes that part uncertain.
fn modifier(given: bool) -> Option<Uncertain> {
    given.then_some(Uncertain::Modifier)
}
