//! What the tests need beside Rust: found, or installed and said so.

use crate::postgres;
use crate::run::{Result, cargo, command_of, output, root, step, step_with, target};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What could be had.
pub struct Tools {
    /// Node with npm and the packages of contracts (solc, anvil, forge) and of tests (circom, snarkjs).
    pub node: bool,
    /// Python 3.11, for the independent evaluation.
    pub python: bool,
}

/// Finds or installs everything.
pub fn ensure() -> Result<Tools> {
    let node = ensure_node()?;
    if node {
        ensure_packages("contracts", "solc, anvil, forge")?;
        ensure_packages("tests/circom", "circom2, snarkjs")?;
    }
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

/// forge: of `MEDPROOF_FORGE`, or npm's, which is there once the packages of contracts are. Where it has none for
/// this platform, what to do is said.
pub fn forge() -> Option<String> {
    let npm = root().join("contracts/node_modules/.bin/forge");
    let program = std::env::var("MEDPROOF_FORGE")
        .ok()
        .or(npm.to_str().map(str::to_owned))?;
    if has(&program) {
        return Some(program);
    }
    println!("forge is missing: npm installs it on x86-64 Linux; elsewhere name it in MEDPROOF_FORGE.");
    None
}

/// What draws flame graphs.
pub fn ensure_inferno() -> Result<()> {
    if output("inferno-flamegraph", &["--help"]).is_some() {
        return Ok(());
    }
    let args = ["install", "--quiet", "--locked", "inferno@0.12.8"];
    step("install inferno from crates.io", ".", &cargo(), &args)
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

/// Node and npm, if they can be had.
pub fn ensure_node() -> Result<bool> {
    Ok(has("node") && has("npm") || install_debian("Node.js and npm", &["nodejs", "npm"]))
}

/// The Go that builds a peer of the prover's where the one that is here is too old, as Debian's is:
/// as the module that Go's own toolchains are, with its digest.
const GO: (&str, &str) = (
    "golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64",
    "h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM=",
);
const GO_LEAST: (u32, u32) = (1, 25);

/// The program `go`, new enough, if it can be had.
pub fn ensure_go() -> Result<Option<String>> {
    let version = || output("go", &["env", "GOVERSION"]);
    if version().is_none() && !install_debian("Go", &["golang-go"]) {
        return Ok(None);
    }
    if version().and_then(|found| go_version(&found)) >= Some(GO_LEAST) {
        return Ok(Some("go".to_owned()));
    }
    let (module, digest) = GO;
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let (major, minor) = GO_LEAST;
        println!("Go is older than {major}.{minor}: what needs it is left out.");
        return Ok(None);
    }
    println!("Go is too old; downloading {module}.");
    let told = output("go", &["mod", "download", "-json", module]).ok_or("go mod download failed")?;
    let told: Value = serde_json::from_str(&told).map_err(|e| e.to_string())?;
    if told["Sum"] != digest {
        return Err(format!("{module}: expected the digest {digest}, found {}", told["Sum"]));
    }
    let folder = told["Dir"].as_str().ok_or("go mod download says no folder")?;
    // Modules keep no permissions.
    let [bin, tool] = ["bin", "pkg/tool"].map(|programs| format!("{folder}/{programs}"));
    step("Go's programs", ".", "chmod", &["-R", "u+x", &bin, &tool])?;
    Ok(Some(format!("{bin}/go")))
}

/// grpcurl, which calls the service as its users' own clients do.
const GRPCURL: &str = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4";

/// The program `grpcurl`: the one on the path, or one that Go builds.
pub fn ensure_grpcurl() -> Result<Option<PathBuf>> {
    if output("grpcurl", &["-version"]).is_some() {
        return Ok(Some(PathBuf::from("grpcurl")));
    }
    let folder = target()?.join("go");
    let program = folder.join("grpcurl");
    if program.is_file() {
        return Ok(Some(program));
    }
    let Some(go) = ensure_go()? else { return Ok(None) };
    let folder = folder.to_str().ok_or("a path that is no text")?;
    step_with("grpcurl", ".", &go, &["install", GRPCURL], &[("GOBIN", folder)])?;
    Ok(Some(program))
}

// Of "go1.26.8": 1 and 26.
fn go_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix("go")?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// nvcc as Python's packages have it, with their digests.
const NVCC: &str = "prover/cuda/nvcc.txt";

/// The CUDA compiler: the one that `NVCC` or the path names, or one of Python's packages.
pub fn ensure_nvcc() -> Result<Option<String>> {
    let named = std::env::var("NVCC").unwrap_or_else(|_| "nvcc".to_owned());
    if has(&named) {
        return Ok(Some(named));
    }
    let folder = target()?.join("tools/cuda");
    let nvcc = folder.join("nvidia/cu13/bin/nvcc");
    let text = |path: &Path| path.to_str().map(str::to_owned).ok_or("a path that is no text");
    let (folder, nvcc) = (text(&folder)?, text(&nvcc)?);
    if has(&nvcc) {
        return Ok(Some(nvcc));
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64"))
        || output("python3", &["-m", "pip", "--version"]).is_none()
    {
        println!("nvcc is missing. Install NVIDIA's CUDA toolkit, or set NVCC.");
        return Ok(None);
    }
    println!("nvcc is missing; installing it from PyPI into {folder}.");
    let args = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--target",
        &folder,
    ];
    let args = [&args[..], &["--requirement", NVCC]].concat();
    step("nvcc", ".", "python3", &args)?;
    Ok(Some(nvcc))
}

/// A compiler that has its library's sources beside it, for targets without one: the usual one, or Debian's.
pub fn ensure_rust_sources() -> Option<String> {
    let usual = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let debian = "/usr/bin/rustc".to_owned();
    if let Some(found) = [usual, debian.clone()].into_iter().find(|rustc| has_sources(rustc)) {
        return Some(found);
    }
    let installed = install_debian("Rust's library as sources", &["rustc-web", "rust-web-src"]);
    (installed && has_sources(&debian)).then_some(debian)
}

fn has_sources(rustc: &str) -> bool {
    let sysroot = output(rustc, &["--print", "sysroot"]);
    sysroot.is_some_and(|at| {
        Path::new(at.trim())
            .join("lib/rustlib/src/rust/library/Cargo.lock")
            .is_file()
    })
}

/// LLVM's linker for WebAssembly.
pub fn ensure_wasm_ld() -> bool {
    has("wasm-ld") || install_debian("wasm-ld", &["lld"])
}

/// Chromium, for pages: the path of the program, of `MEDPROOF_CHROMIUM` or where Debian has it.
pub fn ensure_chromium() -> Option<String> {
    let program = std::env::var("MEDPROOF_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let fonts = "fonts-dejavu-core";
    (has(&program) || install_debian("Chromium", &["chromium", fonts])).then_some(program)
}

/// The folder of PostgreSQL's programs.
pub fn ensure_postgres() -> Option<PathBuf> {
    if postgres::programs().is_none() && !install_debian("PostgreSQL", &["postgresql"]) {
        return None;
    }
    postgres::programs()
}

/// The folder of the Python packages that a file names, with their digests.
pub fn ensure_python_packages(list: &str) -> Result<Option<PathBuf>> {
    let python = has("python3") || install_debian("Python", &["python3"]);
    let pip = || output("python3", &["-m", "pip", "--version"]).is_some();
    if !python || !(pip() || install_debian("pip", &["python3-pip"]) && pip()) {
        return Ok(None);
    }
    let wanted = std::fs::read_to_string(root().join(list)).map_err(|e| format!("{list}: {e}"))?;
    let folder = target()?.join("tools/python");
    let installed = folder.join("installed.txt");
    if std::fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(Some(folder));
    }
    let _ = std::fs::remove_dir_all(&folder);
    let at = folder.to_str().ok_or("a path that is no text")?;
    let install = ["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"];
    let args = [&install[..], &["--target", at, "--requirement", list]].concat();
    step("Python's packages from PyPI: maturin, mypy", ".", "python3", &args)?;
    std::fs::write(&installed, wanted).map_err(|e| format!("{}: {e}", installed.display()))?;
    Ok(Some(folder))
}

/// A compiler that is older than what is stated.
pub struct OldRustc {
    pub version: &'static str,
    pub program: String,
    /// Where its shared libraries are.
    pub libraries: String,
}

/// Debian's Rust for browsers, and what it needs beside a C library.
const OLD_RUSTC: &str = "1.85.0";
const OLD_RUSTC_PACKAGES: [&str; 4] = [
    "rustc-web=1.85.0+dfsg3-1~deb12u3",
    "libstd-rust-web-1.85=1.85.0+dfsg3-1~deb12u3",
    "libstd-rust-web-dev=1.85.0+dfsg3-1~deb12u3",
    "libllvm19",
];

/// An old compiler of Debian's, unpacked into a folder of ours: the machine's own stays what it is.
pub fn ensure_old_rustc() -> Result<Option<OldRustc>> {
    let folder = target()?.join("tools/rustc").join(OLD_RUSTC);
    let at = |path: &str| folder.join(path).display().to_string();
    let old = OldRustc {
        version: OLD_RUSTC,
        program: at("usr/bin/rustc"),
        libraries: at("usr/lib/x86_64-linux-gnu"),
    };
    let whole = folder.join("whole");
    if whole.is_file() {
        return Ok(Some(old));
    }
    println!(
        "Rust {OLD_RUSTC} is missing; unpacking Debian's into {}.",
        folder.display()
    );
    let packages = folder.join("packages");
    std::fs::create_dir_all(&packages).map_err(|e| format!("{}: {e}", packages.display()))?;
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) || !download_debian(&packages)? {
        println!("Debian 12 for x86-64 has it; elsewhere only what is stated is compared.");
        return Ok(None);
    }
    let into = folder.display().to_string();
    for package in std::fs::read_dir(&packages).map_err(|e| e.to_string())? {
        let package = package.map_err(|e| e.to_string())?.path().display().to_string();
        step("unpack", ".", "dpkg-deb", &["--extract", &package, &into])?;
    }
    let _ = std::fs::remove_dir_all(&packages);
    std::fs::write(&whole, OLD_RUSTC).map_err(|e| format!("{}: {e}", whole.display()))?;
    Ok(Some(old))
}

// Without installing them. Lists of packages may be old, or not there at all.
fn download_debian(folder: &Path) -> Result<bool> {
    if output("apt-get", &["--version"]).is_none() {
        return Ok(false);
    }
    let download = || {
        let args = [&["download", "--quiet"][..], &OLD_RUSTC_PACKAGES].concat();
        let status = command_of("apt-get").args(args).current_dir(folder).status();
        status.map(|status| status.success()).map_err(|e| e.to_string())
    };
    if download()? {
        return Ok(true);
    }
    let updated = step("package lists", ".", "apt-get", &["update", "-q"]).is_ok();
    Ok(updated && download()?)
}

/// What C libraries are tested with.
pub struct CTools {
    /// For C and C++, and pkg-config.
    pub compilers: bool,
    pub valgrind: bool,
}

/// Finds or installs them.
pub fn ensure_c() -> CTools {
    let compilers = [
        ("cc", "C compiler", "gcc"),
        ("g++", "C++ compiler", "g++"),
        ("pkg-config", "pkg-config", "pkg-config"),
    ];
    CTools {
        compilers: compilers
            .iter()
            .all(|(program, what, package)| has(program) || install_debian(what, &[package])),
        valgrind: has("valgrind") || install_debian("valgrind", &["valgrind", "libc6-dbg"]),
    }
}

/// Whether a program is here.
pub fn has(program: &str) -> bool {
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

/// The npm packages of a folder, as locked.
pub fn ensure_packages(folder: &str, what: &str) -> Result<()> {
    let at = root().join(folder);
    let time = |path: &str| at.join(path).metadata().and_then(|m| m.modified()).ok();
    let installed = time("node_modules/.package-lock.json");
    if installed.is_some() && installed >= time("package-lock.json") {
        return Ok(());
    }
    let args = ["ci", "--no-audit", "--no-fund"];
    step(&format!("npm packages of {folder}: {what}"), folder, "npm", &args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gos_versions_are_compared_as_numbers() {
        assert_eq!(go_version("go1.26.8\n"), Some((1, 26)));
        assert!(go_version("go1.9") < Some(GO_LEAST) && go_version("devel") < Some(GO_LEAST));
    }
}
