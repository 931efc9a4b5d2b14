//! The stage: a chain with its council and clock, hospitals with their patients, those who ask.

use crate::error::CliError;
use medproof_keys::CircuitKey;
use medproof_ledger::{
    Account, Action, B256, Council, DeployConfig, EmbeddedLedger, KeyRegistration, Ledger, ManualClock,
    RootPublication, VerifyingKeyPoints,
};
use medproof_messages::{AudienceKey, terms};
use medproof_records::import::PatientChart;
use medproof_records::issuer::{Enrolment, Issuer, OpenedRecord};
use medproof_records::vault::LocalMasterKey;
use medproof_statement::eddsa::SigningKey;
use medproof_statement::holder::{Holder, NullifierKey};
use std::path::Path;
use zeroize::Zeroizing;

/// The council's time-lock, in seconds.
const DELAY: u32 = 3_600;

/// What a step of the story says when it fails: never expected, so the machine's fault.
pub(super) fn step<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> CliError {
    move |error| CliError::system(what, error)
}

/// Bytes of the operating system's generator.
pub(super) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, CliError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes).map_err(step("random"))?;
    Ok(bytes)
}

fn account(label: &str) -> Result<Account, CliError> {
    Account::development(label).map_err(step("account"))
}

/// The chain, its council, and its clock.
pub(super) struct Chain {
    pub(super) ledger: EmbeddedLedger,
    clock: ManualClock,
    members: [Account; 2],
}

impl Chain {
    /// Deploys the contracts in a directory, in development mode.
    pub(super) fn deploy(directory: &Path, clock: &ManualClock) -> Result<Chain, CliError> {
        let members = [account("council, first")?, account("council, second")?];
        let config = DeployConfig {
            council: Council {
                members: members.iter().map(Account::address).collect(),
                threshold: 2,
                pause_threshold: 1,
                delay: DELAY,
            },
            grace: DeployConfig::GRACE,
            development: true,
        };
        let deployer = account("deployer")?;
        let ledger = EmbeddedLedger::create(directory, clock.clone(), &deployer, &config).map_err(step("ledger"))?;
        Ok(Chain {
            ledger,
            clock: clock.clone(),
            members,
        })
    }

    /// Proposes, approves, waits for the time-lock, and carries out.
    pub(super) fn decree(&self, actions: &[Action]) -> Result<(), CliError> {
        let [first, second] = &self.members;
        let mut proposals = Vec::new();
        for action in actions {
            let id = self.ledger.propose(first, action).map_err(step("council"))?;
            self.ledger.approve(second, id).map_err(step("council"))?;
            proposals.push(id);
        }
        self.clock.advance(u64::from(DELAY) + 1);
        for (id, action) in proposals.into_iter().zip(actions) {
            self.ledger.execute(second, id, action).map_err(step("council"))?;
        }
        Ok(())
    }

    /// Lets time pass.
    pub(super) fn wait(&self, seconds: u64) {
        self.clock.advance(seconds);
    }

    /// The ledger as messages name it.
    pub(super) fn named(&self) -> Result<terms::Ledger, CliError> {
        let deployment = self.ledger.deployment();
        terms::Ledger::new(deployment.chain_id, deployment.records.into_array()).map_err(step("ledger"))
    }
}

/// A circuit's key as the council registers it.
pub(super) fn registration(key: &CircuitKey) -> Action {
    let (vk, info) = (key.pinned().key(), key.pinned().info());
    let points = VerifyingKeyPoints {
        alpha: *vk.alpha_g1(),
        beta: *vk.beta_g2(),
        gamma: *vk.gamma_g2(),
        delta: *vk.delta_g2(),
        ic: vk.ic().to_vec(),
    };
    Action::RegisterKey(Box::new(KeyRegistration {
        key_id: B256::from(key.pinned().id().0),
        tier: info.tier.code() as u8,
        circuit_version: info.circuit_version,
        matrix_digest: B256::from(info.matrix_digest),
        development: info.development,
        key: (&points).into(),
    }))
}

/// A patient, with the keys that their wallet holds.
pub(super) struct Patient {
    /// What the story calls them: no name and no identifier.
    pub(super) label: String,
    /// What their hospital calls them.
    pub(super) id: String,
    pub(super) signing: SigningKey,
    holder: Holder,
}

impl Patient {
    fn new(number: usize, id: &str) -> Result<Patient, CliError> {
        let signing = SigningKey::from_bytes(*random()?);
        let nk = NullifierKey::from_bytes(&*random()?);
        let holder = Holder {
            pk: signing.public(),
            emergency_pk: signing.public(),
            nk,
        };
        Ok(Patient {
            label: format!("Patient {}", number + 1),
            id: id.to_owned(),
            signing,
            holder,
        })
    }

    /// The secret whose publication revokes a consent.
    pub(super) fn revocation_secret(&self, consent: medproof_statement::Fr) -> medproof_statement::Fr {
        self.holder.revocation_secret(consent)
    }
}

/// A hospital: its vault and registry, its account, its patients.
pub(super) struct Hospital {
    issuer: Issuer,
    pub(super) account: Account,
    pub(super) patients: Vec<Patient>,
}

impl Hospital {
    /// Stores these charts and enrols every patient, who proves to hold their key.
    pub(super) fn open(directory: &Path, name: &str, charts: &[PatientChart]) -> Result<Hospital, CliError> {
        std::fs::create_dir_all(directory).map_err(step("hospital"))?;
        let master = LocalMasterKey::create_file(&directory.join("master.key")).map_err(step("hospital"))?;
        let mut issuer = Issuer::create(&directory.join("vault"), Box::new(master), name).map_err(step("hospital"))?;
        issuer.import(charts).map_err(step("hospital"))?;
        let mut patients = Vec::new();
        let mut enrolments = Vec::new();
        for (number, chart) in charts.iter().enumerate() {
            let patient = Patient::new(number, &chart.patient_id)?;
            let invitation = issuer.invitation(&patient.id).map_err(step("enrolment"))?;
            let signed = Enrolment::sign(patient.holder.clone(), &patient.signing, &invitation);
            enrolments.push(signed.map_err(step("enrolment"))?);
            patients.push(patient);
        }
        let named: Vec<(&str, &Enrolment)> = patients.iter().map(|p| p.id.as_str()).zip(&enrolments).collect();
        issuer.enroll_many(&named).map_err(step("enrolment"))?;
        Ok(Hospital {
            issuer,
            account: account(name)?,
            patients,
        })
    }

    /// Publishes the registry's root; says how much gas it took.
    pub(super) fn anchor(&mut self, chain: &Chain) -> Result<u64, CliError> {
        let anchor = self.issuer.pending_root().map_err(step("anchor"))?;
        let publication = RootPublication {
            root: anchor.root,
            epoch: anchor.epoch,
            size: anchor.size,
        };
        let receipt = chain
            .ledger
            .publish_root(&self.account, publication)
            .map_err(step("anchor"))?;
        self.issuer
            .mark_anchored(anchor.epoch, anchor.root)
            .map_err(step("anchor"))?;
        Ok(receipt.gas_used)
    }

    /// Every patient holds their receipt against their own keys and the root on the ledger.
    pub(super) fn check_receipts(&self, chain: &Chain) -> Result<(), CliError> {
        let status = chain
            .ledger
            .issuer_status(self.account.address())
            .map_err(step("receipt"))?;
        let root = status
            .current_root
            .ok_or("no root is anchored")
            .map_err(step("receipt"))?;
        for patient in &self.patients {
            let receipt = self.issuer.receipt(&patient.id).map_err(step("receipt"))?;
            receipt.verify(&patient.holder, root).map_err(step("receipt"))?;
        }
        Ok(())
    }

    /// Takes a patient's record out of the registry.
    pub(super) fn revoke(&mut self, patient: usize) -> Result<(), CliError> {
        self.issuer
            .revoke(&self.patients[patient].id)
            .map(drop)
            .map_err(step("revocation"))
    }

    /// A record under the anchored root.
    pub(super) fn record(&self, patient: usize) -> Result<OpenedRecord, CliError> {
        self.issuer
            .open_record(&self.patients[patient].id)
            .map_err(step("record"))
    }
}

/// A sponsor or an insurer: a DID that signs requests, an account that opens them.
pub(super) struct Asker {
    pub(super) key: AudienceKey,
    pub(super) account: Account,
}

impl Asker {
    pub(super) fn new(name: &str) -> Result<Asker, CliError> {
        let key = AudienceKey::from_seed(*random()?).map_err(step("audience"))?;
        Ok(Asker {
            key,
            account: account(name)?,
        })
    }
}
