//! JSON-RPC's values, read strictly.

use crate::chain::{BlockLog, BlockRef, Log, Receipt};
use crate::error::{ChainError, shown};
use crate::{Address, B256, U256};
use alloy_rlp::Header;
use serde_json::{Value, json};

pub(crate) fn malformed(what: &'static str, found: String) -> ChainError {
    ChainError::Malformed {
        what,
        found: shown(&found),
    }
}

/// A call's object.
pub(crate) fn call(from: Address, to: Option<Address>, data: &[u8]) -> Value {
    let mut call = json!({ "from": from, "data": format!("0x{}", hex::encode(data)) });
    if let (Some(to), Some(object)) = (to, call.as_object_mut()) {
        object.insert("to".into(), json!(to));
    }
    call
}

pub(crate) fn wide_quantity(what: &'static str, value: &Value) -> Result<u128, ChainError> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    digits
        // Rust would take a plus sign.
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
        .and_then(|digits| u128::from_str_radix(digits, 16).ok())
        .ok_or_else(|| malformed(what, value.to_string()))
}

pub(crate) fn quantity(what: &'static str, value: &Value) -> Result<u64, ChainError> {
    let wide = wide_quantity(what, value)?;
    u64::try_from(wide).map_err(|_| malformed(what, value.to_string()))
}

/// A number of up to 256 bits.
pub(crate) fn word(what: &'static str, value: &Value) -> Result<U256, ChainError> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    digits
        // The same, and what Rust would take here: nothing at all, and underscores.
        .filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit()))
        .and_then(|digits| U256::from_str_radix(digits, 16).ok())
        .ok_or_else(|| malformed(what, value.to_string()))
}

pub(crate) fn bytes(what: &'static str, value: &Value) -> Result<Vec<u8>, ChainError> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    digits
        .and_then(|digits| hex::decode(digits).ok())
        .ok_or_else(|| malformed(what, value.to_string()))
}

pub(crate) fn hash(what: &'static str, value: &Value) -> Result<B256, ChainError> {
    B256::try_from(bytes(what, value)?.as_slice()).map_err(|_| malformed(what, value.to_string()))
}

fn address(what: &'static str, value: &Value) -> Result<Address, ChainError> {
    Address::try_from(bytes(what, value)?.as_slice()).map_err(|_| malformed(what, value.to_string()))
}

pub(crate) fn block(value: &Value) -> Result<BlockRef, ChainError> {
    Ok(BlockRef {
        number: quantity("block number", &value["number"])?,
        hash: hash("block hash", &value["hash"])?,
        time: quantity("block time", &value["timestamp"])?,
    })
}

/// A list of RLP, whose fields are encoded already.
pub(crate) fn list(fields: Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(fields.len() + 9);
    Header {
        list: true,
        payload_length: fields.len(),
    }
    .encode(&mut out);
    out.extend(fields);
    out
}

/// A receipt, and whether the transaction succeeded.
pub(crate) fn receipt(value: &Value) -> Result<(Receipt, bool), ChainError> {
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

/// Events and where they are.
pub(crate) fn logs(value: &Value) -> Result<Vec<BlockLog>, ChainError> {
    let logs = value.as_array().ok_or_else(|| malformed("logs", value.to_string()))?;
    let placed = logs.iter().map(|found| {
        // Of a block that is no longer on the chain.
        if found["removed"] == true {
            return Err(malformed("log", "one that was removed".into()));
        }
        Ok(BlockLog {
            block: quantity("block number", &found["blockNumber"])?,
            block_hash: hash("block hash", &found["blockHash"])?,
            index: quantity("log's place", &found["logIndex"])?,
            transaction: hash("transaction hash", &found["transactionHash"])?,
            log: log(found)?,
        })
    });
    placed.collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_alone() {
        assert_eq!(quantity("n", &json!("0x1F")).ok(), Some(31));
        for other in [
            json!("0x+5"),
            json!("0x-5"),
            json!("0x"),
            json!("5"),
            json!("0x 5"),
            json!(5),
        ] {
            assert!(quantity("n", &other).is_err(), "{other}");
            assert!(word("n", &other).is_err(), "{other}");
        }
        assert_eq!(word("n", &json!(format!("0x{}", "f".repeat(64)))).ok(), Some(U256::MAX));
        for other in [json!("0x1_0"), json!(format!("0x1{}", "0".repeat(64)))] {
            assert!(word("n", &other).is_err(), "{other}");
        }
        assert!(quantity("n", &json!("0x10000000000000000")).is_err());
    }

    #[test]
    fn what_a_node_answers_is_told_on_a_line() {
        let error = quantity("n", &json!("\u{7f}".repeat(1_000_000)))
            .unwrap_err()
            .to_string();
        assert!(error.len() < 1_000 && !error.chars().any(char::is_control));
    }
}
