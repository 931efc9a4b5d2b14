//! Verifying keys: their points are of the groups and unrelated, their bytes the only ones.

use crate::oracle::{canonical, ends_where_it_ends, refused};
use crate::target::Verdict;
use medproof_messages::key::{KeyId, PinnedKey, VerifyingKey};

/// The bare key.
pub fn verifying_key(input: &[u8]) -> Verdict {
    match VerifyingKey::from_bytes(input) {
        Err(error) => refused(&error),
        Ok(key) => {
            canonical(input, &key.to_bytes());
            Verdict::Accepted
        }
    }
}

/// The key with what it verifies.
pub fn pinned_key(input: &[u8]) -> Verdict {
    match PinnedKey::from_bytes(input) {
        Err(error) => refused(&error),
        Ok(key) => {
            canonical(input, &key.to_bytes());
            assert_eq!(key.id(), KeyId::of(key.key(), key.info()));
            ends_where_it_ends(input, |other| PinnedKey::from_bytes(other).is_ok());
            Verdict::Accepted
        }
    }
}

/// The same in JSON.
pub fn pinned_key_json(input: &[u8]) -> Verdict {
    match PinnedKey::from_json(input) {
        Err(error) => refused(&error),
        Ok(key) => {
            canonical(input, &key.to_json());
            assert_eq!(PinnedKey::from_bytes(&key.to_bytes()).as_ref(), Ok(&key));
            ends_where_it_ends(input, |other| PinnedKey::from_json(other).is_ok());
            Verdict::Accepted
        }
    }
}
