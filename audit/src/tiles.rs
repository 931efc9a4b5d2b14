//! The log as files, as C2SP's tlog-tiles lays it out: tiles of 256 hashes, bundles of 256 entries.
//!
//! A tile at level `l` has nodes of the tree's level `8 · l`: leaf hashes at level 0, above it the roots of the
//! tiles below. The last of a level is partial.

mod rows;

pub(crate) use rows::Rows;

use crate::tree::{Hash, MAX_SIZE};
use std::fmt;
use thiserror::Error;

/// Hashes of a full tile, entries of a full bundle.
pub const WIDTH: u64 = 256;
/// The levels of the tree that one level of tiles spans.
pub const HEIGHT: u32 = 8;
/// The most bytes of a bundle: an entry's length takes 16 bits.
pub const MAX_BUNDLE: usize = 256 * (2 + 65_535);

/// Why a path or a file is none of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TileError {
    /// Not the one spelling of a path.
    #[error(
        "expected tile/LEVEL/xNNN/NNN, tile/entries/… or these with .p/WIDTH, found another path: check the log's folder"
    )]
    Path,
    /// More or fewer bytes than the hashes have.
    #[error("expected {expected} bytes of hashes, found {found}")]
    Hashes {
        /// 32 for each.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// An entry that is cut, or missing.
    #[error("expected {expected} entries, each after its length, found {found}, and then no more")]
    Cut {
        /// How many there should be.
        expected: u64,
        /// How many are whole.
        found: u64,
    },
    /// Something after the last entry.
    #[error("expected {expected} entries and nothing after them, found more bytes")]
    Trailing {
        /// How many there should be.
        expected: u64,
    },
    /// An entry whose length 16 bits do not hold.
    #[error("expected an entry of at most 65,535 bytes, found {found}")]
    Long {
        /// How many there are.
        found: usize,
    },
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Hashes, of this level of tiles: 0 for leaf hashes.
    Hashes(u8),
    /// The entries themselves.
    Entries,
}

/// A file of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// What it holds.
    pub kind: Kind,
    /// Its place in its level, from 0.
    pub index: u64,
    /// How many hashes or entries: 1 to 256.
    pub width: u16,
}

impl Tile {
    /// All files of a log of so many entries, level by level, entries first.
    pub fn all(size: u64) -> impl Iterator<Item = Tile> {
        let hashes = levels(size).map(|(level, count)| (Kind::Hashes(level), count));
        let entries = (size > 0).then_some((Kind::Entries, size));
        entries.into_iter().chain(hashes).flat_map(|(kind, count)| {
            (0..count.div_ceil(WIDTH)).map(move |index| Tile {
                kind,
                index,
                width: (count - index * WIDTH).min(WIDTH) as u16,
            })
        })
    }

    /// The last bundle of a log of so many entries; none of one without.
    pub fn bundle(size: u64) -> Option<Tile> {
        let last = size.checked_sub(1)?;
        Some(Tile {
            kind: Kind::Entries,
            index: last / WIDTH,
            width: (last % WIDTH + 1) as u16,
        })
    }

    /// What it will be once it is full.
    #[must_use]
    pub const fn full(self) -> Tile {
        Tile {
            width: WIDTH as u16,
            ..self
        }
    }

    /// Whether nothing will be added to it.
    pub const fn is_full(&self) -> bool {
        self.width as u64 == WIDTH
    }

    /// Reads the one spelling of a path.
    ///
    /// # Errors
    /// [`TileError::Path`].
    pub fn parse(path: &str) -> Result<Tile, TileError> {
        parse(path)
            .filter(|tile| tile.to_string() == path)
            .ok_or(TileError::Path)
    }
}

// As it is written, or otherwise: what is not is found by writing it again.
fn parse(path: &str) -> Option<Tile> {
    let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let kind = match kind {
        "entries" => Kind::Entries,
        level => Kind::Hashes(level.parse().ok().filter(|level| *level < 64)?),
    };
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => (index, width.parse().ok().filter(|w| (1..256).contains(w))?),
        None => (rest, 256),
    };
    let digits = index.split('/').map(|part| part.trim_start_matches('x'));
    let index = digits.collect::<String>().parse().ok()?;
    Some(Tile { kind, index, width })
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Hashes(level) => write!(f, "tile/{level}/")?,
            Kind::Entries => f.write_str("tile/entries/")?,
        }
        // Three digits a folder, an x before all but the last: no file has a folder's name.
        let groups = (self.index.max(1).ilog10() / 3) as u8;
        for group in (1..=groups).rev() {
            write!(f, "x{:03}/", self.index / 1000u64.pow(group.into()) % 1000)?;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.is_full() {
            return Ok(());
        }
        write!(f, ".p/{}", self.width)
    }
}

/// How many hashes a level of tiles of a log of so many entries has.
pub(crate) const fn count(size: u64, level: u8) -> u64 {
    size >> (HEIGHT * level as u32)
}

/// The levels of tiles that there are, and how many hashes each has.
pub(crate) fn levels(size: u64) -> impl Iterator<Item = (u8, u64)> {
    (0..8)
        .map(move |level| (level, count(size, level)))
        .take_while(|(_, count)| *count > 0)
}

/// A tile's bytes.
pub fn write_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// A tile's hashes.
///
/// # Errors
/// [`TileError::Hashes`].
pub fn read_hashes(bytes: &[u8], width: u16) -> Result<Vec<Hash>, TileError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if hashes.len() != usize::from(width) || !rest.is_empty() {
        return Err(TileError::Hashes {
            expected: 32 * usize::from(width),
            found: bytes.len(),
        });
    }
    Ok(hashes.iter().copied().map(Hash).collect())
}

/// A bundle's bytes: of each entry its length, 16 bits, the highest first, then itself.
///
/// # Errors
/// [`TileError::Long`].
pub fn write_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, TileError> {
    let mut bytes = Vec::new();
    for entry in entries.iter().map(AsRef::as_ref) {
        let length = u16::try_from(entry.len()).map_err(|_| TileError::Long { found: entry.len() })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// A bundle's entries.
///
/// # Errors
/// [`TileError::Cut`], [`TileError::Trailing`].
pub fn read_bundle(mut bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, TileError> {
    let expected = u64::from(width);
    let mut entries = Vec::new();
    while entries.len() < usize::from(width) {
        let entry = bytes
            .split_first_chunk::<2>()
            .and_then(|(length, rest)| rest.split_at_checked(u16::from_be_bytes(*length).into()));
        let cut = TileError::Cut {
            expected,
            found: entries.len() as u64,
        };
        let (entry, rest) = entry.ok_or(cut)?;
        entries.push(entry);
        bytes = rest;
    }
    if bytes.is_empty() {
        return Ok(entries);
    }
    Err(TileError::Trailing { expected })
}

/// Of a full file's bytes those of a partial one. What is too short stays so.
pub(crate) fn cut(partial: Tile, mut bytes: Vec<u8>) -> Vec<u8> {
    let end = match partial.kind {
        Kind::Hashes(_) => 32 * usize::from(partial.width),
        Kind::Entries => (0..partial.width).fold(0, |at, _| match bytes.get(at..at + 2) {
            Some([high, low]) => at + 2 + usize::from(u16::from_be_bytes([*high, *low])),
            _ => bytes.len(),
        }),
    };
    bytes.truncate(end);
    bytes
}

// Eight levels of tiles are as many as the largest tree has.
const _: () = assert!(MAX_SIZE.ilog2() / HEIGHT < 8);

#[cfg(test)]
mod tests;
