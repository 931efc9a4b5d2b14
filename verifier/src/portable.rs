//! A verification of bytes, offline: what front ends in other languages call. They all call this and nothing else, so that
//! they answer alike.

use crate::bundle::{BundleError, TrustBundle};
use crate::ledger::Issuer;
use crate::refusal::Refusal;
use crate::verify::{Issuers, Mode, Settings, Verified, Verifier};
use alloc::string::String;
use alloc::vec::Vec;
use medproof_claims::{Claim, ClaimError};
use medproof_messages::did::{Did, DidError};
use medproof_messages::encoding::Hex;
use medproof_messages::json::{self, JsonError, Wire};
use medproof_messages::request::{LedgerWire, RequestError, SignedRequest};
use medproof_messages::terms::TermError;
use medproof_statement::request::{Time, TimeError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// All that a verification takes.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// What the verifier insists on: JSON of type `medproof/verifier-settings`, in any spelling.
    pub settings: &'a [u8],
    /// The ledger: a trust bundle of the signer that the settings name.
    pub bundle: &'a [u8],
    /// The verifier's own request: canonical JSON.
    pub request: &'a [u8],
    /// The claim that it asked about: JSON in any spelling.
    pub claim: &'a [u8],
    /// What was presented: 321 bytes, or canonical JSON.
    pub presentation: &'a [u8],
    /// Now: seconds since 1970.
    pub now: u64,
}

/// Why nothing was verified.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// The settings are none.
    #[error("settings: {0}")]
    Settings(#[from] SettingsError),
    /// The time is none.
    #[error("now: {0}")]
    Now(#[from] TimeError),
    /// The bundle is none, or not the trusted signer's.
    #[error("trust bundle: {0}")]
    Bundle(#[from] BundleError),
    /// The request is none.
    #[error("request: {0}")]
    Request(#[from] RequestError),
    /// The claim is none.
    #[error("claim: {0}")]
    Claim(#[from] ClaimError),
    /// The presentation is none, or does not show what was asked.
    #[error(transparent)]
    Refusal(#[from] Refusal),
}

impl Refused {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            Refused::Settings(error) => error.code(),
            Refused::Now(_) => "now",
            Refused::Bundle(error) => error.code(),
            Refused::Request(error) => error.code(),
            Refused::Claim(_) => "claim",
            Refused::Refusal(refusal) => refusal.code(),
        }
    }
}

/// Why settings are none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// The JSON is not settings'.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A DID is none.
    #[error(transparent)]
    Did(#[from] DidError),
    /// The ledger is none.
    #[error(transparent)]
    Term(#[from] TermError),
}

impl SettingsError {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            SettingsError::Json(error) => error.code(),
            SettingsError::Did(error) => error.code(),
            SettingsError::Term(_) => "settings.value",
        }
    }
}

/// Checks a presentation.
///
/// # Errors
/// [`Refused`]: the first thing that is wrong.
pub fn verify(given: &Given<'_>) -> Result<Verified, Refused> {
    let trusted = Trusted::read(given.settings)?;
    let now = Time::new(given.now)?;
    let bundle = TrustBundle::open(given.bundle, &trusted.signer)?;
    let request = SignedRequest::from_json(given.request)?.verify()?;
    let claim = Claim::parse(given.claim)?;
    let id = request.body().key_id;
    let key = bundle.key(&id).ok_or(Refusal::KeyUnknown { key: id })?;
    let verifier = Verifier::new(trusted.settings, key)?;
    Ok(verifier.verify(given.presentation, &request, &claim, &bundle, now)?)
}

// Settings, and whose bundles are believed.
struct Trusted {
    settings: Settings,
    signer: Did,
}

impl Trusted {
    fn read(bytes: &[u8]) -> Result<Trusted, SettingsError> {
        let wire: SettingsWire = json::read_any_spelling(bytes)?;
        let issuers = match &wire.issuers {
            Some(list) => Issuers::Only(list.iter().map(|issuer| Issuer(issuer.0)).collect()),
            None => Issuers::AllAdmitted,
        };
        let usual = Settings::new(Did::parse(&wire.audience)?, wire.ledger.read()?, issuers);
        let settings = Settings {
            grace: wire.grace.unwrap_or(Settings::GRACE),
            max_age: wire.max_age.unwrap_or(Settings::MAX_AGE),
            mode: if wire.development {
                Mode::Development
            } else {
                Mode::Production
            },
            ..usual
        };
        let signer = Did::parse(&wire.bundle_signer)?;
        Ok(Trusted { settings, signer })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsWire {
    audience: String,
    bundle_signer: String,
    // Whether keys that anybody can forge proofs with are good enough.
    #[serde(default)]
    development: bool,
    grace: Option<u64>,
    // All whom the ledger admits, where there are none.
    issuers: Option<Vec<Hex<20>>>,
    ledger: LedgerWire,
    max_age: Option<u64>,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for SettingsWire {
    const TYPE: &'static str = "medproof/verifier-settings";
    const MAX_BYTES: usize = 1 << 16;
}
