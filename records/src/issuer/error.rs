//! What an issuer refuses, and why.

use medproof_statement::day::Day;
use medproof_statement::record::RecordError;
use thiserror::Error;

use super::EnrolmentError;
use crate::random::RandomError;
use crate::registry::RegistryError;
use crate::vault::index::VersionRef;
use crate::vault::{DiskError, PatientIdError, VaultError};

/// Why one patient's part of a call is refused. Names no patient.
#[derive(Debug, Error)]
pub enum Refusal {
    /// Neither a known patient's id nor a known record's.
    #[error("expected the id of an imported patient or record, found an unknown one: import the patient first")]
    Unknown,
    /// A chart whose patient id is none.
    #[error(transparent)]
    PatientId(#[from] PatientIdError),
    /// The patient is there already.
    #[error("the patient was imported before: update the record instead")]
    AlreadyImported,
    /// The same patient twice in one call.
    #[error("the patient occurs twice in this call: leave one out")]
    Repeated,
    /// The patient has a holder.
    #[error("the patient is enrolled already: rotate the keys, or revoke the record first")]
    AlreadyEnrolled,
    /// The patient has no holder.
    #[error("the patient is not enrolled: enrol a holder first")]
    NotEnrolled,
    /// The leaf was emptied.
    #[error("the record is revoked: enrol the patient again")]
    Revoked,
    /// The record's commitment is not on the ledger yet.
    #[error("the record is not under the anchored root yet: anchor the pending root first")]
    NotAnchored,
    /// Another patient of this issuer has the nullifier key.
    #[error(
        "expected a nullifier key of this patient's own, found another patient's: every holder needs a key of their own"
    )]
    NullifierKeyTaken,
    /// A rotation with another nullifier key.
    #[error(
        "expected the enrolled nullifier key, found another: a rotation keeps it; revoke the record and enrol again to replace it"
    )]
    NullifierKeyChanged,
    /// A chart older than the one on file.
    #[error("expected a chart read on {stored} or later, found one of {found}: export the chart again")]
    Stale {
        /// When the chart on file was read.
        stored: Day,
        /// When the given one was.
        found: Day,
    },
    /// Facts that are no record's.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// An enrolment that proves nothing.
    #[error(transparent)]
    Enrolment(#[from] EnrolmentError),
}

/// A call that the issuer does not carry out. Nothing was changed, except as
/// [`VaultError::Reopen`] says.
#[derive(Debug, Error)]
pub enum IssuerError {
    /// The store.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// One patient's part.
    #[error("{reason} (entry {place} of the call, counted from 0)")]
    Refused {
        /// Which of the call's patients.
        place: usize,
        /// Why.
        reason: Refusal,
    },
}

impl From<RandomError> for IssuerError {
    fn from(error: RandomError) -> Self {
        IssuerError::Vault(error.into())
    }
}

impl From<DiskError> for IssuerError {
    fn from(error: DiskError) -> Self {
        IssuerError::Vault(error.into())
    }
}

pub(super) fn refused(place: usize, reason: Refusal) -> IssuerError {
    IssuerError::Refused { place, reason }
}

pub(super) fn at<E: Into<Refusal>>(place: usize) -> impl Fn(E) -> IssuerError {
    move |reason| refused(place, reason.into())
}

pub(super) fn mismatch(version: VersionRef) -> IssuerError {
    VaultError::Mismatch {
        file: version.item.pack.to_string(),
    }
    .into()
}
