//! JSON-RPC's values, read strictly.

use crate::chain::{BlockRef, Log, Receipt};
use crate::error::ChainError;
use crate::{Address, B256};
use serde_json::{Value, json};

pub(super) fn malformed(what: &'static str, found: String) -> ChainError {
    ChainError::Malformed { what, found }
}

/// A call's object.
pub(super) fn call(from: Address, to: Option<Address>, data: &[u8]) -> Value {
    let mut call = json!({ "from": from, "data": format!("0x{}", hex::encode(data)) });
    if let (Some(to), Some(object)) = (to, call.as_object_mut()) {
        object.insert("to".into(), json!(to));
    }
    call
}

pub(super) fn wide_quantity(what: &'static str, value: &Value) -> Result<u128, ChainError> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    digits
        .and_then(|digits| u128::from_str_radix(digits, 16).ok())
        .ok_or_else(|| malformed(what, value.to_string()))
}

pub(super) fn quantity(what: &'static str, value: &Value) -> Result<u64, ChainError> {
    let wide = wide_quantity(what, value)?;
    u64::try_from(wide).map_err(|_| malformed(what, value.to_string()))
}

pub(super) fn bytes(what: &'static str, value: &Value) -> Result<Vec<u8>, ChainError> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    digits
        .and_then(|digits| hex::decode(digits).ok())
        .ok_or_else(|| malformed(what, value.to_string()))
}

pub(super) fn hash(what: &'static str, value: &Value) -> Result<B256, ChainError> {
    B256::try_from(bytes(what, value)?.as_slice()).map_err(|_| malformed(what, value.to_string()))
}

fn address(what: &'static str, value: &Value) -> Result<Address, ChainError> {
    Address::try_from(bytes(what, value)?.as_slice()).map_err(|_| malformed(what, value.to_string()))
}

pub(super) fn block(value: &Value) -> Result<BlockRef, ChainError> {
    Ok(BlockRef {
        number: quantity("block number", &value["number"])?,
        hash: hash("block hash", &value["hash"])?,
        time: quantity("block time", &value["timestamp"])?,
    })
}

/// A receipt, and whether the transaction succeeded.
pub(super) fn receipt(value: &Value) -> Result<(Receipt, bool), ChainError> {
    let created = match &value["contractAddress"] {
        Value::Null => None,
        created => Some(address("contract address", created)?),
    };
    let logs = value["logs"]
        .as_array()
        .ok_or_else(|| malformed("logs", value["logs"].to_string()))?;
    let receipt = Receipt {
        transaction: hash("transaction hash", &value["transactionHash"])?,
        block: quantity("block number", &value["blockNumber"])?,
        block_hash: hash("block hash", &value["blockHash"])?,
        gas_used: quantity("gas used", &value["gasUsed"])?,
        created,
        logs: logs.iter().map(log).collect::<Result<_, _>>()?,
    };
    match quantity("receipt status", &value["status"])? {
        1 => Ok((receipt, true)),
        0 => Ok((receipt, false)),
        other => Err(malformed("receipt status", other.to_string())),
    }
}

fn log(value: &Value) -> Result<Log, ChainError> {
    let topics = &value["topics"];
    let topics = topics
        .as_array()
        .ok_or_else(|| malformed("topics", topics.to_string()))?;
    Ok(Log {
        address: address("log's address", &value["address"])?,
        topics: topics
            .iter()
            .map(|topic| hash("topic", topic))
            .collect::<Result<_, _>>()?,
        data: bytes("log's data", &value["data"])?,
    })
}
