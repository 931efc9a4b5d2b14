//! What a patient is called where it must not be named: the same in every line of one tenant's log, and
//! nothing to anybody without the key.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::about::Pseudonym;

/// The key that makes pseudonyms.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct PseudonymKey([u8; 32]);

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(…)")
    }
}

impl PseudonymKey {
    /// From 32 bytes of a cryptographic generator.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> PseudonymKey {
        PseudonymKey(bytes)
    }

    /// Of a tenant's record: HMAC-SHA-256 over both, each with its length.
    #[must_use]
    pub fn of(&self, tenant: &str, record: &str) -> Pseudonym {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            // HMAC takes a key of any length.
            return [0; 32];
        };
        for part in ["medproof/v1/pseudonym", tenant, record] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}
