//! What a hospital asks of the prover, tier by tier: how soon a key is ready and what memory it takes,
//! how long a witness, a proof and an end to it take, how many proofs a second; and how the cost grows
//! with the circuit. `cargo run --release -p medproof-benches --bin tiers`, or with `tier M lean` or
//! `size 16` for one line, which is measured in a process of its own.

use medproof_benches::links::Links;
use medproof_benches::{median, pool, witness};
use medproof_disclosure::Disclosure;
use medproof_engine::cpu::{Ready, ReadyKey, Settings};
use medproof_engine::{Assignment, Blinding, Cpu, Crew, Engine, ProveStage, Unstoppable};
use medproof_keys::{KeyStore, Mode, Progress, Quiet};
use medproof_statement::check::Witness;
use medproof_statement::public::PublicInputs;
use medproof_statement::tier::Tier;
use std::error::Error;
use std::io::{Write, stdout};
use std::num::NonZeroUsize;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

const TABLES: [&str; 2] = ["full", "lean"];

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let text = match arguments.as_slice() {
        [] => page()?,
        ["ready", tier, table] => {
            ready(tier.parse()?, settings(table)?)?;
            String::new()
        }
        ["tier", tier, table] => of_tier(tier.parse()?, table)?,
        ["size", bits] => of_size(bits.parse()?)?,
        _ => return Err(
            "usage: tiers | tiers ready TIER TABLE | tiers tier TIER TABLE | tiers size BITS, with TABLE full or lean"
                .into(),
        ),
    };
    Ok(stdout().write_all(text.as_bytes())?)
}

fn page() -> Outcome<String> {
    let mut out = "| tier | tables, MB | key ready, ms | memory at most, MB | witness, ms | a proof on 1 thread, ms | \
                   of which the witness | on 2 threads, ms | proofs a second, batch on 2 threads | times 2 ÷ 1-thread \
                   latency | stopped within, ms |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for tier in Tier::ALL {
        for table in TABLES {
            // At first use it is made: what is measured then finds it.
            alone(&["ready", tier.name(), table])?;
            out += &alone(&["tier", tier.name(), table])?;
        }
    }
    out += "\n| constraints | a proof on 1 thread, ms | ns for each n·log₂ n |\n|---:|---:|---:|\n";
    for bits in ["14", "16", "18", "20"] {
        out += &alone(&["size", bits])?;
    }
    Ok(out)
}

// In a process of its own, whose memory is measured.
fn alone(arguments: &[&str]) -> Outcome<String> {
    let output = Command::new(std::env::current_exe()?).args(arguments).output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

fn settings(table: &str) -> Outcome<Settings> {
    match table {
        "full" => Ok(Settings::default()),
        "lean" => Ok(Settings::lean()),
        _ => Err(format!("expected full or lean, found {table}").into()),
    }
}

fn ready(tier: Tier, settings: Settings) -> Outcome<ReadyKey> {
    let (key, unkept) = ReadyKey::development(&KeyStore::of_user()?, tier, settings, &Quiet, &Quiet)?;
    unkept.map_or(Ok(key), |error| Err(error.into()))
}

fn of_tier(tier: Tier, table: &str) -> Outcome<String> {
    let start = Instant::now();
    let key = ready(tier, settings(table)?)?;
    let readied = start.elapsed();
    let (public, witness) = witness(tier);
    let (one, two) = (pool(1), pool(2));
    let synthesise = || Assignment::synthesise(Disclosure::new(public, &witness), key.shape());
    let assignment = synthesise()?;
    let synthesis = one.install(|| best(9, || synthesise().map(drop)))?;
    let prove = || -> Outcome<()> {
        key.ready()
            .prove(assignment.values(), &Blinding::fresh()?, &Unstoppable)?;
        Ok(())
    };
    let on_one = one.install(|| median(9, || prove().is_ok()));
    let memory = peak_memory()?;
    let on_two = two.install(|| median(9, || prove().is_ok()));

    let tables = key.ready().table_bytes();
    let engine = Arc::new(Cpu::new(Mode::Development, [Arc::new(key)])?);
    let statement = (public, witness);
    let statements = vec![statement; 2 * (2.0 / on_one.as_secs_f64()).ceil().max(4.0) as usize];
    let crew = Crew::new(Arc::clone(&engine), NonZeroUsize::new(2).ok_or("threads")?);
    // What two proofs at a time work in is made by the first two.
    crew.batch(&statements[..2], &Quiet);
    let alone = || one.install(|| median(5, || engine.prove(&statements[0].0, &statements[0].1, &Quiet).is_ok()));
    // One beside the other, round after round: the machine is not the same for long.
    let mut rounds: Vec<(f64, f64)> = (0..5)
        .map(|_| (alone().as_secs_f64(), rate(&crew, &statements)))
        .collect();
    rounds.sort_by(|(a, b), (c, d)| (a * b).total_cmp(&(c * d)));
    let (latency, rate) = rounds[rounds.len() / 2];
    let stopped = one.install(|| stopping(engine.as_ref(), &statements[0], Duration::from_secs_f64(latency)));
    Ok(format!(
        "| {tier}{} | {:.0} | {:.0} | {memory:.0} | {:.1} | {:.0} | {:.0} % | {:.0} | {rate:.2} | {:.2} | {:.0} |\n",
        if table == "lean" { ", lean" } else { "" },
        tables as f64 / 1e6,
        ms(readied),
        ms(synthesis),
        ms(on_one),
        100.0 * ms(synthesis) / ms(on_one),
        ms(on_two),
        rate * latency / 2.0,
        ms(stopped),
    ))
}

// Proofs a second.
fn rate(crew: &Crew<Arc<Cpu>>, statements: &[(PublicInputs, Witness)]) -> f64 {
    let start = Instant::now();
    let proven = crew.batch(statements, &Quiet);
    proven.into_iter().filter(Result::is_ok).count() as f64 / start.elapsed().as_secs_f64()
}

struct Stop(AtomicBool);

impl Progress<ProveStage> for Stop {
    fn advance(&self, _: ProveStage, _: u64, _: u64) {}

    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

// The longest that a proof goes on after it was stopped, at twenty points of it.
fn stopping(engine: &Cpu, (public, witness): &(PublicInputs, Witness), latency: Duration) -> Duration {
    let stopped = (0..20).filter_map(|point| {
        let stop = Stop(AtomicBool::new(false));
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| {
                std::thread::sleep(latency * point / 20);
                stop.0.store(true, Ordering::Relaxed);
                Instant::now()
            });
            let outcome = engine.prove(public, witness, &stop);
            let end = Instant::now();
            outcome.err()?;
            Some(end.saturating_duration_since(asked.join().ok()?))
        })
    });
    stopped.max().unwrap_or_default()
}

fn of_size(bits: u32) -> Outcome<String> {
    let (key, assignment) = Links::filling(bits)?;
    let ready = Ready::of_zkey(&key, Settings::default(), &Quiet)?;
    let proved = || -> Outcome<()> {
        ready.prove(assignment.values(), &Blinding::fresh()?, &Unstoppable)?;
        Ok(())
    };
    let took = pool(1).install(|| median(5, || proved().is_ok()));
    let steps = f64::from(bits) * (1u64 << bits) as f64;
    Ok(format!(
        "| 2^{bits} | {:.0} | {:.1} |\n",
        ms(took),
        took.as_nanos() as f64 / steps
    ))
}

fn best<E>(times: usize, mut work: impl FnMut() -> Result<(), E>) -> Result<Duration, E> {
    let mut best = Duration::MAX;
    for _ in 0..times {
        let start = Instant::now();
        work()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

// Of this process so far, in MB.
fn peak_memory() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: f64 = line.ok_or("no VmHWM")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
