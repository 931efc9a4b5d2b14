//! The contracts' edge: calls of strangers are refused by name or change nothing that is not
//! theirs.

use super::scratch;
use crate::honest::chain::{proofs, rig};
use crate::oracle::refused;
use crate::target::Verdict;
use alloy_sol_types::SolCall;
use medproof_ledger::abi::{ConsentRegistry, DisclosureRegistry};
use medproof_ledger::{
    Account, Address, B256, Call, Chain, ChainError, Deployment, EmbeddedChain, Ledger, LedgerError, LogId,
    ManualClock, OpenRequest, RootPublication, Submission, U256, word,
};
use medproof_ledger::{Action, Registry};
use medproof_statement::Fr;
use medproof_statement::public::PublicInputs;
use std::path::Path;
use std::sync::LazyLock;
use tempfile::TempDir;

const NOW: u64 = 1_750_000_000;
/// The digest of the open request; the next one's is answered.
pub const DIGEST: u64 = 500;
const SCOPE: u64 = 600;
/// The log that the issuer keeps.
pub const LOG: LogId = LogId(B256::repeat_byte(2));

/// A ledger with an issuer, a key, a root, an open request and an answer to another.
pub struct Prepared {
    directory: TempDir,
    deployment: Deployment,
    at: u64,
    /// A presentation that answers the open request.
    pub submission: Submission,
}

impl Prepared {
    /// Where the contracts are.
    pub const fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The time on the ledger.
    pub const fn now(&self) -> u64 {
        self.at
    }
}

/// What the prepared contracts answer.
pub fn read(calls: &[Call]) -> Vec<Vec<u8>> {
    fork().ledger.chain().read(calls).unwrap().answers
}

/// Made once.
pub static PREPARED: LazyLock<Prepared> = LazyLock::new(prepare);

fn open_chain(directory: &Path, at: u64) -> EmbeddedChain {
    EmbeddedChain::open(directory, ManualClock::at(at)).unwrap()
}

fn prepare() -> Prepared {
    let directory = scratch::directory();
    let clock = ManualClock::at(NOW);
    let chain = EmbeddedChain::open(directory.path(), clock.clone()).unwrap();
    let ledger = Registry::deploy(chain, &rig::account("deployer"), &rig::config(true)).unwrap();
    let [first, second, _] = rig::council();
    let issuer = rig::account("issuer");
    for action in [
        Action::AdmitIssuer(issuer.address()),
        Action::RegisterKey(Box::new(proofs::registration())),
    ] {
        let id = ledger.propose(&first, &action).unwrap();
        ledger.approve(&second, id).unwrap();
        clock.advance(rig::DELAY + 1);
        ledger.execute(&second, id, &action).unwrap();
    }
    let publication = RootPublication {
        root: Fr::from(100u64),
        epoch: 1,
        size: 20,
    };
    ledger.publish_root(&issuer, publication).unwrap();
    let at = ledger.head().unwrap().time;
    for digest in [DIGEST, DIGEST + 1] {
        ledger.open_request(&audience(), &open_request(digest, at)).unwrap();
    }
    ledger
        .submit_disclosure(&stranger(), &submission(DIGEST + 1, 701))
        .unwrap();
    ledger.revoke_consent(&stranger(), Fr::from(801u64)).unwrap();
    ledger.publish_log_head(&issuer, LOG, B256::repeat_byte(3)).unwrap();
    Prepared {
        deployment: ledger.deployment().clone(),
        at,
        submission: submission(DIGEST, 700),
        directory,
    }
}

fn audience() -> Account {
    rig::account("audience")
}

fn stranger() -> Account {
    rig::account("stranger")
}

/// A request of the audience's.
pub fn open_request(digest: u64, now: u64) -> OpenRequest {
    OpenRequest {
        request_digest: Fr::from(digest),
        policy_digest: rig::policy(),
        key_id: proofs::registration().key_id,
        scope: Fr::from(SCOPE),
        expires_at: now + 86_400,
        max_root_age: rig::MAX_AGE,
        issuers: vec![rig::account("issuer").address()],
    }
}

fn submission(digest: u64, nullifier: u64) -> Submission {
    let inputs = PublicInputs {
        registry_root: Fr::from(100u64),
        policy_digest: rig::policy(),
        request_digest: Fr::from(digest),
        nullifier: Fr::from(nullifier),
        consent_handle: rig::handle(800),
    };
    Submission {
        audience: audience().address(),
        request_digest: inputs.request_digest,
        issuer: rig::account("issuer").address(),
        registry_root: inputs.registry_root,
        nullifier: inputs.nullifier,
        consent_handle: inputs.consent_handle,
        proof: proofs::words(&proofs::prove(&inputs)),
    }
}

/// The contracts' addresses: the number of a contract is its place here.
pub fn contracts() -> [Address; 6] {
    let d = &PREPARED.deployment;
    [d.governance, d.records, d.keys, d.consents, d.disclosures, d.logs]
}

struct Fork {
    ledger: Registry<EmbeddedChain>,
}

thread_local! {
    static FORK: std::cell::RefCell<Option<Fork>> = const { std::cell::RefCell::new(None) };
}

// A copy of the prepared ledger, to be changed.
fn fork() -> Fork {
    let state = std::fs::read(PREPARED.directory.path().join("state.bin")).unwrap();
    let file = scratch::file("state.bin", &state);
    let directory = file.parent().unwrap().to_path_buf();
    let ledger = Registry::attach(open_chain(&directory, PREPARED.at), PREPARED.deployment.clone()).unwrap();
    Fork { ledger }
}

/// A byte for the contract, then calldata, sent by a stranger.
pub fn calls(input: &[u8]) -> Verdict {
    let Some((contract, data)) = input.split_first() else {
        return Verdict::Refused;
    };
    let to = contracts()[usize::from(*contract) % 6];
    let mut fork = FORK.take().unwrap_or_else(fork);
    let before = facts(&fork.ledger);
    let sent = fork.ledger.chain().transact(
        &stranger(),
        Call {
            to,
            data: data.to_vec(),
        },
    );
    let after = facts(&fork.ledger);
    let verdict = match sent {
        Err(error) => {
            assert_eq!(before, after, "refused, and something changed");
            refusal(&error)
        }
        Ok(receipt) => {
            allowed(to, data, &before, &after, receipt.logs.is_empty());
            // The next call meets the prepared ledger again.
            drop(fork);
            fork = self::fork();
            Verdict::Accepted
        }
    };
    FORK.set(Some(fork));
    verdict
}

// Named by the contract, or calldata that is no call: never a panic of the code, never a halt.
fn refusal(error: &LedgerError) -> Verdict {
    match error {
        LedgerError::Refused(_) => {}
        LedgerError::Chain(ChainError::Failed { reason, .. }) => {
            assert!(reason == "reverted with 0x", "{reason}");
        }
        other => panic!("{other}"),
    }
    refused(error)
}

/// What others than the stranger rely on.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    block: u64,
    theirs: String,
    handle_revoked: bool,
    answered: bool,
}

fn facts(ledger: &Registry<EmbeddedChain>) -> Facts {
    let issuer = rig::account("issuer").address();
    let (digest, other) = (Fr::from(DIGEST), Fr::from(DIGEST + 1));
    let audience = audience().address();
    let key = ledger.key_status(proofs::registration().key_id).unwrap();
    let request = ledger.request(audience, digest).unwrap().unwrap();
    let theirs = (
        ledger.council().unwrap(),
        ledger.issuers().unwrap(),
        (key.state, key.since, key.tier),
        ledger.verifying_key(key.key_id).unwrap(),
        ledger
            .issuer_status(issuer)
            .map(|i| (i.state, i.current_root, i.epoch, i.paused))
            .unwrap(),
        (request.number, request.policy_digest, request.scope, request.expires_at),
        ledger.log_heads(issuer, LOG).unwrap(),
        ledger
            .disclosure(audience, other, Fr::from(701u64))
            .unwrap()
            .map(|d| (d.issuer, d.epoch, d.consent_tag)),
    );
    Facts {
        block: ledger.head().unwrap().number,
        theirs: format!("{theirs:?}"),
        handle_revoked: ledger.consent_revoked_at(rig::handle(800)).unwrap().is_some(),
        answered: ledger
            .nullifier_spent(audience, Fr::from(SCOPE), Fr::from(700u64))
            .unwrap(),
    }
}

// What a stranger's call may do: look, revoke what it knows the secret of, deliver a presentation
// that is valid, open a request of its own, publish heads of logs of its own.
fn allowed(to: Address, data: &[u8], before: &Facts, after: &Facts, silent: bool) {
    assert_eq!(before.theirs, after.theirs, "a stranger changed what is not theirs");
    let d = &PREPARED.deployment;
    if after.handle_revoked {
        assert_eq!(to, d.consents);
        let call = ConsentRegistry::revokeCall::abi_decode(data).unwrap();
        assert_eq!(call.preimage, U256::from(800), "revoked without the secret");
    }
    if after.answered {
        assert_eq!(to, d.disclosures);
        let sent = DisclosureRegistry::submitCall::abi_decode(data).unwrap().s;
        let honest = DisclosureRegistry::Submission::from(&PREPARED.submission);
        assert_eq!((sent.audience, sent.issuer), (honest.audience, honest.issuer));
        assert_eq!(sent.requestDigest, honest.requestDigest);
        assert_eq!(sent.registryRoot, honest.registryRoot);
        assert_eq!(sent.nullifier, word(&Fr::from(700u64)));
        assert_eq!(sent.consentHandle, honest.consentHandle);
    }
    if !silent {
        let open = [d.consents, d.disclosures, d.logs];
        assert!(open.contains(&to), "a stranger's event in {to}");
    }
}
