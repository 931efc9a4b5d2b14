//! The ledger's operations, whatever the chain.

use crate::action::{Action, ProposalId};
use crate::chain::{BlockRef, Receipt};
use crate::deployment::{Council, Deployment};
use crate::disclosure::{OpenRequest, Submission};
use crate::key::{KeyId, KeyWords};
use crate::status::{
    Disclosure, IssuerStatus, KeyStatus, LogHead, LogId, ProposalStatus, RequestStatus, RootPublication, RootStatus,
};
use crate::watch::Noticed;
use crate::{Account, Address, B256, LedgerError};
use medproof_statement::Fr;

/// A ledger: reads at the newest final block, and writes that are refused by name.
///
/// Every operation's error is [`LedgerError::Refused`] with the contract's reason where it
/// refuses, and otherwise why the chain could not be read or written.
#[allow(clippy::missing_errors_doc)] // Said above, once for all.
pub trait Ledger: Send + Sync {
    /// The contracts, the chain and with them the ledger's id.
    fn deployment(&self) -> &Deployment;

    /// The newest final block.
    fn head(&self) -> Result<BlockRef, LedgerError>;

    /// The block of this height, if there is one: not above the head it is final.
    fn block(&self, number: u64) -> Result<Option<BlockRef>, LedgerError>;

    /// What the contracts of records, keys and consents said in the blocks of these heights, both ends included,
    /// in its order: see [`crate::Watcher`].
    fn noticed(&self, from: u64, to: u64) -> Result<Vec<Noticed>, LedgerError>;

    /// An issuer.
    fn issuer_status(&self, issuer: Address) -> Result<IssuerStatus, LedgerError>;

    /// All issuers ever admitted, in order of admission.
    fn issuers(&self) -> Result<Vec<Address>, LedgerError>;

    /// A root of an issuer's.
    fn root_status(&self, issuer: Address, root: Fr) -> Result<RootStatus, LedgerError>;

    /// A verifying key.
    fn key_status(&self, key_id: KeyId) -> Result<KeyStatus, LedgerError>;

    /// A registered key's points, to compare with what its id stands for: the contract takes the
    /// id from the council as it is.
    fn verifying_key(&self, key_id: KeyId) -> Result<KeyWords, LedgerError>;

    /// When the consent with this handle was revoked, in seconds since 1970.
    fn consent_revoked_at(&self, handle: Fr) -> Result<Option<u64>, LedgerError>;

    /// A request that an account opened.
    fn request(&self, audience: Address, digest: Fr) -> Result<Option<RequestStatus>, LedgerError>;

    /// The answer of this nullifier's holder to a request.
    fn disclosure(
        &self,
        audience: Address,
        request_digest: Fr,
        nullifier: Fr,
    ) -> Result<Option<Disclosure>, LedgerError>;

    /// Whether a nullifier has answered any request in an account's scope.
    fn nullifier_spent(&self, audience: Address, scope: Fr, nullifier: Fr) -> Result<bool, LedgerError>;

    /// The heads of a log that its keeper published, the oldest first.
    fn log_heads(&self, keeper: Address, log: LogId) -> Result<Vec<LogHead>, LedgerError>;

    /// The council.
    fn council(&self) -> Result<Council, LedgerError>;

    /// A proposal of the council.
    fn proposal(&self, id: ProposalId) -> Result<ProposalStatus, LedgerError>;

    /// Publishes a root, or the current one's heartbeat.
    fn publish_root(&self, issuer: &Account, publication: RootPublication) -> Result<Receipt, LedgerError>;

    /// Publishes a log's head, another than the newest.
    fn publish_log_head(&self, keeper: &Account, log: LogId, head: B256) -> Result<Receipt, LedgerError>;

    /// Revokes the consent whose handle is the hash of `preimage`, from any account.
    fn revoke_consent(&self, from: &Account, preimage: Fr) -> Result<Receipt, LedgerError>;

    /// Opens a request as its audience.
    fn open_request(&self, audience: &Account, request: &OpenRequest) -> Result<Receipt, LedgerError>;

    /// Submits a presentation, from any account: the result is the request's.
    fn submit_disclosure(&self, from: &Account, submission: &Submission) -> Result<Receipt, LedgerError>;

    /// Proposes an act and approves it.
    fn propose(&self, member: &Account, action: &Action) -> Result<ProposalId, LedgerError>;

    /// Approves a proposal.
    fn approve(&self, member: &Account, id: ProposalId) -> Result<Receipt, LedgerError>;

    /// Takes an approval back.
    fn withdraw(&self, member: &Account, id: ProposalId) -> Result<Receipt, LedgerError>;

    /// Carries out a proposal that is approved and no longer time-locked.
    fn execute(&self, member: &Account, id: ProposalId, action: &Action) -> Result<Receipt, LedgerError>;
}
