//! `medproof audit` on archives that a service would write, and on what somebody made of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Run, World};
use medproof_audit::tree::{Frontier, Hash, Head};
use medproof_audit::{Archive, Asked, Entry, Event, PseudonymKey, SignedCheckpoint, SigningKey, Tenant};
use medproof_messages::AudienceKey;
use medproof_messages::encoding::Hex;
use medproof_statement::request::{Purpose, Time};
use serde_json::Value;
use std::fs;

const TIME: u64 = 1_617_267_600;
const HOSPITALS: [&str; 2] = ["General Hospital", "Children's Hospital"];

fn key() -> SigningKey {
    SigningKey::from_seed("prover.example/audit", &[5; 32]).unwrap()
}

/// Entries of two hospitals in turn: asked, and refused.
fn entries(count: u8) -> Vec<Vec<u8>> {
    let audience = AudienceKey::from_seed([1; 32]).unwrap().did();
    let pseudonyms = PseudonymKey::from_bytes([7; 32]);
    let entry = |i: u8| {
        let tenant = HOSPITALS[usize::from(i % 2)];
        let asked = Asked {
            audience,
            purpose: Purpose::Research,
            claim: Hex([2; 32]),
            request: Hex([i; 32]),
            patient: pseudonyms.pseudonym(tenant, &format!("record:{i}")),
        };
        let event = if i % 4 < 2 {
            Event::DisclosureRequested(asked)
        } else {
            Event::DisclosureRefused(asked)
        };
        let time = Time::new(TIME + u64::from(i)).unwrap();
        Entry::new(time, Tenant::parse(tenant).unwrap(), event)
            .unwrap()
            .to_json()
    };
    (0..count).map(entry).collect()
}

fn head(entries: &[Vec<u8>]) -> Head {
    let mut frontier = Frontier::new();
    for entry in entries {
        frontier.append(Hash::of_leaf(entry)).unwrap();
    }
    frontier.head()
}

fn export(world: &World, folder: &str, entries: &[Vec<u8>]) {
    let checkpoint = SignedCheckpoint::sign(head(entries), &key()).unwrap();
    let archive = Archive::at(world.path(folder));
    let size = archive
        .checkpoint(key().verifying())
        .unwrap()
        .map_or(0, |old| old.head().size);
    archive
        .extend(&entries[size as usize..], &checkpoint, key().verifying())
        .unwrap();
}

fn verify(world: &World, rest: &str) -> Run {
    world.run(&format!(
        "audit verify --archive log --key {} {rest}",
        key().verifying()
    ))
}

#[test]
fn a_log_is_audited_kept_and_audited_again() {
    let world = World::empty();
    let all = entries(40);
    export(&world, "log", &all[..25]);
    let report = verify(&world, "--keep kept").ok().json();
    assert_eq!((&report["valid"], &report["size"]), (&true.into(), &25.into()));
    assert_eq!(
        (&report["origin"], &report["continues"]),
        (&"prover.example/audit".into(), &Value::Null)
    );
    assert_eq!(
        fs::read(world.path("kept")).unwrap(),
        fs::read(world.path("log/checkpoint")).unwrap()
    );
    let anchored = format!("--anchored 25:{}", report["root"].as_str().unwrap());
    export(&world, "log", &all);
    for rest in ["--checkpoint kept", &anchored] {
        let report = verify(&world, rest).ok().json();
        assert_eq!((&report["size"], &report["continues"]), (&40.into(), &25.into()));
    }
    // The file that is read may be the one that is written.
    verify(&world, "--checkpoint kept --keep kept").ok();
    assert_eq!(verify(&world, "--checkpoint kept").ok().json()["continues"], 40);
    let key = key().verifying().to_string();
    let words = ["audit", "verify", "--archive", "log", "--key", &key];
    let words = Run::of(world.command(&words).output().unwrap()).ok();
    assert!(
        words.out.contains("40 entries") && words.out.contains("no earlier head"),
        "{words:?}"
    );
}

#[test]
fn what_is_found_has_its_place_and_exit_code_1() {
    let world = World::empty();
    let all = entries(40);
    export(&world, "log", &all);
    verify(&world, "--keep kept").ok();
    let bundle = world.path("log/tile/entries/000.p/40");
    let honest = fs::read(&bundle).unwrap();
    let edited = String::from_utf8(all[13].clone()).unwrap();
    let edited = edited.replace("1617267613", "1617267614");
    let text = honest.windows(all[13].len()).position(|part| part == all[13]).unwrap();
    let mut bytes = honest.clone();
    bytes[text..text + edited.len()].copy_from_slice(edited.as_bytes());
    fs::write(&bundle, &bytes).unwrap();
    let run = verify(&world, "").failed(1, "audit.changed");
    assert!(run.out.contains("entry 13"), "{run:?}");
    fs::write(&bundle, &honest[..honest.len() - 1]).unwrap();
    let run = verify(&world, "").failed(1, "audit.cut");
    assert!(run.out.contains("entries from 39 on"), "{run:?}");
    fs::remove_file(&bundle).unwrap();
    verify(&world, "").failed(1, "audit.missing");
    fs::write(&bundle, &honest).unwrap();
    verify(&world, "--checkpoint kept").ok();
    fs::remove_file(world.path("log/checkpoint")).unwrap();
    verify(&world, "").failed(1, "audit.no_checkpoint");
}

#[test]
fn a_log_that_was_rewritten_or_put_back_is_told_by_what_was_kept() {
    let world = World::empty();
    let all = entries(40);
    export(&world, "log", &all[..30]);
    let root = verify(&world, "--keep kept").ok().json()["root"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut rewritten = all.clone();
    rewritten.swap(3, 4);
    fs::remove_dir_all(world.path("log")).unwrap();
    export(&world, "log", &rewritten);
    verify(&world, "").ok();
    verify(&world, "--checkpoint kept --keep kept").failed(1, "audit.fork");
    verify(&world, &format!("--anchored 30:{root}")).failed(1, "audit.fork");
    fs::remove_dir_all(world.path("log")).unwrap();
    export(&world, "log", &all[..20]);
    verify(&world, "--checkpoint kept").failed(1, "audit.behind");
    verify(&world, &format!("--anchored 30:{root}")).failed(1, "audit.behind");
    // What was found did not replace what was kept.
    export(&world, "log", &all);
    assert_eq!(verify(&world, "--checkpoint kept").ok().json()["continues"], 30);
}

#[test]
fn another_key_and_another_logs_checkpoint_are_refused() {
    let world = World::empty();
    export(&world, "log", &entries(5));
    let other = SigningKey::from_seed("prover.example/audit", &[6; 32]).unwrap();
    let run = world.run(&format!("audit verify --archive log --key {}", other.verifying()));
    run.failed(1, "audit.signature");
    let foreign = SignedCheckpoint::sign(head(&entries(3)), &other).unwrap().to_text();
    world.write("kept", foreign);
    verify(&world, "--checkpoint kept").failed(2, "audit.kept");
}

#[test]
fn wrong_command_lines_say_what_was_meant() {
    let world = World::empty();
    export(&world, "log", &entries(5));
    let run = world
        .run("audit verify --archive log --key prover.example/audit")
        .failed(2, "usage");
    assert!(run.out.contains("NAME+ID+BASE64"), "{run:?}");
    verify(&world, "--anchored 5").failed(2, "usage");
    verify(&world, "--anchored 05:0x00").failed(2, "usage");
    verify(&world, "--checkpoint nowhere").failed(2, "file.not_found");
    verify(&world, "--keep nowhere/kept").failed(2, "file.not_found");
    let run = world.run(&format!("audit verify --archive nowhere --key {}", key().verifying()));
    run.failed(2, "audit.no_archive");
}

#[test]
fn entries_are_exported_as_fhir_once_the_log_is_verified() {
    let world = World::empty();
    let all = entries(40);
    export(&world, "log", &all);
    let line = format!(
        "audit export-fhir --archive log --key {} --out events.ndjson",
        key().verifying()
    );
    let report = world.ok(&line);
    assert_eq!((&report["resources"], &report["size"]), (&40.into(), &40.into()));
    let events = |name: &str| -> Vec<Value> {
        let text = fs::read_to_string(world.path(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let exported = events("events.ndjson");
    assert_eq!(exported.len(), 40);
    for (index, event) in exported.iter().enumerate() {
        assert_eq!(
            (&event["resourceType"], &event["id"]),
            (&"AuditEvent".into(), &format!("audit-{index}").into())
        );
    }
    assert_eq!(exported[3]["recorded"], "2021-04-01T09:00:03Z");
    // Of a tenant alone.
    let words = line
        .split(' ')
        .chain(["--force", "--tenant", HOSPITALS[1], "--json"])
        .collect::<Vec<_>>();
    let report = Run::of(world.command(&words).output().unwrap()).ok().json();
    assert_eq!(report["resources"], 20);
    assert!(
        events("events.ndjson")
            .iter()
            .all(|event| event["agent"][1]["who"]["display"] == HOSPITALS[1])
    );
    // What is there is kept; nothing is written of a log in which something was found.
    world.run(&line).failed(2, "file.exists");
    fs::write(world.path("log/tile/0/000.p/40"), [0; 32 * 40]).unwrap();
    let before = fs::read(world.path("events.ndjson")).unwrap();
    world.run(&format!("{line} --force")).failed(1, "audit.changed");
    assert_eq!(fs::read(world.path("events.ndjson")).unwrap(), before);
    assert!(
        world
            .files()
            .iter()
            .all(|file| file.extension().is_none_or(|end| end != "partial"))
    );
}

#[cfg(unix)]
#[test]
fn an_export_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::empty();
    export(&world, "log", &entries(2));
    world.ok(&format!(
        "audit export-fhir --archive log --key {} --out events.ndjson",
        key().verifying()
    ));
    let mode = fs::metadata(world.path("events.ndjson")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
