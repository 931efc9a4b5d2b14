"""Sections 5.5 and 5.6: the request and the consent, and what is hashed into them."""

from dataclasses import dataclass

from sponge import CONSENT, REQUEST, digest, hash_of

TREAT, HRESCH, HPAYMT, PUBHLTH, HOPERAT, ETREAT = range(1, 7)


def field_bytes(value):
    """A field element inside a digest."""
    return value.to_bytes(32, "big")


def audience_of(identifier):
    """The audience of an identifier."""
    return digest("medproof/v1/audience", identifier.encode())


def ledger_of(chain_id, registry):
    """The ledger of a chain and a registry's address."""
    return digest("medproof/v1/ledger", chain_id.to_bytes(8, "big"), registry)


def scope_of(ledger, audience, label):
    """The scope of a label, to one audience on one ledger."""
    return digest("medproof/v1/scope", field_bytes(ledger), field_bytes(audience), label.encode())


def rest_of(nonce, ledger, key_id):
    """What else a request says."""
    return digest("medproof/v1/rest", nonce, field_bytes(ledger), key_id)


@dataclass(frozen=True)
class Request:
    """A verifier's request."""

    audience: int
    purpose: int
    subject: int
    scope: int
    requested_at: int
    expires_at: int
    rest: int

    def digest(self, header):
        """H_9, with the header's claim and day."""
        return hash_of(
            REQUEST,
            self.audience,
            self.purpose,
            self.subject,
            header.claim_id,
            self.scope,
            header.as_of,
            self.requested_at,
            self.expires_at,
            self.rest,
        )


@dataclass(frozen=True)
class Consent:
    """A holder's consent; audience, purpose, subject and scope are the request's."""

    bound_to: str
    bound: int
    not_before: int
    not_after: int
    grant_id: int
    r: tuple
    s: int

    def hash(self, request):
        """H_10."""
        return hash_of(
            CONSENT,
            request.audience,
            request.purpose,
            request.subject,
            self.bound,
            request.scope,
            self.not_before,
            self.not_after,
            self.grant_id,
        )
