//! Properties that every reader has.

pub mod number;

use crate::target::Verdict;
use std::fmt::Display;

/// What an error may say at most: it is logged.
const LONGEST: usize = 2_000;

/// An error says something, on a page, with nothing that a terminal obeys.
pub fn refused(error: &impl Display) -> Verdict {
    let text = error.to_string();
    assert!(!text.is_empty(), "an error says nothing");
    let length = text.chars().count();
    let start: String = text.chars().take(200).collect();
    assert!(length <= LONGEST, "an error of {length} characters: {start:?}…");
    assert!(
        !text.chars().any(|c| c.is_control() && c != '\n'),
        "an error with control characters: {start:?}"
    );
    Verdict::Refused
}

/// What was read is written as it was: there is one encoding.
#[track_caller]
pub fn canonical(read: &[u8], written: &[u8]) {
    assert!(
        read == written,
        "accepted, but written otherwise:\n  {}\n  {}",
        read.escape_ascii(),
        written.escape_ascii()
    );
}

/// An accepted message with a byte more or less is refused.
#[track_caller]
pub fn ends_where_it_ends(message: &[u8], reads: impl Fn(&[u8]) -> bool) {
    for more in [0, b' ', b'\n', b'}', 0xff] {
        assert!(
            !reads(&[message, &[more]].concat()),
            "accepted with {more:#x} after its end"
        );
    }
    if let Some((_, less)) = message.split_last() {
        assert!(!reads(less), "accepted without its last byte");
    }
}
