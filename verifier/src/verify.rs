//! The one way to a [`Verified`].

use crate::groth16::{PreparedKey, Unsound};
use crate::ledger::{Block, Issuer, KeyStatus, LedgerView, RootEntry, Snapshot};
use crate::refusal::Refusal;
use alloc::vec::Vec;
use medproof_claims::Claim;
use medproof_messages::did::Did;
use medproof_messages::encoding::FieldHex;
use medproof_messages::key::{KeyId, KeyInfo, PinnedKey};
use medproof_messages::point::PointError;
use medproof_messages::presentation::{Presentation, PresentationError, ProofPoint};
use medproof_messages::request::VerifiedRequest;
use medproof_messages::terms::{Ledger, Subject};
use medproof_statement::Fr;
use medproof_statement::day::Day;
use medproof_statement::public::PublicInputs;
use medproof_statement::request::{Purpose, Time};
use medproof_statement::tier::Tier;

/// Whether keys that anybody can forge proofs with are good enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They are not.
    #[default]
    Production,
    /// They are: nothing that is verified means anything.
    Development,
}

/// Whose charts are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuers {
    /// Theirs.
    Only(Vec<Issuer>),
    /// Everyone's whom the ledger's governance admitted and did not suspend.
    AllAdmitted,
}

impl Issuers {
    fn contain(&self, issuer: &Issuer) -> bool {
        match self {
            Issuers::Only(list) => list.contains(issuer),
            Issuers::AllAdmitted => true,
        }
    }
}

/// What a verifier insists on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whose requests it checks answers to.
    pub audience: Did,
    /// The ledger that it trusts.
    pub ledger: Ledger,
    /// Whose charts it believes.
    pub issuers: Issuers,
    /// For how many seconds after being superseded a root is accepted.
    pub grace: u64,
    /// From how many seconds after its last publication an issuer counts as silent.
    pub max_age: u64,
    /// Whether development keys are good enough.
    pub mode: Mode,
}

impl Settings {
    /// One hour.
    pub const GRACE: u64 = 3_600;
    /// One day.
    pub const MAX_AGE: u64 = 86_400;
    /// How many seconds the verifier's clock may be behind a block's time.
    pub const CLOCK_SKEW: u64 = 300;

    /// The usual ones, for production.
    pub const fn new(audience: Did, ledger: Ledger, issuers: Issuers) -> Settings {
        Settings {
            audience,
            ledger,
            issuers,
            grace: Settings::GRACE,
            max_age: Settings::MAX_AGE,
            mode: Mode::Production,
        }
    }

    fn require_mode(&self, info: &KeyInfo, key: KeyId) -> Result<(), Refusal> {
        if info.development && self.mode != Mode::Development {
            return Err(Refusal::DevelopmentKey { key });
        }
        Ok(())
    }
}

/// So many proofs are checked together: with more each costs hardly less, and memory grows.
pub const BATCH: usize = 64;

/// A presentation, and what it should answer.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// What is checked.
    pub presentation: &'a Presentation,
    /// The audience's own request.
    pub request: &'a VerifiedRequest,
    /// The request's claim.
    pub claim: &'a Claim,
}

/// A key, ready, and what the verifier insists on.
#[derive(Clone, Debug)]
pub struct Verifier {
    settings: Settings,
    key: PreparedKey,
}

impl Verifier {
    /// Prepares a pinned key.
    ///
    /// # Errors
    /// [`Refusal::DevelopmentKey`] outside development mode.
    pub fn new(settings: Settings, key: &PinnedKey) -> Result<Verifier, Refusal> {
        settings.require_mode(key.info(), key.id())?;
        Ok(Verifier {
            settings,
            key: PreparedKey::new(key),
        })
    }

    /// Takes a key that was prepared before: preparing costs more than a verification.
    ///
    /// # Errors
    /// As [`Verifier::new`].
    pub fn with_key(settings: Settings, key: PreparedKey) -> Result<Verifier, Refusal> {
        settings.require_mode(key.info(), key.id())?;
        Ok(Verifier { settings, key })
    }

    /// What it insists on.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its key.
    pub const fn key(&self) -> &PreparedKey {
        &self.key
    }

    /// Reads a presentation, from its canonical bytes or its canonical JSON, and checks it.
    ///
    /// # Errors
    /// [`Refusal`]: the first thing that is wrong.
    pub fn verify<L: LedgerView + ?Sized>(
        &self,
        presentation: &[u8],
        request: &VerifiedRequest,
        claim: &Claim,
        ledger: &L,
        now: Time,
    ) -> Result<Verified, Refusal> {
        let presentation = match presentation.first() {
            Some(b'{') => Presentation::from_json(presentation)?,
            _ => Presentation::from_bytes(presentation)?,
        };
        self.verify_parsed(&presentation, request, claim, ledger, now)
    }

    /// Checks a presentation: first what costs nothing, then the proof, then the ledger.
    ///
    /// # Errors
    /// [`Refusal`]: the first thing that is wrong.
    pub fn verify_parsed<L: LedgerView + ?Sized>(
        &self,
        presentation: &Presentation,
        request: &VerifiedRequest,
        claim: &Claim,
        ledger: &L,
        now: Time,
    ) -> Result<Verified, Refusal> {
        let answer = Presented {
            presentation,
            request,
            claim,
        };
        self.check_terms(&answer, now)?;
        self.check_proof(presentation)?;
        self.check_ledger(&answer, ledger, now)
    }

    /// Checks many, each as [`Verifier::verify_parsed`] does, in their order. Their proofs are checked
    /// [`BATCH`] at a time; where one of these does not hold, each by itself: that is the most it costs.
    pub fn verify_all<L: LedgerView + ?Sized>(
        &self,
        answers: &[Presented<'_>],
        ledger: &L,
        now: Time,
    ) -> Vec<Result<Verified, Refusal>> {
        let mut all = Vec::with_capacity(answers.len());
        for answers in answers.chunks(BATCH) {
            let terms: Vec<Result<(), Refusal>> = answers.iter().map(|answer| self.check_terms(answer, now)).collect();
            let proofs: Vec<_> = answers
                .iter()
                .zip(&terms)
                .filter(|(_, terms)| terms.is_ok())
                .map(|(answer, _)| (&answer.presentation.proof, &answer.presentation.public))
                .collect();
            let together = self.key.all_are_sound(&proofs);
            all.extend(answers.iter().zip(terms).map(|(answer, terms)| {
                terms?;
                if !together {
                    self.check_proof(answer.presentation)?;
                }
                self.check_ledger(answer, ledger, now)
            }));
        }
        all
    }

    fn check_terms(&self, answer: &Presented<'_>, now: Time) -> Result<(), Refusal> {
        self.check_request(answer.request, answer.claim, now)?;
        self.check_answer(answer.presentation, answer.request)
    }

    fn check_proof(&self, presentation: &Presentation) -> Result<(), Refusal> {
        let checked = self.key.check(&presentation.proof, &presentation.public);
        checked.map_err(|unsound| match unsound {
            Unsound::Subgroup => Refusal::Presentation(PresentationError::Point {
                point: ProofPoint::B,
                error: PointError::OutsideSubgroup,
            }),
            Unsound::Equation => Refusal::Proof { key: self.key.id() },
        })
    }

    fn check_ledger<L: LedgerView + ?Sized>(
        &self,
        answer: &Presented<'_>,
        ledger: &L,
        now: Time,
    ) -> Result<Verified, Refusal> {
        let Presented {
            presentation, request, ..
        } = answer;
        let snapshot = self.check_view(ledger.snapshot()?, now)?;
        self.check_key(ledger.key_status(&self.key.id())?, request)?;
        let root = self.accepted(presentation.public.registry_root, ledger, now)?;
        if ledger.is_revoked(presentation.public.consent_handle)? {
            let consent_handle = FieldHex(presentation.public.consent_handle);
            return Err(Refusal::ConsentRevoked { consent_handle });
        }
        Ok(Verified::new(
            &presentation.public,
            request,
            &root,
            &snapshot,
            self.key.id(),
            now,
        ))
    }

    fn check_request(&self, request: &VerifiedRequest, claim: &Claim, now: Time) -> Result<(), Refusal> {
        let (body, settings) = (request.body(), &self.settings);
        if body.audience != settings.audience {
            return Err(Refusal::Audience {
                expected: settings.audience,
                found: body.audience,
            });
        }
        if body.ledger != settings.ledger {
            return Err(Refusal::RequestLedger {
                expected: settings.ledger,
                found: body.ledger,
            });
        }
        if body.key_id != self.key.id() {
            return Err(Refusal::RequestKey {
                expected: self.key.id(),
                found: body.key_id,
            });
        }
        if body.tier != self.key.info().tier {
            return Err(Refusal::Tier {
                expected: self.key.info().tier,
                found: body.tier,
            });
        }
        // The request's policy was compiled from its own claim, here and not by whoever sent it.
        if claim.id() != request.claim_id() {
            return Err(Refusal::Claim {
                expected: FieldHex(claim.id()),
                found: FieldHex(request.claim_id()),
            });
        }
        if now < body.requested_at {
            return Err(Refusal::NotYet {
                requested_at: body.requested_at.seconds(),
                now: now.seconds(),
            });
        }
        if now >= body.expires_at {
            return Err(Refusal::Expired {
                expires_at: body.expires_at.seconds(),
                now: now.seconds(),
            });
        }
        Ok(())
    }

    fn check_answer(&self, presentation: &Presentation, request: &VerifiedRequest) -> Result<(), Refusal> {
        let public = &presentation.public;
        if presentation.key_id != self.key.id() {
            return Err(Refusal::PresentationKey {
                expected: self.key.id(),
                found: presentation.key_id,
            });
        }
        if public.policy_digest != request.policy_digest() {
            return Err(Refusal::Policy {
                expected: FieldHex(request.policy_digest()),
                found: FieldHex(public.policy_digest),
            });
        }
        if public.request_digest != request.request_digest() {
            return Err(Refusal::Request {
                expected: FieldHex(request.request_digest()),
                found: FieldHex(public.request_digest),
            });
        }
        Ok(())
    }

    fn check_view(&self, snapshot: Snapshot, now: Time) -> Result<Snapshot, Refusal> {
        let now = now.seconds();
        if snapshot.ledger != self.settings.ledger {
            return Err(Refusal::ViewLedger {
                expected: self.settings.ledger,
                found: snapshot.ledger,
            });
        }
        if let Some(valid_until) = snapshot.valid_until.map(Time::seconds).filter(|until| now >= *until) {
            return Err(Refusal::ViewExpired { valid_until, now });
        }
        let block = snapshot.block.time.seconds();
        if now.saturating_add(Settings::CLOCK_SKEW) < block {
            return Err(Refusal::Clock { block, now });
        }
        if !snapshot.finalised {
            return Err(Refusal::NotFinal {
                number: snapshot.block.number,
            });
        }
        if snapshot.paused {
            return Err(Refusal::Paused);
        }
        Ok(snapshot)
    }

    fn check_key(&self, status: KeyStatus, request: &VerifiedRequest) -> Result<(), Refusal> {
        let key = self.key.id();
        let requested_at = request.body().requested_at;
        match status {
            KeyStatus::Active => Ok(()),
            KeyStatus::Retiring { since } if requested_at < since => Ok(()),
            KeyStatus::Retiring { since } => Err(Refusal::KeyRetired {
                key,
                since: since.seconds(),
                requested_at: requested_at.seconds(),
            }),
            KeyStatus::Revoked => Err(Refusal::KeyRevoked { key }),
            KeyStatus::Unknown => Err(Refusal::KeyUnknown { key }),
        }
    }

    /// The entry under which a root is accepted. Where several believed issuers published it, the
    /// first to do so: the others can only have copied it.
    fn accepted<L: LedgerView + ?Sized>(&self, root: Fr, ledger: &L, now: Time) -> Result<RootEntry, Refusal> {
        let mut entries = ledger.roots(root)?;
        entries.sort_by_key(|entry| (entry.published_at, entry.issuer));
        let Some(first) = entries.first() else {
            return Err(Refusal::RootUnknown { root: FieldHex(root) });
        };
        let Some(entry) = entries
            .iter()
            .find(|entry| self.settings.issuers.contain(&entry.issuer))
        else {
            return Err(Refusal::IssuerNotAccepted {
                root: FieldHex(root),
                issuer: first.issuer,
            });
        };
        self.check_root(entry, now.seconds())?;
        Ok(*entry)
    }

    fn check_root(&self, entry: &RootEntry, now: u64) -> Result<(), Refusal> {
        let Settings { grace, max_age, .. } = self.settings;
        let issuer = entry.issuer;
        if entry.suspended {
            return Err(Refusal::IssuerSuspended { issuer });
        }
        let superseded_at = entry.superseded_at.map(Time::seconds);
        let ended = superseded_at.filter(|at| now.saturating_sub(*at) >= grace);
        if let Some(superseded_at) = ended {
            return Err(Refusal::RootSuperseded {
                superseded_at,
                grace,
                now,
            });
        }
        let last_publication_at = entry.last_publication_at.seconds();
        if now.saturating_sub(last_publication_at) >= max_age {
            return Err(Refusal::IssuerSilent {
                issuer,
                last_publication_at,
                max_age,
                now,
            });
        }
        Ok(())
    }
}

/// A presentation that was checked. Only [`Verifier::verify`] makes one.
///
/// It says that a holder whose record `issuer` committed to satisfies the claim as of the day,
/// and consented to this request. It does not say that this holder answers here for the first
/// time: give it to a store that refuses a second use of its nullifier in its scope.
#[must_use = "whether the nullifier was used before is still to be checked"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    public: PublicInputs,
    scope: Fr,
    nonce: [u8; 32],
    claim_id: Fr,
    as_of: Day,
    tier: Tier,
    purpose: Purpose,
    subject: Option<Subject>,
    issuer: Issuer,
    epoch: u64,
    block: Block,
    key_id: KeyId,
    verified_at: Time,
}

impl Verified {
    fn new(
        public: &PublicInputs,
        request: &VerifiedRequest,
        root: &RootEntry,
        snapshot: &Snapshot,
        key_id: KeyId,
        verified_at: Time,
    ) -> Verified {
        let body = request.body();
        Verified {
            public: *public,
            scope: request.statement().scope,
            nonce: body.nonce,
            claim_id: request.claim_id(),
            as_of: body.as_of,
            tier: body.tier,
            purpose: body.purpose,
            subject: body.subject,
            issuer: root.issuer,
            epoch: root.epoch,
            block: snapshot.block,
            key_id,
            verified_at,
        }
    }

    /// The same for all answers of a holder in the scope, and for nobody else's.
    pub const fn nullifier(&self) -> Fr {
        self.public.nullifier
    }

    /// Within what the nullifier must not come twice.
    pub const fn scope(&self) -> Fr {
        self.scope
    }

    /// By which the holder can revoke the consent: watch the ledger for it.
    pub const fn consent_handle(&self) -> Fr {
        self.public.consent_handle
    }

    /// The request's nonce: a request that one answer was enough for is done with.
    pub const fn nonce(&self) -> &[u8; 32] {
        &self.nonce
    }

    /// Digest of the request that it answers.
    pub const fn request_digest(&self) -> Fr {
        self.public.request_digest
    }

    /// The registry that the record is in.
    pub const fn registry_root(&self) -> Fr {
        self.public.registry_root
    }

    /// What was shown.
    pub const fn claim_id(&self) -> Fr {
        self.claim_id
    }

    /// For which day.
    pub const fn as_of(&self) -> Day {
        self.as_of
    }

    /// By which size of circuit.
    pub const fn tier(&self) -> Tier {
        self.tier
    }

    /// Why it was asked.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// About whom it was asked.
    pub const fn subject(&self) -> Option<Subject> {
        self.subject
    }

    /// Whose chart it is, by the ledger.
    pub const fn issuer(&self) -> Issuer {
        self.issuer
    }

    /// The number of the issuer's root.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// As of which block roots and revocations were read.
    pub const fn block(&self) -> &Block {
        &self.block
    }

    /// With which key it was checked.
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// When it was checked.
    pub const fn verified_at(&self) -> Time {
        self.verified_at
    }
}
