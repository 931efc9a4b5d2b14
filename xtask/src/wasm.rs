//! `cargo xtask wasm`: the verifier for JavaScript, built from nothing but Rust's sources, packed, installed and tested as its users have
//! it.
//!
//! rustup's compiler comes without a standard library for these targets. Debian's `rustc-web` and `rust-web-src` are a compiler and its
//! library's sources; `RUSTC_BOOTSTRAP=1` and `-Zbuild-std` let the cargo that runs us build the one with the other.

use crate::c::Build;
use crate::conformance::{FrontEnd, Reads};
use crate::run::{Outcome, Result, cargo, root, step, step_with, target};
use crate::tools;
use std::fs;
use std::path::{Path, PathBuf};

const PACKAGE: &str = "verifier/bindings/wasm";
/// Where the module is, once it is built.
pub const MODULE: &str = "verifier/bindings/wasm/medproof.wasm";
const VECTORS: &str = "tests/vectors/v1/verification.json";

/// Bytes after gzip at most: what it has, and one in a hundred.
const MOST: &str = "185000";

/// What browsers have had since 2021, and Node since 18.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Builds, packs, installs and tests.
pub fn all() -> Result<Outcome> {
    if build()?.is_none() {
        return Ok(Outcome::Incomplete);
    }
    package()?;
    Ok(Outcome::Passed)
}

/// Builds, and says what the module's bytes are.
pub fn sizes() -> Result<Outcome> {
    if build()?.is_none() {
        return Ok(Outcome::Incomplete);
    }
    step("the module's parts", PACKAGE, "node", &["sizes.mjs", text(&built()?)?])?;
    Ok(Outcome::Passed)
}

/// The module beside the package's files; by which compiler, if it could be had.
pub fn build() -> Result<Option<String>> {
    let Some(rustc) = tools::ensure_rust_sources() else {
        return Ok(None);
    };
    if !tools::ensure_wasm_ld() || !tools::ensure_node()? {
        return Ok(None);
    }
    tools::ensure_packages(PACKAGE, "binaryen, typescript")?;
    compile(&rustc)?;
    shrink()?;
    step("the module's size", PACKAGE, "node", &["size.mjs", MOST])?;
    Ok(Some(rustc))
}

/// The installed package, as it was packed last; built first where it was not.
pub fn front_end(_: Build) -> Result<Option<FrontEnd>> {
    let program = folder()?.join("installed/conformance.mjs");
    if !program.is_file() && all()? == Outcome::Incomplete {
        return Ok(None);
    }
    Ok(Some(FrontEnd {
        command: vec!["node".to_owned(), text(&program)?.to_owned()],
        env: Vec::new(),
        reads: Reads::Json,
    }))
}

/// Where what is built with the library's sources is, beside the other builds: they would throw each other's away.
pub fn folder() -> Result<PathBuf> {
    Ok(target()?.join("wasm"))
}

/// A path for an argument.
pub fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .ok_or_else(|| format!("{}: a path that is no text", path.display()))
}

// Who panics here tells nobody: it stops, and what the message would have been need not be carried along.
const FLAGS: &str = "-Zunstable-options -Cpanic=immediate-abort -Clinker-flavor=wasm-ld";

fn compile(rustc: &str) -> Result<()> {
    let folder = folder()?;
    let args = [
        "build",
        "--quiet",
        "--package",
        "medproof-wasm",
        "--profile",
        "wasm",
        "--target",
        "wasm32-unknown-unknown",
        "--target-dir",
        text(&folder)?,
        "-Zbuild-std=std,panic_abort",
        "-Zbuild-std-features=optimize_for_size",
    ];
    let env = [
        ("RUSTC", rustc),
        ("RUSTC_BOOTSTRAP", "1"),
        ("RUSTFLAGS", FLAGS),
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld"),
    ];
    step_with("the verifier for wasm32", ".", &cargo(), &args, &env)
}

// As the compiler leaves it: with names.
fn built() -> Result<PathBuf> {
    Ok(folder()?.join("wasm32-unknown-unknown/wasm/medproof_wasm.wasm"))
}

fn shrink() -> Result<()> {
    let built = built()?;
    let module = root().join(MODULE);
    let mut args = vec!["node_modules/binaryen/bin/wasm-opt", text(&built)?, "-O3"];
    args.extend(FEATURES);
    args.extend(["--strip-debug", "--strip-producers", "--strip-target-features"]);
    args.extend(["--output", text(&module)?]);
    step("binaryen", PACKAGE, "node", &args)
}

// As its users have it: from the tarball, in a folder of its own.
fn package() -> Result<()> {
    step("types by the schemas", PACKAGE, "node", &["types.mjs", "--check"])?;
    copy(&root().join("LICENSE"), &root().join(PACKAGE).join("LICENSE"))?;
    let installed = folder()?.join("installed");
    // What an earlier version had must not be found.
    if installed.is_dir() {
        fs::remove_dir_all(&installed).map_err(|e| format!("{}: {e}", installed.display()))?;
    }
    fs::create_dir_all(installed.join("tests")).map_err(|e| e.to_string())?;
    let to = text(&installed)?;
    step(
        "npm pack",
        PACKAGE,
        "npm",
        &["pack", "--silent", "--pack-destination", to],
    )?;
    fs::write(installed.join("package.json"), r#"{"private":true,"type":"module"}"#).map_err(|e| e.to_string())?;
    // The workspace's version, which package.json must have.
    let tarball = concat!("medproof-verifier-", env!("CARGO_PKG_VERSION"), ".tgz");
    let install = ["install", "--silent", "--offline", "--no-audit", "--no-fund", tarball];
    step("npm install", to, "npm", &install)?;
    for file in TESTED {
        copy(&root().join(PACKAGE).join(file), &installed.join(file))?;
    }
    let vectors = root().join(VECTORS);
    let tests = ["--test", "tests/"];
    step_with(
        "the package",
        to,
        "node",
        &tests,
        &[("MEDPROOF_VECTORS", text(&vectors)?)],
    )?;
    typed(&installed)
}

/// What is run beside the installed package and is no part of it.
const TESTED: [&str; 8] = [
    "README.md",
    "conformance.mjs",
    "example.mjs",
    "parts.mjs",
    "tests/example.test.mjs",
    "tests/package.test.mjs",
    "tests/types.mts",
    "tests/vectors.test.mjs",
];

// The README's example and a misuse of each type, by TypeScript.
fn typed(installed: &Path) -> Result<()> {
    let types = root().join(PACKAGE).join("node_modules/@types");
    let [example, misuse] = ["example.mjs", "tests/types.mts"].map(|file| installed.join(file));
    let tsc = root().join(PACKAGE).join("node_modules/typescript/bin/tsc");
    let args = [
        text(&tsc)?,
        "--noEmit",
        "--strict",
        "--allowJs",
        "--checkJs",
        "--target",
        "esnext",
        "--module",
        "nodenext",
        "--types",
        "node",
        "--typeRoots",
        text(&types)?,
        text(&example)?,
        text(&misuse)?,
    ];
    step("the package's types", text(installed)?, "node", &args)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(|_| ())
        .map_err(|e| format!("{} to {}: {e}", from.display(), to.display()))
}
