//! The log's head on the ledger, where nobody can take it back.
//!
//! Before a head is published, the newest one that is there must be of this log: a log that lost entries, or tells
//! another history than it did, is not signed any further. What is published is a hash of size and root: how much is logged,
//! and so how many patients consented to what is asked just now, is nobody's business but the auditors'.

use crate::metrics::Metrics;
use crate::store::{Store, StoreError};
use medproof_audit::tree::{Hash, Head, Plan};
use medproof_ledger::{Account, B256, Ledger, LedgerError, LogId, Refusal};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// Why no head was published.
#[derive(Debug, Error)]
pub enum LogAnchorError {
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The log never had the newest head on the ledger: it lost entries, or tells another history than it did.
    #[error("expected the newest head on the ledger, {head}, among the heads that this log had, found none")]
    Fork {
        /// The ledger's: [`Head::commitment`].
        head: B256,
    },
    /// The thread that asked the ledger is gone.
    #[error("the ledger was not asked to the end")]
    Panicked,
}

/// Publishes heads of a tenant's log.
#[derive(Clone)]
pub struct LogAnchor {
    /// The log.
    pub store: Store,
    /// Whose.
    pub tenant: String,
    /// What the ledger calls it.
    pub log: LogId,
    /// Where heads are published.
    pub ledger: Arc<dyn Ledger>,
    /// By whom.
    pub account: Account,
    /// How often.
    pub every: Duration,
    /// What is counted.
    pub metrics: Metrics,
}

// Before what failed is tried again.
const PAUSE: Duration = Duration::from_secs(60);
// For the head at the end.
const LAST: Duration = Duration::from_secs(10);

impl LogAnchor {
    /// The newest head that the ledger has, once it was seen that the log had it; none where it has none.
    ///
    /// # Errors
    /// [`LogAnchorError`].
    pub async fn check(&self) -> Result<Option<Head>, LogAnchorError> {
        let newest = self
            .asked(|anchor| Ok(anchor.ledger.log_heads(anchor.account.address(), anchor.log)?.pop()))
            .await?;
        let Some(newest) = newest else { return Ok(None) };
        let fork = LogAnchorError::Fork { head: newest.head };
        let noted = self.store.anchor(&self.tenant, &self.log.0, &newest.head).await?;
        let Some(size) = noted else { return Err(fork) };
        if size > self.store.log_head(&self.tenant).await?.size {
            return Err(fork);
        }
        let root = self.root(size).await?;
        let head = Head { size, root };
        if head.commitment() == newest.head.0 {
            Ok(Some(head))
        } else {
            Err(fork)
        }
    }

    /// Publishes the log's head, where it has entries that the ledger has no head of. The newest that is there.
    ///
    /// # Errors
    /// [`LogAnchorError`].
    pub async fn anchor(&self) -> Result<Option<Head>, LogAnchorError> {
        let newest = self.check().await?;
        let head = self.store.log_head(&self.tenant).await?;
        if head.size <= newest.map_or(0, |newest| newest.size) {
            return Ok(newest);
        }
        // Before it is published: a head on the ledger that is not noted here is another history's.
        self.store.note_anchor(&self.tenant, &self.log.0, &head).await?;
        let commitment = B256::from(head.commitment());
        self.asked(move |anchor| {
            let published = anchor.ledger.publish_log_head(&anchor.account, anchor.log, commitment);
            match published {
                // Another process of this service came first, with the same.
                Ok(_) | Err(LedgerError::Refused(Refusal::HeadKnown { .. })) => Ok(()),
                Err(error) => Err(error),
            }
        })
        .await?;
        Ok(Some(head))
    }

    /// Publishes heads, again and again.
    pub async fn run(self) {
        loop {
            let pause = match self.anchor().await {
                Ok(anchored) => {
                    self.count(anchored).await;
                    self.every
                }
                Err(error) => {
                    tracing::error!(%error, "the log's head is not on the ledger: it is tried again");
                    self.every.min(PAUSE)
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Publishes the head that there is when the service stops. Where the ledger does not answer soon, it is published when
    /// the service runs again.
    pub async fn last(self) {
        match tokio::time::timeout(LAST, self.anchor()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "the log's head is not on the ledger"),
            Err(_) => tracing::error!("the ledger does not answer: the log's head is not on it"),
        }
    }

    async fn count(&self, anchored: Option<Head>) {
        if let Ok(head) = self.store.log_head(&self.tenant).await {
            let anchored = anchored.map_or(0, |anchored| anchored.size);
            self.metrics.unanchored(head.size.saturating_sub(anchored));
        }
    }

    // Over the log's first entries.
    async fn root(&self, size: u64) -> Result<Hash, LogAnchorError> {
        let no_log = |_| StoreError::Row("a log of this size");
        let plan = Plan::root(size).map_err(no_log)?;
        let ids: Vec<_> = plan.nodes().collect();
        let nodes = self.store.log_nodes(&self.tenant, &ids).await?;
        let missing = StoreError::Row("a log without some of its nodes");
        let root = plan.prove_from(&nodes).ok().and_then(|root| root.first().copied());
        Ok(root.ok_or(missing)?)
    }

    async fn asked<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&LogAnchor) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LogAnchorError> {
        let anchor = self.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&anchor)).await;
        Ok(asked.map_err(|_| LogAnchorError::Panicked)??)
    }
}
