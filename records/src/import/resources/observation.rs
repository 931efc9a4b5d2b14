//! Observation: code and value at effective time; each component likewise.

use super::{Readable, modifier, one_form, period};
use crate::import::dates::When;
use crate::import::error::Problem;
use crate::import::fhir::{CodeableConcept, Component, Header, Observation, Quantity, Reference};
use crate::import::reading::{Context, Measure, Outcome, Standing, Unit, first};
use crate::import::report::Uncertain;
use crate::import::status;
use medproof_statement::value::Value;

const UCUM: &str = "http://unitsofmeasure.org";

// The forms of value[x], of an observation or of a component.
struct Valued<'a> {
    quantity: Option<&'a Quantity>,
    coded: Option<&'a CodeableConcept>,
    boolean: Option<bool>,
    // Text, integer, range, ratio, sampled data, time, dateTime, period.
    others: [bool; 8],
    absent: bool,
}

macro_rules! valued {
    ($o:expr) => {
        Valued {
            quantity: $o.value_quantity.as_ref(),
            coded: $o.value_codeable_concept.as_ref(),
            boolean: $o.value_boolean,
            others: [
                &$o.value_string,
                &$o.value_integer,
                &$o.value_range,
                &$o.value_ratio,
                &$o.value_sampled_data,
                &$o.value_time,
                &$o.value_date_time,
                &$o.value_period,
            ]
            .map(Option::is_some),
            absent: $o.data_absent_reason.is_some(),
        }
    };
}

fn quantity(q: &Quantity) -> Measure {
    let Some(number) = &q.value else {
        return Measure::unknown(Uncertain::NoNumber);
    };
    if q.comparator.is_some() {
        return Measure::unknown(Uncertain::Comparator);
    }
    match (q.system.as_deref(), q.code.as_deref()) {
        (_, None) => Measure::unknown(Uncertain::NoUnit),
        (Some(UCUM), Some(unit)) => Measure::Quantity {
            number: number.0.clone(),
            unit: unit.to_owned(),
        },
        _ => Measure::unknown(Uncertain::Unit),
    }
}

fn coded(concept: &CodeableConcept, context: &Context<'_>) -> Measure {
    let codes = context.codes(Some(concept)).usable;
    if codes.is_empty() {
        return Measure::unknown(Uncertain::ValueCode);
    }
    Measure::Values(codes.into_iter().map(|(s, c)| (Value::coded(s, c), None)).collect())
}

impl Valued<'_> {
    fn measure(&self, context: &Context<'_>) -> Result<Measure, Problem> {
        let mut forms = vec![self.quantity.is_some(), self.coded.is_some(), self.boolean.is_some()];
        forms.extend(self.others);
        one_form("value", &forms)?;
        // A reason for absence is said of a value that is not there; with one, it contradicts it.
        if self.absent {
            return Ok(Measure::unknown(Uncertain::Absent));
        }
        Ok(match (self.quantity, self.coded, self.boolean) {
            (Some(q), _, _) => quantity(q),
            (_, Some(c), _) => coded(c, context),
            (_, _, Some(b)) => Measure::of(Value::boolean(b)),
            _ if self.others.contains(&true) => Measure::unknown(Uncertain::ValueForm),
            _ => Measure::none(),
        })
    }
}

fn effective(o: &Observation, context: &Context<'_>) -> Result<When, Problem> {
    one_form(
        "effective",
        &[
            o.effective_date_time.is_some(),
            o.effective_instant.is_some(),
            o.effective_period.is_some(),
            o.effective_timing.is_some(),
        ],
    )?;
    Ok(if o.effective_period.is_some() {
        let (start, end) = period(o.effective_period.as_ref());
        When::during(start, end, context.issued_on)
    } else {
        let text = o.effective_date_time.as_deref().or(o.effective_instant.as_deref());
        When::at(text, context.issued_on)
    })
}

fn component(c: &Component, when: When, context: &Context<'_>) -> Result<Unit, Problem> {
    Ok(Unit::moment(context.codes(c.code.as_ref()), when)
        .measuring(valued!(c).measure(context)?)
        .doubted(modifier(c.modifier.is_some())))
}

impl Readable for Observation {
    fn subject(&self) -> Option<&Reference> {
        self.subject.as_ref()
    }

    fn read(&self, _: &Header, context: &Context<'_>) -> Result<Outcome, Problem> {
        let doubt = match status::observation(self.status.as_deref()) {
            Standing::Out(why) => return Ok(Outcome::Out(why)),
            Standing::Stands { .. } => None,
            Standing::Doubtful(why) => Some(why),
        };
        let focus = self.focus.as_ref().map(|_| Uncertain::Subject);
        let doubt = first(doubt, focus);
        let when = effective(self, context)?;
        let own = Unit::moment(context.codes(self.code.as_ref()), when).measuring(valued!(self).measure(context)?);
        let mut units = vec![own.doubted(doubt)];
        for part in self.component.iter().flatten() {
            units.push(component(part, when, context)?.doubted(doubt));
        }
        Ok(Outcome::Units(units))
    }
}
