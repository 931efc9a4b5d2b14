//! Why nothing was verified.

use crate::bundle::BundleError;
use crate::refusal::Refusal;
use alloc::string::{String, ToString};
use medproof_claims::ClaimError;
use medproof_messages::did::DidError;
use medproof_messages::json::JsonError;
use medproof_messages::request::RequestError;
use medproof_messages::terms::TermError;
use medproof_statement::request::TimeError;
use serde::Serialize;
use thiserror::Error;

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

    /// `{"refused":{"code":…,"message":…}}`.
    pub fn to_json(&self) -> String {
        let refused = RefusedWire {
            code: self.code(),
            message: self.to_string(),
        };
        super::answer::written(&Said { refused })
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

#[derive(Serialize)]
struct Said {
    refused: RefusedWire,
}

#[derive(Serialize)]
struct RefusedWire {
    code: &'static str,
    message: String,
}
