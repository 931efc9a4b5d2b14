//! A folder with both tools, and what a command takes in it.

use crate::run::{Result, root, target};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A new folder below the build's. What lies in it is removed with it.
pub struct Lab {
    folder: PathBuf,
    medproof: PathBuf,
    npm: PathBuf,
}

/// A command that succeeded.
pub struct Ran {
    pub seconds: f64,
    /// MiB that it had in memory at most; nothing unless it was watched.
    pub peak: f64,
    /// On its standard output.
    pub said: String,
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Gigabytes. What remains is removed by the next run.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Lab {
    pub fn new() -> Result<Lab> {
        let folder = target()?.join("ceremony");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        Ok(Lab {
            folder,
            medproof: target()?.join("release/medproof"),
            npm: root().join("tests/circom/node_modules/.bin"),
        })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Our command, of words with a space between them.
    pub fn medproof(&self, line: &str) -> Result<Ran> {
        self.run(&self.medproof, line, false)
    }

    /// The same, its memory looked at.
    pub fn watched(&self, line: &str) -> Result<Ran> {
        self.run(&self.medproof, line, true)
    }

    pub fn snarkjs(&self, line: &str) -> Result<Ran> {
        self.run(&self.npm.join("snarkjs"), line, false)
    }

    pub fn circom(&self, line: &str) -> Result<Ran> {
        self.run(&self.npm.join("circom2"), line, false)
    }

    fn run(&self, program: &Path, line: &str, watched: bool) -> Result<Ran> {
        let failed = |e: std::io::Error| format!("{}: {e}", program.display());
        let (out, errors) = (self.path("out"), self.path("errors"));
        let mut command = Command::new(program);
        command
            .args(line.split(' '))
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        command.stdout(File::create(&out).map_err(failed)?);
        command.stderr(File::create(&errors).map_err(failed)?);
        let start = Instant::now();
        let mut child = command.spawn().map_err(failed)?;
        let (id, ended) = (child.id(), AtomicBool::new(!watched));
        let (status, seconds, peak) = thread::scope(|scope| {
            let watcher = scope.spawn(|| peak_of(id, &ended));
            let status = child.wait();
            let seconds = start.elapsed().as_secs_f64();
            ended.store(true, Ordering::Relaxed);
            (status, seconds, watcher.join().unwrap_or_default())
        });
        let said = fs::read_to_string(&out).map_err(failed)?;
        if !status.map_err(failed)?.success() {
            let errors = fs::read_to_string(&errors).unwrap_or_default();
            return Err(format!("{} {line}: failed:\n{said}{errors}", program.display()));
        }
        Ok(Ran { seconds, peak, said })
    }
}

/// How often memory is looked at: what a process takes in its last moment may be missed.
const BETWEEN: Duration = Duration::from_millis(10);

// MiB, by what the system says is the most so far.
fn peak_of(process: u32, ended: &AtomicBool) -> f64 {
    let mut peak = 0.0;
    while !ended.load(Ordering::Relaxed) {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        peak = kib.map_or(peak, |kib| kib / 1024.0);
        thread::sleep(BETWEEN);
    }
    peak
}

/// Whether two files have the same bytes.
pub fn same(one: &Path, other: &Path) -> Result<bool> {
    let open = |path: &Path| File::open(path).map_err(|e| format!("{}: {e}", path.display()));
    let (mut one, mut other) = (open(one)?, open(other)?);
    let mut buffers = [Vec::new(), Vec::new()];
    loop {
        for (file, buffer) in [&mut one, &mut other].into_iter().zip(&mut buffers) {
            buffer.clear();
            file.take(1 << 20).read_to_end(buffer).map_err(|e| e.to_string())?;
        }
        match &buffers {
            [one, other] if one != other => return Ok(false),
            [one, _] if one.is_empty() => return Ok(true),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lab(name: &str) -> Lab {
        let folder = std::env::temp_dir().join(format!("medproof-xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Lab {
            folder,
            medproof: "sh".into(),
            npm: PathBuf::new(),
        }
    }

    #[test]
    fn a_command_that_fails_is_no_measurement() {
        let lab = lab("fails");
        fs::write(lab.path("one"), "echo said; exit 3").unwrap();
        fs::write(lab.path("other"), "echo said").unwrap();
        assert_eq!(lab.medproof("other").unwrap().said, "said\n");
        assert!(lab.medproof("one").is_err_and(|error| error.contains("said")));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_that_a_command_takes_is_seen() {
        let lab = lab("memory");
        fs::write(
            lab.path("large"),
            "x=$(head -c 40000000 /dev/zero | tr '\\0' x); sleep 0.1",
        )
        .unwrap();
        let peak = lab.watched("large").unwrap().peak;
        assert!((38.0..400.0).contains(&peak), "{peak}");
    }

    #[test]
    fn files_are_compared_to_their_ends() {
        let lab = lab("same");
        let bytes = vec![7; (1 << 20) + 5];
        let (one, other) = (lab.path("one"), lab.path("other"));
        fs::write(&one, &bytes).unwrap();
        for (length, expected) in [
            (bytes.len(), true),
            (bytes.len() - 1, false),
            (1 << 20, false),
            (0, false),
        ] {
            fs::write(&other, &bytes[..length]).unwrap();
            assert_eq!(
                (same(&one, &other), same(&other, &one)),
                (Ok(expected), Ok(expected)),
                "{length}"
            );
        }
        let mut changed = bytes;
        *changed.last_mut().unwrap() = 8;
        fs::write(&other, &changed).unwrap();
        assert_eq!(same(&one, &other), Ok(false));
    }
}
