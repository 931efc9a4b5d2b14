//! Running commands and saying so.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// How a command of ours ended, if it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it passed.
    Passed,
    /// What could be run passed; something could not be installed, or is not there.
    Incomplete,
}

pub type Result<T> = std::result::Result<T, String>;

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Where cargo builds.
pub fn target() -> Result<PathBuf> {
    let args = ["metadata", "--format-version", "1", "--no-deps"];
    let metadata = output(&cargo(), &args).ok_or("cargo metadata failed")?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).map_err(|e| e.to_string())?;
    let target = metadata["target_directory"].as_str();
    Ok(target.ok_or("cargo metadata without a target directory")?.into())
}

/// The cargo that runs us.
pub fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Runs a program in a folder of the repository, its output shown.
pub fn step(name: &str, folder: &str, program: &str, args: &[&str]) -> Result<()> {
    step_with(name, folder, program, args, &[])
}

/// As [`step`], with variables in the environment.
pub fn step_with(name: &str, folder: &str, program: &str, args: &[&str], env: &[(&str, &str)]) -> Result<()> {
    println!("\n==> {name}\n    {program} {}", args.join(" "));
    let start = Instant::now();
    let status = Command::new(program)
        .args(args)
        .envs(env.iter().copied())
        .current_dir(root().join(folder))
        .stdin(Stdio::null())
        .status()
        .map_err(|e| format!("{name}: cannot start {program}: {e}"))?;
    let seconds = start.elapsed().as_secs();
    if status.success() {
        println!("    {name}: passed in {seconds} s");
        Ok(())
    } else {
        Err(format!(
            "{name} failed after {seconds} s ({status}). To repeat it: (cd {folder} && {program} {})",
            args.join(" ")
        ))
    }
}

/// What a program prints, or nothing where it cannot run or fails.
pub fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
