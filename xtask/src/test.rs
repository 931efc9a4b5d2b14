//! `cargo xtask test` and `cargo xtask lint`.

use crate::c::{self, Build};
use crate::postgres::{self, Postgres};
use crate::run::{Outcome, Result, cargo, root, step, step_with};
use crate::{
    aarch64, bare, citations, conformance, contracts, determinism, directions, msrv, mutants, proto, python, tools,
    wasm, web,
};
use std::path::PathBuf;

/// All tests; the long ones too if asked.
pub fn all(full: bool) -> Result<Outcome> {
    let tools = tools::ensure()?;
    directions::check()?;
    msrv::check()?;
    no_std()?;
    portable()?;
    let mut complete = tools.node && tools.python;
    if tools.node {
        let runs = if full {
            contracts::Runs::Many
        } else {
            contracts::Runs::Bounded
        };
        complete &= contracts::all(true, runs)? == Outcome::Passed;
        proto::check()?;
        complete &= front_ends()? == Outcome::Passed;
    }
    if tools.python {
        oracle()?;
    }
    let postgres = postgres::start()?;
    let has_postgres = postgres.is_some();
    let grpcurl = tools::ensure_grpcurl()?;
    let has_grpcurl = grpcurl.is_some();
    rust(full, postgres.as_ref(), grpcurl)?;
    drop(postgres);
    if tools.python {
        determinism::check()?;
    }
    complete &= embedded(full)?;
    complete &= has_postgres && has_grpcurl;
    if full {
        import_oracle()?;
        complete &= bare::build()? == Outcome::Passed;
        complete &= aarch64::check()? == Outcome::Passed;
    }
    if complete {
        Ok(Outcome::Passed)
    } else {
        println!("\nPassed, but for the tests of what could not be installed: see above.");
        Ok(Outcome::Incomplete)
    }
}

// The verifier outside Rust.
fn front_ends() -> Result<Outcome> {
    if wasm::all()? == Outcome::Incomplete {
        return Ok(Outcome::Incomplete);
    }
    web::page(web::Want::Tested)
}

// The embeddable crates build without std's features.
fn no_std() -> Result<()> {
    for package in [
        "medproof-statement",
        "medproof-claims",
        "medproof-messages",
        "medproof-verifier",
    ] {
        let args = ["check", "--quiet", "--package", package, "--no-default-features"];
        step(&format!("{package} without default features"), ".", &cargo(), &args)?;
    }
    Ok(())
}

// As on machines without the kernels' instructions, where not even their code is.
fn portable() -> Result<()> {
    let args = [
        "test",
        "--quiet",
        "--package",
        "medproof-lanes",
        "--features",
        "portable",
        "--lib",
    ];
    step("what other machines compile of the prover", ".", &cargo(), &args)
}

fn oracle() -> Result<()> {
    step(
        "the oracle's own tests",
        "tests/oracle",
        "python3",
        &["-m", "unittest", "-q", "test_criteria"],
    )?;
    step(
        "the reference implementation's own tests",
        "tests/reference",
        "python3",
        &["-m", "unittest", "-q"],
    )?;
    let subset = [
        "tests/data/synthea-30.tar.xz",
        "tests/data/immunizations-2023-12.tar.xz",
    ];
    let mut args = vec!["tests/oracle/criteria.py", "check", "tests/data/expected.json"];
    args.extend(subset);
    step(
        "the independent evaluation of the repository's patients",
        ".",
        "python3",
        &args,
    )
}

// What others embed the verifier with; as it is shipped too if asked, which takes longer to build.
fn embedded(full: bool) -> Result<bool> {
    let mut outcomes = Vec::new();
    if full {
        outcomes.push(msrv::all()?);
    }
    let builds: &[Build] = if full {
        &[Build::Dev, Build::Embed]
    } else {
        &[Build::Dev]
    };
    for build in builds {
        outcomes.extend([c::check(*build)?, python::check(*build)?, conformance::all(*build)?]);
    }
    Ok(outcomes.iter().all(|outcome| *outcome == Outcome::Passed))
}

// In a workspace of its own: the FHIR model takes minutes to compile.
fn import_oracle() -> Result<()> {
    let args = ["test", "--quiet", "--manifest-path", "records/oracle/Cargo.toml"];
    step("the import against an independent FHIR model", ".", &cargo(), &args)
}

fn rust(full: bool, postgres: Option<&Postgres>, grpcurl: Option<PathBuf>) -> Result<()> {
    if !root().join("../shared/data").is_dir() {
        println!("\n!!! ../shared/data is absent: tests over all 502 patients are left out (in CI they fail).");
    }
    let url = postgres.map(Postgres::url);
    let mut env: Vec<(&str, &str)> = Vec::new();
    env.extend(url.as_deref().map(|url| ("MEDPROOF_POSTGRES", url)));
    let programs = postgres.and_then(|_| postgres::programs()?.to_str().map(str::to_owned));
    // For tests that kill a server of their own.
    env.extend(programs.as_deref().map(|folder| ("MEDPROOF_POSTGRES_PROGRAMS", folder)));
    let grpcurl = grpcurl.and_then(|program| program.to_str().map(str::to_owned));
    env.extend(grpcurl.as_deref().map(|program| ("MEDPROOF_GRPCURL", program)));
    env.extend(full.then_some(("MEDPROOF_FULL", "1")));
    let mut args = vec!["test", "--workspace", "--no-fail-fast"];
    if full {
        args.extend(["--", "--include-ignored"]);
    }
    step_with("Rust tests", ".", &cargo(), &args, &env)
}

/// The tests against circom and snarkjs alone; [`all`] runs them too.
pub fn circom() -> Result<Outcome> {
    if !tools::ensure()?.node {
        return Ok(Outcome::Incomplete);
    }
    let args = ["test", "--package", "medproof-e2e", "--test", "circom"];
    step("files and proofs against circom and snarkjs", ".", &cargo(), &args)?;
    Ok(Outcome::Passed)
}

/// What a change must pass before its tests are run.
pub fn lint() -> Result<Outcome> {
    citations::check()?;
    mutants::check()?;
    let cargo = cargo();
    step("formatting", ".", &cargo, &["fmt", "--all", "--check"])?;
    let clippy = [
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ];
    step("clippy", ".", &cargo, &clippy)?;
    tools::ensure_cargo_deny()?;
    step(
        "licences, sources, bans",
        ".",
        &cargo,
        &["deny", "check", "bans", "licenses", "sources"],
    )?;
    let docs = ["doc", "--quiet", "--workspace", "--no-deps"];
    step_with(
        "documentation",
        ".",
        &cargo,
        &docs,
        &[("RUSTDOCFLAGS", "--deny warnings")],
    )?;
    Ok(Outcome::Passed)
}
