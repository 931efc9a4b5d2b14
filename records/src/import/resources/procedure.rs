//! Procedure: code from the start to the end of its performance.

use super::{Readable, one_form, period, single};
use crate::import::dates::{Dated, When, until};
use crate::import::error::Problem;
use crate::import::fhir::{Header, Procedure, Reference};
use crate::import::reading::{Context, Outcome, Unit};
use crate::import::status;

impl Readable for Procedure {
    fn subject(&self) -> Option<&Reference> {
        self.subject.as_ref()
    }

    fn read(&self, _: &Header, context: &Context<'_>) -> Result<Outcome, Problem> {
        let words = [&self.performed_string, &self.performed_age, &self.performed_range].map(Option::is_some);
        one_form(
            "performed",
            &[
                self.performed_date_time.is_some(),
                self.performed_period.is_some(),
                words[0],
                words[1],
                words[2],
            ],
        )?;
        let (start, end) = period(self.performed_period.as_ref());
        let moment = self.performed_date_time.as_deref();
        let when = When::at(start.or(moment), context.issued_on);
        Ok(single(status::procedure(self.status.as_deref()), |over| {
            let end = until(over, Dated::at(end.or(moment)), when.since, context.issued_on);
            Unit::moment(context.codes(self.code.as_ref()), when).ending(end)
        }))
    }
}
