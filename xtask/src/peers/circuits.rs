//! What is proved: keys and witnesses as circom's files.

use super::options::Asked;
use super::roster;
use crate::run::{Result, cargo, root, step};
use crate::tools;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A key and a witness.
pub struct Circuit {
    pub name: String,
    /// A tier of ours, by its name.
    pub tier: Option<String>,
    pub zkey: PathBuf,
    pub wtns: PathBuf,
    /// Where our prover keeps what it prepares.
    pub kept: PathBuf,
}

/// Those that were asked for, made where they are not there.
pub fn ready(asked: &Asked, folder: &Path) -> Result<Vec<Circuit>> {
    Ok(match asked {
        Asked::Both => vec![tier("M", folder)?, foreign(folder)?],
        Asked::Tier(name) => vec![tier(name, folder)?],
        Asked::Foreign => vec![foreign(folder)?],
        Asked::Files { zkey, wtns } => vec![Circuit {
            name: zkey.display().to_string(),
            tier: None,
            zkey: zkey.clone(),
            wtns: wtns.clone(),
            kept: folder.join("given"),
        }],
    })
}

// Our tier's development key and the benches' witness.
fn tier(name: &str, folder: &Path) -> Result<Circuit> {
    let files = folder.join(format!("tier-{name}"));
    let export = [
        "run",
        "--release",
        "--quiet",
        "--package",
        "medproof-benches",
        "--bin",
        "export",
    ];
    let args = [&export[..], &["--", name, text(&files)?]].concat();
    step(&format!("tier {name} as files"), ".", &cargo(), &args)?;
    Ok(Circuit {
        name: format!("Tier {name}"),
        tier: Some(name.to_owned()),
        zkey: files.join("circuit.zkey"),
        wtns: files.join("witness.wtns"),
        kept: files.join("kept"),
    })
}

const FOLDER: &str = "benches/peers/snarkjs";

// Compiled once, and again when it has changed.
fn foreign(folder: &Path) -> Result<Circuit> {
    let circuit = |name: &str| folder.join(name);
    let (zkey, wtns) = (circuit("foreign.zkey"), circuit("foreign.wtns"));
    let sources = ["foreign.circom", "foreign.json", "package-lock.json"].map(|name| root().join(FOLDER).join(name));
    let newest = sources.iter().filter_map(|source| changed(source)).max();
    if changed(&wtns) <= newest || changed(&zkey) <= newest {
        if !tools::ensure_node()? {
            return Err("the circom circuit cannot be compiled without Node: --tier M runs without it".to_owned());
        }
        tools::ensure_packages(FOLDER, "snarkjs, circom2, circomlib")?;
        let bin = |name: &str| format!("./node_modules/.bin/{name}");
        let out = text(folder)?;
        let compile = ["foreign.circom", "--O2", "--r1cs", "--wasm", "--output", out];
        step("the circom circuit", FOLDER, &bin("circom2"), &compile)?;
        let wasm = circuit("foreign_js/foreign.wasm");
        let witness = ["wtns", "calculate", text(&wasm)?, "foreign.json", text(&wtns)?];
        step("its witness", FOLDER, &bin("snarkjs"), &witness)?;
        let ours = roster::ours()?;
        step(
            "its key",
            ".",
            text(&ours)?,
            &["setup", text(&circuit("foreign.r1cs"))?, text(&zkey)?],
        )?;
    }
    Ok(Circuit {
        name: "A circom circuit".to_owned(),
        tier: None,
        zkey,
        wtns,
        kept: folder.join("foreign"),
    })
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|m| m.modified()).ok()
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| format!("{} is no text", path.display()))
}
