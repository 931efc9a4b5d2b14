//! How the service stops.

use crate::service::{Service, code, list, portal, wait};
use http::Uri;
use hyper_util::client::legacy::Client as Http;
use hyper_util::rt::TokioExecutor;
use medproof_proto::v1;
use std::time::{Duration, Instant};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

#[tokio::test(flavor = "multi_thread")]
async fn streams_have_some_time_and_new_calls_none() {
    let mut service = Service::start("[drain]\ncalls_seconds = 2").await;
    let job = service.job().await;
    let mut client = service.client();
    let watch = portal(v1::WatchJobRequest { job });
    let mut stream = client.watch_job(watch).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    let start = Instant::now();
    service.stop.take().unwrap().send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let refused = list(&mut client).await.unwrap_err();
    assert_eq!(
        (refused.code(), code(&refused).as_str()),
        (Code::Unavailable, "service.stopping")
    );
    assert!(wait(&refused).is_some());
    // Who balances loads can see it, on a connection of its own.
    let http = Http::builder(TokioExecutor::new()).http2_only(true).build_http();
    let origin: Uri = format!("http://{}", service.address).parse().unwrap();
    let health = HealthClient::with_origin(http, origin)
        .check(HealthCheckRequest::default())
        .await;
    assert_eq!(health.unwrap().into_inner().status(), ServingStatus::NotServing);
    let told = stream.message().await.unwrap_err();
    assert_eq!(
        (told.code(), code(&told).as_str()),
        (Code::Unavailable, "service.stopping")
    );
    assert!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
    tokio::time::timeout(Duration::from_secs(8), service.task)
        .await
        .unwrap()
        .unwrap();
    assert!(tokio::net::TcpStream::connect(service.address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_open_it_ends_at_once() {
    let mut service = Service::start("").await;
    assert_eq!(list(&mut service.client()).await.unwrap(), 0);
    service.stop.take().unwrap().send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(3), service.task)
        .await
        .unwrap()
        .unwrap();
}
