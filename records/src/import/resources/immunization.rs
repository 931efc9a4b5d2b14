//! Immunization: vaccineCode at occurrence.

use super::{Readable, one_form, single};
use crate::import::dates::When;
use crate::import::error::Problem;
use crate::import::fhir::{Header, Immunization, Reference};
use crate::import::reading::{Context, Outcome, Unit};
use crate::import::report::Uncertain;
use crate::import::status;

impl Readable for Immunization {
    fn subject(&self) -> Option<&Reference> {
        self.patient.as_ref()
    }

    fn read(&self, _: &Header, context: &Context<'_>) -> Result<Outcome, Problem> {
        one_form(
            "occurrence",
            &[self.occurrence_date_time.is_some(), self.occurrence_string.is_some()],
        )?;
        let when = When::at(self.occurrence_date_time.as_deref(), context.issued_on);
        let subpotent = (self.is_subpotent == Some(true)).then_some(Uncertain::Subpotent);
        Ok(single(status::immunization(self.status.as_deref()), |_| {
            Unit::moment(context.codes(self.vaccine_code.as_ref()), when).doubted(subpotent)
        }))
    }
}
