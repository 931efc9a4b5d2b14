//! The disclosure circuit: the relation of `docs/statements/v1.md` §5 and §6 as R1CS.
//!
//! One source, four sizes ([`Tier`]). One block per equation, in the protocol's order; each says
//! which attack its constraints stop. The native twin is [`medproof_statement::check::check`]: a
//! witness satisfies one exactly when it satisfies the other.
//!
//! What the circuit takes for granted, because somebody else answers for it:
//! - the table behind `policy_digest` is a valid [`Table`](medproof_statement::policy::Table), since
//!   the verifier compiled it: a row's flags fit its other fields, a LATEST is about one concept;
//! - `request_digest` is of a request whose times are below 2^40, since the verifier made it;
//! - the leaves of a committed record are well-formed (each field within its width, `since ≤ date`,
//!   keys increasing): an issuer that commits to others could as well commit to false facts.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod consent;
mod known;
mod policy;
mod record;
mod request;
mod slot;
mod uniqueness;

use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, SynthesisError};
use known::Known;
use medproof_gadgets::{Cs, Wire};
use medproof_statement::Fr;
use medproof_statement::check::Witness;
use medproof_statement::public::PublicInputs;
use medproof_statement::tier::Tier;

/// Version of the circuit: changes whenever a tier's matrices do.
pub const CIRCUIT_VERSION: u32 = 1;

/// Each tier's size and matrix digest, in JSON: what synthesis gives, without synthesis. A test
/// requires that they agree.
pub const SHAPES: &str = include_str!("../shapes.json");

/// The circuit of a tier, with a witness or without.
#[derive(Clone, Copy)]
pub struct Disclosure<'w> {
    tier: Tier,
    known: Option<(PublicInputs, &'w Witness)>,
}

impl Disclosure<'static> {
    /// The circuit alone, for keys and matrices.
    #[must_use]
    pub const fn blank(tier: Tier) -> Self {
        Disclosure { tier, known: None }
    }
}

impl<'w> Disclosure<'w> {
    /// The circuit of the witness's tier with its assignment.
    ///
    /// Nothing is checked here: an assignment of a false statement leaves constraints unsatisfied.
    #[must_use]
    pub fn new(public: PublicInputs, witness: &'w Witness) -> Self {
        Disclosure {
            tier: witness.table.header().tier,
            known: Some((public, witness)),
        }
    }

    /// The tier.
    #[must_use]
    pub const fn tier(&self) -> Tier {
        self.tier
    }
}

/// Constraints of one slot: an opening, a row selected, the rules.
#[must_use]
pub fn slot_cost(tier: Tier) -> usize {
    slot::cost(tier.criteria())
}

/// Constraints of everything else.
#[must_use]
pub fn fixed_cost(tier: Tier) -> usize {
    record::cost()
        + policy::cost(tier.criteria())
        + slot::end_cost(tier.criteria())
        + request::cost()
        + consent::cost()
        + uniqueness::cost()
}

/// The public inputs as wires, allocated first and in the statement's order.
struct Inputs {
    registry_root: Wire,
    policy_digest: Wire,
    request_digest: Wire,
    nullifier: Wire,
    consent_handle: Wire,
}

impl Inputs {
    fn allocate(cs: &Cs, public: Option<&PublicInputs>) -> Result<Self, SynthesisError> {
        let values = public.map(PublicInputs::to_array);
        let input = |i: usize| Wire::input(cs, || values.map(|v| v[i]).ok_or(SynthesisError::AssignmentMissing));
        Ok(Inputs {
            registry_root: input(0)?,
            policy_digest: input(1)?,
            request_digest: input(2)?,
            nullifier: input(3)?,
            consent_handle: input(4)?,
        })
    }
}

impl ConstraintSynthesizer<Fr> for Disclosure<'_> {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let cs = &cs;
        let known = Known::new(self.known.as_ref().map(|(_, witness)| *witness));
        let inputs = Inputs::allocate(cs, self.known.as_ref().map(|(public, _)| public))?;
        let record = record::open(cs, known, &inputs.registry_root)?;
        let policy = policy::open(cs, known, self.tier, &inputs.policy_digest)?;
        record::enforce_header(cs, &record, &policy.header)?;
        let holds = slot::run(cs, known, self.tier, &policy, &record.facts_root)?;
        policy::enforce_clauses(cs, &policy, &holds)?;
        let request = request::open(cs, known, &policy.header, &inputs.request_digest)?;
        let consent = consent::enforce(cs, known, &request, &policy, &inputs.policy_digest, &record.holder)?;
        uniqueness::enforce_nullifier(cs, &record.holder.nk, &request.scope, &inputs.nullifier)?;
        uniqueness::enforce_handle(cs, &record.holder.nk, &consent, &inputs.consent_handle)
    }
}
