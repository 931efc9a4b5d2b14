//! A cohort's folder: presentations by their nullifiers, and a summary that is written last.
//!
//! Nothing else is in it, and there is no journal: what is to be there is found again from the records.

use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use medproof_messages::encoding::FieldHex;
use medproof_messages::presentation::PRESENTATION_BYTES;
use medproof_messages::{CohortSummary, Presentation};
use medproof_statement::{Fr, field};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub(super) const SUMMARY: &str = "summary.json";
const EXTENSION: &str = ".bin";
// What a crash leaves of a file that was being written.
const PARTIAL: &str = ".partial";
const SUMMARY_LIMIT: u64 = 1024;

/// A cohort's folder.
pub(super) struct Folder {
    path: PathBuf,
    /// What is there, by nullifiers; nothing for a file that is no presentation.
    pub(super) found: BTreeMap<Fr, Option<Presentation>>,
    /// What the summary says, where there is one.
    pub(super) summary: Option<Vec<u8>>,
}

impl Folder {
    /// Opens one, or makes it. What a crash left half-written is removed.
    ///
    /// # Errors
    /// Where something else is in it, or the system refuses.
    pub(super) fn open(path: &Path) -> Result<Folder, CliError> {
        files::make_directory(path)?;
        let mut folder = Folder {
            path: path.to_owned(),
            found: BTreeMap::new(),
            summary: None,
        };
        for entry in fs::read_dir(path).map_err(|e| files::write_error(path, &e))? {
            let entry = entry.map_err(|e| files::write_error(path, &e))?;
            let name = entry.file_name().into_string().map_err(|_| folder.other())?;
            folder.take(&name)?;
        }
        Ok(folder)
    }

    fn take(&mut self, name: &str) -> Result<(), CliError> {
        let path = self.path.join(name);
        if name == SUMMARY {
            self.summary = Some(files::read_within(&path, "a summary", SUMMARY_LIMIT)?.to_vec());
        } else if let Some(nullifier) = named(name) {
            let bytes = files::read_within(&path, "a presentation", PRESENTATION_BYTES as u64)?;
            let presentation = Presentation::from_bytes(&bytes).ok();
            self.found.insert(nullifier, presentation);
        } else if is_partial(name) {
            fs::remove_file(&path).map_err(|e| files::write_error(&path, &e))?;
        } else {
            return Err(self.other());
        }
        Ok(())
    }

    fn other(&self) -> CliError {
        let message = format!(
            "{}: expected a cohort's folder, found other files in it",
            self.path.display()
        );
        CliError::input("cohort.folder", message).with_help("choose an empty folder, or one that does not exist yet")
    }

    /// Keeps a presentation, on disk when this returns.
    pub(super) fn keep(&self, presentation: &Presentation) -> Result<(), CliError> {
        let path = self.place(presentation.public.nullifier);
        files::write(&path, &presentation.to_bytes(), Secrecy::Public, Overwrite::Force)
    }

    /// Removes what is there of a nullifier.
    pub(super) fn remove(&mut self, nullifier: Fr) -> Result<(), CliError> {
        delete(&self.place(nullifier))
    }

    /// Removes the summary: what it summed up is about to change.
    pub(super) fn reopen(&mut self) -> Result<(), CliError> {
        self.summary = None;
        delete(&self.path.join(SUMMARY))
    }

    /// Writes the summary, and gives all files one time, so that none tells when a presentation was made.
    pub(super) fn close(&self, nullifiers: &[Fr], summary: &CohortSummary, at: SystemTime) -> Result<(), CliError> {
        let path = self.path.join(SUMMARY);
        for path in nullifiers.iter().map(|nullifier| self.place(*nullifier)) {
            touch(&path, at).map_err(|e| files::write_error(&path, &e))?;
        }
        files::write(&path, &summary.to_json(), Secrecy::Public, Overwrite::Force)?;
        touch(&path, at).map_err(|e| files::write_error(&path, &e))
    }

    fn place(&self, nullifier: Fr) -> PathBuf {
        self.path.join(format!("{}{EXTENSION}", digits(nullifier)))
    }
}

fn digits(nullifier: Fr) -> String {
    hex::encode(field::to_bytes(&nullifier))
}

fn delete(path: &Path) -> Result<(), CliError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(files::write_error(path, &e)),
        _ => Ok(()),
    }
}

fn touch(path: &Path, at: SystemTime) -> io::Result<()> {
    File::options().write(true).open(path)?.set_modified(at)
}

// The nullifier that a presentation's file is named by, in its one spelling.
fn named(name: &str) -> Option<Fr> {
    let digits = name.strip_suffix(EXTENSION)?;
    let bytes = medproof_messages::encoding::Hex::<32>::from_text(&format!("0x{digits}"))?;
    field::from_bytes(&bytes.0).ok()
}

fn is_partial(name: &str) -> bool {
    let written = name.strip_suffix(PARTIAL).and_then(|rest| rest.rsplit_once('.'));
    written.is_some_and(|(name, _)| name == SUMMARY || named(name).is_some())
}

/// What a cohort's folder holds, for who was handed it: every file but the summary is a presentation.
///
/// # Errors
/// Where there is no summary, or a file is none of these.
pub(super) fn received(path: &Path) -> Result<(CohortSummary, Vec<(String, Presentation)>), CliError> {
    let summary = path.join(SUMMARY);
    if path.is_dir() && !summary.exists() {
        let message = format!(
            "{}: expected {SUMMARY}, found none: the cohort is not complete",
            path.display()
        );
        return Err(CliError::refused("cohort.unfinished", message).with_help("ask for the whole folder"));
    }
    let bytes = files::read_within(&summary, "a summary", SUMMARY_LIMIT)?;
    let summary = CohortSummary::from_json(crate::messages::trim(&bytes))?;
    let entries = fs::read_dir(path).and_then(|entries| entries.map(|e| e.map(|e| e.path())).collect());
    let mut files: Vec<PathBuf> = entries.map_err(|e| {
        let message = format!("{}: cannot read a cohort: {e}", path.display());
        CliError::input("file.unreadable", message)
    })?;
    files.retain(|file| file.file_name() != Some(SUMMARY.as_ref()));
    files.sort();
    let read = |file: &PathBuf| {
        let presentation = crate::messages::presentation(file)?;
        Ok((file.display().to_string(), presentation))
    };
    let presentations = files.iter().map(read).collect::<Result<_, CliError>>()?;
    Ok((summary, presentations))
}

/// As `0x…`, for people.
pub(super) fn shown(nullifier: Fr) -> String {
    FieldHex(nullifier).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_nullifiers_alone() {
        let name = format!("{}{EXTENSION}", digits(Fr::from(7u64)));
        assert_eq!(named(&name), Some(Fr::from(7u64)));
        assert!(is_partial(&format!("{name}.aB3x.partial")) && is_partial("summary.json.x.partial"));
        for other in [
            "a.bin",
            "patient.bin",
            &name.to_uppercase(),
            &format!("{}.bin", "f".repeat(64)),
            "x.partial",
        ] {
            assert!(named(other).is_none() && !is_partial(other), "{other}");
        }
    }

    #[test]
    fn a_folder_with_other_files_is_left_alone_and_what_a_crash_left_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cohort");
        let name = format!("{}{EXTENSION}", digits(Fr::from(7u64)));
        assert!(Folder::open(&path).unwrap().found.is_empty());
        fs::write(path.join(format!("{name}.aB3x{PARTIAL}")), b"half").unwrap();
        fs::write(path.join(&name), b"damaged").unwrap();
        let folder = Folder::open(&path).unwrap();
        assert_eq!(folder.found.get(&Fr::from(7u64)), Some(&None));
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
        fs::write(path.join("notes.txt"), b"mine").unwrap();
        assert_eq!(Folder::open(&path).err().unwrap().code, "cohort.folder");
        assert_eq!(fs::read(path.join("notes.txt")).unwrap(), b"mine");
    }
}
