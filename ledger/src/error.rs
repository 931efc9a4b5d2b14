//! What can go wrong between a caller and a contract.

use crate::deployment::DeploymentError;
use crate::embedded::store::StoreError;
use crate::proved::Unproved;
use crate::refusal::Refusal;
use crate::{AccountError, Address, B256};
use core::convert::Infallible;
use revm::database_interface::DBErrorMarker;
use thiserror::Error;

/// Why an operation on the ledger failed.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// A contract refused, by one of its named errors.
    #[error("the ledger refused: {0}")]
    Refused(#[from] Refusal),
    /// The chain could not be read or written.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The deployment that was named isn't what the chain has.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
}

/// What a node or a file says, cut to what a log takes, with nothing that a terminal obeys.
pub(crate) fn shown(text: &str) -> String {
    text.chars()
        .take(300)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

/// Why a chain could not be read or written.
#[derive(Debug, Error)]
pub enum ChainError {
    /// The embedded chain's state could not be read or kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What a node answered, or was asked, is not proved under the block that is trusted.
    #[error(transparent)]
    Unproved(#[from] Unproved),
    /// A secret key that is none.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// No answer from the node.
    #[error("no answer from the node at {url}: {reason}; check the address and that the node runs")]
    Unreachable {
        /// Where it was sought, without credentials or query.
        url: String,
        /// What the transport says.
        reason: String,
    },
    /// The node answered with an error.
    #[error("the node answered {method} with error {code}: {message}")]
    Node {
        /// What was asked.
        method: &'static str,
        /// JSON-RPC's code.
        code: i64,
        /// The node's words.
        message: String,
    },
    /// The node is on another chain.
    #[error("expected chain {expected}, found chain {found} at the node; use that chain's node or deployment")]
    WrongChain {
        /// From the deployment or configuration.
        expected: u64,
        /// The node's.
        found: u64,
    },
    /// The node names no final block and no depth to fall back to is configured.
    #[error(
        "the node names no finalised block ({reason}); configure a fallback depth if its blocks become final by depth"
    )]
    NoFinality {
        /// What it answered instead.
        reason: String,
    },
    /// Blocks that the chain once had, and keeps no longer.
    #[error("the chain keeps blocks from {oldest} on, found block {asked} asked for; read from {oldest} on")]
    Forgotten {
        /// Which was asked for.
        asked: u64,
        /// The oldest that is kept.
        oldest: u64,
    },
    /// The answer is larger than any that is read.
    #[error("expected at most {limit} bytes in answer to {method}, found more; ask for less at once")]
    AnswerTooLarge {
        /// What was asked.
        method: &'static str,
        /// In bytes.
        limit: u64,
    },
    /// An answer isn't what it has to be.
    #[error("unexpected {what} from the chain: {found}")]
    Malformed {
        /// Which value.
        what: &'static str,
        /// What came.
        found: String,
    },
    /// A transaction was sent but no block took it up in time. It may still be.
    #[error("transaction {hash} was sent but not confirmed within {seconds} s; look it up before sending again")]
    Unconfirmed {
        /// Of the transaction.
        hash: B256,
        /// How long was waited.
        seconds: u64,
    },
    /// Gas costs more than the configuration allows.
    #[error("gas costs {price} wei, more than the configured {maximum}; wait, or raise the maximum")]
    GasTooDear {
        /// What the node asks.
        price: u128,
        /// What is allowed.
        maximum: u128,
    },
    /// A call failed without one of the contracts' named errors.
    #[error("the call to {to} failed: {reason}")]
    Failed {
        /// Which contract; zero for a deployment.
        to: Address,
        /// The EVM's or the node's reason.
        reason: String,
    },
    /// `https` without the `tls` feature.
    #[error(
        "{url} needs TLS, which this build leaves out; build with the feature `tls`, or use a node on a private network by http"
    )]
    TlsLeftOut {
        /// The node's address.
        url: String,
    },
}

// So that the EVM hands on why its state could not be read.
impl DBErrorMarker for ChainError {}

impl From<Infallible> for ChainError {
    fn from(never: Infallible) -> ChainError {
        match never {}
    }
}
