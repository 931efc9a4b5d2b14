//! What a verifier reads of the ledger, at one block.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use medproof_messages::encoding::Hex;
use medproof_messages::key::KeyId;
use medproof_messages::terms::Ledger;
use medproof_statement::Fr;
use medproof_statement::request::Time;
use thiserror::Error;

/// An issuer's account on the ledger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Issuer(pub [u8; 20]);

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(self.0).fmt(f)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({self})")
    }
}

/// A block of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its height.
    pub number: u64,
    /// Its hash.
    pub hash: [u8; 32],
    /// Its time.
    pub time: Time,
}

/// At which state a view looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Which ledger.
    pub ledger: Ledger,
    /// As of which block.
    pub block: Block,
    /// Whether that block is final: never to be undone.
    pub finalised: bool,
    /// Whether governance paused the registry.
    pub paused: bool,
    /// Until when the view may be used, where it does not follow the ledger by itself.
    pub valid_until: Option<Time>,
}

/// A root as one issuer published it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootEntry {
    /// Who published it.
    pub issuer: Issuer,
    /// Whether governance suspended that issuer.
    pub suspended: bool,
    /// The root's number, increasing for an issuer.
    pub epoch: u64,
    /// How many records were in it.
    pub size: u64,
    /// When it became current.
    pub published_at: Time,
    /// When another root of the issuer's took its place.
    pub superseded_at: Option<Time>,
    /// When the issuer last published anything, a heartbeat included.
    pub last_publication_at: Time,
}

/// A key's life on the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStatus {
    /// Never registered.
    Unknown,
    /// For all requests.
    Active,
    /// For requests that were made before.
    Retiring {
        /// Since when.
        since: Time,
    },
    /// For none.
    Revoked,
}

/// The ledger could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Unavailable {
    /// Why, and what to do.
    pub reason: String,
}

/// The ledger at one block: every answer must be of the same state.
pub trait LedgerView {
    /// Which state this is.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn snapshot(&self) -> Result<Snapshot, Unavailable>;

    /// All publications of a root: none, or one for each issuer that published it.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn roots(&self, root: Fr) -> Result<Vec<RootEntry>, Unavailable>;

    /// Whether the consent with this handle was revoked.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn is_revoked(&self, consent_handle: Fr) -> Result<bool, Unavailable>;

    /// A key's life.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn key_status(&self, key: &KeyId) -> Result<KeyStatus, Unavailable>;
}
