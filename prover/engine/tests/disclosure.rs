//! The engine on the disclosure circuit itself, tier XS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use ark_bn254::Bn254;
use ark_groth16::{Groth16, prepare_verifying_key};
use medproof_disclosure::{CIRCUIT_VERSION, Disclosure};
use medproof_engine::cpu::{ReadyKey, ReadyStage, Settings};
use medproof_engine::{
    Arkworks, Assignment, Cpu, Crew, Engine, Progress, Prove, ProveError, ProveStage, Quiet, satisfaction,
};
use medproof_gadgets::shape::Matrices;
use medproof_keys::{CircuitKey, KeyStore, Mode, development};
use medproof_statement::check::{Violation, Witness};
use medproof_statement::public::PublicInputs;
use medproof_statement::testing::{Case, condition, fact, facts, has, policy};
use medproof_statement::tier::Tier;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

static KEY: LazyLock<Arc<CircuitKey>> = LazyLock::new(|| {
    let matrices = Matrices::synthesise(Disclosure::blank(Tier::Xs)).unwrap();
    Arc::new(development::make(Tier::Xs, CIRCUIT_VERSION, matrices, &Quiet).unwrap())
});

static READY: LazyLock<Arc<ReadyKey>> =
    LazyLock::new(|| Arc::new(ReadyKey::of(&KEY, Settings::default(), &Quiet).unwrap()));

fn engines() -> [Box<dyn Engine>; 2] {
    [
        Box::new(Arkworks::new(Mode::Development, [Arc::clone(&KEY)]).unwrap()),
        Box::new(Cpu::new(Mode::Development, [Arc::clone(&READY)]).unwrap()),
    ]
}

fn case() -> Case {
    let policy = policy(Tier::Xs, vec![has(condition(5))]);
    Case::new(policy, facts(&[fact(condition(5), 100, 1), fact(condition(9), 200, 2)]))
}

fn witness() -> (PublicInputs, Witness) {
    case().prove().unwrap()
}

#[test]
fn a_true_statement_is_proved_and_verifies() {
    let (public, witness) = witness();
    let verifying = prepare_verifying_key(KEY.verifying());
    for engine in engines() {
        let proven = engine.prove(&public, &witness, &Quiet).unwrap();
        let (a, b, c) = (*proven.proof.a(), *proven.proof.b(), *proven.proof.c());
        let points = ark_groth16::Proof { a, b, c };
        let verify = |inputs: &[_]| Groth16::<Bn254>::verify_proof(&verifying, &points, inputs).unwrap();
        let mut inputs = public.to_array();
        assert!(verify(&inputs));
        inputs.swap(3, 4);
        assert!(!verify(&inputs));
        let t = proven.timings;
        for stage in [t.check, t.synthesis, t.satisfaction, t.prove, t.verify] {
            assert!(!stage.is_zero());
        }
    }
}

/// Counts the stages that were begun.
struct Begun<S>(Mutex<Vec<S>>);

impl<S> Default for Begun<S> {
    fn default() -> Self {
        Begun(Mutex::default())
    }
}

impl<S: Send> Progress<S> for Begun<S> {
    fn advance(&self, stage: S, done: u64, _: u64) {
        if done == 0 {
            self.0.lock().unwrap().push(stage);
        }
    }
}

#[test]
fn a_false_statement_is_refused_by_name_before_any_synthesis() {
    let (mut public, witness) = witness();
    public.nullifier += medproof_statement::Fr::from(1u64);
    for engine in engines() {
        let begun = Begun::default();
        let refused = engine.prove(&public, &witness, &begun);
        assert!(
            matches!(refused, Err(ProveError::Violation(Violation::Nullifier))),
            "{refused:?}"
        );
        assert_eq!(begun.0.into_inner().unwrap(), [ProveStage::Check]);
    }
}

// The native check would refuse these first: here the rows alone must.
#[test]
fn every_false_public_input_breaks_a_row() {
    let (public, witness) = witness();
    let honest = Assignment::synthesise(Disclosure::new(public, &witness), KEY.shape()).unwrap();
    assert!(satisfaction::check(KEY.matrices(), &honest).is_ok());
    for index in 0..public.to_array().len() {
        let mut inputs = public.to_array();
        inputs[index] += medproof_statement::Fr::from(1u64);
        let circuit = Disclosure::new(PublicInputs::from_array(inputs), &witness);
        let assignment = Assignment::synthesise(circuit, KEY.shape()).unwrap();
        let refused = satisfaction::check(KEY.matrices(), &assignment);
        let Err(ProveError::Unsatisfied { row }) = refused else {
            panic!("input {index}: {refused:?}")
        };
        let refused = READY.ready().products(assignment.values()).map(drop);
        assert!(matches!(refused, Err(ProveError::Unsatisfied { row: found }) if found == row));
    }
}

#[test]
fn a_tier_without_a_key_is_an_error() {
    let policy = policy(Tier::S, vec![has(condition(5))]);
    let case = Case::new(policy, facts(&[fact(condition(5), 100, 1)]));
    let (public, witness) = case.prove().unwrap();
    for engine in engines() {
        let refused = engine.prove(&public, &witness, &Quiet);
        assert!(matches!(refused, Err(ProveError::NoKey { tier: Tier::S })));
    }
}

#[test]
fn a_key_of_another_tiers_circuit_is_an_error() {
    let (matrices, proving) = (KEY.matrices().clone(), KEY.proving().clone());
    let posing = CircuitKey::new(Tier::S, CIRCUIT_VERSION, matrices, proving, KEY.provenance()).unwrap();
    let ready = ReadyKey::of(&posing, Settings::lean(), &Quiet).unwrap();
    let engines: [Box<dyn Engine>; 2] = [
        Box::new(Arkworks::new(Mode::Development, [Arc::new(posing)]).unwrap()),
        Box::new(Cpu::new(Mode::Development, [Arc::new(ready)]).unwrap()),
    ];
    let policy = policy(Tier::S, vec![has(condition(5))]);
    let case = Case::new(policy, facts(&[fact(condition(5), 100, 1)]));
    let (public, witness) = case.prove().unwrap();
    for engine in engines {
        let refused = engine.prove(&public, &witness, &Quiet);
        assert!(matches!(refused, Err(ProveError::Mismatch { .. })), "{refused:?}");
    }
}

#[test]
fn the_stored_key_of_a_tier_is_the_same_key() {
    let root = tempfile::tempdir().unwrap();
    let store = KeyStore::at(root.path());
    let made = store.development(Tier::Xs, &Quiet).unwrap();
    let loaded = store.development(Tier::Xs, &Quiet).unwrap();
    assert!(made.proving() == KEY.proving() && loaded.proving() == KEY.proving());
    assert_eq!(loaded.pinned().id(), KEY.pinned().id());
    let (public, witness) = witness();
    let proves = |engine: &dyn Engine| engine.prove(&public, &witness, &Quiet).is_ok();
    assert!(proves(&Arkworks::new(Mode::Development, [Arc::new(loaded)]).unwrap()));

    // Prepared at first use, read at the second, and made anew where the file was damaged.
    let stages = |expected: &[ReadyStage]| {
        let begun = Begun::default();
        let (key, unkept) = ReadyKey::development(&store, Tier::Xs, Settings::default(), &Quiet, &begun).unwrap();
        assert!(unkept.is_none());
        assert!(proves(&Cpu::new(Mode::Development, [Arc::new(key)]).unwrap()));
        let mut begun = begun.0.into_inner().unwrap();
        begun.dedup();
        assert_eq!(begun, expected);
    };
    use ReadyStage::{Quotient, Reading, Tables, Writing};
    stages(&[Reading, Quotient, Tables, Writing]);
    stages(&[Reading]);
    let directory = store.directory_of(Tier::Xs, CIRCUIT_VERSION, KEY.shape());
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let file = files
        .into_iter()
        .find(|path| path.extension().is_some_and(|e| e == "ready"))
        .unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    stages(&[Reading, Quotient, Tables, Writing]);
    stages(&[Reading]);
}

#[test]
fn batches_give_a_result_for_each_statement_in_order() {
    let [_, engine] = engines();
    let crew = Crew::new(engine, NonZeroUsize::new(2).unwrap());
    let (public, honest) = witness();
    let mut false_one = public;
    false_one.nullifier += medproof_statement::Fr::from(1u64);
    let statements = [public, false_one, public, false_one, public].map(|public| (public, honest.clone()));
    let results = crew.batch(&statements, &Quiet);
    let proved: Vec<bool> = results.iter().map(Result::is_ok).collect();
    assert_eq!(proved, [true, false, true, false, true]);
    for refused in results.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, ProveError::Violation(Violation::Nullifier)));
    }
    assert!(crew.batch(&[], &Quiet).is_empty());
    assert!(crew.prove(&public, &honest, &Quiet).is_ok());
}

#[test]
fn the_first_failure_of_many_is_told_and_nothing_is_begun_after_it() {
    let [_, engine] = engines();
    let (public, honest) = witness();
    let begun = AtomicUsize::new(0);
    let work = |i: usize, prove: &Prove<'_>| {
        begun.fetch_add(1, Ordering::SeqCst);
        match prove(&public, &honest) {
            Ok(_) if i < 1 => Ok(()),
            Ok(_) => Err(i),
            Err(error) => panic!("{error}"),
        }
    };
    let one = Crew::new(engine, NonZeroUsize::MIN);
    assert_eq!((one.each(100, &Quiet, work), begun.load(Ordering::SeqCst)), (Err(1), 2));
    assert_eq!(one.each(1, &Quiet, work), Ok(()));
    assert_eq!(one.each(0, &Quiet, work), Ok(()));
}

/// Proves something urgent in the middle of a batch, once.
struct Interrupts<'a> {
    crew: &'a Crew<Box<dyn Engine>>,
    statement: &'a (PublicInputs, Witness),
    begun: AtomicBool,
    order: Mutex<Vec<&'static str>>,
}

impl Progress<ProveStage> for Interrupts<'_> {
    fn advance(&self, stage: ProveStage, done: u64, _: u64) {
        if stage == ProveStage::Synthesis && done == 0 && !self.begun.swap(true, Ordering::SeqCst) {
            let (public, witness) = self.statement;
            assert!(self.crew.prove(public, witness, &Quiet).is_ok());
            self.order.lock().unwrap().push("urgent");
        }
        if stage == ProveStage::Verify && done == 1 {
            self.order.lock().unwrap().push("batch");
        }
    }
}

// While the first of the batch waits for the urgent one, the second may not go past its next
// checkpoint: it is done after it.
#[test]
fn what_is_urgent_comes_before_a_batch_that_has_begun() {
    let [_, engine] = engines();
    let crew = Crew::new(engine, NonZeroUsize::new(2).unwrap());
    let statements = [witness(), witness()];
    let interrupts = Interrupts {
        crew: &crew,
        statement: &statements[0],
        begun: AtomicBool::new(false),
        order: Mutex::default(),
    };
    let results = crew.batch(&statements, &interrupts);
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(interrupts.order.into_inner().unwrap(), ["urgent", "batch", "batch"]);
}
