//! What every call goes through, whatever it is for: who calls, how often, until when, and what is said of it
//! to operators.

mod ending;
mod methods;

pub use methods::{Kind, Methods};

use crate::auth::{Callers, Peer};
use crate::drain::Drain;
use crate::error::{Refusal, reason};
use crate::limits::Rates;
use crate::metrics::Metrics;
use crate::telemetry;
use ending::Ending;
use http::{HeaderMap, Request, Response};
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::{Code, Status};
use tower::{Layer, Service, ServiceExt};
use tracing::Instrument;

/// What calls are held to.
#[derive(Debug)]
pub struct Rules {
    /// Who may call.
    pub callers: Callers,
    /// How often.
    pub rates: Rates,
    /// How long a call may take that is no stream, where its caller does not say.
    pub deadline: Duration,
    /// Whether anybody may ask what the service's messages are.
    pub open_reflection: bool,
    /// Whether it stops.
    pub drain: Drain,
    /// What there is to call.
    pub methods: Methods,
    /// What is counted.
    pub metrics: Metrics,
}

/// Holds calls to rules.
#[derive(Clone, Debug)]
pub struct Ruled(pub Arc<Rules>);

/// Calls that are held to rules.
#[derive(Clone, Debug)]
pub struct RuledService<S> {
    rules: Arc<Rules>,
    inner: S,
}

impl<S> Layer<S> for Ruled {
    type Service = RuledService<S>;

    fn layer(&self, inner: S) -> RuledService<S> {
        let rules = Arc::clone(&self.0);
        RuledService { rules, inner }
    }
}

impl<S> Service<Request<Body>> for RuledService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Asked of a fresh one for each call.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (rules, inner) = (Arc::clone(&self.rules), self.inner.clone());
        Box::pin(async move { Ok(rules.answer(request, inner).await) })
    }
}

impl Rules {
    async fn answer<S>(&self, mut request: Request<Body>, inner: S) -> Response<Body>
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Send,
        S::Future: Send,
    {
        let start = Instant::now();
        let path = request.uri().path().to_owned();
        let (name, kind) = self.methods.find(&path);
        let span = tracing::info_span!("call", method = name, code = tracing::field::Empty);
        telemetry::follow(&span, request.headers());
        let open = self.metrics.call_begins(kind);
        let admitted = self.admit(&path, &mut request).instrument(span.clone()).await;
        let deadline = admitted.as_ref().ok().copied().flatten();
        let response = match admitted {
            Ok(asked) => {
                let longest = match (kind, asked) {
                    (Kind::Stream, asked) => asked,
                    (_, None) => Some(self.deadline),
                    (_, Some(asked)) => Some(asked.min(self.deadline)),
                };
                within(longest, inner.oneshot(request).instrument(span.clone())).await
            }
            Err(refusal) => Status::from(refusal).into_http(),
        };
        let code = self.count(name, start, response.headers());
        span.record("code", code.as_str());
        let until = deadline.map(|deadline| start + deadline);
        response.map(|body| Body::new(Ending::new(body, until, &self.drain, (open, span))))
    }

    // Within how much time it is to be answered, where its caller says.
    async fn admit(&self, path: &str, request: &mut Request<Body>) -> Result<Option<Duration>, Refusal> {
        if path.starts_with("/grpc.health.v1.Health/") {
            return deadline(request.headers());
        }
        self.drain.begin()?;
        let is_open = self.open_reflection && path.starts_with("/grpc.reflection.");
        if !is_open {
            let peer = request.extensions().get::<Arc<Peer>>().cloned();
            let caller = self.callers.caller(request.headers(), peer.as_deref()).await?;
            self.rates.call(&caller)?;
            request.extensions_mut().insert(caller);
        }
        deadline(request.headers())
    }

    // Refusals by their code; a call's time, unless its answer goes on.
    fn count(&self, method: &'static str, start: Instant, headers: &HeaderMap) -> String {
        let status = Status::from_header_map(headers);
        let code = match &status {
            Some(status) if status.code() != Code::Ok => reason(status),
            _ => "ok".to_owned(),
        };
        self.metrics.call_answered(method, &code, start.elapsed());
        code
    }
}

async fn within<F>(longest: Option<Duration>, answer: F) -> Response<Body>
where
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    let Some(longest) = longest else {
        return answer.await.unwrap_or_else(|never| match never {});
    };
    match tokio::time::timeout(longest, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(_) => Status::from(late()).into_http(),
    }
}

/// A call that took longer than it may.
fn late() -> Refusal {
    let message = "the call took longer than its deadline";
    let help = "ask how things stand before calling again: what it asked for may have been done";
    Refusal::new(Code::DeadlineExceeded, "deadline", message, help)
}

// `grpc-timeout`: at most eight digits and a unit.
fn deadline(headers: &HeaderMap) -> Result<Option<Duration>, Refusal> {
    let Some(value) = headers.get("grpc-timeout") else {
        return Ok(None);
    };
    let parsed = value.to_str().ok().and_then(|text| {
        let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number: u64 = digits.parse().ok()?;
        Some(match unit {
            "H" => Duration::from_secs(number * 3600),
            "M" => Duration::from_secs(number * 60),
            "S" => Duration::from_secs(number),
            "m" => Duration::from_millis(number),
            "u" => Duration::from_micros(number),
            "n" => Duration::from_nanos(number),
            _ => return None,
        })
    });
    let wrong = || {
        Refusal::invalid(
            "deadline.form",
            "expected at most eight digits and H, M, S, m, u or n",
            "see gRPC's description of grpc-timeout",
        )
        .at("grpc-timeout")
    };
    parsed.map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_has_one_form() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", text.parse().unwrap());
            deadline(&headers).map_err(|refusal| refusal.code())
        };
        assert_eq!(deadline(&HeaderMap::new()).unwrap(), None);
        for (text, expected) in [
            ("2H", Duration::from_secs(7200)),
            ("3M", Duration::from_secs(180)),
            ("4S", Duration::from_secs(4)),
            ("5m", Duration::from_millis(5)),
            ("6u", Duration::from_micros(6)),
            ("00000007n", Duration::from_nanos(7)),
        ] {
            assert_eq!(of(text), Ok(Some(expected)));
        }
        for wrong in ["", "S", "123456789S", "1", "1s", "-1S", "+1S", "1 S", "é"] {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", http::HeaderValue::from_bytes(wrong.as_bytes()).unwrap());
            assert!(deadline(&headers).is_err(), "{wrong}");
        }
    }
}
