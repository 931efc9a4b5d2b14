//! The services, listening.

use crate::auth::Callers;
use crate::disclosure::{Disclosures, Handler};
use crate::events;
use medproof_proto::v1::disclosure_service_server::DisclosureServiceServer;
use medproof_proto::v1::event_service_server::EventServiceServer;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::server::ServerTlsConfig;
use tonic::transport::{Certificate, Identity, Server};

/// Why it does not listen.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The connection's layer.
    #[error("the server: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors of the service's own messages.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// What callers see of the service's identity, and what is asked of theirs: PEM.
pub struct Tls {
    /// The service's certificate, and those between it and the root.
    pub certificate: Vec<u8>,
    /// Its key.
    pub key: zeroize::Zeroizing<Vec<u8>>,
    /// Roots of callers' certificates.
    pub callers: Option<Vec<u8>>,
}

// A batch of 1,000 with requests of a few kB each.
const MOST_BYTES: usize = 16 << 20;
const STREAMS: u32 = 1000;
// A connection over which nothing comes is asked whether it still is one.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Serves until told to stop; calls that were begun by then are answered.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    callers: Callers,
    disclosures: Arc<Disclosures>,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<DisclosureServiceServer<Handler>>().await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(medproof_proto::DESCRIPTORS)
        .build_v1()?;
    let events = EventServiceServer::new(events::service::Handler(disclosures.store.clone()));
    let disclosures = DisclosureServiceServer::new(Handler(disclosures)).max_decoding_message_size(MOST_BYTES);
    let mut server = Server::builder()
        .max_concurrent_streams(STREAMS)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .tcp_nodelay(true);
    if let Some(tls) = tls {
        server = server.tls_config(tls_config(&tls))?;
    }
    server
        .add_service(health_service)
        .add_service(reflection)
        .add_service(InterceptedService::new(events, callers.clone()))
        .add_service(InterceptedService::new(disclosures, callers))
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop)
        .await?;
    Ok(())
}

fn tls_config(tls: &Tls) -> ServerTlsConfig {
    let config = ServerTlsConfig::new().identity(Identity::from_pem(&tls.certificate, &*tls.key));
    match &tls.callers {
        Some(callers) => config.client_ca_root(Certificate::from_pem(callers)),
        None => config,
    }
}
