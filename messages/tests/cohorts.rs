//! A cohort's summary: one encoding, and a registry that hides who is in it.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{misspelt, replaced, summary};
use medproof_messages::cohort::hides;
use medproof_messages::{CohortError, CohortSummary};

#[test]
fn a_summary_has_one_encoding() {
    let json = summary().to_json();
    assert_eq!(CohortSummary::from_json(&json).unwrap(), summary());
    for other in misspelt(&json) {
        let refused = CohortSummary::from_json(&other).unwrap_err();
        assert!(matches!(refused, CohortError::Json(_)), "{refused}");
    }
}

#[test]
fn numbers_that_no_summary_has_are_refused() {
    let json = summary().to_json();
    for (from, to) in [
        ("\"distinct_nullifiers\":23", "\"distinct_nullifiers\":24"),
        ("\"count\":23", "\"count\":22"),
        ("\"count\":23", "\"count\":9007199254740992"),
        ("\"epoch\":4", "\"epoch\":9007199254740992"),
    ] {
        let refused = CohortSummary::from_json(&replaced(&json, from, to)).unwrap_err();
        assert_eq!(refused.code(), "cohort.value", "{to}");
    }
    let negative = replaced(&json, "\"count\":23", "\"count\":-1");
    assert_eq!(CohortSummary::from_json(&negative).unwrap_err().code(), "json.form");
}

#[test]
fn a_registry_hides_a_cohort_where_eleven_are_not_in_it() {
    assert!(hides(11, 0) && hides(34, 23) && hides(1_000_000, 1));
    assert!(!hides(10, 0) && !hides(33, 23) && !hides(23, 23));
    // A size that cannot be hides nothing.
    assert!(!hides(0, 23));
}
