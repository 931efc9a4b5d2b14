//! Scalars on the device.

use crate::driver::{SentValues, Words};
use crate::{Device, Failure};
use ark_bn254::Fr;
use medproof_lanes::modulus::{Scalar, limbs};
use zeroize::Zeroizing;

/// Scalars that are multiplied by, there. Wiped when dropped.
pub struct Values(SentValues);

impl Values {
    /// Sends them, at least one.
    ///
    /// # Errors
    /// [`Failure::Count`] for none, [`Failure::Device`].
    pub fn send(_: &Device, scalars: &[Fr]) -> Result<Self, Failure> {
        if scalars.is_empty() {
            return Err(Failure::Count { expected: 1, found: 0 });
        }
        Ok(Values(SentValues::new(&words(scalars))?))
    }

    pub(crate) fn of(sent: SentValues) -> Self {
        Values(sent)
    }

    pub(crate) fn sent(&self) -> &SentValues {
        &self.0
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.count()
    }
}

/// As they are sent.
pub(crate) fn words(scalars: &[Fr]) -> Zeroizing<Vec<Words>> {
    // Of an exact size: a list that grows would leave scalars behind.
    let mut words = Zeroizing::new(Vec::with_capacity(scalars.len()));
    words.extend(scalars.iter().map(limbs::<Scalar>));
    words
}
