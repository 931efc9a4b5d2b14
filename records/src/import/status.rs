//! Which statuses stand, which are doubted, which are left out.

use super::fhir::CodeableConcept;
use super::reading::Standing;
use super::report::{LeftOut, Uncertain};

const CONDITION_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const CONDITION_VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/condition-ver-status";
const ALLERGY_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const ALLERGY_VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";

const DOUBTFUL: Standing = Standing::Doubtful(Uncertain::Status);

const fn stands(over: bool) -> Standing {
    Standing::Stands { over: Some(over) }
}

const fn moment() -> Standing {
    Standing::Stands { over: None }
}

const fn error() -> Standing {
    Standing::Out(LeftOut::EnteredInError)
}

pub(crate) fn immunization(status: Option<&str>) -> Standing {
    match status {
        Some("completed") => moment(),
        Some("not-done") => Standing::Out(LeftOut::NotDone),
        Some("entered-in-error") => error(),
        _ => DOUBTFUL,
    }
}

pub(crate) fn observation(status: Option<&str>) -> Standing {
    match status {
        Some("final" | "amended" | "corrected") => moment(),
        Some("entered-in-error") => error(),
        _ => DOUBTFUL,
    }
}

pub(crate) fn medication_request(status: Option<&str>) -> Standing {
    match status {
        Some("active") => stands(false),
        Some("stopped" | "completed") => stands(true),
        Some("entered-in-error") => error(),
        _ => DOUBTFUL,
    }
}

pub(crate) fn medication_statement(status: Option<&str>) -> Standing {
    match status {
        Some("active") => stands(false),
        Some("stopped" | "completed") => stands(true),
        Some("not-taken") => Standing::Out(LeftOut::NotDone),
        Some("entered-in-error") => error(),
        _ => DOUBTFUL,
    }
}

pub(crate) fn procedure(status: Option<&str>) -> Standing {
    match status {
        Some("completed") => stands(true),
        Some("not-done") => Standing::Out(LeftOut::NotDone),
        Some("entered-in-error") => error(),
        _ => DOUBTFUL,
    }
}

pub(crate) fn encounter(status: Option<&str>) -> Standing {
    match status {
        Some("finished") => stands(true),
        Some("in-progress") => stands(false),
        Some("entered-in-error") => error(),
        _ => DOUBTFUL,
    }
}

/// Coverage, Claim and ExplanationOfBenefit: `active` is said of the resource, not of the cover.
pub(crate) fn financial(status: Option<&str>) -> Standing {
    match status {
        Some("active") => moment(),
        Some("entered-in-error") => error(),
        _ => DOUBTFUL,
    }
}

// The one code of this system; `Err` where there is something else, or two that differ.
fn code_in<'a>(concept: Option<&'a CodeableConcept>, system: &str) -> Result<Option<&'a str>, ()> {
    let Some(concept) = concept else { return Ok(None) };
    let codings = concept.coding.as_deref().unwrap_or_default();
    let mut codes = codings
        .iter()
        .filter(|c| c.system.as_deref() == Some(system))
        .map(|c| c.code.as_deref());
    let first = codes.next().flatten().ok_or(())?;
    codes.all(|c| c == Some(first)).then_some(Some(first)).ok_or(())
}

// R4 requires no verification status: where there is none, the record stands as it is.
fn verification(concept: Option<&CodeableConcept>, system: &str) -> Standing {
    match code_in(concept, system) {
        Ok(None | Some("confirmed")) => moment(),
        Ok(Some("entered-in-error")) => error(),
        Ok(Some("refuted")) => Standing::Out(LeftOut::Refuted),
        _ => Standing::Doubtful(Uncertain::Verification),
    }
}

fn both(verification: Standing, clinical: Standing) -> Standing {
    match verification {
        Standing::Stands { .. } => clinical,
        other => other,
    }
}

/// `over` is unknown where no clinical status is given: then the abatement must say it.
pub(crate) fn condition(clinical: Option<&CodeableConcept>, verified: Option<&CodeableConcept>) -> Standing {
    let clinical = match code_in(clinical, CONDITION_CLINICAL) {
        Ok(None) => moment(),
        Ok(Some("active" | "recurrence" | "relapse")) => stands(false),
        Ok(Some("inactive" | "remission" | "resolved")) => stands(true),
        _ => DOUBTFUL,
    };
    both(verification(verified, CONDITION_VERIFICATION), clinical)
}

/// R4 requires a clinical status of every allergy that was not entered in error.
pub(crate) fn allergy(clinical: Option<&CodeableConcept>, verified: Option<&CodeableConcept>) -> Standing {
    let clinical = match code_in(clinical, ALLERGY_CLINICAL) {
        Ok(Some("active")) => stands(false),
        Ok(Some("inactive" | "resolved")) => stands(true),
        _ => DOUBTFUL,
    };
    both(verification(verified, ALLERGY_VERIFICATION), clinical)
}
