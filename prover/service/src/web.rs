//! Calls from browsers: gRPC-Web over HTTP/1.1 and HTTP/2, from pages of the origins that are named.

use crate::connection::Answers;
use http::{HeaderName, HeaderValue, Method, Request, Response, header};
use serde::Deserialize;
use std::convert::Infallible;
use std::time::Duration;
use tonic::body::Body;
use tonic_web::GrpcWebLayer;
use tower::{Layer, Service};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// From where browsers may call, as the service's file has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebConfig {
    /// `https://host[:port]`, to the letter; none is every origin.
    pub origins: Vec<String>,
}

impl WebConfig {
    /// The first that is no origin.
    #[must_use]
    pub fn no_origin(&self) -> Option<&str> {
        let is_origin = |origin: &str| {
            let host = ["https://", "http://"]
                .iter()
                .find_map(|scheme| origin.strip_prefix(scheme));
            let is_host = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
            host.is_some_and(|host| !host.is_empty() && host.bytes().all(is_host))
        };
        self.origins
            .iter()
            .map(String::as_str)
            .find(|origin| !is_origin(origin))
    }
}

// What a page may send, and read.
const SENT: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    HeaderName::from_static("x-grpc-web"),
    HeaderName::from_static("grpc-timeout"),
];
const READ: [HeaderName; 3] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
];
const REMEMBERED: Duration = Duration::from_secs(600);

/// Answers browsers, too.
pub(crate) fn layer<S>(config: &WebConfig, inner: S) -> Answers
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let origins: Vec<HeaderValue> = config.origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::POST])
        .allow_headers(SENT)
        .expose_headers(READ)
        .max_age(REMEMBERED);
    Answers::new(cors.layer(GrpcWebLayer::new().layer(inner)))
}
