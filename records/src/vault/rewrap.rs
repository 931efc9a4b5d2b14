//! Another master key in the place of the one: what the old one wrapped, the new one wraps.
//!
//! Every file names its master key, and is replaced whole. The head is first and the counter last, so
//! that a vault whose rotation was interrupted opens under neither key alone: whoever has both goes on
//! from where it stopped. Records stay as they are; only what wraps their keys changes. A backup of the
//! keystore opens under the key that it was made under.
//!
//! ```text
//! NAME.new   the file's next contents, durable before its name changes hands
//! NAME.old   a pack's wrapped keys as they were, overwritten and removed
//! ```

use core::ops::ControlFlow;
use std::collections::BTreeSet;

use super::disk::{Disk, DiskError};
use super::index::FileName;
use super::keystore;
use super::master::{MasterKey, MasterKeyId};
use super::seal::{self, SealKind};
use super::{COUNTER, Disks, HEAD, Head, Vault, VaultError, form};

const NEW: &str = ".new";
const OLD: &str = ".old";
const TIP: &str = "tip";

/// What a rotation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewrapped {
    /// The key that was.
    pub old: MasterKeyId,
    /// The key that is.
    pub new: MasterKeyId,
    /// Whether it went on from an interrupted rotation.
    pub resumed: bool,
    /// How many data keys were wrapped anew.
    pub keys: u64,
}

/// Puts a new master key into the place of the old one. `follow` is told how many of how many files are
/// done, and may ask to stop: then, as after a crash, the next call with the same two keys goes on.
///
/// # Errors
/// [`VaultError::SameMasterKey`] where there is nothing to rotate; [`VaultError::Interrupted`] where
/// `follow` asked to stop; as opening does before the first file is changed.
pub fn rewrap(
    disks: Disks,
    old: Box<dyn MasterKey>,
    new: &dyn MasterKey,
    follow: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Rewrapped, VaultError> {
    let (old_id, new_id) = (old.id(), new.id());
    if old_id == new_id {
        return Err(VaultError::SameMasterKey { found: new_id });
    }
    for disk in [&disks.records, &disks.keystore, &disks.erasures] {
        recover(&**disk)?;
    }
    let resumed = seal::master_of(&disks.records.read(HEAD)?) == Some(new_id);
    let (disks, old) = match resumed {
        true => (disks, old),
        // Nothing is rotated that does not open: what is left over and what is to be erased goes first.
        false => {
            let mut vault = Vault::open(disks, old)?;
            vault.sweep()?;
            let (disks, old) = vault.close();
            // No crash from here on brings a name back that was given up before: each is a pack's.
            for disk in [&disks.records, &disks.keystore, &disks.erasures] {
                disk.sync_names()?;
            }
            (disks, old)
        }
    };
    let mut rotation = Rotation {
        disks,
        old: &*old,
        new,
        keys: 0,
    };
    rotation.run(follow)?;
    Ok(Rewrapped {
        old: old_id,
        new: new_id,
        resumed,
        keys: rotation.keys,
    })
}

struct Rotation<'a> {
    disks: Disks,
    old: &'a dyn MasterKey,
    new: &'a dyn MasterKey,
    keys: u64,
}

impl Rotation<'_> {
    fn run(&mut self, follow: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> Result<(), VaultError> {
        let names = self.disks.keystore.list()?;
        let packs: Vec<FileName> = names.iter().filter_map(|name| FileName::parse(name)).collect();
        let total = packs.len() as u64 + 3;
        let mut done = 0;
        let mut step = || {
            done += 1;
            match follow(done, total) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(VaultError::Interrupted),
            }
        };
        let head = self.file(HEAD, SealKind::Head, &[])?;
        let vault = form(HEAD, Head::decode(&head))?.vault;
        step()?;
        for pack in packs {
            self.pack(&vault, pack)?;
            step()?;
        }
        self.file(TIP, SealKind::Erasures, &vault)?;
        step()?;
        self.file(COUNTER, SealKind::Counter, &vault)?;
        // All is done: there is nothing left to stop.
        let _ = step();
        Ok(())
    }

    // A sealed file, sealed anew where the new key did not seal it yet. Gives what is in it.
    fn file(&self, name: &str, kind: SealKind, context: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, VaultError> {
        let disk = match kind {
            SealKind::Counter => &self.disks.keystore,
            SealKind::Erasures => &self.disks.erasures,
            _ => &self.disks.records,
        };
        let sealed = disk.read(name)?;
        if seal::master_of(&sealed) == Some(self.new.id()) {
            return seal::open(self.new, kind, context, name, &sealed);
        }
        let body = seal::open(self.old, kind, context, name, &sealed)?;
        let again = seal::seal(self.new, kind, context, &body)?;
        // Another device may not give back what it took: the old file is still there to tell.
        if *seal::open(self.new, kind, context, name, &again)? != *body {
            return Err(VaultError::Tampered { file: name.to_owned() });
        }
        replace(&**disk, name, &again)?;
        Ok(body)
    }

    fn pack(&mut self, vault: &[u8; 16], pack: FileName) -> Result<(), VaultError> {
        let name = pack.to_string();
        let tampered = || VaultError::Tampered { file: name.clone() };
        let file = self.disks.keystore.read(&name)?;
        let (master, wrapped) = keystore::read_file(&file).map_err(|_| tampered())?;
        if master == self.new.id() {
            return Ok(());
        }
        if master != self.old.id() {
            return Err(VaultError::WrongMasterKey {
                expected: master,
                found: self.old.id(),
            });
        }
        let mut slots = Vec::with_capacity(wrapped.len());
        for (slot, wrapped) in (0..).zip(wrapped) {
            // A key that was destroyed stays so.
            if wrapped.is_empty() {
                slots.push(Vec::new());
                continue;
            }
            let context = keystore::context(vault, pack, slot);
            let key = self.old.unwrap(wrapped, &context).map_err(|e| refused(e, &name))?;
            let again = self.new.wrap(&key, &context)?;
            if self.new.unwrap(&again, &context)?.expose() != key.expose() {
                return Err(tampered());
            }
            slots.push(again);
            self.keys += 1;
        }
        let file = keystore::file(&slots, self.new.id())?;
        Ok(replace_and_destroy(&*self.disks.keystore, &name, &file)?)
    }
}

fn refused(error: super::MasterKeyError, name: &str) -> VaultError {
    match error {
        super::MasterKeyError::Refused => VaultError::Tampered { file: name.to_owned() },
        other => VaultError::Master(other),
    }
}

// Durable beside its place.
fn prepare(disk: &dyn Disk, name: &str, bytes: &[u8]) -> Result<String, DiskError> {
    let new = format!("{name}{NEW}");
    let write = || {
        disk.create(&new, bytes)?;
        disk.sync(&new)?;
        disk.sync_names()
    };
    match write() {
        Ok(()) => Ok(new),
        Err(error) => {
            // The file is as it was: the disk may be full.
            let _ = disk.shred(&new);
            Err(error)
        }
    }
}

// At no moment is the name without a file.
fn replace(disk: &dyn Disk, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
    let new = prepare(disk, name, bytes)?;
    disk.rename(&new, name)?;
    disk.sync_names()
}

// The old file keeps a name until it is overwritten. For a moment there is none under its own: no
// vault is opened while that may be.
fn replace_and_destroy(disk: &dyn Disk, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
    let new = prepare(disk, name, bytes)?;
    let old = format!("{name}{OLD}");
    disk.rename(name, &old)?;
    disk.sync_names()?;
    disk.rename(&new, name)?;
    disk.sync_names()?;
    disk.shred(&old)
}

/// Clears up what an interrupted replacement left: where the name is there, the replacement did not
/// begin or is over; where it is not, it goes on.
pub(super) fn recover(disk: &dyn Disk) -> Result<(), DiskError> {
    let names: BTreeSet<String> = disk.list()?.into_iter().collect();
    let left = |suffix: &'static str| {
        names
            .iter()
            .filter_map(move |name| Some((name, name.strip_suffix(suffix)?)))
    };
    for (name, base) in left(NEW) {
        match names.contains(base) {
            true => disk.shred(name)?,
            false => disk.rename(name, base)?,
        }
        disk.sync_names()?;
    }
    // Only now: until the other has the name for good, this is all there is.
    left(OLD).try_for_each(|(name, _)| disk.shred(name))
}

/// Whether a rotation was begun and has not ended: head and counter are under different keys.
pub(super) fn is_unfinished(disks: &Disks) -> Result<bool, VaultError> {
    let master_of = |disk: &dyn Disk, name| match disk.read(name) {
        // No issuer, no keystore, or a vault of the first form: not for this module to say.
        Err(DiskError::Missing { .. }) => Ok(None),
        file => file.map(|file| seal::master_of(&file)),
    };
    let (head, counter) = (master_of(&*disks.records, HEAD)?, master_of(&*disks.keystore, COUNTER)?);
    // What is cut or changed says nothing of a rotation.
    Ok(head.zip(counter).is_some_and(|(head, counter)| head != counter))
}
