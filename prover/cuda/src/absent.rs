//! In the driver's place where the feature `cuda` is off.

use crate::Failure;
use medproof_lanes::points::Packed;

pub fn first() -> Result<(), Failure> {
    Err(Failure::NotBuilt)
}

/// There are none.
pub enum Uploaded<const D: usize> {}

impl<const D: usize> Uploaded<D> {
    pub fn new(_: &[Packed<D>]) -> Result<Self, Failure> {
        Err(Failure::NotBuilt)
    }

    pub fn sum(&self, _: &[[u64; 4]]) -> Result<[[[u64; 4]; D]; 3], Failure> {
        match *self {}
    }
}
