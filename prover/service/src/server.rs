//! The services, listening.

use crate::audit::Audit;
use crate::auth::Callers;
use crate::call::{Methods, Ruled, Rules};
use crate::connection::{Answers, Connections};
use crate::consent::Consents;
use crate::disclosure::Disclosures;
use crate::drain::{Drain, DrainConfig};
use crate::issuer::Registrar;
use crate::limits::{Limits, Rates};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::tls::Tls;
use crate::verification::Verification;
use crate::web::{self, WebConfig};
use crate::{asker, audit, cohort, consent, disclosure, events, issuer, verification};
use medproof_proto::v1::asker_service_server::AskerServiceServer;
use medproof_proto::v1::audit_service_server::AuditServiceServer;
use medproof_proto::v1::cohort_service_server::CohortServiceServer;
use medproof_proto::v1::consent_service_server::ConsentServiceServer;
use medproof_proto::v1::disclosure_service_server::DisclosureServiceServer;
use medproof_proto::v1::event_service_server::EventServiceServer;
use medproof_proto::v1::issuer_service_server::IssuerServiceServer;
use medproof_proto::v1::verifier_service_server::VerifierServiceServer;
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

/// What is answered from.
pub struct Services {
    /// Jobs.
    pub disclosures: Arc<Disclosures>,
    /// Records.
    pub registrar: Arc<Registrar>,
    /// Consents.
    pub consents: Arc<Consents>,
    /// What was asked, and how it ended.
    pub audit: Arc<Audit>,
    /// Who asks, and what callers are told.
    pub store: Store,
    /// Presentations of who does not verify for itself.
    pub verification: Arc<Verification>,
}

impl Services {
    fn routes(self, routes: Routes, longest: usize) -> Routes {
        macro_rules! add {
            ($($service:expr),* $(,)?) => {
                routes$(.add_service($service.max_decoding_message_size(longest)))*
            };
        }
        add!(
            CohortServiceServer::new(cohort::Handler(Arc::clone(&self.disclosures))),
            DisclosureServiceServer::new(disclosure::Handler(self.disclosures)),
            IssuerServiceServer::new(issuer::Handler(self.registrar)),
            ConsentServiceServer::new(consent::Handler(self.consents)),
            AuditServiceServer::new(audit::Handler(self.audit)),
            AskerServiceServer::new(asker::Handler(self.store.clone())),
            EventServiceServer::new(events::service::Handler(self.store)),
            VerifierServiceServer::new(verification::Handler(self.verification)),
        )
    }
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
    services: Services,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    report(&health, ServingStatus::Serving).await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(medproof_proto::DESCRIPTORS)
        .build_v1()?;
    let longest = settings.limits.message_bytes;
    let routes = services.routes(Routes::new(health_service).add_service(reflection), longest);
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
    let service = |name: &'static str| health.set_service_status(name, status);
    // The empty name is the whole server's.
    for name in [
        "",
        "medproof.v1.AskerService",
        "medproof.v1.AuditService",
        "medproof.v1.CohortService",
        "medproof.v1.ConsentService",
        "medproof.v1.DisclosureService",
        "medproof.v1.EventService",
        "medproof.v1.IssuerService",
        "medproof.v1.VerifierService",
    ] {
        service(name).await;
    }
}
