//! Development keys: made from a seed that anyone can compute, so the same everywhere.
//!
//! Nobody who verifies under such a key learns anything: its secrets are public.

use crate::circuit::{CircuitKey, Provenance};
use crate::progress::Progress;
use crate::setup::{Quotient, Secrets, SetupStage, generate};
use crate::store::KeyError;
use medproof_gadgets::shape::{Matrices, Shape};
use medproof_statement::tier::Tier;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

const SEED_TAG: &[u8] = b"medproof/insecure-development-key/v1";

/// Makes the development key of a circuit: seconds to a minute.
///
/// # Errors
/// [`KeyError::Setup`] when no key can be made or the work was cancelled, [`KeyError::Unusable`] for
/// a circuit without the statement's public inputs.
pub fn make(
    tier: Tier,
    version: u32,
    matrices: Matrices,
    progress: &dyn Progress<SetupStage>,
) -> Result<CircuitKey, KeyError> {
    let mut rng = ChaCha20Rng::from_seed(seed(tier, version, &matrices.shape()));
    let secrets = Secrets::draw(&mut rng);
    let proving = generate(&matrices, &secrets, Quotient::Coefficients, progress).map_err(KeyError::Setup)?;
    Ok(CircuitKey::new(
        tier,
        version,
        matrices,
        proving,
        Provenance::Development,
    )?)
}

fn seed(tier: Tier, version: u32, shape: &Shape) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(SEED_TAG);
    hash.update(tier.code().to_le_bytes());
    hash.update(version.to_le_bytes());
    hash.update(shape.digest);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Quiet;
    use crate::testing::{Chain, matrices, matrices_of};

    #[test]
    fn seeds_differ_by_tier_version_and_circuit() {
        let shape = matrices().shape();
        let base = seed(Tier::Xs, 1, &shape);
        assert_ne!(base, seed(Tier::S, 1, &shape));
        assert_ne!(base, seed(Tier::Xs, 2, &shape));
        assert_ne!(base, seed(Tier::Xs, 1, &matrices_of(Chain::blank(9)).shape()));
    }

    #[test]
    fn the_same_circuit_has_the_same_key_everywhere() {
        let [one, other] = [(); 2].map(|()| make(Tier::Xs, 1, matrices(), &Quiet).unwrap());
        assert!(one.proving() == other.proving());
        assert_eq!(one.provenance(), Provenance::Development);
    }
}
