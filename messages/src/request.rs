//! The request: what an audience asks, signed by it.
//!
//! [`RequestBody`] → [`RequestBody::sign`] → [`SignedRequest`] → bytes → [`SignedRequest::from_json`] →
//! [`SignedRequest::verify`] → [`VerifiedRequest`]. Only the last can be answered or be the
//! measure of an answer, and nothing else makes one.

use crate::did::{AudienceKey, Did, DidError};
use crate::encoding::{FieldHex, Hex};
use crate::json::{self, JsonError, Wire};
use crate::key::KeyId;
use crate::terms::{ConsentKind, Endpoint, Ledger, ScopeLabel, Subject, TermError, parse_day};
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use medproof_claims::{Claim, ClaimError, CompileError};
use medproof_statement::Fr;
use medproof_statement::consent::Bound;
use medproof_statement::day::Day;
use medproof_statement::policy::Policy;
use medproof_statement::request::{Purpose, Request, Time, audience_id, rest, scope_id};
use medproof_statement::tier::Tier;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

/// What a request's signature is a signature of.
const SIGNED: &str = "medproof/v1/request";

/// The longest time for which a request may be open, in seconds: the contract's 366 days.
pub const MAX_LIFETIME: u64 = 366 * 86_400;

/// Why something is not a request that can be answered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The JSON is not a request's.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A field's value is none.
    #[error(transparent)]
    Term(#[from] TermError),
    /// The audience is none, or did not sign.
    #[error(transparent)]
    Did(#[from] DidError),
    /// The claim is refused.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The claim in it is not in its normal form.
    #[error("expected the claim in its normal form, found another spelling: write the request with this software")]
    ClaimNotCanonical,
    /// The claim is another than the request says.
    #[error("expected claim {expected}, found {found}: the claim was changed, or another one was put in")]
    ClaimId {
        /// The id that is named.
        expected: FieldHex,
        /// The id of the claim that is there.
        found: FieldHex,
    },
    /// The claim has no policy for this day and tier.
    #[error("the claim does not compile for this day and tier: {0}")]
    Compile(#[from] CompileError),
    /// It expires before it is made, or far too late.
    #[error("expected an expiry after {requested_at} and at most {MAX_LIFETIME} seconds later, found {expires_at}")]
    Lifetime {
        /// Seconds since 1970.
        requested_at: u64,
        /// Seconds since 1970.
        expires_at: u64,
    },
    /// A day that has not come anywhere on Earth.
    #[error("expected a day up to {latest}, found {found}: nothing can be shown of a day to come")]
    DayToCome {
        /// The day after that of the request, in UTC.
        latest: Day,
        /// The day asked about.
        found: Day,
    },
}

impl RequestError {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            RequestError::Json(error) => error.code(),
            RequestError::Term(_) => "request.value",
            RequestError::Did(error) => error.code(),
            RequestError::Claim(_) => "request.claim",
            RequestError::ClaimNotCanonical => "request.claim_not_canonical",
            RequestError::ClaimId { .. } => "request.claim_id",
            RequestError::Compile(_) => "request.compile",
            RequestError::Lifetime { .. } => "request.lifetime",
            RequestError::DayToCome { .. } => "request.day_to_come",
        }
    }
}

/// All that a request says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestBody {
    /// Who asks.
    pub audience: Did,
    /// Where the answer goes.
    pub endpoint: Endpoint,
    /// Why.
    pub purpose: Purpose,
    /// About whom it must be.
    pub subject: Option<Subject>,
    /// What is to be shown.
    pub claim: Claim,
    /// For which day.
    pub as_of: Day,
    /// By which size of circuit: an answer of another size is none.
    pub tier: Tier,
    /// Within what no holder answers twice.
    pub scope: ScopeLabel,
    /// Where roots, keys and revocations are read.
    pub ledger: Ledger,
    /// With which key the proof is made.
    pub key_id: KeyId,
    /// 32 bytes of a cryptographic generator: no two requests are alike.
    pub nonce: [u8; 32],
    /// When it was made.
    pub requested_at: Time,
    /// Until when it may be answered.
    pub expires_at: Time,
    /// What consent the audience would like. The holder decides.
    pub consent: ConsentKind,
}

impl RequestBody {
    /// Signs it.
    ///
    /// # Errors
    /// [`RequestError`] where nobody could answer it, or the key is not the audience's.
    pub fn sign(self, key: &AudienceKey) -> Result<SignedRequest, RequestError> {
        self.check()?;
        self.claim.compile(self.as_of, Some(self.tier))?;
        let signature = key.sign(SIGNED, &json::write(&self.to_wire(None)));
        let signed = SignedRequest { body: self, signature };
        signed.check_signature()?;
        Ok(signed)
    }

    fn check(&self) -> Result<(), RequestError> {
        let (requested_at, expires_at) = (self.requested_at.seconds(), self.expires_at.seconds());
        if expires_at <= requested_at || expires_at - requested_at > MAX_LIFETIME {
            return Err(RequestError::Lifetime {
                requested_at,
                expires_at,
            });
        }
        // At UTC+14 it is tomorrow already.
        let latest = Day::from_civil(1970, 1, 1).map_or(Day::MIN, |epoch| {
            Day(epoch.0.saturating_add((requested_at / 86_400) as u32 + 1))
        });
        if self.as_of > latest {
            return Err(RequestError::DayToCome {
                latest,
                found: self.as_of,
            });
        }
        Ok(())
    }

    fn to_wire(&self, signature: Option<[u8; 64]>) -> RequestWire {
        // Canonical JSON is UTF-8 and JSON: neither conversion has a way to fail. If one did, the
        // claim would be `null`, which no claim is.
        let claim = String::from_utf8(self.claim.canonical_bytes())
            .ok()
            .and_then(|c| RawValue::from_string(c).ok());
        RequestWire {
            as_of: self.as_of.to_string(),
            audience: self.audience.to_string(),
            claim: claim.unwrap_or_else(|| RawValue::NULL.to_owned()),
            claim_id: FieldHex(self.claim.id()),
            consent: String::from(self.consent.name()),
            endpoint: String::from(self.endpoint.as_str()),
            expires_at: self.expires_at.seconds(),
            key_id: Hex(self.key_id.0),
            ledger: LedgerWire::of(&self.ledger),
            nonce: Hex(self.nonce),
            purpose: String::from(self.purpose.code()),
            requested_at: self.requested_at.seconds(),
            scope: String::from(self.scope.as_str()),
            signature: signature.map(Hex),
            subject: self.subject.map(|s| FieldHex(s.element())),
            tier: String::from(self.tier.name()),
            kind: String::from(RequestWire::TYPE),
            version: json::VERSION,
        }
    }

    fn from_wire(wire: &RequestWire) -> Result<RequestBody, RequestError> {
        let claim = Claim::parse(wire.claim.get().as_bytes())?;
        if claim.canonical_bytes() != wire.claim.get().as_bytes() {
            return Err(RequestError::ClaimNotCanonical);
        }
        if claim.id() != wire.claim_id.0 {
            return Err(RequestError::ClaimId {
                expected: wire.claim_id,
                found: FieldHex(claim.id()),
            });
        }
        Ok(RequestBody {
            audience: Did::parse(&wire.audience)?,
            endpoint: Endpoint::parse(&wire.endpoint)?,
            purpose: purpose(&wire.purpose)?,
            subject: wire.subject.map(|s| Subject::new(s.0)).transpose()?,
            claim,
            as_of: parse_day("as_of", &wire.as_of)?,
            tier: tier(&wire.tier)?,
            scope: ScopeLabel::parse(&wire.scope)?,
            ledger: wire.ledger.read()?,
            key_id: KeyId(wire.key_id.0),
            nonce: wire.nonce.0,
            requested_at: time("requested_at", wire.requested_at)?,
            expires_at: time("expires_at", wire.expires_at)?,
            consent: ConsentKind::parse(&wire.consent)?,
        })
    }
}

pub(crate) fn purpose(code: &str) -> Result<Purpose, TermError> {
    Purpose::from_code(code).ok_or_else(|| TermError {
        field: "purpose",
        expected: "TREAT, HRESCH, HPAYMT, PUBHLTH, HOPERAT or ETREAT",
        found: crate::encoding::shown(code),
    })
}

fn tier(name: &str) -> Result<Tier, TermError> {
    name.parse().map_err(|_| TermError {
        field: "tier",
        expected: "XS, S, M or L",
        found: crate::encoding::shown(name),
    })
}

pub(crate) fn time(field: &'static str, seconds: u64) -> Result<Time, TermError> {
    Time::new(seconds).map_err(|_| TermError {
        field,
        expected: "seconds since 1970 below 2^40",
        found: format!("{seconds}"),
    })
}

/// A request with the signature that it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest {
    body: RequestBody,
    signature: [u8; 64],
}

impl SignedRequest {
    /// Reads the canonical JSON.
    ///
    /// # Errors
    /// [`RequestError`]; the signature is checked by [`SignedRequest::verify`].
    pub fn from_json(bytes: &[u8]) -> Result<SignedRequest, RequestError> {
        let wire: RequestWire = json::read(bytes)?;
        let Some(Hex(signature)) = wire.signature else {
            let rule = String::from("missing field `signature`");
            return Err(JsonError::Form {
                kind: RequestWire::TYPE,
                rule,
            }
            .into());
        };
        Ok(SignedRequest {
            body: RequestBody::from_wire(&wire)?,
            signature,
        })
    }

    /// The canonical JSON.
    pub fn to_json(&self) -> Vec<u8> {
        json::write(&self.body.to_wire(Some(self.signature)))
    }

    /// What it says. Nobody answers for it yet.
    pub const fn unverified(&self) -> &RequestBody {
        &self.body
    }

    /// Checks the audience's signature, compiles the claim and derives what the proof binds.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn verify(self) -> Result<VerifiedRequest, RequestError> {
        self.check_signature()?;
        self.body.check()?;
        let body = &self.body;
        let policy = body.claim.compile(body.as_of, Some(body.tier))?;
        let ledger_id = body.ledger.id();
        let audience = audience_id(&body.audience.to_string());
        let statement = Request {
            audience,
            purpose: body.purpose,
            subject: body.subject.map_or(Fr::from(0u64), |s| s.element()),
            scope: scope_id(ledger_id, audience, body.scope.as_str()),
            requested_at: body.requested_at,
            expires_at: body.expires_at,
            rest: rest(&body.nonce, ledger_id, &body.key_id.0),
        };
        let claim_id = body.claim.id();
        Ok(VerifiedRequest {
            claim_id,
            policy_digest: policy.table().digest(),
            request_digest: statement.digest(claim_id, body.as_of),
            policy,
            statement,
            signed: self,
        })
    }

    fn check_signature(&self) -> Result<(), RequestError> {
        let message = json::write(&self.body.to_wire(None));
        Ok(self.body.audience.verify(SIGNED, &message, &self.signature)?)
    }
}

/// A request that its audience signed, with the policy and the digests that an answer must have.
#[derive(Clone, Debug)]
pub struct VerifiedRequest {
    signed: SignedRequest,
    policy: Policy,
    statement: Request,
    claim_id: Fr,
    policy_digest: Fr,
    request_digest: Fr,
}

impl VerifiedRequest {
    /// What it says.
    pub const fn body(&self) -> &RequestBody {
        &self.signed.body
    }

    /// As it came.
    pub const fn signed(&self) -> &SignedRequest {
        &self.signed
    }

    /// The claim's table for the day, with its code sets.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The fields that the proof binds.
    pub const fn statement(&self) -> &Request {
        &self.statement
    }

    /// The claim's id.
    pub const fn claim_id(&self) -> Fr {
        self.claim_id
    }

    /// Digest of the policy table.
    pub const fn policy_digest(&self) -> Fr {
        self.policy_digest
    }

    /// Digest of the request.
    pub const fn request_digest(&self) -> Fr {
        self.request_digest
    }

    /// To what a consent of a kind is bound.
    pub const fn bound(&self, kind: ConsentKind) -> Bound {
        match kind {
            ConsentKind::Once => Bound::Policy(self.policy_digest),
            ConsentKind::Standing => Bound::Claim(self.claim_id),
        }
    }
}

/// A ledger in JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerWire {
    chain_id: u64,
    registry: Hex<20>,
}

impl LedgerWire {
    /// To be written.
    pub const fn of(ledger: &Ledger) -> LedgerWire {
        LedgerWire {
            chain_id: ledger.chain_id(),
            registry: Hex(*ledger.registry()),
        }
    }

    /// As read.
    ///
    /// # Errors
    /// [`TermError`] for a chain id that is too great.
    pub fn read(&self) -> Result<Ledger, TermError> {
        Ledger::new(self.chain_id, self.registry.0)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestWire {
    as_of: String,
    audience: String,
    claim: Box<RawValue>,
    claim_id: FieldHex,
    consent: String,
    endpoint: String,
    expires_at: u64,
    key_id: Hex<32>,
    ledger: LedgerWire,
    nonce: Hex<32>,
    purpose: String,
    requested_at: u64,
    scope: String,
    // Absent from the bytes that are signed, and from nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<Hex<64>>,
    subject: Option<FieldHex>,
    tier: String,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for RequestWire {
    const TYPE: &'static str = "medproof/request";
    const MAX_BYTES: usize = medproof_claims::json::MAX_BYTES + 8192;
}
