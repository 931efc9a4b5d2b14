//! A file of one's own for readers that take a path: one for each thread, in memory where the
//! system has such a place.

use std::fs::{self, Permissions};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

thread_local! {
    static DIRECTORY: TempDir = directory();
}

/// A directory that is removed with what it returns.
pub fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// A file of these bytes, for its owner alone.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = DIRECTORY.with(|directory| directory.path().join(name));
    fs::write(&path, bytes).unwrap();
    #[cfg(unix)]
    fs::set_permissions(
        &path,
        <Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600),
    )
    .unwrap();
    path
}
