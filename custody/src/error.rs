//! Why custodians do not have, or do not give, what was asked.

use crate::random::RandomError;
use crate::sealed::SealedError;
use crate::suite::BabyJubjub;
use medproof_messages::json::JsonError;
use medproof_messages::{ConsentError, RequestError};
use thiserror::Error;

/// Names custodians by their index; never shows a share or a nonce.
#[derive(Debug, Error)]
pub enum CustodyError {
    /// A file of another form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A custodian's file that does not open.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// A request that is none, or not its audience's.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The grant does not fit the request.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// Custodians sign in emergencies alone.
    #[error(
        "expected a request whose purpose is emergency treatment (ETREAT), found {found}: the patient's own key consents \
         to that, and no proof takes the custodians'"
    )]
    Purpose {
        /// The request's purpose.
        found: &'static str,
    },
    /// Numbers that are no group.
    #[error(
        "expected a threshold of 2 or more and at most as many as the custodians, of whom there may be {most}; found {threshold} of {custodians}"
    )]
    Numbers {
        /// How many should sign.
        threshold: u16,
        /// How many there should be.
        custodians: u16,
        /// How many there may be.
        most: u16,
    },
    /// An index that is none of the group's.
    #[error("expected a custodian from 1 to {custodians}, found {index}")]
    Stranger {
        /// Which.
        index: u16,
        /// How many there are.
        custodians: u16,
    },
    /// The same custodian twice.
    #[error("custodian {index} was given twice: each counts once")]
    Twice {
        /// Which.
        index: u16,
    },
    /// Not enough custodians.
    #[error("expected {expected} custodians, found {found}: fewer cannot sign")]
    TooFew {
        /// The threshold.
        expected: u16,
        /// How many there are.
        found: usize,
    },
    /// A message of another group of custodians.
    #[error("what custodian {index} sent is of another group: its key is not this group's")]
    OtherGroup {
        /// Who sent it.
        index: u16,
    },
    /// A share for something else.
    #[error("the share of custodian {index} signs something else: ask for one of this signing")]
    OtherSigning {
        /// Whose share.
        index: u16,
    },
    /// A share that is none.
    #[error("the share of custodian {index} is wrong: leave it out, and begin a new signing without that custodian")]
    WrongShare {
        /// Whose share.
        index: u16,
    },
    /// This custodian is not among the signers.
    #[error("custodian {index} is not asked: the signing has no commitment of this custodian's")]
    NotAsked {
        /// Who was called.
        index: u16,
    },
    /// Commitments that are not what this custodian gave out.
    #[error(
        "the signing has a commitment that custodian {index} did not give out, or whose nonces are gone: begin a new one with a new commitment"
    )]
    UnknownNonces {
        /// Who was called.
        index: u16,
    },
    /// Nonces that signed already. Twice would give the custodian's share away.
    #[error(
        "custodian {index} signed with this commitment already, and signs with none twice: begin a new signing with a new commitment"
    )]
    Spent {
        /// Who was called.
        index: u16,
    },
    /// Messages of a ceremony that are not of one.
    #[error(
        "what custodian {index} sent is of a ceremony of {found_threshold} of {found_custodians}, expected one of {threshold} of {custodians}"
    )]
    OtherCeremony {
        /// Who sent it.
        index: u16,
        /// The threshold here.
        threshold: u16,
        /// How many there are here.
        custodians: u16,
        /// The threshold there.
        found_threshold: u16,
        /// How many there are there.
        found_custodians: u16,
    },
    /// Somebody's message is not there.
    #[error("expected messages of all {expected} other custodians, found {found}")]
    Missing {
        /// How many there should be.
        expected: u16,
        /// How many there are.
        found: usize,
    },
    /// A first message that does not prove what it says, or a share that does not fit it.
    #[error("what custodian {index} sent does not hold: end this ceremony, and begin a new one when it is known why")]
    WrongMessage {
        /// Who sent it.
        index: u16,
    },
    /// A message that opens for nobody here.
    #[error(
        "what custodian {index} sent does not open: it is for somebody else, was changed, or not all custodians had the \
         same first messages; compare them, and begin anew"
    )]
    NotForUs {
        /// Who sent it.
        index: u16,
    },
    /// Something was done before, or is still to be done.
    #[error("{what}")]
    Stage {
        /// What to do.
        what: &'static str,
    },
    /// The disk.
    #[error("{doing} {file}: {reason}")]
    Disk {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// What the library refuses, and nothing above names.
    #[error("the custodians' protocol was not followed: {0}")]
    Protocol(frost_core::Error<BabyJubjub>),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl CustodyError {
    /// Its name in every interface: stable, lower case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            CustodyError::Json(error) => error.code(),
            CustodyError::Sealed(error) => error.code(),
            CustodyError::Request(error) => error.code(),
            CustodyError::Consent(error) => error.code(),
            CustodyError::Purpose { .. } => "custody.purpose",
            CustodyError::Numbers { .. } => "custody.numbers",
            CustodyError::Stranger { .. } => "custody.stranger",
            CustodyError::Twice { .. } => "custody.twice",
            CustodyError::TooFew { .. } => "custody.too_few",
            CustodyError::OtherGroup { .. } => "custody.other_group",
            CustodyError::OtherSigning { .. } => "custody.other_signing",
            CustodyError::WrongShare { .. } => "custody.wrong_share",
            CustodyError::NotAsked { .. } => "custody.not_asked",
            CustodyError::UnknownNonces { .. } => "custody.unknown_nonces",
            CustodyError::Spent { .. } => "custody.spent",
            CustodyError::OtherCeremony { .. } => "custody.other_ceremony",
            CustodyError::Missing { .. } => "custody.missing",
            CustodyError::WrongMessage { .. } => "custody.wrong_message",
            CustodyError::NotForUs { .. } => "custody.not_for_us",
            CustodyError::Stage { .. } => "custody.stage",
            CustodyError::Disk { .. } => "custody.disk",
            CustodyError::Protocol(_) => "custody.protocol",
            CustodyError::Random(_) => "random",
        }
    }
}

impl From<frost_core::Error<BabyJubjub>> for CustodyError {
    fn from(error: frost_core::Error<BabyJubjub>) -> CustodyError {
        CustodyError::Protocol(error)
    }
}
