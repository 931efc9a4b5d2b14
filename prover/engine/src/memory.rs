//! Memory: for tables in large pages, where the system has them, since tables are read at random and a
//! small page's place has to be looked up nearly each time; and what a proof works in used again, since
//! fresh memory has to be cleared and mapped, page by page.

use bytemuck::{Pod, cast_slice, cast_slice_mut};
use memmap2::MmapMut;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
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

/// What proofs work in: handed out, wiped when it comes back, and handed out again. As many are kept as
/// were out at a time.
pub struct Spares<T> {
    idle: Arc<Mutex<Vec<T>>>,
}

impl<T> Default for Spares<T> {
    fn default() -> Self {
        Spares { idle: Arc::default() }
    }
}

impl<T: Zeroize> Spares<T> {
    /// One that serves. Where there is none, one that does not is given up, for what is made instead.
    pub fn find(&self, serves: impl Fn(&T) -> bool) -> Option<T> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = idle.iter().position(serves) {
            return Some(idle.swap_remove(at));
        }
        idle.pop();
        None
    }

    /// Wipes and keeps it.
    pub fn keep(&self, mut item: T) {
        item.zeroize();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(item);
    }
}

impl<T: Zeroize + Default> Spares<T> {
    /// Whichever is there.
    pub fn any(&self) -> Spare<T> {
        self.lend(|_| true, T::default)
    }

    fn lend(&self, serves: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> Spare<T> {
        Spare {
            item: self.find(serves).unwrap_or_else(make),
            home: Spares {
                idle: Arc::clone(&self.idle),
            },
        }
    }
}

impl<T: Copy + Default + Zeroize> Spares<Buffer<T>> {
    /// So many items, all of them the default.
    pub fn items(&self, count: usize) -> Spare<Buffer<T>> {
        let make = || Buffer {
            items: vec![T::default(); count],
            count,
        };
        let mut spare = self.lend(|buffer| buffer.items.len() >= count, make);
        spare.count = count;
        spare
    }
}

/// On loan: it goes back when dropped.
pub struct Spare<T: Zeroize + Default> {
    item: T,
    home: Spares<T>,
}

impl<T: Zeroize + Default> Deref for Spare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.item
    }
}

impl<T: Zeroize + Default> DerefMut for Spare<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.item
    }
}

impl<T: Zeroize + Default> Drop for Spare<T> {
    fn drop(&mut self) {
        self.home.keep(std::mem::take(&mut self.item));
    }
}

/// Items, as many as are in use; those behind them are the default.
#[derive(Default)]
pub struct Buffer<T> {
    items: Vec<T>,
    count: usize,
}

impl<T> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items[..self.count]
    }
}

impl<T> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.items[..self.count]
    }
}

impl<T: Zeroize> Zeroize for Buffer<T> {
    fn zeroize(&mut self) {
        self.items[..self.count].iter_mut().zeroize();
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
        let spares = Spares::<Buffer<u64>>::default();
        let mut first = spares.items(100);
        first.fill(7);
        let place = first.as_ptr();
        drop(first);
        let (again, other) = (spares.items(60), spares.items(60));
        assert_eq!(again.as_ptr(), place);
        assert_eq!((&again[..], &other[..]), (&[0; 60][..], &[0; 60][..]));
        drop((again, other));
        // Of the two that are there, the one that is long enough.
        let again = spares.items(100);
        assert_eq!((again.as_ptr(), &again[..]), (place, &[0; 100][..]));
    }

    #[test]
    fn what_does_not_serve_is_given_up_for_what_does() {
        let spares = Spares::<Buffer<u64>>::default();
        drop(spares.items(100));
        assert_eq!(spares.items(101).len(), 101);
        assert_eq!(spares.idle.lock().unwrap().len(), 1);
    }

    #[test]
    fn too_much_is_an_error() {
        for count in [usize::MAX, usize::MAX / 256] {
            assert!(Large::<Packed<1>>::zeroed(count).is_err());
        }
    }
}
