//! MedicationRequest at authoredOn, MedicationStatement over its effective time.

use super::{Readable, one_form, period, single};
use crate::import::dates::{Dated, When, until};
use crate::import::error::Problem;
use crate::import::fhir::{CodeableConcept, Header, Medication, MedicationRequest, MedicationStatement, Reference};
use crate::import::json;
use crate::import::reading::{Codes, Context, Outcome, Unit};
use crate::import::report::Uncertain;
use crate::import::status;

// The medication by its code, or by the code of the Medication that is referred to.
fn codes(
    concept: Option<&CodeableConcept>,
    reference: Option<&Reference>,
    header: &Header,
    context: &Context<'_>,
) -> Result<Codes, Problem> {
    one_form("medication", &[concept.is_some(), reference.is_some()])?;
    if concept.is_some() {
        return Ok(context.codes(concept));
    }
    let Some(target) = reference.and_then(|r| r.reference.as_deref()) else {
        return Ok(context.codes(None));
    };
    if let Some(id) = target.strip_prefix('#') {
        let contained: Option<Medication> = json::contained(header, "Medication", id)?;
        return Ok(context.codes(contained.and_then(|m| m.code).as_ref()));
    }
    let known = context.medications.get(&json::resolvable(target));
    Ok(context.codes(known))
}

impl Readable for MedicationRequest {
    fn subject(&self) -> Option<&Reference> {
        self.subject.as_ref()
    }

    fn read(&self, header: &Header, context: &Context<'_>) -> Result<Outcome, Problem> {
        let when = When::at(self.authored_on.as_deref(), context.issued_on);
        let concept = self.medication_codeable_concept.as_ref();
        let codes = codes(concept, self.medication_reference.as_ref(), header, context)?;
        let is_order = matches!(
            self.intent.as_deref(),
            Some("order" | "original-order" | "reflex-order" | "filler-order" | "instance-order")
        );
        let intent = (!is_order || self.do_not_perform == Some(true)).then_some(Uncertain::Intent);
        Ok(single(status::medication_request(self.status.as_deref()), |over| {
            let end = until(over, Dated::Absent, when.since, context.issued_on);
            Unit::moment(codes, when).ending(end).doubted(intent)
        }))
    }
}

impl Readable for MedicationStatement {
    fn subject(&self) -> Option<&Reference> {
        self.subject.as_ref()
    }

    fn read(&self, header: &Header, context: &Context<'_>) -> Result<Outcome, Problem> {
        one_form(
            "effective",
            &[self.effective_date_time.is_some(), self.effective_period.is_some()],
        )?;
        let (start, end) = period(self.effective_period.as_ref());
        let when = When::at(start.or(self.effective_date_time.as_deref()), context.issued_on);
        let concept = self.medication_codeable_concept.as_ref();
        let codes = codes(concept, self.medication_reference.as_ref(), header, context)?;
        Ok(single(status::medication_statement(self.status.as_deref()), |over| {
            let end = until(over, Dated::at(end), when.since, context.issued_on);
            Unit::moment(codes, when).ending(end)
        }))
    }
}
