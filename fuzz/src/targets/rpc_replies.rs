//! A node's replies: each value as JSON-RPC has it, or refused in words that fit a log.

use crate::oracle::refused;
use crate::target::Verdict;
use medproof_ledger::fuzzing::{Read, Reply, reply};
use serde_json::Value;

const KINDS: [Reply; 7] = [
    Reply::Block,
    Reply::Logs,
    Reply::Receipt,
    Reply::Quantity,
    Reply::WideQuantity,
    Reply::Bytes,
    Reply::Hash,
];

/// The same reply to each question.
pub fn replies(input: &[u8]) -> Verdict {
    let Ok(answer) = serde_json::from_slice::<Value>(input) else {
        return Verdict::Refused;
    };
    let mut verdict = Verdict::Refused;
    for kind in KINDS {
        match reply(kind, answer.clone()) {
            Err(error) => drop(refused(&error)),
            Ok(read) => {
                check(&read, &answer["result"]);
                verdict = Verdict::Accepted;
            }
        }
    }
    verdict
}

fn check(read: &Read, result: &Value) {
    let digits = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        let digits = text.strip_prefix("0x").unwrap_or_default().to_ascii_lowercase();
        assert!(digits.bytes().all(|b| b.is_ascii_hexdigit()), "{value}");
        digits
    };
    match read {
        Read::Quantity(n) => assert_eq!(format!("{n:x}"), significant(&digits(result))),
        Read::Bytes(bytes) => assert_eq!(hex::encode(bytes), digits(result)),
        Read::Hash(hash) => assert_eq!(hex::encode(hash), digits(result)),
        Read::Block(block) => {
            assert_eq!(format!("{:x}", block.number), significant(&digits(&result["number"])));
            assert_eq!(format!("{:x}", block.time), significant(&digits(&result["timestamp"])));
            assert_eq!(hex::encode(block.hash), digits(&result["hash"]));
        }
        Read::Logs(logs) => {
            let values = result.as_array().map(Vec::as_slice).unwrap_or_default();
            assert_eq!(logs.len(), values.len());
            for (log, value) in logs.iter().zip(values) {
                assert_eq!(format!("{:x}", log.block), significant(&digits(&value["blockNumber"])));
                assert_eq!(format!("{:x}", log.index), significant(&digits(&value["logIndex"])));
                assert_eq!(hex::encode(log.block_hash), digits(&value["blockHash"]));
                assert_eq!(hex::encode(&log.log.data), digits(&value["data"]));
                assert_ne!(value["removed"], true);
            }
        }
        Read::Receipt(receipt, succeeded) => {
            assert_eq!(hex::encode(receipt.transaction), digits(&result["transactionHash"]));
            assert_eq!(
                format!("{:x}", receipt.block),
                significant(&digits(&result["blockNumber"]))
            );
            assert_eq!(
                if *succeeded { "1" } else { "0" },
                significant(&digits(&result["status"]))
            );
            assert_eq!(receipt.logs.len(), result["logs"].as_array().map_or(0, Vec::len));
        }
    }
}

// Without leading zeros.
fn significant(digits: &str) -> &str {
    match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    }
}
