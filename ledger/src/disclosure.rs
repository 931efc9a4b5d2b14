//! Requests to open and presentations to submit.

use crate::abi::DisclosureRegistry;
use crate::field::word;
use crate::key::{KeyId, g1_words, g2_words};
use crate::{Address, U256};
use ark_bn254::{G1Affine, G2Affine};
use medproof_statement::Fr;

/// A Groth16 proof in the EVM's words: A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofWords(pub [U256; 8]);

impl ProofWords {
    /// From the proof's points.
    #[must_use]
    pub fn new(a: &G1Affine, b: &G2Affine, c: &G1Affine) -> ProofWords {
        let ([ax, ay], [bx1, bx0, by1, by0], [cx, cy]) = (g1_words(a), g2_words(b), g1_words(c));
        ProofWords([ax, ay, bx1, bx0, by1, by0, cx, cy])
    }
}

/// A request that an audience's account opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// H_request of what was signed off chain. An account opens a digest once.
    pub request_digest: Fr,
    /// Of the policy that has to hold.
    pub policy_digest: Fr,
    /// The key that answers are verified by; it must be active.
    pub key_id: KeyId,
    /// In which no holder answers twice, over all of this account's requests.
    pub scope: Fr,
    /// From when it takes no answers, in seconds since 1970; at most 366 days ahead.
    pub expires_at: u64,
    /// How old an issuer's last publication may be, in seconds.
    pub max_root_age: u64,
    /// Whose records are accepted: 1 to 64 accounts.
    pub issuers: Vec<Address>,
}

impl From<&OpenRequest> for DisclosureRegistry::OpenRequest {
    fn from(request: &OpenRequest) -> DisclosureRegistry::OpenRequest {
        DisclosureRegistry::OpenRequest {
            requestDigest: word(&request.request_digest),
            policyDigest: word(&request.policy_digest),
            keyId: request.key_id,
            scope: word(&request.scope),
            expiresAt: request.expires_at,
            maxRootAge: request.max_root_age,
            issuers: request.issuers.clone(),
        }
    }
}

/// A presentation for a request. Policy digest and key are the request's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The account that opened the request.
    pub audience: Address,
    /// The request.
    pub request_digest: Fr,
    /// Whose record.
    pub issuer: Address,
    /// The registry that the record is in.
    pub registry_root: Fr,
    /// One per holder and scope.
    pub nullifier: Fr,
    /// By which the consent can be revoked.
    pub consent_handle: Fr,
    /// The proof.
    pub proof: ProofWords,
}

impl From<&Submission> for DisclosureRegistry::Submission {
    fn from(s: &Submission) -> DisclosureRegistry::Submission {
        DisclosureRegistry::Submission {
            audience: s.audience,
            requestDigest: word(&s.request_digest),
            issuer: s.issuer,
            registryRoot: word(&s.registry_root),
            nullifier: word(&s.nullifier),
            consentHandle: word(&s.consent_handle),
            proof: s.proof.0,
        }
    }
}
