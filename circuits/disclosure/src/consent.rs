//! §5.6: the consent and its signature.

use crate::known::Known;
use crate::policy::Policy;
use crate::record::Holder;
use crate::request::Request;
use ark_relations::gr1cs::SynthesisError;
use medproof_gadgets::edwards::Point;
use medproof_gadgets::wire::enforce_product;
use medproof_gadgets::{Cs, Wire, bits, eddsa, poseidon2, select};
use medproof_statement::Fr;
use medproof_statement::hash::Tag;
use medproof_statement::request::{Purpose, TIME_BITS};

/// Constraints of [`enforce`].
pub(crate) fn cost() -> usize {
    let times = 2 * bits::range_cost(TIME_BITS as usize);
    let signer = bits::IS_ZERO_COST + 2 * select::SELECT_COST;
    1 + times + poseidon2::hash_cost::<12>(8) + signer + eddsa::COST
}

/// The holder signed a consent to this audience, purpose, subject and scope, bound to this table
/// or this claim, valid while the request is. Returns the message that was signed.
///
/// Stops: a proof without consent, or with one given to somebody else, for another purpose, table
/// or time; the custodians' key used for anything but an emergency, and the holder's own for one.
pub(crate) fn enforce(
    cs: &Cs,
    known: Known<'_>,
    request: &Request,
    policy: &Policy,
    policy_digest: &Wire,
    holder: &Holder,
) -> Result<Wire, SynthesisError> {
    let bound = known.wire(cs, |w| w.consent.consent.bound.element())?;
    enforce_product(
        cs,
        &(&bound - policy_digest),
        &(&bound - &policy.header.claim_id),
        &Wire::zero(),
    )?;
    let not_before = known.wire(cs, |w| w.consent.consent.not_before.seconds().into())?;
    let not_after = known.wire(cs, |w| w.consent.consent.not_after.seconds().into())?;
    bits::enforce_range(cs, &(&request.requested_at - &not_before), TIME_BITS as usize)?;
    bits::enforce_range(cs, &(&not_after - &request.expires_at), TIME_BITS as usize)?;
    let grant_id = known.wire(cs, |w| w.consent.consent.grant_id)?;
    let elements = [
        &request.audience,
        &request.purpose,
        &request.subject,
        &bound,
        &request.scope,
        &not_before,
        &not_after,
        &grant_id,
    ]
    .map(Wire::clone);
    let message = poseidon2::hash::<12>(cs, Tag::Consent as u64, &elements)?;
    let signer = signer(cs, request, holder)?;
    let signature = known.get(|w| w.consent.signature);
    eddsa::enforce_verifies(cs, &signer, &message, || signature)?;
    Ok(message)
}

// emergency_pk exactly when the purpose is emergency treatment.
fn signer(cs: &Cs, request: &Request, holder: &Holder) -> Result<Point, SynthesisError> {
    let emergency_purpose = Wire::constant(Fr::from(Purpose::EmergencyTreatment as u64));
    let emergency = bits::is_equal(cs, &request.purpose, &emergency_purpose)?;
    Ok(Point {
        x: select::select(cs, &emergency, &holder.emergency_pk.x, &holder.pk.x)?,
        y: select::select(cs, &emergency, &holder.emergency_pk.y, &holder.pk.y)?,
    })
}
