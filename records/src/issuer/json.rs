//! The JSON of messages between issuer and holder: strict, versioned, bytes as lowercase
//! hexadecimal digits.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// JSON that is not the message it should be. Repeats nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JsonError {
    /// Not JSON, or with missing, unknown or repeated fields.
    #[error("expected {what}, found other JSON at line {line}, column {column}")]
    Malformed {
        /// The message.
        what: &'static str,
        /// Where it went wrong, from 1.
        line: usize,
        /// Where it went wrong.
        column: usize,
    },
    /// A version that this program does not read.
    #[error("expected version {expected} of {what}, found version {found}: use a program of that version")]
    Version {
        /// The message.
        what: &'static str,
        /// What is read here.
        expected: u64,
        /// What was given.
        found: u64,
    },
    /// A field that is not so many bytes.
    #[error("expected {digits} lowercase hexadecimal digits in the field {field}")]
    Hex {
        /// Which field.
        field: &'static str,
        /// How many digits.
        digits: usize,
    },
    /// A field that is not a canonical field element.
    #[error("expected a field element below the BN254 scalar modulus in the field {field}")]
    NotCanonical {
        /// Which field.
        field: &'static str,
    },
}

#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

/// Reads a message; its version first, so that a newer message is refused as such.
pub(super) fn read<T: DeserializeOwned>(what: &'static str, expected: u64, text: &[u8]) -> Result<T, JsonError> {
    let malformed = |e: serde_json::Error| JsonError::Malformed {
        what,
        line: e.line(),
        column: e.column(),
    };
    let Versioned { version: found } = serde_json::from_slice(text).map_err(malformed)?;
    if found != expected {
        return Err(JsonError::Version { what, expected, found });
    }
    serde_json::from_slice(text).map_err(malformed)
}

/// Writes a message.
pub(super) fn write<T: Serialize>(message: &T) -> Result<String, JsonError> {
    serde_json::to_string(message).map_err(|e| JsonError::Malformed {
        what: "a message that JSON can hold",
        line: e.line(),
        column: e.column(),
    })
}

/// The bytes of a field.
pub(super) fn bytes<const N: usize>(field: &'static str, text: &str) -> Result<[u8; N], JsonError> {
    let mut bytes = [0; N];
    let lowercase = !text.bytes().any(|b| b.is_ascii_uppercase());
    match hex::decode_to_slice(text, &mut bytes) {
        Ok(()) if lowercase => Ok(bytes),
        _ => Err(JsonError::Hex { field, digits: 2 * N }),
    }
}

/// The field element of a field.
pub(super) fn element(field: &'static str, text: &str) -> Result<medproof_statement::Fr, JsonError> {
    medproof_statement::field::from_bytes(&bytes::<32>(field, text)?).map_err(|_| JsonError::NotCanonical { field })
}
