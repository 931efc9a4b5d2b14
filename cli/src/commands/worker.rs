//! `medproof worker`: proves what a service has in its store, on this machine or another.

use super::serve::{self, Working};
use crate::context::Context;
use crate::error::CliError;
use clap::Args;
use medproof_service::metrics::{Metrics, MetricsConfig};
use medproof_service::seal::WorkKey;
use medproof_service::store::Store;
use medproof_service::telemetry::TracesConfig;
use medproof_service::work::{Prover, Settings, Wake, Worker};
use medproof_statement::tier::Tier;
use serde::Serialize;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Arguments of `worker`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof worker --store postgres://medproof@db/medproof --key work.key --tier M\n  \
    medproof worker --store sqlite:service.db --key work.key --at-once 1\n\n\
    It needs the service's store and key, and nothing else of the hospital's. docs/ops/service.md says more."
)]
pub struct WorkerArgs {
    /// The service's store: `sqlite:FILE` or `postgres://…`. A URL with a password is best given by the environment.
    #[arg(long, env = "MEDPROOF_STORE", value_name = "URL", hide_env_values = true)]
    pub store: String,
    /// What jobs are sealed to: the service's `work.key`.
    #[arg(long, env = "MEDPROOF_WORK_KEY", default_value = "work.key", value_name = "FILE")]
    pub key: PathBuf,
    /// Sizes of circuits that are proved.
    #[arg(long = "tier", value_name = "TIER", default_values = ["M"])]
    pub tiers: Vec<Tier>,
    /// Jobs that are worked on at a time; without it, one for each core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub at_once: Option<u16>,
    /// Where Prometheus reads what is counted, as `ADDRESS:PORT`; without it, nowhere.
    #[arg(long, value_name = "ADDRESS")]
    pub metrics: Option<SocketAddr>,
    /// A collector of spans, OTLP over gRPC, as `http://HOST:PORT`; without it, none.
    #[arg(long, value_name = "URL")]
    pub traces: Option<String>,
    /// How long jobs that were begun may take when the worker is told to stop, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub drain: u64,
}

/// That it worked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkerReport {
    /// Its name in the store.
    pub name: String,
}

/// Works until told to stop.
///
/// # Errors
/// Where the store or the key cannot be opened.
pub fn worker(args: &WorkerArgs, cx: &Context) -> Result<WorkerReport, CliError> {
    let key = WorkKey::from_bytes(*serve::secret(&args.key)?);
    let metrics = Metrics::default();
    let keys = serve::keys(&args.tiers, &metrics, None, cx)?;
    let (ring, mode) = (Arc::clone(&keys.ring), cx.mode);
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let settings = Settings {
        name: serve::worker_name()?,
        at_once: args.at_once.map_or_else(cores, usize::from),
    };
    let name = settings.name.clone();
    let runtime = serve::runtime()?;
    let worked = runtime.block_on(async {
        let traces = args
            .traces
            .clone()
            .map(|endpoint| TracesConfig { endpoint, sample: 1.0 });
        let telemetry = serve::telemetry(traces.as_ref())?;
        serve::listen_to_signals(move || keys.reload(mode))?;
        let store = Store::open(&args.store)
            .await
            .map_err(|e| CliError::system("store", e))?;
        // The ledger is looked at by who hands presentations out.
        let answerer = Prover {
            keys: ring,
            guard: None,
        };
        let worker = Arc::new(Worker {
            store: store.clone(),
            key,
            answerer: Arc::new(answerer),
            times: Arc::default(),
            hub: Arc::default(),
            metrics: metrics.clone(),
        });
        let page = args.metrics.map(|address| MetricsConfig { address });
        let mut beside = serve::observed(page, &metrics, &store, None).await?;
        let working = Working::start(worker, settings, Wake::default());
        cx.ui.note(format!("{name} works"));
        working.end(Duration::from_secs(args.drain)).await;
        beside.shutdown().await;
        store.close().await;
        serve::flush(telemetry).await;
        Ok(())
    });
    runtime.shutdown_background();
    worked.map(|()| WorkerReport { name })
}

impl fmt::Display for WorkerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} has stopped: what it had begun has ended", self.name)
    }
}
