//! Numbers at which readers have gone wrong: moduli, their neighbours and multiples, powers of two.

use ark_bn254::{Fq, Fr};
use ark_ff::{BigInteger, PrimeField};
use medproof_statement::eddsa::Scalar;
use num_bigint::BigUint;
use std::sync::LazyLock;

fn modulus<F: PrimeField>() -> BigUint {
    BigUint::from_bytes_be(&F::MODULUS.to_bytes_be())
}

/// 32 big-endian bytes each: 0, 1, 2^k and 2^k ± 1, and around p, q, l, 8l, Ed25519's order and
/// prime, and twice each.
pub static WORDS: LazyLock<Vec<[u8; 32]>> = LazyLock::new(|| {
    let one = BigUint::from(1u8);
    let ed25519 = (&one << 252u32) + BigUint::parse_bytes(b"27742317777372353535851937790883648493", 10).unwrap();
    let curve25519 = (&one << 255u32) - 19u8;
    let l = modulus::<Scalar>();
    let moduli = [
        modulus::<Fr>(),
        modulus::<Fq>(),
        l.clone(),
        l * 8u8,
        ed25519,
        curve25519,
    ];
    let mut numbers = vec![BigUint::from(0u8)];
    for m in &moduli {
        let half = m >> 1u32;
        for n in [m.clone(), m * 2u8, half, m * 3u8] {
            numbers.extend([&n - 1u8, n.clone(), n + 1u8]);
        }
    }
    for k in [
        0u32, 1, 7, 8, 15, 16, 31, 32, 40, 52, 53, 63, 64, 66, 74, 80, 96, 127, 128, 136, 160, 248, 251, 252, 253, 254,
        255,
    ] {
        let power = &one << k;
        numbers.extend([&power - 1u8, power.clone(), power + 1u8]);
    }
    numbers.push((&one << 256u32) - 1u8);
    numbers.retain(|n| n.bits() <= 256);
    numbers.sort();
    numbers.dedup();
    numbers.iter().map(word).collect()
});

fn word(n: &BigUint) -> [u8; 32] {
    let bytes = n.to_bytes_be();
    let mut word = [0; 32];
    word[32 - bytes.len()..].copy_from_slice(&bytes);
    word
}

/// Integers at the ends of widths, of days and of times.
pub const INTEGERS: &[u64] = &[
    0,
    1,
    2,
    4,
    5,
    8,
    10,
    16,
    31,
    32,
    63,
    64,
    127,
    128,
    255,
    256,
    4_095,
    4_096,
    32_767,
    32_768,
    43_829,
    62_545,
    65_535,
    65_536,
    86_400,
    2_976_683,
    2_976_684,
    0x3fff_ffff,
    0x4000_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    (1 << 40) - 1,
    1 << 40,
    (1 << 53) - 1,
    1 << 53,
    (1 << 53) + 1,
    (1 << 63) - 1,
    1 << 63,
    u64::MAX,
];
