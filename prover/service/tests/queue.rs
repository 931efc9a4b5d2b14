//! Jobs on disk and workers that take them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;
#[path = "../../../messages/tests/common/mod.rs"]
mod parties;

use medproof_messages::terms::ConsentKind;
use medproof_messages::{ConsentMessage, Grant};
use medproof_service::caller::{Caller, Role};
use medproof_service::job::{Job, JobId, State};
use medproof_service::metrics::Metrics;
use medproof_service::payload::{self, Payload};
use medproof_service::seal::WorkKey;
use medproof_service::store::{NewJob, Owner, Store, Submitted, Urgency};
use medproof_service::work::{self, Answerer, Outcome, Settings, Wake, Worker};
use medproof_statement::Fr;
use medproof_statement::eddsa::SigningKey;
use medproof_statement::tier::Tier;
use std::sync::{Arc, Mutex, mpsc};
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
        payload: b"nothing that opens".to_vec(),
        ..common::job(Tier::Xs)
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

const KEY: [u8; 32] = [1; 32];

impl Working {
    fn on(store: &Store, name: &str) -> Working {
        Working::at(store, name, Nobody, 2)
    }

    fn at(store: &Store, name: &str, answerer: impl Answerer + 'static, at_once: usize) -> Working {
        let worker = Arc::new(Worker {
            store: store.clone(),
            key: WorkKey::from_bytes(KEY),
            answerer: Arc::new(answerer),
            times: Arc::default(),
            hub: Arc::default(),
            metrics: Metrics::default(),
        });
        let (stop, stopped) = watch::channel(false);
        let wake = Wake::default();
        let (waking, name) = (wake.clone(), name.to_owned());
        let task = tokio::spawn(async move {
            let settings = Settings { name, at_once };
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

// Says that it was asked, and answers when it is told to.
struct Told {
    asked: mpsc::Sender<()>,
    go: Mutex<mpsc::Receiver<()>>,
}

impl Answerer for Told {
    fn answer(&self, _: &Payload, _: &dyn medproof_keys::Progress<medproof_engine::ProveStage>) -> Outcome {
        self.asked.send(()).unwrap();
        self.go.lock().unwrap().recv().unwrap();
        Outcome::Failed("test.told")
    }
}

// With the ends of its strings.
fn told() -> (Told, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (asked, was_asked) = mpsc::channel();
    let (go, told) = mpsc::channel();
    let go_on = Mutex::new(told);
    (Told { asked, go: go_on }, was_asked, go)
}

// One whose payload opens.
fn job_that_opens() -> NewJob {
    let mut job = job();
    let signed = parties::body().sign(&parties::audience()).unwrap();
    let request = signed.to_json();
    let grant = Grant {
        kind: ConsentKind::Once,
        not_before: parties::body().requested_at,
        not_after: parties::body().expires_at,
        grant_id: Fr::from(77u64),
    };
    let holder = SigningKey::from_bytes([1; 32]);
    let consent = ConsentMessage::sign(&signed.verify().unwrap(), &grant, &holder).unwrap();
    let payload = payload::encode(&request, &consent.to_json(), None);
    job.payload = WorkKey::from_bytes(KEY).seal(&job.id, &payload).unwrap();
    job
}

// On a store of either kind.
async fn execute(store: &Store, statement: String) {
    let statement = sqlx::AssertSqlSafe(statement);
    match store {
        Store::Sqlite { write: pool, .. } => sqlx::query(statement).execute(pool).await.map(drop),
        Store::Postgres(pool) => sqlx::query(statement).execute(pool).await.map(drop),
    }
    .unwrap();
}

// The job library's.
fn queue_of(store: &Store) -> &'static str {
    match store {
        Store::Sqlite { .. } => "Jobs",
        Store::Postgres(_) => "apalis.jobs",
    }
}

// The store fails where it needs this table, for a while, in which this is done.
async fn without(store: &Store, table: &str, first: impl FnOnce()) {
    let (schema, name) = table.rsplit_once('.').unzip();
    let away = schema.map_or("away".to_owned(), |schema| format!("{schema}.away"));
    execute(store, format!("ALTER TABLE {table} RENAME TO away")).await;
    first();
    tokio::time::sleep(Duration::from_millis(700)).await;
    execute(store, format!("ALTER TABLE {away} RENAME TO {}", name.unwrap_or(table))).await;
}

async fn submit(store: &Store, jobs: &[NewJob]) {
    let submitted = store
        .submit(&owner(), jobs, Urgency::Person, None, &common::MANY)
        .await
        .unwrap();
    assert!(matches!(submitted, Submitted::New(_)));
}

async fn ended(store: &Store, id: &JobId) -> Job {
    // A worker is missed after ten seconds.
    for _ in 0..600 {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_begun_four_times_is_not_begun_again() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let new = [job(), job()];
        submit(store, &new).await;
        let [fourth, fifth] = new.map(|job| job.id);
        // As workers do that die of it.
        for (id, times) in [(fourth, 3), (fifth, 4)] {
            for _ in 0..times {
                store.begin(&id).await.unwrap().unwrap();
            }
        }
        let working = Working::on(store, "one");
        let expected = [(fourth, 4, "worker.key"), (fifth, 5, "job.poison")];
        for (id, attempts, code) in expected {
            let job = ended(store, &id).await;
            assert_eq!((job.attempts, job.error.as_deref()), (attempts, Some(code)));
        }
        working.stop().await;
    }
}

// Rows of the job library's queue.
async fn queued(store: &Store) -> i64 {
    match store {
        Store::Sqlite { write: pool, .. } => sqlx::query_scalar("SELECT COUNT(*) FROM Jobs").fetch_one(pool).await,
        Store::Postgres(pool) => {
            sqlx::query_scalar("SELECT COUNT(*) FROM apalis.jobs")
                .fetch_one(pool)
                .await
        }
    }
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_is_in_nobodys_queue() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        // A worker's rows are given to others when it is no more: all that it ever worked on, were they left there.
        let jobs: Vec<NewJob> = (0..4).map(|_| job()).collect();
        submit(store, &jobs).await;
        assert_eq!(queued(store).await, 4);
        let working = Working::on(store, "one");
        for job in &jobs {
            ended(store, &job.id).await;
        }
        working.stop().await;
        assert_eq!(queued(store).await, 0);
        // However it ended.
        let [cancelled, revoked, erased] = [job(), job(), job()];
        let (consent, patient) = (revoked.about.grant.unwrap().handle, erased.about.pseudonym);
        let id = cancelled.id;
        submit(store, &[cancelled, revoked, erased]).await;
        store.cancel(&owner(), &id).await.unwrap();
        store.revoke(&consent, None).await.unwrap();
        store.end_about("general", &patient, true).await.unwrap();
        assert_eq!(queued(store).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_queue_has_left_of_an_ended_job_is_taken_out_where_it_is_found() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let new = job();
        let id = new.id;
        submit(store, &[new]).await;
        // As versions before left it.
        execute(store, "UPDATE disclosures SET state = 6".to_owned()).await;
        assert!(store.begin(&id).await.unwrap().is_none());
        assert_eq!(queued(store).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_where_a_job_begins_or_ends_is_asked_again() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let job = job_that_opens();
        submit(store, std::slice::from_ref(&job)).await;
        let (answerer, asked, go) = told();
        let mut working = None;
        without(store, "disclosures", || {
            working = Some(Working::at(store, "one", answerer, 1));
        })
        .await;
        tokio::task::block_in_place(|| asked.recv().unwrap());
        without(store, "disclosures", || go.send(()).unwrap()).await;
        let job = ended(store, &job.id).await;
        assert_eq!((job.attempts, job.error.as_deref()), (1, Some("test.told")));
        working.unwrap().stop().await;
        assert_eq!(queued(store).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_queue_that_failed_had_given_out_is_done() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let (begun, unheard_of) = (job_that_opens(), job());
        submit(store, std::slice::from_ref(&begun)).await;
        let (answerer, asked, go) = told();
        let working = Working::at(store, "one", answerer, 1);
        tokio::task::block_in_place(|| asked.recv().unwrap());
        // Given to it, and the answer was lost.
        submit(store, std::slice::from_ref(&unheard_of)).await;
        let queue = queue_of(store);
        let given = format!("UPDATE {queue} SET status = 'Queued', lock_by = 'one' WHERE status = 'Pending'");
        execute(store, given).await;
        without(store, queue, || go.send(()).unwrap()).await;
        let expected = [(&begun, "test.told"), (&unheard_of, "worker.key")];
        for (job, code) in expected {
            let job = ended(store, &job.id).await;
            assert_eq!((job.attempts, job.error.as_deref()), (1, Some(code)));
        }
        working.stop().await;
        assert_eq!(queued(store).await, 0);
    }
}

// Over PostgreSQL alone: in a file there is one that writes, and the queue gives nothing out while it waits.
#[tokio::test(flavor = "multi_thread")]
async fn work_does_not_wait_until_its_beginning_is_written() {
    let (stores, _folder) = common::stores().await;
    for store in stores.iter().filter(|store| matches!(store, Store::Postgres(_))) {
        for ended_meanwhile in [false, true] {
            let job = job_that_opens();
            submit(store, std::slice::from_ref(&job)).await;
            let mut held = common::hold(store, "disclosures").await;
            let (answerer, asked, go) = told();
            let working = Working::at(store, "one", answerer, 1);
            tokio::task::block_in_place(|| asked.recv().unwrap());
            assert_eq!(store.state(&job.id).await.unwrap(), Some(State::Queued));
            if ended_meanwhile {
                held.execute("UPDATE disclosures SET state = 6").await;
            }
            held.release().await;
            go.send(()).unwrap();
            let ended = ended(store, &job.id).await;
            let (state, attempts) = if ended_meanwhile {
                (State::Cancelled, 0)
            } else {
                (State::Failed, 1)
            };
            assert_eq!((ended.state, ended.attempts), (state, attempts));
            working.stop().await;
            assert_eq!(queued(store).await, 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_stops_once_it_is_written_how_its_jobs_ended() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let job = job_that_opens();
        submit(store, std::slice::from_ref(&job)).await;
        let (answerer, asked, go) = told();
        let working = Working::at(store, "one", answerer, 1);
        tokio::task::block_in_place(|| asked.recv().unwrap());
        let held = common::hold(store, "disclosures").await;
        go.send(()).unwrap();
        let stopping = tokio::spawn(working.stop());
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!stopping.is_finished());
        drop(held);
        stopping.await.unwrap();
        let job = store.job(&owner(), &job.id).await.unwrap().unwrap();
        assert_eq!(job.error.as_deref(), Some("test.told"));
    }
}
