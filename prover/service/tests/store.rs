//! The store, the same in SQLite and in PostgreSQL. `MEDPROOF_POSTGRES` names a server; `cargo xtask test`
//! starts one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{AUDIENCE, MANY};
use medproof_service::caller::{Caller, Role};
use medproof_service::job::{Instant, JobId, State};
use medproof_service::store::{After, Bounds, Ending, Full, NewJob, Once, Owner, Store, Submitted, Urgency};
use medproof_statement::tier::Tier;
use sqlx::AssertSqlSafe;
use std::time::Duration;
use tempfile::TempDir;

struct World {
    stores: Vec<Store>,
    _folder: TempDir,
    tenant: String,
}

impl World {
    async fn new() -> World {
        let (stores, folder) = common::stores().await;
        World {
            stores,
            _folder: folder,
            tenant: "general".to_owned(),
        }
    }

    fn caller(&self, name: &str, role: Role) -> Caller {
        Caller {
            tenant: self.tenant.clone(),
            name: name.to_owned(),
            role,
            did: None,
        }
    }

    fn portal(&self) -> Owner {
        Owner::from(&self.caller("portal", Role::Holder))
    }
}

fn job() -> NewJob {
    common::job(Tier::S)
}

fn jobs(count: usize) -> Vec<NewJob> {
    (0..count).map(|_| job()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_begun_and_ends_once() {
    let world = World::new().await;
    for store in &world.stores {
        let (owner, new) = (world.portal(), job());
        let submitted = store
            .submit(&owner, std::slice::from_ref(&new), Urgency::Person, None, &MANY)
            .await;
        let Submitted::New(made) = submitted.unwrap() else {
            panic!("a new job")
        };
        assert_eq!(
            (made[0].id, made[0].state, made[0].tier),
            (new.id, State::Queued, Tier::S)
        );
        assert_eq!(store.job(&owner, &new.id).await.unwrap().as_ref(), Some(&made[0]));
        // Twice, as by a worker in the place of one that died.
        for attempts in 1..3 {
            let given = store.given(&new.id).await.unwrap().unwrap();
            assert_eq!(
                (given.id, given.tier, given.attempts, &given.payload),
                (new.id, Tier::S, attempts - 1, &new.payload)
            );
            let begun = store.begin(&new.id).await.unwrap().unwrap();
            assert_eq!((begun.state, begun.attempts), (State::Running, attempts));
        }
        assert!(store.end(&new.id, &Ending::Succeeded(b"proof".to_vec())).await.unwrap());
        for ending in [
            Ending::Refused,
            Ending::Cancelled,
            Ending::Failed("x"),
            Ending::Succeeded(vec![]),
        ] {
            assert!(!store.end(&new.id, &ending).await.unwrap());
        }
        assert!(store.given(&new.id).await.unwrap().is_none());
        assert!(store.begin(&new.id).await.unwrap().is_none());
        let ended = store.cancel(&owner, &new.id).await.unwrap().unwrap();
        assert_eq!(
            (ended.state, ended.attempts, ended.error.clone()),
            (State::Succeeded, 2, None)
        );
        assert!(ended.submitted <= ended.begun.unwrap() && ended.begun <= ended.ended);
        assert_eq!(store.made(&owner, &new.id).await.unwrap().unwrap(), b"proof");
        assert_eq!(store.state(&new.id).await.unwrap(), Some(State::Succeeded));
        assert_eq!(store.state(&JobId::random().unwrap()).await.unwrap(), None);
        let recent = |after: i64| store.recent(Instant(ended.ended.unwrap().0 + after));
        assert_eq!(
            (recent(0).await.unwrap().len(), recent(-1).await.unwrap().len()),
            (0, 1)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_says_why_and_what_was_cancelled_is_not_begun() {
    let world = World::new().await;
    for store in &world.stores {
        let (owner, new) = (world.portal(), jobs(2));
        store.submit(&owner, &new, Urgency::Batch, None, &MANY).await.unwrap();
        store.begin(&new[0].id).await.unwrap();
        store
            .end(&new[0].id, &Ending::Failed("ledger.unavailable"))
            .await
            .unwrap();
        let failed = store.job(&owner, &new[0].id).await.unwrap().unwrap();
        assert_eq!(
            (failed.state, failed.error.as_deref()),
            (State::Failed, Some("ledger.unavailable"))
        );
        let cancelled = store.cancel(&owner, &new[1].id).await.unwrap().unwrap();
        assert_eq!(cancelled.state, State::Cancelled);
        assert!(store.begin(&new[1].id).await.unwrap().is_none());
        assert_eq!(store.counts().await.unwrap(), []);
        for job in &new {
            assert_eq!(store.made(&owner, &job.id).await.unwrap(), None);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_submission() {
    let world = World::new().await;
    for store in &world.stores {
        let owner = world.portal();
        let once = |digest| Once {
            key: "a key of eight",
            digest: [digest; 32],
        };
        let submit = async |owner: &Owner, digest| {
            let new = jobs(2);
            store
                .submit(owner, &new, Urgency::Batch, Some(&once(digest)), &MANY)
                .await
                .unwrap()
        };
        let Submitted::New(made) = submit(&owner, 1).await else {
            panic!("new jobs")
        };
        store.begin(&made[0].id).await.unwrap();
        let Submitted::Again(again) = submit(&owner, 1).await else {
            panic!("the same jobs")
        };
        assert_eq!([again[0].id, again[1].id], [made[0].id, made[1].id]);
        assert_eq!((again[0].state, again[1].state), (State::Running, State::Queued));
        assert_eq!(submit(&owner, 2).await, Submitted::OtherUnderKey);
        // A key is its caller's.
        let other = Owner::from(&world.caller("other", Role::Holder));
        assert!(matches!(submit(&other, 2).await, Submitted::New(_)));
        assert_eq!(store.jobs(&owner, None, None, 100).await.unwrap().len(), 2);
    }
}

// As if all keys were remembered for so many seconds already.
async fn age(store: &Store, seconds: i64) {
    let statement = AssertSqlSafe(format!("UPDATE idempotency SET made = made - {}", seconds * 1_000_000));
    match store {
        Store::Sqlite { write: pool, .. } => drop(sqlx::query(statement).execute(pool).await.unwrap()),
        Store::Postgres(pool) => drop(sqlx::query(statement).execute(pool).await.unwrap()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_remembered_for_seven_days() {
    let world = World::new().await;
    for store in &world.stores {
        let owner = world.portal();
        let submit = async || {
            let once = Once {
                key: "seven days long",
                digest: [9; 32],
            };
            store
                .submit(&owner, &[job()], Urgency::Person, Some(&once), &MANY)
                .await
                .unwrap()
        };
        assert!(matches!(submit().await, Submitted::New(_)));
        age(store, 7 * 86_400 - 60).await;
        assert!(matches!(submit().await, Submitted::Again(_)));
        age(store, 120).await;
        assert!(matches!(submit().await, Submitted::New(_)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_submissions_under_one_key_one_makes_jobs() {
    let world = World::new().await;
    for store in &world.stores {
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let (store, owner) = (store.clone(), world.portal());
                tokio::spawn(async move {
                    let once = Once {
                        key: "at the same time",
                        digest: [3; 32],
                    };
                    store
                        .submit(&owner, &[job()], Urgency::Person, Some(&once), &MANY)
                        .await
                        .unwrap()
                })
            })
            .collect();
        let (mut made, mut ids) = (0, Vec::new());
        for task in tasks {
            match task.await.unwrap() {
                Submitted::New(jobs) => (made, ids) = (made + 1, [ids, vec![jobs[0].id]].concat()),
                Submitted::Again(jobs) => ids.push(jobs[0].id),
                other => panic!("{other:?}"),
            }
        }
        ids.dedup();
        assert_eq!((made, ids.len()), (1, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_wait_than_may_and_nothing_of_what_is_too_much_is_kept() {
    let world = World::new().await;
    // Each is of two.
    let five = Bounds { most_work: 10, ..MANY };
    for store in &world.stores {
        let owner = world.portal();
        let submit = async |count| {
            store
                .submit(&owner, &jobs(count), Urgency::Batch, None, &five)
                .await
                .unwrap()
        };
        assert!(matches!(submit(3).await, Submitted::New(_)));
        let once = Once {
            key: "too much of it",
            digest: [1; 32],
        };
        let full = store
            .submit(&owner, &jobs(3), Urgency::Batch, Some(&once), &five)
            .await
            .unwrap();
        assert_eq!(
            full,
            Submitted::Full(Full {
                waiting: 6,
                again: Duration::from_secs(5)
            })
        );
        assert_eq!(store.jobs(&owner, None, None, 100).await.unwrap().len(), 3);
        // Its key is free still.
        assert!(matches!(
            store
                .submit(&owner, &jobs(2), Urgency::Batch, Some(&once), &five)
                .await
                .unwrap(),
            Submitted::New(_)
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_their_callers_and_their_audiences() {
    let world = World::new().await;
    for store in &world.stores {
        let (owner, new) = (world.portal(), job());
        store
            .submit(&owner, std::slice::from_ref(&new), Urgency::Person, None, &MANY)
            .await
            .unwrap();
        store.end(&new.id, &Ending::Succeeded(vec![1])).await.unwrap();
        let sponsor = |audience: &str, tenant: &str| {
            let did = Some(medproof_messages::Did::parse(audience).unwrap());
            Owner::from(&Caller {
                did,
                tenant: tenant.to_owned(),
                ..world.caller("asks", Role::Sponsor)
            })
        };
        let of_audience = sponsor(AUDIENCE, &world.tenant);
        assert!(store.job(&of_audience, &new.id).await.unwrap().is_some());
        assert!(store.made(&of_audience, &new.id).await.unwrap().is_some());
        let another = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp";
        for stranger in [
            Owner::from(&world.caller("other", Role::Holder)),
            // An auditor has no requests of its own, nor has nobody.
            Owner::from(&world.caller("", Role::Auditor)),
            sponsor(another, &world.tenant),
            sponsor(AUDIENCE, "another hospital"),
        ] {
            assert_eq!(store.job(&stranger, &new.id).await.unwrap(), None, "{stranger:?}");
            assert_eq!(store.made(&stranger, &new.id).await.unwrap(), None);
            assert_eq!(store.cancel(&stranger, &new.id).await.unwrap(), None);
            assert!(store.jobs(&stranger, None, None, 10).await.unwrap().is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_the_newest_first_and_whole() {
    let world = World::new().await;
    for store in &world.stores {
        let owner = world.portal();
        let mut expected = Vec::new();
        // Those of a batch have one time.
        for count in [1, 5, 1, 4] {
            let new = jobs(count);
            store.submit(&owner, &new, Urgency::Batch, None, &MANY).await.unwrap();
            expected.extend(new.iter().map(|job| job.id));
        }
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.jobs(&owner, None, after, 3).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(After {
                submitted: last.submitted,
                id: last.id,
            });
            found.extend(page);
        }
        assert!(found.windows(2).all(|two| two[0].submitted >= two[1].submitted));
        let mut ids: Vec<JobId> = found.iter().map(|job| job.id).collect();
        ids.sort();
        expected.sort();
        assert_eq!(ids, expected);
        store.begin(&expected[0]).await.unwrap();
        let running = store.jobs(&owner, Some(State::Running), None, 10).await.unwrap();
        assert_eq!(running.iter().map(|job| job.id).collect::<Vec<_>>(), [expected[0]]);
        assert_eq!(
            store.jobs(&owner, Some(State::Queued), None, 100).await.unwrap().len(),
            10
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_none_is_refused_and_its_password_not_shown() {
    for url in [
        "mysql://u:geheim@h/d",
        "geheim",
        "postgres://u:geheim@127.0.0.1:1/d",
        "sqlite:/nowhere/geheim/x.db",
    ] {
        let Err(error) = Store::open(url).await else {
            panic!("{url}")
        };
        assert!(!error.to_string().contains("geheim"), "{error}");
    }
}

// Puts a job where it was begun and ended so many milliseconds ago, or has not.
async fn at(store: &Store, job: &NewJob, state: State, begun: Option<u64>, ended: Option<u64>) {
    let ago = |ms: Option<u64>| ms.map(|ms| Instant::now().before(Duration::from_millis(ms)).0);
    let statement = "UPDATE disclosures SET state = $2, begun = $3, ended = $4 WHERE id = $1";
    let (id, state, begun, ended) = (job.id.to_string(), state as i64, ago(begun), ago(ended));
    match store {
        Store::Sqlite { write: pool, .. } => {
            let query = sqlx::query(statement).bind(id).bind(state).bind(begun).bind(ended);
            query.execute(pool).await.map(drop)
        }
        Store::Postgres(pool) => {
            let query = sqlx::query(statement).bind(id).bind(state).bind(begun).bind(ended);
            query.execute(pool).await.map(drop)
        }
    }
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_refused_by_what_it_would_wait_and_told_before_its_record_is_read() {
    let world = World::new().await;
    let bounds = Bounds {
        longest_wait: Some(Duration::from_secs(600)),
        ..MANY
    };
    for store in &world.stores {
        let owner = world.portal();
        let is_taken = async |urgency| {
            let new = jobs(1);
            let busy = store.busy(&owner, None, 1, 0, urgency, &bounds).await.unwrap();
            let submitted = store.submit(&owner, &new, urgency, None, &bounds).await.unwrap();
            match submitted {
                Submitted::New(_) => assert_eq!(busy, None),
                Submitted::Full(full) => {
                    let found = busy.unwrap();
                    assert_eq!(found.waiting, full.waiting);
                    // It runs on by the time between the two.
                    assert!(found.again >= full.again && found.again - full.again < Duration::from_secs(60));
                    return None;
                }
                other => panic!("{other:?}"),
            }
            new.into_iter().next()
        };
        // Nothing has ended: nobody knows how long it takes.
        let first = is_taken(Urgency::Person).await.unwrap();
        let second = is_taken(Urgency::Person).await.unwrap();
        // One took 1,000 seconds, as the other will: it has 500 to go.
        at(store, &first, State::Succeeded, Some(2_000_000), Some(1_000_000)).await;
        at(store, &second, State::Running, Some(500_000), None).await;
        let third = is_taken(Urgency::Person).await.unwrap();
        assert!(is_taken(Urgency::Person).await.is_none());
        // A batch waits as long as it takes, and nobody waits for it.
        let batch = is_taken(Urgency::Batch).await.unwrap();
        at(store, &third, State::Cancelled, None, Some(0)).await;
        let fourth = is_taken(Urgency::Person).await.unwrap();
        assert!(is_taken(Urgency::Person).await.is_none());
        // Many hands take it sooner, until nothing is heard of them.
        store.works("many", 3).await.unwrap();
        let fifth = is_taken(Urgency::Person).await.unwrap();
        store.rests("many").await.unwrap();
        assert!(is_taken(Urgency::Person).await.is_none());
        for job in [second, batch, fourth, fifth] {
            at(store, &job, State::Cancelled, None, Some(0)).await;
        }
        // Who came just before waits or is worked on, wherever it is.
        let behind = async |work| {
            let busy = store.busy(&owner, None, 1, work, Urgency::Person, &bounds);
            busy.await.unwrap().map(|full| full.waiting)
        };
        assert_eq!((behind(0).await, behind(10).await), (None, Some(10)));
        assert!(is_taken(Urgency::Person).await.is_some());
        // What was taken under a key is not refused under it.
        let full = Bounds { most_work: 0, ..MANY };
        let once = Once {
            key: "taken before",
            digest: [1; 32],
        };
        store
            .submit(&owner, &jobs(1), Urgency::Person, Some(&once), &MANY)
            .await
            .unwrap();
        let busy = async |key| store.busy(&owner, key, 1, 0, Urgency::Person, &full).await.unwrap();
        assert!(busy(None).await.is_some() && busy(Some("another key")).await.is_some());
        assert_eq!(busy(Some("taken before")).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_reads_a_file_keeps_nobody_from_writing_and_cannot_write() {
    let world = World::new().await;
    let files = world.stores.iter().filter_map(|store| match store {
        Store::Sqlite { read, .. } => Some((store, read)),
        Store::Postgres(_) => None,
    });
    for (store, read) in files {
        let mut readers = Vec::new();
        for _ in 0..read.options().get_max_connections() {
            readers.push(read.acquire().await.unwrap());
        }
        let (owner, new) = (world.portal(), jobs(1));
        let submitted = store.submit(&owner, &new, Urgency::Person, None, &MANY);
        assert!(matches!(submitted.await.unwrap(), Submitted::New(_)));
        let written = sqlx::query("DELETE FROM disclosures").execute(&mut *readers[0]);
        let refused = written.await.unwrap_err().to_string();
        assert!(refused.contains("readonly"), "{refused}");
    }
}
