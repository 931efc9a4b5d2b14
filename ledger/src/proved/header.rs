//! A block's header, held against its hash.

use super::Unproved;
use crate::B256;
use crate::error::ChainError;
use crate::rpc::wire;
use alloy_primitives::keccak256;
use alloy_rlp::Encodable;
use serde_json::Value;

/// How a field is hashed.
#[derive(Clone, Copy)]
enum Kind {
    /// All its bytes.
    Bytes,
    /// Its bytes without leading zeros.
    Number,
}

/// The fields that are hashed, in their order.
const FIELDS: [(&str, Kind); 21] = [
    ("parentHash", Kind::Bytes),
    ("sha3Uncles", Kind::Bytes),
    ("miner", Kind::Bytes),
    ("stateRoot", Kind::Bytes),
    ("transactionsRoot", Kind::Bytes),
    ("receiptsRoot", Kind::Bytes),
    ("logsBloom", Kind::Bytes),
    ("difficulty", Kind::Number),
    ("number", Kind::Number),
    ("gasLimit", Kind::Number),
    ("gasUsed", Kind::Number),
    ("timestamp", Kind::Number),
    ("extraData", Kind::Bytes),
    ("mixHash", Kind::Bytes),
    ("nonce", Kind::Bytes),
    // London, Shanghai, Cancun, Prague: where the block has them.
    ("baseFeePerGas", Kind::Number),
    ("withdrawalsRoot", Kind::Bytes),
    ("blobGasUsed", Kind::Number),
    ("excessBlobGas", Kind::Number),
    ("parentBeaconBlockRoot", Kind::Bytes),
    ("requestsHash", Kind::Bytes),
];

/// So many every block has. Their places are fixed by that: what comes after cannot stand in for them.
const ALWAYS: usize = 15;

/// What is read of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub number: u64,
    pub time: u64,
    pub state_root: B256,
}

impl Header {
    /// A node's block, if it is the one of the trusted hash.
    pub fn proved(block: &Value, trusted: B256) -> Result<Header, ChainError> {
        let found = keccak256(encoded(block)?);
        if found != trusted {
            return Err(Unproved::Header { trusted, found }.into());
        }
        Ok(Header {
            number: wire::quantity("block number", &block["number"])?,
            time: wire::quantity("block time", &block["timestamp"])?,
            state_root: wire::hash("root of a block's state", &block["stateRoot"])?,
        })
    }
}

fn encoded(block: &Value) -> Result<Vec<u8>, ChainError> {
    let mut fields = Vec::new();
    for (place, (name, kind)) in FIELDS.into_iter().enumerate() {
        let value = &block[name];
        match kind {
            _ if value.is_null() && place >= ALWAYS => {}
            Kind::Bytes => wire::bytes(name, value)?.as_slice().encode(&mut fields),
            Kind::Number => wire::word(name, value)?.encode(&mut fields),
        }
    }
    Ok(wire::list(fields))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Mainnet's first block.
    fn genesis() -> Value {
        let zero = |bytes: usize| format!("0x{}", "00".repeat(bytes));
        let empty = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
        json!({
            "parentHash": zero(32),
            "sha3Uncles": "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
            "miner": zero(20),
            "stateRoot": "0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544",
            "transactionsRoot": empty,
            "receiptsRoot": empty,
            "logsBloom": zero(256),
            "difficulty": "0x400000000",
            "number": "0x0",
            "gasLimit": "0x1388",
            "gasUsed": "0x0",
            "timestamp": "0x0",
            "extraData": "0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa",
            "mixHash": zero(32),
            "nonce": "0x0000000000000042",
        })
    }

    const GENESIS: &str = "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3";

    #[test]
    fn mainnets_first_block_has_its_hash() {
        let trusted = GENESIS.parse().unwrap();
        let header = Header::proved(&genesis(), trusted).unwrap();
        assert_eq!((header.number, header.time), (0, 0));
        assert_eq!(json!(header.state_root), genesis()["stateRoot"]);
    }

    #[test]
    fn every_field_counts() {
        let trusted = GENESIS.parse().unwrap();
        for (place, (name, kind)) in FIELDS.into_iter().enumerate() {
            let mut block = genesis();
            block[name] = match kind {
                Kind::Bytes => json!(format!("0x{}", "01".repeat(32))),
                Kind::Number => json!("0x7"),
            };
            let refused = Header::proved(&block, trusted).unwrap_err();
            assert!(
                matches!(refused, ChainError::Unproved(Unproved::Header { .. })),
                "{name}"
            );
            if place < ALWAYS {
                block[name] = Value::Null;
                let refused = Header::proved(&block, trusted).unwrap_err();
                assert!(matches!(refused, ChainError::Malformed { what, .. } if what == name));
            }
        }
    }
}
