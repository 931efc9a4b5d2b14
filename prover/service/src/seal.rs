//! What workers are given, sealed to them: XChaCha20-Poly1305 under a key that API and workers share,
//! bound to the job that it is for.
//!
//! ```text
//! sealed = 1(8) ‖ nonce(192) ‖ ciphertext ‖ tag(128)
//! inside = length(64) ‖ bytes ‖ zeros up to a power of two
//! ```
//!
//! The padding leaves who sees the database no more of a chart than its order of magnitude.

use crate::job::JobId;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const FORM: u8 = 1;
const NONCE: usize = 24;
const LENGTH: usize = 8;
const LEAST: usize = 16 * 1024;

/// The key that API and workers share.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct WorkKey([u8; 32]);

/// Why nothing was sealed, or nothing opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// No randomness.
    #[error("the operating system gives no randomness")]
    Random,
    /// More than is ever sealed.
    #[error("expected less to seal")]
    TooLarge,
    /// Not what was sealed under this key for this job.
    #[error("expected a payload under this worker's key, found another: give workers the key of the service")]
    Refused,
}

impl WorkKey {
    /// From 32 bytes of a cryptographic generator.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> WorkKey {
        WorkKey(bytes)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(self.0))
    }

    /// Seals for this job.
    ///
    /// # Errors
    /// [`SealError::Random`], [`SealError::TooLarge`].
    pub fn seal(&self, job: &JobId, bytes: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| SealError::Random)?;
        let padded = (bytes.len() + LENGTH).max(LEAST).checked_next_power_of_two();
        let mut inside = Zeroizing::new(Vec::with_capacity(padded.ok_or(SealError::TooLarge)? + 16));
        inside.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        inside.extend_from_slice(bytes);
        inside.resize(padded.ok_or(SealError::TooLarge)?, 0);
        let sealed = self
            .cipher()
            .encrypt_in_place(&XNonce::from(nonce), job.bytes(), &mut *inside);
        sealed.map_err(|_| SealError::TooLarge)?;
        Ok([&[FORM], &nonce[..], &inside].concat())
    }

    /// Opens what was sealed for this job.
    ///
    /// # Errors
    /// [`SealError::Refused`].
    pub fn open(&self, job: &JobId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (form, rest) = sealed.split_first().ok_or(SealError::Refused)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(SealError::Refused)?;
        if *form != FORM {
            return Err(SealError::Refused);
        }
        let mut inside = Zeroizing::new(rest.to_vec());
        let opened = self
            .cipher()
            .decrypt_in_place(&XNonce::from(*nonce), job.bytes(), &mut *inside);
        opened.map_err(|_| SealError::Refused)?;
        let (length, padded) = inside.split_first_chunk::<LENGTH>().ok_or(SealError::Refused)?;
        let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| SealError::Refused)?;
        let bytes = padded.get(..length).ok_or(SealError::Refused)?;
        Ok(Zeroizing::new(bytes.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_job_and_under_its_key_alone() {
        let (key, other) = (WorkKey::from_bytes([1; 32]), WorkKey::from_bytes([2; 32]));
        let (job, another) = (JobId::random().unwrap(), JobId::random().unwrap());
        for length in [0, 1, 1000, LEAST - LENGTH, LEAST - LENGTH + 1, 100_000] {
            let bytes: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let sealed = key.seal(&job, &bytes).unwrap();
            assert_eq!(*key.open(&job, &sealed).unwrap(), bytes);
            assert_ne!(key.seal(&job, &bytes).unwrap(), sealed);
            for (key, job) in [(&other, &job), (&key, &another)] {
                assert_eq!(key.open(job, &sealed).map(|_| ()), Err(SealError::Refused));
            }
            for place in [0, 1, 30, sealed.len() - 1] {
                let mut changed = sealed.clone();
                changed[place] ^= 1;
                assert_eq!(key.open(&job, &changed).map(|_| ()), Err(SealError::Refused), "{place}");
            }
            assert_eq!(
                key.open(&job, &sealed[..sealed.len() - 1]).map(|_| ()),
                Err(SealError::Refused)
            );
        }
        assert_eq!(key.open(&job, &[]).map(|_| ()), Err(SealError::Refused));
    }

    #[test]
    fn lengths_say_no_more_than_the_order_of_magnitude() {
        let (key, job) = (WorkKey::from_bytes([1; 32]), JobId::random().unwrap());
        let length = |n: usize| key.seal(&job, &vec![7; n]).unwrap().len();
        assert_eq!(length(0), length(LEAST - LENGTH));
        assert_eq!(length(LEAST), length(2 * LEAST - LENGTH));
        assert!(length(LEAST) < length(2 * LEAST));
    }
}
