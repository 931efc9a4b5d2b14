//! Writes the contracts' Poseidon2 library from the statement's constants.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "../tests/support/poseidon2_solidity.rs"]
mod poseidon2_solidity;

fn main() -> std::io::Result<()> {
    std::fs::write(poseidon2_solidity::path(), poseidon2_solidity::source())
}
