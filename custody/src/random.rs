//! Randomness from the operating system.

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use thiserror::Error;
use zeroize::Zeroizing;

/// The operating system gave no randomness. Nothing secret can be made without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the operating system gave no randomness: check that its generator is available, then run again")]
pub struct RandomError;

/// N random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>, RandomError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| RandomError)?;
    Ok(bytes)
}

/// For what asks for one number after another and cannot be told that there is none: seeded by the
/// operating system for one piece of work, and dropped with it.
pub(crate) fn generator() -> Result<ChaCha20Rng, RandomError> {
    Ok(ChaCha20Rng::from_seed(*bytes()?))
}
