//! A proving key, made ready for a device: its queries' points are there.

use crate::blinding::Blinding;
use crate::checkpoint::{Checkpoint, Watched};
use crate::cpu::{Circuit, Products, ReadyStage};
use crate::error::ProveError;
use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_groth16::{Proof, ProvingKey, VerifyingKey};
use medproof_cuda::{Bases, Device};
use medproof_gadgets::shape::Matrices;
use medproof_keys::Progress;
use medproof_lanes::Path;
use medproof_lanes::points::Curve;

/// A key that proofs can be made with at once.
pub struct GpuReady {
    circuit: Circuit,
    a: Bases<G1Affine, 1>,
    b: Bases<G2Affine, 2>,
    rest: Bases<G1Affine, 1>,
    quotient: Bases<G1Affine, 1>,
}

// What the variables' values give.
struct OfVariables {
    a: G1Affine,
    b: G2Affine,
    rest: G1Affine,
}

const QUERIES: u64 = 4;

impl GpuReady {
    /// Prepares a key of this circuit.
    ///
    /// # Errors
    /// As [`crate::cpu::Ready::new`], and [`ProveError::Device`].
    pub fn new(
        device: &Device,
        matrices: &Matrices,
        key: &ProvingKey<Bn254>,
        progress: &dyn Progress<ReadyStage>,
    ) -> Result<GpuReady, ProveError> {
        let (circuit, queries) = Circuit::of_key(matrices, key, Path::best(), progress)?;
        let step = |sent| {
            progress.advance(ReadyStage::Sending, sent, QUERIES);
            Watched(progress).pass()
        };
        let g1 = |sent, points: &[G1Affine]| {
            step(sent)?;
            Ok::<_, ProveError>(Bases::new(device, points)?)
        };
        let (a, rest, quotient) = (g1(0, queries.a)?, g1(1, &queries.rest)?, g1(2, &queries.quotient)?);
        step(3)?;
        let b = Bases::new(device, queries.b)?;
        step(QUERIES)?;
        Ok(GpuReady {
            circuit,
            a,
            b,
            rest,
            quotient,
        })
    }

    /// What proofs verify under.
    #[must_use]
    pub fn verifying(&self) -> &VerifyingKey<Bn254> {
        self.circuit.verifying()
    }

    /// As [`crate::cpu::Ready::prove`]: the same proof.
    ///
    /// # Errors
    /// As there, and [`ProveError::Device`].
    pub fn prove(
        &self,
        z: &[Fr],
        blinding: &Blinding,
        checkpoint: &dyn Checkpoint,
    ) -> Result<Proof<Bn254>, ProveError> {
        self.points(z, self.products(z)?, blinding, checkpoint)
    }

    /// As [`crate::cpu::Ready::products`].
    ///
    /// # Errors
    /// As there.
    pub fn products(&self, z: &[Fr]) -> Result<Products, ProveError> {
        self.circuit.products(z)
    }

    /// The proof's points. The products must be those of `z`.
    ///
    /// # Errors
    /// [`ProveError::Cancelled`] between two sums, [`ProveError::Unblindable`], [`ProveError::Device`].
    pub fn points(
        &self,
        z: &[Fr],
        products: Products,
        blinding: &Blinding,
        checkpoint: &dyn Checkpoint,
    ) -> Result<Proof<Bn254>, ProveError> {
        let (values, sums) = rayon::join(
            || self.circuit.quotient(products, checkpoint),
            || self.of_variables(z, checkpoint),
        );
        let (values, OfVariables { a, b, rest }) = (values?, sums?);
        let quotient = summed(&self.quotient, &values, checkpoint)?;
        let vk = self.verifying();
        blinding.apply(a + vk.alpha_g1, b + vk.beta_g2, rest + quotient, &vk.delta_g2)
    }

    fn of_variables(&self, z: &[Fr], checkpoint: &dyn Checkpoint) -> Result<OfVariables, ProveError> {
        Ok(OfVariables {
            a: summed(&self.a, z, checkpoint)?,
            b: summed(&self.b, z, checkpoint)?,
            rest: summed(&self.rest, z, checkpoint)?,
        })
    }
}

fn summed<C: Curve<D>, const D: usize>(
    bases: &Bases<C, D>,
    scalars: &[Fr],
    checkpoint: &dyn Checkpoint,
) -> Result<C, ProveError> {
    checkpoint.pass()?;
    Ok(bases.sum(scalars)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::Assignment;
    use crate::checkpoint::Unstoppable;
    use crate::cpu::{Ready, Settings};
    use crate::testing::{Chain, Random, Rng, key_of};
    use ark_groth16::Groth16;
    use medproof_cuda::testing;
    use medproof_keys::Quiet;
    use medproof_statement::tier::Tier;

    // What the cores prove of a circuit, the device proves of it, for the same key and randomness.
    fn agrees(device: &Device, matrices: &Matrices, key: &ProvingKey<Bn254>, z: &[Fr], name: &str) {
        let cpu = Ready::new(matrices, key, Settings::default(), &Quiet).unwrap();
        let gpu = GpuReady::new(device, matrices, key, &Quiet).unwrap();
        for seed in 1..4 {
            let blinding = Blinding::of(Fr::from(seed), Fr::from(7 * seed)).unwrap();
            let expected = cpu.prove(z, &blinding, &Unstoppable).unwrap();
            assert_eq!(gpu.prove(z, &blinding, &Unstoppable).unwrap(), expected, "{name}");
        }
    }

    // 58 rows and 6 inputs fill a domain exactly.
    #[test]
    fn proofs_on_a_device_are_those_of_the_cores() {
        let Some(device) = testing::device("proofs") else {
            return;
        };
        for links in [1, 57, 58, 59, 200, 5000] {
            let key = key_of(Tier::Xs, links);
            let assignment = Assignment::synthesise(Chain::honest(links), key.shape()).unwrap();
            let name = format!("{links} links");
            agrees(&device, key.matrices(), key.proving(), assignment.values(), &name);
        }
        let mut rng = Rng::new(9);
        for counts in [[0, 1, 1], [3, 2, 60], [3, 2, 61], [9, 40, 30], [1, 70, 200]] {
            let circuit = Random::new(&mut rng, counts, Rng::field);
            let matrices = Matrices::synthesise(circuit.clone()).unwrap();
            let mut toxic = ark_std::test_rng();
            let key = Groth16::<Bn254>::generate_random_parameters_with_reduction(circuit.clone(), &mut toxic);
            let assignment = Assignment::synthesise(circuit, &matrices.shape()).unwrap();
            let name = format!("{counts:?}");
            agrees(&device, &matrices, &key.unwrap(), assignment.values(), &name);
        }
    }
}
