//! The service with everything that it says of itself turned on: its log, its spans as a collector gets them,
//! its page of metrics, its answers. None has a canary in it, whatever it is asked.

use super::canaries::{Found, INPUTS, answered, changed, issuer_secrets};
use crate::evidence;
use crate::mint::{Canary, Mint};
use crate::search::Search;
use crate::world::{BINARY, World};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use medproof_proto::v1;
use medproof_proto::v1::disclosure_service_client::DisclosureServiceClient;
use medproof_proto::v1::job::State;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tonic::transport::Channel;
use tonic::{Request, Status};

const TRACE: [u8; 16] = *b"a trace of ours!";

/// All that a collector of spans was sent.
type Spans = Arc<Mutex<Vec<u8>>>;

async fn collect(
    request: http::Request<Incoming>,
    spans: Spans,
) -> Result<http::Response<impl hyper::body::Body<Data = Bytes, Error = Infallible>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    spans.lock().unwrap().extend_from_slice(&body);
    let mut trailers = http::HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    // An empty message.
    let answer = Full::from(Bytes::from_static(&[0; 5])).with_trailers(std::future::ready(Some(Ok(trailers))));
    let response = http::Response::builder().header("content-type", "application/grpc");
    Ok(response.body(answer).unwrap())
}

async fn collector(spans: Spans) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let spans = Arc::clone(&spans);
            let service = hyper::service::service_fn(move |request| collect(request, Arc::clone(&spans)));
            let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            tokio::spawn(async move { server.serve_connection(TokioIo::new(stream), service).await.unwrap() });
        }
    });
    address
}

fn configuration(spans: SocketAddr) -> String {
    let digest = hex::encode(Sha256::digest(b"secret"));
    format!(
        r#"
[listen]
address = "127.0.0.1:0"
[store]
url = "sqlite:service.db"
[metrics]
address = "127.0.0.1:0"
[traces]
endpoint = "http://{spans}"
[[caller]]
name = "portal"
tenant = "Hospital"
role = "holder"
token_sha256 = "{digest}"
"#
    )
}

struct Service {
    process: Child,
    address: String,
    metrics: String,
    log: std::thread::JoinHandle<String>,
}

impl Service {
    fn start(world: &World) -> Service {
        let mut process = world
            .command(BINARY)
            .args(["serve", "--config", "service.toml", "--tier", "XS"])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap());
        let mut log = String::new();
        let mut find = |before: &str| {
            let start = log.len();
            while lines.read_line(&mut log).unwrap() > 0 {
                if let Some((_, found)) = log[start..].rsplit_once(before) {
                    return found.trim().to_owned();
                }
            }
            panic!("{before}: {log}");
        };
        let metrics = find("metrics address=");
        let address = find("listening on ");
        let log = std::thread::spawn(move || {
            lines.read_to_string(&mut log).unwrap();
            log
        });
        Service {
            process,
            address,
            metrics,
            log,
        }
    }

    // Told to stop; all that it said.
    fn stop(mut self) -> String {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success());
        self.log.join().unwrap()
    }
}

fn portal<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", "Bearer secret".parse().unwrap());
    request
}

type Client = DisclosureServiceClient<Channel>;

async fn ended(client: &mut Client, disclosure: v1::Disclosure, said: &mut Vec<String>) -> Result<v1::Job, Status> {
    let message = v1::SubmitDisclosureRequest {
        disclosure: Some(disclosure),
        idempotency_key: String::new(),
    };
    let job = client
        .submit_disclosure(portal(message))
        .await?
        .into_inner()
        .job
        .unwrap();
    let watch = v1::WatchJobRequest { job: job.id };
    let mut stream = client.watch_job(portal(watch)).await?.into_inner();
    let mut last = None;
    while let Some(response) = stream.message().await? {
        said.push(format!("{response:?}"));
        last = response.job;
    }
    Ok(last.unwrap())
}

#[test]
fn no_canary_is_in_what_the_service_says_of_itself() {
    let (world, mut canaries, records) = answered();
    world.consent("alice", "second");
    canaries.extend(issuer_secrets(&world, &records[0]));
    let disclosure = |record: &str, request: &str, consent: &[u8]| v1::Disclosure {
        record: record.to_owned(),
        request: world.read(request),
        consent: consent.to_vec(),
    };
    let consent = world.read("alice-second.consent");
    let json: Value = serde_json::from_slice(&consent).unwrap();
    let mut mint = Mint::new(8, &INPUTS);
    let broken = changed(&json, &mut mint);
    let name = mint.word();
    canaries.extend(mint.canaries);

    let runtime = Runtime::new().unwrap();
    let spans = Spans::default();
    let collector = runtime.block_on(collector(Arc::clone(&spans)));
    world.write("service.toml", configuration(collector));
    let service = Service::start(&world);
    let (mut said, mut proved) = (Vec::new(), String::new());
    let refusals = runtime.block_on(async {
        let channel = Channel::from_shared(format!("http://{}", service.address)).unwrap();
        let mut client = DisclosureServiceClient::new(channel.connect().await.unwrap());
        for (record, request, consent, expected) in [
            (records[0].as_str(), "second.request", &consent, State::Succeeded),
            (
                records[1].as_str(),
                "first.request",
                &world.read("minor-first.consent"),
                State::Refused,
            ),
            (records[1].as_str(), "second.request", &consent, State::Refused),
            (name.as_str(), "second.request", &consent, State::Refused),
        ] {
            let job = ended(&mut client, disclosure(record, request, consent), &mut said)
                .await
                .unwrap();
            assert_eq!(job.state(), expected, "{job:?}");
            if expected == State::Succeeded {
                proved = job.id;
            }
        }
        let mut refusals = 0;
        for consent in &broken {
            let disclosure = disclosure(&records[0], "second.request", consent);
            if let Err(status) = ended(&mut client, disclosure, &mut said).await {
                said.push(format!("{status:?}"));
                refusals += 1;
            }
        }
        // A part of its caller's trace.
        let mut traced = portal(v1::ListJobsRequest::default());
        let parent = format!("00-{}-00f067aa0ba902b7-01", hex::encode(TRACE));
        traced.metadata_mut().insert("traceparent", parent.parse().unwrap());
        client.list_jobs(traced).await.unwrap();
        // Names of jobs, keys and tokens that are none.
        for text in [&name, &records[0]] {
            let job = v1::GetJobRequest { job: text.clone() };
            said.push(format!("{:?}", client.get_job(portal(job)).await.unwrap_err()));
            let mut unknown = Request::new(v1::ListJobsRequest::default());
            unknown
                .metadata_mut()
                .insert("authorization", format!("Bearer {text}").parse().unwrap());
            said.push(format!("{:?}", client.list_jobs(unknown).await.unwrap_err()));
        }
        refusals
    });
    let url = format!("http://{}/metrics", service.metrics);
    let page = ureq::get(url).call().unwrap().body_mut().read_to_string().unwrap();
    let log = service.stop();
    let spans = spans.lock().unwrap().clone();

    let search = Search::new(&canaries);
    let mut found = Found::default();
    for (place, bytes) in [
        ("the log", log.as_bytes()),
        ("spans", &spans),
        ("the page of metrics", page.as_bytes()),
        ("answers", said.concat().as_bytes()),
    ] {
        found.look(&search, &canaries, place, None, bytes);
    }
    found.none();
    // They do say what they may.
    let spans_have = |bytes: &[u8]| spans.windows(bytes.len()).any(|window| window == bytes);
    let spans_say = |text: &str| spans_have(text.as_bytes());
    assert!(spans_have(&TRACE));
    assert!(spans_say(&proved) && spans_say("Prove") && spans_say("DisclosureService/SubmitDisclosure"));
    assert!(
        spans_say("caller.unknown") && page.contains("code=\"caller.unknown\""),
        "{page}"
    );
    assert!(
        page.contains("medproof_stage_seconds_count{tier=\"XS\",stage=\"prove\"}"),
        "{page}"
    );
    assert!(
        page.contains("medproof_jobs_ended_total{state=\"succeeded\",tier=\"XS\"} 1"),
        "{page}"
    );
    assert!(refusals > 50, "{refusals}");
    leaks_are_found(&search, &canaries);
    evidence(
        "canaries through the service: log, spans, metrics, answers, well and badly",
        format!(
            "{} canaries, {refusals} refusals, {} kB",
            canaries.len(),
            (log.len() + spans.len()) / 1000
        ),
        "0 found",
    );
}

fn leaks_are_found(search: &Search, canaries: &[Canary]) {
    let (_, pattern) = canaries[0].patterns().into_iter().next().unwrap();
    let mut leaked = Found::default();
    leaked.look(search, canaries, "a log", None, &[b"INFO job ", &pattern[..]].concat());
    assert!(!leaked.leaks.is_empty());
}
