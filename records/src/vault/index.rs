//! Who is where: patients, their records, and the files that hold them. Held in memory, sealed on
//! disk.

use core::fmt;
use medproof_statement::day::Day;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
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

/// A sealed part of a pack, and the slot of its key in the pack's file of the keystore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    pub(crate) pack: FileName,
    pub(crate) slot: u32,
    pub(crate) at: u64,
    pub(crate) length: u32,
}

impl Item {
    /// Bytes that [`Item::write`] takes.
    pub(crate) const BYTES: usize = 32;

    pub(crate) fn write(&self, w: &mut Writer) {
        w.raw(self.pack.bytes());
        w.u32(self.slot);
        w.u64(self.at);
        w.u32(self.length);
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Item, DecodeError> {
        Ok(Item {
            pack: FileName::read(r)?,
            slot: r.u32()?,
            at: r.u64()?,
            length: r.u32()?,
        })
    }

    /// Where it stands in its pack.
    pub(crate) const fn part(&self) -> Range<u64> {
        self.at..self.at.saturating_add(self.length as u64)
    }
}

/// One version of a record, and what holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VersionRef {
    pub(crate) version: u64,
    pub(crate) item: Item,
}

impl VersionRef {
    /// What a record that is being imported has: versions count from 1.
    pub(crate) const NONE: VersionRef = VersionRef {
        version: 0,
        item: Item {
            pack: FileName([0; 16]),
            slot: 0,
            at: 0,
            length: 0,
        },
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
    pub(crate) latest: VersionRef,
    /// Where it is another than the anchored one: the version under the staged root, or that there is none.
    pub(crate) staged: Option<Option<VersionRef>>,
    /// The version under the anchored root.
    pub(crate) anchored: Option<VersionRef>,
}

impl Entry {
    /// Every item that must be kept for this entry, each once.
    pub(crate) fn items(&self) -> impl Iterator<Item = Item> + use<> {
        let latest = Some(self.latest.item);
        let staged = self.staged.flatten().map(|v| v.item).filter(|i| latest != Some(*i));
        let anchored = self.anchored.map(|v| v.item);
        let anchored = anchored.filter(|i| latest != Some(*i) && staged != Some(*i));
        [latest, staged, anchored].into_iter().flatten()
    }

    /// The leaf that its commitment is in.
    pub(crate) fn filled_leaf(&self) -> Option<u64> {
        self.leaf.filter(|_| self.standing == Standing::Enrolled)
    }

    // The version under the current root.
    fn current(&self) -> Option<VersionRef> {
        (self.standing == Standing::Enrolled).then_some(self.latest)
    }

    // Whether it is another than under the root that was staged last, or else anchored.
    fn changed(&self) -> bool {
        self.current() != self.staged.unwrap_or(self.anchored)
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
        write_version(w, self.latest);
        w.option(self.staged, |w, staged| w.option(staged, write_version));
        w.option(self.anchored, write_version);
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
            latest: read_version(r)?,
            staged: r.option(|r| r.option(read_version))?,
            anchored: r.option(read_version)?,
        })
    }
}

fn write_version(w: &mut Writer, version: VersionRef) {
    w.u64(version.version);
    version.item.write(w);
}

fn read_version(r: &mut Reader<'_>) -> Result<VersionRef, DecodeError> {
    Ok(VersionRef {
        version: r.u64()?,
        item: Item::read(r)?,
    })
}

/// All entries, found by record, by patient, and by nullifier key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    entries: BTreeMap<RecordId, Entry>,
    patients: BTreeMap<PatientId, RecordId>,
    holders: BTreeMap<[u8; 32], RecordId>,
    // What staging and anchoring are about: nobody walks the rest.
    changed: BTreeSet<RecordId>,
    staged: BTreeSet<RecordId>,
    // How many entries stand how.
    standings: [u64; 3],
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

    /// How many entries stand so.
    pub(crate) const fn count(&self, standing: Standing) -> u64 {
        self.standings[standing as usize]
    }

    /// Puts or replaces an entry; gives back the one that was there.
    pub(crate) fn put(&mut self, id: RecordId, entry: Entry) -> Option<Entry> {
        let old = self.remove(&id);
        self.patients.insert(entry.patient.clone(), id);
        if let Some(tag) = entry.nk_tag {
            self.holders.insert(tag, id);
        }
        if entry.changed() {
            self.changed.insert(id);
        }
        if entry.staged.is_some() {
            self.staged.insert(id);
        }
        self.standings[entry.standing as usize] += 1;
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
        self.changed.remove(id);
        self.staged.remove(id);
        self.standings[old.standing as usize] -= 1;
        Some(old)
    }

    /// What is enrolled now is under the staged root.
    pub(crate) fn stage(&mut self) {
        for id in core::mem::take(&mut self.changed) {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.staged = Some(entry.current());
                self.staged.insert(id);
            }
        }
    }

    /// The staged root is anchored, or given up. Gives back items that no entry needs any more.
    pub(crate) fn unstage(&mut self, anchored: bool) -> Vec<Item> {
        let mut dropped = Vec::new();
        for id in core::mem::take(&mut self.staged) {
            let Some(entry) = self.entries.get_mut(&id) else {
                continue;
            };
            let before = entry.items();
            if let Some(staged) = entry.staged.take()
                && anchored
            {
                entry.anchored = staged;
            }
            dropped.extend(before.filter(|item| entry.items().all(|kept| kept != *item)));
            if entry.changed() {
                self.changed.insert(id);
            }
        }
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

    fn version(n: u8) -> VersionRef {
        let item = Item {
            pack: FileName([n; 16]),
            slot: u32::from(n),
            at: 5,
            length: 6,
        };
        VersionRef {
            version: u64::from(n),
            item,
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
            latest: version(latest),
            staged: None,
            anchored: None,
        }
    }

    #[test]
    fn entries_read_back() {
        let mut all = entry(1, Standing::Revoked);
        all.staged = Some(Some(version(2)));
        let mut none = all.clone();
        none.staged = Some(None);
        for entry in [all, none, entry(4, Standing::Unenrolled)] {
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
            latest: version(2),
            ..index.get(&id).unwrap().clone()
        };
        index.put(id, update);
        assert_eq!(index.get(&id).unwrap().anchored, Some(version(1)));
        index.stage();
        assert_eq!(index.unstage(true), vec![version(1).item]);
        assert_eq!(index.get(&id).unwrap().anchored, Some(version(2)));
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
                latest: version(2),
                ..index.get(&id).unwrap().clone()
            },
        );
        assert_eq!(index.unstage(false), vec![version(1).item]);
        assert_eq!(index.get(&id).unwrap().anchored, None);
    }

    #[test]
    fn staging_is_about_what_changed() {
        let mut index = Index::default();
        let (one, two) = (RecordId([1; 16]), RecordId([2; 16]));
        let of = |patient: &str, n, standing| Entry {
            patient: PatientId::parse(patient).unwrap(),
            nk_tag: None,
            ..entry(n, standing)
        };
        index.put(one, of("p", 1, Standing::Enrolled));
        index.put(two, of("q", 2, Standing::Unenrolled));
        assert_eq!(index.changed, BTreeSet::from([one]));
        index.stage();
        index.unstage(true);
        assert!(index.changed.is_empty() && index.staged.is_empty());
        // Enrolled while another is staged, which is then given up: both are staged next.
        let latest = version(3);
        let update = Entry {
            latest,
            ..index.get(&one).unwrap().clone()
        };
        index.put(one, update);
        index.stage();
        let enrolled = Entry {
            standing: Standing::Enrolled,
            ..index.get(&two).unwrap().clone()
        };
        index.put(two, enrolled);
        assert_eq!(index.unstage(false), vec![]);
        assert_eq!(index.changed, BTreeSet::from([one, two]));
        index.stage();
        assert_eq!(index.unstage(true), vec![version(1).item]);
        let anchored = |id| index.get(&id).unwrap().anchored;
        assert_eq!((anchored(one), anchored(two)), (Some(version(3)), Some(version(2))));
        assert_eq!(index.count(Standing::Enrolled), 2);
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
