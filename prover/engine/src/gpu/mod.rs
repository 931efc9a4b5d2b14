//! The fast engine's sums and transforms on a CUDA device: for machines that have one, and builds with
//! the feature `cuda`.
//!
//! The key stays there, and the quotient's values never leave it: of a proof its rows' products and its
//! variables' values go there, four points come back. Rows stay on the cores, which take those of one
//! proof while the device sums another's.

mod engine;
mod key;

pub use engine::{Gpu, GpuKey};
pub use key::GpuReady;
pub use medproof_cuda::{Device, Failure};
