//! Coverage: its class as an internal code over its period, its value a member pseudonym.

use super::{Readable, period, single};
use crate::import::dates::{Dated, When, until};
use crate::import::error::Problem;
use crate::import::fhir::{Coverage, Header, Reference};
use crate::import::reading::{Codes, Context, Measure, Outcome, Standing, Unit};
use crate::import::report::{Uncertain, Unusable};
use crate::import::status;
use medproof_statement::concept::{Code, System};
use medproof_statement::value::Value;

/// The identifier system of keyed member pseudonyms: 16 lower-case hexadecimal digits.
const PSEUDONYM: &str = "urn:medproof:member-pseudonym";

/// The class of a coverage that stands; none where it is doubtful, left out, or not one class.
pub(crate) fn class_of(coverage: &Coverage, context: &Context<'_>) -> Option<Code> {
    match status::financial(coverage.status.as_deref()) {
        Standing::Stands { .. } => context.class(coverage.kind.as_ref()),
        _ => None,
    }
}

fn hexadecimal(text: &str) -> Option<u64> {
    let shape = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    shape.then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

fn pseudonyms(coverage: &Coverage) -> Measure {
    let given: Vec<_> = coverage
        .identifier
        .iter()
        .flatten()
        .filter(|i| i.system.as_deref() == Some(PSEUDONYM))
        .map(|i| match i.value.as_deref().and_then(hexadecimal) {
            Some(bits) => (Value::pseudonym(bits), None),
            None => (Value::UNKNOWN, Some(Uncertain::ValueForm)),
        })
        .collect();
    if given.is_empty() {
        return Measure::none();
    }
    Measure::Values(given)
}

impl Readable for Coverage {
    fn subject(&self) -> Option<&Reference> {
        self.beneficiary.as_ref()
    }

    fn read(&self, _: &Header, context: &Context<'_>) -> Result<Outcome, Problem> {
        let (start, end) = period(self.period.as_ref());
        let when = When::at(start, context.issued_on);
        let codes = context.class(self.kind.as_ref()).map_or_else(
            || Codes {
                usable: Vec::new(),
                unusable: vec![Unusable::UnknownSystem],
            },
            |class| Codes::of(System::Internal, class),
        );
        Ok(single(status::financial(self.status.as_deref()), |over| {
            let end = until(over, Dated::at(end), when.since, context.issued_on);
            Unit::moment(codes, when).ending(end).measuring(pseudonyms(self))
        }))
    }
}
