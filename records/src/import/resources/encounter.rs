//! Encounter: each of its types over its period.

use super::{Readable, period};
use crate::import::dates::{Dated, When, until};
use crate::import::error::Problem;
use crate::import::fhir::{Encounter, Header, Reference};
use crate::import::reading::{Context, Outcome, Standing, Unit};
use crate::import::status;

impl Readable for Encounter {
    fn subject(&self) -> Option<&Reference> {
        self.subject.as_ref()
    }

    fn read(&self, _: &Header, context: &Context<'_>) -> Result<Outcome, Problem> {
        let (over, doubt) = match status::encounter(self.status.as_deref()) {
            Standing::Out(why) => return Ok(Outcome::Out(why)),
            Standing::Stands { over } => (over, None),
            Standing::Doubtful(why) => (None, Some(why)),
        };
        let (start, end) = period(self.period.as_ref());
        let when = When::at(start, context.issued_on);
        let end = until(over, Dated::at(end), when.since, context.issued_on);
        let kinds = self.kinds.as_deref().unwrap_or_default();
        let codes = match kinds {
            [] => vec![context.codes(None)],
            kinds => kinds.iter().map(|k| context.codes(Some(k))).collect(),
        };
        let unit = |codes| Unit::moment(codes, when).ending(end).doubted(doubt);
        Ok(Outcome::Units(codes.into_iter().map(unit).collect()))
    }
}
