//! What the vault asks of a file system: one flat directory, held by one process.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
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
    #[error("expected a file {file} in the issuer's directory, found none: restore the directory from a backup")]
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

/// One directory of files. Nothing is durable before [`Disk::sync`] of the file, and no name
/// before [`Disk::sync_names`].
pub trait Disk: Send + Sync {
    /// The whole of a file.
    ///
    /// # Errors
    /// [`DiskError::Missing`] where there is none.
    fn read(&self, name: &str) -> Result<Vec<u8>, DiskError>;
    /// Writes a file that must not exist yet, readable by its owner only.
    ///
    /// # Errors
    /// [`DiskError::Full`] among others; a part of the file may be left.
    fn create(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError>;
    /// Makes a file's contents durable.
    ///
    /// # Errors
    /// Where the device fails.
    fn sync(&self, name: &str) -> Result<(), DiskError>;
    /// Makes the directory's names durable.
    ///
    /// # Errors
    /// Where the device fails.
    fn sync_names(&self) -> Result<(), DiskError>;
    /// Gives a file another's name, replacing it in one step.
    ///
    /// # Errors
    /// Where the directory cannot be written.
    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError>;
    /// Overwrites a file with zeros, makes that durable, and removes it. What a device or file
    /// system keeps of overwritten blocks is beyond this.
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
}

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
            }),
            Err(TryLockError::WouldBlock) => Err(DiskError::Locked),
            Err(TryLockError::Error(e)) => Err(DiskError::new("locking", LOCK, e)),
        }
    }
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
        fs::rename(self.path.join(from), self.path.join(to)).map_err(|e| DiskError::new("replacing", to, e))
    }

    fn shred(&self, name: &str) -> Result<(), DiskError> {
        let path = self.path.join(name);
        let overwrite = || {
            let mut file = OpenOptions::new().write(true).open(&path)?;
            let mut left = file.metadata()?.len();
            let zeros = [0u8; 8192];
            while left > 0 {
                let part = left.min(zeros.len() as u64);
                file.write_all(&zeros[..part as usize])?;
                left -= part;
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
        disk.shred("a").unwrap();
        assert_eq!(disk.read("witness").unwrap(), vec![0; 20_000]);
        assert!(matches!(disk.read("a"), Err(DiskError::Missing { .. })));
        disk.rename("b", "witness").unwrap();
        disk.sync_names().unwrap();
        assert_eq!(disk.read("witness").unwrap(), b"new");
        assert_eq!(disk.list().unwrap(), ["witness"]);
    }

    #[test]
    fn a_full_disk_is_named_as_such() {
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            let error = DiskError::new("writing", "a", kind.into());
            assert!(matches!(error, DiskError::Full { .. }));
        }
    }
}
