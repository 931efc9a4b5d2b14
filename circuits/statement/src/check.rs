//! The relation, natively: what a proof says, equation by equation.

use crate::Fr;
use crate::consent::{Bound, SignedConsent};
use crate::machine::{self, Slot, SlotError};
use crate::policy::Table;
use crate::public::PublicInputs;
use crate::record::RecordOpening;
use crate::request::{Purpose, Request};
use crate::tree::{Path, REGISTRY_DEPTH};
use alloc::vec::Vec;
use core::fmt;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// All that the prover knows.
#[derive(Clone)]
pub struct Witness {
    /// The record.
    pub record: RecordOpening,
    /// Where it is in the registry.
    pub position: Path<REGISTRY_DEPTH>,
    /// The policy's table.
    pub table: Table,
    /// The request.
    pub request: Request,
    /// What the holder signed.
    pub consent: SignedConsent,
    /// Openings that show the table, as many as the tier has slots.
    pub slots: Zeroizing<Vec<Slot>>,
}

/// Shows nothing: all of it is the prover's secret.
impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witness(…)")
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.record.zeroize();
        self.position.zeroize();
    }
}

impl ZeroizeOnDrop for Witness {}

/// The equation of §5 that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Violation {
    /// 1: the record is not in the registry.
    #[error("membership: the record is not in the tree with registry_root")]
    Membership,
    /// 2: the schema is another.
    #[error("opening: the record's schema is not the policy's")]
    Schema,
    /// 2: issued too early, or after as_of.
    #[error("opening: the record was not issued between issued_min and as_of")]
    IssuedOn,
    /// 2: the chart is not complete where the policy needs it.
    #[error("opening: the record lacks coverage that the policy requires")]
    Coverage,
    /// 4: the digest is another's.
    #[error("policy: the table does not have policy_digest")]
    PolicyDigest,
    /// 4: not as many slots as the tier has.
    #[error("policy: expected {expected} slots, found {found}")]
    SlotCount {
        /// Of the tier.
        expected: usize,
        /// Given.
        found: usize,
    },
    /// 4: a slot breaks a rule.
    #[error("policy: {0}")]
    Slot(#[from] SlotError),
    /// 4: a clause does not hold.
    #[error("policy: a clause does not hold")]
    Clause,
    /// 5: the digest is another's.
    #[error("request: the request does not have request_digest")]
    RequestDigest,
    /// 6: bound to another table or claim.
    #[error("consent: bound to neither this table nor this claim")]
    Bound,
    /// 6: not yet, or no longer, valid.
    #[error("consent: the request is not within the consent's time")]
    ConsentTime,
    /// 6: not signed by whom this purpose takes.
    #[error("consent: the signature does not verify under the key that the purpose takes")]
    Signature,
    /// 7: another's, or for another scope.
    #[error("nullifier: not H_nullifier(nk, scope)")]
    Nullifier,
    /// 8: another consent's.
    #[error("handle: not H_handle(H_revoke(nk, consent))")]
    Handle,
}

/// The public inputs that this witness proves, were the relation to hold.
pub fn public_inputs(witness: &Witness) -> Option<PublicInputs> {
    let header = witness.table.header();
    let message = witness.consent.consent.message(&witness.request);
    Some(PublicInputs {
        registry_root: witness.position.root(witness.record.commit())?,
        policy_digest: witness.table.digest(),
        request_digest: witness.request.digest(header.claim_id, header.as_of),
        nullifier: witness.record.holder.nullifier(witness.request.scope),
        consent_handle: witness.record.holder.handle(message),
    })
}

/// Checks the whole relation.
///
/// # Errors
/// The first [`Violation`], in the order of the protocol.
pub fn check(public: &PublicInputs, witness: &Witness) -> Result<(), Violation> {
    membership(public, witness)?;
    opening(witness)?;
    policy(public, witness)?;
    request(public, witness)?;
    let message = consent(witness)?;
    let holder = &witness.record.holder;
    ensure(
        public.nullifier == holder.nullifier(witness.request.scope),
        Violation::Nullifier,
    )?;
    ensure(public.consent_handle == holder.handle(message), Violation::Handle)
}

fn ensure(holds: bool, violation: Violation) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(violation) }
}

fn membership(public: &PublicInputs, witness: &Witness) -> Result<(), Violation> {
    let root = witness.position.root(witness.record.commit());
    ensure(root == Some(public.registry_root), Violation::Membership)
}

fn opening(witness: &Witness) -> Result<(), Violation> {
    let (record, header) = (&witness.record, witness.table.header());
    ensure(record.schema == header.schema, Violation::Schema)?;
    let in_time = header.issued_min <= record.issued_on && record.issued_on <= header.as_of;
    ensure(in_time, Violation::IssuedOn)?;
    ensure(
        header.required_coverage.is_subset_of(record.coverage),
        Violation::Coverage,
    )
}

fn policy(public: &PublicInputs, witness: &Witness) -> Result<(), Violation> {
    let table = &witness.table;
    ensure(table.digest() == public.policy_digest, Violation::PolicyDigest)?;
    let (expected, found) = (table.header().tier.slots(), witness.slots.len());
    ensure(expected == found, Violation::SlotCount { expected, found })?;
    let holds = machine::run(table, witness.record.facts_root, &witness.slots)?;
    ensure(table.clauses_hold(&holds), Violation::Clause)
}

fn request(public: &PublicInputs, witness: &Witness) -> Result<(), Violation> {
    let header = witness.table.header();
    let digest = witness.request.digest(header.claim_id, header.as_of);
    ensure(digest == public.request_digest, Violation::RequestDigest)
}

// Returns the message that was signed.
fn consent(witness: &Witness) -> Result<Fr, Violation> {
    let (request, signed) = (&witness.request, &witness.consent);
    let consent = &signed.consent;
    ensure(bound_holds(&consent.bound, &witness.table), Violation::Bound)?;
    let in_time = consent.not_before <= request.requested_at && request.expires_at <= consent.not_after;
    ensure(in_time, Violation::ConsentTime)?;
    let holder = &witness.record.holder;
    let emergency = request.purpose == Purpose::EmergencyTreatment;
    let signer = if emergency { &holder.emergency_pk } else { &holder.pk };
    let message = consent.message(request);
    signer
        .verify(message, &signed.signature)
        .map_err(|_| Violation::Signature)?;
    Ok(message)
}

fn bound_holds(bound: &Bound, table: &Table) -> bool {
    match bound {
        Bound::Policy(digest) => *digest == table.digest(),
        Bound::Claim(id) => *id == table.header().claim_id,
    }
}
