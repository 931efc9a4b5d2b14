//! The fast engine: Groth16 for a key that stays the same, on the machine's cores.

mod circuit;
mod engine;
mod file;
mod key;
mod lagrange;
mod parts;
mod rows;

pub use circuit::Products;
pub(crate) use circuit::{Circuit, Queries};
pub use engine::{Cpu, ReadyKey};
pub use file::{Digest, FileError};
pub use key::{Ready, ReadyStage, Settings};
pub(crate) use lagrange::from_powers;
pub use parts::Part;

use crate::blinding::Blinding;
use crate::checkpoint::Checkpoint;
use crate::error::ProveError;
use crate::msm::{Digits, Summers, multiply};
use ark_bn254::{Bn254, Fr};
use ark_groth16::Proof;
use key::{Tables, Workshop};

impl Ready {
    /// A proof of the values of all variables, the constant 1 first: the one that `ark-groth16` makes
    /// and then re-randomises with the same two scalars.
    ///
    /// # Errors
    /// Those of [`Ready::products`] and of [`Ready::points`].
    pub fn prove(
        &self,
        z: &[Fr],
        blinding: &Blinding,
        checkpoint: &dyn Checkpoint,
    ) -> Result<Proof<Bn254>, ProveError> {
        let products = self.products(z)?;
        self.points(z, products, blinding, checkpoint)
    }

    /// Multiplies the rows by the values of all variables, and checks them where C is known.
    ///
    /// # Errors
    /// [`ProveError::Mismatch`] for another circuit's values, [`ProveError::Unsatisfied`] with the
    /// first row that fails.
    pub fn products(&self, z: &[Fr]) -> Result<Products, ProveError> {
        self.circuit.products(z)
    }

    /// The proof's points. The products must be those of `z`.
    ///
    /// # Errors
    /// [`ProveError::Cancelled`] at a checkpoint, [`ProveError::Unblindable`].
    pub fn points(
        &self,
        z: &[Fr],
        products: Products,
        blinding: &Blinding,
        checkpoint: &dyn Checkpoint,
    ) -> Result<Proof<Bn254>, ProveError> {
        checkpoint.pass()?;
        let Tables { a, b, rest, quotient } = &self.tables;
        let Workshop { sorting, g1, g2 } = &self.workshop;
        let (of_quotient, digits) = rayon::join(
            || {
                let values = self.circuit.quotient(products, checkpoint)?;
                Ok::<_, ProveError>(Digits::new(&values, quotient.windows(), sorting))
            },
            || Digits::new(z, a.windows(), sorting),
        );
        let of_quotient = of_quotient?;
        checkpoint.pass()?;
        let g1 = Summers::new(self.settings.path, &[&digits, &of_quotient], g1);
        let g2 = Summers::new(self.settings.path, &[&digits], g2);
        let ((a, b), (rest, quotient)) = rayon::join(
            || {
                rayon::join(
                    || multiply(a, &digits, &g1, checkpoint),
                    || multiply(b, &digits, &g2, checkpoint),
                )
            },
            || {
                rayon::join(
                    || multiply(rest, &digits, &g1, checkpoint),
                    || multiply(quotient, &of_quotient, &g1, checkpoint),
                )
            },
        );
        let vk = self.verifying();
        blinding.apply(a? + vk.alpha_g1, b? + vk.beta_g2, rest? + quotient?, &vk.delta_g2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::Assignment;
    use crate::checkpoint::Unstoppable;
    use crate::testing::{Chain, Random, Rng, key_of, reference, rerandomised};
    use ark_ff::{AdditiveGroup, Field};
    use ark_groth16::{Groth16, ProvingKey};
    use medproof_disclosure::Disclosure;
    use medproof_gadgets::shape::Matrices;
    use medproof_keys::{KeyStore, Quiet};
    use medproof_lanes::Path;
    use medproof_statement::testing::{Case, condition, fact, facts, has, policy};
    use medproof_statement::tier::Tier;

    // 58 rows and 6 inputs fill a domain exactly.
    #[test]
    fn proofs_equal_the_references_for_the_same_randomness() {
        for links in [1, 2, 10, 57, 58, 59, 200] {
            let key = key_of(Tier::Xs, links);
            let assignment = Assignment::synthesise(Chain::honest(links), key.shape()).unwrap();
            for path in [Path::best(), Path::Portable] {
                for (window, sets) in [(None, 1), (Some(5), 3)] {
                    let settings = Settings { window, sets, path };
                    let ready = Ready::new(key.matrices(), key.proving(), settings, &Quiet).unwrap();
                    let plain =
                        Groth16::<Bn254>::create_proof_with_reduction_no_zk(Chain::honest(links), key.proving())
                            .unwrap();
                    for seed in 0..4 {
                        let (blinding, expected) = rerandomised(key.verifying(), &plain, seed);
                        let found = ready.prove(assignment.values(), &blinding, &Unstoppable).unwrap();
                        assert_eq!(found, expected, "{links} links, {settings:?}");
                    }
                }
            }
        }
    }

    // What the reference proves of a circuit, we prove of it, for the same key and randomness.
    fn agrees(matrices: &Matrices, key: &ProvingKey<Bn254>, z: &[Fr], settings: &[Settings], name: &str) {
        let (blinding, expected) = reference(key, matrices, z, 1);
        for settings in settings {
            let ready = Ready::new(matrices, key, *settings, &Quiet).unwrap();
            let found = ready.prove(z, &blinding, &Unstoppable).unwrap();
            assert_eq!(found, expected, "{name}, {settings:?}");
        }
    }

    fn all_settings() -> Vec<Settings> {
        let paths = [Path::best(), Path::Portable];
        let both = [Settings::default(), Settings::lean()];
        (paths.into_iter())
            .flat_map(|path| both.map(|settings| Settings { path, ..settings }))
            .collect()
    }

    fn a_tier_agrees(tier: Tier, settings: &[Settings]) {
        let key = KeyStore::of_user().unwrap().development(tier, &Quiet).unwrap();
        let facts_of = facts(&[fact(condition(5), 100, 1), fact(condition(9), 200, 2)]);
        let case = Case::new(policy(tier, vec![has(condition(5))]), facts_of);
        let (public, witness) = case.prove().unwrap();
        let assignment = Assignment::synthesise(Disclosure::new(public, &witness), key.shape()).unwrap();
        agrees(
            key.matrices(),
            key.proving(),
            assignment.values(),
            settings,
            tier.name(),
        );
    }

    #[test]
    fn the_smallest_tier_is_proved_as_the_reference_proves_it() {
        a_tier_agrees(Tier::Xs, &[Settings::lean()]);
    }

    #[test]
    #[ignore = "keys of all tiers, in four ways: half an hour"]
    fn every_tier_is_proved_as_the_reference_proves_it() {
        Tier::ALL
            .into_iter()
            .for_each(|tier| a_tier_agrees(tier, &all_settings()));
    }

    type Draw = fn(&mut Rng) -> Fr;

    #[test]
    fn random_circuits_are_proved_as_the_reference_proves_them() {
        let mut rng = Rng::new(8);
        // One constraint; domains that are full, with and without inputs, and one more than full.
        for counts in [[0, 1, 1], [0, 2, 63], [3, 2, 60], [3, 2, 61], [9, 40, 30], [1, 70, 200]] {
            let kinds: [(&str, Draw); 5] = [
                ("zeros", |_| Fr::ZERO),
                ("ones", |_| Fr::ONE),
                ("bits", |rng| Fr::from(rng.below(2) as u64)),
                ("small numbers of either sign", |rng| {
                    Fr::from(rng.below(200) as i64 - 100)
                }),
                ("any", Rng::field),
            ];
            for (kind, value) in kinds {
                let circuit = Random::new(&mut rng, counts, value);
                let matrices = Matrices::synthesise(circuit.clone()).unwrap();
                let mut toxic = ark_std::test_rng();
                let key = Groth16::<Bn254>::generate_random_parameters_with_reduction(circuit.clone(), &mut toxic);
                let assignment = Assignment::synthesise(circuit, &matrices.shape()).unwrap();
                let name = format!("{counts:?}, {kind}");
                agrees(&matrices, &key.unwrap(), assignment.values(), &all_settings(), &name);
            }
        }
    }
}
