//! A hospital whose ledger is on a node.
// Not every test's program calls all of it.
#![allow(dead_code)]

use super::anvil::Anvil;
use super::{ANNA, World, bundles};

impl World {
    /// Contracts on a node, there once they are final. How commands name them.
    pub fn deploy(&self, node: &Anvil) -> String {
        let council = self.ok("ledger account --out council")["address"].clone();
        node.fund(&council);
        self.ok(&format!(
            "ledger deploy --ledger {} --chain-id 31337 --account council --council {} --grace 0s --out deployment.json",
            node.url,
            council.as_str().unwrap()
        ));
        format!("--ledger {} --deployment deployment.json", node.url)
    }

    /// A hospital on these contracts that anchored Anna's record, which is there once it is final. Its account.
    pub fn hospital(&self, node: &Anvil, ledger: &str) -> String {
        self.ok(&format!("ledger register-key --tier XS --account council {ledger}"));
        let issuer = self.ok("issuer init --name Hospital")["account"]
            .as_str()
            .unwrap()
            .to_owned();
        node.fund(&issuer);
        self.ok(&format!("ledger admit-issuer {issuer} --account council {ledger}"));
        let name = format!("{ANNA}.json");
        self.write(&name, &bundles()[&name]);
        self.ok(&format!(
            "issuer import --records {name} --complete synthea --issued-on 2021-04-01"
        ));
        self.enroll(ANNA, "anna");
        node.finalise();
        self.ok(&format!("issuer anchor {ledger}"));
        issuer
    }
}
