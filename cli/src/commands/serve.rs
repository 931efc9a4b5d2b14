//! `medproof serve`: the prover service, over gRPC.

mod init;

use crate::cancel;
use crate::chain::{self, LedgerArgs};
use crate::commands::issuer::IssuerDir;
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use crate::keyring::Keyring;
use crate::ui::Ui;
use clap::Args;
use medproof_audit::{PseudonymKey, SigningKey};
use medproof_keys::Mode;
use medproof_ledger::{Account, B256, KeyState, Ledger, LogId};
use medproof_messages::{Did, KeyId, terms};
use medproof_service::anchor::{LogAnchor, LogAnchorError};
use medproof_service::audit::Audit;
use medproof_service::auth::{Callers, Issuer as TokenIssuer};
use medproof_service::cohort;
use medproof_service::config::{Audit as AuditConfig, Config};
use medproof_service::consent::{self, Consents, Publisher, Revocations};
use medproof_service::disclosure::{Arrivals, Disclosures, Records};
use medproof_service::events;
use medproof_service::events::ledger::{LedgerWatch, Seen};
use medproof_service::events::sender::Receiver;
use medproof_service::events::signature::Secrets;
use medproof_service::events::webhook::{self, Patience, Webhook};
use medproof_service::guard::Guard;
use medproof_service::hospital::Hospital;
use medproof_service::issuer::Registrar;
use medproof_service::metrics::{self, Metrics, MetricsConfig};
use medproof_service::ring::Ring;
use medproof_service::seal::WorkKey;
use medproof_service::server::{self, Services};
use medproof_service::store::{Owner, Store};
use medproof_service::telemetry::{self, Telemetry, TracesConfig};
use medproof_service::times::Times;
use medproof_service::tls::Tls;
use medproof_service::verification::Verification;
use medproof_service::watch::{self, Hub};
use medproof_service::work::{self, Prover, Settings, Wake, Worker};
use medproof_statement::tier::Tier;
use serde::Serialize;
use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

/// Arguments of `serve`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  medproof serve --config service.toml --check\n  \
    medproof serve --config service.toml --issuer /srv/issuer --tier M --tier L\n  \
    medproof --development serve --init service\n\n\
    docs/ops/service.md says what the file may hold.")]
pub struct ServeArgs {
    /// The service's file.
    #[arg(long, env = "MEDPROOF_SERVICE", default_value = "service.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// Read the file, say what is wrong with it, and serve nothing.
    #[arg(long)]
    pub check: bool,
    /// Write a service's file with certificate and tokens for development into this directory, and serve nothing.
    #[arg(long, value_name = "DIR", conflicts_with = "check")]
    pub init: Option<PathBuf>,
    /// With --init: a sponsor who calls, by its DID.
    #[arg(long, value_name = "DID", requires = "init")]
    pub sponsor: Option<String>,
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
#[serde(untagged)]
pub enum ServeReport {
    /// The service's files were made.
    Made {
        /// The one to serve.
        config: PathBuf,
    },
    /// The file is in order.
    Checked {
        /// Who may call by a token or a certificate of their own.
        callers: usize,
    },
    /// It was served.
    Served {
        /// Where.
        address: SocketAddr,
    },
}

/// Serves until told to stop.
///
/// # Errors
/// Where the file is none, or something that it names cannot be opened.
pub fn serve(args: &ServeArgs, cx: &Context) -> Result<ServeReport, CliError> {
    if let Some(folder) = &args.init {
        return made(folder, args, cx);
    }
    let config = read(&args.config)?;
    let mut named = Named::open(&config).map_err(|e| misconfigured(&args.config, &e))?;
    named.webhooks =
        webhooks(&config).map_err(|e| e.with_help("docs/ops/events.md says how webhooks are configured"))?;
    if args.check {
        for file in [&config.work.key, &config.audit.pseudonym_key] {
            if file.exists() {
                secret(file)?;
            }
        }
        let callers = config.callers.len();
        return Ok(ServeReport::Checked { callers });
    }
    let metrics = Metrics::default();
    let opened = Opened::open(&config, args, &metrics, cx)?;
    let runtime = runtime()?;
    let address = runtime.block_on(run(&config, named, opened, metrics, cx));
    // What has not ended by now has had its time: it is on disk, and begins again.
    runtime.shutdown_background();
    address.map(|address| ServeReport::Served { address })
}

fn made(folder: &Path, args: &ServeArgs, cx: &Context) -> Result<ServeReport, CliError> {
    if cx.mode != Mode::Development {
        let message = "expected development mode: certificate and tokens that this makes are for trying it out";
        return Err(CliError::refused("development.mode", message)
            .with_help("say --development, or write a service's file: docs/ops/service.md"));
    }
    let sponsor = args.sponsor.as_deref().map(Did::parse).transpose();
    let sponsor = sponsor.map_err(|e| CliError::input("did", e))?;
    let config = init::init(folder, args.dir.open(cx)?.name(), sponsor.as_ref())?;
    Ok(ServeReport::Made { config })
}

// What the file names.
struct Named {
    tls: Option<Tls>,
    callers: Callers,
    webhooks: Vec<Webhook>,
}

impl Named {
    fn open(config: &Config) -> Result<Named, Box<dyn std::error::Error>> {
        let web = config.web.is_some();
        let tls = config
            .listen
            .tls
            .as_ref()
            .map(|files| Tls::open(files, web))
            .transpose()?;
        let issuer = config.issuer.as_ref().map(TokenIssuer::new).transpose()?;
        let callers = Callers::new(config.callers()?, issuer);
        Ok(Named {
            tls,
            callers,
            webhooks: Vec::new(),
        })
    }
}

// What is proved of, and with what.
struct Opened {
    hospital: Arc<Hospital>,
    account: Account,
    keys: Keys,
    ledger: terms::Ledger,
    guard: Guard,
    // One seals, one opens.
    work_keys: [WorkKey; 2],
    pseudonyms: Arc<PseudonymKey>,
    signing_key: SigningKey,
    mode: Mode,
}

impl Opened {
    fn open(config: &Config, args: &ServeArgs, metrics: &Metrics, cx: &Context) -> Result<Opened, CliError> {
        let issuer = args.dir.open(cx)?;
        let name = issuer.name().to_owned();
        let ledger: Arc<dyn Ledger> = chain::open(&args.ledger, cx)?.into();
        chain::require_clock(&*ledger, cx)?;
        let keys = keys(&args.tiers, metrics, Some(Arc::clone(&ledger)), cx)?;
        let account = account(args)?;
        let work_key = || made_once(&config.work.key).map(|bytes| WorkKey::from_bytes(*bytes));
        let pseudonyms = PseudonymKey::from_bytes(*made_once(&config.audit.pseudonym_key)?);
        Ok(Opened {
            hospital: Arc::new(Hospital::new(issuer, account.clone(), Arc::clone(&ledger))),
            keys,
            ledger: ledger_name(&*ledger)?,
            guard: Guard {
                ledger,
                issuer: account.address(),
            },
            account,
            work_keys: [work_key()?, work_key()?],
            pseudonyms: Arc::new(pseudonyms),
            signing_key: log_key(&config.audit, &name)?,
            mode: cx.mode,
        })
    }
}

async fn run(
    config: &Config,
    named: Named,
    opened: Opened,
    metrics: Metrics,
    cx: &Context,
) -> Result<SocketAddr, CliError> {
    let telemetry = telemetry(config.traces.as_ref())?;
    let (tls, keys, mode) = (named.tls.clone(), opened.keys.clone(), opened.mode);
    listen_to_signals(move || {
        reload(tls.as_ref());
        keys.reload(mode);
    })?;
    raise_files();
    let (hub, times, wake) = (Arc::<Hub>::default(), Arc::<Times>::default(), Wake::default());
    let store = Store::open(&config.store.url)
        .await
        .map_err(|e| CliError::system("store", e))?;
    let (listener, address) = listen(config.listen.address).await?;
    let [service_key, worker_key] = opened.work_keys;
    let (pseudonyms, hospital) = (opened.pseudonyms, opened.hospital);
    let disclosures = Arc::new(Disclosures {
        store: store.clone(),
        key: service_key,
        records: Arc::clone(&hospital) as Arc<dyn Records>,
        keys: Arc::clone(&opened.keys.ring),
        ledger: opened.ledger,
        guard: opened.guard.clone(),
        wake: wake.clone(),
        hub: Arc::clone(&hub),
        times: Arc::clone(&times),
        pseudonyms: Arc::clone(&pseudonyms),
        bounds: config.bounds(),
        arrivals: Arrivals::default(),
    });
    let checking = cohort::look_out(Arc::clone(&disclosures), hospital.name().to_owned());
    let ledger = Arc::clone(&opened.guard.ledger);
    let issuer = opened.guard.issuer;
    let revocations = Arc::new(Revocations {
        store: store.clone(),
        hub: Arc::clone(&hub),
    });
    let log_key = opened.signing_key.verifying();
    cx.ui.note(format!("the log's key is {log_key}"));
    let log_anchor = LogAnchor {
        store: store.clone(),
        tenant: hospital.name().to_owned(),
        log: LogId(B256::from(log_key.log_id())),
        ledger: Arc::clone(&ledger),
        account: opened.account.clone(),
        every: Duration::from_secs(config.audit.anchor_seconds),
        metrics: metrics.clone(),
    };
    log_anchor.check().await.map_err(other_log)?;
    let publisher = Arc::new(Publisher {
        ledger: Arc::clone(&ledger),
        account: opened.account,
    });
    let audit = Audit {
        store: store.clone(),
        hospital: Arc::clone(&hospital),
        pseudonyms: Arc::clone(&pseudonyms),
        key: opened.signing_key,
    };
    let services = Services {
        audit: Arc::new(audit),
        disclosures,
        registrar: Arc::new(Registrar {
            hospital: Arc::clone(&hospital),
            store: store.clone(),
            pseudonyms: Arc::clone(&pseudonyms),
            hub: Arc::clone(&hub),
        }),
        consents: Arc::new(Consents {
            store: store.clone(),
            pseudonyms,
            hospital,
            hub: Arc::clone(&hub),
            named: opened.ledger,
            publisher: Arc::clone(&publisher),
        }),
        store: store.clone(),
        verification: Arc::new(Verification {
            ledger: Arc::clone(&ledger),
            named: opened.ledger,
            keys: Arc::clone(&opened.keys.ring),
            mode: opened.mode,
        }),
    };
    let answerer = Prover {
        keys: Arc::clone(&opened.keys.ring),
        guard: Some(opened.guard),
    };
    let worker = Arc::new(Worker {
        store: store.clone(),
        key: worker_key,
        answerer: Arc::new(answerer),
        times,
        hub: Arc::clone(&hub),
        metrics: metrics.clone(),
    });
    let settings = Settings {
        name: worker_name()?,
        at_once: config.work.at_once,
    };
    let working = Working::start(worker, settings, wake);
    let mut beside = observed(config.metrics, &metrics, &store, Some(Arc::clone(&ledger))).await?;
    beside.spawn(watch::look_out(store.clone(), hub));
    beside.spawn(checking);
    beside.spawn(publisher.run(store.clone()));
    beside.spawn(consent::look_out(store.clone()));
    beside.spawn(events::forget(store.clone()));
    let log_anchor = (config.audit.anchor_seconds > 0).then_some(log_anchor);
    if let Some(anchor) = log_anchor.clone() {
        beside.spawn(anchor.run());
    }
    let watched = LedgerWatch {
        store: store.clone(),
        ledger,
        issuer,
        changed: vec![revocations, opened.keys.ring],
        seen: Seen::default(),
        glance: events::ledger::GLANCE,
    };
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let watching = tokio::spawn(watched.run(stopping.clone()));
    let deliver = |webhook| tokio::spawn(webhook::deliver(store.clone(), Arc::new(webhook), stopping.clone()));
    let delivering: Vec<_> = named.webhooks.into_iter().map(deliver).collect();
    cx.ui.note(format!("listening on {address}"));
    let serving = server::Settings {
        tls: named.tls,
        callers: named.callers,
        limits: config.limits,
        web: config.web.clone(),
        open_reflection: config.listen.open_reflection,
        drain: config.drain,
        metrics,
    };
    let served = async {
        let served = server::serve(listener, serving, services, stopped()).await;
        served.map_err(|e| CliError::system("server", crate::text::chain(&e)))
    };
    let worked = async {
        working.end(config.drain.jobs()).await;
        Ok(())
    };
    tokio::try_join!(served, worked)?;
    beside.shutdown().await;
    // Deliveries that are under way come to their end.
    let _ = stop.send(true);
    for task in delivering.into_iter().chain([watching]) {
        task.await.map_err(|e| CliError::system("events", e))?;
    }
    if let Some(anchor) = log_anchor {
        anchor.last().await;
    }
    store.close().await;
    flush(telemetry).await;
    Ok(address)
}

// A log that is not what it was is not continued.
fn other_log(error: LogAnchorError) -> CliError {
    match error {
        LogAnchorError::Ledger(error) => error.into(),
        error @ LogAnchorError::Fork { .. } => CliError::refused("audit.fork", error).with_help(
            "the store was restored from a backup, or changed: docs/ops/audit.md says what to do, under \"When the store was restored\"",
        ),
        error => CliError::system("store", error),
    }
}

// As many files as the system lets this process have: each connection is one. Most systems begin with few, for programs
// that look at each of them.
fn raise_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: limit.maximum,
            ..limit
        };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "no more files may be open than at the start");
        }
    }
}

/// A worker of this process.
pub(super) struct Working {
    stop: tokio::sync::watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Working {
    /// Works, unless nothing is to be worked on here.
    pub(super) fn start(worker: Arc<Worker>, settings: Settings, wake: Wake) -> Working {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let task = tokio::spawn(async move {
            if settings.at_once > 0 {
                work::run(worker, &settings, &wake, stopped).await;
            }
        });
        Working { stop, task }
    }

    /// Once it is told to stop, takes no more jobs; those that were begun have so long to end.
    pub(super) async fn end(self, patience: Duration) {
        stopped().await;
        let _ = self.stop.send(true);
        match tokio::time::timeout(patience, self.task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the worker failed"),
            Err(_) => tracing::warn!("jobs had not ended in time: they begin again, here or elsewhere"),
        }
    }
}

/// Where calls are heard, with the port that it has.
async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), CliError> {
    let failed = |e: std::io::Error| CliError::system("listen", format!("{address}: {e}"));
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// What operators look at, until it is dropped: nothing is looked up where nobody looks.
pub(super) async fn observed(
    config: Option<MetricsConfig>,
    metrics: &Metrics,
    store: &Store,
    ledger: Option<Arc<dyn Ledger>>,
) -> Result<JoinSet<()>, CliError> {
    let mut tasks = JoinSet::new();
    let Some(config) = config else { return Ok(tasks) };
    let (listener, address) = listen(config.address).await?;
    tracing::info!(%address, "metrics");
    let page = metrics.clone();
    tasks.spawn(async move {
        if let Err(error) = metrics::serve(listener, page).await {
            tracing::error!(%error, "the page of metrics");
        }
    });
    tasks.spawn(metrics::look_out(metrics.clone(), store.clone(), ledger));
    Ok(tasks)
}

/// Logs, and traces where they are configured.
pub(super) fn telemetry(traces: Option<&TracesConfig>) -> Result<Telemetry, CliError> {
    telemetry::start(traces).map_err(|e| CliError::input("traces", e))
}

/// Sends what is on its way, without waiting for it on the threads that send it.
pub(super) async fn flush(telemetry: Telemetry) {
    let _ = tokio::task::spawn_blocking(move || telemetry.flush()).await;
}

/// What an operator's machine says: to stop, and that certificates or keys are new.
pub(super) fn listen_to_signals(again_read: impl Fn() + Send + 'static) -> Result<(), CliError> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let of = |kind| signal(kind).map_err(|e| CliError::system("signals", e));
        let (mut end, mut again) = (of(SignalKind::terminate())?, of(SignalKind::hangup())?);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = end.recv() => cancel::ask(),
                    _ = again.recv() => again_read(),
                }
            }
        });
    }
    Ok(())
}

fn reload(tls: Option<&Tls>) {
    match tls.map(Tls::reload) {
        None => {}
        Some(Ok(())) => tracing::info!("certificates were read again"),
        Some(Err(error)) => tracing::error!(%error, "certificates could not be read again: those from before stay"),
    }
}

/// A service's file.
pub(super) fn read(path: &Path) -> Result<Config, CliError> {
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

/// The keys of these tiers, ready, and how an operator's signal has them read again: what was added is then proved
/// under, what was retired or revoked is not.
pub(super) fn keys(
    tiers: &[Tier],
    metrics: &Metrics,
    ledger: Option<Arc<dyn Ledger>>,
    cx: &Context,
) -> Result<Keys, CliError> {
    let keys = Keys {
        ring: Arc::default(),
        tiers: tiers.to_vec(),
        metrics: metrics.clone(),
        ledger,
    };
    keys.read(cx.keyring())?;
    Ok(keys)
}

/// Keys that are proved under.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) ring: Arc<Ring>,
    tiers: Vec<Tier>,
    metrics: Metrics,
    // None of a worker.
    ledger: Option<Arc<dyn Ledger>>,
}

impl Keys {
    fn read(&self, keyring: Keyring) -> Result<(), CliError> {
        let before = self.ring.ids();
        let held = keyring.held(&self.tiers, &self.ring)?;
        for held in held.iter().filter(|held| !before.contains(&held.id())) {
            self.metrics.key_loaded(held.tier());
            self.heed(held.id())?;
        }
        self.ring.replace(held);
        Ok(())
    }

    /// Reads them again, on a thread of their own: it may take a minute. Where that fails those from before stay.
    pub(super) fn reload(&self, mode: Mode) {
        let keys = self.clone();
        tokio::task::spawn_blocking(move || {
            let ui = Ui::silent();
            match keys.read(Keyring { ui, mode }) {
                Ok(()) => tracing::info!(keys = ?keys.ring, "keys were read again"),
                Err(error) => tracing::error!(%error, "keys could not be read again: those from before stay"),
            }
        });
    }

    // Of what the ledger revoked nothing is proved, whatever the operator's list says. What it revokes later is seen when
    // it does.
    fn heed(&self, id: KeyId) -> Result<(), CliError> {
        let Some(ledger) = &self.ledger else { return Ok(()) };
        if ledger.key_status(B256::from(id.0))?.state == KeyState::Revoked {
            tracing::error!(%id, "the ledger has revoked this key: nothing is proved under it");
            self.ring.revoke(id);
        }
        Ok(())
    }
}

// 32 random bytes of a file, made by who comes first.
fn made_once(path: &Path) -> Result<Zeroizing<[u8; 32]>, CliError> {
    if !path.exists() {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(|e| CliError::system("random", e))?;
        let text = Zeroizing::new(hex::encode(bytes.as_slice()));
        files::write(path, text.as_bytes(), Secrecy::Secret, Overwrite::Never)?;
    }
    secret(path)
}

// What signs the log's heads, made by who comes first.
fn log_key(audit: &AuditConfig, issuer: &str) -> Result<SigningKey, CliError> {
    let path = &audit.signing_key;
    if !path.exists() {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|e| CliError::system("random", e))?;
        // A key's name has neither space nor plus.
        let name: String = issuer
            .chars()
            .map(|c| if c == '+' || c.is_whitespace() { '-' } else { c })
            .collect();
        let origin = audit.origin.clone().unwrap_or_else(|| format!("medproof/{name}"));
        let key = SigningKey::from_seed(&origin, &seed).map_err(|e| CliError::input("audit.origin", e))?;
        files::write(path, key.to_text().as_bytes(), Secrecy::Secret, Overwrite::Never)?;
    }
    read_log_key(path)
}

/// What signs the log's heads.
pub(super) fn read_log_key(path: &Path) -> Result<SigningKey, CliError> {
    let wrong = |e: &dyn fmt::Display| CliError::input("audit.key", format!("{}: {e}", path.display()));
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|e| wrong(&e))?);
    SigningKey::parse(text.trim()).map_err(|e| wrong(&e))
}

/// 32 bytes of a file, in hexadecimal.
pub(super) fn secret(path: &Path) -> Result<Zeroizing<[u8; 32]>, CliError> {
    let wrong = |problem: &dyn fmt::Display| {
        CliError::input("service.key", format!("{}: {problem}", path.display()))
            .with_help("name the file that all processes of the service share")
    };
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|e| wrong(&e))?);
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), &mut *bytes)
        .map_err(|_| wrong(&"expected 64 hexadecimal digits, found something else"))?;
    Ok(bytes)
}

/// Another for each process, on whatever machine.
pub(super) fn worker_name() -> Result<String, CliError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|e| CliError::system("random", e))?;
    Ok(format!("worker-{}", hex::encode(bytes)))
}

/// Where calls are answered.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|e| CliError::system("threads", e))
}

fn webhooks(config: &Config) -> Result<Vec<Webhook>, CliError> {
    let callers = config.webhooks().map_err(|e| CliError::input("config", e))?;
    let webhooks = callers.into_iter().map(|(caller, entry)| {
        let wrong = |path: &Path, problem: &dyn fmt::Display| {
            CliError::input(
                "webhook",
                format!("caller {}: {}: {problem}", caller.name, path.display()),
            )
        };
        let secret = fs::read_to_string(&entry.secret_file).map_err(|e| wrong(&entry.secret_file, &e))?;
        let secrets = Secrets::parse(&Zeroizing::new(secret)).map_err(|e| wrong(&entry.secret_file, &e))?;
        let read = |path: &PathBuf| fs::read(path).map_err(|e| wrong(path, &e));
        let receiver = Receiver {
            url: entry.url.clone(),
            private_addresses: entry.private_addresses,
            roots: entry.roots.as_ref().map(read).transpose()?,
        };
        let webhook = Webhook::new(Owner::from(&caller), &receiver, secrets, Patience::default());
        webhook.map_err(|e| CliError::input("webhook", format!("caller {}: {e}", caller.name)))
    });
    webhooks.collect()
}

fn ledger_name(ledger: &dyn Ledger) -> Result<terms::Ledger, CliError> {
    let deployment = ledger.deployment();
    let named = terms::Ledger::new(deployment.chain_id, deployment.records.into_array());
    named.map_err(|e| CliError::system("ledger", e))
}

impl fmt::Display for ServeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServeReport::Made { config } => writeln!(f, "serve it with --config {}", config.display()),
            ServeReport::Checked { callers } => writeln!(f, "the file is in order: {callers} callers"),
            ServeReport::Served { address } => writeln!(f, "served on {address}"),
        }
    }
}
