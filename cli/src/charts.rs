//! FHIR files on disk: which ones a path names, and the charts in them.

use crate::cancel;
use crate::context::Context;
use crate::error::CliError;
use clap::Args;
use medproof_records::import::{ConceptMap, ImportReport, Importer, Manifest, Options, PatientChart};
use medproof_statement::day::Day;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// No bundle is longer: the largest of Synthea's has some 10 MB.
const BUNDLE_LIMIT: u64 = 1 << 30;

/// Which FHIR files to read, and what is known of the export.
#[derive(Clone, Debug, Default, Args)]
pub struct RecordsArgs {
    /// FHIR R4 bundles (.json, one patient each), Bulk Data files (.ndjson), or directories of them.
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub records: Vec<PathBuf>,
    /// Kinds of facts that were exported completely, such as condition,medication: only of these
    /// can absence be shown. Or `synthea` for a Synthea bundle, `files` for a complete Bulk Data
    /// export, `none`.
    #[arg(long, value_delimiter = ',', default_value = "none", value_name = "KINDS")]
    pub complete: Vec<String>,
    /// A FHIR ConceptMap with what local codes mean.
    #[arg(long, value_name = "FILE")]
    pub concept_map: Vec<PathBuf>,
}

/// Charts and what their import did.
#[derive(Debug)]
pub struct Charts {
    /// One a patient.
    pub charts: Vec<PatientChart>,
    /// The counts of all.
    pub report: ImportReport,
    /// How many files were read.
    pub files: usize,
}

/// Reads all charts, as of the day on which the issuer reads them.
///
/// # Errors
/// A file that is missing or malformed, with its JSON path; no chart is returned then.
pub fn read(args: &RecordsArgs, issued_on: Day, cx: &Context) -> Result<Charts, CliError> {
    let options = options(args, issued_on)?;
    let (bundles, ndjson) = files(&args.records)?;
    let importer = Importer::new(options);
    let bar = cx.ui.bar("import");
    let total = (bundles.len() + ndjson.len()) as u64;
    let mut charts = Vec::with_capacity(bundles.len());
    for (done, file) in bundles.iter().enumerate() {
        cancel::check()?;
        bar.set("reading bundles", done as u64, total);
        let bytes = read_bundle(file)?;
        charts.push(importer.bundle(&bytes, &file.name)?);
    }
    if !ndjson.is_empty() {
        cancel::check()?;
        bar.set("reading Bulk Data", bundles.len() as u64, total);
        charts.extend(importer.ndjson(&ndjson)?);
    }
    let mut report = ImportReport::default();
    charts.iter().for_each(|chart| report.merge(&chart.report));
    Ok(Charts {
        charts,
        report,
        files: bundles.len() + ndjson.len(),
    })
}

fn options(args: &RecordsArgs, issued_on: Day) -> Result<Options, CliError> {
    let mut options = Options::new(issued_on).with_manifest(manifest(&args.complete)?);
    for path in &args.concept_map {
        let bytes = crate::files::read(path, "a FHIR ConceptMap")?;
        let map = ConceptMap::from_json(&bytes, &path.display().to_string())?;
        options.concept_map.extend(map);
    }
    Ok(options)
}

fn manifest(names: &[String]) -> Result<Manifest, CliError> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match names[..] {
        [] | ["none"] => Ok(Manifest::default()),
        ["synthea"] => Ok(Manifest::synthea()),
        ["files"] => Ok(Manifest::Files),
        _ => Manifest::names(names.iter().copied()).map_err(|e| {
            let found = names.get(e.place).copied().unwrap_or_default();
            CliError::input("records.manifest", format!("--complete: {e}: {found:?}")).with_help(format!(
                "kinds are {}; or one of synthea, files, none",
                medproof_statement::concept::Kind::ALL.map(|k| k.name()).join(", ")
            ))
        }),
    }
}

/// A bundle's file. Exports name these by the patient, so that errors name one as its path was
/// given, or by its place in the directory that was given.
struct BundleFile {
    path: PathBuf,
    name: String,
}

/// Bundles and NDJSON files, each sorted by path: the same order everywhere.
fn files(paths: &[PathBuf]) -> Result<(Vec<BundleFile>, Vec<PathBuf>), CliError> {
    let mut bundles = Vec::new();
    let mut ndjson = Vec::new();
    for path in paths {
        let metadata = fs::metadata(path).map_err(|e| unreadable(path, &e))?;
        let before = bundles.len() + ndjson.len();
        if metadata.is_dir() {
            let mut entries: Vec<PathBuf> = fs::read_dir(path)
                .and_then(|entries| entries.map(|e| e.map(|e| e.path())).collect())
                .map_err(|e| unreadable(path, &e))?;
            entries.sort();
            let of_form = |form| entries.iter().filter(move |entry| extension(entry) == Some(form));
            let count = of_form(Form::Bundle).count();
            bundles.extend(
                of_form(Form::Bundle)
                    .zip(1..)
                    .map(|(entry, place): (_, usize)| BundleFile {
                        path: entry.clone(),
                        name: format!("{}, .json file {place} of {count} by name", path.display()),
                    }),
            );
            ndjson.extend(of_form(Form::Ndjson).cloned());
        } else if extension(path) == Some(Form::Ndjson) {
            ndjson.push(path.clone());
        } else {
            let name = path.display().to_string();
            bundles.push(BundleFile {
                path: path.clone(),
                name,
            });
        }
        if bundles.len() + ndjson.len() == before {
            let message = format!("{}: expected FHIR files (.json or .ndjson), found none", path.display());
            return Err(CliError::input("records.none", message));
        }
    }
    Ok((bundles, ndjson))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Bundle,
    Ndjson,
}

fn extension(path: &Path) -> Option<Form> {
    match path.extension().and_then(OsStr::to_str) {
        Some("json") => Some(Form::Bundle),
        Some("ndjson") => Some(Form::Ndjson),
        _ => None,
    }
}

fn read_bundle(file: &BundleFile) -> Result<zeroize::Zeroizing<Vec<u8>>, CliError> {
    let unreadable = |e| cannot_read(&file.name, &e);
    let length = fs::metadata(&file.path).map_err(unreadable)?.len();
    if length > BUNDLE_LIMIT {
        let message = format!(
            "{}: expected a bundle of at most {BUNDLE_LIMIT} bytes, found {length}: export one patient a bundle, or NDJSON",
            file.name
        );
        return Err(CliError::input("file.too_large", message));
    }
    fs::read(&file.path).map(zeroize::Zeroizing::new).map_err(unreadable)
}

fn unreadable(path: &Path, error: &std::io::Error) -> CliError {
    cannot_read(&path.display().to_string(), error)
}

fn cannot_read(name: &str, error: &std::io::Error) -> CliError {
    CliError::input(
        "records.unreadable",
        format!("{name}: cannot read FHIR records: {error}"),
    )
    .with_help("check the path given to --records")
}
