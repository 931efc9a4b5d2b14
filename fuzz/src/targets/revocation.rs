//! Revocations: one encoding, and a handle that is the secret's; no error repeats the secret.

use crate::honest::messages;
use crate::oracle::{canonical, ends_where_it_ends, refused};
use crate::target::Verdict;
use medproof_messages::Revocation;
use medproof_statement::field;

// Whether the secret is somewhere where nobody puts one: in the message's type, say.
fn kept(input: &[u8], secret: &str) -> bool {
    let text = String::from_utf8_lossy(input);
    let misplaced = text.matches(&secret[32..]).count();
    let member = text.matches(&format!("\"secret\":\"0x{secret}\"")).count();
    misplaced > member
}

/// A revocation.
pub fn revocation(input: &[u8]) -> Verdict {
    match Revocation::from_json(input) {
        Err(error) => {
            let secret = hex::encode(field::to_bytes(&messages::revocation().secret()));
            // Of what stands in a secret's place.
            let told = error.to_string();
            assert!(
                kept(input, &secret) || !told.contains(&secret[32..]),
                "the secret in an error"
            );
            refused(&error)
        }
        Ok(revocation) => {
            canonical(input, &revocation.to_json());
            ends_where_it_ends(input, |other| Revocation::from_json(other).is_ok());
            Verdict::Accepted
        }
    }
}
