//! `medproof ledger`: the chain that holds roots, requests, key ids, revocations and nullifiers.

use crate::chain::{self, AccountArgs, LedgerArgs, Sent};
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite};
use crate::keyfile::{self, AudienceKeys};
use crate::messages;
use crate::text;
use clap::{Args, Subcommand};
use medproof_ledger::{
    Action, Address, Council, DeployConfig, Deployment, EmbeddedLedger, IssuerState, KeyId, KeyRegistration, KeyWords,
    Ledger, LedgerError, OpenRequest, ProofWords, ProposalId, Refusal, Registry, Submission, SystemClock,
    VerifyingKeyPoints,
};
use medproof_messages::encoding::Hex;
use medproof_messages::{PinnedKey, Revocation};
use medproof_statement::tier::Tier;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// What to do with the ledger.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Deploy the contracts: into a directory with an embedded chain, or through a node.
    Deploy(DeployArgs),
    /// The deployment, its council, issuers and their roots.
    Status(StatusArgs),
    /// Make an account on a ledger.
    Account(NewAccountArgs),
    /// Let an account publish roots (a decision of the council).
    AdmitIssuer(IssuerActArgs),
    /// Refuse an issuer's roots, old and new (a decision of the council).
    SuspendIssuer(IssuerActArgs),
    /// End a suspension (a decision of the council).
    ReinstateIssuer(IssuerActArgs),
    /// Register a verifying key (a decision of the council).
    RegisterKey(RegisterKeyArgs),
    /// Keep a key from new requests (a decision of the council).
    RetireKey(KeyActArgs),
    /// Refuse a key for ever (a decision of the council).
    RevokeKey(KeyActArgs),
    /// Stop all roots (a decision of fewer members of the council).
    Pause(ActArgs),
    /// End a pause (a decision of the council).
    Unpause(ActArgs),
    /// Open a request on the ledger, as its audience.
    OpenRequest(OpenRequestArgs),
    /// Submit a presentation: the contract verifies it and stores the result under the request.
    Submit(SubmitArgs),
    /// Publish a revocation that a holder gave out.
    RevokeConsent(RevokeConsentArgs),
    /// Move an embedded development chain's time ahead.
    Advance(AdvanceArgs),
}

/// Arguments of `ledger deploy`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "Examples:\n  medproof ledger deploy --development\n  \
    medproof ledger deploy --council 0xA… 0xB… 0xC… --threshold 2 --delay 24h\n  \
    medproof ledger deploy --ledger http://127.0.0.1:8545 --chain-id 1337 --account deployer.json --council 0xA… --out deployment.json")]
pub struct DeployArgs {
    /// Where to.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// Who deploys.
    #[command(flatten)]
    pub account: AccountArgs,
    /// The council's members. In development mode everybody's account, without this.
    #[arg(long, num_args = 1.., value_name = "ADDRESS", value_parser = chain::address)]
    pub council: Vec<Address>,
    /// How many members have to approve an act. Without it, more than half.
    #[arg(long)]
    pub threshold: Option<u8>,
    /// How many suffice for a pause. Without it, one.
    #[arg(long, default_value_t = 1)]
    pub pause_threshold: u8,
    /// The time-lock on acts: an hour at least, but in development mode. Without it, 48h (0s in
    /// development mode).
    #[arg(long, value_parser = text::span, value_name = "SPAN")]
    pub delay: Option<u64>,
    /// For how long a root is accepted after another took its place.
    #[arg(long, value_parser = text::span, default_value = "1h", value_name = "SPAN")]
    pub grace: Option<u64>,
    /// The node's chain id.
    #[arg(long)]
    pub chain_id: Option<u64>,
    /// Write the deployment to this file too: a partner pins it. Required for a node.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// A deployment.
#[derive(Clone, Debug, Serialize)]
pub struct DeployReport {
    /// The ledger as requests name it.
    pub ledger_id: String,
    /// The contracts.
    pub deployment: Deployment,
    /// Who decides.
    pub council: Vec<String>,
    /// Whether the council's key is one that anybody can compute.
    pub open_council: bool,
    /// How many have to approve.
    pub threshold: u8,
    /// The time-lock in seconds.
    pub delay: u64,
}

/// Deploys the contracts.
///
/// # Errors
/// Where there is a deployment already, the chain refuses, or, outside development mode, no
/// council is named.
pub fn deploy(args: &DeployArgs, cx: &Context) -> Result<DeployReport, CliError> {
    let overwrite = Overwrite::from(args.force);
    if let Some(out) = &args.out {
        files::check_target(out, overwrite)?;
    }
    let config = deploy_config(args, cx)?;
    let deployer = match (&args.account.account, args.ledger.url()) {
        (Some(path), _) => keyfile::load_account(path)?,
        (None, None) => keyfile::passing_account()?,
        (None, Some(_)) => args.account.anyone(&args.ledger)?,
    };
    let deployment = match (args.ledger.url(), args.ledger.directory()) {
        (Some(url), _) => {
            let (Some(chain_id), Some(_)) = (args.chain_id, &args.out) else {
                let message = "expected --chain-id and --out beside a node's address";
                return Err(CliError::input("ledger.deploy", message));
            };
            Registry::deploy(args.ledger.node(url, chain_id)?, &deployer, &config)?
                .deployment()
                .clone()
        }
        (None, directory) => {
            let directory = directory.unwrap_or(std::path::Path::new("medproof/ledger"));
            EmbeddedLedger::create(directory, SystemClock, &deployer, &config)?
                .deployment()
                .clone()
        }
    };
    if let Some(out) = &args.out {
        deployment.save(out).map_err(LedgerError::from)?;
    }
    Ok(DeployReport {
        ledger_id: text::shown(&deployment.ledger_id()),
        deployment,
        council: config.council.members.iter().map(ToString::to_string).collect(),
        open_council: config
            .council
            .members
            .contains(&chain::development_council()?.address()),
        threshold: config.council.threshold,
        delay: config.council.delay.into(),
    })
}

fn deploy_config(args: &DeployArgs, cx: &Context) -> Result<DeployConfig, CliError> {
    let members = match &args.council[..] {
        [] if cx.development() => vec![chain::development_council()?.address()],
        [] => {
            return Err(
                CliError::input("ledger.council", "expected the council's members, found none")
                    .with_help("name them with --council ADDRESS…, or try things out with --development"),
            );
        }
        members => members.to_vec(),
    };
    let majority = members.len() / 2 + 1;
    let threshold = args.threshold.unwrap_or(u8::try_from(majority).unwrap_or(u8::MAX));
    let delay = args.delay.unwrap_or(if cx.development() { 0 } else { 48 * 3600 });
    Ok(DeployConfig {
        council: Council {
            members,
            threshold,
            pause_threshold: args.pause_threshold.max(1),
            delay: u32::try_from(delay).map_err(|e| CliError::input("ledger.delay", e))?,
        },
        grace: args.grace.unwrap_or(DeployConfig::GRACE),
        development: cx.development(),
    })
}

impl fmt::Display for DeployReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = &self.deployment;
        if d.development {
            writeln!(f, "DEVELOPMENT LEDGER: takes insecure keys.")?;
        }
        if self.open_council {
            writeln!(f, "OPEN COUNCIL: anybody can compute its member's key, and decide.")?;
        }
        writeln!(f, "ledger id    {}", self.ledger_id)?;
        writeln!(f, "chain id     {}", d.chain_id)?;
        writeln!(f, "records      {}", d.records)?;
        writeln!(f, "keys         {}", d.keys)?;
        writeln!(f, "consents     {}", d.consents)?;
        writeln!(f, "disclosures  {}", d.disclosures)?;
        writeln!(f, "governance   {}", d.governance)?;
        writeln!(
            f,
            "council      {} of {}, time-lock {} s",
            self.threshold,
            self.council.join(", "),
            self.delay
        )
    }
}

/// Arguments of `ledger status`.
#[derive(Clone, Debug, Default, Args)]
#[command(
    after_help = "Examples:\n  medproof ledger status --development\n  medproof ledger status --key-id 0x… --json"
)]
pub struct StatusArgs {
    /// Which ledger.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// The state of this key too.
    #[arg(long, value_parser = text::bytes32, value_name = "KEY_ID")]
    pub key_id: Vec<Hex<32>>,
}

/// The ledger as of a block.
#[derive(Clone, Debug, Serialize)]
pub struct StatusReport {
    /// The ledger as requests name it.
    pub ledger_id: String,
    /// The contracts.
    pub deployment: Deployment,
    /// The newest final block.
    pub block: u64,
    /// Its time in seconds since 1970.
    pub time: u64,
    /// Whether the council paused all roots.
    pub paused: bool,
    /// Who decides.
    pub council: Vec<String>,
    /// How many have to approve.
    pub threshold: u8,
    /// All issuers ever admitted.
    pub issuers: Vec<IssuerReport>,
    /// The keys that were asked for.
    pub keys: Vec<KeyReport>,
}

/// An issuer on the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IssuerReport {
    /// Its account.
    pub issuer: String,
    /// active, suspended.
    pub state: String,
    /// The root that is current.
    pub root: Option<String>,
    /// Its epoch.
    pub epoch: u64,
    /// When it last published, in seconds since 1970.
    pub last_publication_at: Option<u64>,
}

/// A key on the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyReport {
    /// Its id.
    pub key_id: String,
    /// not registered, active, retiring, revoked.
    pub state: String,
    /// XS, S, M or L, where it is registered.
    pub tier: Option<&'static str>,
    /// Whether it is insecure.
    pub development: bool,
}

/// Reads the ledger.
///
/// # Errors
/// Where it cannot be read.
pub fn status(args: &StatusArgs, cx: &Context) -> Result<StatusReport, CliError> {
    let ledger = chain::open(&args.ledger, cx)?;
    let head = ledger.head()?;
    let council = ledger.council()?;
    let mut paused = false;
    let mut issuers = Vec::new();
    for issuer in ledger.issuers()? {
        let status = ledger.issuer_status(issuer)?;
        paused = status.paused;
        issuers.push(IssuerReport {
            issuer: issuer.to_string(),
            state: status.state.to_string(),
            root: status.current_root.map(|root| text::shown(&root)),
            epoch: status.epoch,
            last_publication_at: status.last_publication_at,
        });
    }
    let mut keys = Vec::new();
    for id in &args.key_id {
        let status = ledger.key_status(id.0.into())?;
        keys.push(KeyReport {
            key_id: id.to_string(),
            state: status.state.to_string(),
            tier: Tier::from_code(status.tier.into()).map(Tier::name),
            development: status.development,
        });
    }
    Ok(StatusReport {
        ledger_id: text::shown(&ledger.deployment().ledger_id()),
        deployment: ledger.deployment().clone(),
        block: head.number,
        time: head.time,
        paused,
        council: council.members.iter().map(ToString::to_string).collect(),
        threshold: council.threshold,
        issuers,
        keys,
    })
}

impl fmt::Display for StatusReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.deployment.development {
            writeln!(f, "DEVELOPMENT LEDGER: takes insecure keys.")?;
        }
        writeln!(f, "ledger id  {}", self.ledger_id)?;
        writeln!(f, "chain id   {}", self.deployment.chain_id)?;
        writeln!(f, "block      {} at {}", self.block, text::instant(self.time))?;
        writeln!(f, "council    {} of {}", self.threshold, self.council.join(", "))?;
        if self.paused {
            writeln!(f, "PAUSED: no root counts until the council ends the pause.")?;
        }
        for i in &self.issuers {
            let last = i.last_publication_at.map_or("never".to_owned(), text::instant);
            writeln!(
                f,
                "issuer     {} {}, epoch {}, last published {last}",
                i.issuer, i.state, i.epoch
            )?;
        }
        self.keys.iter().try_for_each(|k| {
            let tier = k.tier.map_or(String::new(), |t| format!(", tier {t}"));
            let insecure = if k.development { ", INSECURE" } else { "" };
            writeln!(f, "key        {} {}{tier}{insecure}", k.key_id, k.state)
        })
    }
}

/// Arguments of `ledger account`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof ledger account --out member.json\n\n\
    The file is development grade: unsealed, readable by its owner alone. Keep it so.")]
pub struct NewAccountArgs {
    /// Where to write the key file.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountReport {
    /// Its address.
    pub address: String,
    /// Where its key is.
    pub file: PathBuf,
}

/// Makes an account.
///
/// # Errors
/// Where its file cannot be written.
pub fn account(args: &NewAccountArgs, _: &Context) -> Result<AccountReport, CliError> {
    let account = keyfile::create_account(&args.out, args.force.into())?;
    Ok(AccountReport {
        address: account.address().to_string(),
        file: args.out.clone(),
    })
}

impl fmt::Display for AccountReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "account {}, key in {}", self.address, self.file.display())
    }
}

/// Arguments of an act of the council.
#[derive(Clone, Debug, Default, Args)]
#[command(
    after_help = "Examples:\n  medproof ledger pause --account member.json\n  medproof ledger pause --account other.json --proposal 3"
)]
pub struct ActArgs {
    /// Which ledger.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// The member who decides.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Approve, and if it is time execute, this proposal of the same act instead of a new one.
    #[arg(long, value_name = "NUMBER")]
    pub proposal: Option<u64>,
}

/// Arguments of an act about an issuer.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof ledger admit-issuer 0x… --development")]
pub struct IssuerActArgs {
    /// The issuer's account (see `issuer init`).
    #[arg(value_parser = chain::address)]
    pub issuer: Address,
    /// Who decides where.
    #[command(flatten)]
    pub act: ActArgs,
}

/// Arguments of an act about a key.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof ledger retire-key 0x… --account member.json")]
pub struct KeyActArgs {
    /// The key's id.
    #[arg(value_parser = text::bytes32)]
    pub key_id: Hex<32>,
    /// Who decides where.
    #[command(flatten)]
    pub act: ActArgs,
}

/// Arguments of `ledger register-key`.
#[derive(Clone, Debug, Default, Args)]
#[command(
    after_help = "Examples:\n  medproof ledger register-key --tier S --development\n  medproof ledger register-key --key s.key.json --account member.json"
)]
pub struct RegisterKeyArgs {
    /// A pinned verifying key's file (see `keys dev --out`).
    #[arg(long, value_name = "FILE", conflicts_with = "tier")]
    pub key: Option<PathBuf>,
    /// The development key of this tier.
    #[arg(long, value_parser = text::tier, required_unless_present = "key")]
    pub tier: Option<Tier>,
    /// Who decides where.
    #[command(flatten)]
    pub act: ActArgs,
}

/// An act of the council.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActReport {
    /// What.
    pub act: String,
    /// Its proposal.
    pub proposal: u64,
    /// Whether it was carried out.
    pub executed: bool,
    /// By which transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Sent>,
    /// What it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
}

impl fmt::Display for ActReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.transaction, &self.waits_for) {
            (Some(sent), _) => writeln!(f, "{}: done (proposal {}, {sent})", self.act, self.proposal),
            (None, waits_for) => {
                writeln!(f, "{}: proposal {} waits", self.act, self.proposal)?;
                if let Some(reason) = waits_for {
                    writeln!(f, "{reason}")?;
                }
                writeln!(
                    f,
                    "run the same command with --proposal {} to approve and execute it",
                    self.proposal
                )
            }
        }
    }
}

/// Lets an account publish roots.
///
/// # Errors
/// Where the ledger refuses.
pub fn admit_issuer(args: &IssuerActArgs, cx: &Context) -> Result<ActReport, CliError> {
    let what = format!("admit issuer {}", args.issuer);
    act(what, &Action::AdmitIssuer(args.issuer), &args.act, cx)
}

/// Refuses an issuer's roots, old and new.
///
/// # Errors
/// Where the ledger refuses.
pub fn suspend_issuer(args: &IssuerActArgs, cx: &Context) -> Result<ActReport, CliError> {
    let what = format!("suspend issuer {}", args.issuer);
    act(what, &Action::SuspendIssuer(args.issuer), &args.act, cx)
}

/// Ends a suspension.
///
/// # Errors
/// Where the ledger refuses.
pub fn reinstate_issuer(args: &IssuerActArgs, cx: &Context) -> Result<ActReport, CliError> {
    let what = format!("reinstate issuer {}", args.issuer);
    act(what, &Action::ReinstateIssuer(args.issuer), &args.act, cx)
}

/// Registers a verifying key.
///
/// # Errors
/// Where it is none, it is insecure outside development mode, or the ledger refuses.
pub fn register_key(args: &RegisterKeyArgs, cx: &Context) -> Result<ActReport, CliError> {
    let pinned = messages::pinned_key(args.key.as_deref(), args.tier, cx)?;
    let registration = registration(&pinned)?;
    let what = format!("register key {} of tier {}", pinned.id(), pinned.info().tier);
    act(what, &Action::RegisterKey(Box::new(registration)), &args.act, cx)
}

/// Keeps a key from new requests.
///
/// # Errors
/// Where the ledger refuses.
pub fn retire_key(args: &KeyActArgs, cx: &Context) -> Result<ActReport, CliError> {
    let what = format!("retire key {}", args.key_id);
    act(what, &Action::RetireKey(args.key_id.0.into()), &args.act, cx)
}

/// Refuses a key for ever.
///
/// # Errors
/// Where the ledger refuses.
pub fn revoke_key(args: &KeyActArgs, cx: &Context) -> Result<ActReport, CliError> {
    let what = format!("revoke key {}", args.key_id);
    act(what, &Action::RevokeKey(args.key_id.0.into()), &args.act, cx)
}

/// Stops all roots.
///
/// # Errors
/// Where the ledger refuses.
pub fn pause(args: &ActArgs, cx: &Context) -> Result<ActReport, CliError> {
    act("pause".into(), &Action::Pause, args, cx)
}

/// Ends a pause.
///
/// # Errors
/// Where the ledger refuses.
pub fn unpause(args: &ActArgs, cx: &Context) -> Result<ActReport, CliError> {
    act("unpause".into(), &Action::Unpause, args, cx)
}

fn registration(pinned: &PinnedKey) -> Result<KeyRegistration, CliError> {
    let (key, info) = (pinned.key(), pinned.info());
    let points = VerifyingKeyPoints {
        alpha: *key.alpha_g1(),
        beta: *key.beta_g2(),
        gamma: *key.gamma_g2(),
        delta: *key.delta_g2(),
        ic: key.ic().to_vec(),
    };
    Ok(KeyRegistration {
        key_id: KeyId::from(pinned.id().0),
        tier: u8::try_from(info.tier.code()).map_err(|e| CliError::input("key", e))?,
        circuit_version: info.circuit_version,
        matrix_digest: info.matrix_digest.into(),
        development: info.development,
        key: KeyWords::from(&points),
    })
}

/// Proposes or approves, then executes if the council's rules allow it already.
fn act(what: String, action: &Action, args: &ActArgs, cx: &Context) -> Result<ActReport, CliError> {
    let member = args.account.council(cx)?;
    let ledger = chain::open(&args.ledger, cx)?;
    let id = match args.proposal {
        None => ledger.propose(&member, action)?,
        Some(number) => {
            let id = ProposalId(number);
            match ledger.approve(&member, id) {
                Ok(_) | Err(LedgerError::Refused(Refusal::AlreadyApproved { .. })) => id,
                Err(error) => return Err(error.into()),
            }
        }
    };
    let (transaction, waits_for) = match ledger.execute(&member, id, action) {
        Ok(receipt) => (Some(Sent::from(&receipt)), None),
        Err(LedgerError::Refused(refusal @ (Refusal::NotEnoughApprovals { .. } | Refusal::TimeLocked { .. }))) => {
            (None, Some(refusal.to_string()))
        }
        Err(error) => return Err(error.into()),
    };
    Ok(ActReport {
        act: what,
        proposal: id.0,
        executed: transaction.is_some(),
        transaction,
        waits_for,
    })
}

/// Arguments of `ledger open-request`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof ledger open-request --request request.json --audience sponsor.json --issuer 0x…"
)]
pub struct OpenRequestArgs {
    /// Which ledger.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// The signed request.
    #[arg(long, value_name = "FILE")]
    pub request: PathBuf,
    /// The audience's key file.
    #[arg(long, value_name = "FILE")]
    pub audience: PathBuf,
    /// Whose records are accepted. Without it, those of all issuers that are active now.
    #[arg(long, num_args = 1.., value_name = "ADDRESS", value_parser = chain::address)]
    pub issuer: Vec<Address>,
    /// How old an issuer's last publication may be.
    #[arg(long, value_parser = text::span, default_value = "24h", value_name = "SPAN")]
    pub max_root_age: u64,
}

/// A request on the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenRequestReport {
    /// The account under which it was opened.
    pub audience: String,
    /// H_request.
    pub request_digest: String,
    /// Whose records are accepted.
    pub issuers: Vec<String>,
    /// By which transaction.
    pub transaction: Sent,
}

/// Opens a request.
///
/// # Errors
/// Where it is none, another audience's, for another ledger, or the contract refuses.
pub fn open_request(args: &OpenRequestArgs, cx: &Context) -> Result<OpenRequestReport, CliError> {
    let request = messages::request(&args.request)?;
    let audience = AudienceKeys::load(&args.audience)?;
    if audience.key.did() != request.body().audience {
        let message = format!(
            "expected the key of {}, found that of {}",
            request.body().audience,
            audience.key.did()
        );
        return Err(CliError::refused("request.other_audience", message));
    }
    let ledger = chain::open(&args.ledger, cx)?;
    chain::require_same(&*ledger, &request.body().ledger)?;
    let issuers = match &args.issuer[..] {
        [] => active_issuers(&*ledger)?,
        issuers => issuers.to_vec(),
    };
    let receipt = ledger.open_request(
        &audience.account,
        &OpenRequest {
            request_digest: request.request_digest(),
            policy_digest: request.policy_digest(),
            key_id: request.body().key_id.0.into(),
            scope: request.statement().scope,
            expires_at: request.body().expires_at.seconds(),
            max_root_age: args.max_root_age,
            issuers: issuers.clone(),
        },
    )?;
    Ok(OpenRequestReport {
        audience: audience.account.address().to_string(),
        request_digest: text::shown(&request.request_digest()),
        issuers: issuers.iter().map(ToString::to_string).collect(),
        transaction: Sent::from(&receipt),
    })
}

fn active_issuers(ledger: &dyn Ledger) -> Result<Vec<Address>, CliError> {
    let mut active = Vec::new();
    for issuer in ledger.issuers()? {
        if ledger.issuer_status(issuer)?.state == IssuerState::Active {
            active.push(issuer);
        }
    }
    Ok(active)
}

impl fmt::Display for OpenRequestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "opened request {}", self.request_digest)?;
        writeln!(f, "audience's account {}", self.audience)?;
        writeln!(f, "accepts records of {}", self.issuers.join(", "))?;
        writeln!(f, "{}", self.transaction)
    }
}

/// Arguments of `ledger submit`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof ledger submit --presentation p.bin --request request.json --audience 0x…")]
pub struct SubmitArgs {
    /// Which ledger.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// Who submits: anyone.
    #[command(flatten)]
    pub account: AccountArgs,
    /// The presentation.
    #[arg(long, value_name = "FILE")]
    pub presentation: PathBuf,
    /// The request that it answers.
    #[arg(long, value_name = "FILE")]
    pub request: PathBuf,
    /// The account under which the request was opened.
    #[arg(long, value_name = "ADDRESS", value_parser = chain::address)]
    pub audience: Address,
    /// Whose record it is about. Without it, the issuer that published its root.
    #[arg(long, value_name = "ADDRESS", value_parser = chain::address)]
    pub issuer: Option<Address>,
}

/// An answer that the contract verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SubmitReport {
    /// Whose record.
    pub issuer: String,
    /// One per holder and scope.
    pub nullifier: String,
    /// By which transaction.
    pub transaction: Sent,
}

/// Submits a presentation.
///
/// # Errors
/// Where the contract refuses: an unknown request or root, a spent nullifier, a revoked consent, a
/// proof that does not hold.
pub fn submit(args: &SubmitArgs, cx: &Context) -> Result<SubmitReport, CliError> {
    let request = messages::request(&args.request)?;
    let presentation = messages::presentation(&args.presentation)?;
    let ledger = chain::open(&args.ledger, cx)?;
    chain::require_same(&*ledger, &request.body().ledger)?;
    let public = presentation.public;
    let issuer = match args.issuer {
        Some(issuer) => issuer,
        None => messages::issuer_of_root(&*ledger, public.registry_root)?.0,
    };
    let account = args.account.anyone(&args.ledger)?;
    let proof = &presentation.proof;
    let receipt = ledger.submit_disclosure(
        &account,
        &Submission {
            audience: args.audience,
            request_digest: request.request_digest(),
            issuer,
            registry_root: public.registry_root,
            nullifier: public.nullifier,
            consent_handle: public.consent_handle,
            proof: ProofWords::new(proof.a(), proof.b(), proof.c()),
        },
    )?;
    Ok(SubmitReport {
        issuer: issuer.to_string(),
        nullifier: text::shown(&public.nullifier),
        transaction: Sent::from(&receipt),
    })
}

impl fmt::Display for SubmitReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "the ledger verified the presentation and stored it under the request"
        )?;
        writeln!(f, "issuer     {}", self.issuer)?;
        writeln!(f, "nullifier  {}", self.nullifier)?;
        writeln!(f, "{}", self.transaction)
    }
}

/// Arguments of `ledger revoke-consent`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof ledger revoke-consent --revocation revocation.json")]
pub struct RevokeConsentArgs {
    /// Which ledger.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// Who publishes: anyone.
    #[command(flatten)]
    pub account: AccountArgs,
    /// What the holder gave out (see `holder revoke --out`).
    #[arg(long, value_name = "FILE")]
    pub revocation: PathBuf,
}

/// A consent that is revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevokeConsentReport {
    /// Its handle.
    pub consent_handle: String,
    /// By which transaction.
    pub transaction: Sent,
}

/// Publishes a revocation.
///
/// # Errors
/// Where it is none, for another ledger, or the chain does not take it.
pub fn revoke_consent(args: &RevokeConsentArgs, cx: &Context) -> Result<RevokeConsentReport, CliError> {
    let bytes = files::read(&args.revocation, "a revocation")?;
    publish(&Revocation::from_json(&bytes)?, &args.ledger, &args.account, cx)
}

pub(crate) fn publish(
    revocation: &Revocation,
    ledger: &LedgerArgs,
    account: &AccountArgs,
    cx: &Context,
) -> Result<RevokeConsentReport, CliError> {
    let account = account.anyone(ledger)?;
    let ledger = chain::open(ledger, cx)?;
    chain::require_same(&*ledger, revocation.ledger())?;
    let receipt = ledger.revoke_consent(&account, revocation.secret())?;
    Ok(RevokeConsentReport {
        consent_handle: text::shown(&revocation.handle()),
        transaction: Sent::from(&receipt),
    })
}

impl fmt::Display for RevokeConsentReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "revoked: no presentation under this consent is accepted from now on")?;
        writeln!(f, "handle  {}", self.consent_handle)?;
        writeln!(f, "{}", self.transaction)
    }
}

/// Arguments of `ledger advance`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof ledger advance 2h --development")]
pub struct AdvanceArgs {
    /// By how much.
    #[arg(value_parser = text::span)]
    pub span: u64,
    /// Which ledger.
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

/// The chain's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AdvanceReport {
    /// In seconds since 1970.
    pub time: u64,
}

/// Moves an embedded development chain's time ahead.
///
/// # Errors
/// Outside development mode, or where the chain is a node's.
pub fn advance(args: &AdvanceArgs, cx: &Context) -> Result<AdvanceReport, CliError> {
    cx.require_development("moving a chain's time")?;
    let Some(directory) = args.ledger.directory() else {
        return Err(CliError::input(
            "ledger.not_embedded",
            "expected a directory with an embedded chain, found a node",
        ));
    };
    let ledger = EmbeddedLedger::open(directory, SystemClock)?;
    if !ledger.deployment().development {
        return Err(CliError::refused(
            "ledger.not_development",
            "expected a development ledger, found another",
        ));
    }
    ledger.advance_time(args.span)?;
    Ok(AdvanceReport {
        time: ledger.head()?.time,
    })
}

impl fmt::Display for AdvanceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the chain's time is {}", text::instant(self.time))
    }
}
