//! Presentations: points of the groups, elements below the modulus, one encoding of each form.

use crate::oracle::{canonical, ends_where_it_ends, refused};
use crate::target::Verdict;
use medproof_messages::Presentation;

/// In bytes.
pub fn bytes(input: &[u8]) -> Verdict {
    match Presentation::from_bytes(input) {
        Err(error) => refused(&error),
        Ok(presentation) => {
            canonical(input, &presentation.to_bytes());
            let json = presentation.to_json();
            assert!(json.len() < 1_024, "a presentation of {} bytes", json.len());
            assert_eq!(Presentation::from_json(&json), Ok(presentation));
            ends_where_it_ends(input, |other| Presentation::from_bytes(other).is_ok());
            Verdict::Accepted
        }
    }
}

/// In JSON.
pub fn json(input: &[u8]) -> Verdict {
    match Presentation::from_json(input) {
        Err(error) => refused(&error),
        Ok(presentation) => {
            canonical(input, &presentation.to_json());
            assert_eq!(Presentation::from_bytes(&presentation.to_bytes()), Ok(presentation));
            ends_where_it_ends(input, |other| Presentation::from_json(other).is_ok());
            Verdict::Accepted
        }
    }
}
