//! The holder's keys and what they commit to.

use crate::Fr;
use crate::eddsa::PublicKey;
use crate::hash::{Tag, sponge};
use core::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// nk: 248 random bits that survive rotation of the signing key. Whoever has it can compute all
/// of the holder's nullifiers and handles.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct NullifierKey(Fr);

impl NullifierKey {
    /// From 31 random bytes.
    pub fn from_bytes(bytes: &[u8; 31]) -> NullifierKey {
        use ark_ff::PrimeField;
        NullifierKey(Fr::from_be_bytes_mod_order(bytes)) // 248 bits: below the modulus, never reduced
    }

    /// The 31 bytes, for sealing.
    pub fn to_bytes(&self) -> zeroize::Zeroizing<[u8; 31]> {
        let mut out = zeroize::Zeroizing::new([0u8; 31]);
        out.copy_from_slice(&crate::field::to_bytes(&self.0)[1..]);
        out
    }

    /// The element, for hashing.
    pub fn expose(&self) -> Fr {
        self.0
    }
}

impl fmt::Debug for NullifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NullifierKey(…)")
    }
}

/// What a holder commitment opens to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Signs consents.
    pub pk: PublicKey,
    /// Signs consents to emergency treatment, and those only: a threshold key of custodians
    /// accepted at enrolment; the holder's own key where there are none.
    pub emergency_pk: PublicKey,
    /// The nullifier key.
    pub nk: NullifierKey,
}

impl Holder {
    /// H_holder(pk, emergency_pk, nk).
    pub fn commit(&self) -> Fr {
        let (a, e) = (self.pk.point(), self.emergency_pk.point());
        sponge::<8>(Tag::Holder, &[a.x, a.y, e.x, e.y, self.nk.expose()])
    }

    /// nullifier = H_nullifier(nk, scope): one per holder and scope.
    pub fn nullifier(&self, scope: Fr) -> Fr {
        sponge::<4>(Tag::Nullifier, &[self.nk.expose(), scope])
    }

    /// H_revoke(nk, consent): the secret whose publication revokes that consent.
    pub fn revocation_secret(&self, consent: Fr) -> Fr {
        sponge::<4>(Tag::Revoke, &[self.nk.expose(), consent])
    }

    /// consent_handle = H_handle(H_revoke(nk, consent)).
    pub fn handle(&self, consent: Fr) -> Fr {
        handle_of(self.revocation_secret(consent))
    }
}

/// H_handle: also what the contract computes from a revealed secret.
pub fn handle_of(revocation_secret: Fr) -> Fr {
    sponge::<4>(Tag::Handle, &[revocation_secret])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eddsa::SigningKey;

    fn holder(nk: u8) -> Holder {
        let pk = SigningKey::from_bytes([1; 32]).public();
        Holder {
            pk,
            emergency_pk: pk,
            nk: NullifierKey::from_bytes(&[nk; 31]),
        }
    }

    /// One per holder and scope, one per holder and consent, and none of them tells another.
    #[test]
    fn pseudonyms_are_apart_by_holder_by_what_for_and_by_use() {
        let (one, two) = (Fr::from(1u64), Fr::from(2u64));
        let uses: [fn(&Holder, Fr) -> Fr; 3] = [Holder::nullifier, Holder::revocation_secret, Holder::handle];
        let mut all = std::vec::Vec::new();
        for holder in [holder(3), holder(4)] {
            for what in [one, two] {
                all.extend(uses.map(|pseudonym| pseudonym(&holder, what)));
            }
        }
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 12);
    }

    #[test]
    fn a_revealed_secret_tells_its_handle() {
        let (holder, consent) = (holder(3), Fr::from(7u64));
        assert_eq!(handle_of(holder.revocation_secret(consent)), holder.handle(consent));
        assert_ne!(
            handle_of(holder.revocation_secret(consent + Fr::from(1u64))),
            holder.handle(consent)
        );
    }
}
