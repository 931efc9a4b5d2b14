//! The fast engine's sums on a CUDA device: for machines that have one, and builds with the feature
//! `cuda`.
//!
//! Rows and transforms stay on the cores, as in [`crate::cpu`]: the device sums what the variables
//! give while the cores compute the quotient's values.

mod engine;
mod key;

pub use engine::{Gpu, GpuKey};
pub use key::GpuReady;
pub use medproof_cuda::{Device, Failure};
