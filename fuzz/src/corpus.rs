//! The corpora that are checked in.

use crate::target::Target;
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where they are.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora")
}

/// A target's inputs, in the order of their names. Without a folder there are none.
///
/// # Errors
/// Where a file cannot be read.
pub fn read(target: &Target) -> io::Result<Vec<Vec<u8>>> {
    read_from(&root().join(target.name))
}

/// A folder's inputs.
///
/// # Errors
/// Where a file cannot be read.
pub fn read_from(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths: Vec<PathBuf> = entries.map(|e| e.map(|e| e.path())).collect::<io::Result<_>>()?;
    paths.retain(|path| path.is_file());
    paths.sort();
    paths.iter().map(fs::read).collect()
}

/// Writes an input under its digest.
///
/// # Errors
/// Where it cannot be written.
pub fn write(folder: &Path, input: &[u8]) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let path = folder.join(&hex::encode(Sha256::digest(input))[..16]);
    fs::write(&path, input)?;
    Ok(path)
}
