//! What happens on the ledger, told once to whom it concerns, and to who ends jobs because of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::told::{job, portal, sponsor, under};
use medproof_ledger::{
    Account, Action, Council, DeployConfig, EmbeddedLedger, Ledger, LedgerEvent, ManualClock, Noticed, RootPublication,
};
use medproof_service::events::Kind;
use medproof_service::events::ledger::{LedgerChanged, LedgerWatch, LookError, Seen};
use medproof_service::job::JobId;
use medproof_service::store::{Ending, Owner, Store, StoreError, Urgency};
use medproof_statement::holder::handle_of;
use medproof_statement::{Fr, field};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

const DELAY: u32 = 3_600;

fn accounts() -> [Account; 2] {
    ["council", "issuer"].map(|label| Account::development(label).unwrap())
}

struct World {
    ledger: Arc<EmbeddedLedger>,
    clock: ManualClock,
}

impl World {
    fn new(folder: &Path) -> World {
        let clock = ManualClock::at(1_750_000_000);
        let [council, issuer] = accounts();
        let config = DeployConfig {
            council: Council {
                members: vec![council.address()],
                threshold: 1,
                pause_threshold: 1,
                delay: DELAY,
            },
            grace: 60,
            development: true,
        };
        let ledger = EmbeddedLedger::create(folder, clock.clone(), &council, &config).unwrap();
        let world = World {
            ledger: Arc::new(ledger),
            clock,
        };
        world.decree(&Action::AdmitIssuer(issuer.address()));
        world
    }

    fn decree(&self, action: &Action) {
        let [council, _] = accounts();
        let id = self.ledger.propose(&council, action).unwrap();
        self.clock.advance(u64::from(DELAY) + 1);
        self.ledger.execute(&council, id, action).unwrap();
    }

    fn publish(&self, root: u64, epoch: u64) {
        let publication = RootPublication {
            root: Fr::from(root),
            epoch,
            size: 1,
        };
        self.ledger.publish_root(&accounts()[1], publication).unwrap();
    }

    fn revoke(&self, preimage: u64) {
        self.ledger.revoke_consent(&accounts()[0], Fr::from(preimage)).unwrap();
    }

    fn watch(&self, store: &Store, changed: &Arc<Remembering>) -> LedgerWatch {
        LedgerWatch {
            store: store.clone(),
            ledger: Arc::clone(&self.ledger) as Arc<dyn Ledger>,
            issuer: accounts()[1].address(),
            changed: vec![Arc::clone(changed) as Arc<dyn LedgerChanged>],
            seen: Seen::default(),
            glance: Duration::from_millis(10),
        }
    }
}

#[derive(Default)]
struct Remembering {
    noticed: Mutex<Vec<LedgerEvent>>,
    reorganised: Mutex<Vec<Option<u64>>>,
    fails: AtomicBool,
}

#[tonic::async_trait]
impl LedgerChanged for Remembering {
    async fn noticed(&self, noticed: &Noticed) -> Result<(), StoreError> {
        self.noticed.lock().unwrap().push(noticed.event);
        if self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::Row("a failure"));
        }
        Ok(())
    }

    async fn reorganised(&self, back_to: Option<u64>) -> Result<(), StoreError> {
        self.reorganised.lock().unwrap().push(back_to);
        Ok(())
    }
}

// A job of a presentation under this root and this consent.
async fn presented(store: &Store, root: u64, preimage: u64) -> JobId {
    let new = job();
    store
        .submit(
            &Owner::from(&portal()),
            std::slice::from_ref(&new),
            Urgency::Person,
            None,
            &common::MANY,
        )
        .await
        .unwrap();
    let bytes = [Fr::from(root), handle_of(Fr::from(preimage))].map(|x| field::to_bytes(&x));
    let ending = Ending::Succeeded(under(bytes[0], bytes[1]));
    store.end(&new.id, &ending).await.unwrap();
    new.id
}

async fn told(store: &Store) -> Vec<(Kind, Option<JobId>)> {
    let events = store.events(&Owner::from(&sponsor()), 0, 1000).await.unwrap();
    let events = events.iter().map(|(_, event)| (event.kind, event.job));
    events.filter(|(kind, _)| *kind != Kind::JobEnded).collect()
}

async fn all(watch: &LedgerWatch) {
    let mut watcher = None;
    while watch.look(&mut watcher).await.unwrap() > 0 {}
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_told_once_and_to_hooks_before_it_is_written() {
    let (stores, folder) = common::stores().await;
    for (place, store) in stores.iter().enumerate() {
        let world = World::new(&folder.path().join(format!("ledger-{place}")));
        world.publish(1, 1);
        world.publish(2, 2);
        let first = presented(store, 2, 77).await;
        let changed = Arc::<Remembering>::default();
        let watch = world.watch(store, &changed);
        assert_eq!(watch.seen.age(), None);
        // Older publications say nothing of a root after them.
        all(&watch).await;
        assert!(watch.seen.age().is_some());
        assert!(told(store).await.is_empty());
        let before = changed.noticed.lock().unwrap().len();
        assert_eq!(before, 3);

        // Where a hook fails, nothing is written, and it is called again.
        world.revoke(77);
        changed.fails.store(true, Ordering::SeqCst);
        let failed = watch.look(&mut None).await.unwrap_err();
        assert!(matches!(failed, LookError::Store(StoreError::Row(_))), "{failed}");
        assert!(told(store).await.is_empty());
        changed.fails.store(false, Ordering::SeqCst);
        all(&watch).await;
        let revoked = LedgerEvent::ConsentRevoked {
            handle: handle_of(Fr::from(77)),
        };
        assert_eq!(changed.noticed.lock().unwrap()[before..], [revoked, revoked]);
        assert_eq!(told(store).await, [(Kind::ConsentRevoked, Some(first))]);

        // A publication that takes the root's place, and one of which nobody has a presentation.
        let second = presented(store, 2, 78).await;
        world.publish(3, 3);
        world.publish(4, 4);
        world.decree(&Action::SuspendIssuer(accounts()[1].address()));
        // Another process goes on where this one was.
        let watch = world.watch(store, &changed);
        all(&watch).await;
        let mut found = told(store).await.split_off(1);
        found[..3].sort();
        let superseded = |job| (Kind::RootSuperseded, Some(job));
        let mut expected = vec![superseded(first), superseded(second), (Kind::IssuerSuspended, None)];
        expected.sort();
        assert_eq!(found, expected);
        all(&watch).await;
        assert_eq!(told(store).await.len(), 4);
    }
}

fn copied(from: &Path) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.path().join(file.file_name())).unwrap();
    }
    to
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_restored_is_said_to_be_and_read_anew() {
    let (stores, folder) = common::stores().await;
    for (place, store) in stores.iter().enumerate() {
        let directory = folder.path().join(format!("ledger-{place}"));
        let world = World::new(&directory);
        world.publish(1, 1);
        let job = presented(store, 1, 77).await;
        let changed = Arc::<Remembering>::default();
        all(&world.watch(store, &changed)).await;
        let backup = copied(&directory);
        world.revoke(5);
        all(&world.watch(store, &changed)).await;

        let clock = world.clock.clone();
        drop(world);
        let ledger = EmbeddedLedger::open(backup.path(), clock.clone()).unwrap();
        let world = World {
            ledger: Arc::new(ledger),
            clock,
        };
        let behind = world.watch(store, &changed).look(&mut None).await.unwrap_err();
        assert!(matches!(behind, LookError::Watch(_)), "{behind}");
        world.revoke(77);
        all(&world.watch(store, &changed)).await;
        assert_eq!(changed.reorganised.lock().unwrap().len(), 1);
        assert_eq!(
            told(store).await,
            [(Kind::LedgerReorganised, None), (Kind::ConsentRevoked, Some(job))]
        );
    }
}
