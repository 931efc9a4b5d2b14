//! The verifier's store of answers: opened, it holds what its records say, and opens again to
//! the same.

use super::scratch;
use crate::oracle::refused;
use crate::target::Verdict;
use medproof_verifier::store::AnswerStore;

/// A store's file.
pub fn answer_store(input: &[u8]) -> Verdict {
    let path = scratch::file("answers", input);
    let store = match AnswerStore::open(&path) {
        Err(error) => return refused(&error),
        Ok(store) => store,
    };
    let answers = store.len();
    drop(store);
    let kept = std::fs::read(&path).unwrap();
    assert!(kept.len() <= input.len().max(64), "a store that grew by being opened");
    assert_eq!(AnswerStore::open(&path).unwrap().len(), answers);
    assert_eq!(std::fs::read(&path).unwrap(), kept);
    Verdict::Accepted
}
