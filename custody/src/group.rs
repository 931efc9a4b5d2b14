//! What everybody may know of a group of custodians: its key, and what each one's share is checked by.

use crate::CustodyError;
use crate::suite::{self, BabyJubjub};
use frost_core::Identifier;
use frost_core::keys::PublicKeyPackage;
use medproof_messages::json::{self, Wire};
use medproof_statement::eddsa::PublicKey;
use serde::{Deserialize, Serialize};

/// The most custodians of a group.
pub const MOST_CUSTODIANS: u16 = 16;

/// A group of custodians.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub(crate) package: PublicKeyPackage<BabyJubjub>,
    key: PublicKey,
    threshold: u16,
}

impl Group {
    pub(crate) fn new(package: PublicKeyPackage<BabyJubjub>) -> Result<Group, CustodyError> {
        let malformed = frost_core::Error::MalformedVerifyingKey;
        let key = suite::statement_key(package.verifying_key()).ok_or(malformed)?;
        let custodians = package.max_signers();
        let threshold = package.min_signers().unwrap_or_default();
        check_numbers(threshold, custodians)?;
        // Custodians are counted from 1, without a gap.
        for index in 1..=custodians {
            if !package.verifying_shares().contains_key(&identifier(index)?) {
                return Err(CustodyError::Stranger { index, custodians });
            }
        }
        Ok(Group {
            package,
            key,
            threshold,
        })
    }

    /// The emergency key: what holders enrol, and the circuit verifies with.
    #[must_use]
    pub const fn key(&self) -> PublicKey {
        self.key
    }

    /// How many sign.
    #[must_use]
    pub const fn threshold(&self) -> u16 {
        self.threshold
    }

    /// How many there are.
    #[must_use]
    pub fn custodians(&self) -> u16 {
        self.package.max_signers()
    }

    pub(crate) fn member(&self, index: u16) -> Result<Identifier<BabyJubjub>, CustodyError> {
        let custodians = self.custodians();
        match (1..=custodians).contains(&index) {
            true => identifier(index),
            false => Err(CustodyError::Stranger { index, custodians }),
        }
    }

    /// Reads a group's file.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_json(bytes: &[u8]) -> Result<Group, CustodyError> {
        let form: Form = json::read(trim(bytes))?;
        Group::new(form.group)
    }

    /// The group's file.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::write(&Form {
            group: self.package.clone(),
            kind: Form::TYPE.to_owned(),
            version: json::VERSION,
        })
    }
}

// An editor's last line break changes nothing.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\n").unwrap_or(bytes)
}

pub(crate) fn identifier(index: u16) -> Result<Identifier<BabyJubjub>, CustodyError> {
    Ok(Identifier::try_from(index)?)
}

pub(crate) fn check_numbers(threshold: u16, custodians: u16) -> Result<(), CustodyError> {
    match 2 <= threshold && threshold <= custodians && custodians <= MOST_CUSTODIANS {
        true => Ok(()),
        false => Err(CustodyError::Numbers {
            threshold,
            custodians,
            most: MOST_CUSTODIANS,
        }),
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    group: PublicKeyPackage<BabyJubjub>,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for Form {
    const TYPE: &'static str = "medproof/custody-group";
    const MAX_BYTES: usize = 1 << 14;
}
