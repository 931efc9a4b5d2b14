//! A hospital over gRPC alone: charts in, a holder enrolled, the root anchored, a disclosure, its consent
//! revoked, its record erased; and who asks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::service::{Service, Token, callers, code};
use common::{ANNA, MINOR, World};
use medproof_proto::v1;
use medproof_proto::v1::asker_service_client::AskerServiceClient;
use medproof_proto::v1::audit_entry::Outcome;
use medproof_proto::v1::audit_service_client::AuditServiceClient;
use medproof_proto::v1::consent::State as ConsentState;
use medproof_proto::v1::consent_service_client::ConsentServiceClient;
use medproof_proto::v1::disclosure_service_client::DisclosureServiceClient;
use medproof_proto::v1::import_records_request::{Format, Options, Part};
use medproof_proto::v1::issuer_service_client::IssuerServiceClient;
use medproof_proto::v1::job::State;
use medproof_proto::v1::record::Standing;
use medproof_proto::v1::verifier_service_client::VerifierServiceClient;
use std::fs;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};

type Called = InterceptedService<Channel, Token>;

fn configuration(did: &str) -> String {
    let settings = "[listen]\naddress = \"127.0.0.1:0\"\n[store]\nurl = \"sqlite:service.db\"\n[askers]\nusual = 6\n";
    let people = [
        ("Hospital", "issuer", "staff"),
        ("Hospital", "holder", "portal"),
        ("Hospital", "operator", "keeps"),
        ("Hospital", "auditor", "looks"),
        ("Hospital", "sponsor", "asks"),
    ];
    settings.to_owned() + &callers(did, &people)
}

// A hospital without a patient, and a sponsor.
fn world() -> World {
    let world = World::with_patients(&[], "XS");
    world.ok("audience keygen --out sponsor");
    let did = world.ok("audience show sponsor")["did"].as_str().unwrap().to_owned();
    world.write("service.toml", configuration(&did));
    world
}

struct Hospital<'a> {
    world: &'a World,
    service: &'a Service,
    staff: IssuerServiceClient<Called>,
}

impl<'a> Hospital<'a> {
    fn of(world: &'a World, service: &'a Service) -> Hospital<'a> {
        let staff = IssuerServiceClient::new(service.channel("staff"));
        Hospital { world, service, staff }
    }

    fn import(&mut self, format: Format, chunks: Vec<Vec<u8>>, update: bool) -> Result<Vec<String>, Status> {
        let options = Options {
            format: format.into(),
            issued_on: "2021-04-01".into(),
            update,
            complete: vec!["synthea".into()],
        };
        let parts = [Part::Options(options)]
            .into_iter()
            .chain(chunks.into_iter().map(Part::Data));
        let parts: Vec<_> = parts
            .map(|part| v1::ImportRecordsRequest { part: Some(part) })
            .collect();
        let call = self.staff.import_records(tokio_stream::iter(parts));
        Ok(self.service.runtime.block_on(call)?.into_inner().records)
    }

    fn records(&mut self) -> Vec<v1::Record> {
        let mut records = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = v1::ListRecordsRequest {
                page_size: 1,
                page_token,
            };
            let page = self
                .service
                .runtime
                .block_on(self.staff.list_records(request))
                .unwrap()
                .into_inner();
            records.extend(page.records);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return records;
            }
        }
    }

    fn enrol(&mut self, patient: &str, name: &str) {
        let runtime = &self.service.runtime;
        let record = patient.to_owned();
        let invited = runtime.block_on(self.staff.invite_holder(v1::InviteHolderRequest { record }));
        self.world
            .write(&format!("{name}.invitation"), invited.unwrap().into_inner().invitation);
        self.world.ok(&format!("holder keygen --out {name}.holder"));
        self.world.ok(&format!(
            "holder enroll --holder {name}.holder --invitation {name}.invitation --out {name}.enrolment"
        ));
        let request = v1::EnrolHolderRequest {
            record: patient.to_owned(),
            enrolment: fs::read(self.world.path(&format!("{name}.enrolment"))).unwrap(),
            rotate: false,
        };
        let enrolled = runtime.block_on(self.staff.enrol_holder(request.clone()));
        assert!(enrolled.unwrap().into_inner().record.starts_with("record:"));
        let again = runtime.block_on(self.staff.enrol_holder(request)).unwrap_err();
        assert_eq!(code(&again), "record.enrolled");
    }

    fn anchor(&mut self) -> v1::AnchorRegistryResponse {
        let call = self.staff.anchor_registry(v1::AnchorRegistryRequest {});
        self.service.runtime.block_on(call).unwrap().into_inner()
    }
}

fn submit(service: &Service, disclosure: v1::Disclosure) -> Result<String, Status> {
    let mut portal = DisclosureServiceClient::new(service.channel("portal"));
    service.runtime.block_on(async {
        let request = v1::SubmitDisclosureRequest {
            disclosure: Some(disclosure),
            idempotency_key: String::new(),
        };
        Ok(portal.submit_disclosure(request).await?.into_inner().job.unwrap().id)
    })
}

fn end(service: &Service, job: &str) -> State {
    let mut portal = DisclosureServiceClient::new(service.channel("portal"));
    service.runtime.block_on(async {
        let request = v1::WatchJobRequest { job: job.to_owned() };
        let mut told = portal.watch_job(request).await.unwrap().into_inner();
        let mut last = State::Unspecified;
        while let Some(response) = told.message().await.unwrap() {
            last = response.job.unwrap().state();
        }
        last
    })
}

fn presentation(service: &Service, job: &str) -> Result<Vec<u8>, Status> {
    let mut sponsor = DisclosureServiceClient::new(service.channel("asks"));
    let request = v1::FetchPresentationRequest { job: job.to_owned() };
    let fetched = service.runtime.block_on(sponsor.fetch_presentation(request))?;
    Ok(fetched.into_inner().presentation)
}

fn disclosure(world: &World, patient: &str, request: &str) -> v1::Disclosure {
    v1::Disclosure {
        record: patient.to_owned(),
        request: fs::read(world.path(&format!("{request}.request"))).unwrap(),
        consent: fs::read(world.path(&format!("{request}.consent"))).unwrap(),
    }
}

#[test]
fn a_hospital_works_over_grpc_alone() {
    let world = world();
    let service = Service::start(&world);
    let mut hospital = Hospital::of(&world, &service);

    // Charts, cut anywhere; refused as a whole where one line is none.
    let bundle = &common::bundles()[&format!("{ANNA}.json")];
    let chunks = bundle.chunks(1 << 18).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let imported = hospital.import(Format::Bundle, chunks.clone(), false).unwrap();
    let known = hospital.import(Format::Bundle, chunks.clone(), false).unwrap_err();
    assert_eq!(
        (known.code(), code(&known).as_str()),
        (Code::AlreadyExists, "record.known")
    );
    hospital.import(Format::Bundle, chunks, true).unwrap();
    let broken = hospital
        .import(Format::Ndjson, vec![b"{}\n{".to_vec()], false)
        .unwrap_err();
    assert_eq!(
        (broken.code(), code(&broken).as_str()),
        (Code::InvalidArgument, "fhir.resource")
    );
    let other = &common::bundles()[&format!("{MINOR}.json")];
    hospital.import(Format::Bundle, vec![other.clone()], false).unwrap();
    let records = hospital.records();
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| record.standing() == Standing::Unenrolled));
    let anna = records.iter().find(|record| record.patient == ANNA).unwrap().clone();
    assert_eq!((&anna.id, anna.version, anna.anchored_version), (&imported[0], 2, 0));

    hospital.enrol(ANNA, "anna");
    let first = hospital.anchor();
    assert_eq!((first.epoch, first.size, first.heartbeat), (1, 1, false));
    assert!(hospital.anchor().heartbeat);

    let receipt = v1::GetReceiptRequest { record: ANNA.into() };
    let receipt = service.runtime.block_on(hospital.staff.get_receipt(receipt)).unwrap();
    let receipt: serde_json::Value = serde_json::from_slice(&receipt.into_inner().receipt).unwrap();
    assert!(receipt.is_object());

    // A disclosure, verified by the service for who does not embed the verifier.
    world.request("first", "sponsor", "--claim adult --tier XS --scope trial");
    world.consent("first", "anna");
    let job = submit(&service, disclosure(&world, ANNA, "first")).unwrap();
    assert_eq!(end(&service, &job), State::Succeeded);
    let shown = presentation(&service, &job).unwrap();
    let mut verifier = VerifierServiceClient::new(service.channel("asks"));
    let mut verify = |request: &str, presentation: &[u8]| {
        let request = v1::VerifyPresentationRequest {
            request: fs::read(world.path(&format!("{request}.request"))).unwrap(),
            presentation: presentation.to_vec(),
        };
        service
            .runtime
            .block_on(verifier.verify_presentation(request))
            .map(tonic::Response::into_inner)
    };
    let accepted = verify("first", &shown).unwrap();
    assert!(accepted.accepted && accepted.epoch == 1, "{accepted:?}");
    world.request("second", "sponsor", "--claim adult --tier XS --scope other");
    let refused = verify("second", &shown).unwrap();
    assert_eq!(
        (refused.accepted, refused.refusal_code.as_str()),
        (false, "presentation.request")
    );
    let cut = verify("first", &shown[1..]).unwrap_err();
    assert_eq!(cut.code(), Code::InvalidArgument);

    // Its consent is listed, and revoked: for the ledger too.
    let mut consents = ConsentServiceClient::new(service.channel("portal"));
    let mut states = |record: &str| {
        let request = v1::ListConsentsRequest {
            record: record.into(),
            ..Default::default()
        };
        let listed = service
            .runtime
            .block_on(consents.list_consents(request))
            .unwrap()
            .into_inner();
        listed.consents.iter().map(v1::Consent::state).collect::<Vec<_>>()
    };
    for record in ["", ANNA, anna.id.as_str()] {
        assert_eq!(states(record), [ConsentState::Used], "{record}");
    }
    assert_eq!(states(MINOR), []);
    world.ok("holder revoke --holder anna.holder --consent first.consent --out revocation");
    let revocation = fs::read(world.path("revocation")).unwrap();
    let mut portal = ConsentServiceClient::new(service.channel("portal"));
    let revoke = v1::RevokeConsentRequest { revocation };
    let revoked = service
        .runtime
        .block_on(portal.revoke_consent(revoke))
        .unwrap()
        .into_inner();
    assert_eq!((revoked.cancelled_jobs, revoked.ledger_pending), (0, false));
    assert_eq!(states(ANNA), [ConsentState::Revoked]);
    assert_eq!(code(&presentation(&service, &job).unwrap_err()), "job.refused");
    let refused = verify("first", &shown).unwrap();
    assert_eq!(
        (refused.accepted, refused.refusal_code.as_str()),
        (false, "consent.revoked")
    );
    let again = submit(&service, disclosure(&world, ANNA, "first")).unwrap();
    assert_eq!(end(&service, &again), State::Refused);

    // For other systems: a patient is the pseudonym alone.
    let written = world.ok("audit export-consents --tenant Hospital --out consents.ndjson");
    let text = fs::read_to_string(world.path("consents.ndjson")).unwrap();
    let consents: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(written["resources"], consents.len());
    assert!(!text.contains(ANNA) && !text.contains("record:"), "{text}");
    assert!(consents.iter().all(|consent| consent["resourceType"] == "Consent"));
    assert!(consents.iter().any(|consent| consent["status"] == "inactive"), "{text}");
    world
        .run("audit export-consents --tenant Hospital --out consents.ndjson")
        .failed(2, "file.exists");

    // Her record is erased, and nothing about it is left.
    world.consent("second", "anna");
    let second = submit(&service, disclosure(&world, ANNA, "second")).unwrap();
    assert_eq!(end(&service, &second), State::Succeeded);
    let erase = v1::EraseRecordRequest { record: ANNA.into() };
    service
        .runtime
        .block_on(hospital.staff.erase_record(erase.clone()))
        .unwrap();
    let gone = service
        .runtime
        .block_on(hospital.staff.erase_record(erase))
        .unwrap_err();
    assert_eq!((gone.code(), code(&gone).as_str()), (Code::NotFound, "record.none"));
    assert_eq!(hospital.records().len(), 1);
    assert_eq!(code(&presentation(&service, &second).unwrap_err()), "job.refused");
    assert_eq!(states(""), []);
    let late = submit(&service, disclosure(&world, ANNA, "second")).unwrap();
    assert_eq!(end(&service, &late), State::Refused);
    assert_eq!(hospital.anchor().size, 0);

    // All of it is logged: an auditor reads it, copies it, and finds nothing.
    let mut auditor = AuditServiceClient::new(service.channel("looks"));
    let list = v1::ListEntriesRequest::default();
    let entries = service
        .runtime
        .block_on(auditor.list_entries(list))
        .unwrap()
        .into_inner()
        .entries;
    let count = |outcome| entries.iter().filter(|entry| entry.outcome() == outcome).count();
    let counts = [
        (Outcome::Granted, 2),
        (Outcome::Requested, 4),
        (Outcome::Disclosed, 1),
        (Outcome::Revoked, 1),
        (Outcome::Refused, 2),
        (Outcome::Erased, 1),
    ];
    assert_eq!(counts.map(|(outcome, _)| (outcome, count(outcome))), counts);
    let exported = world.ok("audit export --tenant Hospital --archive log");
    assert_eq!(
        (&exported["size"], &exported["added"]),
        (&entries.len().into(), &entries.len().into())
    );
    let key = exported["key"].as_str().unwrap();
    let audited = world.ok(&format!("audit verify --archive log --key {key}"));
    assert_eq!(audited["size"], entries.len());
    let again = world.ok("audit export --tenant Hospital --archive log");
    assert_eq!(again["added"], 0);
    // Of a patient who was erased no consent is there to be written.
    assert_eq!(
        world.ok("audit export-consents --tenant Hospital --out none.ndjson")["resources"],
        0
    );
    let head = service
        .runtime
        .block_on(auditor.get_checkpoint(v1::GetCheckpointRequest {}));
    assert_eq!(
        head.unwrap().into_inner().checkpoint,
        fs::read_to_string(world.path("log/checkpoint")).unwrap()
    );
    let size = entries.len() as u64;
    let proof = v1::GetInclusionProofRequest { index: 0, size };
    let proof = service.runtime.block_on(auditor.get_inclusion_proof(proof)).unwrap();
    assert!(!proof.into_inner().hashes.is_empty());
    let beyond = v1::GetInclusionProofRequest {
        index: 0,
        size: size + 1,
    };
    let beyond_proof = beyond;
    let beyond = service
        .runtime
        .block_on(auditor.get_inclusion_proof(beyond))
        .unwrap_err();
    assert_eq!(code(&beyond), "audit.size");

    // A sponsor sees the lines of its requests; a patient those about itself, by name.
    let lines = |token: &'static str, record: &str| {
        let mut reader = AuditServiceClient::new(service.channel(token));
        let list = v1::ListEntriesRequest {
            record: record.into(),
            ..Default::default()
        };
        let listed = service.runtime.block_on(reader.list_entries(list));
        listed
            .map(|listed| listed.into_inner().entries.len())
            .map_err(|status| code(&status))
    };
    assert_eq!(lines("asks", ""), Ok(entries.len() - 1));
    // How long the log is it does not see: neither heads, nor places among others' lines.
    let mut sponsor = AuditServiceClient::new(service.channel("asks"));
    let refused = service
        .runtime
        .block_on(sponsor.get_checkpoint(v1::GetCheckpointRequest {}));
    assert_eq!(code(&refused.unwrap_err()), "role");
    let refused = service.runtime.block_on(sponsor.get_inclusion_proof(beyond_proof));
    assert_eq!(code(&refused.unwrap_err()), "role");
    let mut page_token = String::new();
    for place in 0..3 {
        let request = v1::ListEntriesRequest {
            page_size: 1,
            page_token,
            ..Default::default()
        };
        let page = service
            .runtime
            .block_on(sponsor.list_entries(request))
            .unwrap()
            .into_inner();
        assert_eq!((page.entries.len(), page.entries[0].index), (1, place));
        page_token = page.next_page_token;
    }
    assert_eq!(lines("portal", ""), Err("field.missing".into()));
    assert_eq!(lines("portal", MINOR), Ok(0));
    assert_eq!(lines("keeps", ""), Err("role".into()));
    assert!(lines("portal", &anna.id).unwrap() > 5);
}

#[test]
fn who_asks_too_much_is_suspended_and_each_role_calls_its_own() {
    let world = world();
    let service = Service::start(&world);
    world.ok("holder keygen --out anna.holder");
    world.request("first", "sponsor", "--claim adult --tier XS --scope trial");
    world.consent("first", "anna");
    let ask = || submit(&service, disclosure(&world, "nobody", "first"));
    for _ in 0..6 {
        ask().unwrap();
    }
    let mut operator = AskerServiceClient::new(service.channel("keeps"));
    for _ in 0..2 {
        let suspended = ask().unwrap_err();
        assert_eq!(
            (suspended.code(), code(&suspended).as_str()),
            (Code::PermissionDenied, "asker.suspended")
        );
    }
    let mut askers = || {
        let list = operator.list_askers(v1::ListAskersRequest::default());
        service.runtime.block_on(list).unwrap().into_inner().askers
    };
    let found = askers();
    assert_eq!((found.len(), found[0].reason.as_str()), (1, "rate"));
    let audience = found[0].audience.clone();
    let mut keeper = AskerServiceClient::new(service.channel("keeps"));
    let restore = v1::RestoreAskerRequest {
        audience: audience.clone(),
    };
    service.runtime.block_on(keeper.restore_asker(restore.clone())).unwrap();
    let none = service.runtime.block_on(keeper.restore_asker(restore)).unwrap_err();
    assert_eq!(code(&none), "asker.none");
    assert!(askers()[0].suspended.is_none());
    ask().unwrap();
    let suspend = v1::SuspendAskerRequest { audience };
    service.runtime.block_on(keeper.suspend_asker(suspend)).unwrap();
    assert_eq!(askers()[0].reason, "operator");

    // Nobody calls what another role may.
    for token in ["portal", "asks", "keeps"] {
        let mut staff = IssuerServiceClient::new(service.channel(token));
        let refused = service
            .runtime
            .block_on(staff.list_records(v1::ListRecordsRequest::default()));
        assert_eq!(code(&refused.unwrap_err()), "role", "{token}");
    }
    for token in ["portal", "asks", "staff"] {
        let mut operator = AskerServiceClient::new(service.channel(token));
        let refused = service
            .runtime
            .block_on(operator.list_askers(v1::ListAskersRequest::default()));
        assert_eq!(code(&refused.unwrap_err()), "role", "{token}");
    }
    for token in ["asks", "keeps"] {
        let mut consents = ConsentServiceClient::new(service.channel(token));
        let refused = service
            .runtime
            .block_on(consents.list_consents(v1::ListConsentsRequest::default()));
        assert_eq!(code(&refused.unwrap_err()), "role", "{token}");
    }
    let mut verifier = VerifierServiceClient::new(service.channel("portal"));
    let refused = service
        .runtime
        .block_on(verifier.verify_presentation(v1::VerifyPresentationRequest::default()));
    assert_eq!(code(&refused.unwrap_err()), "role");
}
