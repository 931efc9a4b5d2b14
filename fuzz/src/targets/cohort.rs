//! A cohort's summary: one encoding, and never more holders than presentations.

use crate::oracle::{canonical, ends_where_it_ends, refused};
use crate::target::Verdict;
use medproof_messages::CohortSummary;

/// A summary.
pub fn summary(input: &[u8]) -> Verdict {
    match CohortSummary::from_json(input) {
        Err(error) => refused(&error),
        Ok(summary) => {
            assert!(summary.distinct_nullifiers <= summary.count);
            canonical(input, &summary.to_json());
            ends_where_it_ends(input, |other| CohortSummary::from_json(other).is_ok());
            Verdict::Accepted
        }
    }
}
