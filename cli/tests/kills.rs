//! Service, workers and PostgreSQL are killed at random, at any point of what they do: no job that was acknowledged
//! is lost, none is done twice, and the log has a line of each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use common::postgres::Postgres;
use common::service::{Token, callers, code};
use common::{ANNA, World};
use medproof_proto::v1;
use medproof_proto::v1::audit_service_client::AuditServiceClient;
use medproof_proto::v1::disclosure_service_client::DisclosureServiceClient;
use medproof_proto::v1::job::State;
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

const CLIENTS: u64 = 3;
// Each submits one so often: fewer than the workers can do, so that the end comes soon after the last kill.
const PACE: Duration = Duration::from_millis(1500);
// A job that a dead worker had comes back ten seconds after it was missed.
const PATIENCE: Duration = Duration::from_secs(180);

fn configuration(store: &str, address: &str, did: &str, at_once: u32) -> String {
    let people = [
        ("Hospital", "holder", "portal"),
        ("Hospital", "auditor", "looks"),
        ("Hospital", "sponsor", "asks"),
    ];
    format!(
        "[listen]\naddress = \"{address}\"\n[store]\nurl = \"{store}\"\n[work]\nat_once = {at_once}\n\
         [askers]\nusual = 1000000\n[limits]\ncalls_per_second = 10000\nburst = 10000\n{}",
        callers(did, &people)
    )
}

// What can be killed.
struct Process {
    arguments: Vec<String>,
    running: Child,
}

impl Process {
    fn start(world: &World, line: &str) -> Process {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let running = run(world, &arguments);
        Process { arguments, running }
    }

    fn kill(&mut self) {
        self.running.kill().unwrap();
        self.running.wait().unwrap();
    }

    fn restart(&mut self, world: &World) {
        self.running = run(world, &self.arguments);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.running.kill();
        let _ = self.running.wait();
    }
}

fn run(world: &World, arguments: &[String]) -> Child {
    let mut command = world.command(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

// Drawn anew in each run, and told where it fails.
struct Dice(u64);

impl Dice {
    fn new() -> Dice {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).unwrap();
        let seed = u64::from_le_bytes(seed);
        println!("the dice's seed is {seed}");
        Dice(seed)
    }

    // SplitMix64: below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

type Called = InterceptedService<Channel, Token>;

// Connects when it is used, and again when the service is back.
fn channel(address: &str, token: &'static str) -> Called {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let endpoint = endpoint
        .connect_timeout(Duration::from_secs(2))
        .timeout(Duration::from_secs(10));
    InterceptedService::new(endpoint.connect_lazy(), Token(token))
}

// What may be said while something is dead: never that the call was wrong.
fn is_passing(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded | Code::Unknown
    ) || code(status) == "load.queue"
}

// Calls until it is answered.
async fn insisted<T, F: Future<Output = Result<tonic::Response<T>, Status>>>(mut call: impl FnMut() -> F) -> T {
    let begun = Instant::now();
    loop {
        match call().await {
            Ok(response) => return response.into_inner(),
            Err(status) => assert!(is_passing(&status) && begun.elapsed() < PATIENCE, "{status:?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

// What one client was acknowledged: jobs by their keys.
async fn submit(
    address: String,
    disclosure: v1::Disclosure,
    client: u64,
    stop: &AtomicBool,
) -> BTreeMap<String, String> {
    let portal = DisclosureServiceClient::new(channel(&address, "portal"));
    let acknowledged = |key: String| {
        let request = v1::SubmitDisclosureRequest {
            disclosure: Some(disclosure.clone()),
            idempotency_key: key,
        };
        let portal = portal.clone();
        async move {
            let call = || {
                let (mut portal, request) = (portal.clone(), request.clone());
                async move { portal.submit_disclosure(request).await }
            };
            insisted(call).await.job.unwrap().id
        }
    };
    let mut jobs = BTreeMap::new();
    while !stop.load(Ordering::Relaxed) {
        let key = format!("client-{client}-{:06}", jobs.len());
        let job = acknowledged(key.clone()).await;
        jobs.insert(key, job);
        // What was acknowledged once is known for good.
        let known = jobs.iter().nth(jobs.len() / 2).unwrap();
        assert_eq!(&acknowledged(known.0.clone()).await, known.1);
        tokio::time::sleep(PACE).await;
    }
    jobs
}

fn world(store: &str, address: &str, at_once: u32) -> World {
    let world = World::with_patients(&[ANNA], "XS");
    world.enroll(ANNA, "anna");
    world.ok("issuer anchor");
    world.request("first", "sponsor", "--claim adult --tier XS --scope trial");
    world.consent("first", "anna");
    let did = world.ok("audience show sponsor")["did"].as_str().unwrap().to_owned();
    world.write("service.toml", configuration(store, address, &did, at_once));
    world
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

// All jobs that the service has, to their ends.
async fn ended(address: &str) -> BTreeMap<String, v1::Job> {
    let portal = DisclosureServiceClient::new(channel(address, "portal"));
    let begun = Instant::now();
    loop {
        let mut jobs = BTreeMap::new();
        let mut page_token = String::new();
        loop {
            let request = v1::ListJobsRequest {
                page_size: 100,
                page_token,
                ..Default::default()
            };
            let call = || {
                let (mut portal, request) = (portal.clone(), request.clone());
                async move { portal.list_jobs(request).await }
            };
            let page = insisted(call).await;
            jobs.extend(page.jobs.into_iter().map(|job| (job.id.clone(), job)));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        if jobs.values().all(|job| job.ended.is_some()) {
            return jobs;
        }
        let open = jobs.values().filter(|job| job.ended.is_none()).collect::<Vec<_>>();
        assert!(begun.elapsed() < PATIENCE, "these do not end: {open:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn presentation(address: &str, job: &str) -> Vec<u8> {
    let sponsor = DisclosureServiceClient::new(channel(address, "asks"));
    let call = || {
        let mut sponsor = sponsor.clone();
        let job = job.to_owned();
        async move { sponsor.fetch_presentation(v1::FetchPresentationRequest { job }).await }
    };
    insisted(call).await.presentation
}

// How many lines the log has of each kind.
async fn lines(address: &str) -> BTreeMap<i32, usize> {
    let auditor = AuditServiceClient::new(channel(address, "looks"));
    let mut counts = BTreeMap::new();
    let mut page_token = String::new();
    loop {
        let request = v1::ListEntriesRequest {
            page_size: 1000,
            page_token,
            ..Default::default()
        };
        let call = || {
            let (mut auditor, request) = (auditor.clone(), request.clone());
            async move { auditor.list_entries(request).await }
        };
        let page = insisted(call).await;
        for entry in page.entries {
            *counts.entry(entry.outcome).or_default() += 1;
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return counts;
        }
    }
}

// Kills one of them so often, at random; each is started again at once.
fn kill(times: u32, world: &World, dice: &mut Dice, processes: &mut [Process], postgres: &mut Option<Postgres>) {
    let victims = processes.len() as u64 + u64::from(postgres.is_some());
    for _ in 0..times {
        std::thread::sleep(Duration::from_millis(dice.below(2000)));
        let victim = usize::try_from(dice.below(victims)).unwrap();
        match processes.get_mut(victim) {
            Some(process) => {
                process.kill();
                process.restart(world);
            }
            None => {
                let postgres = postgres.as_mut().unwrap();
                postgres.kill();
                postgres.restart();
            }
        }
    }
}

fn nothing_is_lost_or_done_twice(times: u32, mut postgres: Option<Postgres>) {
    let address = free_address();
    let url = postgres.as_ref().map_or("sqlite:service.db".to_owned(), Postgres::url);
    let workers = if postgres.is_some() { 2 } else { 0 };
    let world = world(&url, &address, if workers == 0 { 2 } else { 0 });
    let mut processes = vec![Process::start(&world, "serve --config service.toml --tier XS")];
    let runtime = Runtime::new().unwrap();
    let disclosure = v1::Disclosure {
        record: ANNA.to_owned(),
        request: fs::read(world.path("first.request")).unwrap(),
        consent: fs::read(world.path("first.consent")).unwrap(),
    };
    // It makes the key that the workers need, and the tables.
    runtime.block_on(ended(&address));
    let worker = format!("worker --store {url} --key work.key --tier XS --at-once 1");
    processes.extend((0..workers).map(|_| Process::start(&world, &worker)));

    let stop: &'static AtomicBool = Box::leak(Box::default());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| runtime.spawn(submit(address.clone(), disclosure.clone(), client, stop)))
        .collect();
    kill(times, &world, &mut Dice::new(), &mut processes, &mut postgres);
    stop.store(true, Ordering::Relaxed);

    runtime.block_on(async {
        let mut acknowledged = BTreeMap::new();
        for client in clients {
            acknowledged.extend(client.await.unwrap());
        }
        let jobs = ended(&address).await;
        let mut names: Vec<&String> = acknowledged.values().collect();
        names.sort();
        assert_eq!(
            names,
            jobs.keys().collect::<Vec<_>>(),
            "a job for each key, and no other"
        );
        let mut failed = 0;
        for (name, job) in &jobs {
            if job.state() == State::Succeeded {
                let shown = presentation(&address, name).await;
                assert_eq!(shown.len(), 321);
                assert_eq!(shown, presentation(&address, name).await);
            } else {
                // Four workers died over it, one after the other: it ends, and says so.
                assert_eq!((job.error_code.as_str(), job.attempts), ("job.poison", 4), "{job:?}");
                failed += 1;
            }
        }
        let begun_again = jobs.values().filter(|job| job.attempts > 1).count();
        println!("{} jobs, {begun_again} begun again, {failed} given up", jobs.len());
        let lines = lines(&address).await;
        let count = |outcome: v1::audit_entry::Outcome| lines.get(&i32::from(outcome)).copied().unwrap_or_default();
        assert_eq!(count(v1::audit_entry::Outcome::Requested), jobs.len());
        assert_eq!(count(v1::audit_entry::Outcome::Failed), failed);
        assert_eq!(count(v1::audit_entry::Outcome::Granted), 1);
    });
    // The log is whole, too.
    world.ok("audit export --config service.toml --tenant Hospital --archive log");
}

#[test]
fn of_an_embedded_store() {
    nothing_is_lost_or_done_twice(8, None);
}

#[test]
fn of_workers_and_postgresql() {
    match Postgres::start() {
        Some(postgres) => nothing_is_lost_or_done_twice(20, Some(postgres)),
        None => println!("!!! SKIPPED: MEDPROOF_POSTGRES_PROGRAMS names no folder of PostgreSQL's programs"),
    }
}

#[test]
#[ignore = "half an hour"]
fn of_an_embedded_store_at_length() {
    nothing_is_lost_or_done_twice(200, None);
}

#[test]
#[ignore = "half an hour"]
fn of_workers_and_postgresql_at_length() {
    match Postgres::start() {
        Some(postgres) => nothing_is_lost_or_done_twice(500, Some(postgres)),
        None => println!("!!! SKIPPED: MEDPROOF_POSTGRES_PROGRAMS names no folder of PostgreSQL's programs"),
    }
}
