//! Files that appear whole, and are what was written down of them.

use medproof_keys::Sha256Digest;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a file was not read or written.
#[derive(Debug, Error)]
pub enum FileError {
    /// The file system refused.
    #[error("cannot {action} {path}: {source}", path = .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// It is not the one that was written down.
    #[error("{path} was truncated or altered: expected SHA-256 {expected}, found {found}", path = .path.display())]
    Altered {
        /// Which.
        path: PathBuf,
        /// As it was written down.
        expected: Sha256Digest,
        /// Of the file.
        found: Sha256Digest,
    },
}

pub fn io(action: &'static str, path: &Path) -> impl Fn(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError::Io {
        action,
        path: path.clone(),
        source,
    }
}

pub fn get(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(io("read", path))
}

pub fn expect(path: &Path, expected: Sha256Digest) -> Result<Vec<u8>, FileError> {
    let bytes = get(path)?;
    let found = Sha256Digest::of(&bytes);
    if found == expected {
        return Ok(bytes);
    }
    Err(FileError::Altered {
        path: path.to_owned(),
        expected,
        found,
    })
}

pub fn digest(path: &Path) -> Result<Sha256Digest, FileError> {
    let mut file = File::open(path).map_err(io("open", path))?;
    Sha256Digest::of_reader(&mut file).map_err(io("read", path))
}

pub fn make(folder: &Path) -> Result<(), FileError> {
    fs::create_dir_all(folder).map_err(io("create", folder))
}

/// Written under another name, and renamed once it is on the disk.
pub fn put(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut partial = path.to_owned().into_os_string();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let written = File::create(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    });
    written.map_err(|source| {
        // What failed is said; that it cannot be removed either says no more.
        let _ = fs::remove_file(&partial);
        io("write", path)(source)
    })
}
