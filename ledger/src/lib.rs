//! The chain seen from Rust: an embedded EVM and JSON-RPC behind one trait.
