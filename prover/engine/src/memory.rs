//! Memory for tables: in large pages, where the system has them, since tables are read at random and a
//! small page's place has to be looked up nearly each time.

use bytemuck::{Pod, cast_slice, cast_slice_mut};
use memmap2::MmapMut;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// There is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no memory for {bytes} bytes: free some, or take the settings for less")]
pub struct OutOfMemory {
    /// That were asked for.
    pub bytes: usize,
}

/// Items in memory of their own.
pub struct Large<T> {
    // None for no bytes.
    map: Option<MmapMut>,
    bytes: usize,
    items: PhantomData<T>,
}

impl<T: Pod> Large<T> {
    /// So many items of zeros.
    ///
    /// # Errors
    /// [`OutOfMemory`].
    pub fn zeroed(count: usize) -> Result<Self, OutOfMemory> {
        let bytes = count.saturating_mul(size_of::<T>());
        let map = match bytes {
            0 => None,
            _ => Some(MmapMut::map_anon(bytes).map_err(|_| OutOfMemory { bytes })?),
        };
        // Only faster: a system without large pages refuses, and is none the worse for it.
        #[cfg(target_os = "linux")]
        if let Some(map) = &map {
            let _ = map.advise(memmap2::Advice::HugePage);
        }
        Ok(Large {
            map,
            bytes,
            items: PhantomData,
        })
    }
}

// A mapping begins at a page, which is aligned for all items.
impl<T: Pod> Deref for Large<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.map.as_ref().map_or(&[], |map| cast_slice(&map[..self.bytes]))
    }
}

impl<T: Pod> DerefMut for Large<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.map {
            None => &mut [],
            Some(map) => cast_slice_mut(&mut map[..self.bytes]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use medproof_lanes::points::Packed;

    #[test]
    fn memory_is_zero_and_keeps_what_is_written() {
        for count in [0, 1, 63, 100_000] {
            let mut large = Large::<Packed<2>>::zeroed(count).unwrap();
            assert_eq!(large.len(), count);
            assert!(large.iter().all(Packed::is_infinity));
            cast_slice_mut::<_, u64>(&mut large).fill(7);
            assert!(cast_slice::<_, u64>(&large).iter().all(|word| *word == 7));
        }
    }

    #[test]
    fn too_much_is_an_error() {
        for count in [usize::MAX, usize::MAX / 256] {
            assert!(Large::<Packed<1>>::zeroed(count).is_err());
        }
    }
}
