//! A log as a folder that other tools of transparency logs read: `checkpoint`, `tile/0/…`,
//! `tile/entries/…`.
//!
//! Every file is written beside its place and moved there, the checkpoint last: until it is there, what
//! was written for it does not count, and is written again.

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::note::{self, VerifyingKey};
use crate::tiles::{self, Kind, MAX_BUNDLE, Rows, Tile, TileError, WIDTH};
use crate::tree::{Hash, Head};
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

const CHECKPOINT: &str = "checkpoint";
const LOCK: &str = ".lock";

/// Why an archive cannot be read or extended.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The system refuses.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Of what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that the checkpoint needs is not there.
    #[error("{}: expected a file of the log, found none: export the log again into an empty folder", .path.display())]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// A file is not what its path says.
    #[error("{}: {source}: export the log again into an empty folder", .path.display())]
    Tile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: TileError,
    },
    /// The checkpoint is not the log's.
    #[error("{}: {source}", .path.display())]
    Checkpoint {
        /// Which.
        path: PathBuf,
        /// Why.
        source: CheckpointError,
    },
    /// What is there does not give the root of its own checkpoint.
    #[error(
        "the archive's tiles do not give the root of its checkpoint, at {size} entries: verify it, and export the log again into an empty folder"
    )]
    Damaged {
        /// The checkpoint's size.
        size: u64,
    },
    /// The entries do not lead to the new checkpoint.
    #[error("expected entries up to {} with root {}, found {} with root {}: the archive was left as it was", .expected.size, .expected.root, .found.size, .found.root)]
    Head {
        /// The new checkpoint's.
        expected: Head,
        /// The entries'.
        found: Head,
    },
    /// An entry that no bundle holds.
    #[error("entry {index}: {source}")]
    Entry {
        /// Which.
        index: u64,
        /// Why.
        source: TileError,
    },
    /// Another process writes.
    #[error("{}: another process writes this archive: wait for it", .path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
}

/// A log's folder.
#[derive(Clone, Debug)]
pub struct Archive {
    folder: PathBuf,
}

impl Archive {
    /// The folder, which need not be there yet.
    pub fn at(folder: impl Into<PathBuf>) -> Archive {
        Archive { folder: folder.into() }
    }

    /// The head that is published there; none where nothing is.
    ///
    /// # Errors
    /// [`ArchiveError`], also where this key did not sign it.
    pub fn checkpoint(&self, key: &VerifyingKey) -> Result<Option<SignedCheckpoint>, ArchiveError> {
        let path = self.folder.join(CHECKPOINT);
        let Some(bytes) = read(&path, note::MAX_BYTES)? else {
            return Ok(None);
        };
        let checkpoint = SignedCheckpoint::open(&bytes, key);
        let checkpoint = checkpoint.map_err(|source| ArchiveError::Checkpoint { path, source })?;
        Ok(Some(checkpoint))
    }

    /// The bytes of a file; none where there is none. In the place of a partial one the full one serves as
    /// well: a log that grows while it is copied has no other.
    ///
    /// # Errors
    /// [`ArchiveError::Io`].
    pub fn file(&self, tile: Tile) -> Result<Option<Vec<u8>>, ArchiveError> {
        let limit = match tile.kind {
            Kind::Hashes(_) => 32 * WIDTH as usize,
            Kind::Entries => MAX_BUNDLE,
        };
        let found = read(&self.path(tile), limit)?;
        if found.is_some() || tile.is_full() {
            return Ok(found);
        }
        let full = read(&self.path(tile.full()), limit)?;
        Ok(full.map(|bytes| tiles::cut(tile, bytes)))
    }

    /// Where a file is.
    pub fn path(&self, tile: Tile) -> PathBuf {
        self.folder.join(tile.to_string())
    }

    /// Adds the entries from the published size on, and publishes the checkpoint that they lead to. Reads of
    /// what is there the partial tiles alone; gives how many entries were added.
    ///
    /// # Errors
    /// [`ArchiveError`]; then the archive is at the checkpoint where it was.
    pub fn extend<E: AsRef<[u8]>>(
        &self,
        entries: impl IntoIterator<Item = E>,
        checkpoint: &SignedCheckpoint,
        key: &VerifyingKey,
    ) -> Result<u64, ArchiveError> {
        make_folder(&self.folder)?;
        let _lock = self.lock()?;
        let old = self.checkpoint(key)?.map_or(Rows::new().head(), |old| *old.head());
        let mut edge = self.edge(&old)?;
        for entry in entries {
            self.append(&mut edge, entry.as_ref())?;
        }
        let found = edge.rows.head();
        if found != *checkpoint.head() {
            return Err(ArchiveError::Head {
                expected: *checkpoint.head(),
                found,
            });
        }
        self.write_partial(&edge)?;
        write(&self.folder.join(CHECKPOINT), checkpoint.to_text().as_bytes())?;
        self.remove_filled(old.size, found.size);
        Ok(found.size - old.size)
    }

    fn lock(&self) -> Result<Lock, ArchiveError> {
        let path = self.folder.join(LOCK);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|e| io_error(&path, e))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => Err(ArchiveError::Busy {
                path: self.folder.clone(),
            }),
            Err(TryLockError::Error(e)) => Err(io_error(&path, e)),
        }
    }

    // The right edge of what is published.
    fn edge(&self, head: &Head) -> Result<Edge, ArchiveError> {
        let rows = Rows::resume(head.size, |tile| {
            let hashes = tiles::read_hashes(&self.required(tile)?, tile.width);
            hashes.map_err(|source| self.tile_error(tile, source))
        })?;
        if rows.head() != *head {
            return Err(ArchiveError::Damaged { size: head.size });
        }
        let mut bundle = Vec::new();
        if let Some(tile) = Tile::bundle(head.size).filter(|tile| !tile.is_full()) {
            let bytes = self.required(tile)?;
            let entries = tiles::read_bundle(&bytes, tile.width).map_err(|source| self.tile_error(tile, source))?;
            bundle = entries.into_iter().map(<[u8]>::to_vec).collect();
        }
        Ok(Edge { rows, bundle })
    }

    fn append(&self, edge: &mut Edge, entry: &[u8]) -> Result<(), ArchiveError> {
        let index = edge.rows.size();
        if let Err(source) = tiles::write_bundle(&[entry]) {
            return Err(ArchiveError::Entry { index, source });
        }
        edge.bundle.push(entry.to_vec());
        if edge.bundle.len() as u64 == WIDTH {
            self.write_bundle(index + 1, &edge.bundle)?;
            edge.bundle.clear();
        }
        let store = |tile, hashes: &[Hash]| self.write_tile(tile, &tiles::write_hashes(hashes));
        edge.rows.push(Hash::of_leaf(entry), store)
    }

    fn write_partial(&self, edge: &Edge) -> Result<(), ArchiveError> {
        if !edge.bundle.is_empty() {
            self.write_bundle(edge.rows.size(), &edge.bundle)?;
        }
        let mut partial = edge.rows.partial();
        partial.try_for_each(|(tile, hashes)| self.write_tile(tile, &tiles::write_hashes(hashes)))
    }

    // The last bundle of a log of so many entries.
    fn write_bundle(&self, size: u64, bundle: &[Vec<u8>]) -> Result<(), ArchiveError> {
        let Some(tile) = Tile::bundle(size) else { return Ok(()) };
        let bytes = tiles::write_bundle(bundle).map_err(|source| self.tile_error(tile, source))?;
        self.write_tile(tile, &bytes)
    }

    fn write_tile(&self, tile: Tile, bytes: &[u8]) -> Result<(), ArchiveError> {
        write(&self.path(tile), bytes)
    }

    // Partial files of what is full now. What stays behind is only in the way of nobody.
    fn remove_filled(&self, old: u64, new: u64) {
        let partial = Tile::all(old).filter(|tile| !tile.is_full());
        let filled = partial.filter(|tile| match tile.kind {
            Kind::Entries => tile.index < new / WIDTH,
            Kind::Hashes(level) => tile.index < tiles::count(new, level) / WIDTH,
        });
        for tile in filled {
            if let Some(folder) = self.path(tile).parent() {
                let _ = fs::remove_dir_all(folder);
            }
        }
    }

    fn required(&self, tile: Tile) -> Result<Vec<u8>, ArchiveError> {
        let missing = || ArchiveError::Missing { path: self.path(tile) };
        self.file(tile)?.ok_or_else(missing)
    }

    fn tile_error(&self, tile: Tile, source: TileError) -> ArchiveError {
        ArchiveError::Tile {
            path: self.path(tile),
            source,
        }
    }
}

/// Not left to the file's closing: a process forked meanwhile by another thread has a copy of it until it
/// executes its program, and the lock ends with the last copy.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // The system ends it with the process at the latest.
        let _ = self.0.unlock();
    }
}

/// Where entries are added: hashes of the partial tiles, entries of the partial bundle.
struct Edge {
    rows: Rows,
    bundle: Vec<Vec<u8>>,
}

fn io_error(path: &Path, source: io::Error) -> ArchiveError {
    ArchiveError::Io {
        path: path.to_owned(),
        source,
    }
}

// At most so many bytes and one more: a longer file is none of a log, and is found out by its length.
fn read(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, ArchiveError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io_error(path, e)),
    };
    let mut bytes = Vec::new();
    let read = file.take(limit as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|e| io_error(path, e))?;
    Ok(Some(bytes))
}

// Durably, and the old file or the new one at any time. Its owner's alone, as temporary files are: entries
// are for auditors.
fn write(path: &Path, bytes: &[u8]) -> Result<(), ArchiveError> {
    let failed = |e| io_error(path, e);
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".partial-")
        .tempfile_in(folder)
        .map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    #[cfg(unix)]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed)?;
    Ok(())
}

fn make_folder(path: &Path) -> Result<(), ArchiveError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|e| io_error(path, e))
}

#[cfg(test)]
pub(crate) mod tests;
