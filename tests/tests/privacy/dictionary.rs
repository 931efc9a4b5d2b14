//! A dictionary of all plausible facts and keys against everything that is published.
//!
//! The attacker is given more than anybody has: beside what is published, other patients' receipts
//! (they hold the commitments of neighbours), the victim's own receipt, every hash of the victim's
//! tree of facts, which nobody ever publishes, and where in it each fact stands. All that is kept
//! from it are the salts and the nullifier key. The same search with those finds everything.

use crate::fhir::{bundle, concept, patient};
use crate::world::{TODAY, World};
use crate::{evidence, full};
use medproof_e2e::{library, root, unpack};
use medproof_messages::{ConsentMessage, SignedRequest};
use medproof_records::import::{Importer, Manifest, Options, PatientChart};
use medproof_records::issuer::{Issuer, OpenedRecord, Receipt};
use medproof_records::vault::LocalMasterKey;
use medproof_statement::codeset::CodeSet;
use medproof_statement::concept::{Concept, Kind, System};
use medproof_statement::day::Day;
use medproof_statement::fact::{Fact, Leaf};
use medproof_statement::hash::digest;
use medproof_statement::holder::{Holder, NullifierKey};
use medproof_statement::record::{Facts, RecordOpening};
use medproof_statement::value::Value;
use medproof_statement::{Fr, field};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::LazyLock;

/// A patient of the test population, with hundreds of facts.
const VICTIM: &str = "b4a36fff-6981-496a-a0d3-b274dd4b363a";
/// With a birth date, a sex and an insurance, under a pseudonym of 64 bits.
const INSURED: &str = "insured";
const PSEUDONYM: u64 = 0x0123_4567_89ab_cdef;
const OTHERS: [&str; 2] = ["other-1", "other-2"];

type Word = [u8; 32];

struct Stage {
    world: World,
    /// Every run of 32 bytes in anything published, hexadecimal digits read too.
    published: HashSet<Word>,
    population: Vec<PatientChart>,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let world = World::new("XS");
    let bundles: BTreeMap<String, Vec<u8>> = unpack(&root().join("tests/data/synthea-30.tar.xz"), ".json")
        .unwrap()
        .into_iter()
        .collect();
    let victim = bundles.iter().find(|(name, _)| name.contains(VICTIM)).unwrap().1;
    world.write("records/victim.json", victim);
    world.write("records/insured.json", insured().to_string());
    for other in OTHERS {
        world.write(
            &format!("records/{other}.json"),
            bundle(patient(other, "1966-06-06"), []).to_string(),
        );
    }
    world.ok(&format!(
        "issuer import --records records --complete synthea --issued-on {TODAY}"
    ));
    for who in [OTHERS[0], VICTIM, INSURED, OTHERS[1]] {
        world.enroll(who, who);
    }
    world.ok("issuer anchor");
    for (request, scope) in [("r1", "trial-1"), ("r2", "trial-2")] {
        world.request(request, &format!("--claim adult --scope {scope}"));
        for who in [VICTIM, INSURED] {
            world.consent(who, request);
            world.prove(who, who, request, "bin").ok();
            world.prove(who, who, request, "json").ok();
        }
    }
    let opened = world.ok("ledger open-request --request r1.request --audience sponsor");
    let audience = opened["audience"].as_str().unwrap();
    world.ok(&format!(
        "ledger submit --presentation {VICTIM}-r1.bin --request r1.request --audience {audience}"
    ));
    // A revocation publishes its preimage.
    world.ok(&format!(
        "holder revoke --holder {VICTIM}.holder --consent {VICTIM}-r2.consent --out revocation"
    ));
    world.ok(&format!(
        "holder revoke --holder {VICTIM}.holder --consent {VICTIM}-r2.consent"
    ));
    // Another version, under another epoch.
    world.ok(&format!(
        "issuer update --records records/victim.json --complete synthea --issued-on {TODAY}"
    ));
    world.ok("issuer anchor");
    for who in OTHERS.into_iter().chain([VICTIM, INSURED]) {
        world.ok(&format!("issuer receipt {who} --out {who}.receipt"));
    }
    let mut published = HashSet::new();
    for file in world.files() {
        let name = file.strip_prefix(world.dir.path()).unwrap();
        if is_published(name) {
            windows(&std::fs::read(&file).unwrap(), &mut published);
        }
    }
    for run in world.runs() {
        windows(run.out.as_bytes(), &mut published);
    }
    let importer = Importer::new(Options::new(today()).with_manifest(Manifest::synthea()));
    let population = bundles
        .iter()
        .map(|(name, bytes)| importer.bundle(bytes, name).unwrap())
        .collect();
    Stage {
        world,
        published,
        population,
    }
});

fn today() -> Day {
    Day::from_civil(2021, 4, 1).unwrap()
}

fn insured() -> serde_json::Value {
    let coverage = json!({
        "resourceType": "Coverage", "id": "cover", "status": "active", "period": {"start": "2015-01-01"},
        "type": concept("urn:medproof:internal", "PRIVATE"),
        "identifier": [{"system": "urn:medproof:member-pseudonym", "value": format!("{PSEUDONYM:016x}")}],
    });
    bundle(patient(INSURED, "1957-03-14"), [coverage])
}

/// The ledger, answers, requests, revocations, and receipts: the victim's and others'.
fn is_published(file: &Path) -> bool {
    let ending = file.extension().and_then(|e| e.to_str());
    file.starts_with("medproof/ledger")
        || matches!(ending, Some("bin" | "json" | "request" | "receipt")) && file.components().count() == 1
        || file == Path::new("revocation")
}

fn windows(bytes: &[u8], into: &mut HashSet<Word>) {
    let mut add = |bytes: &[u8]| into.extend(bytes.windows(32).map(|w| Word::try_from(w).unwrap()));
    add(bytes);
    for digits in bytes.split(|b| !b.is_ascii_hexdigit()).filter(|d| d.len() >= 64) {
        for start in 0..2 {
            let even = &digits[start..];
            add(&hex::decode(&even[..even.len() & !1]).unwrap());
        }
    }
}

fn with_issuer<T>(read: impl FnOnce(&Issuer) -> T) -> T {
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE.lock();
    let world = &STAGE.world;
    let master = LocalMasterKey::from_file(&world.path("medproof/issuer/master.key")).unwrap();
    read(&Issuer::open(&world.path("medproof/issuer/vault"), Box::new(master)).unwrap())
}

fn opened(who: &str) -> OpenedRecord {
    with_issuer(|issuer| issuer.open_record(who).unwrap())
}

fn known(words: impl IntoIterator<Item = Fr>) -> HashSet<Word> {
    words.into_iter().map(|x| field::to_bytes(&x)).collect()
}

/// What each fact might be instead: another day, another value, another concept, all that the
/// population has.
fn candidates(leaf: &Leaf, population: &Population, most: usize) -> Vec<Leaf> {
    let fact = leaf.fact;
    let mut out = vec![*leaf];
    let mut push = |fact: Fact| out.push(Leaf { fact, ..*leaf });
    let readings = population.readings.get(&fact.concept);
    for (value, until) in readings.into_iter().flatten() {
        push(Fact {
            value: *value,
            until: *until,
            ..fact
        });
    }
    let of_kind = population
        .concepts
        .iter()
        .filter(|(c, _)| c.kind() == fact.concept.kind());
    for (concept, value) in of_kind {
        push(Fact {
            concept: *concept,
            value: *value,
            ..fact
        });
        push(Fact {
            concept: *concept,
            ..fact
        });
    }
    for days in 1..=most as u32 {
        for date in [fact.date.0.saturating_sub(days), fact.date.0 + days] {
            push(Fact {
                date: Day(date),
                since: Day(date),
                ..fact
            });
        }
    }
    out.truncate(most);
    out
}

struct Population {
    readings: BTreeMap<Concept, BTreeSet<(Value, Day)>>,
    concepts: BTreeSet<(Concept, Value)>,
}

impl Population {
    fn of(charts: &[PatientChart]) -> Population {
        let mut readings: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for fact in charts.iter().flat_map(|c| &c.facts) {
            readings
                .entry(fact.concept)
                .or_default()
                .insert((fact.value, fact.until));
        }
        let concepts = readings
            .iter()
            .flat_map(|(c, of)| of.iter().take(3).map(|(v, _)| (*c, *v)))
            .collect();
        Population { readings, concepts }
    }
}

#[test]
fn no_fact_is_found_in_what_is_published() {
    let stage = &*STAGE;
    let record = opened(VICTIM);
    let population = Population::of(&stage.population);
    let leaves: Vec<Leaf> = record.facts.leaves()[1..].to_vec();
    // Given to the attacker, though never published: every hash of the tree of facts.
    let mut target = stage.published.clone();
    target.extend(tree_hashes(&record.facts));
    let wanted = if full() { 400_000 } else { 160_000 };
    let each = wanted / leaves.len();
    let guesses: Vec<Leaf> = leaves
        .iter()
        .flat_map(|leaf| candidates(leaf, &population, each))
        .collect();
    let distinct: HashSet<_> = guesses.iter().map(|l| (l.fact, l.next)).collect();
    assert!(distinct.len() >= 100_000, "{}", distinct.len());

    // Salts that are none: zero, and what the attacker can see.
    let own = record.opening.salt;
    let guessed_salts = [
        Fr::from(0u64),
        Fr::from(1u64),
        own,
        record.facts.root(),
        record.opening.holder.commit(),
    ];
    let hits = search(&guesses, &guessed_salts[..if full() { 3 } else { 1 }], &target);
    assert!(hits.is_empty(), "{} facts found without their salts", hits.len());

    // With its salt each fact is found, and nothing else is.
    let salted: Vec<Leaf> = guesses.iter().filter(|l| leaves.contains(l)).copied().collect();
    let found: HashSet<Fact> = guesses
        .par_iter()
        .filter(|l| target.contains(&field::to_bytes(&l.hash())))
        .map(|l| l.fact)
        .collect();
    assert_eq!(found, salted.iter().map(|l| l.fact).collect::<HashSet<_>>());
    assert_eq!(found.len(), leaves.len());

    // Without salts, the same search would have found the whole chart.
    let facts: Vec<Fact> = leaves.iter().map(|l| l.fact).collect();
    let bare = Facts::new(&facts, &vec![Fr::from(0u64); facts.len() + 1]).unwrap();
    let hits = search(&guesses, &guessed_salts[..1], &tree_hashes(&bare).collect());
    assert_eq!(hits, facts.iter().copied().collect());
    evidence(
        "dictionary of facts (all concepts, values and days of the population) against every 32 published bytes and the victim's own tree",
        format!("{} facts, {} published words", distinct.len(), stage.published.len()),
        &format!(
            "0 found; {} of {} with the salts, or without any",
            found.len(),
            leaves.len()
        ),
    );
}

fn search(guesses: &[Leaf], salts: &[Fr], target: &HashSet<Word>) -> HashSet<Fact> {
    let hit = |leaf: &&Leaf| {
        salts
            .iter()
            .any(|salt| target.contains(&field::to_bytes(&Leaf { salt: *salt, ..**leaf }.hash())))
    };
    guesses.par_iter().filter(hit).map(|l| l.fact).collect()
}

/// Leaves and siblings on every path: all nodes but the root, and the root.
fn tree_hashes(facts: &Facts) -> impl Iterator<Item = Word> {
    let leaves = facts.leaves().iter().map(Leaf::hash);
    let nodes = (0..facts.leaves().len()).flat_map(|i| facts.path(i).unwrap().siblings.into_iter().flatten());
    let all: HashSet<Word> = known(leaves.chain(nodes).chain([facts.root()]));
    all.into_iter()
}

/// Commits to a whole chart as the issuer would with these salts.
fn commit(facts: &[Fact], salts: &[Fr], opening: &RecordOpening, record_salt: Fr) -> [Word; 2] {
    let facts_root = Facts::new(facts, salts).unwrap().root();
    let mut record = opening.clone();
    record.facts_root = facts_root;
    record.salt = record_salt;
    [field::to_bytes(&facts_root), field::to_bytes(&record.commit())]
}

/// Everything of the chart is known but the birth date, and the receipt leaked.
#[test]
fn no_birth_date_is_found_under_a_leaked_receipt() {
    let stage = &*STAGE;
    let record = opened(INSURED);
    let facts: Vec<Fact> = record.facts.leaves()[1..].iter().map(|l| l.fact).collect();
    let salts: Vec<Fr> = record.facts.leaves().iter().map(|l| l.salt).collect();
    let pseudonym = Value::pseudonym(PSEUDONYM);
    assert!(
        facts.iter().any(|f| f.value == pseudonym),
        "the insurance is in the chart"
    );
    let born = Day::from_civil(1957, 3, 14).unwrap();
    let at = facts.iter().position(|f| f.date == born).expect("the birth date");
    let days: Vec<u32> = if full() {
        (born.0 - 22_000..born.0 + 22_000).collect()
    } else {
        (born.0 - 2_000..born.0 + 2_000).collect()
    };
    let with = |day: u32| {
        let mut facts = facts.clone();
        facts[at].date = Day(day);
        facts[at].since = Day(day);
        facts
    };
    let none = vec![Fr::from(0u64); salts.len()];
    let opening = &record.opening;
    let find = |salts: &[Fr], target: &HashSet<Word>| -> Vec<u32> {
        let hit = |day: &&u32| {
            commit(&with(**day), salts, opening, opening.salt)
                .iter()
                .any(|w| target.contains(w))
        };
        days.par_iter().filter(hit).copied().collect()
    };
    assert_eq!(find(&none, &stage.published), Vec::<u32>::new());
    // With the salts the receipt and the neighbours' paths give the day away; without any they would too.
    assert_eq!(find(&salts, &stage.published), [born.0]);
    let bare = commit(&facts, &none, opening, opening.salt).into_iter().collect();
    assert_eq!(find(&none, &bare), [born.0]);
    // The neighbours' receipts do hold the record's commitment: it is there to be tried.
    assert!(stage.published.contains(&field::to_bytes(&opening.commit())));
    let receipt = Receipt::from_json(&stage.world.read(&format!("{}.receipt", OTHERS[0]))).unwrap();
    assert!(
        receipt.path.siblings[0].contains(&opening.commit()),
        "a neighbour's receipt"
    );
    evidence(
        "dictionary of birth dates against commitments, all else of the chart known and the receipt leaked",
        format!("{} days", days.len()),
        "0 found; the one with the salts, or without any",
    );
}

/// Keys that somebody might try: whatever is published, and whatever identifies a patient.
fn guessed_keys(stage: &Stage, who: &[&str]) -> Vec<Fr> {
    let mut keys: Vec<Fr> = (0..10_000u64).map(Fr::from).collect();
    let days = (0..70_000u64).step_by(if full() { 1 } else { 10 });
    keys.extend(days.map(Fr::from));
    let domains = [
        "",
        "nk",
        "medproof/v1/nk",
        "medproof/v1/nullifier",
        "medproof/v1/audience",
        "medproof/v1/scope",
    ];
    let names = who.iter().map(|w| (*w).to_owned());
    let names = names.chain(stage.world.runs().into_iter().flat_map(|r| {
        r.out
            .split('"')
            .map(str::to_owned)
            .filter(|w| w.len() > 3)
            .collect::<Vec<_>>()
    }));
    for name in names.collect::<BTreeSet<_>>() {
        keys.extend(domains.iter().map(|d| digest(d, &[name.as_bytes()])));
        let mut bytes = [0; 31];
        let len = name.len().min(31);
        bytes[..len].copy_from_slice(&name.as_bytes()[..len]);
        keys.push(NullifierKey::from_bytes(&bytes).expose());
    }
    keys.extend(stage.published.iter().filter_map(|w| field::from_bytes(w).ok()));
    keys
}

#[test]
fn no_nullifier_key_is_found_in_what_is_published() {
    let stage = &*STAGE;
    let world = &stage.world;
    let holder = opened(VICTIM).opening.holder.clone();
    let request = |name: &str| {
        SignedRequest::from_json(&world.read(&format!("{name}.request")))
            .unwrap()
            .verify()
            .unwrap()
    };
    let scopes: Vec<Fr> = ["r1", "r2"].map(|r| request(r).statement().scope).to_vec();
    // Consents too are given to the attacker: their messages are what handles are made of.
    let consents: Vec<Fr> = ["r1", "r2"]
        .map(|r| {
            ConsentMessage::from_json(&world.read(&format!("{VICTIM}-{r}.consent")))
                .unwrap()
                .message()
        })
        .to_vec();
    let made_of = |nk: Fr| {
        let bytes = field::to_bytes(&nk);
        let nk = NullifierKey::from_bytes(bytes[1..].try_into().unwrap());
        let holder = Holder { nk, ..holder.clone() };
        let mut made = vec![holder.commit()];
        made.extend(scopes.iter().map(|s| holder.nullifier(*s)));
        for consent in &consents {
            made.extend([holder.handle(*consent), holder.revocation_secret(*consent)]);
        }
        made
    };
    let is_hit = |nk: &Fr| {
        made_of(*nk)
            .iter()
            .any(|x| stage.published.contains(&field::to_bytes(x)))
    };
    let keys = guessed_keys(stage, &[VICTIM, INSURED, OTHERS[0], OTHERS[1]]);
    // Keys have 248 bits.
    let keys: Vec<Fr> = keys
        .into_iter()
        .filter(|k| field::to_bytes(k)[0] == 0)
        .chain(small_parts(stage))
        .collect();
    let hits: Vec<&Fr> = keys.par_iter().filter(|k| is_hit(k)).collect();
    assert!(hits.is_empty(), "a nullifier key is published");
    let found = made_of(holder.nk.expose());
    let found = found
        .iter()
        .filter(|x| stage.published.contains(&field::to_bytes(x)))
        .count();
    // The holder's commitment is in the receipt; two nullifiers, two handles; one preimage was published.
    assert_eq!(found, 6, "with the key all is found");
    evidence(
        "dictionary of nullifier keys (numbers, days, identifiers hashed and plain, every published word) against nullifiers, handles, holder commitments",
        format!(
            "{} keys, {} scopes, {} consents",
            keys.len(),
            scopes.len(),
            consents.len()
        ),
        "0 found; all 6 with the key",
    );
}

/// The last 31 bytes of every published word, as a key.
fn small_parts(stage: &Stage) -> impl Iterator<Item = Fr> {
    let most = if full() { usize::MAX } else { 40_000 };
    stage
        .published
        .iter()
        .take(most)
        .map(|w| NullifierKey::from_bytes(w[1..].try_into().unwrap()).expose())
}

#[test]
fn what_is_public_by_design_is_found() {
    let stage = &*STAGE;
    let found = |x: &Fr| stage.published.contains(&field::to_bytes(x));
    let request = SignedRequest::from_json(&stage.world.read("r1.request"))
        .unwrap()
        .verify()
        .unwrap();
    assert!(found(&request.policy_digest()) && found(&request.request_digest()) && found(&request.statement().scope));
    // A code set is part of the readable claim: whoever has the claim computes its root.
    let claim: serde_json::Value = serde_json::from_slice(
        &std::fs::read(root().join("circuits/claims/library/trial_eligibility_t1.json")).unwrap(),
    )
    .unwrap();
    let codes = claim["code_sets"]["malignancy"]["codes"]["any_of"].as_array().unwrap();
    let code =
        |c: &serde_json::Value| Concept::parse(Kind::Condition, System::Snomed, c["code"].as_str().unwrap()).unwrap();
    let set = CodeSet::new(codes.iter().map(code)).unwrap();
    let policy = library("trial_eligibility_t1").unwrap().compile(today(), None).unwrap();
    assert!(
        policy
            .table()
            .criteria()
            .iter()
            .any(|row| row.set_root == Some(set.root()))
    );
    evidence(
        "what is public by design, recomputed by anybody",
        "policy, request, scope, code set",
        "found",
    );
}
