//! AllergyIntolerance: code from onset (else recordedDate). Its end is never dated.

use super::onset::Onset;
use super::{Readable, single};
use crate::import::dates::{Dated, until};
use crate::import::error::Problem;
use crate::import::fhir::{AllergyIntolerance, Header, Reference};
use crate::import::reading::{Context, Outcome, Unit};
use crate::import::status;

impl Readable for AllergyIntolerance {
    fn subject(&self) -> Option<&Reference> {
        self.patient.as_ref()
    }

    fn read(&self, _: &Header, context: &Context<'_>) -> Result<Outcome, Problem> {
        let onset = Onset {
            date_time: self.onset_date_time.as_deref(),
            period: self.onset_period.as_ref(),
            words: [&self.onset_age, &self.onset_range, &self.onset_string].map(Option::is_some),
            recorded: self.recorded_date.as_deref(),
        };
        let when = onset.when(context.issued_on)?;
        let standing = status::allergy(self.clinical_status.as_ref(), self.verification_status.as_ref());
        Ok(single(standing, |over| {
            let end = until(over, Dated::Absent, when.since, context.issued_on);
            Unit::moment(context.codes(self.code.as_ref()), when).ending(end)
        }))
    }
}
