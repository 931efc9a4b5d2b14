//! The reference engine: `ark-groth16` on all cores.

use crate::assignment::Assignment;
use crate::blinding::Blinding;
use crate::checkpoint::Checkpoint;
use crate::error::ProveError;
use crate::pipeline::{Points, Prover};
use crate::satisfaction;
use crate::tiers::Tiers;
use ark_bn254::{Bn254, Fr};
use ark_ff::AdditiveGroup;
use ark_groth16::{Groth16, PreparedVerifyingKey, Proof, prepare_verifying_key};
use medproof_gadgets::shape::Shape;
use medproof_keys::CircuitKey;
use medproof_keys::circuit::Provenance;
use medproof_statement::tier::Tier;
use std::sync::Arc;

/// Proves with `ark-groth16`.
///
/// Our own buffers of the witness and of what blinds it are wiped; the copies that `ark-groth16` makes while it
/// proves are freed without that. A proof that has begun is not stopped in the middle.
pub type Arkworks = Tiers<Prepared>;

/// A key, prepared for verifying.
pub struct Prepared {
    key: Arc<CircuitKey>,
    verifying: PreparedVerifyingKey<Bn254>,
}

impl From<Arc<CircuitKey>> for Prepared {
    fn from(key: Arc<CircuitKey>) -> Self {
        let verifying = prepare_verifying_key(key.verifying());
        Prepared { key, verifying }
    }
}

impl Prover for Prepared {
    type Satisfied = ();

    fn tier(&self) -> Tier {
        self.key.tier()
    }

    fn provenance(&self) -> Provenance {
        self.key.provenance()
    }

    fn shape(&self) -> &Shape {
        self.key.shape()
    }

    fn verifying(&self) -> &PreparedVerifyingKey<Bn254> {
        &self.verifying
    }

    fn satisfy(&self, assignment: &Assignment) -> Result<(), ProveError> {
        satisfaction::check(self.key.matrices(), assignment)
    }

    fn points(
        &self,
        assignment: &Assignment,
        (): (),
        blinding: &Blinding,
        _: &dyn Checkpoint,
    ) -> Result<Points, ProveError> {
        let matrices = self.key.matrices();
        let plain = Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
            self.key.proving(),
            Fr::ZERO,
            Fr::ZERO,
            matrices.abc(),
            matrices.inputs(),
            matrices.constraints(),
            assignment.values(),
        );
        let Proof { a, b, c } = plain.map_err(|error| ProveError::Prover(error.to_string()))?;
        blinding.apply(a.into(), b.into(), c.into(), &self.key.verifying().delta_g2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Unstoppable;
    use crate::testing::{Chain, key_of, rerandomised};
    use crate::{ProveStage, Proven};
    use ark_ff::Field;
    use ark_serialize::CanonicalDeserialize;
    use medproof_keys::{Mode, Progress, Quiet};
    use std::sync::Mutex;

    fn engine(links: usize) -> Arkworks {
        Arkworks::new(Mode::Development, [key_of(Tier::Xs, links)]).unwrap()
    }

    fn assignment(engine: &Arkworks, chain: Chain) -> Assignment {
        Assignment::synthesise(chain, engine.of_tier(Tier::Xs).unwrap().key.shape()).unwrap()
    }

    fn prove(links: usize, chain: Chain) -> Result<Proven, ProveError> {
        let engine = engine(links);
        engine.prove_assignment(Tier::Xs, &assignment(&engine, chain), &Quiet)
    }

    // 58 rows and 6 inputs fill a domain exactly.
    #[test]
    fn proofs_equal_the_references_for_the_same_randomness() {
        for links in [1, 57, 58, 200] {
            let engine = engine(links);
            let prepared = engine.of_tier(Tier::Xs).unwrap();
            let assignment = assignment(&engine, Chain::honest(links));
            let proving = prepared.key.proving();
            let plain = Groth16::<Bn254>::create_proof_with_reduction_no_zk(Chain::honest(links), proving).unwrap();
            for seed in 0..4 {
                let (blinding, expected) = rerandomised(&proving.vk, &plain, seed);
                let found = prepared.points(&assignment, (), &blinding, &Unstoppable).unwrap();
                assert_eq!(found, expected, "{links} links");
            }
        }
    }

    #[test]
    fn a_proof_has_128_bytes_and_is_never_the_same_twice() {
        let [one, other] = [(); 2].map(|()| prove(20, Chain::honest(20)).unwrap().proof);
        assert_ne!(one, other);
        let decoded = Proof::<Bn254>::deserialize_compressed(one.to_bytes().as_slice());
        let decoded = decoded.unwrap();
        assert_eq!((&decoded.a, &decoded.b, &decoded.c), (one.a(), one.b(), one.c()));
    }

    #[test]
    fn unsatisfied_assignments_are_errors_that_name_the_row() {
        let refused = prove(20, Chain::broken(20, 7));
        assert!(
            matches!(refused, Err(ProveError::Unsatisfied { row: 7 })),
            "{refused:?}"
        );
    }

    #[test]
    fn a_proof_of_other_inputs_does_not_pass_the_self_check() {
        let engine = engine(20);
        let prepared = engine.of_tier(Tier::Xs).unwrap();
        let honest = assignment(&engine, Chain::honest(20));
        let proof = prepared
            .points(&honest, (), &Blinding::fresh().unwrap(), &Unstoppable)
            .unwrap();
        assert!(prepared.verify(&proof, honest.public()).is_ok());
        let mut other = honest.public().to_vec();
        other[0] += Fr::from(1);
        assert!(matches!(prepared.verify(&proof, &other), Err(ProveError::SelfCheck)));
    }

    #[test]
    fn an_inconsistent_key_gives_an_error_and_no_proof() {
        let good = key_of(Tier::Xs, 20);
        let mut bad = good.proving().clone();
        bad.l_query.swap(0, 1);
        let bad = CircuitKey::new(Tier::Xs, 1, good.matrices().clone(), bad, Provenance::Development).unwrap();
        let engine = Arkworks::new(Mode::Development, [Arc::new(bad)]).unwrap();
        let assignment = assignment(&engine, Chain::honest(20));
        let refused = engine.prove_assignment(Tier::Xs, &assignment, &Quiet);
        assert!(matches!(refused, Err(ProveError::SelfCheck)));
    }

    #[test]
    fn another_circuits_assignment_and_a_missing_key_are_errors() {
        let engine = engine(20);
        let shape = *key_of(Tier::Xs, 21).shape();
        let other = Assignment::synthesise(Chain::honest(21), &shape).unwrap();
        let refused = engine.prove_assignment(Tier::Xs, &other, &Quiet);
        assert!(matches!(refused, Err(ProveError::Mismatch { .. })));
        let refused = engine.prove_assignment(Tier::L, &other, &Quiet);
        assert!(matches!(refused, Err(ProveError::NoKey { tier: Tier::L })));
    }

    #[test]
    fn development_keys_need_development_mode() {
        assert!(Arkworks::new(Mode::Production, [key_of(Tier::Xs, 20)]).is_err());
    }

    struct Recorder {
        steps: Mutex<Vec<(ProveStage, u64)>>,
        stop_after: usize,
    }

    impl Progress<ProveStage> for Recorder {
        fn advance(&self, stage: ProveStage, done: u64, _: u64) {
            self.steps.lock().unwrap().push((stage, done));
        }

        fn cancelled(&self) -> bool {
            self.steps.lock().unwrap().len() >= self.stop_after
        }
    }

    #[test]
    fn stages_are_reported_timed_and_can_be_stopped() {
        use ProveStage::{Prove, Satisfaction, Verify};
        let engine = engine(20);
        let assignment = assignment(&engine, Chain::honest(20));
        let run = |stop_after| {
            let recorder = Recorder {
                steps: Mutex::default(),
                stop_after,
            };
            let result = engine.prove_assignment(Tier::Xs, &assignment, &recorder);
            (result, recorder.steps.into_inner().unwrap())
        };
        let (proven, steps) = run(usize::MAX);
        let timings = proven.unwrap().timings;
        assert!(!timings.prove.is_zero() && !timings.verify.is_zero());
        assert!(timings.total() >= timings.prove + timings.verify);
        let expected: Vec<_> = [Satisfaction, Prove, Verify]
            .into_iter()
            .flat_map(|s| [(s, 0), (s, 1)])
            .collect();
        assert_eq!(steps, expected);
        for stop_after in [0, 2, 4] {
            let (stopped, steps) = run(stop_after);
            assert!(matches!(stopped, Err(ProveError::Cancelled(_))));
            assert_eq!(steps.len(), stop_after);
        }
    }

    #[test]
    fn blinding_is_not_left_out() {
        let engine = engine(20);
        let prepared = engine.of_tier(Tier::Xs).unwrap();
        let assignment = assignment(&engine, Chain::honest(20));
        let plain = prepared
            .points(&assignment, (), &Blinding::of(Fr::ONE, Fr::ZERO).unwrap(), &Unstoppable)
            .unwrap();
        let proven = engine.prove_assignment(Tier::Xs, &assignment, &Quiet).unwrap().proof;
        let differ = [*proven.a() != plain.a, *proven.b() != plain.b, *proven.c() != plain.c];
        assert_eq!(differ, [true; 3]);
    }
}
