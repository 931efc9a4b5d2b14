//! The commands: one file a group, each command a function from arguments to a typed report.

pub mod circuit;
pub mod claim;
pub mod keys;
