//! Randomness from the operating system.

use thiserror::Error;

/// The operating system gave no randomness. Nothing secret can be made without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the operating system gave no randomness: check that its generator is available, then run again")]
pub struct RandomError;

/// N random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(bytes)
}
