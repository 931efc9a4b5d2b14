//! The chain seen from Rust: who may publish roots, which roots and keys hold, which consents are
//! revoked, which requests are open and who answered them.
//!
//! [`Ledger`] is the one interface, object-safe and synchronous: a chain answers in milliseconds
//! to seconds, and callers that serve many at once run it on threads of their own. Three chains
//! stand behind it, running the same bytecode:
//! - [`EmbeddedLedger`]: an EVM in this process, its state durable in a directory, final at once;
//! - [`RpcLedger`]: any node that speaks JSON-RPC, read at its finalised block, and believed;
//! - [`ProvedLedger`]: the same node, read at one block that the reader trusts, and believed in nothing.
//!
//! Everything read carries the block that it was read at. Writes return a [`Receipt`], or the
//! contract's named error as a typed [`Refusal`].
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod abi;
mod account;
mod action;
mod chain;
mod deployment;
mod disclosure;
mod embedded;
mod error;
mod evm;
mod field;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod key;
mod ledger;
mod proved;
mod refusal;
mod registry;
mod rpc;
mod status;
mod watch;

pub use account::{Account, AccountError};
pub use action::{Action, ProposalId};
pub use alloy_primitives::{Address, B256, U256};
pub use chain::{BlockLog, BlockRef, Call, Chain, Log, Read, Receipt};
pub use deployment::{Council, DeployConfig, Deployment, DeploymentError};
pub use disclosure::{OpenRequest, ProofWords, Submission};
pub use embedded::clock::{Clock, ManualClock, SystemClock};
pub use embedded::store::StoreError;
pub use embedded::{EMBEDDED_CHAIN_ID, EmbeddedChain};
pub use error::{ChainError, LedgerError};
pub use field::word;
pub use key::{KeyId, KeyRegistration, KeyWords, VerifyingKeyPoints};
pub use ledger::Ledger;
pub use proved::{ProvedChain, Unproved};
pub use refusal::Refusal;
pub use registry::{EmbeddedLedger, ProvedLedger, Registry, RpcLedger};
pub use rpc::{RpcChain, RpcConfig};
pub use status::{
    Disclosure, IssuerState, IssuerStatus, KeyState, KeyStatus, LogHead, LogId, ProposalStatus, RequestStatus,
    RootEntry, RootPublication, RootStatus,
};
pub use watch::{Cursor, LedgerEvent, Look, Mark, Noticed, WatchError, Watcher};
