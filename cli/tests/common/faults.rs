//! A disk that fails: the system's own calls, by a library that is loaded before them.
// Not every test's program calls all of it.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is wrong with the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has no room.
    Full,
    /// What was written does not reach it.
    Sync,
}

/// The faults of a folder's files.
pub struct Faults {
    library: PathBuf,
    control: PathBuf,
}

impl Faults {
    /// Of this folder, which has none so far; none where there is no C compiler or another system than Linux.
    pub fn of(folder: &Path) -> Option<Faults> {
        if !cfg!(target_os = "linux") {
            return None;
        }
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/faults.c");
        let library = folder.join("faults.so");
        let mut compiler = Command::new("cc");
        compiler
            .args(["-shared", "-fPIC", "-O1", "-w", "-o"])
            .arg(&library)
            .arg(source)
            .arg("-ldl");
        let made = compiler.status().is_ok_and(|status| status.success());
        // The paths of open files are without links.
        let control = folder.canonicalize().unwrap().join("fault");
        made.then_some(Faults { library, control })
    }

    /// For a process that is to have them.
    pub fn befall(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("MEDPROOF_FAULTS", &self.control);
    }

    /// From now on.
    pub fn begin(&self, fault: Fault) {
        let letter = match fault {
            Fault::Full => "f",
            Fault::Sync => "s",
        };
        fs::write(&self.control, letter).unwrap();
    }

    /// All is well again.
    pub fn end(&self) {
        fs::remove_file(&self.control).unwrap();
    }
}
