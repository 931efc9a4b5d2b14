//! `cargo xtask proto`: the service's messages, linted, and held to what was published of them.

use crate::run::{Outcome, Result, root, step};
use crate::tools;

const FOLDER: &str = "proto";
// The program itself, and not what would choose one of many: npm locks one platform's.
const BUF: &str = "node_modules/@bufbuild/buf-linux-x64/bin/buf";
const PUBLISHED: &str = "published.binpb";

/// Lints, and refuses what would break a program that was made for the published messages.
pub fn check() -> Result<Outcome> {
    if !ready()? {
        return Ok(Outcome::Incomplete);
    }
    buf("messages: lint", &["lint", "."])?;
    buf("messages: format", &["format", "--diff", "--exit-code", "."])?;
    buf(
        "messages: no breaking change",
        &["breaking", ".", "--against", PUBLISHED],
    )?;
    Ok(Outcome::Passed)
}

/// As [`check`]; and what the messages are now is what later ones are held to.
pub fn publish() -> Result<Outcome> {
    let outcome = check()?;
    if matches!(outcome, Outcome::Passed) {
        buf("messages: published", &["build", ".", "--output", PUBLISHED])?;
    }
    Ok(outcome)
}

fn ready() -> Result<bool> {
    if !tools::ensure()?.node {
        return Ok(false);
    }
    tools::ensure_packages(FOLDER, "buf")?;
    let there = root().join(FOLDER).join(BUF).is_file();
    if !there {
        println!("buf is not installed on this platform: the messages are not linted.");
    }
    Ok(there)
}

fn buf(name: &str, args: &[&str]) -> Result<()> {
    let program = root().join(FOLDER).join(BUF);
    step(name, FOLDER, program.to_str().ok_or("a path that is no text")?, args)
}
