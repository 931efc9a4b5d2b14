//! The ledger that a command reads or writes: a directory with an embedded chain, or a node.

use crate::context::Context;
use crate::error::CliError;
use crate::keyfile;
use clap::Args;
use medproof_ledger::{
    Account, Address, B256, Deployment, EmbeddedLedger, Ledger, ProvedChain, Receipt, Registry, RpcChain, RpcConfig,
    SystemClock,
};
use medproof_messages::terms;
use medproof_statement::request::Time;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The label of the account that decides on development ledgers.
const DEVELOPMENT_COUNCIL: &str = "council";

/// Which ledger.
#[derive(Clone, Debug, Args)]
pub struct LedgerArgs {
    /// A directory with an embedded chain, or a node's address: http://host:port.
    #[arg(
        long,
        env = "MEDPROOF_LEDGER",
        default_value = "medproof/ledger",
        value_name = "DIR|URL"
    )]
    pub ledger: String,
    /// The deployment's file (written by `ledger deploy`), for a node.
    #[arg(long, env = "MEDPROOF_DEPLOYMENT", value_name = "FILE")]
    pub deployment: Option<PathBuf>,
    /// For nodes that name no finalised block: how many blocks below the newest one is final.
    #[arg(long, value_name = "BLOCKS")]
    pub final_depth: Option<u64>,
}

impl Default for LedgerArgs {
    fn default() -> LedgerArgs {
        LedgerArgs::at("medproof/ledger")
    }
}

impl LedgerArgs {
    /// An embedded chain's directory, or a node's address.
    pub fn at(ledger: impl Into<String>) -> LedgerArgs {
        LedgerArgs {
            ledger: ledger.into(),
            deployment: None,
            final_depth: None,
        }
    }

    /// The node's address, if it is one.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        let url = self.ledger.starts_with("http://") || self.ledger.starts_with("https://");
        url.then_some(&*self.ledger)
    }

    /// The directory, if it is one.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        self.url().is_none().then(|| Path::new(&self.ledger))
    }

    /// A node's deployment, which is told apart from the node.
    fn deployed(&self) -> Result<Deployment, CliError> {
        let path = self.deployment.as_ref().ok_or_else(no_deployment)?;
        Ok(Deployment::load(path).map_err(medproof_ledger::LedgerError::from)?)
    }

    /// Connects to the chain alone.
    ///
    /// # Errors
    /// Where the node does not answer or is on another chain.
    pub(crate) fn node(&self, url: &str, chain_id: u64) -> Result<RpcChain, CliError> {
        let mut config = RpcConfig::new(url, chain_id);
        config.fallback_depth = self.final_depth;
        Ok(RpcChain::connect(config).map_err(medproof_ledger::LedgerError::from)?)
    }
}

/// Opens the ledger.
///
/// # Errors
/// Where there is none, another run has it, the node does not answer, or it takes development
/// keys and development mode was not asked for.
pub fn open(args: &LedgerArgs, cx: &Context) -> Result<Box<dyn Ledger>, CliError> {
    let ledger: Box<dyn Ledger> = match (args.url(), args.directory()) {
        (Some(url), _) => {
            let deployment = args.deployed()?;
            let chain = args.node(url, deployment.chain_id)?;
            Box::new(Registry::attach(chain, deployment)?)
        }
        (None, Some(directory)) => Box::new(EmbeddedLedger::open(directory, SystemClock)?),
        (None, None) => return Err(no_deployment()),
    };
    require_development(&*ledger, args, cx)?;
    Ok(ledger)
}

/// Opens the ledger behind a node that is not believed, at the block that is trusted.
///
/// # Errors
/// As [`open`], and where the ledger is no node's or the node proves nothing under that block.
pub fn open_proved(args: &LedgerArgs, trusted: B256, cx: &Context) -> Result<Box<dyn Ledger>, CliError> {
    let url = args.url().ok_or_else(|| {
        let message = format!(
            "expected a node's address beside --trusted-block, found the directory {}",
            args.ledger
        );
        CliError::input("ledger.no_node", message).with_help("name a node with --ledger http://host:port")
    })?;
    let deployment = args.deployed()?;
    let config = RpcConfig::new(url, deployment.chain_id);
    let chain = ProvedChain::connect(&config, trusted).map_err(medproof_ledger::LedgerError::from)?;
    let ledger = Registry::attach(chain, deployment)?;
    require_development(&ledger, args, cx)?;
    Ok(Box::new(ledger))
}

fn require_development(ledger: &dyn Ledger, args: &LedgerArgs, cx: &Context) -> Result<(), CliError> {
    if ledger.deployment().development {
        cx.require_development(&format!("the ledger {} takes development keys: it", args.ledger))?;
    }
    Ok(())
}

fn no_deployment() -> CliError {
    CliError::input(
        "ledger.no_deployment",
        "expected --deployment FILE beside a node's address, found none",
    )
    .with_help("name the file that `ledger deploy --out` wrote, or that the operator gave you")
}

/// The ledger as requests name it.
///
/// # Errors
/// A chain id that messages do not carry.
pub(crate) fn named(ledger: &dyn Ledger) -> Result<terms::Ledger, CliError> {
    let deployment = ledger.deployment();
    terms::Ledger::new(deployment.chain_id, deployment.records.into_array())
        .map_err(|e| CliError::input("ledger.chain", e))
}

/// Requires that a message is about this ledger.
///
/// # Errors
/// With both ledgers.
pub(crate) fn require_same(ledger: &dyn Ledger, asked: &terms::Ledger) -> Result<(), CliError> {
    let found = named(ledger)?;
    if found == *asked {
        return Ok(());
    }
    let message = format!("expected the ledger of the message, {asked}, found {found}");
    Err(CliError::refused("ledger.other", message).with_help("name that ledger with --ledger"))
}

// Clocks that are in order differ by less.
const CLOCKS_DIFFER: u64 = 120;

/// Requires that this machine's clock is not behind the ledger's: requests would be refused as made in the future, and
/// taken after they expired.
///
/// # Errors
/// `clock.behind`, or where the ledger cannot be read.
pub(crate) fn require_clock(ledger: &dyn Ledger, cx: &Context) -> Result<(), CliError> {
    let (block, now) = (ledger.head()?.time, cx.seconds());
    if block <= now.saturating_add(CLOCKS_DIFFER) {
        return Ok(());
    }
    let message = format!(
        "expected a clock that is not behind the ledger's newest final block, found one that is {} s behind it",
        block - now
    );
    Err(CliError::system("clock.behind", message).with_help("set this machine's clock, by NTP"))
}

/// Which account sends a transaction.
#[derive(Clone, Debug, Default, Args)]
pub struct AccountArgs {
    /// The key file of the account that sends the transaction (see `ledger account`).
    #[arg(long, value_name = "FILE")]
    pub account: Option<PathBuf>,
}

impl AccountArgs {
    /// A council member's account; in development mode everybody's.
    pub(crate) fn council(&self, cx: &Context) -> Result<Account, CliError> {
        match &self.account {
            Some(path) => keyfile::load_account(path),
            None if cx.development() => development_council(),
            None => Err(no_account("a member of the ledger's council decides this")),
        }
    }

    /// Any account: a new one where gas is free.
    pub(crate) fn anyone(&self, ledger: &LedgerArgs) -> Result<Account, CliError> {
        match &self.account {
            Some(path) => keyfile::load_account(path),
            None if ledger.url().is_none() => keyfile::passing_account(),
            None => Err(no_account("the node's chain takes gas from the sender")),
        }
    }
}

/// The account that decides on development ledgers: anybody can compute its key.
pub(crate) fn development_council() -> Result<Account, CliError> {
    Account::development(DEVELOPMENT_COUNCIL).map_err(|e| CliError::system("account", e))
}

fn no_account(why: &str) -> CliError {
    CliError::input("account.none", format!("expected --account FILE, found none: {why}"))
        .with_help("make one with `medproof ledger account --out FILE`")
}

/// A transaction that took effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// Its hash.
    pub transaction: String,
    /// The block that took it up.
    pub block: u64,
    /// What it cost.
    pub gas_used: u64,
}

impl From<&Receipt> for Sent {
    fn from(receipt: &Receipt) -> Sent {
        Sent {
            transaction: receipt.transaction.to_string(),
            block: receipt.block,
            gas_used: receipt.gas_used,
        }
    }
}

impl std::fmt::Display for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "transaction {} in block {}, gas {}",
            self.transaction, self.block, self.gas_used
        )
    }
}

/// Reads an account's address, for clap.
pub(crate) fn address(text: &str) -> Result<Address, String> {
    text.parse()
        .map_err(|e| format!("expected an address, 0x and 40 hexadecimal digits: {e}"))
}

/// The ledger as requests name it, from its deployment's file alone: nothing is opened.
///
/// # Errors
/// Where there is no such file, or it takes development keys and development mode was not asked for.
pub(crate) fn named_without_opening(args: &LedgerArgs, cx: &Context) -> Result<terms::Ledger, CliError> {
    let path = match (&args.deployment, args.directory()) {
        (Some(path), _) => path.clone(),
        (None, Some(directory)) => directory.join("deployment.json"),
        (None, None) => return Err(no_deployment()),
    };
    let deployment = Deployment::load(&path).map_err(medproof_ledger::LedgerError::from)?;
    if deployment.development {
        cx.require_development(&format!("the ledger {} takes development keys: it", args.ledger))?;
    }
    terms::Ledger::new(deployment.chain_id, deployment.records.into_array())
        .map_err(|e| CliError::input("ledger.chain", e))
}

/// The time for what is held against the ledger: the machine's, or on a development ledger whose
/// time was moved ahead, that.
///
/// # Errors
/// Where the ledger cannot be read.
pub(crate) fn now(ledger: &dyn Ledger, cx: &Context) -> Result<Time, CliError> {
    let now = cx.now()?;
    if !ledger.deployment().development {
        return Ok(now);
    }
    let head = Time::new(ledger.head()?.time).map_err(|e| CliError::system("ledger.time", e))?;
    Ok(now.max(head))
}
