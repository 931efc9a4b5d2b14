//! The engine that proves the statement under keys that stay.

use super::{FileError, Products, Ready, ReadyStage, Settings};
use crate::assignment::Assignment;
use crate::blinding::Blinding;
use crate::checkpoint::Checkpoint;
use crate::error::{PrepareError, ProveError};
use crate::pipeline::{Points, Prover};
use crate::tiers::Tiers;
use ark_bn254::Bn254;
use ark_groth16::{PreparedVerifyingKey, VerifyingKey, prepare_verifying_key};
use medproof_gadgets::shape::Shape;
use medproof_keys::circuit::Provenance;
use medproof_keys::{CircuitKey, KeyCard, KeyStore, Progress, SetupStage};
use medproof_messages::key::PinnedKey;
use medproof_statement::tier::Tier;
use std::path::PathBuf;
use std::sync::Arc;

/// A tier's key, ready.
pub struct ReadyKey {
    tier: Tier,
    shape: Shape,
    provenance: Provenance,
    ready: Ready,
    verifying: PreparedVerifyingKey<Bn254>,
}

impl ReadyKey {
    /// Prepares a key in memory.
    ///
    /// # Errors
    /// As [`Ready::new`].
    pub fn of(key: &CircuitKey, settings: Settings, progress: &dyn Progress<ReadyStage>) -> Result<Self, ProveError> {
        let ready = Ready::new(key.matrices(), key.proving(), settings, progress)?;
        Ok(ReadyKey::with(key.tier(), *key.shape(), key.provenance(), ready))
    }

    fn with(tier: Tier, shape: Shape, provenance: Provenance, ready: Ready) -> Self {
        let verifying = prepare_verifying_key(ready.verifying());
        ReadyKey {
            tier,
            shape,
            provenance,
            ready,
            verifying,
        }
    }

    /// A tier's development key: found as it was prepared before, or else made, prepared and kept.
    /// Where it could not be kept, why: it is none the worse for that.
    ///
    /// # Errors
    /// [`PrepareError`].
    pub fn development(
        store: &KeyStore,
        tier: Tier,
        settings: Settings,
        setup: &dyn Progress<SetupStage>,
        progress: &dyn Progress<ReadyStage>,
    ) -> Result<(Self, Option<FileError>), PrepareError> {
        let card = store.development_card(tier, setup)?;
        match ReadyKey::found(&card, settings, progress) {
            Ok(Some(ready)) => Ok((ready, None)),
            Ok(None) => Ok(ReadyKey::made(
                &card,
                &store.development(tier, setup)?,
                settings,
                progress,
            )?),
            Err(error) => Err(PrepareError::Read(error)),
        }
    }

    /// A key as it was prepared before, if it was. A file that is not what it should be is as good as none.
    ///
    /// # Errors
    /// [`FileError::Memory`]: making it takes more still.
    pub fn found(
        card: &KeyCard,
        settings: Settings,
        progress: &dyn Progress<ReadyStage>,
    ) -> Result<Option<Self>, FileError> {
        progress.advance(ReadyStage::Reading, 0, 1);
        match Ready::read(&card.proving.0, settings, &settings.file(card)) {
            Ok(ready) if fits(&ready, card) => {
                progress.advance(ReadyStage::Reading, 1, 1);
                Ok(Some(ReadyKey::with(card.tier, card.shape, card.provenance, ready)))
            }
            Err(error @ FileError::Memory(_)) => Err(error),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// Prepares a key, and keeps it so beside the key. Where it could not be kept, why: it is none the worse for that.
    ///
    /// # Errors
    /// As [`ReadyKey::of`].
    pub fn made(
        card: &KeyCard,
        key: &CircuitKey,
        settings: Settings,
        progress: &dyn Progress<ReadyStage>,
    ) -> Result<(Self, Option<FileError>), ProveError> {
        let key = ReadyKey::of(key, settings, progress)?;
        progress.advance(ReadyStage::Writing, 0, 1);
        let unkept = key.ready.write(&card.proving.0, &settings.file(card)).err();
        progress.advance(ReadyStage::Writing, 1, 1);
        Ok((key, unkept))
    }

    /// Of its circuit.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The prepared key itself.
    #[must_use]
    pub fn ready(&self) -> &Ready {
        &self.ready
    }
}

impl Settings {
    // Beside the key that was prepared.
    fn file(self, card: &KeyCard) -> PathBuf {
        let window = self.window.map_or("auto".into(), |bits| bits.to_string());
        let sets = if self.sets == u32::MAX {
            "lean".into()
        } else {
            self.sets.to_string()
        };
        let name = format!("{}-{window}-{sets}.ready", self.path.name());
        card.directory.join(name)
    }
}

// Whether it proves this key's circuit, for this verifying key.
fn fits(ready: &Ready, card: &KeyCard) -> bool {
    *ready.verifying() == verifying(&card.pinned)
        && (ready.inputs(), ready.variables()) == (card.shape.inputs, card.shape.variables())
}

fn verifying(pinned: &PinnedKey) -> VerifyingKey<Bn254> {
    let key = pinned.key();
    VerifyingKey {
        alpha_g1: *key.alpha_g1(),
        beta_g2: *key.beta_g2(),
        gamma_g2: *key.gamma_g2(),
        delta_g2: *key.delta_g2(),
        gamma_abc_g1: key.ic().to_vec(),
    }
}

/// Proves under keys that were made ready.
pub type Cpu = Tiers<Arc<ReadyKey>>;

impl Prover for Arc<ReadyKey> {
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
        self.ready.products(assignment.values())
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
    use crate::checkpoint::Unstoppable;
    use crate::testing::{Chain, key_of};
    use crate::{ProveStage, Proven};
    use ark_bn254::Fr;
    use medproof_keys::{Cancelled, Mode, Quiet};
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn ready(key: &CircuitKey) -> Arc<ReadyKey> {
        Arc::new(ReadyKey::of(key, Settings::default(), &Quiet).unwrap())
    }

    fn engine(links: usize) -> Cpu {
        Cpu::new(Mode::Development, [ready(&key_of(Tier::Xs, links))]).unwrap()
    }

    fn assignment(engine: &Cpu, chain: Chain) -> Assignment {
        Assignment::synthesise(chain, engine.of_tier(Tier::Xs).unwrap().shape()).unwrap()
    }

    fn prove(links: usize, chain: Chain) -> Result<Proven, ProveError> {
        let engine = engine(links);
        engine.prove_assignment(Tier::Xs, &assignment(&engine, chain), &Quiet)
    }

    #[test]
    fn a_proof_is_never_the_same_twice() {
        let [one, other] = [(); 2].map(|()| prove(20, Chain::honest(20)).unwrap().proof);
        assert_ne!(one, other);
    }

    #[test]
    fn unsatisfied_assignments_are_errors_that_name_the_row() {
        for row in [0, 7, 19] {
            let refused = prove(20, Chain::broken(20, row));
            assert!(matches!(refused, Err(ProveError::Unsatisfied { row: found }) if found == row));
        }
    }

    #[test]
    fn a_key_that_does_not_fit_the_circuit_or_is_not_there_is_an_error() {
        let engine = engine(20);
        let shape = *key_of(Tier::Xs, 21).shape();
        let other = Assignment::synthesise(Chain::honest(21), &shape).unwrap();
        let refused = engine.prove_assignment(Tier::Xs, &other, &Quiet);
        assert!(matches!(refused, Err(ProveError::Mismatch { .. })));
        let refused = engine.prove_assignment(Tier::L, &other, &Quiet);
        assert!(matches!(refused, Err(ProveError::NoKey { tier: Tier::L })));
        let (key, other) = (key_of(Tier::Xs, 20), key_of(Tier::Xs, 21));
        let refused = Ready::new(other.matrices(), key.proving(), Settings::default(), &Quiet);
        assert!(matches!(refused, Err(ProveError::Mismatch { .. })));
        let mut cut = key.proving().clone();
        cut.h_query.pop();
        let refused = Ready::new(key.matrices(), &cut, Settings::default(), &Quiet);
        assert!(matches!(
            refused,
            Err(ProveError::Mismatch {
                part: "the H query",
                ..
            })
        ));
    }

    #[test]
    fn an_inconsistent_key_gives_an_error_and_no_proof() {
        let good = key_of(Tier::Xs, 20);
        let mut bad = good.proving().clone();
        bad.l_query.swap(0, 1);
        let bad = CircuitKey::new(Tier::Xs, 1, good.matrices().clone(), bad, Provenance::Development).unwrap();
        let engine = Cpu::new(Mode::Development, [ready(&bad)]).unwrap();
        let refused = engine.prove_assignment(Tier::Xs, &assignment(&engine, Chain::honest(20)), &Quiet);
        assert!(matches!(refused, Err(ProveError::SelfCheck)));
    }

    #[test]
    fn development_keys_need_development_mode() {
        assert!(Cpu::new(Mode::Production, [ready(&key_of(Tier::Xs, 20))]).is_err());
    }

    #[test]
    fn blinding_is_not_left_out() {
        let engine = engine(20);
        let prepared = engine.of_tier(Tier::Xs).unwrap();
        let assignment = assignment(&engine, Chain::honest(20));
        let zero = Blinding::of(Fr::from(1), Fr::from(0)).unwrap();
        let products = prepared.satisfy(&assignment).unwrap();
        let plain = prepared.points(&assignment, products, &zero, &Unstoppable).unwrap();
        let proven = engine.prove_assignment(Tier::Xs, &assignment, &Quiet).unwrap().proof;
        assert!(*proven.a() != plain.a && *proven.b() != plain.b && *proven.c() != plain.c);
    }

    // Stops at the n-th time that it is asked.
    struct StopsAt(AtomicUsize);

    impl<S> Progress<S> for StopsAt {
        fn advance(&self, _: S, _: u64, _: u64) {}

        fn cancelled(&self) -> bool {
            self.0
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
                .is_err()
        }
    }

    #[test]
    fn a_proof_can_be_stopped_at_every_checkpoint() {
        let engine = engine(20);
        let assignment = assignment(&engine, Chain::honest(20));
        let run = |asked| {
            let progress = StopsAt(AtomicUsize::new(asked));
            let outcome = engine.prove_assignment(Tier::Xs, &assignment, &progress);
            (outcome, progress.0.into_inner())
        };
        let (whole, left) = run(10_000);
        assert!(whole.is_ok());
        let checkpoints = 10_000 - left;
        assert!(checkpoints > 10, "{checkpoints}");
        for asked in 0..checkpoints {
            assert!(matches!(run(asked).0, Err(ProveError::Cancelled(Cancelled))), "{asked}");
        }
    }

    // Panics at the stage of this number.
    struct Panics(AtomicUsize);

    impl Progress<ProveStage> for Panics {
        fn advance(&self, _: ProveStage, _: u64, _: u64) {
            assert!(self.0.fetch_sub(1, Ordering::SeqCst) > 0, "a caller's defect");
        }
    }

    #[test]
    fn a_panic_in_one_proof_hurts_no_other() {
        let engine = engine(20);
        let assignment = assignment(&engine, Chain::honest(20));
        for stage in 0..6 {
            let panics = Panics(AtomicUsize::new(stage));
            let refused = engine.prove_assignment(Tier::Xs, &assignment, &panics);
            assert!(matches!(refused, Err(ProveError::Panicked)), "{stage}");
        }
        assert!(engine.prove_assignment(Tier::Xs, &assignment, &Quiet).is_ok());
    }

    #[test]
    fn making_a_key_ready_can_be_stopped() {
        let key = key_of(Tier::Xs, 20);
        for asked in 0..10 {
            let refused = ReadyKey::of(&key, Settings::default(), &StopsAt(AtomicUsize::new(asked)));
            assert!(matches!(refused, Err(ProveError::Cancelled(Cancelled))), "{asked}");
        }
    }

    #[test]
    fn keys_for_less_memory_give_the_same_proofs() {
        let key = key_of(Tier::Xs, 50);
        let assignment = Assignment::synthesise(Chain::honest(50), key.shape()).unwrap();
        let prove = |settings| {
            let ready = Ready::new(key.matrices(), key.proving(), settings, &Quiet).unwrap();
            let blinding = Blinding::of(Fr::from(3), Fr::from(4)).unwrap();
            let proof = ready.prove(assignment.values(), &blinding, &Unstoppable).unwrap();
            (proof, ready.table_bytes())
        };
        let (fast, large) = prove(Settings::default());
        let (lean, small) = prove(Settings::lean());
        assert_eq!(fast, lean);
        assert!(small * 8 < large, "{small} bytes of {large}");
    }
}
