//! `cargo xtask aarch64`: that what others run on such machines compiles for them.

use crate::run::{Outcome, Result, cargo, output, step};
use std::path::Path;

const TARGET: &str = "aarch64-unknown-linux-gnu";
const PACKAGES: [&str; 4] = ["medproof-lanes", "medproof-engine", "medproof-verifier", "medproof-cli"];

/// Checks all of them; where there is no standard library for the target, says what installs it.
pub fn check() -> Result<Outcome> {
    let sysroot = output("rustc", &["--print", "sysroot"]).ok_or("rustc --print sysroot failed")?;
    if !Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).exists() {
        println!("The standard library for AArch64 is missing. Install it with:\n    rustup target add {TARGET}");
        return Ok(Outcome::Incomplete);
    }
    let mut arguments = vec!["check", "--quiet", "--target", TARGET];
    arguments.extend(PACKAGES.iter().flat_map(|package| ["--package", package]));
    step("prover and verifier for AArch64", ".", &cargo(), &arguments)?;
    Ok(Outcome::Passed)
}
