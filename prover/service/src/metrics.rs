//! What an operator counts: of jobs how many, how long and how they ended, never of whom or why.

mod page;

pub use page::{MetricsConfig, serve};

use crate::call::Kind;
use crate::job::{Job, State};
use crate::store::{Store, StoreError};
use medproof_engine::ProveStage;
use medproof_ledger::Ledger;
use medproof_statement::tier::Tier;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is counted in this process.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(…)")
    }
}

type Times<L> = Family<L, Histogram, fn() -> Histogram>;
type Seconds = Gauge<f64, AtomicU64>;

struct Inner {
    registry: Registry,
    calls: Times<OfMethod>,
    refusals: Family<Refused, Counter>,
    calls_open: Gauge,
    streams_open: Gauge,
    connections_open: Gauge,
    jobs: Family<Standing, Gauge>,
    jobs_ended: Family<Standing, Counter>,
    queue_wait: Times<OfTier>,
    stages: Times<OfStage>,
    proofs: Times<OfTier>,
    key_loads: Family<OfTier, Counter>,
    ledger_age: Seconds,
    unanchored: Gauge,
    resident: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfMethod {
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    method: &'static str,
    code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTier {
    tier: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStage {
    tier: &'static str,
    stage: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Standing {
    state: &'static str,
    tier: &'static str,
}

// From 1 ms to 17 minutes.
fn times() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 21))
}

fn of_times<L: Clone + std::hash::Hash + Eq>() -> Times<L> {
    Family::new_with_constructor(times)
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut inner = Inner {
            registry: Registry::with_prefix("medproof"),
            calls: of_times(),
            refusals: Family::default(),
            calls_open: Gauge::default(),
            streams_open: Gauge::default(),
            connections_open: Gauge::default(),
            jobs: Family::default(),
            jobs_ended: Family::default(),
            queue_wait: of_times(),
            stages: of_times(),
            proofs: of_times(),
            key_loads: Family::default(),
            ledger_age: Gauge::default(),
            unanchored: Gauge::default(),
            resident: Gauge::default(),
        };
        inner.register();
        // Unknown until the ledger was read.
        inner.ledger_age.set(f64::NAN);
        Metrics(Arc::new(inner))
    }
}

impl Inner {
    fn register(&mut self) {
        let all = &mut self.registry;
        let seconds = || Unit::Seconds;
        all.register_with_unit("call", "Until calls were answered", seconds(), self.calls.clone());
        all.register("refusals", "Calls that were refused, by code", self.refusals.clone());
        all.register("calls_open", "Calls under way", self.calls_open.clone());
        all.register(
            "streams_open",
            "Streams of jobs that are followed",
            self.streams_open.clone(),
        );
        all.register("connections_open", "Connections", self.connections_open.clone());
        all.register(
            "jobs",
            "Jobs that wait or are worked on, in the store",
            self.jobs.clone(),
        );
        all.register("jobs_ended", "Jobs that this process ended", self.jobs_ended.clone());
        all.register_with_unit(
            "queue_wait",
            "Until work on a job was begun",
            seconds(),
            self.queue_wait.clone(),
        );
        all.register_with_unit("stage", "Parts of proofs", seconds(), self.stages.clone());
        all.register_with_unit(
            "proof",
            "Proofs, from a job's beginning to its end",
            seconds(),
            self.proofs.clone(),
        );
        all.register("key_loads", "Proving keys that were loaded", self.key_loads.clone());
        let help = "Since the ledger's newest final block";
        all.register_with_unit("ledger_age", help, seconds(), self.ledger_age.clone());
        let help = "Entries of the log that the ledger has no head over";
        all.register("log_unanchored_entries", help, self.unanchored.clone());
        let help = "Memory that this process has";
        all.register_with_unit("resident_memory", help, Unit::Bytes, self.resident.clone());
    }
}

/// Counts something as open until it is dropped.
#[derive(Debug)]
pub struct Open(Vec<Gauge>);

impl Open {
    fn all(gauges: Vec<Gauge>) -> Open {
        for gauge in &gauges {
            gauge.inc();
        }
        Open(gauges)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        for gauge in &self.0 {
            gauge.dec();
        }
    }
}

impl Metrics {
    pub(crate) fn call_begins(&self, kind: Kind) -> Open {
        let calls = self.0.calls_open.clone();
        Open::all(match kind {
            Kind::Stream => vec![calls, self.0.streams_open.clone()],
            Kind::Unary | Kind::Other => vec![calls],
        })
    }

    pub(crate) fn call_answered(&self, method: &'static str, code: &str, after: Duration) {
        self.0
            .calls
            .get_or_create(&OfMethod { method })
            .observe(after.as_secs_f64());
        if code != "ok" {
            let refused = Refused {
                method,
                code: code.to_owned(),
            };
            self.0.refusals.get_or_create(&refused).inc();
        }
    }

    pub(crate) fn connected(&self) -> Open {
        Open::all(vec![self.0.connections_open.clone()])
    }

    pub(crate) fn unanchored(&self, entries: u64) {
        self.0.unanchored.set(i64::try_from(entries).unwrap_or(i64::MAX));
    }

    /// Calls and streams that are open.
    pub(crate) fn calls_open(&self) -> i64 {
        self.0.calls_open.get()
    }

    pub(crate) fn begun(&self, job: &Job) {
        // What is begun again waited for a worker to be missed.
        if let (Some(begun), 1) = (job.begun, job.attempts) {
            let tier = job.tier.name();
            let waited = begun.since(job.submitted).as_secs_f64();
            self.0.queue_wait.get_or_create(&OfTier { tier }).observe(waited);
        }
    }

    pub(crate) fn stage(&self, tier: Tier, stage: ProveStage, took: Duration) {
        let (tier, stage) = (tier.name(), stage_name(stage));
        self.0
            .stages
            .get_or_create(&OfStage { tier, stage })
            .observe(took.as_secs_f64());
    }

    pub(crate) fn ended(&self, tier: Tier, state: State, took: Duration) {
        let (tier, name) = (tier.name(), state_name(state));
        self.0.jobs_ended.get_or_create(&Standing { tier, state: name }).inc();
        if state == State::Succeeded {
            self.0
                .proofs
                .get_or_create(&OfTier { tier })
                .observe(took.as_secs_f64());
        }
    }

    /// A tier's key was loaded.
    pub fn key_loaded(&self, tier: Tier) {
        self.0.key_loads.get_or_create(&OfTier { tier: tier.name() }).inc();
    }

    // How many jobs stand how.
    fn standing(&self, counts: &[(Tier, State, u64)]) {
        for tier in Tier::ALL {
            for state in [State::Queued, State::Running] {
                let of = |(t, s, count): &(Tier, State, u64)| (*t == tier && *s == state).then_some(*count);
                let count = counts.iter().find_map(of).unwrap_or_default();
                let (tier, state) = (tier.name(), state_name(state));
                let gauge = self.0.jobs.get_or_create(&Standing { state, tier }).clone();
                gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
            }
        }
    }

    /// As Prometheus reads it (OpenMetrics 1.0).
    ///
    /// # Errors
    /// Never, as far as is known.
    pub fn text(&self) -> Result<String, fmt::Error> {
        if let Some(bytes) = resident() {
            self.0.resident.set(bytes);
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

// As far as the system says it.
fn resident() -> Option<i64> {
    #[cfg(target_os = "linux")]
    {
        let statm = procfs::process::Process::myself().ok()?.statm().ok()?;
        i64::try_from(statm.resident * procfs::page_size()).ok()
    }
    #[cfg(not(target_os = "linux"))]
    None
}

fn stage_name(stage: ProveStage) -> &'static str {
    match stage {
        ProveStage::Check => "check",
        ProveStage::Synthesis => "synthesis",
        ProveStage::Satisfaction => "satisfaction",
        ProveStage::Prove => "prove",
        ProveStage::Verify => "verify",
    }
}

pub(crate) fn state_name(state: State) -> &'static str {
    match state {
        State::Queued => "queued",
        State::Running => "running",
        State::Succeeded => "succeeded",
        State::Refused => "refused",
        State::Failed => "failed",
        State::Cancelled => "cancelled",
    }
}

// How often store and ledger are looked at.
const GLANCE: Duration = Duration::from_secs(5);

/// Looks at the store, and at the ledger where there is one, for as long as it is polled.
pub async fn look_out(metrics: Metrics, store: Store, ledger: Option<Arc<dyn Ledger>>) {
    loop {
        if let Err(error) = look(&metrics, &store).await {
            tracing::warn!(%error, "jobs could not be counted");
        }
        if let Some(ledger) = ledger.clone() {
            let head = tokio::task::spawn_blocking(move || ledger.head()).await;
            // Where it cannot be read, it goes on ageing.
            if let Ok(Ok(head)) = head {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let age = now.saturating_sub(Duration::from_secs(head.time));
                metrics.0.ledger_age.set(age.as_secs_f64());
            }
        }
        tokio::time::sleep(GLANCE).await;
    }
}

async fn look(metrics: &Metrics, store: &Store) -> Result<(), StoreError> {
    metrics.standing(&store.counts().await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Instant, JobId};
    use std::collections::BTreeSet;

    // Something of everything.
    fn page() -> String {
        let metrics = Metrics::default();
        let _call = metrics.call_begins(Kind::Stream);
        metrics.call_answered("x", "caller.unknown", Duration::from_millis(1));
        let now = Instant::now();
        metrics.begun(&Job {
            id: JobId::random().unwrap(),
            tier: Tier::M,
            state: State::Running,
            submitted: now,
            begun: Some(now),
            ended: None,
            attempts: 1,
            error: None,
        });
        metrics.stage(Tier::M, ProveStage::Prove, Duration::from_secs(1));
        metrics.ended(Tier::M, State::Succeeded, Duration::from_secs(1));
        metrics.key_loaded(Tier::M);
        metrics.standing(&[(Tier::M, State::Queued, 3)]);
        metrics.text().unwrap()
    }

    // The names of all that is exported, as queries write them.
    fn exported(page: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for line in page.lines() {
            let Some(described) = line.strip_prefix("# TYPE ") else {
                continue;
            };
            let (name, kind) = described.split_once(' ').unwrap();
            let parts: &[&str] = match kind {
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            names.extend(parts.iter().map(|part| format!("{name}{part}")));
        }
        names
    }

    #[test]
    fn the_dashboard_shows_what_is_exported_and_all_of_it() {
        let exported = exported(&page());
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/grafana/medproof.json");
        let dashboard: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let mut shown = BTreeSet::new();
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                let query = target["expr"].as_str().unwrap();
                let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                shown.extend(words.filter(|word| word.starts_with("medproof_")).map(str::to_owned));
            }
        }
        let unknown: Vec<_> = shown.difference(&exported).collect();
        assert!(unknown.is_empty(), "{unknown:?} of {exported:?}");
        let base = |name: &str| {
            let ends = ["_bucket", "_sum", "_count"];
            ends.iter()
                .find_map(|end| name.strip_suffix(end))
                .unwrap_or(name)
                .to_owned()
        };
        let bases = |names: &BTreeSet<String>| names.iter().map(|name| base(name)).collect::<BTreeSet<_>>();
        assert_eq!(bases(&shown), bases(&exported));
    }

    #[test]
    fn jobs_are_counted_by_state_and_tier() {
        let page = page();
        assert!(
            page.contains("medproof_queue_wait_seconds_count{tier=\"M\"} 1"),
            "{page}"
        );
        assert!(page.contains("medproof_jobs{state=\"queued\",tier=\"M\"} 3"), "{page}");
    }
}
