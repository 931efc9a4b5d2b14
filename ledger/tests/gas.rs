//! What every entry point costs, against the recorded numbers.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod support;

use alloy_sol_types::{SolCall, SolConstructor};
use medproof_ledger::abi::{ConsentRegistry, DisclosureRegistry, Governance, KeyRegistry, LogRegistry, RecordRegistry};
use medproof_ledger::{
    Action, Address, Call, Chain, EmbeddedChain, Ledger, OpenRequest, ProposalId, RootPublication, word,
};
use medproof_statement::Fr;
use std::collections::BTreeMap;
use std::path::PathBuf;
use support::proofs::registration;
use support::rig::{DELAY, GRACE, Rig, account, council, embedded};

/// Execution gas of a verification, and gas of a whole submission: the product's limits.
const VERIFICATION_LIMIT: u64 = 222_000;
const SUBMISSION_LIMIT: u64 = 310_000;

type Gas = BTreeMap<String, u64>;

#[test]
fn gas_is_as_recorded() {
    let rig = embedded();
    let mut gas = Gas::new();
    deployments(&rig, &mut gas);
    council_acts(&rig, &mut gas);
    publications(&rig, &mut gas);
    disclosures(&rig, &mut gas);
    life_cycle(&rig, &mut gas);
    assert!(gas["verify_proof (execution)"] <= VERIFICATION_LIMIT, "{gas:#?}");
    assert!(gas["submit"] <= SUBMISSION_LIMIT, "{gas:#?}");

    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("gas.json");
    let found = serde_json::to_string_pretty(&gas).unwrap() + "\n";
    if std::env::var_os("MEDPROOF_UPDATE_GAS").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let recorded = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        recorded, found,
        "gas differs from ledger/gas.json: if that is meant, run \
         `MEDPROOF_UPDATE_GAS=1 cargo test -p medproof-ledger --test gas` and commit"
    );
}

fn deployments(rig: &Rig<EmbeddedChain>, gas: &mut Gas) {
    let mut deploy = |name: &str, code: &[u8], arguments: Vec<u8>| -> Address {
        let code = [code, &arguments].concat();
        let receipt = rig.chain().deploy(&account("other issuer"), code).unwrap();
        gas.insert(format!("deploy {name}"), receipt.gas_used);
        receipt.created.unwrap()
    };
    let members = council().map(|member| member.address()).to_vec();
    let arguments = Governance::constructorCall {
        members,
        threshold: 2,
        pauseThreshold: 1,
        delay: DELAY as u32,
        development: true,
    };
    let governance_ = deploy("Governance", &Governance::BYTECODE, arguments.abi_encode());
    let grace_ = GRACE.try_into().unwrap();
    let arguments = RecordRegistry::constructorCall { governance_, grace_ };
    let records_ = deploy("RecordRegistry", &RecordRegistry::BYTECODE, arguments.abi_encode());
    let arguments = KeyRegistry::constructorCall {
        governance_,
        development_: true,
    };
    let keys_ = deploy("KeyRegistry", &KeyRegistry::BYTECODE, arguments.abi_encode());
    let consents_ = deploy("ConsentRegistry", &ConsentRegistry::BYTECODE, Vec::new());
    let arguments = DisclosureRegistry::constructorCall {
        records_,
        keys_,
        consents_,
    };
    deploy(
        "DisclosureRegistry",
        &DisclosureRegistry::BYTECODE,
        arguments.abi_encode(),
    );
    deploy("LogRegistry", &LogRegistry::BYTECODE, Vec::new());
}

fn council_acts(rig: &Rig<EmbeddedChain>, gas: &mut Gas) {
    let [first, second, third] = &rig.members;
    let admit = Action::AdmitIssuer(rig.issuer.address());
    let id = ProposalId(1);
    let d = rig.write().deployment();
    let data = RecordRegistry::admitIssuerCall {
        account: rig.issuer.address(),
    }
    .abi_encode();
    let propose = Governance::proposeCall {
        target: d.records,
        data: data.into(),
    }
    .abi_encode();
    let call = Call {
        to: d.governance,
        data: propose,
    };
    let mut record = |name: &str, receipt: medproof_ledger::Receipt| {
        gas.insert(name.to_owned(), receipt.gas_used);
    };
    record("propose", rig.chain().transact(first, call).unwrap());
    record("approve", rig.write().approve(second, id).unwrap());
    record("withdraw", rig.write().withdraw(second, id).unwrap());
    rig.write().approve(third, id).unwrap();
    rig.advance(DELAY + 1);
    record("execute admit_issuer", rig.write().execute(first, id, &admit).unwrap());
    let register = Action::RegisterKey(Box::new(registration()));
    record("execute register_key", rig.decree(&register).unwrap());
}

fn publications(rig: &Rig<EmbeddedChain>, gas: &mut Gas) {
    gas.insert("publish, first".into(), rig.publish(99, 1).unwrap().gas_used);
    gas.insert("publish, next".into(), rig.publish(100, 2).unwrap().gas_used);
    gas.insert("publish, heartbeat".into(), rig.publish(100, 2).unwrap().gas_used);
}

fn disclosures(rig: &Rig<EmbeddedChain>, gas: &mut Gas) {
    let open = |request: &OpenRequest| rig.write().open_request(&rig.audience, request).unwrap().gas_used;
    // Digests as long as real ones: calldata costs by its non-zero bytes.
    let long = |x: u64| -Fr::from(x);
    let request = OpenRequest {
        request_digest: long(5),
        policy_digest: long(6),
        scope: long(7),
        ..rig.request(5, 9)
    };
    gas.insert("open, first".into(), open(&request));
    let issuers = (1..=10).map(Address::repeat_byte).collect();
    let many = OpenRequest {
        request_digest: long(8),
        issuers,
        ..request.clone()
    };
    gas.insert("open, ten issuers".into(), open(&many));

    let publication = RootPublication {
        root: long(100),
        epoch: 3,
        size: 20,
    };
    rig.write().publish_root(&rig.issuer, publication).unwrap();
    let inputs = medproof_statement::public::PublicInputs {
        registry_root: long(100),
        policy_digest: long(6),
        request_digest: long(5),
        nullifier: long(77),
        consent_handle: support::rig::handle(3),
    };
    let submission = rig.presented(&inputs);
    gas.insert("submit".into(), rig.submit(&submission).unwrap().gas_used);
    gas.insert("submit, again".into(), rig.submit(&submission).unwrap().gas_used);

    let call = KeyRegistry::verifyProofCall {
        keyId: registration().key_id,
        inputs: inputs.to_array().map(|x| word(&x)),
        proof: submission.proof.0,
    };
    let data = call.abi_encode();
    let calldata: u64 = data.iter().map(|&byte| if byte == 0 { 4 } else { 16 }).sum();
    let call = Call {
        to: rig.write().deployment().keys,
        data,
    };
    let whole = rig.chain().estimate(rig.stranger.address(), call).unwrap();
    gas.insert("verify_proof (execution)".into(), whole - 21_000 - calldata);

    let revoke = || rig.write().revoke_consent(&rig.stranger, long(3)).unwrap().gas_used;
    gas.insert("revoke".into(), revoke());
    gas.insert("revoke, again".into(), revoke());
}

fn life_cycle(rig: &Rig<EmbeddedChain>, gas: &mut Gas) {
    let key_id = registration().key_id;
    for (name, action) in [
        ("execute suspend_issuer", Action::SuspendIssuer(rig.issuer.address())),
        (
            "execute reinstate_issuer",
            Action::ReinstateIssuer(rig.issuer.address()),
        ),
        ("execute pause", Action::Pause),
        ("execute unpause", Action::Unpause),
        ("execute retire_key", Action::RetireKey(key_id)),
        ("execute revoke_key", Action::RevokeKey(key_id)),
        (
            "execute set_council",
            Action::SetCouncil(support::rig::config(true).council),
        ),
    ] {
        gas.insert(name.into(), rig.decree(&action).unwrap().gas_used);
    }
}
