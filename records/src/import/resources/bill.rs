//! Claim and ExplanationOfBenefit: each item at its serviced date, its value the coverage class.

use super::{Readable, class_of, modifier, one_form, period};
use crate::import::dates::When;
use crate::import::error::Problem;
use crate::import::fhir::{self, Coverage, Header, Insurance, Item, Reference};
use crate::import::json;
use crate::import::reading::{Bill, Context, Measure, Outcome, Standing, Unit, first};
use crate::import::report::Uncertain;
use crate::import::status;
use medproof_statement::concept::{Code, System};
use medproof_statement::value::Value;

/// A Claim; read as a type of its own, because only an explanation adjudicates.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Claim(fhir::Bill);

/// An ExplanationOfBenefit.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Explanation(fhir::Bill);

// The class of the one coverage in focus, if it can be read.
fn class(bill: &fhir::Bill, header: &Header, context: &Context<'_>) -> Result<Option<Code>, Problem> {
    let focal = |i: &&Insurance| i.focal == Some(true);
    let mut focal = bill.insurance.iter().flatten().filter(focal);
    let (Some(insurance), None) = (focal.next(), focal.next()) else {
        return Ok(None);
    };
    let reference = insurance.coverage.as_ref().and_then(|c| c.reference.as_deref());
    let (Some(target), None) = (reference, &insurance.modifier) else {
        return Ok(None);
    };
    let Some(id) = target.strip_prefix('#') else {
        return Ok(context.coverages.get(&json::resolvable(target)).copied().flatten());
    };
    let contained: Option<(Header, Coverage)> = json::contained_with_header(header, "Coverage", id)?;
    Ok(contained.and_then(|(header, coverage)| {
        let plain = header.modifier.is_none() && header.implicit_rules.is_none();
        let patient = bill.patient.as_ref().and_then(|p| p.reference.as_deref());
        let beneficiary = coverage.beneficiary.as_ref().and_then(|b| b.reference.as_deref());
        let own = beneficiary.is_none() || beneficiary == patient;
        (plain && own).then(|| class_of(&coverage, context)).flatten()
    }))
}

fn item_units(
    item: &Item,
    outer: (When, Option<Uncertain>),
    context: &Context<'_>,
    measure: &Measure,
) -> Result<Vec<Unit>, Problem> {
    one_form(
        "serviced",
        &[item.serviced_date.is_some(), item.serviced_period.is_some()],
    )?;
    let (start, _) = period(item.serviced_period.as_ref());
    let when = if item.serviced_period.is_some() {
        When::at(start, context.issued_on)
    } else if item.serviced_date.is_some() {
        When::at_date(item.serviced_date.as_deref(), context.issued_on)
    } else {
        outer.0
    };
    let doubt = first(outer.1, modifier(item.modifier.is_some()));
    let own = Unit::moment(context.codes(item.product_or_service.as_ref()), when)
        .measuring(measure.clone())
        .doubted(doubt);
    let mut units = vec![own];
    for part in item.detail.iter().chain(&item.sub_detail).flatten() {
        units.extend(item_units(part, (when, doubt), context, measure)?);
    }
    Ok(units)
}

fn units(
    bill: &fhir::Bill,
    doubt: Option<Uncertain>,
    header: &Header,
    context: &Context<'_>,
) -> Result<Vec<Unit>, Problem> {
    let measure = match class(bill, header, context)? {
        Some(class) => Measure::of(Value::coded(System::Internal, class)),
        None => Measure::unknown(Uncertain::CoverageClass),
    };
    let unknown = When::unknown(context.issued_on);
    let items = bill.item.iter().chain(&bill.add_item).flatten();
    let units: Vec<Vec<Unit>> = items
        .map(|item| item_units(item, (unknown, doubt), context, &measure))
        .collect::<Result<_, _>>()?;
    Ok(units.into_iter().flatten().collect())
}

// A bill that asks what would be covered is no service.
fn purpose(bill: &fhir::Bill) -> Option<Uncertain> {
    (bill.purpose.as_deref() != Some("claim")).then_some(Uncertain::Intent)
}

impl Readable for Claim {
    fn subject(&self) -> Option<&Reference> {
        self.0.patient.as_ref()
    }

    fn read(&self, header: &Header, context: &Context<'_>) -> Result<Outcome, Problem> {
        let doubt = match status::financial(self.0.status.as_deref()) {
            Standing::Out(why) => return Ok(Outcome::Out(why)),
            Standing::Doubtful(why) => Some(why),
            Standing::Stands { .. } => None,
        };
        let doubt = first(doubt, first(purpose(&self.0), Some(Uncertain::Unadjudicated)));
        Ok(Outcome::Bill(Bill::Claim, units(&self.0, doubt, header, context)?))
    }
}

impl Readable for Explanation {
    fn subject(&self) -> Option<&Reference> {
        self.0.patient.as_ref()
    }

    fn read(&self, header: &Header, context: &Context<'_>) -> Result<Outcome, Problem> {
        let doubt = match status::financial(self.0.status.as_deref()) {
            Standing::Out(why) => return Ok(Outcome::Out(why)),
            Standing::Doubtful(why) => Some(why),
            Standing::Stands { .. } => None,
        };
        let complete = self.0.outcome.as_deref() == Some("complete");
        let doubt = first(
            doubt,
            first(purpose(&self.0), (!complete).then_some(Uncertain::Unadjudicated)),
        );
        let claim = self.0.claim.as_ref().and_then(|c| c.reference.as_deref());
        let explains = Bill::Explains(claim.map(json::resolvable));
        Ok(Outcome::Bill(explains, units(&self.0, doubt, header, context)?))
    }
}
