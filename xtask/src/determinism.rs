//! `cargo xtask r1cs` and `cargo xtask determinism`: circuits as files, and a checker from outside over them.

use crate::run::{Outcome, Result, cargo, root, step};
use crate::tools;

/// Where the files go unless told otherwise, from the repository's root.
pub const FOLDER: &str = "target/r1cs";

/// Writes gadgets and tiers in iden3's format.
pub fn export(folder: &str) -> Result<Outcome> {
    let args = [
        "run",
        "--quiet",
        "--package",
        "medproof-soundness",
        "--example",
        "r1cs",
        "--",
        folder,
    ];
    step("gadgets and tiers as .r1cs files", ".", &cargo(), &args)?;
    Ok(Outcome::Passed)
}

/// Whether their outputs follow from their inputs.
pub fn check() -> Result<Outcome> {
    if !tools::ensure()?.python {
        return Ok(Outcome::Incomplete);
    }
    export(FOLDER)?;
    let tests = ["-m", "unittest", "-q", "test_determinism"];
    step("the checker's own tests", "tests/determinism", "python3", &tests)?;
    let folder = root().join(FOLDER);
    let folder = folder.to_str().ok_or("the repository's path is no text")?;
    step(
        "gadgets and tiers are determined by their inputs",
        "tests/determinism",
        "python3",
        &["check.py", folder],
    )?;
    Ok(Outcome::Passed)
}
