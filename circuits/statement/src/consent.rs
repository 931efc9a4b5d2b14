//! What a holder signs.

use crate::Fr;
use crate::eddsa::Signature;
use crate::hash::{Tag, sponge};
use crate::request::{Request, Time};
use core::fmt;

/// What a consent is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A one-time consent, to exactly this table: policy_digest.
    Policy(Fr),
    /// A standing consent, to the claim whatever the day: claim_id.
    Claim(Fr),
}

impl Bound {
    /// The element that is signed.
    pub const fn element(&self) -> Fr {
        match self {
            Bound::Policy(x) | Bound::Claim(x) => *x,
        }
    }
}

/// A grant: for whom and what it is, is the request's.
#[derive(Clone, PartialEq, Eq)]
pub struct Consent {
    /// To what table or claim.
    pub bound: Bound,
    /// From when.
    pub not_before: Time,
    /// Until when.
    pub not_after: Time,
    /// Chosen at random: tells two grants apart.
    pub grant_id: Fr,
}

/// Without grant_id: whoever knows a consent whole and nk can tell its handle.
impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consent")
            .field("bound", &self.bound)
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// Without the signature: with it, whoever has the record can prove.
impl fmt::Debug for SignedConsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedConsent")
            .field("consent", &self.consent)
            .finish_non_exhaustive()
    }
}

impl Consent {
    /// H_consent(audience, purpose, subject, bound, scope, not_before, not_after, grant_id), for
    /// the audience, purpose, subject and scope of a request.
    pub fn message(&self, request: &Request) -> Fr {
        sponge::<12>(
            Tag::Consent,
            &[
                request.audience,
                Fr::from(request.purpose as u64),
                request.subject,
                self.bound.element(),
                request.scope,
                Fr::from(self.not_before.seconds()),
                Fr::from(self.not_after.seconds()),
                self.grant_id,
            ],
        )
    }
}

/// A consent with its signature.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedConsent {
    /// What was granted.
    pub consent: Consent,
    /// The holder's signature over its message, or the custodians'.
    pub signature: Signature,
}
