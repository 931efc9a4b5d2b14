//! Checkpoints, as C2SP's tlog-checkpoint has them: a tree's head as the text of a signed note.

use crate::note::{Note, NoteError, SigningKey, VerifyingKey};
use crate::tree::{Hash, Head, MAX_SIZE};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use medproof_messages::encoding::Hex;
use thiserror::Error;

/// Why a note is no checkpoint of this log.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// No note, or not signed by the log.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is no head.
    #[error("expected a checkpoint with {expected}, found something else: take the file as the log wrote it")]
    Form {
        /// The rule that is broken.
        expected: &'static str,
    },
    /// Another log's.
    #[error(
        "expected a checkpoint of the log {expected}, found one of another: the key signs for two logs, or this is not the file that was meant"
    )]
    Origin {
        /// The name of the log's key.
        expected: String,
    },
}

impl CheckpointError {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            CheckpointError::Note(NoteError::Unsigned { .. } | NoteError::Signature { .. }) => "audit.signature",
            CheckpointError::Note(NoteError::Key { .. }) => "audit.key",
            CheckpointError::Note(NoteError::Form { .. }) | CheckpointError::Form { .. } => "audit.checkpoint",
            CheckpointError::Origin { .. } => "audit.origin",
        }
    }
}

/// A log's head at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the name of its key.
    pub origin: String,
    /// The tree.
    pub head: Head,
    /// Lines that the log signs and this software does not understand. We write none.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// Reads the text.
    ///
    /// # Errors
    /// [`CheckpointError::Form`].
    pub fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        let form = |expected| CheckpointError::Form { expected };
        let text = text.strip_suffix('\n').ok_or(form("a newline at its end"))?;
        let mut lines = text.split('\n');
        let mut line = |expected| lines.next().filter(|line| !line.is_empty()).ok_or(form(expected));
        let origin = line("an origin")?.to_owned();
        let size = parse_size(line("a size")?).ok_or(form("a decimal size of at most 2^62"))?;
        let root = BASE64.decode(line("a root")?).ok();
        let root = root.and_then(|bytes| bytes.try_into().ok());
        let root = Hash(root.ok_or(form("a root of 32 bytes in base64"))?);
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(form("no empty lines"));
        }
        let head = Head { size, root };
        Ok(Checkpoint {
            origin,
            head,
            extensions,
        })
    }

    /// The text.
    pub fn to_text(&self) -> String {
        let root = BASE64.encode(self.head.root.0);
        let mut text = format!("{}\n{}\n{root}\n", self.origin, self.head.size);
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// A checkpoint with a signature of its log that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Signs a head. The origin is the key's name.
    ///
    /// A log must never sign two heads of which one does not continue the other: sign what the
    /// transaction that appended has written, and nothing else.
    ///
    /// # Errors
    /// None for the names that keys have; the type is the note's.
    pub fn sign(head: Head, key: &SigningKey) -> Result<SignedCheckpoint, NoteError> {
        let checkpoint = Checkpoint {
            origin: key.verifying().name().to_owned(),
            head,
            extensions: Vec::new(),
        };
        let note = Note::sign(&checkpoint.to_text(), key)?;
        Ok(SignedCheckpoint { checkpoint, note })
    }

    /// Reads a note, and requires that this key signed it as a checkpoint of the log of its name.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(bytes: &[u8], key: &VerifyingKey) -> Result<SignedCheckpoint, CheckpointError> {
        let note = Note::parse(bytes)?;
        note.verify(key)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        if checkpoint.origin != key.name() {
            return Err(CheckpointError::Origin {
                expected: key.name().to_owned(),
            });
        }
        Ok(SignedCheckpoint { checkpoint, note })
    }

    /// Which log.
    pub fn origin(&self) -> &str {
        &self.checkpoint.origin
    }

    /// The tree.
    pub const fn head(&self) -> &Head {
        &self.checkpoint.head
    }

    /// The signed note, witnesses' signatures included.
    pub fn to_text(&self) -> String {
        self.note.to_string()
    }
}

// Digits without zeros before them.
fn parse_size(text: &str) -> Option<u64> {
    let size: u64 = text.parse().ok()?;
    (size <= MAX_SIZE && size.to_string() == text).then_some(size)
}

/// Reads a head as `SIZE:0x…`, as a ledger's entry is handed over by hand.
///
/// # Errors
/// [`CheckpointError::Form`].
pub fn parse_head(text: &str) -> Result<Head, CheckpointError> {
    let head = text.split_once(':').and_then(|(size, root)| {
        let Hex(root) = Hex::<32>::from_text(root)?;
        Some(Head {
            size: parse_size(size)?,
            root: Hash(root),
        })
    });
    head.ok_or(CheckpointError::Form {
        expected: "a head SIZE:0x… of a decimal size and 64 lower-case hexadecimal digits",
    })
}

#[cfg(test)]
mod tests;
