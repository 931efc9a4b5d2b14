//! A CUDA device beside the cores: proofs a second of each tier, and a proof of 2^20 rows.
//! `cargo run --release -p medproof-benches --features cuda --bin device`, where there is a device.

use medproof_benches::links::Links;
use medproof_benches::{median, witness};
use medproof_engine::circom::AnyKey;
use medproof_engine::cpu::{Ready, ReadyKey, Settings};
use medproof_engine::gpu::{Device, GpuKey, GpuReady};
use medproof_engine::{Blinding, Cpu, Crew, Engine, Gpu, Quiet, Unstoppable};
use medproof_keys::{KeyStore, Mode};
use medproof_statement::tier::Tier;
use std::error::Error;
use std::io::{Write, stdout};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let device = Device::first()?;
    let cores = std::thread::available_parallelism()?;
    let mut out = format!(
        "| batches on {cores} cores | proofs a second, cores alone | with the device | ms a proof with the device |\n\
         |---|---:|---:|---:|\n"
    );
    for tier in Tier::ALL {
        out += &of_tier(tier, &device, cores)?;
    }
    out += "\n| one proof | ms, cores alone | ms with the device |\n|---|---:|---:|\n";
    out += &of_size(20, &device)?;
    Ok(stdout().write_all(out.as_bytes())?)
}

fn of_tier(tier: Tier, device: &Device, cores: NonZeroUsize) -> Outcome<String> {
    let store = KeyStore::of_user()?;
    let key = store.development(tier, &Quiet)?;
    let (on_cores, _) = ReadyKey::development(&store, tier, Settings::default(), &Quiet, &Quiet)?;
    let cpu = Cpu::new(Mode::Development, [Arc::new(on_cores)])?;
    let gpu = Gpu::new(Mode::Development, [GpuKey::of(device, &key, &Quiet)?])?;
    let (alone, with) = (rate(cpu, tier, cores)?, rate(gpu, tier, cores)?);
    Ok(format!("| {tier} | {alone:.1} | {with:.1} | {:.2} |\n", 1e3 / with))
}

// Proofs a second, of a batch that takes some seconds.
fn rate(engine: impl Engine, tier: Tier, cores: NonZeroUsize) -> Outcome<f64> {
    let statement = witness(tier);
    let crew = Crew::new(engine, cores);
    let timed = |count: usize| -> Outcome<f64> {
        let statements = vec![statement.clone(); count];
        let start = Instant::now();
        let proven = crew.batch(&statements, &Quiet);
        let took = start.elapsed().as_secs_f64();
        proven.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(count as f64 / took)
    };
    // The first makes what the others work in.
    let first = timed(2 * cores.get())?;
    timed((4.0 * first).ceil() as usize + cores.get())
}

fn of_size(bits: u32, device: &Device) -> Outcome<String> {
    let (key, assignment) = Links::filling(bits)?;
    let on_cores = Ready::of_zkey(&key, Settings::default(), &Quiet)?;
    let on_device = GpuReady::of_zkey(device, &key, &Quiet)?;
    let [alone, with] = [&on_cores as &(dyn AnyKey + Sync), &on_device].map(|key| {
        let prove = || key.prove(assignment.values(), &Blinding::fresh()?, &Unstoppable);
        median(5, || prove().is_ok()).as_secs_f64() * 1e3
    });
    Ok(format!("| 2^{bits} | {alone:.0} | {with:.0} |\n"))
}
