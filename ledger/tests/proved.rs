//! Reads that are proved under a trusted block: what an honest node says comes out as it says it, and
//! what a lying one says is refused.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod support;

use alloy_primitives::keccak256;
use medproof_ledger::{
    Account, Action, Address, B256, ChainError, Deployment, KeyState, Ledger, LedgerError, ProvedChain, ProvedLedger,
    Registry, RpcChain, RpcConfig, RpcLedger, U256, Unproved, word,
};
use medproof_statement::Fr;
use serde_json::{Value, json};
use std::sync::Arc;
use support::answering::{answering, result};
use support::anvil::Anvil;
use support::node::{CHAIN_ID, rig_on};
use support::proofs::registration;
use support::rig::{Rig, account, handle, refusal};

/// Preimages of the consents that are revoked: so many that a proof has several nodes.
const REVOKED: [u64; 12] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
const UNREVOKED: u64 = 20;

/// Root 100 superseded by root 101, an issuer suspended, a key, twelve consents revoked: all of it final.
fn history(node: &Arc<Anvil>) -> Rig<RpcChain> {
    let rig = rig_on(node);
    rig.furnish();
    rig.publish(101, 2).unwrap();
    let other = account("other issuer").address();
    rig.decree(&Action::AdmitIssuer(other)).unwrap();
    rig.decree(&Action::SuspendIssuer(other)).unwrap();
    for preimage in REVOKED {
        rig.write().revoke_consent(&rig.stranger, Fr::from(preimage)).unwrap();
    }
    rig.ledger();
    rig
}

fn attach(config: &RpcConfig, trusted: B256, deployment: &Deployment) -> Result<ProvedLedger, LedgerError> {
    Registry::attach(ProvedChain::connect(config, trusted)?, deployment.clone())
}

/// All that a verifier reads, and more: proved under the node's finalised block, and as the node says it.
fn require_same(node: &Anvil, rig: &Rig<RpcChain>) -> ProvedLedger {
    let said = rig.write();
    let head = said.head().unwrap();
    let proved = attach(&node.config(), head.hash, said.deployment()).unwrap();
    assert_eq!(proved.head().unwrap(), head);
    assert_eq!(proved.issuers().unwrap(), said.issuers().unwrap());
    for issuer in ["issuer", "other issuer", "stranger"].map(|label| account(label).address()) {
        assert_eq!(
            proved.issuer_status(issuer).unwrap(),
            said.issuer_status(issuer).unwrap()
        );
        for root in [100, 101, 102].map(Fr::from) {
            let found = proved.root_status(issuer, root).unwrap();
            assert_eq!(found, said.root_status(issuer, root).unwrap());
        }
    }
    for preimage in REVOKED.into_iter().chain([UNREVOKED, 21, 22, 23]) {
        let found = proved.consent_revoked_at(handle(preimage)).unwrap();
        assert_eq!(found, said.consent_revoked_at(handle(preimage)).unwrap());
        assert_eq!(found.is_some(), REVOKED.contains(&preimage));
    }
    let key = registration().key_id;
    for id in [key, B256::repeat_byte(9)] {
        assert_eq!(proved.key_status(id).unwrap(), said.key_status(id).unwrap());
    }
    // A key's points are the code of a contract of their own.
    assert_eq!(proved.verifying_key(key).unwrap(), said.verifying_key(key).unwrap());
    let unknown = B256::repeat_byte(9);
    assert_eq!(
        refusal(proved.verifying_key(unknown)),
        refusal(said.verifying_key(unknown))
    );
    assert_eq!(proved.council().unwrap(), said.council().unwrap());
    proved
}

#[test]
fn an_honest_node_is_read_as_it_says() {
    let Some(node) = Anvil::of_everybody() else {
        return;
    };
    let rig = history(&node);
    let before = require_same(&node, &rig);
    let (issuer, key) = (rig.issuer.address(), registration().key_id);
    let superseded = before.root_status(issuer, Fr::from(100)).unwrap();
    assert!(superseded.entry.unwrap().superseded_at.is_some() && !superseded.paused);

    rig.decree(&Action::RetireKey(key)).unwrap();
    rig.ledger();
    let retiring = require_same(&node, &rig);
    assert_eq!(retiring.key_status(key).unwrap().state, KeyState::Retiring);

    rig.decree(&Action::RevokeKey(key)).unwrap();
    rig.decree(&Action::Pause).unwrap();
    rig.write().revoke_consent(&rig.stranger, Fr::from(30)).unwrap();
    rig.ledger();
    let after = require_same(&node, &rig);
    assert_eq!(after.key_status(key).unwrap().state, KeyState::Revoked);
    assert!(after.issuer_status(issuer).unwrap().paused);
    assert!(after.consent_revoked_at(handle(30)).unwrap().is_some());
    // The block that was trusted before says what it said.
    let still = attach(&node.config(), before.head().unwrap().hash, before.deployment()).unwrap();
    assert_eq!(still.key_status(key).unwrap().state, KeyState::Active);
    assert!(!still.issuer_status(issuer).unwrap().paused);
    assert_eq!(still.consent_revoked_at(handle(30)).unwrap(), None);
}

#[test]
fn a_proved_block_answers_nothing_else() {
    let Some(node) = Anvil::of_everybody() else {
        return;
    };
    let rig = rig_on(&node);
    let head = rig.ledger().head().unwrap();
    let proved = attach(&node.config(), head.hash, rig.write().deployment()).unwrap();
    let unprovable = |error: LedgerError| matches!(unproved(error), Unproved::Unprovable { .. });
    let anyone: &Account = &rig.stranger;
    assert!(unprovable(proved.revoke_consent(anyone, Fr::from(3)).unwrap_err()));
    assert!(unprovable(proved.noticed(0, head.number).unwrap_err()));
    assert_eq!(proved.block(head.number).unwrap(), Some(head));
    assert_eq!(proved.block(head.number + 1).unwrap(), None);
    assert!(matches!(
        proved.block(head.number - 1),
        Err(LedgerError::Chain(ChainError::Forgotten { .. }))
    ));
    // Nor has it contracts that are not there.
    let nowhere = Deployment {
        keys: Address::repeat_byte(1),
        ..rig.write().deployment().clone()
    };
    assert!(matches!(
        attach(&node.config(), head.hash, &nowhere),
        Err(LedgerError::Deployment(_))
    ));
}

/// A node between a reader and an honest one: it changes answers. It is told method, parameters and the honest answer.
fn lying(node: &Arc<Anvil>, lie: impl Fn(&str, &Value, &mut Value) + Send + 'static) -> RpcConfig {
    let node = node.clone();
    let config = answering(move |asked| {
        let (method, params) = (asked["method"].as_str().unwrap(), &asked["params"]);
        let mut answer = node.ask(method, params);
        lie(method, params, &mut answer);
        result(&answer)
    });
    RpcConfig {
        chain_id: CHAIN_ID,
        ..config
    }
}

fn unproved(error: LedgerError) -> Unproved {
    match error {
        LedgerError::Chain(ChainError::Unproved(unproved)) => unproved,
        other => panic!("expected what is not proved, found {other:?}"),
    }
}

/// A lie that was told, and what a reader of everything found.
struct Trial {
    node: Arc<Anvil>,
    deployment: Deployment,
    trusted: B256,
    issuer: Address,
}

impl Trial {
    fn new() -> Option<Trial> {
        let node = Anvil::of_everybody()?;
        let rig = history(&node);
        Some(Trial {
            node,
            deployment: rig.write().deployment().clone(),
            trusted: rig.write().head().unwrap().hash,
            issuer: rig.issuer.address(),
        })
    }

    /// What a verifier reads: of a root that nobody published, and of consents both revoked and not.
    fn read(&self, config: &RpcConfig) -> Result<(), LedgerError> {
        let proved = attach(config, self.trusted, &self.deployment)?;
        proved.consent_revoked_at(handle(REVOKED[0]))?;
        proved.consent_revoked_at(handle(UNREVOKED))?;
        proved.root_status(self.issuer, Fr::from(102))?;
        proved.key_status(registration().key_id)?;
        Ok(())
    }

    #[track_caller]
    fn caught(&self, lie: impl Fn(&str, &Value, &mut Value) + Send + 'static) -> Unproved {
        unproved(self.read(&lying(&self.node, lie)).unwrap_err())
    }

    /// A lie about the storage of one contract.
    #[track_caller]
    fn caught_in_storage(&self, of: Address, lie: impl Fn(&Value, &mut Value) + Send + 'static) -> Unproved {
        self.caught(move |method, params, answer| {
            if method == "eth_getProof" && params[0] == json!(of) && params[1][0].is_string() {
                lie(params, answer);
            }
        })
    }

    #[track_caller]
    fn caught_in_account(&self, of: Address, lie: impl Fn(&Value, &mut Value) + Send + 'static) -> Unproved {
        self.caught(move |method, params, answer| {
            if method == "eth_getProof" && params[0] == json!(of) {
                lie(params, answer);
            }
        })
    }
}

/// Another digit in the middle of hexadecimal ones.
fn altered(text: &Value) -> Value {
    let mut text = text.as_str().unwrap().to_owned();
    let middle = text.len() / 2 + 1;
    let other = if &text[middle..=middle] == "7" { "8" } else { "7" };
    text.replace_range(middle..=middle, other);
    json!(text)
}

/// Where a contract keeps when a consent was revoked: its first and only variable, a mapping.
fn slot(preimage: u64) -> B256 {
    let handle = word(&handle(preimage)).to_be_bytes::<32>();
    keccak256([handle, [0; 32]].concat())
}

fn is_storage_of(found: &Unproved, contract: Address) -> bool {
    matches!(found, Unproved::Storage { address, .. } if *address == contract)
}

fn is_account_of(found: &Unproved, contract: Address) -> bool {
    matches!(found, Unproved::Account { address, .. } if *address == contract)
}

#[test]
fn the_truth_passes_where_lies_are_caught() {
    let Some(trial) = Trial::new() else {
        return;
    };
    trial.read(&lying(&trial.node, |_, _, _| {})).unwrap();
}

#[test]
fn a_false_value_of_storage() {
    let Some(trial) = Trial::new() else {
        return;
    };
    let Deployment {
        consents,
        records,
        keys,
        ..
    } = trial.deployment;
    let says =
        |value: &'static str| move |_: &Value, answer: &mut Value| answer["storageProof"][0]["value"] = json!(value);
    // A revoked consent would not be.
    let Unproved::Storage {
        address, slot: found, ..
    } = trial.caught_in_storage(consents, says("0x0"))
    else {
        panic!("expected a slot's proof")
    };
    assert_eq!((address, found), (consents, U256::from_be_bytes(slot(REVOKED[0]).0)));
    for contract in [consents, records, keys] {
        assert!(is_storage_of(&trial.caught_in_storage(contract, says("0x1")), contract));
    }
    // One that is not revoked would be.
    let found = trial.caught_in_storage(consents, |params, answer| {
        if params[1][0] == json!(slot(UNREVOKED)) {
            answer["storageProof"][0]["value"] = json!("0x1");
        }
    });
    let named = U256::from_be_bytes(slot(UNREVOKED).0);
    assert!(
        matches!(found, Unproved::Storage { slot, .. } if slot == named),
        "{found}"
    );
    // A root that nobody published, as if it were: (epoch 3, size 1, now, never superseded).
    assert!(is_storage_of(
        &trial.caught_in_storage(records, says("0x68000000000000000000000000000000010000000000000003")),
        records
    ));
}

#[test]
fn the_same_lie_is_believed_without_proofs() {
    let Some(trial) = Trial::new() else {
        return;
    };
    let consents = trial.deployment.consents;
    let config = lying(&trial.node, move |method, params, answer| match method {
        "eth_call" if params[0]["to"] == json!(consents) => *answer = json!(format!("0x{}", "00".repeat(32))),
        "eth_getProof" if params[0] == json!(consents) && params[1][0].is_string() => {
            answer["storageProof"][0]["value"] = json!("0x0");
        }
        _ => {}
    });
    let revoked = handle(REVOKED[0]);
    let plain = RpcLedger::attach(RpcChain::connect(config.clone()).unwrap(), trial.deployment.clone()).unwrap();
    assert_eq!(plain.consent_revoked_at(revoked).unwrap(), None);
    let proved = attach(&config, trial.trusted, &trial.deployment).unwrap();
    let refused = unproved(proved.consent_revoked_at(revoked).unwrap_err());
    assert!(is_storage_of(&refused, consents));
    // Asked again, it is refused again: nothing unproved was kept.
    assert!(is_storage_of(
        &unproved(proved.consent_revoked_at(revoked).unwrap_err()),
        consents
    ));
}

#[test]
fn every_node_of_a_proof_is_needed_as_it_is() {
    let Some(trial) = Trial::new() else {
        return;
    };
    let consents = trial.deployment.consents;
    let at = json!({ "blockHash": trial.trusted });
    let honest = trial
        .node
        .ask("eth_getProof", &json!([consents, [slot(REVOKED[0])], at]));
    let count = |proof: &Value| proof.as_array().unwrap().len();
    let (account, storage) = (
        count(&honest["accountProof"]),
        count(&honest["storageProof"][0]["proof"]),
    );
    assert!(account > 1 && storage > 1, "{honest}");
    for place in 0..storage {
        let found = trial.caught_in_storage(consents, move |_, answer| {
            let node = &mut answer["storageProof"][0]["proof"][place];
            *node = altered(node);
        });
        assert!(is_storage_of(&found, consents), "{place} altered: {found}");
        let found = trial.caught_in_storage(consents, move |_, answer| {
            let proof = answer["storageProof"][0]["proof"].as_array_mut().unwrap();
            proof.remove(place);
        });
        assert!(is_storage_of(&found, consents), "{place} left out: {found}");
    }
    for place in 0..account {
        let found = trial.caught_in_account(consents, move |_, answer| {
            let node = &mut answer["accountProof"][place];
            *node = altered(node);
        });
        assert!(is_account_of(&found, consents), "{place} altered: {found}");
        let found = trial.caught_in_account(consents, move |_, answer| {
            answer["accountProof"].as_array_mut().unwrap().remove(place);
        });
        assert!(is_account_of(&found, consents), "{place} left out: {found}");
    }
    // None at all, for a slot that would be zero then.
    let found = trial.caught_in_storage(consents, |_, answer| {
        answer["storageProof"][0]["value"] = json!("0x0");
        answer["storageProof"][0]["proof"] = json!([]);
    });
    assert!(is_storage_of(&found, consents), "{found}");
}

#[test]
fn a_revocation_hidden_by_another_slots_absence() {
    let Some(trial) = Trial::new() else {
        return;
    };
    let (node, consents) = (trial.node.clone(), trial.deployment.consents);
    let found = trial.caught_in_storage(consents, move |params, answer| {
        let asked = answer["storageProof"][0]["key"].clone();
        *answer = node.ask("eth_getProof", &json!([consents, [slot(UNREVOKED)], params[2]]));
        assert_eq!(answer["storageProof"][0]["value"], "0x0");
        answer["storageProof"][0]["key"] = asked;
    });
    assert!(is_storage_of(&found, consents), "{found}");
    let Unproved::Storage { slot: named, .. } = found else {
        panic!("{found}")
    };
    assert_eq!(named, U256::from_be_bytes(slot(REVOKED[0]).0));
}

#[test]
fn a_header_that_is_not_the_trusted_blocks() {
    let Some(trial) = Trial::new() else {
        return;
    };
    for field in ["stateRoot", "timestamp", "number", "parentHash", "extraData"] {
        let found = trial.caught(move |method, _, answer| {
            if method == "eth_getBlockByHash" {
                // Of the numbers a plausible other; of the rest another digit.
                answer[field] = match field {
                    "timestamp" | "number" => json!("0x7"),
                    "extraData" => json!("0x07"),
                    _ => altered(&answer[field]),
                };
            }
        });
        assert!(
            matches!(found, Unproved::Header { trusted, .. } if trusted == trial.trusted),
            "{field}: {found}"
        );
    }
    // An older block, honest in itself, under the trusted one's name.
    let (node, trusted) = (trial.node.clone(), trial.trusted);
    let found = trial.caught(move |method, _, answer| {
        if method == "eth_getBlockByHash" {
            *answer = node.ask("eth_getBlockByNumber", &json!(["0x5", false]));
            answer["hash"] = json!(trusted);
        }
    });
    assert!(matches!(found, Unproved::Header { .. }), "{found}");
    let found = trial.caught(|method, _, answer| {
        if method == "eth_getBlockByHash" {
            *answer = Value::Null;
        }
    });
    assert_eq!(found, Unproved::NoBlock { trusted });
}

#[test]
fn proofs_of_another_block() {
    let Some(trial) = Trial::new() else {
        return;
    };
    let consents = trial.deployment.consents;
    // Where the contracts are, and no consent is revoked.
    let block = format!("{:#x}", trial.deployment.block + 10);
    let (node, older) = (trial.node.clone(), block.clone());
    let found = trial.caught_in_account(consents, move |params, answer| {
        *answer = node.ask("eth_getProof", &json!([params[0], params[1], older]));
    });
    assert!(is_account_of(&found, consents), "{found}");
    // Of the slot alone: its account is the trusted block's.
    let node = trial.node.clone();
    let found = trial.caught_in_storage(consents, move |params, answer| {
        *answer = node.ask("eth_getProof", &json!([params[0], params[1], block]));
        assert_eq!(answer["storageProof"][0]["value"], "0x0");
    });
    assert!(is_storage_of(&found, consents), "{found}");
}

#[test]
fn an_account_of_another_contract() {
    let Some(trial) = Trial::new() else {
        return;
    };
    let Deployment { consents, logs, .. } = trial.deployment;
    // It has no storage: every consent would be unrevoked.
    let node = trial.node.clone();
    let found = trial.caught_in_account(consents, move |params, answer| {
        *answer = node.ask("eth_getProof", &json!([logs, params[1], params[2]]));
        answer["address"] = json!(consents);
    });
    assert!(is_account_of(&found, consents), "{found}");
    // An account whose storage alone is another's, or whose code is.
    for field in ["storageHash", "codeHash"] {
        let found = trial.caught_in_account(consents, move |_, answer| answer[field] = altered(&answer[field]));
        assert!(is_account_of(&found, consents), "{field}: {found}");
    }
    // An account that would not be there.
    let found = trial.caught_in_account(consents, |_, answer| {
        for (field, value) in [("nonce", "0x0"), ("balance", "0x0")] {
            answer[field] = json!(value);
        }
        answer["codeHash"] = json!(B256::ZERO);
    });
    assert!(is_account_of(&found, consents), "{found}");
}

#[test]
fn code_that_is_not_the_contracts() {
    let Some(trial) = Trial::new() else {
        return;
    };
    let consents = trial.deployment.consents;
    // It answers every call with zero.
    let found = trial.caught(move |method, params, answer| {
        if method == "eth_getCode" && params[0] == json!(consents) {
            *answer = json!("0x60206000f3");
        }
    });
    let Unproved::Code {
        address,
        expected,
        found,
    } = found
    else {
        panic!("{found}")
    };
    assert_eq!(address, consents);
    assert_eq!(found, keccak256([0x60, 0x20, 0x60, 0, 0xf3]));
    assert_ne!(expected, found);
}
