//! How large a tier's circuit and keys are, known without a setup.

use crate::fit::Counts;
use medproof_gadgets::shape::Shape;

const G1: u64 = 64;
const G2: u64 = 128;
/// Before each list, its length.
const LENGTH: u64 = 8;

/// Bytes of the proving key's file: uncompressed points.
///
/// α₁ β₂ γ₂ δ₂ IC, β₁ δ₁, A B₁ B₂ H L.
#[must_use]
pub const fn proving_key_bytes(shape: &Shape) -> u64 {
    let counts = Counts::of(shape);
    let (ic, variables) = (counts.ic as u64, counts.variables as u64);
    let (h, l) = (counts.h as u64, counts.l as u64);
    let verifying = G1 + 3 * G2 + LENGTH + G1 * ic;
    let queries = 5 * LENGTH + (2 * G1 + G2) * variables + G1 * (h + l);
    verifying + 2 * G1 + queries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{matrices, small_key};
    use ark_serialize::CanonicalSerialize;

    #[test]
    fn the_formula_gives_a_real_keys_size() {
        let expected = small_key().uncompressed_size() as u64;
        assert_eq!(proving_key_bytes(&matrices().shape()), expected);
    }
}
