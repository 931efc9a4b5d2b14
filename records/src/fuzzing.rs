//! Readers of what is sealed inside the vault, and of dates, for the fuzz targets alone: behind
//! the feature `fuzzing`.
//!
//! Each reads bytes and writes again what it read.

use crate::import::dates;
use crate::registry::{LeafChange, LeafChanges};
use crate::salts::RecordSecret;
use crate::vault::codec::DecodeError;
use crate::vault::content::RecordContent;
use crate::vault::disk::{Disk, DiskError};
use crate::vault::erasures::Extent;
use crate::vault::index::{Entry, FileName, Item, PatientId, RecordId, Standing, VersionRef};
use crate::vault::log::{self, Op, State};
use crate::vault::master::MasterKey;
use crate::vault::seal::{self, SealKind};
use crate::vault::{Head, VaultError};
use medproof_statement::Fr;
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::fact::Fact;
use medproof_statement::holder::Holder;
use std::ops::Range;
use std::sync::Arc;

/// A record's content.
///
/// # Errors
/// [`DecodeError`].
pub fn record(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    RecordContent::decode(bytes).map(|content| content.encode().to_vec())
}

/// A record's content of these parts.
pub fn a_record(patient: &PatientId, holder: Option<Holder>, facts: Vec<Fact>) -> Vec<u8> {
    let content = RecordContent {
        patient: patient.clone(),
        version: 3,
        leaf: holder.as_ref().map(|_| 7),
        secret: RecordSecret::from_bytes([5; 32]),
        facts,
        coverage: Coverage(9),
        issued_on: Day(62_545),
        holder,
    };
    content.encode().to_vec()
}

/// The state of an issuer: its index and its registry, all but the registry's nodes.
///
/// # Errors
/// [`DecodeError`].
pub fn snapshot(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    State::read_snapshot(bytes, nowhere()).map(|state| state.snapshot().to_vec())
}

// Readers ask for no nodes.
fn nowhere() -> Arc<dyn Disk> {
    Arc::new(Nowhere)
}

struct Nowhere;

impl Disk for Nowhere {
    fn read(&self, name: &str) -> Result<Vec<u8>, DiskError> {
        Err(DiskError::Missing { file: name.to_owned() })
    }

    fn read_at(&self, name: &str, _: u64, _: usize) -> Result<Vec<u8>, DiskError> {
        self.read(name)
    }

    fn create(&self, _: &str, _: &[u8]) -> Result<(), DiskError> {
        Ok(())
    }

    fn write_at(&self, _: &str, _: u64, _: &[u8]) -> Result<(), DiskError> {
        Ok(())
    }

    fn sync(&self, _: &str) -> Result<(), DiskError> {
        Ok(())
    }

    fn sync_names(&self) -> Result<(), DiskError> {
        Ok(())
    }

    fn rename(&self, _: &str, _: &str) -> Result<(), DiskError> {
        Ok(())
    }

    fn blank(&self, _: &str, _: &[Range<u64>]) -> Result<(), DiskError> {
        Ok(())
    }

    fn shred(&self, _: &str) -> Result<(), DiskError> {
        Ok(())
    }

    fn list(&self) -> Result<Vec<String>, DiskError> {
        Ok(Vec::new())
    }
}

/// A transaction's operations.
///
/// # Errors
/// [`DecodeError`].
pub fn operations(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    log::read_ops(bytes).map(|ops| log::write_ops(&ops).to_vec())
}

/// The head of a vault.
///
/// # Errors
/// [`DecodeError`].
pub fn head(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    Head::decode(bytes).map(|head| head.encode().to_vec())
}

/// Heads, snapshots and operations as a vault writes them.
pub fn samples(patients: &[PatientId; 3]) -> [Vec<Vec<u8>>; 3] {
    let entry = |n: u8, standing| Entry {
        patient: patients[usize::from(n)].clone(),
        standing,
        leaf: (standing != Standing::Unenrolled).then_some(u64::from(n)),
        code: [n; 32],
        nk_tag: (standing == Standing::Enrolled).then_some([n; 32]),
        issued_on: Day(62_545),
        latest: version(n),
        staged: None,
        anchored: None,
    };
    let put = |n: u8, standing| Op::Put(record_id(n), Box::new(entry(n, standing)));
    let change = |index, old: u64, new: u64| LeafChange {
        index,
        old: Fr::from(old),
        new: Fr::from(new),
    };
    // What the roots are, no reader asks.
    let leaves = |root: u64, leaves| {
        Op::Leaves(LeafChanges {
            leaves,
            root: Fr::from(root),
        })
    };
    let first = vec![
        put(0, Standing::Enrolled),
        put(1, Standing::Enrolled),
        put(2, Standing::Unenrolled),
        leaves(100, vec![change(0, 0, 10), change(1, 0, 11)]),
        Op::Stage,
    ];
    let mut state = State::new(nowhere());
    let mut snapshots = vec![state.snapshot().to_vec()];
    let mut apply = |ops: &[Op], state: &mut State| {
        ops.iter().for_each(|op| drop(state.apply(op)));
        snapshots.push(state.snapshot().to_vec());
    };
    apply(&first, &mut state);
    let root = state.registry.root();
    let second = vec![
        Op::Anchor { epoch: 1, root },
        put(1, Standing::Revoked),
        leaves(101, vec![change(1, 11, 0), change(9, 0, 19)]),
        Op::Synced,
        Op::Stage,
        Op::Remove(record_id(2)),
    ];
    apply(&second, &mut state);
    let third = vec![
        Op::Withdraw,
        leaves(102, vec![change(0, 10, 20)]),
        Op::StageAfter { epoch: 7 },
    ];
    apply(&third, &mut state);
    let operations = [first, second, third].map(|ops| log::write_ops(&ops).to_vec());
    let head = |names: &[u8]| Head {
        vault: [3; 16],
        issuer: "hospital".to_owned(),
        generation: names.len() as u64,
        segments: names.iter().map(|n| version(*n).item).collect(),
        garbage: names.iter().skip(1).map(|n| version(*n).item).collect(),
        erasures: Extent {
            count: names.len() as u64,
            chain: [7; 32],
        },
    };
    let heads = [&[][..], &[1, 2, 3]].map(|names| head(names).encode().to_vec());
    [heads.to_vec(), snapshots, operations.to_vec()]
}

fn record_id(n: u8) -> RecordId {
    RecordId::from_bytes([n; 16])
}

fn version(n: u8) -> VersionRef {
    VersionRef {
        version: u64::from(n),
        item: Item {
            pack: FileName::from_bytes([n; 16]),
            slot: u32::from(n),
            at: 1000,
            length: 1064,
        },
    }
}

/// A body sealed as a record of this name.
///
/// # Errors
/// [`VaultError`].
pub fn seal(master: &dyn MasterKey, context: &[u8], body: &[u8]) -> Result<Vec<u8>, VaultError> {
    seal::seal(master, SealKind::Record, context, body)
}

/// The body of a sealed record of this name.
///
/// # Errors
/// [`VaultError`].
pub fn open(master: &dyn MasterKey, context: &[u8], file: &[u8]) -> Result<Vec<u8>, VaultError> {
    seal::open(master, SealKind::Record, context, "file", file).map(|body| body.to_vec())
}

/// What is inside a seal, without its padding and with it again.
pub fn padding(inside: &[u8]) -> Option<Vec<u8>> {
    let body = seal::unpad(inside.to_vec().into())?;
    Some(seal::pad(&body).to_vec())
}

/// The first and the last nanosecond since 1970.
pub type Instants = (i128, i128);

/// The days that a FHIR dateTime allows, and with a time its instants.
pub fn date_time(text: &str) -> Option<(Day, Day, Option<Instants>)> {
    dates::date_time(text).map(|extent| (extent.first, extent.last, extent.span))
}

/// The days that a FHIR date allows.
pub fn date(text: &str) -> Option<(Day, Day)> {
    dates::date(text).map(|extent| (extent.first, extent.last))
}
