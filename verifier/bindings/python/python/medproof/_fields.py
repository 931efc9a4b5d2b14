"""What was verified, as the schema of answers has it. Made by generate.py; do not edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Optional


@dataclass(frozen=True)
class Block:
    """As of which block roots and revocations were read."""

    hash: str
    number: int
    time: int
    """The block's. Seconds since 1970."""


def _block(found: Any) -> Block:
    return Block(
        hash=found["hash"],
        number=found["number"],
        time=found["time"],
    )


@dataclass(frozen=True)
class Ledger:
    """A ledger."""

    chain_id: int
    registry: str


def _ledger(found: Any) -> Ledger:
    return Ledger(
        chain_id=found["chain_id"],
        registry=found["registry"],
    )


@dataclass(frozen=True)
class Request:
    """The request's terms."""

    audience: str
    """Who asked."""
    endpoint: str
    """Where the answer went."""
    expires_at: int
    """Until when it could be answered. Seconds since 1970."""
    ledger: Ledger
    purpose: Literal["TREAT", "HRESCH", "HPAYMT", "PUBHLTH", "HOPERAT", "ETREAT"]
    """Why it was asked: codes of HL7 v3 ActReason."""
    requested_at: int
    """When it was made. Seconds since 1970."""
    scope_label: str
    """Within what no holder answers twice."""


def _request(found: Any) -> Request:
    return Request(
        audience=found["audience"],
        endpoint=found["endpoint"],
        expires_at=found["expires_at"],
        ledger=_ledger(found["ledger"]),
        purpose=found["purpose"],
        requested_at=found["requested_at"],
        scope_label=found["scope_label"],
    )


@dataclass(frozen=True)
class Criterion:
    """A criterion."""

    caveat: Optional[str]
    """What absence means here, where it is absence that is shown."""
    label: Optional[str]
    """The author's name for it."""
    path: str
    """Where it stands, as a JSON pointer into the claim's normal form."""
    sentence: str
    """One sentence."""


def _criterion(found: Any) -> Criterion:
    return Criterion(
        caveat=found["caveat"],
        label=found["label"],
        path=found["path"],
        sentence=found["sentence"],
    )


@dataclass(frozen=True)
class Clause:
    """A clause."""

    criteria: tuple[Criterion, ...]
    label: Optional[str]
    """The author's name for it."""
    rule: Optional[str]
    """How many must hold, where there are several."""


def _clause(found: Any) -> Clause:
    return Clause(
        criteria=tuple(_criterion(one) for one in found["criteria"]),
        label=found["label"],
        rule=found["rule"],
    )


@dataclass(frozen=True)
class Shown:
    """The claim in plain words."""

    clauses: tuple[Clause, ...]
    """What holds: all of these."""
    description: Optional[str]
    """What it is for, in the author's words."""
    learned: tuple[str, ...]
    """What the asker learns from a proof."""
    not_shown: tuple[str, ...]
    """What a proof does not show."""
    record: tuple[str, ...]
    """What was asked of the record itself."""
    title: str
    """What the claim is called."""


def _shown(found: Any) -> Shown:
    return Shown(
        clauses=tuple(_clause(one) for one in found["clauses"]),
        description=found["description"],
        learned=tuple(found["learned"]),
        not_shown=tuple(found["not_shown"]),
        record=tuple(found["record"]),
        title=found["title"],
    )


@dataclass(frozen=True)
class VerifiedFields:
    """A presentation that was checked."""

    as_of: str
    """For which day."""
    block: Block
    """As of which block roots and revocations were read."""
    claim_id: str
    """What was shown."""
    consent_handle: str
    """By which the holder can revoke the consent: watch the ledger for it."""
    development: bool
    """Whether anybody can forge proofs under the key: then this is evidence of nothing."""
    epoch: int
    """The number of the issuer's root."""
    issuer: str
    """Whose chart it is, by the ledger."""
    key_id: str
    """With which key it was checked."""
    nonce: str
    """The request's: a request that one answer was enough for is done with."""
    nullifier: str
    """The same for all answers of a holder in the scope, and for nobody else's: keep the pair, and refuse a second one."""
    registry_root: str
    """The registry that the record is in."""
    request: Request
    """The request's terms."""
    request_digest: str
    """Of the request that it answers."""
    scope: str
    """Within what the nullifier must not come twice."""
    shown: Shown
    """The claim in plain words."""
    subject: Optional[str]
    """About whom it was asked."""
    tier: Literal["XS", "S", "M", "L"]
    """By which size of circuit."""
    verified_at: int
    """When it was checked. Seconds since 1970."""


def verified_fields(found: Any) -> dict[str, Any]:
    return {
        "as_of": found["as_of"],
        "block": _block(found["block"]),
        "claim_id": found["claim_id"],
        "consent_handle": found["consent_handle"],
        "development": found["development"],
        "epoch": found["epoch"],
        "issuer": found["issuer"],
        "key_id": found["key_id"],
        "nonce": found["nonce"],
        "nullifier": found["nullifier"],
        "registry_root": found["registry_root"],
        "request": _request(found["request"]),
        "request_digest": found["request_digest"],
        "scope": found["scope"],
        "shown": _shown(found["shown"]),
        "subject": found["subject"],
        "tier": found["tier"],
        "verified_at": found["verified_at"],
    }
