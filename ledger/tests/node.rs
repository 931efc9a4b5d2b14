//! What only a node can do: reorganise, lag, lie in form, or not answer.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod support;

use medproof_ledger::{
    Action, Address, Chain, ChainError, Deployment, DeploymentError, Ledger, LedgerError, Refusal, Registry,
    RootPublication, RpcChain, RpcConfig, RpcLedger,
};
use medproof_statement::Fr;
use serde_json::{Value, json};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use support::answering::{answering, result};
use support::anvil::{Anvil, FINALITY};
use support::node::{CHAIN_ID, rig_on};
use support::rig::{account, config, refusal};

#[test]
fn nothing_is_left_of_a_node_whose_process_is_killed() {
    let Some(node) = Anvil::start() else { return };
    let url = node.url.clone();
    let ended = node.left_behind();
    assert!(!ended.success(), "{ended}");
    let address = url.strip_prefix("http://").unwrap();
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_reorganisation_takes_nothing_back_that_was_read() {
    let Some(node) = Anvil::of_everybody() else {
        return;
    };
    let rig = rig_on(&node);
    rig.decree(&Action::AdmitIssuer(rig.issuer.address())).unwrap();
    rig.publish(100, 1).unwrap();
    let issuer = rig.issuer.address();
    // Included, but not final: not there yet.
    let lagging = rig.write().root_status(issuer, Fr::from(100)).unwrap();
    assert_eq!(lagging.entry, None);
    let before = rig.ledger().root_status(issuer, Fr::from(100)).unwrap();
    assert!(before.entry.is_some());

    let receipt = rig.publish(101, 2).unwrap();
    assert_eq!(rig.write().root_status(issuer, Fr::from(101)).unwrap().entry, None);
    node.ask("anvil_reorg", &json!([1, []]));
    // The block that took it up is gone, and root 101 with it; root 100 is as it was read.
    let block = node.ask("eth_getBlockByNumber", &json!([format!("{:#x}", receipt.block), false]));
    assert_ne!(block["hash"], json!(receipt.block_hash));
    let after = rig.ledger().root_status(issuer, Fr::from(100)).unwrap();
    assert_eq!(after.entry, before.entry);
    assert_eq!(rig.ledger().root_status(issuer, Fr::from(101)).unwrap().entry, None);
    // Published again, it becomes final.
    rig.publish(101, 2).unwrap();
    assert!(rig.ledger().root_status(issuer, Fr::from(101)).unwrap().entry.is_some());
    let superseded = rig.ledger().root_status(issuer, Fr::from(100)).unwrap();
    assert!(superseded.entry.unwrap().superseded_at.is_some());
}

#[test]
fn refused_by_the_state_that_it_meets() {
    let Some(node) = Anvil::of_everybody() else {
        return;
    };
    let rig = rig_on(&node);
    rig.furnish();
    rig.open(5, 9);
    rig.open(6, 9);
    let (first, second) = (rig.submission(5, 77, 3), rig.submission(6, 77, 3));
    rig.ledger();
    node.ask("evm_setAutomine", &json!([false]));
    // Both are fine by the newest block; the block that takes both up refuses the second.
    let ledger = rig.write();
    let deployment = ledger.deployment().clone();
    let url = node.config();
    let results = std::thread::scope(|scope| {
        let send = |label: &'static str, submission| {
            let (url, deployment) = (url.clone(), deployment.clone());
            scope.spawn(move || {
                let ledger = Registry::attach(RpcChain::connect(url).unwrap(), deployment).unwrap();
                ledger.submit_disclosure(&account(label), &submission)
            })
        };
        let sent = [send("stranger", first), send("other audience", second)];
        for _ in 0..200 {
            let pool = node.ask("txpool_status", &json!([]));
            if pool["pending"] == "0x2" || sent.iter().any(|s| s.is_finished()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        node.mine(1);
        sent.map(|s| s.join().unwrap())
    });
    let (good, bad): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((good.len(), bad.len()), (1, 1));
    let refused = bad.into_iter().map(refusal).next().unwrap();
    assert!(matches!(refused, Refusal::NullifierSpent { .. }), "{refused:?}");
}

#[test]
fn a_transaction_that_no_block_takes_up() {
    let Some(node) = Anvil::of_everybody() else {
        return;
    };
    let rig = rig_on(&node);
    rig.ledger();
    node.ask("evm_setAutomine", &json!([false]));
    let config = RpcConfig {
        confirmation_timeout: Duration::from_millis(200),
        ..node.config()
    };
    let chain = RpcChain::connect(config).unwrap();
    let ledger = Registry::attach(chain, rig.write().deployment().clone()).unwrap();
    let sent = ledger.revoke_consent(&rig.stranger, Fr::from(3));
    assert!(
        matches!(sent, Err(LedgerError::Chain(ChainError::Unconfirmed { .. }))),
        "{sent:?}"
    );
}

#[test]
fn confirmations_are_waited_for() {
    let Some(node) = Anvil::of_everybody() else {
        return;
    };
    let rig = rig_on(&node);
    rig.ledger();
    let config = RpcConfig {
        confirmations: 3,
        confirmation_timeout: Duration::from_millis(300),
        ..node.config()
    };
    let chain = RpcChain::connect(config.clone()).unwrap();
    let ledger = Registry::attach(chain, rig.write().deployment().clone()).unwrap();
    let sent = ledger.revoke_consent(&rig.stranger, Fr::from(3));
    assert!(
        matches!(sent, Err(LedgerError::Chain(ChainError::Unconfirmed { .. }))),
        "{sent:?}"
    );
    node.ask("evm_setIntervalMining", &json!([1]));
    let config = RpcConfig {
        confirmation_timeout: Duration::from_secs(30),
        ..config
    };
    let chain = RpcChain::connect(config).unwrap();
    let ledger = Registry::attach(chain, rig.write().deployment().clone()).unwrap();
    ledger.revoke_consent(&rig.stranger, Fr::from(4)).unwrap();
}

#[test]
fn the_wrong_chain_and_missing_contracts() {
    let Some(node) = Anvil::of_everybody() else {
        return;
    };
    let wrong = RpcConfig {
        chain_id: 1,
        ..node.config()
    };
    let refused = RpcChain::connect(wrong).unwrap_err();
    assert!(matches!(
        refused,
        ChainError::WrongChain {
            expected: 1,
            found: CHAIN_ID
        }
    ));

    let rig = rig_on(&node);
    let good = rig.ledger().deployment().clone();
    let attach = |deployment: Deployment| -> LedgerError { RpcLedger::attach(node.connect(), deployment).unwrap_err() };
    let elsewhere = Deployment {
        chain_id: 1,
        ..good.clone()
    };
    assert!(matches!(
        attach(elsewhere),
        LedgerError::Chain(ChainError::WrongChain { .. })
    ));
    let nowhere = Deployment {
        keys: Address::repeat_byte(1),
        ..good.clone()
    };
    let missing = attach(nowhere);
    assert!(matches!(
        missing,
        LedgerError::Deployment(DeploymentError::MissingCode {
            contract: "KeyRegistry",
            ..
        })
    ));
    // Contracts of two deployments.
    let other = Registry::deploy(node.connect(), &account("other issuer"), &config(true)).unwrap();
    node.mine(FINALITY);
    let other = other.deployment();
    for mixed in [
        Deployment {
            records: other.records,
            ..good.clone()
        },
        Deployment {
            keys: other.keys,
            ..good.clone()
        },
        Deployment {
            consents: other.consents,
            ..good.clone()
        },
        Deployment {
            disclosures: other.disclosures,
            ..good.clone()
        },
        Deployment {
            governance: other.governance,
            ..good.clone()
        },
        Deployment {
            development: false,
            ..good.clone()
        },
    ] {
        let refused = attach(mixed);
        assert!(matches!(
            refused,
            LedgerError::Deployment(DeploymentError::Mismatched { .. })
        ));
    }
    RpcLedger::attach(node.connect(), good).unwrap();
}

#[test]
fn gas_too_dear() {
    let Some(node) = Anvil::of_everybody() else {
        return;
    };
    let rig = rig_on(&node);
    rig.ledger();
    let thrifty = RpcConfig {
        max_gas_price: 1,
        ..node.config()
    };
    let chain = RpcChain::connect(thrifty).unwrap();
    let ledger = Registry::attach(chain, rig.write().deployment().clone()).unwrap();
    let sent = ledger.revoke_consent(&rig.stranger, Fr::from(3));
    assert!(matches!(
        sent,
        Err(LedgerError::Chain(ChainError::GasTooDear { maximum: 1, .. }))
    ));
}

#[test]
fn same_gas_on_both_chains() {
    let Some(node) = Anvil::of_everybody() else {
        return;
    };
    let (rpc, embedded) = (rig_on(&node), support::rig::embedded());
    rpc.furnish();
    embedded.furnish();
    rpc.open(5, 9);
    embedded.open(5, 9);
    let submission = rpc.submission(5, 77, 3);
    let (a, b) = (rpc.submit(&submission).unwrap(), embedded.submit(&submission).unwrap());
    assert_eq!(a.gas_used, b.gas_used);
    let publication = RootPublication {
        root: Fr::from(101),
        epoch: 2,
        size: 1,
    };
    let a = rpc.write().publish_root(&rpc.issuer, publication).unwrap();
    let b = embedded.write().publish_root(&embedded.issuer, publication).unwrap();
    assert_eq!(a.gas_used, b.gas_used);
}

#[test]
fn nobody_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://user:password@{}/secret", listener.local_addr().unwrap());
    drop(listener);
    let refused = RpcChain::connect(RpcConfig::new(url, 1)).unwrap_err();
    let ChainError::Unreachable { url, .. } = &refused else {
        panic!("{refused:?}")
    };
    assert!(url.starts_with("http://127.0.0.1:") && !url.contains("secret"));
    assert!(!refused.to_string().contains("password"));
}

#[test]
fn answers_that_are_none() {
    for body in [
        "",
        "<html>",
        "{}",
        "[]",
        "7",
        "{\"result\":\"0x\"}",
        "{\"result\":\"1\"}",
        "{\"result\":1}",
    ] {
        let refused = RpcChain::connect(answering(move |_| body.to_owned())).unwrap_err();
        assert!(
            matches!(refused, ChainError::Unreachable { .. } | ChainError::Malformed { .. }),
            "{body}: {refused:?}"
        );
    }
    let error = json!({ "error": { "code": -32601, "message": "no such method" } }).to_string();
    let refused = RpcChain::connect(answering(move |_| error.clone())).unwrap_err();
    assert!(matches!(refused, ChainError::Node { code: -32601, .. }));
}

#[test]
fn a_node_without_finality() {
    let block = json!({ "number": "0x5a", "hash": format!("0x{}", "ab".repeat(32)), "timestamp": "0x64" });
    for unknown in [
        result(&Value::Null),
        json!({ "error": { "code": -32602, "message": "unknown block tag" } }).to_string(),
    ] {
        let (block, unknown) = (block.clone(), unknown.clone());
        let config = answering(move |asked| match asked["method"].as_str().unwrap() {
            "eth_chainId" => result(&json!("0x1")),
            "eth_blockNumber" => result(&json!("0x64")),
            _ if asked["params"][0] == "finalized" => unknown.clone(),
            _ if asked["params"][0] == "0x5a" => result(&block),
            other => panic!("asked for {other}"),
        });
        let refused = RpcChain::connect(config.clone()).unwrap().head().unwrap_err();
        assert!(matches!(refused, ChainError::NoFinality { .. }), "{refused:?}");
        let config = RpcConfig {
            fallback_depth: Some(10),
            ..config
        };
        let head = RpcChain::connect(config).unwrap().head().unwrap();
        assert_eq!((head.number, head.time), (90, 100));
    }
}
