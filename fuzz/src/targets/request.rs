//! Requests: one encoding; and a signature of the audience's is over what it signed.

use crate::honest::messages::REQUESTS;
use crate::oracle::{canonical, ends_where_it_ends, refused};
use crate::target::Verdict;
use medproof_messages::SignedRequest;

/// A signed request.
pub fn request(input: &[u8]) -> Verdict {
    match SignedRequest::from_json(input) {
        Err(error) => refused(&error),
        Ok(request) => {
            canonical(input, &request.to_json());
            ends_where_it_ends(input, |other| SignedRequest::from_json(other).is_ok());
            match request.clone().verify() {
                Err(error) => drop(refused(&error)),
                // Not even another signature over the same request.
                Ok(_) => assert!(REQUESTS.contains(&request), "nobody signed this request"),
            }
            Verdict::Accepted
        }
    }
}
