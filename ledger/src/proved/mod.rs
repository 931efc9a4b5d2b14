//! A chain behind a node that is not believed: everything read is proved under one block that the
//! reader trusts.
//!
//! The trusted hash fixes the block's header, the header the state's root, and the root every
//! account, its code and its storage, by Merkle proofs (`eth_getProof`). The contracts' code runs
//! here, on what was proved, so that a read means what the contracts mean by it and nothing is
//! taken over from the node: it can be silent, and it cannot lie.
//!
//! What remains to be trusted is where the hash comes from, and that its block is final: a light
//! client of one's own, or whoever says so. A header does not name its chain, and a proof shows
//! which code is at an address, not whose it is: chain and addresses are the deployment's, which is
//! pinned. State older than the trusted block does not show what came later; how old a block may be
//! is the verifier's maximum age.

mod error;
mod header;
mod state;

pub use error::Unproved;

use crate::chain::{BlockLog, BlockRef, Call, Chain, Read, Receipt};
use crate::error::ChainError;
use crate::evm::{self, Message, Surroundings};
use crate::rpc::RpcConfig;
use crate::rpc::transport::Transport;
use crate::{Account, Address, B256, LedgerError};
use header::Header;
use revm::primitives::TxKind;
use serde_json::json;
use state::State;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A node's chain as of one trusted block. It is only read.
#[derive(Debug)]
pub struct ProvedChain {
    chain_id: u64,
    block: BlockRef,
    state: Mutex<State>,
}

impl ProvedChain {
    /// Connects, and proves the header of the trusted block, which has to be final: of this chain,
    /// and never to be undone. Of the configuration address, chain and timeout are used.
    ///
    /// # Errors
    /// [`Unproved::NoBlock`] or [`Unproved::Header`]; [`ChainError::Unreachable`] or
    /// [`ChainError::TlsLeftOut`].
    pub fn connect(config: &RpcConfig, trusted: B256) -> Result<ProvedChain, ChainError> {
        let transport = Transport::new(&config.url, config.timeout)?;
        let found = transport
            .ask("eth_getBlockByHash", &json!([trusted, false]))
            .map_err(ChainError::from)?;
        if found.is_null() {
            return Err(Unproved::NoBlock { trusted }.into());
        }
        let header = Header::proved(&found, trusted)?;
        Ok(ProvedChain {
            chain_id: config.chain_id,
            block: BlockRef {
                number: header.number,
                hash: trusted,
                time: header.time,
            },
            state: Mutex::new(State::new(transport, trusted, header.state_root)),
        })
    }

    /// A panic cannot leave anything unproved behind: what is kept was proved before.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unprovable<T>(&self, asked: &'static str) -> Result<T, ChainError> {
        let block = self.block.hash;
        Err(Unproved::Unprovable { asked, block }.into())
    }
}

impl Chain for ProvedChain {
    fn chain_id(&self) -> Result<u64, ChainError> {
        Ok(self.chain_id)
    }

    /// The trusted block, always.
    fn head(&self) -> Result<BlockRef, ChainError> {
        Ok(self.block)
    }

    fn block(&self, number: u64) -> Result<Option<BlockRef>, ChainError> {
        let oldest = self.block.number;
        if number < oldest {
            return Err(ChainError::Forgotten { asked: number, oldest });
        }
        Ok((number == oldest).then_some(self.block))
    }

    fn logs(&self, _: &[Address], _: u64, _: u64) -> Result<Vec<BlockLog>, ChainError> {
        self.unprovable("events")
    }

    fn read(&self, calls: &[Call]) -> Result<Read, LedgerError> {
        let mut state = self.lock();
        let around = Surroundings {
            chain_id: self.chain_id,
            number: self.block.number,
            time: self.block.time,
        };
        let mut answers = Vec::with_capacity(calls.len());
        for Call { to, data } in calls {
            let to = TxKind::Call(*to);
            let message = Message {
                from: Address::ZERO,
                nonce: state.nonce(Address::ZERO)?,
                to,
                data: data.clone(),
            };
            let (result, _) = evm::run(&mut *state, around, message)?;
            answers.push(evm::succeeded(to, result)?.0);
        }
        Ok(Read {
            block: self.block,
            answers,
        })
    }

    fn code(&self, address: Address) -> Result<Vec<u8>, ChainError> {
        self.lock().code(address)
    }

    fn transact(&self, _: &Account, _: Call) -> Result<Receipt, LedgerError> {
        Ok(self.unprovable("a transaction")?)
    }

    fn deploy(&self, _: &Account, _: Vec<u8>) -> Result<Receipt, LedgerError> {
        Ok(self.unprovable("a deployment")?)
    }

    fn estimate(&self, _: Address, _: Call) -> Result<u64, LedgerError> {
        Ok(self.unprovable("a transaction's gas")?)
    }
}
