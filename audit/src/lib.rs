//! The append-only log of what was asked of a prover and how it ended, in the manner of
//! transparency logs: whoever keeps a checkpoint notices any later change of what is before it.
//!
//! An [`Entry`] is hashed as a leaf of RFC 6962's tree ([`tree`]). A [`Checkpoint`] is the tree's
//! size and root, signed as a note ([`note`]). An [`Archive`] is the log as a folder of tiles, as
//! C2SP's tlog-tiles lays it out, which other tools read and [`verify()`] audits.
//!
//! Nothing here waits, and nothing here is a database. Who keeps a log stores three things in the
//! transaction that changes what the entry is about: the entry's bytes under its index, the nodes
//! that [`tree::Frontier::append`] gives, and the frontier itself in one row, read for update:
//!
//! ```
//! use medproof_audit::tree::{Frontier, Hash};
//! # use medproof_audit::{Entry, Event, Tenant, pseudonym::PseudonymKey};
//! # use medproof_statement::request::Time;
//! # let row = Frontier::new().to_bytes();
//! # let patient = PseudonymKey::from_bytes([7; 32]).pseudonym("General Hospital", "record:1");
//! let entry = Entry::new(Time::new(1_617_267_600)?, Tenant::parse("General Hospital")?, Event::RecordErased(patient))?;
//! let leaf = entry.to_json();
//! // BEGIN; SELECT frontier … FOR UPDATE;
//! let mut frontier = Frontier::from_bytes(&row)?;
//! let index = frontier.size();
//! for node in frontier.append(Hash::of_leaf(&leaf))? {
//!     // INSERT INTO nodes (level, idx, hash) VALUES (node.id.level, node.id.index, node.hash.0)
//! #   let _ = node;
//! }
//! // INSERT INTO entries (idx, leaf) VALUES (index, leaf);
//! // UPDATE … SET frontier = frontier.to_bytes(); COMMIT;
//! # assert_eq!((index, frontier.size()), (0, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::unreachable
    )
)]

pub mod archive;
pub mod checkpoint;
pub mod entry;
pub mod fhir;
pub mod note;
pub mod pseudonym;
pub mod tiles;
pub mod tree;
pub mod verify;

pub use archive::{Archive, ArchiveError};
pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
pub use entry::{Asked, Consented, Entry, EntryError, Event, Failure, Tenant};
pub use note::{Note, NoteError, SigningKey, VerifyingKey};
pub use pseudonym::{Pseudonym, PseudonymKey};
pub use verify::{Expected, Finding, Stop, Verified, Witness, verify};
