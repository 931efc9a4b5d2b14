//! How far the prover is from what its multiplier gives: for a tier, the multiplications that each part
//! of a proof needs, times what the best one takes, beside what the part took. One thread.
//! `cargo run --release -p medproof-benches --bin limit -- M`.

use medproof_benches::{numbers, pool, witness};
use medproof_disclosure::Disclosure;
use medproof_engine::cpu::{Part, Ready, ReadyKey, Settings};
use medproof_engine::{Assignment, Blinding, ProveError, Unstoppable};
use medproof_keys::{KeyStore, Quiet};
use medproof_lanes::modulus::{Ark, Base};
use medproof_lanes::{Path, rate};
use medproof_statement::tier::Tier;
use std::error::Error;
use std::io::{Write, stdout};
use std::time::{Duration, Instant};

// The best of so many is shown.
const TRIES: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let tier: Tier = std::env::args().nth(1).as_deref().unwrap_or("M").parse()?;
    let settings = Settings::default();
    let (key, _) = ReadyKey::development(&KeyStore::of_user()?, tier, settings, &Quiet, &Quiet)?;
    let ready = key.ready();
    let (public, witness) = witness(tier);
    let assignment = Assignment::synthesise(Disclosure::new(public, &witness), key.shape())?;
    let (rate, parts, proof) = pool(1).install(|| -> Result<_, ProveError> {
        let parts = best_parts(ready, assignment.values())?;
        let mut proof = Duration::MAX;
        for _ in 0..TRIES {
            let start = Instant::now();
            ready.prove(assignment.values(), &Blinding::fresh()?, &Unstoppable)?;
            proof = proof.min(start.elapsed());
        }
        Ok((nanoseconds(settings.path), parts, proof))
    })?;
    write!(stdout(), "{}", table(tier, settings.path, rate, &parts, proof))?;
    Ok(())
}

fn best_parts(ready: &Ready, z: &[Ark<medproof_lanes::modulus::Scalar>]) -> Result<Vec<Part>, ProveError> {
    let mut best = ready.parts(z)?;
    for _ in 1..TRIES {
        for (best, part) in best.iter_mut().zip(ready.parts(z)?) {
            best.took = best.took.min(part.took);
        }
    }
    Ok(best)
}

// Of a multiplication, at best.
fn nanoseconds(path: Path) -> f64 {
    const ELEMENTS: usize = 32;
    const TIMES: usize = 20_000;
    let mut elements: Vec<Ark<Base>> = numbers(ELEMENTS);
    let by = elements[0];
    let tries = (0..4 * TRIES).map(|_| {
        let start = Instant::now();
        rate::multiply::<Base>(path, &mut elements, &by, TIMES);
        start.elapsed()
    });
    tries.min().unwrap_or_default().as_secs_f64() * 1e9 / (ELEMENTS * TIMES) as f64
}

fn table(tier: Tier, path: Path, rate: f64, parts: &[Part], proof: Duration) -> String {
    let line = |name: &str, additions: usize, multiplications: usize, took: Duration| {
        let (limit, took) = (multiplications as f64 * rate / 1e6, took.as_secs_f64() * 1e3);
        let share = 100.0 * limit / took;
        format!("| {name} | {additions} | {multiplications} | {limit:.1} | {took:.1} | {share:.0} % |\n")
    };
    let mut out = format!(
        "Tier {tier}, one thread, {}: {rate:.2} ns a multiplication.\n\n\
         | part | additions of points | multiplications | these alone, ms | measured, ms | share |\n\
         |---|---:|---:|---:|---:|---:|\n",
        path.name()
    );
    for part in parts {
        out += &line(part.name, part.additions, part.multiplications, part.took);
    }
    let sum = |of: fn(&Part) -> usize| parts.iter().map(of).sum();
    out + &line("a proof", sum(|p| p.additions), sum(|p| p.multiplications), proof)
}
