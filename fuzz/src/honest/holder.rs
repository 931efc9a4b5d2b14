//! The holder.

use medproof_statement::eddsa::SigningKey;
use medproof_statement::holder::{Holder, NullifierKey};

/// Signs consents.
pub fn key() -> SigningKey {
    SigningKey::from_bytes([1; 32])
}

/// What the issuer commits to.
pub fn holder() -> Holder {
    Holder {
        pk: key().public(),
        emergency_pk: SigningKey::from_bytes([2; 32]).public(),
        nk: NullifierKey::from_bytes(&[3; 31]),
    }
}
