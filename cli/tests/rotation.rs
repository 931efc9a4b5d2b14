//! The life of proving keys, as a hospital, a sponsor and a council live it: a key of a ceremony takes over from another
//! while the service runs, the old one is retired, and then revoked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::anvil::Anvil;
use common::service::{Service, Token, callers, code};
use common::{ANNA, Run, World};
use medproof_proto::v1;
use medproof_proto::v1::disclosure_service_client::DisclosureServiceClient;
use medproof_proto::v1::job::State;
use medproof_proto::v1::verifier_service_client::VerifierServiceClient;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tonic::Status;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

type Prover = DisclosureServiceClient<InterceptedService<Channel, Token>>;

// A hospital whose ledger is on a node, as the service's has to be: an embedded one has one process.
struct Town {
    world: World,
    node: Anvil,
    ledger: String,
    // Its account.
    sponsor: String,
}

impl Town {
    fn new() -> Option<Town> {
        let node = Anvil::start()?;
        let world = World::empty();
        let ledger = world.deploy(&node);
        node.finalise();
        world.hospital(&node, &ledger);
        node.finalise();
        world.ok("audience keygen --out sponsor");
        let shown = world.ok("audience show sponsor");
        let [did, sponsor] = ["did", "account"].map(|field| shown[field].as_str().unwrap().to_owned());
        node.fund(&shown["account"]);
        let people = [("Hospital", "holder", "portal"), ("Hospital", "sponsor", "asks")];
        world.write(
            "service.toml",
            format!(
                "[listen]\naddress = \"127.0.0.1:0\"\n[store]\nurl = \"sqlite:service.db\"\n[work]\nat_once = 1\n\
                 [audit]\nanchor_seconds = 0\n[limits]\ncalls_per_second = 10000\nburst = 10000\n{}",
                callers(&did, &people)
            ),
        );
        Some(Town {
            world,
            node,
            ledger,
            sponsor,
        })
    }

    fn serve(&self) -> Service {
        let words = format!("serve --config service.toml --tier XS {}", self.ledger);
        Service::of(&mut self.world.command(&words.split(' ').collect::<Vec<_>>()))
    }

    // An act of the council, which holds once it is final.
    fn decide(&self, act: &str) {
        self.world
            .ok(&format!("ledger {act} --account council {}", self.ledger));
        self.node.finalise();
    }

    fn ask(&self, name: &str, key: &str) {
        let Town { world, ledger, .. } = self;
        world.request(
            name,
            "sponsor",
            &format!("--claim adult --key {} --scope {name} {ledger}", pinned(key)),
        );
        world.consent(name, "anna");
    }

    fn prove(&self, name: &str) -> Run {
        let files = format!("--request {name}.request --consent {name}.consent --out {name}.presentation");
        self.world
            .run(&format!("prove --patient {ANNA} {files} {}", self.ledger))
    }

    // On the ledger, for answers to the contract.
    fn open(&self, name: &str) {
        let request = format!("--request {name}.request --audience sponsor {}", self.ledger);
        self.world.ok(&format!("ledger open-request {request}"));
    }

    fn submit(&self, name: &str) -> Run {
        let files = format!("--presentation {name}.presentation --request {name}.request");
        let line = format!(
            "ledger submit {files} --audience {} --account council {}",
            self.sponsor, self.ledger
        );
        let run = self.world.run(&line);
        self.node.finalise();
        run
    }

    fn verify(&self, name: &str, rest: &str) -> Run {
        self.world.verify(name, name, &format!("--dry-run {rest}"))
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

// As in earnest: nothing of it is for development but where the powers come from.
fn in_earnest(world: &World, line: &str) -> Value {
    let words: Vec<&str> = line.split_whitespace().chain(["--json"]).collect();
    let output = world.command(&words).env_remove("MEDPROOF_DEVELOPMENT").output();
    Run::of(output.unwrap()).ok().json()
}

// A ceremony of two for XS; its key is taken in. All have one beginning.
fn ceremony(world: &World, name: &str) -> String {
    if !world.path("beginning").exists() {
        world.ok("keys powers local --power 14 --out raw.ptau");
        world.ok("keys powers prepare raw.ptau --out powers.ptau");
        let wanted = "--folder beginning --contributors 2 --beacon words-of-a-test";
        in_earnest(
            world,
            &format!("keys ceremony init --tier XS --powers powers.ptau {wanted}"),
        );
    }
    copy(&world.path("beginning"), &world.path(name));
    world.write("dice", name);
    let of = format!("--folder {name}");
    for who in ["one", "two"] {
        let by = format!("--name {who} --signer {name}.{who} --entropy dice");
        in_earnest(world, &format!("keys ceremony contribute {of} {by}"));
    }
    let value = "ab".repeat(32);
    in_earnest(world, &format!("keys ceremony beacon {of} --value 0x{value}"));
    let finished = in_earnest(world, &format!("keys ceremony finish {of} --powers powers.ptau"));
    assert_eq!(finished["kept"]["state"], "active");
    finished["kept"]["key_id"].as_str().unwrap().to_owned()
}

fn pinned(id: &str) -> String {
    format!("keys/{}/verifying.json", id.trim_start_matches("0x"))
}

impl Service {
    // Nothing of the process is begun anew.
    fn reload(&self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    }

    // The job's end, or the code with which it was not taken.
    fn answer(&self, prover: &mut Prover, world: &World, name: &str) -> Result<Vec<u8>, String> {
        let refused = |status: Status| code(&status);
        self.runtime.block_on(async {
            let disclosure = v1::Disclosure {
                record: ANNA.to_owned(),
                request: fs::read(world.path(&format!("{name}.request"))).unwrap(),
                consent: fs::read(world.path(&format!("{name}.consent"))).unwrap(),
            };
            let request = v1::SubmitDisclosureRequest {
                disclosure: Some(disclosure),
                idempotency_key: String::new(),
            };
            let taken = prover.submit_disclosure(request).await.map_err(refused)?.into_inner();
            let job = taken.job.unwrap().id;
            let watched = prover.watch_job(v1::WatchJobRequest { job: job.clone() }).await;
            let mut told = watched.map_err(refused)?.into_inner();
            let mut end = None;
            while let Some(response) = told.message().await.map_err(refused)? {
                end = response.job;
            }
            let end = end.unwrap();
            assert_eq!(end.state(), State::Succeeded, "{end:?}");
            let fetched = prover.fetch_presentation(v1::FetchPresentationRequest { job }).await;
            Ok(fetched.map_err(refused)?.into_inner().presentation)
        })
    }

    // What the service says as a verifier: nothing, or why not.
    fn verified(&self, world: &World, name: &str) -> String {
        let mut verifier = VerifierServiceClient::new(self.channel("asks"));
        let request = v1::VerifyPresentationRequest {
            request: fs::read(world.path(&format!("{name}.request"))).unwrap(),
            presentation: fs::read(world.path(&format!("{name}.presentation"))).unwrap(),
        };
        let answer = self.runtime.block_on(verifier.verify_presentation(request));
        answer.unwrap().into_inner().refusal_code
    }
}

// Until it is so, for as long as anybody would wait.
fn in_time(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
#[ignore = "minutes: two ceremonies"]
fn a_key_gives_way_to_the_next_and_is_revoked_while_the_service_runs() {
    let Some(town) = Town::new() else { return };
    let (world, ledger) = (&town.world, town.ledger.as_str());
    let first = ceremony(world, "first-key");
    town.decide(&format!("register-key --key {}", pinned(&first)));
    // By its own command.
    town.ask("by-hand", &first);
    town.prove("by-hand").ok();
    town.verify("by-hand", ledger).ok();
    let service = town.serve();
    let mut portal = Prover::new(service.channel("portal"));
    let answer = |portal: &mut Prover, name: &str| {
        let answered = service.answer(portal, world, name);
        answered.map(|bytes| world.write(&format!("{name}.presentation"), bytes))
    };
    town.ask("early", &first);
    town.ask("open", &first);
    answer(&mut portal, "early").unwrap();
    town.verify("early", ledger).ok();
    assert_eq!(service.verified(world, "early"), "");
    town.open("early");
    town.submit("early").ok();

    // The next key: made, registered and taken into use while the service runs.
    let next = ceremony(world, "next-key");
    assert_ne!(first, next);
    town.ask("late", &next);
    assert_eq!(answer(&mut portal, "late"), Err("key.other".into()));
    town.decide(&format!("register-key --key {}", pinned(&next)));
    service.reload();
    in_time("the next key is in use", || answer(&mut portal, "late").is_ok());
    town.verify("late", ledger).ok();
    // Both at once.
    town.ask("meanwhile", &first);
    answer(&mut portal, "meanwhile").unwrap();

    town.open("open");
    town.open("meanwhile");
    // The first takes no new requests: here, and where verifiers look.
    std::thread::sleep(Duration::from_secs(1));
    world.ok(&format!("keys retire {first}"));
    town.decide(&format!("retire-key {first}"));
    service.reload();
    std::thread::sleep(Duration::from_secs(1));
    town.ask("after", &first);
    in_time("the first takes no new requests", || {
        answer(&mut portal, "after") == Err("key.retired".into())
    });
    town.prove("after").failed(1, "key.retired");
    // What was asked before is answered, and verified.
    answer(&mut portal, "open").unwrap();
    town.verify("open", ledger).ok();
    assert_eq!(service.verified(world, "open"), "");
    town.submit("open").ok();
    let signer = world.ok("audience keygen --out operator")["did"]
        .as_str()
        .unwrap()
        .to_owned();
    let bundle = |file: &str, rest: &str| {
        world.ok(&format!(
            "verifier bundle --signer operator --key-id {first} --presentation open.presentation --out {file} {rest} {ledger}"
        ));
    };
    let by = |file: &str| town.verify("open", &format!("--bundle {file} --signer {signer}"));
    bundle("before", "--for 10s");
    by("before").ok();

    // Revoked on the ledger, and nowhere else: the service sees it by itself.
    town.decide(&format!("revoke-key {first}"));
    let revoked = Instant::now();
    town.verify("open", ledger).failed(1, "key.revoked");
    assert_eq!(service.verified(world, "open"), "key.revoked");
    town.submit("meanwhile").failed(1, "ledger.key_not_usable");
    in_time("the service proves nothing under it", || {
        answer(&mut portal, "open") == Err("key.revoked".into())
    });
    // A bundle from before is believed for its life, and no longer.
    bundle("since", "");
    by("since").failed(1, "key.revoked");
    std::thread::sleep(Duration::from_secs(12).saturating_sub(revoked.elapsed()));
    by("before").failed(1, "ledger.view_expired");
    // The next goes on.
    town.ask("last", &next);
    answer(&mut portal, "last").unwrap();
    town.verify("last", ledger).ok();
    let lives = world.ok("keys list");
    let states: Vec<&Value> = lives.as_array().unwrap().iter().map(|key| &key["state"]).collect();
    assert!(
        states.contains(&&"active".into()) && states.contains(&&"retiring".into()),
        "{lives}"
    );
}
