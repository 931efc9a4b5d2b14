//! Who consented: each consent with the record that it is about.

use crate::error::CliError;
use crate::files;
use crate::messages;
use medproof_messages::ConsentMessage;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// A consent is some 1,100 bytes long: this is a million of them.
const FILE_LIMIT: u64 = 2 << 30;

/// A patient, or the patient's record, with a consent: well-formed, not yet held against anything.
pub(super) struct Member {
    /// The patient's FHIR id, or the record's id.
    pub(super) record: String,
    pub(super) consent: ConsentMessage,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    consent: &'a RawValue,
    record: String,
}

/// Of a directory, its `.json` files, each named by its patient or record; of a file, its lines.
///
/// # Errors
/// Where one of them is none, with its place: names are the patients'.
pub(super) fn read(path: &Path) -> Result<Vec<Member>, CliError> {
    let members = if path.is_dir() {
        of_directory(path)
    } else {
        of_lines(path)
    }?;
    if members.is_empty() {
        let message = format!("{}: expected consents, found none", path.display());
        return Err(CliError::input("consent.none", message).with_help(
            "name a directory of files PATIENT.json, or an .ndjson file of lines {\"consent\":…,\"record\":…}",
        ));
    }
    Ok(members)
}

fn of_directory(path: &Path) -> Result<Vec<Member>, CliError> {
    let unreadable = |e: std::io::Error| {
        let message = format!("{}: cannot read consents: {e}", path.display());
        CliError::input("file.unreadable", message).with_help("check the path given to --consents")
    };
    let entries = fs::read_dir(path).and_then(|entries| entries.map(|e| e.map(|e| e.path())).collect());
    let mut files: Vec<PathBuf> = entries.map_err(unreadable)?;
    files.retain(|file| file.extension() == Some(OsStr::new("json")));
    files.sort();
    let count = files.len();
    let read = |(place, file): (usize, &PathBuf)| {
        let at = format!("{}, .json file {place} of {count} by name", path.display());
        let record = file.file_stem().and_then(OsStr::to_str).ok_or_else(|| {
            let message = format!("{at}: expected a patient's or record's id as its name, found what is no text");
            CliError::input("file.name", message)
        })?;
        let bytes = fs::read(file).map_err(unreadable)?;
        member(record, messages::trim(&bytes), &at)
    };
    (1..).zip(&files).map(read).collect()
}

fn of_lines(path: &Path) -> Result<Vec<Member>, CliError> {
    let bytes = files::read_within(path, "consents", FILE_LIMIT)?;
    let lines = (1..).zip(bytes.split(|byte| *byte == b'\n'));
    let read = |(place, line): (usize, &[u8])| {
        let at = format!("{}, line {place}", path.display());
        // Not in serde's words: the line names a patient.
        let line: Line<'_> = serde_json::from_slice(line).map_err(|e| {
            let message = format!(
                "{at}, column {}: expected {{\"consent\":…,\"record\":…}}, found something else",
                e.column()
            );
            CliError::input("consent.line", message)
        })?;
        member(&line.record, line.consent.get().as_bytes(), &at)
    };
    lines.filter(|(_, line)| !line.is_empty()).map(read).collect()
}

fn member(record: &str, consent: &[u8], at: &str) -> Result<Member, CliError> {
    let consent = ConsentMessage::from_json(consent).map_err(|error| {
        let error = CliError::from(error);
        let message = format!("{at}: {}", error.message);
        CliError { message, ..error }
    })?;
    Ok(Member {
        record: record.to_owned(),
        consent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_none_is_named_and_not_repeated() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("consents.ndjson");
        for line in [
            "{\"record\":\"b4a36fff\"}",
            "{\"consent\":{},\"record\":\"b4a36fff\",\"name\":1}",
            "b4a36fff",
        ] {
            fs::write(&path, format!("\n{line}\n")).unwrap();
            let refused = read(&path).err().unwrap();
            assert_eq!(refused.code, "consent.line", "{line}");
            assert!(
                refused.message.contains("line 2") && !refused.message.contains("b4a36fff"),
                "{}",
                refused.message
            );
        }
        fs::write(&path, "{\"consent\":{},\"record\":\"b4a36fff\"}").unwrap();
        let refused = read(&path).err().unwrap();
        assert!(refused.code.starts_with("json.") && refused.message.contains("line 1"));
        fs::write(&path, "\n").unwrap();
        assert_eq!(read(&path).err().unwrap().code, "consent.none");
        assert_eq!(read(directory.path()).err().unwrap().code, "consent.none");
    }
}
