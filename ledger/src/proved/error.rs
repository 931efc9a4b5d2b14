//! What does not follow from the block that is trusted.

use crate::{Address, B256, U256};
use thiserror::Error;

/// Why a read is not proved under the trusted block.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unproved {
    /// The node does not have the block.
    #[error(
        "expected the trusted block {trusted}, found that the node has none of this hash; is it synchronised, and is the hash one of its chain?"
    )]
    NoBlock {
        /// The hash that is trusted.
        trusted: B256,
    },
    /// The header is another's.
    #[error(
        "expected a header that hashes to the trusted block {trusted}, found one that hashes to {found}: the node lies, or its chain hashes headers in a way of its own; ask another node"
    )]
    Header {
        /// The hash that is trusted.
        trusted: B256,
        /// What the header that was answered hashes to.
        found: B256,
    },
    /// An account's proof does not end in what the node says, or does not begin in the block's state.
    #[error(
        "expected a proof of the account {address} in the trusted block {block}, found one that does not hold ({reason}): the node lies, or keeps that block's state no longer; ask another node, or trust a newer block"
    )]
    Account {
        /// The account.
        address: Address,
        /// The block.
        block: B256,
        /// What does not fit.
        reason: String,
    },
    /// A storage slot's proof does not end in what the node says, or does not begin in its account.
    #[error(
        "expected a proof of slot {slot:#x} of {address} in the trusted block {block}, found one that does not hold ({reason}): the node lies, or keeps that block's state no longer; ask another node, or trust a newer block"
    )]
    Storage {
        /// The contract.
        address: Address,
        /// The slot.
        slot: U256,
        /// The block.
        block: B256,
        /// What does not fit.
        reason: String,
    },
    /// The code is not the account's.
    #[error(
        "expected code at {address} that hashes to {expected}, found code that hashes to {found}: the node lies; ask another"
    )]
    Code {
        /// The contract.
        address: Address,
        /// As its account has it, which is proved.
        expected: B256,
        /// What the code that was answered hashes to.
        found: B256,
    },
    /// What no proof under one block answers.
    #[error(
        "expected a read of the state at the trusted block {block}, found {asked} asked for; use a node that is trusted for that"
    )]
    Unprovable {
        /// What was asked for.
        asked: &'static str,
        /// The block.
        block: B256,
    },
}
