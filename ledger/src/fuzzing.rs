//! Readers of what a node answers and of the embedded chain's state, for the fuzz targets alone:
//! behind the feature `fuzzing`.

use crate::chain::{BlockLog, BlockRef, Receipt};
use crate::embedded::world::World;
use crate::error::{ChainError, LedgerError};
use crate::rpc::transport;
use crate::rpc::wire;
use crate::{Address, B256};
use serde_json::Value;

/// What a reply is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A block.
    Block,
    /// A transaction's receipt.
    Receipt,
    /// Events and where they are.
    Logs,
    /// A number of 64 bits.
    Quantity,
    /// A number of 128 bits.
    WideQuantity,
    /// Bytes.
    Bytes,
    /// A hash.
    Hash,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// A block.
    Block(BlockRef),
    /// A receipt, and whether the transaction succeeded.
    Receipt(Receipt, bool),
    /// Events and where they are.
    Logs(Vec<BlockLog>),
    /// A number.
    Quantity(u128),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A hash.
    Hash(B256),
}

/// Reads a node's whole answer, an error of the contract's included.
///
/// # Errors
/// As the operations that ask for it.
pub fn reply(kind: Reply, answer: Value) -> Result<Read, LedgerError> {
    let result = transport::result("eth_call", answer).map_err(|e| e.refusal(Address::ZERO))?;
    Ok(read(kind, &result)?)
}

fn read(kind: Reply, result: &Value) -> Result<Read, ChainError> {
    Ok(match kind {
        Reply::Block => Read::Block(wire::block(result)?),
        Reply::Receipt => {
            let (receipt, succeeded) = wire::receipt(result)?;
            Read::Receipt(receipt, succeeded)
        }
        Reply::Logs => Read::Logs(wire::logs(result)?),
        Reply::Quantity => Read::Quantity(wire::quantity("number", result)?.into()),
        Reply::WideQuantity => Read::Quantity(wire::wide_quantity("number", result)?),
        Reply::Bytes => Read::Bytes(wire::bytes("bytes", result)?),
        Reply::Hash => Read::Hash(wire::hash("hash", result)?),
    })
}

/// The embedded chain's state, read and written again.
pub fn state(bytes: &[u8]) -> Option<Vec<u8>> {
    World::decode(bytes).map(|world| world.encode())
}
