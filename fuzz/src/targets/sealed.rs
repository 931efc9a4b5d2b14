//! Sealed files: nobody without the master key makes one, or makes one out of others.

use crate::oracle::{canonical, refused};
use crate::target::Verdict;
use medproof_records::fuzzing;
use medproof_records::vault::LocalMasterKey;

/// Of which record the corpus's files are.
pub const CONTEXT: &[u8] = b"record of the corpus";
/// What they hold.
pub const BODY: &[u8] = b"the body of every sealed file in the corpus";
/// Under which key.
pub const MASTER: LocalMasterKey = LocalMasterKey::from_bytes([8; 32]);

/// A file.
pub fn file(input: &[u8]) -> Verdict {
    assert!(
        fuzzing::open(&MASTER, b"another record", input).is_err(),
        "a file in another's place"
    );
    match fuzzing::open(&MASTER, CONTEXT, input) {
        Err(error) => refused(&error),
        Ok(body) => {
            assert_eq!(body, BODY, "somebody else's seal");
            Verdict::Accepted
        }
    }
}

/// The inside of a seal.
pub fn padding(input: &[u8]) -> Verdict {
    match fuzzing::padding(input) {
        None => Verdict::Refused,
        Some(again) => {
            canonical(input, &again);
            Verdict::Accepted
        }
    }
}
