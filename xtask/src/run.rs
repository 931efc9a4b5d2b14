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

/// A program, which is not told that `cargo` runs us: build scripts that look at such words would take each change
/// between `cargo xtask` and `cargo` for a reason to begin anew, and all that is built on them with them.
pub fn command_of(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_of_our_package) {
            command.env_remove(name);
        }
    }
    command
}

fn is_of_our_package(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_"]
        .iter()
        .any(|start| variable.starts_with(start))
}

/// Runs a program in a folder of the repository, its output shown.
pub fn step(name: &str, folder: &str, program: &str, args: &[&str]) -> Result<()> {
    step_with(name, folder, program, args, &[])
}

/// As [`step`], with variables in the environment.
pub fn step_with(name: &str, folder: &str, program: &str, args: &[&str], env: &[(&str, &str)]) -> Result<()> {
    println!("\n==> {name}\n    {program} {}", args.join(" "));
    let start = Instant::now();
    let status = command_of(program)
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
    let output = command_of(program)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_says_of_this_package_is_not_passed_on() {
        let told = ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_LINKS"];
        assert!(told.into_iter().all(is_of_our_package));
        let settings = ["CARGO", "CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_INCREMENTAL", "PATH"];
        assert!(!settings.into_iter().any(is_of_our_package));
        // As these tests are told.
        let removed: Vec<_> = command_of("true").get_envs().map(|(name, _)| name.to_owned()).collect();
        assert!(removed.iter().any(|name| name == "CARGO_MANIFEST_DIR"), "{removed:?}");
    }
}
