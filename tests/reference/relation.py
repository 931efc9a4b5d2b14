"""Section 5: the relation."""

from dataclasses import dataclass, fields

import eddsa
from messages import ETREAT, Consent, Request
from policy import Policy
from records import REGISTRY_DEPTH, Record
from refusal import demand
from slots import clauses_hold, held_criteria
from sponge import HANDLE, NULLIFIER, REVOKE, hash_of
from tree import Path


@dataclass(frozen=True)
class Public:
    """The public inputs, in the order of the page."""

    registry_root: int
    policy_digest: int
    request_digest: int
    nullifier: int
    consent_handle: int


SECTIONS = {
    "registry_root": "5.1 membership",
    "policy_digest": "5.4 policy digest",
    "request_digest": "5.5 request",
    "nullifier": "5.7 nullifier",
    "consent_handle": "5.8 handle",
}


@dataclass(frozen=True)
class Witness:
    """What the prover knows."""

    record: Record
    position: Path
    policy: Policy
    request: Request
    consent: Consent
    slots: tuple


def public_inputs(witness):
    """The public inputs that belong to a witness."""
    record, consent, request = witness.record, witness.consent, witness.request
    return Public(
        registry_root=witness.position.root(record.commitment(), REGISTRY_DEPTH, "5.1"),
        policy_digest=witness.policy.digest(),
        request_digest=request.digest(witness.policy.header),
        nullifier=hash_of(NULLIFIER, record.nk, request.scope),
        consent_handle=hash_of(HANDLE, hash_of(REVOKE, record.nk, consent.hash(request))),
    )


def demand_opening(record, header):
    """5.2, beyond the commitment itself."""
    demand(record.schema == header.schema, "5.2 schema")
    demand(header.issued_min <= record.issued_on <= header.as_of, "5.2 issued_on")
    demand(header.required_coverage & ~record.coverage == 0, "5.2 coverage")


def demand_consent(witness):
    """5.6."""
    record, request, consent = witness.record, witness.request, witness.consent
    header = witness.policy.header
    bound = witness.policy.digest() if consent.bound_to == "policy" else header.claim_id
    demand(consent.bound == bound, "5.6 bound")
    demand(consent.not_before <= request.requested_at, "5.6 not_before")
    demand(request.expires_at <= consent.not_after, "5.6 not_after")
    key = record.emergency_pk if request.purpose == ETREAT else record.pk
    why = eddsa.refusal(key, consent.hash(request), consent.r, consent.s)
    demand(why is None, f"5.6 signature: {why}")


def demand_relation(public, witness):
    """Refuses unless the relation holds between the public inputs and the witness."""
    belonging = public_inputs(witness)
    for field in fields(Public):
        demand(getattr(public, field.name) == getattr(belonging, field.name), SECTIONS[field.name])
    demand_opening(witness.record, witness.policy.header)
    held = held_criteria(witness.policy, witness.record.facts_root, witness.slots)
    demand(clauses_hold(witness.policy.rows, held), "5.4 clauses")
    demand_consent(witness)
