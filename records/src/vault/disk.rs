//! What the vault asks of a file system: one flat directory, held by one process.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use thiserror::Error;

/// A file operation that failed. Names files, which are random, and nothing in them.
#[derive(Debug, Error)]
pub enum DiskError {
    /// No space is left, or none of the quota.
    #[error("the disk is full ({doing} {file}): free some space and run again; nothing was changed")]
    Full {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        file: String,
    },
    /// A file that should be there is not.
    #[error("expected a file {file} of the issuer, found none: restore it as docs/ops/backup.md says")]
    Missing {
        /// Which file.
        file: String,
    },
    /// Another process has the directory.
    #[error("another process has this issuer's directory open: wait for it to end, then run again")]
    Locked,
    /// Anything else.
    #[error("{doing} {file}: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
}

impl DiskError {
    fn new(doing: &'static str, file: &str, source: io::Error) -> DiskError {
        let file = file.to_owned();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => DiskError::Full { doing, file },
            ErrorKind::NotFound => DiskError::Missing { file },
            _ => DiskError::Io { doing, file, source },
        }
    }
}

/// One flat set of named byte strings, held by one process. The vault's crash safety rests on what
/// is promised here, and on no more: whoever keeps a vault elsewhere implements this.
///
/// Over a database, a table `(name, block, bytes)` does, with blocks of some kilobytes so that
/// [`Disk::read_at`] and [`Disk::write_at`] do not move whole files. It has to guarantee that
///
/// - what is written is read back at once, by the same process;
/// - [`Disk::sync`] and [`Disk::sync_names`] return when a committed transaction has everything that
///   was done before them, on durable storage (`synchronous = FULL`, `synchronous_commit = on`);
/// - [`Disk::rename`] is one transaction: after a crash either file has the name, never none;
/// - [`Disk::blank`] and [`Disk::shred`] leave nothing of the old bytes in the table, in its free
///   pages, or in its log once they are durable (`secure_delete` and a truncated WAL in SQLite; in
///   PostgreSQL a vacuum and a log that is not archived);
/// - nobody else changes the rows meanwhile (an advisory lock for as long as the vault is open).
///
/// Between syncs anything may be lost or torn, in any order: that is asked of no implementation.
pub trait Disk: Send + Sync {
    /// The whole of a file.
    ///
    /// # Errors
    /// [`DiskError::Missing`] where there is none.
    fn read(&self, name: &str) -> Result<Vec<u8>, DiskError>;
    /// A part of a file: fewer bytes than asked for where it ends.
    ///
    /// # Errors
    /// [`DiskError::Missing`] where there is none.
    fn read_at(&self, name: &str, at: u64, length: usize) -> Result<Vec<u8>, DiskError>;
    /// Writes a file that must not exist yet, readable by its owner only.
    ///
    /// # Errors
    /// [`DiskError::Full`] among others; a part of the file may be left.
    fn create(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError>;
    /// Writes a part of a file that exists, longer than it was where need be: zeros fill what lies
    /// between.
    ///
    /// # Errors
    /// As [`Disk::create`]; some of the bytes may be written.
    fn write_at(&self, name: &str, at: u64, bytes: &[u8]) -> Result<(), DiskError>;
    /// Makes a file's contents durable.
    ///
    /// # Errors
    /// Where the device fails.
    fn sync(&self, name: &str) -> Result<(), DiskError>;
    /// Makes all names durable: those made, renamed and removed.
    ///
    /// # Errors
    /// Where the device fails.
    fn sync_names(&self) -> Result<(), DiskError>;
    /// Gives a file another's name, replacing it in one step.
    ///
    /// # Errors
    /// Where the directory cannot be written.
    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError>;
    /// Overwrites parts of a file with zeros, makes that durable, and gives the space back where it can.
    /// What a device or file system keeps of overwritten blocks is beyond this.
    ///
    /// # Errors
    /// Where the file cannot be written.
    fn blank(&self, name: &str, parts: &[Range<u64>]) -> Result<(), DiskError>;
    /// Overwrites a file with zeros, makes that durable, and removes it.
    ///
    /// # Errors
    /// Where the file cannot be written.
    fn shred(&self, name: &str) -> Result<(), DiskError>;
    /// The names of all files.
    ///
    /// # Errors
    /// Where the directory cannot be read.
    fn list(&self) -> Result<Vec<String>, DiskError>;
}

const LOCK: &str = "lock";

/// A directory of the operating system, locked until dropped.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    lock: File,
    // Files that are read and written in parts.
    open: Mutex<BTreeMap<String, File>>,
}

/// How many files are kept open.
const MOST_OPEN: usize = 32;

/// Closing the file would not do: a process forked meanwhile by another thread has a copy of it until it executes
/// its program, and the lock ends with the last copy.
impl Drop for Directory {
    fn drop(&mut self) {
        // The system ends it with the process at the latest.
        let _ = self.lock.unlock();
    }
}

impl Directory {
    /// Makes the directory where needed, for its owner only, and locks it.
    ///
    /// # Errors
    /// [`DiskError::Locked`] where another process has it.
    pub fn create(path: &Path) -> Result<Directory, DiskError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(path)
            .map_err(|e| DiskError::new("making the issuer's directory", "", e))?;
        Self::lock(path)
    }

    /// Locks a directory that is there.
    ///
    /// # Errors
    /// [`DiskError::Locked`] where another process has it, [`DiskError::Missing`] where there is none.
    pub fn open(path: &Path) -> Result<Directory, DiskError> {
        Self::lock(path)
    }

    fn lock(path: &Path) -> Result<Directory, DiskError> {
        let lock = private(OpenOptions::new().write(true).create(true).truncate(false))
            .open(path.join(LOCK))
            .map_err(|e| DiskError::new("opening", LOCK, e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Directory {
                path: path.to_owned(),
                lock,
                open: Mutex::default(),
            }),
            Err(TryLockError::WouldBlock) => Err(DiskError::Locked),
            Err(TryLockError::Error(e)) => Err(DiskError::new("locking", LOCK, e)),
        }
    }
}

impl Directory {
    // One part at a time: the position in the file is shared.
    fn part<T>(&self, name: &str, at: u64, work: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if !open.contains_key(name) {
            if open.len() >= MOST_OPEN {
                open.clear();
            }
            let file = OpenOptions::new().read(true).write(true).open(self.path.join(name))?;
            open.insert(name.to_owned(), file);
        }
        let file = open.get_mut(name).ok_or(ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start(at))?;
        work(file)
    }

    // Before a name means another file, or none.
    fn close(&self, name: &str) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

fn zero(file: &mut File, part: &Range<u64>) -> io::Result<()> {
    static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
    file.seek(SeekFrom::Start(part.start))?;
    let mut left = part.end.saturating_sub(part.start);
    while left > 0 {
        let step = left.min(ZEROS.len() as u64);
        file.write_all(&ZEROS[..step as usize])?;
        left -= step;
    }
    Ok(())
}

// A hole reads as the zeros that were there. Where there are no holes, the zeros stay.
#[cfg(target_os = "linux")]
fn give_back(file: &File, part: &Range<u64>) {
    use rustix::fs::{FallocateFlags, fallocate};
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    let _ = fallocate(file, hole, part.start, part.end.saturating_sub(part.start));
}

// The first part of it that is no hole: of a pack whose items were destroyed little is left to overwrite.
#[cfg(target_os = "linux")]
fn written(file: &File, within: Range<u64>) -> Option<Range<u64>> {
    use rustix::fs::{SeekFrom, seek};
    let rest = (!within.is_empty()).then(|| within.clone());
    match seek(file, SeekFrom::Data(within.start)) {
        // Nothing but a hole up to the end.
        Err(rustix::io::Errno::NXIO) => None,
        Err(_) => rest,
        Ok(start) => {
            let end = seek(file, SeekFrom::Hole(start)).unwrap_or(within.end);
            rest.map(|_| start..end.min(within.end))
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn give_back(_: &File, _: &Range<u64>) {}

#[cfg(not(target_os = "linux"))]
fn written(_: &File, within: Range<u64>) -> Option<Range<u64>> {
    (!within.is_empty()).then_some(within)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

impl Disk for Directory {
    fn read(&self, name: &str) -> Result<Vec<u8>, DiskError> {
        fs::read(self.path.join(name)).map_err(|e| DiskError::new("reading", name, e))
    }

    fn read_at(&self, name: &str, at: u64, length: usize) -> Result<Vec<u8>, DiskError> {
        let mut bytes = Vec::with_capacity(length);
        self.part(name, at, |file| file.take(length as u64).read_to_end(&mut bytes))
            .map_err(|e| DiskError::new("reading", name, e))?;
        Ok(bytes)
    }

    fn write_at(&self, name: &str, at: u64, bytes: &[u8]) -> Result<(), DiskError> {
        self.part(name, at, |file| file.write_all(bytes))
            .map_err(|e| DiskError::new("writing", name, e))
    }

    fn create(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        private(OpenOptions::new().write(true).create_new(true))
            .open(self.path.join(name))
            .and_then(|mut file| file.write_all(bytes))
            .map_err(|e| DiskError::new("writing", name, e))
    }

    fn sync(&self, name: &str) -> Result<(), DiskError> {
        OpenOptions::new()
            .write(true)
            .open(self.path.join(name))
            .and_then(|file| file.sync_all())
            .map_err(|e| DiskError::new("saving", name, e))
    }

    fn sync_names(&self) -> Result<(), DiskError> {
        // Only Unix lets a directory be opened; elsewhere a rename is as durable as it gets.
        if cfg!(unix) {
            File::open(&self.path)
                .and_then(|dir| dir.sync_all())
                .map_err(|e| DiskError::new("saving the directory of", "the issuer", e))?;
        }
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        self.close(from);
        self.close(to);
        fs::rename(self.path.join(from), self.path.join(to)).map_err(|e| DiskError::new("replacing", to, e))
    }

    fn blank(&self, name: &str, parts: &[Range<u64>]) -> Result<(), DiskError> {
        let overwrite = |file: &mut File| {
            parts.iter().try_for_each(|part| zero(file, part))?;
            file.sync_all()?;
            parts.iter().for_each(|part| give_back(file, part));
            Ok(())
        };
        self.part(name, 0, overwrite)
            .map_err(|e| DiskError::new("destroying parts of", name, e))
    }

    fn shred(&self, name: &str) -> Result<(), DiskError> {
        self.close(name);
        let path = self.path.join(name);
        let overwrite = || {
            let mut file = OpenOptions::new().write(true).open(&path)?;
            let length = file.metadata()?.len();
            let mut from = 0;
            while let Some(part) = written(&file, from..length) {
                zero(&mut file, &part)?;
                from = part.end;
            }
            file.sync_all()
        };
        overwrite()
            .and_then(|()| fs::remove_file(&path))
            .map_err(|e| DiskError::new("destroying", name, e))
    }

    fn list(&self) -> Result<Vec<String>, DiskError> {
        let list = || {
            let mut names = Vec::new();
            for entry in fs::read_dir(&self.path)? {
                // A name that is no text is none of ours.
                if let Ok(name) = entry?.file_name().into_string()
                    && name != LOCK
                {
                    names.push(name);
                }
            }
            Ok(names)
        };
        list().map_err(|e| DiskError::new("listing", "the issuer's directory", e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_opener_is_told_so() {
        let dir = tempfile::tempdir().unwrap();
        let first = Directory::create(dir.path()).unwrap();
        assert!(matches!(Directory::open(dir.path()), Err(DiskError::Locked)));
        assert!(matches!(Directory::create(dir.path()), Err(DiskError::Locked)));
        drop(first);
        Directory::open(dir.path()).unwrap();
    }

    #[test]
    fn a_copy_of_the_lock_in_a_forked_process_does_not_outlast_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = Directory::create(dir.path()).unwrap();
        let _copy = first.lock.try_clone().unwrap();
        drop(first);
        Directory::open(dir.path()).unwrap();
    }

    #[test]
    fn no_directory_is_not_made_by_opening() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing");
        assert!(matches!(Directory::open(&missing), Err(DiskError::Missing { .. })));
        assert!(!missing.exists());
    }

    #[cfg(unix)]
    #[test]
    fn everything_is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("issuer");
        let disk = Directory::create(&path).unwrap();
        disk.create("a", b"x").unwrap();
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode(&path), mode(&path.join("a")), mode(&path.join(LOCK))),
            (0o700, 0o600, 0o600)
        );
    }

    #[test]
    fn a_file_is_written_once_replaced_whole_and_destroyed() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Directory::create(dir.path()).unwrap();
        disk.create("a", &[7; 20_000]).unwrap();
        assert!(disk.create("a", b"again").is_err());
        disk.create("b", b"new").unwrap();
        disk.sync("b").unwrap();
        // Another name of the same file shows what destroying leaves of it.
        fs::hard_link(dir.path().join("a"), dir.path().join("witness")).unwrap();
        // Holes are passed over, what stands around them is not.
        disk.blank("a", &[4_096..12_288, 19_000..19_001]).unwrap();
        disk.shred("a").unwrap();
        assert_eq!(disk.read("witness").unwrap(), vec![0; 20_000]);
        assert!(matches!(disk.read("a"), Err(DiskError::Missing { .. })));
        disk.rename("b", "witness").unwrap();
        disk.sync_names().unwrap();
        assert_eq!(disk.read("witness").unwrap(), b"new");
        assert_eq!(disk.list().unwrap(), ["witness"]);
    }

    #[test]
    fn a_file_is_read_written_and_destroyed_in_parts() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Directory::create(dir.path()).unwrap();
        assert!(matches!(disk.write_at("a", 0, b"x"), Err(DiskError::Missing { .. })));
        assert!(matches!(disk.read_at("a", 0, 1), Err(DiskError::Missing { .. })));
        disk.create("a", &[7; 20_000]).unwrap();
        disk.write_at("a", 20_010, b"end").unwrap();
        assert_eq!(disk.read_at("a", 19_999, 100).unwrap(), b"\x07\0\0\0\0\0\0\0\0\0\0end");
        assert_eq!(disk.read_at("a", 30_000, 5).unwrap(), b"");
        disk.blank("a", &[1..9_000, 20_011..20_012]).unwrap();
        let bytes = disk.read("a").unwrap();
        assert_eq!((bytes.len(), bytes[0], bytes[9_000]), (20_013, 7, 7));
        assert!(bytes[1..9_000].iter().all(|b| *b == 0));
        assert_eq!(bytes[20_010..], *b"e\0d");
        // A new file of the name is not the one that was open.
        disk.create("b", b"other").unwrap();
        disk.rename("b", "a").unwrap();
        assert_eq!(disk.read_at("a", 0, 9).unwrap(), b"other");
        disk.shred("a").unwrap();
        assert!(matches!(disk.read_at("a", 0, 1), Err(DiskError::Missing { .. })));
    }

    #[test]
    fn a_full_disk_is_named_as_such() {
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            let error = DiskError::new("writing", "a", kind.into());
            assert!(matches!(error, DiskError::Full { .. }));
        }
    }
}
