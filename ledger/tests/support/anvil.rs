//! A node of npm's anvil, where it is installed.

use super::rig::{Rig, everybody};
use medproof_ledger::{RpcChain, RpcConfig};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

pub const CHAIN_ID: u64 = 31_337;
/// Anvil's finalised block is two epochs of one slot below its newest.
pub const FINALITY: u64 = 2;

pub struct Anvil {
    process: Child,
    pub url: String,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The binary: of `MEDPROOF_ANVIL`, or of npm's package for this platform.
///
/// Without one the test is skipped, loudly, and fails where `CI` is set.
fn binary() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("MEDPROOF_ANVIL") {
        return Some(path.into());
    }
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let packages = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../contracts/node_modules/@foundry-rs");
    let path = packages.join(format!("anvil-{system}-{architecture}/bin/anvil"));
    if path.exists() {
        return Some(path);
    }
    let missing = "anvil is not installed: run `npm ci` in contracts/ (on x86-64 Linux), or name it in MEDPROOF_ANVIL";
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    eprintln!("SKIPPED: {missing}");
    None
}

impl Anvil {
    pub fn start() -> Option<Anvil> {
        let mut process = Command::new(binary()?)
            .args(["--port", "0", "--accounts", "1", "--slots-in-an-epoch", "1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let listening = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("Listening on ").map(str::to_owned));
        // What it writes later is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let anvil = Anvil {
            process,
            url: format!("http://{}", listening.unwrap()),
        };
        for address in everybody() {
            anvil.ask("anvil_setBalance", &json!([address, "0xde0b6b3a7640000"]));
        }
        Some(anvil)
    }

    pub fn ask(&self, method: &str, params: &Value) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut response = ureq::post(&self.url)
            .header("content-type", "application/json")
            .send(request.to_string().as_bytes())
            .unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    pub fn mine(&self, blocks: u64) {
        self.ask("anvil_mine", &json!([format!("{blocks:#x}")]));
    }

    pub fn config(&self) -> RpcConfig {
        RpcConfig {
            poll_interval: Duration::from_millis(5),
            confirmation_timeout: Duration::from_secs(20),
            ..RpcConfig::new(&self.url, CHAIN_ID)
        }
    }

    pub fn connect(&self) -> RpcChain {
        RpcChain::connect(self.config()).unwrap()
    }
}

/// A fresh node with a deployment.
pub fn anvil() -> Option<Rig<RpcChain>> {
    let node = Arc::new(Anvil::start()?);
    let (clock, miner) = (node.clone(), node.clone());
    let pass = Box::new(move |seconds: u64| {
        clock.ask("evm_increaseTime", &json!([seconds]));
        clock.mine(1);
    });
    let finalise = Box::new(move || miner.mine(FINALITY));
    Some(Rig::new(node.connect(), pass, finalise, Box::new(node)))
}
