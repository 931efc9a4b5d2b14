//! The page that Prometheus reads, on an address of its own: operators alone reach it.

use super::Metrics;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;

/// Where it is, as the service's file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsConfig {
    /// Address and port: on this machine alone, unless another is named.
    pub address: SocketAddr,
}

impl Default for MetricsConfig {
    fn default() -> MetricsConfig {
        MetricsConfig {
            address: (Ipv4Addr::LOCALHOST, 9464).into(),
        }
    }
}

const FORM: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves the page until it is dropped.
///
/// # Errors
/// The listener's.
pub async fn serve(listener: TcpListener, metrics: Metrics) -> std::io::Result<()> {
    let page = Router::new().route("/metrics", get(move || async move { page(&metrics) }));
    axum::serve(listener, page).await
}

fn page(metrics: &Metrics) -> Response {
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, FORM)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
