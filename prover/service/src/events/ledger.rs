//! What happens on the ledger, told to whom it concerns, and to who ends jobs because of it.

use super::Kind;
use crate::store::{Concerned, LedgerNotice, Store, StoreError};
use medproof_ledger::{
    Address, BlockRef, Cursor, Ledger, LedgerError, LedgerEvent, Look, Noticed, WatchError, Watcher,
};
use medproof_statement::{Fr, field};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::watch;

/// Who has something to do when the ledger changes: ends jobs under a consent that was revoked there, …
///
/// It is called before it is written that the change was seen, in the ledger's order, and again after a failure or
/// the service's end in between: what it does twice must be as if done once.
#[tonic::async_trait]
pub trait LedgerChanged: Send + Sync {
    /// Something happened.
    ///
    /// # Errors
    /// [`StoreError`]: it is called again.
    async fn noticed(&self, noticed: &Noticed) -> Result<(), StoreError>;

    /// What happened after this block, or ever, may not have happened; what did is told again.
    ///
    /// # Errors
    /// [`StoreError`]: it is called again.
    async fn reorganised(&self, back_to: Option<u64>) -> Result<(), StoreError>;
}

/// When the ledger was last looked at; its clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<Option<Instant>>>);

impl Seen {
    /// How long ago; none if it never was.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        let at = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        at.map(|at| at.elapsed())
    }

    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

/// Watches the ledger.
pub struct LedgerWatch {
    /// Where events are written, and how far the ledger was watched.
    pub store: Store,
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// Whose roots the presentations of this service are under.
    pub issuer: Address,
    /// Who is told.
    pub changed: Vec<Arc<dyn LedgerChanged>>,
    /// When it was last looked at.
    pub seen: Seen,
    /// Between two looks.
    pub glance: Duration,
}

/// Between two looks, usually.
pub const GLANCE: Duration = Duration::from_secs(2);

/// Why a look was in vain. The next one begins where it did.
#[derive(Debug, Error)]
pub enum LookError {
    /// The ledger could not be watched.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// Nor written down what was seen.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cursor in the store is none.
    #[error("the store has a cursor of another version: delete the ledger's row in its table `ledgers`")]
    Cursor,
    /// The thread that looked is gone.
    #[error("the look at the ledger ended early")]
    Panicked,
}

impl LedgerWatch {
    /// Watches until told to stop. Where ledger or store do not answer, they are tried again.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut watcher = None;
        while !*stop.borrow() {
            match self.look(&mut watcher).await {
                // There is more.
                Ok(behind) if behind > 0 => continue,
                Ok(_) => {}
                Err(error) => {
                    let age = self.seen.age().map(|age| age.as_secs());
                    tracing::error!(%error, last_seen_s = age, "the ledger is not watched: it is tried again");
                }
            }
            if tokio::time::timeout(self.glance, stop.changed())
                .await
                .is_ok_and(|changed| changed.is_err())
            {
                return;
            }
        }
    }

    /// Looks once. How many blocks are left to look at.
    ///
    /// # Errors
    /// [`LookError`].
    pub async fn look(&self, watcher: &mut Option<Watcher>) -> Result<u64, LookError> {
        let name = self.name();
        // Read each time: another process may have come further.
        let cursor: Cursor = match self.store.ledger_cursor(&name).await? {
            Some(text) => serde_json::from_str(&text).map_err(|_| LookError::Cursor)?,
            None => Cursor::default(),
        };
        let mut looking = watcher.take().unwrap_or_else(|| Watcher::new(Arc::clone(&self.ledger)));
        let looked = tokio::task::spawn_blocking(move || {
            let look = looking.look(&cursor);
            (looking, look)
        });
        let (looked, look) = looked.await.map_err(|_| LookError::Panicked)?;
        *watcher = Some(looked);
        let (notices, cursor, behind) = match look? {
            Look::Events { events, cursor, behind } => {
                for event in &events {
                    for changed in &self.changed {
                        changed.noticed(event).await?;
                    }
                }
                (self.notices(&events).await?, cursor, behind)
            }
            Look::Reorg { back_to, cursor } => {
                tracing::error!(
                    back_to,
                    "the ledger has other blocks than it had: it is read anew from there"
                );
                for changed in &self.changed {
                    changed.reorganised(back_to).await?;
                }
                let notice = LedgerNotice {
                    kind: Kind::LedgerReorganised,
                    concerned: Concerned::All,
                    place: self.head().await?.hash.to_string(),
                };
                (vec![notice], cursor, 1)
            }
        };
        let cursor = serde_json::to_string(&cursor).map_err(|_| LookError::Cursor)?;
        self.store.noticed(&name, &notices, &cursor).await?;
        self.seen.now();
        Ok(behind)
    }

    fn name(&self) -> String {
        let deployment = self.ledger.deployment();
        format!("{}:{}", deployment.chain_id, deployment.records)
    }

    async fn notices(&self, events: &[Noticed]) -> Result<Vec<LedgerNotice>, LookError> {
        let mut notices: Vec<LedgerNotice> = events.iter().filter_map(|event| self.notice(event)).collect();
        let published = events.iter().any(|noticed| {
            let issuer = match noticed.event {
                LedgerEvent::RootPublished { issuer, .. } | LedgerEvent::Heartbeat { issuer, .. } => issuer,
                _ => return false,
            };
            issuer == self.issuer
        });
        if published {
            notices.extend(self.superseded().await?);
        }
        Ok(notices)
    }

    fn notice(&self, noticed: &Noticed) -> Option<LedgerNotice> {
        let of_issuer = |issuer, kind| (issuer == self.issuer).then_some((kind, Concerned::All));
        let (kind, concerned) = match noticed.event {
            LedgerEvent::IssuerSuspended { issuer } => of_issuer(issuer, Kind::IssuerSuspended)?,
            LedgerEvent::IssuerReinstated { issuer } => of_issuer(issuer, Kind::IssuerReinstated)?,
            LedgerEvent::Paused => (Kind::LedgerPaused, Concerned::All),
            LedgerEvent::Unpaused => (Kind::LedgerResumed, Concerned::All),
            LedgerEvent::KeyRetiring { key_id } => (Kind::KeyRetiring, Concerned::Key(key_id.0)),
            LedgerEvent::KeyRevoked { key_id } => (Kind::KeyRevoked, Concerned::Key(key_id.0)),
            LedgerEvent::ConsentRevoked { handle } => {
                (Kind::ConsentRevoked, Concerned::Handle(field::to_bytes(&handle)))
            }
            // Roots are looked at all together; that others may publish or prove concerns nobody here.
            _ => return None,
        };
        Some(LedgerNotice {
            kind,
            concerned,
            place: format!("{}:{}", noticed.block_hash, noticed.index),
        })
    }

    // Which of the roots that presentations are under are superseded: as the ledger has it now, for a publication that
    // was noticed late says nothing of roots after it.
    async fn superseded(&self) -> Result<Vec<LedgerNotice>, LookError> {
        let roots = self.store.roots().await?;
        let (ledger, issuer) = (Arc::clone(&self.ledger), self.issuer);
        let looked = tokio::task::spawn_blocking(move || {
            let mut superseded = Vec::new();
            for root in roots {
                // One that is none was never published either.
                let entry = match field::from_bytes(&root) {
                    Ok(root) => entry(&*ledger, issuer, root)?,
                    Err(_) => None,
                };
                if entry.is_some_and(|superseded_at| superseded_at.is_some()) {
                    superseded.push(root);
                }
            }
            Ok::<_, LedgerError>(superseded)
        });
        let roots = looked
            .await
            .map_err(|_| LookError::Panicked)?
            .map_err(WatchError::from)?;
        let notice = |root| LedgerNotice {
            kind: Kind::RootSuperseded,
            concerned: Concerned::Root(root),
            place: hex::encode(root),
        };
        Ok(roots.into_iter().map(notice).collect())
    }

    async fn head(&self) -> Result<BlockRef, LookError> {
        let ledger = Arc::clone(&self.ledger);
        let head = tokio::task::spawn_blocking(move || ledger.head()).await;
        let head = head.map_err(|_| LookError::Panicked)?.map_err(WatchError::from)?;
        Ok(head)
    }
}

// Of a root that was published, when it was superseded, if it was.
fn entry(ledger: &dyn Ledger, issuer: Address, root: Fr) -> Result<Option<Option<u64>>, LedgerError> {
    Ok(ledger.root_status(issuer, root)?.entry.map(|entry| entry.superseded_at))
}
