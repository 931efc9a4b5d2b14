//! Twice what the service can do, by an open loop: calls arrive by a clock, however long others take, and each is
//! timed from when it was to arrive, so that what waits is not left out.

use crate::arrivals::arrivals;
use crate::client::{self, Client};
use crate::overhead;
use crate::report::{Report, ms, progress};
use crate::spread::Spread;
use crate::world::{Service, Setup, World};
use crate::{Options, Outcome};
use medproof_proto::v1;
use medproof_proto::v1::job::State;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tonic::Status;

/// One at a time, on all cores: what is accepted ends as soon as it can.
const AT_ONCE: usize = 1;
/// A job may wait for so long a part of a proof.
const WAIT: f64 = 0.5;
const SINGLES: usize = 200;
const CAPACITY: Duration = Duration::from_secs(10);
// A call that is not answered by then has failed.
const PATIENCE: Duration = Duration::from_secs(60);

enum Answer {
    Ended(Duration),
    // Asked to come back.
    Refused(Duration),
    Failed(String),
}

/// Latency of what is accepted and of what is refused, and the service's memory.
pub fn measure(options: &Options) -> Outcome<Report> {
    let world = World::new(options)?;
    let runtime = Runtime::new()?;
    let (unloaded, capacity) = runtime.block_on(free(&world))?;
    let longest = WAIT * ms(unloaded.median());
    progress(format_args!(
        "    unloaded {:.1} ms, capacity {capacity:.2} a second; from here on a job may wait {longest:.0} ms",
        ms(unloaded.median())
    ));
    let bounded = Setup {
        bounds: format!("longest_wait_ms = {}", longest as u64),
        ..Setup::in_file("overload", AT_ONCE)
    };
    let service = world.serve(&bounded)?;
    let (unloaded, answers, memory) = runtime.block_on(async {
        let mut client = client::connect(&service.address).await?;
        let unloaded = singles(&mut client, &world).await?;
        let overloaded = overloaded(&service, &client, &world, 2.0 * capacity, options.overload);
        let (answers, memory) = overloaded.await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((unloaded, answers, memory))
    })?;
    report(options, capacity, longest, &unloaded, answers, &memory)
}

fn report(
    options: &Options,
    capacity: f64,
    longest: f64,
    unloaded: &Spread,
    answers: Vec<Answer>,
    memory: &[f64],
) -> Outcome<Report> {
    let asked = answers.len();
    let (mut ended, mut refused, mut failed) = (Vec::new(), Vec::new(), BTreeMap::<String, usize>::new());
    for answer in answers {
        match answer {
            Answer::Ended(time) => ended.push(time),
            Answer::Refused(time) => refused.push(time),
            Answer::Failed(code) => *failed.entry(code).or_default() += 1,
        }
    }
    let (ended, refused) = (Spread::of(ended), Spread::of(refused));
    let quarter = (memory.len() / 4).max(1);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64 / 1e6;
    let (first, last) = (mean(&memory[..quarter]), mean(&memory[memory.len() - quarter..]));
    let seconds = options.overload.as_secs_f64();
    let mut report = Report::new(
        "Twice what it can do",
        format!(
            "Tier {}, {AT_ONCE} job at a time, SQLite, `longest_wait_ms = {longest:.0}`; {asked} disclosures over {seconds:.0} s, \
             arriving by a clock at twice the rate of a service that always has work, each timed from when it was to arrive.",
            options.tier
        ),
    );
    report.row("capacity, disclosures a second", capacity, "");
    report.row("ended a second, under overload", ended.count() as f64 / seconds, "");
    report.row("refused", 100.0 * refused.count() as f64 / asked.max(1) as f64, "%");
    report.time("unloaded, from submitting to the end, median", unloaded.median());
    report.time("unloaded, 99 of 100", unloaded.p99());
    report.time("accepted under overload, median", ended.median());
    report.time("accepted under overload, 99 of 100", ended.p99());
    report.time("accepted under overload, at most", ended.most());
    report.time("refused, median", refused.median());
    report.time("refused, the slowest", refused.most());
    report.row("resident memory, first quarter", first, "MB");
    report.row("resident memory, last quarter", last, "MB");
    for (code, count) in &failed {
        report.row(format!("failed: {code}"), *count as f64, "");
    }
    let ratio = ended.p99().as_secs_f64() / unloaded.p99().as_secs_f64();
    // Of none there is no time.
    let of = |spread: &Spread, value: f64| if spread.count() == 0 { f64::NAN } else { value };
    report.at_most("accepted, 99 of 100, beside unloaded", 2.0, of(&ended, ratio), "times");
    report.at_most("refused, 99 of 100", 50.0, of(&refused, ms(refused.p99())), "ms");
    report.at_most(
        "memory grown, last quarter beside first",
        10.0,
        100.0 * (last / first - 1.0),
        "%",
    );
    report.at_most(
        "neither ended nor refused",
        0.0,
        failed.values().sum::<usize>() as f64,
        "",
    );
    Ok(report)
}

// Of a service that refuses nothing: latency of one at a time, and how many a second where work is there always.
async fn free(world: &World) -> Outcome<(Spread, f64)> {
    let service = world.serve(&Setup::in_file("free", AT_ONCE))?;
    let mut client = client::connect(&service.address).await?;
    let unloaded = singles(&mut client, world).await?;
    let count = (CAPACITY.as_secs_f64() / unloaded.median().as_secs_f64()).ceil() as usize;
    Ok((unloaded, overhead::rate(&client, world, AT_ONCE, count).await?))
}

async fn singles(client: &mut Client, world: &World) -> Outcome<Spread> {
    let mut times = Vec::new();
    // The first make what all others work in.
    for number in 0..SINGLES + 5 {
        let disclosure = world.disclosure(number);
        let start = Instant::now();
        client::proved(client, disclosure).await?;
        times.push(start.elapsed());
    }
    Ok(Spread::of(times.split_off(5)))
}

async fn overloaded(
    service: &Service,
    client: &Client,
    world: &World,
    a_second: f64,
    within: Duration,
) -> Outcome<(Vec<Answer>, Vec<f64>)> {
    let (mut calls, mut answers, mut memory) = (JoinSet::new(), Vec::new(), Vec::new());
    let start = Instant::now();
    let mut looked = 0;
    for (number, at) in arrivals(a_second, within, 1).into_iter().enumerate() {
        let intended = start + at;
        tokio::time::sleep_until(intended.into()).await;
        calls.spawn(answered(client.clone(), world.disclosure(number), intended));
        while let Some(answer) = calls.try_join_next() {
            answers.push(answer?);
        }
        if start.elapsed().as_secs() >= looked {
            looked += 1;
            memory.push(service.process.resident()?);
            if looked % 30 == 0 {
                progress(format_args!("    {looked} of {} s", within.as_secs()));
            }
        }
    }
    while let Some(answer) = calls.join_next().await {
        answers.push(answer?);
    }
    Ok((answers, memory))
}

async fn answered(mut client: Client, disclosure: v1::Disclosure, intended: Instant) -> Answer {
    let ended = async {
        let job = client::submit(&mut client, disclosure).await?;
        let job = client::followed(&mut client, &job).await?;
        Ok::<_, Status>(job)
    };
    match tokio::time::timeout(PATIENCE, ended).await {
        Err(_) => Answer::Failed("patience".to_owned()),
        Ok(Ok(job)) if job.state() == State::Succeeded => Answer::Ended(intended.elapsed()),
        Ok(Ok(job)) => Answer::Failed(format!("{} {}", job.state().as_str_name(), job.error_code)),
        Ok(Err(status)) => match client::code(&status).as_str() {
            "load.queue" => Answer::Refused(intended.elapsed()),
            code => Answer::Failed(format!("{:?} {code}", status.code())),
        },
    }
}
