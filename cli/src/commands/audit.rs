//! `medproof audit`: an auditor's look at the log of a prover service.

mod consents;

pub use consents::{ExportConsentsArgs, ExportConsentsReport, export_consents};

use crate::cancel;
use crate::chain::{self, LedgerArgs};
use crate::commands::serve;
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use clap::{Args, Subcommand};
use medproof_audit::checkpoint::parse_head;
use medproof_audit::tree::Head;
use medproof_audit::{Archive, Entry, Expected, SignedCheckpoint, Stop, Tenant, Verified, VerifyingKey, fhir};
use medproof_ledger::{Address, LogId};
use medproof_service::store::{Line, Lines, Store, StoreError};
use serde::Serialize;
use std::fmt;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// What to do with a log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Write a service's log as a folder that auditors copy; again, what came since.
    Export(ExportArgs),
    /// Check that a log is whole, and continues what it was before.
    Verify(AuditVerifyArgs),
    /// Write a log's entries as FHIR R4 AuditEvent resources, once it is verified.
    ExportFhir(ExportFhirArgs),
    /// Write a service's consents, as they stand now, as FHIR R4 Consent resources.
    ExportConsents(ExportConsentsArgs),
}

/// Which log, and what is known of it.
#[derive(Clone, Debug, Args)]
pub struct LogArgs {
    /// The log's folder, as the service exports it: checkpoint, tile/….
    #[arg(long, value_name = "DIR")]
    pub archive: PathBuf,
    /// The log's key, as its operator gave it to you beforehand: never one that came with the folder.
    #[arg(long, value_name = "NAME+ID+BASE64", value_parser = log_key)]
    pub key: VerifyingKey,
    /// A checkpoint that you kept from an earlier audit.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// A head of the log that somebody else was given.
    #[arg(long, value_name = "SIZE:0xROOT", value_parser = head)]
    pub anchored: Option<Head>,
    /// The account that publishes the log's heads, the issuer's: the log has to continue all that the ledger has.
    #[arg(long, value_name = "ADDRESS")]
    pub keeper: Option<Address>,
    /// With --keeper: the ledger.
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

/// Arguments of `audit verify`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof audit verify --archive log/ --key prover.example/audit+c74f20a3+ARpc… --keep kept.checkpoint\n  \
    medproof audit verify --archive log/ --key … --checkpoint kept.checkpoint --keep kept.checkpoint\n  \
    medproof audit verify --archive log/ --key … --keeper 0x7e5f… --ledger http://node:8545 --deployment deployment.json\n\n\
    Without a checkpoint or heads on a ledger, a log that was rewritten and signed anew looks whole.\n\
    Exit code 0: nothing was found. 1: something was, with its place and what to do. 2: the command could not look."
)]
pub struct AuditVerifyArgs {
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
    /// Write the verified checkpoint to this file, for the next audit. One that is there is replaced.
    #[arg(long, value_name = "FILE")]
    pub keep: Option<PathBuf>,
}

/// Arguments of `audit export-fhir`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof audit export-fhir --archive log/ --key … --tenant \"General Hospital\" --out events.ndjson\n\n\
    One AuditEvent a line. Patients are the log's pseudonyms. Nothing is written of a log in which something is found."
)]
pub struct ExportFhirArgs {
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
    /// Only this tenant's entries.
    #[arg(long, value_name = "NAME", value_parser = tenant)]
    pub tenant: Option<Tenant>,
    /// Where to write the resources.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `audit export`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof audit export --config service.toml --tenant \"General Hospital\" --archive log/\n\n\
    Beside the service, which goes on. Patients are the log's pseudonyms."
)]
pub struct ExportArgs {
    /// The service's file.
    #[arg(long, env = "MEDPROOF_SERVICE", default_value = "service.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// Whose log: the issuer's name.
    #[arg(long, value_name = "NAME", value_parser = tenant)]
    pub tenant: Tenant,
    /// The folder, which is made where it is not there.
    #[arg(long, value_name = "DIR")]
    pub archive: PathBuf,
}

/// A log that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportReport {
    /// Which log.
    pub origin: String,
    /// What auditors verify it with.
    pub key: String,
    /// How many entries it has.
    pub size: u64,
    /// How many came since.
    pub added: u64,
    /// Where.
    pub archive: PathBuf,
}

impl fmt::Display for ExportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} entries, {} of them new",
            self.archive.display(),
            self.size,
            self.added
        )?;
        writeln!(f, "key  {}", self.key)
    }
}

/// Writes a service's log as a folder.
///
/// # Errors
/// Where the store or the key cannot be read, or the folder has another log.
pub fn export(args: &ExportArgs, _: &Context) -> Result<ExportReport, CliError> {
    let config = serve::read(&args.config)?;
    let signing = serve::read_log_key(&config.audit.signing_key)?;
    let key = signing.verifying();
    let archive = Archive::at(&args.archive);
    let before = archive.checkpoint(key)?.map_or(0, |checkpoint| checkpoint.head().size);
    let (lines, head) = serve::runtime()?.block_on(log(&config.store.url, args.tenant.as_str(), before))?;
    let checkpoint = SignedCheckpoint::sign(head, &signing).map_err(|e| CliError::system("audit.key", e))?;
    let added = archive.extend(lines.iter().map(|line| &line.leaf), &checkpoint, key)?;
    Ok(ExportReport {
        origin: checkpoint.origin().to_owned(),
        key: key.to_string(),
        size: head.size,
        added,
        archive: args.archive.clone(),
    })
}

// The lines from a place on, up to the head that there was before they were read.
async fn log(url: &str, tenant: &str, from: u64) -> Result<(Vec<Line>, Head), CliError> {
    let failed = |e: StoreError| CliError::system("store", e);
    let store = Store::open(url).await.map_err(failed)?;
    let head = store.log_head(tenant).await.map_err(failed)?;
    let mut lines: Vec<Line> = Vec::new();
    loop {
        let next = lines.last().map_or(from, |line| line.place + 1);
        let more = store.log_lines(tenant, &Lines::All, next, 1000).await.map_err(failed)?;
        let until = more.iter().take_while(|line| line.place < head.size).count();
        lines.extend(more.into_iter().take(until));
        if until < 1000 {
            break;
        }
    }
    store.close().await;
    Ok((lines, head))
}

/// A log in which nothing was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// Always true: what was found is an error.
    pub valid: bool,
    /// Which log.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root over them.
    pub root: String,
    /// How many entries are as a kept checkpoint or an anchored head has them; none where none was given.
    pub continues: Option<u64>,
    /// The first entry that is dated before the one that precedes it.
    pub dated_back: Option<u64>,
    /// Where the checkpoint was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<PathBuf>,
}

/// Resources that were written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportFhirReport {
    /// How many.
    pub resources: u64,
    /// Of how many entries.
    pub size: u64,
    /// Where.
    pub file: PathBuf,
}

/// Audits a log.
///
/// # Errors
/// [`crate::Kind::Refused`] with the first finding.
pub fn verify(args: &AuditVerifyArgs, cx: &Context) -> Result<AuditReport, CliError> {
    if let Some(keep) = &args.keep {
        files::check_target(keep, Overwrite::Force)?;
    }
    let expected = expected(&args.log, cx)?;
    let verified = audit(&args.log, &expected, |_, _| Ok(()))?;
    if let Some(keep) = &args.keep {
        let text = verified.checkpoint.to_text();
        files::write(keep, text.as_bytes(), Secrecy::Public, Overwrite::Force)?;
    }
    let head = verified.checkpoint.head();
    Ok(AuditReport {
        valid: true,
        origin: verified.checkpoint.origin().to_owned(),
        size: head.size,
        root: head.root.to_string(),
        continues: expected
            .kept
            .iter()
            .chain(&expected.anchored)
            .map(|head| head.size)
            .chain(verified.published)
            .max(),
        dated_back: verified.dated_back,
        kept: args.keep.clone(),
    })
}

/// Writes a log's entries as FHIR resources.
///
/// # Errors
/// As [`verify`], and where the file cannot be written; then there is none.
pub fn export_fhir(args: &ExportFhirArgs, cx: &Context) -> Result<ExportFhirReport, CliError> {
    let expected = expected(&args.log, cx)?;
    let origin = args.log.key.name();
    files::stream(&args.out, Secrecy::Secret, args.force.into(), |file| {
        let mut file = BufWriter::new(file);
        let mut resources = 0;
        let verified = audit(&args.log, &expected, |index, entry| {
            if args.tenant.as_ref().is_some_and(|tenant| tenant != entry.tenant()) {
                return Ok(());
            }
            resources += 1;
            let line = fhir::line(&fhir::audit_event(origin, index, entry));
            file.write_all(line.as_bytes())
                .map_err(|e| files::write_error(&args.out, &e))
        })?;
        file.flush().map_err(|e| files::write_error(&args.out, &e))?;
        Ok(ExportFhirReport {
            resources,
            size: verified.checkpoint.head().size,
            file: args.out.clone(),
        })
    })
}

// Stopped by Ctrl-C, and by what fails on the way.
fn audit(
    args: &LogArgs,
    expected: &Expected,
    mut each: impl FnMut(u64, &Entry) -> Result<(), CliError>,
) -> Result<Verified, CliError> {
    if !args.archive.is_dir() {
        let message = format!("{}: expected a log's folder, found none", args.archive.display());
        return Err(CliError::input("audit.no_archive", message).with_help("check the path"));
    }
    let mut failed = None;
    let verified = medproof_audit::verify(&Archive::at(&args.archive), &args.key, expected, |index, entry| {
        let done = cancel::check().and_then(|()| each(index, entry));
        done.map_err(|error| {
            failed = Some(error);
            Stop
        })
    });
    verified.map_err(|finding| failed.unwrap_or_else(|| finding.into()))
}

fn expected(args: &LogArgs, cx: &Context) -> Result<Expected, CliError> {
    let kept = args.checkpoint.as_deref().map(|path| kept(path, &args.key));
    let published = args.keeper.map(|keeper| published(keeper, args, cx)).transpose()?;
    Ok(Expected {
        kept: kept.transpose()?,
        anchored: args.anchored,
        published: published.unwrap_or_default(),
    })
}

// All heads of this log that are on the ledger.
fn published(keeper: Address, args: &LogArgs, cx: &Context) -> Result<Vec<[u8; 32]>, CliError> {
    let ledger = chain::open(&args.ledger, cx)?;
    let heads = ledger.log_heads(keeper, LogId(args.key.log_id().into()))?;
    if heads.is_empty() {
        let message = format!("expected heads of this log on the ledger by {keeper}, found none");
        return Err(CliError::refused("audit.unanchored", message)
            .with_help("check account and key; if they are right, ask the operator why the log is not anchored"));
    }
    Ok(heads.into_iter().map(|published| published.head.0).collect())
}

fn kept(path: &Path, key: &VerifyingKey) -> Result<Head, CliError> {
    let checkpoint = SignedCheckpoint::open(&files::read(path, "a checkpoint")?, key);
    let checkpoint = checkpoint.map_err(|e| CliError::input("audit.kept", format!("{}: {e}", path.display())));
    Ok(*checkpoint?.head())
}

fn log_key(text: &str) -> Result<VerifyingKey, String> {
    VerifyingKey::parse(text).map_err(|e| e.to_string())
}

fn head(text: &str) -> Result<Head, String> {
    parse_head(text).map_err(|e| e.to_string())
}

fn tenant(text: &str) -> Result<Tenant, String> {
    Tenant::parse(text).map_err(|e| e.to_string())
}

impl fmt::Display for AuditReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Whole: {} entries of {}.", self.size, self.origin)?;
        writeln!(f, "root      {}", self.root)?;
        match self.continues {
            Some(size) => writeln!(f, "continues the head of {size} entries that was given")?,
            None => writeln!(
                f,
                "compared with no earlier head: what was rewritten and signed anew is not seen"
            )?,
        }
        if let Some(index) = self.dated_back {
            writeln!(
                f,
                "entry {index} is dated before the one that precedes it: ask the operator why"
            )?;
        }
        if let Some(kept) = &self.kept {
            writeln!(f, "kept      {}", kept.display())?;
        }
        Ok(())
    }
}

impl fmt::Display for ExportFhirReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} AuditEvent resources of {} entries in {}",
            self.resources,
            self.size,
            self.file.display()
        )
    }
}
