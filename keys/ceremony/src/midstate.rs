//! Blake2b stopped in the middle: a `.ptau` holds what a contributor's hash was before the last bytes.
//!
//! No library gives its hash's inner state away, so that the compression function is here once more (M-J.
//! Saarinen, J-P. Aumasson, RFC 7693, section 3). Everything else is hashed by the `blake2` crate, and a
//! test holds one to the other.

/// Bytes of a state as snarkjs has it: a block, eight words, what was hashed before the block, and how
/// much of the block is filled; the last two as two words of 64 bits.
pub(crate) const BYTES: usize = 216;

const BLOCK: usize = 128;

/// More than all points of any ceremony: what is hashed after them is counted without going over.
const MOST_HASHED: u64 = 1 << 48;

const INITIAL: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

const SIGMA: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/// Blake2b of 64 bytes without a key.
#[derive(Clone)]
pub(crate) struct Midstate {
    words: [u64; 8],
    // Hashed before the block.
    hashed: u64,
    block: [u8; BLOCK],
    filled: usize,
}

impl Midstate {
    pub(crate) fn new() -> Midstate {
        let mut words = INITIAL;
        // Its parameters: 64 bytes, no key, no tree.
        words[0] ^= 0x0101_0040;
        Midstate {
            words,
            hashed: 0,
            block: [0; BLOCK],
            filled: 0,
        }
    }

    /// From its bytes. `None` where they are of no state.
    pub(crate) fn from_bytes(bytes: &[u8; BYTES]) -> Option<Midstate> {
        let (block, rest) = bytes.split_first_chunk::<BLOCK>()?;
        let (words, _) = rest.as_chunks::<8>();
        let word = |i: usize| words.get(i).map_or(0, |word| u64::from_le_bytes(*word));
        let filled = usize::try_from(word(9)).ok().filter(|filled| *filled <= BLOCK)?;
        // So much is hashed block by block, and the last block waits until there is more.
        let plausible = word(8) % BLOCK as u64 == 0 && word(8) <= MOST_HASHED && word(10) == 0;
        plausible.then(|| Midstate {
            words: core::array::from_fn(word),
            hashed: word(8),
            block: *block,
            filled,
        })
    }

    /// Its bytes.
    pub(crate) fn to_bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let numbers = [self.hashed, self.filled as u64];
        let words = self.words.into_iter().chain(numbers).flat_map(u64::to_le_bytes);
        let all = self.block.into_iter().chain(words);
        bytes.iter_mut().zip(all).for_each(|(to, from)| *to = from);
        bytes
    }

    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.filled == BLOCK {
                self.hashed += BLOCK as u64;
                self.compress(false);
                self.filled = 0;
            }
            let taken = bytes.len().min(BLOCK - self.filled);
            let (now, later) = bytes.split_at(taken);
            self.block[self.filled..self.filled + taken].copy_from_slice(now);
            self.filled += taken;
            bytes = later;
        }
    }

    pub(crate) fn finish(mut self) -> [u8; 64] {
        self.hashed += self.filled as u64;
        self.block[self.filled..].fill(0);
        self.compress(true);
        let mut hash = [0; 64];
        let bytes = self.words.into_iter().flat_map(u64::to_le_bytes);
        hash.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        hash
    }

    fn compress(&mut self, last: bool) {
        let (message, _) = self.block.as_chunks::<8>();
        let message = |i: usize| message.get(i).map_or(0, |word| u64::from_le_bytes(*word));
        let mut v = [0; 16];
        v[..8].copy_from_slice(&self.words);
        v[8..].copy_from_slice(&INITIAL);
        v[12] ^= self.hashed;
        v[14] ^= if last { u64::MAX } else { 0 };
        for round in 0..12 {
            let s = SIGMA[round % 10].map(message);
            for i in 0..4 {
                mix(&mut v, [i, 4 + i, 8 + i, 12 + i], s[2 * i], s[2 * i + 1]);
            }
            for i in 0..4 {
                let columns = [i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4];
                mix(&mut v, columns, s[8 + 2 * i], s[9 + 2 * i]);
            }
        }
        for i in 0..8 {
            self.words[i] ^= v[i] ^ v[8 + i];
        }
    }
}

const fn mix(v: &mut [u64; 16], [a, b, c, d]: [usize; 4], x: u64, y: u64) {
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(x);
    v[d] = (v[d] ^ v[a]).rotate_right(32);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(24);
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(y);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(63);
}

#[cfg(test)]
mod tests {
    use super::*;
    use blake2::{Blake2b512, Digest};

    #[test]
    fn it_is_blake2b_however_it_is_cut() {
        let text: Vec<u8> = (0..700_u32).map(|i| (i * 7) as u8).collect();
        for length in [0, 1, 127, 128, 129, 255, 256, 257, 700] {
            let expected: [u8; 64] = Blake2b512::digest(&text[..length]).into();
            for cut in [0, 1, 64, 127, 128, 129, 256, 600] {
                let cut = cut.min(length);
                let mut first = Midstate::new();
                first.update(&text[..cut]);
                let mut second = Midstate::from_bytes(&first.to_bytes()).unwrap();
                second.update(&text[cut..length]);
                assert_eq!(second.finish(), expected, "{length} cut at {cut}");
            }
        }
    }

    #[test]
    fn bytes_of_no_state_are_refused() {
        let good = Midstate::new().to_bytes();
        assert!(Midstate::from_bytes(&good).is_some());
        for (at, byte) in [(192, 1), (200, 129), (208, 1), (207, 1), (198, 2), (199, 0x80)] {
            let mut bad = good;
            bad[at] = byte;
            assert!(Midstate::from_bytes(&bad).is_none(), "{byte} at {at}");
        }
    }
}
