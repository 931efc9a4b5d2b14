//! What passed, kept for `cargo xtask evidence --resume`: all of it takes longer than a machine may
//! be left alone.

use crate::run::{Result, root};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where figures are written that the evidence has given: no part of what it is evidence of.
const FIGURES: [&str; 4] = [
    ":!docs/soundness.md",
    ":!docs/fuzzing.md",
    ":!docs/mutation-testing.md",
    ":!docs/privacy.md",
];

/// A folder for each state of the code.
pub struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// For the files as they stand, committed or not.
    pub fn of_this_code() -> Result<Kept> {
        let kept = root().join("target/evidence");
        fs::create_dir_all(&kept).map_err(|e| format!("cannot make {}: {e}", kept.display()))?;
        Ok(Kept {
            folder: kept.join(digest(&kept.join("index"))?),
        })
    }

    /// What a command found, if it passed.
    pub fn read(&self, command: &[String]) -> Option<String> {
        fs::read_to_string(self.place(command)).ok()
    }

    /// Keeps what a command found.
    pub fn write(&self, command: &[String], found: &str) -> Result<()> {
        let place = self.place(command);
        let draft = place.with_extension("new");
        fs::create_dir_all(&self.folder)
            .and_then(|()| fs::write(&draft, found))
            .and_then(|()| fs::rename(&draft, &place))
            .map_err(|e| format!("cannot write {}: {e}", place.display()))
    }

    fn place(&self, command: &[String]) -> PathBuf {
        self.folder.join(format!("{}.txt", command.join("_").replace('/', "_")))
    }
}

// Of names and contents of all files that git does not ignore, by an index of our own: the
// user's stays as it is.
fn digest(index: &Path) -> Result<String> {
    let git = |arguments: &[&str]| {
        let ran = Command::new("git")
            .args(arguments)
            .env("GIT_INDEX_FILE", index)
            .current_dir(root())
            .stdin(Stdio::null())
            .output();
        match ran {
            Ok(ran) if ran.status.success() => Ok(ran.stdout),
            Ok(ran) => Err(format!(
                "git {} failed: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&ran.stderr)
            )),
            Err(e) => Err(format!("git cannot run: {e}")),
        }
    };
    git(&["add", "--all"])?;
    let files = git(&[&["ls-files", "--stage", "--", "."][..], &FIGURES].concat())?;
    let list = index.with_extension("list");
    fs::write(&list, files).map_err(|e| format!("cannot write {}: {e}", list.display()))?;
    let digest = git(&["hash-object", &list.to_string_lossy()])?;
    Ok(String::from_utf8_lossy(&digest).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_again_by_its_own_command_alone() {
        let folder = root().join("target/tmp/kept");
        let _ = fs::remove_dir_all(&folder);
        let kept = Kept { folder };
        let command = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        assert_eq!(kept.read(&command("test a")), None);
        kept.write(&command("test a"), "found").unwrap();
        assert_eq!(kept.read(&command("test a")).as_deref(), Some("found"));
        assert_eq!(kept.read(&command("test b")), None);
    }

    #[test]
    fn the_digest_is_of_the_files_as_they_stand() {
        let folder = root().join("target/tmp/digest");
        fs::create_dir_all(&folder).unwrap();
        let index = folder.join("index");
        let before = digest(&index).unwrap();
        assert_eq!(digest(&index).unwrap(), before);
        let file = root().join("xtask/src/a_file_that_is_new.txt");
        fs::write(&file, "new").unwrap();
        let after = digest(&index);
        fs::remove_file(&file).unwrap();
        assert_ne!(after.unwrap(), before);
        assert_eq!(digest(&index).unwrap(), before);
    }
}
