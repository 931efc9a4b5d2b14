//! The services, listening.

use crate::auth::Callers;
use crate::call::{Methods, Ruled, Rules};
use crate::connection::{Answers, Connections};
use crate::disclosure::{Disclosures, Handler};
use crate::drain::{Drain, DrainConfig};
use crate::limits::{Limits, Rates};
use crate::metrics::Metrics;
use crate::tls::Tls;
use crate::web::{self, WebConfig};
use medproof_proto::v1::disclosure_service_server::DisclosureServiceServer;
use std::sync::Arc;
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::Layer;

/// Why it does not listen.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The description of the service's own messages.
    #[error("the services' description: {0}")]
    Description(#[from] prost::DecodeError),
    /// The same, for reflection.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// How it listens.
pub struct Settings {
    /// Over TLS.
    pub tls: Option<Tls>,
    /// Who may call.
    pub callers: Callers,
    /// How much.
    pub limits: Limits,
    /// From which browsers' pages.
    pub web: Option<WebConfig>,
    /// Whether anybody may ask what the service's messages are.
    pub open_reflection: bool,
    /// How it stops.
    pub drain: DrainConfig,
    /// What is counted.
    pub metrics: Metrics,
}

// Until connections have said that they end.
const FAREWELL: Duration = Duration::from_secs(5);
// How often it is looked whether calls are open still.
const GLANCE: Duration = Duration::from_millis(50);

/// Serves until told to stop; calls that were begun by then have some time to be answered.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    disclosures: Arc<Disclosures>,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    report(&health, ServingStatus::Serving).await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(medproof_proto::DESCRIPTORS)
        .build_v1()?;
    let longest = settings.limits.message_bytes;
    let routes = Routes::new(health_service)
        .add_service(reflection)
        .add_service(DisclosureServiceServer::new(Handler(disclosures)).max_decoding_message_size(longest));
    let drain = Drain::default();
    let metrics = settings.metrics.clone();
    let rules = Rules {
        callers: settings.callers,
        rates: Rates::new(&settings.limits),
        deadline: settings.limits.deadline(),
        open_reflection: settings.open_reflection,
        drain: drain.clone(),
        methods: Methods::described()?,
        metrics: metrics.clone(),
    };
    let ruled = Ruled(Arc::new(rules)).layer(routes.prepare());
    let answers: Answers = match &settings.web {
        Some(web) => web::layer(web, ruled),
        None => Answers::new(ruled),
    };
    let connections = Connections {
        tls: settings.tls,
        limits: settings.limits,
        web: settings.web.is_some(),
        metrics: metrics.clone(),
    };
    let stopped = async {
        stop.await;
        // Who balances loads sees it, and streams have time to end.
        report(&health, ServingStatus::NotServing).await;
        drain.stop();
        let until = Instant::now() + settings.drain.calls();
        while metrics.calls_open() > 0 && Instant::now() < until {
            tokio::time::sleep(GLANCE).await;
        }
        drain.end();
    };
    connections.accept(listener, answers, stopped, FAREWELL).await;
    Ok(())
}

async fn report(health: &HealthReporter, status: ServingStatus) {
    // The empty name is the whole server's.
    health.set_service_status("", status).await;
    let name = <DisclosureServiceServer<Handler> as tonic::server::NamedService>::NAME;
    health.set_service_status(name, status).await;
}
