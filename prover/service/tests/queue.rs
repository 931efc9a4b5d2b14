//! Jobs on disk and workers that take them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use medproof_service::caller::{Caller, Role};
use medproof_service::job::{Job, JobId, State};
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
        request: [5; 32],
        emergency: false,
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

// A worker of the store's, until it is told to stop.
struct Working {
    wake: Wake,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Working {
    fn on(store: &Store, name: &str) -> Working {
        let worker = Arc::new(Worker {
            store: store.clone(),
            key: WorkKey::from_bytes([1; 32]),
            answerer: Arc::new(Nobody),
            times: Arc::default(),
            hub: Arc::default(),
        });
        let (stop, stopped) = watch::channel(false);
        let wake = Wake::default();
        let (waking, name) = (wake.clone(), name.to_owned());
        let task = tokio::spawn(async move {
            let settings = Settings { name, at_once: 2 };
            work::run(worker, &settings, &waking, stopped).await;
        });
        Working { wake, stop, task }
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(10), self.task)
            .await
            .unwrap()
            .unwrap();
    }
}

async fn submit(store: &Store, jobs: &[NewJob]) {
    let submitted = store.submit(&owner(), jobs, Urgency::Person, None, 100).await.unwrap();
    assert!(matches!(submitted, Submitted::New(_)));
}

async fn ended(store: &Store, id: &JobId) -> Job {
    for _ in 0..200 {
        let job = store.job(&owner(), id).await.unwrap().unwrap();
        if job.state.has_ended() {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody took it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_takes_what_is_there_and_what_comes() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let (before, after) = (job(), job());
        submit(store, std::slice::from_ref(&before)).await;
        let working = Working::on(store, "one");
        assert_eq!(ended(store, &before.id).await.error.as_deref(), Some("worker.key"));
        submit(store, std::slice::from_ref(&after)).await;
        working.wake.wake();
        let job = ended(store, &after.id).await;
        let expected = (State::Failed, 1, Some("worker.key"));
        assert_eq!((job.state, job.attempts, job.error.as_deref()), expected);
        working.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_what_is_there_and_each_job_is_begun_once() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let jobs: Vec<NewJob> = (0..40).map(|_| job()).collect();
        submit(store, &jobs).await;
        let workers = ["one", "two"].map(|name| Working::on(store, name));
        for job in &jobs {
            assert_eq!(ended(store, &job.id).await.attempts, 1);
        }
        for worker in workers {
            worker.stop().await;
        }
    }
}
