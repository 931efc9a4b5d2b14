//! Connections: so many at a time, over TLS where it is configured, and with their peer's certificate known to
//! every call that comes over them.

use crate::auth::Peer;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::tls::Tls;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tonic::body::Body;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// What answers calls.
pub(crate) type Answers = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

// Of a handshake, and until a first call: who only holds a connection loses it.
const HANDSHAKE: Duration = Duration::from_secs(10);
const FIRST_CALL: Duration = Duration::from_secs(30);
// A connection over which nothing comes is asked whether it still is one.
const KEEPALIVE: Duration = Duration::from_secs(60);
const KEEPALIVE_PATIENCE: Duration = Duration::from_secs(20);
// Where a process may open no more files.
const PAUSE: Duration = Duration::from_millis(100);
// Of answers that a caller does not read, of each call.
const UNREAD: usize = 64 << 10;
// What HTTP/1.1's reader needs at least.
const LEAST_BUFFER: usize = 8 << 10;

/// How connections are made.
pub(crate) struct Connections {
    pub tls: Option<Tls>,
    pub limits: Limits,
    // HTTP/1.1, too.
    pub web: bool,
    pub metrics: Metrics,
}

impl Connections {
    /// Accepts connections until told to stop; those that are open end when their calls have, or are closed
    /// after this time.
    pub async fn accept(
        self,
        listener: TcpListener,
        answers: Answers,
        stop: impl Future<Output = ()>,
        patience: Duration,
    ) {
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let graceful = GracefulShutdown::new();
        let builder = Arc::new(self.builder());
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut stop => break,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            // One too many is closed: whoever called finds another service, or comes back.
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                tracing::warn!("more connections than may be: one was closed");
                continue;
            };
            let open = self.metrics.connected();
            let tls = self.tls.as_ref().map(|tls| TlsAcceptor::from(tls.current()));
            let (answers, builder, watcher) = (answers.clone(), Arc::clone(&builder), graceful.watcher());
            tokio::spawn(async move {
                let _held = (place, open);
                // What goes wrong here is the caller's: it sees it.
                if let Err(error) = connected(stream, tls, &builder, answers, watcher).await {
                    tracing::debug!(%error, "a connection ended");
                }
            });
        }
        drop(listener);
        let _ = tokio::time::timeout(patience, graceful.shutdown()).await;
    }

    fn builder(&self) -> Builder<TokioExecutor> {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.limits.streams)
            .max_header_list_size(self.limits.header_bytes)
            .max_send_buf_size(UNREAD)
            .keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE_PATIENCE);
        let buffer = usize::try_from(self.limits.header_bytes).unwrap_or(usize::MAX);
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HANDSHAKE)
            .max_buf_size(buffer.max(LEAST_BUFFER));
        match self.web {
            true => builder,
            false => builder.http2_only(),
        }
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

async fn connected(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    builder: &Builder<TokioExecutor>,
    answers: Answers,
    watcher: Watcher,
) -> Result<(), BoxError> {
    stream.set_nodelay(true)?;
    let Some(tls) = tls else {
        return served(stream, None, builder, answers, watcher).await;
    };
    let stream = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await??;
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let peer = certificates
        .first()
        .map(|certificate| Arc::new(Peer::verified(certificate)));
    served(stream, peer, builder, answers, watcher).await
}

async fn served<S>(
    stream: S,
    peer: Option<Arc<Peer>>,
    builder: &Builder<TokioExecutor>,
    answers: Answers,
    watcher: Watcher,
) -> Result<(), BoxError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let called = Arc::new(AtomicBool::new(false));
    let calls = {
        let called = Arc::clone(&called);
        hyper::service::service_fn(move |mut request: Request<Incoming>| {
            called.store(true, Ordering::Relaxed);
            if let Some(peer) = &peer {
                request.extensions_mut().insert(Arc::clone(peer));
            }
            answers.clone().oneshot(request.map(Body::new))
        })
    };
    let connection = builder.serve_connection(TokioIo::new(stream), calls).into_owned();
    let connection = watcher.watch(connection);
    tokio::pin!(connection);
    let idle = async {
        tokio::time::sleep(FIRST_CALL).await;
        if called.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = &mut connection => ended,
        () = idle => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
    }
}
