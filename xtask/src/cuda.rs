//! `cargo xtask cuda`: the prover's sums on a CUDA device, compiled and tested.

use crate::run::{Outcome, Result, cargo, output, step_with};
use crate::tools;

/// Compiles with the feature `cuda`, and runs the tests that need a device, which skip without one.
pub fn run() -> Result<Outcome> {
    let Some(nvcc) = tools::ensure_nvcc()? else {
        return Ok(Outcome::Incomplete);
    };
    let device = output("nvidia-smi", &["-L"]);
    // Where there is a device, a test that does not find it fails.
    let required = if device.is_some() { "1" } else { "" };
    let env = [("NVCC", nvcc.as_str()), ("MEDPROOF_DEVICE", required)];
    let packages = ["--package", "medproof-cuda", "--package", "medproof-engine"];
    let with = |command: &'static [&'static str], rest: &'static [&'static str]| {
        [command, &packages, &["--features", "medproof-engine/cuda"], rest].concat()
    };
    let clippy = with(&["clippy", "--quiet", "--all-targets"], &["--", "--deny", "warnings"]);
    step_with("clippy, with CUDA", ".", &cargo(), &clippy, &env)?;
    let test = with(&["test", "--lib"], &["--", "bases::", "gpu::"]);
    step_with("sums and proofs on the device", ".", &cargo(), &test, &env)?;
    let Some(device) = device else {
        println!("\nCompiled. No CUDA device is here: nothing was run on one.");
        return Ok(Outcome::Incomplete);
    };
    println!("\nRun on {}", device.trim());
    Ok(Outcome::Passed)
}
