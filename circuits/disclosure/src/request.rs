//! §5.5: the request.

use crate::known::Known;
use crate::policy::Header;
use ark_relations::gr1cs::SynthesisError;
use medproof_gadgets::{Cs, Wire, poseidon2};
use medproof_statement::Fr;
use medproof_statement::hash::Tag;

/// Constraints of [`open`].
pub(crate) fn cost() -> usize {
    poseidon2::hash_cost::<12>(9) + 1
}

/// The request's wires that a consent binds.
pub(crate) struct Request {
    pub(crate) audience: Wire,
    pub(crate) purpose: Wire,
    pub(crate) subject: Wire,
    pub(crate) scope: Wire,
    pub(crate) requested_at: Wire,
    pub(crate) expires_at: Wire,
}

/// The request has `request_digest`, over the very claim_id and as_of of the policy's header.
///
/// Stops: a proof made for one request, audience, ledger, day or claim shown for another.
pub(crate) fn open(
    cs: &Cs,
    known: Known<'_>,
    header: &Header,
    request_digest: &Wire,
) -> Result<Request, SynthesisError> {
    let request = Request {
        audience: known.wire(cs, |w| w.request.audience)?,
        purpose: known.wire(cs, |w| Fr::from(w.request.purpose as u64))?,
        subject: known.wire(cs, |w| w.request.subject)?,
        scope: known.wire(cs, |w| w.request.scope)?,
        requested_at: known.wire(cs, |w| w.request.requested_at.seconds().into())?,
        expires_at: known.wire(cs, |w| w.request.expires_at.seconds().into())?,
    };
    let rest = known.wire(cs, |w| w.request.rest)?;
    let elements = [
        &request.audience,
        &request.purpose,
        &request.subject,
        &header.claim_id,
        &request.scope,
        &header.as_of,
        &request.requested_at,
        &request.expires_at,
        &rest,
    ]
    .map(Wire::clone);
    poseidon2::hash::<12>(cs, Tag::Request as u64, &elements)?.enforce_equal(cs, request_digest)?;
    Ok(request)
}
