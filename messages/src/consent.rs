//! The consent: what a holder grants, to whom, for how long, with the holder's signature.

use crate::did::{Did, DidError};
use crate::encoding::{FieldHex, Hex};
use crate::json::{self, JsonError, Wire};
use crate::request::{LedgerWire, VerifiedRequest, purpose, time};
use crate::terms::{ConsentKind, Ledger, ScopeLabel, Subject, TermError};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use medproof_statement::Fr;
use medproof_statement::consent::{Bound, Consent, SignedConsent};
use medproof_statement::eddsa::{EddsaError, PublicKey, Signature, SigningKey};
use medproof_statement::request::{Purpose, Request, Time, audience_id, scope_id};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why something is not a consent to a request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConsentError {
    /// The JSON is not a consent's.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A field's value is none.
    #[error(transparent)]
    Term(#[from] TermError),
    /// The audience is none.
    #[error(transparent)]
    Did(#[from] DidError),
    /// The signature is none, or not this key's over this consent.
    #[error("consent signature: {0}")]
    Signature(#[from] EddsaError),
    /// Given to another request: who asks, why, about whom, what, or within what, differs.
    #[error("the consent's {field} is not the request's: ask the holder for a consent to this request")]
    Differs {
        /// Which field.
        field: &'static str,
    },
    /// It does not last as long as the request is open.
    #[error(
        "expected a consent from {requested_at} or before until {expires_at} or after, found one from {not_before} \
         until {not_after}: ask for one that covers the request"
    )]
    Period {
        /// When the request was made.
        requested_at: u64,
        /// Until when it may be answered.
        expires_at: u64,
        /// From when the consent holds.
        not_before: u64,
        /// Until when.
        not_after: u64,
    },
}

impl ConsentError {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            ConsentError::Json(error) => error.code(),
            ConsentError::Term(_) => "consent.value",
            ConsentError::Did(error) => error.code(),
            ConsentError::Signature(_) => "consent.signature",
            ConsentError::Differs { .. } => "consent.differs",
            ConsentError::Period { .. } => "consent.period",
        }
    }
}

/// What the holder decides about a request; the rest is the request's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// This table once, or this claim whatever the day.
    pub kind: ConsentKind,
    /// From when.
    pub not_before: Time,
    /// Until when.
    pub not_after: Time,
    /// A field element of a cryptographic generator: tells two grants apart.
    pub grant_id: Fr,
}

/// A consent as it is kept and sent, with all that it is about. Well-formed; whose signature it
/// is, [`ConsentMessage::verify`] tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentMessage {
    audience: Did,
    purpose: Purpose,
    subject: Option<Subject>,
    ledger: Ledger,
    scope: ScopeLabel,
    signed: SignedConsent,
}

impl ConsentMessage {
    /// Grants what a request asks.
    ///
    /// # Errors
    /// [`ConsentError::Period`] where the grant does not cover the request.
    pub fn sign(request: &VerifiedRequest, grant: &Grant, key: &SigningKey) -> Result<ConsentMessage, ConsentError> {
        let consent = consent(request, grant);
        let signature = key.sign(consent.message(request.statement()));
        let message = assemble(request, consent, signature);
        message.covers(request)?;
        Ok(message)
    }

    /// The element that is signed, for a signature that is made elsewhere: by a wallet, or by
    /// custodians together.
    pub fn message_of(request: &VerifiedRequest, grant: &Grant) -> Fr {
        consent(request, grant).message(request.statement())
    }

    /// A consent with a signature that was made elsewhere.
    ///
    /// # Errors
    /// As [`ConsentMessage::sign`], and where the signature is not this key's.
    pub fn with_signature(
        request: &VerifiedRequest,
        grant: &Grant,
        key: &PublicKey,
        signature: Signature,
    ) -> Result<ConsentMessage, ConsentError> {
        let message = assemble(request, consent(request, grant), signature);
        message.verify(request, key)?;
        Ok(message)
    }

    /// Checks that it grants this request, by this key: the holder's, or the custodians' for
    /// emergency treatment.
    ///
    /// # Errors
    /// [`ConsentError`] names what differs.
    pub fn verify(&self, request: &VerifiedRequest, key: &PublicKey) -> Result<&SignedConsent, ConsentError> {
        self.covers(request)?;
        key.verify(self.message(), &self.signed.signature)?;
        Ok(&self.signed)
    }

    /// H_consent(…): what was signed, and from which nullifier keys derive the handle.
    pub fn message(&self) -> Fr {
        let audience = audience_id(&self.audience.to_string());
        self.signed.consent.message(&Request {
            audience,
            purpose: self.purpose,
            subject: self.subject.map_or(Fr::from(0u64), |s| s.element()),
            scope: scope_id(self.ledger.id(), audience, self.scope.as_str()),
            // No consent's message depends on these.
            requested_at: self.signed.consent.not_before,
            expires_at: self.signed.consent.not_after,
            rest: Fr::from(0u64),
        })
    }

    /// The consent with its signature.
    pub const fn signed(&self) -> &SignedConsent {
        &self.signed
    }

    /// To whom.
    pub const fn audience(&self) -> &Did {
        &self.audience
    }

    /// For what.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Within what.
    pub const fn scope(&self) -> &ScopeLabel {
        &self.scope
    }

    /// Where it can be revoked.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn covers(&self, request: &VerifiedRequest) -> Result<(), ConsentError> {
        let (body, consent) = (request.body(), &self.signed.consent);
        let bound = match consent.bound {
            Bound::Policy(_) => request.bound(ConsentKind::Once),
            Bound::Claim(_) => request.bound(ConsentKind::Standing),
        };
        let same = [
            ("audience", self.audience == body.audience),
            ("purpose", self.purpose == body.purpose),
            ("subject", self.subject == body.subject),
            ("ledger", self.ledger == body.ledger),
            ("scope", self.scope == body.scope),
            ("claim or policy", consent.bound == bound),
        ];
        if let Some((field, _)) = same.into_iter().find(|(_, same)| !same) {
            return Err(ConsentError::Differs { field });
        }
        if consent.not_before > body.requested_at || body.expires_at > consent.not_after {
            return Err(ConsentError::Period {
                requested_at: body.requested_at.seconds(),
                expires_at: body.expires_at.seconds(),
                not_before: consent.not_before.seconds(),
                not_after: consent.not_after.seconds(),
            });
        }
        Ok(())
    }

    /// Reads the canonical JSON.
    ///
    /// # Errors
    /// [`ConsentError`]; the signature is checked by [`ConsentMessage::verify`].
    pub fn from_json(bytes: &[u8]) -> Result<ConsentMessage, ConsentError> {
        let wire: ConsentWire = json::read(bytes)?;
        let bound = match wire.bound_to.as_str() {
            "policy" => Bound::Policy(wire.bound.0),
            "claim" => Bound::Claim(wire.bound.0),
            other => {
                let found = crate::encoding::shown(other);
                return Err(TermError {
                    field: "bound_to",
                    expected: "policy or claim",
                    found,
                }
                .into());
            }
        };
        let consent = Consent {
            bound,
            not_before: time("not_before", wire.not_before)?,
            not_after: time("not_after", wire.not_after)?,
            grant_id: wire.grant_id.0,
        };
        Ok(ConsentMessage {
            audience: Did::parse(&wire.audience)?,
            purpose: purpose(&wire.purpose)?,
            subject: wire.subject.map(|s| Subject::new(s.0)).transpose()?,
            ledger: wire.ledger.read()?,
            scope: ScopeLabel::parse(&wire.scope)?,
            signed: SignedConsent {
                consent,
                signature: Signature::from_bytes(&wire.signature.0)?,
            },
        })
    }

    /// The canonical JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let consent = &self.signed.consent;
        json::write(&ConsentWire {
            audience: self.audience.to_string(),
            bound: FieldHex(consent.bound.element()),
            bound_to: String::from(match consent.bound {
                Bound::Policy(_) => "policy",
                Bound::Claim(_) => "claim",
            }),
            grant_id: FieldHex(consent.grant_id),
            ledger: LedgerWire::of(&self.ledger),
            not_after: consent.not_after.seconds(),
            not_before: consent.not_before.seconds(),
            purpose: String::from(self.purpose.code()),
            scope: String::from(self.scope.as_str()),
            signature: Hex(self.signed.signature.to_bytes()),
            subject: self.subject.map(|s| FieldHex(s.element())),
            kind: String::from(ConsentWire::TYPE),
            version: json::VERSION,
        })
    }
}

fn consent(request: &VerifiedRequest, grant: &Grant) -> Consent {
    Consent {
        bound: request.bound(grant.kind),
        not_before: grant.not_before,
        not_after: grant.not_after,
        grant_id: grant.grant_id,
    }
}

fn assemble(request: &VerifiedRequest, consent: Consent, signature: Signature) -> ConsentMessage {
    let body = request.body();
    ConsentMessage {
        audience: body.audience,
        purpose: body.purpose,
        subject: body.subject,
        ledger: body.ledger,
        scope: body.scope.clone(),
        signed: SignedConsent { consent, signature },
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsentWire {
    audience: String,
    bound: FieldHex,
    bound_to: String,
    grant_id: FieldHex,
    ledger: LedgerWire,
    not_after: u64,
    not_before: u64,
    purpose: String,
    scope: String,
    signature: Hex<64>,
    subject: Option<FieldHex>,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for ConsentWire {
    const TYPE: &'static str = "medproof/consent";
    const MAX_BYTES: usize = 4096;
}
