//! The log's head on the ledger: published as it grows, and never past what another history left there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::told::portal;
use common::{MANY, job, stores};
use medproof_audit::tree::Head;
use medproof_ledger::{Account, B256, Council, DeployConfig, EmbeddedLedger, Ledger, LogHead, LogId, ManualClock};
use medproof_service::anchor::{LogAnchor, LogAnchorError};
use medproof_service::metrics::Metrics;
use medproof_service::store::{Owner, Store, Urgency};
use medproof_statement::tier::Tier;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const LOG: LogId = LogId(B256::repeat_byte(5));

fn account() -> Account {
    Account::development("issuer").unwrap()
}

fn ledger(folder: &Path) -> Arc<dyn Ledger> {
    let council = Account::development("council").unwrap();
    let config = DeployConfig {
        council: Council {
            members: vec![council.address()],
            threshold: 1,
            pause_threshold: 1,
            delay: 0,
        },
        grace: 60,
        development: true,
    };
    let clock = ManualClock::at(1_750_000_000);
    Arc::new(EmbeddedLedger::create(folder, clock, &council, &config).unwrap())
}

fn anchor(store: &Store, ledger: &Arc<dyn Ledger>) -> LogAnchor {
    LogAnchor {
        store: store.clone(),
        tenant: portal().tenant,
        log: LOG,
        ledger: Arc::clone(ledger),
        account: account(),
        every: Duration::from_secs(3600),
        metrics: Metrics::default(),
    }
}

// A line or two more.
async fn grow(store: &Store) -> Head {
    let owner = Owner::from(&portal());
    store
        .submit(&owner, &[job(Tier::Xs)], Urgency::Person, None, &MANY)
        .await
        .unwrap();
    store.log_head(&portal().tenant).await.unwrap()
}

fn published(ledger: &Arc<dyn Ledger>) -> Vec<LogHead> {
    ledger.log_heads(account().address(), LOG).unwrap()
}

#[tokio::test]
async fn a_head_is_published_when_there_is_more_to_publish() {
    let (stores, folder) = stores().await;
    for (number, store) in stores.iter().enumerate() {
        let ledger = ledger(&folder.path().join(format!("ledger{number}")));
        let anchor = anchor(store, &ledger);
        // Of no entries there is no head.
        assert_eq!(anchor.anchor().await.unwrap(), None);
        assert_eq!(published(&ledger), []);
        for times in 1..=3 {
            let head = grow(store).await;
            assert_eq!(anchor.anchor().await.unwrap(), Some(head));
            // Nothing came since.
            assert_eq!(anchor.anchor().await.unwrap(), Some(head));
            let heads = published(&ledger);
            assert_eq!(heads.len(), times);
            assert_eq!(heads[times - 1].head.0, head.commitment());
        }
    }
}

#[tokio::test]
async fn a_log_that_is_not_what_it_was_is_anchored_no_further() {
    let (stores, folder) = stores().await;
    let (others, _others) = common::stores().await;
    for (number, (store, other)) in stores.iter().zip(&others).enumerate() {
        let ledger = ledger(&folder.path().join(format!("ledger{number}")));
        let anchored = (grow(store).await, grow(store).await).1;
        anchor(store, &ledger).anchor().await.unwrap();
        // As if restored from a backup: entries are missing.
        let behind = anchor(other, &ledger);
        let found = grow(other).await.size;
        assert!(found < anchored.size);
        let refused = |result: Result<Option<Head>, LogAnchorError>| {
            let error = result.unwrap_err();
            assert!(
                matches!(error, LogAnchorError::Fork { head } if head.0 == anchored.commitment()),
                "{error}"
            );
        };
        refused(behind.check().await);
        refused(behind.anchor().await);
        // It goes on, with as many and with more: what is noted of another history does not help.
        for _ in 0..2 {
            grow(other).await;
            refused(behind.anchor().await);
        }
        other.note_anchor(&portal().tenant, &LOG.0, &anchored).await.unwrap();
        refused(behind.anchor().await);
        assert_eq!(published(&ledger).len(), 1);
        // Another log of the same account is another's business.
        let renamed = LogAnchor {
            log: LogId(B256::repeat_byte(6)),
            ..behind
        };
        renamed.anchor().await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn of_two_processes_one_is_first() {
    let (stores, folder) = stores().await;
    for (number, store) in stores.iter().enumerate() {
        let ledger = ledger(&folder.path().join(format!("ledger{number}")));
        for _ in 0..5 {
            let head = grow(store).await;
            let [first, second] = [anchor(store, &ledger), anchor(store, &ledger)];
            let both = tokio::join!(first.anchor(), second.anchor());
            assert_eq!((both.0.unwrap(), both.1.unwrap()), (Some(head), Some(head)));
        }
        assert_eq!(published(&ledger).len(), 5);
    }
}
