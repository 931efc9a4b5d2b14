//! Messages in files, and what of the ledger they name.

use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::keyring::Own;
use medproof_ledger::{Address, Ledger, RootStatus};
use medproof_messages::{ConsentMessage, Did, PinnedKey, Presentation, SignedRequest, VerifiedRequest};
use medproof_service::ring::{NoKey, Standing};
use medproof_statement::Fr;
use medproof_statement::tier::Tier;
use std::path::Path;

/// A request that its audience signed.
///
/// # Errors
/// Where it is none, or its signature is not its audience's.
pub fn request(path: &Path) -> Result<VerifiedRequest, CliError> {
    let bytes = files::read(path, "a request")?;
    let at = |e| located(path, CliError::from(e));
    SignedRequest::from_json(trim(&bytes)).map_err(at)?.verify().map_err(at)
}

/// A consent: well-formed, not yet held against a request.
///
/// # Errors
/// Where it is none.
pub fn consent(path: &Path) -> Result<ConsentMessage, CliError> {
    let bytes = files::read(path, "a consent")?;
    ConsentMessage::from_json(trim(&bytes)).map_err(|e| located(path, e.into()))
}

/// A presentation, binary or JSON.
///
/// # Errors
/// Where it is none.
pub fn presentation(path: &Path) -> Result<Presentation, CliError> {
    let bytes = files::read(path, "a presentation")?;
    let read = match bytes.first() {
        Some(b'{') => Presentation::from_json(trim(&bytes)),
        _ => Presentation::from_bytes(&bytes),
    };
    read.map_err(|e| located(path, e.into()))
}

/// A verifying key to pin: of a file, or the development key of a tier.
///
/// # Errors
/// Where it is none, or it is insecure outside development mode.
pub fn pinned_key(file: Option<&Path>, tier: Option<Tier>, cx: &Context) -> Result<PinnedKey, CliError> {
    let key = match (file, tier) {
        (Some(path), _) => {
            let bytes = files::read(path, "a pinned verifying key")?;
            PinnedKey::from_json(trim(&bytes)).map_err(|e| located(path, e.into()))?
        }
        (None, Some(tier)) => cx.development_key(tier)?.pinned().clone(),
        (None, None) => {
            return Err(CliError::input(
                "key.none",
                "expected --key FILE or --tier, found neither",
            ));
        }
    };
    if key.info().development {
        cx.require_development(&format!("the key {}", key.id()))?;
    }
    Ok(key)
}

/// The issuer that published a root, with the root's status. Of several, one under which it counts.
///
/// # Errors
/// Where no issuer of the ledger ever published it.
pub fn issuer_of_root(ledger: &dyn Ledger, root: Fr) -> Result<(Address, RootStatus), CliError> {
    let mut found = None;
    for issuer in ledger.issuers()? {
        let status = ledger.root_status(issuer, root)?;
        match &status.entry {
            Some(entry) if entry.superseded_at.is_none() => return Ok((issuer, status)),
            Some(_) => found = Some((issuer, status)),
            None => {}
        }
    }
    found.ok_or_else(|| {
        CliError::refused(
            "root.unknown",
            "no issuer on this ledger ever published the registry root: ask for a presentation under an anchored root",
        )
    })
}

/// Requires that a request can be answered now.
///
/// # Errors
/// Where its time has not come or is over.
pub fn require_open(request: &VerifiedRequest, cx: &Context) -> Result<(), CliError> {
    let (now, body) = (cx.now()?, request.body());
    if now >= body.expires_at {
        let expired = crate::text::instant(body.expires_at.seconds());
        let message = format!("the request expired at {expired}: ask the audience for a new one");
        return Err(CliError::refused("request.expired", message));
    }
    if now < body.requested_at {
        let made = crate::text::instant(body.requested_at.seconds());
        let message = format!("the request was made at {made}, which is yet to come: compare the clocks");
        return Err(CliError::refused("request.not_yet", message));
    }
    Ok(())
}

/// Requires that a request is this audience's, where one is named.
///
/// # Errors
/// With both audiences.
pub fn require_audience(expected: Option<&Did>, request: &VerifiedRequest) -> Result<(), CliError> {
    let found = request.body().audience;
    match expected {
        Some(expected) if *expected != found => {
            let message = format!("expected a request of {expected}, found one of {found}");
            Err(CliError::refused("request.other_audience", message))
        }
        _ => Ok(()),
    }
}

/// The key under which a request asks for a proof: one of this prover's.
///
/// # Errors
/// As [`Keyring::find`](crate::keyring::Keyring::find); `key.retired` where the request was made too late for it,
/// `key.revoked`.
pub fn own_key(request: &VerifiedRequest, cx: &Context) -> Result<Own, CliError> {
    let body = request.body();
    let own = cx.keyring().find(body.key_id, body.tier)?;
    let (code, why) = match own.standing() {
        Standing::Active => return Ok(own),
        Standing::Retiring(since) if body.requested_at.seconds() < since => return Ok(own),
        Standing::Retiring(since) => {
            let since = crate::text::instant(since);
            (NoKey::Retired, format!("took no new requests after {since}"))
        }
        Standing::Revoked => (NoKey::Revoked, "was revoked".to_owned()),
    };
    let message = format!("the request asks for a proof under key {}, which {why}", body.key_id);
    Err(CliError::refused(code.code(), message).with_help("ask the audience for a request that names an active key"))
}

// Canonical JSON has no newline at its end; files that people keep often do.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\n").unwrap_or(bytes)
}

fn located(path: &Path, error: CliError) -> CliError {
    CliError {
        message: format!("{}: {}", path.display(), error.message),
        ..error
    }
}
