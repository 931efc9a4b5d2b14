//! The contracts: their artifacts, checked in and rebuilt here with the locked compiler, and forge's tests of them.

use crate::run::{Outcome, Result, step, step_with};
use crate::tools;

/// How often forge draws arguments and sequences of calls: foundry.toml has the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// Under a minute on 2 cores, and the same ones every time.
    Bounded,
    /// Minutes, and others every time.
    Many,
}

/// Rebuilds the artifacts, or compares them with what the sources give; then tests the contracts.
pub fn all(check: bool, runs: Runs) -> Result<Outcome> {
    if !tools::ensure()?.node {
        return Ok(Outcome::Incomplete);
    }
    let mut args = vec!["build.mjs"];
    args.extend(check.then_some("--check"));
    step("contracts", "contracts", "node", &args)?;
    step("the contracts' refusals", "contracts", "node", &["refusals.mjs"])?;
    let Some(forge) = tools::forge() else {
        return Ok(Outcome::Incomplete);
    };
    let (args, profile): (&[&str], _) = match runs {
        Runs::Bounded => (&["test", "--fuzz-seed", "1"], "default"),
        Runs::Many => (&["test"], "full"),
    };
    let env = [("FOUNDRY_PROFILE", profile)];
    step_with(
        "the contracts, fuzzed and by their invariants",
        "contracts",
        &forge,
        args,
        &env,
    )?;
    Ok(Outcome::Passed)
}
