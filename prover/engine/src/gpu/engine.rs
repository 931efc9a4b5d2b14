//! The engine that proves the statement under keys that stay on a device.

use super::{Device, GpuReady};
use crate::assignment::Assignment;
use crate::blinding::Blinding;
use crate::checkpoint::Checkpoint;
use crate::cpu::{Products, ReadyStage};
use crate::error::ProveError;
use crate::pipeline::{Points, Prover};
use crate::tiers::Tiers;
use ark_bn254::Bn254;
use ark_groth16::{PreparedVerifyingKey, prepare_verifying_key};
use medproof_gadgets::shape::Shape;
use medproof_keys::circuit::Provenance;
use medproof_keys::{CircuitKey, Progress};
use medproof_statement::tier::Tier;

/// A tier's key, ready on a device.
pub struct GpuKey {
    tier: Tier,
    shape: Shape,
    provenance: Provenance,
    ready: GpuReady,
    verifying: PreparedVerifyingKey<Bn254>,
}

impl GpuKey {
    /// Sends a key to the device.
    ///
    /// # Errors
    /// As [`GpuReady::new`].
    pub fn of(device: &Device, key: &CircuitKey, progress: &dyn Progress<ReadyStage>) -> Result<Self, ProveError> {
        Ok(GpuKey {
            tier: key.tier(),
            shape: *key.shape(),
            provenance: key.provenance(),
            ready: GpuReady::new(device, key.matrices(), key.proving(), progress)?,
            verifying: prepare_verifying_key(key.verifying()),
        })
    }
}

/// Proves under keys that are on a device.
pub type Gpu = Tiers<GpuKey>;

impl Prover for GpuKey {
    type Satisfied = Products;

    fn tier(&self) -> Tier {
        self.tier
    }

    fn provenance(&self) -> Provenance {
        self.provenance
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn verifying(&self) -> &PreparedVerifyingKey<Bn254> {
        &self.verifying
    }

    fn satisfy(&self, assignment: &Assignment) -> Result<Products, ProveError> {
        self.ready.circuit().products(assignment.values())
    }

    fn points(
        &self,
        assignment: &Assignment,
        products: Products,
        blinding: &Blinding,
        checkpoint: &dyn Checkpoint,
    ) -> Result<Points, ProveError> {
        self.ready.points(assignment.values(), products, blinding, checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Chain, key_of};
    use medproof_cuda::testing;
    use medproof_keys::{Mode, Quiet};

    #[test]
    fn the_device_proves_and_refuses_as_the_cores_do() {
        let Some(device) = testing::device("the engine") else {
            return;
        };
        let key = || GpuKey::of(&device, &key_of(Tier::Xs, 20), &Quiet).unwrap();
        assert!(Gpu::new(Mode::Production, [key()]).is_err());
        let engine = Gpu::new(Mode::Development, [key()]).unwrap();
        let shape = *key_of(Tier::Xs, 20).shape();
        let prove = |chain| {
            let assignment = Assignment::synthesise(chain, &shape).unwrap();
            engine.prove_assignment(Tier::Xs, &assignment, &Quiet)
        };
        assert!(prove(Chain::honest(20)).is_ok());
        let refused = prove(Chain::broken(20, 7));
        assert!(matches!(refused, Err(ProveError::Unsatisfied { row: 7 })));
    }
}
