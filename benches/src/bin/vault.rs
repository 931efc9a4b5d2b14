//! What the issuer's vault costs beside the hashing that it cannot do without, and how a registry of ten
//! million leaves behaves. `cargo run --release -p medproof-benches --bin vault`, or with `import 100000`
//! or `registry 10000000` for one table, which is measured in a process of its own.
//!
//! Charts are those of `../shared/data`'s patients, each with other dates for every synthetic patient.

use lzma_rust2::XzReader;
use medproof_lanes::poseidon2::Lanes;
use medproof_records::import::{Importer, Manifest, Options, PatientChart};
use medproof_records::issuer::{Enrolment, Issuer};
use medproof_records::measuring::set_leaves;
use medproof_records::salts::RecordSecret;
use medproof_records::vault::LocalMasterKey;
use medproof_statement::day::Day;
use medproof_statement::eddsa::SigningKey;
use medproof_statement::holder::{Holder, NullifierKey};
use medproof_statement::record::{Facts, RecordOpening, empty_record};
use medproof_statement::tree::{REGISTRY_DEPTH, Tree};
use medproof_statement::{Fr, SCHEMA};
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use std::error::Error;
use std::fs::File;
use std::io::{Read, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How many patients come in at a time: two transactions, one of charts and one of keys.
const BATCH: usize = 4000;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let text = match arguments.as_slice() {
        [] => alone(&["import", "100000"])? + "\n" + &alone(&["registry", "10000000"])?,
        ["import", patients] => import(patients.parse()?)?,
        ["registry", leaves] => registry(leaves.parse()?)?,
        _ => return Err("usage: vault | vault import PATIENTS | vault registry LEAVES".into()),
    };
    Ok(stdout().write_all(text.as_bytes())?)
}

// In a process of its own, whose memory is measured.
fn alone(arguments: &[&str]) -> Outcome<String> {
    let output = Command::new(std::env::current_exe()?).args(arguments).output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

fn master() -> Box<LocalMasterKey> {
    Box::new(LocalMasterKey::from_bytes([7; 32]))
}

// Beside the build, not in a temporary folder that may be in memory.
fn folder() -> Outcome<tempfile::TempDir> {
    let beside = std::env::current_exe()?;
    Ok(tempfile::tempdir_in(beside.parent().ok_or("a folder")?)?)
}

fn import(patients: usize) -> Outcome<String> {
    let start = Instant::now();
    let charts = charts()?;
    let reading = start.elapsed();
    let real = charts.len();
    let folder = folder()?;
    let place = folder.path().join("vault");
    let mut issuer = Issuer::create(&place, master(), "hospital")?;
    let mut batches = Vec::new();
    let mut leaves = Vec::new();
    for first in (0..patients).step_by(BATCH) {
        let numbers = first..patients.min(first + BATCH);
        let charts: Vec<PatientChart> = numbers
            .clone()
            .map(|n| varied(&charts[n % real], n, n / real))
            .collect();
        let batch = Batch::run(&mut issuer, &charts, numbers.collect(), &mut leaves)?;
        batches.push(batch);
    }
    let start = Instant::now();
    let tree = Tree::<REGISTRY_DEPTH>::from_leaves_by(empty_record(), leaves, &Lanes)?;
    let tree_took = start.elapsed();
    assert_eq!(tree.len(), patients as u64);
    let (anchored, opened) = (anchored(&mut issuer)?, reopened(issuer, &place)?);
    let facts: usize = batches.iter().map(|b| b.facts).sum();
    let total = |of: fn(&Batch) -> Duration| batches.iter().map(of).sum::<Duration>();
    let (bare, imported, enrolled) = (
        total(|b| b.bare) + tree_took,
        total(|b| b.imported),
        total(|b| b.enrolled),
    );
    let mut ratios: Vec<f64> = batches.iter().map(Batch::ratio).collect();
    ratios.sort_by(f64::total_cmp);
    let each = |time: Duration| {
        format!(
            "{:.2} | {:.0}",
            1e3 * time.as_secs_f64() / patients as f64,
            patients as f64 / time.as_secs_f64()
        )
    };
    let mut out = format!(
        "{patients} patients, {:.0} facts each on average, {} threads, in batches of {BATCH}; {} on disk, {:.0} MB of memory at most.\n\n\
         | what | ms a patient | patients a second |\n|---|---:|---:|\n",
        facts as f64 / patients as f64,
        rayon::current_num_threads(),
        on_disk(folder.path())?,
        peak_memory()?,
    );
    out += &format!("| bare hashing: facts, records, registry | {} |\n", each(bare));
    out += &format!("| importing: sealed and durable | {} |\n", each(imported));
    out += &format!(
        "| enrolling: signatures checked, committed, sealed and durable | {} |\n",
        each(enrolled)
    );
    out += &format!("| both | {} |\n\n", each(imported + enrolled));
    out += &format!(
        "Both at {:.2} times the bare rate; batch by batch, the bare hashing beside it: median {:.2}, lowest {:.2}, highest {:.2}. \
         Staged and anchored in {:.0} ms; opened in {:.0} ms. Reading the {real} real patients' FHIR, which is in none of these: \
         {:.1} ms a patient on one thread.\n",
        bare.as_secs_f64() / (imported + enrolled).as_secs_f64(),
        ratios[ratios.len() / 2],
        ratios[0],
        ratios[ratios.len() - 1],
        ms(anchored),
        ms(opened),
        ms(reading) / real as f64,
    );
    Ok(out)
}

struct Batch {
    facts: usize,
    bare: Duration,
    imported: Duration,
    enrolled: Duration,
}

impl Batch {
    // The hashing alone, before the vault or after it by turns, for the machine is not the same for long.
    fn run(issuer: &mut Issuer, charts: &[PatientChart], numbers: Vec<usize>, leaves: &mut Vec<Fr>) -> Outcome<Batch> {
        let bare_first = (numbers[0] / BATCH).is_multiple_of(2);
        let mut bare = Duration::ZERO;
        if bare_first {
            bare = hashed(charts, leaves)?;
        }
        let start = Instant::now();
        issuer.import(charts)?;
        let imported = start.elapsed();
        let enrolments = numbers
            .into_par_iter()
            .map(|n| enrolment(issuer, &charts[n % BATCH].patient_id, n))
            .collect::<Outcome<Vec<Enrolment>>>()?;
        let named: Vec<(&str, &Enrolment)> = charts.iter().map(|c| c.patient_id.as_str()).zip(&enrolments).collect();
        let start = Instant::now();
        issuer.enroll_many(&named)?;
        let enrolled = start.elapsed();
        if !bare_first {
            bare = hashed(charts, leaves)?;
        }
        Ok(Batch {
            facts: charts.iter().map(|c| c.facts.len()).sum(),
            bare,
            imported,
            enrolled,
        })
    }

    fn ratio(&self) -> f64 {
        self.bare.as_secs_f64() / (self.imported + self.enrolled).as_secs_f64()
    }
}

// Facts' trees and commitments, with the same hasher on the same threads; salts and holders are there.
fn hashed(charts: &[PatientChart], leaves: &mut Vec<Fr>) -> Outcome<Duration> {
    let holder = holder(1).0;
    let secret = RecordSecret::from_bytes([3; 32]);
    let prepared: Vec<_> = charts
        .iter()
        .map(|chart| (chart, secret.leaf_salts(2, chart.facts.len())))
        .collect();
    let start = Instant::now();
    let made = prepared.par_iter().map(|(chart, salts)| {
        let opening = RecordOpening {
            facts_root: Facts::new_by(&chart.facts, salts, &Lanes)?.root(),
            holder: holder.clone(),
            coverage: chart.coverage,
            schema: SCHEMA,
            issued_on: chart.issued_on,
            salt: salts[0],
        };
        Ok(opening.commit())
    });
    leaves.extend(made.collect::<Outcome<Vec<Fr>>>()?);
    Ok(start.elapsed())
}

fn holder(n: usize) -> (Holder, SigningKey) {
    let mut seed = [1; 32];
    seed[..8].copy_from_slice(&n.to_be_bytes());
    let mut nk = [2; 31];
    nk[..8].copy_from_slice(&n.to_be_bytes());
    let key = SigningKey::from_bytes(seed);
    let pk = key.public();
    let holder = Holder {
        pk,
        emergency_pk: pk,
        nk: NullifierKey::from_bytes(&nk),
    };
    (holder, key)
}

fn enrolment(issuer: &Issuer, patient: &str, n: usize) -> Outcome<Enrolment> {
    let (holder, key) = holder(n);
    Ok(Enrolment::sign(holder, &key, &issuer.invitation(patient)?)?)
}

fn anchored(issuer: &mut Issuer) -> Outcome<Duration> {
    let start = Instant::now();
    let anchor = issuer.pending_root()?;
    issuer.mark_anchored(anchor.epoch, anchor.root)?;
    Ok(start.elapsed())
}

fn reopened(issuer: Issuer, place: &Path) -> Outcome<Duration> {
    drop(issuer);
    let start = Instant::now();
    Issuer::open(place, master())?;
    Ok(start.elapsed())
}

fn registry(leaves: u64) -> Outcome<String> {
    const TRANSACTION: u64 = 500_000;
    let folder = folder()?;
    let place = folder.path().join("vault");
    let mut issuer = Issuer::create(&place, master(), "hospital")?;
    let start = Instant::now();
    for first in (0..leaves).step_by(TRANSACTION as usize) {
        let all = first..leaves.min(first + TRANSACTION);
        set_leaves(&mut issuer, all.map(|i| (i, Some(Fr::from(i + 1)))).collect())?;
    }
    let filled = start.elapsed();
    anchored(&mut issuer)?;
    drop(issuer);
    let (mut openings, mut updates, mut anchorings) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..9u64 {
        let start = Instant::now();
        let mut issuer = Issuer::open(&place, master())?;
        openings.push(start.elapsed());
        // Spread over all of the tree; each round elsewhere.
        let place = |i: u64| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ round) % leaves;
        let changes = (0..1000)
            .map(|i| (place(i + 1000 * round), Some(Fr::from(round + 77))))
            .collect();
        let start = Instant::now();
        set_leaves(&mut issuer, changes)?;
        updates.push(start.elapsed());
        anchorings.push(anchored(&mut issuer)?);
    }
    let median = |mut all: Vec<Duration>| {
        all.sort();
        format!("{:.0} | {:.0}", ms(all[all.len() / 2]), ms(all[all.len() - 1]))
    };
    let mut out = format!(
        "{leaves} leaves; {} on disk, {:.0} MB of memory at most (while they were filled in, {TRANSACTION} at a time, {:.0} s in all).\n\n\
         | what | ms, median of 9 | at most |\n|---|---:|---:|\n",
        on_disk(folder.path())?,
        peak_memory()?,
        filled.as_secs_f64(),
    );
    out += &format!("| opened, after 1,000 leaves were changed | {} |\n", median(openings));
    out += &format!("| 1,000 leaves changed, durably | {} |\n", median(updates));
    out += &format!("| staged and anchored, durably | {} |\n", median(anchorings));
    Ok(out)
}

// Another patient's chart: every day later by as many days.
fn varied(chart: &PatientChart, number: usize, days: usize) -> PatientChart {
    let later = |day: Day| Day(day.0 + days as u32);
    let mut facts = chart.facts.clone();
    for fact in &mut facts {
        (fact.date, fact.since) = (later(fact.date), later(fact.since));
        if fact.until != Day::OPEN {
            fact.until = later(fact.until);
        }
    }
    PatientChart {
        patient_id: format!("synthetic-{number}"),
        facts,
        coverage: chart.coverage,
        issued_on: later(chart.issued_on),
        report: Default::default(),
    }
}

fn charts() -> Outcome<Vec<PatientChart>> {
    let archive = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/synthea-502.tar.xz");
    let file = File::open(&archive).map_err(|_| "SKIPPED: ../shared/data is absent, and nothing was measured")?;
    let issued_on = Day::from_civil(2021, 4, 1).ok_or("a day")?;
    let importer = Importer::new(Options::new(issued_on).with_manifest(Manifest::synthea()));
    let mut charts = Vec::new();
    for entry in tar::Archive::new(XzReader::new(file, true)).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            charts.push(importer.bundle(&bytes, "a bundle")?);
        }
    }
    Ok(charts)
}

// What the files take, holes left out.
fn on_disk(folder: &Path) -> Outcome<String> {
    let output = Command::new("du").args(["-s", "--block-size=1"]).arg(folder).output()?;
    let bytes: f64 = String::from_utf8(output.stdout)?
        .split_whitespace()
        .next()
        .ok_or("du")?
        .parse()?;
    Ok(format!("{:.0} MB", bytes / 1e6))
}

// Of this process so far, in MB.
fn peak_memory() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: f64 = line.ok_or("no VmHWM")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
