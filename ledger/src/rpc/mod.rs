//! A chain behind a node that speaks JSON-RPC.
//!
//! Reads are made at the node's finalised block, by its hash, so that a reorganisation cannot mix
//! two histories or take back what was read. The node is believed: it can lie about state, and a
//! partner who doesn't run it should read by [`crate::ProvedChain`], or pin roots by a trust bundle.

mod transaction;
pub(crate) mod transport;
pub(crate) mod wire;

use crate::chain::{BlockLog, BlockRef, Call, Chain, Read, Receipt};
use crate::error::ChainError;
use crate::{Account, Address, B256, LedgerError};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use transaction::Transaction;
use transport::{RpcError, Transport};

/// How to reach a node, and when to believe it.
#[derive(Clone, Debug)]
pub struct RpcConfig {
    /// `http://host:port/…`; `https` with the feature `tls`.
    pub url: String,
    /// The chain that the node has to be on.
    pub chain_id: u64,
    /// For one answer.
    pub timeout: Duration,
    /// For a transaction to be taken up by blocks enough.
    pub confirmation_timeout: Duration,
    /// Between two looks for a receipt.
    pub poll_interval: Duration,
    /// How many blocks have to stand on a transaction, its own included.
    pub confirmations: u64,
    /// For nodes without the tag `finalized`: how many blocks below the newest one is final. With
    /// `None` such a node is refused.
    pub fallback_depth: Option<u64>,
    /// The most that is paid, in wei per gas.
    pub max_gas_price: u128,
}

impl RpcConfig {
    /// Careful defaults: the tag `finalized` or nothing, one confirmation, at most 200 gwei.
    #[must_use]
    pub fn new(url: impl Into<String>, chain_id: u64) -> RpcConfig {
        RpcConfig {
            url: url.into(),
            chain_id,
            timeout: Duration::from_secs(20),
            confirmation_timeout: Duration::from_secs(180),
            poll_interval: Duration::from_millis(500),
            confirmations: 1,
            fallback_depth: None,
            max_gas_price: 200_000_000_000,
        }
    }
}

/// A node's chain.
#[derive(Debug)]
pub struct RpcChain {
    config: RpcConfig,
    transport: Transport,
    // One transaction at a time, so that two never take the same nonce.
    sending: Mutex<()>,
}

impl RpcChain {
    /// Connects, and checks that the node is on the configured chain.
    ///
    /// # Errors
    /// [`ChainError::Unreachable`], [`ChainError::WrongChain`] or [`ChainError::TlsLeftOut`].
    pub fn connect(config: RpcConfig) -> Result<RpcChain, ChainError> {
        let transport = Transport::new(&config.url, config.timeout)?;
        let chain = RpcChain {
            config,
            transport,
            sending: Mutex::new(()),
        };
        chain.require_chain()?;
        Ok(chain)
    }

    fn require_chain(&self) -> Result<(), ChainError> {
        let (expected, found) = (self.config.chain_id, self.chain_id()?);
        if expected == found {
            Ok(())
        } else {
            Err(ChainError::WrongChain { expected, found })
        }
    }

    fn ask(&self, method: &'static str, params: &Value) -> Result<Value, ChainError> {
        Ok(self.transport.ask(method, params)?)
    }

    fn quantity(&self, method: &'static str, params: &Value) -> Result<u64, ChainError> {
        wire::quantity(method, &self.ask(method, params)?)
    }

    fn tagged(&self, tag: &str) -> Result<Option<BlockRef>, RpcError> {
        let found = self.transport.ask("eth_getBlockByNumber", &json!([tag, false]))?;
        if found.is_null() {
            Ok(None)
        } else {
            Ok(Some(wire::block(&found)?))
        }
    }

    /// The finalised block; on nodes that don't know the tag, the configured depth below the newest.
    fn final_block(&self) -> Result<BlockRef, ChainError> {
        let reason = match self.tagged("finalized") {
            Ok(Some(block)) => return Ok(block),
            Ok(None) => "the tag is unknown or no block is final yet".to_owned(),
            Err(RpcError::Answered { code, message, .. }) => format!("error {code}: {message}"),
            Err(other) => return Err(other.into()),
        };
        let Some(depth) = self.config.fallback_depth else {
            return Err(ChainError::NoFinality { reason });
        };
        let newest = self.quantity("eth_blockNumber", &json!([]))?;
        let number = newest.saturating_sub(depth);
        self.tagged(&format!("{number:#x}"))?
            .ok_or_else(|| wire::malformed("block", format!("none of number {number}")))
    }

    /// Sends, waits for the receipt, and tells a revert's reason.
    fn send(&self, from: &Account, to: Option<Address>, data: Vec<u8>) -> Result<Receipt, LedgerError> {
        let target = to.unwrap_or_default();
        let call = wire::call(from.address(), to, &data);
        let sent = {
            let _one = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
            self.require_chain()?;
            let gas = self.estimated("eth_estimateGas", target, &json!([call]))?;
            let transaction = Transaction {
                nonce: self.quantity("eth_getTransactionCount", &json!([from.address(), "pending"]))?,
                gas_price: self.gas_price()?,
                // State may change before the transaction is taken up.
                gas_limit: gas.saturating_add(gas / 4),
                to,
                data,
                chain_id: self.config.chain_id,
            };
            let raw = transaction.sign(from).map_err(ChainError::from)?;
            let raw = format!("0x{}", hex::encode(raw));
            let hash = self.ask("eth_sendRawTransaction", &json!([raw]))?;
            wire::hash("transaction hash", &hash)?
        };
        let (receipt, succeeded) = self.confirm(sent)?;
        if succeeded {
            return Ok(receipt);
        }
        // Refused by the state that it met: the same call there says why.
        let at = json!({ "blockHash": receipt.block_hash });
        self.estimated("eth_call", target, &json!([call, at]))?;
        Err(ChainError::Failed {
            to: target,
            reason: format!("transaction {sent} reverted"),
        }
        .into())
    }

    fn gas_price(&self) -> Result<u128, ChainError> {
        let price = wire::wide_quantity("gas price", &self.ask("eth_gasPrice", &json!([]))?)?;
        // The next block's base fee can be an eighth higher.
        let price = price.saturating_add(price / 4);
        let maximum = self.config.max_gas_price;
        if price > maximum {
            Err(ChainError::GasTooDear { price, maximum })
        } else {
            Ok(price)
        }
    }

    /// A call whose answer only matters if it is gas; a revert is its named error.
    fn estimated(&self, method: &'static str, to: Address, params: &Value) -> Result<u64, LedgerError> {
        let answer = self.transport.ask(method, params).map_err(|e| e.refusal(to))?;
        if method == "eth_call" {
            Ok(0)
        } else {
            Ok(wire::quantity(method, &answer)?)
        }
    }

    fn confirm(&self, transaction: B256) -> Result<(Receipt, bool), ChainError> {
        let started = Instant::now();
        loop {
            let found = self.ask("eth_getTransactionReceipt", &json!([transaction]))?;
            if !found.is_null() {
                let (receipt, succeeded) = wire::receipt(&found)?;
                let newest = self.quantity("eth_blockNumber", &json!([]))?;
                // A block on top counts only while the receipt's is still on the chain: the
                // receipt is asked for anew each time.
                if newest.saturating_add(1).saturating_sub(receipt.block) >= self.config.confirmations {
                    return Ok((receipt, succeeded));
                }
            }
            if started.elapsed() >= self.config.confirmation_timeout {
                return Err(ChainError::Unconfirmed {
                    hash: transaction,
                    seconds: self.config.confirmation_timeout.as_secs(),
                });
            }
            std::thread::sleep(self.config.poll_interval);
        }
    }
}

impl Chain for RpcChain {
    fn chain_id(&self) -> Result<u64, ChainError> {
        self.quantity("eth_chainId", &json!([]))
    }

    fn head(&self) -> Result<BlockRef, ChainError> {
        self.final_block()
    }

    fn block(&self, number: u64) -> Result<Option<BlockRef>, ChainError> {
        let found = self.tagged(&format!("{number:#x}"))?;
        match found {
            Some(block) if block.number != number => Err(wire::malformed(
                "block",
                format!("{} in answer to {number}", block.number),
            )),
            found => Ok(found),
        }
    }

    fn logs(&self, contracts: &[Address], from: u64, to: u64) -> Result<Vec<BlockLog>, ChainError> {
        let asked = json!([{
            "address": contracts,
            "fromBlock": format!("{from:#x}"),
            "toBlock": format!("{to:#x}"),
        }]);
        let logs = wire::logs(&self.ask("eth_getLogs", &asked)?)?;
        // A node that answers something else would have events lost, or told twice.
        let place = |log: &BlockLog| (log.block, log.index);
        let asked_for = |log: &BlockLog| (from..=to).contains(&log.block) && contracts.contains(&log.log.address);
        let in_order = logs.windows(2).all(|two| matches!(two, [a, b] if place(a) < place(b)));
        if in_order && logs.iter().all(asked_for) {
            Ok(logs)
        } else {
            Err(wire::malformed(
                "logs",
                "others than asked for, or in another order".into(),
            ))
        }
    }

    fn read(&self, calls: &[Call]) -> Result<Read, LedgerError> {
        let block = self.final_block()?;
        let at = json!({ "blockHash": block.hash });
        let mut answers = Vec::with_capacity(calls.len());
        for Call { to, data } in calls {
            let params = json!([wire::call(Address::ZERO, Some(*to), data), at]);
            let answer = self.transport.ask("eth_call", &params).map_err(|e| e.refusal(*to))?;
            answers.push(wire::bytes("answer of a call", &answer)?);
        }
        Ok(Read { block, answers })
    }

    fn code(&self, address: Address) -> Result<Vec<u8>, ChainError> {
        let at = json!({ "blockHash": self.final_block()?.hash });
        wire::bytes("code", &self.ask("eth_getCode", &json!([address, at]))?)
    }

    fn transact(&self, from: &Account, call: Call) -> Result<Receipt, LedgerError> {
        self.send(from, Some(call.to), call.data)
    }

    fn deploy(&self, from: &Account, code: Vec<u8>) -> Result<Receipt, LedgerError> {
        self.send(from, None, code)
    }

    fn estimate(&self, from: Address, call: Call) -> Result<u64, LedgerError> {
        let params = json!([wire::call(from, Some(call.to), &call.data)]);
        self.estimated("eth_estimateGas", call.to, &params)
    }
}
