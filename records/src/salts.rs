//! Salts, from one secret a record.
//!
//! Every salt is HMAC-SHA256 under the record's secret over a fixed-length input, cut to 248 bits:
//!
//! ```text
//! salt(use, version, index) = HMAC(secret, "medproof/v1/salt" ‖ use(8) ‖ version(64) ‖ index(64))[..31]
//! ```
//!
//! Big-endian throughout; use 0 is a leaf (index 0 the sentinel, i + 1 the i-th fact), use 1 the
//! record (index 0). A new version of a record shares no salt with the one before, so two
//! commitments to the same fact are unlinkable. Without the secret no commitment can be tied to
//! a guess of what it commits to: destroying the secret is what erasure rests on.

use ark_ff::PrimeField;
use core::fmt;
use hmac::{Hmac, Mac};
use medproof_statement::Fr;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::random::{self, RandomError};

const DOMAIN: &[u8] = b"medproof/v1/salt";
const LEAF: u8 = 0;
const RECORD: u8 = 1;

/// The secret from which a record's salts come: 32 random bytes, the same for all its versions.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RecordSecret([u8; 32]);

impl RecordSecret {
    /// A fresh one.
    ///
    /// # Errors
    /// [`RandomError`] where the operating system gives no randomness.
    pub fn random() -> Result<RecordSecret, RandomError> {
        random::bytes().map(RecordSecret)
    }

    /// From 32 bytes that a cryptographic generator made.
    pub const fn from_bytes(bytes: [u8; 32]) -> RecordSecret {
        RecordSecret(bytes)
    }

    /// The bytes, for sealing.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The salts of a version with this many facts: the sentinel's first, 248 bits each.
    pub fn leaf_salts(&self, version: u64, facts: usize) -> Zeroizing<Vec<Fr>> {
        let keyed = self.keyed();
        Zeroizing::new(
            (0..=facts as u64)
                .map(|index| salt(&keyed, LEAF, version, index))
                .collect(),
        )
    }

    /// record_salt of a version, 248 bits.
    pub fn record_salt(&self, version: u64) -> Fr {
        salt(&self.keyed(), RECORD, version, 0)
    }

    // HMAC-SHA256 pads a key of 32 bytes to its block: the same bytes, without a failing call.
    fn keyed(&self) -> Hmac<Sha256> {
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block[..32].copy_from_slice(&self.0);
        let keyed = Hmac::new(&block);
        block.as_mut_slice().zeroize();
        keyed
    }
}

impl fmt::Debug for RecordSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordSecret(…)")
    }
}

fn salt(keyed: &Hmac<Sha256>, usage: u8, version: u64, index: u64) -> Fr {
    let mut mac = keyed.clone();
    mac.update(DOMAIN);
    mac.update(&[usage]);
    mac.update(&version.to_be_bytes());
    mac.update(&index.to_be_bytes());
    // 248 bits: below the modulus, never reduced.
    Fr::from_be_bytes_mod_order(&mac.finalize().into_bytes()[..31])
}

#[cfg(test)]
mod tests {
    use super::*;
    use medproof_statement::field::to_bytes;
    use std::collections::BTreeSet;

    /// From Python's `hmac` over the formula above.
    #[test]
    fn known_salts() {
        let secret = RecordSecret::from_bytes(core::array::from_fn(|i| i as u8));
        let salts = secret.leaf_salts(7, 2);
        assert_eq!(salts.len(), 3);
        assert_eq!(
            hex::encode(to_bytes(&salts[2])),
            "008290a217cb6c2fba7cb848ac6703321bffa24dcd8a14a38c0768c5033acfdb"
        );
        assert_eq!(
            hex::encode(to_bytes(&secret.record_salt(7))),
            "00b9fa244f66b456a0d09035a386ef1ca287011f1f917bc56783ba21144974b0"
        );
    }

    #[test]
    fn no_two_salts_of_a_record_are_alike() {
        let secret = RecordSecret::from_bytes([9; 32]);
        let mut seen = BTreeSet::new();
        for version in 0..4 {
            for salt in secret.leaf_salts(version, 50).iter() {
                assert!(seen.insert(to_bytes(salt)));
            }
            assert!(seen.insert(to_bytes(&secret.record_salt(version))));
        }
        assert!(!seen.contains(&to_bytes(&RecordSecret::from_bytes([8; 32]).record_salt(0))));
    }

    #[test]
    fn every_salt_has_248_bits() {
        let secret = RecordSecret::from_bytes([1; 32]);
        let salts = secret.leaf_salts(1, 4_095);
        assert!(salts.iter().all(|s| to_bytes(s)[0] == 0));
        assert!(salts.iter().any(|s| to_bytes(s)[1] >= 0x80));
    }

    #[test]
    fn a_secret_is_never_shown() {
        assert_eq!(format!("{:?}", RecordSecret::from_bytes([0xab; 32])), "RecordSecret(…)");
    }
}
