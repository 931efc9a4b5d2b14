//! A hospital of this run's own: records, requests and consents, made through the binary, and a service over it.

use crate::client::TOKEN;
use crate::process::Process;
use crate::{Options, Outcome};
use lzma_rust2::XzReader;
use medproof_cli::commands::issuer::IssuerDir;
use medproof_cli::keyfile::{self, AudienceKeys, HolderKeys};
use medproof_cli::{Context, Ui};
use medproof_keys::Mode;
use medproof_messages::{ConsentMessage, Grant, SignedRequest, VerifiedRequest};
use medproof_proto::v1;
use medproof_records::issuer::CarriedRecord;
use medproof_service::payload;
use medproof_statement::field;
use medproof_statement::tier::Tier;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

// Of the published test data; all are of age.
const PATIENTS: [&str; 8] = [
    "b4a36fff-6981-496a-a0d3-b274dd4b363a",
    "b218cee9-019d-47a4-b161-e97c0fd6f736",
    "3552e945-2598-4993-b617-4133ab2ed914",
    "148f10e1-2182-4297-ac1f-39bb9eca6f1a",
    "fa470b46-b649-4f03-a9e5-c2e3f483524c",
    "2ec622d5-095b-44d4-9cb2-c0e7e451cd74",
    "bae2bf00-eca1-47fb-bb43-272f8de1449c",
    "bb7fb8e1-1a76-4328-92ea-3852f34846e6",
];

/// Requests to each patient, each with a consent of its own.
const REQUESTS: usize = 64;

/// A folder with an issuer, a ledger, and what its patients consented to.
pub struct World {
    folder: TempDir,
    program: PathBuf,
    tier: Tier,
    /// What is submitted: no two on one consent.
    pub disclosures: Vec<v1::Disclosure>,
    /// What a proof of each is made from: request, consent and record, as a worker is given them.
    pub payloads: Vec<Vec<u8>>,
    /// What is proved of, by patient.
    pub records: BTreeMap<String, CarriedRecord>,
}

/// How the service is configured, where it is not as all are.
pub struct Setup {
    /// `sqlite:…` or `postgres://…`.
    pub store: String,
    /// Jobs at a time, in its own process.
    pub at_once: usize,
    /// More of the part `[store]`.
    pub bounds: String,
    /// More of the part `[limits]`.
    pub limits: String,
}

impl Setup {
    /// In a file of this name, which is made: nothing is refused.
    pub fn in_file(name: &str, at_once: usize) -> Setup {
        Setup {
            store: format!("sqlite:{name}.db"),
            at_once,
            bounds: String::new(),
            limits: String::new(),
        }
    }
}

/// A service that listens.
pub struct Service {
    /// It.
    pub process: Process,
    /// Where.
    pub address: String,
}

impl World {
    /// Makes one.
    pub fn new(options: &Options) -> Outcome<World> {
        let beside = std::env::current_exe()?;
        // Beside the build, not in a temporary folder that may be in memory.
        let folder = tempfile::tempdir_in(beside.parent().ok_or("a folder")?)?;
        let mut world = World {
            folder,
            program: options.program.clone(),
            tier: options.tier,
            disclosures: Vec::new(),
            payloads: Vec::new(),
            records: BTreeMap::new(),
        };
        world.found()?;
        world.ask()?;
        Ok(world)
    }

    /// Of a file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary, in the folder, for development keys.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(words)
            .current_dir(self.folder.path())
            .env("MEDPROOF_DEVELOPMENT", "1");
        command
    }

    fn run(&self, line: &str) -> Outcome<serde_json::Value> {
        let words: Vec<&str> = line.split_whitespace().chain(["--json"]).collect();
        let output = self.command(&words).stdin(Stdio::null()).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout);
            return Err(format!("medproof {line}: {said} {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    // The issuer, its patients and their keys, anchored.
    fn found(&self) -> Outcome<()> {
        fs::create_dir(self.path("records"))?;
        let bundles = bundles()?;
        for patient in PATIENTS {
            let name = format!("{patient}.json");
            let bundle = bundles.get(&name).ok_or("a bundle of the test data")?;
            fs::write(self.path("records").join(&name), bundle)?;
        }
        self.run("ledger deploy --grace 0s")?;
        self.run(&format!("ledger register-key --tier {}", self.tier))?;
        let issuer = self.run("issuer init --name Hospital")?;
        let account = issuer["account"].as_str().ok_or("an issuer without an account")?;
        self.run(&format!("ledger admit-issuer {account}"))?;
        self.run("issuer import --records records --complete synthea --issued-on 2021-04-01")?;
        for patient in PATIENTS {
            self.run(&format!("holder keygen --out {patient}.holder"))?;
            self.run(&format!("issuer invite {patient} --out {patient}.invitation"))?;
            self.run(&format!(
                "holder enroll --holder {patient}.holder --invitation {patient}.invitation --out {patient}.enrolment"
            ))?;
            self.run(&format!("issuer enroll {patient} --enrolment {patient}.enrolment"))?;
        }
        self.run("issuer anchor")?;
        Ok(())
    }

    // Requests that differ in their numbers alone, and each patient's consent to each.
    fn ask(&mut self) -> Outcome<()> {
        self.run("audience keygen --out sponsor")?;
        self.run(&format!(
            "request new --audience sponsor --purpose HRESCH --out a.request --as-of 2021-04-01 --claim adult --tier {} --scope load",
            self.tier
        ))?;
        let sponsor = AudienceKeys::load(&self.path("sponsor"))?;
        let first = SignedRequest::from_json(&fs::read(self.path("a.request"))?)?.verify()?;
        let cx = Context::new(Ui::silent(), Mode::Development);
        let issuer = IssuerDir::at(self.path("medproof/issuer")).open(&cx)?;
        for patient in PATIENTS {
            let keys = HolderKeys::load(&self.path(&format!("{patient}.holder")))?;
            let record = issuer.carried_record(patient)?;
            for _ in 0..REQUESTS {
                let mut body = first.body().clone();
                body.nonce = *keyfile::random()?;
                let signed = body.sign(&sponsor.key)?;
                let bytes = signed.to_json();
                let consent = consent(&signed.verify()?, &keys)?.to_json();
                self.payloads
                    .push(payload::encode(&bytes, &consent, Some(&record)).to_vec());
                self.disclosures.push(v1::Disclosure {
                    record: patient.to_owned(),
                    request: bytes,
                    consent,
                });
            }
            self.records.insert(patient.to_owned(), record);
        }
        // One patient after the other, so that no two in a row are of one.
        let (count, step) = (self.disclosures.len(), REQUESTS);
        let order: Vec<usize> = (0..step).flat_map(|first| (first..count).step_by(step)).collect();
        self.disclosures = order.iter().map(|place| self.disclosures[*place].clone()).collect();
        self.payloads = order.iter().map(|place| self.payloads[*place].clone()).collect();
        Ok(())
    }

    /// One after the other, without an end.
    pub fn disclosure(&self, number: usize) -> v1::Disclosure {
        self.disclosures[number % self.disclosures.len()].clone()
    }

    /// The same of what proofs are made from.
    pub fn payload(&self, number: usize) -> &[u8] {
        &self.payloads[number % self.payloads.len()]
    }

    /// Starts a service over it.
    pub fn serve(&self, setup: &Setup) -> Outcome<Service> {
        let digest = hex::encode(Sha256::digest(TOKEN.as_bytes()));
        // Askers are watched, but may ask as much as is asked here: that is what is measured.
        let text = format!(
            "[listen]\naddress = \"127.0.0.1:0\"\n\
             [store]\nurl = \"{}\"\n{}\n\
             [work]\nat_once = {}\n\
             [askers]\nusual = 100000000\n\
             [limits]\ncalls_per_second = 1000000\nburst = 1000000\n{}\n\
             [[caller]]\nname = \"portal\"\ntenant = \"Hospital\"\nrole = \"holder\"\ntoken_sha256 = \"{digest}\"\n",
            setup.store, setup.bounds, setup.at_once, setup.limits
        );
        fs::write(self.path("service.toml"), text)?;
        let mut command = self.command(&["serve", "--config", "service.toml", "--tier", self.tier.name()]);
        let listening = |line: &str| line.strip_prefix("listening on ").map(str::to_owned);
        let (process, address) = Process::start(&mut command, listening)?;
        Ok(Service { process, address })
    }

    /// Starts a worker of its own, on one thread, for what a service has in this store.
    pub fn worker(&self, store: &str) -> Outcome<Process> {
        let words = [
            "worker",
            "--key",
            "work.key",
            "--at-once",
            "1",
            "--tier",
            self.tier.name(),
        ];
        let mut command = self.command(&words);
        // Not in the arguments, which others on the machine can read.
        command.env("MEDPROOF_STORE", store).env("RAYON_NUM_THREADS", "1");
        let (process, ()) = Process::start(&mut command, |line| line.ends_with(" works").then_some(()))?;
        Ok(process)
    }
}

fn consent(request: &VerifiedRequest, keys: &HolderKeys) -> Outcome<ConsentMessage> {
    // 248 random bits: below the modulus, never reduced.
    let mut grant_id = [0; 32];
    grant_id[1..].copy_from_slice(&*keyfile::random::<31>()?);
    let body = request.body();
    let grant = Grant {
        kind: body.consent,
        not_before: body.requested_at,
        not_after: body.expires_at,
        grant_id: field::from_bytes(&grant_id)?,
    };
    Ok(ConsentMessage::sign(request, &grant, &keys.signing())?)
}

fn bundles() -> Outcome<BTreeMap<String, Vec<u8>>> {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/synthea-30.tar.xz");
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(XzReader::new(File::open(archive)?, true)).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or("a name")?
            .to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        files.insert(name, bytes);
    }
    Ok(files)
}
