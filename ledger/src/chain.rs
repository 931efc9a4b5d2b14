//! What chains can do: read at a final block, and take transactions.

use crate::{Account, Address, B256, ChainError, LedgerError};

/// A block that something was read at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockRef {
    /// Its height.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// Its time in seconds since 1970 UTC.
    pub time: u64,
}

/// A call of a contract.
#[derive(Clone, Debug)]
pub struct Call {
    /// The contract.
    pub to: Address,
    /// Selector and arguments.
    pub data: Vec<u8>,
}

/// The answers to several calls at one block.
#[derive(Clone, Debug)]
pub struct Read {
    /// The final block that all answers are of.
    pub block: BlockRef,
    /// One answer a call, in order.
    pub answers: Vec<Vec<u8>>,
}

/// An event that a transaction left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The contract.
    pub address: Address,
    /// The event's digest and its indexed arguments.
    pub topics: Vec<B256>,
    /// The other arguments.
    pub data: Vec<u8>,
}

/// An event and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockLog {
    /// The block's height.
    pub block: u64,
    /// The block's hash.
    pub block_hash: B256,
    /// Its place among the block's events, from 0.
    pub index: u64,
    /// The transaction that left it.
    pub transaction: B256,
    /// The event.
    pub log: Log,
}

/// A transaction that took effect. Inclusion is not finality: what is read afterwards is read at
/// the final block, which may lag behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction's hash.
    pub transaction: B256,
    /// The block that took it up.
    pub block: u64,
    /// That block's hash.
    pub block_hash: B256,
    /// All gas that it cost, 21,000 and calldata included.
    pub gas_used: u64,
    /// The contract that it created, if it did.
    pub created: Option<Address>,
    /// Its events.
    pub logs: Vec<Log>,
}

/// An EVM chain. Implemented by [`crate::EmbeddedChain`], [`crate::RpcChain`] and, for reading, [`crate::ProvedChain`].
pub trait Chain: Send + Sync {
    /// The chain's id.
    ///
    /// # Errors
    /// [`ChainError`] if the chain cannot be reached.
    fn chain_id(&self) -> Result<u64, ChainError>;

    /// The newest block that is final.
    ///
    /// # Errors
    /// [`ChainError`] if the chain cannot be reached or names none.
    fn head(&self) -> Result<BlockRef, ChainError>;

    /// The block of this height, if there is one: not above [`Chain::head`] it is final.
    ///
    /// # Errors
    /// [`ChainError`] if the chain cannot be reached, or [`ChainError::Forgotten`].
    fn block(&self, number: u64) -> Result<Option<BlockRef>, ChainError>;

    /// The events of these contracts in the blocks of these heights, both ends included, in their order.
    ///
    /// # Errors
    /// [`ChainError`] if the chain cannot be reached, answers something else, or [`ChainError::Forgotten`].
    /// A node that refuses so many blocks at once says so by [`ChainError::Node`] or
    /// [`ChainError::AnswerTooLarge`].
    fn logs(&self, contracts: &[Address], from: u64, to: u64) -> Result<Vec<BlockLog>, ChainError>;

    /// Calls contracts at the newest final block, all at the same one.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] with the named error of the first call that reverts, or why the
    /// chain could not be read.
    fn read(&self, calls: &[Call]) -> Result<Read, LedgerError>;

    /// The code at an address in the newest final block.
    ///
    /// # Errors
    /// [`ChainError`] if the chain cannot be reached.
    fn code(&self, address: Address) -> Result<Vec<u8>, ChainError>;

    /// Sends a transaction and waits until a block has taken it up.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] with the named error if it reverts, in which case nothing changed,
    /// or why it could not be sent.
    fn transact(&self, from: &Account, call: Call) -> Result<Receipt, LedgerError>;

    /// Deploys a contract and waits until a block has taken it up.
    ///
    /// # Errors
    /// As [`Chain::transact`].
    fn deploy(&self, from: &Account, code: Vec<u8>) -> Result<Receipt, LedgerError>;

    /// The gas that a transaction would cost now.
    ///
    /// # Errors
    /// As [`Chain::transact`].
    fn estimate(&self, from: Address, call: Call) -> Result<u64, LedgerError>;
}
