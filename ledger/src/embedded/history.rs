//! The embedded chain's blocks and their events, in the order in which they were made.
//!
//! ```text
//! file  = "medproof-blocks" ‖ 1(8) ‖ block*
//! block = length(32) ‖ body ‖ SHA-256(body)
//! body  = number(64) ‖ hash(256) ‖ time(64) ‖ transaction(256) ‖ count(32) ‖ log*
//! log   = address(160) ‖ count(8) ‖ topic(256)* ‖ length(32) ‖ data
//! ```
//!
//! A block is written here before the state is replaced, and counts once the state has its number: what a crash
//! left behind the state's block is written over.

use super::store::{StoreError, io_error};
use super::world::{Input, World};
use crate::chain::{BlockLog, BlockRef, Log};
use crate::{Address, B256};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 16] = b"medproof-blocks\x01";
const FILE: &str = "blocks.bin";
const DIGEST: usize = 32;

/// A block with its only transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub at: BlockRef,
    pub transaction: B256,
    pub logs: Vec<Log>,
}

/// All blocks that are kept.
#[derive(Debug)]
pub(crate) struct History {
    directory: PathBuf,
    file: File,
    // Of what counts.
    length: u64,
    blocks: Vec<Block>,
}

/// A block that is on disk and does not count yet.
pub(crate) struct Written {
    block: Block,
    length: u64,
}

impl History {
    /// Reads a directory's. Where it does not lead to the state's block (a ledger older than this file, or a state
    /// put in its place), nothing of it is this state's: it begins anew with the next block.
    pub fn open(directory: &Path, world: &World) -> Result<History, StoreError> {
        let failed = |source| io_error(directory, "read", source);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(directory.join(FILE))
            .map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let mut history = History {
            directory: directory.to_path_buf(),
            file,
            length: 0,
            blocks: Vec::new(),
        };
        history.length = history.read(&bytes, world.number)?;
        let last = history.blocks.last().map(|block| (block.at.number, block.at.hash));
        if last.unwrap_or_default() != (world.number, world.hash) {
            history.blocks.clear();
            history.length = 0;
        }
        Ok(history)
    }

    // As far as this block. A torn end is one that does not count.
    fn read(&mut self, bytes: &[u8], last: u64) -> Result<u64, StoreError> {
        let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
            return if bytes.len() < MAGIC.len() {
                Ok(0)
            } else {
                Err(self.damaged("another file"))
            };
        };
        let mut length = MAGIC.len();
        while self.blocks.last().map_or(0, |block| block.at.number) < last {
            let Some((body, after)) = record(rest) else { break };
            let block = decode(body).ok_or_else(|| self.damaged("a block of another form"))?;
            let follows = self
                .blocks
                .last()
                .is_none_or(|before| before.at.number + 1 == block.at.number);
            if !follows {
                return Err(self.damaged("a block in another's place"));
            }
            length += rest.len() - after.len();
            rest = after;
            self.blocks.push(block);
        }
        Ok(length as u64)
    }

    fn damaged(&self, found: &str) -> StoreError {
        StoreError::Damaged {
            path: self.directory.display().to_string(),
            expected: "blocks one after the other".into(),
            found: found.into(),
        }
    }

    /// Makes a block durable, without counting it.
    pub fn write(&mut self, block: Block) -> Result<Written, StoreError> {
        let body = encode(&block);
        let mut bytes = Vec::with_capacity(MAGIC.len() + 4 + body.len() + DIGEST);
        if self.length == 0 {
            bytes.extend(MAGIC);
        }
        bytes.extend((body.len() as u32).to_be_bytes());
        bytes.extend(&body);
        bytes.extend(Sha256::digest(&body));
        let mut put = || {
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
            self.file.write_all(&bytes)?;
            self.file.sync_data()
        };
        put().map_err(|source| io_error(&self.directory, "written", source))?;
        let length = self.length + bytes.len() as u64;
        Ok(Written { block, length })
    }

    /// Counts it: the state has its number.
    pub fn keep(&mut self, written: Written) {
        self.length = written.length;
        self.blocks.push(written.block);
    }

    /// The oldest block that is kept.
    pub fn oldest(&self) -> Option<u64> {
        self.blocks.first().map(|block| block.at.number)
    }

    /// A block, if it is kept.
    pub fn block(&self, number: u64) -> Option<&Block> {
        let place = number.checked_sub(self.oldest()?)?;
        self.blocks.get(usize::try_from(place).ok()?)
    }

    /// What these contracts left in these blocks, both ends included.
    pub fn logs(&self, contracts: &[Address], from: u64, to: u64) -> Vec<BlockLog> {
        let blocks = self
            .blocks
            .iter()
            .filter(|block| (from..=to).contains(&block.at.number));
        let logs = blocks.flat_map(|block| {
            block.logs.iter().enumerate().map(move |(index, log)| BlockLog {
                block: block.at.number,
                block_hash: block.at.hash,
                index: index as u64,
                transaction: block.transaction,
                log: log.clone(),
            })
        });
        logs.filter(|found| contracts.contains(&found.log.address)).collect()
    }
}

// The first record's body, and what follows it.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (body, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let (digest, rest) = rest.split_first_chunk::<DIGEST>()?;
    (Sha256::digest(body).as_slice() == digest).then_some((body, rest))
}

fn encode(block: &Block) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(block.at.number.to_be_bytes());
    out.extend(block.at.hash);
    out.extend(block.at.time.to_be_bytes());
    out.extend(block.transaction);
    out.extend((block.logs.len() as u32).to_be_bytes());
    for log in &block.logs {
        out.extend(log.address);
        out.push(log.topics.len() as u8);
        log.topics.iter().for_each(|topic| out.extend(topic));
        out.extend((log.data.len() as u32).to_be_bytes());
        out.extend(&log.data);
    }
    out
}

fn decode(bytes: &[u8]) -> Option<Block> {
    let mut input = Input(bytes);
    let at = BlockRef {
        number: input.u64()?,
        hash: B256::from(input.array()?),
        time: input.u64()?,
    };
    let transaction = B256::from(input.array()?);
    let mut logs = Vec::new();
    for _ in 0..u32::from_be_bytes(input.array()?) {
        let address = Address::from(input.array()?);
        let [count] = input.array()?;
        let topics = (0..count)
            .map(|_| input.array().map(B256::from))
            .collect::<Option<_>>()?;
        let length = usize::try_from(u32::from_be_bytes(input.array()?)).ok()?;
        let data = input.take(length)?.to_vec();
        logs.push(Log { address, topics, data });
    }
    let block = Block { at, transaction, logs };
    input.0.is_empty().then_some(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(number: u64) -> World {
        let mut world = World::default();
        (world.number, world.hash) = (number, B256::repeat_byte(number as u8));
        world
    }

    fn block(number: u64) -> Block {
        Block {
            at: BlockRef {
                number,
                hash: B256::repeat_byte(number as u8),
                time: 1_700_000_000 + number,
            },
            transaction: B256::repeat_byte(7),
            logs: vec![
                Log {
                    address: Address::repeat_byte(number as u8),
                    topics: vec![B256::repeat_byte(1), B256::repeat_byte(2)],
                    data: vec![3; 70],
                };
                2
            ],
        }
    }

    fn kept(directory: &Path, last: u64) {
        let mut history = History::open(directory, &World::default()).unwrap();
        for number in 1..=last {
            let written = history.write(block(number)).unwrap();
            history.keep(written);
        }
    }

    #[test]
    fn blocks_are_there_again_as_far_as_the_state_is() {
        let directory = tempfile::tempdir().unwrap();
        kept(directory.path(), 3);
        for last in 1..=3 {
            let history = History::open(directory.path(), &world(last)).unwrap();
            assert_eq!(history.blocks, (1..=last).map(block).collect::<Vec<_>>());
        }
        // Written, and the state never replaced: the next block takes its place.
        let mut history = History::open(directory.path(), &world(2)).unwrap();
        let other = Block {
            transaction: B256::ZERO,
            ..block(3)
        };
        let written = history.write(other.clone()).unwrap();
        history.keep(written);
        let history = History::open(directory.path(), &world(3)).unwrap();
        assert_eq!(history.block(3), Some(&other));
        assert_eq!(history.logs(&[Address::repeat_byte(2)], 1, 3).len(), 2);
        assert!(history.logs(&[Address::repeat_byte(2)], 3, 3).is_empty());
    }

    #[test]
    fn a_torn_end_does_not_count_and_a_state_of_another_chain_begins_anew() {
        let directory = tempfile::tempdir().unwrap();
        kept(directory.path(), 2);
        let path = directory.path().join(FILE);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(History::open(directory.path(), &world(1)).unwrap().blocks.len(), 1);
        // The state has a block whose record is gone.
        let history = History::open(directory.path(), &world(2)).unwrap();
        assert_eq!((history.oldest(), history.length), (None, 0));
        let mut stranger = world(1);
        stranger.hash = B256::ZERO;
        assert_eq!(History::open(directory.path(), &stranger).unwrap().oldest(), None);
        std::fs::write(&path, [b"something else!!", &bytes[16..]].concat()).unwrap();
        assert!(matches!(
            History::open(directory.path(), &world(1)),
            Err(StoreError::Damaged { .. })
        ));
    }
}
