//! What the council decides.

use crate::abi::{Governance, KeyRegistry, RecordRegistry};
use crate::chain::Call;
use crate::deployment::{Council, Deployment};
use crate::key::{KeyId, KeyRegistration};
use crate::{Address, U256};
use alloy_sol_types::SolCall;

/// A proposal's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProposalId(pub u64);

impl ProposalId {
    pub(crate) fn word(self) -> U256 {
        U256::from(self.0)
    }
}

/// An act of the council: proposed, approved by k of n, executed after the time-lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Lets an account publish roots.
    AdmitIssuer(Address),
    /// Refuses an issuer's roots, old and new.
    SuspendIssuer(Address),
    /// Ends a suspension.
    ReinstateIssuer(Address),
    /// Stops all roots. Fewer members suffice; no time-lock.
    Pause,
    /// Ends a pause.
    Unpause,
    /// Registers a verifying key.
    RegisterKey(Box<KeyRegistration>),
    /// Keeps a key from new requests: the first half of a rotation.
    RetireKey(KeyId),
    /// Refuses a key for ever. No time-lock.
    RevokeKey(KeyId),
    /// Replaces members, thresholds and time-lock.
    SetCouncil(Council),
}

impl Action {
    /// The call that carries it out.
    pub(crate) fn call(&self, deployment: &Deployment) -> Call {
        let records = |data| Call {
            to: deployment.records,
            data,
        };
        let keys = |data| Call {
            to: deployment.keys,
            data,
        };
        match self {
            Action::AdmitIssuer(account) => records(RecordRegistry::admitIssuerCall { account: *account }.abi_encode()),
            Action::SuspendIssuer(account) => {
                records(RecordRegistry::suspendIssuerCall { account: *account }.abi_encode())
            }
            Action::ReinstateIssuer(account) => {
                records(RecordRegistry::reinstateIssuerCall { account: *account }.abi_encode())
            }
            Action::Pause => records(RecordRegistry::pauseCall {}.abi_encode()),
            Action::Unpause => records(RecordRegistry::unpauseCall {}.abi_encode()),
            Action::RegisterKey(key) => keys(
                KeyRegistry::registerKeyCall {
                    keyId: key.key_id,
                    tier: key.tier,
                    circuitVersion: key.circuit_version,
                    matrixDigest: key.matrix_digest,
                    development_: key.development,
                    vk: (&key.key).into(),
                }
                .abi_encode(),
            ),
            Action::RetireKey(key_id) => keys(KeyRegistry::retireKeyCall { keyId: *key_id }.abi_encode()),
            Action::RevokeKey(key_id) => keys(KeyRegistry::revokeKeyCall { keyId: *key_id }.abi_encode()),
            Action::SetCouncil(council) => Call {
                to: deployment.governance,
                data: Governance::setCouncilCall {
                    members: council.members.clone(),
                    threshold: council.threshold,
                    pauseThreshold: council.pause_threshold,
                    delay: council.delay,
                }
                .abi_encode(),
            },
        }
    }
}
