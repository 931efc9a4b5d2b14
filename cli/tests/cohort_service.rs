//! Cohorts over gRPC: an issuer submits, its sponsor fetches and verifies, and the service may die in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::service::{Service, Token, callers, code};
use common::{ANNA, BERTA, MINOR, OTHERS, World};
use medproof_proto::v1;
use medproof_proto::v1::audit_service_client::AuditServiceClient;
use medproof_proto::v1::cohort::State;
use medproof_proto::v1::cohort_service_client::CohortServiceClient;
use medproof_proto::v1::consent_service_client::ConsentServiceClient;
use medproof_proto::v1::disclosure_service_client::DisclosureServiceClient;
use medproof_proto::v1::fetch_cohort_response::Part;
use serde_json::Value;
use std::fs;
use std::sync::OnceLock;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};

type Client = CohortServiceClient<InterceptedService<Channel, Token>>;

fn configuration(did: &str) -> String {
    let settings = "[listen]\naddress = \"127.0.0.1:0\"\n[store]\nurl = \"sqlite:service.db\"\n[work]\nat_once = 1\n\
                    [askers]\nquestions = 3\n[limits]\ncalls_per_second = 10000\nburst = 10000\n";
    let people = [
        ("Hospital", "issuer", "staff"),
        ("Hospital", "holder", "portal"),
        ("Hospital", "sponsor", "asks"),
        ("Another", "issuer", "other"),
    ];
    settings.to_owned() + &callers(did, &people)
}

fn all() -> impl Iterator<Item = &'static str> {
    [ANNA, BERTA, MINOR].into_iter().chain(OTHERS)
}

/// Fifteen patients enrolled and anchored, one of them a minor; all consented to a request.
fn world() -> World {
    static WORLD: OnceLock<World> = OnceLock::new();
    let world = WORLD.get_or_init(|| {
        let world = World::with_patients(&all().collect::<Vec<_>>(), "XS");
        all().for_each(|patient| world.enroll(patient, patient));
        world.ok("issuer anchor");
        world.request("r", "sponsor", "--claim adult --scope trial-1 --expires-in 1d");
        for patient in all() {
            world.ok(&format!(
                "holder consent --holder {patient}.holder --request r.request --out {patient}.consent"
            ));
        }
        let did = world.ok("audience show sponsor")["did"].as_str().unwrap().to_owned();
        world.write("service.toml", configuration(&did));
        world
    });
    world.copy()
}

fn member(world: &World, record: &str, consent: &str) -> v1::CohortMember {
    v1::CohortMember {
        record: record.to_owned(),
        consent: fs::read(world.path(&format!("{consent}.consent"))).unwrap(),
    }
}

fn asked<'a>(world: &World, patients: impl Iterator<Item = &'a str>) -> v1::RunCohortRequest {
    v1::RunCohortRequest {
        request: fs::read(world.path("r.request")).unwrap(),
        members: patients.map(|patient| member(world, patient, patient)).collect(),
        idempotency_key: String::new(),
    }
}

impl Service {
    fn cohorts(&self, token: &'static str) -> Client {
        CohortServiceClient::new(self.channel(token))
    }

    fn run(&self, token: &'static str, request: v1::RunCohortRequest) -> Result<v1::Cohort, Status> {
        let response = self.runtime.block_on(self.cohorts(token).run_cohort(request))?;
        Ok(response.into_inner().cohort.unwrap())
    }

    fn get(&self, token: &'static str, cohort: &str) -> Result<v1::Cohort, Status> {
        let request = v1::GetCohortRequest {
            cohort: cohort.to_owned(),
        };
        let response = self.runtime.block_on(self.cohorts(token).get_cohort(request))?;
        Ok(response.into_inner().cohort.unwrap())
    }

    // What who watches is told, until this holds or to the end.
    fn watched(&self, token: &'static str, cohort: &str, until: impl Fn(&v1::Cohort) -> bool) -> Vec<v1::Cohort> {
        let mut client = self.cohorts(token);
        self.runtime.block_on(async {
            let request = v1::WatchCohortRequest {
                cohort: cohort.to_owned(),
            };
            let mut stream = client.watch_cohort(request).await.unwrap().into_inner();
            let mut told = Vec::new();
            while let Some(response) = stream.message().await.unwrap() {
                told.push(response.cohort.unwrap());
                if until(told.last().unwrap()) {
                    break;
                }
            }
            told
        })
    }

    fn ended(&self, token: &'static str, cohort: &str) -> v1::Cohort {
        self.watched(token, cohort, |_| false).pop().unwrap()
    }

    fn cancel(&self, token: &'static str, cohort: &str) -> Result<v1::Cohort, Status> {
        let request = v1::CancelCohortRequest {
            cohort: cohort.to_owned(),
        };
        let response = self.runtime.block_on(self.cohorts(token).cancel_cohort(request))?;
        Ok(response.into_inner().cohort.unwrap())
    }

    fn fetch(&self, token: &'static str, cohort: &str) -> Result<(Vec<Vec<u8>>, Vec<u8>), Status> {
        let mut client = self.cohorts(token);
        self.runtime.block_on(async {
            let request = v1::FetchCohortRequest {
                cohort: cohort.to_owned(),
            };
            let mut stream = client.fetch_cohort(request).await?.into_inner();
            let (mut presentations, mut summary) = (Vec::new(), None);
            while let Some(response) = stream.message().await? {
                assert!(summary.is_none(), "the summary is last");
                match response.part.unwrap() {
                    Part::Presentation(bytes) => presentations.push(bytes),
                    Part::Summary(bytes) => summary = Some(bytes),
                }
            }
            Ok((presentations, summary.unwrap()))
        })
    }
}

#[test]
fn an_issuer_submits_and_its_sponsor_fetches_what_verifies() {
    let world = world();
    let [revoked, stranger] = [OTHERS[0], OTHERS[1]];
    world.ok(&format!(
        "holder revoke --holder {revoked}.holder --consent {revoked}.consent"
    ));
    let service = Service::start(&world);
    let mut request = asked(&world, [ANNA, BERTA, MINOR, revoked].into_iter());
    request.members.push(member(&world, stranger, ANNA));
    request.members.push(member(&world, "nobody", ANNA));
    request.idempotency_key = "one-cohort".into();
    let cohort = service.run("staff", request.clone()).unwrap();
    let progress = cohort.progress.unwrap();
    assert_eq!(
        (cohort.state(), progress.members, cohort.registry_size),
        (State::Running, 6, 15)
    );
    // Once: the same again is the same, another is refused.
    assert_eq!(service.run("staff", request.clone()).unwrap().id, cohort.id);
    let mut other = request.clone();
    other.members.pop();
    let refused = service.run("staff", other).unwrap_err();
    assert_eq!(
        (refused.code(), code(&refused).as_str()),
        (Code::AlreadyExists, "idempotency.other")
    );

    // The sponsor sees that there is one, and nothing of how far it is.
    let told = service.watched("asks", &cohort.id, |_| false);
    assert!(
        told.len() <= 2 && told.iter().all(|seen| seen.progress.is_none()),
        "{told:?}"
    );
    let running = told.iter().filter(|seen| seen.state() == State::Running);
    assert!(running.into_iter().all(|seen| seen.count == 0));
    let ended = told.last().unwrap();
    assert_eq!(
        (ended.state(), ended.count, ended.registry_small),
        (State::Complete, 2, false)
    );
    let own = service.get("staff", &cohort.id).unwrap();
    let progress = own.progress.unwrap();
    assert_eq!((progress.members, progress.checked, progress.proofs), (6, 6, 2));
    assert!(progress.ended == 2 && progress.fraction == 1.0 && progress.ended_at.is_some());
    for token in ["staff", "asks"] {
        let mut lister = service.cohorts(token);
        let listed = service
            .runtime
            .block_on(lister.list_cohorts(v1::ListCohortsRequest::default()));
        assert_eq!(listed.unwrap().into_inner().cohorts.len(), 1);
        // Its jobs are none of theirs.
        let mut jobs = DisclosureServiceClient::new(service.channel(token));
        let listed = service.runtime.block_on(jobs.list_jobs(v1::ListJobsRequest::default()));
        assert!(listed.unwrap().into_inner().jobs.is_empty());
    }

    // Nor does its part of the log tell who consented.
    let lines = |token: &'static str| {
        let mut reader = AuditServiceClient::new(service.channel(token));
        let listed = service
            .runtime
            .block_on(reader.list_entries(v1::ListEntriesRequest::default()));
        listed.unwrap().into_inner().entries.len()
    };
    assert_eq!(lines("asks"), 0);
    assert!(lines("staff") >= 12);

    // Another hospital, and a wallet, see none; nobody else submits.
    for token in ["other", "portal"] {
        let errors = [
            service.get(token, &cohort.id).unwrap_err(),
            service.cancel(token, &cohort.id).unwrap_err(),
            service.fetch(token, &cohort.id).unwrap_err(),
            service
                .get(token, "cohort:00112233445566778899aabbccddeeff")
                .unwrap_err(),
        ];
        for error in errors {
            assert_eq!(
                (error.code(), code(&error).as_str()),
                (Code::NotFound, "cohort.none"),
                "{token}"
            );
        }
    }
    for token in ["portal", "asks"] {
        assert_eq!(code(&service.run(token, request.clone()).unwrap_err()), "role");
    }
    let foreign = service.run("other", request.clone()).unwrap_err();
    assert_eq!(code(&foreign), "record.pending");

    let (presentations, summary) = service.fetch("asks", &cohort.id).unwrap();
    assert_eq!(
        service.fetch("staff", &cohort.id).unwrap(),
        (presentations.clone(), summary.clone())
    );
    assert_eq!(lines("asks"), 2);
    drop(service);
    assert_eq!(verified(&world, &presentations, &summary)["count"], 2);
}

// What was fetched, held against the sponsor's request by its own command.
fn verified(world: &World, presentations: &[Vec<u8>], summary: &[u8]) -> Value {
    // The last but one of the public inputs.
    assert!(presentations.is_sorted_by_key(|bytes| bytes[257..289].to_vec()));
    for (place, bytes) in presentations.iter().enumerate() {
        world.write(&format!("fetched/{place}.bin"), bytes);
    }
    world.write("fetched/summary.json", summary);
    world.ok("cohort verify fetched --request r.request --audience sponsor --grace 0s")
}

#[test]
fn what_is_no_cohort_is_refused_with_its_place() {
    let world = world();
    let service = Service::start(&world);
    let refused = |change: &dyn Fn(&mut v1::RunCohortRequest)| {
        let mut request = asked(&world, [ANNA, BERTA].into_iter());
        change(&mut request);
        code(&service.run("staff", request).unwrap_err())
    };
    assert_eq!(refused(&|request| request.members.clear()), "cohort.size");
    assert_eq!(
        refused(&|request| request.members.resize(1001, request.members[0].clone())),
        "cohort.size"
    );
    assert_eq!(
        refused(&|request| request.members[1].record = ANNA.into()),
        "cohort.repeated"
    );
    assert_eq!(
        refused(&|request| request.members[1].consent = b"{}".to_vec()),
        "json.form"
    );
    assert_eq!(refused(&|request| request.request = b"{}".to_vec()), "json.form");
    assert_eq!(
        refused(&|request| request.idempotency_key = "short".into()),
        "idempotency.key"
    );
    // A budget that is reached for one, eligible or not, is that of all, and nothing of them is kept.
    for (place, patient) in [(0, ANNA), (1, MINOR)] {
        world.request("asked", "sponsor", &format!("--claim adult --scope {patient}"));
        world.ok(&format!(
            "holder consent --holder {patient}.holder --request asked.request --out asked.consent"
        ));
        let mut portal = DisclosureServiceClient::new(service.channel("portal"));
        let disclosure = v1::Disclosure {
            record: patient.to_owned(),
            request: fs::read(world.path("asked.request")).unwrap(),
            consent: fs::read(world.path("asked.consent")).unwrap(),
        };
        let request = v1::SubmitDisclosureRequest {
            disclosure: Some(disclosure),
            idempotency_key: String::new(),
        };
        service.runtime.block_on(portal.submit_disclosure(request)).unwrap();
        // As of another day all its questions are others.
        world.request("more", "sponsor", "--claim adult --scope trial-3 --as-of 2021-05-01");
        let mut request = asked(&world, std::iter::empty());
        request.request = fs::read(world.path("more.request")).unwrap();
        let mut members = vec![BERTA, OTHERS[2]];
        members.insert(place, patient);
        for patient in members {
            world.ok(&format!(
                "holder consent --holder {patient}.holder --request more.request --out more.consent"
            ));
            request.members.push(member(&world, patient, "more"));
            fs::remove_file(world.path("more.consent")).unwrap();
        }
        let denied = service.run("staff", request).unwrap_err();
        assert_eq!(
            (denied.code(), code(&denied).as_str()),
            (Code::ResourceExhausted, "asker.questions"),
            "{patient}"
        );
        for name in ["asked.request", "asked.consent", "more.request"] {
            fs::remove_file(world.path(name)).unwrap();
        }
    }
    let mut lister = service.cohorts("staff");
    let listed = service
        .runtime
        .block_on(lister.list_cohorts(v1::ListCohortsRequest::default()));
    assert!(listed.unwrap().into_inner().cohorts.is_empty());
}

#[test]
fn a_service_that_dies_midway_goes_on_where_it_was() {
    let world = world();
    let service = Service::start(&world);
    let cohort = service.run("staff", asked(&world, all())).unwrap().id;
    let fetched = service.fetch("asks", &cohort).unwrap_err();
    assert_eq!(code(&fetched), "cohort.unfinished");
    let far = |seen: &v1::Cohort| seen.progress.as_ref().is_some_and(|progress| progress.ended > 0);
    let told = service.watched("staff", &cohort, far);
    // As by SIGKILL.
    drop(service);
    let last = told.last().unwrap();
    assert_eq!(last.state(), State::Running, "{last:?}");
    let service = Service::start(&world);
    let again = service.get("staff", &cohort).unwrap().progress.unwrap();
    let before = last.progress.as_ref().unwrap();
    assert!(
        again.ended >= before.ended && again.checked >= before.checked,
        "{again:?}"
    );
    let ended = service.ended("staff", &cohort);
    assert_eq!(
        (ended.state(), ended.count, ended.registry_small),
        (State::Complete, 14, true)
    );
    let (presentations, summary) = service.fetch("asks", &cohort).unwrap();
    drop(service);
    assert_eq!(verified(&world, &presentations, &summary)["count"], 14);
}

#[test]
fn who_revokes_midway_is_out_of_it_and_a_cohort_is_cancelled_midway() {
    let world = world();
    let service = Service::start(&world);
    let cohort = service.run("staff", asked(&world, all().take(8))).unwrap().id;
    let revoke = |patient: &str| {
        world.ok(&format!(
            "holder revoke --holder {patient}.holder --consent {patient}.consent --out {patient}.revocation"
        ));
        let revocation = fs::read(world.path(&format!("{patient}.revocation"))).unwrap();
        let mut portal = ConsentServiceClient::new(service.channel("portal"));
        let request = v1::RevokeConsentRequest { revocation };
        service.runtime.block_on(portal.revoke_consent(request)).unwrap();
    };
    revoke(OTHERS[0]);
    let ended = service.ended("asks", &cohort);
    assert_eq!((ended.state(), ended.count), (State::Complete, 6));
    // After its end, too.
    revoke(BERTA);
    let (presentations, summary) = service.fetch("asks", &cohort).unwrap();
    assert_eq!(presentations.len(), 5);
    assert_eq!(service.get("asks", &cohort).unwrap().count, 5);

    let second = service.run("staff", asked(&world, all().skip(8))).unwrap().id;
    let cancelled = service.cancel("staff", &second).unwrap();
    assert_eq!((cancelled.state(), cancelled.count), (State::Cancelled, 0));
    assert_eq!(service.ended("asks", &second).state(), State::Cancelled);
    assert_eq!(code(&service.fetch("asks", &second).unwrap_err()), "cohort.ended");
    // What it had asked may be asked again.
    let third = service.run("staff", asked(&world, all().skip(8))).unwrap().id;
    assert_eq!(service.ended("staff", &third).count, 7);
    drop(service);
    assert_eq!(verified(&world, &presentations, &summary)["count"], 5);
}
