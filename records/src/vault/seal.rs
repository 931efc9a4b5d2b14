//! Sealed bytes: XChaCha20-Poly1305 under a data key of their own, which is wrapped under the
//! master key. A **file** has its wrapped key in its header; an **item**'s is in the keystore.
//!
//! ```text
//! item   = nonce(192) ‖ ciphertext ‖ tag(128)
//! file   = "MPV1" ‖ kind(8) ‖ master key id(64) ‖ length(16) ‖ wrapped data key ‖ nonce(192) ‖ ciphertext ‖ tag(128)
//! inside = length(64) ‖ body ‖ zeros up to a power of two
//! ```
//!
//! What the file is for (its kind, its name, whose record it is) is authenticated with the header,
//! so that a file moved to another's place does not open. The padding leaves an observer no more
//! than the order of magnitude of what is inside.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::VaultError;
use super::codec::{Reader, Writer};
use super::master::{MasterKey, MasterKeyId};
use crate::random::{self, RandomError};

const MAGIC: &[u8; 4] = b"MPV1";
const NONCE: usize = 24;
const TAG: usize = 16;
const LEAST: usize = 1024;

/// A key that seals one thing once.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; 32]);

impl DataKey {
    /// From what unwrapping gave.
    pub const fn from_bytes(bytes: [u8; 32]) -> DataKey {
        DataKey(bytes)
    }

    /// The bytes, for wrapping.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl core::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("DataKey(…)")
    }
}

/// What a sealed file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SealKind {
    Head = 1,
    Counter = 2,
    Segment = 3,
    Record = 4,
    Erasures = 5,
}

impl DataKey {
    /// A fresh one.
    pub(crate) fn random() -> Result<DataKey, RandomError> {
        random::bytes().map(DataKey)
    }
}

/// Seals `body` as an item under a key that seals nothing else.
pub(crate) fn seal_item(key: &DataKey, kind: SealKind, context: &[u8], body: &[u8]) -> Result<Vec<u8>, VaultError> {
    let nonce: [u8; NONCE] = random::bytes()?;
    let mut inside = pad(body);
    encrypt(key, nonce, &bound(kind, context), &mut inside)?;
    Ok([nonce.as_slice(), &inside].concat())
}

/// Opens what [`seal_item`] made, in the same place. `None` where it is not that.
pub(crate) fn open_item(key: &DataKey, kind: SealKind, context: &[u8], item: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = item.split_first_chunk::<NONCE>()?;
    let mut inside = Zeroizing::new(sealed.to_vec());
    let aad = bound(kind, context);
    let opened = apply(key, |cipher| {
        cipher
            .decrypt_in_place(&XNonce::from(*nonce), &aad, &mut *inside)
            .is_ok()
    });
    if opened { unpad(inside) } else { None }
}

fn encrypt(key: &DataKey, nonce: [u8; NONCE], aad: &[u8], inside: &mut Zeroizing<Vec<u8>>) -> Result<(), VaultError> {
    let found = inside.len();
    apply(key, |cipher| {
        cipher
            .encrypt_in_place(&XNonce::from(nonce), aad, &mut **inside)
            .is_ok()
    })
    .then_some(())
    .ok_or(VaultError::TooLarge { found })
}

/// Seals `body` so that it opens only as this kind and in this context.
pub(crate) fn seal(master: &dyn MasterKey, kind: SealKind, context: &[u8], body: &[u8]) -> Result<Vec<u8>, VaultError> {
    let data_key = DataKey::random()?;
    let nonce: [u8; NONCE] = random::bytes()?;
    let bound = bound(kind, context);
    let wrapped = master.wrap(&data_key, &bound)?;
    let length = u16::try_from(wrapped.len()).map_err(|_| VaultError::WrappedKeyTooLong { found: wrapped.len() })?;

    let mut file = Vec::new();
    file.extend_from_slice(MAGIC);
    file.push(kind as u8);
    file.extend_from_slice(&master.id().0);
    file.extend_from_slice(&length.to_be_bytes());
    file.extend_from_slice(&wrapped);
    let aad = [&file[..], &bound].concat();

    let mut inside = pad(body);
    encrypt(&data_key, nonce, &aad, &mut inside)?;
    file.extend_from_slice(&nonce);
    file.extend_from_slice(&inside);
    Ok(file)
}

/// Opens what [`seal`] made, in the same place.
pub(crate) fn open(
    master: &dyn MasterKey,
    kind: SealKind,
    context: &[u8],
    name: &str,
    file: &[u8],
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let tampered = || VaultError::Tampered { file: name.to_owned() };
    let mut reader = Reader::new(file);
    let mut header = || {
        let known = reader.array::<4>()? == *MAGIC && reader.u8()? == kind as u8;
        let id = MasterKeyId(reader.array()?);
        let length = usize::from(reader.u16()?);
        let wrapped = reader.take(length)?;
        let nonce = reader.array::<NONCE>()?;
        Ok((known, id, wrapped, nonce, 15 + length))
    };
    let (known, id, wrapped, nonce, header_length) = header().map_err(|_: super::codec::DecodeError| tampered())?;
    if !known {
        return Err(tampered());
    }
    if id != master.id() {
        return Err(VaultError::WrongMasterKey {
            expected: id,
            found: master.id(),
        });
    }
    let bound = bound(kind, context);
    let data_key = master.unwrap(wrapped, &bound).map_err(|e| match e {
        super::MasterKeyError::Refused => tampered(),
        other => VaultError::Master(other),
    })?;
    let aad = [&file[..header_length], &bound].concat();
    let mut inside = Zeroizing::new(file[header_length + NONCE..].to_vec());
    if !apply(&data_key, |cipher| {
        cipher
            .decrypt_in_place(&XNonce::from(nonce), &aad, &mut *inside)
            .is_ok()
    }) {
        return Err(tampered());
    }
    unpad(inside).ok_or_else(tampered)
}

/// The master key that a sealed file names. `None` for what is no such file.
pub(crate) fn master_of(file: &[u8]) -> Option<MasterKeyId> {
    let mut reader = Reader::new(file);
    let known = reader.array::<4>().ok()? == *MAGIC && reader.u8().is_ok();
    let id = reader.array().ok()?;
    known.then_some(MasterKeyId(id))
}

fn apply(key: &DataKey, work: impl FnOnce(&XChaCha20Poly1305) -> bool) -> bool {
    let mut bytes = Key::from(key.0);
    let done = work(&XChaCha20Poly1305::new(&bytes));
    bytes.as_mut_slice().zeroize();
    done
}

fn bound(kind: SealKind, context: &[u8]) -> Vec<u8> {
    [b"medproof/v1/vault".as_slice(), &[kind as u8], context].concat()
}

fn padded(length: usize) -> usize {
    length.next_power_of_two().max(LEAST)
}

pub(crate) fn pad(body: &[u8]) -> Zeroizing<Vec<u8>> {
    let size = padded(body.len() + 8);
    // Room for the tag as well: the buffer never moves.
    let mut w = Writer::with_capacity(size + TAG);
    w.blob(body);
    let mut inside = w.finish();
    inside.resize(size, 0);
    inside
}

pub(crate) fn unpad(mut inside: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
    let length = u64::from_be_bytes(*inside.first_chunk()?);
    let end = usize::try_from(length).ok()?.checked_add(8)?;
    let zeros = inside.get(end..)?;
    if zeros.iter().any(|b| *b != 0) || inside.len() != padded(end) {
        return None;
    }
    inside.truncate(end);
    inside.drain(..8);
    Some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::{LocalMasterKey, MasterKeyError};

    fn master() -> LocalMasterKey {
        LocalMasterKey::from_bytes([7; 32])
    }

    fn sealed() -> Vec<u8> {
        seal(&master(), SealKind::Record, b"place", b"body").unwrap()
    }

    fn open_as(kind: SealKind, context: &[u8], file: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        open(&master(), kind, context, "f", file)
    }

    #[test]
    fn it_opens_in_its_place_only() {
        let file = sealed();
        assert_eq!(open_as(SealKind::Record, b"place", &file).unwrap().as_slice(), b"body");
        for (kind, context) in [(SealKind::Head, b"place".as_slice()), (SealKind::Record, b"other")] {
            assert!(matches!(
                open_as(kind, context, &file),
                Err(VaultError::Tampered { .. })
            ));
        }
    }

    #[test]
    fn an_item_opens_under_its_key_and_in_its_place_only() {
        let key = DataKey::from_bytes([5; 32]);
        let item = seal_item(&key, SealKind::Record, b"place", b"body").unwrap();
        let open = |key: &DataKey, kind, context: &[u8], item: &[u8]| open_item(key, kind, context, item);
        assert_eq!(
            open(&key, SealKind::Record, b"place", &item).unwrap().as_slice(),
            b"body"
        );
        assert!(open(&key, SealKind::Segment, b"place", &item).is_none());
        assert!(open(&key, SealKind::Record, b"other", &item).is_none());
        assert!(open(&DataKey::from_bytes([6; 32]), SealKind::Record, b"place", &item).is_none());
        for at in 0..item.len() {
            let mut bad = item.clone();
            bad[at] ^= 1;
            assert!(open(&key, SealKind::Record, b"place", &bad).is_none(), "{at}");
            assert!(open(&key, SealKind::Record, b"place", &item[..at]).is_none(), "{at}");
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let file = sealed();
        for at in 0..file.len() {
            let mut bad = file.clone();
            bad[at] ^= 1;
            match open_as(SealKind::Record, b"place", &bad) {
                Err(VaultError::WrongMasterKey { .. }) => assert!((5..13).contains(&at)),
                Err(VaultError::Tampered { .. }) => {}
                _ => panic!("a flip at byte {at} was not found"),
            }
            assert!(open_as(SealKind::Record, b"place", &file[..at]).is_err());
        }
        let mut longer = file;
        longer.push(0);
        assert!(open_as(SealKind::Record, b"place", &longer).is_err());
    }

    #[test]
    fn another_master_key_is_named_as_such() {
        let other = LocalMasterKey::from_bytes([8; 32]);
        let error = open(&other, SealKind::Record, b"place", "f", &sealed()).unwrap_err();
        assert!(matches!(error, VaultError::WrongMasterKey { .. }));
    }

    #[test]
    fn sizes_tell_the_order_of_magnitude_only() {
        let size = |n: usize| seal(&master(), SealKind::Record, b"", &vec![1; n]).unwrap().len();
        assert_eq!(size(0), size(1000));
        assert_eq!(size(40_000), size(65_000));
        assert_ne!(size(1000), size(2000));
    }

    #[test]
    fn padding_is_zeros_within_the_bytes() {
        let padded = pad(b"body");
        assert_eq!(unpad(padded.clone()).unwrap().as_slice(), b"body");
        let mut stray = padded.clone();
        stray[500] = 1;
        assert!(unpad(stray).is_none());
        let mut long = padded;
        long[6] = 0xff;
        assert!(unpad(long).is_none());
        assert!(unpad(Zeroizing::new(vec![0; 7])).is_none());
        // As far as another size goes, nobody padded it.
        let mut further = pad(b"body");
        further.resize(1025, 0);
        assert!(unpad(further).is_none());
    }

    /// A device that fails, or wraps keys in more bytes than a header can tell.
    struct Device(Option<usize>);

    impl MasterKey for Device {
        fn id(&self) -> MasterKeyId {
            MasterKeyId([0; 8])
        }

        fn wrap(&self, _: &DataKey, _: &[u8]) -> Result<Vec<u8>, MasterKeyError> {
            let failed = || MasterKeyError::Device("no answer".to_owned());
            self.0.map(|n| vec![0; n]).ok_or_else(failed)
        }

        fn unwrap(&self, _: &[u8], _: &[u8]) -> Result<DataKey, MasterKeyError> {
            Err(MasterKeyError::Device("no answer".to_owned()))
        }
    }

    #[test]
    fn a_devices_failure_is_not_taken_for_tampering() {
        let seal = |device: &Device| seal(device, SealKind::Record, b"", b"");
        assert!(matches!(
            seal(&Device(Some(1 << 16))),
            Err(VaultError::WrappedKeyTooLong { found: 65_536 })
        ));
        let failed = |e: VaultError| matches!(e, VaultError::Master(MasterKeyError::Device(_)));
        assert!(failed(seal(&Device(None)).unwrap_err()));
        let device = Device(Some((1 << 16) - 1));
        let file = seal(&device).unwrap();
        assert!(failed(open(&device, SealKind::Record, b"", "f", &file).unwrap_err()));
    }

    #[test]
    fn no_two_seals_are_alike() {
        assert_ne!(sealed(), sealed());
    }
}
