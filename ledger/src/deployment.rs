//! Where the contracts are, and how they get there.

use crate::abi::{ConsentRegistry, DisclosureRegistry, Governance, KeyRegistry, LogRegistry, RecordRegistry};
use crate::chain::Chain;
use crate::error::{ChainError, shown};
use crate::{Account, Address, LedgerError};
use alloy_primitives::Bytes;
use alloy_sol_types::SolConstructor;
use medproof_statement::Fr;
use medproof_statement::request::ledger_id;
use serde::{Deserialize, Serialize};
use std::path::Path;
use thiserror::Error;

/// Who decides, and how fast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Council {
    /// 1 to 64 different accounts.
    pub members: Vec<Address>,
    /// How many have to approve an act.
    pub threshold: u8,
    /// How many suffice for a pause: fewer than `threshold`, unless that is 1.
    pub pause_threshold: u8,
    /// The time-lock in seconds: an hour to 30 days; from 0 in development mode.
    pub delay: u32,
}

/// What a deployment fixes for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployConfig {
    /// The first council; it can replace itself.
    pub council: Council,
    /// For how long after it was superseded a root is accepted, in seconds; at most 7 days.
    pub grace: u64,
    /// Whether insecure keys and short time-locks are taken.
    pub development: bool,
}

impl DeployConfig {
    /// The grace period of the protocol: one hour.
    pub const GRACE: u64 = 3600;
}

/// A deployment's contracts. Its JSON is what a partner pins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// The chain.
    pub chain_id: u64,
    /// The council.
    pub governance: Address,
    /// Issuers and roots. This address and the chain id make the ledger id.
    pub records: Address,
    /// Verifying keys.
    pub keys: Address,
    /// Revoked consents.
    pub consents: Address,
    /// Requests and answers.
    pub disclosures: Address,
    /// Heads of audit logs.
    pub logs: Address,
    /// Whether it takes development keys.
    pub development: bool,
    /// The block that has its first contract: there is nothing of it before. 0 where its file does not say.
    #[serde(default)]
    pub block: u64,
}

impl Deployment {
    /// D(chain id, address of the record registry).
    #[must_use]
    pub fn ledger_id(&self) -> Fr {
        ledger_id(self.chain_id, &self.records.into_array())
    }

    /// Reads a deployment's JSON.
    ///
    /// # Errors
    /// [`DeploymentError::Unreadable`] if there is none or it is no deployment.
    pub fn load(path: &Path) -> Result<Deployment, DeploymentError> {
        let unreadable = |reason: String| DeploymentError::Unreadable {
            path: path.display().to_string(),
            reason,
        };
        let text = std::fs::read(path).map_err(|e| unreadable(e.to_string()))?;
        serde_json::from_slice(&text).map_err(|e| unreadable(shown(&e.to_string())))
    }

    /// Writes the deployment's JSON, whole or not at all.
    ///
    /// # Errors
    /// [`DeploymentError::NotWritten`] with the system's reason.
    pub fn save(&self, path: &Path) -> Result<(), DeploymentError> {
        let not_written = |reason: String| DeploymentError::NotWritten {
            path: path.display().to_string(),
            reason,
        };
        let mut text = serde_json::to_vec_pretty(self).map_err(|e| not_written(e.to_string()))?;
        text.push(b'\n');
        crate::embedded::store::replace_file(path, &text).map_err(|e| not_written(e.to_string()))
    }
}

/// Why a deployment cannot be used.
#[derive(Debug, Error)]
pub enum DeploymentError {
    /// No file, or no deployment in it.
    #[error("{path} holds no deployment: {reason}; deploy first, or name the file of one")]
    Unreadable {
        /// Where it was sought.
        path: String,
        /// Why it cannot be read.
        reason: String,
    },
    /// The file could not be written.
    #[error("the deployment could not be written to {path}: {reason}")]
    NotWritten {
        /// Where to.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// A contract isn't there.
    #[error(
        "expected the {contract} at {address} on chain {chain_id}, found no code; is this the deployment's chain, and is it synchronised?"
    )]
    MissingCode {
        /// Which.
        contract: &'static str,
        /// Where.
        address: Address,
        /// On which chain.
        chain_id: u64,
    },
    /// Contracts of different deployments.
    #[error("the {contract} at {address} does not belong to this deployment")]
    Mismatched {
        /// Which.
        contract: &'static str,
        /// Where.
        address: Address,
    },
    /// The deployment exists.
    #[error("{path} holds a deployment; use it, or choose another directory")]
    Exists {
        /// Where.
        path: String,
    },
}

/// Deploys the six contracts, each wired to the ones before.
pub(crate) fn deploy<C: Chain>(
    chain: &C,
    deployer: &Account,
    config: &DeployConfig,
) -> Result<Deployment, LedgerError> {
    let chain_id = chain.chain_id()?;
    let create_in = |code: &Bytes, arguments: Vec<u8>| -> Result<(Address, u64), LedgerError> {
        let receipt = chain.deploy(deployer, [code.as_ref(), &arguments].concat())?;
        let created = receipt.created.ok_or_else(|| ChainError::Malformed {
            what: "receipt of a deployment",
            found: "no contract address".into(),
        })?;
        Ok((created, receipt.block))
    };
    let create = |code, arguments| Ok::<_, LedgerError>(create_in(code, arguments)?.0);
    let council = &config.council;
    let (governance, block) = create_in(
        &Governance::BYTECODE,
        Governance::constructorCall {
            members: council.members.clone(),
            threshold: council.threshold,
            pauseThreshold: council.pause_threshold,
            delay: council.delay,
            development: config.development,
        }
        .abi_encode(),
    )?;
    let records = create(
        &RecordRegistry::BYTECODE,
        RecordRegistry::constructorCall {
            governance_: governance,
            grace_: alloy_primitives::Uint::saturating_from(config.grace),
        }
        .abi_encode(),
    )?;
    let keys = create(
        &KeyRegistry::BYTECODE,
        KeyRegistry::constructorCall {
            governance_: governance,
            development_: config.development,
        }
        .abi_encode(),
    )?;
    let consents = create(&ConsentRegistry::BYTECODE, Vec::new())?;
    let disclosures = create(
        &DisclosureRegistry::BYTECODE,
        DisclosureRegistry::constructorCall {
            records_: records,
            keys_: keys,
            consents_: consents,
        }
        .abi_encode(),
    )?;
    let logs = create(&LogRegistry::BYTECODE, Vec::new())?;
    Ok(Deployment {
        chain_id,
        governance,
        records,
        keys,
        consents,
        disclosures,
        logs,
        development: config.development,
        block,
    })
}
