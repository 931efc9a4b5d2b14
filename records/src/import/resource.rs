//! One resource of any type: read, with its header, its subject and what it says.

use super::error::Problem;
use super::fhir::{self, Header};
use super::json::{self, Fault};
use super::reading::{Context, Outcome, Type};
use super::resources::{Claim, Explanation, Readable};
use medproof_statement::concept::Kind;

/// The longest id that is kept (FHIR allows 64; a fullUrl may be longer).
const MAX_ID: usize = 256;

/// A resource as read.
#[derive(Debug)]
pub(crate) struct Resource {
    pub kind: Type,
    pub id: String,
    /// References by which others may name it.
    pub names: Vec<String>,
    /// Whose it is, as a resolvable reference.
    pub subject: Option<String>,
    /// Whether its meaning may be other than it seems.
    pub modified: bool,
    /// Kinds of facts of which it contains resources that are only read on their own.
    pub contained: Vec<Kind>,
    pub outcome: Outcome,
}

/// An id that is there and not too long.
pub(crate) fn id(header: &Header, full_url: Option<&str>) -> Result<String, Problem> {
    let id = header.id.as_deref().or(full_url).ok_or(Problem::NoId)?;
    if id.is_empty() || id.len() > MAX_ID {
        return Err(Problem::NoId);
    }
    Ok(id.to_owned())
}

fn as_type<T: Readable>(
    raw: &[u8],
    header: &Header,
    context: &Context<'_>,
) -> Result<(Option<String>, Outcome), Fault> {
    let resource: T = json::read(raw)?;
    let subject = resource.subject().and_then(|s| s.reference.as_deref());
    Ok((subject.map(json::resolvable), resource.read(header, context)?))
}

// Contained coverages and medications are read where they are referred to; anything else that
// would be a fact on its own would be lost without a word.
fn contained(header: &Header) -> Result<Vec<Kind>, Fault> {
    let mut kinds = Vec::new();
    for raw in header.contained.iter().flatten() {
        let inner: Header = json::read(raw.get().as_bytes()).map_err(|f| f.problem)?;
        let kind = inner.resource_type.as_deref().and_then(Type::from_name);
        if !matches!(kind, Some(Type::Coverage | Type::Medication | Type::Patient) | None) {
            kinds.extend(kind.and_then(Type::kind));
        }
    }
    Ok(kinds)
}

/// Reads a resource of a type that makes facts; `None` for [`Type::Medication`].
pub(crate) fn read(
    kind: Type,
    raw: &[u8],
    header: &Header,
    id: String,
    names: Vec<String>,
    context: &Context<'_>,
) -> Result<Option<Resource>, Fault> {
    let (subject, outcome) = match kind {
        Type::Patient => as_type::<fhir::Patient>(raw, header, context)?,
        Type::Immunization => as_type::<fhir::Immunization>(raw, header, context)?,
        Type::Condition => as_type::<fhir::Condition>(raw, header, context)?,
        Type::Observation => as_type::<fhir::Observation>(raw, header, context)?,
        Type::AllergyIntolerance => as_type::<fhir::AllergyIntolerance>(raw, header, context)?,
        Type::MedicationRequest => as_type::<fhir::MedicationRequest>(raw, header, context)?,
        Type::MedicationStatement => as_type::<fhir::MedicationStatement>(raw, header, context)?,
        Type::Procedure => as_type::<fhir::Procedure>(raw, header, context)?,
        Type::Encounter => as_type::<fhir::Encounter>(raw, header, context)?,
        Type::Coverage => as_type::<fhir::Coverage>(raw, header, context)?,
        Type::Claim => as_type::<Claim>(raw, header, context)?,
        Type::ExplanationOfBenefit => as_type::<Explanation>(raw, header, context)?,
        Type::Medication => return Ok(None),
    };
    Ok(Some(Resource {
        kind,
        id,
        names,
        subject,
        modified: header.modifier.is_some() || header.implicit_rules.is_some(),
        contained: contained(header)?,
        outcome,
    }))
}
