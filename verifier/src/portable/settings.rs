//! What a verifier insists on, as people write it.

use super::SettingsError;
use crate::ledger::Issuer;
use crate::verify::{Issuers, Mode, Settings};
use alloc::string::String;
use alloc::vec::Vec;
use medproof_messages::did::Did;
use medproof_messages::encoding::Hex;
use medproof_messages::json::{self, Wire};
use medproof_messages::request::LedgerWire;
use serde::{Deserialize, Serialize};

/// Settings, and whose bundles are believed.
#[derive(Clone, Debug)]
pub(super) struct Trusted {
    pub(super) settings: Settings,
    pub(super) signer: Did,
}

impl Trusted {
    pub(super) fn read(bytes: &[u8]) -> Result<Trusted, SettingsError> {
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
