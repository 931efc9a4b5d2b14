//! `medproof audit export-consents`: a service's consents for other systems of the hospital.

use super::tenant;
use crate::commands::serve;
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Secrecy};
use clap::Args;
use medproof_audit::fhir::{self, ConsentRecord, ConsentState};
use medproof_audit::{Consented, Pseudonym, Tenant};
use medproof_messages::Did;
use medproof_messages::encoding::Hex;
use medproof_service::store::{AfterConsent, ConsentRow, Owner, Store, StoreError, Whose};
use medproof_statement::request::Time;
use serde::Serialize;
use std::fmt;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Arguments of `audit export-consents`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof audit export-consents --config service.toml --tenant \"General Hospital\" --out consents.ndjson\n\n\
    One Consent a line, the newest first, as they stand now. Patients are the log's pseudonyms. Beside the service, which goes on."
)]
pub struct ExportConsentsArgs {
    /// The service's file.
    #[arg(long, env = "MEDPROOF_SERVICE", default_value = "service.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// To whose records: the issuer's name.
    #[arg(long, value_name = "NAME", value_parser = tenant)]
    pub tenant: Tenant,
    /// Where to write the resources.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// Consents that were written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportConsentsReport {
    /// How many.
    pub resources: u64,
    /// Where.
    pub file: PathBuf,
}

// So many are read at once.
const PAGE: u32 = 1000;

/// Writes a service's consents as FHIR R4 Consent resources.
///
/// # Errors
/// Where the store cannot be read or the file cannot be written; then there is none.
pub fn export_consents(args: &ExportConsentsArgs, cx: &Context) -> Result<ExportConsentsReport, CliError> {
    let config = serve::read(&args.config)?;
    let (owner, now) = (Owner::tenant(args.tenant.as_str()), cx.seconds());
    files::stream(&args.out, Secrecy::Secret, args.force.into(), |file| {
        let mut file = BufWriter::new(file);
        let failed = |e: StoreError| CliError::system("store", e);
        let resources = serve::runtime()?.block_on(async {
            let store = Store::open(&config.store.url).await.map_err(failed)?;
            let (mut resources, mut after) = (0, None);
            loop {
                let page = store
                    .consents(&owner, &Whose::Tenant, after, PAGE)
                    .await
                    .map_err(failed)?;
                for row in &page {
                    let line = fhir::line(&fhir::consent(&record(row, &args.tenant, now)?));
                    file.write_all(line.as_bytes())
                        .map_err(|e| files::write_error(&args.out, &e))?;
                }
                resources += page.len() as u64;
                after = page.last().map(|row| AfterConsent {
                    granted: row.granted,
                    handle: row.handle,
                });
                if page.len() < PAGE as usize {
                    store.close().await;
                    return Ok::<_, CliError>(resources);
                }
            }
        })?;
        file.flush().map_err(|e| files::write_error(&args.out, &e))?;
        Ok(ExportConsentsReport {
            resources,
            file: args.out.clone(),
        })
    })
}

fn record(row: &ConsentRow, tenant: &Tenant, now: u64) -> Result<ConsentRecord, CliError> {
    let unread = |what: &'static str| move |_| CliError::system("store", StoreError::Row(what));
    let time = |seconds| Time::new(seconds).map_err(|_| CliError::system("store", StoreError::Row("a time")));
    let state = match row {
        ConsentRow { revoked: Some(_), .. } => ConsentState::Revoked,
        row if row.not_after <= now => ConsentState::Expired,
        _ => ConsentState::Active,
    };
    Ok(ConsentRecord {
        tenant: tenant.clone(),
        terms: Consented {
            audience: Did::parse(&row.audience).map_err(unread("an audience"))?,
            purpose: row.purpose,
            consent: Hex(row.handle),
            patient: Pseudonym(Hex(row.pseudonym)),
        },
        state,
        given: time(row.granted.seconds())?,
        not_before: time(row.not_before)?,
        not_after: time(row.not_after)?,
    })
}

impl fmt::Display for ExportConsentsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} Consent resources in {}", self.resources, self.file.display())
    }
}
