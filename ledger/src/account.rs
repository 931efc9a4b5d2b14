//! Accounts that send transactions.

use crate::{Address, B256, U256};
use alloy_primitives::keccak256;
use k256::ecdsa::SigningKey;
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

/// A secp256k1 key and its address. The key is erased on drop and never shown.
#[derive(Clone)]
pub struct Account {
    key: SigningKey,
    address: Address,
}

/// 32 bytes that are no secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a secp256k1 secret key between 1 and the group order, found 32 bytes that are none")]
pub struct AccountError;

/// r, s and the recovery bit.
pub(crate) struct Signature {
    pub r: U256,
    pub s: U256,
    pub odd: bool,
}

impl Account {
    /// From a secret key in big-endian bytes.
    ///
    /// # Errors
    /// [`AccountError`] if it is zero or not below the group order.
    pub fn from_secret(secret: &[u8; 32]) -> Result<Account, AccountError> {
        let key = SigningKey::from_slice(secret).map_err(|_| AccountError)?;
        let point = key.verifying_key().to_encoded_point(false);
        // The first byte only says that the point is uncompressed.
        let hash = keccak256(point.as_bytes().get(1..).unwrap_or_default());
        Ok(Account {
            key,
            address: Address::from_word(hash),
        })
    }

    /// An account whose key everybody can compute from its label: for development chains only.
    ///
    /// # Errors
    /// [`AccountError`] for a label whose digest is no key: one of 2¹²⁸.
    pub fn development(label: &str) -> Result<Account, AccountError> {
        let digest = Sha256::new()
            .chain_update(b"medproof/v1/development-account/")
            .chain_update(label.as_bytes())
            .finalize();
        Account::from_secret(&Zeroizing::new(digest.into()))
    }

    /// The account's address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }

    /// Signs a digest; deterministic, s in the lower half.
    pub(crate) fn sign(&self, digest: &B256) -> Result<Signature, AccountError> {
        let (signature, recovery) = self
            .key
            .sign_prehash_recoverable(digest.as_slice())
            .map_err(|_| AccountError)?;
        Ok(Signature {
            r: U256::from_be_slice(&signature.r().to_bytes()),
            s: U256::from_be_slice(&signature.s().to_bytes()),
            odd: recovery.is_y_odd(),
        })
    }
}

impl core::fmt::Debug for Account {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Account({})", self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_of_the_key_one() {
        let mut secret = [0u8; 32];
        secret[31] = 1;
        let account = Account::from_secret(&secret).unwrap();
        assert_eq!(
            account.address().to_string(),
            "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
        );
        assert!(!format!("{account:?}").contains("0000000001"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(Account::from_secret(&[0; 32]).unwrap_err(), AccountError);
        assert_eq!(Account::from_secret(&[0xff; 32]).unwrap_err(), AccountError);
    }
}
