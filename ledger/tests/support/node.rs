//! Ledgers on a node.

use super::anvil::{Anvil, FINALITY};
use super::rig::{Rig, everybody};
use medproof_ledger::{RpcChain, RpcConfig};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

pub const CHAIN_ID: u64 = 31_337;

impl Anvil {
    /// One on which everybody has money.
    pub fn of_everybody() -> Option<Arc<Anvil>> {
        let node = Anvil::start()?;
        everybody().iter().for_each(|address| node.fund(address));
        Some(Arc::new(node))
    }

    pub fn config(&self) -> RpcConfig {
        RpcConfig {
            poll_interval: Duration::from_millis(5),
            confirmation_timeout: Duration::from_secs(20),
            ..RpcConfig::new(&self.url, CHAIN_ID)
        }
    }

    pub fn connect(&self) -> RpcChain {
        RpcChain::connect(self.config()).unwrap()
    }
}

/// A fresh node with a deployment.
pub fn anvil() -> Option<Rig<RpcChain>> {
    Some(rig_on(&Anvil::of_everybody()?))
}

/// A deployment on a node, which is kept.
pub fn rig_on(node: &Arc<Anvil>) -> Rig<RpcChain> {
    let (clock, miner) = (node.clone(), node.clone());
    let pass = Box::new(move |seconds: u64| {
        clock.ask("evm_increaseTime", &json!([seconds]));
        clock.mine(1);
    });
    let finalise = Box::new(move || miner.mine(FINALITY));
    Rig::new(node.connect(), pass, finalise, Box::new(node.clone()))
}
