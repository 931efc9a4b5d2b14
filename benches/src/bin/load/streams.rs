//! Ten thousand who follow jobs that do not end, over many connections, and some who do not read.

use crate::client::{self, Client};
use crate::raw;
use crate::report::{Report, ms, progress};
use crate::spread::Spread;
use crate::world::{Service, Setup, World};
use crate::{Options, Outcome};
use bytes::Bytes;
use h2::client::Connection;
use medproof_proto::v1;
use prost::Message;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tonic::Streaming;

const STREAMS: usize = 10_000;
const CONNECTIONS: usize = 2500;
const JOBS: usize = 1000;
/// Connections over which much is asked and nothing read, and how often over each.
const SLOW: usize = 100;
const ASKED: usize = 10;
const DESCRIPTORS: u64 = 20_000;
/// How long one call after the other is timed, with all that open.
const PROBED: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(20);
const SECOND: Duration = Duration::from_secs(1);
/// A service that works so much of a second at most has done what it was asked.
const QUIET: Duration = Duration::from_millis(100);
/// Nor is it waited for longer.
const SETTLED: Duration = Duration::from_secs(120);

/// Memory of a service, and its calls meanwhile.
pub fn measure(options: &Options) -> Outcome<Report> {
    descriptors()?;
    let world = World::new(options)?;
    let setup = Setup {
        limits: format!("connections = {}", CONNECTIONS + SLOW + 100),
        // Nothing is worked on, so that nothing ends.
        ..Setup::in_file("streams", 0)
    };
    let service = world.serve(&setup)?;
    Runtime::new()?.block_on(async {
        let mut client = client::connect(&service.address).await?;
        let jobs = submitted(&mut client, &world).await?;
        let before = probed(&mut client, &jobs).await?;
        let empty = service.process.resident()?;
        let start = Instant::now();
        let open = opened(&service.address, &jobs).await?;
        progress(format_args!("    {} streams are open after {:.1} s", open.len(), start.elapsed().as_secs_f64()));
        settled(&service).await?;
        let followed = service.process.resident()?;
        let during = probed(&mut client, &jobs).await?;
        let slow = unread(&service.address).await?;
        settled(&service).await?;
        let unread = service.process.resident()?;
        let beside = probed(&mut client, &jobs).await?;
        let descriptors = service.process.descriptors()?;
        drop((open, slow));
        let mut report = Report::new(
            "Who follows and does not read",
            format!(
                "{STREAMS} streams of {JOBS} jobs that wait, over {CONNECTIONS} connections; then {SLOW} connections more over which \
                 {ASKED} lists of {JOBS} jobs each are asked for, and nothing is read. One call after the other is timed, once the service has done \
                 what it was asked."
            ),
        );
        let mb = |bytes: f64| bytes / 1e6;
        report.row("descriptors open in the service", descriptors as f64, "");
        report.row("memory before", mb(empty), "MB");
        report.row("memory with the streams", mb(followed), "MB");
        report.row("for each stream", (followed - empty) / STREAMS as f64 / 1e3, "kB");
        report.row("memory with those who do not read, too", mb(unread), "MB");
        report.row("memory at most", mb(service.process.peak()?), "MB");
        report.time("a call before, 99 of 100", before.p99());
        report.time("a call with the streams, 99 of 100", during.p99());
        report.time("a call with all, 99 of 100", beside.p99());
        report.at_most("memory that the streams take", 200.0, mb(followed - empty), "MB");
        report.at_most("memory that all take", 200.0, mb(unread - empty), "MB");
        report.at_most("a call with all open, 99 of 100", 50.0, ms(beside.p99()), "ms");
        Ok(report)
    })
}

// It has done what it was asked.
async fn settled(service: &Service) -> Outcome<()> {
    let start = Instant::now();
    let mut before = service.process.worked()?;
    loop {
        tokio::time::sleep(SECOND).await;
        let now = service.process.worked()?;
        if now - before <= QUIET || start.elapsed() > SETTLED {
            return Ok(());
        }
        before = now;
    }
}

// As many files as the system lets us open.
fn descriptors() -> Outcome<()> {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(DESCRIPTORS, |most| most.min(DESCRIPTORS));
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            ..limit
        };
        setrlimit(Resource::Nofile, raised)?;
    }
    if (wanted as usize) < 2 * CONNECTIONS {
        return Err(format!(
            "expected {} files that may be open, found {wanted}: see ulimit -Hn",
            2 * CONNECTIONS
        )
        .into());
    }
    Ok(())
}

async fn submitted(client: &mut Client, world: &World) -> Outcome<Arc<Vec<String>>> {
    let disclosures = (0..JOBS).map(|number| world.disclosure(number)).collect();
    let request = v1::BatchSubmitDisclosuresRequest {
        disclosures,
        idempotency_key: String::new(),
    };
    let jobs = client.batch_submit_disclosures(request).await?.into_inner().jobs;
    Ok(Arc::new(jobs.into_iter().map(|job| job.id).collect()))
}

type Stream = Streaming<v1::WatchJobResponse>;

// Each has been told how its job stands, and waits for more.
async fn opened(address: &str, jobs: &Arc<Vec<String>>) -> Outcome<Vec<(Client, Stream)>> {
    let mut connections = JoinSet::new();
    let mut open = Vec::with_capacity(STREAMS);
    for place in 0..CONNECTIONS {
        let (address, jobs) = (address.to_owned(), Arc::clone(jobs));
        connections.spawn(async move {
            let mut client = client::connect(&address).await?;
            let mut streams = Vec::new();
            for number in (place..STREAMS).step_by(CONNECTIONS) {
                let job = jobs[number % jobs.len()].clone();
                let mut stream = client.watch_job(v1::WatchJobRequest { job }).await?.into_inner();
                stream.message().await?.ok_or("a stream that ended")?;
                streams.push((client.clone(), stream));
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(streams)
        });
        // Not all at once, which the system's own queue of connections would not hold.
        if connections.len() >= 50
            && let Some(joined) = connections.join_next().await
        {
            open.extend(joined??);
        }
    }
    while let Some(joined) = connections.join_next().await {
        open.extend(joined??);
    }
    Ok(open)
}

// Connections that have asked, and are never looked at again.
async fn unread(address: &str) -> Outcome<Vec<(Connection<TcpStream, Bytes>, Vec<h2::client::ResponseFuture>)>> {
    let list = v1::ListJobsRequest {
        page_size: 1000,
        ..Default::default()
    };
    let list = list.encode_to_vec();
    let message = raw::framed(false, list.len(), &list);
    let mut all = Vec::new();
    for _ in 0..SLOW {
        let (sender, mut connection) = raw::connect(address).await?;
        let asked = async {
            let mut answers = Vec::new();
            for _ in 0..ASKED {
                answers.push(raw::ask(sender.clone(), address, "DisclosureService/ListJobs", message.clone()).await?);
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(answers)
        };
        // Until all was said; of the answers it may have seen the first.
        let answers = tokio::select! {
            answers = asked => answers?,
            ended = &mut connection => return Err(format!("a connection ended: {ended:?}").into()),
        };
        let _ = tokio::time::timeout(PAUSE, &mut connection).await;
        all.push((connection, answers));
    }
    Ok(all)
}

async fn probed(client: &mut Client, jobs: &[String]) -> Outcome<Spread> {
    let (start, mut times) = (Instant::now(), Vec::new());
    while start.elapsed() < PROBED {
        let job = jobs[times.len() % jobs.len()].clone();
        let begun = Instant::now();
        client.get_job(v1::GetJobRequest { job }).await?;
        times.push(begun.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    Ok(Spread::of(times))
}
