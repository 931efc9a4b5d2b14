//! Eight field elements of BN254 at a time.
//!
//! `unsafe` stands in three places: a kernel that is compiled for AVX-512 is entered only after
//! [`Path::best`] has found it, packed points are the words that they are, and a hint is given of a
//! place in memory. Everything else is checked by the compiler: functions with `#[target_feature]`
//! can be called safely from one another alone.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
// Limbs of several numbers are walked side by side.
#![allow(clippy::needless_range_loop)]

pub mod adder;
#[cfg(lanes)]
mod coordinate;
#[cfg(lanes)]
mod field;
pub mod group_transform;
pub mod modulus;
pub mod multiples;
pub mod points;
pub mod poseidon2;
pub mod products;
pub mod rate;
pub mod sums;
pub mod transform;

/// How points and elements are worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Eight at a time.
    Lanes(Available),
    /// One at a time, on any machine.
    Portable,
}

/// That this machine has what the kernels are compiled for: only [`Path::best`] makes it.
#[cfg(lanes)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Available(());

/// That this machine has what the kernels are compiled for: none of this kind has.
#[cfg(not(lanes))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Available {}

impl Path {
    /// A word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Path::Lanes(_) => "avx512ifma",
            Path::Portable => "portable",
        }
    }

    /// The fastest of this machine.
    pub fn best() -> Path {
        #[cfg(lanes)]
        if std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512vl")
            && std::arch::is_x86_feature_detected!("avx512ifma")
        {
            return Path::Lanes(Available(()));
        }
        Path::Portable
    }
}
