//! JSON-RPC over HTTP.

use super::wire;
use crate::error::{ChainError, shown};
use crate::refusal::Refusal;
use crate::{Address, LedgerError};
use serde_json::{Value, json};
use std::time::Duration;
use ureq::Agent;

/// No answer of ours is larger: code, receipts and blocks without transactions. Of events less can be asked for.
const ANSWER_LIMIT: u64 = 8 << 20;

/// A connection to one node.
#[derive(Debug)]
pub(crate) struct Transport {
    agent: Agent,
    url: String,
}

/// An exchange that gave no result.
#[derive(Debug)]
pub(crate) enum RpcError {
    /// The node answered with an error, and for a revert with its data.
    Answered {
        method: &'static str,
        code: i64,
        message: String,
        data: Vec<u8>,
    },
    /// Nothing that could be understood came.
    Chain(ChainError),
}

impl From<ChainError> for RpcError {
    fn from(error: ChainError) -> RpcError {
        RpcError::Chain(error)
    }
}

impl From<RpcError> for ChainError {
    fn from(error: RpcError) -> ChainError {
        match error {
            RpcError::Answered {
                method, code, message, ..
            } => ChainError::Node { method, code, message },
            RpcError::Chain(error) => error,
        }
    }
}

impl RpcError {
    /// A revert as the contract's named error, or as how the call to `to` failed.
    pub fn refusal(self, to: Address) -> LedgerError {
        match self {
            RpcError::Answered { data, message, .. } if !data.is_empty() => match Refusal::decode(&data) {
                Some(refusal) => refusal.into(),
                None => ChainError::Failed {
                    to,
                    reason: shown(&format!("{message}, with 0x{}", hex::encode(data))),
                }
                .into(),
            },
            other => ChainError::from(other).into(),
        }
    }
}

impl Transport {
    pub fn new(url: &str, timeout: Duration) -> Result<Transport, ChainError> {
        if url.starts_with("https:") && !cfg!(feature = "tls") {
            return Err(ChainError::TlsLeftOut { url: host_of(url) });
        }
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // Where transactions go is the configuration's to say, not the environment's.
            .proxy(None)
            .max_redirects(0)
            .build();
        Ok(Transport {
            agent: config.into(),
            url: url.to_owned(),
        })
    }

    /// One request and its result.
    pub fn ask(&self, method: &'static str, params: &Value) -> Result<Value, RpcError> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        result(method, self.post(method, request.to_string())?)
    }

    fn post(&self, method: &'static str, body: String) -> Result<Value, ChainError> {
        let unreachable = |reason: String| ChainError::Unreachable {
            url: host_of(&self.url),
            reason,
        };
        let mut response = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .send(body.as_bytes())
            .map_err(|e| unreachable(e.to_string()))?;
        let status = response.status();
        let bytes = response
            .body_mut()
            .with_config()
            .limit(ANSWER_LIMIT)
            .read_to_vec()
            .map_err(|e| match e {
                ureq::Error::BodyExceedsLimit(limit) => ChainError::AnswerTooLarge { method, limit },
                other => unreachable(other.to_string()),
            })?;
        // Some nodes send errors of JSON-RPC with a status of their own.
        serde_json::from_slice(&bytes).map_err(|_| unreachable(format!("HTTP status {status}, and no JSON")))
    }
}

/// The result in a node's answer, or its error.
pub(crate) fn result(method: &'static str, mut answer: Value) -> Result<Value, RpcError> {
    if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
        return Err(RpcError::Answered {
            method,
            code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
            message: shown(error.get("message").and_then(Value::as_str).unwrap_or_default()),
            data: revert_data(error.get("data")),
        });
    }
    match answer.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => Err(wire::malformed("answer", "neither a result nor an error".into()).into()),
    }
}

/// Nodes put a revert's data into a string, some after a word, some into an object.
fn revert_data(data: Option<&Value>) -> Vec<u8> {
    let text = match data {
        Some(Value::String(text)) => text,
        Some(Value::Object(object)) => match object.get("data") {
            Some(Value::String(text)) => text,
            _ => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let digits = text.rsplit("0x").next().unwrap_or_default();
    hex::decode(digits).unwrap_or_default()
}

/// Scheme, host and port: what else an address has may be a secret.
fn host_of(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_an_address_are_not_shown() {
        assert_eq!(host_of("http://me:pw@node:8545/v3/key?token=1"), "http://node:8545");
        assert_eq!(host_of("node:8545"), "://node:8545");
    }

    #[test]
    fn a_nodes_words_are_told_on_a_line() {
        let message = "\u{1b}[2J".repeat(1_000_000);
        for data in ["0x01", ""] {
            let answer = json!({ "error": { "code": 3, "message": message, "data": data } });
            let error = result("eth_call", answer)
                .unwrap_err()
                .refusal(Address::ZERO)
                .to_string();
            assert!(error.len() < 1_000 && !error.chars().any(char::is_control));
        }
    }

    #[test]
    fn revert_data_in_every_form() {
        for data in [json!("0x01ff"), json!("Reverted 0x01ff"), json!({ "data": "0x01ff" })] {
            assert_eq!(revert_data(Some(&data)), [1, 0xff]);
        }
        for data in [json!(7), json!("no"), json!({}), Value::Null] {
            assert!(revert_data(Some(&data)).is_empty());
        }
        assert!(revert_data(None).is_empty());
    }

    #[test]
    #[cfg(not(feature = "tls"))]
    fn https_needs_the_feature() {
        let refused = Transport::new("https://node/key", Duration::from_secs(1)).unwrap_err();
        assert!(matches!(refused, ChainError::TlsLeftOut { url } if url == "https://node"));
    }
}
