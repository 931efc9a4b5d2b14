//! Proving keys: as long as the circuit says, of canonical coordinates, with nothing left over.

use super::key_file::shape;
use crate::oracle::{canonical, ends_where_it_ends, refused};
use crate::target::Verdict;
use medproof_keys::proving_file;

/// A proving key's file.
pub fn proving_key(input: &[u8]) -> Verdict {
    let reads = |bytes: &[u8]| proving_file::read(bytes, &shape());
    match reads(input) {
        Err(error) => refused(&error),
        Ok(key) => {
            let mut again = Vec::new();
            proving_file::write(&key, &mut again).unwrap();
            canonical(input, &again);
            ends_where_it_ends(input, |other| reads(other).is_ok());
            Verdict::Accepted
        }
    }
}
