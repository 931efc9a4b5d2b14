//! What stands inside the vault's seals: read as no writer but ours writes it.

use crate::oracle::{canonical, ends_where_it_ends, refused};
use crate::target::Verdict;
use medproof_records::fuzzing;
use medproof_records::vault::DecodeError;

fn one_form(input: &[u8], read: fn(&[u8]) -> Result<Vec<u8>, DecodeError>) -> Verdict {
    match read(input) {
        Err(error) => refused(&error),
        Ok(written) => {
            canonical(input, &written);
            ends_where_it_ends(input, |other| read(other).is_ok());
            Verdict::Accepted
        }
    }
}

/// A record.
pub fn record(input: &[u8]) -> Verdict {
    one_form(input, fuzzing::record)
}

/// An issuer's whole state.
pub fn snapshot(input: &[u8]) -> Verdict {
    one_form(input, fuzzing::snapshot)
}

/// A transaction.
pub fn operations(input: &[u8]) -> Verdict {
    one_form(input, fuzzing::operations)
}

/// A vault's head.
pub fn head(input: &[u8]) -> Verdict {
    one_form(input, fuzzing::head)
}
