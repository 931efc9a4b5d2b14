//! Why a presentation is refused.

use crate::ledger::{Issuer, Unavailable};
use medproof_messages::did::Did;
use medproof_messages::encoding::FieldHex;
use medproof_messages::key::KeyId;
use medproof_messages::presentation::PresentationError;
use medproof_messages::terms::Ledger;
use medproof_statement::tier::Tier;
use thiserror::Error;

/// Why a presentation is refused: what was expected, what was found, what to do. Times are in
/// seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The bytes are no presentation.
    #[error(transparent)]
    Presentation(#[from] PresentationError),
    /// A key for development, and no development mode.
    #[error(
        "key {key} is for development, where anybody can forge proofs: pin a production key, or turn development mode on"
    )]
    DevelopmentKey {
        /// The key.
        key: KeyId,
    },
    /// The request asks for another key.
    #[error("expected a request for key {expected}, found one for {found}: use the verifier of that key, or ask again")]
    RequestKey {
        /// The verifier's key.
        expected: KeyId,
        /// The request's.
        found: KeyId,
    },
    /// The presentation was made with another key.
    #[error(
        "expected a proof made with key {expected}, found one made with {found}: the prover took another key than the request names"
    )]
    PresentationKey {
        /// The verifier's key.
        expected: KeyId,
        /// The presentation's.
        found: KeyId,
    },
    /// The request asks for another size of circuit than the key is for.
    #[error("expected a request in tier {expected}, the key's, found tier {found}: ask with the key of that tier")]
    Tier {
        /// The key's tier.
        expected: Tier,
        /// The request's.
        found: Tier,
    },
    /// The request is another audience's.
    #[error("expected a request of {expected}, found one of {found}: a presentation serves its own audience alone")]
    Audience {
        /// Whom the verifier serves.
        expected: Did,
        /// Who asked.
        found: Did,
    },
    /// The request names another ledger.
    #[error("expected a request on {expected}, found one on {found}: ask again with this ledger")]
    RequestLedger {
        /// The verifier's.
        expected: Ledger,
        /// The request's.
        found: Ledger,
    },
    /// The claim is not the one that was asked.
    #[error(
        "expected claim {expected}, found a request for {found}: hold the request that was made for this claim against it"
    )]
    Claim {
        /// The id of the claim given.
        expected: FieldHex,
        /// The id in the request.
        found: FieldHex,
    },
    /// The request was made later than now.
    #[error("the request was made at {requested_at}, and it is {now}: set the clock, or wait")]
    NotYet {
        /// When it was made.
        requested_at: u64,
        /// The time given.
        now: u64,
    },
    /// The request may not be answered any more.
    #[error("the request expired at {expires_at}, and it is {now}: make a new request")]
    Expired {
        /// The first second that is too late.
        expires_at: u64,
        /// The time given.
        now: u64,
    },
    /// It proves another policy: another claim, day or tier.
    #[error("expected policy {expected}, found a proof for {found}: it was made for another claim, day or tier")]
    Policy {
        /// The digest compiled from the claim.
        expected: FieldHex,
        /// The presentation's.
        found: FieldHex,
    },
    /// It answers another request.
    #[error("expected an answer to request {expected}, found one to {found}: it was made for another request")]
    Request {
        /// The digest of the request given.
        expected: FieldHex,
        /// The presentation's.
        found: FieldHex,
    },
    /// The proof does not hold.
    #[error("the proof does not hold for its public inputs under key {key}: it was changed, or never was one")]
    Proof {
        /// The key.
        key: KeyId,
    },
    /// The ledger cannot be read.
    #[error("the ledger cannot be read: {0}")]
    Unavailable(#[from] Unavailable),
    /// The view is of another ledger.
    #[error("expected a view of {expected}, found one of {found}: read the ledger that the request names")]
    ViewLedger {
        /// The verifier's.
        expected: Ledger,
        /// The view's.
        found: Ledger,
    },
    /// The view may not be used any more.
    #[error("the view of the ledger expired at {valid_until}, and it is {now}: get a new trust bundle")]
    ViewExpired {
        /// The first second that is too late.
        valid_until: u64,
        /// The time given.
        now: u64,
    },
    /// The verifier's clock is behind the ledger's.
    #[error(
        "the ledger's block is of {block}, and it is {now}: set the clock; by this one nothing would ever be stale"
    )]
    Clock {
        /// The block's time.
        block: u64,
        /// The time given.
        now: u64,
    },
    /// The view's block may be undone.
    #[error("block {number} is not final: wait until it is, or read a final one")]
    NotFinal {
        /// Its height.
        number: u64,
    },
    /// Governance paused the registry.
    #[error("the registry is paused: no root is accepted until governance ends the pause")]
    Paused,
    /// The ledger has no such key.
    #[error("key {key} is not registered on the ledger: pin one that is")]
    KeyUnknown {
        /// The key.
        key: KeyId,
    },
    /// The key retired before the request was made.
    #[error(
        "key {key} retired at {since}, before the request was made at {requested_at}: ask again with its successor"
    )]
    KeyRetired {
        /// The key.
        key: KeyId,
        /// Since when it takes no new requests.
        since: u64,
        /// When the request was made.
        requested_at: u64,
    },
    /// The key is revoked.
    #[error("key {key} is revoked: ask again with its successor")]
    KeyRevoked {
        /// The key.
        key: KeyId,
    },
    /// Nobody published this root.
    #[error("no issuer published root {root}: the view may be older than the root, else the proof is over no registry")]
    RootUnknown {
        /// The root.
        root: FieldHex,
    },
    /// Nobody whom the verifier believes published this root.
    #[error("root {root} is of issuer {issuer}, which is not among those believed: add it, or refuse its patients")]
    IssuerNotAccepted {
        /// The root.
        root: FieldHex,
        /// Who published it.
        issuer: Issuer,
    },
    /// The issuer is suspended.
    #[error("issuer {issuer} is suspended: its roots are not accepted until governance reinstates it")]
    IssuerSuspended {
        /// The issuer.
        issuer: Issuer,
    },
    /// The root was replaced too long ago.
    #[error(
        "the root was superseded at {superseded_at} and accepted for {grace} seconds more, and it is {now}: ask for a proof over the current root"
    )]
    RootSuperseded {
        /// When another took its place.
        superseded_at: u64,
        /// For how long it was accepted still.
        grace: u64,
        /// The time given.
        now: u64,
    },
    /// The issuer has not published for too long.
    #[error(
        "issuer {issuer} last published at {last_publication_at}, {max_age} seconds ago or more at {now}: wait for its next heartbeat"
    )]
    IssuerSilent {
        /// The issuer.
        issuer: Issuer,
        /// When it last published.
        last_publication_at: u64,
        /// The age from which on it is refused.
        max_age: u64,
        /// The time given.
        now: u64,
    },
    /// The consent was revoked.
    #[error("the holder revoked the consent {consent_handle}: ask for a new one")]
    ConsentRevoked {
        /// Its handle.
        consent_handle: FieldHex,
    },
    /// The holder answered in this scope before.
    #[error("nullifier {nullifier} answered another request in this scope: the same holder is not counted twice")]
    AlreadyUsed {
        /// The nullifier.
        nullifier: FieldHex,
    },
}

impl Refusal {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            Refusal::Presentation(error) => error.code(),
            Refusal::DevelopmentKey { .. } => "key.development",
            Refusal::RequestKey { .. } => "key.request",
            Refusal::PresentationKey { .. } => "key.presentation",
            Refusal::Tier { .. } => "key.tier_differs",
            Refusal::Audience { .. } => "request.audience",
            Refusal::RequestLedger { .. } => "request.ledger",
            Refusal::Claim { .. } => "request.other_claim",
            Refusal::NotYet { .. } => "request.not_yet",
            Refusal::Expired { .. } => "request.expired",
            Refusal::Policy { .. } => "presentation.policy",
            Refusal::Request { .. } => "presentation.request",
            Refusal::Proof { .. } => "presentation.proof",
            Refusal::Unavailable(_) => "ledger.unavailable",
            Refusal::ViewLedger { .. } => "ledger.other",
            Refusal::ViewExpired { .. } => "ledger.view_expired",
            Refusal::Clock { .. } => "ledger.clock",
            Refusal::NotFinal { .. } => "ledger.not_final",
            Refusal::Paused => "ledger.paused",
            Refusal::KeyUnknown { .. } => "key.unknown",
            Refusal::KeyRetired { .. } => "key.retired",
            Refusal::KeyRevoked { .. } => "key.revoked",
            Refusal::RootUnknown { .. } => "root.unknown",
            Refusal::IssuerNotAccepted { .. } => "issuer.not_accepted",
            Refusal::IssuerSuspended { .. } => "issuer.suspended",
            Refusal::RootSuperseded { .. } => "root.superseded",
            Refusal::IssuerSilent { .. } => "issuer.silent",
            Refusal::ConsentRevoked { .. } => "consent.revoked",
            Refusal::AlreadyUsed { .. } => "nullifier.used",
        }
    }
}
