//! What a verifier asks: the fields that the proof binds.

use crate::Fr;
use crate::day::Day;
use crate::hash::{Tag, digest, sponge};
use thiserror::Error;

/// Width of a time in bits: seconds since 1970 UTC, up to the year 36812.
pub const TIME_BITS: u32 = 40;

/// Why somebody asks, after HL7 v3 PurposeOfUse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum Purpose {
    /// TREAT: treatment.
    Treatment = 1,
    /// HRESCH: research, such as a clinical trial.
    Research = 2,
    /// HPAYMT: payment, such as an insurance claim.
    Payment = 3,
    /// PUBHLTH: public health.
    PublicHealth = 4,
    /// HOPERAT: operations.
    Operations = 5,
    /// ETREAT: emergency treatment. Signed by the emergency key, and only this.
    EmergencyTreatment = 6,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Purpose; 6] = [
        Purpose::Treatment,
        Purpose::Research,
        Purpose::Payment,
        Purpose::PublicHealth,
        Purpose::Operations,
        Purpose::EmergencyTreatment,
    ];

    /// HL7's code.
    pub const fn code(self) -> &'static str {
        match self {
            Purpose::Treatment => "TREAT",
            Purpose::Research => "HRESCH",
            Purpose::Payment => "HPAYMT",
            Purpose::PublicHealth => "PUBHLTH",
            Purpose::Operations => "HOPERAT",
            Purpose::EmergencyTreatment => "ETREAT",
        }
    }

    /// From HL7's code.
    pub fn from_code(code: &str) -> Option<Purpose> {
        Purpose::ALL.into_iter().find(|p| p.code() == code)
    }
}

/// Seconds since 1970-01-01T00:00:00Z, below 2^40.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

/// A time that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected seconds since 1970 below 2^40, found {0}")]
pub struct TimeError(pub u64);

impl Time {
    /// From seconds since 1970.
    ///
    /// # Errors
    /// [`TimeError`] from 2^40 on.
    pub const fn new(seconds: u64) -> Result<Time, TimeError> {
        if seconds >> TIME_BITS == 0 {
            Ok(Time(seconds))
        } else {
            Err(TimeError(seconds))
        }
    }

    /// Seconds since 1970.
    pub const fn seconds(self) -> u64 {
        self.0
    }
}

/// The request's fields but claim_id and as_of, which are the policy header's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// D of the audience's identifier: [`audience_id`].
    pub audience: Fr,
    /// Why.
    pub purpose: Purpose,
    /// 0, or whom the applicant gave beforehand: a key or a keyed member pseudonym.
    pub subject: Fr,
    /// Within what no holder answers twice: [`scope_id`].
    pub scope: Fr,
    /// When it was made.
    pub requested_at: Time,
    /// Until when it may be answered.
    pub expires_at: Time,
    /// D(nonce, ledger_id, key id, …).
    pub rest: Fr,
}

impl Request {
    /// H_request(audience, purpose, subject, claim_id, scope, as_of, requested_at, expires_at, rest).
    pub fn digest(&self, claim_id: Fr, as_of: Day) -> Fr {
        sponge::<12>(
            Tag::Request,
            &[
                self.audience,
                Fr::from(self.purpose as u64),
                self.subject,
                claim_id,
                self.scope,
                Fr::from(as_of.0),
                Fr::from(self.requested_at.0),
                Fr::from(self.expires_at.0),
                self.rest,
            ],
        )
    }
}

/// D of an audience's identifier, such as a DID.
pub fn audience_id(identifier: &str) -> Fr {
    digest("medproof/v1/audience", &[identifier.as_bytes()])
}

/// ledger_id = D(chain id, registry address).
pub fn ledger_id(chain_id: u64, registry: &[u8; 20]) -> Fr {
    digest("medproof/v1/ledger", &[&chain_id.to_be_bytes(), registry])
}

/// scope = D(ledger_id, audience, label).
pub fn scope_id(ledger_id: Fr, audience: Fr, label: &str) -> Fr {
    use crate::field::to_bytes;
    digest(
        "medproof/v1/scope",
        &[&to_bytes(&ledger_id), &to_bytes(&audience), label.as_bytes()],
    )
}

/// rest = D(nonce, ledger_id, key id): what a request says that the circuit need not read.
pub fn rest(nonce: &[u8; 32], ledger_id: Fr, key_id: &[u8; 32]) -> Fr {
    use crate::field::to_bytes;
    digest("medproof/v1/rest", &[nonce, &to_bytes(&ledger_id), key_id])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_have_hl7s_codes() {
        let codes = ["TREAT", "HRESCH", "HPAYMT", "PUBHLTH", "HOPERAT", "ETREAT"];
        assert_eq!(Purpose::ALL.map(Purpose::code), codes);
        assert_eq!(codes.map(Purpose::from_code), Purpose::ALL.map(Some));
        assert_eq!(Purpose::from_code("treat"), None);
    }

    /// Each part of what an identifier is made from counts, and no two kinds meet.
    #[test]
    fn identifiers_are_apart() {
        let (one, two) = (Fr::from(1u64), Fr::from(2u64));
        let mut all = [
            audience_id("a"),
            audience_id("b"),
            ledger_id(1, &[0; 20]),
            ledger_id(2, &[0; 20]),
            ledger_id(1, &[1; 20]),
            scope_id(one, one, "a"),
            scope_id(two, one, "a"),
            scope_id(one, two, "a"),
            scope_id(one, one, "b"),
            rest(&[0; 32], one, &[0; 32]),
            rest(&[1; 32], one, &[0; 32]),
            rest(&[0; 32], two, &[0; 32]),
            rest(&[0; 32], one, &[1; 32]),
            Fr::from(0u64),
        ];
        all.sort();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
