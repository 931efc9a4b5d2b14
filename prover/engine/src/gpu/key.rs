//! A proving key, made ready for a device: its queries' points are there.

use crate::blinding::Blinding;
use crate::checkpoint::{Checkpoint, Watched};
use crate::circom::AnyKey;
use crate::cpu::{Circuit, Products, Queries, ReadyStage};
use crate::error::ProveError;
use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_groth16::{Proof, ProvingKey, VerifyingKey};
use medproof_cuda::{Bases, Coset, Device, Values};
use medproof_gadgets::shape::Matrices;
use medproof_keys::Progress;
use medproof_keys::circom::Zkey;
use medproof_lanes::Path;
use medproof_lanes::points::Curve;

/// A key that proofs can be made with at once.
pub struct GpuReady {
    device: Device,
    circuit: Circuit,
    // None where the domain is so small that the cores are sooner.
    coset: Option<Coset>,
    a: Bases<G1Affine, 1>,
    b: Bases<G2Affine, 2>,
    rest: Bases<G1Affine, 1>,
    quotient: Bases<G1Affine, 1>,
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
        let parts = Circuit::of_key(matrices, key, Path::best(), progress)?;
        GpuReady::of(device, parts, progress)
    }

    /// Prepares a key of any circom circuit.
    ///
    /// # Errors
    /// As [`crate::cpu::Ready::of_zkey`], and [`ProveError::Device`].
    pub fn of_zkey(device: &Device, key: &Zkey, progress: &dyn Progress<ReadyStage>) -> Result<GpuReady, ProveError> {
        GpuReady::of(device, Circuit::of_zkey(key, Path::best())?, progress)
    }

    fn of(
        device: &Device,
        (circuit, queries): (Circuit, Queries<'_>),
        progress: &dyn Progress<ReadyStage>,
    ) -> Result<GpuReady, ProveError> {
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
        let on_cores = circuit.coset();
        let coset = (on_cores.size() >= Coset::LEAST)
            .then(|| Coset::new(device, on_cores.size(), on_cores.shift(), on_cores.scale()));
        step(QUERIES)?;
        Ok(GpuReady {
            device: *device,
            coset: coset.transpose()?,
            circuit,
            a,
            b,
            rest,
            quotient,
        })
    }

    pub(crate) fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// The proof's points. The products must be those of `z`.
    ///
    /// # Errors
    /// [`ProveError::Cancelled`] between two steps, [`ProveError::Unblindable`], [`ProveError::Device`].
    pub(crate) fn points(
        &self,
        z: &[Fr],
        products: Products,
        blinding: &Blinding,
        checkpoint: &dyn Checkpoint,
    ) -> Result<Proof<Bn254>, ProveError> {
        checkpoint.pass()?;
        let quotient = summed(
            &self.quotient,
            &self.values_of_quotient(products, checkpoint)?,
            checkpoint,
        )?;
        let z = Values::send(&self.device, z)?;
        let a = summed(&self.a, &z, checkpoint)?;
        let b = summed(&self.b, &z, checkpoint)?;
        let rest = summed(&self.rest, &z, checkpoint)?;
        let vk = self.circuit.verifying();
        blinding.apply(a + vk.alpha_g1, b + vk.beta_g2, rest + quotient, &vk.delta_g2)
    }

    fn values_of_quotient(&self, products: Products, checkpoint: &dyn Checkpoint) -> Result<Values, ProveError> {
        Ok(match &self.coset {
            Some(coset) => coset.quotient(&products.a, &products.b, products.c.as_ref().map(|c| &***c))?,
            None => Values::send(&self.device, &self.circuit.quotient(products, checkpoint)?)?,
        })
    }
}

impl AnyKey for GpuReady {
    fn verifying(&self) -> &VerifyingKey<Bn254> {
        self.circuit.verifying()
    }

    fn domain(&self) -> usize {
        self.circuit.coset().size()
    }

    fn table_bytes(&self) -> usize {
        let g1 = [&self.a, &self.rest, &self.quotient].map(Bases::bytes);
        g1.iter().sum::<usize>() + self.b.bytes()
    }

    // The same proof as the cores'.
    fn prove(&self, z: &[Fr], blinding: &Blinding, checkpoint: &dyn Checkpoint) -> Result<Proof<Bn254>, ProveError> {
        self.points(z, self.circuit.products(z)?, blinding, checkpoint)
    }
}

fn summed<C: Curve<D>, const D: usize>(
    bases: &Bases<C, D>,
    scalars: &Values,
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
    use crate::circom::zkey;
    use crate::cpu::{Ready, Settings};
    use crate::testing::{Chain, Random, Rng, key_of};
    use ark_groth16::Groth16;
    use medproof_cuda::testing;
    use medproof_keys::Quiet;
    use medproof_statement::tier::Tier;

    // What the cores prove of a circuit, the device proves of it, for the same key and randomness: with
    // C's rows, and as of a `.zkey`.
    fn agrees(device: &Device, matrices: &Matrices, key: &ProvingKey<Bn254>, z: &[Fr], name: &str) {
        let cpu = Ready::new(matrices, key, Settings::default(), &Quiet).unwrap();
        let zkey = zkey(matrices, key, Path::best(), &Quiet).unwrap();
        let gpus = [
            GpuReady::new(device, matrices, key, &Quiet).unwrap(),
            GpuReady::of_zkey(device, &zkey, &Quiet).unwrap(),
        ];
        for seed in 1..4 {
            let blinding = Blinding::of(Fr::from(seed), Fr::from(7 * seed)).unwrap();
            let expected = cpu.prove(z, &blinding, &Unstoppable).unwrap();
            for gpu in &gpus {
                assert_eq!(gpu.prove(z, &blinding, &Unstoppable).unwrap(), expected, "{name}");
            }
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
