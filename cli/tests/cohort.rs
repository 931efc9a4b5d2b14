//! One request, many patients, through the binary: who is answered for, what the folder tells, stopping and going on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{ANNA, BERTA, MINOR, OTHERS, Run, World};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant, UNIX_EPOCH};

const RUN: &str = "cohort run --request r.request --consents consents --out cohort";

fn all() -> impl Iterator<Item = &'static str> {
    [ANNA, BERTA, MINOR].into_iter().chain(OTHERS)
}

/// Fifteen patients enrolled and anchored, one of them a minor, and a request; nobody has consented yet.
fn asked() -> World {
    static WORLD: OnceLock<World> = OnceLock::new();
    let world = WORLD.get_or_init(|| {
        let world = World::with_patients(&all().collect::<Vec<_>>(), "XS");
        for patient in all() {
            world.enroll(patient, patient);
        }
        world.ok("issuer anchor");
        world.request("r", "sponsor", "--claim adult --scope trial-1 --expires-in 1d");
        fs::create_dir(world.path("consents")).unwrap();
        world
    });
    world.copy()
}

// A consent of this holder's, in the place of this patient's.
fn consent_as(world: &World, holder: &str, patient: &str) {
    world.ok(&format!(
        "holder consent --holder {holder}.holder --request r.request --out consents/{patient}.json"
    ));
}

fn consent(world: &World, patient: &str) {
    consent_as(world, patient, patient);
}

/// Presentations by file name.
fn presentations(world: &World) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(world.path("cohort")) else {
        return BTreeMap::new();
    };
    let files = entries.map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|e| e == "bin"));
    files
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect()
}

fn verify(world: &World, rest: &str) -> Run {
    world.run(&format!(
        "cohort verify cohort --request r.request --audience sponsor --grace 0s {rest}"
    ))
}

fn codes(report: &Value) -> Vec<&str> {
    let warnings = report["warnings"].as_array().unwrap();
    warnings.iter().map(|w| w["code"].as_str().unwrap()).collect()
}

#[test]
fn who_is_eligible_and_consented_is_answered_for_and_nobody_else() {
    let world = asked();
    let [revoked, stranger, silent] = [OTHERS[0], OTHERS[1], OTHERS[2]];
    for patient in [ANNA, BERTA, MINOR, revoked] {
        consent(&world, patient);
    }
    // Anna's, in the place of another's; nobody's; and one to another request.
    consent_as(&world, ANNA, stranger);
    consent_as(&world, ANNA, "nobody");
    world.request("other", "sponsor", "--claim adult --scope trial-2");
    world.ok(&format!(
        "holder consent --holder {silent}.holder --request other.request --out consents/{silent}.json"
    ));
    let of_revoked = format!("holder revoke --holder {revoked}.holder --consent consents/{revoked}.json");
    world.ok(&of_revoked);
    let run = world.run(RUN).ok();
    let report = run.json();
    assert_eq!(
        (&report["count"], &report["distinct_nullifiers"]),
        (&2.into(), &2.into())
    );
    assert_eq!((&report["registry_size"], codes(&report)), (&15.into(), vec![]));

    // Nothing tells of the others: no name, no number, no time.
    let made = presentations(&world);
    assert_eq!(made.len(), 2);
    let names: Vec<_> = fs::read_dir(world.path("cohort")).unwrap().collect();
    assert_eq!(names.len(), 3);
    let summary: Value = serde_json::from_slice(&fs::read(world.path("cohort/summary.json")).unwrap()).unwrap();
    let mut fields: Vec<&str> = summary.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    let expected = [
        "count",
        "distinct_nullifiers",
        "epoch",
        "key_id",
        "registry_root",
        "request_digest",
        "type",
        "version",
    ];
    assert_eq!(fields, expected);
    assert!(report.get("figures").is_none());
    let request: Value = serde_json::from_slice(&fs::read(world.path("r.request")).unwrap()).unwrap();
    let asked_at = UNIX_EPOCH + Duration::from_secs(request["requested_at"].as_u64().unwrap());
    for entry in names {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().modified().unwrap(), asked_at);
        let name = entry.file_name().into_string().unwrap();
        assert!(
            name == "summary.json" || name.len() == 64 + 4 && name.ends_with(".bin"),
            "{name}"
        );
    }
    let told = format!("{}{}", run.out, run.err);
    assert!(all().all(|patient| !told.contains(patient)));

    // A name is its presentation's nullifier, and the sponsor counts it once.
    let verified = verify(&world, "").ok().json();
    assert_eq!((&verified["count"], &verified["first"]), (&2.into(), &2.into()));
    assert_eq!(verified["registry_size"], 15);
    for (name, bytes) in &made {
        world.write("one.presentation", bytes);
        let one = world.verify("one", "r", "--dry-run").ok().json();
        assert_eq!(one["nullifier"], format!("0x{}", name.trim_end_matches(".bin")));
    }

    // The operator may ask for more.
    let figures = world.ok(&format!("{RUN} --figures"))["figures"].clone();
    let expected = serde_json::json!({
        "consents": 7, "no_record": 1, "no_consent": 2, "not_eligible": 1, "revoked": 1, "repeated": 0,
        "kept": 2, "proved": 0
    });
    assert_eq!(figures, expected);
    assert_eq!(presentations(&world), made);
}

#[test]
fn lines_of_a_file_are_as_good_as_a_folder_and_a_holder_counts_once() {
    let world = asked();
    let mut lines = String::new();
    for (record, name) in [(ANNA, "one"), (ANNA, "another"), (BERTA, "berta")] {
        world.ok(&format!(
            "holder consent --holder {record}.holder --request r.request --out {name}.consent"
        ));
        let consent = fs::read_to_string(world.path(&format!("{name}.consent"))).unwrap();
        lines += &format!("{{\"consent\":{},\"record\":\"{record}\"}}\n", consent.trim_end());
    }
    world.write("consents.ndjson", &lines);
    let line = "cohort run --request r.request --consents consents.ndjson --out cohort --figures";
    let report = world.ok(line);
    assert_eq!(
        (&report["count"], &report["figures"]["repeated"]),
        (&2.into(), &1.into())
    );
    // Whichever was taken, one of hers is revoked: the other stands.
    world.ok(&format!("holder revoke --holder {ANNA}.holder --consent one.consent"));
    let report = world.ok(line);
    assert_eq!(
        (&report["count"], &report["figures"]["revoked"]),
        (&2.into(), &1.into())
    );
    verify(&world, "").ok();
    world.write("consents.ndjson", lines.replace("\"record\"", "\"person\""));
    world.run(line).failed(2, "consent.line");
}

// Begun, and ended as soon as there is one presentation more at least.
fn ended_midway(world: &World, end: impl Fn(&mut Child)) -> Option<i32> {
    let before = presentations(world).len();
    let words: Vec<&str> = RUN.split_whitespace().chain(["--at-once", "1"]).collect();
    let mut command: Command = world.command(&words);
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while presentations(world).len() == before {
        assert!(start.elapsed() < Duration::from_secs(120), "nothing is proved");
        std::thread::sleep(Duration::from_millis(2));
    }
    end(&mut process);
    process.wait().unwrap().code()
}

#[test]
fn a_run_that_was_ended_midway_goes_on_where_it_was() {
    let world = asked();
    all().for_each(|patient| consent(&world, patient));
    let killed = ended_midway(&world, |process| process.kill().unwrap());
    assert_eq!(killed, None);
    verify(&world, "").failed(1, "cohort.unfinished");
    let first = presentations(&world);
    let cancelled = ended_midway(&world, |process| {
        let sent = Command::new("kill").args(["-INT", &process.id().to_string()]).status();
        assert!(sent.unwrap().success());
    });
    let second = presentations(&world);
    assert_eq!(cancelled, Some(130), "{} of 14", second.len());
    assert!((1..14).contains(&first.len()) && second.len() < 14);
    let report = world.ok(&format!("{RUN} --figures"));
    let last = presentations(&world);
    assert_eq!((&report["count"], last.len()), (&14.into(), 14));
    assert_eq!(report["figures"]["kept"], second.len());
    // Proofs are drawn at random: what is the same was not made again.
    assert!(first.iter().all(|(name, bytes)| second.get(name) == Some(bytes)));
    assert!(second.iter().all(|(name, bytes)| last.get(name) == Some(bytes)));
    assert_eq!(
        world
            .files()
            .iter()
            .filter(|p| p.to_str().unwrap().contains("partial"))
            .count(),
        0
    );
    // All adults of the registry but one minor: there is nobody to hide among.
    assert_eq!(codes(&report), ["registry.small"]);
    let verified = verify(&world, "");
    assert!(verified.err.contains("warning: 14 of the 15 patients"), "{verified:?}");
    let verified = verified.ok().json();
    assert_eq!(
        (&verified["count"], codes(&verified)),
        (&14.into(), vec!["registry.small"])
    );
}

#[test]
fn what_changed_since_is_seen_at_the_next_run() {
    let world = asked();
    [ANNA, BERTA, MINOR].iter().for_each(|patient| consent(&world, patient));
    world.ok(RUN);
    let first = presentations(&world);
    // A consent is revoked: its presentation goes.
    world.ok(&format!(
        "holder revoke --holder {ANNA}.holder --consent consents/{ANNA}.json"
    ));
    verify(&world, "--dry-run").failed(1, "consent.revoked");
    assert_eq!(world.ok(RUN)["count"], 1);
    let left = presentations(&world);
    assert!(left.len() == 1 && left.iter().all(|(name, bytes)| first.get(name) == Some(bytes)));
    verify(&world, "--dry-run").ok();
    // Somebody more consents: what is there is kept.
    consent(&world, OTHERS[0]);
    assert_eq!(world.ok(RUN)["count"], 2);
    let more = presentations(&world);
    assert!(left.iter().all(|(name, bytes)| more.get(name) == Some(bytes)));
    // A damaged one is made again.
    let (name, bytes) = left.first_key_value().unwrap();
    let mut damaged = bytes.clone();
    damaged[100] ^= 1;
    world.write(&format!("cohort/{name}"), &damaged);
    assert_eq!(verify(&world, "--dry-run").code, Some(1));
    assert_eq!(world.ok(RUN)["count"], 2);
    verify(&world, "--dry-run").ok();
    // The registry has another root: all are proved anew, under that one.
    world.ok(&format!("issuer revoke {}", OTHERS[5]));
    world.ok("issuer anchor");
    verify(&world, "--dry-run").failed(1, "root.superseded");
    let again = world.ok(RUN);
    assert_eq!((&again["count"], &again["epoch"]), (&2.into(), &2.into()));
    let renewed = presentations(&world);
    assert!(more.keys().eq(renewed.keys()) && more.values().all(|old| !renewed.values().any(|new| new == old)));
    verify(&world, "").ok();
}

#[test]
fn a_cohort_of_nobody_is_one() {
    let world = asked();
    consent(&world, MINOR);
    let report = world.ok(RUN);
    assert_eq!((&report["count"], codes(&report)), (&0.into(), vec![]));
    assert_eq!(verify(&world, "").ok().json()["count"], 0);
}

#[test]
fn requests_folders_and_consents_that_are_none_are_refused() {
    let world = asked();
    consent(&world, ANNA);
    world
        .run("cohort run --request r.request --consents records --out cohort")
        .failed(2, "json.too_large");
    world.request("other", "sponsor", "--claim adult --scope trial-2");
    world.ok(RUN);
    let before = presentations(&world);
    let other = "cohort run --request other.request --consents consents --out cohort";
    world.run(other).failed(2, "cohort.other");
    let did = world.ok("audience keygen --out insurer")["did"]
        .as_str()
        .unwrap()
        .to_owned();
    world
        .run(&format!("{RUN} --audience {did}"))
        .failed(1, "request.other_audience");
    let subject = format!("0x{:064x}", 7);
    world.request(
        "hers",
        "sponsor",
        &format!("--claim adult --scope trial-1 --subject {subject}"),
    );
    let hers = "cohort run --request hers.request --consents consents --out hers";
    world.run(hers).failed(1, "request.subject");
    world.write("cohort/notes", "mine");
    world.run(RUN).failed(2, "cohort.folder");
    fs::remove_file(world.path("cohort/notes")).unwrap();
    assert_eq!(presentations(&world), before);
    fs::rename(world.path("consents"), world.path("gone")).unwrap();
    world.run(RUN).failed(2, "file.not_found");
    fs::create_dir(world.path("consents")).unwrap();
    world.run(RUN).failed(2, "consent.none");
    world.request("short", "sponsor", "--claim adult --scope trial-9 --expires-in 1s");
    std::thread::sleep(Duration::from_secs(2));
    let late = "cohort run --request short.request --consents gone --out late";
    world.run(late).failed(1, "request.expired");
    assert!(!world.path("late").exists());
}

#[test]
fn a_sponsor_refuses_what_is_not_the_whole_cohort() {
    let world = asked();
    [ANNA, BERTA].iter().for_each(|patient| consent(&world, patient));
    world.ok(RUN);
    let made = presentations(&world);
    let path = |name: &str| -> PathBuf { world.path("cohort").join(name) };
    let summary = fs::read_to_string(path("summary.json")).unwrap();
    let (one, bytes) = made.first_key_value().unwrap();

    // A holder twice, however it is summed up.
    world.write("cohort/copy.bin", bytes);
    verify(&world, "").failed(1, "cohort.nullifier");
    let counted = summary.replace("\"count\":2", "\"count\":3");
    world.write("cohort/summary.json", counted);
    verify(&world, "").failed(1, "cohort.nullifier");
    fs::remove_file(path("copy.bin")).unwrap();
    verify(&world, "").failed(1, "cohort.summary");
    world.write("cohort/summary.json", &summary);

    // One that is missing; one that is changed; another's summary.
    fs::remove_file(path(one)).unwrap();
    verify(&world, "").failed(1, "cohort.summary");
    let mut changed = bytes.clone();
    changed[300] ^= 1;
    world.write(&format!("cohort/{one}"), changed);
    let refused = verify(&world, "");
    assert!(refused.code == Some(1) && refused.out.contains(one), "{refused:?}");
    world.write(&format!("cohort/{one}"), bytes);
    world.write("cohort/summary.json", summary.replace("\"epoch\":1", "\"epoch\":2"));
    verify(&world, "").failed(1, "cohort.summary");
    world.write("cohort/summary.json", summary.replace("\"epoch\":1", "\"epoch\":1.0"));
    verify(&world, "").failed(2, "json.form");
    world.write("cohort/summary.json", &summary);
    world.request("other", "sponsor", "--claim adult --scope trial-1");
    world
        .run("cohort verify cohort --request other.request --audience sponsor")
        .failed(1, "cohort.request");
    verify(&world, "--claim trial_eligibility_t1").failed(1, "request.other_claim");
    assert!(!world.path("medproof/answers.store").exists());

    // A holder who has answered in the scope: nothing of the cohort is counted.
    world.ok(&format!(
        "holder consent --holder {ANNA}.holder --request other.request --out other.consent"
    ));
    world.ok(&format!(
        "prove --patient {ANNA} --request other.request --consent other.consent --out other.presentation"
    ));
    world.verify("other", "other", "").ok();
    verify(&world, "").failed(1, "nullifier.used");
    verify(&world, "--again").failed(1, "nullifier.used");
    let fresh = "--answers fresh.store";
    assert_eq!(verify(&world, fresh).ok().json()["first"], 2);
    verify(&world, fresh).failed(1, "presentation.replayed");
    assert_eq!(verify(&world, &format!("{fresh} --again")).ok().json()["first"], 0);
}
