//! The embedded chain's state, and its one encoding.

use crate::{Address, B256, U256};
use alloy_primitives::{Bytes, keccak256};
use core::convert::Infallible;
use revm::bytecode::Bytecode;
use revm::database_interface::Database;
use revm::primitives::KECCAK_EMPTY;
use revm::state::{AccountInfo, EvmState};
use std::collections::BTreeMap;

/// Everything that a transaction can read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct World {
    pub number: u64,
    pub hash: B256,
    pub time: u64,
    /// By how much the chain's time is ahead of the clock's, in seconds.
    pub ahead: u64,
    accounts: BTreeMap<Address, Account>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Account {
    nonce: u64,
    balance: U256,
    code: Bytes,
    storage: BTreeMap<U256, U256>,
}

impl World {
    /// The account's next nonce.
    pub fn nonce(&self, address: &Address) -> u64 {
        self.accounts.get(address).map_or(0, |account| account.nonce)
    }

    /// The code at an address.
    pub fn code(&self, address: &Address) -> Bytes {
        self.accounts
            .get(address)
            .map(|account| account.code.clone())
            .unwrap_or_default()
    }

    /// The next block: this state with a transaction's changes.
    pub fn next(&self, time: u64, changes: EvmState) -> World {
        let mut next = self.clone();
        for (address, change) in changes {
            if !change.is_touched() {
                continue;
            }
            let account = next.accounts.entry(address).or_default();
            account.nonce = change.info.nonce;
            account.balance = change.info.balance;
            if let Some(code) = &change.info.code {
                account.code = code.original_bytes();
            }
            for (slot, value) in change.storage {
                if value.present_value.is_zero() {
                    account.storage.remove(&slot);
                } else {
                    account.storage.insert(slot, value.present_value);
                }
            }
        }
        next.number += 1;
        next.time = time;
        // Of the parent (still in `hash`), the number, the time and the whole state.
        next.hash = keccak256(next.encode());
        next
    }

    /// Fixed-width big-endian numbers, everything in order: one state has one encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for x in [self.number, self.time, self.ahead, self.accounts.len() as u64] {
            out.extend(x.to_be_bytes());
        }
        out.extend(self.hash);
        for (address, account) in &self.accounts {
            out.extend(address);
            out.extend(account.nonce.to_be_bytes());
            out.extend(account.balance.to_be_bytes::<32>());
            out.extend((account.code.len() as u64).to_be_bytes());
            out.extend(&account.code);
            out.extend((account.storage.len() as u64).to_be_bytes());
            for (slot, value) in &account.storage {
                out.extend(slot.to_be_bytes::<32>());
                out.extend(value.to_be_bytes::<32>());
            }
        }
        out
    }

    /// Reads what [`World::encode`] wrote; `None` for anything else.
    pub fn decode(bytes: &[u8]) -> Option<World> {
        let mut input = Input(bytes);
        let (number, time, ahead, count) = (input.u64()?, input.u64()?, input.u64()?, input.u64()?);
        let hash = B256::from(input.array()?);
        let mut accounts = BTreeMap::new();
        for _ in 0..count {
            let address = Address::from(input.array()?);
            let (nonce, balance) = (input.u64()?, U256::from_be_bytes::<32>(input.array()?));
            let length = usize::try_from(input.u64()?).ok()?;
            let code = Bytes::copy_from_slice(input.take(length)?);
            let mut storage = BTreeMap::new();
            for _ in 0..input.u64()? {
                let slot = U256::from_be_bytes::<32>(input.array()?);
                storage.insert(slot, U256::from_be_bytes::<32>(input.array()?));
            }
            accounts.insert(
                address,
                Account {
                    nonce,
                    balance,
                    code,
                    storage,
                },
            );
        }
        let world = World {
            number,
            hash,
            time,
            ahead,
            accounts,
        };
        // Order and repetition: only the one encoding is accepted.
        (input.0.is_empty() && world.encode() == bytes).then_some(world)
    }
}

/// What is left to read.
pub(super) struct Input<'a>(pub(super) &'a [u8]);

impl<'a> Input<'a> {
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head)
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }
}

impl Database for &World {
    type Error = Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.accounts.get(&address).map(|account| {
            let code = Bytecode::new_raw(account.code.clone());
            let code_hash = if account.code.is_empty() {
                KECCAK_EMPTY
            } else {
                code.hash_slow()
            };
            AccountInfo::new(account.balance, account.nonce, code_hash, code)
        }))
    }

    fn code_by_hash(&mut self, _: B256) -> Result<Bytecode, Infallible> {
        // Never asked for: `basic` hands the code out with the account.
        Ok(Bytecode::default())
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Infallible> {
        let account = self.accounts.get(&address);
        Ok(account.and_then(|a| a.storage.get(&slot)).copied().unwrap_or_default())
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Infallible> {
        // Older ones are not kept; no contract of ours asks.
        Ok(if number == self.number { self.hash } else { B256::ZERO })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> World {
        let account = Account {
            nonce: 3,
            balance: U256::from(7),
            code: Bytes::from_static(&[0x60, 0x00]),
            storage: [(U256::from(1), U256::from(2)), (U256::MAX, U256::from(5))].into(),
        };
        World {
            number: 9,
            hash: B256::repeat_byte(8),
            time: 1_700_000_000,
            ahead: 12,
            accounts: [(Address::repeat_byte(1), account), (Address::ZERO, Account::default())].into(),
        }
    }

    #[test]
    fn encoding_round_trips() {
        assert_eq!(World::decode(&world().encode()), Some(world()));
        assert_eq!(World::decode(&World::default().encode()), Some(World::default()));
    }

    #[test]
    fn every_truncation_and_a_trailing_byte_are_refused() {
        let bytes = world().encode();
        for length in 0..bytes.len() {
            assert_eq!(World::decode(&bytes[..length]), None, "{length}");
        }
        assert_eq!(World::decode(&[bytes, vec![0]].concat()), None);
    }
}
