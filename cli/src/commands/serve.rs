//! `medproof serve`: the prover service, over gRPC.

use crate::cancel;
use crate::chain::{self, LedgerArgs};
use crate::commands::issuer::IssuerDir;
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use clap::Args;
use medproof_engine::{Cpu, Engine};
use medproof_ledger::{Account, Ledger};
use medproof_messages::{KeyId, terms};
use medproof_records::issuer::{CarriedRecord, Issuer, IssuerError};
use medproof_service::auth::Callers;
use medproof_service::config::Config;
use medproof_service::disclosure::{Disclosures, Records};
use medproof_service::error::Refusal;
use medproof_service::guard::Guard;
use medproof_service::seal::WorkKey;
use medproof_service::server::{self, Tls};
use medproof_service::store::Store;
use medproof_service::times::Times;
use medproof_service::watch::{self, Hub};
use medproof_service::work::{self, Prover, Settings, Wake, Worker};
use medproof_statement::tier::Tier;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// Arguments of `serve`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  medproof serve --config service.toml --check\n  \
    medproof serve --config service.toml --issuer /srv/issuer --tier M --tier L\n\n\
    docs/ops/service.md says what the file may hold.")]
pub struct ServeArgs {
    /// The service's file.
    #[arg(long, env = "MEDPROOF_SERVICE", default_value = "service.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// Read the file, say what is wrong with it, and serve nothing.
    #[arg(long)]
    pub check: bool,
    /// Which issuer.
    #[command(flatten)]
    pub dir: IssuerDir,
    /// The ledger that its roots are on.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// The issuer's account there, where it is not the one in its directory.
    #[arg(long, value_name = "FILE")]
    pub account: Option<PathBuf>,
    /// Sizes of circuits that are proved.
    #[arg(long = "tier", value_name = "TIER", default_values = ["M"])]
    pub tiers: Vec<Tier>,
}

/// What was served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServeReport {
    /// Where.
    pub address: Option<SocketAddr>,
    /// Who may call.
    pub callers: usize,
}

/// Serves until told to stop.
///
/// # Errors
/// Where the file is none, or something that it names cannot be opened.
pub fn serve(args: &ServeArgs, cx: &Context) -> Result<ServeReport, CliError> {
    let config = read(&args.config)?;
    let callers = config.callers().map_err(|e| misconfigured(&args.config, &e))?;
    let count = callers.len();
    let report = |address| ServeReport {
        address,
        callers: count,
    };
    if args.check {
        return Ok(report(None));
    }
    let issuer = args.dir.open(cx)?;
    let ledger: Arc<dyn Ledger> = chain::open(&args.ledger, cx)?.into();
    let account = account(args)?;
    let (engine, keys) = engine(&args.tiers, cx)?;
    let tls = tls(&config)?;
    let work_key = || work_key(&config.work.key);
    let (hub, times, wake) = (Arc::<Hub>::default(), Arc::<Times>::default(), Wake::default());
    let service_key = work_key()?;
    let worker_key = work_key()?;
    let named = ledger_name(&*ledger)?;
    let guard = Guard {
        ledger,
        issuer: account.address(),
    };
    runtime()?.block_on(async {
        let store = Store::open(&config.store.url)
            .await
            .map_err(|e| CliError::system("store", e))?;
        let listener = tokio::net::TcpListener::bind(config.listen.address).await;
        let listener = listener.map_err(|e| CliError::system("listen", format!("{}: {e}", config.listen.address)))?;
        let address = listener.local_addr().map_err(|e| CliError::system("listen", e))?;
        let disclosures = Arc::new(Disclosures {
            store: store.clone(),
            key: service_key,
            records: Arc::new(OfIssuer(Mutex::new(issuer))),
            keys,
            ledger: named,
            guard: guard.clone(),
            wake: wake.clone(),
            hub: Arc::clone(&hub),
            times: Arc::clone(&times),
            most_waiting: config.store.most_waiting,
        });
        let answerer = Prover {
            engine,
            guard: Some(guard),
        };
        let worker = Arc::new(Worker {
            store: store.clone(),
            key: worker_key,
            answerer: Arc::new(answerer),
            times,
            hub: Arc::clone(&hub),
        });
        let settings = Settings {
            name: worker_name()?,
            at_once: config.work.at_once,
        };
        let (stop, stop_working) = tokio::sync::watch::channel(false);
        let working = tokio::spawn(async move {
            if settings.at_once > 0 {
                work::run(worker, &settings, &wake, stop_working).await;
            }
        });
        let looking = tokio::spawn(watch::look_out(store.clone(), hub));
        cx.ui.note(format!("listening on {address}"));
        let served = server::serve(listener, tls, Callers::new(callers), disclosures, stopped());
        served
            .await
            .map_err(|e| CliError::system("server", crate::text::chain(&e)))?;
        looking.abort();
        // Who works elsewhere has gone before: nobody hears it then.
        let _ = stop.send(true);
        working.await.map_err(|e| CliError::system("worker", e))?;
        store.close().await;
        Ok(report(Some(address)))
    })
}

fn read(path: &Path) -> Result<Config, CliError> {
    let text = fs::read_to_string(path).map_err(|e| {
        CliError::input("config", format!("{}: {e}", path.display()))
            .with_help("name the service's file with --config; docs/ops/service.md says what it may hold")
    })?;
    Config::parse(&text).map_err(|e| misconfigured(path, &e))
}

fn misconfigured(path: &Path, error: &dyn fmt::Display) -> CliError {
    CliError::input("config", format!("{}: {error}", path.display()))
        .with_help("docs/ops/service.md says what it may hold")
}

// The first signal stops it: what was begun is brought to its end.
pub(super) async fn stopped() {
    while !cancel::requested() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn account(args: &ServeArgs) -> Result<Account, CliError> {
    let path = args
        .account
        .clone()
        .unwrap_or_else(|| args.dir.issuer.join("account.json"));
    crate::keyfile::load_account(&path)
}

// Of these tiers, with their keys' names.
pub(super) fn engine(tiers: &[Tier], cx: &Context) -> Result<(impl Engine + use<>, BTreeMap<Tier, KeyId>), CliError> {
    let (mut ready, mut ids) = (Vec::new(), BTreeMap::new());
    for tier in tiers {
        ids.insert(*tier, cx.development_key(*tier)?.pinned().id());
        ready.push(cx.ready_key(*tier)?);
    }
    let engine = Cpu::new(cx.mode, ready).map_err(|e| CliError::refused("development.key", e))?;
    Ok((engine, ids))
}

// Made by who comes first.
fn work_key(path: &Path) -> Result<WorkKey, CliError> {
    if !path.exists() {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(|e| CliError::system("random", e))?;
        let text = Zeroizing::new(hex::encode(bytes.as_slice()));
        files::write(path, text.as_bytes(), Secrecy::Secret, Overwrite::Never)?;
    }
    read_work_key(path)
}

/// The key that service and workers share.
pub(super) fn read_work_key(path: &Path) -> Result<WorkKey, CliError> {
    let wrong = |problem: &dyn fmt::Display| {
        CliError::input("work.key", format!("{}: {problem}", path.display()))
            .with_help("name the file that service and workers share")
    };
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|e| wrong(&e))?);
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), &mut *bytes)
        .map_err(|_| wrong(&"expected 64 hexadecimal digits, found something else"))?;
    Ok(WorkKey::from_bytes(*bytes))
}

/// Another for each process, on whatever machine.
pub(super) fn worker_name() -> Result<String, CliError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|e| CliError::system("random", e))?;
    Ok(format!("worker-{}", hex::encode(bytes)))
}

/// Where calls are answered; what goes wrong there is said on standard error.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    // One is enough, whoever made it.
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|e| CliError::system("threads", e))
}

fn tls(config: &Config) -> Result<Option<Tls>, CliError> {
    let read = |path: &Path| fs::read(path).map_err(|e| CliError::input("tls", format!("{}: {e}", path.display())));
    let Some(tls) = &config.listen.tls else { return Ok(None) };
    Ok(Some(Tls {
        certificate: read(&tls.certificate)?,
        key: Zeroizing::new(read(&tls.key)?),
        callers: tls.callers.as_deref().map(read).transpose()?,
    }))
}

fn ledger_name(ledger: &dyn Ledger) -> Result<terms::Ledger, CliError> {
    let deployment = ledger.deployment();
    let named = terms::Ledger::new(deployment.chain_id, deployment.records.into_array());
    named.map_err(|e| CliError::system("ledger", e))
}

// One issuer's records; of its tenant alone, which has its name.
struct OfIssuer(Mutex<Issuer>);

impl Records for OfIssuer {
    fn carried(&self, tenant: &str, record: &str) -> Result<Option<CarriedRecord>, Refusal> {
        let issuer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if issuer.name() != tenant {
            return Ok(None);
        }
        match issuer.carried_record(record) {
            Ok(record) => Ok(Some(record)),
            Err(IssuerError::Refused { .. }) => Ok(None),
            Err(_) => Err(Refusal::new(
                tonic::Code::Unavailable,
                "records.unavailable",
                "the records cannot be read",
                "an operator looks at the issuer's directory",
            )),
        }
    }
}

impl fmt::Display for ServeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => writeln!(f, "served on {address}"),
            None => writeln!(f, "the file is in order: {} callers", self.callers),
        }
    }
}
