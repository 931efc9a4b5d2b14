//! Memory: for tables in large pages, where the system has them, since tables are read at random and a
//! small page's place has to be looked up nearly each time; and what a proof works in used again, since
//! fresh memory has to be cleared and mapped, page by page.

use bytemuck::{Pod, cast_slice, cast_slice_mut};
use memmap2::MmapMut;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroize;

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

/// Items that are handed out, wiped when they come back, and handed out again. As many are kept as were
/// out at a time.
pub struct Spares<T> {
    idle: Mutex<Vec<Vec<T>>>,
}

impl<T> Default for Spares<T> {
    fn default() -> Self {
        Spares { idle: Mutex::default() }
    }
}

impl<T: Copy + Default + Zeroize> Spares<T> {
    /// So many items, all of them the default.
    pub fn take(&self, count: usize) -> Spare<'_, T> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let items = idle.filter(|items| items.len() >= count);
        Spare {
            items: items.unwrap_or_else(|| vec![T::default(); count]),
            count,
            home: self,
        }
    }
}

/// Items on loan.
pub struct Spare<'a, T: Copy + Default + Zeroize> {
    items: Vec<T>,
    count: usize,
    home: &'a Spares<T>,
}

impl<T: Copy + Default + Zeroize> Deref for Spare<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items[..self.count]
    }
}

impl<T: Copy + Default + Zeroize> DerefMut for Spare<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.items[..self.count]
    }
}

impl<T: Copy + Default + Zeroize> Drop for Spare<'_, T> {
    fn drop(&mut self) {
        self.items[..self.count].iter_mut().zeroize();
        let items = std::mem::take(&mut self.items);
        self.home
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(items);
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
    fn what_comes_back_is_wiped_and_used_again() {
        let spares = Spares::<u64>::default();
        let mut first = spares.take(100);
        first.fill(7);
        let place = first.as_ptr();
        drop(first);
        let (again, other) = (spares.take(60), spares.take(60));
        assert_eq!(again.as_ptr(), place);
        assert_eq!((&again[..], &other[..]), (&[0; 60][..], &[0; 60][..]));
        drop(again);
        assert!(spares.take(100).iter().all(|word| *word == 0));
        assert_eq!(spares.take(101).len(), 101);
    }

    #[test]
    fn too_much_is_an_error() {
        for count in [usize::MAX, usize::MAX / 256] {
            assert!(Large::<Packed<1>>::zeroed(count).is_err());
        }
    }
}
