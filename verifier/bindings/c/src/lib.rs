//! The verifier for C. Its interface is `include/medproof.h`, which is made from [`abi`]; all else here is safe Rust.

mod abi;
mod answer;
#[cfg(test)]
mod header;
mod verifier;
