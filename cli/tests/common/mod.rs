//! The binary, run as a user runs it, in a directory of its own.
#![allow(dead_code)] // Each test file uses its part.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../../ledger/tests/support/answering.rs"]
pub mod answering;
#[path = "../../../ledger/tests/support/anvil.rs"]
pub mod anvil;
pub mod faults;
pub mod line;
pub mod node;
pub mod postgres;
pub mod service;

use lzma_rust2::XzReader;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use tempfile::TempDir;

pub const BINARY: &str = env!("CARGO_BIN_EXE_medproof");

/// Eligible for T2 and T3; 1 of the 30.
pub const ANNA: &str = "b4a36fff-6981-496a-a0d3-b274dd4b363a";
/// Eligible for all trials.
pub const BERTA: &str = "b218cee9-019d-47a4-b161-e97c0fd6f736";
/// 17 years old on 2021-04-01.
pub const MINOR: &str = "365d73bb-4e5f-4f7d-8aa0-a5f46289b915";

/// More adults, as of 2021-04-01.
pub const OTHERS: [&str; 12] = [
    "0e61c3ad-d11e-4080-a6aa-cac89cae4e37",
    "1299e4b5-bed9-4574-9233-ddfeb48d5c42",
    "148f10e1-2182-4297-ac1f-39bb9eca6f1a",
    "186ff984-f437-4817-8d35-0997a8b7f405",
    "2ec622d5-095b-44d4-9cb2-c0e7e451cd74",
    "34b6332c-71a9-46ad-9d30-17443d77dbd9",
    "3552e945-2598-4993-b617-4133ab2ed914",
    "5db1e775-33a3-47fb-8954-d97cd43e8074",
    "689892bd-dcbe-41fc-8651-38a1d0893854",
    "71a8a403-9ec4-4677-96f6-5a1f53c89da0",
    "7f445dad-0907-4a3e-81a5-ad75ecdff752",
    "948e608d-e408-4788-8cf2-8157c49c2940",
];

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(name)
}

fn unpack(archive: &str) -> BTreeMap<String, Vec<u8>> {
    let file = File::open(data(archive)).unwrap();
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(XzReader::new(file, true)).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(name, bytes);
    }
    files
}

/// The 30 bundles, by file name.
pub fn bundles() -> &'static BTreeMap<String, Vec<u8>> {
    static FILES: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    FILES.get_or_init(|| unpack("synthea-30.tar.xz"))
}

/// The Bulk Data files of the 12, by file name.
pub fn ndjson() -> &'static BTreeMap<String, Vec<u8>> {
    static FILES: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    FILES.get_or_init(|| unpack("immunizations-2023-12.tar.xz"))
}

/// What the independent evaluation found, patient by patient.
pub fn expected(set: &str, name: &str) -> Vec<String> {
    let json: Value = serde_json::from_slice(&fs::read(data("expected.json")).unwrap()).unwrap();
    let matches = json[set]["matches"].as_object().unwrap();
    let who = matches.iter().filter(|(_, found)| found[name] == true);
    who.map(|(patient, _)| patient.clone()).collect()
}

/// How a run ended.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn of(output: Output) -> Run {
        Run {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The report.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// Ended well.
    #[track_caller]
    pub fn ok(self) -> Run {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Failed with this exit code and this reason, in words or in JSON.
    #[track_caller]
    pub fn failed(self, exit: i32, code: &str) -> Run {
        assert_eq!(self.code, Some(exit), "{self:?}");
        assert_eq!(self.json()["error"]["code"], code, "{self:?}");
        self
    }
}

/// A directory with an issuer, a ledger and keys in it.
pub struct World {
    pub dir: TempDir,
    /// The environment of its commands, beside what all have.
    pub settings: Vec<(&'static str, PathBuf)>,
}

impl World {
    pub fn empty() -> World {
        World {
            // Beside the build: a world that outlives its test is cleaned away with it.
            dir: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap(),
            settings: Vec::new(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The command, in development mode, with keys cached for all tests.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env_clear()
            .env("MEDPROOF_DEVELOPMENT", "1")
            .env("MEDPROOF_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"))
            .env("MEDPROOF_KEYS", self.path("keys"))
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs words separated by spaces, with `--json`.
    pub fn run(&self, line: &str) -> Run {
        let words: Vec<&str> = line.split_whitespace().chain(["--json"]).collect();
        Run::of(self.command(&words).output().unwrap())
    }

    /// The same, and requires that it ends well.
    #[track_caller]
    pub fn ok(&self, line: &str) -> Value {
        self.run(line).ok().json()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        if let Some(parent) = self.path(name).parent() {
            fs::create_dir_all(parent).unwrap();
        }
        fs::write(self.path(name), bytes).unwrap();
    }

    /// An issuer with these patients' charts, and a ledger with the tier's key.
    pub fn with_patients(patients: &[&str], tier: &str) -> World {
        World::empty().furnished(patients, tier)
    }

    /// The same, where it is to have settings of its own.
    pub fn furnished(self, patients: &[&str], tier: &str) -> World {
        let world = self;
        fs::create_dir(world.path("records")).unwrap();
        for patient in patients {
            let name = format!("{patient}.json");
            world.write(&format!("records/{name}"), &bundles()[&name]);
        }
        world.ok("ledger deploy --grace 0s");
        world.ok(&format!("ledger register-key --tier {tier}"));
        let account = world.ok("issuer init --name Hospital")["account"]
            .as_str()
            .unwrap()
            .to_owned();
        world.ok(&format!("ledger admit-issuer {account}"));
        if !patients.is_empty() {
            world.ok("issuer import --records records --complete synthea --issued-on 2021-04-01");
        }
        world
    }

    /// Gives a patient keys and enrols them: `NAME.holder`.
    pub fn enroll(&self, patient: &str, name: &str) {
        self.ok(&format!("holder keygen --out {name}.holder"));
        self.ok(&format!("issuer invite {patient} --out {name}.invitation"));
        self.ok(&format!(
            "holder enroll --holder {name}.holder --invitation {name}.invitation --out {name}.enrolment"
        ));
        self.ok(&format!("issuer enroll {patient} --enrolment {name}.enrolment"));
    }

    /// `NAME.request` of `audience`, which is made if it is new.
    pub fn request(&self, name: &str, audience: &str, rest: &str) {
        if !self.path(audience).exists() {
            self.ok(&format!("audience keygen --out {audience}"));
        }
        let day = if rest.contains("--as-of") {
            ""
        } else {
            "--as-of 2021-04-01"
        };
        self.ok(&format!(
            "request new --audience {audience} --purpose HRESCH --out {name}.request {day} {rest}"
        ));
    }

    /// `NAME.consent` and `NAME.presentation` of a patient to `NAME.request`.
    pub fn answer(&self, name: &str, patient: &str, holder: &str) {
        self.consent(name, holder);
        self.prove(name, patient).ok();
    }

    pub fn consent(&self, name: &str, holder: &str) {
        self.ok(&format!(
            "holder consent --holder {holder}.holder --request {name}.request --out {name}.consent"
        ));
    }

    pub fn prove(&self, name: &str, patient: &str) -> Run {
        self.run(&format!(
            "prove --patient {patient} --request {name}.request --consent {name}.consent --out {name}.presentation"
        ))
    }

    pub fn verify(&self, presentation: &str, request: &str, rest: &str) -> Run {
        self.run(&format!(
            "verify --presentation {presentation}.presentation --request {request}.request --audience sponsor --grace 0s {rest}"
        ))
    }

    /// A copy, to go wrong in.
    pub fn copy(&self) -> World {
        let world = World::empty();
        copy(self.dir.path(), world.dir.path());
        world
    }

    /// Names of all files below the directory.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        list(self.dir.path(), &mut files);
        files.sort();
        files
    }
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
            // With its permissions: secrets stay their owner's.
            fs::copy(&path, &target).unwrap();
        }
    }
}
