//! The revocation of a consent: the handle's preimage, which only the holder's nk yields.

use crate::encoding::FieldHex;
use crate::json::{self, JsonError, Wire};
use crate::request::LedgerWire;
use crate::terms::{Ledger, TermError};
use alloc::string::String;
use alloc::vec::Vec;
use medproof_statement::Fr;
use medproof_statement::holder::handle_of;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why something is not a revocation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RevocationError {
    /// The JSON is not a revocation's.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A field's value is none.
    #[error(transparent)]
    Term(#[from] TermError),
    /// The secret is another handle's.
    #[error("expected the secret of handle {expected}, found that of {found}: the ledger would revoke another consent")]
    Handle {
        /// The handle that is named.
        expected: FieldHex,
        /// The handle of the secret.
        found: FieldHex,
    },
}

impl RevocationError {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            RevocationError::Json(error) => error.code(),
            RevocationError::Term(_) => "revocation.value",
            RevocationError::Handle { .. } => "revocation.handle",
        }
    }
}

/// The secret whose publication revokes a consent. Whoever has it can publish it: a holder hands
/// it out when, and only when, the consent is to end.
#[derive(Clone, PartialEq, Eq)]
pub struct Revocation {
    ledger: Ledger,
    secret: Fr,
}

impl Revocation {
    /// From H_revoke(nk, consent).
    pub const fn new(ledger: Ledger, secret: Fr) -> Revocation {
        Revocation { ledger, secret }
    }

    /// Where it is to be published.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The preimage that the contract takes.
    pub const fn secret(&self) -> Fr {
        self.secret
    }

    /// The handle that it revokes.
    pub fn handle(&self) -> Fr {
        handle_of(self.secret)
    }

    /// Reads the canonical JSON.
    ///
    /// # Errors
    /// [`RevocationError`], also where the secret is another handle's.
    pub fn from_json(bytes: &[u8]) -> Result<Revocation, RevocationError> {
        let wire: RevocationWire = json::read(bytes)?;
        let revocation = Revocation::new(wire.ledger.read()?, wire.secret.0);
        if revocation.handle() != wire.handle.0 {
            return Err(RevocationError::Handle {
                expected: wire.handle,
                found: FieldHex(revocation.handle()),
            });
        }
        Ok(revocation)
    }

    /// The canonical JSON.
    pub fn to_json(&self) -> Vec<u8> {
        json::write(&RevocationWire {
            handle: FieldHex(self.handle()),
            ledger: LedgerWire::of(&self.ledger),
            secret: FieldHex(self.secret),
            kind: String::from(RevocationWire::TYPE),
            version: json::VERSION,
        })
    }
}

impl core::fmt::Debug for Revocation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Revocation(of {}, on {})", FieldHex(self.handle()), self.ledger)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RevocationWire {
    handle: FieldHex,
    ledger: LedgerWire,
    secret: FieldHex,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for RevocationWire {
    const TYPE: &'static str = "medproof/revocation";
    const MAX_BYTES: usize = 1024;
}
