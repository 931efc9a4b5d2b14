//! From a hospital's bundle to an answer that a sponsor verifies, through the binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod common;

use common::{ANNA, BERTA, MINOR, World, bundles, expected, ndjson};
use std::fs;

/// Two adults and a minor enrolled and anchored; Anna has answered `first`.
fn answered() -> World {
    use std::sync::OnceLock;
    static WORLD: OnceLock<World> = OnceLock::new();
    let world = WORLD.get_or_init(|| {
        let world = World::with_patients(&[ANNA, BERTA, MINOR], "XS");
        for (patient, name) in [(ANNA, "anna"), (BERTA, "berta"), (MINOR, "minor")] {
            world.enroll(patient, name);
        }
        world.ok("issuer anchor");
        world.request("first", "sponsor", "--claim adult --scope trial-1");
        world.answer("first", ANNA, "anna");
        world
    });
    world.copy()
}

#[test]
fn an_answer_is_verified_by_the_ledger_by_a_bundle_and_by_the_contract() {
    let world = answered();
    let presentation = fs::read(world.path("first.presentation")).unwrap();
    assert_eq!(presentation.len(), 321);
    let by_ledger = world.verify("first", "first", "").ok().json();
    assert_eq!((&by_ledger["valid"], &by_ledger["first"]), (&true.into(), &true.into()));
    let key = by_ledger["key_id"].as_str().unwrap();
    let signer = world.ok("audience keygen --out operator")["did"]
        .as_str()
        .unwrap()
        .to_owned();
    world.ok(&format!(
        "verifier bundle --signer operator --key-id {key} --presentation first.presentation --out trust"
    ));
    let rest = format!("--bundle trust --signer {signer} --answers other.store");
    let by_bundle = world.verify("first", "first", &rest).ok().json();
    for field in [
        "nullifier",
        "consent_handle",
        "issuer",
        "epoch",
        "registry_root",
        "request_digest",
    ] {
        assert_eq!(by_ledger[field], by_bundle[field], "{field}");
    }
    let opened = world.ok("ledger open-request --request first.request --audience sponsor");
    let account = opened["audience"].as_str().unwrap();
    let submit =
        format!("ledger submit --presentation first.presentation --request first.request --audience {account}");
    let submitted = world.ok(&submit);
    assert_eq!(submitted["nullifier"], by_ledger["nullifier"]);
    assert_eq!(submitted["issuer"], by_ledger["issuer"]);
    // Once more it changes nothing.
    world.ok(&submit);
}

#[test]
fn json_and_binary_presentations_say_the_same() {
    let world = answered();
    let prove = format!("prove --patient {ANNA} --request first.request --consent first.consent --out p.json");
    world.ok(&prove);
    let run = world.run("verify --presentation p.json --request first.request --audience sponsor --grace 0s");
    let json = run.ok().json();
    assert_eq!(
        json["nullifier"],
        world.verify("first", "first", "--dry-run").ok().json()["nullifier"]
    );
    assert!(fs::metadata(world.path("p.json")).unwrap().len() < 1024);
}

#[test]
fn a_claim_of_a_file_in_a_larger_tier() {
    let world = World::with_patients(&[ANNA], "S");
    world.enroll(ANNA, "anna");
    world.ok("issuer anchor");
    let claim = "form: medproof-claim/1\ntitle: Adult with diabetes\nclauses:\n  - age: { at_least: 18 }\n  \
        - not_deceased: true\n  - has:\n      kind: condition\n      active: true\n      \
        codes: { system: snomed, any_of: [{ code: \"44054006\" }] }\n";
    world.write("claim.yaml", claim);
    world.request("r", "sponsor", "--claim claim.yaml --scope trial --tier S");
    world.answer("r", ANNA, "anna");
    let verified = world.verify("r", "r", "--claim claim.yaml").ok().json();
    assert_eq!(verified["tier"], "S");
    assert_eq!(verified["claim"]["title"], "Adult with diabetes");
}

#[test]
fn a_replay_is_refused() {
    let world = answered();
    world.verify("first", "first", "").ok();
    world.verify("first", "first", "").failed(1, "presentation.replayed");
    let again = world.verify("first", "first", "--again").ok().json();
    assert_eq!(again["first"], false);
    // The same holder, the same scope, another request.
    world.request("second", "sponsor", "--claim adult --scope trial-1");
    world.answer("second", ANNA, "anna");
    world.verify("second", "second", "").failed(1, "nullifier.used");
    // Another scope, and another holder, are something else.
    world.request("third", "sponsor", "--claim adult --scope trial-2");
    world.answer("third", ANNA, "anna");
    world.verify("third", "third", "").ok();
}

#[test]
fn two_holders_answer_one_request() {
    let world = answered();
    world.verify("first", "first", "").ok();
    world.ok("holder consent --holder berta.holder --request first.request --out berta.consent");
    world.ok(&format!(
        "prove --patient {BERTA} --request first.request --consent berta.consent --out berta.presentation"
    ));
    let verified = world.verify("berta", "first", "").ok().json();
    assert_eq!(verified["first"], true);
}

#[test]
fn an_answer_to_something_else_is_refused() {
    let world = answered();
    // A swapped claim: the one asked, or the one of another request.
    world
        .verify("first", "first", "--claim trial_eligibility_t1")
        .failed(1, "request.other_claim");
    world.request("other-claim", "sponsor", "--claim 1 --scope trial-1 --tier XS");
    world
        .verify("first", "other-claim", "")
        .failed(1, "presentation.policy");
    // The same question, asked again.
    world.request("again", "sponsor", "--claim adult --scope trial-1");
    world.verify("first", "again", "").failed(1, "presentation.request");
    // Another's presentation, relayed to somebody who asks the same.
    world.request("insurers", "insurer", "--claim adult --scope trial-1");
    let relayed = "verify --presentation first.presentation --request insurers.request --audience insurer --grace 0s";
    world.run(relayed).failed(1, "presentation.request");
    // And an answer held against another's request by mistake.
    world.verify("first", "insurers", "").failed(1, "request.audience");
}

#[test]
fn a_revoked_record_is_refused() {
    let world = answered();
    world.verify("first", "first", "--dry-run").ok();
    world.ok(&format!("issuer revoke {ANNA}"));
    // Not yet anchored, the ledger does not know: the old root is current.
    world.verify("first", "first", "--dry-run").ok();
    world.ok("issuer anchor");
    world.verify("first", "first", "--dry-run").failed(1, "root.superseded");
    world.request("second", "sponsor", "--claim adult --scope trial-1");
    world.consent("second", "anna");
    world.prove("second", ANNA).failed(1, "refused");
    // Nobody else is touched.
    fs::remove_file(world.path("second.consent")).unwrap();
    world.answer("second", BERTA, "berta");
    world.verify("second", "second", "--dry-run").ok();
}

#[test]
fn a_revoked_consent_is_refused() {
    let world = answered();
    let revoked = world.ok("holder revoke --holder anna.holder --consent first.consent");
    let refused = world.verify("first", "first", "").failed(1, "consent.revoked");
    assert!(refused.out.contains(revoked["consent_handle"].as_str().unwrap()));
    // Nor is there another answer: whoever had it would know, accepted or not.
    let line = format!("prove --patient {ANNA} --request first.request --consent first.consent --out again");
    let refused = world.run(&line).failed(1, "refused");
    assert!(!refused.out.contains("revoked") && !world.path("again").exists());
    let with_reason = world.run(&format!("{line} --reason")).failed(1, "refused");
    assert!(with_reason.out.contains("revoked the consent"));
    // Handed to somebody else to publish, it comes to the same.
    let world = answered();
    world.ok("holder revoke --holder anna.holder --consent first.consent --out revocation");
    world.verify("first", "first", "--dry-run").ok();
    world.ok("ledger revoke-consent --revocation revocation");
    world.verify("first", "first", "").failed(1, "consent.revoked");
    // A stranger's nullifier key makes another handle: nothing of Anna's is revoked.
    let world = answered();
    world.ok("holder revoke --holder berta.holder --consent first.consent");
    world.verify("first", "first", "").ok();
}

#[test]
fn an_expired_request_is_refused_everywhere() {
    let world = answered();
    world.request("short", "sponsor", "--claim adult --scope trial-9 --expires-in 1s");
    std::thread::sleep(std::time::Duration::from_secs(2));
    let consent = "holder consent --holder anna.holder --request short.request --out short.consent";
    world.run(consent).failed(1, "request.expired");
    fs::copy(world.path("first.consent"), world.path("short.consent")).unwrap();
    world.prove("short", ANNA).failed(1, "request.expired");
    fs::copy(world.path("first.presentation"), world.path("short.presentation")).unwrap();
    world.verify("short", "short", "").failed(1, "request.expired");
}

#[test]
fn who_is_not_eligible_is_refused_without_a_reason() {
    let world = answered();
    world.ok("holder consent --holder minor.holder --request first.request --out minor.consent");
    let line =
        format!("prove --patient {MINOR} --request first.request --consent minor.consent --out minor.presentation");
    let refused = world.run(&line).failed(1, "refused");
    assert!(!refused.out.contains("satisfy"));
    let with_reason = world.run(&format!("{line} --reason")).failed(1, "refused");
    assert!(with_reason.out.contains("does not satisfy the policy"));
    assert!(!world.path("minor.presentation").exists());
    // Unknown, not enrolled, and another's consent: the asker sees the same.
    for (patient, consent) in [("nobody", "minor"), (ANNA, "minor")] {
        let line = format!("prove --patient {patient} --request first.request --consent {consent}.consent --out x");
        let other = world.run(&line).failed(1, "refused");
        assert_eq!(other.out, refused.out);
    }
}

#[test]
fn a_consent_serves_its_own_request_only() {
    let world = answered();
    world.request("second", "sponsor", "--claim adult --scope trial-2");
    let line = format!("prove --patient {ANNA} --request second.request --consent first.consent --out x --reason");
    let refused = world.run(&line).failed(1, "refused");
    assert!(refused.out.contains("scope"), "{refused:?}");
    // A standing consent serves later requests for the same claim and scope.
    world.request(
        "standing",
        "sponsor",
        "--claim adult --scope trial-1 --consent standing",
    );
    world.ok("holder consent --holder anna.holder --request standing.request --for 365d --out standing.consent");
    world.request(
        "later",
        "sponsor",
        "--claim adult --scope trial-1 --as-of 2021-06-01 --expires-in 1d",
    );
    let line =
        format!("prove --patient {ANNA} --request later.request --consent standing.consent --out later.presentation");
    world.ok(&line);
    world.verify("later", "later", "").ok();
}

#[test]
fn a_changed_presentation_is_refused() {
    let world = answered();
    let honest = fs::read(world.path("first.presentation")).unwrap();
    for at in [1, 33, 40, 100, 160, 200, 230, 262, 300, 320] {
        let mut changed = honest.clone();
        changed[at] ^= 1;
        world.write("changed.presentation", &changed);
        let run = world.verify("changed", "first", "--dry-run");
        assert_eq!(run.code, Some(1), "byte {at}: {run:?}");
    }
    world.write("short.presentation", &honest[..320]);
    world.verify("short", "first", "").failed(2, "presentation.length");
    world.write("newer.presentation", [&[9], &honest[1..]].concat());
    world.verify("newer", "first", "").failed(2, "presentation.version");
}

#[test]
fn the_councils_decisions_are_kept() {
    let world = answered();
    let issuer = world.ok("issuer list")["account"].as_str().unwrap().to_owned();
    world.ok("ledger pause");
    world.verify("first", "first", "--dry-run").failed(1, "ledger.paused");
    world.ok("ledger unpause");
    world.verify("first", "first", "--dry-run").ok();
    world.ok(&format!("ledger suspend-issuer {issuer}"));
    world
        .verify("first", "first", "--dry-run")
        .failed(1, "issuer.suspended");
    world.run("issuer anchor").failed(1, "ledger.issuer_not_active");
    world.ok(&format!("ledger reinstate-issuer {issuer}"));
    world.ok("issuer anchor");
    let believed = "--dry-run --issuer 0x0000000000000000000000000000000000000001";
    world
        .verify("first", "first", believed)
        .failed(1, "issuer.not_accepted");
    let key = world.verify("first", "first", "--dry-run").ok().json()["key_id"]
        .as_str()
        .unwrap()
        .to_owned();
    // What was asked before is answered still.
    world.ok(&format!("ledger retire-key {key}"));
    std::thread::sleep(std::time::Duration::from_secs(1));
    world.verify("first", "first", "--dry-run").ok();
    world.request("late", "sponsor", "--claim adult --tier XS --scope late");
    world.answer("late", ANNA, "anna");
    world.verify("late", "late", "--dry-run").failed(1, "key.retired");
    world.ok(&format!("ledger revoke-key {key}"));
    world.verify("first", "first", "--dry-run").failed(1, "key.revoked");
}

#[test]
fn an_issuer_that_fell_silent_is_refused_until_its_heartbeat() {
    let world = answered();
    world.ok("ledger advance 25h");
    world.verify("first", "first", "--dry-run").failed(1, "issuer.silent");
    let heartbeat = world.ok("issuer anchor");
    assert_eq!(heartbeat["heartbeat"], true);
    world.verify("first", "first", "--dry-run").ok();
}

#[test]
fn a_trust_bundle_is_its_signers_and_ends() {
    let world = answered();
    let key = world.verify("first", "first", "--dry-run").ok().json()["key_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let signer = world.ok("audience keygen --out operator")["did"]
        .as_str()
        .unwrap()
        .to_owned();
    let bundle = |rest: &str| {
        world.ok(&format!(
            "verifier bundle --signer operator --key-id {key} --out trust --force {rest}"
        ))
    };
    bundle("");
    let stranger = world.ok("audience keygen --out stranger")["did"]
        .as_str()
        .unwrap()
        .to_owned();
    let verify = |signer: &str| world.verify("first", "first", &format!("--bundle trust --signer {signer} --dry-run"));
    verify(&stranger).failed(1, "bundle.signer");
    verify(&signer).ok();
    // A consent that is revoked when the bundle is made is in it.
    world.ok("holder revoke --holder anna.holder --consent first.consent");
    bundle("--presentation first.presentation");
    verify(&signer).failed(1, "consent.revoked");
    bundle("--for 1s");
    std::thread::sleep(std::time::Duration::from_secs(2));
    verify(&signer).failed(1, "ledger.view_expired");
}

#[test]
fn insecure_keys_and_ledgers_need_development_mode() {
    let world = answered();
    for line in [
        "verify --presentation first.presentation --request first.request --audience sponsor --json",
        "ledger status --json",
        "keys dev --tier XS --json",
        "request new --audience sponsor --claim adult --purpose HRESCH --scope s --out x --json",
    ] {
        let words: Vec<&str> = line.split_whitespace().collect();
        let output = world
            .command(&words)
            .env_remove("MEDPROOF_DEVELOPMENT")
            .output()
            .unwrap();
        common::Run::of(output).failed(1, "development.not_asked_for");
    }
}

#[test]
fn a_receipt_shows_the_holder_their_own_record() {
    let world = answered();
    world.ok(&format!("issuer receipt {ANNA} --out anna.receipt"));
    let checked = world.ok("holder check-receipt --holder anna.holder --receipt anna.receipt");
    assert_eq!(checked["issuer"], world.ok("issuer list")["account"]);
    assert_eq!((&checked["epoch"], &checked["superseded"]), (&1.into(), &false.into()));
    world
        .run("holder check-receipt --holder berta.holder --receipt anna.receipt")
        .failed(1, "receipt.other_holder");
    // Of a tree that was never anchored.
    let receipt = fs::read_to_string(world.path("anna.receipt")).unwrap();
    let at = receipt.find(r#"record_salt":""#).unwrap() + 14 + 60;
    let mut other = receipt.into_bytes();
    other[at] = if other[at] == b'0' { b'1' } else { b'0' };
    world.write("other.receipt", other);
    world
        .run("holder check-receipt --holder anna.holder --receipt other.receipt")
        .failed(1, "receipt.other_root");
}

#[test]
fn a_rotated_key_signs_and_keeps_its_nullifier() {
    let world = answered();
    let before = world.verify("first", "first", "").ok().json();
    // Signed before, by the key that was.
    world.request("second", "sponsor", "--claim adult --scope trial-1");
    world.consent("second", "anna");
    world.ok(&format!("issuer invite {ANNA} --out rotation"));
    world.ok("holder rotate --holder anna.holder --invitation rotation --new-holder new.holder --out rotated");
    world.ok(&format!("issuer rotate {ANNA} --enrolment rotated"));
    world.ok("issuer anchor");
    // What the old key signed has ended, and it signs no more.
    world.prove("second", ANNA).failed(1, "refused");
    fs::remove_file(world.path("second.consent")).unwrap();
    world.consent("second", "anna");
    world.prove("second", ANNA).failed(1, "refused");
    fs::remove_file(world.path("second.consent")).unwrap();
    world.answer("second", ANNA, "new");
    let after = world.verify("second", "second", "--dry-run").ok().json();
    assert_eq!(before["nullifier"], after["nullifier"]);
}

#[test]
fn a_recovered_holder_keeps_the_nullifier() {
    let world = answered();
    let before = world.verify("first", "first", "").ok().json();
    let split = world.ok("holder split --holder anna.holder --threshold 2 --shares 3 --out shares");
    assert_eq!(split["files"].as_array().unwrap().len(), 3);
    fs::remove_file(world.path("anna.holder")).unwrap();
    let recover = |shares: &str| world.run(&format!("holder recover {shares} --out anna.holder"));
    recover("--share shares/share-2.json").failed(1, "recovery.too_few");
    recover("--share shares/share-2.json --share shares/share-2.json").failed(1, "recovery.twice");
    world.ok("holder split --holder berta.holder --threshold 2 --shares 2 --out others");
    recover("--share shares/share-2.json --share others/share-1.json").failed(1, "recovery.other_set");
    let share = fs::read_to_string(world.path("shares/share-1.json")).unwrap();
    let altered = share.replace("\"index\":1", "\"index\":3");
    fs::write(world.path("shares/share-1.json"), altered).unwrap();
    recover("--share shares/share-2.json --share shares/share-1.json").failed(1, "recovery.altered");
    recover("--share shares/share-2.json --share shares/share-3.json").ok();
    world.request("second", "sponsor", "--claim adult --scope trial-1");
    world.answer("second", ANNA, "anna");
    let after = world.verify("second", "second", "--dry-run").ok().json();
    assert_eq!(before["nullifier"], after["nullifier"]);
}

#[test]
fn an_update_and_an_erasure_take_effect_at_the_next_anchoring() {
    let world = answered();
    world.ok("issuer update --records records --complete synthea --issued-on 2021-04-01");
    assert_eq!(world.ok("issuer list")["changed"], true);
    assert_eq!(world.ok("issuer anchor")["epoch"], 2);
    world.ok(&format!("issuer erase {ANNA} --yes"));
    let anchored = world.ok("issuer anchor");
    assert_eq!((&anchored["epoch"], &anchored["size"]), (&3.into(), &2.into()));
    let list = world.run("issuer list").ok();
    assert!(!list.out.contains(ANNA));
    world
        .run(&format!("issuer invite {ANNA} --out x"))
        .failed(1, "issuer.refused");
}

#[test]
fn the_library_finds_whom_the_independent_evaluation_finds() {
    let world = World::empty();
    for (name, bytes) in bundles() {
        world.write(&format!("bundles/{name}"), bytes);
    }
    for (name, bytes) in ndjson() {
        world.write(&format!("bulk/{name}"), bytes);
    }
    for (claim, set, rest, name) in [
        (
            "trial_eligibility_t1",
            "synthea",
            "--records bundles --as-of 2021-04-01 --complete synthea",
            "T1",
        ),
        (
            "trial_eligibility_t2",
            "synthea",
            "--records bundles --as-of 2021-04-01 --complete synthea",
            "T2",
        ),
        (
            "trial_eligibility_t3",
            "synthea",
            "--records bundles --as-of 2021-04-01 --complete synthea",
            "T3",
        ),
        (
            "covered_procedure",
            "synthea",
            "--records bundles --as-of 2021-04-01",
            "I1",
        ),
        (
            "covid_doses",
            "immunizations",
            "--records bulk --as-of 2023-04-01 --complete files",
            "I2",
        ),
    ] {
        let report = world.ok(&format!("claim test {claim} {rest} --list"));
        let mut matching: Vec<String> = serde_json::from_value(report["matching"].clone()).unwrap();
        matching.sort();
        assert_eq!(matching, expected(set, name), "{claim}");
        assert_eq!(report["tiers"]["L"], matching.len());
    }
    // Absence is not shown for charts that nobody called complete.
    let report = world.ok("claim test trial_eligibility_t1 --records bundles --as-of 2021-04-01");
    assert_eq!((&report["matches"], &report["not_covered"]), (&0.into(), &9.into()));
}

#[test]
fn circuit_stats_have_exactly_the_documented_fields() {
    let stats = World::empty().ok("circuit stats");
    let limits = [("XS", 16_378), ("S", 32_762), ("M", 65_530), ("L", 131_066)];
    let stats = stats.as_array().unwrap();
    assert_eq!(stats.len(), limits.len());
    for (found, (tier, limit)) in stats.iter().zip(limits) {
        assert_eq!(found["tier"], tier);
        assert!(found["constraints"].as_u64().unwrap() <= limit);
        let mut fields: Vec<&str> = found.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        let expected = [
            "constraints",
            "fixed_cost",
            "inputs",
            "nonzeros",
            "pk_bytes",
            "slot_cost",
            "tier",
            "vk_bytes",
            "witness",
        ];
        assert_eq!(fields, expected);
    }
}
