//! Patient: birth date, sex and death, under internal codes.

use super::{Readable, one_form};
use crate::import::dates::When;
use crate::import::error::Problem;
use crate::import::fhir::{Header, Patient, Reference};
use crate::import::reading::{Codes, Context, Measure, Outcome, Unit};
use crate::import::report::Uncertain;
use medproof_statement::concept::{Code, System};
use medproof_statement::day::Day;
use medproof_statement::value::Value;

/// The internal code of the birth date: the fact's date is the day of birth.
pub const BIRTHDATE: &str = "BIRTHDATE";
/// The internal code of the sex as administered: its value is MALE, FEMALE, OTHER or UNKNOWN.
pub const SEX: &str = "SEX";
/// The internal code of death: there is such a fact only of the dead.
pub const DECEASED: &str = "DECEASED";

fn internal(code: &str) -> Codes {
    Code::parse(System::Internal, code).map_or_else(|_| Codes::default(), |c| Codes::of(System::Internal, c))
}

fn birth(patient: &Patient, issued_on: Day) -> Unit {
    let when = When::at_date(patient.birth_date.as_deref(), issued_on);
    let absent = patient.birth_date.is_none().then_some(Uncertain::Unknown);
    Unit::moment(internal(BIRTHDATE), when).doubted(absent)
}

fn sex(patient: &Patient, issued_on: Day) -> Unit {
    let (name, doubt) = match patient.gender.as_deref() {
        Some("male") => ("MALE", None),
        Some("female") => ("FEMALE", None),
        Some("other") => ("OTHER", None),
        _ => ("UNKNOWN", Some(Uncertain::Unknown)),
    };
    let value = Code::parse(System::Internal, name).map_or(Value::UNKNOWN, |c| Value::coded(System::Internal, c));
    let when = When {
        since: issued_on,
        ..When::unknown(issued_on)
    };
    Unit::moment(internal(SEX), when)
        .measuring(Measure::of(value))
        .doubted(doubt)
}

fn death(patient: &Patient, issued_on: Day) -> Option<Unit> {
    let when = match (patient.deceased_boolean, patient.deceased_date_time.as_deref()) {
        (Some(true), _) => When::unknown(issued_on),
        (_, Some(text)) => When::at(Some(text), issued_on),
        _ => return None,
    };
    Some(Unit::moment(internal(DECEASED), when))
}

impl Readable for Patient {
    fn subject(&self) -> Option<&Reference> {
        None
    }

    fn read(&self, _: &Header, context: &Context<'_>) -> Result<Outcome, Problem> {
        one_form(
            "deceased",
            &[self.deceased_boolean.is_some(), self.deceased_date_time.is_some()],
        )?;
        let day = context.issued_on;
        let mut units = vec![birth(self, day), sex(self, day)];
        units.extend(death(self, day));
        Ok(Outcome::Units(units))
    }
}
