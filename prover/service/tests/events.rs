//! Who is told of what happened, the same in SQLite and in PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::told::{AUDIENCE, HANDLE, KEY, ROOT, job, portal, presentation, sponsor};
use futures::StreamExt;
use medproof_proto::v1;
use medproof_proto::v1::event_service_server::EventService;
use medproof_service::caller::Caller;
use medproof_service::events::service::Handler;
use medproof_service::events::{Addressee, Event, Kind, NewEvent};
use medproof_service::job::Instant;
use medproof_service::store::{Concerned, Delivered, Ending, LedgerNotice, NewJob, Owner, Released, Store, Urgency};
use medproof_statement::request::Purpose;
use std::time::Duration;
use tonic::{Code, Request};

fn kinds(events: &[(i64, Event)]) -> Vec<Kind> {
    events.iter().map(|(_, event)| event.kind).collect()
}

async fn told(store: &Store, caller: &Caller) -> Vec<(i64, Event)> {
    store.events(&Owner::from(caller), 0, 1000).await.unwrap()
}

async fn submit(store: &Store, jobs: &[NewJob]) {
    store
        .submit(&Owner::from(&portal()), jobs, Urgency::Person, None, &common::MANY)
        .await
        .unwrap();
}

fn others() -> [Caller; 4] {
    [
        // Another sponsor, another portal, and both of another tenant.
        Caller { did: None, ..sponsor() },
        Caller {
            name: "other".into(),
            ..portal()
        },
        Caller {
            tenant: "other".into(),
            ..sponsor()
        },
        Caller {
            tenant: "other".into(),
            ..portal()
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_job_is_told_to_whom_it_concerns_and_nobody_else() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let mut emergency = job();
        emergency.about.purpose = Purpose::EmergencyTreatment;
        let jobs = [job(), job(), job(), job(), emergency];
        submit(store, &jobs).await;
        let endings = [
            Ending::Succeeded(presentation(ROOT)),
            Ending::Refused,
            Ending::Failed("ledger.unavailable"),
            Ending::Cancelled,
            Ending::Succeeded(presentation(ROOT)),
        ];
        for (job, ending) in jobs.iter().zip(&endings) {
            assert!(store.end(&job.id, ending).await.unwrap());
            // An end that is none is not told.
            assert!(!store.end(&job.id, &Ending::Cancelled).await.unwrap());
        }
        // However it ended, a sponsor is told the same.
        let sponsors = told(store, &sponsor()).await;
        assert_eq!(kinds(&sponsors), [Kind::JobEnded; 5]);
        for ((_, event), job) in sponsors.iter().zip(&jobs) {
            assert_eq!((event.job, event.request), (Some(job.id), Some(job.about.request)));
        }
        let portals = told(store, &portal()).await;
        let expected = [Kind::ConsentUsed, Kind::ConsentUsed, Kind::EmergencyDisclosure];
        assert_eq!(kinds(&portals), expected);
        let about: Vec<_> = portals.iter().map(|(_, event)| (event.job, event.request)).collect();
        assert_eq!(about, [0, 4, 4].map(|place| (Some(jobs[place].id), None)));
        for other in others() {
            assert!(told(store, &other).await.is_empty(), "{other:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_written_with_what_it_tells_of_or_not_at_all() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let new = job();
        submit(store, std::slice::from_ref(&new)).await;
        match store {
            Store::Sqlite { write: pool, .. } => {
                let fail = "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'full'); END";
                sqlx::query(fail).execute(pool).await.unwrap();
                store.end(&new.id, &Ending::Refused).await.unwrap_err();
                sqlx::query("DROP TRIGGER full").execute(pool).await.unwrap();
            }
            Store::Postgres(pool) => {
                let fail = "ALTER TABLE events ADD CONSTRAINT full_ CHECK (place < 0)";
                sqlx::query(fail).execute(pool).await.unwrap();
                store.end(&new.id, &Ending::Refused).await.unwrap_err();
                let mend = "ALTER TABLE events DROP CONSTRAINT full_";
                sqlx::query(mend).execute(pool).await.unwrap();
            }
        }
        assert!(told(store, &sponsor()).await.is_empty());
        assert!(store.end(&new.id, &Ending::Refused).await.unwrap());
        assert_eq!(kinds(&told(store, &sponsor()).await), [Kind::JobEnded]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_on_the_ledger_is_told_to_whom_it_concerns_once() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let jobs = [job(), job(), job()];
        submit(store, &jobs).await;
        let other_root = [8; 32];
        for (job, ending) in jobs.iter().zip([
            Ending::Succeeded(presentation(ROOT)),
            Ending::Succeeded(presentation(other_root)),
            Ending::Refused,
        ]) {
            store.end(&job.id, &ending).await.unwrap();
        }
        let mut roots = store.roots().await.unwrap();
        roots.sort_unstable();
        assert_eq!(roots, [ROOT, other_root]);
        let after = told(store, &sponsor()).await.last().unwrap().0;
        let notice = |kind, concerned, place: &str| LedgerNotice {
            kind,
            concerned,
            place: place.into(),
        };
        let notices = [
            notice(Kind::ConsentRevoked, Concerned::Handle(HANDLE), "a:1"),
            notice(Kind::ConsentRevoked, Concerned::Handle([9; 32]), "a:2"),
            notice(Kind::RootSuperseded, Concerned::Root(ROOT), "a:3"),
            notice(Kind::KeyRevoked, Concerned::Key(KEY), "a:4"),
            notice(Kind::KeyRevoked, Concerned::Key([9; 32]), "a:5"),
            notice(Kind::LedgerPaused, Concerned::All, "a:6"),
            notice(Kind::LedgerPaused, Concerned::All, "a:7"),
        ];
        assert_eq!(store.ledger_cursor("1:x").await.unwrap(), None);
        // As after a failure between the two, too.
        for cursor in ["[1]", "[2]"] {
            store.noticed("1:x", &notices, cursor).await.unwrap();
            assert_eq!(store.ledger_cursor("1:x").await.unwrap().as_deref(), Some(cursor));
        }
        assert_eq!(store.ledger_cursor("2:x").await.unwrap(), None);
        let events = store.events(&Owner::from(&sponsor()), after, 100).await.unwrap();
        let mut about: Vec<_> = events.iter().map(|(_, event)| (event.kind, event.job)).collect();
        about.sort();
        let mut expected = vec![
            (Kind::ConsentRevoked, Some(jobs[0].id)),
            (Kind::ConsentRevoked, Some(jobs[1].id)),
            (Kind::RootSuperseded, Some(jobs[0].id)),
            (Kind::KeyRevoked, None),
            (Kind::LedgerPaused, None),
            (Kind::LedgerPaused, None),
        ];
        expected.sort();
        assert_eq!(about, expected);
        assert_eq!(store.roots().await.unwrap(), [other_root]);
        assert!(
            kinds(&told(store, &portal()).await)
                .iter()
                .all(|kind| *kind == Kind::ConsentUsed)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_told_once() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let new = job();
        submit(store, std::slice::from_ref(&new)).await;
        store
            .end(&new.id, &Ending::Succeeded(presentation(ROOT)))
            .await
            .unwrap();
        // What its own submitter fetches is no release.
        store.release(&Owner::from(&portal()), &new.id).await.unwrap();
        assert_eq!(kinds(&told(store, &portal()).await), [Kind::ConsentUsed]);
        for _ in 0..3 {
            let released = store.release(&Owner::from(&sponsor()), &new.id).await.unwrap();
            assert!(matches!(released, Released::Presentation(_)));
        }
        let expected = [Kind::ConsentUsed, Kind::DisclosureReleased];
        assert_eq!(kinds(&told(store, &portal()).await), expected);
    }
}

fn new(kind: Kind, subject: String) -> NewEvent {
    NewEvent {
        tenant: "general".into(),
        to: Addressee::Audience(AUDIENCE.into()),
        kind,
        subject,
        job: None,
        request: None,
    }
}

// Whoever reads on from a place misses nothing that is written at the same time, however long its transaction takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_reader_misses_nothing() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let writers: Vec<_> = (0..6)
            .map(|writer| {
                let store = store.clone();
                tokio::spawn(async move {
                    for round in 0..10 {
                        let count = if writer % 2 == 0 { 40 } else { 1 };
                        let events: Vec<_> = (0..count)
                            .map(|n| new(Kind::AskerSuspended, format!("{writer}/{round}/{n}")))
                            .collect();
                        store.tell(&events).await.unwrap();
                    }
                })
            })
            .collect();
        let owner = Owner::from(&sponsor());
        let (mut seen, mut after) = (Vec::new(), 0);
        let read = async |seen: &mut Vec<i64>, after: &mut i64| {
            let page = store.events(&owner, *after, 7).await.unwrap();
            seen.extend(page.iter().map(|(place, _)| *place));
            *after = seen.last().copied().unwrap_or_default();
            !page.is_empty()
        };
        while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
            read(&mut seen, &mut after).await;
        }
        while read(&mut seen, &mut after).await {}
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(seen.len(), 10 * (3 * 40 + 3));
        assert!(seen.is_sorted());
    }
}

// The same, with a writer that is held up between its first event and its second.
#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_is_held_up_is_waited_for() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        // In SQLite nobody writes while another does.
        let Store::Postgres(pool) = store else { continue };
        let mut obstacle = pool.begin().await.unwrap();
        let statement = "INSERT INTO events (id, tenant, caller, audience, kind, subject, made) \
                         VALUES ('obstacle', 'general', '', $1, 4, 'second', 0)";
        sqlx::query(statement)
            .bind(AUDIENCE)
            .execute(&mut *obstacle)
            .await
            .unwrap();
        let telling = |subjects: &[&str]| {
            let events: Vec<_> = subjects
                .iter()
                .map(|subject| new(Kind::AskerSuspended, (*subject).into()))
                .collect();
            let store = store.clone();
            tokio::spawn(async move { store.tell(&events).await.unwrap() })
        };
        let held_up = telling(&["first", "second"]);
        tokio::time::sleep(Duration::from_millis(500)).await;
        let other = telling(&["third"]);
        tokio::time::sleep(Duration::from_millis(500)).await;
        let owner = Owner::from(&sponsor());
        let seen = store.events(&owner, 0, 9).await.unwrap();
        obstacle.rollback().await.unwrap();
        held_up.await.unwrap();
        other.await.unwrap();
        let after = seen.last().map_or(0, |(place, _)| *place);
        let later = store.events(&owner, after, 9).await.unwrap();
        assert_eq!(seen.len() + later.len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_due_until_something_became_of_them() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let (owner, now) = (Owner::from(&sponsor()), Instant::now());
        let later = |seconds| now.after(Duration::from_secs(seconds));
        let events: Vec<_> = (0..4).map(|n| new(Kind::AskerSuspended, n.to_string())).collect();
        store.tell(&events).await.unwrap();
        let due = async |at: Instant, count| {
            let due = store.due(&owner, at, at.after(Duration::from_secs(10)), count).await;
            due.unwrap()
        };
        let first = due(now, 3).await;
        let places: Vec<_> = first.iter().map(|due| due.place).collect();
        assert_eq!(
            (first.len(), due(now, 3).await.len(), due(now, 3).await.len()),
            (3, 1, 0)
        );
        store.delivered(&owner, places[0], Delivered::Taken).await.unwrap();
        store.delivered(&owner, places[1], Delivered::GivenUp).await.unwrap();
        store
            .delivered(&owner, places[2], Delivered::Later(later(60)))
            .await
            .unwrap();
        // The fourth was taken, and nothing is known of it: it is due again, as the same event.
        let again = due(later(11), 9).await;
        assert_eq!(
            again.iter().map(|due| (due.place, due.attempts)).collect::<Vec<_>>(),
            [(places[2] + 1, 2)]
        );
        store.delivered(&owner, again[0].place, Delivered::Taken).await.unwrap();
        assert!(due(later(59), 9).await.is_empty());
        let last = due(later(61), 9).await;
        assert_eq!((last.len(), last[0].attempts, &last[0].event), (1, 2, &first[2].event));
        assert_eq!(store.given_up(&owner).await.unwrap(), 1);
        for other in others() {
            assert!(store.due(&Owner::from(&other), now, now, 9).await.unwrap().is_empty());
        }
        // What is forgotten is not delivered either.
        assert_eq!(store.forget_events(Instant(0)).await.unwrap(), 0);
        assert_eq!(store.forget_events(later(1)).await.unwrap(), 4);
        assert!(due(later(1000), 9).await.is_empty());
        assert_eq!(store.given_up(&owner).await.unwrap(), 0);
    }
}

fn asked<T>(caller: &Caller, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(caller.clone());
    request
}

async fn watched(store: &Store, caller: &Caller, resume_token: &str, count: usize) -> Vec<v1::Event> {
    let request = v1::WatchEventsRequest {
        resume_token: resume_token.into(),
    };
    let stream = Handler(store.clone())
        .watch_events(asked(caller, request))
        .await
        .unwrap();
    let events = stream
        .into_inner()
        .take(count)
        .map(|event| event.unwrap().event.unwrap());
    tokio::time::timeout(Duration::from_secs(20), events.collect())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_resumed_where_its_reader_was() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let sponsor = sponsor();
        let events: Vec<_> = (0..200).map(|n| new(Kind::AskerSuspended, n.to_string())).collect();
        store.tell(&events).await.unwrap();
        let all = watched(store, &sponsor, "", 200).await;
        let stored = told(store, &sponsor).await;
        assert!(
            all.iter()
                .zip(&stored)
                .all(|(seen, (_, event))| seen.id == event.id.to_string())
        );
        assert_eq!(watched(store, &sponsor, &all[149].id, 50).await, all[150..]);
        let acknowledge = async |caller: &Caller, token: &str| {
            let request = v1::AcknowledgeEventsRequest { token: token.into() };
            Handler(store.clone()).acknowledge_events(asked(caller, request)).await
        };
        // The second is before the first.
        for place in [99, 49] {
            acknowledge(&sponsor, &all[place].id).await.unwrap();
        }
        assert_eq!(watched(store, &sponsor, "", 100).await, all[100..]);
        // What comes later comes to whoever waits.
        let waiting = watched(store, &sponsor, &all[199].id, 1);
        let telling = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            store.tell(&[new(Kind::AskerSuspended, "late".into())]).await.unwrap();
        };
        let (late, ()) = tokio::join!(waiting, telling);
        assert_eq!(late[0].kind(), v1::event::Kind::AskerSuspended);
        // Nobody else's token is one, and no text that is none.
        for (caller, token) in [(&portal(), all[0].id.as_str()), (&sponsor, "event:"), (&sponsor, "1")] {
            let refused = acknowledge(caller, token).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument);
            assert!(refused.message().starts_with("event.token"), "{refused}");
            let request = v1::WatchEventsRequest {
                resume_token: token.into(),
            };
            let watched = Handler(store.clone()).watch_events(asked(caller, request)).await;
            assert_eq!(watched.err().unwrap().code(), Code::InvalidArgument);
        }
        // Without a caller nothing is told.
        let handler = Handler(store.clone());
        let nobody = handler.watch_events(Request::new(v1::WatchEventsRequest::default()));
        assert_eq!(nobody.await.err().unwrap().code(), Code::Unauthenticated);
    }
}
