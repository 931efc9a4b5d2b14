//! The EVM as all chains in this process run it: a message on top of a state.

use crate::chain::Log;
use crate::error::ChainError;
use crate::refusal::Refusal;
use crate::{Address, LedgerError, U256};
use revm::context::result::{EVMError, ExecutionResult, InvalidTransaction};
use revm::context::{BlockEnv, CfgEnv, Context, TxEnv};
use revm::database_interface::Database;
use revm::primitives::TxKind;
use revm::primitives::hardfork::SpecId;
use revm::state::EvmState;
use revm::{ExecuteEvm, MainBuilder, MainContext};

/// Gas rules: those of Prague, as mainnet and current permissioned clients have them.
const SPEC: SpecId = SpecId::PRAGUE;
const GAS_LIMIT: u64 = 30_000_000;

/// The block that a message runs in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings {
    pub chain_id: u64,
    pub number: u64,
    pub time: u64,
}

/// A call or a deployment, without a signature and without a price.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub from: Address,
    /// The sender's next.
    pub nonce: u64,
    pub to: TxKind,
    pub data: Vec<u8>,
}

/// What comes of a message, and what it would change.
pub(crate) fn run<D: Database>(
    state: D,
    around: Surroundings,
    message: Message,
) -> Result<(ExecutionResult, EvmState), ChainError>
where
    ChainError: From<D::Error>,
{
    let Message { from, nonce, to, data } = message;
    let block = BlockEnv {
        number: U256::from(around.number),
        timestamp: U256::from(around.time),
        gas_limit: GAS_LIMIT,
        basefee: 0,
        ..BlockEnv::default()
    };
    let tx = TxEnv {
        caller: from,
        gas_limit: GAS_LIMIT,
        gas_price: 0,
        kind: to,
        value: U256::ZERO,
        data: data.into(),
        nonce,
        chain_id: Some(around.chain_id),
        ..TxEnv::default()
    };
    let mut cfg = CfgEnv::new_with_spec(SPEC);
    cfg.chain_id = around.chain_id;
    let mut evm = Context::mainnet()
        .with_db(state)
        .with_cfg(cfg)
        .with_block(block)
        .build_mainnet();
    let outcome = evm
        .transact(tx)
        .map_err(|error: EVMError<D::Error, InvalidTransaction>| match error {
            // Why the state could not be read, as the state says it.
            EVMError::Database(error) => error.into(),
            other => ChainError::Failed {
                to: to.to().copied().unwrap_or_default(),
                reason: other.to_string(),
            },
        })?;
    Ok((outcome.result, outcome.state))
}

/// Answer and events of what succeeded; else the named error, or how it failed.
pub(crate) fn succeeded(to: TxKind, result: ExecutionResult) -> Result<(Vec<u8>, Vec<Log>), LedgerError> {
    let failed = |reason: String| ChainError::Failed {
        to: to.to().copied().unwrap_or_default(),
        reason,
    };
    match result {
        ExecutionResult::Success { logs, output, .. } => {
            Ok((output.into_data().to_vec(), logs.into_iter().map(Log::from).collect()))
        }
        ExecutionResult::Revert { output, .. } => Err(match Refusal::decode(&output) {
            Some(refusal) => refusal.into(),
            None => failed(format!("reverted with 0x{}", hex::encode(&output))).into(),
        }),
        ExecutionResult::Halt { reason, .. } => Err(failed(format!("halted: {reason:?}")).into()),
    }
}

impl From<revm::primitives::Log> for Log {
    fn from(log: revm::primitives::Log) -> Log {
        Log {
            address: log.address,
            topics: log.data.topics().to_vec(),
            data: log.data.data.to_vec(),
        }
    }
}
