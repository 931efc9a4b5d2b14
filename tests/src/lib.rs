//! Patients and expected answers for tests: the repository's own, and the full data beside it.

use lzma_rust2::XzReader;
use medproof_claims::Claim;
use medproof_records::import::{Importer, Manifest, Options, PatientChart};
use medproof_statement::Fr;
use medproof_statement::day::Day;
use medproof_statement::record::Facts;
use serde_json::Value;
use std::collections::BTreeSet;
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Any error of a test's preparation.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A program of npm's packages for circom: `snarkjs` or `circom2`.
#[must_use]
pub fn circom_tool(name: &str) -> PathBuf {
    root().join("tests/circom/node_modules/.bin").join(name)
}

/// Whether snarkjs and circom are there. Without them tests are skipped, loudly, and fail where `CI` is
/// set.
///
/// # Errors
/// Where CI is set and they are not there.
pub fn circom_tools() -> Result<bool, Failure> {
    if circom_tool("snarkjs").exists() && circom_tool("circom2").exists() {
        return Ok(true);
    }
    let missing = "snarkjs and circom2 are not installed: run `npm ci` in tests/circom";
    if std::env::var_os("CI").is_some() {
        return Err(missing.into());
    }
    std::io::Write::write_all(&mut std::io::stderr(), format!("SKIPPED: {missing}\n").as_bytes())?;
    Ok(false)
}

/// The full data beside the repository: present in CI, where its absence fails; elsewhere skipped
/// loudly.
///
/// # Errors
/// Where CI is set and the data is not there.
pub fn full_data() -> Result<Option<PathBuf>, Failure> {
    let folder = root().join("../shared/data");
    if folder.is_dir() {
        return Ok(Some(folder));
    }
    if std::env::var_os("CI").is_some() {
        return Err("CI is set, but ../shared/data is absent: tests over all patients must run there".into());
    }
    let line = "=".repeat(78);
    let note = "SKIPPED: ../shared/data is absent; the tests over all patients did not run.";
    std::io::Write::write_all(&mut std::io::stderr(), format!("{line}\n{note}\n{line}\n").as_bytes())?;
    Ok(None)
}

/// The files of a `.tar.xz` whose names end so, with their names, sorted.
///
/// # Errors
/// Those of reading and unpacking.
pub fn unpack(archive: &Path, ending: &str) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut files = Vec::new();
    for entry in tar::Archive::new(XzReader::new(File::open(archive)?, true)).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        if name.ends_with(ending) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            files.push((name, bytes));
        }
    }
    files.sort();
    Ok(files)
}

/// Every Synthea bundle of an archive as a chart read on this day.
///
/// # Errors
/// Those of unpacking and importing.
pub fn synthea(archive: &Path, issued_on: Day) -> Result<Vec<PatientChart>, Failure> {
    let importer = Importer::new(Options::new(issued_on).with_manifest(Manifest::synthea()));
    let bundles = unpack(archive, ".json")?;
    bundles
        .iter()
        .map(|(name, bytes)| Ok(importer.bundle(bytes.as_slice(), name)?))
        .collect()
}

/// A chart's facts with salts of no secret.
///
/// # Errors
/// Where the importer's facts are out of order.
pub fn committed(chart: &PatientChart) -> Result<Facts, Failure> {
    let salts: Vec<Fr> = (1..=chart.facts.len() as u64 + 1).map(Fr::from).collect();
    Ok(Facts::new(&chart.facts, &salts)?)
}

/// A claim of the library, by its file's name without `.json`.
///
/// # Errors
/// Where there is none, or it is refused.
pub fn library(name: &str) -> Result<Claim, Failure> {
    let file = root().join("circuits/claims/library").join(format!("{name}.json"));
    let bytes = std::fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(Claim::parse(&bytes)?)
}

/// Every patient of an archive of NDJSON files as a chart read on this day; a kind is complete
/// where its file is there.
///
/// # Errors
/// Those of unpacking and importing.
pub fn ndjson(archive: &Path, issued_on: Day) -> Result<Vec<PatientChart>, Failure> {
    let folder = tempfile::tempdir()?;
    let mut files = Vec::new();
    for (i, (name, bytes)) in unpack(archive, ".ndjson")?.into_iter().enumerate() {
        let plain = Path::new(&name)
            .file_name()
            .map_or_else(|| format!("{i}.ndjson").into(), ToOwned::to_owned);
        let path = folder.path().join(plain);
        std::fs::write(&path, bytes)?;
        files.push(path);
    }
    let importer = Importer::new(Options::new(issued_on).with_manifest(Manifest::Files));
    Ok(importer.ndjson(&files)?.collect())
}

/// Which patients match a criterion, as the independent evaluation says: a list for each
/// criterion, or a row of answers for each patient.
///
/// # Errors
/// Where the file is not as expected.
pub fn expected(file: &str, set: &str, criterion: &str) -> Result<BTreeSet<String>, Failure> {
    let bytes = std::fs::read(root().join("tests").join(file))?;
    let table: Value = serde_json::from_slice(&bytes)?;
    let matches = table[set]["matches"]
        .as_object()
        .ok_or_else(|| format!("{file}: no {set}"))?;
    if let Some(list) = matches.get(criterion).and_then(Value::as_array) {
        return Ok(list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect());
    }
    let answer = |answers: &Value| {
        answers[criterion]
            .as_bool()
            .ok_or_else(|| format!("{file}: no {criterion}").into())
    };
    let mut matching = BTreeSet::new();
    for (patient, answers) in matches {
        if answer(answers).map_err(|e: Failure| e)? {
            matching.insert(patient.clone());
        }
    }
    Ok(matching)
}
