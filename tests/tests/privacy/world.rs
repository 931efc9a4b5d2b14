//! The command, run as its users run it, in a directory of its own. Keeps all that it says.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use tempfile::TempDir;

pub const BINARY: &str = env!("CARGO_BIN_EXE_medproof-e2e");
pub const TODAY: &str = "2021-04-01";

/// How a run ended, and what it said.
#[derive(Clone, Debug)]
pub struct Run {
    pub line: String,
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    #[track_caller]
    pub fn ok(self) -> Run {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    #[track_caller]
    pub fn failed(self, code: &str) -> Run {
        assert!(self.code.is_some_and(|c| c != 0), "{self:?}");
        assert_eq!(self.json()["error"]["code"], code, "{self:?}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// A directory with an issuer, a ledger, holders and audiences in it.
pub struct World {
    pub dir: TempDir,
    runs: Mutex<Vec<Run>>,
}

impl World {
    pub fn empty() -> World {
        World {
            dir: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap(),
            runs: Mutex::default(),
        }
    }

    /// A ledger with the tier's key, an admitted issuer, and an audience.
    pub fn new(tier: &str) -> World {
        let world = World::empty();
        world.ok("ledger deploy --grace 0s");
        world.ok(&format!("ledger register-key --tier {tier}"));
        let account = world.ok("issuer init --name Hospital")["account"].clone();
        world.ok(&format!("ledger admit-issuer {}", account.as_str().unwrap()));
        world.ok("audience keygen --out sponsor");
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// At its most talkative, with its own place for temporary files.
    pub fn command(&self, program: &str) -> Command {
        let temporary = self.path("tmp");
        fs::create_dir_all(&temporary).unwrap();
        let mut command = Command::new(program);
        command
            .current_dir(self.dir.path())
            .env_clear()
            .env("MEDPROOF_DEVELOPMENT", "1")
            .env("MEDPROOF_CACHE", cache())
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .env("TMPDIR", temporary);
        command
    }

    fn keep(&self, line: &str, output: Output) -> Run {
        let run = Run {
            line: line.to_owned(),
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        self.runs.lock().unwrap().push(run.clone());
        run
    }

    /// Words separated by spaces, with `--json`.
    pub fn run(&self, line: &str) -> Run {
        let words: Vec<&str> = line.split_whitespace().chain(["--json"]).collect();
        self.keep(line, self.command(BINARY).args(words).output().unwrap())
    }

    /// The same as people read it.
    pub fn say(&self, line: &str) -> Run {
        self.keep(
            line,
            self.command(BINARY).args(line.split_whitespace()).output().unwrap(),
        )
    }

    /// Under a limit that the shell sets first.
    pub fn limited(&self, limit: &str, line: &str) -> Run {
        let script = format!("{limit}; exec {BINARY} {line} --json");
        self.keep(line, self.command("sh").args(["-c", &script]).output().unwrap())
    }

    #[track_caller]
    pub fn ok(&self, line: &str) -> Value {
        self.run(line).ok().json()
    }

    /// All that was said so far.
    pub fn runs(&self) -> Vec<Run> {
        self.runs.lock().unwrap().clone()
    }

    /// Keys for a patient, enrolled: `NAME.holder`.
    pub fn enroll(&self, patient: &str, name: &str) {
        self.ok(&format!("holder keygen --out {name}.holder"));
        self.enroll_holder(patient, name);
    }

    /// The same, with keys that are there.
    pub fn enroll_holder(&self, patient: &str, name: &str) {
        self.ok(&format!("issuer invite {patient} --out {name}.invitation"));
        self.ok(&format!(
            "holder enroll --holder {name}.holder --invitation {name}.invitation --out {name}.enrolment"
        ));
        self.ok(&format!("issuer enroll {patient} --enrolment {name}.enrolment"));
    }

    pub fn request(&self, name: &str, rest: &str) {
        self.ok(&format!(
            "request new --audience sponsor --purpose HRESCH --as-of {TODAY} --out {name}.request {rest}"
        ));
    }

    /// `WHO-REQUEST.consent`.
    pub fn consent(&self, who: &str, request: &str) {
        self.ok(&format!(
            "holder consent --holder {who}.holder --request {request}.request --out {who}-{request}.consent"
        ));
    }

    /// `WHO-REQUEST.EXTENSION`, under the consent of that name.
    pub fn prove(&self, patient: &str, who: &str, request: &str, extension: &str) -> Run {
        self.run(&format!(
            "prove --patient {patient} --request {request}.request --consent {who}-{request}.consent \
             --out {who}-{request}.{extension}"
        ))
    }

    pub fn verify(&self, presentation: &str, request: &str, rest: &str) -> Run {
        self.run(&format!(
            "verify --presentation {presentation} --request {request}.request --audience sponsor --grace 0s {rest}"
        ))
    }

    /// A copy, for something that happens to one of two worlds only.
    pub fn copy(&self) -> World {
        let world = World::empty();
        copy(self.dir.path(), world.dir.path());
        world
    }

    /// All files, by their path below the directory.
    pub fn files(&self) -> Vec<PathBuf> {
        files_below(self.dir.path())
    }
}

/// All files below a directory, sorted.
pub fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    list(directory, &mut files);
    files.sort();
    files
}

/// Where the development keys of these tests are.
pub fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

fn list(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
