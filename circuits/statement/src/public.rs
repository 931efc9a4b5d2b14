//! The public inputs, their order, and nothing else that a proof shows.

use crate::Fr;

/// How many there are.
pub const COUNT: usize = 5;

/// Their names in order. The contract's and the bindings' copies are generated from here.
pub const NAMES: [&str; COUNT] = [
    "registry_root",
    "policy_digest",
    "request_digest",
    "nullifier",
    "consent_handle",
];

/// What a proof is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicInputs {
    /// The registry that the record is in.
    pub registry_root: Fr,
    /// The table that it satisfies.
    pub policy_digest: Fr,
    /// The request that it answers.
    pub request_digest: Fr,
    /// One per holder and scope.
    pub nullifier: Fr,
    /// By which the consent can be revoked.
    pub consent_handle: Fr,
}

impl PublicInputs {
    /// In order.
    pub const fn to_array(&self) -> [Fr; COUNT] {
        [
            self.registry_root,
            self.policy_digest,
            self.request_digest,
            self.nullifier,
            self.consent_handle,
        ]
    }

    /// From their order.
    pub const fn from_array(
        [registry_root, policy_digest, request_digest, nullifier, consent_handle]: [Fr; COUNT],
    ) -> PublicInputs {
        PublicInputs {
            registry_root,
            policy_digest,
            request_digest,
            nullifier,
            consent_handle,
        }
    }
}
