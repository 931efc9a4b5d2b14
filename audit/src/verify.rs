//! The audit of an archive: everything is computed again from the entries.

use crate::archive::{Archive, ArchiveError};
use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::entry::{Entry, EntryError};
use crate::note::VerifyingKey;
use crate::tiles::{self, Kind, Rows, Tile, TileError, WIDTH};
use crate::tree::{Hash, Head};
use std::fmt;
use std::path::PathBuf;
use thiserror::Error;

/// Where a head comes from that the log has to continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// The auditor kept it.
    Kept,
    /// Somebody else was given it.
    Anchored,
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Witness::Kept => "kept",
            Witness::Anchored => "anchored",
        })
    }
}

/// What an audit found, with its place and what to do. Entries are counted from 0.
#[derive(Debug, Error)]
pub enum Finding {
    /// The folder cannot be read.
    #[error(transparent)]
    Unreadable(ArchiveError),
    /// There is no checkpoint.
    #[error(
        "expected the log's checkpoint, found none: it was removed, or this is no archive; ask the log's operator for all of it"
    )]
    NoCheckpoint,
    /// The archive's checkpoint is not the log's.
    #[error("the archive's checkpoint: {0}")]
    Checkpoint(CheckpointError),
    /// The log is older than it was: entries were cut off, or an old copy was put in its place.
    #[error("expected at least {} entries, as the {witness} head has them, found a checkpoint of {found}: the log was cut or put back; ask its operator for the entries from {found} on", .expected.size)]
    Behind {
        /// Who knows better.
        witness: Witness,
        /// The newer head.
        expected: Head,
        /// The checkpoint's size.
        found: u64,
    },
    /// The log tells another history than it did.
    #[error("expected root {} over the first {} entries, as the {witness} head has it, found {found}: an entry before {} was changed, moved, added or removed, and the log signed both histories; keep both checkpoints, they are the evidence", .expected.root, .expected.size, .expected.size)]
    Fork {
        /// Who knows otherwise.
        witness: Witness,
        /// The head that was there.
        expected: Head,
        /// The root that its entries give now.
        found: Hash,
    },
    /// The ledger has a head that the log never had.
    #[error("expected the ledger's head number {number}, {}, among the heads that the log had, found none: it was published since this copy was made, or the log told another history then; copy the log again, and if it stays so, keep both", hex(.head))]
    Unpublished {
        /// Which of the ledger's, counted from 0.
        number: usize,
        /// What the ledger has.
        head: [u8; 32],
    },
    /// The entries and their hashes agree with each other, but not with the signed root.
    #[error("expected root {} over {} entries, as the checkpoint signs it, found {found}: an entry from {from} on was changed, moved, added or removed, and its hashes with it; compare with another copy", .expected.root, .expected.size)]
    Root {
        /// The checkpoint's.
        expected: Head,
        /// The root that the entries give.
        found: Hash,
        /// Those before are as a kept or anchored head has them.
        from: u64,
    },
    /// An entry does not have the hash that the log has of it.
    #[error(
        "entry {index}: expected hash {expected}, as the log's tile has it, found {found}: the entry or the tile was changed; compare with another copy"
    )]
    Changed {
        /// The entry.
        index: u64,
        /// The tile's.
        expected: Hash,
        /// The entry's.
        found: Hash,
    },
    /// An entry has another entry's place.
    #[error(
        "entry {index}: found the entry that the log has at {belongs}: entries were moved, added or removed; compare with another copy"
    )]
    Moved {
        /// Where it is.
        index: u64,
        /// Where its hash is.
        belongs: u64,
    },
    /// A file is not there.
    #[error("entries from {index} on: expected the file {}, found none: it was removed, or not copied; ask the log's operator for it", .path.display())]
    Missing {
        /// The first entry that needs it.
        index: u64,
        /// Which.
        path: PathBuf,
    },
    /// A file is not what it should be.
    #[error("entries from {index} on: {}: {source}: the file was cut, or is another; compare with another copy", .path.display())]
    Cut {
        /// The first entry that is not there, or the first of the file.
        index: u64,
        /// Which.
        path: PathBuf,
        /// Why.
        source: TileError,
    },
    /// A tile above the entries' own hashes is another.
    #[error("entries from {index} on: {}: expected the hashes that follow from the entries, found others: the tile was changed; compare with another copy", .path.display())]
    Tile {
        /// The first entry below the first hash that is another.
        index: u64,
        /// Which.
        path: PathBuf,
    },
    /// The log has something that is no entry.
    #[error("entry {index}: {source}; the log signed what is no entry: ask its operator")]
    Malformed {
        /// Where.
        index: u64,
        /// Why.
        source: EntryError,
    },
    /// Whoever asked to see the entries has seen enough.
    #[error("stopped at entry {index}")]
    Stopped {
        /// The entry that was not seen.
        index: u64,
    },
}

fn hex(bytes: &[u8; 32]) -> Hash {
    Hash(*bytes)
}

impl Finding {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            Finding::Unreadable(_) => "audit.unreadable",
            Finding::NoCheckpoint => "audit.no_checkpoint",
            Finding::Checkpoint(error) => error.code(),
            Finding::Behind { .. } => "audit.behind",
            Finding::Fork { .. } | Finding::Unpublished { .. } => "audit.fork",
            Finding::Root { .. } => "audit.root",
            Finding::Changed { .. } => "audit.changed",
            Finding::Moved { .. } => "audit.moved",
            Finding::Missing { .. } => "audit.missing",
            Finding::Cut { .. } => "audit.cut",
            Finding::Tile { .. } => "audit.tile",
            Finding::Malformed { .. } => "audit.entry",
            Finding::Stopped { .. } => "audit.stopped",
        }
    }
}

/// What the log has to continue.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// An earlier head, of a checkpoint that the auditor kept and opened.
    pub kept: Option<Head>,
    /// A head that somebody else was given.
    pub anchored: Option<Head>,
    /// All that the log's keeper published on a ledger, the oldest first: [`Head::commitment`] each.
    pub published: Vec<[u8; 32]>,
}

/// A log in which nothing was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The checkpoint: to be kept, and given to the next audit.
    pub checkpoint: SignedCheckpoint,
    /// The first entry that is dated before the one that precedes it. A clock that was set back does that,
    /// and so does an operator who adds to the past: it is to be explained, not refused.
    pub dated_back: Option<u64>,
    /// The size of the newest head that was published; none where none was given.
    pub published: Option<u64>,
}

/// Audits an archive: signature and origin of its checkpoint, what it has to continue, each entry and
/// its hash, each tile, the root. `each` sees the entries in their order; they count only once all of them
/// were verified.
///
/// Reads each file once, and keeps one bundle and one tile a level in memory.
///
/// # Errors
/// The first [`Finding`].
pub fn verify(
    archive: &Archive,
    key: &VerifyingKey,
    expected: &Expected,
    mut each: impl FnMut(u64, &Entry) -> Result<(), Stop>,
) -> Result<Verified, Finding> {
    let checkpoint = archive.checkpoint(key).map_err(|error| match error {
        ArchiveError::Checkpoint { source, .. } => Finding::Checkpoint(source),
        error => Finding::Unreadable(error),
    })?;
    let checkpoint = checkpoint.ok_or(Finding::NoCheckpoint)?;
    let head = *checkpoint.head();
    let mut witnesses = Witnesses::of(expected, &head)?;
    let mut walk = Walk::new(archive);
    while let Some(tile) = walk.next(head.size) {
        walk.bundle(tile, &mut witnesses, &mut each)?;
    }
    walk.partial()?;
    witnesses.judge(&head, walk.rows.head().root)?;
    Ok(Verified {
        checkpoint,
        dated_back: walk.dated_back,
        published: witnesses.published.judge()?,
    })
}

/// Said by who looks at entries and needs no more of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop;

/// Heads that the log has to continue, the smallest first, and the roots that its entries give at the sizes of as many
/// as were passed.
struct Witnesses<'a> {
    known: Vec<(Witness, Head)>,
    found: Vec<Hash>,
    published: Published<'a>,
}

/// Published heads, of which as many were passed, the last one of this size.
struct Published<'a> {
    heads: &'a [[u8; 32]],
    passed: usize,
    size: Option<u64>,
}

impl Published<'_> {
    // A log only grows, so that its heads are passed in the order in which they were published.
    fn see(&mut self, head: &Head) {
        if self.heads.get(self.passed) == Some(&head.commitment()) {
            self.passed += 1;
            self.size = Some(head.size);
        }
    }

    fn judge(&self) -> Result<Option<u64>, Finding> {
        match self.heads.get(self.passed) {
            None => Ok(self.size),
            Some(head) => Err(Finding::Unpublished {
                number: self.passed,
                head: *head,
            }),
        }
    }
}

impl<'a> Witnesses<'a> {
    fn of(expected: &'a Expected, head: &Head) -> Result<Witnesses<'a>, Finding> {
        let kept = expected.kept.iter().map(|kept| (Witness::Kept, *kept));
        let anchored = expected.anchored.iter().map(|anchored| (Witness::Anchored, *anchored));
        let mut known: Vec<_> = kept.chain(anchored).collect();
        known.sort_by_key(|(_, head)| head.size);
        if let Some((witness, expected)) = known.last().filter(|(_, known)| known.size > head.size) {
            return Err(Finding::Behind {
                witness: *witness,
                expected: *expected,
                found: head.size,
            });
        }
        let mut witnesses = Witnesses {
            known,
            found: Vec::new(),
            published: Published {
                heads: &expected.published,
                passed: 0,
                size: None,
            },
        };
        witnesses.see(&Rows::new());
        Ok(witnesses)
    }

    fn see(&mut self, rows: &Rows) {
        while let Some((_, next)) = self.known.get(self.found.len())
            && next.size == rows.size()
        {
            self.found.push(rows.head().root);
        }
        // The root of every size is some hashes more: only where there are heads to be found.
        if !self.published.heads.is_empty() {
            self.published.see(&rows.head());
        }
    }

    // A root that was not signed comes first: it says that this copy is not even what the log says today.
    fn judge(&self, head: &Head, root: Hash) -> Result<(), Finding> {
        // One that was not passed agrees with nothing.
        let found = self.found.iter().copied().map(Some).chain(std::iter::repeat(None));
        let mut all = self.known.iter().zip(found);
        let agrees = |((_, known), found): &(&(Witness, Head), Option<Hash>)| *found == Some(known.root);
        if root != head.root {
            let agreeing = all.filter(agrees).map(|((_, known), _)| known.size);
            return Err(Finding::Root {
                expected: *head,
                found: root,
                from: agreeing.max().unwrap_or(0),
            });
        }
        match all.find(|known| !agrees(known)) {
            None => Ok(()),
            Some(((witness, expected), found)) => Err(Finding::Fork {
                witness: *witness,
                expected: *expected,
                found: found.unwrap_or(root),
            }),
        }
    }
}

/// On the way through the entries.
struct Walk<'a> {
    archive: &'a Archive,
    rows: Rows,
    last: u64,
    dated_back: Option<u64>,
}

impl Walk<'_> {
    const fn new(archive: &Archive) -> Walk<'_> {
        Walk {
            archive,
            rows: Rows::new(),
            last: 0,
            dated_back: None,
        }
    }

    fn next(&self, size: u64) -> Option<Tile> {
        let next = self.rows.size() + WIDTH;
        Tile::bundle(size.min(next)).filter(|_| self.rows.size() < size)
    }

    fn bundle(
        &mut self,
        tile: Tile,
        witnesses: &mut Witnesses<'_>,
        each: &mut impl FnMut(u64, &Entry) -> Result<(), Stop>,
    ) -> Result<(), Finding> {
        let start = self.rows.size();
        let bytes = self.file(tile, start)?;
        let entries = tiles::read_bundle(&bytes, tile.width).map_err(|source| {
            let missing = if let TileError::Cut { found, .. } = source {
                found
            } else {
                0
            };
            self.cut(tile, start + missing, source)
        })?;
        let kind = Kind::Hashes(0);
        let hashes = self.hashes(Tile { kind, ..tile }, start)?;
        for ((entry, expected), index) in entries.iter().zip(&hashes).zip(start..) {
            let found = Hash::of_leaf(entry);
            if found != *expected {
                return Err(changed(index, *expected, found, start, &hashes));
            }
            let entry = Entry::from_json(entry).map_err(|source| Finding::Malformed { index, source })?;
            self.date(index, &entry);
            each(index, &entry).map_err(|Stop| Finding::Stopped { index })?;
            let archive = self.archive;
            self.rows
                .push(found, |tile, hashes| check_tile(archive, tile, hashes))?;
            witnesses.see(&self.rows);
        }
        Ok(())
    }

    fn date(&mut self, index: u64, entry: &Entry) {
        let seconds = entry.time().seconds();
        if seconds < self.last && self.dated_back.is_none() {
            self.dated_back = Some(index);
        }
        self.last = seconds;
    }

    fn partial(&self) -> Result<(), Finding> {
        let mut partial = self.rows.partial();
        partial.try_for_each(|(tile, hashes)| check_tile(self.archive, tile, hashes))
    }

    fn file(&self, tile: Tile, index: u64) -> Result<Vec<u8>, Finding> {
        file(self.archive, tile, index)
    }

    fn hashes(&self, tile: Tile, index: u64) -> Result<Vec<Hash>, Finding> {
        tiles::read_hashes(&self.file(tile, index)?, tile.width).map_err(|source| self.cut(tile, index, source))
    }

    fn cut(&self, tile: Tile, index: u64, source: TileError) -> Finding {
        let path = self.archive.path(tile);
        Finding::Cut { index, path, source }
    }
}

fn file(archive: &Archive, tile: Tile, index: u64) -> Result<Vec<u8>, Finding> {
    let bytes = archive.file(tile).map_err(Finding::Unreadable)?;
    let path = archive.path(tile);
    bytes.ok_or(Finding::Missing { index, path })
}

// A tile against the hashes that follow from the entries. At level 0 they were compared one by one.
fn check_tile(archive: &Archive, tile: Tile, hashes: &[Hash]) -> Result<(), Finding> {
    let Kind::Hashes(level @ 1..) = tile.kind else {
        return Ok(());
    };
    // The entries below one of its hashes.
    let each = 1u64 << (tiles::HEIGHT * u32::from(level));
    let start = tile.index * WIDTH * each;
    let path = archive.path(tile);
    let found = tiles::read_hashes(&file(archive, tile, start)?, tile.width).map_err(|source| Finding::Cut {
        index: start,
        path: path.clone(),
        source,
    })?;
    match found.iter().zip(hashes).position(|(found, expected)| found != expected) {
        None => Ok(()),
        Some(place) => {
            let index = start + place as u64 * each;
            Err(Finding::Tile { index, path })
        }
    }
}

fn changed(index: u64, expected: Hash, found: Hash, start: u64, hashes: &[Hash]) -> Finding {
    match hashes.iter().position(|hash| *hash == found) {
        Some(place) => Finding::Moved {
            index,
            belongs: start + place as u64,
        },
        None => Finding::Changed { index, expected, found },
    }
}

#[cfg(test)]
mod tests;
