//! What there is to know of a circuit and a witness before times are compared.

use ark_bn254::Fr;
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, Field, PrimeField, Zero};
use medproof_keys::circom::Zkey;

/// Sizes, and how much of the witness is small.
pub(crate) fn circuit(key: &Zkey, witness: &[Fr]) -> String {
    let filled = key
        .a
        .iter()
        .zip(&key.b)
        .rposition(|(a, b)| !a.is_empty() || !b.is_empty());
    // The last bind the constant and the inputs.
    let rows = filled.map_or(0, |last| last + 1).saturating_sub(key.public + 1);
    let in_b = key.b_g2_query.iter().filter(|point| !point.is_zero()).count();
    let nonzeros: usize = key.a.iter().chain(&key.b).map(Vec::len).sum();
    let share = |which: &dyn Fn(&Fr) -> bool| 100 * witness.iter().filter(|x| which(x)).count() / witness.len().max(1);
    let zeros = share(&|x| x.is_zero());
    let ones = share(&|x| *x == Fr::ONE);
    let small = share(&|x| x.into_bigint().num_bits() <= 64) - zeros - ones;
    format!(
        "{rows} constraints with {nonzeros} numbers in A and B, {} variables of which {in_b} are in B, {} public inputs; \
         of the values {zeros} % are 0, {ones} % are 1, {small} % are others below 2^64",
        witness.len(),
        key.public
    )
}
