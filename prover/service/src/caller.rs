//! Who calls, and what of the service is theirs.

use medproof_messages::Did;

/// What a caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A hospital's staff: its records, and jobs of all of them.
    Issuer,
    /// A patient's wallet, at the hospital's portal.
    Holder,
    /// Who asks: jobs of its own requests.
    Sponsor,
    /// Who reads the log.
    Auditor,
    /// Who keeps the service up.
    Operator,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whose it is: nothing of one tenant is seen by another.
    pub tenant: String,
    /// Its name within the tenant.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Of a sponsor, whose requests are its own.
    pub did: Option<Did>,
}

impl Caller {
    /// Whether it may submit jobs.
    #[must_use]
    pub fn may_submit(&self) -> bool {
        matches!(self.role, Role::Issuer | Role::Holder)
    }

    /// Whose jobs it sees: those that it submitted, and those of this audience's requests.
    #[must_use]
    pub fn audience(&self) -> Option<String> {
        match self.role {
            Role::Sponsor => self.did.map(|did| did.to_string()),
            _ => None,
        }
    }
}
