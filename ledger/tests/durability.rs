//! The embedded ledger's directory: kept, locked, and never half written.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod support;

use medproof_ledger::{
    Account, ChainError, DeploymentError, EMBEDDED_CHAIN_ID, EmbeddedLedger, Ledger, LedgerError, ManualClock,
    StoreError, SystemClock,
};
use medproof_statement::Fr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::rig::{account, config, handle};

const NOW: u64 = 1_750_000_000;

fn create(directory: &Path) -> EmbeddedLedger {
    let deployer: Account = account("deployer");
    EmbeddedLedger::create(directory, ManualClock::at(NOW), &deployer, &config(true)).unwrap()
}

#[test]
fn what_was_written_is_there_again() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = create(directory.path());
    ledger.revoke_consent(&account("stranger"), Fr::from(3)).unwrap();
    ledger.advance_time(500).unwrap();
    ledger.revoke_consent(&account("stranger"), Fr::from(4)).unwrap();
    let (deployment, head) = (ledger.deployment().clone(), ledger.head().unwrap());
    assert_eq!(deployment.chain_id, EMBEDDED_CHAIN_ID);
    drop(ledger);

    let ledger = EmbeddedLedger::open(directory.path(), ManualClock::at(NOW)).unwrap();
    assert_eq!(ledger.deployment(), &deployment);
    assert_eq!(ledger.head().unwrap(), head);
    assert_eq!(ledger.consent_revoked_at(handle(3)).unwrap(), Some(NOW));
    assert_eq!(ledger.consent_revoked_at(handle(4)).unwrap(), Some(NOW + 500));
    assert_eq!(ledger.consent_revoked_at(handle(5)).unwrap(), None);
    // A clock set back does not set the ledger back.
    drop(ledger);
    let ledger = EmbeddedLedger::open(directory.path(), ManualClock::at(1)).unwrap();
    assert_eq!(ledger.head().unwrap().time, NOW + 500);
}

#[test]
fn two_at_once_and_two_in_one_place() {
    let directory = tempfile::tempdir().unwrap();
    let first = create(directory.path());
    let second = EmbeddedLedger::open(directory.path(), SystemClock);
    assert!(matches!(
        second,
        Err(LedgerError::Chain(ChainError::Store(StoreError::Busy { .. })))
    ));
    drop(first);
    let again = EmbeddedLedger::create(directory.path(), SystemClock, &account("deployer"), &config(true));
    assert!(matches!(
        again,
        Err(LedgerError::Deployment(DeploymentError::Exists { .. }))
    ));
}

#[test]
fn looking_for_a_ledger_makes_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("none");
    let opened = EmbeddedLedger::open(&path, SystemClock);
    assert!(matches!(
        opened,
        Err(LedgerError::Deployment(DeploymentError::Unreadable { .. }))
    ));
    assert!(!path.exists());
}

#[test]
fn what_cannot_be_kept_has_not_happened() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = create(directory.path());
    let head = ledger.head().unwrap();
    // Stands where the next state is to be written.
    let obstacle = directory.path().join("state.new");
    std::fs::create_dir(&obstacle).unwrap();
    let failed = ledger.revoke_consent(&account("stranger"), Fr::from(3));
    assert!(matches!(
        failed,
        Err(LedgerError::Chain(ChainError::Store(StoreError::Io { .. })))
    ));
    assert!(ledger.advance_time(5).is_err());
    assert_eq!(ledger.head().unwrap(), head);
    assert_eq!(ledger.consent_revoked_at(handle(3)).unwrap(), None);
    std::fs::remove_dir(&obstacle).unwrap();
    ledger.revoke_consent(&account("stranger"), Fr::from(3)).unwrap();
    assert!(ledger.consent_revoked_at(handle(3)).unwrap().is_some());
}

const CHILD: &str = "MEDPROOF_TEST_LEDGER_DIRECTORY";

/// Not a test: what [`killed_at_any_point`] starts and kills.
#[test]
#[ignore = "started by another test"]
fn endless_writer() {
    let Some(directory) = std::env::var_os(CHILD) else {
        return;
    };
    let ledger = EmbeddedLedger::open(Path::new(&directory), SystemClock).unwrap();
    for preimage in ledger.head().unwrap().number.. {
        ledger.revoke_consent(&account("stranger"), Fr::from(preimage)).unwrap();
    }
}

#[test]
fn killed_at_any_point() {
    let directory = tempfile::tempdir().unwrap();
    drop(create(directory.path()));
    let mut last = 0;
    for round in 0..8u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["endless_writer", "--exact", "--ignored"])
            .env(CHILD, directory.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(120 + 37 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        // The system gave the lock back, and the state is one that was written whole.
        let ledger = EmbeddedLedger::open(directory.path(), SystemClock).unwrap();
        let number = ledger.head().unwrap().number;
        assert!(number >= last);
        if number > last && last > 0 {
            assert!(ledger.consent_revoked_at(handle(number - 1)).unwrap().is_some());
        }
        last = number;
    }
    assert!(last > 8, "the writer never wrote");
}
