//! The same flow over a node: npm's anvil, where it is installed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod common;

use common::answering::{answering, result};
use common::anvil::Anvil;
use common::{ANNA, World};
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;

#[test]
fn the_flow_over_a_node_reads_only_what_is_final() {
    let Some(node) = Anvil::start().map(Arc::new) else {
        return;
    };
    let world = World::empty();
    let ledger = world.deploy(&node);
    // Sent is not final: the contracts are not there yet.
    world
        .run(&format!("ledger status {ledger}"))
        .failed(2, "ledger.deployment");
    node.finalise();
    let issuer = world.hospital(&node, &ledger);
    world.request("r", "sponsor", &format!("--claim adult --scope trial-1 {ledger}"));
    world.consent("r", "anna");
    world.ok(&format!(
        "prove --patient {ANNA} --request r.request --consent r.consent --out r.presentation {ledger}"
    ));
    let verify = || world.verify("r", "r", &format!("--dry-run {ledger}"));
    verify().failed(1, "root.unknown");
    node.finalise();
    let verified = verify().ok().json();
    assert_eq!(verified["issuer"], issuer);
    // Proved under a block that is trusted, it is the same.
    let block = node.ask("eth_getBlockByNumber", &json!(["finalized", false]))["hash"].clone();
    let trusting = |block: &Value, node: &str| {
        let block = block.as_str().unwrap();
        world.verify("r", "r", &format!("--dry-run --trusted-block {block} {node}"))
    };
    assert_eq!(trusting(&block, &ledger).ok().json(), verified);
    // Nodes that say another thing of the contract of consents: of its account, and of what it keeps.
    let deployment: Value = serde_json::from_slice(&fs::read(world.path("deployment.json")).unwrap()).unwrap();
    let lying = |lie: fn(&mut Value)| {
        let (honest, consents) = (node.clone(), deployment["consents"].clone());
        let config = answering(move |asked| {
            let mut answer = honest.ask(asked["method"].as_str().unwrap(), &asked["params"]);
            if asked["method"] == "eth_getProof" && asked["params"][0] == consents {
                lie(&mut answer);
            }
            result(&answer)
        });
        format!("--ledger {} --deployment deployment.json", config.url)
    };
    let account = lying(|answer| answer["storageHash"] = json!(format!("0x{}", "11".repeat(32))));
    trusting(&block, &account).failed(2, "ledger.unproved");
    let storage = lying(|answer| {
        if let Some(value) = answer.pointer_mut("/storageProof/0/value") {
            *value = json!("0x1");
        }
    });
    trusting(&block, &storage).failed(2, "ledger.unavailable");
    trusting(&block, "--ledger ledger").failed(2, "ledger.no_node");
    // And one that has no such block.
    trusting(&json!(format!("0x{}", "00".repeat(32))), &ledger).failed(2, "ledger.unproved");
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
