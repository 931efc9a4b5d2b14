//! The target that MEDPROOF_FUZZ_TARGET names, guided by coverage; half of its mutations are ours,
//! which know JSON, moduli and dates.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use medproof_fuzz::{Rng, Target, corpus, mutate, target};
use std::sync::LazyLock;

static TARGET: LazyLock<(&'static Target, Vec<Vec<u8>>)> = LazyLock::new(|| {
    let name = std::env::var("MEDPROOF_FUZZ_TARGET").unwrap_or_default();
    let target = target(&name).unwrap_or_else(|| panic!("MEDPROOF_FUZZ_TARGET names no target: {name:?}"));
    (target, corpus::read(target).unwrap_or_default())
});

fuzz_target!(|input: &[u8]| {
    (TARGET.0.run)(input);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut rng = Rng::new(u64::from(seed));
    let (target, donors): &(&Target, Vec<Vec<u8>>) = &TARGET;
    if rng.once_in(2) || donors.is_empty() {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut input = mutate(target, &data[..size], &donors[rng.below(donors.len())], &mut rng);
    input.truncate(max_size.min(data.len()));
    data[..input.len()].copy_from_slice(&input);
    input.len()
});
