//! `medproof demo`: the whole story on one machine, with real parts throughout: FHIR records, an
//! encrypted vault, an EVM, Groth16 proofs, the verifier that partners embed.

mod attacks;
mod cast;
mod data;
mod story;
mod tell;

use crate::context::Context;
use crate::error::CliError;
use cast::{Asker, Chain, Hospital, registration, step};
use medproof_claims::Claim;
use medproof_keys::{CircuitKey, Mode};
use medproof_ledger::{Action, ManualClock};
use medproof_messages::presentation::{PRESENTATION_BYTES, PROOF_BYTES};
use medproof_messages::request::VerifiedRequest;
use medproof_statement::day::Day;
use medproof_statement::request::Purpose;
use medproof_statement::tier::Tier;
use medproof_verifier::store::AnswerStore;
use medproof_verifier::{Refusal, Verified};
use serde::Serialize;
use std::fmt::{self, Display};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use story::{Answer, Checker, Question, answer, ask, open, submit};
use tell::{Teller, grouped, seconds};

/// 2021-04-01T09:00:00Z, the day of the trial.
const TRIAL_DAY: u64 = 1_617_267_600;
/// From there to 2023-04-01.
const TWO_YEARS: u64 = 730 * 86_400;
/// How many of the eligible consent in the story: one stays out, and each proof takes a while.
const CONSENTING: usize = 3;

/// What the demo measured.
#[derive(Debug, Default, Serialize)]
pub struct DemoReport {
    tiers: Vec<TierRow>,
    proof_bytes: usize,
    presentation_bytes: usize,
    patients: usize,
    facts: usize,
    import_and_commit_seconds: f64,
    anchor_gas: u64,
    open_request_gas: u64,
    submit_gas: u64,
    revoke_consent_gas: u64,
    refused: Vec<String>,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct TierRow {
    tier: &'static str,
    claim: String,
    constraints: usize,
    proving_key_bytes: u64,
    verifying_key_bytes: usize,
    witness_seconds: f64,
    prove_seconds: f64,
    verify_seconds: f64,
}

impl Display for DemoReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |s: f64| seconds(Duration::from_secs_f64(s));
        let mega = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
        writeln!(
            f,
            "\n   {:<24}{}",
            "",
            self.tiers
                .iter()
                .map(|t| format!("{:>28}", t.claim))
                .collect::<String>()
        )?;
        let mut row = |name: &str, cell: &dyn Fn(&TierRow) -> String| {
            writeln!(
                f,
                "   {name:<24}{}",
                self.tiers
                    .iter()
                    .map(|t| format!("{:>28}", cell(t)))
                    .collect::<String>()
            )
        };
        row("tier", &|t| t.tier.to_owned())?;
        row("constraints", &|t| grouped(t.constraints as u64))?;
        row("proving key", &|t| mega(t.proving_key_bytes))?;
        row("verifying key", &|t| format!("{} bytes", t.verifying_key_bytes))?;
        row("find the witness", &|t| time(t.witness_seconds))?;
        row("prove", &|t| time(t.prove_seconds))?;
        row("verify, ledger included", &|t| time(t.verify_seconds))?;
        writeln!(
            f,
            "\n   {} patients, {} facts: imported and committed in {}",
            self.patients,
            grouped(self.facts as u64),
            time(self.import_and_commit_seconds)
        )?;
        writeln!(
            f,
            "   a proof has {} bytes, a presentation {}",
            self.proof_bytes, self.presentation_bytes
        )?;
        writeln!(
            f,
            "   gas: anchor {}, open a request {}, a disclosure {}, revoke a consent {}",
            grouped(self.anchor_gas),
            grouped(self.open_request_gas),
            grouped(self.submit_gas),
            grouped(self.revoke_consent_gas)
        )?;
        write!(
            f,
            "   {} attempts refused; the whole story took {}",
            self.refused.len(),
            time(self.seconds)
        )
    }
}

/// Tells the story in a temporary directory and returns what it measured.
///
/// # Errors
/// Where a step does not go as told: nothing of it is expected to fail.
pub fn run(cx: &Context) -> Result<DemoReport, CliError> {
    let started = Instant::now();
    let directory = tempfile::tempdir().map_err(step("directory"))?;
    // Development mode is what a demonstration is, whoever starts it.
    let cx = Context::new(cx.ui, Mode::Development);
    let mut demo = Demo::set_up(&cx, directory.path())?;
    demo.trial(directory.path())?;
    demo.covered_procedure()?;
    demo.attacks()?;
    demo.vaccination(directory.path())?;
    demo.report.seconds = started.elapsed().as_secs_f64();
    demo.tell.scene("In numbers");
    Ok(demo.report)
}

struct Demo<'c> {
    cx: &'c Context,
    tell: Teller,
    chain: Chain,
    hospital: Hospital,
    sponsor: Asker,
    insurer: Asker,
    keys: [Arc<CircuitKey>; 2],
    trial: Option<Trial>,
    report: DemoReport,
}

/// What the trial's scene leaves for the attackers.
struct Trial {
    claim: Claim,
    request: VerifiedRequest,
    answers: Vec<(usize, Answer)>,
    store: AnswerStore,
}

fn library(name: &str) -> Result<Claim, CliError> {
    crate::claims::load(name)
}

fn day(year: i32) -> Result<Day, CliError> {
    Day::from_civil(year, 4, 1).ok_or("no such day").map_err(step("day"))
}

impl<'c> Demo<'c> {
    fn set_up(cx: &'c Context, directory: &Path) -> Result<Demo<'c>, CliError> {
        let tell = Teller::new(cx.ui.json());
        tell.scene("A hospital commits to its charts");
        tell.say("Development keys (insecure, from a public seed) are made at first use and kept in your cache.");
        let keys = [cx.development_key(Tier::M)?, cx.development_key(Tier::S)?];
        let clock = ManualClock::at(TRIAL_DAY);
        let chain = Chain::deploy(&directory.join("ledger"), &clock)?;

        let started = Instant::now();
        let charts = data::synthea(day(2021)?)?;
        let facts = charts.iter().map(|c| c.facts.len()).sum();
        let hospital = Hospital::open(&directory.join("hospital"), "General Hospital", &charts)?;
        let import_and_commit_seconds = started.elapsed().as_secs_f64();
        tell.yes(format!(
            "{} synthetic patients imported from FHIR: {} facts, sealed in the vault, committed to in one root",
            charts.len(),
            grouped(facts as u64)
        ));
        let mut decrees = vec![Action::AdmitIssuer(hospital.account.address())];
        decrees.extend(keys.iter().map(|key| registration(key)));
        chain.decree(&decrees)?;
        tell.yes("the ledger's council admitted the hospital and registered the keys, after its time-lock");
        let mut demo = Demo {
            cx,
            tell,
            chain,
            hospital,
            sponsor: Asker::new("sponsor")?,
            insurer: Asker::new("insurer")?,
            keys,
            trial: None,
            report: DemoReport {
                patients: charts.len(),
                facts,
                import_and_commit_seconds,
                proof_bytes: PROOF_BYTES,
                presentation_bytes: PRESENTATION_BYTES,
                ..DemoReport::default()
            },
        };
        demo.anchor()?;
        demo.hospital.check_receipts(&demo.chain)?;
        demo.tell
            .yes("each patient's receipt shows: this root commits to a record under my own keys");
        Ok(demo)
    }

    fn anchor(&mut self) -> Result<(), CliError> {
        let gas = self.hospital.anchor(&self.chain)?;
        if self.report.anchor_gas == 0 {
            self.report.anchor_gas = gas;
        }
        self.tell.yes(format!(
            "root anchored on the EVM ledger: one hash, {} gas",
            grouped(gas)
        ));
        Ok(())
    }

    /// Records a refusal that was expected, or fails.
    fn refused<T>(&mut self, what: &str, result: Result<T, String>) -> Result<(), CliError> {
        match result {
            Err(reason) => {
                self.tell.no(format!("{what}: {reason}"));
                self.report.refused.push(what.to_owned());
                Ok(())
            }
            Ok(_) => Err(CliError::system("demo", format!("{what} was accepted"))),
        }
    }

    fn measured(&mut self, key: &CircuitKey, claim: &Claim, answer: &Answer, verify: Duration) {
        let pinned = key.pinned();
        self.report.tiers.push(TierRow {
            tier: key.tier().name(),
            claim: claim.spec().title.clone(),
            constraints: key.shape().constraints,
            proving_key_bytes: medproof_keys::sizes::proving_key_bytes(key.shape()),
            verifying_key_bytes: pinned.key().to_bytes().len(),
            witness_seconds: answer.witness.as_secs_f64(),
            prove_seconds: answer.prove.as_secs_f64(),
            verify_seconds: verify.as_secs_f64(),
        });
    }

    fn trial(&mut self, directory: &Path) -> Result<(), CliError> {
        self.tell.scene("A sponsor looks for patients for a trial");
        let claim = library("trial_eligibility_t1")?;
        for line in claim.explain(Some(day(2021)?)).to_string().lines() {
            self.tell.say(line);
        }
        let key = Arc::clone(&self.keys[0]);
        let question = Question {
            claim: &claim,
            as_of: day(2021)?,
            purpose: Purpose::Research,
            scope: "hypertension trial",
            key: &key,
        };
        let request = ask(&self.sponsor, &self.chain, &question)?;
        self.report.open_request_gas = open(&self.sponsor, &self.chain, &request, &self.hospital)?;
        self.tell
            .yes("the sponsor signed its request and opened it on the ledger");

        self.tell
            .scene("Patients consent, the hospital proves, the sponsor verifies");
        let checker = Checker::new(&self.sponsor, &self.chain, &key)?;
        let mut store = AnswerStore::open(&directory.join("sponsor.answers")).map_err(step("store"))?;
        let eligible = self.eligible(&request)?;
        let mut answers = Vec::new();
        let mut took = Vec::new();
        for &patient in eligible.iter().take(CONSENTING) {
            let Ok(answer) = answer(self.cx, &self.hospital, patient, &request)? else {
                continue;
            };
            let started = Instant::now();
            let verified = checker
                .check(&answer.presentation.to_bytes(), &request, &claim)?
                .map_err(step("verify"))?;
            took.push(started.elapsed());
            store.record(&verified).map_err(step("store"))?;
            let gas =
                submit(&self.sponsor, &self.chain, &self.hospital, &answer.presentation).map_err(step("submit"))?;
            self.report.submit_gas = gas;
            self.tell.yes(format!(
                "{} consented: proved in {}, verified in {}; on the ledger for {} gas",
                self.hospital.patients[patient].label,
                seconds(answer.prove),
                seconds(took[took.len() - 1]),
                grouped(gas)
            ));
            answers.push((patient, answer));
        }
        self.tell.say(format!(
            "{} more would be eligible and did not consent: without their signature there is no proof, and nobody learns of them",
            eligible.len() - answers.len()
        ));
        self.an_ineligible_patient(&request, &eligible)?;
        let (_, first) = answers.first().ok_or("nobody was eligible").map_err(step("demo"))?;
        self.measured(&key, &claim, first, took[0]);
        self.trial = Some(Trial {
            claim,
            request,
            answers,
            store,
        });
        Ok(())
    }

    fn eligible(&self, request: &VerifiedRequest) -> Result<Vec<usize>, CliError> {
        let mut eligible = Vec::new();
        for patient in 0..self.hospital.patients.len() {
            if story::is_eligible(&self.hospital, patient, request)? {
                eligible.push(patient);
            }
        }
        Ok(eligible)
    }

    fn an_ineligible_patient(&mut self, request: &VerifiedRequest, eligible: &[usize]) -> Result<(), CliError> {
        let patient = (0..self.hospital.patients.len())
            .find(|p| !eligible.contains(p))
            .unwrap_or_default();
        let label = self.hospital.patients[patient].label.clone();
        let outcome = answer(self.cx, &self.hospital, patient, request)?;
        let outcome = outcome
            .map(drop)
            .map_err(|_| "refused before anything was proved; the sponsor hears no reason".to_owned());
        self.refused(&format!("{label} consented, too"), outcome)
    }

    fn covered_procedure(&mut self) -> Result<(), CliError> {
        self.tell.scene("An insurer asks for a covered procedure");
        let claim = library("covered_procedure")?;
        let key = Arc::clone(&self.keys[1]);
        let question = Question {
            claim: &claim,
            as_of: day(2021)?,
            purpose: Purpose::Payment,
            scope: "claims 2021",
            key: &key,
        };
        self.insurers_question(&key, &question)
    }

    // The first patient for whom it holds consents; the answer goes to the insurer.
    fn insurers_question(&mut self, key: &Arc<CircuitKey>, question: &Question<'_>) -> Result<(), CliError> {
        let request = ask(&self.insurer, &self.chain, question)?;
        open(&self.insurer, &self.chain, &request, &self.hospital)?;
        let eligible = self.eligible(&request)?;
        let patient = *eligible.first().ok_or("nobody matches").map_err(step("demo"))?;
        let answer = answer(self.cx, &self.hospital, patient, &request)?.map_err(step("prove"))?;
        let checker = Checker::new(&self.insurer, &self.chain, key)?;
        let started = Instant::now();
        let verified: Result<Verified, Refusal> =
            checker.check(&answer.presentation.to_bytes(), &request, question.claim)?;
        let took = started.elapsed();
        verified.map(drop).map_err(step("verify"))?;
        self.tell.yes(format!(
            "\"{}\": {} consented, proved in {}, verified in {} ({} of {} patients would match)",
            question.claim.spec().title,
            self.hospital.patients[patient].label,
            seconds(answer.prove),
            seconds(took),
            eligible.len(),
            self.hospital.patients.len()
        ));
        self.measured(key, question.claim, &answer, took);
        Ok(())
    }

    fn vaccination(&mut self, directory: &Path) -> Result<(), CliError> {
        self.tell
            .scene("Two years later, at another hospital: two vaccine doses");
        self.chain.wait(TWO_YEARS);
        let charts = data::immunizations(day(2023)?)?;
        self.hospital = Hospital::open(&directory.join("clinic"), "City Clinic", &charts)?;
        self.chain
            .decree(&[Action::AdmitIssuer(self.hospital.account.address())])?;
        self.tell
            .yes(format!("{} patients imported from Bulk Data NDJSON", charts.len()));
        self.anchor()?;
        let claim = library("covid_doses")?;
        let key = Arc::clone(&self.keys[1]);
        let question = Question {
            claim: &claim,
            as_of: day(2023)?,
            purpose: Purpose::Payment,
            scope: "claims 2023",
            key: &key,
        };
        self.insurers_question(&key, &question)
    }
}
