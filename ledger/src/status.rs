//! What the ledger says about issuers, roots, keys, requests and answers.

use crate::chain::BlockRef;
use crate::key::KeyId;
use crate::{Address, B256, U256};
use core::fmt;
use medproof_statement::Fr;

/// What an issuer publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootPublication {
    /// Of the registry tree.
    pub root: Fr,
    /// Strictly increasing with every new root; the same again for a heartbeat.
    pub epoch: u64,
    /// How many records the tree holds.
    pub size: u64,
}

/// Whether an issuer's roots count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IssuerState {
    /// Never admitted.
    Unknown,
    /// Admitted.
    Active,
    /// Suspended: none of its roots counts.
    Suspended,
}

impl IssuerState {
    /// From the contract's number; one it doesn't have counts for nothing.
    pub(crate) fn from_code(code: u8) -> IssuerState {
        match code {
            1 => IssuerState::Active,
            2 => IssuerState::Suspended,
            _ => IssuerState::Unknown,
        }
    }
}

impl fmt::Display for IssuerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IssuerState::Unknown => "not admitted",
            IssuerState::Active => "active",
            IssuerState::Suspended => "suspended",
        })
    }
}

/// An issuer as of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerStatus {
    /// The account that publishes.
    pub issuer: Address,
    /// Whether its roots count.
    pub state: IssuerState,
    /// The root that is current, if it ever published.
    pub current_root: Option<Fr>,
    /// The current root's epoch; 0 before the first.
    pub epoch: u64,
    /// When it last published, heartbeats included, in seconds since 1970.
    pub last_publication_at: Option<u64>,
    /// Whether the council paused all roots.
    pub paused: bool,
    /// As of which final block.
    pub block: BlockRef,
}

/// A root that was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootEntry {
    /// Its epoch.
    pub epoch: u64,
    /// How many records.
    pub size: u64,
    /// When it became current, in seconds since 1970.
    pub published_at: u64,
    /// When another took its place; `None` while it is current.
    pub superseded_at: Option<u64>,
}

/// A root as of a block: all that §4's rule of acceptance needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootStatus {
    /// Whose.
    pub issuer: Address,
    /// Which.
    pub root: Fr,
    /// What was published; `None` if it never was.
    pub entry: Option<RootEntry>,
    /// Whether the issuer's roots count.
    pub issuer_state: IssuerState,
    /// When the issuer last published anything, in seconds since 1970.
    pub last_publication_at: Option<u64>,
    /// For how long after it was superseded a root is accepted, in seconds.
    pub grace: u64,
    /// Whether the council paused all roots.
    pub paused: bool,
    /// As of which final block.
    pub block: BlockRef,
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Never registered.
    Unknown,
    /// Takes new requests.
    Active,
    /// Answers open requests only.
    Retiring,
    /// Answers nothing.
    Revoked,
}

impl KeyState {
    /// From the contract's number; one it doesn't have counts for nothing.
    pub(crate) fn from_code(code: u8) -> KeyState {
        match code {
            1 => KeyState::Active,
            2 => KeyState::Retiring,
            3 => KeyState::Revoked,
            _ => KeyState::Unknown,
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyState::Unknown => "not registered",
            KeyState::Active => "active",
            KeyState::Retiring => "retiring",
            KeyState::Revoked => "revoked",
        })
    }
}

/// A key as of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatus {
    /// Its identifier.
    pub key_id: KeyId,
    /// Where it is in its life.
    pub state: KeyState,
    /// The tier's number.
    pub tier: u8,
    /// The circuit's version.
    pub circuit_version: u32,
    /// Whether it is insecure, for development.
    pub development: bool,
    /// When it came to its state, in seconds since 1970; 0 if it was never registered.
    pub since: u64,
    /// As of which final block.
    pub block: BlockRef,
}

/// A request that was opened, as of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestStatus {
    /// Numbered from 1 per account.
    pub number: u64,
    /// Of the policy that has to hold.
    pub policy_digest: Fr,
    /// The key that answers are verified by.
    pub key_id: KeyId,
    /// In which no holder answers twice.
    pub scope: Fr,
    /// When it was opened, in seconds since 1970.
    pub opened_at: u64,
    /// From when it takes no answers, in seconds since 1970.
    pub expires_at: u64,
    /// How old an issuer's last publication may be, in seconds.
    pub max_root_age: u64,
    /// As of which final block.
    pub block: BlockRef,
}

/// An answer that was verified and stored, as of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// Whose records.
    pub issuer: Address,
    /// The epoch of the root that it was proved against.
    pub epoch: u64,
    /// When, in seconds since 1970.
    pub answered_at: u64,
    /// The consent handle's low 96 bits.
    pub consent_tag: U256,
    /// As of which final block.
    pub block: BlockRef,
}

/// A proposal of the council.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalStatus {
    /// How many members approve.
    pub approvals: u32,
    /// How many have to.
    pub required: u32,
    /// When the time-lock ends, in seconds since 1970; `None` until enough approve.
    pub ready_at: Option<u64>,
    /// Whether it was executed.
    pub executed: bool,
    /// As of which final block.
    pub block: BlockRef,
}

/// Which log, of those that an account keeps: SHA-256 of the log's key, as its auditors have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogId(pub B256);

/// A log's head that was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// Hash of size and root: who has the entries knows whose.
    pub head: B256,
    /// When it was published, in seconds since 1970.
    pub published_at: u64,
}
