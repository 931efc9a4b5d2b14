//! `cargo xtask cuda`: the prover on a CUDA device, compiled, tested and measured.

use crate::run::{Outcome, Result, cargo, output, step_with};
use crate::tools;

const PACKAGES: [&str; 8] = [
    "--package",
    "medproof-cuda",
    "--package",
    "medproof-engine",
    "--package",
    "medproof-cli",
    "--package",
    "medproof-benches",
];

/// Compiles with the feature `cuda`, and runs the tests that need a device, which skip without one.
pub fn run() -> Result<Outcome> {
    let Some(nvcc) = tools::ensure_nvcc()? else {
        return Ok(Outcome::Incomplete);
    };
    let device = output("nvidia-smi", &["-L"]);
    // Where there is a device, a test that does not find it fails.
    let required = if device.is_some() { "1" } else { "" };
    let env = [("NVCC", nvcc.as_str()), ("MEDPROOF_DEVICE", required)];
    let features = [
        "--features",
        "medproof-engine/cuda,medproof-cli/cuda,medproof-benches/cuda",
    ];
    let clippy = [
        &["clippy", "--quiet", "--all-targets"],
        &PACKAGES[..],
        &features,
        &["--", "--deny", "warnings"],
    ];
    step_with("clippy, with CUDA", ".", &cargo(), &clippy.concat(), &env)?;
    let test = [
        "test",
        "--lib",
        "--package",
        "medproof-cuda",
        "--package",
        "medproof-engine",
    ];
    let test = [
        &test[..],
        &features[..1],
        &["medproof-engine/cuda", "--", "bases::", "coset::", "gpu::"],
    ];
    step_with(
        "sums, quotients and proofs on the device",
        ".",
        &cargo(),
        &test.concat(),
        &env,
    )?;
    let measure = [
        "--release",
        "--package",
        "medproof-benches",
        "--features",
        "cuda",
        "--bin",
        "device",
    ];
    step_with(
        "what measures it",
        ".",
        &cargo(),
        &[&["build"], &measure[..]].concat(),
        &env,
    )?;
    let Some(device) = device else {
        println!("\nCompiled. No CUDA device is here: nothing was run on one.");
        return Ok(Outcome::Incomplete);
    };
    step_with(
        "the device beside the cores",
        ".",
        &cargo(),
        &[&["run"], &measure[..]].concat(),
        &env,
    )?;
    println!("\nRun on {}", device.trim());
    Ok(Outcome::Passed)
}
