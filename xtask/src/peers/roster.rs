//! Who takes part, built and ready to be started.

use super::circuits::Circuit;
use super::options::{Asked, Options};
use crate::run::{Outcome, Result, cargo, root, step, target};
use crate::tools;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Our prover's name: what all others are measured against.
pub const OURS: &str = "medproof";

/// One that proves.
pub struct Peer {
    pub name: &'static str,
    /// What it is, for the page.
    pub about: String,
    /// How many rounds at most: one that takes long takes part in the first alone.
    pub rounds: usize,
    pub kind: Kind,
    program: PathBuf,
}

/// How it is started, and who verifies its proofs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ours, on files.
    Ours,
    /// Ours, as on a machine without AVX-512.
    Portable,
    /// Ours, under a tier's own key, which holds C: it verifies by itself.
    Own,
    /// A process for a key and a witness.
    Files,
    /// As `Files`, by Node.
    Node,
    /// As `Files`, with a key of its own: it verifies by itself.
    OtherKey,
    /// A process for each proof.
    Program,
}

const SNARKJS: &str = "benches/peers/snarkjs";

/// Where everything is built.
pub fn folder() -> Result<PathBuf> {
    let folder = target()?.join("peers");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(folder)
}

/// The program of the house that proves, verifies and writes files.
pub fn ours() -> Result<PathBuf> {
    Ok(target()?.join("release/peer"))
}

/// Builds those that were asked for. What cannot be had is left out, and said.
pub fn ready(options: &Options) -> Result<(Vec<Peer>, Outcome)> {
    let tier = matches!(options.circuit, Asked::Both | Asked::Tier(_));
    let known = [
        OURS,
        "medproof-own",
        "medproof-portable",
        "arkworks",
        "snarkrs",
        "gnark",
        "snarkjs",
        "rapidsnark",
    ];
    if let Some(unknown) = options.peers.iter().flatten().find(|p| !known.contains(&p.as_str())) {
        return Err(format!("no peer {unknown}: expected some of {}", known.join(", ")));
    }
    let wanted = |name: &str| {
        options
            .peers
            .as_ref()
            .is_none_or(|some| some.iter().any(|one| one == name))
    };
    let mut outcome = Outcome::Passed;
    let args = ["build", "--release", "--package", "medproof-benches", "--bin", "peer"];
    step("our prover", ".", &cargo(), &args)?;
    let house = "as released: nothing chosen at build time";
    let mut peers = vec![Peer::new(OURS, house, Kind::Ours, ours()?)];
    if tier && wanted("medproof-own") {
        let about = "under the tier's own key, which holds C: two transforms fewer";
        peers.push(Peer::new("medproof-own", about, Kind::Own, ours()?));
    }
    if wanted("medproof-portable") {
        let about = "the same program without AVX-512, as on any machine";
        peers.push(Peer::new("medproof-portable", about, Kind::Portable, ours()?));
    }
    if wanted("arkworks") {
        let about = "ark-groth16 0.6; asm, LTO, target-cpu=native";
        peers.push(Peer::new("arkworks", about, Kind::Files, build_rust("arkworks")?));
    }
    if wanted("snarkrs") {
        let about = "snarkrs-lib 0.1.0; LTO, target-cpu=native";
        peers.push(Peer::new("snarkrs", about, Kind::Files, build_rust("snarkrs")?));
    }
    if wanted("gnark") {
        match build_gnark()? {
            Some(program) => {
                let about = "gnark 0.15.0, which reads no .zkey: the same A, B and witness under a key of its own, C made to fit";
                peers.push(Peer::new("gnark", about, Kind::OtherKey, program));
            }
            None => outcome = Outcome::Incomplete,
        }
    }
    if wanted("snarkjs") {
        if tools::ensure_node()? {
            tools::ensure_packages(SNARKJS, "snarkjs, circom2, circomlib")?;
            let script = root().join(SNARKJS).join("peer.mjs");
            let slow = Peer::new("snarkjs", "snarkjs 0.7.6", Kind::Node, script);
            peers.push(Peer { rounds: 2, ..slow });
        } else {
            outcome = Outcome::Incomplete;
        }
    }
    if let Some(program) = options.rapidsnark.clone().filter(|_| wanted("rapidsnark")) {
        let about = "rapidsnark, the program given; it reads the key for each proof";
        peers.push(Peer::new("rapidsnark", about, Kind::Program, program));
    }
    Ok((peers, outcome))
}

// In its folder, whose settings for the compiler apply there.
fn build_rust(name: &str) -> Result<PathBuf> {
    let target = folder()?.join(name);
    let text = target.to_str().ok_or("the target directory's path is no text")?;
    let args = ["build", "--release", "--locked", "--target-dir", text];
    step(name, &format!("benches/peers/{name}"), &cargo(), &args)?;
    Ok(target.join("release").join(format!("peer-{name}")))
}

fn build_gnark() -> Result<Option<PathBuf>> {
    let Some(go) = tools::ensure_go()? else {
        return Ok(None);
    };
    let program = folder()?.join("peer-gnark");
    let text = program.to_str().ok_or("the target directory's path is no text")?;
    step(
        "gnark",
        "benches/peers/gnark",
        &go,
        &["build", "-buildvcs=false", "-o", text, "."],
    )?;
    Ok(Some(program))
}

impl Peer {
    fn new(name: &'static str, about: &str, kind: Kind, program: PathBuf) -> Peer {
        Peer {
            name,
            about: about.to_owned(),
            rounds: usize::MAX,
            kind,
            program,
        }
    }

    /// Whether it can prove this circuit.
    pub fn can(&self, circuit: &Circuit) -> bool {
        self.kind != Kind::Own || circuit.tier.is_some()
    }

    /// Whether its proofs are of the files' key.
    pub fn is_judged(&self) -> bool {
        !matches!(self.kind, Kind::Own | Kind::OtherKey)
    }

    /// What starts it on so many threads, and on as many cores where that can be had.
    pub fn command(&self, circuit: &Circuit, threads: usize) -> Command {
        let mut command = on_cores(
            threads,
            if self.kind == Kind::Node {
                Path::new("node")
            } else {
                &self.program
            },
        );
        match self.kind {
            Kind::Ours => command
                .arg("zkey")
                .args([&circuit.zkey, &circuit.wtns])
                .arg(circuit.kept.with_added_extension("zkey.prepared")),
            Kind::Portable => command
                .arg("portable")
                .args([&circuit.zkey, &circuit.wtns])
                .arg(circuit.kept.with_added_extension("portable.prepared")),
            Kind::Own => command
                .arg("own")
                .arg(circuit.tier.as_deref().unwrap_or_default())
                .arg(circuit.kept.with_added_extension("own.prepared")),
            Kind::Node => command
                .arg(&self.program)
                .args([&circuit.zkey, &circuit.wtns])
                .arg(threads.to_string()),
            Kind::Files | Kind::OtherKey | Kind::Program => command.args([&circuit.zkey, &circuit.wtns]),
        };
        command
    }

    /// What starts the judge of all proofs under the files' key: ours is one.
    pub fn judge(&self, circuit: &Circuit) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("judge").args([&circuit.zkey, &circuit.wtns]);
        command
    }
}

fn on_cores(threads: usize, program: &Path) -> Command {
    let mut command = if tools::has("taskset") {
        let mut pinned = Command::new("taskset");
        pinned.arg("-c").arg(format!("0-{}", threads - 1)).arg(program);
        pinned
    } else {
        Command::new(program)
    };
    for variable in ["RAYON_NUM_THREADS", "GOMAXPROCS", "OMP_NUM_THREADS"] {
        command.env(variable, threads.to_string());
    }
    command
}
