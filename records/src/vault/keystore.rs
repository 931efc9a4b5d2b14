//! The keystore: the keys of all items, apart from the items.
//!
//! ```text
//! counter    the head's generation once more
//! <32 hex>   the keys of the pack of that name: "MPK1" ‖ master key id(64) ‖ slot size(16) ‖ slots
//! slot       length(16) ‖ wrapped key ‖ zeros; all zeros where the key was destroyed
//! ```
//!
//! A key is wrapped for its slot of its pack and for nothing else. To destroy an item is to overwrite
//! its slot: what is left of the item anywhere, in a backup of the packs too, opens no more.

use std::ops::Range;
use std::sync::Arc;

use super::VaultError;
use super::codec::{DecodeError, Reader};
use super::disk::{Disk, DiskError};
use super::index::{FileName, Item};
use super::master::{MasterKey, MasterKeyError, MasterKeyId};
use super::seal::DataKey;

const MAGIC: &[u8; 4] = b"MPK1";
const HEADER: u64 = 14;

/// Wrapped keys for the slots of one pack.
#[derive(Default)]
pub(crate) struct Slots(Vec<Vec<u8>>);

impl Slots {
    /// Puts wrapped keys into the slots after the first, which waits for the operations' key.
    pub(crate) fn add(&mut self, wrapped: Vec<u8>) {
        self.0.push(wrapped);
    }

    /// The pack's file of the keystore.
    pub(crate) fn file(&self, first: &[u8], master: MasterKeyId) -> Result<Vec<u8>, VaultError> {
        let all: Vec<&[u8]> = core::iter::once(first)
            .chain(self.0.iter().map(Vec::as_slice))
            .collect();
        file(&all, master)
    }
}

/// A pack's file of these wrapped keys, empty where one was destroyed.
pub(crate) fn file<T: AsRef<[u8]>>(all: &[T], master: MasterKeyId) -> Result<Vec<u8>, VaultError> {
    let longest = all
        .iter()
        .map(|wrapped| wrapped.as_ref().len())
        .max()
        .unwrap_or_default();
    let size = u16::try_from(longest + 2).map_err(|_| VaultError::WrappedKeyTooLong { found: longest })?;
    let mut file = Vec::with_capacity(HEADER as usize + usize::from(size) * all.len());
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&master.0);
    file.extend_from_slice(&size.to_be_bytes());
    for wrapped in all.iter().map(AsRef::as_ref) {
        let end = file.len() + usize::from(size);
        // It fits: the size has two bytes more.
        file.extend_from_slice(&(wrapped.len() as u16).to_be_bytes());
        file.extend_from_slice(wrapped);
        file.resize(end, 0);
    }
    Ok(file)
}

/// The wrapped keys of a pack's file, as [`file`] takes them, and the master key that wrapped them.
pub(crate) fn read_file(bytes: &[u8]) -> Result<(MasterKeyId, Vec<&[u8]>), DecodeError> {
    let mut r = Reader::new(bytes);
    if r.array::<4>()? != *MAGIC {
        return Err(DecodeError("a pack's keys"));
    }
    let master = MasterKeyId(r.array()?);
    let size = usize::from(r.u16()?);
    let slots = bytes.get(HEADER as usize..).unwrap_or_default();
    if size < 2 || slots.len() % size != 0 {
        return Err(DecodeError("slots of one size"));
    }
    let wrapped = slots.chunks_exact(size).map(|slot| {
        let mut r = Reader::new(slot);
        let length = usize::from(r.u16()?);
        r.take(length)
    });
    Ok((master, wrapped.collect::<Result<_, _>>()?))
}

/// Wraps and unwraps keys for their slots.
pub(crate) struct Keystore {
    pub(crate) disk: Arc<dyn Disk>,
    master: Box<dyn MasterKey>,
}

impl Keystore {
    pub(crate) fn new(disk: Arc<dyn Disk>, master: Box<dyn MasterKey>) -> Keystore {
        Keystore { disk, master }
    }

    pub(crate) fn into_parts(self) -> (Arc<dyn Disk>, Box<dyn MasterKey>) {
        (self.disk, self.master)
    }

    pub(crate) fn master(&self) -> &dyn MasterKey {
        &*self.master
    }

    pub(crate) fn wrap(
        &self,
        key: &DataKey,
        vault: &[u8; 16],
        pack: FileName,
        slot: u32,
    ) -> Result<Vec<u8>, VaultError> {
        Ok(self.master.wrap(key, &context(vault, pack, slot))?)
    }

    /// The key of an item.
    pub(crate) fn key(&self, vault: &[u8; 16], item: Item) -> Result<DataKey, VaultError> {
        let wrapped = self.wrapped(item)?;
        let file = || item.pack.to_string();
        if wrapped.is_empty() {
            return Err(VaultError::KeyDestroyed { file: file() });
        }
        let context = context(vault, item.pack, item.slot);
        self.master.unwrap(&wrapped, &context).map_err(|error| match error {
            MasterKeyError::Refused => VaultError::Tampered { file: file() },
            other => VaultError::Master(other),
        })
    }

    /// The wrapped key of an item: nothing where it was destroyed.
    pub(crate) fn wrapped(&self, item: Item) -> Result<Vec<u8>, VaultError> {
        let tampered = || VaultError::Tampered {
            file: item.pack.to_string(),
        };
        let slot = self.slot(item)?;
        let bytes = self
            .disk
            .read_at(&item.pack.to_string(), slot.start, (slot.end - slot.start) as usize)?;
        if bytes.len() as u64 != slot.end - slot.start {
            return Err(tampered());
        }
        let mut r = Reader::new(&bytes);
        let wrapped = r.u16().and_then(|length| r.take(usize::from(length)));
        wrapped.map(<[u8]>::to_vec).map_err(|_| tampered())
    }

    /// Where the item's key stands in its pack's file.
    pub(crate) fn slot(&self, item: Item) -> Result<Range<u64>, VaultError> {
        let name = item.pack.to_string();
        let header = self.disk.read_at(&name, 0, HEADER as usize)?;
        let tampered = |_| VaultError::Tampered { file: name.clone() };
        let mut r = Reader::new(&header);
        let known = r.array::<4>().map_err(tampered)? == *MAGIC;
        let id = MasterKeyId(r.array().map_err(tampered)?);
        let size = u64::from(r.u16().map_err(tampered)?);
        if !known || size < 2 {
            return Err(VaultError::Tampered { file: name });
        }
        if id != self.master.id() {
            return Err(VaultError::WrongMasterKey {
                expected: id,
                found: self.master.id(),
            });
        }
        let start = HEADER + u64::from(item.slot) * size;
        Ok(start..start + size)
    }

    /// Destroys the keys of these items of one pack. Those of a file that is gone are gone.
    pub(crate) fn destroy(&self, pack: FileName, items: &[Item]) -> Result<(), VaultError> {
        let slots = items.iter().map(|item| self.slot(*item)).collect();
        let slots: Vec<Range<u64>> = match slots {
            Err(VaultError::Disk(DiskError::Missing { .. })) => return Ok(()),
            slots => slots?,
        };
        Ok(self.disk.blank(&pack.to_string(), &slots)?)
    }
}

pub(crate) fn context(vault: &[u8; 16], pack: FileName, slot: u32) -> Vec<u8> {
    [
        b"medproof/v1/vault-key".as_slice(),
        vault,
        pack.bytes(),
        &slot.to_be_bytes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::LocalMasterKey;
    use crate::vault::sim::SimDisk;

    const VAULT: [u8; 16] = [1; 16];

    fn item(pack: FileName, slot: u32) -> Item {
        Item {
            pack,
            slot,
            at: 0,
            length: 0,
        }
    }

    // A pack's file of three keys, and the same under another name.
    fn keystore() -> (Keystore, SimDisk, [FileName; 2]) {
        let disk = SimDisk::default();
        let master = Box::new(LocalMasterKey::from_bytes([7; 32]));
        let keys = Keystore::new(Arc::new(disk.clone()), master);
        let names = [FileName::random().unwrap(), FileName::random().unwrap()];
        let wrap = |n: u8| {
            keys.wrap(&DataKey::from_bytes([n; 32]), &VAULT, names[0], u32::from(n))
                .unwrap()
        };
        let mut slots = Slots::default();
        slots.add(wrap(1));
        slots.add(wrap(2));
        let file = slots.file(&wrap(0), keys.master().id()).unwrap();
        names
            .iter()
            .for_each(|name| disk.create(&name.to_string(), &file).unwrap());
        (keys, disk, names)
    }

    #[test]
    fn a_key_opens_in_its_slot_of_its_pack_only() {
        let (keys, disk, [name, other]) = keystore();
        for slot in 0..3 {
            let key = keys.key(&VAULT, item(name, slot)).unwrap();
            assert_eq!(key.expose(), &[slot as u8; 32]);
        }
        let tampered = |result| matches!(result, Err(VaultError::Tampered { .. }));
        assert!(tampered(keys.key(&VAULT, item(other, 1))));
        assert!(tampered(keys.key(&[2; 16], item(name, 1))));
        assert!(tampered(keys.key(&VAULT, item(name, 3))));
        // Slots swapped.
        let mut file = disk.read(&name.to_string()).unwrap();
        let size = (file.len() - HEADER as usize) / 3;
        file[HEADER as usize..HEADER as usize + 2 * size].rotate_left(size);
        disk.plant(&name.to_string(), file);
        assert!(tampered(keys.key(&VAULT, item(name, 1))));
    }

    #[test]
    fn a_destroyed_key_leaves_the_others() {
        let (keys, disk, [name, _]) = keystore();
        let wrapped = keys.wrapped(item(name, 1)).unwrap();
        keys.destroy(name, &[item(name, 1)]).unwrap();
        assert!(matches!(
            keys.key(&VAULT, item(name, 1)),
            Err(VaultError::KeyDestroyed { .. })
        ));
        assert!(keys.key(&VAULT, item(name, 0)).is_ok() && keys.key(&VAULT, item(name, 2)).is_ok());
        let file = disk.read(&name.to_string()).unwrap();
        assert!(!file.windows(wrapped.len()).any(|bytes| bytes == wrapped));
        disk.unlink(&name.to_string());
        keys.destroy(name, &[item(name, 2)]).unwrap();
    }
}
