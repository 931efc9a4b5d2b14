//! Logs on standard error, and spans to a collector of OpenTelemetry's where one is configured. Neither has
//! anything of what is proved: a call's method and code, a job's name, tier, stage and code.

use http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use serde::Deserialize;
use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Where spans go, as the service's file has it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TracesConfig {
    /// A collector, OTLP over gRPC: `http://` alone, so on this machine or a network that is the operator's.
    pub endpoint: String,
    /// Of calls that come without a trace, which part is traced: 0 to 1.
    #[serde(default = "all")]
    pub sample: f64,
}

fn all() -> f64 {
    1.0
}

/// Spans on their way.
#[derive(Debug, Default)]
pub struct Telemetry(Option<SdkTracerProvider>);

/// Begins to log, and to trace where that is configured. The first in a process counts.
///
/// # Errors
/// Where the collector's address is none.
pub fn start(traces: Option<&TracesConfig>) -> Result<Telemetry, ExporterBuildError> {
    let log = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_filter(LevelFilter::INFO);
    let provider = traces.map(provider).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        // What others trace is not known to be fit to be shown.
        let ours = Targets::new().with_target("medproof", LevelFilter::INFO);
        tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_tracer(provider.tracer("medproof"))
            .with_filter(ours)
    });
    let _ = tracing_subscriber::registry().with(log).with(spans).try_init();
    Ok(Telemetry(provider))
}

fn provider(config: &TracesConfig) -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&config.endpoint)
        .build()?;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sample)));
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler)
        .with_resource(Resource::builder_empty().with_service_name("medproof").build())
        .build())
}

impl Telemetry {
    /// Sends what is on its way.
    pub fn flush(self) {
        if let Some(Err(error)) = self.0.map(|provider| provider.shutdown()) {
            tracing::warn!(%error, "spans were lost");
        }
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

/// Makes a span a part of the trace that a call came with (`traceparent`, W3C Trace Context), if any.
pub(crate) fn follow(span: &Span, headers: &HeaderMap) {
    if headers.contains_key("traceparent") {
        let context = TraceContextPropagator::new().extract(&Headers(headers));
        // Nothing follows where nothing is traced.
        let _ = span.set_parent(context);
    }
}
