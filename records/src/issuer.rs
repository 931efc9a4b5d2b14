//! The issuer: charts come in, holders enrol, roots go to the ledger, records open for a prover.
//!
//! Every call that changes something is one transaction over the encrypted vault and the
//! registry: a batch appears whole or not at all, whatever happens to the process or the disk.
//! Proofs are made under the **anchored** root, the one that the ledger has; changes gather in the
//! current tree until [`Issuer::pending_root`] freezes it for the ledger and
//! [`Issuer::mark_anchored`] makes it the anchored one.

mod carried;
mod enrolment;
mod error;
mod json;
mod receipt;
#[cfg(test)]
mod tests;

use medproof_statement::day::Day;
use medproof_statement::record::{Facts, MAX_FACTS, RecordError, RecordOpening};
use medproof_statement::tree::{Path as TreePath, REGISTRY_DEPTH};
use medproof_statement::{Fr, holder::Holder};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use std::collections::BTreeSet;
use std::path::Path;
use zeroize::Zeroize;

pub use carried::{CarriedError, CarriedRecord};
pub use enrolment::{Enrolment, EnrolmentError, Invitation, enrolment_message};
pub use error::{IssuerError, Refusal};
pub use json::JsonError;
pub use receipt::{Receipt, ReceiptError};

use error::{at, mismatch, refused};

use crate::import::PatientChart;
use crate::random;
use crate::registry::{Anchor, RegistryError};
use crate::salts::RecordSecret;
use crate::vault::content::RecordContent;
use crate::vault::index::{Entry, VersionRef};
use crate::vault::log::Op;
use crate::vault::{
    Disks, MasterKey, PatientId, Places, RecordId, Replayed, SealedVersion, Standing, Transaction, Vault,
};

/// How many records stand how, and what the ledger knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Charts without a holder.
    pub unenrolled: u64,
    /// Records whose leaf holds their commitment.
    pub enrolled: u64,
    /// Records whose leaf was emptied.
    pub revoked: u64,
    /// What the ledger last confirmed.
    pub anchored: Option<Anchor>,
    /// What was given to the ledger and waits for its answer.
    pub staged: Option<Anchor>,
    /// Whether the current root is neither anchored nor staged.
    pub changed: bool,
}

/// One line of the issuer's list. For the issuer's own staff: it names the patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The record.
    pub record: RecordId,
    /// The patient.
    pub patient: PatientId,
    /// How it stands.
    pub standing: Standing,
    /// The version last stored.
    pub version: u64,
    /// The version under the anchored root.
    pub anchored: Option<u64>,
    /// When the chart was read.
    pub issued_on: Day,
}

/// What a prover needs of a record: all of it secret, all under one anchored root.
pub struct OpenedRecord {
    /// The facts, linked and hashed.
    pub facts: Facts,
    /// The record commitment's opening.
    pub opening: RecordOpening,
    /// From the record's leaf to the root.
    pub path: TreePath<REGISTRY_DEPTH>,
    /// The anchored root, epoch and size.
    pub anchor: Anchor,
}

impl core::fmt::Debug for OpenedRecord {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("OpenedRecord")
            .field("anchor", &self.anchor)
            .finish_non_exhaustive()
    }
}

/// One issuer's records and registry, in one directory that no other process can open meanwhile.
///
/// Patients are named by their FHIR id, or by their record's id (`record:…`).
pub struct Issuer {
    vault: Vault,
}

// A call that was checked and not carried out yet, and what it has touched.
#[derive(Default)]
struct Change<'a> {
    versions: Vec<NewVersion<'a>>,
    ops: Vec<Op>,
    leaves: Vec<(u64, Option<Fr>)>,
    erased: Vec<RecordId>,
    records: BTreeSet<RecordId>,
    holders: BTreeSet<[u8; 32]>,
    new_leaves: u64,
}

// A version to be made of a record. The entry still names the version before.
struct NewVersion<'a> {
    place: usize,
    id: RecordId,
    entry: Entry,
    edit: Edit<'a>,
}

enum Edit<'a> {
    // The first version, without a holder.
    Import(&'a PatientChart),
    Chart(&'a PatientChart),
    Holder(&'a Holder),
}

struct MadeVersion {
    id: RecordId,
    entry: Entry,
    leaf: Option<(u64, Option<Fr>)>,
    sealed: SealedVersion,
}

/// How many versions are in memory at a time.
const PORTION: usize = 256;

impl Issuer {
    /// Creates an issuer in an empty or missing directory, its keystore and erasure log beside it
    /// ([`Places::beside`]). `name` is what holders and ledger know it by; enrolments are bound to it, and
    /// it never changes.
    ///
    /// # Errors
    /// [`crate::vault::VaultError::NotEmpty`] where something is there already.
    pub fn create(dir: &Path, master: Box<dyn MasterKey>, name: &str) -> Result<Issuer, IssuerError> {
        Self::create_on(Disks::create(&Places::beside(dir))?, master, name)
    }

    /// Opens an issuer whose keystore and erasure log are beside its directory.
    ///
    /// # Errors
    /// As [`Issuer::open_on`].
    pub fn open(dir: &Path, master: Box<dyn MasterKey>) -> Result<Issuer, IssuerError> {
        Self::open_on(Disks::open(&Places::beside(dir))?, master)
    }

    /// As [`Issuer::create`], wherever its parts are.
    ///
    /// # Errors
    /// As there.
    pub fn create_on(disks: Disks, master: Box<dyn MasterKey>, name: &str) -> Result<Issuer, IssuerError> {
        Ok(Issuer {
            vault: Vault::create(disks, master, name)?,
        })
    }

    /// Opens an issuer. One of the first form becomes one of the present; records that the erasure log
    /// names are erased again before anything is served ([`Issuer::replayed`]).
    ///
    /// # Errors
    /// Where another process has it, the master key is another, a file is not as it was written, its parts
    /// are not of one day, or the erasure log is not the newest.
    pub fn open_on(disks: Disks, master: Box<dyn MasterKey>) -> Result<Issuer, IssuerError> {
        Ok(Issuer {
            vault: Vault::open(disks, master)?,
        })
    }

    /// What the opening erased again, if the erasure log had more than the vault knew: it was restored from
    /// a backup, or an erasure was interrupted.
    pub const fn replayed(&self) -> Option<Replayed> {
        self.vault.replayed()
    }

    /// The name given at creation.
    pub fn name(&self) -> &str {
        self.vault.issuer()
    }

    /// Stores charts of new patients, without a holder yet. Gives their record ids in order.
    ///
    /// # Errors
    /// [`Refusal`] for the first chart that is not a new patient's or not a record; nothing of any
    /// chart is stored then.
    pub fn import(&mut self, charts: &[PatientChart]) -> Result<Vec<RecordId>, IssuerError> {
        let mut change = Change::default();
        let mut patients = BTreeSet::new();
        let mut ids = Vec::with_capacity(charts.len());
        for (place, chart) in charts.iter().enumerate() {
            let patient = check_chart(chart).map_err(at(place))?;
            if self.vault.state().index.by_patient(&patient).is_some() {
                return Err(refused(place, Refusal::AlreadyImported));
            }
            if !patients.insert(patient.clone()) {
                return Err(refused(place, Refusal::Repeated));
            }
            let id = RecordId::random()?;
            let entry = Entry {
                patient,
                standing: Standing::Unenrolled,
                leaf: None,
                code: random::bytes()?,
                nk_tag: None,
                issued_on: chart.issued_on,
                latest: VersionRef::NONE,
                staged: None,
                anchored: None,
            };
            change.versions.push(NewVersion {
                place,
                id,
                entry,
                edit: Edit::Import(chart),
            });
            ids.push(id);
        }
        self.commit(change)?;
        Ok(ids)
    }

    /// Replaces charts by newer ones: a new version with new salts, in the same leaf where the
    /// patient is enrolled. Gives the record ids in order.
    ///
    /// # Errors
    /// [`Refusal`] for the first chart of an unknown patient, older than the one on file, or not a
    /// record; nothing is changed then.
    pub fn update(&mut self, charts: &[PatientChart]) -> Result<Vec<RecordId>, IssuerError> {
        let mut change = Change::default();
        let mut ids = Vec::with_capacity(charts.len());
        for (place, chart) in charts.iter().enumerate() {
            let patient = check_chart(chart).map_err(at(place))?;
            let known = self.vault.state().index.by_patient(&patient);
            let id = known.ok_or_else(|| refused(place, Refusal::Unknown))?;
            let entry = self.touch(&mut change, place, id)?;
            if chart.issued_on < entry.issued_on {
                let reason = Refusal::Stale {
                    stored: entry.issued_on,
                    found: chart.issued_on,
                };
                return Err(refused(place, reason));
            }
            change.versions.push(NewVersion {
                place,
                id,
                entry,
                edit: Edit::Chart(chart),
            });
            ids.push(id);
        }
        self.commit(change)?;
        Ok(ids)
    }

    /// What the patient needs to enrol a holder, or to rotate keys: hand it to them in person.
    ///
    /// # Errors
    /// [`Refusal::Unknown`].
    pub fn invitation(&self, patient: &str) -> Result<Invitation, IssuerError> {
        let (_, entry) = self.find(0, patient)?;
        Ok(Invitation {
            issuer: self.name().to_owned(),
            code: entry.code,
        })
    }

    /// Enrols a holder for a patient.
    ///
    /// # Errors
    /// As [`Issuer::enroll_many`].
    pub fn enroll(&mut self, patient: &str, enrolment: &Enrolment) -> Result<RecordId, IssuerError> {
        self.enroll_all(core::iter::once((patient, enrolment)), 1)
            .map(|ids| ids[0])
    }

    /// Enrols holders for patients who have none, or whose record was revoked: commits to the
    /// chart and the holder, and gives the record a place in the registry.
    ///
    /// # Errors
    /// [`Refusal`] for the first unknown or enrolled patient, enrolment not signed by its own key
    /// for this patient's invitation, or nullifier key of another patient; nothing is changed then.
    pub fn enroll_many(&mut self, enrolments: &[(&str, &Enrolment)]) -> Result<Vec<RecordId>, IssuerError> {
        self.enroll_all(enrolments.iter().copied(), enrolments.len())
    }

    fn enroll_all<'a>(
        &mut self,
        enrolments: impl Iterator<Item = (&'a str, &'a Enrolment)>,
        count: usize,
    ) -> Result<Vec<RecordId>, IssuerError> {
        let mut change = Change::default();
        let mut ids = Vec::with_capacity(count);
        for (place, (patient, enrolment)) in enrolments.enumerate() {
            let (id, _) = self.find(place, patient)?;
            let mut entry = self.touch(&mut change, place, id)?;
            if entry.standing == Standing::Enrolled {
                return Err(refused(place, Refusal::AlreadyEnrolled));
            }
            let tag = self.accept(&entry, enrolment).map_err(at(place))?;
            let taken = self
                .vault
                .state()
                .index
                .by_holder(&tag)
                .is_some_and(|other| other != id);
            if taken || !change.holders.insert(tag) {
                return Err(refused(place, Refusal::NullifierKeyTaken));
            }
            if entry.leaf.is_none() {
                let leaf = self.vault.state().registry.new_leaf(change.new_leaves);
                entry.leaf = Some(leaf.map_err(RegistryError::from)?);
                change.new_leaves += 1;
            }
            entry.standing = Standing::Enrolled;
            entry.nk_tag = Some(tag);
            change.versions.push(with_holder(place, id, entry, &enrolment.holder)?);
            ids.push(id);
        }
        self.commit(change)?;
        Ok(ids)
    }

    /// Replaces an enrolled holder's public keys; the nullifier key stays.
    ///
    /// # Errors
    /// [`Refusal`] where the patient is not enrolled, the enrolment is not signed by the new key
    /// for the present invitation, or its nullifier key is not the enrolled one.
    pub fn rotate(&mut self, patient: &str, enrolment: &Enrolment) -> Result<RecordId, IssuerError> {
        let mut change = Change::default();
        let (id, _) = self.find(0, patient)?;
        let entry = self.touch(&mut change, 0, id)?;
        must_be_enrolled(0, &entry)?;
        let tag = self.accept(&entry, enrolment).map_err(at(0))?;
        if entry.nk_tag != Some(tag) {
            return Err(refused(0, Refusal::NullifierKeyChanged));
        }
        change.versions.push(with_holder(0, id, entry, &enrolment.holder)?);
        self.commit(change)?;
        Ok(id)
    }

    /// Empties an enrolled record's leaf. No proof opens it from now on, though its earlier
    /// commitment stays under the anchored root until the next is anchored. The chart is kept.
    ///
    /// # Errors
    /// [`Refusal`] where the patient is unknown or not enrolled.
    pub fn revoke(&mut self, patient: &str) -> Result<RecordId, IssuerError> {
        let mut change = Change::default();
        let (id, _) = self.find(0, patient)?;
        let mut entry = self.touch(&mut change, 0, id)?;
        must_be_enrolled(0, &entry)?;
        entry.standing = Standing::Revoked;
        // Nor is it under a root that waits.
        entry.staged = entry.staged.map(|_| None);
        entry.anchored = None;
        change.leaves.extend(entry.leaf.map(|leaf| (leaf, None)));
        change.ops.push(Op::Put(id, Box::new(entry)));
        self.commit(change)?;
        Ok(id)
    }

    /// Erases a patient: destroys the keys of every version of the record, then the versions with their
    /// secret and salts and the copy of the nullifier key, forgets the patient's id, empties the leaf, and
    /// puts the record's tag on the erasure log, so that no backup brings it back.
    ///
    /// # Errors
    /// As [`Issuer::erase_many`].
    pub fn erase(&mut self, patient: &str) -> Result<(), IssuerError> {
        self.erase_many(&[patient])
    }

    /// Erases patients, all or none.
    ///
    /// # Errors
    /// [`Refusal`] for the first who is unknown or named twice. After any other error the erasure may be on
    /// the erasure log: the next opening carries it out then, and the vault takes no change before
    /// ([`crate::vault::VaultError::Reopen`]); or a file could not be overwritten after the erasure was made final, which is
    /// tried again at the next change or opening.
    pub fn erase_many(&mut self, patients: &[&str]) -> Result<(), IssuerError> {
        let mut change = Change::default();
        for (place, patient) in patients.iter().enumerate() {
            let (id, _) = self.find(place, patient)?;
            let entry = self.touch(&mut change, place, id)?;
            change.leaves.extend(entry.filled_leaf().map(|leaf| (leaf, None)));
            change.ops.push(Op::Remove(id));
            change.erased.push(id);
        }
        self.commit(change)?;
        Ok(self.vault.sweep()?)
    }

    /// What to publish on the ledger. Freezes the current root until [`Issuer::mark_anchored`] or
    /// [`Issuer::withdraw_pending`], so that an answer that comes late still finds its tree;
    /// meanwhile it gives the frozen one again. Where nothing changed since the last anchoring it
    /// gives that once more: a heartbeat.
    ///
    /// # Errors
    /// Where it cannot be stored.
    pub fn pending_root(&mut self) -> Result<Anchor, IssuerError> {
        let registry = &self.vault.state().registry;
        let anchor = registry.next_anchor();
        if registry.staged().is_none() && registry.anchored() != Some(&anchor) {
            self.apply(Op::Stage)?;
        }
        Ok(anchor)
    }

    /// As [`Issuer::pending_root`], for a ledger that has a later epoch of this issuer than the issuer knows: it was restored
    /// from a backup. The pending root's epoch is above the ledger's; or the ledger's, where it has this very root.
    ///
    /// # Errors
    /// Where it cannot be stored.
    pub fn pending_root_after(&mut self, epoch: u64, root: Option<Fr>) -> Result<Anchor, IssuerError> {
        let registry = &self.vault.state().registry;
        let known = [registry.staged(), registry.anchored()]
            .into_iter()
            .flatten()
            .map(|anchor| anchor.epoch);
        if known.max() < Some(epoch) {
            let is_there = root == Some(registry.root());
            let epoch = if is_there { epoch - 1 } else { epoch };
            if registry.staged().is_some() {
                self.apply(Op::Withdraw)?;
            }
            self.apply(Op::StageAfter { epoch })?;
        }
        self.pending_root()
    }

    /// The ledger has the root that [`Issuer::pending_root`] gave: proofs are made under it from
    /// now on. Saying so again changes nothing.
    ///
    /// # Errors
    /// [`RegistryError`] where it is not the pending one.
    pub fn mark_anchored(&mut self, epoch: u64, root: Fr) -> Result<(), IssuerError> {
        let registry = &self.vault.state().registry;
        if registry.anchored().is_some_and(|a| (a.epoch, a.root) == (epoch, root)) {
            return Ok(());
        }
        registry.confirm(epoch, root)?;
        self.apply(Op::Anchor { epoch, root })
    }

    /// The ledger refused the pending root and never will have it: the next pending root is the
    /// current tree's. Not for a transaction that may still be mined.
    ///
    /// # Errors
    /// [`RegistryError::NothingStaged`].
    pub fn withdraw_pending(&mut self) -> Result<(), IssuerError> {
        if self.vault.state().registry.staged().is_none() {
            return Err(RegistryError::NothingStaged.into());
        }
        self.apply(Op::Withdraw)
    }

    /// Opens an enrolled record under the anchored root: the version that is committed there, which
    /// may be older than the latest.
    ///
    /// # Errors
    /// [`Refusal`] where the patient is unknown, not enrolled, revoked, or not anchored yet.
    pub fn open_record(&self, patient: &str) -> Result<OpenedRecord, IssuerError> {
        let (carried, version) = self.carry(patient)?;
        carried.open().map_err(|error| match error {
            CarriedError::Record(error) => refused(0, error.into()),
            CarriedError::Root | CarriedError::Form(_) => mismatch(version),
        })
    }

    /// As [`Issuer::open_record`], but for the work of it, which whoever proves can do.
    ///
    /// # Errors
    /// As there.
    pub fn carried_record(&self, patient: &str) -> Result<CarriedRecord, IssuerError> {
        self.carry(patient).map(|(carried, _)| carried)
    }

    fn carry(&self, patient: &str) -> Result<(CarriedRecord, VersionRef), IssuerError> {
        let (id, entry) = self.find(0, patient)?;
        must_be_enrolled(0, entry)?;
        let registry = &self.vault.state().registry;
        let (Some(version), Some(leaf), Some(anchor)) = (entry.anchored, entry.leaf, registry.anchored()) else {
            return Err(refused(0, Refusal::NotAnchored));
        };
        let mut content = self.vault.read(&id, version)?;
        let found = registry.anchored_path(leaf)?;
        let (_, path) = found.ok_or_else(|| refused(0, Refusal::NotAnchored))?;
        let carried = CarriedRecord {
            version: content.version,
            secret: content.secret.clone(),
            facts: core::mem::take(&mut content.facts),
            coverage: content.coverage,
            issued_on: content.issued_on,
            holder: content.holder.clone().ok_or_else(|| mismatch(version))?,
            path,
            anchor: *anchor,
        };
        Ok((carried, version))
    }

    /// What the holder needs to check that the issuer committed to their keys, under the anchored
    /// root.
    ///
    /// # Errors
    /// As [`Issuer::open_record`].
    pub fn receipt(&self, patient: &str) -> Result<Receipt, IssuerError> {
        let opened = self.open_record(patient)?;
        let epoch = opened.anchor.epoch;
        Ok(Receipt::new(self.name(), epoch, &opened.opening, opened.path))
    }

    /// The record of a patient.
    ///
    /// # Errors
    /// [`Refusal::Unknown`].
    pub fn record_id(&self, patient: &str) -> Result<RecordId, IssuerError> {
        self.find(0, patient).map(|(id, _)| id)
    }

    /// Every record, in no order that means anything.
    pub fn records(&self) -> impl ExactSizeIterator<Item = Summary> {
        self.vault.state().index.iter().map(|(id, entry)| Summary {
            record: *id,
            patient: entry.patient.clone(),
            standing: entry.standing,
            version: entry.latest.version,
            anchored: entry.anchored.map(|f| f.version),
            issued_on: entry.issued_on,
        })
    }

    /// Counts and anchors.
    pub fn status(&self) -> Status {
        let state = self.vault.state();
        let registry = &state.registry;
        let known = registry.staged().or(registry.anchored());
        Status {
            unenrolled: state.index.count(Standing::Unenrolled),
            enrolled: state.index.count(Standing::Enrolled),
            revoked: state.index.count(Standing::Revoked),
            anchored: registry.anchored().copied(),
            staged: registry.staged().copied(),
            changed: known.is_none_or(|a| a.root != registry.root()),
        }
    }

    fn find(&self, place: usize, patient: &str) -> Result<(RecordId, &Entry), IssuerError> {
        let index = &self.vault.state().index;
        let by_patient = || PatientId::parse(patient).ok().and_then(|p| index.by_patient(&p));
        RecordId::parse(patient)
            .or_else(by_patient)
            .and_then(|id| Some((id, index.get(&id)?)))
            .ok_or_else(|| refused(place, Refusal::Unknown))
    }

    // The entry to change; refuses a record that the call has changed before.
    fn touch(&self, change: &mut Change<'_>, place: usize, id: RecordId) -> Result<Entry, IssuerError> {
        if !change.records.insert(id) {
            return Err(refused(place, Refusal::Repeated));
        }
        let entry = self.vault.state().index.get(&id);
        entry.cloned().ok_or_else(|| refused(place, Refusal::Unknown))
    }

    fn accept(&self, entry: &Entry, enrolment: &Enrolment) -> Result<[u8; 32], Refusal> {
        enrolment.verify(&Invitation {
            issuer: self.name().to_owned(),
            code: entry.code,
        })?;
        Ok(enrolment::nk_tag(self.vault.id(), &enrolment.holder.nk))
    }

    // Reads, edits, commits and seals one record: the work of a call, each record on its own.
    fn make(&self, tx: &Transaction, nth: usize, version: NewVersion<'_>) -> Result<MadeVersion, IssuerError> {
        let NewVersion {
            place,
            id,
            mut entry,
            edit,
        } = version;
        let mut content = match edit {
            Edit::Import(chart) => first_version(&entry, chart)?,
            Edit::Chart(_) | Edit::Holder(_) => self.vault.read(&id, entry.latest)?,
        };
        match edit {
            Edit::Import(_) => {}
            Edit::Chart(chart) => {
                content.facts.zeroize();
                content.facts.clone_from(&chart.facts);
                content.coverage = chart.coverage;
                content.issued_on = chart.issued_on;
            }
            Edit::Holder(holder) => content.holder = Some(holder.clone()),
        }
        content.version = entry.latest.version + 1;
        content.leaf = entry.leaf;
        let mut leaf = None;
        if let Some(index) = entry.filled_leaf() {
            let holder = content.holder.clone().ok_or_else(|| mismatch(entry.latest))?;
            let facts = content.commit_facts().map_err(at(place))?;
            leaf = Some((index, Some(content.opening(&facts, holder).commit())));
        }
        entry.issued_on = content.issued_on;
        let sealed = self.vault.seal(tx, nth, &id, &content)?;
        Ok(MadeVersion {
            id,
            entry,
            leaf,
            sealed,
        })
    }

    fn make_all(&self, tx: &Transaction, versions: Vec<NewVersion<'_>>) -> Result<Vec<MadeVersion>, IssuerError> {
        let versions = versions.into_par_iter().enumerate();
        versions.map(|(nth, version)| self.make(tx, nth, version)).collect()
    }

    // A portion is written while the next is made.
    fn store(&self, tx: &mut Transaction, versions: Vec<NewVersion<'_>>) -> Result<(), IssuerError> {
        let mut versions = versions.into_iter();
        loop {
            let portion: Vec<NewVersion<'_>> = versions.by_ref().take(PORTION).collect();
            if portion.is_empty() {
                return Ok(());
            }
            let (mut sealed, mut made) = (Vec::new(), Vec::new());
            for version in self.make_all(tx, portion)? {
                sealed.push(version.sealed);
                made.push((version.id, version.entry));
                tx.leaves.extend(version.leaf);
            }
            for ((id, mut entry), latest) in made.into_iter().zip(self.vault.store(tx, sealed)?) {
                entry.latest = latest;
                tx.ops.push(Op::Put(id, Box::new(entry)));
            }
        }
    }

    fn commit(&mut self, change: Change<'_>) -> Result<(), IssuerError> {
        if change.ops.is_empty() && change.versions.is_empty() {
            return Ok(());
        }
        let mut tx = self.vault.begin()?;
        tx.ops = change.ops;
        tx.leaves = change.leaves;
        tx.erased = change.erased;
        match self.store(&mut tx, change.versions) {
            Ok(()) => Ok(self.vault.commit(tx)?),
            Err(error) => {
                self.vault.give_up(tx);
                Err(error)
            }
        }
    }

    #[cfg(any(test, feature = "measuring"))]
    pub(crate) fn set_leaves(&mut self, leaves: Vec<(u64, Option<Fr>)>) -> Result<(), IssuerError> {
        let mut tx = self.vault.begin()?;
        tx.leaves = leaves;
        Ok(self.vault.commit(tx)?)
    }

    fn apply(&mut self, op: Op) -> Result<(), IssuerError> {
        let mut tx = self.vault.begin()?;
        tx.ops.push(op);
        Ok(self.vault.commit(tx)?)
    }
}

// A new holder uses the invitation up.
fn with_holder(place: usize, id: RecordId, mut entry: Entry, holder: &Holder) -> Result<NewVersion<'_>, IssuerError> {
    entry.code = random::bytes()?;
    Ok(NewVersion {
        place,
        id,
        entry,
        edit: Edit::Holder(holder),
    })
}

fn first_version(entry: &Entry, chart: &PatientChart) -> Result<RecordContent, IssuerError> {
    Ok(RecordContent {
        patient: entry.patient.clone(),
        version: 0,
        leaf: None,
        secret: RecordSecret::random()?,
        facts: chart.facts.clone(),
        coverage: chart.coverage,
        issued_on: chart.issued_on,
        holder: None,
    })
}

fn must_be_enrolled(place: usize, entry: &Entry) -> Result<(), IssuerError> {
    match entry.standing {
        Standing::Enrolled => Ok(()),
        Standing::Unenrolled => Err(refused(place, Refusal::NotEnrolled)),
        Standing::Revoked => Err(refused(place, Refusal::Revoked)),
    }
}

// What `Facts::new` will ask, before anything is stored: hashing waits for the enrolment.
fn check_chart(chart: &PatientChart) -> Result<PatientId, Refusal> {
    let patient = PatientId::parse(&chart.patient_id)?;
    if chart.facts.len() > MAX_FACTS {
        return Err(RecordError::TooLarge {
            found: chart.facts.len(),
        }
        .into());
    }
    for (place, fact) in chart.facts.iter().enumerate() {
        let bits = fact.concept.bits();
        if bits == 0 || fact.concept == medproof_statement::concept::Concept::MAX || fact.since > fact.date {
            return Err(RecordError::Malformed { place }.into());
        }
        if place > 0 && chart.facts[place - 1].key() >= fact.key() {
            return Err(RecordError::NotIncreasing { place }.into());
        }
    }
    Ok(patient)
}
