//! The issuer from outside: its life, its refusals, its crashes, and a plain model beside it.

use super::*;
use crate::vault::seal::{self, SealKind};
use crate::vault::sim::{CRASHES, SimDisk};
use crate::vault::{LocalMasterKey, VaultError};
use medproof_statement::concept::Concept;
use medproof_statement::coverage::Coverage;
use medproof_statement::eddsa::SigningKey;
use medproof_statement::fact::Fact;
use medproof_statement::holder::NullifierKey;
use std::sync::Arc;

mod backup;
mod crashes;
mod erasures;
mod life;
mod model;
mod remote;
mod rotation;
mod scale;
mod tampering;
mod upgrade;

fn master() -> Box<dyn MasterKey> {
    Box::new(LocalMasterKey::from_bytes([42; 32]))
}

/// The directories of one machine.
fn disks(machine: &SimDisk) -> Disks {
    Disks {
        records: Arc::new(machine.clone()),
        keystore: Arc::new(machine.directory(KEYSTORE)),
        erasures: Arc::new(machine.directory(ERASURES)),
    }
}

const KEYSTORE: &str = "keystore/";
const ERASURES: &str = "erasures/";

fn create(disk: &SimDisk) -> Issuer {
    Issuer::create_on(disks(disk), master(), "hospital").unwrap()
}

fn reopen(disk: &SimDisk) -> Result<Issuer, IssuerError> {
    Issuer::open_on(disks(disk), master())
}

/// How many files a vault is of: heads and logs, levels of nodes, packs and their keys.
fn files_needed(issuer: &Issuer) -> usize {
    2 + 2 + REGISTRY_DEPTH + 2 * issuer.vault.packs()
}

fn fact(concept: u128, day: u32) -> Fact {
    Fact {
        concept: Concept::from_bits(concept).unwrap(),
        date: Day(day),
        since: Day(day),
        until: Day::OPEN,
        ..Fact::SENTINEL
    }
}

/// A chart of three facts, all told by the day on which it was read.
fn chart(patient: &str, issued_on: u32) -> PatientChart {
    PatientChart {
        patient_id: patient.to_owned(),
        facts: (1..=3).map(|c| fact(c, issued_on)).collect(),
        coverage: Coverage(u64::from(issued_on)),
        issued_on: Day(issued_on),
        report: Default::default(),
    }
}

fn seed(n: u64) -> [u8; 32] {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&n.to_be_bytes());
    seed
}

/// A holder with this signing key and nullifier key.
fn holder(key: u64, nk: u64) -> Holder {
    let mut bytes = [0; 31];
    bytes[..8].copy_from_slice(&nk.to_be_bytes());
    let pk = SigningKey::from_bytes(seed(key)).public();
    Holder {
        pk,
        emergency_pk: pk,
        nk: NullifierKey::from_bytes(&bytes),
    }
}

fn enrolment(issuer: &Issuer, patient: &str, key: u64, nk: u64) -> Enrolment {
    let invitation = issuer.invitation(patient).unwrap();
    Enrolment::sign(holder(key, nk), &SigningKey::from_bytes(seed(key)), &invitation).unwrap()
}

fn enroll(issuer: &mut Issuer, patient: &str, key: u64) -> Result<RecordId, IssuerError> {
    let enrolment = enrolment(issuer, patient, key, key);
    issuer.enroll(patient, &enrolment)
}

fn anchor(issuer: &mut Issuer) -> Anchor {
    let anchor = issuer.pending_root().unwrap();
    issuer.mark_anchored(anchor.epoch, anchor.root).unwrap();
    anchor
}

/// Why the first refused patient of a call was.
fn reason<T: core::fmt::Debug>(result: Result<T, IssuerError>) -> (usize, Refusal) {
    match result {
        Err(IssuerError::Refused { place, reason }) => (place, reason),
        other => panic!("expected a refusal, found {other:?}"),
    }
}

/// What is opened verifies against the anchored root, by the statement's own functions; gives the
/// day of its chart.
fn check_opened(issuer: &Issuer, patient: &str) -> Day {
    let opened = issuer.open_record(patient).unwrap();
    let anchor = issuer.status().anchored.unwrap();
    assert_eq!(opened.anchor, anchor);
    assert_eq!(opened.facts.root(), opened.opening.facts_root);
    assert_eq!(opened.path.root(opened.opening.commit()), Some(anchor.root));
    for (i, leaf) in opened.facts.leaves().iter().enumerate() {
        let path = opened.facts.path(i).unwrap();
        assert_eq!(path.root(leaf.hash()), Some(opened.opening.facts_root));
        assert!(i == 0 || leaf.fact.date == opened.opening.issued_on);
    }
    let receipt = issuer.receipt(patient).unwrap();
    assert_eq!(receipt.verify(&opened.opening.holder, anchor.root), Ok(()));
    opened.opening.issued_on
}

/// Everything that can be read of an issuer, and reading it all: equal where nothing differs but
/// random ids.
fn fingerprint(issuer: &Issuer) -> Result<Vec<String>, IssuerError> {
    let mut lines = Vec::new();
    for summary in issuer.records() {
        let patient = summary.patient.as_str();
        let entry = issuer.vault.state().index.get(&summary.record).cloned().unwrap();
        let content = issuer.vault.read(&summary.record, entry.latest)?;
        assert_eq!(content.patient, entry.patient);
        let opened = match issuer.open_record(patient) {
            Ok(_) => Some(check_opened(issuer, patient)),
            Err(IssuerError::Refused { .. }) => None,
            Err(other) => return Err(other),
        };
        lines.push(format!(
            "{patient} {:?} {} {:?} {} {:?} {opened:?} {:?}",
            summary.standing, summary.version, summary.anchored, summary.issued_on, content.facts, content.holder
        ));
    }
    lines.sort();
    let registry = &issuer.vault.state().registry;
    lines.push(format!("{:?} {:?}", issuer.status(), registry.root()));
    Ok(lines)
}
