//! What the tests need beside Rust: found, or installed and said so.

use crate::run::{Result, cargo, output, root, step};

/// What could be had.
pub struct Tools {
    /// Node with npm and the packages of contracts (solc, anvil) and of tests (circom, snarkjs).
    pub node: bool,
    /// Python 3.11, for the independent evaluation.
    pub python: bool,
}

/// Finds or installs everything.
pub fn ensure() -> Result<Tools> {
    let node = has("node") && has("npm") || install_debian("Node.js and npm", &["nodejs", "npm"]);
    let node = node && packages()?;
    let python = has("python3") || install_debian("Python", &["python3"]);
    Ok(Tools { node, python })
}

/// cargo-deny, for `lint`.
pub fn ensure_cargo_deny() -> Result<()> {
    ensure_cargo_command("deny")
}

/// cargo-mutants, for `mutants`.
pub fn ensure_cargo_mutants() -> Result<()> {
    ensure_cargo_command("mutants")
}

fn ensure_cargo_command(command: &str) -> Result<()> {
    if output(&cargo(), &[command, "--version"]).is_some() {
        return Ok(());
    }
    let package = format!("cargo-{command}");
    step(
        &format!("install {package} from crates.io"),
        ".",
        &cargo(),
        &["install", "--quiet", "--locked", &package],
    )
}

fn has(program: &str) -> bool {
    output(program, &["--version"]).is_some()
}

// Debian's packages where we may; else the command to give.
fn install_debian(what: &str, packages: &[&str]) -> bool {
    let command = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    let is_root = output("id", &["-u"]).is_some_and(|id| id.trim() == "0");
    if !is_root || output("apt-get", &["--version"]).is_none() {
        println!("{what} is missing. Install it with:\n    sudo {command}\nThe tests that need it are left out.");
        return false;
    }
    println!("{what} is missing; installing it with Debian's packages.");
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(packages);
    step("package lists", ".", "apt-get", &["update", "-q"]).is_ok() && step(what, ".", "apt-get", &install).is_ok()
}

// npm's packages, as locked.
fn packages() -> Result<bool> {
    installed("contracts", "npm packages of contracts: solc, anvil")?;
    installed("tests/circom", "npm packages of tests: circom2, snarkjs")
}

fn installed(folder: &str, what: &str) -> Result<bool> {
    let path = root().join(folder);
    let newer = |a: &str, b: &str| {
        let time = |p: &str| path.join(p).metadata().and_then(|m| m.modified()).ok();
        time(a) >= time(b) && time(a).is_some()
    };
    if newer("node_modules/.package-lock.json", "package-lock.json") {
        return Ok(true);
    }
    step(what, folder, "npm", &["ci", "--no-audit", "--no-fund"])?;
    Ok(true)
}
