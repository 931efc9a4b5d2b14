//! Files of circom and snarkjs: keys, witnesses.
//!
//! `.zkey` and `.wtns` share a container of numbered sections, as `@iden3/binfileutils` writes it.
//! Everything in them is read to the last byte and checked: counts against each other and against
//! the file's length before anything is allocated, numbers against their modulus, points against
//! their curve.

mod container;
mod json;
mod witness;
mod zkey;

pub use json::{proof_json, public_json};
pub use witness::read_witness;
pub use zkey::{Zkey, read_zkey};

use thiserror::Error;

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FormatError {
    /// Another kind of file.
    #[error("expected a file that begins with \"{expected}\", found {found:02x?}")]
    Kind {
        /// The four letters.
        expected: &'static str,
        /// The file's.
        found: Vec<u8>,
    },
    /// It ends too soon.
    #[error("at byte {at}: expected {expected} bytes more, found {found}: is the file complete?")]
    Short {
        /// From the file's beginning.
        at: usize,
        /// How many should follow.
        expected: usize,
        /// How many do.
        found: usize,
    },
    /// Bytes that belong to nothing.
    #[error("at byte {at}: expected the end of {of}, found {found} bytes more")]
    Trailing {
        /// From the file's beginning.
        at: usize,
        /// What should end.
        of: &'static str,
        /// How many are left.
        found: usize,
    },
    /// A section that is missing or there twice.
    #[error("expected section {section} once, found it {found} times")]
    Section {
        /// Its number.
        section: u32,
        /// How often it is there.
        found: usize,
    },
    /// A number or a point that may not be there.
    #[error("at byte {at}: expected {expected}, found {found}")]
    Value {
        /// From the file's beginning.
        at: usize,
        /// What may be there.
        expected: String,
        /// What is.
        found: String,
    },
}
