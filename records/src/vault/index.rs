//! Who is where: patients, their records, and the files that hold them. Held in memory, sealed on
//! disk.

use core::fmt;
use medproof_statement::day::Day;
use std::collections::BTreeMap;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::codec::{DecodeError, Reader, Writer};
use crate::random::{self, RandomError};

/// A patient's id in the issuer's FHIR server. Never shown: `Debug` redacts it and it has no
/// `Display`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Zeroize, ZeroizeOnDrop)]
pub struct PatientId(String);

/// Text that is no patient id. Does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a FHIR id: 1 to 64 letters, digits, hyphens or full stops")]
pub struct PatientIdError;

impl PatientId {
    /// Reads a FHIR id: `[A-Za-z0-9\-\.]{1,64}`.
    ///
    /// # Errors
    /// [`PatientIdError`] for anything else.
    pub fn parse(text: &str) -> Result<PatientId, PatientIdError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(PatientId(text.to_owned()))
        } else {
            Err(PatientIdError)
        }
    }

    /// The id, for sealing and for who is entitled to it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PatientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientId(…)")
    }
}

/// A record's name to the outside: 16 random bytes, written `record:` and 32 hexadecimal digits
/// (no FHIR id has a colon).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId([u8; 16]);

const RECORD_PREFIX: &str = "record:";

impl RecordId {
    pub(crate) fn random() -> Result<RecordId, RandomError> {
        random::bytes().map(RecordId)
    }

    /// Reads what `Display` writes; `None` for anything else.
    pub fn parse(text: &str) -> Option<RecordId> {
        let digits = text.strip_prefix(RECORD_PREFIX)?;
        if digits.bytes().any(|b| b.is_ascii_uppercase()) {
            return None;
        }
        let mut bytes = [0; 16];
        hex::decode_to_slice(digits, &mut bytes).ok()?;
        Some(RecordId(bytes))
    }

    pub(crate) const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    #[cfg(feature = "fuzzing")]
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> RecordId {
        RecordId(bytes)
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<RecordId, DecodeError> {
        r.array().map(RecordId)
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{RECORD_PREFIX}{}", hex::encode(self.0))
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A file of the vault: 16 random bytes, its name their 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileName([u8; 16]);

impl FileName {
    pub(crate) fn random() -> Result<FileName, RandomError> {
        random::bytes().map(FileName)
    }

    pub(crate) fn parse(text: &str) -> Option<FileName> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(FileName(bytes)).filter(|name| name.to_string() == text)
    }

    pub(crate) const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    #[cfg(feature = "fuzzing")]
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> FileName {
        FileName(bytes)
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<FileName, DecodeError> {
        r.array().map(FileName)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// One version of a record, and the file that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileRef {
    pub(crate) file: FileName,
    pub(crate) version: u64,
}

impl FileRef {
    /// What a record that is being imported has: versions count from 1.
    pub(crate) const NONE: FileRef = FileRef {
        file: FileName([0; 16]),
        version: 0,
    };
}

/// How a patient stands with the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The chart is stored; no holder has come yet.
    Unenrolled,
    /// The leaf holds the latest version's commitment.
    Enrolled,
    /// The leaf is empty; the chart is kept.
    Revoked,
}

/// What the index knows of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) patient: PatientId,
    pub(crate) standing: Standing,
    pub(crate) leaf: Option<u64>,
    /// To be signed at the next enrolment; another after each.
    pub(crate) code: [u8; 32],
    /// Tells equal nullifier keys apart from others without keeping them here.
    pub(crate) nk_tag: Option<[u8; 32]>,
    pub(crate) issued_on: Day,
    /// The version last stored.
    pub(crate) latest: FileRef,
    /// The version under the staged root.
    pub(crate) staged: Option<FileRef>,
    /// The version under the anchored root.
    pub(crate) anchored: Option<FileRef>,
}

impl Entry {
    /// Every file that must be kept for this entry.
    pub(crate) fn files(&self) -> impl Iterator<Item = FileName> {
        [Some(self.latest), self.staged, self.anchored]
            .into_iter()
            .flatten()
            .map(|f| f.file)
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.blob(self.patient.as_str().as_bytes());
        w.u8(match self.standing {
            Standing::Unenrolled => 0,
            Standing::Enrolled => 1,
            Standing::Revoked => 2,
        });
        w.option(self.leaf, Writer::u64);
        w.raw(&self.code);
        w.option(self.nk_tag, |w, tag| w.raw(&tag));
        w.u32(self.issued_on.0);
        write_file(w, self.latest);
        w.option(self.staged, write_file);
        w.option(self.anchored, write_file);
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Entry, DecodeError> {
        Ok(Entry {
            patient: PatientId::parse(r.text()?).map_err(|_| DecodeError("a patient id"))?,
            standing: match r.u8()? {
                0 => Standing::Unenrolled,
                1 => Standing::Enrolled,
                2 => Standing::Revoked,
                _ => return Err(DecodeError("a standing")),
            },
            leaf: r.option(Reader::u64)?,
            code: r.array()?,
            nk_tag: r.option(Reader::array)?,
            issued_on: Day(r.u32()?),
            latest: read_file(r)?,
            staged: r.option(read_file)?,
            anchored: r.option(read_file)?,
        })
    }
}

fn write_file(w: &mut Writer, file: FileRef) {
    w.raw(file.file.bytes());
    w.u64(file.version);
}

fn read_file(r: &mut Reader<'_>) -> Result<FileRef, DecodeError> {
    Ok(FileRef {
        file: FileName::read(r)?,
        version: r.u64()?,
    })
}

/// All entries, found by record, by patient, and by nullifier key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    entries: BTreeMap<RecordId, Entry>,
    patients: BTreeMap<PatientId, RecordId>,
    holders: BTreeMap<[u8; 32], RecordId>,
}

impl Index {
    pub(crate) fn get(&self, id: &RecordId) -> Option<&Entry> {
        self.entries.get(id)
    }

    pub(crate) fn by_patient(&self, patient: &PatientId) -> Option<RecordId> {
        self.patients.get(patient).copied()
    }

    /// Whose nullifier key has this tag.
    pub(crate) fn by_holder(&self, nk_tag: &[u8; 32]) -> Option<RecordId> {
        self.holders.get(nk_tag).copied()
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&RecordId, &Entry)> {
        self.entries.iter()
    }

    /// Puts or replaces an entry; gives back the one that was there.
    pub(crate) fn put(&mut self, id: RecordId, entry: Entry) -> Option<Entry> {
        let old = self.remove(&id);
        self.patients.insert(entry.patient.clone(), id);
        if let Some(tag) = entry.nk_tag {
            self.holders.insert(tag, id);
        }
        self.entries.insert(id, entry);
        old
    }

    /// Takes an entry out.
    pub(crate) fn remove(&mut self, id: &RecordId) -> Option<Entry> {
        let old = self.entries.remove(id)?;
        self.patients.remove(&old.patient);
        if let Some(tag) = old.nk_tag {
            self.holders.remove(&tag);
        }
        Some(old)
    }

    /// What is enrolled now is under the staged root.
    pub(crate) fn stage(&mut self) {
        for entry in self.entries.values_mut() {
            entry.staged = (entry.standing == Standing::Enrolled).then_some(entry.latest);
        }
    }

    /// The staged root is anchored, or given up. Gives back files that no entry needs any more.
    pub(crate) fn unstage(&mut self, anchored: bool) -> Vec<FileName> {
        let mut dropped = Vec::new();
        for entry in self.entries.values_mut() {
            let before: Vec<FileName> = entry.files().collect();
            let staged = entry.staged.take();
            if anchored {
                entry.anchored = staged;
            }
            dropped.extend(before.into_iter().filter(|f| entry.files().all(|kept| kept != *f)));
        }
        dropped.dedup();
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patient_ids_are_fhir_ids_and_never_shown() {
        assert!(PatientId::parse("a.B-9").is_ok());
        assert!(PatientId::parse(&"a".repeat(64)).is_ok());
        for bad in ["", "a b", "record:00", "é", &"a".repeat(65)] {
            assert_eq!(PatientId::parse(bad), Err(PatientIdError));
        }
        assert_eq!(format!("{:?}", PatientId::parse("secret").unwrap()), "PatientId(…)");
    }

    #[test]
    fn record_ids_read_as_they_are_written() {
        let id = RecordId([0xab; 16]);
        assert_eq!(RecordId::parse(&id.to_string()), Some(id));
        for bad in ["", "record:", &hex::encode([0xab; 16]), &id.to_string().to_uppercase()] {
            assert_eq!(RecordId::parse(bad), None);
        }
        assert_eq!(RecordId::parse(&format!("record:{}", "AB".repeat(16))), None);
    }

    fn file(n: u8) -> FileRef {
        FileRef {
            file: FileName([n; 16]),
            version: u64::from(n),
        }
    }

    fn entry(latest: u8, standing: Standing) -> Entry {
        Entry {
            patient: PatientId::parse("p").unwrap(),
            standing,
            leaf: Some(3),
            code: [1; 32],
            nk_tag: Some([2; 32]),
            issued_on: Day(7),
            latest: file(latest),
            staged: None,
            anchored: None,
        }
    }

    #[test]
    fn entries_read_back() {
        let mut all = entry(1, Standing::Revoked);
        all.staged = Some(file(2));
        for entry in [all, entry(4, Standing::Unenrolled)] {
            let mut w = Writer::with_capacity(0);
            entry.write(&mut w);
            let bytes = w.finish();
            assert_eq!(Entry::read(&mut Reader::new(&bytes)), Ok(entry));
        }
    }

    #[test]
    fn the_anchored_version_is_kept_until_another_is_anchored() {
        let id = RecordId([1; 16]);
        let mut index = Index::default();
        index.put(id, entry(1, Standing::Enrolled));
        index.stage();
        assert!(index.unstage(true).is_empty());
        let update = Entry {
            latest: file(2),
            ..index.get(&id).unwrap().clone()
        };
        index.put(id, update);
        assert_eq!(index.get(&id).unwrap().anchored, Some(file(1)));
        index.stage();
        assert_eq!(index.unstage(true), vec![file(1).file]);
        assert_eq!(index.get(&id).unwrap().anchored, Some(file(2)));
    }

    #[test]
    fn a_given_up_stage_changes_nothing_anchored() {
        let id = RecordId([1; 16]);
        let mut index = Index::default();
        index.put(id, entry(1, Standing::Enrolled));
        index.stage();
        index.put(
            id,
            Entry {
                latest: file(2),
                ..index.get(&id).unwrap().clone()
            },
        );
        assert_eq!(index.unstage(false), vec![file(1).file]);
        assert_eq!(index.get(&id).unwrap().anchored, None);
    }

    #[test]
    fn entries_are_found_by_patient_and_holder_until_removed() {
        let id = RecordId([1; 16]);
        let patient = PatientId::parse("p").unwrap();
        let mut index = Index::default();
        index.put(id, entry(1, Standing::Enrolled));
        assert_eq!(
            (index.by_patient(&patient), index.by_holder(&[2; 32])),
            (Some(id), Some(id))
        );
        let other = Entry {
            nk_tag: Some([9; 32]),
            ..entry(1, Standing::Enrolled)
        };
        index.put(id, other);
        assert_eq!((index.by_holder(&[2; 32]), index.by_holder(&[9; 32])), (None, Some(id)));
        index.remove(&id);
        assert_eq!((index.by_patient(&patient), index.by_holder(&[9; 32])), (None, None));
    }
}
