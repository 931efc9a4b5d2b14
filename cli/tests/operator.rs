//! What goes wrong for who operates the service: a full disk, one that does not keep what it was given, a ledger that
//! cannot be reached, a wrong clock, a master key that is not there, a store from a backup. Each is told, and nothing is
//! lost. docs/ops/trouble.md says the same in words.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use common::anvil::Anvil;
use common::faults::{Fault, Faults};
use common::line::Line;
use common::service::{Service, Token, callers, code};
use common::{ANNA, MINOR, Run, World};
use medproof_proto::v1;
use medproof_proto::v1::disclosure_service_client::DisclosureServiceClient;
use medproof_proto::v1::job::State;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};

const PATIENCE: Duration = Duration::from_secs(60);

fn configuration(did: &str) -> String {
    let settings = "[listen]\naddress = \"127.0.0.1:0\"\n[store]\nurl = \"sqlite:service.db\"\n[audit]\n\
                    [limits]\ncalls_per_second = 10000\nburst = 10000\n";
    let people = [
        ("Hospital", "holder", "portal"),
        ("Hospital", "sponsor", "asks"),
        ("Hospital", "issuer", "staff"),
    ];
    settings.to_owned() + &callers(did, &people)
}

// Anna's record anchored, and her consent to `first`.
fn world() -> World {
    let world = World::with_patients(&[ANNA], "XS");
    world.enroll(ANNA, "anna");
    world.ok("issuer anchor");
    asked(&world, "");
    world
}

fn asked(world: &World, ledger: &str) {
    world.request(
        "first",
        "sponsor",
        &format!("--claim adult --tier XS --scope trial {ledger}"),
    );
    world.consent("first", "anna");
    let did = world.ok("audience show sponsor")["did"].as_str().unwrap().to_owned();
    world.write("service.toml", configuration(&did));
}

type Client = DisclosureServiceClient<InterceptedService<Channel, Token>>;

struct Portal<'a> {
    world: &'a World,
    service: &'a Service,
    holder: Client,
    sponsor: Client,
}

impl<'a> Portal<'a> {
    fn of(world: &'a World, service: &'a Service) -> Portal<'a> {
        Portal {
            world,
            service,
            holder: Client::new(service.channel("portal")),
            sponsor: Client::new(service.channel("asks")),
        }
    }

    fn submit(&mut self, key: &str) -> Result<String, Status> {
        let disclosure = v1::Disclosure {
            record: ANNA.to_owned(),
            request: fs::read(self.world.path("first.request")).unwrap(),
            consent: fs::read(self.world.path("first.consent")).unwrap(),
        };
        let request = v1::SubmitDisclosureRequest {
            disclosure: Some(disclosure),
            idempotency_key: key.to_owned(),
        };
        let submitted = self.service.runtime.block_on(self.holder.submit_disclosure(request))?;
        Ok(submitted.into_inner().job.unwrap().id)
    }

    fn job(&mut self, job: &str) -> Result<v1::Job, Status> {
        let request = v1::GetJobRequest { job: job.to_owned() };
        Ok(self
            .service
            .runtime
            .block_on(self.holder.get_job(request))?
            .into_inner()
            .job
            .unwrap())
    }

    // How it ended, within this test's patience.
    fn ended(&mut self, job: &str) -> v1::Job {
        let begun = Instant::now();
        loop {
            match self.job(job) {
                Ok(job) if job.ended.is_some() => return job,
                told => assert!(begun.elapsed() < PATIENCE, "{told:?}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn all(&mut self) -> Vec<String> {
        let listed = self
            .service
            .runtime
            .block_on(self.holder.list_jobs(v1::ListJobsRequest::default()));
        let mut names: Vec<String> = listed
            .unwrap()
            .into_inner()
            .jobs
            .into_iter()
            .map(|job| job.id)
            .collect();
        names.sort();
        names
    }

    fn presentation(&mut self, job: &str) -> Result<Vec<u8>, Status> {
        let request = v1::FetchPresentationRequest { job: job.to_owned() };
        let fetched = self
            .service
            .runtime
            .block_on(self.sponsor.fetch_presentation(request))?;
        Ok(fetched.into_inner().presentation)
    }
}

// Ended as a service manager does.
fn stop(mut service: Service) {
    let pid = service.process.id().to_string();
    assert!(std::process::Command::new("kill").arg(pid).status().unwrap().success());
    assert!(service.process.wait().unwrap().success());
}

#[test]
fn a_disk_that_is_full_or_does_not_keep_what_it_was_given() {
    let world = world();
    let Some(faults) = Faults::of(world.dir.path()) else {
        println!("!!! SKIPPED: there is no C compiler");
        return;
    };
    let start = || {
        let mut command = world.command(&["serve", "--config", "service.toml", "--tier", "XS"]);
        faults.befall(&mut command);
        Service::of(&mut command)
    };
    let mut service = start();
    let mut known = vec![Portal::of(&world, &service).submit("before-any-fault").unwrap()];
    for fault in [Fault::Full, Fault::Sync] {
        let mut portal = Portal::of(&world, &service);
        faults.begin(fault);
        let key = format!("during-{fault:?}");
        for _ in 0..3 {
            let status = portal.submit(&key).unwrap_err();
            assert_eq!(
                (status.code(), code(&status).as_str()),
                (Code::Unavailable, "store.unavailable"),
                "{fault:?}: {status:?}"
            );
        }
        // Without room, what was acknowledged can be read all the while.
        assert!(fault == Fault::Sync || portal.job(&known[0]).is_ok());
        // It is mended while the service lives, or only once it was killed.
        if fault == Fault::Sync {
            service.process.kill().unwrap();
            service.process.wait().unwrap();
            faults.end();
            service = start();
        } else {
            faults.end();
        }
        let mut portal = Portal::of(&world, &service);
        let job = portal.submit(&key).unwrap();
        assert_eq!(portal.submit(&key).unwrap(), job);
        known.push(job);
    }
    let mut portal = Portal::of(&world, &service);
    for job in &known {
        let ended = portal.ended(job);
        assert_eq!(ended.state(), State::Succeeded, "{ended:?}");
        assert_eq!(portal.presentation(job).unwrap().len(), 321);
    }
    known.sort();
    assert_eq!(portal.all(), known);
}

#[test]
fn a_ledger_that_cannot_be_reached_and_a_clock_that_is_behind_it() {
    let Some(node) = Anvil::start() else {
        return;
    };
    let line = Line::to(node.url.strip_prefix("http://").unwrap());
    let world = World::empty();
    let direct = world.deploy(&node);
    node.finalise();
    world.hospital(&node, &direct);
    node.finalise();
    asked(&world, &direct);

    let url = format!("http://{}", line.address);
    let words = ["serve", "--config", "service.toml", "--tier", "XS", "--ledger", &url];
    let words = [&words[..], &["--deployment", "deployment.json"]].concat();
    // When it starts, it says so.
    line.cut();
    world.run(&words.join(" ")).failed(2, "ledger.chain");
    line.mend();
    let service = Service::of(&mut world.command(&words));
    let mut portal = Portal::of(&world, &service);
    let job = portal.submit("before-it-was-cut").unwrap();
    assert_eq!(portal.ended(&job).state(), State::Succeeded);
    line.cut();
    // What it may not look up it does not hand out, and what is asked for fails and says why; nothing is lost.
    let withheld = portal.presentation(&job).unwrap_err();
    assert_eq!(
        (withheld.code(), code(&withheld).as_str()),
        (Code::Unavailable, "ledger.unavailable")
    );
    let other = portal.submit("while-it-is-cut").unwrap();
    let ended = portal.ended(&other);
    assert_eq!(
        (ended.state(), ended.error_code.as_str()),
        (State::Failed, "ledger.unavailable")
    );
    line.mend();
    assert_eq!(portal.presentation(&job).unwrap().len(), 321);
    let again = portal.submit("when-it-is-back").unwrap();
    assert_eq!(portal.ended(&again).state(), State::Succeeded);
    stop(service);

    // As if this machine's clock were an hour late.
    node.ask("evm_increaseTime", &json!([3600]));
    node.finalise();
    node.finalise();
    let run = world.run(&words.join(" ")).failed(2, "clock.behind");
    assert!(run.out.contains("set this machine's clock"), "{run:?}");
}

#[test]
fn a_master_key_that_is_not_there_or_another() {
    let world = world();
    let key = world.path("medproof/issuer/master.key");
    let honest = fs::read(&key).unwrap();
    let serve = "serve --config service.toml --tier XS";
    let before = files(&world);
    let away = world.path("away.key");
    fs::rename(&key, &away).unwrap();
    let run = world.run(serve).failed(2, "issuer.master_key");
    assert!(run.out.contains("master.key"), "{run:?}");
    fs::rename(&away, &key).unwrap();
    let mut other = honest.clone();
    let last = other.iter().rposition(u8::is_ascii_hexdigit).unwrap();
    other[last] = if other[last] == b'0' { b'1' } else { b'0' };
    fs::write(&key, &other).unwrap();
    world.run(serve).failed(2, "issuer.master_key");
    // Neither changed anything: with the key it is as it was.
    fs::write(&key, &honest).unwrap();
    assert_eq!(files(&world), before);
    let service = Service::start(&world);
    let mut portal = Portal::of(&world, &service);
    let job = portal.submit("with-its-own-key").unwrap();
    assert_eq!(portal.ended(&job).state(), State::Succeeded);
}

// The issuer's, with what is in them.
fn files(world: &World) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut folders = vec![world.path("medproof/issuer")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push((path.clone(), fs::read(path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

fn anchored(world: &World) -> Value {
    let exported = world.ok("audit export --config service.toml --tenant Hospital --archive log");
    let account: Value =
        serde_json::from_slice(&fs::read(world.path("medproof/issuer/account.json")).unwrap()).unwrap();
    let (key, account) = (exported["key"].as_str().unwrap(), account["address"].as_str().unwrap());
    world.ok(&format!("audit verify --archive log --key {key} --keeper {account}"))
}

// A job of its own, and the log's head over it on the ledger.
fn a_day(world: &World, key: &str) -> String {
    let service = Service::start(world);
    let mut portal = Portal::of(world, &service);
    let job = portal.submit(key).unwrap();
    assert_eq!(portal.ended(&job).state(), State::Succeeded);
    portal.presentation(&job).unwrap();
    stop(service);
    job
}

#[test]
fn a_store_from_a_backup_is_not_signed_any_further() {
    let world = world();
    let first = a_day(&world, "before-the-backup");
    let whole = anchored(&world);
    assert_eq!(whole["continues"], whole["size"], "{whole}");
    let store = fs::read(world.path("service.db")).unwrap();
    a_day(&world, "after-the-backup");
    let size = anchored(&world)["size"].as_u64().unwrap();
    assert!(size > whole["size"].as_u64().unwrap());

    // The backup is put back: what came since is not there, and the log would tell another history.
    for file in ["service.db-wal", "service.db-shm"] {
        let _ = fs::remove_file(world.path(file));
    }
    world.write("service.db", &store);
    let run = world
        .run("serve --config service.toml --tier XS")
        .failed(1, "audit.fork");
    assert!(run.out.contains("docs/ops/audit.md"), "{run:?}");
    // As the page says: a key of another name, which is another log; what is in the store is there.
    let text = fs::read_to_string(world.path("service.toml")).unwrap();
    let renamed = "[audit]\nsigning_key = \"audit-2.key\"\norigin = \"hospital.example/audit-2\"\n";
    world.write("service.toml", text.replace("[audit]\n", renamed));
    let service = Service::start(&world);
    let mut portal = Portal::of(&world, &service);
    assert_eq!(portal.all(), [first]);
    let again = portal.submit("after-the-backup").unwrap();
    assert_eq!(portal.ended(&again).state(), State::Succeeded);
    stop(service);
    fs::remove_dir_all(world.path("log")).unwrap();
    assert!(anchored(&world)["continues"].as_u64().is_some());
}

// A copy of a folder, with what is below it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

#[test]
fn an_issuer_from_a_backup_erases_again_and_goes_on_above_the_ledgers_epoch() {
    let mut world = World::empty();
    for (name, place) in [("MEDPROOF_KEYSTORE", "keys"), ("MEDPROOF_ERASURES", "erased")] {
        world.settings.push((name, world.path(place)));
    }
    let world = world.furnished(&[ANNA, MINOR], "XS");
    world.enroll(ANNA, "anna");
    world.enroll(MINOR, "minor");
    assert_eq!(world.ok("issuer anchor")["epoch"], 1);
    let places = [("medproof/issuer/vault", "backup/vault"), ("keys", "backup/keys")];
    for (place, backup) in places {
        copy(&world.path(place), &world.path(backup));
    }
    world.ok(&format!("issuer erase {MINOR} --yes"));
    assert_eq!(world.ok("issuer anchor")["epoch"], 2);

    // Records and keystore of one day; the erasure log stays where it is.
    for (place, backup) in places {
        fs::remove_dir_all(world.path(place)).unwrap();
        copy(&world.path(backup), &world.path(place));
    }
    let listed = world.command(&["issuer", "list"]).output().unwrap();
    let listed = Run::of(listed).ok();
    assert!(
        listed.err.contains("1 records were in it and are erased again"),
        "{listed:?}"
    );
    assert!(listed.out.contains(ANNA) && !listed.out.contains(MINOR), "{listed:?}");
    // What came between is not put back unnoticed; said so, it goes on.
    let run = world.run("issuer anchor").failed(1, "ledger.ahead");
    assert!(run.out.contains("--after-restore"), "{run:?}");
    // What was erased again was all that had changed: the ledger has this very root.
    let anchored = world.ok("issuer anchor --after-restore");
    assert_eq!(
        (&anchored["epoch"], &anchored["transaction"]),
        (&2.into(), &Value::Null),
        "{anchored}"
    );
    assert_eq!(world.ok("issuer anchor")["heartbeat"], true);
    // Put back again, and changed since: above it.
    for (place, backup) in places {
        fs::remove_dir_all(world.path(place)).unwrap();
        copy(&world.path(backup), &world.path(place));
    }
    let name = format!("{MINOR}.json");
    world.ok(&format!(
        "issuer import --records records/{name} --complete synthea --issued-on 2021-04-01"
    ));
    world.enroll(MINOR, "again");
    world.run("issuer anchor").failed(1, "ledger.ahead");
    assert_eq!(world.ok("issuer anchor --after-restore")["epoch"], 3);
    asked(&world, "");
    let service = Service::start(&world);
    let mut portal = Portal::of(&world, &service);
    let job = portal.submit("after-the-restore").unwrap();
    assert_eq!(portal.ended(&job).state(), State::Succeeded);
    assert_eq!(portal.presentation(&job).unwrap().len(), 321);
    drop(service);

    // Of three places one is missing, or of another day: nothing is opened, and nothing changed.
    let erasures = world.path("erased");
    fs::rename(&erasures, world.path("away")).unwrap();
    let run = world.run("issuer list");
    assert_eq!(run.code, Some(2), "{run:?}");
    fs::rename(world.path("away"), &erasures).unwrap();
    fs::rename(world.path("keys"), world.path("away")).unwrap();
    copy(&world.path("backup/keys"), &world.path("keys"));
    let run = world.run("issuer list");
    assert_eq!(run.code, Some(2), "{run:?}");
    fs::remove_dir_all(world.path("keys")).unwrap();
    fs::rename(world.path("away"), world.path("keys")).unwrap();
    world.ok("issuer list");
}
