//! The ledger as a verifier sees it: what presentations under one root take, read at one block.

use crate::live::LiveView;
use medproof_ledger::{Ledger, LedgerError};
use medproof_messages::KeyId;
use medproof_statement::Fr;
use medproof_verifier::LedgerView;
use medproof_verifier::ledger::{KeyStatus, RootEntry, Snapshot, Unavailable};
use std::collections::BTreeMap;
use thiserror::Error;

/// Why there is no view.
#[derive(Debug, Error)]
pub enum ViewError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What it says is none of what a verifier takes.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// It was another each time.
    #[error("the ledger moved on each time that it was read: try again")]
    Moving,
}

/// How often reading starts again because the chain moved on meanwhile.
const ATTEMPTS: usize = 5;

/// What the ledger says about one root, some consents and one key.
#[derive(Clone, Debug)]
pub struct View {
    snapshot: Snapshot,
    root: (Fr, Vec<RootEntry>),
    consents: BTreeMap<Fr, bool>,
    key: (KeyId, KeyStatus),
}

impl View {
    /// Reads it, all at one final block.
    ///
    /// # Errors
    /// [`ViewError`] where the ledger cannot be read, or moves on faster than it is read.
    pub fn read(ledger: &dyn Ledger, root: Fr, consents: &[Fr], key: KeyId) -> Result<View, ViewError> {
        for _ in 0..ATTEMPTS {
            let head = ledger.head()?;
            let view = View::read_once(&LiveView::of(ledger), root, consents, key)?;
            if ledger.head()?.hash == head.hash {
                return Ok(view);
            }
        }
        Err(ViewError::Moving)
    }

    fn read_once(live: &LiveView<'_>, root: Fr, consents: &[Fr], key: KeyId) -> Result<View, Unavailable> {
        let looked = consents.iter().map(|handle| Ok((*handle, live.is_revoked(*handle)?)));
        Ok(View {
            snapshot: live.snapshot()?,
            root: (root, live.roots(root)?),
            consents: looked.collect::<Result<_, Unavailable>>()?,
            key: (key, live.key_status(&key)?),
        })
    }
}

fn unread(what: &str) -> Unavailable {
    Unavailable {
        reason: format!("this view was read for another {what}: read it again"),
    }
}

impl LedgerView for View {
    fn snapshot(&self) -> Result<Snapshot, Unavailable> {
        Ok(self.snapshot)
    }

    fn roots(&self, root: Fr) -> Result<Vec<RootEntry>, Unavailable> {
        match &self.root {
            (read, entries) if *read == root => Ok(entries.clone()),
            _ => Err(unread("root")),
        }
    }

    fn is_revoked(&self, consent_handle: Fr) -> Result<bool, Unavailable> {
        self.consents
            .get(&consent_handle)
            .copied()
            .ok_or_else(|| unread("consent"))
    }

    fn key_status(&self, key: &KeyId) -> Result<KeyStatus, Unavailable> {
        match self.key {
            (read, status) if read == *key => Ok(status),
            _ => Err(unread("key")),
        }
    }
}
