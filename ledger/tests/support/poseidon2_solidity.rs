//! Writes `contracts/src/Poseidon2T4.sol` from the statement's own round constants.

use ark_ff::{BigInteger, PrimeField};
use medproof_statement::Fr;
use medproof_statement::hash::Tag;
use medproof_statement::poseidon2::{EXTERNAL_ROUNDS, Poseidon2Width, Width, domain};
use std::fmt::Write;
use std::path::PathBuf;

/// Where the library is checked in.
pub fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../contracts/src/Poseidon2T4.sol")
}

/// The whole file.
pub fn source() -> String {
    let [d0, d1, d2, d3] = <Width<4> as Poseidon2Width<4>>::table()
        .diagonal_minus_one
        .each_ref()
        .map(hex);
    HEAD.replace("MODULUS", &modulus())
        .replace("HANDLE_DOMAIN", &hex(&domain(Tag::Handle as u64, 1)))
        .replace("DIAGONAL_0", &d0)
        .replace("DIAGONAL_1", &d1)
        .replace("DIAGONAL_2", &d2)
        .replace("DIAGONAL_3", &d3)
        + &rounds()
        + TAIL
}

fn rounds() -> String {
    let table = <Width<4> as Poseidon2Width<4>>::table();
    let (first, last) = table.external.split_at(EXTERNAL_ROUNDS / 2);
    let mut out = String::new();
    for constants in first {
        external(&mut out, constants);
    }
    for constant in table.internal {
        let c = hex(constant);
        writeln!(out, "            s0, s1, s2, s3 := inner(add(s0, {c}), s1, s2, s3)").unwrap();
    }
    for constants in last {
        external(&mut out, constants);
    }
    out
}

fn external(out: &mut String, constants: &[Fr; 4]) {
    for (lane, constant) in constants.iter().enumerate() {
        let c = hex(constant);
        writeln!(out, "            s{lane} := pow5(add(s{lane}, {c}))").unwrap();
    }
    writeln!(out, "            s0, s1, s2, s3 := mix(s0, s1, s2, s3)").unwrap();
}

fn modulus() -> String {
    format!("0x{}", hex::encode(Fr::MODULUS.to_bytes_be()))
}

fn hex(x: &Fr) -> String {
    format!("0x{}", hex::encode(medproof_statement::field::to_bytes(x)))
}

const HEAD: &str = r#"// SPDX-License-Identifier: Apache-2.0
// Written by `cargo run -p medproof-ledger --example poseidon2_solidity`: change that, not this.
pragma solidity 0.8.37;

/// @title Poseidon2 over BN254's scalar field, width 4, as the statement hashes a consent's handle
/// @dev Lanes stay below r between rounds; r is under 2^256 / 5, so sums of four lanes, and a lane
/// plus a constant, need no reduction before mulmod.
library Poseidon2T4 {
    /// @notice The sponge of one element under the tag of handles. `preimage` must be below r.
    function hashHandle(uint256 preimage) internal pure returns (uint256 digest) {
        assembly ("memory-safe") {
            function pow5(x) -> y {
                let x2 := mulmod(x, x, MODULUS)
                y := mulmod(mulmod(x2, x2, MODULUS), x, MODULUS)
            }
            // The rows (5 7 1 3), (4 6 1 1), (1 3 5 7), (1 1 4 6).
            function mix(a, b, c, d) -> e, f, g, h {
                let ab := add(a, b)
                let cd := add(c, d)
                let bcd := add(add(b, b), cd)
                let abd := add(add(d, d), ab)
                f := addmod(mulmod(4, ab, MODULUS), bcd, MODULUS)
                h := addmod(mulmod(4, cd, MODULUS), abd, MODULUS)
                e := addmod(abd, f, MODULUS)
                g := addmod(bcd, h, MODULUS)
            }
            // The S-box on lane 0, then the matrix of ones plus a diagonal.
            function inner(a, b, c, d) -> e, f, g, h {
                a := pow5(a)
                let sum := add(add(a, b), add(c, d))
                e := addmod(mulmod(a, DIAGONAL_0, MODULUS), sum, MODULUS)
                f := addmod(mulmod(b, DIAGONAL_1, MODULUS), sum, MODULUS)
                g := addmod(mulmod(c, DIAGONAL_2, MODULUS), sum, MODULUS)
                h := addmod(mulmod(d, DIAGONAL_3, MODULUS), sum, MODULUS)
            }
            // Lane 0: the tag, and the length 1 at bit 64.
            let s0, s1, s2, s3 := mix(HANDLE_DOMAIN, preimage, 0, 0)
"#;

const TAIL: &str = r#"            digest := s1
        }
    }
}
"#;
