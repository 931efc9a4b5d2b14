//! `cuda/device.cu`, safe to call.

use crate::Failure;
use medproof_lanes::points::Packed;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{NonNull, null, null_mut};
use std::sync::{Mutex, MutexGuard, PoisonError};

// Linked, and called from `cuda/device.cu` alone.
use {blst as _, sppark as _};

type Given = *const c_void;
type Kept = *mut c_void;

unsafe extern "C" {
    fn medproof_cuda_first() -> c_int;
    fn medproof_cuda_send(scalars: Given, count: usize, values: *mut Kept) -> c_int;
    fn medproof_cuda_bases(
        components: c_int,
        points: Given,
        places: *const u32,
        count: usize,
        bases: *mut Kept,
    ) -> c_int;
    fn medproof_cuda_sum(bases: Kept, values: Given, point: Kept) -> c_int;
    fn medproof_cuda_coset(levels: u32, shifts: Given, scale: Given, coset: *mut Kept) -> c_int;
    fn medproof_cuda_quotient(coset: Given, a: Given, b: Given, c: Given, quotient: *mut Kept) -> c_int;
    fn medproof_cuda_forget_values(values: Kept);
    fn medproof_cuda_forget_bases(bases: Kept);
    fn medproof_cuda_forget_coset(coset: Kept);
    fn medproof_cuda_explain(code: c_int) -> *const c_char;
}

/// A number's words as arkworks has them, the lowest first.
pub type Words = [u64; 4];

// As the device takes them, which holds sppark to the same sizes.
const _: () = {
    assert!(size_of::<Words>() == 32);
    assert!(size_of::<Packed<1>>() == 64 && size_of::<Packed<2>>() == 128);
    assert!(size_of::<[[Words; 1]; 3]>() == 96 && size_of::<[[Words; 2]; 3]>() == 192);
};

pub fn first() -> Result<(), Failure> {
    let _alone = alone();
    // SAFETY: takes nothing, and throws nothing.
    outcome(unsafe { medproof_cuda_first() })
}

// Something on the device, and what frees it.
struct Handle {
    kept: NonNull<c_void>,
    forget: unsafe extern "C" fn(Kept),
}

// SAFETY: every call selects the device for its thread, and none is made while another is.
unsafe impl Send for Handle {}

// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Handle {
    // Of what `make` makes, which `forget` must free.
    fn of(make: impl FnOnce(*mut Kept) -> c_int, forget: unsafe extern "C" fn(Kept)) -> Result<Handle, Failure> {
        let mut kept = null_mut();
        outcome(make(&mut kept))?;
        let kept = NonNull::new(kept).ok_or_else(|| Failure::Device {
            reason: "nothing was sent".to_owned(),
        })?;
        Ok(Handle { kept, forget })
    }

    fn at(&self) -> Kept {
        self.kept.as_ptr()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let _alone = alone();
        // SAFETY: what was made and is not used again, by the function that frees such.
        unsafe { (self.forget)(self.kept.as_ptr()) }
    }
}

/// Scalars on the device, wiped there when dropped.
pub struct SentValues {
    values: Handle,
    count: usize,
}

impl SentValues {
    /// At least one.
    pub fn new(scalars: &[Words]) -> Result<Self, Failure> {
        let (_alone, count) = (alone(), scalars.len());
        let send = |values: *mut Kept| {
            // SAFETY: `scalars` are so many; they are copied before the call returns.
            unsafe { medproof_cuda_send(scalars.as_ptr().cast(), count, values) }
        };
        let values = Handle::of(send, medproof_cuda_forget_values)?;
        Ok(SentValues { values, count })
    }

    pub fn count(&self) -> usize {
        self.count
    }
}

/// Points on the device, at least one.
pub struct SentBases<const D: usize> {
    bases: Handle,
    // More than any of its places.
    scalars: usize,
}

impl<const D: usize> SentBases<D> {
    /// As [`medproof_lanes::Path::Portable`] packs them, none at infinity; of each the place of its
    /// scalar, of so many.
    pub fn new(points: &[Packed<D>], places: &[u32], scalars: usize) -> Result<Self, Failure> {
        const { assert!(D == 1 || D == 2) };
        if points.len() != places.len() || places.iter().any(|place| *place as usize >= scalars) {
            return Err(Failure::Count {
                expected: points.len(),
                found: places.len(),
            });
        }
        let _alone = alone();
        let send = |bases: *mut Kept| {
            // SAFETY: `points` are so many affine points of G1 or G2, as D says, and `places` as many;
            // they are copied before the call returns.
            unsafe { medproof_cuda_bases(D as c_int, points.as_ptr().cast(), places.as_ptr(), points.len(), bases) }
        };
        let bases = Handle::of(send, medproof_cuda_forget_bases)?;
        Ok(SentBases { bases, scalars })
    }

    /// Σ scalar·point, in Jacobian coordinates.
    pub fn sum(&self, values: &SentValues) -> Result<[[Words; D]; 3], Failure> {
        if values.count != self.scalars {
            return Err(Failure::Count {
                expected: self.scalars,
                found: values.count,
            });
        }
        let _alone = alone();
        let mut point = [[[0; 4]; D]; 3];
        // SAFETY: both are on the device; every place of the bases is among the values; `point` has
        // room for three coordinates of D components, and is written to alone.
        outcome(unsafe { medproof_cuda_sum(self.bases.at(), values.values.at(), point.as_mut_ptr().cast()) })?;
        Ok(point)
    }
}

/// A coset on the device.
pub struct SentCoset {
    coset: Handle,
    size: usize,
}

impl SentCoset {
    /// Of a domain of so many elements as there are shifts, a power of two from 2^10 to 2^28.
    pub fn new(shifts: &[Words], scale: &Words) -> Result<Self, Failure> {
        let size = shifts.len();
        if !size.is_power_of_two() || !(10..=28).contains(&size.ilog2()) {
            return Err(Failure::Count {
                expected: size.next_power_of_two().clamp(1 << 10, 1 << 28),
                found: size,
            });
        }
        let _alone = alone();
        let send = |coset: *mut Kept| {
            // SAFETY: `shifts` are as many as the levels say, `scale` is one; they are copied before
            // the call returns.
            unsafe { medproof_cuda_coset(size.ilog2(), shifts.as_ptr().cast(), scale.as_ptr().cast(), coset) }
        };
        let coset = Handle::of(send, medproof_cuda_forget_coset)?;
        Ok(SentCoset { coset, size })
    }

    /// scale·a·b − c at each element of the coset, from values on the domain.
    pub fn quotient(&self, a: &[Words], b: &[Words], c: Option<&[Words]>) -> Result<SentValues, Failure> {
        for given in [Some(a), Some(b), c].into_iter().flatten() {
            if given.len() != self.size {
                return Err(Failure::Count {
                    expected: self.size,
                    found: given.len(),
                });
            }
        }
        let _alone = alone();
        let c = c.map_or(null(), |c| c.as_ptr().cast());
        let compute = |quotient: *mut Kept| {
            // SAFETY: the coset is on the device; the others are as many as its elements each, or
            // null; they are copied before the call returns.
            unsafe { medproof_cuda_quotient(self.coset.at(), a.as_ptr().cast(), b.as_ptr().cast(), c, quotient) }
        };
        let values = Handle::of(compute, medproof_cuda_forget_values)?;
        Ok(SentValues {
            values,
            count: self.size,
        })
    }
}

// One call at a time: see `cuda/device.cu`.
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
