//! What the service adds: the bare engine and the service, round after round by turns, with the same key, requests,
//! consents, records and threads.

use crate::bare::Bare;
use crate::client::{self, Client};
use crate::report::{Report, ms, progress};
use crate::spread::Spread;
use crate::world::{Setup, World};
use crate::{Options, Outcome};
use medproof_proto::v1;
use medproof_proto::v1::job::State;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const ROUNDS: usize = 9;
/// Of each side, in a round.
const SINGLES: usize = 12;
/// How long a round of each side proves as much as it can.
const ROUND: Duration = Duration::from_secs(5);
// Waiting, for each that is worked on, so that work is there at all times.
const QUEUED: usize = 2;

/// Latency of one disclosure on an idle service, and throughput where some wait at all times.
pub fn measure(options: &Options) -> Outcome<Report> {
    let world = World::new(options)?;
    let bare = Bare::new(options.tier)?;
    let at_once = std::thread::available_parallelism()?.get();
    let service = world.serve(&Setup::in_file("overhead", at_once))?;
    let runtime = Runtime::new()?;
    let mut client = runtime.block_on(client::connect(&service.address))?;
    // What both work in is made by the first.
    for number in 0..4 {
        bare.latency(&world, number)?;
        runtime.block_on(disclosed(&mut client, &world, number))?;
    }
    let warm = bare.rate(&world, at_once, 4 * at_once)?;
    let count = ((warm * ROUND.as_secs_f64()) as usize).max(4 * at_once);
    let (mut alone, mut proofs, mut served, mut calls) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut differences, mut rates) = (Vec::new(), Vec::new());
    let mut steps: [Vec<Duration>; STEPS.len()] = Default::default();
    for round in 0..ROUNDS {
        let numbers = round * SINGLES..(round + 1) * SINGLES;
        for number in numbers {
            let [bare, proof] = bare.latency(&world, number)?;
            let service = runtime.block_on(stepped(&mut client, &world, number, &mut steps))?;
            alone.push(bare);
            proofs.push(proof);
            calls.push(runtime.block_on(answered_at_once(&mut client)));
            served.push(service);
            differences.push(ms(service) - ms(bare));
        }
        // Each first by turns: the machine is not the same for long.
        let service_first = round % 2 == 0;
        let mut both = [0.0; 2];
        for of_service in [service_first, !service_first] {
            both[usize::from(of_service)] = if of_service {
                runtime.block_on(rate(&client, &world, at_once, count))?
            } else {
                bare.rate(&world, at_once, count)?
            };
        }
        progress(format_args!(
            "    round {} of {ROUNDS}: bare {:.2} a second, service {:.2}",
            round + 1,
            both[0],
            both[1]
        ));
        rates.push((both[0], both[1]));
    }
    differences.sort_by(f64::total_cmp);
    rates.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
    let (bare_rate, service_rate) = rates[rates.len() / 2];
    let (alone, served) = (Spread::of(alone), Spread::of(served));
    let mut report = Report::new(
        "What the service adds",
        format!(
            "Tier {}, {at_once} jobs at a time, SQLite; {ROUNDS} rounds of {SINGLES} single disclosures and of {count} \
             with {} waiting, the bare engine beside the service by turns.",
            options.tier,
            QUEUED * at_once
        ),
    );
    report.time(
        "a presentation by the bare engine, from request, consent and record, median",
        alone.median(),
    );
    report.time("of which the proof, median", Spread::of(proofs).median());
    report.time(
        "a disclosure on an idle service, submitted, followed and fetched, median",
        served.median(),
    );
    report.time("a presentation by the bare engine, 99 of 100", alone.p99());
    report.time("a disclosure on an idle service, 99 of 100", served.p99());
    for (what, times) in STEPS.into_iter().zip(steps) {
        report.time(format!("of which {what}, median"), Spread::of(times).median());
    }
    report.time(
        "beside it, any call that needs nothing of the store, median",
        Spread::of(calls).median(),
    );
    report.row("presentations a second by the bare engine, middle round", bare_rate, "");
    report.row("by the service, the same round", service_rate, "");
    report.at_most(
        "latency added, median of the pairs",
        10.0,
        differences[differences.len() / 2],
        "ms",
    );
    report.at_most(
        "throughput lost, middle round",
        5.0,
        100.0 * (1.0 - service_rate / bare_rate),
        "%",
    );
    Ok(report)
}

const STEPS: [&str; 5] = [
    "submitting",
    "until the follower hears that it was begun",
    "until it hears the end",
    "fetching",
    "hearing the end, from its transaction's beginning",
];

// From submitting to having fetched, step by step.
async fn stepped(
    client: &mut Client,
    world: &World,
    number: usize,
    steps: &mut [Vec<Duration>; STEPS.len()],
) -> Outcome<Duration> {
    let disclosure = world.disclosure(number);
    let start = Instant::now();
    let job = client::submit(client, disclosure).await?;
    let submitted = start.elapsed();
    let request = v1::WatchJobRequest { job: job.clone() };
    let mut stream = client.watch_job(request).await?.into_inner();
    let (mut begun, mut late, mut state) = (None, None, State::Unspecified);
    while let Some(told) = stream.message().await? {
        let job = told.job.unwrap_or_default();
        state = job.state();
        late = job
            .ended
            .and_then(|ended| SystemTime::now().duration_since(ended.try_into().ok()?).ok());
        begun = begun.or((state != State::Queued).then(|| start.elapsed()));
    }
    let (ended, begun) = (start.elapsed(), begun.unwrap_or_default());
    if state != State::Succeeded {
        return Err(format!("a job ended as {}: every one of this run holds", state.as_str_name()).into());
    }
    client::fetched(client, &job).await?;
    let all = start.elapsed();
    let each = [
        submitted,
        begun - submitted,
        ended - begun,
        all - ended,
        late.unwrap_or_default(),
    ];
    steps.iter_mut().zip(each).for_each(|(step, time)| step.push(time));
    Ok(all)
}

// What a call costs on this machine, whatever it is about: a disclosure is at least three, one of them a stream.
async fn answered_at_once(client: &mut Client) -> Duration {
    let start = Instant::now();
    // No job has this name, nor can have.
    let request = v1::GetJobRequest { job: "none".to_owned() };
    drop(client.get_job(request).await);
    start.elapsed()
}

/// From submitting to having fetched.
pub async fn disclosed(client: &mut Client, world: &World, number: usize) -> Outcome<Duration> {
    let disclosure = world.disclosure(number);
    let start = Instant::now();
    let job = client::proved(client, disclosure).await?;
    client::fetched(client, &job.id).await?;
    Ok(start.elapsed())
}

/// Disclosures a second, of so many, with some waiting at all times.
pub async fn rate(client: &Client, world: &World, at_once: usize, count: usize) -> Outcome<f64> {
    let next = Arc::new(AtomicUsize::new(0));
    let disclosures = Arc::new(world.disclosures.clone());
    let mut callers = JoinSet::new();
    let start = Instant::now();
    for _ in 0..(1 + QUEUED) * at_once {
        let (next, disclosures, mut client) = (Arc::clone(&next), Arc::clone(&disclosures), client.clone());
        callers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok(());
                }
                client::proved(&mut client, disclosures[number % disclosures.len()].clone()).await?;
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        let ended: Outcome<()> = ended?;
        ended?;
    }
    Ok(count as f64 / start.elapsed().as_secs_f64())
}
