//! What is noticed of the ledger: every event once, in its order, whatever the node does.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod support;

use medproof_ledger::{
    Account, Action, Address, B256, BlockLog, BlockRef, Call, Chain, ChainError, Cursor, EmbeddedChain, Ledger,
    LedgerError, LedgerEvent, Look, ManualClock, Noticed, Read, Receipt, Registry, WatchError, Watcher,
};
use medproof_statement::Fr;
use serde_json::json;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use support::anvil::{Anvil, FINALITY};
use support::proofs;
use support::rig::{Rig, account, config, handle};

/// A chain that refuses and lies as it is told.
struct Wayward<C> {
    chain: C,
    /// As many blocks are read at once.
    most: AtomicU64,
    /// How often events were asked for.
    asked: AtomicU64,
    /// What is done when events are asked for.
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    /// The head, if it is to lag.
    head: Mutex<Option<BlockRef>>,
    /// Whether blocks are there.
    blank: AtomicBool,
}

impl<C> Wayward<C> {
    fn new(chain: C) -> Wayward<C> {
        Wayward {
            chain,
            most: AtomicU64::new(u64::MAX),
            asked: AtomicU64::new(0),
            meanwhile: Mutex::new(None),
            head: Mutex::new(None),
            blank: AtomicBool::new(false),
        }
    }
}

impl<C: Chain> Chain for Wayward<C> {
    fn chain_id(&self) -> Result<u64, ChainError> {
        self.chain.chain_id()
    }
    fn head(&self) -> Result<BlockRef, ChainError> {
        match *self.head.lock().unwrap() {
            Some(head) => Ok(head),
            None => self.chain.head(),
        }
    }
    fn block(&self, number: u64) -> Result<Option<BlockRef>, ChainError> {
        if self.blank.load(Ordering::SeqCst) {
            return Ok(None);
        }
        self.chain.block(number)
    }
    fn logs(&self, contracts: &[Address], from: u64, to: u64) -> Result<Vec<BlockLog>, ChainError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if to - from >= self.most.load(Ordering::SeqCst) {
            return Err(ChainError::Node {
                method: "eth_getLogs",
                code: -32_000,
                message: "block range is larger than max block range".into(),
            });
        }
        let logs = self.chain.logs(contracts, from, to);
        if let Some(meanwhile) = self.meanwhile.lock().unwrap().take() {
            meanwhile();
        }
        logs
    }
    fn read(&self, calls: &[Call]) -> Result<Read, LedgerError> {
        self.chain.read(calls)
    }
    fn code(&self, address: Address) -> Result<Vec<u8>, ChainError> {
        self.chain.code(address)
    }
    fn transact(&self, from: &Account, call: Call) -> Result<Receipt, LedgerError> {
        self.chain.transact(from, call)
    }
    fn deploy(&self, from: &Account, code: Vec<u8>) -> Result<Receipt, LedgerError> {
        self.chain.deploy(from, code)
    }
    fn estimate(&self, from: Address, call: Call) -> Result<u64, LedgerError> {
        self.chain.estimate(from, call)
    }
}

const NOW: u64 = 1_750_000_000;

fn embedded(directory: &Path) -> EmbeddedChain {
    EmbeddedChain::open(directory, ManualClock::at(NOW)).unwrap()
}

fn ledger(directory: &Path) -> Arc<Registry<Wayward<EmbeddedChain>>> {
    let chain = Wayward::new(embedded(directory));
    Arc::new(Registry::deploy(chain, &account("deployer"), &config(true)).unwrap())
}

/// Looks until there is nothing left to look at.
fn all(watcher: &mut Watcher, cursor: &mut Cursor) -> Vec<Noticed> {
    let mut found = Vec::new();
    loop {
        match watcher.look(cursor).unwrap() {
            Look::Events {
                events,
                cursor: next,
                behind,
            } => {
                found.extend(events);
                *cursor = next;
                if behind == 0 {
                    return found;
                }
            }
            reorg => panic!("{reorg:?}"),
        }
    }
}

fn events(found: &[Noticed]) -> Vec<LedgerEvent> {
    found.iter().map(|noticed| noticed.event).collect()
}

fn revoked(preimage: u64) -> LedgerEvent {
    LedgerEvent::ConsentRevoked {
        handle: handle(preimage),
    }
}

/// Everything that can be noticed, in its order.
fn everything<C: Chain + 'static>(rig: &Rig<C>, watched: Arc<dyn Ledger>) {
    let (mut watcher, mut cursor) = (Watcher::new(watched), Cursor::default());
    assert_eq!(watcher.age(), None);
    rig.furnish();
    let issuer = rig.issuer.address();
    let key_id = proofs::registration().key_id;
    rig.publish(100, 1).unwrap();
    rig.publish(101, 2).unwrap();
    rig.write().revoke_consent(&rig.stranger, Fr::from(3)).unwrap();
    // Again: nothing happens.
    rig.write().revoke_consent(&rig.stranger, Fr::from(3)).unwrap();
    for action in [
        Action::SuspendIssuer(issuer),
        Action::ReinstateIssuer(issuer),
        Action::Pause,
        Action::Unpause,
        Action::RetireKey(key_id),
        Action::RevokeKey(key_id),
    ] {
        rig.decree(&action).unwrap();
    }
    let now = rig.now();
    let found = all(&mut watcher, &mut cursor);
    let root = |root: u64, epoch| LedgerEvent::RootPublished {
        issuer,
        root: Fr::from(root),
        epoch,
        size: 20,
    };
    let heartbeat = LedgerEvent::Heartbeat {
        issuer,
        root: Fr::from(100),
        epoch: 1,
    };
    assert_eq!(
        events(&found),
        [
            LedgerEvent::IssuerAdmitted { issuer },
            LedgerEvent::KeyRegistered { key_id },
            root(100, 1),
            heartbeat,
            root(101, 2),
            revoked(3),
            LedgerEvent::IssuerSuspended { issuer },
            LedgerEvent::IssuerReinstated { issuer },
            LedgerEvent::Paused,
            LedgerEvent::Unpaused,
            LedgerEvent::KeyRetiring { key_id },
            LedgerEvent::KeyRevoked { key_id },
        ]
    );
    assert!(
        found
            .windows(2)
            .all(|two| (two[0].block, two[0].index) < (two[1].block, two[1].index))
    );
    assert!(found.windows(2).all(|two| two[0].at <= two[1].at) && found[0].at > 0 && found[11].at <= now);
    // Its times are the ledger's own.
    let superseded = rig.ledger().root_status(issuer, Fr::from(100)).unwrap().entry.unwrap();
    assert_eq!(superseded.superseded_at, Some(found[4].at));
    assert!(watcher.age().is_some());
    // What was seen is not seen again, and what comes is, by another watcher with the cursor kept as text.
    let kept: Cursor = serde_json::from_str(&serde_json::to_string(&cursor).unwrap()).unwrap();
    assert!(all(&mut watcher, &mut cursor).is_empty());
    rig.write().revoke_consent(&rig.stranger, Fr::from(4)).unwrap();
    rig.ledger();
    assert_eq!(events(&all(&mut watcher, &mut cursor)), [revoked(4)]);
    let (mut other, mut cursor) = (watcher, kept);
    assert_eq!(events(&all(&mut other, &mut cursor)), [revoked(4)]);
}

fn shared<C: Chain + 'static>(chain: C, rig: &Rig<impl Chain>) -> Arc<dyn Ledger> {
    Arc::new(Registry::attach(chain, rig.ledger().deployment().clone()).unwrap())
}

/// A rig's chain, for two to hold.
struct Shared<C>(Arc<C>);

impl<C: Chain> Chain for Shared<C> {
    fn chain_id(&self) -> Result<u64, ChainError> {
        self.0.chain_id()
    }
    fn head(&self) -> Result<BlockRef, ChainError> {
        self.0.head()
    }
    fn block(&self, number: u64) -> Result<Option<BlockRef>, ChainError> {
        self.0.block(number)
    }
    fn logs(&self, contracts: &[Address], from: u64, to: u64) -> Result<Vec<BlockLog>, ChainError> {
        self.0.logs(contracts, from, to)
    }
    fn read(&self, calls: &[Call]) -> Result<Read, LedgerError> {
        self.0.read(calls)
    }
    fn code(&self, address: Address) -> Result<Vec<u8>, ChainError> {
        self.0.code(address)
    }
    fn transact(&self, from: &Account, call: Call) -> Result<Receipt, LedgerError> {
        self.0.transact(from, call)
    }
    fn deploy(&self, from: &Account, code: Vec<u8>) -> Result<Receipt, LedgerError> {
        self.0.deploy(from, code)
    }
    fn estimate(&self, from: Address, call: Call) -> Result<u64, LedgerError> {
        self.0.estimate(from, call)
    }
}

#[test]
fn everything_is_noticed_on_the_embedded_chain() {
    let directory = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(NOW);
    let chain = Arc::new(EmbeddedChain::open(directory.path(), clock.clone()).unwrap());
    let pass = Box::new(move |seconds| clock.advance(seconds));
    let rig = Rig::new(Shared(chain.clone()), pass, Box::new(|| {}), Box::new(directory));
    everything(&rig, shared(Shared(chain), &rig));
}

#[test]
fn everything_is_noticed_on_a_node() {
    let Some(rig) = support::node::anvil() else { return };
    let Some(node) = rig.keep::<Arc<Anvil>>() else {
        panic!("a node")
    };
    let watched = shared(node.connect(), &rig);
    everything(&rig, watched);
}

#[test]
fn a_node_that_gives_little_is_asked_for_little() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = ledger(directory.path());
    for preimage in 0..40 {
        ledger.revoke_consent(&account("stranger"), Fr::from(preimage)).unwrap();
    }
    for most in [1, 7, u64::MAX] {
        ledger.chain().most.store(most, Ordering::SeqCst);
        let (mut watcher, mut cursor) = (Watcher::new(ledger.clone()), Cursor::default());
        let found = events(&all(&mut watcher, &mut cursor));
        assert_eq!(found, (0..40).map(revoked).collect::<Vec<_>>(), "{most}");
    }
    // What it refuses for one block it refuses.
    ledger.chain().most.store(0, Ordering::SeqCst);
    ledger.chain().asked.store(0, Ordering::SeqCst);
    let refused = Watcher::new(ledger.clone()).look(&Cursor::default()).unwrap_err();
    assert!(matches!(
        refused,
        WatchError::Ledger(LedgerError::Chain(ChainError::Node {
            method: "eth_getLogs",
            ..
        }))
    ));
    assert!(ledger.chain().asked.load(Ordering::SeqCst) < 10);
}

#[test]
fn a_node_that_lags_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = ledger(directory.path());
    let early = ledger.chain().block(2).unwrap();
    ledger.revoke_consent(&account("stranger"), Fr::from(1)).unwrap();
    let (mut watcher, mut cursor) = (Watcher::new(ledger.clone()), Cursor::default());
    all(&mut watcher, &mut cursor);
    let newest = ledger.head().unwrap().number;
    *ledger.chain().head.lock().unwrap() = early;
    let behind = watcher.look(&cursor).unwrap_err();
    assert!(
        matches!(behind, WatchError::Behind { head: 2, seen } if seen == newest),
        "{behind}"
    );
    *ledger.chain().head.lock().unwrap() = None;
    // As where one node names the head, and another is asked for its block: it is no reorganisation.
    ledger.chain().blank.store(true, Ordering::SeqCst);
    let changed = watcher.look(&cursor).unwrap_err();
    assert!(
        matches!(changed, WatchError::Changed { number } if number == newest),
        "{changed}"
    );
    ledger.chain().blank.store(false, Ordering::SeqCst);
    assert!(all(&mut watcher, &mut cursor).is_empty());
}

#[test]
fn an_embedded_ledger_that_was_restored_is_a_reorg() {
    let [directory, backup] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let made = ledger(directory.path());
    let deployment = made.deployment().clone();
    made.revoke_consent(&account("stranger"), Fr::from(1)).unwrap();
    let copy = |from: &Path, to: &Path| {
        for file in ["state.bin", "blocks.bin"] {
            std::fs::copy(from.join(file), to.join(file)).unwrap();
        }
    };
    copy(directory.path(), backup.path());
    made.revoke_consent(&account("stranger"), Fr::from(2)).unwrap();
    let (mut watcher, mut cursor) = (Watcher::new(made.clone()), Cursor::default());
    let found = events(&all(&mut watcher, &mut cursor));
    assert_eq!(found, [revoked(1), revoked(2)]);
    drop((watcher, made));

    copy(backup.path(), directory.path());
    let restored = Arc::new(Registry::attach(embedded(directory.path()), deployment).unwrap());
    let mut watcher = Watcher::new(restored.clone());
    // So far it could as well lag.
    assert!(matches!(watcher.look(&cursor), Err(WatchError::Behind { .. })));
    restored.revoke_consent(&account("stranger"), Fr::from(3)).unwrap();
    let Look::Reorg { back_to, cursor: next } = watcher.look(&cursor).unwrap() else {
        panic!("other blocks")
    };
    // All that was seen were the blocks of one look.
    assert_eq!(back_to, None);
    cursor = next;
    assert_eq!(events(&all(&mut watcher, &mut cursor)), [revoked(1), revoked(3)]);
}

#[test]
fn a_reorg_goes_back_to_what_is_the_same() {
    let Some(rig) = support::node::anvil() else { return };
    let Some(node) = rig.keep::<Arc<Anvil>>() else {
        panic!("a node")
    };
    let watched = shared(node.connect(), &rig);
    let (mut watcher, mut cursor) = (Watcher::new(watched), Cursor::default());
    rig.write().revoke_consent(&rig.stranger, Fr::from(1)).unwrap();
    rig.ledger();
    assert_eq!(events(&all(&mut watcher, &mut cursor)), [revoked(1)]);
    let same = cursor.last().unwrap().number;
    let snapshot = node.ask("evm_snapshot", &json!([]));
    rig.write().revoke_consent(&rig.stranger, Fr::from(2)).unwrap();
    rig.ledger();
    assert_eq!(events(&all(&mut watcher, &mut cursor)), [revoked(2)]);
    // The node's chain is restored, and goes on otherwise.
    assert_eq!(node.ask("evm_revert", &json!([snapshot])), json!(true));
    assert!(matches!(watcher.look(&cursor), Err(WatchError::Behind { .. })));
    rig.write().revoke_consent(&rig.stranger, Fr::from(3)).unwrap();
    node.mine(2 * FINALITY);
    let Look::Reorg { back_to, cursor: next } = watcher.look(&cursor).unwrap() else {
        panic!("other blocks")
    };
    assert_eq!(back_to, Some(same));
    cursor = next;
    assert_eq!(events(&all(&mut watcher, &mut cursor)), [revoked(3)]);
    // A reorganisation of what is not final was never seen.
    rig.write().revoke_consent(&rig.stranger, Fr::from(4)).unwrap();
    assert!(all(&mut watcher, &mut cursor).is_empty());
    node.ask("anvil_reorg", &json!([1, []]));
    rig.ledger();
    assert!(all(&mut watcher, &mut cursor).is_empty());
}

#[test]
fn blocks_that_change_under_the_reader_are_read_again() {
    let Some(rig) = support::node::anvil() else { return };
    let Some(node) = rig.keep::<Arc<Anvil>>() else {
        panic!("a node")
    };
    rig.write().revoke_consent(&rig.stranger, Fr::from(1)).unwrap();
    let deployment = rig.ledger().deployment().clone();
    let ledger = Arc::new(Registry::attach(Wayward::new(node.connect()), deployment).unwrap());
    let reorganise = {
        let node = node.clone();
        move || drop(node.ask("anvil_reorg", &json!([FINALITY + 2, []])))
    };
    *ledger.chain().meanwhile.lock().unwrap() = Some(Box::new(reorganise));
    let (mut watcher, mut cursor) = (Watcher::new(ledger), Cursor::default());
    let changed = watcher.look(&cursor).unwrap_err();
    assert!(matches!(changed, WatchError::Changed { .. }), "{changed}");
    // The transaction was in a block that is gone.
    rig.ledger();
    assert!(all(&mut watcher, &mut cursor).is_empty());
}

#[test]
fn a_node_that_is_gone_is_an_error_and_nothing_is_lost() {
    let Some(node) = Anvil::of_everybody() else {
        return;
    };
    let ledger = Arc::new(Registry::deploy(node.connect(), &account("deployer"), &config(true)).unwrap());
    node.mine(FINALITY);
    let (mut watcher, mut cursor) = (Watcher::new(ledger.clone()), Cursor::default());
    all(&mut watcher, &mut cursor);
    let before = watcher.age().unwrap();
    drop(Arc::into_inner(node));
    let gone = watcher.look(&cursor).unwrap_err();
    assert!(matches!(
        gone,
        WatchError::Ledger(LedgerError::Chain(ChainError::Unreachable { .. }))
    ));
    // Its age goes on.
    assert!(watcher.age().unwrap() > before);
}

#[test]
fn blocks_that_are_not_kept_are_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let made = ledger(directory.path());
    let deployment = made.deployment().clone();
    drop(made);
    // As of a ledger that was made before blocks were kept.
    std::fs::remove_file(directory.path().join("blocks.bin")).unwrap();
    let ledger = Arc::new(Registry::attach(embedded(directory.path()), deployment).unwrap());
    let refused = Watcher::new(ledger.clone()).look(&Cursor::default()).unwrap_err();
    let WatchError::Ledger(LedgerError::Chain(ChainError::Forgotten { asked: 1, oldest })) = refused else {
        panic!("{refused:?}");
    };
    let head = ledger.head().unwrap();
    assert_eq!(head.number + 1, oldest);
    assert_ne!(head.hash, B256::ZERO);
    assert_eq!(ledger.block(head.number).unwrap().unwrap().hash, head.hash);
    ledger.revoke_consent(&account("stranger"), Fr::from(1)).unwrap();
    assert_eq!(ledger.noticed(oldest, oldest).unwrap().len(), 1);
}
