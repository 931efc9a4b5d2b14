//! The embedded chain's state: one encoding.

use crate::oracle::{canonical, ends_where_it_ends};
use crate::target::Verdict;
use medproof_ledger::fuzzing;

/// A state.
pub fn state(input: &[u8]) -> Verdict {
    match fuzzing::state(input) {
        None => Verdict::Refused,
        Some(again) => {
            canonical(input, &again);
            ends_where_it_ends(input, |other| fuzzing::state(other).is_some());
            Verdict::Accepted
        }
    }
}
