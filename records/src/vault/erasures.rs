//! The erasure log: which records were erased, so that no backup brings one back.
//!
//! ```text
//! log   = entries of 112 bytes, appended and never changed
//! entry = sequence(64) ‖ when(64) ‖ tag(256) ‖ destroyed(256) ‖ chain(256)
//! tip   = sealed: vault, key of the tags, how many entries, the last one's chain
//! ```
//!
//! `tag` is HMAC-SHA256 of the record's random id under the log's own key, and says nothing to who
//! has not both; `destroyed` is the SHA-256 of the wrapped keys that were destroyed; `chain` the SHA-256
//! of the chain before and the entry. The tip is replaced after the entries are durable, and both are
//! before the records are touched: an entry is an intent, which the next opening carries out.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

use super::codec::{DecodeError, Reader, Writer};
use super::disk::{Disk, DiskError};
use super::index::{FileName, RecordId};
use super::master::MasterKey;
use super::seal::{self, SealKind};
use super::{VaultError, form};
use crate::random;

const LOG: &str = "log";
const TIP: &str = "tip";
const FORM: u8 = 1;
const ENTRY: usize = 112;

/// How far the log goes: the vault's head has it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Extent {
    pub(crate) count: u64,
    pub(crate) chain: [u8; 32],
}

impl Extent {
    pub(crate) fn write(&self, w: &mut Writer) {
        w.u64(self.count);
        w.raw(&self.chain);
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Extent, DecodeError> {
        Ok(Extent {
            count: r.u64()?,
            chain: r.array()?,
        })
    }
}

/// An open erasure log.
pub(crate) struct Erasures {
    disk: Arc<dyn Disk>,
    vault: [u8; 16],
    key: Zeroizing<[u8; 32]>,
    // In order; the tags are what is asked for.
    entries: Vec<Entry>,
}

struct Entry {
    tag: [u8; 32],
    chain: [u8; 32],
}

impl Erasures {
    /// An empty log in an empty directory.
    pub(crate) fn create(disk: Arc<dyn Disk>, master: &dyn MasterKey, vault: [u8; 16]) -> Result<Erasures, VaultError> {
        let erasures = Erasures {
            disk,
            vault,
            key: Zeroizing::new(random::bytes()?),
            entries: Vec::new(),
        };
        erasures.disk.create(LOG, &[])?;
        erasures.disk.sync(LOG)?;
        erasures.replace_tip(master, Extent::default())?;
        Ok(erasures)
    }

    /// Opens a log and shows that it is as it was written, to the end that its tip names. What a
    /// crash left after that was never acknowledged.
    pub(crate) fn open(disk: Arc<dyn Disk>, master: &dyn MasterKey, vault: [u8; 16]) -> Result<Erasures, VaultError> {
        let tampered = || VaultError::ErasureLog { file: LOG.to_owned() };
        let lost = |error| match error {
            DiskError::Missing { file } => VaultError::ErasureLog { file },
            other => VaultError::Disk(other),
        };
        let sealed = disk.read(TIP).map_err(lost)?;
        let tip = seal::open(master, SealKind::Erasures, &vault, TIP, &sealed).map_err(|error| match error {
            VaultError::Tampered { file } => VaultError::ErasureLog { file },
            other => other,
        })?;
        let (key, extent) = form(TIP, read_tip(&tip))?;
        let log = disk.read(LOG).map_err(lost)?;
        let count = usize::try_from(extent.count).map_err(|_| tampered())?;
        let mut chain = [0; 32];
        let mut entries = Vec::new();
        for (sequence, entry) in (0..).zip(log.chunks_exact(ENTRY).take(count)) {
            let mut r = Reader::new(entry);
            let mut read = || Ok((r.u64()?, r.u64()?, r.array()?, r.array::<32>()?, r.array()?));
            let (number, _, tag, _, next) = form(LOG, read())?;
            chain = link(&chain, &entry[..ENTRY - 32]);
            if number != sequence || next != chain {
                return Err(tampered());
            }
            entries.push(Entry { tag, chain });
        }
        if entries.len() != count || chain != extent.chain {
            return Err(tampered());
        }
        Ok(Erasures {
            disk,
            vault,
            key,
            entries,
        })
    }

    pub(crate) fn into_disk(self) -> Arc<dyn Disk> {
        self.disk
    }

    pub(crate) fn extent(&self) -> Extent {
        Extent {
            count: self.entries.len() as u64,
            chain: self.entries.last().map_or([0; 32], |entry| entry.chain),
        }
    }

    /// Whether the log goes on from there.
    pub(crate) fn continues(&self, from: Extent) -> bool {
        let before = from.count.checked_sub(1).map(|last| self.entries.get(last as usize));
        match before {
            None => from == Extent::default(),
            Some(entry) => entry.is_some_and(|entry| entry.chain == from.chain),
        }
    }

    /// Which of these records the log names.
    pub(crate) fn named<'a>(&self, records: impl Iterator<Item = &'a RecordId>) -> Vec<RecordId> {
        let tags: BTreeSet<&[u8; 32]> = self.entries.iter().map(|entry| &entry.tag).collect();
        if tags.is_empty() {
            return Vec::new();
        }
        records.filter(|id| tags.contains(&self.tag(id))).copied().collect()
    }

    /// Puts records on the log, each with the wrapped keys that are to be destroyed: durable when it
    /// returns.
    pub(crate) fn append(
        &mut self,
        master: &dyn MasterKey,
        records: &[(RecordId, Vec<Vec<u8>>)],
    ) -> Result<(), VaultError> {
        let when = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs());
        let Extent { count, mut chain } = self.extent();
        let mut added = Vec::new();
        let mut bytes = Vec::with_capacity(ENTRY * records.len());
        for (sequence, (id, wrapped)) in (count..).zip(records) {
            let tag = self.tag(id);
            let start = bytes.len();
            bytes.extend_from_slice(&sequence.to_be_bytes());
            bytes.extend_from_slice(&when.to_be_bytes());
            bytes.extend_from_slice(&tag);
            bytes.extend_from_slice(&digest(wrapped));
            chain = link(&chain, &bytes[start..]);
            bytes.extend_from_slice(&chain);
            added.push(Entry { tag, chain });
        }
        self.disk.write_at(LOG, count * ENTRY as u64, &bytes)?;
        self.disk.sync(LOG)?;
        let count = count + added.len() as u64;
        self.replace_tip(master, Extent { count, chain })?;
        self.entries.extend(added);
        Ok(())
    }

    fn replace_tip(&self, master: &dyn MasterKey, extent: Extent) -> Result<(), VaultError> {
        let mut w = Writer::with_capacity(128);
        w.u8(FORM);
        w.raw(&*self.key);
        extent.write(&mut w);
        let sealed = seal::seal(master, SealKind::Erasures, &self.vault, &w.finish())?;
        let name = FileName::random()?.to_string();
        let replace = || {
            self.disk.create(&name, &sealed)?;
            self.disk.sync(&name)?;
            self.disk.rename(&name, TIP)?;
            self.disk.sync_names()
        };
        replace().map_err(|error| {
            // Nothing of it is secret: what stays is removed at the next opening.
            let _ = self.disk.shred(&name);
            error.into()
        })
    }

    /// Removes what interrupted changes left.
    pub(crate) fn sweep(&self) -> Result<(), VaultError> {
        let names = self.disk.list()?;
        let mut left = names.iter().filter(|name| FileName::parse(name).is_some());
        Ok(left.try_for_each(|name| self.disk.shred(name))?)
    }

    fn tag(&self, id: &RecordId) -> [u8; 32] {
        // As in `salts`: HMAC pads a key of 32 bytes to its block.
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block[..32].copy_from_slice(&*self.key);
        let keyed = Hmac::<Sha256>::new(&block);
        zeroize::Zeroize::zeroize(block.as_mut_slice());
        let mac = keyed.chain_update(b"medproof/v1/erased").chain_update(id.bytes());
        mac.finalize().into_bytes().into()
    }
}

fn read_tip(bytes: &[u8]) -> Result<(Zeroizing<[u8; 32]>, Extent), DecodeError> {
    let mut r = Reader::new(bytes);
    if r.u8()? != FORM {
        return Err(DecodeError("form 1 of an erasure log"));
    }
    let key = Zeroizing::new(r.array()?);
    let extent = Extent::read(&mut r)?;
    r.end()?;
    Ok((key, extent))
}

fn link(chain: &[u8; 32], entry: &[u8]) -> [u8; 32] {
    let mut sha = Sha256::new_with_prefix(b"medproof/v1/erasures");
    sha.update(chain);
    sha.update(entry);
    sha.finalize().into()
}

fn digest(wrapped: &[Vec<u8>]) -> [u8; 32] {
    let mut sha = Sha256::new_with_prefix(b"medproof/v1/destroyed");
    for key in wrapped {
        sha.update((key.len() as u64).to_be_bytes());
        sha.update(key);
    }
    sha.finalize().into()
}
