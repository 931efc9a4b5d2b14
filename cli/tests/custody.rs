//! Keys that are kept: a vault's master key under a passphrase and rotated, an emergency key of custodians
//! from their ceremony to a verified answer; through the binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod common;

use common::{ANNA, BINARY, Run, World};
use serde_json::Value;
use std::fs;
use std::process::Command;

/// Guesses cost nothing: what a passphrase costs is tested where it is sealed.
const CHEAP: &str = "--stretch-mib 0";

fn secret(world: &World, name: &str, text: &str) {
    world.write(name, text);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(world.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn text(report: &Value, field: &str) -> String {
    report[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} in {report}"))
        .to_owned()
}

/// Three custodians, whose key was never anywhere, in `c1`, `c2`, `c3`; the group in `group-1`.
fn ceremony(world: &World) -> String {
    for i in 1..=3 {
        secret(world, &format!("pass-{i}"), &format!("the words of custodian {i}\n"));
        world.ok(&format!(
            "custody begin --index {i} --threshold 2 --custodians 3 --custodian c{i} --passphrase-file pass-{i} \
             --out first-{i} {CHEAP}"
        ));
    }
    let exchanged: Vec<Value> = (1..=3)
        .map(|i| {
            world.ok(&format!(
                "custody exchange --custodian c{i} --passphrase-file pass-{i} --first first-1 --first first-2 \
                 --first first-3 --out from-{i}-for"
            ))
        })
        .collect();
    let finished: Vec<Value> = (1..=3)
        .map(|i| {
            let others = (1..=3)
                .filter(|j| *j != i)
                .map(|j| format!("--message from-{j}-for-{i}.json"));
            world.ok(&format!(
                "custody finish --custodian c{i} --passphrase-file pass-{i} {} --group group-{i} {CHEAP}",
                others.collect::<Vec<_>>().join(" ")
            ))
        })
        .collect();
    let transcripts = exchanged
        .iter()
        .chain(&finished)
        .map(|report| text(report, "transcript"));
    let mut transcripts: Vec<String> = transcripts.collect();
    transcripts.dedup();
    assert_eq!(transcripts.len(), 1);
    let keys: Vec<String> = finished
        .iter()
        .map(|report| text(&report["group"], "emergency_key"))
        .collect();
    assert!(keys.iter().all(|key| *key == keys[0]));
    let groups = [1, 2, 3].map(|i| fs::read(world.path(&format!("group-{i}"))).unwrap());
    assert!(groups[0] == groups[1] && groups[1] == groups[2]);
    keys[0].clone()
}

fn request(world: &World, name: &str, purpose: &str) {
    world.ok(&format!(
        "request new --audience sponsor --claim adult --as-of 2021-04-01 --scope admission --purpose {purpose} \
         --out {name}.request"
    ));
}

fn commit(world: &World, custodian: u32, name: &str) {
    world.ok(&format!(
        "custody commit --custodian c{custodian} --passphrase-file pass-{custodian} --out {name}"
    ));
}

fn sign(world: &World, custodian: u32, signing: &str, name: &str) -> Run {
    world.run(&format!(
        "custody sign --custodian c{custodian} --passphrase-file pass-{custodian} --signing {signing} --out {name}"
    ))
}

#[test]
fn custodians_consent_in_an_emergency_and_in_nothing_else() {
    let world = World::with_patients(&[ANNA], "XS");
    let key = ceremony(&world);
    world.ok(&format!("holder keygen --out anna.holder --emergency-key {key}"));
    world.ok(&format!("issuer invite {ANNA} --out anna.invitation"));
    world.ok("holder enroll --holder anna.holder --invitation anna.invitation --out anna.enrolment");
    world.ok(&format!("issuer enroll {ANNA} --enrolment anna.enrolment"));
    world.ok("issuer anchor");
    world.ok("audience keygen --out sponsor");
    request(&world, "emergency", "ETREAT");
    request(&world, "research", "HRESCH");
    world
        .run("holder consent --holder anna.holder --request emergency.request --out x")
        .failed(1, "consent.custodians");

    // One custodian alone, and what is no emergency.
    commit(&world, 1, "commitment-1");
    commit(&world, 3, "commitment-3");
    let prepare = |request: &str, rest: &str| {
        world.run(&format!(
            "custody prepare --group group-2 --request {request}.request --commitment commitment-1 {rest}"
        ))
    };
    prepare("emergency", "--out x").failed(1, "custody.too_few");
    prepare("emergency", "--commitment commitment-1 --out x").failed(1, "custody.twice");
    prepare("research", "--commitment commitment-3 --out x").failed(1, "custody.purpose");
    prepare("emergency", "--commitment commitment-3 --out signing").ok();
    let asked = world.ok("custody review --signing signing");
    assert_eq!(asked["signers"], serde_json::json!([1, 3]));
    sign(&world, 2, "signing", "x").failed(1, "custody.not_asked");
    world
        .run("custody sign --custodian c1 --passphrase-file pass-2 --signing signing --out x")
        .failed(1, "sealed.refused");
    sign(&world, 1, "signing", "share-1").ok();
    // The nonces are used up, for this signing and for another with the same commitments.
    sign(&world, 1, "signing", "x").failed(1, "custody.spent");
    prepare("emergency", "--commitment commitment-3 --for 30d --out other-signing").ok();
    sign(&world, 1, "other-signing", "x").failed(1, "custody.spent");

    let combine = |shares: &str, out: &str| {
        world.run(&format!(
            "custody combine --group group-1 --signing signing {shares} --out {out}"
        ))
    };
    combine("--share share-1", "x").failed(1, "custody.too_few");
    sign(&world, 3, "other-signing", "other-share").ok();
    combine("--share share-1 --share other-share", "x").failed(1, "custody.other_signing");
    // So custodian 3 has signed something else: both begin anew.
    commit(&world, 1, "again-1");
    commit(&world, 3, "again-3");
    world.ok("custody prepare --group group-1 --request emergency.request --commitment again-1 --commitment again-3 --out again");
    sign(&world, 3, "again", "share-3").ok();
    sign(&world, 1, "again", "share-4").ok();
    world.ok("custody combine --group group-3 --signing again --share share-3 --share share-4 --out emergency.consent");

    world.prove("emergency", ANNA).ok();
    let verified = world.verify("emergency", "emergency", "").ok().json();
    assert_eq!(verified["valid"], true);
    // For another purpose it is no consent; and the patient's own is none for an emergency.
    fs::copy(world.path("emergency.consent"), world.path("research.consent")).unwrap();
    world.prove("research", ANNA).failed(1, "refused");
    // The patient ends it as any other: by nk.
    world.ok("holder revoke --holder anna.holder --consent emergency.consent");
    fs::remove_file(world.path("emergency.presentation")).unwrap();
    world.prove("emergency", ANNA).failed(1, "refused");
}

#[test]
fn shares_are_dealt_and_take_another_passphrase() {
    let world = World::empty();
    for i in 1..=2 {
        secret(&world, &format!("pass-{i}"), &format!("the words of custodian {i}"));
    }
    let deal = "custody deal --threshold 2 --custodians 2 --out all --passphrase-file pass-1";
    world.run(&format!("{deal} {CHEAP}")).failed(2, "custody.passphrases");
    let dealt = world.ok(&format!("{deal} --passphrase-file pass-2 {CHEAP}"));
    let shown = world.ok("custody show --custodian all/custodian-2 --passphrase-file pass-2");
    assert_eq!((&shown["custodian"], &shown["group"]), (&2.into(), &dealt["group"]));
    world
        .run(&format!("{deal} --passphrase-file pass-2 {CHEAP}"))
        .failed(2, "file.exists");
    let change = "custody passphrase --custodian all/custodian-2 --passphrase-file pass-2";
    world.ok(&format!("{change} --new-passphrase-file pass-1 {CHEAP}"));
    world
        .run("custody show --custodian all/custodian-2 --passphrase-file pass-2")
        .failed(1, "sealed.refused");
    world.ok("custody show --custodian all/custodian-2 --passphrase-file pass-1");
    world
        .run("custody deal --threshold 1 --custodians 2 --out x")
        .failed(2, "custody.numbers");
}

/// An issuer whose master key is sealed, with a patient who is enrolled.
fn sealed_issuer() -> World {
    let world = World::empty();
    secret(&world, "pass", "the words of the hospital\n");
    world.write("records/anna.json", &common::bundles()[&format!("{ANNA}.json")]);
    world.ok(&format!(
        "issuer init --name Hospital --sealed --passphrase-file pass {CHEAP}"
    ));
    world.ok("issuer import --records records --complete synthea --issued-on 2021-04-01 --passphrase-file pass");
    world
}

#[test]
fn a_sealed_master_key_opens_with_its_passphrase_alone() {
    let world = sealed_issuer();
    let shown = world.ok("issuer master-key show --passphrase-file pass");
    assert_eq!(shown["form"], "sealed");
    let records = world.ok("issuer list --passphrase-file pass")["records"].clone();
    secret(&world, "wrong", "the words of another");
    world
        .run("issuer list --passphrase-file wrong")
        .failed(1, "sealed.refused");
    // Nobody to ask: tests have no terminal, or one that nobody looks at.
    let mut alone = Command::new("setsid");
    alone
        .args([BINARY, "issuer", "list", "--json"])
        .current_dir(world.dir.path());
    Run::of(alone.output().unwrap()).failed(2, "passphrase.none");
    // By a descriptor, as a service gets it.
    let line = format!("exec {BINARY} issuer list --json --passphrase-fd 3 3< pass");
    let by_descriptor = Command::new("sh")
        .args(["-c", &line])
        .current_dir(world.dir.path())
        .output();
    assert_eq!(Run::of(by_descriptor.unwrap()).ok().json()["records"], records);
    // Another passphrase, the same key.
    secret(&world, "short", "short");
    let change = "issuer master-key passphrase --passphrase-file pass";
    world
        .run(&format!("{change} --new-passphrase-file short {CHEAP}"))
        .failed(2, "sealed.passphrase");
    secret(&world, "new", "other words of the hospital");
    let changed = world.ok(&format!("{change} --new-passphrase-file new {CHEAP}"));
    assert_eq!(changed["id"], shown["id"]);
    world
        .run("issuer list --passphrase-file pass")
        .failed(1, "sealed.refused");
    assert_eq!(world.ok("issuer list --passphrase-file new")["records"], records);
}

#[test]
fn an_unsealed_master_key_is_sealed_where_it_is() {
    let world = World::empty();
    world.ok("issuer init --name Hospital");
    let before = world.ok("issuer master-key show");
    assert_eq!(before["form"], "unsealed");
    secret(&world, "pass", "the words of the hospital");
    let sealed = world.ok(&format!(
        "issuer master-key passphrase --new-passphrase-file pass {CHEAP}"
    ));
    assert_eq!((&sealed["form"], &sealed["id"]), (&"sealed".into(), &before["id"]));
    world.ok("issuer list --passphrase-file pass");
}

#[test]
fn a_master_key_of_the_environment_is_for_development() {
    let world = World::empty();
    let init = |development: bool| {
        let mut command = world.command(&[
            "issuer",
            "init",
            "--name",
            "Hospital",
            "--master-key-variable",
            "THE_KEY",
            "--json",
        ]);
        command.env("THE_KEY", "42".repeat(32));
        if !development {
            command.env_remove("MEDPROOF_DEVELOPMENT");
        }
        Run::of(command.output().unwrap())
    };
    init(false).failed(1, "development.not_asked_for");
    assert!(!world.path("medproof/issuer").exists());
    let made = init(true).ok();
    assert!(
        made.err.contains("DEVELOPMENT ONLY") && made.err.contains("THE_KEY"),
        "{made:?}"
    );
    assert!(!world.path("medproof/issuer/master.key").exists());
    // Passphrases that are soon guessed are for development too.
    secret(&world, "pass", "the words of the hospital");
    let words = "issuer init --issuer other --name Hospital --sealed --passphrase-file pass --stretch-mib 8 --json";
    let words: Vec<&str> = words.split(' ').collect();
    let weak = world.command(&words).env_remove("MEDPROOF_DEVELOPMENT").output();
    Run::of(weak.unwrap()).failed(1, "development.not_asked_for");
}

#[test]
fn a_rotated_master_key_opens_what_the_old_one_did() {
    let world = sealed_issuer();
    let records = world.ok("issuer list --passphrase-file pass")["records"].clone();
    secret(&world, "new", "other words of the hospital");
    let rotate = format!(
        "issuer master-key rotate --passphrase-file pass --new-master-key new.key --new-passphrase-file new {CHEAP}"
    );
    let rotated = world.ok(&rotate);
    assert_ne!(rotated["old"], rotated["new"]);
    assert_eq!((&rotated["records"], &rotated["resumed"]), (&1.into(), &false.into()));
    world
        .run("issuer list --passphrase-file pass")
        .failed(2, "issuer.master_key");
    let list = "issuer list --master-key new.key --passphrase-file new";
    assert_eq!(world.ok(list)["records"], records);
    // The new key in the old one's place, as the command says; and another rotation from there.
    fs::rename(world.path("new.key"), world.path("medproof/issuer/master.key")).unwrap();
    assert_eq!(world.ok("issuer list --passphrase-file new")["records"], records);
    let same = "issuer master-key rotate --passphrase-file new --new-passphrase-file new --new-master-key \
        medproof/issuer/master.key";
    world.run(same).failed(2, "issuer.master_key");
}
