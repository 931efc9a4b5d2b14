//! `medproof issuer`: a hospital: charts in, holders enrolled, roots anchored.

mod master_key;

pub use master_key::{
    MasterKeyCommand, MasterKeyReport, PassphraseChangeArgs, RotateMasterKeyArgs, RotateMasterKeyReport,
    ShowMasterKeyArgs, change_passphrase, rotate_master_key, show_master_key,
};

use crate::chain::{self, LedgerArgs, Sent};
use crate::charts::{self, RecordsArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use crate::keyfile;
use crate::masterkey::{self, Source};
use crate::passphrase::{PassphraseArgs, StretchArgs};
use crate::text;
use clap::{Args, Subcommand};
use medproof_records::import::ImportReport;
use medproof_records::issuer::{Enrolment, Issuer, IssuerError};
use medproof_records::vault::{Disks, LocalMasterKey, Places, Standing};
use medproof_service::hospital::{self, WhereAhead};
use medproof_statement::day::Day;
use serde::Serialize;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// What an issuer does.
#[derive(Debug, Subcommand)]
pub enum IssuerCommand {
    /// Make an issuer's directory: encrypted vault, master key, account on the ledger.
    Init(InitArgs),
    /// Import FHIR records of new patients.
    Import(ImportArgs),
    /// Import newer records of patients who are there.
    Update(ImportArgs),
    /// Write the invitation that a patient needs to enrol or to rotate keys. Hand it over in person.
    Invite(PatientOutArgs),
    /// Enrol a patient's keys: commit to the chart and the keys.
    Enroll(EnrollArgs),
    /// Replace an enrolled patient's signing key.
    Rotate(EnrollArgs),
    /// Publish the registry root on the ledger; without a change, a heartbeat.
    Anchor(AnchorArgs),
    /// Empty a patient's place in the registry: no proof from the next anchoring on.
    Revoke(PatientArgs),
    /// Destroy a patient's records, secrets and salts, and empty the place.
    Erase(EraseArgs),
    /// Write the receipt with which a patient checks that their keys were committed to.
    Receipt(PatientOutArgs),
    /// Patients and how their records stand.
    List(ListArgs),
    /// The vault's master key: how it is kept, its passphrase, another in its place.
    #[command(subcommand)]
    MasterKey(MasterKeyCommand),
}

/// Which issuer.
#[derive(Clone, Debug, Args)]
pub struct IssuerDir {
    /// The issuer's directory.
    #[arg(long, env = "MEDPROOF_ISSUER", default_value = "medproof/issuer", value_name = "DIR")]
    pub issuer: PathBuf,
    /// The master key's file, best on another disk than the vault. Without it, in the directory.
    #[arg(long, env = "MEDPROOF_MASTER_KEY", value_name = "FILE")]
    pub master_key: Option<PathBuf>,
    /// DEVELOPMENT ONLY: take the master key from this environment variable, as 64 hexadecimal digits.
    #[arg(long, value_name = "VARIABLE", conflicts_with = "master_key")]
    pub master_key_variable: Option<String>,
    /// Where the passphrase of a sealed master key comes from.
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
    /// The keystore's directory, best on another disk than the vault, and in another backup. Without it,
    /// in the issuer's directory.
    #[arg(long, env = "MEDPROOF_KEYSTORE", value_name = "DIR")]
    pub keystore: Option<PathBuf>,
    /// The directory of the erasure log, which is copied after each erasure and never put back to an
    /// earlier day. Without it, in the issuer's directory.
    #[arg(long, env = "MEDPROOF_ERASURES", value_name = "DIR")]
    pub erasures: Option<PathBuf>,
}

impl Default for IssuerDir {
    fn default() -> IssuerDir {
        IssuerDir::at("medproof/issuer")
    }
}

impl IssuerDir {
    /// In a directory, with its master key.
    pub fn at(issuer: impl Into<PathBuf>) -> IssuerDir {
        IssuerDir {
            issuer: issuer.into(),
            master_key: None,
            master_key_variable: None,
            passphrase: PassphraseArgs::default(),
            keystore: None,
            erasures: None,
        }
    }

    fn vault(&self) -> PathBuf {
        self.issuer.join("vault")
    }

    fn places(&self) -> Places {
        let beside = Places::beside(&self.vault());
        Places {
            keystore: self.keystore.clone().unwrap_or(beside.keystore),
            erasures: self.erasures.clone().unwrap_or(beside.erasures),
            records: beside.records,
        }
    }

    fn account(&self) -> PathBuf {
        self.issuer.join("account.json")
    }

    fn master(&self) -> PathBuf {
        self.master_key
            .clone()
            .unwrap_or_else(|| self.issuer.join("master.key"))
    }

    fn source(&self) -> Source {
        match &self.master_key_variable {
            Some(variable) => Source::Variable(variable.clone()),
            None => Source::File(self.master()),
        }
    }

    fn require_issuer(&self) -> Result<(), CliError> {
        if self.vault().is_dir() {
            return Ok(());
        }
        let message = format!("{}: expected an issuer's directory, found none", self.issuer.display());
        Err(CliError::input("issuer.none", message)
            .with_help("make one with `medproof issuer init`, or name another with --issuer"))
    }

    /// Opens the issuer.
    ///
    /// # Errors
    /// Where there is none, another run has it, or the master key is another.
    pub fn open(&self, cx: &Context) -> Result<Issuer, CliError> {
        self.require_issuer()?;
        let (master, _) = masterkey::open(&self.source(), &self.passphrase, cx)?;
        let disks = Disks::open(&self.places()).map_err(IssuerError::from)?;
        let issuer = Issuer::open_on(disks, Box::new(master))?;
        if let Some(replayed) = issuer.replayed() {
            cx.ui.note(format_args!(
                "the erasure log has {} entries that this vault did not know, as after a restore: {} records were in it \
                 and are erased again; anchor to empty their places on the ledger",
                replayed.entries, replayed.records
            ));
        }
        Ok(issuer)
    }
}

/// Arguments of `issuer init`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  medproof issuer init --name \"General Hospital\"\n  \
    medproof issuer init --issuer /srv/issuer --sealed --master-key /media/token/master.key --name \"General Hospital\"\n\n\
    Whoever has the master key can read the vault: seal it, and keep it elsewhere, in production. The account's key file is\n\
    development grade: unsealed, readable by its owner alone.")]
pub struct InitArgs {
    /// Where.
    #[command(flatten)]
    pub dir: IssuerDir,
    /// What holders know it by. It never changes: enrolments are bound to it.
    #[arg(long)]
    pub name: String,
    /// Seal the master key's file with a passphrase.
    #[arg(long, conflicts_with = "master_key_variable")]
    pub sealed: bool,
    /// What it costs to guess at that passphrase.
    #[command(flatten)]
    pub stretch: StretchArgs,
}

/// A new issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InitReport {
    /// What holders know it by.
    pub name: String,
    /// Its account: the ledger's council admits it.
    pub account: String,
    /// Its directory.
    pub directory: PathBuf,
    /// Its master key.
    pub master_key: PathBuf,
}

/// Makes an issuer. Its directory appears whole or not at all.
///
/// # Errors
/// Where something is there already, or cannot be written.
pub fn init(args: &InitArgs, cx: &Context) -> Result<InitReport, CliError> {
    let target = &args.dir.issuer;
    if target.exists() {
        let message = format!("{} exists already and was left as it is", target.display());
        return Err(CliError::input("issuer.exists", message).with_help("choose another directory with --issuer"));
    }
    if let Some(master) = &args.dir.master_key {
        files::check_target(master, Overwrite::Never)?;
    }
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    files::make_directory(parent)?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let temporary = builder
        .prefix(".issuer.")
        .suffix(".partial")
        .tempdir_in(parent)
        .map_err(|e| files::write_error(parent, &e))?;
    let partial = IssuerDir {
        issuer: temporary.path().to_owned(),
        ..args.dir.clone()
    };
    let account = keyfile::create_account(&partial.account(), Overwrite::Never)?;
    let made = new_master(args, &partial, cx)
        .and_then(|master| {
            let disks = Disks::create(&partial.places()).map_err(IssuerError::from)?;
            Ok(Issuer::create_on(disks, Box::new(master), &args.name)?)
        })
        .and_then(|issuer| {
            drop(issuer);
            fs::rename(temporary.path(), target).map_err(|e| files::write_error(target, &e))
        });
    if let (Err(_), Some(master), None) = (&made, &args.dir.master_key, &args.dir.master_key_variable) {
        // Made by this run alone: the target was free. The first error is the one to report.
        let _ = fs::remove_file(master);
    }
    made?;
    // Renamed away: there is nothing to remove.
    let _ = temporary.keep();
    Ok(InitReport {
        name: args.name.clone(),
        account: account.address().to_string(),
        directory: target.clone(),
        master_key: match args.dir.source() {
            Source::File(path) => path,
            Source::Variable(variable) => PathBuf::from(format!("${variable}")),
        },
    })
}

// Written where it belongs, but for one of the environment, which somebody else made.
fn new_master(args: &InitArgs, partial: &IssuerDir, cx: &Context) -> Result<LocalMasterKey, CliError> {
    let source = partial.source();
    let path = match &source {
        Source::Variable(_) => return Ok(masterkey::open(&source, &args.dir.passphrase, cx)?.0),
        Source::File(path) => path,
    };
    if !args.sealed {
        return Ok(LocalMasterKey::create_file(path)?);
    }
    let cost = args.stretch.cost(cx)?;
    let passphrase = args.dir.passphrase.choose("the master key")?;
    let master = masterkey::generate()?;
    masterkey::save(&master, path, &passphrase, cost, Overwrite::Never)?;
    Ok(master)
}

impl fmt::Display for InitReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "issuer      {}", self.name)?;
        writeln!(f, "account     {}", self.account)?;
        writeln!(f, "directory   {}", self.directory.display())?;
        writeln!(f, "master key  {}", self.master_key.display())?;
        writeln!(
            f,
            "next: the ledger's council admits the account (`medproof ledger admit-issuer {}`)",
            self.account
        )
    }
}

/// Arguments of `issuer import` and `issuer update`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof issuer import --records bundles/ --complete synthea\n  \
    medproof issuer import --records export/ --complete files --issued-on 2023-04-01"
)]
pub struct ImportArgs {
    /// Which issuer.
    #[command(flatten)]
    pub dir: IssuerDir,
    /// The records.
    #[command(flatten)]
    pub records: RecordsArgs,
    /// The day on which the charts are read. Without it, today.
    #[arg(long, value_parser = text::day, value_name = "DATE")]
    pub issued_on: Option<Day>,
}

/// What an import did.
#[derive(Clone, Debug, Serialize)]
pub struct ImportedReport {
    /// How many files were read.
    pub files: usize,
    /// How many patients were stored.
    pub patients: usize,
    /// The day on which the charts were read.
    pub issued_on: String,
    /// Facts by kind, doubts, and what was left out and why.
    pub import: ImportReport,
}

/// Imports records of new patients: all or none.
///
/// # Errors
/// A malformed file with its JSON path, or a patient who is there already; nothing is stored then.
pub fn import(args: &ImportArgs, cx: &Context) -> Result<ImportedReport, CliError> {
    store(args, cx, |issuer, charts| issuer.import(charts))
}

/// Imports newer records of patients who are there: all or none.
///
/// # Errors
/// A malformed file with its JSON path, or a patient who is not there; nothing is changed then.
pub fn update(args: &ImportArgs, cx: &Context) -> Result<ImportedReport, CliError> {
    store(args, cx, |issuer, charts| issuer.update(charts))
}

fn store<T>(
    args: &ImportArgs,
    cx: &Context,
    keep: impl FnOnce(&mut Issuer, &[medproof_records::import::PatientChart]) -> Result<T, IssuerError>,
) -> Result<ImportedReport, CliError> {
    // Before the work of reading: another run may have it.
    let mut issuer = args.dir.open(cx)?;
    let issued_on = args.issued_on.map_or_else(|| cx.today(), Ok)?;
    let charts = charts::read(&args.records, issued_on, cx)?;
    crate::cancel::check()?;
    keep(&mut issuer, &charts.charts)?;
    Ok(ImportedReport {
        files: charts.files,
        patients: charts.charts.len(),
        issued_on: issued_on.to_string(),
        import: charts.report,
    })
}

impl fmt::Display for ImportedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} patients from {} files, as read on {}",
            self.patients, self.files, self.issued_on
        )?;
        let r = &self.import;
        writeln!(
            f,
            "{} facts, {} of them uncertain",
            r.total_facts(),
            r.total_uncertain()
        )?;
        for (kind, facts) in &r.facts {
            let doubts: Vec<String> = r.uncertain.get(kind).map(counts).unwrap_or_default();
            let doubts = if doubts.is_empty() {
                String::new()
            } else {
                format!("  uncertain: {}", doubts.join(", "))
            };
            writeln!(f, "{facts:>8}  {kind}{doubts}")?;
        }
        for (kind, reasons) in &r.left_out {
            writeln!(f, "left out of {kind}: {}", counts(reasons).join(", "))?;
        }
        for (kind, reasons) in &r.unusable {
            writeln!(f, "unusable codings of {kind}: {}", counts(reasons).join(", "))?;
        }
        r.cut
            .iter()
            .try_for_each(|(kind, n)| writeln!(f, "cut, since a record holds 4095 facts: {n} {kind}"))
    }
}

fn counts<K: Serialize>(reasons: &std::collections::BTreeMap<K, u64>) -> Vec<String> {
    let name = |reason: &K| match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    };
    reasons
        .iter()
        .map(|(reason, n)| format!("{n} {}", name(reason)))
        .collect()
}

/// Arguments of a command about one patient.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof issuer revoke b4a36fff-6981-496a-a0d3-b274dd4b363a")]
pub struct PatientArgs {
    /// The patient's FHIR id, or the record's id (`record:…`).
    pub patient: String,
    /// Which issuer.
    #[command(flatten)]
    pub dir: IssuerDir,
}

/// Arguments of a command that writes a file for one patient.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof issuer receipt b4a36fff-6981-496a-a0d3-b274dd4b363a --out receipt.json")]
pub struct PatientOutArgs {
    /// The patient's FHIR id, or the record's id (`record:…`).
    pub patient: String,
    /// Which issuer.
    #[command(flatten)]
    pub dir: IssuerDir,
    /// Where to write the file.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// A file for a patient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WrittenReport {
    /// What it is.
    pub what: &'static str,
    /// Where it is.
    pub file: PathBuf,
}

impl fmt::Display for WrittenReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} written to {}: for the patient alone",
            self.what,
            self.file.display()
        )
    }
}

/// Writes the invitation that a patient needs to enrol.
///
/// # Errors
/// Where the patient is unknown, or the file cannot be written.
pub fn invite(args: &PatientOutArgs, cx: &Context) -> Result<WrittenReport, CliError> {
    let invitation = args.dir.open(cx)?.invitation(&args.patient)?;
    files::write(
        &args.out,
        invitation.to_json()?.as_bytes(),
        Secrecy::Secret,
        args.force.into(),
    )?;
    Ok(WrittenReport {
        what: "invitation",
        file: args.out.clone(),
    })
}

/// Writes the receipt with which a patient checks that their keys were committed to.
///
/// # Errors
/// Where the patient is not enrolled or not anchored, or the file cannot be written.
pub fn receipt(args: &PatientOutArgs, cx: &Context) -> Result<WrittenReport, CliError> {
    let receipt = args.dir.open(cx)?.receipt(&args.patient)?;
    files::write(
        &args.out,
        receipt.to_json()?.as_bytes(),
        Secrecy::Secret,
        args.force.into(),
    )?;
    Ok(WrittenReport {
        what: "receipt",
        file: args.out.clone(),
    })
}

/// Arguments of `issuer enroll` and `issuer rotate`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof issuer enroll b4a36fff-6981-496a-a0d3-b274dd4b363a --enrolment enrolment.json"
)]
pub struct EnrollArgs {
    /// The patient's FHIR id, or the record's id (`record:…`).
    pub patient: String,
    /// Which issuer.
    #[command(flatten)]
    pub dir: IssuerDir,
    /// What the patient answered to the invitation.
    #[arg(long, value_name = "FILE")]
    pub enrolment: PathBuf,
}

/// A record that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordReport {
    /// What was done.
    pub done: &'static str,
    /// To which record.
    pub record: String,
}

impl fmt::Display for RecordReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} {}: counts from the next anchoring on (`medproof issuer anchor`)",
            self.record, self.done
        )
    }
}

/// Enrols a patient's keys.
///
/// # Errors
/// Where the enrolment is not for the present invitation, or the patient has keys already.
pub fn enroll(args: &EnrollArgs, cx: &Context) -> Result<RecordReport, CliError> {
    let enrolment = Enrolment::from_json(&files::read(&args.enrolment, "an enrolment")?)?;
    let record = args.dir.open(cx)?.enroll(&args.patient, &enrolment)?;
    Ok(changed("enrolled", record))
}

/// Replaces an enrolled patient's signing key.
///
/// # Errors
/// Where the enrolment is not for the present invitation, or its nullifier key is another.
pub fn rotate(args: &EnrollArgs, cx: &Context) -> Result<RecordReport, CliError> {
    let enrolment = Enrolment::from_json(&files::read(&args.enrolment, "an enrolment")?)?;
    let record = args.dir.open(cx)?.rotate(&args.patient, &enrolment)?;
    Ok(changed("rotated", record))
}

/// Empties a patient's place in the registry.
///
/// # Errors
/// Where the patient is not enrolled.
pub fn revoke(args: &PatientArgs, cx: &Context) -> Result<RecordReport, CliError> {
    let record = args.dir.open(cx)?.revoke(&args.patient)?;
    Ok(changed("revoked", record))
}

fn changed(done: &'static str, record: impl fmt::Display) -> RecordReport {
    RecordReport {
        done,
        record: record.to_string(),
    }
}

/// Arguments of `issuer erase`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof issuer erase b4a36fff-6981-496a-a0d3-b274dd4b363a --yes")]
pub struct EraseArgs {
    /// The patient's FHIR id, or the record's id (`record:…`).
    pub patient: String,
    /// Which issuer.
    #[command(flatten)]
    pub dir: IssuerDir,
    /// Yes, destroy it: there is no way back.
    #[arg(long, required = true)]
    pub yes: bool,
}

/// A patient who was erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EraseReport {
    /// Always true.
    pub erased: bool,
}

impl fmt::Display for EraseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "erased: records, secrets and salts are destroyed; anchor to empty the place on the ledger"
        )
    }
}

/// Destroys a patient's records, secrets and salts.
///
/// # Errors
/// Where the patient is unknown or it was not confirmed.
pub fn erase(args: &EraseArgs, cx: &Context) -> Result<EraseReport, CliError> {
    if !args.yes {
        return Err(CliError::input(
            "erase.unconfirmed",
            "expected --yes: there is no way back",
        ));
    }
    args.dir.open(cx)?.erase(&args.patient)?;
    Ok(EraseReport { erased: true })
}

/// Arguments of `issuer anchor`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "Example:\n  medproof issuer anchor --ledger medproof/ledger\n\n\
    Verifiers refuse an issuer that has not published for their maximum age (24 hours, say): anchor that often,\n\
    changes or not.")]
pub struct AnchorArgs {
    /// Which issuer.
    #[command(flatten)]
    pub dir: IssuerDir,
    /// Where to.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// Go on above the ledger's epoch: the issuer was restored from a backup, and what was revoked since is revoked again.
    #[arg(long)]
    pub after_restore: bool,
}

/// An anchored root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnchorReport {
    /// The root.
    pub root: String,
    /// Its epoch.
    pub epoch: u64,
    /// How many records it holds.
    pub size: u64,
    /// Whether nothing had changed.
    pub heartbeat: bool,
    /// By which transaction; none where the ledger had it from an earlier, interrupted run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Sent>,
}

/// Publishes the registry root.
///
/// # Errors
/// Where the ledger refuses: the account is not admitted, say. The next run starts afresh then.
pub fn anchor(args: &AnchorArgs, cx: &Context) -> Result<AnchorReport, CliError> {
    let mut issuer = args.dir.open(cx)?;
    let account = keyfile::load_account(&args.dir.account())?;
    let ledger = chain::open(&args.ledger, cx)?;
    let ahead = if args.after_restore {
        WhereAhead::GoOn
    } else {
        WhereAhead::Refuse
    };
    match hospital::anchor(&mut issuer, &*ledger, &account, ahead) {
        Ok(anchored) => Ok(AnchorReport {
            root: text::shown(&anchored.anchor.root),
            epoch: anchored.anchor.epoch,
            size: anchored.anchor.size,
            heartbeat: anchored.heartbeat,
            transaction: anchored.receipt.as_ref().map(Sent::from),
        }),
        Err(error) => {
            let error = CliError::from(error);
            Err(match error.code.as_str() {
                "ledger.issuer_not_active" => {
                    let address = account.address();
                    error.with_help(format!(
                        "the council admits it with `medproof ledger admit-issuer {address}`"
                    ))
                }
                _ => error,
            })
        }
    }
}

impl fmt::Display for AnchorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.heartbeat { "heartbeat of" } else { "anchored" };
        writeln!(f, "{what} epoch {} with {} records", self.epoch, self.size)?;
        writeln!(f, "root  {}", self.root)?;
        match &self.transaction {
            Some(sent) => writeln!(f, "{sent}"),
            None => writeln!(f, "the ledger had it from an earlier run"),
        }
    }
}

/// Arguments of `issuer list`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "Example:\n  medproof issuer list --json")]
pub struct ListArgs {
    /// Which issuer.
    #[command(flatten)]
    pub dir: IssuerDir,
}

/// Patients and how their records stand. For the issuer's own staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListReport {
    /// What holders know the issuer by.
    pub name: String,
    /// Its account on the ledger.
    pub account: String,
    /// The anchored epoch, if any.
    pub epoch: Option<u64>,
    /// Whether there are changes that are not anchored.
    pub changed: bool,
    /// One a patient, by id.
    pub patients: Vec<PatientLine>,
}

/// A patient.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PatientLine {
    /// The FHIR id.
    pub patient: String,
    /// The record's id.
    pub record: String,
    /// unenrolled, enrolled, revoked.
    pub standing: &'static str,
    /// Whether the record is under the anchored root.
    pub anchored: bool,
    /// When the chart was read.
    pub issued_on: String,
}

/// Lists patients.
///
/// # Errors
/// Where the issuer cannot be opened.
pub fn list(args: &ListArgs, cx: &Context) -> Result<ListReport, CliError> {
    let issuer = args.dir.open(cx)?;
    let status = issuer.status();
    let mut patients: Vec<PatientLine> = issuer
        .records()
        .map(|summary| PatientLine {
            patient: summary.patient.as_str().to_owned(),
            record: summary.record.to_string(),
            standing: match summary.standing {
                Standing::Unenrolled => "unenrolled",
                Standing::Enrolled => "enrolled",
                Standing::Revoked => "revoked",
            },
            anchored: summary.anchored.is_some(),
            issued_on: summary.issued_on.to_string(),
        })
        .collect();
    patients.sort();
    Ok(ListReport {
        name: issuer.name().to_owned(),
        account: keyfile::load_account(&args.dir.account())?.address().to_string(),
        epoch: status.anchored.map(|a| a.epoch),
        changed: status.changed,
        patients,
    })
}

impl fmt::Display for ListReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})", self.name, self.account)?;
        let epoch = self
            .epoch
            .map_or("nothing anchored yet".to_owned(), |e| format!("epoch {e} anchored"));
        writeln!(f, "{epoch}{}", if self.changed { ", changes not anchored" } else { "" })?;
        for p in &self.patients {
            let anchored = if p.anchored { "anchored" } else { "" };
            writeln!(
                f,
                "{:<40} {:<11} read {} {anchored}",
                p.patient, p.standing, p.issued_on
            )?;
        }
        writeln!(f, "{} patients", self.patients.len())
    }
}
