//! What a fuzz target is.

/// What became of an input that broke no property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was read, and every property of what was read held.
    Accepted,
    /// It was refused, readably.
    Refused,
}

/// How inputs look: which mutations make sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON text.
    Json,
    /// Other text.
    Text,
    /// Bytes.
    Binary,
}

/// A function on bytes that panics where a property is broken.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// How its inputs look.
    pub form: Form,
    /// The most bytes that are tried.
    pub max_bytes: usize,
    /// The property, on one input.
    pub run: fn(&[u8]) -> Verdict,
    /// How many executions the tests make.
    pub quick: u64,
    /// How many a full run makes.
    pub full: u64,
}
