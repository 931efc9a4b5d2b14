//! `cargo xtask bare`: that the verifier compiles where there is an allocator and nothing else.
//!
//! One of its dependencies, `taceo-ark-babyjubjub`, asks for the part of `ark-std` that needs a standard library and uses none of it. Here
//! a package that embeds the verifier patches it: the same sources, by a manifest that does not ask.

use crate::run::{Outcome, Result, cargo, output, root, step_with};
use crate::tools;
use crate::wasm::{folder, text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const TARGET: &str = "thumbv7em-none-eabi";
const ASKS: &str = "taceo-ark-babyjubjub";

// That there is code, and not how good it is. The rest is as in the workspace, so that macros are built once for both.
const PROFILE: &str = r#"
[profile.wasm]
inherits = "release"
opt-level = 0
debug = false
overflow-checks = true
panic = "abort"
"#;

/// Compiles it for a microcontroller.
pub fn build() -> Result<Outcome> {
    let Some(rustc) = tools::ensure_rust_sources() else {
        return Ok(Outcome::Incomplete);
    };
    let folder = folder()?;
    let embedding = folder.join("bare");
    write(&embedding)?;
    let manifest = embedding.join("Cargo.toml");
    let args = [
        "build",
        "--quiet",
        "--manifest-path",
        text(&manifest)?,
        "--profile",
        "wasm",
        "--target",
        TARGET,
        "--target-dir",
        text(&folder)?,
        "-Zbuild-std=core,alloc",
    ];
    let env = [("RUSTC", rustc.as_str()), ("RUSTC_BOOTSTRAP", "1")];
    let name = format!("the verifier for a microcontroller ({TARGET})");
    step_with(&name, ".", &cargo(), &args, &env)?;
    Ok(Outcome::Passed)
}

fn write(at: &Path) -> Result<()> {
    let put = |file: &str, content: String| {
        let file = at.join(file);
        fs::create_dir_all(file.parent().unwrap_or(at))
            .and_then(|()| fs::write(&file, content))
            .map_err(|e| format!("{}: {e}", file.display()))
    };
    put("Cargo.toml", embedding()?)?;
    put("src/lib.rs", "#![no_std]\npub use medproof_verifier::*;\n".to_owned())?;
    put("curve/Cargo.toml", curve()?)?;
    // The very versions that the workspace has.
    let lock = fs::read_to_string(root().join("Cargo.lock")).map_err(|e| format!("Cargo.lock: {e}"))?;
    put("Cargo.lock", lock)
}

fn embedding() -> Result<String> {
    let verifier = root().join("verifier");
    Ok(format!(
        r#"[workspace]

[package]
name = "bare"
version = "0.0.0"
edition = "2024"

[dependencies]
medproof-verifier = {{ path = {:?} }}

[patch.crates-io]
{ASKS} = {{ path = "curve" }}
{PROFILE}"#,
        text(&verifier)?
    ))
}

fn curve() -> Result<String> {
    let (version, sources) = package()?;
    let library = sources.join("src/lib.rs");
    Ok(format!(
        r#"[package]
name = "{ASKS}"
version = "{version}"
edition = "2021"

[lib]
path = {:?}

[features]
asm = []
r1cs = []
std = []

[dependencies]
ark-bn254 = {{ version = "0.6", default-features = false, features = ["scalar_field"] }}
ark-ec = {{ version = "0.6", default-features = false }}
ark-ff = {{ version = "0.6", default-features = false }}
ark-std = {{ version = "0.6", default-features = false }}
"#,
        text(&library)?
    ))
}

// The package that asks: its version, and where its sources are.
fn package() -> Result<(String, PathBuf)> {
    let metadata = output(&cargo(), &["metadata", "--format-version", "1"]).ok_or("cargo metadata failed")?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|e| e.to_string())?;
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    let package = packages
        .find(|package| package["name"] == ASKS)
        .ok_or_else(|| format!("{ASKS} is no dependency any more: build without it"))?;
    let text = |field: &str| package[field].as_str().unwrap_or_default();
    let manifest = Path::new(text("manifest_path"));
    let folder = manifest.parent().ok_or("a manifest in no folder")?;
    Ok((text("version").to_owned(), folder.to_owned()))
}
