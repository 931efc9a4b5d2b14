//! What askers may, what a revocation ends, and whose turn it is: the same in SQLite and in PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{AUDIENCE, MANY, job};
use medproof_audit::tree::{Hash, Plan, verify_consistency, verify_inclusion};
use medproof_audit::{Entry, Event};
use medproof_service::about::Question;
use medproof_service::caller::{Caller, Role};
use medproof_service::job::{JobId, State};
use medproof_service::store::{
    AskerLimits, Bounds, Denied, Ending, Line, Lines, NewJob, Owner, Released, Store, Submitted, Unusual, Urgency,
    Whose,
};
use medproof_statement::tier::Tier;

fn owner(tenant: &str) -> Owner {
    Owner::from(&Caller {
        tenant: tenant.into(),
        name: "portal".into(),
        role: Role::Holder,
        did: None,
    })
}

async fn submit(store: &Store, job: &NewJob, bounds: &Bounds) -> Submitted {
    let (owner, jobs) = (owner("general"), std::slice::from_ref(job));
    let submitted = store.submit(&owner, jobs, Urgency::Person, None, bounds);
    submitted.await.unwrap()
}

async fn taken(store: &Store, job: &NewJob) {
    assert!(matches!(submit(store, job, &MANY).await, Submitted::New(_)));
}

async fn denied(store: &Store, job: &NewJob, bounds: &Bounds) -> Option<Denied> {
    match submit(store, job, bounds).await {
        Submitted::New(_) => None,
        Submitted::Denied { place: 0, denied } => Some(denied),
        other => panic!("{other:?}"),
    }
}

async fn end(store: &Store, job: &NewJob, ending: Ending) {
    store.begin(&job.id).await.unwrap().unwrap();
    assert!(store.end(&job.id, &ending).await.unwrap());
}

// Another request on the same consent, about the same patient.
fn again(job: &NewJob) -> NewJob {
    let mut next = common::job(job.tier);
    next.about = job.about.clone();
    next.about.request[31] ^= 1;
    next
}

fn proof() -> Ending {
    Ending::Succeeded(b"proof".to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_handed_out_once_a_revocation_was_acknowledged() {
    for store in &common::stores().await.0 {
        let owner = owner("general");
        let [waiting, running, proved, handed_out, other] = std::array::from_fn(|_| job(Tier::Xs));
        let handle = waiting.about.grant.unwrap();
        let on = |mut job: NewJob| {
            job.about.grant = Some(handle);
            job.about.request = waiting.about.request;
            job
        };
        let (running, proved, handed_out) = (on(running), on(proved), on(handed_out));
        for job in [&waiting, &running, &proved, &handed_out, &other] {
            taken(store, job).await;
        }
        store.begin(&running.id).await.unwrap().unwrap();
        for job in [&proved, &handed_out, &other] {
            end(store, job, proof()).await;
        }
        let release = async |job: &NewJob| store.release(&owner, &job.id).await.unwrap();
        assert_eq!(release(&handed_out).await, Released::Presentation(b"proof".to_vec()));

        let mut ended = store.revoke(&handle.handle, Some(&[9; 32])).await.unwrap();
        ended.sort();
        let mut expected = vec![waiting.id, running.id];
        expected.sort();
        assert_eq!(ended, expected);
        for job in [&waiting, &running, &proved, &handed_out] {
            assert_eq!(release(job).await, Released::Nothing);
        }
        assert_eq!(release(&other).await, Released::Presentation(b"proof".to_vec()));
        // Who works on it finds it ended.
        assert!(!store.end(&running.id, &proof()).await.unwrap());
        // What is submitted later looks like any other job, and ends like one that does not hold.
        let late = on(job(Tier::Xs));
        taken(store, &late).await;
        end(store, &late, proof()).await;
        let ended = store.job(&owner, &late.id).await.unwrap().unwrap();
        assert_eq!((ended.state, ended.error), (State::Refused, None));
        assert_eq!(release(&late).await, Released::Nothing);

        // The ledger is told once.
        let unpublished = store.unpublished().await.unwrap();
        assert_eq!(
            (unpublished.len(), unpublished[0].handle, unpublished[0].secret),
            (1, handle.handle, [9; 32])
        );
        store.published(&handle.handle).await.unwrap();
        assert!(store.unpublished().await.unwrap().is_empty());
        assert!(store.revoke(&handle.handle, Some(&[9; 32])).await.unwrap().is_empty());
        assert!(store.unpublished().await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_fetched_and_revoked_at_once_is_fetched_before_or_not_at_all() {
    for store in &common::stores().await.0 {
        for _ in 0..20 {
            let job = job(Tier::Xs);
            taken(store, &job).await;
            end(store, &job, proof()).await;
            let fetching = tokio::spawn({
                let (store, id) = (store.clone(), job.id);
                async move {
                    let mut fetched = 0;
                    // Until it is told that there is nothing, and never again.
                    while let Released::Presentation(_) = store.release(&owner("general"), &id).await.unwrap() {
                        fetched += 1;
                    }
                    fetched
                }
            });
            tokio::task::yield_now().await;
            store.revoke(&job.about.grant.unwrap().handle, None).await.unwrap();
            assert_eq!(
                store.release(&owner("general"), &job.id).await.unwrap(),
                Released::Nothing
            );
            fetching.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_handed_out_again_waits_for_the_log_too() {
    for store in &common::stores().await.0 {
        let job = job(Tier::Xs);
        taken(store, &job).await;
        end(store, &job, proof()).await;
        let release = || {
            let (store, id) = (store.clone(), job.id);
            tokio::spawn(async move { store.release(&owner("general"), &id).await.unwrap() })
        };
        let expected = Released::Presentation(b"proof".to_vec());
        assert_eq!(release().await.unwrap(), expected);
        // No line is written of it: still it is before who holds the log, or after.
        let held = common::hold(store, "log_heads").await;
        let again = release();
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert!(!again.is_finished());
        drop(held);
        assert_eq!(again.await.unwrap(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_is_listed_as_what_became_of_it() {
    for store in &common::stores().await.0 {
        let (granted, used, revoked) = (job(Tier::Xs), job(Tier::Xs), job(Tier::Xs));
        let mut nobodys = job(Tier::Xs);
        nobodys.about.grant = None;
        for job in [&granted, &used, &revoked, &nobodys] {
            taken(store, job).await;
        }
        end(store, &used, proof()).await;
        // Without a consent there is no answer, whatever a worker says.
        end(store, &nobodys, proof()).await;
        let refused = store.job(&owner("general"), &nobodys.id).await.unwrap().unwrap();
        assert_eq!(refused.state, State::Refused);
        store.revoke(&revoked.about.grant.unwrap().handle, None).await.unwrap();
        let list = async |tenant, whose, after, count| {
            let owner = owner(tenant);
            store.consents(&owner, &whose, after, count).await.unwrap()
        };
        let all = list("general", Whose::Tenant, None, 10).await;
        let standing = |job: &NewJob| {
            let handle = job.about.grant.unwrap().handle;
            let row = all.iter().find(|row| row.handle == handle).unwrap();
            (row.used.is_some(), row.revoked.is_some())
        };
        assert_eq!(all.len(), 3);
        assert_eq!(
            [&granted, &used, &revoked].map(standing),
            [(false, false), (true, false), (false, true)]
        );
        assert_eq!(list("general", Whose::Caller, None, 10).await, all);
        assert!(list("another", Whose::Tenant, None, 10).await.is_empty());
        let own = list("general", Whose::Holder(used.about.pseudonym), None, 10).await;
        assert_eq!(own.len(), 1);
        assert_eq!(own[0].handle, used.about.grant.unwrap().handle);
        // Page by page, all of them once.
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let page = list("general", Whose::Tenant, after, 2).await;
            let Some(last) = page.last() else { break };
            after = Some(medproof_service::store::AfterConsent {
                granted: last.granted,
                handle: last.handle,
            });
            paged.extend(page);
        }
        assert_eq!(paged, all);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_logged_once_in_its_order_and_provably() {
    for store in &common::stores().await.0 {
        let [released, refused, failed, revoked, erased] = std::array::from_fn(|_| job(Tier::Xs));
        for job in [&released, &refused, &failed, &revoked, &erased] {
            taken(store, job).await;
        }
        let early = store.log_head("general").await.unwrap();
        end(store, &released, proof()).await;
        for _ in 0..3 {
            store.release(&owner("general"), &released.id).await.unwrap();
        }
        end(store, &refused, Ending::Refused).await;
        end(store, &failed, Ending::Failed("ledger.unavailable")).await;
        for _ in 0..2 {
            store.revoke(&revoked.about.grant.unwrap().handle, None).await.unwrap();
        }
        let (ended, place) = store.end_about("general", &erased.about.pseudonym, true).await.unwrap();
        assert_eq!(ended, [erased.id]);
        store.suspend("general", AUDIENCE, Unusual::Operator).await.unwrap();
        store.restore("general", AUDIENCE).await.unwrap();

        let lines = async |whose| store.log_lines("general", &whose, 0, 100).await.unwrap();
        let all = lines(Lines::All).await;
        let names = |lines: &[Line]| -> Vec<&'static str> {
            let entries = lines.iter().map(|line| Entry::from_json(&line.leaf).unwrap());
            entries.map(|entry| entry.event().name()).collect()
        };
        let requested = ["consent-granted", "disclosure-requested"];
        let expected = [requested; 5].concat();
        assert_eq!(names(&all[..10]), expected);
        assert_eq!(
            names(&all[10..]),
            [
                "disclosure-released",
                "disclosure-refused",
                "disclosure-failed",
                "consent-revoked",
                "disclosure-cancelled",
                "disclosure-cancelled",
                "record-erased",
                "asker-suspended",
                "asker-restored",
            ]
        );
        assert_eq!(names(&all[place as usize..=place as usize]), ["record-erased"]);
        let own = lines(Lines::Patient(released.about.pseudonym)).await;
        assert_eq!(
            names(&own),
            ["consent-granted", "disclosure-requested", "disclosure-released"]
        );
        let entry = Entry::from_json(&own[2].leaf).unwrap();
        assert!(matches!(entry.event(), Event::DisclosureReleased(_, handle)
            if handle.0 == released.about.grant.unwrap().handle));
        assert_eq!(lines(Lines::Audience(AUDIENCE.into())).await.len(), all.len() - 1);
        assert!(
            store
                .log_lines("another", &Lines::All, 0, 100)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(store.log_lines("general", &Lines::All, 3, 2).await.unwrap(), all[3..5]);

        // Whoever has the first head can check every line, and that nothing before it was changed.
        let head = store.log_head("general").await.unwrap();
        assert_eq!((early.size, head.size), (10, all.len() as u64));
        for line in &all {
            let plan = Plan::inclusion(line.place, head.size).unwrap();
            let proof = prove(store, &plan).await;
            verify_inclusion(Hash::of_leaf(&line.leaf), line.place, &head, &proof).unwrap();
        }
        let plan = Plan::consistency(early.size, head.size).unwrap();
        verify_consistency(&early, &head, &prove(store, &plan).await).unwrap();
    }
}

async fn prove(store: &Store, plan: &Plan) -> Vec<Hash> {
    let ids: Vec<_> = plan.nodes().collect();
    let nodes = store.log_nodes("general", &ids).await.unwrap();
    plan.prove_from(&nodes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn consents_whose_time_is_over_are_logged_once() {
    for store in &common::stores().await.0 {
        let (mut over, open) = (job(Tier::Xs), job(Tier::Xs));
        over.about.grant.as_mut().unwrap().not_after = 1;
        taken(store, &over).await;
        taken(store, &open).await;
        assert_eq!([store.expire().await.unwrap(), store.expire().await.unwrap()], [1, 0]);
        let lines = store
            .log_lines("general", &Lines::Patient(over.about.pseudonym), 0, 10)
            .await
            .unwrap();
        let last = Entry::from_json(&lines.last().unwrap().leaf).unwrap();
        assert_eq!((lines.len(), last.event().name()), (3, "consent-expired"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_leave_one_log_without_a_gap() {
    for store in &common::stores().await.0 {
        let submitting = (0..24).map(|place| {
            let store = store.clone();
            tokio::spawn(async move {
                // In batches of two audiences, in both orders.
                let mut jobs = [job(Tier::Xs), job(Tier::Xs)];
                jobs[place % 2].about.audience = common::audience(9);
                let owner = owner("general");
                let submitted = store.submit(&owner, &jobs, Urgency::Batch, None, &MANY).await.unwrap();
                assert!(matches!(submitted, Submitted::New(_)));
            })
        });
        for submitted in submitting.collect::<Vec<_>>() {
            submitted.await.unwrap();
        }
        let head = store.log_head("general").await.unwrap();
        let lines = store.log_lines("general", &Lines::All, 0, 1000).await.unwrap();
        assert_eq!((head.size, lines.len()), (96, 96));
        let mut tree = medproof_audit::tree::Frontier::new();
        for line in &lines {
            tree.append(Hash::of_leaf(&line.leaf)).unwrap();
        }
        assert_eq!(tree.head(), head);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_answers_one_request_a_day() {
    for store in &common::stores().await.0 {
        let first = job(Tier::Xs);
        taken(store, &first).await;
        assert_eq!(denied(store, &again(&first), &MANY).await, Some(Denied::Today));
        // The same request may come again.
        let mut same = job(Tier::Xs);
        same.about = first.about.clone();
        taken(store, &same).await;
        end(store, &first, Ending::Refused).await;
        end(store, &same, Ending::Failed("ledger.unavailable")).await;
        // It was answered, if by a no.
        assert_eq!(denied(store, &again(&first), &MANY).await, Some(Denied::Today));
        // What failed was not.
        let failed = job(Tier::Xs);
        taken(store, &failed).await;
        end(store, &failed, Ending::Failed("ledger.unavailable")).await;
        taken(store, &again(&failed)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asker_runs_out_of_questions_about_a_holder() {
    let limits = Bounds {
        askers: AskerLimits {
            questions_of_concept: 2,
            questions: 3,
            ..MANY.askers
        },
        ..MANY
    };
    for store in &common::stores().await.0 {
        // About one patient, each on a consent of its own.
        let patient = job(Tier::Xs).about.pseudonym;
        let asked = |concept: u8, whole: u8| {
            let mut job = job(Tier::Xs);
            job.about.pseudonym = patient;
            job.about.questions = vec![Question {
                concept: [concept; 32],
                whole: [whole; 32],
            }];
            job
        };
        let ask = async |job: &NewJob| denied(store, job, &limits).await;
        for whole in [1, 2, 2, 1] {
            assert_eq!(ask(&asked(1, whole)).await, None);
        }
        // A claim may ask the same twice: it is one question.
        let mut twice = asked(1, 1);
        twice.about.questions.push(twice.about.questions[0]);
        assert_eq!(ask(&twice).await, None);
        let third = asked(1, 3);
        assert_eq!(ask(&third).await, Some(Denied::Questions));
        // Of a refusal nothing is left: another is as far.
        assert_eq!(ask(&asked(1, 4)).await, Some(Denied::Questions));
        assert_eq!(ask(&asked(1, 1)).await, None);
        // About another concept, of another patient, by another asker.
        assert_eq!(ask(&asked(2, 5)).await, None);
        assert_eq!(ask(&asked(3, 6)).await, Some(Denied::Questions));
        let mut of_another = asked(1, 3);
        of_another.about.pseudonym = [0; 32];
        assert_eq!(ask(&of_another).await, None);
        let mut by_another = asked(1, 3);
        by_another.about.audience = common::audience(2);
        assert_eq!(ask(&by_another).await, None);
    }
}

fn usual(usual: u32) -> Bounds {
    let times = 10;
    Bounds {
        askers: AskerLimits {
            usual,
            times,
            ..MANY.askers
        },
        ..MANY
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_as_never_before_is_suspended_until_an_operator_has_looked() {
    for store in &common::stores().await.0 {
        let limits = usual(3);
        let (patient, proved) = (job(Tier::Xs).about.pseudonym, job(Tier::Xs));
        taken(store, &proved).await;
        end(store, &proved, proof()).await;
        let of_one = || {
            let mut job = job(Tier::Xs);
            job.about.pseudonym = patient;
            job
        };
        for _ in 0..2 {
            assert_eq!(denied(store, &of_one(), &limits).await, None);
        }
        let unusual = denied(store, &of_one(), &limits).await;
        assert_eq!(unusual, Some(Denied::Unusual(Unusual::Rate)));
        assert!(store.suspend("general", AUDIENCE, Unusual::Rate).await.unwrap());
        assert!(!store.suspend("general", AUDIENCE, Unusual::Operator).await.unwrap());
        assert_eq!(denied(store, &of_one(), &MANY).await, Some(Denied::Suspended));
        // Nothing is handed out either.
        let release = async || store.release(&owner("general"), &proved.id).await.unwrap();
        assert_eq!(release().await, Released::Suspended);
        let askers = store.askers("general", "", 10).await.unwrap();
        assert_eq!((askers.len(), askers[0].audience.as_str()), (1, AUDIENCE));
        assert_eq!(askers[0].suspended.as_ref().unwrap().1, "rate");
        assert!(store.askers("another", "", 10).await.unwrap().is_empty());
        assert!(store.askers("general", AUDIENCE, 10).await.unwrap().is_empty());

        assert!(!store.restore("another", AUDIENCE).await.unwrap());
        assert!(store.restore("general", AUDIENCE).await.unwrap());
        assert!(!store.restore("general", AUDIENCE).await.unwrap());
        assert_eq!(denied(store, &of_one(), &limits).await, None);
        assert_eq!(release().await, Released::Presentation(b"proof".to_vec()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn breadth_and_refusals_are_unusual_too() {
    for store in &common::stores().await.0 {
        // The rate is, wherever breadth is: told by its name as the first.
        let mut refused = Vec::new();
        for _ in 0..3 {
            let job = job(Tier::Xs);
            taken(store, &job).await;
            refused.push(job);
        }
        let patient = refused[0].about.pseudonym;
        for job in &refused {
            end(store, job, Ending::Refused).await;
        }
        let mut known = job(Tier::Xs);
        known.about.pseudonym = patient;
        // Four were asked for, of three patients, and three refused: each bound is found where the one before
        // it is not.
        let found = async |job: &NewJob, most: u32| denied(store, job, &usual(most)).await;
        assert_eq!(found(&known, 3).await, Some(Denied::Unusual(Unusual::Rate)));
        let by = |audience: &str| {
            let mut job = job(Tier::Xs);
            job.about.audience = audience.into();
            job
        };
        let broad = &common::audience(3);
        for _ in 0..3 {
            taken(store, &by(broad)).await;
        }
        assert_eq!(found(&by(broad), 3).await, Some(Denied::Unusual(Unusual::Rate)));
        // An hour of many requests for few patients, before.
        history(store, broad, "asked", 1000).await;
        assert_eq!(found(&by(broad), 3).await, Some(Denied::Unusual(Unusual::Breadth)));
        history(store, broad, "holders", 1000).await;
        assert_eq!(found(&by(broad), 3).await, None);
        history(store, AUDIENCE, "asked", 1000).await;
        history(store, AUDIENCE, "holders", 1000).await;
        assert_eq!(found(&known, 2).await, Some(Denied::Unusual(Unusual::Refusals)));
        history(store, AUDIENCE, "refused", 1000).await;
        assert_eq!(found(&known, 2).await, None);
    }
}

// As if the asker had had such an hour some days ago.
async fn history(store: &Store, audience: &str, column: &str, count: i64) {
    let insert = "INSERT INTO asker_hours (tenant, audience, hour, asked, holders, refused) \
                  VALUES ('general', $1, (SELECT MAX(hour) - 100 FROM asker_hours), 0, 0, 0) ON CONFLICT DO NOTHING";
    let update = format!(
        "UPDATE asker_hours SET {column} = $2 WHERE audience = $1 AND hour < (SELECT MAX(hour) FROM asker_hours)"
    );
    let update = sqlx::AssertSqlSafe(update);
    match store {
        Store::Sqlite { write: pool, .. } => {
            sqlx::query(insert).bind(audience).execute(pool).await.unwrap();
            sqlx::query(update)
                .bind(audience)
                .bind(count)
                .execute(pool)
                .await
                .unwrap();
        }
        Store::Postgres(pool) => {
            sqlx::query(insert).bind(audience).execute(pool).await.unwrap();
            sqlx::query(update)
                .bind(audience)
                .bind(count)
                .execute(pool)
                .await
                .unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_work_than_may_wait_is_refused_by_its_size_and_by_whose_it_is() {
    let limits = Bounds {
        most_work: 20,
        most_work_of_tenant: 12,
        ..MANY
    };
    for store in &common::stores().await.0 {
        let submit = async |tenant, tier| {
            let (owner, jobs) = (owner(tenant), [job(tier)]);
            let submitted = store.submit(&owner, &jobs, Urgency::Person, None, &limits);
            match submitted.await.unwrap() {
                Submitted::New(_) => None,
                Submitted::Full(full) => Some(full.waiting),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(submit("general", Tier::L).await, None);
        assert_eq!(submit("general", Tier::L).await, Some(8));
        assert_eq!(submit("general", Tier::M).await, None);
        assert_eq!(submit("general", Tier::Xs).await, Some(12));
        assert_eq!(submit("another", Tier::L).await, None);
        assert_eq!(submit("third", Tier::Xs).await, Some(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_take_turns_and_a_person_goes_first() {
    for store in &common::stores().await.0 {
        let submit = async |tenant, urgency, count: usize| -> Vec<JobId> {
            let jobs: Vec<NewJob> = (0..count).map(|_| job(Tier::S)).collect();
            store.submit(&owner(tenant), &jobs, urgency, None, &MANY).await.unwrap();
            jobs.iter().map(|job| job.id).collect()
        };
        let many = submit("many", Urgency::Batch, 6).await;
        let few = submit("few", Urgency::Batch, 2).await;
        let person = submit("many", Urgency::Person, 1).await;
        let turns = order(store).await;
        let place = |id: &JobId| turns.iter().position(|turn| turn == id).unwrap();
        assert_eq!(place(&person[0]), 0);
        // After the person's, and of the six at most one more than of its own.
        assert!(place(&few[0]) <= 3 && place(&few[1]) <= 5);
        assert!(many.windows(2).all(|pair| place(&pair[0]) < place(&pair[1])));
    }
}

// The order in which the job library gives them to workers.
async fn order(store: &Store) -> Vec<JobId> {
    let sqlite = "SELECT CAST(job AS TEXT) FROM Jobs ORDER BY priority DESC, run_at ASC, id ASC";
    let postgres = "SELECT convert_from(job, 'UTF8') FROM apalis.jobs ORDER BY priority DESC, run_at ASC";
    let names: Vec<String> = match store {
        Store::Sqlite { write: pool, .. } => sqlx::query_scalar(sqlite).fetch_all(pool).await.unwrap(),
        Store::Postgres(pool) => sqlx::query_scalar(postgres).fetch_all(pool).await.unwrap(),
    };
    let parse = |name: &String| serde_json::from_str::<String>(name).unwrap().parse().unwrap();
    names.iter().map(parse).collect()
}
