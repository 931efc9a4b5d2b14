//! The contracts' artifacts: checked in, rebuilt here with the locked compiler.

use crate::run::{Outcome, Result, step};
use crate::tools;

/// Rebuilds the artifacts, or compares them with what the sources give.
pub fn build(check: bool) -> Result<Outcome> {
    if !tools::ensure()?.node {
        return Ok(Outcome::Incomplete);
    }
    let mut args = vec!["build.mjs"];
    args.extend(check.then_some("--check"));
    step("contracts", "contracts", "node", &args)?;
    Ok(Outcome::Passed)
}
