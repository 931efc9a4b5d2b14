//! The keys of notes and their text forms.

use super::{NoteError, SignatureLine};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_compact::{KeyPair, PublicKey, Seed};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// C2SP's identifier of Ed25519.
const ED25519: u8 = 1;
const PRIVATE: &str = "PRIVATE+KEY+";
/// The most bytes of a name.
const MAX_NAME: usize = 256;

/// What a signature names its key by, beside the name: SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key), of which the
/// first 4 bytes. It tells keys apart and is no commitment to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 4]);

impl KeyId {
    fn of(name: &str, public_key: &[u8; 32]) -> KeyId {
        let hash = Sha256::new_with_prefix(name).chain_update([b'\n', ED25519]);
        let [a, b, c, d, ..]: [u8; 32] = hash.chain_update(public_key).finalize().into();
        KeyId([a, b, c, d])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

// Not empty, without Unicode spaces and plus. Our own: no control characters, and not without end.
pub(super) fn is_name(name: &str) -> bool {
    let misplaced = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    !name.is_empty() && name.len() <= MAX_NAME && !name.contains(misplaced)
}

/// A public key with its name, as an auditor pins it: `NAME+ID+BASE64` (a *vkey*).
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    public_key: [u8; 32],
}

impl VerifyingKey {
    fn new(name: &str, public_key: [u8; 32]) -> Result<VerifyingKey, NoteError> {
        let key = |expected| NoteError::Key { expected };
        if !is_name(name) {
            return Err(key(
                "a name of at most 256 bytes without space, plus and control characters",
            ));
        }
        PublicKey::new(public_key)
            .validate()
            .map_err(|_| key("a canonical Ed25519 key of large order"))?;
        Ok(VerifyingKey {
            name: name.to_owned(),
            public_key,
        })
    }

    /// Reads `NAME+ID+BASE64`.
    ///
    /// # Errors
    /// [`NoteError::Key`].
    pub fn parse(text: &str) -> Result<VerifyingKey, NoteError> {
        let (name, id, public_key) = parts(text)?;
        let key = VerifyingKey::new(name, *public_key)?;
        check_id(id, key.id())?;
        Ok(key)
    }

    /// Whose it is: a log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id.
    pub fn id(&self) -> KeyId {
        KeyId::of(&self.name, &self.public_key)
    }

    /// What a ledger calls the log that this key signs: SHA-256 of `NAME+ID+BASE64`.
    pub fn log_id(&self) -> [u8; 32] {
        Sha256::digest(self.to_string()).into()
    }

    /// The Ed25519 key.
    pub const fn public_key(&self) -> &[u8; 32] {
        &self.public_key
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519], &self.public_key[..]].concat();
        write!(f, "{}+{}+{}", self.name, self.id(), BASE64.encode(key))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

/// A key that signs notes, with its name. Wiped when dropped, never shown.
pub struct SigningKey {
    verifying: VerifyingKey,
    pair: KeyPair,
}

impl SigningKey {
    /// From a name and 32 bytes of a cryptographic generator.
    ///
    /// # Errors
    /// [`NoteError::Key`] for a name that is none, or a seed of zeros.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<SigningKey, NoteError> {
        let key = |expected| NoteError::Key { expected };
        let pair = KeyPair::try_from_seed(Seed::new(*seed));
        let pair = pair.map_err(|_| key("a seed from a cryptographic generator"))?;
        Ok(SigningKey {
            verifying: VerifyingKey::new(name, *pair.pk)?,
            pair,
        })
    }

    /// Reads `PRIVATE+KEY+NAME+ID+BASE64` (an *skey*).
    ///
    /// # Errors
    /// [`NoteError::Key`], which repeats nothing of the text.
    pub fn parse(text: &str) -> Result<SigningKey, NoteError> {
        let expected = "PRIVATE+KEY+ before it";
        let text = text.strip_prefix(PRIVATE).ok_or(NoteError::Key { expected })?;
        let (name, id, seed) = parts(text)?;
        let key = SigningKey::from_seed(name, &seed)?;
        check_id(id, key.verifying.id())?;
        Ok(key)
    }

    /// `PRIVATE+KEY+NAME+ID+BASE64`.
    pub fn to_text(&self) -> Zeroizing<String> {
        let seed = self.pair.sk.seed();
        let mut key = Zeroizing::new(vec![ED25519]);
        key.reserve_exact(32);
        key.extend_from_slice(&*seed);
        let encoded = Zeroizing::new(BASE64.encode(&*key));
        let (name, id) = (&self.verifying.name, self.verifying.id());
        let mut text = Zeroizing::new(String::with_capacity(PRIVATE.len() + name.len() + encoded.len() + 10));
        for part in [PRIVATE, name, "+", &id.to_string(), "+", &encoded] {
            text.push_str(part);
        }
        text
    }

    /// What others verify its signatures with.
    pub const fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }

    pub(super) fn sign(&self, text: &str) -> SignatureLine {
        SignatureLine {
            name: self.verifying.name.clone(),
            id: self.verifying.id(),
            signature: self.pair.sk.sign(text, None).to_vec(),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, ..)", self.verifying)
    }
}

// Of `NAME+ID+BASE64`: the base64 of 0x01 and 32 bytes, in which a plus may stand as well.
fn parts(text: &str) -> Result<(&str, &str, Zeroizing<[u8; 32]>), NoteError> {
    let key = |expected| NoteError::Key { expected };
    let (name, rest) = text.split_once('+').ok_or(key("a name"))?;
    let (id, encoded) = rest.split_once('+').ok_or(key("an id"))?;
    let bytes = BASE64.decode(encoded).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| key("a key in base64"))?;
    match bytes.split_first() {
        Some((&ED25519, key_bytes)) => {
            let wrong = |_| key("32 bytes of Ed25519");
            Ok((name, id, Zeroizing::new(key_bytes.try_into().map_err(wrong)?)))
        }
        _ => Err(key("the algorithm Ed25519")),
    }
}

fn check_id(text: &str, id: KeyId) -> Result<(), NoteError> {
    if text == id.to_string() {
        return Ok(());
    }
    Err(NoteError::Key {
        expected: "the id of its name and key",
    })
}
