//! Trust bundles: one encoding, and nothing that its signer did not sign. Inputs are what is
//! signed: the operator's key signs each, so that the fields are reached.

use crate::honest::world;
use crate::oracle::{canonical, ends_where_it_ends, refused};
use crate::target::Verdict;
use medproof_messages::did::{AudienceKey, Did};
use medproof_messages::encoding::Hex;
use medproof_verifier::TrustBundle;
use medproof_verifier::bundle::BundleError;
use std::sync::LazyLock;

// A key costs as much as a signature does.
static OPERATOR: LazyLock<AudienceKey> = LazyLock::new(world::stranger);
static ANOTHER: LazyLock<Did> = LazyLock::new(|| world::audience().did());

/// A bundle without its signature.
pub fn trust_bundle(input: &[u8]) -> Verdict {
    let bytes = signed(input);
    let operator = OPERATOR.did();
    assert!(
        TrustBundle::open(input, &operator).is_err(),
        "a bundle without a signature"
    );
    match TrustBundle::open(&bytes, &operator) {
        Err(error) => refused(&error),
        Ok(bundle) => {
            let again = bundle.body().clone().sign(&OPERATOR);
            canonical(&bytes, &again.unwrap_or_default());
            ends_where_it_ends(&bytes, |other| TrustBundle::open(other, &operator).is_ok());
            let other = TrustBundle::open(&bytes, &ANOTHER);
            assert!(matches!(other, Err(BundleError::Signer { .. })), "another's bundle");
            Verdict::Accepted
        }
    }
}

/// With the operator's signature where a bundle has it.
pub fn signed(body: &[u8]) -> Vec<u8> {
    let signature = OPERATOR.sign("medproof/v1/trust-bundle", body);
    insert_before(body, b",\"signer\":", &format!(",\"signature\":\"{}\"", Hex(signature)))
}

/// Puts text before the last place where `mark` stands.
pub fn insert_before(text: &[u8], mark: &[u8], what: &str) -> Vec<u8> {
    match text.windows(mark.len()).rposition(|w| w == mark) {
        Some(at) => [&text[..at], what.as_bytes(), &text[at..]].concat(),
        None => text.to_vec(),
    }
}
