//! Condition: code from onset (else recordedDate) to abatement.

use super::onset::Onset;
use super::{Readable, one_form, period, single};
use crate::import::dates::{Dated, until};
use crate::import::error::Problem;
use crate::import::fhir::{Condition, Header, Reference};
use crate::import::reading::{Context, Outcome, Unit};
use crate::import::report::Uncertain;
use crate::import::status;
use medproof_statement::day::Day;

fn abatement(c: &Condition) -> Result<Dated, Problem> {
    let words = [&c.abatement_age, &c.abatement_range, &c.abatement_string].map(Option::is_some);
    one_form(
        "abatement",
        &[
            c.abatement_date_time.is_some(),
            c.abatement_period.is_some(),
            words[0],
            words[1],
            words[2],
        ],
    )?;
    Ok(if c.abatement_period.is_some() {
        let (start, end) = period(c.abatement_period.as_ref());
        Dated::during(start, end)
    } else if words.contains(&true) {
        Dated::Words
    } else {
        Dated::at(c.abatement_date_time.as_deref())
    })
}

// An abatement of any form says that the condition is over (FHIR's con-4); without one and
// without a clinical status, nobody says whether it is.
fn end(over: Option<bool>, abated: Dated, since: Day, issued_on: Day) -> Result<Day, Uncertain> {
    match (over, abated) {
        (Some(false), Dated::Absent) => Ok(Day::OPEN),
        (Some(false), _) => Err(Uncertain::Contradiction),
        (None, Dated::Absent) => Err(Uncertain::End),
        (None, Dated::Words) => until(Some(true), abated, since, issued_on),
        _ => until(over, abated, since, issued_on),
    }
}

impl Readable for Condition {
    fn subject(&self) -> Option<&Reference> {
        self.subject.as_ref()
    }

    fn read(&self, _: &Header, context: &Context<'_>) -> Result<Outcome, Problem> {
        let onset = Onset {
            date_time: self.onset_date_time.as_deref(),
            period: self.onset_period.as_ref(),
            words: [&self.onset_age, &self.onset_range, &self.onset_string].map(Option::is_some),
            recorded: self.recorded_date.as_deref(),
        };
        let when = onset.when(context.issued_on)?;
        let abated = abatement(self)?;
        let standing = status::condition(self.clinical_status.as_ref(), self.verification_status.as_ref());
        Ok(single(standing, |over| {
            Unit::moment(context.codes(self.code.as_ref()), when).ending(end(
                over,
                abated,
                when.since,
                context.issued_on,
            ))
        }))
    }
}
