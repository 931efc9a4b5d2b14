//! Files of circom and snarkjs: circuits, keys, witnesses, proofs.
//!
//! `.r1cs`, `.zkey` and `.wtns` share a container of numbered sections, as `@iden3/binfileutils` writes it.
//! Everything in them is read to the last byte and checked: counts against each other and against
//! the file's length before anything is allocated, numbers against their modulus, points against
//! their curve.

mod container;
mod decimal;
pub mod points;
mod proof;
mod r1cs;
mod setup;
#[cfg(test)]
mod testing;
mod verification_key;
mod witness;
mod writer;
mod zkey;

pub use proof::{proof_json, public_json, read_proof, read_public};
pub use r1cs::{R1cs, read_r1cs};
pub use setup::{CircomSetupError, development_zkey};
pub use verification_key::{read_verification_key, verification_key_json};
pub use witness::{read_witness, write_witness};
pub use zkey::{
    Contribution, Contributions, HASH, Rows, Source, Zkey, read_origin, read_zkey, write_origin, write_zkey,
};

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
    /// Text that is not JSON of its form.
    #[error("not {what}: {reason}")]
    Json {
        /// What it should be.
        what: &'static str,
        /// Where and why not.
        reason: String,
    },
    /// A value in JSON that may not be there.
    #[error("{place}: expected {expected}, found {found}")]
    Field {
        /// Such as `pi_b[0][1]`.
        place: String,
        /// What may be there.
        expected: &'static str,
        /// What is.
        found: String,
    },
    /// A name or a beacon that the format has no room for.
    #[error("a contribution's name and a beacon's value have at most 255 bytes, found {found}: shorten it")]
    TooLong {
        /// Bytes.
        found: usize,
    },
    /// What the format has no room for.
    #[error("the format counts in 32 bits: expected fewer, found {count}")]
    TooLarge {
        /// Of wires, rows or values.
        count: usize,
    },
}
