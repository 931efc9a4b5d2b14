//! Seeds of calls, of what contracts return, and of what nodes reply.

use super::edges::respelt;
use super::{Seed, seed};
use crate::honest::chain::{proofs, rig};
use crate::mutate::edges::WORDS;
use crate::targets::contracts::{self, PREPARED, contracts};
use alloy_sol_types::{SolCall, SolError, SolEvent};
use medproof_ledger::abi::{ConsentRegistry, DisclosureRegistry, Governance, KeyRegistry, LogRegistry, RecordRegistry};
use medproof_ledger::{Address, B256, Call, KeyWords, U256, word};
use medproof_statement::Fr;
use serde_json::{Value, json};

/// Seeds.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = [calls(), answers(), refusals(), replies(), states()].concat();
    let file = serde_json::to_vec(PREPARED.deployment()).unwrap();
    seeds.push(seed("deployment", "honest", file.clone()));
    seeds.extend(respelt("deployment", &file));
    seeds
}

// The contract's number and calldata.
fn call(name: &str, contract: u8, call: &impl SolCall) -> Seed {
    seed("contract_calls", name, [&[contract][..], &call.abi_encode()].concat())
}

fn calls() -> Vec<Seed> {
    let [governance, records, keys, ..] = contracts();
    let stranger = rig::account("stranger").address();
    let open = contracts::open_request(900, PREPARED.now());
    let key = proofs::registration();
    let data = RecordRegistry::pauseCall {}.abi_encode();
    let propose = |target: Address| Governance::proposeCall {
        target,
        data: data.clone().into(),
    };
    let submission = DisclosureRegistry::Submission::from(&PREPARED.submission);
    let verify = KeyRegistry::verifyProofCall {
        keyId: key.key_id,
        inputs: [100, 0x7001, 500, 700, 1].map(U256::from),
        proof: submission.proof,
    };
    let mut seeds = vec![
        call("propose", 0, &propose(records)),
        call("approve", 0, &Governance::approveCall { id: U256::from(1) }),
        call("withdraw", 0, &Governance::withdrawCall { id: U256::from(1) }),
        call(
            "execute",
            0,
            &Governance::executeCall {
                id: U256::from(1),
                target: records,
                data: data.clone().into(),
            },
        ),
        call(
            "set-council",
            0,
            &Governance::setCouncilCall {
                members: vec![stranger],
                threshold: 1,
                pauseThreshold: 1,
                delay: 0,
            },
        ),
        call("proposal", 0, &Governance::proposalAtCall { id: U256::from(1) }),
        call("admit", 1, &RecordRegistry::admitIssuerCall { account: stranger }),
        call("pause", 1, &RecordRegistry::pauseCall {}),
        call(
            "publish",
            1,
            &RecordRegistry::publishCall {
                root_: U256::from(101),
                epoch: 2,
                size: 20,
            },
        ),
        call(
            "root",
            1,
            &RecordRegistry::rootCall {
                account: rig::account("issuer").address(),
                root_: U256::from(100),
            },
        ),
        call(
            "register-key",
            2,
            &KeyRegistry::registerKeyCall {
                keyId: B256::repeat_byte(1),
                tier: 1,
                circuitVersion: 1,
                matrixDigest: B256::ZERO,
                development_: true,
                vk: (&KeyWords::from(&proofs::key_points())).into(),
            },
        ),
        call("revoke-key", 2, &KeyRegistry::revokeKeyCall { keyId: key.key_id }),
        call("verify-proof", 2, &verify),
        call("verifying-key", 2, &KeyRegistry::verifyingKeyCall { keyId: key.key_id }),
        call("open", 4, &DisclosureRegistry::openCall { asked: (&open).into() }),
        call("submit", 4, &DisclosureRegistry::submitCall { s: submission.clone() }),
        call(
            "is-spent",
            4,
            &DisclosureRegistry::isSpentCall {
                audience: stranger,
                scope: U256::from(600),
                nullifier: U256::from(701),
            },
        ),
        call(
            "publish-head",
            5,
            &LogRegistry::publishCall {
                log: contracts::LOG.0,
                head: B256::repeat_byte(4),
            },
        ),
        seed("contract_calls", "nothing", [4]),
        seed("contract_calls", "selector", [3, 0xff, 0xff, 0xff, 0xff]),
    ];
    for (i, preimage) in WORDS.iter().enumerate().step_by(5) {
        let preimage = U256::from_be_bytes(*preimage);
        seeds.push(call(
            &format!("revoke-{i}"),
            3,
            &ConsentRegistry::revokeCall { preimage },
        ));
    }
    for preimage in [800u64, 801] {
        let preimage = U256::from(preimage);
        seeds.push(call(
            &format!("revoke-known-{preimage}"),
            3,
            &ConsentRegistry::revokeCall { preimage },
        ));
    }
    for (i, edge) in WORDS.iter().enumerate().step_by(9) {
        let mut submission = submission.clone();
        let edge = U256::from_be_bytes(*edge);
        match i % 4 {
            0 => submission.nullifier = edge,
            1 => submission.consentHandle = edge,
            2 => submission.registryRoot = edge,
            _ => submission.proof[i % 8] = edge,
        }
        seeds.push(call(
            &format!("submit-{i}"),
            4,
            &DisclosureRegistry::submitCall { s: submission },
        ));
    }
    // Deep data in a short call.
    let mut proposal = propose(keys).abi_encode();
    proposal[67] = 0xff;
    seeds.push(seed("contract_calls", "offset", [&[0][..], &proposal].concat()));
    assert!(!governance.is_zero());
    seeds
}

// What the prepared contracts return to each operation of the ledger.
fn answers() -> Vec<Seed> {
    let [governance, records, keys, consents, disclosures, logs] = contracts();
    let issuer = rig::account("issuer").address();
    let audience = rig::account("audience").address();
    let to = |to: Address, data: Vec<u8>| Call { to, data };
    let digest = word(&Fr::from(contracts::DIGEST + 1));
    let issuer_call = || to(records, RecordRegistry::issuerCall { account: issuer }.abi_encode());
    let paused = || to(records, RecordRegistry::pausedCall {}.abi_encode());
    let root = RecordRegistry::rootCall {
        account: issuer,
        root_: U256::from(100),
    };
    let result = DisclosureRegistry::resultCall {
        audience,
        requestDigest: digest,
        nullifier: U256::from(701),
    };
    let spent = DisclosureRegistry::isSpentCall {
        audience,
        scope: U256::from(600),
        nullifier: U256::from(701),
    };
    let key = proofs::registration().key_id;
    let revoked = ConsentRegistry::revokedAtCall {
        handle: word(&rig::handle(801)),
    };
    let operations: Vec<Vec<Call>> = vec![
        vec![issuer_call(), paused()],
        vec![to(records, RecordRegistry::issuerCountCall {}.abi_encode())],
        vec![
            to(records, root.abi_encode()),
            issuer_call(),
            to(records, RecordRegistry::graceCall {}.abi_encode()),
            paused(),
        ],
        vec![to(keys, KeyRegistry::keyCall { keyId: key }.abi_encode())],
        vec![to(keys, KeyRegistry::verifyingKeyCall { keyId: key }.abi_encode())],
        vec![to(consents, revoked.abi_encode())],
        vec![to(
            disclosures,
            DisclosureRegistry::requestCall {
                audience,
                requestDigest: digest,
            }
            .abi_encode(),
        )],
        vec![to(disclosures, result.abi_encode())],
        vec![to(disclosures, spent.abi_encode())],
        vec![to(governance, Governance::councilCall {}.abi_encode())],
        vec![to(
            governance,
            Governance::proposalAtCall { id: U256::from(1) }.abi_encode(),
        )],
    ];
    let mut seeds = Vec::new();
    for (operation, calls) in (0u8..).zip(operations) {
        let mut bytes = vec![operation];
        for answer in contracts::read(&calls) {
            bytes.push(u8::try_from(answer.len() / 32).unwrap());
            bytes.extend(answer);
        }
        seeds.push(seed("ledger_answers", format!("operation-{operation:02}"), bytes));
    }
    // The event of a proposal.
    let event = Governance::Proposed {
        id: U256::from(7),
        target: records,
        data: vec![1, 2, 3].into(),
        proposer: rig::account("first member").address(),
    };
    let log = event.encode_log_data();
    let words = [log.topics().iter().flatten().copied().collect(), log.data.to_vec()].concat();
    let bytes = [vec![11, u8::try_from(words.len() / 32).unwrap()], words].concat();
    seeds.push(seed("ledger_answers", "event", bytes));
    let heads = LogRegistry::headsFromCall {
        keeper: issuer,
        log: contracts::LOG.0,
        first: U256::ZERO,
        most: U256::from(500),
    };
    let answers = contracts::read(&[to(logs, heads.abi_encode())]);
    let mut bytes = vec![13, u8::try_from(answers[0].len() / 32).unwrap()];
    bytes.extend(&answers[0]);
    seeds.push(seed("ledger_answers", "heads-of-a-log", bytes));
    seeds
}

fn refusals() -> Vec<Seed> {
    let stranger = rig::account("stranger").address();
    let errors = [
        ConsentRegistry::PreimageNotCanonical { preimage: U256::MAX }.abi_encode(),
        DisclosureRegistry::NullifierSpent {
            scope: U256::from(600),
            nullifier: U256::from(701),
        }
        .abi_encode(),
        DisclosureRegistry::RequestUnknown {
            audience: stranger,
            requestDigest: U256::from(1),
        }
        .abi_encode(),
        Governance::NotAMember { caller: stranger }.abi_encode(),
        KeyRegistry::KeyNotActive {
            keyId: B256::ZERO,
            status: 3,
        }
        .abi_encode(),
    ];
    let numbered = errors.into_iter().enumerate();
    numbered
        .map(|(i, error)| seed("ledger_refusals", format!("error-{i}"), error))
        .collect()
}

fn replies() -> Vec<Seed> {
    let hash = format!("0x{}", "ab".repeat(32));
    let address = format!("0x{}", "cd".repeat(20));
    let log = json!({ "address": address, "topics": [hash], "data": "0x01ff" });
    let results = [
        json!("0x0"),
        json!("0x7a69"),
        json!("0xffffffffffffffff"),
        json!("0x10000000000000000"),
        json!(format!("0x{}", "ff".repeat(16))),
        json!("0x"),
        json!("0x+5"),
        json!("0x-1"),
        json!("0x00ff"),
        json!(hash),
        json!({ "number": "0x10", "hash": hash, "timestamp": "0x6553f100" }),
        json!({ "transactionHash": hash, "blockNumber": "0x1", "blockHash": hash, "gasUsed": "0x5208",
            "contractAddress": Value::Null, "logs": [log.clone()], "status": "0x1" }),
        Value::Null,
    ];
    let answered = results
        .iter()
        .map(|result| json!({ "jsonrpc": "2.0", "id": 1, "result": result }));
    let long = "x".repeat(5_000);
    let errors = [
        json!({ "code": 3, "message": "execution reverted", "data": "0x08c379a0" }),
        json!({ "code": -32000, "message": "\u{1b}[2J", "data": { "data": "Reverted 0x01ff" } }),
        json!({ "code": 1, "message": long }),
        json!("an error"),
    ];
    let failed = errors
        .iter()
        .map(|error| json!({ "jsonrpc": "2.0", "id": 1, "error": error }));
    let mut placed = log.clone();
    placed["blockNumber"] = json!("0x1");
    placed["blockHash"] = json!(hash);
    placed["logIndex"] = json!("0x0");
    placed["transactionHash"] = json!(hash);
    let logs = json!({ "jsonrpc": "2.0", "id": 1, "result": [placed] });
    let all = answered.chain(failed).chain([logs]).enumerate();
    all.map(|(i, reply)| seed("rpc_replies", format!("reply-{i:02}"), reply.to_string()))
        .collect()
}

// Number, time, lead, accounts, hash; then an account with two bytes of code and one slot.
fn states() -> Vec<Seed> {
    let empty = [0; 64].to_vec();
    let mut one = [9u64, 1_700_000_000, 12, 1].map(u64::to_be_bytes).concat();
    one.extend([8; 32]);
    one.extend([1; 20]);
    one.extend(3u64.to_be_bytes());
    one.extend(U256::from(7).to_be_bytes::<32>());
    one.extend(2u64.to_be_bytes());
    one.extend([0x60, 0x00]);
    one.extend(1u64.to_be_bytes());
    one.extend([[0; 31].as_slice(), &[1], &[0; 31], &[2]].concat());
    vec![seed("ledger_state", "empty", empty), seed("ledger_state", "one", one)]
}
