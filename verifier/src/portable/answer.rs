//! What was verified, with what it means in words.

use crate::verify::Verified;
use alloc::string::{String, ToString};
use medproof_claims::Explanation;
use medproof_messages::encoding::{FieldHex, Hex};
use medproof_messages::key::KeyInfo;
use medproof_messages::request::{LedgerWire, VerifiedRequest};
use serde::Serialize;

/// A presentation that was checked, and what it shows.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was checked.
    pub verified: Verified,
    /// The claim in plain words, as of the day that was asked about.
    pub shown: Explanation,
    /// Whether anybody can forge proofs under the key: then it is evidence of nothing.
    pub development: bool,
    terms: Terms,
}

// Of the request, what a person wants to see beside the answer.
#[derive(Clone, Debug, Serialize)]
struct Terms {
    audience: String,
    endpoint: String,
    expires_at: u64,
    ledger: LedgerWire,
    purpose: &'static str,
    requested_at: u64,
    scope_label: String,
}

impl Answer {
    pub(super) fn new(verified: Verified, request: &VerifiedRequest, key: &KeyInfo) -> Answer {
        let body = request.body();
        Answer {
            shown: body.claim.explain(Some(body.as_of)),
            development: key.development,
            terms: Terms {
                audience: body.audience.to_string(),
                endpoint: body.endpoint.as_str().into(),
                expires_at: body.expires_at.seconds(),
                ledger: LedgerWire::of(&body.ledger),
                purpose: body.purpose.code(),
                requested_at: body.requested_at.seconds(),
                scope_label: body.scope.as_str().into(),
            },
            verified,
        }
    }

    /// `{"verified":{…}}`: field elements, digests and addresses in hexadecimal, times in seconds since 1970, days by ISO 8601.
    pub fn to_json(&self) -> String {
        let Answer { verified, terms, .. } = self;
        let block = verified.block();
        let verified = VerifiedWire {
            as_of: verified.as_of().to_string(),
            block: BlockWire {
                hash: Hex(block.hash),
                number: block.number,
                time: block.time.seconds(),
            },
            claim_id: FieldHex(verified.claim_id()),
            consent_handle: FieldHex(verified.consent_handle()),
            development: self.development,
            epoch: verified.epoch(),
            issuer: Hex(verified.issuer().0),
            key_id: Hex(verified.key_id().0),
            nonce: Hex(*verified.nonce()),
            nullifier: FieldHex(verified.nullifier()),
            registry_root: FieldHex(verified.registry_root()),
            request: terms,
            request_digest: FieldHex(verified.request_digest()),
            scope: FieldHex(verified.scope()),
            shown: &self.shown,
            subject: verified.subject().map(|subject| FieldHex(subject.element())),
            tier: verified.tier().name(),
            verified_at: verified.verified_at().seconds(),
        };
        written(&Said { verified })
    }
}

/// The JSON of what has strings for keys, which cannot fail.
pub(super) fn written<T: Serialize>(value: &T) -> String {
    let written = serde_json::to_string(value);
    debug_assert!(written.is_ok());
    written.unwrap_or_default()
}

#[derive(Serialize)]
struct Said<'a> {
    verified: VerifiedWire<'a>,
}

#[derive(Serialize)]
struct VerifiedWire<'a> {
    as_of: String,
    block: BlockWire,
    claim_id: FieldHex,
    consent_handle: FieldHex,
    development: bool,
    epoch: u64,
    issuer: Hex<20>,
    key_id: Hex<32>,
    nonce: Hex<32>,
    nullifier: FieldHex,
    registry_root: FieldHex,
    request: &'a Terms,
    request_digest: FieldHex,
    scope: FieldHex,
    shown: &'a Explanation,
    subject: Option<FieldHex>,
    tier: &'static str,
    verified_at: u64,
}

#[derive(Serialize)]
struct BlockWire {
    hash: Hex<32>,
    number: u64,
    time: u64,
}
