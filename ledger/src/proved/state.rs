//! The state of one block, as far as it was proved.

use super::Unproved;
use crate::error::{ChainError, shown};
use crate::rpc::transport::Transport;
use crate::rpc::wire;
use crate::{Address, B256, U256};
use alloy_primitives::{Bytes, keccak256};
use alloy_trie::proof::verify_proof;
use alloy_trie::{Nibbles, TrieAccount};
use revm::bytecode::Bytecode;
use revm::database_interface::Database;
use revm::primitives::KECCAK_EMPTY;
use revm::state::AccountInfo;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// What was asked of the node, proved under the state's root, and kept: a block's state never changes.
#[derive(Debug)]
pub(super) struct State {
    transport: Transport,
    block: B256,
    root: B256,
    accounts: BTreeMap<Address, Account>,
}

#[derive(Clone, Debug)]
struct Account {
    proved: TrieAccount,
    code: Bytecode,
    storage: BTreeMap<U256, U256>,
}

impl State {
    pub const fn new(transport: Transport, block: B256, root: B256) -> State {
        State {
            transport,
            block,
            root,
            accounts: BTreeMap::new(),
        }
    }

    /// The account's next nonce.
    pub fn nonce(&mut self, address: Address) -> Result<u64, ChainError> {
        Ok(self.account(address)?.proved.nonce)
    }

    /// The code at an address.
    pub fn code(&mut self, address: Address) -> Result<Vec<u8>, ChainError> {
        Ok(self.account(address)?.code.original_bytes().to_vec())
    }

    fn account(&mut self, address: Address) -> Result<&mut Account, ChainError> {
        match self.accounts.entry(address) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let at = json!({ "blockHash": self.block });
                let answer = self.transport.ask("eth_getProof", &json!([address, [], at]))?;
                let proved = account(&answer, self.root, self.block, address)?;
                let code = match proved.code_hash {
                    KECCAK_EMPTY => Bytes::new(),
                    expected => {
                        let found = self.transport.ask("eth_getCode", &json!([address, at]))?;
                        code(&found, address, expected)?
                    }
                };
                let code = Bytecode::new_raw_checked(code).map_err(|error| ChainError::Failed {
                    to: address,
                    reason: error.to_string(),
                })?;
                Ok(unknown.insert(Account {
                    proved,
                    code,
                    storage: BTreeMap::new(),
                }))
            }
        }
    }

    fn slot(&mut self, address: Address, slot: U256) -> Result<U256, ChainError> {
        let block = self.block;
        let account = self.account(address)?;
        if let Some(value) = account.storage.get(&slot) {
            return Ok(*value);
        }
        let root = account.proved.storage_root;
        let params = json!([address, [B256::from(slot)], { "blockHash": block }]);
        let answer = self.transport.ask("eth_getProof", &params)?;
        let value = storage(&answer, root, block, address, slot)?;
        self.account(address)?.storage.insert(slot, value);
        Ok(value)
    }
}

/// The account of this address in the state of this root. Whose the node says it is, is not looked
/// at: only the path of this address leads to it.
fn account(answer: &Value, root: B256, block: B256, address: Address) -> Result<TrieAccount, ChainError> {
    let said = TrieAccount {
        nonce: wire::quantity("nonce", &answer["nonce"])?,
        balance: wire::word("balance", &answer["balance"])?,
        storage_root: wire::hash("root of an account's storage", &answer["storageHash"])?,
        code_hash: wire::hash("hash of an account's code", &answer["codeHash"])?,
    };
    // Nodes write what is not there in several ways; what has nothing is not there (EIP-161).
    let nothing = said.nonce == 0 && said.balance.is_zero() && [KECCAK_EMPTY, B256::ZERO].contains(&said.code_hash);
    let said = if nothing { TrieAccount::default() } else { said };
    let value = (!nothing).then(|| alloy_rlp::encode(said));
    verify(root, address.as_slice(), value, &answer["accountProof"], |reason| {
        Unproved::Account { address, block, reason }
    })?;
    Ok(said)
}

/// The value of this slot in the storage of this root. Which slot the node says it is, is not
/// looked at either.
fn storage(answer: &Value, root: B256, block: B256, address: Address, slot: U256) -> Result<U256, ChainError> {
    let found = &answer["storageProof"][0];
    let said = wire::word("value of a slot", &found["value"])?;
    // A slot of zero is one that is not there.
    let value = (!said.is_zero()).then(|| alloy_rlp::encode(said));
    verify(root, B256::from(slot).as_slice(), value, &found["proof"], |reason| {
        Unproved::Storage {
            address,
            slot,
            block,
            reason,
        }
    })?;
    Ok(said)
}

fn code(found: &Value, address: Address, expected: B256) -> Result<Bytes, ChainError> {
    let code = wire::bytes("code", found)?;
    let found = keccak256(&code);
    if found == expected {
        Ok(code.into())
    } else {
        Err(Unproved::Code {
            address,
            expected,
            found,
        }
        .into())
    }
}

/// Requires that the trie of this root has this value, or none, under the key's hash.
fn verify(
    root: B256,
    key: &[u8],
    value: Option<Vec<u8>>,
    proof: &Value,
    unproved: impl FnOnce(String) -> Unproved,
) -> Result<(), ChainError> {
    let nodes = proof
        .as_array()
        .ok_or_else(|| wire::malformed("proof", proof.to_string()))?
        .iter()
        .map(|node| Ok(wire::bytes("node of a proof", node)?.into()))
        .collect::<Result<Vec<Bytes>, ChainError>>()?;
    let path = Nibbles::unpack(keccak256(key));
    Ok(verify_proof(root, path, value, &nodes).map_err(|error| unproved(shown(&error.to_string())))?)
}

impl Database for State {
    type Error = ChainError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, ChainError> {
        let Account { proved, code, .. } = self.account(address)?;
        let absent = *proved == TrieAccount::default();
        Ok((!absent).then(|| AccountInfo::new(proved.balance, proved.nonce, proved.code_hash, code.clone())))
    }

    fn code_by_hash(&mut self, _: B256) -> Result<Bytecode, ChainError> {
        // Never asked for: `basic` hands the code out with the account.
        Ok(Bytecode::default())
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, ChainError> {
        self.slot(address, slot)
    }

    fn block_hash(&mut self, _: u64) -> Result<B256, ChainError> {
        // A header proves only its parent's; no contract of ours asks.
        Err(Unproved::Unprovable {
            asked: "the hash of another block",
            block: self.block,
        }
        .into())
    }
}
