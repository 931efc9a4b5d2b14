//! The same flow over a node: npm's anvil, where it is installed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod common;

use common::{ANNA, World, bundles};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Anvil's finalised block is two epochs of one slot below its newest.
const FINALITY: u64 = 2;

struct Anvil {
    process: Child,
    url: String,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Without one the test is skipped, loudly, and fails where `CI` is set.
fn binary() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("MEDPROOF_ANVIL") {
        return Some(path.into());
    }
    // The binary itself: npm's launcher would leave it running.
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
    let missing = "anvil is not installed: run `npm ci` in contracts/, or name it in MEDPROOF_ANVIL";
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    eprintln!("SKIPPED: {missing}");
    None
}

impl Anvil {
    fn start() -> Option<Anvil> {
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
        let url = format!("http://{}", listening.unwrap());
        Some(Anvil { process, url })
    }

    fn ask(&self, method: &str, params: &Value) {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut response = ureq::post(&self.url)
            .header("content-type", "application/json")
            .send(request.to_string().as_bytes())
            .unwrap();
        let answer: Value = serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap();
        assert!(answer["error"].is_null(), "{method}: {answer}");
    }

    fn finalise(&self) {
        self.ask("anvil_mine", &json!([format!("{FINALITY:#x}")]));
    }

    fn fund(&self, account: &Value) {
        self.ask("anvil_setBalance", &json!([account, "0xde0b6b3a7640000"]));
    }
}

#[test]
fn the_flow_over_a_node_reads_only_what_is_final() {
    let Some(node) = Anvil::start() else {
        return;
    };
    let world = World::empty();
    let ledger = format!("--ledger {} --deployment deployment.json", node.url);
    let council = world.ok("ledger account --out council")["address"].clone();
    node.fund(&council);
    world.ok(&format!(
        "ledger deploy --ledger {} --chain-id 31337 --account council --council {} --grace 0s --out deployment.json",
        node.url,
        council.as_str().unwrap()
    ));
    // Sent is not final: the contracts are not there yet.
    world
        .run(&format!("ledger status {ledger}"))
        .failed(2, "ledger.deployment");
    node.finalise();
    world.ok(&format!("ledger register-key --tier XS --account council {ledger}"));
    let issuer = world.ok("issuer init --name Hospital")["account"].clone();
    node.fund(&issuer);
    let issuer = issuer.as_str().unwrap();
    world.ok(&format!("ledger admit-issuer {issuer} --account council {ledger}"));
    let name = format!("{ANNA}.json");
    world.write(&name, &bundles()[&name]);
    world.ok(&format!(
        "issuer import --records {name} --complete synthea --issued-on 2021-04-01"
    ));
    world.enroll(ANNA, "anna");
    node.finalise();
    world.ok(&format!("issuer anchor {ledger}"));
    world.request(
        "r",
        "sponsor",
        &format!(
            "--claim adult --scope trial-1 --ledger {} --deployment deployment.json",
            node.url
        ),
    );
    world.consent("r", "anna");
    world.ok(&format!(
        "prove --patient {ANNA} --request r.request --consent r.consent --out r.presentation {ledger}"
    ));
    let verify = || world.verify("r", "r", &format!("--dry-run {ledger}"));
    verify().failed(1, "root.unknown");
    node.finalise();
    assert_eq!(verify().ok().json()["issuer"], issuer);
    let sponsor = world.ok("audience show sponsor")["account"].clone();
    node.fund(&sponsor);
    let sponsor = sponsor.as_str().unwrap();
    world.ok(&format!(
        "ledger open-request --request r.request --audience sponsor {ledger}"
    ));
    let submit =
        format!("ledger submit --presentation r.presentation --request r.request --audience {sponsor} {ledger}");
    // Gas is not free here.
    world.run(&submit).failed(2, "account.none");
    world.ok(&format!("{submit} --account council"));
    let revoke = format!("holder revoke --holder anna.holder --consent r.consent {ledger}");
    world.ok(&format!("{revoke} --account council"));
    node.finalise();
    verify().failed(1, "consent.revoked");
}
