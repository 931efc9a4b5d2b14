//! What happens on the ledger, in its order, each event once: read off the final blocks' logs, from a cursor that
//! the caller keeps.
//!
//! A caller that writes the events of a look and its cursor in one transaction sees each exactly once. Final
//! blocks are not taken back; a chain that was restored from a backup has others all the same. That is noticed by
//! the hashes of blocks that the cursor remembers, and told as [`Look::Reorg`].

use crate::abi::{ConsentRegistry, KeyRegistry, RecordRegistry};
use crate::chain::{BlockLog, BlockRef};
use crate::deployment::Deployment;
use crate::error::ChainError;
use crate::field::scalar;
use crate::key::KeyId;
use crate::ledger::Ledger;
use crate::{Address, B256, LedgerError};
use alloy_sol_types::SolEvent;
use medproof_statement::Fr;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use thiserror::Error;

/// What a contract said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LedgerEvent {
    /// An issuer's roots count from now on.
    IssuerAdmitted {
        /// Its account.
        issuer: Address,
    },
    /// An issuer's roots, old and new, count no longer.
    IssuerSuspended {
        /// Its account.
        issuer: Address,
    },
    /// They count again.
    IssuerReinstated {
        /// Its account.
        issuer: Address,
    },
    /// An issuer has a new root: the one before is superseded as of this event's block, and accepted for the
    /// ledger's grace period after.
    RootPublished {
        /// Whose.
        issuer: Address,
        /// The new root.
        root: Fr,
        /// Its epoch.
        epoch: u64,
        /// How many records.
        size: u64,
    },
    /// An issuer published its current root again.
    Heartbeat {
        /// Whose.
        issuer: Address,
        /// The root.
        root: Fr,
        /// Its epoch.
        epoch: u64,
    },
    /// The council stopped all roots.
    Paused,
    /// It lets them count again.
    Unpaused,
    /// A key can be asked for.
    KeyRegistered {
        /// Which.
        key_id: KeyId,
    },
    /// A key answers open requests only.
    KeyRetiring {
        /// Which.
        key_id: KeyId,
    },
    /// A key answers nothing, for ever.
    KeyRevoked {
        /// Which.
        key_id: KeyId,
    },
    /// A holder ended a consent.
    ConsentRevoked {
        /// The consent's handle.
        handle: Fr,
    },
}

/// An event, and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noticed {
    /// What was said.
    pub event: LedgerEvent,
    /// The block's height.
    pub block: u64,
    /// The block's hash.
    pub block_hash: B256,
    /// Its place among the block's events: with the height it tells it from all others.
    pub index: u64,
    /// The block's time, in seconds since 1970 UTC.
    pub at: u64,
}

/// A block that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Its height.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
}

/// How far a watcher has seen: the last block, and of those before it fewer and fewer, so that it can be found how
/// far a chain that has other blocks is the same. The empty one has seen nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(Vec<Mark>);

impl Cursor {
    /// The last block that was seen.
    #[must_use]
    pub fn last(&self) -> Option<Mark> {
        self.0.last().copied()
    }

    // With one more. Of the blocks whose distance to it has the same number of bits the oldest stays, so that the
    // trail grows with the logarithm of the chain's length.
    fn and(&self, mark: Mark) -> Cursor {
        let mut kept: Vec<Mark> = Vec::new();
        let bits = |seen: &Mark| u64::BITS - mark.number.saturating_sub(seen.number).leading_zeros();
        for seen in self.0.iter().filter(|seen| seen.number < mark.number) {
            if kept.last().is_none_or(|before| bits(before) != bits(seen)) {
                kept.push(*seen);
            }
        }
        kept.push(mark);
        Cursor(kept)
    }
}

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// What happened since.
    Events {
        /// In its order.
        events: Vec<Noticed>,
        /// To look from the next time.
        cursor: Cursor,
        /// How many final blocks are left to look at: with any, look again at once.
        behind: u64,
    },
    /// The chain has other blocks than were seen: it was restored from a backup, or its final blocks were not
    /// final. What was told of blocks after this one may never have happened; what did is told again.
    Reorg {
        /// The last block that is known to be the same; none where all of what is remembered is gone.
        back_to: Option<u64>,
        /// To look from the next time.
        cursor: Cursor,
    },
}

/// Why a look found nothing: the cursor stays as it is, and the next look begins where this one did.
#[derive(Debug, Error)]
pub enum WatchError {
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The node's final block is before the last one that was seen.
    #[error(
        "the ledger's final block is {head}, blocks up to {seen} were seen; wait until the node has caught up, or \
         look whether its chain was restored from a backup"
    )]
    Behind {
        /// The node's.
        head: u64,
        /// The cursor's.
        seen: u64,
    },
    /// Blocks changed during the look.
    #[error("block {number} changed while its events were read; look again")]
    Changed {
        /// Which.
        number: u64,
    },
}

/// Watches a ledger.
pub struct Watcher {
    ledger: Arc<dyn Ledger>,
    // As many blocks are asked for at once.
    span: u64,
    looked: Option<Instant>,
}

// Many nodes refuse more than some thousands of blocks at once.
const SPAN: u64 = 2_000;
// JSON-RPC's: no smaller question would be answered either.
const NO_SUCH_METHOD: i64 = -32_601;

impl Watcher {
    /// Of this ledger.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>) -> Watcher {
        Watcher {
            ledger,
            span: SPAN,
            looked: None,
        }
    }

    /// How long ago a look last succeeded; none if none ever did.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.looked.map(|at| at.elapsed())
    }

    /// Looks at the final blocks after a cursor, as many as are read at once. Blocks for as long as the chain takes.
    ///
    /// # Errors
    /// [`WatchError`], to be tried again from the same cursor.
    pub fn look(&mut self, cursor: &Cursor) -> Result<Look, WatchError> {
        let look = self.after(cursor)?;
        self.looked = Some(Instant::now());
        Ok(look)
    }

    fn after(&mut self, cursor: &Cursor) -> Result<Look, WatchError> {
        let head = self.ledger.head()?;
        if let Some(reorg) = self.reorg(cursor, head.number)? {
            return Ok(reorg);
        }
        let seen = cursor.last().map(|mark| mark.number);
        if let Some(seen) = seen.filter(|seen| *seen > head.number) {
            return Err(WatchError::Behind {
                head: head.number,
                seen,
            });
        }
        let from = seen.map_or(self.ledger.deployment().block, |seen| seen + 1);
        if from > head.number {
            return Ok(Look::Events {
                events: Vec::new(),
                cursor: cursor.clone(),
                behind: 0,
            });
        }
        let (events, last) = self.read(from, head.number)?;
        Ok(Look::Events {
            events,
            cursor: cursor.and(Mark {
                number: last.number,
                hash: last.hash,
            }),
            behind: head.number - last.number,
        })
    }

    // Whether blocks that the node has are others than were seen.
    fn reorg(&self, cursor: &Cursor, head: u64) -> Result<Option<Look>, WatchError> {
        let mut kept = cursor.0.clone();
        let mut other = false;
        while let Some(mark) = kept.last() {
            // Those above its head it does not have yet, or not again: they tell nothing.
            if mark.number <= head {
                match self.kept(mark.number)? {
                    Some(block) if block.hash == mark.hash => break,
                    Some(_) => other = true,
                    // One of several nodes that answer lags, or old blocks are not kept: it tells nothing.
                    None if other => {}
                    None => return Err(WatchError::Changed { number: mark.number }),
                }
            }
            kept.pop();
        }
        Ok(other.then(|| Look::Reorg {
            back_to: kept.last().map(|mark| mark.number),
            cursor: Cursor(kept),
        }))
    }

    // A block, where it is kept.
    fn kept(&self, number: u64) -> Result<Option<BlockRef>, LedgerError> {
        match self.ledger.block(number) {
            Err(LedgerError::Chain(ChainError::Forgotten { .. })) => Ok(None),
            found => found,
        }
    }

    // As many blocks as the node gives at once: half as many until it does.
    fn read(&mut self, from: u64, head: u64) -> Result<(Vec<Noticed>, BlockRef), WatchError> {
        loop {
            let to = head.min(from.saturating_add(self.span - 1));
            match self.between(from, to) {
                Err(WatchError::Ledger(LedgerError::Chain(error))) if to > from && too_much(&error) => {
                    self.span = (to - from).div_ceil(2);
                }
                Err(error) => return Err(error),
                Ok(found) => {
                    // A node that refused once may have been busy.
                    self.span = SPAN.min(self.span + self.span / 8 + 1);
                    return Ok(found);
                }
            }
        }
    }

    // The last block is read before and after: what was read in between is one chain's.
    fn between(&self, from: u64, to: u64) -> Result<(Vec<Noticed>, BlockRef), WatchError> {
        let last = self.block(to)?;
        let mut events = self.ledger.noticed(from, to)?;
        let mut times = BTreeMap::new();
        for event in &mut events {
            let block = match times.get(&event.block) {
                Some(block) => *block,
                None => *times.entry(event.block).or_insert(self.block(event.block)?),
            };
            if block.hash != event.block_hash {
                return Err(WatchError::Changed { number: event.block });
            }
            event.at = block.time;
        }
        if self.block(to)?.hash != last.hash {
            return Err(WatchError::Changed { number: to });
        }
        Ok((events, last))
    }

    fn block(&self, number: u64) -> Result<BlockRef, WatchError> {
        self.ledger.block(number)?.ok_or(WatchError::Changed { number })
    }
}

// Nodes have many codes for it, and many words.
fn too_much(error: &ChainError) -> bool {
    match error {
        ChainError::AnswerTooLarge { .. } => true,
        ChainError::Node { method, code, .. } => *method == "eth_getLogs" && *code != NO_SUCH_METHOD,
        _ => false,
    }
}

/// An event as its contract wrote it. Its block's time is not known yet.
pub(crate) fn read(deployment: &Deployment, found: &BlockLog) -> Result<Noticed, ChainError> {
    let event = match found.log.address {
        address if address == deployment.records => record_event(found)?,
        address if address == deployment.keys => key_event(found)?,
        address if address == deployment.consents => one::<ConsentRegistry::ConsentRevoked>(found)?.map(|e| {
            Ok(LedgerEvent::ConsentRevoked {
                handle: scalar(e.handle)?,
            })
        }),
        _ => None,
    };
    Ok(Noticed {
        event: event.ok_or_else(|| unknown(found))??,
        block: found.block,
        block_hash: found.block_hash,
        index: found.index,
        at: 0,
    })
}

type Read = Option<Result<LedgerEvent, ChainError>>;

fn record_event(found: &BlockLog) -> Result<Read, ChainError> {
    use RecordRegistry as R;
    if let Some(e) = one::<R::RootPublished>(found)? {
        return Ok(Some(scalar(e.root).map(|root| LedgerEvent::RootPublished {
            issuer: e.issuer,
            root,
            epoch: e.epoch,
            size: e.size,
        })));
    }
    if let Some(e) = one::<R::Heartbeat>(found)? {
        return Ok(Some(scalar(e.root).map(|root| LedgerEvent::Heartbeat {
            issuer: e.issuer,
            root,
            epoch: e.epoch,
        })));
    }
    let admitted = one::<R::IssuerAdmitted>(found)?.map(|e| LedgerEvent::IssuerAdmitted { issuer: e.issuer });
    let suspended = one::<R::IssuerSuspended>(found)?.map(|e| LedgerEvent::IssuerSuspended { issuer: e.issuer });
    let reinstated = one::<R::IssuerReinstated>(found)?.map(|e| LedgerEvent::IssuerReinstated { issuer: e.issuer });
    let paused = one::<R::Paused>(found)?.map(|_| LedgerEvent::Paused);
    let unpaused = one::<R::Unpaused>(found)?.map(|_| LedgerEvent::Unpaused);
    Ok(admitted.or(suspended).or(reinstated).or(paused).or(unpaused).map(Ok))
}

fn key_event(found: &BlockLog) -> Result<Read, ChainError> {
    use KeyRegistry as K;
    let registered = one::<K::KeyRegistered>(found)?.map(|e| LedgerEvent::KeyRegistered { key_id: e.keyId });
    let retiring = one::<K::KeyRetiring>(found)?.map(|e| LedgerEvent::KeyRetiring { key_id: e.keyId });
    let revoked = one::<K::KeyRevoked>(found)?.map(|e| LedgerEvent::KeyRevoked { key_id: e.keyId });
    Ok(registered.or(retiring).or(revoked).map(Ok))
}

// This event, if it is one. The decoder passes over stray bits and bytes; a contract leaves none.
fn one<E: SolEvent>(found: &BlockLog) -> Result<Option<E>, ChainError> {
    if found.log.topics.first() != Some(&E::SIGNATURE_HASH) {
        return Ok(None);
    }
    let event = E::decode_raw_log(found.log.topics.iter().copied(), &found.log.data).map_err(|_| unknown(found))?;
    let written = event.encode_log_data();
    if written.topics() == found.log.topics && *written.data == *found.log.data {
        Ok(Some(event))
    } else {
        Err(unknown(found))
    }
}

fn unknown(found: &BlockLog) -> ChainError {
    ChainError::Malformed {
        what: "event of a contract",
        found: format!(
            "another than this version knows, in block {} of {}",
            found.block, found.log.address
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Log;

    fn mark(number: u64) -> Mark {
        Mark {
            number,
            hash: B256::repeat_byte(number as u8),
        }
    }

    #[test]
    fn a_cursor_remembers_fewer_and_fewer() {
        let cursor = (1..=10_000).fold(Cursor::default(), |cursor, number| cursor.and(mark(number)));
        assert_eq!(cursor.last(), Some(mark(10_000)));
        assert!(cursor.0.len() < 30, "{}", cursor.0.len());
        // For every depth, a block is remembered that is not much deeper.
        for depth in 1..9_000 {
            let below = cursor.0.iter().rfind(|seen| seen.number <= 10_000 - depth).unwrap();
            assert!(10_000 - below.number <= 4 * depth + 4, "{depth}: {below:?}");
        }
        let text = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&text).unwrap(), cursor);
    }

    #[test]
    fn an_event_is_what_a_contract_writes_or_refused() {
        let address = Address::repeat_byte;
        let deployment = Deployment {
            chain_id: 1,
            governance: address(1),
            records: address(2),
            keys: address(3),
            consents: address(4),
            disclosures: address(5),
            logs: address(6),
            development: true,
            block: 0,
        };
        let suspended = RecordRegistry::IssuerSuspended { issuer: address(9) }.encode_log_data();
        let log = |address, topics: &[B256], data: &[u8]| BlockLog {
            block: 1,
            block_hash: B256::ZERO,
            index: 0,
            transaction: B256::ZERO,
            log: Log {
                address,
                topics: topics.to_vec(),
                data: data.to_vec(),
            },
        };
        let topics = suspended.topics();
        let event = read(&deployment, &log(address(2), topics, &[])).unwrap().event;
        assert_eq!(event, LedgerEvent::IssuerSuspended { issuer: address(9) });
        let mut stray = topics.to_vec();
        stray[1].0[0] = 1;
        for bad in [
            log(address(3), topics, &[]),
            log(address(5), topics, &[]),
            log(address(2), &stray, &[]),
            log(address(2), &topics[..1], &[]),
            log(address(2), topics, &[0]),
            log(address(2), &[], &[]),
        ] {
            assert!(
                matches!(read(&deployment, &bad), Err(ChainError::Malformed { .. })),
                "{bad:?}"
            );
        }
        // A handle that is no field element.
        let handle = ConsentRegistry::ConsentRevoked {
            handle: crate::U256::MAX,
        }
        .encode_log_data();
        assert!(read(&deployment, &log(address(4), handle.topics(), &[])).is_err());
    }
}
