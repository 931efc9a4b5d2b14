//! Canaries: values that occur nowhere else, in every place of charts, keys and salts, through
//! everything that the software does with them, well and badly. None may leave the vault and the
//! files of who is entitled to it, in any form.

use crate::charts::{broken, good};
use crate::mint::{Canary, Mint, secret};
use crate::search::Search;
use crate::world::{World, cache, files_below};
use crate::{evidence, full};
use medproof_cli::keyfile::HolderKeys;
use medproof_messages::{ConsentMessage, Presentation, Revocation, SignedRequest};
use medproof_records::import::{Importer, Manifest, Options, PatientChart};
use medproof_records::issuer::{Enrolment, Invitation, Issuer, Receipt};
use medproof_records::vault::LocalMasterKey;
use medproof_statement::assign::assign;
use medproof_statement::check::Witness;
use medproof_statement::day::Day;
use medproof_statement::eddsa::SigningKey;
use medproof_statement::field;
use serde_json::{Value, json};
use std::error::Error;
use std::fmt::Debug;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Whatever turned up where it does not belong.
#[derive(Default)]
pub struct Found {
    bytes: u64,
    places: usize,
    pub leaks: Vec<String>,
}

impl Found {
    /// Looks into something said or written; `path` is where, if it is a file of the world.
    pub fn look(&mut self, search: &Search, canaries: &[Canary], place: &str, path: Option<&str>, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.places += 1;
        for hit in search.find(bytes) {
            let canary = &canaries[hit.canary];
            let is_home = path.is_some_and(|p| canary.homes.iter().any(|home| p.starts_with(home.as_str())));
            if !is_home {
                let from = hit.at.saturating_sub(60);
                let to = bytes.len().min(hit.at + 60);
                let around = String::from_utf8_lossy(&bytes[from..to]).into_owned();
                self.leaks
                    .push(format!("{place}: {} of {:?} in {around:?}", hit.form, canary.form));
            }
        }
    }

    #[track_caller]
    pub fn none(&self) {
        assert!(
            self.leaks.is_empty(),
            "{} leaks:\n{}",
            self.leaks.len(),
            self.leaks[..self.leaks.len().min(4000)].join("\n")
        );
    }
}

/// Everything in and around these worlds: files, their names, and what each run said.
fn look_everywhere(search: &Search, canaries: &[Canary], worlds: &[&World]) -> Found {
    let mut found = Found::default();
    for world in worlds {
        for file in world.files() {
            let name = file
                .strip_prefix(world.dir.path())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            found.look(search, canaries, &name, Some(&name), &fs::read(&file).unwrap());
            found.look(search, canaries, "a file's name", None, name.as_bytes());
        }
        for run in world.runs() {
            // The list is for the issuer's own staff: it names patients.
            if run.line == LIST {
                continue;
            }
            let typed = run.line.split_whitespace().any(is_fhir_id);
            if !typed {
                found.look(search, canaries, "arguments", None, run.line.as_bytes());
            }
            for (stream, text) in [("stdout", &run.out), ("stderr", &run.err)] {
                found.look(
                    search,
                    canaries,
                    &format!("{stream} of {}", run.line),
                    None,
                    text.as_bytes(),
                );
            }
        }
    }
    found
}

fn is_fhir_id(word: &str) -> bool {
    let word = word.trim_end_matches('x');
    word.len() >= 35 && word.split('-').map(str::len).take(4).eq([8, 4, 4, 4])
}

const LIST: &str = "issuer list";

/// Charts until there are so many canaries; gives the patients' FHIR ids.
fn plant(world: &World, mint: &mut Mint, wanted: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while mint.canaries.len() < wanted || ids.len() < 6 {
        let mut chart = good(mint);
        let patient = &mut chart["entry"][0]["resource"];
        if ids.len() == MINOR {
            patient["birthDate"] = "2012-05-06".into();
        }
        ids.push(patient["id"].as_str().unwrap().to_owned());
        world.write(&format!("records/{:04}.json", ids.len()), chart.to_string());
    }
    ids
}

/// Where charts are: two may have a birthday in common.
pub const INPUTS: [&str; 2] = ["records/", "bad/"];

/// Who is who among the first patients.
const MINOR: usize = 1;
const NAMES: [&str; 4] = ["alice", "minor", "gone", "erased"];

fn record_id(world: &World, id: &str) -> String {
    let list = world.ok(LIST);
    let line = list["patients"]
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["patient"] == id)
        .unwrap()
        .clone();
    line["record"].as_str().unwrap().to_owned()
}

/// A holder's key file with canaries for keys.
fn holder(world: &World, mint: &mut Mint, name: &str) {
    world.ok(&format!("holder keygen --out {name}.holder"));
    let file = format!("{name}.holder");
    let seed = mint.bytes::<32>(&[&file]);
    let nk = mint.bytes::<31>(&[&file, &format!("{name}.enrolment")]);
    let mut keys: Value = serde_json::from_slice(&world.read(&file)).unwrap();
    let hex = |bytes: &[u8]| Value::from(format!("0x{}", hex::encode(bytes)));
    keys["signing_seed"] = hex(&seed);
    keys["nullifier_key"] = hex(&nk);
    keys["emergency_pk"] = hex(&SigningKey::from_bytes(seed).public().to_bytes());
    world.write(&file, keys.to_string());
}

/// Bytes of fields of a file, which are secrets that belong there.
fn secrets(world: &World, file: &str, fields: &[&str]) -> Vec<Canary> {
    let json: Value = serde_json::from_slice(&world.read(file)).unwrap();
    let read = |field: &&str| {
        let digits = json[*field].as_str().unwrap_or_else(|| panic!("{file}: {field}"));
        secret(&hex::decode(digits.trim_start_matches("0x")).unwrap(), &[file])
    };
    fields.iter().map(read).collect()
}

fn issuer(world: &World) -> Issuer {
    let master = LocalMasterKey::from_file(&world.path("medproof/issuer/master.key")).unwrap();
    Issuer::open(&world.path("medproof/issuer/vault"), Box::new(master)).unwrap()
}

/// Salts of a record: its own belongs into the receipt, those of its facts nowhere.
fn salts(world: &World, record: &str, name: &str) -> Vec<Canary> {
    let opened = issuer(world).open_record(record).unwrap();
    let receipt = format!("{name}.receipt");
    let mut salts = vec![
        secret(&field::to_bytes(&opened.opening.salt), &[&receipt]),
        secret(&field::to_bytes(&opened.opening.facts_root), &[&receipt]),
        secret(&field::to_bytes(&opened.opening.holder.commit()), &[&receipt]),
    ];
    salts.extend(
        opened
            .facts
            .leaves()
            .iter()
            .map(|l| secret(&field::to_bytes(&l.salt), &[])),
    );
    salts
}

/// Every path that ends well.
fn well(world: &World, mint: &mut Mint, ids: &[String]) -> Vec<String> {
    world.ok("issuer import --records records --complete synthea --issued-on 2021-04-01");
    world
        .say("issuer update --records records --complete synthea --issued-on 2021-04-01")
        .ok();
    let records: Vec<String> = ids[..NAMES.len()].iter().map(|id| record_id(world, id)).collect();
    for (record, name) in records.iter().zip(NAMES) {
        holder(world, mint, name);
        world.enroll_holder(record, name);
    }
    world.say("issuer anchor").ok();
    world.request("first", "--claim adult --scope trial-1");
    world.request("second", "--claim adult --scope trial-2");
    for name in NAMES {
        world.consent(name, "first");
    }
    for (record, name) in records.iter().zip(NAMES) {
        world.ok(&format!("issuer receipt {record} --out {name}.receipt"));
        world.ok(&format!(
            "holder check-receipt --holder {name}.holder --receipt {name}.receipt"
        ));
    }
    let alice = &records[0];
    world.prove(alice, "alice", "first", "bin").ok();
    world.prove(alice, "alice", "first", "json").ok();
    world
        .say(&format!(
            "prove --patient {alice} --request first.request --consent alice-first.consent --out said.bin"
        ))
        .ok();
    world.verify("alice-first.bin", "first", "").ok();
    world
        .say("verify --presentation said.bin --request first.request --audience sponsor --grace 0s --again")
        .ok();
    let opened = world.ok("ledger open-request --request first.request --audience sponsor");
    let account = opened["audience"].as_str().unwrap();
    world.ok(&format!(
        "ledger submit --presentation alice-first.bin --request first.request --audience {account}"
    ));
    let key = world.verify("alice-first.bin", "first", "--again").ok().json()["key_id"]
        .as_str()
        .unwrap()
        .to_owned();
    world.ok("audience keygen --out operator");
    world.ok(&format!(
        "verifier bundle --signer operator --key-id {key} --presentation alice-first.bin --out bundle.json"
    ));
    world.ok("holder revoke --holder alice.holder --consent alice-first.consent --out alice.revocation");
    records
}

/// Refusals, for every reason.
fn refused(world: &World, records: &[String], ids: &[String]) {
    let [alice, minor, gone, erased] = [0, 1, 2, 3].map(|i| &records[i]);
    let prove = |who: &str, request: &str, consent: &str| {
        format!("prove --patient {who} --request {request}.request --consent {consent}.consent --out refused.bin")
    };
    for line in [
        prove(minor, "first", "minor-first"),
        prove(alice, "second", "alice-first"),
        prove(alice, "first", "minor-first"),
        prove(&ids[4], "first", "alice-first"),
        prove(&ids[0][..35], "first", "alice-first"),
    ] {
        world.run(&line).failed("refused");
        world.run(&format!("{line} --reason")).failed("refused");
        world.say(&format!("{line} --reason"));
    }
    world
        .verify("alice-first.bin", "first", "")
        .failed("presentation.replayed");
    world.ok("audience keygen --out insurer");
    world
        .run("verify --presentation alice-first.bin --request first.request --audience insurer --grace 0s")
        .failed("request.audience");
    let honest = world.read("alice-first.bin");
    for at in [1, 40, 100, 150, 170, 200, 230, 260, 300] {
        let mut changed = honest.clone();
        changed[at] ^= 1;
        world.write("changed.bin", changed);
        assert!(world.verify("changed.bin", "first", "--dry-run").code != Some(0));
    }
    world.write("cut.bin", &honest[..300]);
    world.verify("cut.bin", "first", "").failed("presentation.length");
    world.ok(&format!("issuer revoke {gone}"));
    world.ok(&format!("issuer erase {erased} --yes"));
    world.ok("issuer anchor");
    for (record, name) in [(gone, "gone"), (erased, "erased")] {
        world
            .run(&format!(
                "{} --reason",
                prove(record, "first", &format!("{name}-first"))
            ))
            .failed("refused");
        assert!(world.run(&format!("issuer receipt {record} --out x.receipt")).code != Some(0));
    }
    world
        .verify("alice-first.bin", "first", "--dry-run")
        .failed("root.superseded");
    world.ok("holder revoke --holder minor.holder --consent minor-first.consent");
    world.request("short", "--claim adult --scope trial-3 --expires-in 1s");
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    world
        .run("holder consent --holder alice.holder --request short.request --out x.consent")
        .failed("request.expired");
    // By the FHIR id that the operator types: it is not repeated.
    for id in ids.iter().take(6) {
        world.run(&format!("issuer invite {id} --out alice.holder"));
        world.run(&format!("issuer erase {}", id));
        world.run(&format!("issuer receipt {id} --out sponsor"));
        world.run(&format!("issuer revoke {}x", id));
        world.say(&format!("issuer enroll {id} --enrolment minor.enrolment"));
    }
}

/// Files that are not what they should be, where the command expects something else.
fn errors(world: &World, mint: &mut Mint, records: &[String]) {
    let alice = &records[0];
    let all = broken(mint);
    let step = if full() { all.len() / 100 } else { all.len() / 25 };
    // Of the resources some; of the texts all.
    let (resources, texts) = all.split_at(all.len() - 19);
    for (n, bad) in resources.iter().step_by(step).chain(texts).enumerate() {
        let file = format!("bad/{n:03}.json");
        world.write(&file, &bad.bytes);
        let run = world.run(&format!("issuer import --records {file} --complete synthea"));
        assert_ne!(run.code, Some(101), "{}: {run:?}", bad.how);
        if n % 8 == 0 {
            world.say(&format!("issuer import --records {file}"));
        }
    }
    world.run("issuer import --records records").failed("issuer.refused");
    world.say("issuer import --records records");
    // Somebody takes one file for another: each in the place of every other.
    let files = [
        "records/0001.json",
        "alice.holder",
        "alice.enrolment",
        "alice.invitation",
        "alice-first.consent",
        "alice.receipt",
        "alice.revocation",
        "first.request",
        "alice-first.json",
        "sponsor",
        "bad/000.json",
    ];
    for file in files {
        for line in [
            format!("request show {file}"),
            format!("holder consent --holder alice.holder --request {file} --out x"),
            format!("holder consent --holder {file} --request first.request --out x"),
            format!("holder enroll --holder alice.holder --invitation {file} --out x"),
            format!("issuer enroll {alice} --enrolment {file}"),
            format!("prove --patient {alice} --request first.request --consent {file} --out x --reason"),
            format!("verify --presentation {file} --request first.request --audience sponsor"),
            format!("holder check-receipt --holder alice.holder --receipt {file}"),
            format!("ledger revoke-consent --revocation {file}"),
            format!("claim check {file}"),
            format!(
                "verify --presentation alice-first.bin --request first.request --audience sponsor --bundle {file} --signer did:key:x"
            ),
        ] {
            // That one would be right, and end the consent.
            if !line.ends_with("--revocation alice.revocation") {
                world.run(&line);
            }
            let _ = fs::remove_file(world.path("x"));
        }
    }
    // Cut files.
    for file in [
        "alice.holder",
        "alice.enrolment",
        "alice-first.consent",
        "alice.receipt",
        "alice.revocation",
    ] {
        let whole = world.read(file);
        for part in 1..4 {
            fs::copy(world.path(file), world.path(&format!("{file}-cut"))).unwrap();
            fs::write(world.path(&format!("{file}-cut")), &whole[..whole.len() * part / 4]).unwrap();
            world.run(&format!(
                "holder consent --holder {file}-cut --request first.request --out x"
            ));
            world.run(&format!(
                "prove --patient {alice} --request first.request --consent {file}-cut --out x"
            ));
            world.run(&format!("issuer enroll {alice} --enrolment {file}-cut"));
            world.run(&format!(
                "holder check-receipt --holder alice.holder --receipt {file}-cut"
            ));
            world.run(&format!("ledger revoke-consent --revocation {file}-cut"));
            fs::remove_file(world.path(&format!("{file}-cut"))).unwrap();
        }
    }
}

/// The system fails: no space, no files, no memory, no such place, damaged vaults. Gives how many
/// runs were ended by force.
fn failures(world: &World, records: &[String]) -> usize {
    let alice = &records[0];
    let prove =
        format!("prove --patient {alice} --request first.request --consent alice-first.consent --out failed.bin");
    world.ok("issuer init --issuer other --name Other");
    let import = "issuer import --issuer other --records records --complete synthea".to_owned();
    // Without a limit it works.
    world.ok(&prove);
    let lines = [
        prove.clone(),
        import.clone(),
        "holder consent --holder alice.holder --request first.request --out failed.consent".to_owned(),
        format!("issuer receipt {alice} --out failed.receipt"),
    ];
    for line in &lines {
        for limit in ["trap '' XFSZ; ulimit -f 0", "ulimit -n 4", "ulimit -n 7", "ulimit -t 0"] {
            let _ = fs::remove_file(world.path("failed.bin"));
            world.limited(limit, line);
        }
        world.run(&line.replace("failed.", "/proc/failed."));
        world.run(&line.replace("failed.", "/dev/full/failed."));
        world.run(&line.replace("failed.", "medproof/issuer/vault/failed."));
    }
    // Out of memory at every depth: aborts and panics with all that was read in memory.
    let mut forced = 0;
    for line in [&prove, &import] {
        for megabytes in (10..=320).step_by(if full() { 10 } else { 25 }) {
            let _ = fs::remove_file(world.path("failed.bin"));
            let run = world.limited(&format!("ulimit -c 0; ulimit -v {}", megabytes * 1024), line);
            let died = run.err.contains("panicked") || run.err.contains("memory allocation");
            forced += usize::from(died);
        }
    }
    // Where the operator asked for one, a receipt is at home.
    for written in ["failed.receipt", "medproof/issuer/vault/failed.receipt"] {
        let _ = fs::remove_file(world.path(written));
    }
    let vault: Vec<_> = world
        .files()
        .into_iter()
        .filter(|f| f.starts_with(world.path("medproof/issuer/vault")))
        .collect();
    for file in vault.iter().take(6) {
        let mut bytes = fs::read(file).unwrap();
        let honest = bytes.clone();
        let middle = bytes.len() / 2;
        if let Some(byte) = bytes.get_mut(middle) {
            *byte ^= 1;
        }
        fs::write(file, bytes).unwrap();
        world.run(&prove);
        world.run("issuer anchor");
        fs::write(file, honest).unwrap();
    }
    forced
}

#[test]
fn no_canary_leaves_the_vault() {
    let wanted = if full() { 10_000 } else { 1_000 };
    let world = World::new("XS");
    let mut mint = Mint::new(1, &INPUTS);
    let ids = plant(&world, &mut mint, wanted);
    let charts = mint.canaries.len();
    let records = well(&world, &mut mint, &ids);
    let mut canaries = Vec::new();
    for (record, name) in records.iter().zip(NAMES) {
        canaries.extend(salts(&world, record, name));
        canaries.extend(secrets(&world, &format!("{name}.invitation"), &["code"]));
        canaries.extend(secrets(
            &world,
            &format!("{name}-first.consent"),
            &["grant_id", "signature"],
        ));
    }
    canaries.extend(secrets(&world, "alice.revocation", &["secret"]));
    canaries.extend(secrets(&world, "sponsor", &["signing_seed", "account_secret"]));
    canaries.extend(secrets(&world, "medproof/issuer/account.json", &["secret"]));
    let master = String::from_utf8(world.read("medproof/issuer/master.key")).unwrap();
    canaries.push(secret(
        &hex::decode(master.trim()).unwrap(),
        &["medproof/issuer/master.key"],
    ));
    refused(&world, &records, &ids);
    let mut bad = Mint::new(2, &INPUTS);
    errors(&world, &mut bad, &records);
    let broken_world = world.copy();
    let forced = failures(&broken_world, &records);
    canaries.extend(mint.canaries);
    canaries.extend(bad.canaries);

    let search = Search::new(&canaries);
    let mut found = look_everywhere(&search, &canaries, &[&world, &broken_world]);
    for file in files_below(&cache()) {
        found.look(&search, &canaries, "the cache", None, &fs::read(file).unwrap());
    }
    found.none();
    assert!(
        charts >= wanted && forced > 0,
        "{charts} canaries, {forced} runs ended by force"
    );

    // The search would find them: in the list, which names patients, and in a log that has one in each form.
    let list = world.runs().into_iter().find(|r| r.line == LIST).unwrap();
    let named = search.find(list.out.as_bytes());
    assert!(
        ids.len() <= named.len(),
        "{} of {} patients found in the list",
        named.len(),
        ids.len()
    );
    let mut leaked = Found::default();
    leaked.look(
        &search,
        &canaries,
        "a log",
        Some("tmp/debug.log"),
        format!("TRACE witness for {}", ids[0]).as_bytes(),
    );
    assert!(!leaked.leaks.is_empty());
    let runs = world.runs().len() + broken_world.runs().len();
    evidence(
        "canaries in charts, keys and salts through import, enrolment, anchoring, consent, proof, refusals, errors, failures at trace level",
        format!(
            "{} canaries, {} patterns, {runs} runs, {} places, {} MB, {forced} runs ended by force",
            canaries.len(),
            search.patterns(),
            found.places,
            found.bytes / 1_000_000
        ),
        "0 outside of their places",
    );
}

/// All that an error says, to people and to programs, down to its cause.
fn words(error: &dyn Error) -> String {
    let mut text = format!("{error:?}\n{error:#?}\n{error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}\n{error}\n{error:?}");
        cause = error.source();
    }
    text
}

fn importer() -> Importer {
    Importer::new(Options::new(Day::from_civil(2021, 4, 1).unwrap()).with_manifest(Manifest::synthea()))
}

#[test]
fn no_canary_is_in_an_error_of_the_import() {
    let importer = importer();
    let mut mint = Mint::new(3, &[]);
    let mut said = Vec::new();
    let mut keep = |how: String, result: Result<PatientChart, medproof_records::import::ImportError>| {
        let text = match &result {
            Ok(chart) => format!(
                "{chart:?} {:?} {}",
                chart.report,
                serde_json::to_string(&chart.report).unwrap()
            ),
            Err(error) => words(error),
        };
        said.push((how, text, result.is_err()));
    };
    for _ in 0..if full() { 8 } else { 1 } {
        for bad in broken(&mut mint) {
            keep(format!("{}, bundle", bad.how), importer.bundle(&bad.bytes, "bundle"));
            // The same as Bulk Data: resources of one type a file, here each alone.
            let Ok(bundle) = serde_json::from_slice::<Value>(&bad.bytes) else {
                continue;
            };
            let folder = tempfile::tempdir().unwrap();
            let mut files = Vec::new();
            for (n, entry) in bundle["entry"].as_array().into_iter().flatten().enumerate() {
                let path = folder.path().join(format!("{n}.ndjson"));
                fs::write(&path, entry["resource"].to_string()).unwrap();
                files.push(path);
            }
            if let Err(error) = importer.ndjson(&files) {
                keep(format!("{}, NDJSON", bad.how), Err(error));
            }
        }
    }
    let errors = said.iter().filter(|(_, _, is_error)| *is_error).count();
    let search = Search::new(&mint.canaries);
    let mut found = Found::default();
    for (how, text, _) in &said {
        found.look(&search, &mint.canaries, how, None, text.as_bytes());
    }
    found.none();
    assert!(errors > 100, "{errors}");
    evidence(
        "canaries in broken bundles and Bulk Data: errors with their causes, reports, Debug",
        format!(
            "{} canaries, {} files, {errors} refused",
            mint.canaries.len(),
            said.len()
        ),
        "0 found",
    );
}

/// What must not be said of a record: its salts, and what its holder and its issuer keep.
pub fn issuer_secrets(world: &World, record: &str) -> Vec<Canary> {
    let mut canaries = salts(world, record, "alice");
    canaries.extend(secrets(world, "alice-second.consent", &["grant_id", "signature"]));
    canaries.extend(secrets(world, "alice.invitation", &["code"]));
    canaries.extend(secrets(world, "medproof/issuer/account.json", &["secret"]));
    canaries
}

/// Of the request, in a consent.
const TERMS: [&str; 5] = ["audience", "purpose", "bound_to", "scope", "ledger"];

/// A message's JSON with one field changed: to text, a list, a number, an object, more, less.
pub fn changed(json: &Value, mint: &mut Mint) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let fields = json
        .as_object()
        .unwrap()
        .keys()
        .filter(|f| !TERMS.contains(&f.as_str()));
    let fields: Vec<String> = fields.cloned().collect();
    for field in fields.iter().map(String::as_str).chain(["a new one"]) {
        let hex = format!("0x{}", mint.word().repeat(4));
        let number: Value = serde_json::from_str(&mint.number()).unwrap();
        for value in [
            json!(mint.word()),
            json!(mint.sentence()),
            json!(mint.unicode()),
            json!([mint.word()]),
            json!({mint.word(): mint.word()}),
            json!(hex),
            number,
        ] {
            let mut bad = json.clone();
            bad[field] = value;
            out.push(bad.to_string().into_bytes());
        }
    }
    let key = mint.word();
    let mut bad = json.clone();
    bad[&key] = json!(mint.word());
    out.push(bad.to_string().into_bytes());
    let text = json.to_string();
    out.push(format!("{text}{}", mint.word()).into_bytes());
    out.push(format!("{}\"{}", &text[..text.len() - 1], mint.word()).into_bytes());
    out
}

/// One answered world, for what follows.
pub fn answered() -> (World, Vec<Canary>, Vec<String>) {
    let world = World::new("XS");
    let mut mint = Mint::new(5, &INPUTS);
    let ids = plant(&world, &mut mint, 1);
    let records = well(&world, &mut mint, &ids);
    (world, mint.canaries, records)
}

#[test]
fn no_canary_is_in_an_error_of_a_message_nor_in_a_panic() {
    let (world, canaries, records) = answered();
    errors_of_messages(&world);
    panics(&world, canaries, &records);
}

fn errors_of_messages(world: &World) {
    let mut mint = Mint::new(6, &[]);
    type Reader<'a> = Box<dyn Fn(&[u8]) -> Option<String> + 'a>;
    fn read<T, E: Error>(result: Result<T, E>) -> Option<String> {
        result.err().map(|e| words(&e))
    }
    let key_file = |bytes: &[u8]| {
        fs::write(world.path("key.holder"), bytes).unwrap();
        read(HolderKeys::load(&world.path("key.holder")))
    };
    fs::copy(world.path("alice.holder"), world.path("key.holder")).unwrap();
    let readers: [(&str, Reader<'_>); 8] = [
        ("alice-first.consent", Box::new(|b| read(ConsentMessage::from_json(b)))),
        ("alice.revocation", Box::new(|b| read(Revocation::from_json(b)))),
        ("alice.enrolment", Box::new(|b| read(Enrolment::from_json(b)))),
        ("alice.invitation", Box::new(|b| read(Invitation::from_json(b)))),
        ("alice.receipt", Box::new(|b| read(Receipt::from_json(b)))),
        ("alice.holder", Box::new(key_file)),
        ("first.request", Box::new(|b| read(SignedRequest::from_json(b)))),
        ("alice-first.json", Box::new(|b| read(Presentation::from_json(b)))),
    ];
    let mut said = Vec::new();
    // What is public is said when it is wrong: requests, presentations, and a request's terms in others.
    let secret = readers
        .iter()
        .filter(|(file, _)| !file.starts_with("first") && !file.ends_with(".json"));
    for (file, reader) in secret {
        let json: Value = serde_json::from_slice(&world.read(file)).unwrap();
        for bytes in changed(&json, &mut mint) {
            said.extend(reader(&bytes).map(|text| (*file, text)));
        }
    }
    // A chart in the place of any message.
    for _ in 0..10 {
        let mut chart = good(&mut mint);
        for kind in [json!(mint.word()), json!(mint.unicode()), json!([mint.word()])] {
            chart["type"] = kind;
            chart["version"] = json!(1);
            said.extend(
                readers
                    .iter()
                    .filter_map(|(file, reader)| Some((*file, reader(chart.to_string().as_bytes())?))),
            );
        }
    }
    let search = Search::new(&mint.canaries);
    let mut found = Found::default();
    for (file, text) in &said {
        found.look(&search, &mint.canaries, file, None, text.as_bytes());
    }
    found.none();
    assert!(said.len() > 300, "{}", said.len());
    evidence(
        "canaries in every field of eight messages and key files: errors with their causes",
        format!("{} canaries, {} errors", mint.canaries.len(), said.len()),
        "0 found",
    );
}

/// What any log could show of these values, and what a panic says that has them in its hands.
fn shown(values: Vec<(&'static str, Box<dyn Debug>)>) -> Vec<(&'static str, String)> {
    let mut said: Vec<_> = values
        .iter()
        .map(|(what, value)| (*what, format!("{value:?}\n{value:#?}")))
        .collect();
    let poisoned = AssertUnwindSafe(|| -> () { panic!("with these in hand: {values:?}") });
    let panicked = catch_unwind(poisoned).unwrap_err();
    said.push(("a panic", panicked.downcast_ref::<String>().unwrap().clone()));
    said
}

fn panics(world: &World, mut canaries: Vec<Canary>, records: &[String]) {
    canaries.extend(salts(world, &records[0], "alice"));
    for (file, fields) in [
        ("alice.invitation", &["code"][..]),
        ("alice.revocation", &["secret"]),
        ("alice-first.consent", &["grant_id", "signature"]),
        ("sponsor", &["signing_seed", "account_secret"]),
    ] {
        canaries.extend(secrets(world, file, fields));
    }
    let request = SignedRequest::from_json(&world.read("first.request"))
        .unwrap()
        .verify()
        .unwrap();
    let consent = ConsentMessage::from_json(&world.read("alice-first.consent")).unwrap();
    let open = || issuer(world).open_record(&records[0]).unwrap();
    let record = open();
    let signed = consent.verify(&request, &record.opening.holder.pk).unwrap().clone();
    let slots = assign(request.policy(), &record.facts).unwrap();
    let witness = Witness {
        record: record.opening.clone(),
        position: record.path.clone(),
        table: request.policy().table().clone(),
        request: *request.statement(),
        consent: signed.clone(),
        slots,
    };
    let keys = HolderKeys::load(&world.path("alice.holder")).unwrap();
    let audience = medproof_cli::keyfile::AudienceKeys::load(&world.path("sponsor")).unwrap();
    let chart = importer().bundle(&world.read("records/0001.json"), "chart").unwrap();
    let mut said = shown(vec![
        ("witness", Box::new(witness.clone())),
        ("slots", Box::new(witness.slots.to_vec())),
        ("consent", Box::new(consent)),
        ("signed consent", Box::new(signed)),
        ("leaves", Box::new(record.facts.leaves().to_vec())),
        ("facts", Box::new(record.facts.clone())),
        ("opening", Box::new(record.opening.clone())),
        ("record", Box::new(record)),
        ("another record", Box::new(open())),
        ("chart", Box::new(chart)),
        ("holder", Box::new(keys.holder())),
        ("signing key", Box::new(keys.signing())),
        ("audience's key", Box::new(audience.key)),
        ("account", Box::new(audience.account)),
        (
            "enrolment",
            Box::new(Enrolment::from_json(&world.read("alice.enrolment")).unwrap()),
        ),
        (
            "invitation",
            Box::new(Invitation::from_json(&world.read("alice.invitation")).unwrap()),
        ),
        (
            "receipt",
            Box::new(Receipt::from_json(&world.read("alice.receipt")).unwrap()),
        ),
        (
            "revocation",
            Box::new(Revocation::from_json(&world.read("alice.revocation")).unwrap()),
        ),
        (
            "master key",
            Box::new(LocalMasterKey::from_file(&world.path("medproof/issuer/master.key")).unwrap()),
        ),
    ]);
    said.push((
        "the issuer's errors",
        words(&issuer(world).open_record("nobody").unwrap_err()),
    ));
    let search = Search::new(&canaries);
    let mut found = Found::default();
    for (what, text) in &said {
        found.look(&search, &canaries, what, None, text.as_bytes());
    }
    found.none();
    // What is shown of a secret that does not hide itself is found.
    let nk = keys.holder().nk;
    let shows_itself = shown(vec![("key", Box::new(nk.expose()))]);
    assert!(
        shows_itself
            .iter()
            .all(|(_, text)| !search.find(text.as_bytes()).is_empty())
    );
    evidence(
        "panics and Debug output with secrets in hand",
        format!("{} values, {} canaries", said.len(), canaries.len()),
        "0 shown",
    );
}

#[test]
fn every_form_of_a_canary_is_found() {
    let mut mint = Mint::new(7, &[]);
    for _ in 0..3 {
        good(&mut mint);
        mint.bytes::<31>(&[]);
        mint.bytes::<32>(&[]);
    }
    let search = Search::new(&mint.canaries);
    let noise: Vec<u8> = (0..100_000).flat_map(|_| mint.next().to_le_bytes()).collect();
    let words: String = (0..20_000).map(|_| char::from(b'a' + mint.below(26) as u8)).collect();
    assert!(
        search.find(&noise).is_empty() && search.find(words.as_bytes()).is_empty(),
        "found by chance"
    );
    for (i, canary) in mint.canaries.iter().enumerate() {
        for (form, pattern) in canary.patterns() {
            let log = [&noise[i % 900..][..100], &pattern, &noise[..50]].concat();
            assert!(
                search.find(&log).iter().any(|h| h.canary == i && h.form == form),
                "{form} of {canary:?}"
            );
        }
    }
    // Base64 of a log line that has one somewhere inside.
    let text = format!("{{\"name\": {:?}}}", Path::new("x"));
    assert!(search.find(text.as_bytes()).is_empty());
    evidence(
        "the search itself: each form of each canary planted in noise",
        format!("{} patterns", search.patterns()),
        "all found; none in noise alone",
    );
}
