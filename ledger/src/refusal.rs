//! The contracts' named errors, typed.

use crate::abi::{ConsentRegistry, DisclosureRegistry, Governance, KeyRegistry, LogRegistry, RecordRegistry};
use crate::status::{IssuerState, KeyState};
use crate::{Address, B256, U256};
use alloy_sol_types::SolError;
use thiserror::Error;

/// From a value as the ABI has it.
trait FromAbi<T> {
    fn from_abi(x: T) -> Self;
}

macro_rules! same_in_abi {
    ($($kind:ty),*) => {$(
        impl FromAbi<$kind> for $kind {
            fn from_abi(x: $kind) -> $kind {
                x
            }
        }
    )*};
}
same_in_abi!(u64, u8, U256, Address, B256);

/// Counts and times are small; one that is not is as good as the largest.
impl FromAbi<U256> for u64 {
    fn from_abi(x: U256) -> u64 {
        x.saturating_to()
    }
}

impl FromAbi<u8> for IssuerState {
    fn from_abi(x: u8) -> IssuerState {
        IssuerState::from_code(x)
    }
}

impl FromAbi<u8> for KeyState {
    fn from_abi(x: u8) -> KeyState {
        KeyState::from_code(x)
    }
}

macro_rules! refusals {
    ($(
        $(#[doc = $doc:literal])+
        $contract:ident::$name:ident { $($field:ident: $kind:ty = $abi:ident),* } $message:literal
    )*) => {
        /// A named error of a contract: what it expected, what it found, what to do.
        #[derive(Clone, Debug, PartialEq, Eq, Error)]
        #[non_exhaustive]
        pub enum Refusal {
            $(
                $(#[doc = $doc])+
                #[error($message)]
                $name {
                    $(
                        #[doc = concat!("`", stringify!($abi), "` of the contract's error.")]
                        $field: $kind,
                    )*
                },
            )*
        }

        impl Refusal {
            /// Reads what a call reverted with; `None` if it is none of the contracts' errors.
            #[must_use]
            pub fn decode(data: &[u8]) -> Option<Refusal> {
                let selector: [u8; 4] = data.get(..4)?.try_into().ok()?;
                $(
                    if selector == <$contract::$name as SolError>::SELECTOR {
                        #[allow(unused_variables)]
                        let error = <$contract::$name as SolError>::abi_decode(data).ok()?;
                        return Some(Refusal::$name {
                            $($field: FromAbi::from_abi(error.$abi)),*
                        });
                    }
                )*
                None
            }
        }
    };
}

refusals! {
    /// The hash's input is no field element.
    ConsentRegistry::PreimageNotCanonical { preimage: U256 = preimage }
        "expected a revocation preimage below the scalar modulus, found one that is not"

    /// The consent under which this presentation was made is revoked.
    DisclosureRegistry::ConsentRevoked { consent_handle: U256 = consentHandle }
        "the consent with handle {consent_handle:#x} is revoked; ask its holder for a new one"
    /// A digest or scope that is no field element.
    DisclosureRegistry::DigestNotCanonical { digest: U256 = digest }
        "expected a digest below the scalar modulus, found {digest:#x}"
    /// The request would end in the past or too late.
    DisclosureRegistry::ExpiryOutOfRange { expires_at: u64 = expiresAt, earliest: u64 = earliest, latest: u64 = latest }
        "expected a request that expires between {earliest} and {latest} (seconds since 1970), found {expires_at}"
    /// The request takes no records of this issuer.
    DisclosureRegistry::IssuerNotAccepted { request_digest: U256 = requestDigest, issuer: Address = issuer }
        "the request {request_digest:#x} accepts no records of issuer {issuer}"
    /// Too few or too many issuers named.
    DisclosureRegistry::IssuersOutOfRange { count: u64 = count, maximum: u64 = maximum }
        "expected 1 to {maximum} accepted issuers, found {count}"
    /// A maximum age of zero or of years.
    DisclosureRegistry::MaxRootAgeOutOfRange { max_root_age: u64 = maxRootAge, maximum: u64 = maximum }
        "expected a maximum root age of 1 to {maximum} s, found {max_root_age}"
    /// This holder has answered in this scope before.
    DisclosureRegistry::NullifierSpent { scope: U256 = scope, nullifier: U256 = nullifier }
        "the nullifier {nullifier:#x} has answered in scope {scope:#x} before: one answer per holder and scope"
    /// The account opened this digest before.
    DisclosureRegistry::RequestAlreadyOpen { audience: Address = audience, request_digest: U256 = requestDigest }
        "the account {audience} opened the request {request_digest:#x} before; a new request needs a new nonce"
    /// The request's time is over.
    DisclosureRegistry::RequestExpired { request_digest: U256 = requestDigest, expires_at: u64 = expiresAt }
        "the request {request_digest:#x} expired at {expires_at} (seconds since 1970); ask for a new one"
    /// Nobody opened this request on this ledger.
    DisclosureRegistry::RequestUnknown { audience: Address = audience, request_digest: U256 = requestDigest }
        "the account {audience} opened no request {request_digest:#x} on this ledger; the audience must open it first"

    /// What was to be executed failed without a reason.
    Governance::ActionFailed { id: u64 = id }
        "the call of proposal {id} was refused without a reason: look whether its target knows it"
    /// The member approved before.
    Governance::AlreadyApproved { id: u64 = id, member: Address = member }
        "member {member} approved proposal {id} before"
    /// A time-lock too short or too long.
    Governance::DelayOutOfRange { delay: u64 = delay, minimum: u64 = minimum, maximum: u64 = maximum }
        "expected a time-lock of {minimum} to {maximum} s, found {delay}"
    /// No, too many, repeated or zero members.
    Governance::MembersInvalid {}
        "expected 1 to 64 different members, none of them zero"
    /// The account is no member of the council.
    Governance::NotAMember { caller: Address = caller }
        "expected a member of the council, found {caller}"
    /// The member has no approval to take back.
    Governance::NotApproved { id: u64 = id, member: Address = member }
        "member {member} has not approved proposal {id}"
    /// More members have to approve.
    Governance::NotEnoughApprovals { id: u64 = id, approvals: u64 = approvals, required: u64 = required }
        "proposal {id} has {approvals} approvals, expected {required}"
    /// Only the council itself changes the council.
    Governance::NotTheCouncil { caller: Address = caller }
        "expected a proposal of the council itself, found a call by {caller}"
    /// What is to be executed is not what was proposed.
    Governance::ProposalActionDiffers { id: u64 = id }
        "the action given is not the one of proposal {id}"
    /// Executed before.
    Governance::ProposalExecuted { id: u64 = id }
        "proposal {id} was executed before"
    /// Too old.
    Governance::ProposalExpired { id: u64 = id }
        "proposal {id} expired; propose it again"
    /// There is none of this number.
    Governance::ProposalUnknown { id: u64 = id }
        "there is no proposal {id}"
    /// The council changed since.
    Governance::ProposalVoid { id: u64 = id }
        "proposal {id} is of an earlier council; propose it again"
    /// A proposal to call what has no code.
    Governance::TargetWithoutCode { target: Address = target }
        "expected a contract to call, found {target}, which has no code"
    /// Thresholds that don't fit each other or the members.
    Governance::ThresholdInvalid { threshold: u8 = threshold, pause_threshold: u8 = pauseThreshold, members: u64 = members }
        "expected 1 to {members} as threshold and fewer to pause, found {threshold} and {pause_threshold}"
    /// Approved, but not yet to be executed.
    Governance::TimeLocked { id: u64 = id, ready_at: u64 = readyAt }
        "proposal {id} is time-locked until {ready_at} (seconds since 1970)"

    /// A coordinate that is no canonical field element.
    KeyRegistry::CoordinateNotCanonical { coordinate: U256 = coordinate }
        "expected a coordinate below the base modulus, found {coordinate:#x}"
    /// A development key outside development mode.
    KeyRegistry::DevelopmentKeyRefused { key_id: B256 = keyId }
        "the key {key_id} is a development key, which only a deployment in development mode takes"
    /// A key for another number of public inputs.
    KeyRegistry::InputCountDiffers { expected: u64 = expected, found: u64 = found }
        "expected a key with {expected} IC points, found {found}"
    /// A public input that is no canonical field element.
    KeyRegistry::InputNotCanonical { index: u64 = index }
        "expected public input {index} below the scalar modulus, found one that is not"
    /// An identifier used before.
    KeyRegistry::KeyAlreadyRegistered { key_id: B256 = keyId }
        "the key {key_id} is registered"
    /// The key's points could not be stored.
    KeyRegistry::KeyDataNotStored {}
        "the key's points could not be stored; send more gas"
    /// Zero stands for no key.
    KeyRegistry::KeyIdZero {}
        "expected a key id other than zero"
    /// New requests need an active key.
    KeyRegistry::KeyNotActive { key_id: B256 = keyId, state: KeyState = status }
        "expected an active key, found {key_id}, which is {state}"
    /// Unknown or revoked.
    KeyRegistry::KeyNotUsable { key_id: B256 = keyId, state: KeyState = status }
        "expected an active or retiring key, found {key_id}, which is {state}"
    /// Two of beta, gamma and delta are equal up to sign: proofs could be forged.
    KeyRegistry::KeyPointsRelated {}
        "expected beta, gamma and delta to differ, found two equal up to sign: the key is unsound"
    /// Only an executed proposal of the council may.
    KeyRegistry::NotGovernance { caller: Address = caller }
        "expected an executed proposal of the council, found a call by {caller}"
    /// A point of the key is the identity.
    KeyRegistry::PointAtInfinity {}
        "expected no point of the key at infinity: the key is unsound"
    /// A point of the key is the generator, which gamma alone may be, or its negative.
    KeyRegistry::PointIsGenerator {}
        "expected no generator in the key but as gamma: a secret was never randomised"
    /// A G2 point of the key is off the curve or its subgroup.
    KeyRegistry::PointNotInSubgroup {}
        "expected G2 points on the curve and in the subgroup"
    /// A G1 point of the key is off the curve.
    KeyRegistry::PointNotOnCurve {}
        "expected G1 points on the curve"
    /// A point of the proof is off its curve or subgroup, or the gas ran out.
    KeyRegistry::PrecompileFailed {}
        "a point of the proof is off its curve or subgroup (or the gas ran out)"
    /// A coordinate of the proof is no canonical field element.
    KeyRegistry::ProofCoordinateNotCanonical { index: u64 = index }
        "expected coordinate {index} of the proof below the base modulus, found one that is not"
    /// A point of the proof is the identity.
    KeyRegistry::ProofPointAtInfinity {}
        "expected no point of the proof at infinity"
    /// The proof doesn't hold for these public inputs.
    KeyRegistry::ProofRejected {}
        "the proof does not hold for this request, root, nullifier and consent"

    /// The head is the newest of its log already.
    LogRegistry::HeadKnown { head: B256 = head }
        "the head {head} is the newest of this log on the ledger already"

    /// An epoch not above the last.
    RecordRegistry::EpochNotIncreasing { epoch: u64 = epoch, current: u64 = current }
        "expected an epoch above {current}, found {epoch}"
    /// A grace period too long.
    RecordRegistry::GraceOutOfRange { grace: u64 = grace, maximum: u64 = maximum }
        "expected a grace period of at most {maximum} s, found {grace}"
    /// The current root again, but not its epoch and size.
    RecordRegistry::HeartbeatDiffers { epoch: u64 = epoch, size: u64 = size, current_epoch: u64 = currentEpoch, current_size: u64 = currentSize }
        "expected the current root's epoch {current_epoch} and size {current_size} for its heartbeat, found {epoch} and {size}"
    /// Admitted before.
    RecordRegistry::IssuerAlreadyAdmitted { issuer: Address = issuer }
        "the issuer {issuer} was admitted before"
    /// Zero is no account.
    RecordRegistry::IssuerInvalid { issuer: Address = issuer }
        "expected an account, found {issuer}"
    /// Not admitted, or suspended.
    RecordRegistry::IssuerNotActive { issuer: Address = issuer, state: IssuerState = status }
        "expected an active issuer, found {issuer}, which is {state}"
    /// Only what is suspended can be reinstated.
    RecordRegistry::IssuerNotSuspended { issuer: Address = issuer, state: IssuerState = status }
        "expected a suspended issuer, found {issuer}, which is {state}"
    /// The issuer has been silent for too long.
    RecordRegistry::IssuerStalled { issuer: Address = issuer, last_publication_at: u64 = lastPublicationAt, max_age: u64 = maxAge }
        "the issuer {issuer} last published at {last_publication_at} (seconds since 1970), not within the last {max_age} s"
    /// No number is left.
    RecordRegistry::IssuersExhausted {}
        "no more issuers can be admitted to this deployment"
    /// There is nothing to unpause.
    RecordRegistry::RegistryNotPaused {}
        "the registry is not paused"
    /// Roots are neither published nor accepted.
    RecordRegistry::RegistryPaused {}
        "the registry is paused by its council"
    /// Zero or no field element.
    RecordRegistry::RootNotCanonical { root: U256 = root }
        "expected a root between 1 and the scalar modulus, found {root:#x}"
    /// Another root took its place too long ago.
    RecordRegistry::RootSuperseded { root: U256 = root, superseded_at: u64 = supersededAt, grace: u64 = grace }
        "the root {root:#x} was superseded at {superseded_at} (seconds since 1970), more than the grace of {grace} s ago; prove against the current one"
    /// The issuer never published it.
    RecordRegistry::RootUnknown { issuer: Address = issuer, root: U256 = root }
        "the issuer {issuer} never published the root {root:#x}"
}

impl Refusal {
    /// The contract's own name for it, in lower case: `RequestExpired` is `request_expired`. For programs.
    pub fn name(&self) -> String {
        let shown = format!("{self:?}");
        let name = shown.split([' ', '{', '(']).next().unwrap_or_default();
        let mut out = String::with_capacity(name.len() + 4);
        for (place, letter) in name.chars().enumerate() {
            if letter.is_ascii_uppercase() && place > 0 {
                out.push('_');
            }
            out.push(letter.to_ascii_lowercase());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::keccak256;

    const ARTIFACTS: [&str; 6] = [
        include_str!("../../contracts/artifacts/ConsentRegistry.json"),
        include_str!("../../contracts/artifacts/DisclosureRegistry.json"),
        include_str!("../../contracts/artifacts/Governance.json"),
        include_str!("../../contracts/artifacts/KeyRegistry.json"),
        include_str!("../../contracts/artifacts/LogRegistry.json"),
        include_str!("../../contracts/artifacts/RecordRegistry.json"),
    ];

    #[test]
    fn every_named_error_of_the_contracts_is_decoded() {
        let mut errors = 0;
        for artifact in ARTIFACTS {
            let artifact: serde_json::Value = serde_json::from_str(artifact).unwrap();
            for item in artifact["abi"].as_array().unwrap() {
                if item["type"] != "error" {
                    continue;
                }
                let inputs = item["inputs"].as_array().unwrap();
                let types: Vec<&str> = inputs.iter().map(|i| i["type"].as_str().unwrap()).collect();
                let name = item["name"].as_str().unwrap();
                let signature = format!("{name}({})", types.join(","));
                let mut data = keccak256(signature.as_bytes())[..4].to_vec();
                data.resize(4 + 32 * inputs.len(), 0);
                let decoded = Refusal::decode(&data).unwrap_or_else(|| panic!("{signature}"));
                assert!(format!("{decoded:?}").starts_with(name), "{decoded:?}");
                errors += 1;
            }
        }
        assert!(errors > 50);
    }

    #[test]
    fn what_is_no_named_error_is_none() {
        assert_eq!(Refusal::decode(&[]), None);
        assert_eq!(Refusal::decode(&[1, 2, 3, 4]), None);
        // Error(string)
        assert_eq!(Refusal::decode(&[0x08, 0xc3, 0x79, 0xa0]), None);
    }
}
