//! Nothing but tests: `cargo test --manifest-path records/oracle/Cargo.toml`.
