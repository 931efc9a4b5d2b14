//! Canonical JSON: what is written is RFC 8785, and nothing else is read.
//!
//! Every message names its `type` and `version`. A reader checks these two first, then the
//! fields, then that writing the message again gives the very bytes that it read: one encoding
//! a message, whatever else JSON would allow (space, order, escapes, exponents, duplicates).

use crate::encoding::shown_up_to;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Version of all messages.
pub const VERSION: u64 = 1;

/// Characters of a rule at most: a name that is not known, and all that are.
const RULE: usize = 400;

/// Why bytes are not the canonical JSON of a message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JsonError {
    /// More bytes than any such message has.
    #[error("expected at most {expected} bytes of JSON, found {found}: this is no such message")]
    TooLarge {
        /// The most that is read.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Not JSON.
    #[error("expected JSON, found a syntax error at line {line}, column {column}: send the file as it was written")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in bytes.
        column: usize,
    },
    /// Another message.
    #[error("expected a message of type {expected}, found {found}: check which file this is")]
    Type {
        /// The type that was to be read.
        expected: &'static str,
        /// The one found, if it is one of ours.
        found: String,
    },
    /// A version that this software does not know.
    #[error(
        "expected version {expected} of {kind}, found {found}: upgrade, or ask for a message of version {expected}"
    )]
    Version {
        /// The message's type.
        kind: &'static str,
        /// The version that is known.
        expected: u64,
        /// The one found.
        found: u64,
    },
    /// A field is missing, unknown, twice there, or of another form.
    #[error("the JSON does not have the form of {kind}: {rule}")]
    Form {
        /// The message's type.
        kind: &'static str,
        /// What was expected where.
        rule: String,
    },
    /// The same values in another spelling.
    #[error(
        "expected canonical JSON (RFC 8785), found another spelling from byte {at} on: write the message with this software"
    )]
    NotCanonical {
        /// The first byte that differs, from 0.
        at: usize,
    },
}

impl JsonError {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            JsonError::TooLarge { .. } => "json.too_large",
            JsonError::Syntax { .. } => "json.syntax",
            JsonError::Type { .. } => "json.type",
            JsonError::Version { .. } => "json.version",
            JsonError::Form { .. } => "json.form",
            JsonError::NotCanonical { .. } => "json.not_canonical",
        }
    }
}

/// The JSON form of a message: its fields in alphabetical order, `type` and `version` last.
pub trait Wire: Serialize + DeserializeOwned {
    /// The value of `type`.
    const TYPE: &'static str;
    /// The most bytes that are read.
    const MAX_BYTES: usize;
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

/// Reads the canonical bytes of a message.
///
/// # Errors
/// [`JsonError`] names the first rule that they break.
pub fn read<W: Wire>(bytes: &[u8]) -> Result<W, JsonError> {
    let message: W = read_any_spelling(bytes)?;
    let again = write(&message);
    if again != bytes {
        let at = again.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        return Err(JsonError::NotCanonical { at });
    }
    Ok(message)
}

/// Reads what people write and nobody signs: with space, in any order.
///
/// # Errors
/// [`JsonError`], but never [`JsonError::NotCanonical`].
pub fn read_any_spelling<W: Wire>(bytes: &[u8]) -> Result<W, JsonError> {
    if bytes.len() > W::MAX_BYTES {
        return Err(JsonError::TooLarge {
            expected: W::MAX_BYTES,
            found: bytes.len(),
        });
    }
    let head: Head = serde_json::from_slice(bytes).map_err(|e| refusal(W::TYPE, &e))?;
    check_head::<W>(&head.kind, head.version)?;
    serde_json::from_slice(bytes).map_err(|e| refusal(W::TYPE, &e))
}

/// Checks what a message says of itself, one that stands inside another included.
pub(crate) fn check_head<W: Wire>(kind: &str, version: u64) -> Result<(), JsonError> {
    if kind != W::TYPE {
        return Err(JsonError::Type {
            expected: W::TYPE,
            found: own_type(kind),
        });
    }
    if version != VERSION {
        return Err(JsonError::Version {
            kind: W::TYPE,
            expected: VERSION,
            found: version,
        });
    }
    Ok(())
}

/// The canonical bytes of a message. Empty only if memory for them is.
pub fn write<W: Wire>(message: &W) -> Vec<u8> {
    // Strings, integers and lists alone: serialising these into memory has no way to fail.
    let written = serde_json::to_vec(message);
    debug_assert!(written.is_ok());
    written.unwrap_or_default()
}

// Types of ours are named. Whatever else stands there is not repeated: the file may be anything.
fn own_type(kind: &str) -> String {
    let is_own = kind.strip_prefix("medproof/").is_some_and(|name| {
        let plain = |b: u8| b.is_ascii_lowercase() || b == b'-';
        name.len() <= 32 && name.bytes().all(plain)
    });
    if is_own { kind.into() } else { "another".into() }
}

// In the parser's words, without what it met, values and unknown names alike: what stands in the
// wrong place may be a secret.
fn rule(words: &str) -> String {
    let (problem, place) = split_last(words, " at line ").unwrap_or((words, "?"));
    let names_a_field_of_ours = problem.starts_with("missing field") || problem.starts_with("duplicate field");
    match split_last(problem, ", expected ") {
        Some((met, expected)) => {
            let expected = shown_up_to(RULE, expected);
            let is_name = met.starts_with("unknown field");
            let found = if is_name { "an unknown field" } else { "something else" };
            format!("expected {expected}, found {found} at line {place}")
        }
        None if names_a_field_of_ours => shown_up_to(RULE, words),
        None => format!("another value was expected at line {place}"),
    }
}

// As `rsplit_once`, whose search is for texts that are longer, and as much code as a message.
fn split_last<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let at = text
        .as_bytes()
        .windows(mark.len())
        .rposition(|part| part == mark.as_bytes())?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}

fn refusal(kind: &'static str, error: &serde_json::Error) -> JsonError {
    if error.is_data() {
        JsonError::Form {
            kind,
            rule: rule(&error.to_string()),
        }
    } else {
        JsonError::Syntax {
            line: error.line(),
            column: error.column(),
        }
    }
}
