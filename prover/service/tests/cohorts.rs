//! Cohorts in the store, the same in SQLite and in PostgreSQL: see `store.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::told::presentation;
use common::{AUDIENCE, MANY};
use medproof_audit::Entry;
use medproof_messages::Did;
use medproof_records::registry::Anchor;
use medproof_service::about::Question;
use medproof_service::caller::{Caller, Role};
use medproof_service::job::{CohortId, JobId, State};
use medproof_service::store::{
    Bounds, Cohort, CohortReleased, CohortState, Denied, Ending, Full, Lines, NewCohort, NewJob, Once, Owner, Store,
    Submitted, Urgency,
};
use medproof_statement::Fr;
use medproof_statement::tier::Tier;

fn caller(name: &str, role: Role, tenant: &str) -> Owner {
    let did = (role == Role::Sponsor).then(|| Did::parse(AUDIENCE).unwrap());
    Owner::from(&Caller {
        tenant: tenant.to_owned(),
        name: name.to_owned(),
        role,
        did,
    })
}

fn staff() -> Owner {
    caller("staff", Role::Issuer, "general")
}

fn sponsor() -> Owner {
    caller("asks", Role::Sponsor, "general")
}

const REQUEST: [u8; 32] = [9; 32];

// Of so many patients, each of whom consented.
fn new(members: usize) -> NewCohort {
    let member = |_| {
        let mut job = common::job(Tier::Xs);
        job.about.request = REQUEST;
        job
    };
    of((0..members).map(member).collect())
}

fn of(members: Vec<NewJob>) -> NewCohort {
    NewCohort {
        id: CohortId::random().unwrap(),
        payload: b"the request".to_vec(),
        anchor: Anchor {
            root: Fr::from(7u64),
            epoch: 3,
            size: 1000,
        },
        members,
    }
}

async fn submitted(store: &Store, new: &NewCohort) -> Cohort {
    match store.submit_cohort(&staff(), new, None, &MANY).await.unwrap() {
        Submitted::New(cohort) => cohort,
        other => panic!("{other:?}"),
    }
}

async fn standing(store: &Store, id: &CohortId) -> Cohort {
    store.cohort(&staff(), id).await.unwrap().unwrap()
}

// Checks all in one portion; of the first so many there are jobs.
async fn check(store: &Store, new: &NewCohort, eligible: usize) {
    let all = new.members.len() as u64;
    assert!(store.checked(&new.id, 0, all, &jobs(new, eligible)).await.unwrap());
}

fn jobs(new: &NewCohort, eligible: usize) -> Vec<(JobId, Vec<u8>)> {
    let eligible = new.members.iter().take(eligible);
    eligible.map(|member| (member.id, b"sealed".to_vec())).collect()
}

async fn lines(store: &Store, whose: &Lines) -> Vec<String> {
    let lines = store.log_lines("general", whose, 0, 1000).await.unwrap();
    let name = |leaf: &[u8]| Entry::from_json(leaf).unwrap().event().name().to_owned();
    lines.iter().map(|line| name(&line.leaf)).collect()
}

fn count(lines: &[String], kind: &str) -> usize {
    lines.iter().filter(|line| line.as_str() == kind).count()
}

fn proof() -> Ending {
    Ending::Succeeded(presentation([7; 32]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cohort_is_checked_proved_and_handed_out() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let new = new(5);
        let cohort = submitted(store, &new).await;
        assert_eq!(
            (cohort.state, cohort.members, cohort.checked),
            (CohortState::Running, 5, 0)
        );
        assert_eq!((cohort.own, cohort.epoch, cohort.registry_size), (true, 3, 1000));
        // In portions, in the order of their names; each portion once.
        let first = store.unchecked("general", 3).await.unwrap().unwrap();
        assert_eq!((first.id, first.from, first.members.len()), (new.id, 0, 3));
        assert_eq!(first.payload, b"the request");
        let mut names: Vec<JobId> = new.members.iter().map(|member| member.id).collect();
        names.sort();
        assert!(first.members.iter().map(|(id, _)| id).eq(&names[..3]));
        let eligible = |ids: &[JobId]| -> Vec<_> { ids.iter().map(|id| (*id, b"sealed".to_vec())).collect() };
        assert!(store.checked(&new.id, 0, 3, &eligible(&names[..2])).await.unwrap());
        assert!(!store.checked(&new.id, 0, 3, &eligible(&names[..2])).await.unwrap());
        let second = store.unchecked("general", 3).await.unwrap().unwrap();
        assert!(second.from == 3 && second.members.iter().map(|(id, _)| id).eq(&names[3..]));
        // A job is no job of DisclosureService's: nobody sees it but workers.
        for owner in [staff(), sponsor()] {
            assert_eq!(store.job(&owner, &names[0]).await.unwrap(), None);
            assert!(store.jobs(&owner, None, None, 10).await.unwrap().is_empty());
            assert_eq!(store.cancel(&owner, &names[0]).await.unwrap(), None);
        }
        let given = store.given(&names[0]).await.unwrap().unwrap();
        assert_eq!((given.payload.as_slice(), given.tier), (&b"sealed"[..], Tier::Xs));
        assert!(store.begin(&names[0]).await.unwrap().is_some());
        assert!(store.end(&names[0], &proof()).await.unwrap());
        assert!(store.end(&names[1], &proof()).await.unwrap());
        assert_eq!(standing(store, &new.id).await.state, CohortState::Running);
        assert!(store.checked(&new.id, 3, 5, &[]).await.unwrap());
        let complete = standing(store, &new.id).await;
        assert_eq!((complete.state, complete.presentations), (CohortState::Complete, 2));
        assert!(store.unchecked("general", 3).await.unwrap().is_none());
        // Handed out to both; what they asked for alone.
        for owner in [staff(), sponsor()] {
            let made = store.cohort_made(&owner, &new.id).await.unwrap();
            assert_eq!(made.len(), 2);
            let released = store.release_cohort(&owner, &new.id, &[names[0]]).await.unwrap();
            assert!(matches!(released, CohortReleased::Presentations(one) if one.len() == 1));
        }
        // To nobody else, and nobody else sees it.
        for stranger in [
            caller("other", Role::Issuer, "general"),
            caller("staff", Role::Issuer, "another"),
            caller("asks", Role::Sponsor, "another"),
        ] {
            assert_eq!(store.cohort(&stranger, &new.id).await.unwrap(), None);
            assert!(store.cohorts(&stranger, None, 10).await.unwrap().is_empty());
            assert!(store.cohort_made(&stranger, &new.id).await.unwrap().is_empty());
            assert_eq!(store.cancel_cohort(&stranger, &new.id).await.unwrap(), None);
            let released = store.release_cohort(&stranger, &new.id, &[names[0]]).await.unwrap();
            assert_eq!(released, CohortReleased::Nothing);
        }
        assert!(!store.cohort(&sponsor(), &new.id).await.unwrap().unwrap().own);
        assert_eq!(store.cohorts(&sponsor(), None, 10).await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_all_members_alike_and_a_sponsor_sees_what_it_was_given() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let new = new(4);
        submitted(store, &new).await;
        let at_once = lines(store, &Lines::All).await;
        let counts = ["consent-granted", "disclosure-requested"].map(|kind| count(&at_once, kind));
        assert_eq!((counts, at_once.len()), ([4, 4], 8), "{at_once:?}");
        check(store, &new, 1).await;
        assert_eq!(lines(store, &Lines::All).await.len(), 8);
        store.end(&new.members[0].id, &proof()).await.unwrap();
        let at_last = lines(store, &Lines::All).await;
        assert_eq!((count(&at_last, "disclosure-refused"), at_last.len()), (3, 11));
        let of_audience = Lines::Audience(AUDIENCE.to_owned());
        assert_eq!(lines(store, &of_audience).await.len(), 0);
        for _ in 0..2 {
            store
                .release_cohort(&sponsor(), &new.id, &[new.members[0].id])
                .await
                .unwrap();
        }
        assert_eq!(lines(store, &of_audience).await, ["disclosure-released"]);
        // Nor is it told that a consent ends of which it knows nothing; a patient is.
        let silent = &new.members[3].about;
        store.revoke(&silent.grant.unwrap().handle, None).await.unwrap();
        assert_eq!(lines(store, &of_audience).await.len(), 1);
        let own = lines(store, &Lines::Patient(silent.pseudonym)).await;
        let expected = [
            "consent-granted",
            "disclosure-requested",
            "disclosure-refused",
            "consent-revoked",
        ];
        assert_eq!(own, expected);
        assert!(store.events(&sponsor(), 0, 100).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_cohort_and_for_no_job() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let once = |digest| Once {
            key: "a key of eight",
            digest: [digest; 32],
        };
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    store
                        .submit_cohort(&staff(), &new(2), Some(&once(1)), &MANY)
                        .await
                        .unwrap()
                })
            })
            .collect();
        let (mut made, mut names) = (0, Vec::new());
        for task in tasks {
            match task.await.unwrap() {
                Submitted::New(cohort) => (made, names) = (made + 1, [names, vec![cohort.id]].concat()),
                Submitted::Again(cohort) => names.push(cohort.id),
                other => panic!("{other:?}"),
            }
        }
        names.dedup();
        assert_eq!((made, names.len()), (1, 1));
        let other = store.submit_cohort(&staff(), &new(2), Some(&once(2)), &MANY).await;
        assert_eq!(other.unwrap(), Submitted::OtherUnderKey);
        let job = [common::job(Tier::Xs)];
        let job = store
            .submit(&staff(), &job, Urgency::Person, Some(&once(3)), &MANY)
            .await;
        assert_eq!(job.unwrap(), Submitted::OtherUnderKey);
        assert_eq!(store.cohorts(&staff(), None, 10).await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_last_completes_it_once() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let new = new(24);
        submitted(store, &new).await;
        check(store, &new, 24).await;
        let tasks = new.members.iter().map(|member| {
            let (store, id) = (store.clone(), member.id);
            // Two workers on one job.
            tokio::spawn(async move {
                let ended = [
                    store.end(&id, &proof()).await.unwrap(),
                    store.end(&id, &proof()).await.unwrap(),
                ];
                ended.iter().filter(|ended| **ended).count()
            })
        });
        let mut ended = 0;
        for task in tasks.collect::<Vec<_>>() {
            ended += task.await.unwrap();
        }
        let cohort = standing(store, &new.id).await;
        assert_eq!(
            (ended, cohort.state, cohort.presentations),
            (24, CohortState::Complete, 24)
        );
        assert_eq!(count(&lines(store, &Lines::All).await, "disclosure-refused"), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cohort_of_nobody_eligible_is_complete() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let new = new(3);
        submitted(store, &new).await;
        check(store, &new, 0).await;
        let cohort = standing(store, &new.id).await;
        assert_eq!((cohort.state, cohort.presentations), (CohortState::Complete, 0));
        let released = store.release_cohort(&sponsor(), &new.id, &[]).await.unwrap();
        assert_eq!(released, CohortReleased::Presentations(vec![]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cancelled_or_failed_leaves_nothing_and_may_be_asked_again() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        for (cancel, state, line) in [
            (true, CohortState::Cancelled, "disclosure-cancelled"),
            (false, CohortState::Failed, "disclosure-failed"),
        ] {
            let new = new(3);
            submitted(store, &new).await;
            check(store, &new, 2).await;
            let before = count(&lines(store, &Lines::All).await, line);
            store.begin(&new.members[1].id).await.unwrap();
            store.end(&new.members[0].id, &proof()).await.unwrap();
            // On the same consents another request is not taken today.
            let others = || {
                let other = |member: &NewJob| {
                    let mut job = common::job(Tier::Xs);
                    job.about = member.about.clone();
                    job.about.request = [8; 32];
                    job
                };
                of(new.members.iter().map(other).collect())
            };
            let denied = store.submit_cohort(&staff(), &others(), None, &MANY).await.unwrap();
            let today = Submitted::Denied {
                place: 0,
                denied: Denied::Today,
            };
            assert_eq!(denied, today);
            if cancel {
                // Its sponsor may, too.
                let ended = store.cancel_cohort(&sponsor(), &new.id).await.unwrap().unwrap();
                assert_eq!(ended.state, state);
            } else {
                assert!(
                    store
                        .end(&new.members[1].id, &Ending::Failed("job.poison"))
                        .await
                        .unwrap()
                );
            }
            let ended = standing(store, &new.id).await;
            assert_eq!((ended.state, ended.presentations), (state, 0));
            assert_eq!(ended.error.as_deref(), (!cancel).then_some("job.poison"));
            // Of each member alike, and once.
            store.cancel_cohort(&staff(), &new.id).await.unwrap();
            store.fail_cohort(&new.id, "x").await.unwrap();
            assert_eq!(standing(store, &new.id).await, ended);
            assert_eq!(count(&lines(store, &Lines::All).await, line), before + 3);
            assert!(store.begin(&new.members[1].id).await.unwrap().is_none());
            assert!(!store.checked(&new.id, 3, 3, &[]).await.unwrap());
            assert!(store.cohort_made(&staff(), &new.id).await.unwrap().is_empty());
            let again = store.submit_cohort(&staff(), &others(), None, &MANY).await.unwrap();
            assert!(matches!(again, Submitted::New(_)), "{again:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_revokes_is_out_of_it_whenever_that_is() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let new = new(5);
        let revoke = async |place: usize| {
            let handle = new.members[place].about.grant.unwrap().handle;
            assert_eq!(store.revoke(&handle, None).await.unwrap(), []);
        };
        submitted(store, &new).await;
        // Before the check, in the middle of a proof, after it, and when all is done.
        revoke(0).await;
        let unchecked = store.unchecked("general", 10).await.unwrap().unwrap();
        let out = unchecked
            .members
            .iter()
            .find(|(id, _)| *id == new.members[0].id)
            .unwrap();
        assert!(out.1.is_none());
        check(store, &new, 5).await;
        assert_eq!(standing(store, &new.id).await.jobs, 4);
        store.begin(&new.members[1].id).await.unwrap();
        revoke(1).await;
        assert_eq!(store.state(&new.members[1].id).await.unwrap(), Some(State::Refused));
        assert!(!store.end(&new.members[1].id, &proof()).await.unwrap());
        store.end(&new.members[2].id, &proof()).await.unwrap();
        revoke(2).await;
        store.end(&new.members[3].id, &proof()).await.unwrap();
        assert_eq!(standing(store, &new.id).await.state, CohortState::Running);
        store.end(&new.members[4].id, &proof()).await.unwrap();
        let cohort = standing(store, &new.id).await;
        assert_eq!((cohort.state, cohort.presentations), (CohortState::Complete, 2));
        let made = store.cohort_made(&sponsor(), &new.id).await.unwrap();
        revoke(3).await;
        // Whoever looked before the revocation is given what is left after it.
        let wanted: Vec<JobId> = made.iter().map(|(id, _)| *id).collect();
        let released = store.release_cohort(&sponsor(), &new.id, &wanted).await.unwrap();
        assert!(matches!(released, CohortReleased::Presentations(left) if left.len() == 1));
        assert_eq!(standing(store, &new.id).await.presentations, 1);
        // A last one that revokes completes it.
        let last = self::new(1);
        submitted(store, &last).await;
        check(store, &last, 1).await;
        let handle = last.members[0].about.grant.unwrap().handle;
        store.revoke(&handle, None).await.unwrap();
        let cohort = standing(store, &last.id).await;
        assert_eq!((cohort.state, cohort.presentations), (CohortState::Complete, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_is_out_of_it() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let new = new(3);
        submitted(store, &new).await;
        check(store, &new, 3).await;
        store.end(&new.members[0].id, &proof()).await.unwrap();
        for place in [0, 1] {
            let pseudonym = new.members[place].about.pseudonym;
            store.end_about("general", &pseudonym, true).await.unwrap();
        }
        store.end(&new.members[2].id, &proof()).await.unwrap();
        let cohort = standing(store, &new.id).await;
        assert_eq!((cohort.state, cohort.presentations), (CohortState::Complete, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_and_bounds_are_those_of_jobs_and_of_all_members_alike() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let mut bounds = MANY;
        bounds.askers.questions = 1;
        let question = |byte| Question {
            concept: [byte; 32],
            whole: [byte; 32],
        };
        let mut asked = common::job(Tier::Xs);
        asked.about.questions = vec![question(1)];
        let first = [asked];
        store
            .submit(&staff(), &first, Urgency::Person, None, &bounds)
            .await
            .unwrap();
        // Her second question is one too many, whether anything about her would be proved or not.
        let mut cohort = new(4);
        cohort
            .members
            .iter_mut()
            .for_each(|member| member.about.questions = vec![question(2)]);
        cohort.members[2].about.pseudonym = first[0].about.pseudonym;
        let before = store.log_head("general").await.unwrap().size;
        let denied = store.submit_cohort(&staff(), &cohort, None, &bounds).await.unwrap();
        let questions = Submitted::Denied {
            place: 2,
            denied: Denied::Questions,
        };
        assert_eq!(denied, questions);
        assert!(store.cohorts(&staff(), None, 10).await.unwrap().is_empty());
        assert_eq!(store.log_head("general").await.unwrap().size, before);
        // As much as all members may become waits, until they were checked.
        let five = Bounds { most_work: 5, ..MANY };
        let cohort = new(4);
        let taken = store.submit_cohort(&staff(), &cohort, None, &five).await.unwrap();
        assert!(matches!(taken, Submitted::New(_)));
        let full = store.submit_cohort(&staff(), &new(1), None, &five).await.unwrap();
        assert!(matches!(full, Submitted::Full(Full { waiting: 5, .. })), "{full:?}");
        check(store, &cohort, 1).await;
        let taken = store.submit_cohort(&staff(), &new(1), None, &five).await.unwrap();
        assert!(matches!(taken, Submitted::New(_)));
    }
}
