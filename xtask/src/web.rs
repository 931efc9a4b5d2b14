//! `cargo xtask web`: the page that checks a presentation, as one file, and its tests in a real Chromium.

use crate::run::{Outcome, Result, root, step, step_with, target};
use crate::{tools, wasm};
use std::fs;

const FOLDER: &str = "web/verify";

/// What is wanted of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// It and its tests.
    Tested,
    /// It and how fast it is.
    Timed,
    /// It and pictures of it.
    Drawn,
}

/// Builds the page, then tests it, times it or draws it.
pub fn all(want: Want) -> Result<Outcome> {
    if wasm::build()?.is_none() {
        return Ok(Outcome::Incomplete);
    }
    page(want)
}

/// As [`all`], with the module that was built last.
pub fn page(want: Want) -> Result<Outcome> {
    let folder = target()?.join("web");
    fs::create_dir_all(folder.join("verify")).map_err(|e| format!("{}: {e}", folder.display()))?;
    let file = folder.join("verify/medproof-verify.html");
    let module = root().join(wasm::MODULE);
    let text = |path: &std::path::Path| path.to_str().map(str::to_owned).ok_or("a path that is no text");
    let (file, module) = (text(&file)?, text(&module)?);
    step("the page", FOLDER, "node", &["build.mjs", &module, &file])?;
    tools::ensure_packages(FOLDER, "playwright-core, axe-core")?;
    let Some(chromium) = tools::ensure_chromium() else {
        return Ok(Outcome::Incomplete);
    };
    let pictures = text(&folder.join("screenshots"))?;
    let (name, args): (_, &[&str]) = match want {
        Want::Tested => ("the page in Chromium", &["--test", "tests/"]),
        Want::Timed => ("the page's times in Chromium", &["bench.mjs"]),
        Want::Drawn => ("pictures of the page", &["pictures.mjs", &pictures]),
    };
    let env = [("MEDPROOF_PAGE", file.as_str()), ("MEDPROOF_CHROMIUM", &chromium)];
    step_with(name, FOLDER, "node", args, &env)?;
    Ok(Outcome::Passed)
}
