//! Jobs on disk and workers that take them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use medproof_service::caller::{Caller, Role};
use medproof_service::job::{JobId, State};
use medproof_service::payload::Payload;
use medproof_service::seal::WorkKey;
use medproof_service::store::{NewJob, Owner, Store, Submitted, Urgency};
use medproof_service::work::{self, Answerer, Outcome, Settings, Wake, Worker};
use medproof_statement::tier::Tier;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

fn owner() -> Owner {
    Owner::from(&Caller {
        tenant: "general".into(),
        name: "portal".into(),
        role: Role::Holder,
        did: None,
    })
}

fn job() -> NewJob {
    NewJob {
        id: JobId::random().unwrap(),
        audience: "did:key:somebody".into(),
        tier: Tier::Xs,
        payload: b"nothing that opens".to_vec(),
    }
}

// Never asked: no payload here opens.
struct Nobody;

impl Answerer for Nobody {
    fn answer(&self, _: &Payload, _: &dyn medproof_keys::Progress<medproof_engine::ProveStage>) -> Outcome {
        panic!("asked")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_takes_what_is_there_and_what_comes() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite:{}", folder.path().join("s.db").display()))
        .await
        .unwrap();
    let submit = async |jobs: &[NewJob]| {
        let submitted = store.submit(&owner(), jobs, Urgency::Person, None, 100).await.unwrap();
        assert!(matches!(submitted, Submitted::New(_)));
    };
    let (before, after) = (job(), job());
    submit(std::slice::from_ref(&before)).await;
    let worker = Arc::new(Worker {
        store: store.clone(),
        key: WorkKey::from_bytes([1; 32]),
        answerer: Arc::new(Nobody),
        times: Arc::default(),
        hub: Arc::default(),
    });
    let (stop, stopped) = watch::channel(false);
    let wake = Wake::default();
    let working = tokio::spawn({
        let wake = wake.clone();
        async move {
            let settings = Settings {
                name: "one".into(),
                at_once: 1,
            };
            work::run(worker, &settings, &wake, stopped).await;
        }
    });
    let ended = async |id: &JobId| {
        for _ in 0..100 {
            let job = store.job(&owner(), id).await.unwrap().unwrap();
            if job.state.has_ended() {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("nobody took it");
    };
    assert_eq!(ended(&before.id).await.error.as_deref(), Some("worker.key"));
    submit(std::slice::from_ref(&after)).await;
    wake.wake();
    let job = ended(&after.id).await;
    assert_eq!(
        (job.state, job.attempts, job.error.as_deref()),
        (State::Failed, 1, Some("worker.key"))
    );
    stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(10), working)
        .await
        .unwrap()
        .unwrap();
}
