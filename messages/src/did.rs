//! Who asks: `did:key` identifiers with Ed25519 keys, and what they sign.
//!
//! A signature covers a domain and the message's bytes, each preceded by its length in bytes as a
//! 64-bit big-endian integer: no message of one kind is one of another.

use crate::encoding::shown;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use ed25519_compact::{KeyPair, PublicKey, Seed, Signature};
use thiserror::Error;

/// Multicodec of an Ed25519 public key, 0xed as a varint.
const MULTICODEC: [u8; 2] = [0xed, 0x01];
/// `z` is multibase's name for base58btc.
const PREFIX: &str = "did:key:z";
/// Digits of the 34 bytes: the first is 0xed, so there are always as many.
const DIGITS: usize = 47;
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Why a text is no identifier, or a signature none of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DidError {
    /// Not the one spelling of an Ed25519 `did:key`.
    #[error("expected did:key:z6Mk… with an Ed25519 key, found {found}: other DID methods and keys are not supported")]
    Form {
        /// The text, shortened.
        found: String,
    },
    /// Bytes that are no key, or one under which anybody can sign.
    #[error("expected a canonical Ed25519 public key of large order, found another one: make a new key")]
    WeakKey,
    /// The signature is another's, or over something else.
    #[error("the signature is not {signer}'s over this {kind}: it was changed, or somebody else signed it")]
    Signature {
        /// Who should have signed.
        signer: Did,
        /// What it is a signature of.
        kind: &'static str,
    },
    /// A seed of zeros.
    #[error("expected a seed from a cryptographic generator, found zeros")]
    ZeroSeed,
}

impl DidError {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            DidError::Form { .. } => "did.form",
            DidError::WeakKey => "did.weak_key",
            DidError::Signature { .. } => "did.signature",
            DidError::ZeroSeed => "did.zero_seed",
        }
    }
}

/// A `did:key` of an Ed25519 key: canonical, of large order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Did([u8; 32]);

impl Did {
    /// Names an Ed25519 public key.
    ///
    /// # Errors
    /// [`DidError::WeakKey`].
    pub fn from_public_key(key: [u8; 32]) -> Result<Did, DidError> {
        PublicKey::new(key).validate().map_err(|_| DidError::WeakKey)?;
        Ok(Did(key))
    }

    /// Reads the one spelling of an identifier.
    ///
    /// # Errors
    /// [`DidError::Form`], [`DidError::WeakKey`].
    pub fn parse(text: &str) -> Result<Did, DidError> {
        let form = || DidError::Form { found: shown(text) };
        let digits = text
            .strip_prefix(PREFIX)
            .filter(|d| d.len() == DIGITS)
            .ok_or_else(form)?;
        let bytes = from_base58(digits).ok_or_else(form)?;
        let [a, b, key @ ..] = bytes;
        if [a, b] != MULTICODEC {
            return Err(form());
        }
        Did::from_public_key(key)
    }

    /// The public key.
    pub const fn public_key(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks this key's signature.
    ///
    /// # Errors
    /// [`DidError::Signature`].
    pub fn verify(&self, kind: &'static str, message: &[u8], signature: &[u8; 64]) -> Result<(), DidError> {
        PublicKey::new(self.0)
            .verify(signed_bytes(kind, message), &Signature::new(*signature))
            .map_err(|_| DidError::Signature { signer: *self, kind })
    }
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 34];
        for (to, from) in bytes.iter_mut().zip(MULTICODEC.iter().chain(&self.0)) {
            *to = *from;
        }
        f.write_str(PREFIX)?;
        to_base58(&bytes)
            .into_iter()
            .try_for_each(|digit| fmt::Write::write_char(f, char::from(digit)))
    }
}

impl fmt::Debug for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Did({self})")
    }
}

/// The key with which an audience signs its requests, or an operator a trust bundle. Wiped when
/// dropped, never shown.
pub struct AudienceKey(KeyPair);

impl AudienceKey {
    /// From 32 bytes of a cryptographic generator.
    ///
    /// # Errors
    /// [`DidError::ZeroSeed`].
    pub fn from_seed(seed: [u8; 32]) -> Result<AudienceKey, DidError> {
        KeyPair::try_from_seed(Seed::new(seed))
            .map(AudienceKey)
            .map_err(|_| DidError::ZeroSeed)
    }

    /// Whose key it is.
    pub fn did(&self) -> Did {
        Did(*self.0.pk)
    }

    /// Signs a message of a kind. The signature depends on key and message only.
    pub fn sign(&self, kind: &'static str, message: &[u8]) -> [u8; 64] {
        *self.0.sk.sign(signed_bytes(kind, message), None)
    }
}

impl fmt::Debug for AudienceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AudienceKey(..)")
    }
}

fn signed_bytes(kind: &str, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16 + kind.len() + message.len());
    for part in [kind.as_bytes(), message] {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part);
    }
    bytes
}

/// The digits of 34 bytes, most significant first, by long division.
fn to_base58(bytes: &[u8; 34]) -> [u8; DIGITS] {
    let mut number = *bytes;
    let mut digits = [0; DIGITS];
    for digit in digits.iter_mut().rev() {
        let remainder = number.iter_mut().fold(0u32, |carry, byte| {
            let value = carry << 8 | u32::from(*byte);
            *byte = (value / 58) as u8;
            value % 58
        });
        *digit = ALPHABET.get(remainder as usize).copied().unwrap_or_default();
    }
    digits
}

/// The 34 bytes of as many digits. `None` where a digit is none or the number needs more bytes.
fn from_base58(digits: &str) -> Option<[u8; 34]> {
    let mut number = [0u8; 34];
    for digit in digits.bytes() {
        let value = ALPHABET.iter().position(|c| *c == digit)?;
        let carry = number.iter_mut().rev().fold(value as u32, |carry, byte| {
            let value = u32::from(*byte) * 58 + carry;
            *byte = value as u8;
            value >> 8
        });
        if carry != 0 {
            return None;
        }
    }
    Some(number)
}
