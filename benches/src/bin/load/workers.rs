//! Worker processes that share a store in PostgreSQL: how much more come of more of them.

use crate::bare::Bare;
use crate::client;
use crate::report::{Report, progress};
use crate::world::{Setup, World};
use crate::{Options, Outcome};
use medproof_proto::v1;
use medproof_proto::v1::job::State;
use sqlx::{AssertSqlSafe, PgPool};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::runtime::Runtime;

const WORKERS: [usize; 3] = [1, 2, 4];
const ROUNDS: usize = 3;
/// How long a round of each takes, about.
const ROUND: Duration = Duration::from_secs(12);

/// Disclosures a second by worker processes on one thread each, beside the engine on as many threads.
pub fn measure(options: &Options) -> Outcome<Report> {
    let server = options.postgres.as_deref().ok_or("workers: expected --postgres URL")?;
    let world = World::new(options)?;
    let bare = Bare::new(options.tier)?;
    let runtime = Runtime::new()?;
    let cores = std::thread::available_parallelism()?.get();
    bare.rate_alone(&world, cores, 2 * cores)?;
    let mut rates = BTreeMap::<usize, Vec<(f64, f64)>>::new();
    for round in 0..ROUNDS {
        for workers in WORKERS {
            let threads = workers.min(cores);
            let count = (bare.rate_alone(&world, threads, 4 * threads)? * ROUND.as_secs_f64()) as usize;
            let alone = bare.rate_alone(&world, threads, count)?;
            let rate = runtime.block_on(rate(&world, server, workers, count + workers))?;
            progress(format_args!(
                "    round {} of {ROUNDS}, {workers} workers: {rate:.2} a second, the engine alone {alone:.2}",
                round + 1
            ));
            rates.entry(workers).or_default().push((alone, rate));
        }
    }
    // By how much of the engine's rate it came to.
    let middle = |workers| {
        let mut all = rates.get(&workers).cloned().unwrap_or_default();
        all.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
        all.get(all.len() / 2).copied().unwrap_or((f64::NAN, f64::NAN))
    };
    let mut report = Report::new(
        "Workers of their own",
        format!(
            "Tier {}, {cores} cores, PostgreSQL; processes of one thread that work on one job at a time, beside the engine on as many \
             threads as cores allow; {ROUNDS} rounds, the middle one.",
            options.tier
        ),
    );
    for workers in WORKERS {
        let (alone, rate) = middle(workers);
        report.row(format!("{workers} workers, disclosures a second"), rate, "");
        report.row(format!("the engine on {} threads", workers.min(cores)), alone, "");
    }
    let lost = |workers| {
        let (alone, rate) = middle(workers);
        100.0 * (1.0 - rate / alone)
    };
    report.at_most("lost beside the engine, 1 worker", 10.0, lost(1), "%");
    report.at_most("lost beside the engine, 2 workers", 10.0, lost(2), "%");
    report.at_most(
        "4 workers worse than 2",
        10.0,
        100.0 * (1.0 - middle(4).1 / middle(2).1),
        "%",
    );
    Ok(report)
}

/// A new database on this server. Gone with the server.
pub async fn database(server: &str, name: &str) -> Outcome<String> {
    let pool = PgPool::connect(server).await?;
    let unique = format!("load_{name}_{}", hex::encode(*medproof_cli::keyfile::random::<8>()?));
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {unique}")))
        .execute(&pool)
        .await?;
    pool.close().await;
    let url = server.replacen("/postgres?", &format!("/{unique}?"), 1);
    if url == server {
        return Err(format!("expected a server's database `postgres`, found {server}").into());
    }
    Ok(url)
}

// From the first that ended on, with each of the workers at work, to the last.
async fn rate(world: &World, server: &str, workers: usize, count: usize) -> Outcome<f64> {
    let store = database(server, "workers").await?;
    let setup = Setup {
        store: store.clone(),
        ..Setup::in_file("workers", 0)
    };
    let service = world.serve(&setup)?;
    let mut client = client::connect(&service.address).await?;
    let _working = (0..workers)
        .map(|_| world.worker(&store))
        .collect::<Outcome<Vec<_>>>()?;
    let mut jobs = Vec::new();
    for first in (0..count).step_by(500) {
        let disclosures = (first..count.min(first + 500))
            .map(|number| world.disclosure(number))
            .collect();
        let request = v1::BatchSubmitDisclosuresRequest {
            disclosures,
            idempotency_key: String::new(),
        };
        jobs.extend(client.batch_submit_disclosures(request).await?.into_inner().jobs);
    }
    let mut ends = Vec::with_capacity(count);
    for job in jobs {
        let job = client::followed(&mut client, &job.id).await?;
        if job.state() != State::Succeeded {
            return Err(format!(
                "a job ended as {}: every one of this run holds",
                job.state().as_str_name()
            )
            .into());
        }
        let ended = job.ended.ok_or("an end without a time")?;
        ends.push(ended.seconds as f64 + f64::from(ended.nanos) * 1e-9);
    }
    ends.sort_by(f64::total_cmp);
    let (first, last) = (ends[workers - 1], ends[ends.len() - 1]);
    Ok((count - workers) as f64 / (last - first))
}
