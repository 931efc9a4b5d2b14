//! `cargo xtask flame`: where a proof's time goes, as a flame graph.

use crate::run::{Outcome, Result, cargo, output, root, step_with};
use crate::{page, peers, tools};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const PICTURE: &str = "docs/performance/prove.svg";

/// Proves again and again on one thread while `perf` looks on.
pub fn run() -> Result<Outcome> {
    if !tools::has("perf") {
        println!("perf is missing. Install it with:\n    sudo apt-get install -y --no-install-recommends linux-perf");
        return Ok(Outcome::Incomplete);
    }
    tools::ensure_inferno()?;
    let folder = peers::folder()?;
    let target = folder.join("flame");
    let text = |path: &Path| path.to_str().map(str::to_owned).ok_or("a path that is no text");
    let build = [
        "build",
        "--release",
        "--package",
        "medproof-benches",
        "--bin",
        "peer",
        "--target-dir",
        &text(&target)?,
    ];
    // Frames that perf can follow, and the names of what was inlined.
    let flags = [
        ("RUSTFLAGS", "-C force-frame-pointers=yes"),
        ("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only"),
    ];
    step_with("our prover, to be looked at", ".", &cargo(), &build, &flags)?;
    let program = text(&target.join("release/peer"))?;
    let peer = [program.as_str(), "own", "M", &text(&folder.join("flame.own"))?].map(str::to_owned);
    // Once, so that its key is prepared.
    prove(&peer, 1, &folder)?;
    let data = text(&folder.join("perf.data"))?;
    let record = [
        "perf",
        "record",
        "--quiet",
        "--freq",
        "999",
        "--call-graph",
        "fp",
        "--output",
        &data,
    ];
    let record: Vec<String> = record.iter().map(|word| (*word).to_owned()).chain(peer).collect();
    prove(&record, PROOFS, &folder)?;
    let stacks = folder.join("perf.stacks");
    keep(&stacks, output("perf", &["script", "--input", &data]))?;
    let folded = folder.join("perf.folded");
    keep(&folded, output("inferno-collapse-perf", &[&text(&stacks)?]))?;
    let title = ["--title", "Proofs of tier M on one thread", &text(&folded)?];
    let picture = output("inferno-flamegraph", &title).ok_or("inferno-flamegraph failed")?;
    page::write(&root().join(PICTURE), &picture)?;
    Ok(Outcome::Passed)
}

const PROOFS: usize = 40;

// Tells the prover so many times to prove, on one thread.
fn prove(command: &[String], times: usize, folder: &Path) -> Result<()> {
    let (program, arguments) = command.split_first().ok_or("no program")?;
    println!("\n==> {times} proofs\n    {}", command.join(" "));
    let mut child = Command::new(program)
        .args(arguments)
        .env("RAYON_NUM_THREADS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|e| format!("{program}: {e}"))?;
    let mut input = child.stdin.take().ok_or("no pipe")?;
    let line = format!("prove {}\n", folder.join("flame.json").display());
    let told = input.write_all(line.repeat(times).as_bytes());
    drop(input);
    let status = child.wait().map_err(|e| format!("{program}: {e}"))?;
    told.map_err(|e| format!("{program}: {e}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{program}: {status}"))
    }
}

fn keep(path: &Path, text: Option<String>) -> Result<()> {
    let text = text.ok_or_else(|| format!("{} could not be made", path.display()))?;
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}
