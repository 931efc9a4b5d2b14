//! What contracts return, read through the ledger's own operations over a chain that answers with
//! whatever it likes: the ABI's one encoding, or refused.

use crate::oracle::refused;
use crate::target::Verdict;
use alloy_sol_types::SolCall;
use medproof_ledger::abi::{DisclosureRegistry, KeyRegistry, RecordRegistry};
use medproof_ledger::{
    Account, Action, Address, B256, BlockLog, BlockRef, Call, Chain, ChainError, Deployment, Ledger, LedgerError, Log,
    LogId, ProposalId, Read, Receipt, Refusal, Registry,
};
use medproof_statement::Fr;
use std::fmt::Debug;
use std::sync::{LazyLock, Mutex};

thread_local! {
    static LEDGER: Registry<Liar> = Registry::attach(Liar::default(), deployment()).unwrap();
}

static MEMBER: LazyLock<Account> = LazyLock::new(|| Account::development("member").unwrap());

/// Answers what it was told to; first, what the deployment needs to be believed.
#[derive(Debug, Default)]
struct Liar(Mutex<Option<Vec<Vec<u8>>>>);

fn deployment() -> Deployment {
    let address = Address::repeat_byte;
    Deployment {
        chain_id: 31_337,
        governance: address(1),
        records: address(2),
        keys: address(3),
        consents: address(4),
        disclosures: address(5),
        logs: address(6),
        development: true,
        block: 0,
    }
}

fn honest() -> Vec<Vec<u8>> {
    let d = deployment();
    let registries = DisclosureRegistry::registriesReturn {
        _0: d.records,
        _1: d.keys,
        _2: d.consents,
    };
    vec![
        DisclosureRegistry::registriesCall::abi_encode_returns(&registries),
        RecordRegistry::governanceCall::abi_encode_returns(&d.governance),
        KeyRegistry::governanceCall::abi_encode_returns(&d.governance),
        KeyRegistry::developmentCall::abi_encode_returns(&true),
    ]
}

fn block() -> BlockRef {
    BlockRef {
        number: 7,
        hash: B256::repeat_byte(7),
        time: 1_700_000_000,
    }
}

fn nothing<T>() -> Result<T, LedgerError> {
    Err(ChainError::NoFinality { reason: "none".into() }.into())
}

fn log(address: Address, answer: &[u8]) -> Log {
    let (words, rest) = answer.as_chunks::<32>();
    let (topics, data) = words.split_at(words.len().min(4));
    Log {
        address,
        topics: topics.iter().map(B256::from).collect(),
        data: [data.as_flattened(), rest].concat(),
    }
}

impl Chain for Liar {
    fn chain_id(&self) -> Result<u64, ChainError> {
        Ok(deployment().chain_id)
    }
    fn head(&self) -> Result<BlockRef, ChainError> {
        Ok(block())
    }
    fn block(&self, _: u64) -> Result<Option<BlockRef>, ChainError> {
        Ok(Some(block()))
    }
    // Each answer as an event of one of the contracts.
    fn logs(&self, contracts: &[Address], _: u64, _: u64) -> Result<Vec<BlockLog>, ChainError> {
        let told = self.0.lock().unwrap();
        let logs = told.iter().flatten().zip(contracts.iter().cycle()).enumerate();
        let placed = logs.map(|(index, (answer, address))| BlockLog {
            block: 7,
            block_hash: B256::repeat_byte(7),
            index: index as u64,
            transaction: B256::ZERO,
            log: log(*address, answer),
        });
        Ok(placed.collect())
    }
    fn read(&self, calls: &[Call]) -> Result<Read, LedgerError> {
        let told = self.0.lock().unwrap();
        let answers = match told.as_ref() {
            None => honest(),
            Some(told) => calls
                .iter()
                .enumerate()
                .map(|(i, _)| told.get(i).cloned().unwrap_or_default())
                .collect(),
        };
        Ok(Read {
            block: block(),
            answers,
        })
    }
    fn code(&self, _: Address) -> Result<Vec<u8>, ChainError> {
        Ok(vec![1])
    }
    // Each answer as an event: up to four topics, then data.
    fn transact(&self, _: &Account, _: Call) -> Result<Receipt, LedgerError> {
        let told = self.0.lock().unwrap();
        Ok(Receipt {
            transaction: B256::ZERO,
            block: 7,
            block_hash: B256::repeat_byte(7),
            gas_used: 21_000,
            created: None,
            logs: told
                .iter()
                .flatten()
                .map(|answer| log(deployment().governance, answer))
                .collect(),
        })
    }
    fn deploy(&self, _: &Account, _: Vec<u8>) -> Result<Receipt, LedgerError> {
        nothing()
    }
    fn estimate(&self, _: Address, _: Call) -> Result<u64, LedgerError> {
        nothing()
    }
}

/// A byte for the operation, then answers: a byte for the number of words of each, its words.
pub fn answers(input: &[u8]) -> Verdict {
    let Some((operation, rest)) = input.split_first() else {
        return Verdict::Refused;
    };
    LEDGER.with(|ledger| {
        let answers = split(rest);
        let first = answers.first().cloned().unwrap_or_default();
        *ledger.chain().0.lock().unwrap() = Some(answers);
        let verdict = ask(ledger, *operation);
        if verdict == Verdict::Accepted {
            plain(*operation % 14, &first);
        }
        verdict
    })
}

// What is plain to see in the words of an answer that was accepted.
fn plain(operation: u8, answer: &[u8]) {
    let word = |n: usize| answer.get(32 * n..32 * (n + 1)).unwrap_or_default();
    match operation {
        // A truth value.
        8 => {
            assert_eq!(answer.len(), 32);
            assert!(word(0)[..31].iter().all(|b| *b == 0) && word(0)[31] <= 1);
        }
        // A time, as wide as it likes.
        5 => assert_eq!(answer.len(), 32),
        // Fixed words without stray bits: the state of an issuer or of a key, a request, a proposal.
        0 | 2 | 3 | 6 | 10 => assert_eq!(answer.len() % 32, 0),
        _ => {}
    }
}

fn split(mut rest: &[u8]) -> Vec<Vec<u8>> {
    let mut answers = Vec::new();
    while let Some((words, tail)) = rest.split_first() {
        let (answer, tail) = tail.split_at(tail.len().min(32 * usize::from(*words)));
        answers.push(answer.to_vec());
        rest = tail;
    }
    answers
}

fn ask(ledger: &Registry<Liar>, operation: u8) -> Verdict {
    let (account, element) = (Address::repeat_byte(9), Fr::from(9u64));
    match operation % 14 {
        0 => told(ledger.issuer_status(account)),
        1 => told(ledger.issuers()),
        2 => told(ledger.root_status(account, element)),
        3 => told(ledger.key_status(B256::ZERO)),
        4 => told(ledger.verifying_key(B256::ZERO)),
        5 => told(ledger.consent_revoked_at(element)),
        6 => told(ledger.request(account, element)),
        7 => told(ledger.disclosure(account, element, element)),
        8 => told(ledger.nullifier_spent(account, element, element)),
        9 => told(ledger.council()),
        10 => told(ledger.proposal(ProposalId(1))),
        11 => told(ledger.propose(&MEMBER, &Action::Pause)),
        12 => told(ledger.noticed(1, 9)),
        _ => told(ledger.log_heads(account, LogId(B256::ZERO))),
    }
}

fn told<T: Debug>(answer: Result<T, LedgerError>) -> Verdict {
    match answer {
        Err(error) => refused(&error),
        Ok(answer) => {
            assert!(!format!("{answer:?}").is_empty());
            Verdict::Accepted
        }
    }
}

/// What a call that reverts returns.
pub fn refusals(input: &[u8]) -> Verdict {
    match Refusal::decode(input) {
        None => Verdict::Refused,
        Some(refusal) => {
            refused(&refusal);
            Verdict::Accepted
        }
    }
}
