//! Signed notes, as C2SP's signed-note has them: text that people read, with a line for each
//! signature. Ed25519 alone.

mod key;

pub use key::{KeyId, SigningKey, VerifyingKey};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_compact::{PublicKey, Signature};
use std::fmt;
use thiserror::Error;

/// The most bytes of a note: text, and signatures of log and witnesses.
pub const MAX_BYTES: usize = 64 * 1024;
/// The most signatures that are read.
pub const MAX_SIGNATURES: usize = 64;

/// Why bytes are no signed note, a text no key, or a note not whose it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoteError {
    /// Not the form of a note.
    #[error("expected a signed note with {expected}, found something else: take the file as the log wrote it")]
    Form {
        /// The rule that is broken.
        expected: &'static str,
    },
    /// Not the form of a key.
    #[error("expected a key as NAME+ID+BASE64 with {expected}, found something else: ask the log's operator for it")]
    Key {
        /// The rule that is broken.
        expected: &'static str,
    },
    /// No signature by the key.
    #[error("expected a signature by {key}, found none: the note is another log's, or the key is not this log's")]
    Unsigned {
        /// Name and id of the key.
        key: String,
    },
    /// A signature by the key's name and id that is over something else.
    #[error("the signature by {key} is not over this text: it was changed, or somebody else signed it")]
    Signature {
        /// Name and id of the key.
        key: String,
    },
}

/// A line below a note's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    name: String,
    id: KeyId,
    signature: Vec<u8>,
}

/// A text and its signatures, none of them verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

impl Note {
    /// Signs a text.
    ///
    /// # Errors
    /// [`NoteError::Form`] for a text that is empty, does not end with a newline, or has control
    /// characters.
    pub fn sign(text: &str, key: &SigningKey) -> Result<Note, NoteError> {
        check_text(text)?;
        Ok(Note {
            text: text.to_owned(),
            signatures: vec![key.sign(text)],
        })
    }

    /// Reads a note.
    ///
    /// # Errors
    /// [`NoteError::Form`].
    pub fn parse(bytes: &[u8]) -> Result<Note, NoteError> {
        let form = |expected| NoteError::Form { expected };
        if bytes.len() > MAX_BYTES {
            return Err(form("at most 65,536 bytes"));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| form("UTF-8"))?;
        check_text(note)?;
        // The last empty line: the text may have others.
        let (text, lines) = note.rsplit_once("\n\n").ok_or(form("an empty line after the text"))?;
        let text = format!("{text}\n");
        check_text(&text)?;
        let signatures = lines.split_terminator('\n').map(SignatureLine::parse);
        let signatures = signatures.collect::<Result<Vec<_>, _>>()?;
        if !(1..=MAX_SIGNATURES).contains(&signatures.len()) {
            return Err(form("1 to 64 signatures"));
        }
        Ok(Note { text, signatures })
    }

    /// The text, newline at its end included. Whoever has not verified it must not believe it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Checks that the key signed. Signatures by other keys, such as witnesses', are passed over.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`]; [`NoteError::Signature`] where one by this key is false, whatever the others
    /// are.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), NoteError> {
        let id = key.id();
        let mut own = self.signatures.iter().filter(|s| s.id == id && s.name == key.name());
        let mut found = false;
        own.try_for_each(|line| {
            found = true;
            line.verify(&self.text, key)
        })?;
        if found {
            return Ok(());
        }
        Err(NoteError::Unsigned { key: key.to_string() })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl SignatureLine {
    // `— NAME BASE64`, the dash being U+2014.
    fn parse(line: &str) -> Result<SignatureLine, NoteError> {
        let form = |expected| NoteError::Form { expected };
        let line = line
            .strip_prefix("— ")
            .ok_or(form("lines of signatures that begin with a dash"))?;
        let (name, signature) = line.split_once(' ').ok_or(form("a key's name and a signature"))?;
        if !key::is_name(name) {
            return Err(form("names of keys without space and plus"));
        }
        let bytes = BASE64.decode(signature).map_err(|_| form("signatures in base64"))?;
        let short = form("signatures longer than a key's id");
        let (id, signature) = bytes.split_first_chunk::<4>().ok_or(short.clone())?;
        if signature.is_empty() {
            return Err(short);
        }
        Ok(SignatureLine {
            name: name.to_owned(),
            id: KeyId(*id),
            signature: signature.to_vec(),
        })
    }

    fn verify(&self, text: &str, key: &VerifyingKey) -> Result<(), NoteError> {
        let verified = Signature::from_slice(&self.signature)
            .and_then(|signature| PublicKey::new(*key.public_key()).verify(text, &signature));
        verified.map_err(|_| NoteError::Signature { key: key.to_string() })
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.0, &self.signature[..]].concat();
        write!(f, "— {} {}", self.name, BASE64.encode(bytes))
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    let form = |expected| Err(NoteError::Form { expected });
    // The text of a note that is nothing but signatures is one newline.
    if !text.ends_with('\n') || text == "\n" {
        return form("text that ends with a newline");
    }
    if text.bytes().any(|c| c < 0x20 && c != b'\n') {
        return form("no control characters");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
