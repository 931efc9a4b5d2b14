//! In the driver's place where the feature `cuda` is off.

use crate::Failure;
use medproof_lanes::points::Packed;

pub type Words = [u64; 4];

pub fn first() -> Result<(), Failure> {
    Err(Failure::NotBuilt)
}

/// There are none.
pub enum SentValues {}

impl SentValues {
    pub fn new(_: &[Words]) -> Result<Self, Failure> {
        Err(Failure::NotBuilt)
    }

    pub fn count(&self) -> usize {
        match *self {}
    }
}

/// There are none.
pub enum SentBases<const D: usize> {}

impl<const D: usize> SentBases<D> {
    pub fn new(_: &[Packed<D>], _: &[u32], _: usize) -> Result<Self, Failure> {
        Err(Failure::NotBuilt)
    }

    pub fn sum(&self, _: &SentValues) -> Result<[[Words; D]; 3], Failure> {
        match *self {}
    }
}

/// There is none.
pub enum SentCoset {}

impl SentCoset {
    pub fn new(_: &[Words], _: &Words) -> Result<Self, Failure> {
        Err(Failure::NotBuilt)
    }

    pub fn quotient(&self, _: &[Words], _: &[Words], _: Option<&[Words]>) -> Result<SentValues, Failure> {
        match *self {}
    }
}
