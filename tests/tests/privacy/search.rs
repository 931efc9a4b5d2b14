//! Looks for all canaries in all their forms at once.

use crate::mint::Canary;
use std::collections::HashMap;

const KEY: usize = 8;
const FILTER_BITS: u32 = 24;

/// A canary that turned up.
#[derive(Clone, Debug)]
pub struct Hit {
    pub canary: usize,
    pub form: &'static str,
    pub at: usize,
}

/// All patterns, found by their first eight bytes.
pub struct Search {
    by_key: HashMap<u64, Vec<u32>>,
    filter: Vec<u64>,
    patterns: Vec<(u32, &'static str, Box<[u8]>)>,
}

fn slot(key: u64) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER_BITS)) as usize
}

fn key(bytes: &[u8]) -> u64 {
    let mut first = [0; KEY];
    first.copy_from_slice(&bytes[..KEY]);
    u64::from_le_bytes(first)
}

impl Search {
    pub fn new(canaries: &[Canary]) -> Search {
        let mut search = Search {
            by_key: HashMap::new(),
            filter: vec![0; 1 << (FILTER_BITS - 6)],
            patterns: Vec::new(),
        };
        for (canary, of) in canaries.iter().enumerate() {
            for (form, bytes) in of.patterns() {
                assert!(bytes.len() >= KEY, "too short to tell from chance: {form} of {of:?}");
                search.add(canary as u32, form, bytes);
            }
        }
        search
    }

    fn add(&mut self, canary: u32, form: &'static str, bytes: Vec<u8>) {
        let key = key(&bytes);
        let at = slot(key);
        self.filter[at / 64] |= 1 << (at % 64);
        self.by_key.entry(key).or_default().push(self.patterns.len() as u32);
        self.patterns.push((canary, form, bytes.into()));
    }

    /// How many patterns there are.
    pub fn patterns(&self) -> usize {
        self.patterns.len()
    }

    /// Every canary in these bytes, once a form.
    pub fn find(&self, bytes: &[u8]) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        for at in 0..(bytes.len() + 1).saturating_sub(KEY) {
            let key = key(&bytes[at..]);
            let slot = slot(key);
            if self.filter[slot / 64] >> (slot % 64) & 1 == 0 {
                continue;
            }
            for &i in self.by_key.get(&key).into_iter().flatten() {
                let (canary, form, pattern) = &self.patterns[i as usize];
                let canary = *canary as usize;
                if bytes[at..].starts_with(pattern) && !hits.iter().any(|h| h.canary == canary && h.form == *form) {
                    hits.push(Hit { canary, form, at });
                }
            }
        }
        hits
    }
}
