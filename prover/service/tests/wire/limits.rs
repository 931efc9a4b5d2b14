//! How much the service takes.

use crate::service::{Client, Service, code, list, portal, wait, within};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Http;
use hyper_util::rt::TokioExecutor;
use medproof_proto::v1;
use sqlx::Connection;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tonic::{Code, Status};

const SOON: Duration = Duration::from_millis(500);

async fn submit(client: &mut Client, request: Vec<u8>) -> Status {
    let disclosure = v1::Disclosure {
        record: "record".into(),
        request,
        consent: Vec::new(),
    };
    let message = v1::SubmitDisclosureRequest {
        disclosure: Some(disclosure),
        idempotency_key: String::new(),
    };
    client.submit_disclosure(portal(message)).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_long_is_refused_unread() {
    let service = Service::start("[limits]\nmessage_bytes = 100000").await;
    let mut client = service.client();
    assert_eq!(submit(&mut client, vec![b' '; 100_000]).await.code(), Code::OutOfRange);
    assert_eq!(
        submit(&mut client, vec![b' '; 90_000]).await.code(),
        Code::InvalidArgument
    );
    // Without a bound of its own it is 16 MiB.
    let service = Service::start("").await;
    let mut client = service.client();
    assert_eq!(submit(&mut client, vec![b' '; 16 << 20]).await.code(), Code::OutOfRange);
    assert_eq!(
        submit(&mut client, vec![b' '; (16 << 20) - 1000]).await.code(),
        Code::InvalidArgument
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_is_nested_deeply_is_refused_and_breaks_nothing() {
    let service = Service::start("").await;
    let mut client = service.client();
    for open in ["[", "{\"a\":"] {
        for depth in [129, 1_000_000] {
            let refused = submit(&mut client, open.repeat(depth).into_bytes()).await;
            assert_eq!(refused.code(), Code::InvalidArgument, "{depth} times {open}");
            assert!(code(&refused).starts_with("json."), "{refused:?}");
        }
    }
    assert_eq!(list(&mut client).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_compressed_is_refused_unread() {
    let service = Service::start("").await;
    // As if a gigabyte came of it: nothing does.
    let message = [&[1, 0, 0, 0, 20][..], &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], &[0; 10]].concat();
    let http: Http<_, Full<Bytes>> = Http::builder(TokioExecutor::new()).http2_only(true).build_http();
    let request = http::Request::post(format!(
        "http://{}/medproof.v1.DisclosureService/ListJobs",
        service.address
    ))
    .header("content-type", "application/grpc")
    .header("grpc-encoding", "gzip")
    .header("authorization", "Bearer secret")
    .header("te", "trailers")
    .body(Full::from(message))
    .unwrap();
    let response = http.request(request).await.unwrap();
    let status = Status::from_header_map(response.headers()).unwrap();
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn long_headers_are_refused() {
    let service = Service::start("[limits]\nheader_bytes = 4096").await;
    let mut client = service.client();
    let mut request = portal(v1::ListJobsRequest::default());
    request.metadata_mut().insert("x", "y".repeat(8000).parse().unwrap());
    assert!(client.list_jobs(request).await.is_err());
    assert_eq!(list(&mut service.client()).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_has_so_many_calls_at_a_time() {
    let service = Service::start("[limits]\nstreams = 2").await;
    let job = service.job().await;
    let watch = || portal(v1::WatchJobRequest { job: job.clone() });
    let mut client = service.client();
    let mut streams = Vec::new();
    for _ in 0..2 {
        let mut stream = client.watch_job(watch()).await.unwrap().into_inner();
        stream.message().await.unwrap().unwrap();
        streams.push(stream);
    }
    let mut waits = client.clone();
    let waiting = tokio::spawn(async move { list(&mut waits).await });
    tokio::time::sleep(SOON).await;
    assert!(!waiting.is_finished());
    assert_eq!(list(&mut service.client()).await.unwrap(), 1);
    streams.pop();
    assert_eq!(
        tokio::time::timeout(SOON * 10, waiting)
            .await
            .unwrap()
            .unwrap()
            .unwrap(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_too_many_is_closed() {
    let service = Service::start("[limits]\nconnections = 2").await;
    let mut clients = [service.client(), service.client()];
    for client in &mut clients {
        list(client).await.unwrap();
    }
    let mut third = TcpStream::connect(service.address).await.unwrap();
    let closed = tokio::time::timeout(SOON, third.read(&mut [0; 1])).await.unwrap();
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
    drop(clients);
    tokio::time::sleep(SOON).await;
    assert!(list(&mut service.client()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_too_often_is_told_how_long_to_wait() {
    let service = Service::start("[limits]\ncalls_per_second = 2\nburst = 3").await;
    let mut client = service.client();
    for _ in 0..3 {
        list(&mut client).await.unwrap();
    }
    let refused = list(&mut client).await.unwrap_err();
    assert_eq!(
        (refused.code(), code(&refused).as_str()),
        (Code::ResourceExhausted, "load.rate")
    );
    let wait = wait(&refused).unwrap();
    assert!(wait > Duration::ZERO && wait <= SOON, "{wait:?}");
    tokio::time::sleep(wait).await;
    list(&mut client).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_at_its_deadline() {
    let service = Service::start("[limits]\ndeadline_seconds = 2").await;
    let (mut client, job) = (service.client(), service.job().await);
    // Who cancels must write, and cannot.
    let database = format!("sqlite:{}", service.folder.path().join("service.db").display());
    let mut other = sqlx::SqliteConnection::connect(&database).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let cancel = || v1::CancelJobRequest { job: job.clone() };
    for (request, least) in [
        (within("300m", cancel()), Duration::from_millis(300)),
        (within("1H", cancel()), Duration::from_secs(2)),
        (portal(cancel()), Duration::from_secs(2)),
    ] {
        let start = Instant::now();
        let late = client.cancel_job(request).await.unwrap_err();
        assert_eq!(
            (late.code(), code(&late).as_str()),
            (Code::DeadlineExceeded, "deadline")
        );
        assert!(
            start.elapsed() >= least && start.elapsed() < least + 3 * SOON,
            "{:?}",
            start.elapsed()
        );
    }
    let wrong = client.cancel_job(within("soon", cancel())).await.unwrap_err();
    assert_eq!(code(&wrong), "deadline.form");
    // It goes on as before.
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(list(&mut client).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_lasts_to_its_deadline_and_without_one_beyond_that_of_calls() {
    let service = Service::start("[limits]\ndeadline_seconds = 1").await;
    let job = service.job().await;
    let mut client = service.client();
    let watch = || v1::WatchJobRequest { job: job.clone() };
    let mut lasting = client.watch_job(portal(watch())).await.unwrap().into_inner();
    let mut stream = client.watch_job(within("300m", watch())).await.unwrap().into_inner();
    let start = Instant::now();
    assert!(stream.message().await.unwrap().is_some());
    let late = stream.message().await.unwrap_err();
    assert_eq!(
        (late.code(), code(&late).as_str()),
        (Code::DeadlineExceeded, "deadline")
    );
    assert!(start.elapsed() < 2 * SOON);
    assert!(lasting.message().await.unwrap().is_some());
    assert!(tokio::time::timeout(3 * SOON, lasting.message()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_has_1_to_1000_disclosures() {
    let service = Service::start("").await;
    let mut client = service.client();
    for (count, expected) in [(0, "batch.size"), (1000, "json."), (1001, "batch.size")] {
        let batch = v1::BatchSubmitDisclosuresRequest {
            disclosures: vec![v1::Disclosure::default(); count],
            idempotency_key: String::new(),
        };
        let refused = client.batch_submit_disclosures(portal(batch)).await.unwrap_err();
        assert!(code(&refused).starts_with(expected), "{count}: {refused:?}");
    }
}
