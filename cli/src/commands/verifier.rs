//! `medproof verifier`: trust bundles, for verifiers without a connection.

use crate::chain::{self, LedgerArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use crate::keyfile::AudienceKeys;
use crate::messages;
use crate::text;
use crate::view;
use clap::{Args, Subcommand};
use medproof_messages::KeyId;
use medproof_messages::encoding::Hex;
use medproof_service::live::LiveView;
use medproof_statement::Fr;
use medproof_statement::request::Time;
use medproof_verifier::{BundleBody, LedgerView, Refusal};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// What an operator of verifiers does.
#[derive(Debug, Subcommand)]
pub enum VerifierCommand {
    /// Write a trust bundle: the ledger's roots, keys and revocations, signed, with an expiry.
    Bundle(BundleArgs),
}

/// Arguments of `verifier bundle`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof verifier bundle --signer operator.json --key-id 0x… --presentation p.bin --out trust.json\n\n\
    The contracts do not list revoked consents: name the presentations (or handles) that the bundle is for. What\n\
    changes on the ledger after the bundle was made, it does not know: keep its life short."
)]
pub struct BundleArgs {
    /// Which ledger.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// The key file of who signs it (made by `audience keygen`).
    #[arg(long, value_name = "FILE")]
    pub signer: PathBuf,
    /// The registered keys to pin.
    #[arg(long, num_args = 1.., required = true, value_parser = text::bytes32, value_name = "KEY_ID")]
    pub key_id: Vec<Hex<32>>,
    /// Presentations whose consents are looked up.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub presentation: Vec<PathBuf>,
    /// Consent handles to look up.
    #[arg(long, num_args = 1.., value_parser = text::element, value_name = "HANDLE")]
    pub handle: Vec<Fr>,
    /// For how long it may be used, 31 days at most.
    #[arg(long = "for", value_parser = text::span, default_value = "24h", value_name = "SPAN")]
    pub span: u64,
    /// Where to write it.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// A trust bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BundleReport {
    /// Who signed it: verifiers are told this once, over another channel.
    pub signer: String,
    /// Keys in it.
    pub keys: usize,
    /// Roots in it.
    pub roots: usize,
    /// Revoked handles in it.
    pub revoked: usize,
    /// As of which block.
    pub block: u64,
    /// Until when it may be used, in seconds since 1970.
    pub expires_at: u64,
    /// Where it is.
    pub file: PathBuf,
}

/// Writes a trust bundle.
///
/// # Errors
/// Where the ledger cannot be read, a key is not on it, or the file cannot be written.
pub fn bundle(args: &BundleArgs, cx: &Context) -> Result<BundleReport, CliError> {
    let overwrite = Overwrite::from(args.force);
    files::check_target(&args.out, overwrite)?;
    let signer = AudienceKeys::load(&args.signer)?;
    let ledger = chain::open(&args.ledger, cx)?;
    let live = LiveView::of(&*ledger);
    let snapshot = live.snapshot().map_err(Refusal::from)?;
    let mut keys = Vec::new();
    for id in &args.key_id {
        let id = KeyId(id.0);
        let status = live.key_status(&id).map_err(Refusal::from)?;
        keys.push((view::registered_key(&*ledger, id, cx)?, status));
    }
    let mut roots = Vec::new();
    for issuer in ledger.issuers()? {
        if let Some(root) = ledger.issuer_status(issuer)?.current_root {
            let entries = live.roots(root).map_err(Refusal::from)?;
            // Where two issuers publish one root, each is listed once, by itself.
            let own = entries.into_iter().filter(|e| e.issuer.0 == issuer.into_array());
            roots.extend(own.map(|entry| (root, entry)));
        }
    }
    let mut handles = args.handle.clone();
    for path in &args.presentation {
        handles.push(messages::presentation(path)?.public.consent_handle);
    }
    let mut revoked = Vec::new();
    for handle in handles {
        if ledger.consent_revoked_at(handle)?.is_some() {
            revoked.push(handle);
        }
    }
    if ledger.head()?.hash.0 != snapshot.block.hash {
        return Err(CliError::system(
            "ledger.moving",
            "the ledger moved on while it was read: try again",
        ));
    }
    let issued_at = chain::now(&*ledger, cx)?;
    let expires_at = Time::new(issued_at.seconds() + args.span).map_err(|e| CliError::input("bundle.value", e))?;
    let body = BundleBody {
        ledger: snapshot.ledger,
        block: snapshot.block,
        finalised: snapshot.finalised,
        paused: snapshot.paused,
        issued_at,
        expires_at,
        keys,
        roots,
        revoked,
    };
    let report = BundleReport {
        signer: signer.key.did().to_string(),
        keys: body.keys.len(),
        roots: body.roots.len(),
        revoked: body.revoked.len(),
        block: body.block.number,
        expires_at: expires_at.seconds(),
        file: args.out.clone(),
    };
    let bytes = body.sign(&signer.key).map_err(|e| CliError::input(e.code(), e))?;
    files::write(&args.out, &bytes, Secrecy::Public, overwrite)?;
    Ok(report)
}

impl fmt::Display for BundleReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "trust bundle written to {}", self.file.display())?;
        writeln!(f, "signer   {}", self.signer)?;
        writeln!(
            f,
            "holds    {} keys, {} roots, {} revoked consents, as of block {}",
            self.keys, self.roots, self.revoked, self.block
        )?;
        writeln!(f, "until    {}", text::instant(self.expires_at))
    }
}
