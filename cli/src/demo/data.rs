//! The demo's patients: synthetic (Synthea, Apache-2.0), part of the binary.

use super::cast::step;
use crate::error::CliError;
use lzma_rust2::XzReader;
use medproof_records::import::{Importer, Manifest, Options, PatientChart};
use medproof_statement::day::Day;
use std::io::Read;
use std::path::{Path, PathBuf};

/// 30 bundles; the story takes 20.
const SYNTHEA: &[u8] = include_bytes!("../../../tests/data/synthea-30.tar.xz");
/// NDJSON of 12 patients.
const IMMUNIZATIONS: &[u8] = include_bytes!("../../../tests/data/immunizations-2023-12.tar.xz");
/// Patients in the story.
const PATIENTS: usize = 20;

fn unpack(archive: &[u8]) -> Result<Vec<(PathBuf, Vec<u8>)>, CliError> {
    let mut files = Vec::new();
    let mut archive = tar::Archive::new(XzReader::new(archive, true));
    for entry in archive.entries().map_err(step("data"))? {
        let mut entry = entry.map_err(step("data"))?;
        let path = entry.path().map_err(step("data"))?.into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(step("data"))?;
        files.push((path, bytes));
    }
    files.sort();
    Ok(files)
}

/// The hospital's patients.
pub(super) fn synthea(issued_on: Day) -> Result<Vec<PatientChart>, CliError> {
    let importer = Importer::new(Options::new(issued_on).with_manifest(Manifest::synthea()));
    let bundles = unpack(SYNTHEA)?
        .into_iter()
        .filter(|(path, _)| path.extension().is_some_and(|e| e == "json"));
    bundles
        .take(PATIENTS)
        .map(|(_, bytes)| importer.bundle(&bytes, "a bundle").map_err(CliError::from))
        .collect()
}

/// The clinic's.
pub(super) fn immunizations(issued_on: Day) -> Result<Vec<PatientChart>, CliError> {
    let folder = tempfile::tempdir().map_err(step("data"))?;
    let mut files = Vec::new();
    for (path, bytes) in unpack(IMMUNIZATIONS)? {
        let Some(name) = path
            .file_name()
            .filter(|_| path.extension().is_some_and(|e| e == "ndjson"))
        else {
            continue;
        };
        let file = folder.path().join(Path::new(name));
        std::fs::write(&file, bytes).map_err(step("data"))?;
        files.push(file);
    }
    let importer = Importer::new(Options::new(issued_on).with_manifest(Manifest::Files));
    Ok(importer.ndjson(&files)?.collect())
}
