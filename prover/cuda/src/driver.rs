//! `cuda/bases.cu`, safe to call.

use crate::Failure;
use medproof_lanes::points::Packed;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::{Mutex, MutexGuard, PoisonError};

// Linked, and called from `cuda/bases.cu` alone.
use {blst as _, sppark as _};

unsafe extern "C" {
    fn medproof_cuda_first() -> c_int;
    fn medproof_cuda_upload(components: c_int, points: *const c_void, count: usize, bases: *mut *mut c_void) -> c_int;
    fn medproof_cuda_sum(bases: *mut c_void, scalars: *const c_void, count: usize, point: *mut c_void) -> c_int;
    fn medproof_cuda_forget(bases: *mut c_void);
    fn medproof_cuda_explain(code: c_int) -> *const c_char;
}

// As `cuda/bases.cu` takes them, which holds sppark to the same sizes.
const _: () = {
    assert!(size_of::<Packed<1>>() == 64 && size_of::<Packed<2>>() == 128);
    assert!(size_of::<[[[u64; 4]; 1]; 3]>() == 96 && size_of::<[[[u64; 4]; 2]; 3]>() == 192);
};

pub fn first() -> Result<(), Failure> {
    let _alone = alone();
    // SAFETY: takes nothing, and throws nothing.
    outcome(unsafe { medproof_cuda_first() })
}

/// Points on the device, at least one.
pub struct Uploaded<const D: usize> {
    bases: NonNull<c_void>,
    count: usize,
}

// SAFETY: every call selects the device for its thread, and none is made while another is.
unsafe impl<const D: usize> Send for Uploaded<D> {}

// SAFETY: as above.
unsafe impl<const D: usize> Sync for Uploaded<D> {}

impl<const D: usize> Uploaded<D> {
    /// As [`medproof_lanes::Path::Portable`] packs them; none at infinity.
    pub fn new(points: &[Packed<D>]) -> Result<Self, Failure> {
        const { assert!(D == 1 || D == 2) };
        let _alone = alone();
        let mut bases = null_mut();
        // SAFETY: `points` are so many affine points of G1 or G2, as D says; they are copied before
        // the call returns.
        outcome(unsafe { medproof_cuda_upload(D as c_int, points.as_ptr().cast(), points.len(), &mut bases) })?;
        let bases = NonNull::new(bases).ok_or_else(|| Failure::Device {
            reason: "no points were sent".to_owned(),
        })?;
        let count = points.len();
        Ok(Uploaded { bases, count })
    }

    /// Σ scalar·point, in Jacobian coordinates. Words are as arkworks has them.
    pub fn sum(&self, scalars: &[[u64; 4]]) -> Result<[[[u64; 4]; D]; 3], Failure> {
        if scalars.len() != self.count {
            return Err(Failure::Count {
                expected: self.count,
                found: scalars.len(),
            });
        }
        let _alone = alone();
        let mut point = [[[0; 4]; D]; 3];
        // SAFETY: `bases` came from an upload and was not dropped; there are as many scalars as it has
        // points; `point` has room for three coordinates of D components, and is written to alone.
        outcome(unsafe {
            medproof_cuda_sum(
                self.bases.as_ptr(),
                scalars.as_ptr().cast(),
                scalars.len(),
                point.as_mut_ptr().cast(),
            )
        })?;
        Ok(point)
    }
}

impl<const D: usize> Drop for Uploaded<D> {
    fn drop(&mut self) {
        let _alone = alone();
        // SAFETY: `bases` came from an upload, and is not used again.
        unsafe { medproof_cuda_forget(self.bases.as_ptr()) }
    }
}

// One call at a time: see `cuda/bases.cu`.
fn alone() -> MutexGuard<'static, ()> {
    static DEVICE: Mutex<()> = Mutex::new(());
    DEVICE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn outcome(code: c_int) -> Result<(), Failure> {
    if code == 0 {
        return Ok(());
    }
    // SAFETY: gives a text that ends in zero and stays, whatever the code.
    let reason = unsafe { CStr::from_ptr(medproof_cuda_explain(code)) };
    Err(Failure::Device {
        reason: reason.to_string_lossy().into_owned(),
    })
}
