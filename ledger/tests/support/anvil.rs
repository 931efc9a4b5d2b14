//! A node of npm's anvil, where it is installed.
// Not every test's program calls all of it.
#![allow(dead_code, clippy::print_stderr)]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

/// Anvil's finalised block is two epochs of one slot below its newest.
pub const FINALITY: u64 = 2;

/// Becomes the node, which is killed once the pipe at its standard input has no other end; a line that comes
/// through it before says that the node is gone already.
const KEPT: &str = r#"exec 3<&0; (read -r line <&3 || kill -KILL $$) >/dev/null & exec "$@" 3<&- </dev/null"#;

/// A node of a test's own. Ended with it, and with its process, however that ends: threads that answer for a node hold
/// it for ever, and who is killed drops nothing.
pub struct Anvil {
    process: Child,
    held: Option<ChildStdin>,
    pub url: String,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        // Its number may be another process's from now on.
        let _ = self.held.take().map(|mut held| held.write_all(b"\n"));
    }
}

/// The binary: of `MEDPROOF_ANVIL`, or of npm's package for this platform, whose launcher would leave it running.
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
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/node_modules/@foundry-rs");
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
    /// One whose only accounts with money are those that are funded.
    pub fn start() -> Option<Anvil> {
        let mut process = Command::new("sh")
            .args(["-c", KEPT, "sh"])
            .arg(binary()?)
            .args(["--port", "0", "--accounts", "1", "--slots-in-an-epoch", "1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let held = process.stdin.take();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let listening = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("Listening on ").map(str::to_owned));
        // What it writes later is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let url = format!("http://{}", listening.unwrap());
        Some(Anvil { process, held, url })
    }

    /// How it ends when nothing is left of the test's process but a closed pipe.
    pub fn left_behind(mut self) -> ExitStatus {
        drop(self.held.take());
        self.process.wait().unwrap()
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

    /// What was sent is final.
    pub fn finalise(&self) {
        self.mine(FINALITY);
    }

    pub fn fund(&self, account: impl serde::Serialize) {
        self.ask("anvil_setBalance", &json!([account, "0xde0b6b3a7640000"]));
    }
}
