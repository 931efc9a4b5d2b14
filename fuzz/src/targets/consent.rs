//! Consents: one encoding; and what the holder's key verifies, the holder signed.

use crate::honest::holder;
use crate::honest::messages::{CONSENTS, REQUESTS};
use crate::oracle::{canonical, ends_where_it_ends, refused};
use crate::target::Verdict;
use medproof_messages::{ConsentMessage, VerifiedRequest};
use std::sync::LazyLock;

static ASKED: LazyLock<Vec<VerifiedRequest>> =
    LazyLock::new(|| REQUESTS.iter().map(|r| r.clone().verify().unwrap()).collect());

/// A signed consent.
pub fn consent(input: &[u8]) -> Verdict {
    match ConsentMessage::from_json(input) {
        Err(error) => refused(&error),
        Ok(consent) => {
            canonical(input, &consent.to_json());
            ends_where_it_ends(input, |other| ConsentMessage::from_json(other).is_ok());
            for request in ASKED.iter() {
                match consent.verify(request, &holder::key().public()) {
                    Err(error) => drop(refused(&error)),
                    Ok(_) => assert!(CONSENTS.contains(&consent), "nobody signed this consent"),
                }
            }
            Verdict::Accepted
        }
    }
}
