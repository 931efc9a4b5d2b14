//! An EVM in this process: the contracts' bytecode, without a node.
//!
//! One process at a time has a directory open. Every transaction is a block, final at once and
//! durable before the call returns. Gas is free and accounts need no balance; senders are told
//! apart by their keys as on any chain, but who can write the directory can write anything into
//! it: it is one party's ledger, for development, demonstrations and pilots at one site.

pub mod clock;
mod history;
pub mod store;
pub(crate) mod world;

use crate::chain::{BlockLog, BlockRef, Call, Chain, Read, Receipt};
use crate::deployment::{DeployConfig, Deployment, DeploymentError};
use crate::error::ChainError;
use crate::evm::{self, Message, Surroundings, succeeded};
use crate::registry::{EmbeddedLedger, Registry};
use crate::{Account, Address, B256, LedgerError};
use alloy_primitives::{Bytes, TxKind, keccak256};
use clock::Clock;
use history::{Block, History};
use revm::context::result::ExecutionResult;
use revm::state::EvmState;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::Store;
use world::World;

/// The embedded chain's id: "med" in ASCII. All embedded chains share it.
pub const EMBEDDED_CHAIN_ID: u64 = 0x006d_6564;

const DEPLOYMENT: &str = "deployment.json";

/// An EVM whose state lives in a directory.
pub struct EmbeddedChain {
    clock: Box<dyn Clock>,
    store: Store,
    world: Mutex<World>,
    // Locked after the world, where both are.
    history: Mutex<History>,
}

impl core::fmt::Debug for EmbeddedChain {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EmbeddedChain")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl EmbeddedChain {
    /// Opens the chain in a directory, made if absent.
    ///
    /// # Errors
    /// [`store::StoreError`] if another process has it open, or it cannot be read.
    pub fn open(directory: &Path, clock: impl Clock + 'static) -> Result<EmbeddedChain, ChainError> {
        let (store, world) = Store::open(directory)?;
        let history = History::open(directory, &world)?;
        Ok(EmbeddedChain {
            clock: Box::new(clock),
            store,
            world: Mutex::new(world),
            history: Mutex::new(history),
        })
    }

    /// Moves the chain's time ahead of the clock, durably, by so many seconds more.
    ///
    /// # Errors
    /// [`store::StoreError`] if the state could not be kept.
    pub fn advance_time(&self, seconds: u64) -> Result<(), ChainError> {
        let mut world = self.lock();
        let mut next = world.clone();
        next.ahead = next.ahead.saturating_add(seconds);
        self.store.write(&next)?;
        *world = next;
        Ok(())
    }

    /// A panic cannot leave the state half changed: it is replaced whole.
    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clock's time plus what the chain is ahead; never before the last block.
    fn now(&self, world: &World) -> u64 {
        self.clock.now().saturating_add(world.ahead).max(world.time)
    }

    fn send(&self, from: Address, to: TxKind, data: Vec<u8>) -> Result<Receipt, LedgerError> {
        let mut world = self.lock();
        let transaction = transaction_hash(from, world.nonce(&from), &to, &data);
        let time = self.now(&world);
        let (result, changes) = run(&world, time, from, to, data)?;
        let gas_used = result.tx_gas_used();
        let created = result.created_address();
        let (_, logs) = succeeded(to, result)?;
        let next = world.next(time, changes);
        let block = Block {
            at: BlockRef {
                number: next.number,
                hash: next.hash,
                time,
            },
            transaction,
            logs: logs.clone(),
        };
        let mut history = self.history();
        let written = history.write(block).map_err(ChainError::from)?;
        self.store.write(&next).map_err(ChainError::from)?;
        history.keep(written);
        *world = next;
        Ok(Receipt {
            transaction,
            block: world.number,
            block_hash: world.hash,
            gas_used,
            created,
            logs,
        })
    }
}

impl Chain for EmbeddedChain {
    fn chain_id(&self) -> Result<u64, ChainError> {
        Ok(EMBEDDED_CHAIN_ID)
    }

    /// The last block, at the time of now: nothing can have changed since.
    fn head(&self) -> Result<BlockRef, ChainError> {
        let world = self.lock();
        Ok(self.block(&world))
    }

    fn block(&self, number: u64) -> Result<Option<BlockRef>, ChainError> {
        let world = self.lock();
        if number == world.number {
            return Ok(Some(BlockRef {
                number,
                hash: world.hash,
                time: world.time,
            }));
        }
        if number > world.number {
            return Ok(None);
        }
        let history = self.history();
        let found = history.block(number).map(|block| block.at);
        found.map(Some).ok_or(ChainError::Forgotten {
            asked: number,
            oldest: history.oldest().unwrap_or(world.number),
        })
    }

    fn logs(&self, contracts: &[Address], from: u64, to: u64) -> Result<Vec<BlockLog>, ChainError> {
        let world = self.lock();
        let history = self.history();
        // The first transaction makes block 1.
        let (first, oldest) = (from.max(1), history.oldest().unwrap_or(world.number + 1));
        if first < oldest && first <= world.number {
            return Err(ChainError::Forgotten { asked: first, oldest });
        }
        Ok(history.logs(contracts, from, to))
    }

    fn read(&self, calls: &[Call]) -> Result<Read, LedgerError> {
        let world = self.lock();
        let block = self.block(&world);
        let mut answers = Vec::with_capacity(calls.len());
        for Call { to, data } in calls {
            let to = TxKind::Call(*to);
            let (result, _) = run(&world, block.time, Address::ZERO, to, data.clone())?;
            answers.push(succeeded(to, result)?.0);
        }
        Ok(Read { block, answers })
    }

    fn code(&self, address: Address) -> Result<Vec<u8>, ChainError> {
        Ok(self.lock().code(&address).to_vec())
    }

    fn transact(&self, from: &Account, call: Call) -> Result<Receipt, LedgerError> {
        self.send(from.address(), TxKind::Call(call.to), call.data)
    }

    fn deploy(&self, from: &Account, code: Vec<u8>) -> Result<Receipt, LedgerError> {
        self.send(from.address(), TxKind::Create, code)
    }

    fn estimate(&self, from: Address, call: Call) -> Result<u64, LedgerError> {
        let to = TxKind::Call(call.to);
        let world = self.lock();
        let (result, _) = run(&world, self.now(&world), from, to, call.data)?;
        let gas = result.tx_gas_used();
        succeeded(to, result)?;
        Ok(gas)
    }
}

impl EmbeddedChain {
    fn block(&self, world: &World) -> BlockRef {
        BlockRef {
            number: world.number,
            hash: world.hash,
            time: self.now(world),
        }
    }
}

impl EmbeddedLedger {
    /// Deploys a new ledger in a directory that has none.
    ///
    /// # Errors
    /// [`DeploymentError::Exists`] if it has one; else as [`Registry::deploy`].
    pub fn create(
        directory: &Path,
        clock: impl Clock + 'static,
        deployer: &Account,
        config: &DeployConfig,
    ) -> Result<EmbeddedLedger, LedgerError> {
        let chain = EmbeddedChain::open(directory, clock)?;
        let path = directory.join(DEPLOYMENT);
        if path.exists() {
            return Err(DeploymentError::Exists {
                path: path.display().to_string(),
            }
            .into());
        }
        let ledger = Registry::deploy(chain, deployer, config)?;
        crate::Ledger::deployment(&ledger).save(&path)?;
        Ok(ledger)
    }

    /// Opens the ledger in a directory.
    ///
    /// # Errors
    /// [`DeploymentError::Unreadable`] if it has none; else as [`Registry::attach`].
    pub fn open(directory: &Path, clock: impl Clock + 'static) -> Result<EmbeddedLedger, LedgerError> {
        // Before the chain is opened: looking for a ledger must not make a directory.
        let deployment = Deployment::load(&directory.join(DEPLOYMENT))?;
        Registry::attach(EmbeddedChain::open(directory, clock)?, deployment)
    }

    /// Moves the ledger's time ahead of the clock, durably: for development and demonstrations.
    ///
    /// # Errors
    /// [`store::StoreError`] if the state could not be kept.
    pub fn advance_time(&self, seconds: u64) -> Result<(), LedgerError> {
        Ok(self.chain().advance_time(seconds)?)
    }
}

/// A transaction on top of a state, as the next block's only one.
fn run(
    world: &World,
    time: u64,
    from: Address,
    to: TxKind,
    data: Vec<u8>,
) -> Result<(ExecutionResult, EvmState), ChainError> {
    let around = Surroundings {
        chain_id: EMBEDDED_CHAIN_ID,
        number: world.number + 1,
        time,
    };
    let nonce = world.nonce(&from);
    evm::run(world, around, Message { from, nonce, to, data })
}

/// Transactions are not signed here; sender and nonce make the hash unique.
fn transaction_hash(from: Address, nonce: u64, to: &TxKind, data: &[u8]) -> B256 {
    let to: Bytes = to.to().map(|to| to.to_vec().into()).unwrap_or_default();
    keccak256([from.as_slice(), &nonce.to_be_bytes(), &to, data].concat())
}
