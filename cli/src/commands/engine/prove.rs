//! `medproof engine prove`.

use super::{FILE_LIMIT, load, milliseconds, write_json};
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::files::{self, Overwrite};
use crate::ui::Bar;
use clap::{Args, ValueEnum};
use medproof_engine::circom::Circom;
use medproof_engine::cpu::{FileError, Ready, Settings};
use medproof_engine::gpu::{Device, GpuReady};
use medproof_engine::{ProveError, Unstoppable};
use medproof_keys::circom::{Zkey, proof_json, public_json, read_witness, read_zkey};
use serde::Serialize;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Arguments of `engine prove`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof engine prove --zkey circuit.zkey --wtns witness.wtns --proof proof.json --public public.json\n  \
    medproof engine prove --zkey c.zkey --wtns w.wtns --proof p.json --public i.json --threads 1 --repeat 10 --json\n  \
    medproof engine prove --zkey c.zkey --wtns w.wtns --proof p.json --public i.json --prepared c.ready\n\n\
    `medproof engine verify` and snarkjs verify what this writes."
)]
pub struct EngineProveArgs {
    /// The key, as snarkjs writes it (BN254, Groth16).
    #[arg(long, value_name = "FILE")]
    pub zkey: PathBuf,
    /// The witness, as circom's calculators write it.
    #[arg(long, value_name = "FILE")]
    pub wtns: PathBuf,
    /// Where the proof goes.
    #[arg(long, value_name = "FILE")]
    pub proof: PathBuf,
    /// Where the public inputs go.
    #[arg(long, value_name = "FILE")]
    pub public: PathBuf,
    /// Threads; without it, one for each core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Prove so many times, each with its own randomness; the last is written.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: u32,
    /// Keep what is made of the key in this file, and find it there the next time. It is some ten
    /// times as large as the key.
    #[arg(long, value_name = "FILE")]
    pub prepared: Option<PathBuf>,
    /// Take less memory and more time.
    #[arg(long)]
    pub lean: bool,
    /// Prove as on a machine without AVX-512: the same proofs, slower.
    #[arg(long)]
    pub portable: bool,
    /// Where sums and transforms are done. `cuda` needs a build with the feature `cuda`, and such a device.
    #[arg(long, value_enum, default_value_t = Place::Cpu, value_name = "WHERE")]
    pub on: Place,
    /// Replace the files if they are there.
    #[arg(long)]
    pub force: bool,
}

/// Where a proof is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Place {
    /// On the cores.
    Cpu,
    /// On the first CUDA device.
    Cuda,
}

/// What was proved, and how long it took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EngineReport {
    /// Where the proof is.
    pub proof: PathBuf,
    /// Where the public inputs are.
    pub public: PathBuf,
    /// Of the circuit, the constant 1 included.
    pub variables: usize,
    /// Elements of the key's domain.
    pub domain: usize,
    /// Bytes of the key's points, in tables or on the device.
    pub table_bytes: usize,
    /// How many worked on it.
    pub threads: usize,
    /// `avx512ifma` where that is, `portable` elsewhere; `cuda` on such a device.
    pub path: &'static str,
    /// Reading both files.
    pub read_ms: f64,
    /// Making the key ready, or reading it as it was made ready.
    pub ready_ms: f64,
    /// Each proof with its verification, in order.
    pub prove_ms: Vec<f64>,
    /// Of these.
    pub median_ms: f64,
}

/// Proves.
///
/// # Errors
/// Where a file cannot be read or written, the witness is another circuit's or does not satisfy it.
pub fn prove(args: &EngineProveArgs, cx: &Context) -> Result<EngineReport, CliError> {
    let overwrite = Overwrite::from(args.force);
    files::check_target(&args.proof, overwrite)?;
    files::check_target(&args.public, overwrite)?;
    let threads = args.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|e| CliError::system("threads", e))?;
    let bar = cx.ui.bar("engine");
    pool.install(|| run(args, &bar))
}

fn run(args: &EngineProveArgs, bar: &Bar) -> Result<EngineReport, CliError> {
    let overwrite = Overwrite::from(args.force);
    let steps = u64::from(args.repeat) + 2;
    bar.set("reading", 0, steps);
    let start = Instant::now();
    let key = files::read_within(&args.zkey, "a .zkey", FILE_LIMIT)?;
    let witness = load(&args.wtns, "wtns", "a .wtns", read_witness)?;
    let read_ms = milliseconds(start.elapsed());

    crate::cancel::check()?;
    bar.set("making the key ready", 1, steps);
    let start = Instant::now();
    let (engine, path) = match args.on {
        Place::Cpu => {
            let settings = settings(args);
            (Circom::of(ready(args, &key, settings, bar)?), settings.path.name())
        }
        Place::Cuda => (Circom::of(sent(args, &key, bar)?), "cuda"),
    };
    let ready_ms = milliseconds(start.elapsed());

    let (mut prove_ms, mut last) = (Vec::new(), None);
    for round in 0..args.repeat {
        crate::cancel::check()?;
        bar.set("proving", u64::from(round) + 2, steps);
        let start = Instant::now();
        last = Some(engine.prove(&witness, &Unstoppable).map_err(refused)?);
        prove_ms.push(milliseconds(start.elapsed()));
    }
    let proof = last.ok_or_else(|| CliError::system("engine", "nothing was proved"))?;
    let inputs = engine.public(&witness);
    write_json(&args.public, &public_json(inputs), overwrite)?;
    write_json(&args.proof, &proof_json(&proof), overwrite)?;
    Ok(EngineReport {
        proof: args.proof.clone(),
        public: args.public.clone(),
        variables: witness.len(),
        domain: engine.key().domain(),
        table_bytes: engine.key().table_bytes(),
        threads: rayon::current_num_threads(),
        path,
        read_ms,
        ready_ms,
        median_ms: median(&prove_ms),
        prove_ms,
    })
}

fn settings(args: &EngineProveArgs) -> Settings {
    let memory = if args.lean {
        Settings::lean()
    } else {
        Settings::default()
    };
    if args.portable {
        let Settings { path, .. } = Settings::portable();
        return Settings { path, ..memory };
    }
    memory
}

// Of these bytes: found in the file for it, or made, and kept there.
fn ready(args: &EngineProveArgs, key: &[u8], settings: Settings, bar: &Bar) -> Result<Ready, CliError> {
    let Some(prepared) = &args.prepared else {
        return make(args, key, settings, bar);
    };
    let digest = Ready::digest_of(key);
    match Ready::read(&digest, settings, prepared) {
        Ok(ready) => return Ok(ready),
        // Only what is of this kind, or not there, is replaced.
        Err(FileError::Io(error)) if error.kind() == ErrorKind::NotFound => {}
        Err(error) if error.is_other_format() => return Err(misfit(prepared, &error)),
        Err(error @ (FileError::Io(_) | FileError::Memory(_))) => return Err(misfit(prepared, &error)),
        Err(FileError::Other { .. } | FileError::Damaged { .. }) => {}
    }
    let ready = make(args, key, settings, bar)?;
    ready.write(&digest, prepared).map_err(|e| misfit(prepared, &e))?;
    Ok(ready)
}

fn misfit(path: &Path, error: &FileError) -> CliError {
    CliError::input("prepared", format!("{}: {error}", path.display()))
        .with_help("name a file that this command made, or one that is not there yet")
}

fn make(args: &EngineProveArgs, key: &[u8], settings: Settings, bar: &Bar) -> Result<Ready, CliError> {
    Ready::of_zkey(&parsed(args, key)?, settings, bar).map_err(refused)
}

fn sent(args: &EngineProveArgs, key: &[u8], bar: &Bar) -> Result<GpuReady, CliError> {
    if args.lean || args.portable || args.prepared.is_some() {
        let error = CliError::input(
            "on",
            "--lean, --portable and --prepared are of the cores, not of a device",
        );
        return Err(error.with_help("leave them out, or leave out --on cuda"));
    }
    let device = Device::first().map_err(|failure| refused(failure.into()))?;
    GpuReady::of_zkey(&device, &parsed(args, key)?, bar).map_err(refused)
}

fn parsed(args: &EngineProveArgs, key: &[u8]) -> Result<Zkey, CliError> {
    read_zkey(key).map_err(|e| CliError::input("zkey", format!("{}: {e}", args.zkey.display())))
}

fn refused(error: ProveError) -> CliError {
    match error {
        ProveError::UnsatisfiedWitness => CliError::new(Kind::Refused, "witness.unsatisfied", error),
        ProveError::Mismatch { .. } => CliError::input("wtns", error),
        ProveError::OutsideGroup | ProveError::Unblindable => CliError::input("zkey", error),
        ProveError::Cancelled(_) => CliError::cancelled(),
        ProveError::Device(failure) => {
            CliError::system("device", failure).with_help("leave out --on cuda: the cores prove the same")
        }
        other => CliError::system("engine", other),
    }
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = |i: usize| sorted.get(i).copied().unwrap_or_default();
    (middle(sorted.len() / 2) + middle(sorted.len().saturating_sub(1) / 2)) / 2.0
}

impl fmt::Display for EngineReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Proved and verified: {} variables, domain of {}.",
            self.variables, self.domain
        )?;
        writeln!(f, "  proof   {}", self.proof.display())?;
        writeln!(f, "  public  {}", self.public.display())?;
        let count = self.prove_ms.len();
        writeln!(
            f,
            "  read {:.0} ms, key ready {:.0} ms, proved in {:.1} ms (median of {count}; {} threads, {})",
            self.read_ms, self.ready_ms, self.median_ms, self.threads, self.path
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_or_between_the_two_in_it() {
        assert_eq!(median(&[3.0, 1.0, 9.0]), 3.0);
        assert_eq!(median(&[4.0, 1.0, 9.0, 2.0]), 3.0);
        assert_eq!(median(&[]), 0.0);
    }
}
