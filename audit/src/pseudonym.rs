//! Patients in the log: by a keyed pseudonym only.

use hmac::{Hmac, Mac};
use medproof_messages::encoding::Hex;
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

const DOMAIN: &[u8] = b"medproof/v1/audit-pseudonym";

/// Of whom an entry is: the same for all entries of a tenant about one record, and without the key
/// tied to nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym(pub Hex<32>);

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The key that makes pseudonyms. Whoever has it finds a patient's entries; once it is destroyed,
/// nobody does. Wiped when dropped, never shown.
pub struct PseudonymKey(Zeroizing<[u8; 32]>);

impl PseudonymKey {
    /// From 32 bytes of a cryptographic generator.
    pub fn from_bytes(bytes: [u8; 32]) -> PseudonymKey {
        PseudonymKey(Zeroizing::new(bytes))
    }

    /// HMAC-SHA-256 (RFC 2104) over the domain, the tenant and the record's id, each preceded by its
    /// length in bytes as a 64-bit integer, the highest byte first.
    ///
    /// `record` is a record's id or another name that the tenant's records have one of each. The key is as
    /// long as HMAC's output: what is short enough to be guessed stays unknown without it.
    pub fn pseudonym(&self, tenant: &str, record: &str) -> Pseudonym {
        // HMAC pads keys of up to 64 bytes with zeros: no length is refused, and this one is its own.
        let mut block = Zeroizing::new([0; 64]);
        for (to, from) in block.iter_mut().zip(self.0.iter()) {
            *to = *from;
        }
        let mut mac = Hmac::<Sha256>::new((&*block).into());
        for part in [DOMAIN, tenant.as_bytes(), record.as_bytes()] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Pseudonym(Hex(mac.finalize().into_bytes().into()))
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // By another implementation: Python's hmac.new(bytes([7] * 32), message, "sha256").
    #[test]
    fn a_pseudonym_is_rfc_2104s() {
        let key = PseudonymKey::from_bytes([7; 32]);
        assert_eq!(
            key.pseudonym("General Hospital", "record:1").to_string(),
            "0x346c45e0ccc9f7ce125480975d65a68e4660870294e313aaae28a7c397b61583"
        );
    }

    #[test]
    fn pseudonyms_depend_on_key_tenant_and_record_and_on_where_one_ends() {
        let (key, other) = (PseudonymKey::from_bytes([7; 32]), PseudonymKey::from_bytes([8; 32]));
        let all = [
            key.pseudonym("ab", "c"),
            key.pseudonym("a", "bc"),
            key.pseudonym("ab", "d"),
            key.pseudonym("", "abc"),
            other.pseudonym("ab", "c"),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{at}");
        }
        assert_eq!(key.pseudonym("ab", "c"), all[0]);
    }

    #[test]
    fn the_key_is_not_shown() {
        let key = PseudonymKey::from_bytes([0x5a; 32]);
        let shown = format!("{key:?}");
        assert!(!shown.contains("90") && !shown.contains("5a"), "{shown}");
    }
}
