//! Domain-separated hashes: one tag per use, and `D`, the digest of things off circuit.

use crate::Fr;
use crate::poseidon2;
use ark_ff::PrimeField;
use sha2::{Digest, Sha256};

/// What a hash is for. The tag and the input length fill lane 0 of the sponge, so that no two
/// uses, and no two lengths, share an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Tag {
    /// A fact's leaf in a record tree.
    Leaf = 1,
    /// Padding of a record tree.
    Padding = 2,
    /// A member's leaf in a code-set tree.
    SetLeaf = 3,
    /// Padding of a code-set tree.
    SetPadding = 4,
    /// A holder's keys.
    Holder = 5,
    /// A record commitment: a leaf of the registry.
    Record = 6,
    /// The empty leaf of the registry.
    EmptyRecord = 7,
    /// A policy table.
    Policy = 8,
    /// A request.
    Request = 9,
    /// A consent message: what the holder signs.
    Consent = 10,
    /// A nullifier.
    Nullifier = 11,
    /// The secret that revokes a consent.
    Revoke = 12,
    /// The public handle of a consent: hash of the revoking secret. Also computed by the contract.
    Handle = 13,
}

/// Sponge over a width-`T` Poseidon2, rate `T − 1`: one permutation for up to `T − 1` inputs.
pub fn sponge<const T: usize>(tag: Tag, inputs: &[Fr]) -> Fr
where
    poseidon2::Width<T>: poseidon2::Poseidon2Width<T>,
{
    poseidon2::hash::<T>(tag as u64, inputs)
}

/// `D`: SHA-256 over the length-prefixed domain and parts, truncated to 248 bits.
///
/// Every string is preceded by its length in bytes as a 64-bit big-endian integer. The first
/// 31 bytes of the hash, big-endian, are the element.
pub fn digest(domain: &str, parts: &[&[u8]]) -> Fr {
    let mut sha = Sha256::new();
    for part in core::iter::once(domain.as_bytes()).chain(parts.iter().copied()) {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    Fr::from_be_bytes_mod_order(&sha.finalize()[..31]) // 248 bits: below the modulus, never reduced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_separates_domains_and_part_boundaries() {
        let all = [
            digest("a", &[b"bc"]),
            digest("ab", &[b"c"]),
            digest("a", &[b"b", b"c"]),
            digest("a", &[b"bc", b""]),
            digest("a", &[]),
        ];
        for (i, x) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|y| x != y));
        }
    }

    #[test]
    fn sponge_separates_tags_and_lengths() {
        let zero = Fr::from(0u64);
        let h = sponge::<4>(Tag::Handle, &[zero]);
        assert_ne!(h, sponge::<4>(Tag::Revoke, &[zero]));
        assert_ne!(h, sponge::<4>(Tag::Handle, &[zero, zero]));
        assert_ne!(h, sponge::<4>(Tag::Handle, &[]));
    }
}
