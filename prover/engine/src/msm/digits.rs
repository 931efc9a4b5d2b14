//! Scalars cut into signed digits, and sorted by digit: once for every query that they multiply.

use crate::memory::{Buffer, Spare, Spares};
use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};
use rayon::prelude::*;
use zeroize::Zeroize;

/// How scalars are cut: into `count` windows of `bits` bits, of which neighbours that are `sets`
/// apart share the buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    bits: u32,
    count: u32,
    sets: u32,
}

/// Bits of a scalar's absolute value: at most (r − 1)/2.
const SCALAR_BITS: u32 = 253;

impl Windows {
    /// Windows of 2 to 20 bits, in so many sets of buckets; `None` for other widths, or no set.
    pub const fn new(bits: u32, sets: u32) -> Option<Windows> {
        if bits < 2 || bits > 20 || sets == 0 {
            return None;
        }
        // One bit more, for a carry into the highest.
        let count = (SCALAR_BITS + 1).div_ceil(bits);
        let sets = if sets < count { sets } else { count };
        Some(Windows { bits, count, sets })
    }

    /// Windows that exist for any number of scalars.
    pub const NARROW: Windows = Windows {
        bits: 8,
        count: (SCALAR_BITS + 1).div_ceil(8),
        sets: 1,
    };

    /// Bits of a digit, its sign included.
    pub const fn bits(self) -> u32 {
        self.bits
    }

    /// Sets of buckets.
    pub const fn sets(self) -> u32 {
        self.sets
    }

    /// Buckets of a set: digits from 1 to 2^(bits − 1), whatever their sign.
    pub const fn buckets(self) -> usize {
        1 << (self.bits - 1)
    }

    /// Multiples of each base that a table holds.
    pub const fn columns(self) -> u32 {
        self.count.div_ceil(self.sets)
    }

    /// Bits from one column of a table to the next.
    pub const fn stride(self) -> u32 {
        self.bits * self.sets
    }
}

/// A digit that is not 0: whose, in which column, and its sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Zeroize)]
pub struct Digit(u32);

const COLUMN_BITS: u32 = 7;

impl Digit {
    /// The most scalars at a time.
    pub const MOST_SCALARS: usize = 1 << (31 - COLUMN_BITS);

    const fn new(scalar: usize, column: u32, negative: bool) -> Digit {
        Digit((scalar as u32) << (COLUMN_BITS + 1) | column << 1 | negative as u32)
    }

    /// The scalar's place.
    pub const fn scalar(self) -> usize {
        (self.0 >> (COLUMN_BITS + 1)) as usize
    }

    /// The column of the base's multiples.
    pub const fn column(self) -> u32 {
        self.0 >> 1 & ((1 << COLUMN_BITS) - 1)
    }

    /// Whether the multiple is subtracted.
    pub const fn is_negative(self) -> bool {
        self.0 & 1 == 1
    }
}

/// The digits of many scalars in a list for each bucket, set after set.
pub struct Digits {
    windows: Windows,
    scalars: usize,
    // Of a part of the scalars each, so that they could be sorted side by side.
    parts: Vec<Part>,
}

// List after list, and where each ends.
struct Part {
    digits: Spare<Buffer<Digit>>,
    ends: Spare<Buffer<u32>>,
}

impl Part {
    fn before(&self, bucket: usize) -> usize {
        bucket.checked_sub(1).map_or(0, |last| self.ends[last] as usize)
    }

    fn bucket(&self, bucket: usize) -> &[Digit] {
        &self.digits[self.before(bucket)..self.ends[bucket] as usize]
    }
}

impl Digits {
    /// Cuts and sorts. At most [`Digit::MOST_SCALARS`].
    pub fn new(scalars: &[Fr], windows: Windows, sorting: &Sorting) -> Digits {
        let size = scalars.len().div_ceil(rayon::current_num_threads()).max(1 << 12);
        let parts = (scalars.par_chunks(size).enumerate())
            .map(|(part, scalars)| sort(scalars, part * size, windows, sorting))
            .collect();
        Digits {
            windows,
            scalars: scalars.len(),
            parts,
        }
    }

    /// How they were cut.
    pub fn windows(&self) -> Windows {
        self.windows
    }

    /// How many scalars there are.
    pub fn scalars(&self) -> usize {
        self.scalars
    }

    /// The digits in a bucket, in parts.
    pub fn bucket(&self, bucket: usize) -> impl Iterator<Item = &[Digit]> {
        self.parts.iter().map(move |part| part.bucket(bucket))
    }

    /// How many are in a bucket.
    pub fn count(&self, bucket: usize) -> usize {
        self.parts.iter().map(|part| part.bucket(bucket).len()).sum()
    }

    /// How many are in the fullest bucket.
    pub fn most(&self) -> usize {
        let buckets = self.windows.buckets() * self.windows.sets as usize;
        (0..buckets).map(|bucket| self.count(bucket)).max().unwrap_or_default()
    }

    /// The digits in all buckets before this one.
    pub fn before(&self, bucket: usize) -> usize {
        self.parts.iter().map(|part| part.before(bucket)).sum()
    }
}

// Neighbouring buckets that are sorted together, in the first-level cache: digits are first dealt to
// such groups, of which there are few enough that each is written to in its own line of the cache.
const GROUP_BITS: u32 = 7;

/// What sorting works in.
#[derive(Default)]
pub struct Sorting {
    values: Spares<Buffer<Value>>,
    dealt: Spares<Buffer<u64>>,
    digits: Spares<Buffer<Digit>>,
    ends: Spares<Buffer<u32>>,
}

// By counting, twice: into groups of buckets, and within a group.
fn sort(scalars: &[Fr], first: usize, windows: Windows, sorting: &Sorting) -> Part {
    let cuts = Cuts::new(windows);
    let mut values = sorting.values.items(scalars.len());
    values
        .iter_mut()
        .zip(scalars)
        .for_each(|(value, scalar)| *value = cuts.value(scalar));
    let buckets = windows.buckets() * windows.sets as usize;
    let mut starts = vec![0u32; buckets.div_ceil(1 << GROUP_BITS) + 1];
    for value in values.iter() {
        cuts.each_digit(value, |bucket, _, _| starts[(bucket >> GROUP_BITS) + 1] += 1);
    }
    for group in 1..starts.len() {
        starts[group] += starts[group - 1];
    }
    let total = starts.last().map_or(0, |total| *total as usize);
    // A digit, and above it its bucket's place in the group.
    let mut dealt = sorting.dealt.items(total);
    let mut next = starts.clone();
    for (i, value) in values.iter().enumerate() {
        cuts.each_digit(value, |bucket, column, negative| {
            let next = &mut next[bucket >> GROUP_BITS];
            let low = bucket as u64 & ((1 << GROUP_BITS) - 1);
            dealt[*next as usize] = low << 32 | u64::from(Digit::new(first + i, column, negative).0);
            *next += 1;
        });
    }
    let (mut digits, mut ends) = (sorting.digits.items(total), sorting.ends.items(buckets));
    for (range, ends) in starts.windows(2).zip(ends.chunks_mut(1 << GROUP_BITS)) {
        let group = &dealt[range[0] as usize..range[1] as usize];
        group.iter().for_each(|dealt| ends[(dealt >> 32) as usize] += 1);
        let mut sum = range[0];
        for end in ends.iter_mut() {
            sum += std::mem::replace(end, sum);
        }
        for dealt in group {
            let end = &mut ends[(dealt >> 32) as usize];
            digits[*end as usize] = Digit(*dealt as u32);
            *end += 1;
        }
    }
    starts.zeroize();
    next.zeroize();
    Part { digits, ends }
}

// A scalar's absolute value, lifted by 2^(bits − 1) − 1 in each window that it reaches: a window's
// bits less that are a signed digit then, without a carry. One word more than needed, so that there
// always is a next.
#[derive(Clone, Copy, Default, Zeroize)]
struct Value {
    words: [u64; 6],
    windows: u32,
    negative: bool,
}

// Where windows begin, and where their digits go.
struct Cuts {
    bits: u32,
    places: Vec<Place>,
    // What lifts so many windows.
    lifts: Vec<[u64; 5]>,
}

struct Place {
    word: usize,
    shift: u32,
    // The bucket of a digit 1.
    bucket: usize,
    column: u32,
}

impl Cuts {
    fn new(windows: Windows) -> Cuts {
        let (mut places, mut lifts) = (Vec::new(), vec![[0; 5]]);
        let mut lift = [0u64; 5];
        for window in 0..windows.count {
            let at = window * windows.bits;
            let (word, shift) = ((at / 64) as usize, at % 64);
            places.push(Place {
                word,
                shift,
                bucket: (window % windows.sets) as usize * windows.buckets(),
                column: window / windows.sets,
            });
            let half = u128::from(windows.buckets() as u64 - 1) << shift;
            lift[word] |= half as u64;
            if let Some(next) = lift.get_mut(word + 1) {
                *next |= (half >> 64) as u64;
            }
            lifts.push(lift);
        }
        Cuts {
            bits: windows.bits,
            places,
            lifts,
        }
    }

    // Of x and r − x the smaller: minus a small number has few digits, as has the number.
    fn value(&self, x: &Fr) -> Value {
        let (mut value, mut negative) = (x.into_bigint(), false);
        if value > Fr::MODULUS_MINUS_ONE_DIV_TWO {
            (value, negative) = ((-*x).into_bigint(), true);
        }
        let windows = match value.num_bits() {
            0 => 0,
            bits => (bits / self.bits + 1).min(self.places.len() as u32),
        };
        let (mut words, mut carry) = ([0; 6], false);
        for (i, lift) in self.lifts[windows as usize].iter().enumerate() {
            let (sum, over) = value.0.get(i).copied().unwrap_or_default().overflowing_add(*lift);
            let (sum, again) = sum.overflowing_add(u64::from(carry));
            (words[i], carry) = (sum, over | again);
        }
        value.0.zeroize();
        Value {
            words,
            windows,
            negative,
        }
    }

    // Every digit but 0: its bucket, its column and whether it is negative.
    #[inline(always)]
    fn each_digit(&self, value: &Value, mut tell: impl FnMut(usize, u32, bool)) {
        let (mask, half) = ((1 << self.bits) - 1, (1 << (self.bits - 1)) - 1);
        for place in &self.places[..value.windows as usize] {
            let (low, next) = (value.words[place.word], value.words[place.word + 1]);
            let window = (low >> place.shift | next << 1 << (63 - place.shift)) & mask;
            let digit = window as i64 - half;
            if digit != 0 {
                let size = digit.unsigned_abs() as usize;
                tell(place.bucket + size - 1, place.column, (digit < 0) != value.negative);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Rng;
    use ark_ff::{AdditiveGroup, Field};

    fn values() -> Vec<Fr> {
        let mut values = vec![Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::MODULUS_MINUS_ONE_DIV_TWO.into()];
        values.push(values[3] + Fr::ONE);
        for k in 1..254 {
            let power = Fr::from(2).pow([k]);
            values.extend([power, power - Fr::ONE, power + Fr::ONE, -power, Fr::ONE - power]);
        }
        values.push(Fr::from(0xFFFF_8000_8001_7FFFu64));
        let mut rng = Rng::new(7);
        values.extend((0..200).map(|_| rng.field()));
        values
    }

    // Column 2^(stride·column), set 2^(bits·set), bucket its number.
    #[test]
    fn digits_add_up_to_their_scalar() {
        let values = values();
        for (bits, sets) in [
            (2, 1),
            (5, 1),
            (8, 3),
            (13, 1),
            (15, 2),
            (16, 1),
            (16, 16),
            (17, 1),
            (20, 1),
            (7, 99),
        ] {
            let windows = Windows::new(bits, sets).unwrap();
            let digits = Digits::new(&values, windows, &Sorting::default());
            let mut sums = vec![Fr::ZERO; values.len()];
            for set in 0..windows.sets() {
                for size in 1..=windows.buckets() {
                    let bucket = set as usize * windows.buckets() + size - 1;
                    for digit in digits.bucket(bucket).flatten() {
                        let place = windows.stride() * digit.column() + bits * set;
                        let value = Fr::from(size as u64) * Fr::from(2).pow([u64::from(place)]);
                        assert!(digit.column() < windows.columns());
                        sums[digit.scalar()] += if digit.is_negative() { -value } else { value };
                    }
                }
            }
            assert_eq!(sums, values, "{windows:?}");
        }
    }

    #[test]
    fn small_numbers_of_either_sign_are_one_digit_and_zero_is_none() {
        let windows = Windows::new(13, 1).unwrap();
        for (value, count) in [(0i64, 0), (1, 1), (-1, 1), (4096, 1), (-4096, 1), (4097, 2), (-8191, 2)] {
            let digits = Digits::new(&[Fr::from(value)], windows, &Sorting::default());
            assert_eq!(
                digits.before(windows.buckets() - 1) + digits.count(windows.buckets() - 1),
                count
            );
        }
    }
}
