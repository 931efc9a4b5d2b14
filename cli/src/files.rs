//! Files: read whole within a limit, written whole or not at all.

use crate::error::CliError;
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::path::Path;
use zeroize::Zeroizing;

/// No message, claim or key file of ours is longer.
pub const MESSAGE_LIMIT: u64 = 8 << 20;

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// Whoever the user's umask lets.
    Public,
    /// The owner alone (mode 0600).
    Secret,
}

/// Whether a file that is there may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// It is kept, and the command refused.
    Never,
    /// It is replaced, if it is a regular file (`--force`).
    Force,
}

impl From<bool> for Overwrite {
    fn from(force: bool) -> Overwrite {
        if force { Overwrite::Force } else { Overwrite::Never }
    }
}

/// A file's bytes. `what` names it in errors: "a request", "the claim".
///
/// # Errors
/// Where there is no such file, it cannot be read, or it is longer than any of ours.
pub fn read(path: &Path, what: &str) -> Result<Zeroizing<Vec<u8>>, CliError> {
    read_within(path, what, MESSAGE_LIMIT)
}

/// As [`read`], of at most so many bytes.
///
/// # Errors
/// As [`read`].
pub fn read_within(path: &Path, what: &str, limit: u64) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let failed = |e: io::Error| read_error(path, what, &e);
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(CliError::input(
            "file.not_a_file",
            format!("{}: expected {what}, found a directory", path.display()),
        ));
    }
    // Room for all: a list that grows leaves what it held behind in freed memory.
    let room = metadata.len().min(limit) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(room).unwrap_or_default()));
    let mut limited = file.take(limit + 1);
    limited.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(CliError::input(
            "file.too_large",
            format!(
                "{}: expected {what} of at most {limit} bytes, found more: check which file this is",
                path.display()
            ),
        ));
    }
    Ok(bytes)
}

/// A secret file's bytes, if its owner alone can read it.
///
/// # Errors
/// As [`read`], and where others have access to it.
pub fn read_secret(path: &Path, what: &str) -> Result<Zeroizing<Vec<u8>>, CliError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata = fs::metadata(path).map_err(|e| read_error(path, what, &e))?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(CliError::input(
                "file.readable_by_others",
                format!(
                    "{}: expected {what} that its owner alone can read (mode 0600), found mode {mode:04o}: run chmod 600 on it",
                    path.display()
                ),
            ));
        }
    }
    read(path, what)
}

fn read_error(path: &Path, what: &str, error: &io::Error) -> CliError {
    let message = format!("{}: cannot read {what}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::NotFound => CliError::input("file.not_found", message).with_help("check the path"),
        io::ErrorKind::PermissionDenied => CliError::input("file.permission", message),
        _ => CliError::system("file.read", message),
    }
}

/// Whether a file may be written there: asked before work whose result would go there.
///
/// # Errors
/// As [`write()`].
pub fn check_target(path: &Path, overwrite: Overwrite) -> Result<(), CliError> {
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(write_error(path, &e)),
        Ok(metadata) if !metadata.is_file() => {
            return Err(CliError::input(
                "file.not_a_file",
                format!(
                    "{}: expected a place for a file, found something else there: choose another path",
                    path.display()
                ),
            ));
        }
        Ok(_) if overwrite == Overwrite::Never => return Err(exists(path)),
        Ok(_) => {}
    }
    let parent = parent(path);
    match fs::metadata(parent) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(CliError::input(
            "file.not_a_directory",
            format!("{}: expected a directory to write into, found a file", parent.display()),
        )),
        Err(e) => Err(write_error(path, &e)),
    }
}

/// Writes a file beside its place, makes it durable and moves it there: a crash, a full disk or
/// Ctrl-C leaves the old state or the new one.
///
/// # Errors
/// Where a file is there and may not be replaced, or the system refuses; then nothing is left.
pub fn write(path: &Path, bytes: &[u8], secrecy: Secrecy, overwrite: Overwrite) -> Result<(), CliError> {
    stream(path, secrecy, overwrite, |file| {
        file.write_all(bytes).map_err(|e| write_error(path, &e))
    })
}

/// As [`write()`], of what `fill` writes piece by piece.
///
/// # Errors
/// As [`write()`], and those of `fill`.
pub fn stream<T>(
    path: &Path,
    secrecy: Secrecy,
    overwrite: Overwrite,
    fill: impl FnOnce(&mut dyn Write) -> Result<T, CliError>,
) -> Result<T, CliError> {
    check_target(path, overwrite)?;
    let failed = |e: io::Error| write_error(path, &e);
    let mut builder = tempfile::Builder::new();
    let mut prefix = path.file_name().unwrap_or(OsStr::new("medproof")).to_os_string();
    prefix.push(".");
    builder.prefix(&prefix).suffix(".partial");
    let public = permissions(secrecy);
    if let Some(permissions) = public {
        builder.permissions(permissions);
    }
    let mut file = builder.tempfile_in(parent(path)).map_err(failed)?;
    let done = fill(&mut file)?;
    file.as_file().sync_all().map_err(failed)?;
    let persisted = match overwrite {
        Overwrite::Force => file.persist(path),
        Overwrite::Never => file.persist_noclobber(path),
    };
    persisted.map_err(|e| match e.error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => write_error(path, &e.error),
    })?;
    sync_directory(parent(path)).map_err(failed)?;
    Ok(done)
}

/// Writes text that ends with a newline.
///
/// # Errors
/// As [`write()`].
pub fn write_text(path: &Path, text: &str, secrecy: Secrecy, overwrite: Overwrite) -> Result<(), CliError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    bytes.extend_from_slice(text.as_bytes());
    if !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    write(path, &bytes, secrecy, overwrite)
}

/// Makes a directory and those above it, for its owner alone.
///
/// # Errors
/// Where the system refuses.
pub fn make_directory(path: &Path) -> Result<(), CliError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|e| write_error(path, &e))
}

fn permissions(secrecy: Secrecy) -> Option<Permissions> {
    // Temporary files are 0600 unless something else is asked for; the umask takes from 0666.
    match secrecy {
        Secrecy::Secret => None,
        #[cfg(unix)]
        Secrecy::Public => Some(std::os::unix::fs::PermissionsExt::from_mode(0o666)),
        #[cfg(not(unix))]
        Secrecy::Public => None,
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    // The rename itself is durable only once the directory is.
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

fn exists(path: &Path) -> CliError {
    CliError::input(
        "file.exists",
        format!("{} exists already and was left as it is", path.display()),
    )
    .with_help("choose another path, or replace it with --force")
}

/// What the system's answer to a write means.
pub(crate) fn write_error(path: &Path, error: &io::Error) -> CliError {
    let message = format!("cannot write {}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::NotFound => CliError::input("file.not_found", message).with_help("make its directory first"),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            CliError::input("file.permission", message).with_help("choose a place that you may write to")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            CliError::system("disk.full", message).with_help("free some space and run again: nothing was half-written")
        }
        _ => CliError::system("file.write", message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(directory: &Path) -> Vec<String> {
        let names = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = names.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_only_by_force() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.json");
        write(&path, b"1", Secrecy::Public, Overwrite::Never).unwrap();
        let refused = write(&path, b"2", Secrecy::Public, Overwrite::Never).unwrap_err();
        assert_eq!(refused.code, "file.exists");
        assert_eq!(fs::read(&path).unwrap(), b"1");
        write(&path, b"2", Secrecy::Public, Overwrite::Force).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"2");
        assert_eq!(entries(directory.path()), ["a.json"]);
    }

    #[test]
    fn only_files_are_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let refused = write(directory.path(), b"1", Secrecy::Public, Overwrite::Force).unwrap_err();
        assert_eq!(refused.code, "file.not_a_file");
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_their_owners() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key.json");
        write(&path, b"secret", Secrecy::Secret, Overwrite::Never).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        read_secret(&path, "a key").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert_eq!(read_secret(&path, "a key").unwrap_err().code, "file.readable_by_others");
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(
            read(&directory.path().join("no"), "a claim").unwrap_err().code,
            "file.not_found"
        );
        assert_eq!(read(directory.path(), "a claim").unwrap_err().code, "file.not_a_file");
        let large = directory.path().join("large");
        File::create(&large).unwrap().set_len(MESSAGE_LIMIT + 1).unwrap();
        assert_eq!(read(&large, "a claim").unwrap_err().code, "file.too_large");
    }
}
