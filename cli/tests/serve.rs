//! `medproof serve`, called over gRPC as a hospital's portal and a sponsor call it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::service::{Service, Token, code, digest};
use common::{ANNA, MINOR, World};
use medproof_proto::v1;
use medproof_proto::v1::disclosure_service_client::DisclosureServiceClient;
use medproof_proto::v1::job::State;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

const PORTAL: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

// `secret` is the portal's token, `asks` the sponsor's, `other` another hospital's portal's.
fn configuration(did: &str) -> String {
    format!(
        r#"
[listen]
address = "127.0.0.1:0"

[store]
url = "sqlite:service.db"
most_waiting = 5

[work]
at_once = 1

# Tests look often.
[limits]
calls_per_second = 10000
burst = 10000

[[caller]]
name = "portal"
tenant = "Hospital"
role = "holder"
token_sha256 = "{PORTAL}"

[[caller]]
name = "sponsor"
tenant = "Hospital"
role = "sponsor"
did = "{did}"
token_sha256 = "{}"

[[caller]]
name = "portal"
tenant = "Another"
role = "holder"
token_sha256 = "{}"
"#,
        digest("asks"),
        digest("other"),
    )
}

// TERM, INT or HUP.
fn signal(process: &Child, name: &str) {
    let pid = process.id().to_string();
    let sent = Command::new("kill").args([format!("-{name}"), pid]).status().unwrap();
    assert!(sent.success());
}

// How it ended, within this time.
fn exit(process: &mut Child, patience: Duration) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Some(status) = process.try_wait().unwrap() {
            return status.code();
        }
        assert!(start.elapsed() < patience, "it goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

type Client = DisclosureServiceClient<InterceptedService<Channel, Token>>;

impl Service {
    fn client(&self, token: &'static str) -> Client {
        DisclosureServiceClient::new(self.channel(token))
    }

    fn submit(&self, client: &mut Client, disclosure: v1::Disclosure, key: &str) -> Result<v1::Job, Status> {
        let request = v1::SubmitDisclosureRequest {
            disclosure: Some(disclosure),
            idempotency_key: key.to_owned(),
        };
        let response = self.runtime.block_on(client.submit_disclosure(request))?;
        Ok(response.into_inner().job.unwrap())
    }

    fn job(&self, client: &mut Client, job: &str) -> Result<v1::Job, Status> {
        let request = v1::GetJobRequest { job: job.to_owned() };
        let response = self.runtime.block_on(client.get_job(request))?;
        Ok(response.into_inner().job.unwrap())
    }

    // What who watches is told, to the end.
    fn watched(&self, client: &mut Client, job: &str) -> Vec<v1::Job> {
        self.runtime.block_on(async {
            let request = v1::WatchJobRequest { job: job.to_owned() };
            let mut stream = client.watch_job(request).await.unwrap().into_inner();
            let mut told = Vec::new();
            while let Some(response) = stream.message().await.unwrap() {
                told.push(response.job.unwrap());
            }
            told
        })
    }

    fn presentation(&self, client: &mut Client, job: &str) -> Result<Vec<u8>, Status> {
        let request = v1::FetchPresentationRequest { job: job.to_owned() };
        let response = self.runtime.block_on(client.fetch_presentation(request))?;
        Ok(response.into_inner().presentation)
    }
}

fn world() -> World {
    let world = World::with_patients(&[ANNA, MINOR], "XS");
    world.enroll(ANNA, "anna");
    world.enroll(MINOR, "minor");
    world.ok("issuer anchor");
    world.request("first", "sponsor", "--claim adult --tier XS --scope trial");
    world.consent("first", "anna");
    world.ok("holder consent --holder minor.holder --request first.request --out minor.consent");
    let did = world.ok("audience show sponsor")["did"].as_str().unwrap().to_owned();
    world.write("service.toml", configuration(&did));
    world
}

fn disclosure(world: &World, patient: &str, consent: &str) -> v1::Disclosure {
    v1::Disclosure {
        record: patient.to_owned(),
        request: fs::read(world.path("first.request")).unwrap(),
        consent: fs::read(world.path(consent)).unwrap(),
    }
}

#[test]
fn a_disclosure_is_submitted_followed_fetched_and_verified() {
    let world = world();
    let service = Service::start(&world);
    let (mut portal, mut sponsor, mut other) = (
        service.client("secret"),
        service.client("asks"),
        service.client("other"),
    );
    let first = disclosure(&world, ANNA, "first.consent");

    let job = service.submit(&mut portal, first.clone(), "a-first-key").unwrap();
    let told = service.watched(&mut portal, &job.id);
    let end = told.last().unwrap();
    assert_eq!(end.state(), State::Succeeded, "{told:?}");
    assert!(told.iter().all(|job| job.error_code.is_empty()) && end.fraction == 1.0);

    // The same again is the same job; something else under its key is none.
    let again = service.submit(&mut portal, first.clone(), "a-first-key").unwrap();
    assert_eq!((&again.id, again.state()), (&job.id, State::Succeeded));
    let minor = disclosure(&world, MINOR, "minor.consent");
    let refused = service.submit(&mut portal, minor.clone(), "a-first-key").unwrap_err();
    assert_eq!(
        (refused.code(), code(&refused).as_str()),
        (Code::AlreadyExists, "idempotency.other")
    );

    // Whose request it is sees it, nobody else.
    let presentation = service.presentation(&mut sponsor, &job.id).unwrap();
    for name in [job.id.as_str(), "job:00112233445566778899aabbccddeeff", "x"] {
        let refused = service.job(&mut other, name).unwrap_err();
        assert_eq!(
            (refused.code(), code(&refused).as_str()),
            (Code::NotFound, "job.none"),
            "{name}"
        );
    }
    let mut nobody = service.client("wrong");
    assert_eq!(
        service.job(&mut nobody, &job.id).unwrap_err().code(),
        Code::Unauthenticated
    );

    // Who is not eligible is refused, and no presentation is there.
    let refused = service.submit(&mut portal, minor, "").unwrap();
    let end = service.watched(&mut portal, &refused.id).pop().unwrap();
    assert_eq!((end.state(), end.error_code.as_str()), (State::Refused, ""));
    let unmet = service.presentation(&mut portal, &refused.id).unwrap_err();
    assert_eq!(code(&unmet), "job.refused");

    // A record of a later day is refused as all are: who follows sees no stage that it came to.
    world.request(
        "early",
        "sponsor",
        "--claim adult --tier XS --scope trial --as-of 2021-03-01",
    );
    world.consent("early", "anna");
    let early = v1::Disclosure {
        request: fs::read(world.path("early.request")).unwrap(),
        ..disclosure(&world, ANNA, "early.consent")
    };
    let job = service.submit(&mut portal, early, "").unwrap();
    let told = service.watched(&mut portal, &job.id);
    assert_eq!(told.last().unwrap().state(), State::Refused, "{told:?}");
    assert!(told.iter().all(|job| job.stage == 0), "{told:?}");

    // So is another's consent, and a patient whom nobody knows.
    for (patient, consent) in [(ANNA, "minor.consent"), ("nobody", "first.consent")] {
        let job = service
            .submit(&mut portal, disclosure(&world, patient, consent), "")
            .unwrap();
        assert_eq!(
            service.watched(&mut portal, &job.id).pop().unwrap().state(),
            State::Refused,
            "{patient}"
        );
    }

    // What the service gave verifies, once it is no longer in the ledger's way.
    drop(service);
    world.write("first.presentation", presentation);
    world.verify("first", "first", "").ok();
}

// One event, as a sponsor's own server takes it: its headers and its body.
fn taken(listener: &TcpListener) -> (String, String) {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = n.trim().parse().unwrap();
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
    reader.get_mut().write_all(answer).unwrap();
    (head, String::from_utf8(body).unwrap())
}

#[test]
fn whom_it_concerns_is_told_over_the_stream_and_the_webhook() {
    use v1::event::Kind;
    use v1::event_service_client::EventServiceClient;
    let world = world();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let webhook = format!(
        "role = \"sponsor\"\nwebhook = {{ url = \"http://{}/\", secret_file = \"hook.secret\", \
         private_addresses = true }}",
        listener.local_addr().unwrap()
    );
    let configured = fs::read_to_string(world.path("service.toml")).unwrap();
    world.write("service.toml", configured.replace("role = \"sponsor\"", &webhook));
    // A secret that is none is found before anything is served.
    world.write("hook.secret", "none\n");
    world.run("serve --config service.toml --check").failed(2, "webhook");
    world.write("hook.secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    let service = Service::start(&world);
    let (mut portal, mut sponsor) = (service.client("secret"), service.client("asks"));
    let job = service
        .submit(&mut portal, disclosure(&world, ANNA, "first.consent"), "")
        .unwrap();
    service.watched(&mut portal, &job.id);
    service.presentation(&mut portal, &job.id).unwrap();
    service.presentation(&mut sponsor, &job.id).unwrap();

    let told = |token: &'static str, count: usize| {
        service.runtime.block_on(async {
            let channel = Channel::from_shared(format!("http://{}", service.address)).unwrap();
            let channel = channel.connect().await.unwrap();
            let mut client = EventServiceClient::with_interceptor(channel, Token(token));
            let watched = client.watch_events(v1::WatchEventsRequest::default()).await.unwrap();
            let (mut stream, mut events) = (watched.into_inner(), Vec::new());
            while events.len() < count {
                events.push(stream.message().await.unwrap().unwrap().event.unwrap());
            }
            // And no more.
            assert!(
                tokio::time::timeout(Duration::from_secs(1), stream.message())
                    .await
                    .is_err()
            );
            events
        })
    };
    let event = told("asks", 1).remove(0);
    assert_eq!((event.kind(), &event.job), (Kind::JobEnded, &job.id));
    let digest = hex::encode(&event.request_digest);
    let (head, body) = taken(&listener);
    assert!(
        head.contains(&format!("webhook-id: {}", event.id)) && head.contains("webhook-signature: v1,"),
        "{head}"
    );
    assert!(body.starts_with("{\"type\":\"job.ended\","), "{body}");
    assert!(body.contains(&job.id) && body.contains(&digest), "{body}");
    // Only what the sponsor fetched was released.
    let kinds: Vec<_> = told("secret", 2).iter().map(|event| event.kind()).collect();
    assert_eq!(kinds, [Kind::ConsentUsed, Kind::DisclosureReleased]);
    told("other", 0);
}

#[test]
fn messages_that_are_none_are_refused_with_their_place() {
    let world = world();
    let service = Service::start(&world);
    let mut portal = service.client("secret");
    let good = disclosure(&world, ANNA, "first.consent");
    let refused = |portal: &mut Client, disclosure, place: &str, expected: &str| {
        let refused = service.submit(portal, disclosure, "").unwrap_err();
        let details = refused.get_error_details();
        let found = &details.bad_request().unwrap().field_violations[0].field;
        assert_eq!((code(&refused).as_str(), found.as_str()), (expected, place));
    };
    let mut bad = good.clone();
    bad.request.push(b'\n');
    refused(&mut portal, bad, "request", "json.not_canonical");
    let mut bad = good.clone();
    bad.consent = good.request.clone();
    let status = service.submit(&mut portal, bad, "").unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let status = service
        .submit(&mut service.client("asks"), good.clone(), "")
        .unwrap_err();
    assert_eq!(
        (status.code(), code(&status).as_str()),
        (Code::PermissionDenied, "role")
    );
    let status = service.submit(&mut portal, good.clone(), "short").unwrap_err();
    assert_eq!(code(&status), "idempotency.key");

    // A batch is taken whole or not at all, and by no more than may wait.
    let mut batch = |disclosures: Vec<v1::Disclosure>| {
        let request = v1::BatchSubmitDisclosuresRequest {
            disclosures,
            idempotency_key: String::new(),
        };
        service.runtime.block_on(portal.batch_submit_disclosures(request))
    };
    let mut bad = good.clone();
    bad.request.clear();
    let status = batch(vec![good.clone(), bad]).unwrap_err();
    assert_eq!(
        status.get_error_details().bad_request().unwrap().field_violations[0].field,
        "disclosures[1].request"
    );
    let status = batch(vec![good.clone(); 21]).unwrap_err();
    assert_eq!(
        (status.code(), code(&status).as_str()),
        (Code::ResourceExhausted, "load.queue")
    );
    assert!(status.get_error_details().retry_info().is_some());
    let list = v1::ListJobsRequest::default();
    let jobs = service
        .runtime
        .block_on(service.client("secret").list_jobs(list))
        .unwrap();
    assert!(jobs.into_inner().jobs.is_empty());
}

#[test]
fn what_was_acknowledged_survives_the_services_end() {
    let world = world();
    let good = disclosure(&world, ANNA, "first.consent");
    let mut jobs = Vec::new();
    for _ in 0..3 {
        let service = Service::start(&world);
        let mut portal = service.client("secret");
        for _ in 0..3 {
            jobs.push(service.submit(&mut portal, good.clone(), "").unwrap().id);
        }
        // Killed, with jobs waiting and one under way.
        drop(service);
    }
    let service = Service::start(&world);
    let mut portal = service.client("secret");
    let start = Instant::now();
    for job in &jobs {
        let end = service.watched(&mut portal, job).pop().unwrap();
        assert_eq!(end.state(), State::Succeeded, "{end:?}");
    }
    assert!(start.elapsed() < Duration::from_secs(60));
    let mut pages = Vec::new();
    let mut token = String::new();
    loop {
        let list = v1::ListJobsRequest {
            page_size: 4,
            page_token: token,
            ..Default::default()
        };
        let page = service.runtime.block_on(portal.list_jobs(list)).unwrap().into_inner();
        pages.extend(page.jobs.into_iter().map(|job| job.id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    pages.sort();
    jobs.sort();
    assert_eq!(pages, jobs);
}

// Ended with the test.
struct Elsewhere(Child);

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn workers_elsewhere_take_each_others_place() {
    let world = world();
    let text = fs::read_to_string(world.path("service.toml")).unwrap();
    world.write("service.toml", text.replace("at_once = 1", "at_once = 0"));
    let service = Service::start(&world);
    let mut portal = service.client("secret");
    let good = disclosure(&world, ANNA, "first.consent");
    let jobs: Vec<String> = (0..6)
        .map(|_| service.submit(&mut portal, good.clone(), "").unwrap().id)
        .collect();
    let worker = || {
        let line = [
            "worker",
            "--store",
            "sqlite:service.db",
            "--key",
            "work.key",
            "--tier",
            "XS",
            "--at-once",
            "1",
        ];
        let mut command = world.command(&line);
        Elsewhere(command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
    };
    // Killed while it works: another ends what it had begun once it has been missed.
    let first = worker();
    let begun = Instant::now();
    while !jobs
        .iter()
        .any(|job| service.job(&mut portal, job).unwrap().attempts > 0)
    {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing was begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(first);
    let died = Instant::now();
    let _second = worker();
    let mut missed = None;
    for job in &jobs {
        let end = service.watched(&mut portal, job).pop().unwrap();
        assert_eq!(end.state(), State::Succeeded, "{end:?}");
        assert_eq!(service.presentation(&mut portal, job).unwrap().len(), 321);
        if end.attempts > 1 {
            missed = Some(died.elapsed());
        }
    }
    // Ten seconds after its last heartbeat, which may have been five seconds before its end.
    let missed = missed.expect("it died over a job");
    assert!(
        missed > Duration::from_secs(4) && missed < Duration::from_secs(20),
        "{missed:?}"
    );
    // Another key opens nothing, and says what is wrong.
    world.write("work.key", "0".repeat(63));
    world
        .run("worker --store sqlite:service.db --tier XS")
        .failed(2, "service.key");
}

#[test]
fn told_to_stop_it_ends_what_was_begun_and_leaves_the_rest_in_the_queue() {
    let world = world();
    let mut service = Service::start(&world);
    let mut portal = service.client("secret");
    let good = disclosure(&world, ANNA, "first.consent");
    let jobs: Vec<String> = (0..8)
        .map(|_| service.submit(&mut portal, good.clone(), "").unwrap().id)
        .collect();
    let start = Instant::now();
    let is_running = |portal: &mut Client, job: &String| service.job(portal, job).unwrap().state() == State::Running;
    // In the order in which they were submitted.
    while !is_running(&mut portal, &jobs[0]) && !is_running(&mut portal, &jobs[1]) {
        assert!(start.elapsed() < Duration::from_secs(30), "nothing was begun");
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(&service.process, "TERM");
    assert_eq!(exit(&mut service.process, Duration::from_secs(30)), Some(0));
    // Looked at by a service that works on nothing.
    let text = fs::read_to_string(world.path("service.toml")).unwrap();
    world.write("service.toml", text.replace("at_once = 1", "at_once = 0"));
    let after = Service::start(&world);
    let mut portal = after.client("secret");
    let found: Vec<v1::Job> = jobs.iter().map(|job| after.job(&mut portal, job).unwrap()).collect();
    let count = |state| found.iter().filter(|job| job.state() == state).count();
    assert_eq!(count(State::Running), 0, "{found:?}");
    assert!(count(State::Succeeded) > 0 && count(State::Queued) > 0, "{found:?}");
    assert!(found.iter().all(|job| job.attempts <= 1), "{found:?}");
}

#[test]
fn told_twice_it_ends_at_once() {
    let world = world();
    let text = fs::read_to_string(world.path("service.toml")).unwrap();
    world.write("service.toml", text.replace("at_once = 1", "at_once = 0"));
    let mut service = Service::start(&world);
    let mut portal = service.client("secret");
    let good = disclosure(&world, ANNA, "first.consent");
    let job = service.submit(&mut portal, good, "").unwrap().id;
    // It is followed, and so it would wait.
    let watch = v1::WatchJobRequest { job };
    let stream = service.runtime.block_on(portal.watch_job(watch)).unwrap();
    signal(&service.process, "TERM");
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(service.process.try_wait().unwrap(), None);
    signal(&service.process, "INT");
    assert_eq!(exit(&mut service.process, Duration::from_secs(2)), Some(130));
    drop(stream);
}

#[test]
fn a_worker_told_to_stop_ends_what_it_had_begun() {
    let world = world();
    // Its store is made by a service.
    drop(Service::start(&world));
    let line = [
        "worker",
        "--store",
        "sqlite:service.db",
        "--key",
        "work.key",
        "--tier",
        "XS",
    ];
    let mut command = world.command(&line);
    let mut worker = Elsewhere(command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap());
    let mut lines = BufReader::new(worker.0.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with(" works")));
    signal(&worker.0, "TERM");
    assert_eq!(exit(&mut worker.0, Duration::from_secs(10)), Some(0));
}

#[test]
fn a_file_is_checked_without_serving() {
    let world = World::empty();
    world.write("service.toml", configuration("did:web:nobody"));
    let run = world.run("serve --config service.toml --check").failed(2, "config");
    assert!(run.out.contains("caller[1].did"), "{}", run.out);
    let run = world.run("serve --config none.toml --check").failed(2, "config");
    assert!(run.out.contains("none.toml"), "{}", run.out);
    // With all files that it names.
    let did = "did:key:z6MkkHesJfGFTGqjYjDXJAuUE2gyshaNewzEBHoCWGX1YN7L";
    let good = configuration(did);
    world.write("service.toml", &good);
    assert_eq!(world.ok("serve --config service.toml --check")["callers"], 3);
    let tls = "address = \"127.0.0.1:0\"\ntls = { certificate = \"no.pem\", key = \"no.key\" }";
    for (text, name) in [
        (good.replace("address = \"127.0.0.1:0\"", tls), "no.key"),
        (
            format!("{good}[issuer]\nissuer = \"i\"\naudience = \"a\"\nkeys = \"no.json\"\n"),
            "no.json",
        ),
    ] {
        world.write("service.toml", text);
        let run = world.run("serve --config service.toml --check").failed(2, "config");
        assert!(run.out.contains(name), "{}", run.out);
    }
    world.write("service.toml", &good);
    world.write("work.key", "0");
    world
        .run("serve --config service.toml --check")
        .failed(2, "service.key");
}
