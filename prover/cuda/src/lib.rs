//! What a prover has done on a CUDA device: sums of a key's points, and the quotient that some of them
//! are summed by.
//!
//! A key's points and its coset stay on the device; a proof's numbers are sent once. Without the feature
//! `cuda` this compiles everywhere, and [`Device::first`] says that there is no CUDA in the build.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod bases;
mod coset;
#[cfg_attr(not(feature = "cuda"), path = "absent.rs")]
mod driver;
pub mod testing;
mod values;

pub use bases::Bases;
pub use coset::Coset;
pub use values::Values;

use std::fmt;

/// Why there is no device, or no sum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The feature `cuda` is off.
    #[error("no CUDA in this build: build it with the feature cuda")]
    NotBuilt,
    /// The device, or the driver, or the host on their behalf.
    #[error("the CUDA device: {reason}")]
    Device {
        /// As CUDA says it.
        reason: String,
    },
    /// More points than the device's indices tell apart.
    #[error("expected at most {most} points, found {found}")]
    TooMany {
        /// As many as can be.
        most: usize,
        /// As many as there are.
        found: usize,
    },
    /// Other numbers than these are for.
    #[error("expected {expected} numbers, found {found}")]
    Count {
        /// As many as can be used.
        expected: usize,
        /// As many as were given.
        found: usize,
    },
    /// The device gave no field elements.
    #[error("the CUDA device gave a sum that is no point: test the device's memory")]
    NoPoint,
}

/// A CUDA device.
#[derive(Clone, Copy)]
pub struct Device(());

impl Device {
    /// The first one.
    ///
    /// # Errors
    /// [`Failure::NotBuilt`] without the feature `cuda`; [`Failure::Device`] where there is none.
    pub fn first() -> Result<Device, Failure> {
        driver::first().map(Device)
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Device(first)")
    }
}
