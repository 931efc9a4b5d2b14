//! The master key: it wraps the key of every sealed file, and may live in another device.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use core::fmt;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::seal::DataKey;
use crate::random::{self, RandomError};

/// Tells master keys apart without saying anything about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterKeyId(pub [u8; 8]);

impl MasterKeyId {
    /// Of a key that has a name where it is kept and shows nothing else: a label and serial number of a
    /// token, a key's resource name and version in a service. Another version is another key.
    pub fn named(name: &str) -> MasterKeyId {
        let digest = Sha256::new_with_prefix(b"medproof/v1/master-key-name")
            .chain_update(name)
            .finalize();
        let mut id = [0; 8];
        id.copy_from_slice(&digest[..8]);
        MasterKeyId(id)
    }
}

impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Why there is no master key, or why it did not do its work. Never shows a key.
#[derive(Debug, Error)]
pub enum MasterKeyError {
    /// A wrapped key that this master key did not wrap, or for another place.
    #[error("the wrapped key was not made by this master key for this place")]
    Refused,
    /// A key file that others can read.
    #[error(
        "expected the master key file to be readable by its owner only (mode 0600), found mode {found:04o}: run chmod 600 on it"
    )]
    Permissions {
        /// Its permission bits.
        found: u32,
    },
    /// A file or variable that holds no key.
    #[error(
        "expected a master key of 64 lowercase hexadecimal digits, found something else: make one with a key file that does not exist yet"
    )]
    Malformed,
    /// The variable is not set.
    #[error(
        "expected a master key in the environment variable {variable}, found none: set it to 64 hexadecimal digits"
    )]
    Unset {
        /// Its name.
        variable: String,
    },
    /// The file could not be read or written.
    #[error("the master key file cannot be used: {0}")]
    Io(#[from] io::Error),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A device or service that refused: no such key, no permission, a key that was disabled. To ask
    /// again changes nothing. In its own words, without secrets.
    #[error("the master key's device did not do its work: {0}")]
    Device(String),
    /// A device or service that did not answer in time. To ask again may help.
    #[error("the master key's device cannot be reached: {0}; nothing was changed, run again when it answers")]
    Unavailable(String),
}

/// Wraps data keys. The key itself need not be in this process, nor ever leave what keeps it: all that is
/// asked of it is a name, and two operations on 32 bytes. So it may be a token (PKCS#11: `C_WrapKey`, or
/// `C_Encrypt` with AES-GCM) or a service (a KMS: Encrypt and Decrypt with the context as its additional
/// data), where these hold:
///
/// - **Bound.** [`MasterKey::unwrap`] gives a key back for the context that it was wrapped for, and for
///   no other: [`MasterKeyError::Refused`]. Where the device does not authenticate a context, the
///   implementation seals context and key together.
/// - **Named.** [`MasterKey::id`] is answered from memory, is the same at every start, and is another for
///   another key or another version of one ([`MasterKeyId::named`]). Files name it; who opens them with
///   another key is told so.
/// - **Blocking.** The vault calls from threads that may wait. An implementation over an asynchronous
///   client waits for it with a time limit, on a runtime of its own, and never on a thread of the
///   runtime that called: [`MasterKeyError::Unavailable`] when the time is over. What is worth trying again
///   at once, it tries again itself.
/// - **Apart.** No answer is not a wrong key: a device's own failure is [`MasterKeyError::Device`] or
///   [`MasterKeyError::Unavailable`], never [`MasterKeyError::Refused`], which the vault takes for tampering.
/// - **Short.** What wrapping gives has 65,533 bytes at most, of a length that may vary.
///
/// Keys are wrapped from several threads at once, and one is for each item: an import of ten thousand
/// charts asks ten thousand times. `records/src/issuer/tests/remote.rs` has one that keeps its key
/// elsewhere, and fails as such things do.
pub trait MasterKey: Send + Sync {
    /// Which key this is.
    fn id(&self) -> MasterKeyId;
    /// Wraps a data key, bound to a context: authenticated, not hidden.
    ///
    /// # Errors
    /// Where the key's device fails.
    fn wrap(&self, key: &DataKey, context: &[u8]) -> Result<Vec<u8>, MasterKeyError>;
    /// Unwraps what [`MasterKey::wrap`] made for the same context.
    ///
    /// # Errors
    /// [`MasterKeyError::Refused`] for anything else.
    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<DataKey, MasterKeyError>;
}

const NONCE: usize = 24;

/// A master key in this process's memory: from a file that a passphrase opens, from one that its owner
/// alone can read, or, for development, from the environment.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct LocalMasterKey([u8; 32]);

impl LocalMasterKey {
    /// From 32 bytes that a cryptographic generator made.
    pub const fn from_bytes(bytes: [u8; 32]) -> LocalMasterKey {
        LocalMasterKey(bytes)
    }

    /// A new one.
    ///
    /// # Errors
    /// Where the system gives no randomness.
    pub fn generate() -> Result<LocalMasterKey, MasterKeyError> {
        Ok(LocalMasterKey(random::bytes()?))
    }

    /// The bytes, for sealing.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Makes a key and writes it to a file that must not exist yet, for its owner only.
    ///
    /// # Errors
    /// Where the file exists or cannot be written.
    pub fn create_file(path: &Path) -> Result<LocalMasterKey, MasterKeyError> {
        let key = LocalMasterKey::generate()?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        // Not appended to: a text that grows leaves its first bytes behind in freed memory.
        file.write_all(Zeroizing::new(hex::encode(key.0)).as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        Ok(key)
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// Where others can read the file too, or it does not hold exactly one key.
    pub fn from_file(path: &Path) -> Result<LocalMasterKey, MasterKeyError> {
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path)?.permissions()) & 0o777;
            if mode & 0o077 != 0 {
                return Err(MasterKeyError::Permissions { found: mode });
            }
        }
        let bytes = Zeroizing::new(fs::read(path)?);
        Self::parse(bytes.strip_suffix(b"\n").unwrap_or(&bytes))
    }

    /// Reads a key from an environment variable. **For development alone:** the environment of a process
    /// is in its children's, in crash reports, and before whoever may look at the process.
    ///
    /// # Errors
    /// Where the variable is unset or does not hold a key.
    pub fn from_env(variable: &str) -> Result<LocalMasterKey, MasterKeyError> {
        match std::env::var(variable) {
            Ok(text) => Self::parse(Zeroizing::new(text).as_bytes()),
            Err(std::env::VarError::NotPresent) => Err(MasterKeyError::Unset {
                variable: variable.to_owned(),
            }),
            Err(std::env::VarError::NotUnicode(_)) => Err(MasterKeyError::Malformed),
        }
    }

    /// Reads a key from its text: 64 lowercase hexadecimal digits.
    ///
    /// # Errors
    /// For anything else.
    pub fn parse(text: &[u8]) -> Result<LocalMasterKey, MasterKeyError> {
        if text.iter().any(u8::is_ascii_uppercase) {
            return Err(MasterKeyError::Malformed);
        }
        let mut key = LocalMasterKey([0; 32]);
        hex::decode_to_slice(text, &mut key.0).map_err(|_| MasterKeyError::Malformed)?;
        Ok(key)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        let mut key = Key::from(self.0);
        let cipher = XChaCha20Poly1305::new(&key);
        key.as_mut_slice().zeroize();
        cipher
    }
}

impl fmt::Debug for LocalMasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalMasterKey(…)")
    }
}

impl MasterKey for LocalMasterKey {
    fn id(&self) -> MasterKeyId {
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block[..32].copy_from_slice(&self.0);
        let mac = Hmac::<Sha256>::new(&block)
            .chain_update(b"medproof/v1/master-key-id")
            .finalize();
        block.as_mut_slice().zeroize();
        let mut id = [0; 8];
        id.copy_from_slice(&mac.into_bytes()[..8]);
        MasterKeyId(id)
    }

    fn wrap(&self, key: &DataKey, context: &[u8]) -> Result<Vec<u8>, MasterKeyError> {
        let nonce: [u8; NONCE] = random::bytes()?;
        let mut wrapped = Vec::with_capacity(32 + 16);
        wrapped.extend_from_slice(key.expose());
        self.cipher()
            .encrypt_in_place(&XNonce::from(nonce), context, &mut wrapped)
            .map_err(|_| MasterKeyError::Refused)?;
        Ok([nonce.as_slice(), &wrapped].concat())
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<DataKey, MasterKeyError> {
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE>().ok_or(MasterKeyError::Refused)?;
        let mut key = Zeroizing::new(sealed.to_vec());
        self.cipher()
            .decrypt_in_place(&XNonce::from(*nonce), context, &mut *key)
            .map_err(|_| MasterKeyError::Refused)?;
        let bytes = Zeroizing::new(<[u8; 32]>::try_from(key.as_slice()).map_err(|_| MasterKeyError::Refused)?);
        Ok(DataKey::from_bytes(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_key_unwraps_in_its_context_only() {
        let master = LocalMasterKey::from_bytes([1; 32]);
        let wrapped = master.wrap(&DataKey::from_bytes([5; 32]), b"here").unwrap();
        assert_eq!(master.unwrap(&wrapped, b"here").unwrap().expose(), &[5; 32]);
        assert!(matches!(
            master.unwrap(&wrapped, b"there"),
            Err(MasterKeyError::Refused)
        ));
        assert!(matches!(
            master.unwrap(&wrapped[..20], b"here"),
            Err(MasterKeyError::Refused)
        ));
        let other = LocalMasterKey::from_bytes([2; 32]);
        assert_ne!(other.id(), master.id());
        assert!(matches!(other.unwrap(&wrapped, b"here"), Err(MasterKeyError::Refused)));
    }

    #[test]
    fn a_key_file_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        let made = LocalMasterKey::create_file(&path).unwrap();
        assert_eq!(LocalMasterKey::from_file(&path).unwrap().0, made.0);
        assert!(matches!(LocalMasterKey::create_file(&path), Err(MasterKeyError::Io(_))));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            let error = LocalMasterKey::from_file(&path).unwrap_err();
            assert!(matches!(error, MasterKeyError::Permissions { found: 0o640 }));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "00", &"AB".repeat(32), &"zz".repeat(32), &"00".repeat(33)] {
            let error = LocalMasterKey::parse(text.as_bytes()).unwrap_err();
            assert!(matches!(error, MasterKeyError::Malformed));
        }
        let error = LocalMasterKey::from_env("MEDPROOF_NO_SUCH_VARIABLE").unwrap_err();
        assert!(matches!(error, MasterKeyError::Unset { .. }));
    }

    #[test]
    fn names_tell_keys_and_versions_apart() {
        let id = |name| MasterKeyId::named(name);
        assert_eq!(id("token/1"), id("token/1"));
        assert_ne!(id("token/1"), id("token/2"));
        let made = [LocalMasterKey::generate().unwrap(), LocalMasterKey::generate().unwrap()];
        assert_ne!(made[0].id(), made[1].id());
        assert_eq!(LocalMasterKey::from_bytes(*made[0].expose()).id(), made[0].id());
    }

    #[test]
    fn keys_are_never_shown() {
        assert_eq!(
            format!("{:?}", LocalMasterKey::from_bytes([1; 32])),
            "LocalMasterKey(…)"
        );
        assert_eq!(format!("{:?}", DataKey::from_bytes([1; 32])), "DataKey(…)");
    }
}
