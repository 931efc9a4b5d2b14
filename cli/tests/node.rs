//! The same flow over a node: npm's anvil, where it is installed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod common;

use common::anvil::Anvil;
use common::{ANNA, World};

#[test]
fn the_flow_over_a_node_reads_only_what_is_final() {
    let Some(node) = Anvil::start() else {
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
