//! Three verdicts on one witness: the circuit's, the native check's, and, where it is asked, that of
//! the reference in Python.

use crate::mutation::{Kind, Mutation, REST, SLOTS};
use crate::reference::Reference;
use crate::worlds::{World, pick};
use crate::{assigned, prepared};
use medproof_statement::Fr;
use medproof_statement::assign::{NotProvable, Slots, assign};
use medproof_statement::check::{Violation, Witness, check};
use medproof_statement::public::PublicInputs;
use medproof_statement::tier::Tier;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// A world and a witness in it, to be altered.
pub struct Trial {
    world: World,
    public: PublicInputs,
    witness: Witness,
    // The witness's variables, and the constraints that they break.
    values: Vec<Fr>,
    broken: Vec<usize>,
}

impl Trial {
    /// The world's witness with these slots.
    pub fn new(world: World, slots: Slots) -> Trial {
        let (public, witness) = world.case.with_slots(slots);
        let values = assigned(public, &witness).unwrap();
        let broken = prepared(world.tier()).violated(&values);
        Trial {
            world,
            public,
            witness,
            values,
            broken,
        }
    }

    fn altered(&self, mutations: &[Mutation]) -> (PublicInputs, Witness) {
        let (mut public, mut witness) = (self.public, self.witness.clone());
        for mutation in mutations {
            mutation.apply(&self.world, &mut public, &mut witness);
        }
        (public, witness)
    }

    fn satisfied(&self, public: PublicInputs, witness: &Witness) -> bool {
        assigned(public, witness).is_some_and(|values| {
            let circuit = prepared(self.world.tier());
            circuit.violated_beside(&values, &self.values, &self.broken).is_empty()
        })
    }

    /// What the check says, if the others say the same; else what each of them says.
    fn verdict(
        &self,
        public: PublicInputs,
        witness: &Witness,
        reference: Option<&mut Reference>,
    ) -> Result<Result<(), Violation>, Disagreement> {
        let native = check(&public, witness);
        let circuit = self.satisfied(public, witness);
        let reference = reference.map(|r| r.relation(&public, witness));
        let same = reference.as_ref().is_none_or(|why| why.is_none() == circuit);
        if native.is_ok() == circuit && same {
            Ok(native)
        } else {
            Err(Disagreement {
                native,
                circuit,
                reference,
            })
        }
    }

    fn verdict_after(
        &self,
        mutations: &[Mutation],
        reference: Option<&mut Reference>,
    ) -> Result<Result<(), Violation>, Disagreement> {
        let (public, witness) = self.altered(mutations);
        self.verdict(public, &witness, reference)
    }

    /// The fewest of these mutations over which they differ, then the fewest slots that do anything.
    fn shrunk(&self, mutations: &[Mutation], mut reference: Option<&mut Reference>) -> (Vec<Mutation>, Slots) {
        let mut least = mutations.to_vec();
        let mut at = 0;
        while at < least.len() {
            let mut fewer = least.clone();
            fewer.remove(at);
            if self.verdict_after(&fewer, reference.as_deref_mut()).is_err() {
                least = fewer;
            } else {
                at += 1;
            }
        }
        let (public, mut witness) = self.altered(&least);
        for slot in 0..witness.slots.len() {
            let kept = std::mem::replace(&mut witness.slots[slot], self.world.idle());
            if self.verdict(public, &witness, reference.as_deref_mut()).is_ok() {
                witness.slots[slot] = kept;
            }
        }
        (least, witness.slots.clone())
    }
}

/// Verdicts that are not one.
#[derive(Debug)]
#[allow(dead_code, reason = "shown by its Debug")]
struct Disagreement {
    native: Result<(), Violation>,
    circuit: bool,
    // Why the reference refuses, if it does.
    reference: Option<Option<String>>,
}

/// How often each verdict was reached.
pub type Tally = BTreeMap<String, usize>;

fn name(verdict: Result<(), Violation>) -> String {
    match verdict {
        Ok(()) => "accepted".into(),
        Err(Violation::Slot(error)) => format!("{:?}", error.rule),
        Err(other) => format!("{other:?}").split(' ').next().unwrap().into(),
    }
}

/// In a tally: witnesses with the public inputs of a record and a claim that is not true of it.
pub const FALSE_CLAIMS: &str = "meaning: witnesses of false claims";

/// How many trials, and of what.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// The tier.
    pub tier: Tier,
    /// The first world's seed.
    pub first: u64,
    /// Random worlds.
    pub worlds: u64,
    /// Alterations of a witness in each, beside the witness itself.
    pub alterations: usize,
}

fn trial(seed: u64, extent: Extent, mut reference: Option<&mut Reference>, tally: &Mutex<Tally>) {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let world = World::random(rng, extent.tier);
    let slots = world.slots(rng);
    if let Some(reference) = reference.as_deref_mut() {
        same_meaning(seed, &world, reference, tally);
    }
    let truth = assign(&world.case.policy, &world.case.facts).map(|_| ());
    let trial = Trial::new(world, slots);
    for round in 0..=extent.alterations {
        // The first as it is; then mostly slots, by one change or a few.
        let (kinds, n): (&[Kind], usize) = match (round, pick(rng, 8)) {
            (0, _) => (&[], 0),
            (_, 0) => (&REST, 1 + round % 3),
            (_, 1..=4) => (&[Kind::Astray], 1),
            _ => (&SLOTS, 1 + round % 3),
        };
        let mutations: Vec<Mutation> = (0..n).map(|_| Mutation::random(rng, kinds)).collect();
        match trial.verdict_after(&mutations, reference.as_deref_mut()) {
            Ok(verdict) => {
                // The slots are all that public inputs leave open: no two courses may mean two things.
                let same_inputs = mutations.iter().all(|m| SLOTS.contains(&m.kind));
                let claim_is_false = truth == Err(NotProvable::NotSatisfied);
                assert!(
                    !(verdict.is_ok() && same_inputs && claim_is_false),
                    "seed {seed}, {extent:?}, round {round}: accepted though false: {:?}",
                    trial.altered(&mutations).1.slots
                );
                let mut tally = tally.lock().unwrap();
                *tally.entry(name(verdict)).or_default() += 1;
                if same_inputs && claim_is_false {
                    *tally.entry(FALSE_CLAIMS.into()).or_default() += 1;
                }
            }
            Err(disagreement) => panic!(
                "seed {seed}, {extent:?}, round {round}: {disagreement:?} over {:?} on {:?}",
                trial.shrunk(&mutations, reference),
                trial.world.case.policy.table(),
            ),
        }
    }
}

// The reference's evaluation of the chart, fact by fact, is what slots can be found for, and the
// commitments it computes are the same.
fn same_meaning(seed: u64, world: &World, reference: &mut Reference, tally: &Mutex<Tally>) {
    let case = &world.case;
    let meant = reference.meaning(&case.policy, &case.facts);
    let shown = match assign(&case.policy, &case.facts) {
        Ok(_) => Some(true),
        Err(NotProvable::TooLarge { .. }) => None,
        Err(NotProvable::NotSatisfied) => Some(false),
    };
    assert!(
        shown.is_none_or(|shown| shown == meant),
        "seed {seed}: meant {meant}, slots {shown:?} for {case:?}"
    );
    let shown = shown.map_or("meaning: too long for the tier", |shown| {
        if shown { "meaning: true" } else { "meaning: false" }
    });
    *tally.lock().unwrap().entry(shown.into()).or_default() += 1;
    let (public, witness) = case.with_slots(world.slots(&mut ChaCha8Rng::seed_from_u64(seed)));
    let committed = [
        case.facts.root(),
        witness.record.holder.commit(),
        witness.record.commit(),
    ];
    assert_eq!(
        reference.record(&case.facts, &witness),
        committed,
        "seed {seed}: commitments"
    );
    assert_eq!(
        reference.digests(&witness),
        public.to_array(),
        "seed {seed}: public inputs"
    );
}

/// Runs trials on all cores; where asked for, each thread with a reference of its own.
///
/// # Panics
/// On the first witness over which the verdicts differ, with the least of what makes them.
pub fn trials(extent: Extent, with_reference: bool) -> Tally {
    let (next, tally) = (AtomicU64::new(extent.first), Mutex::new(Tally::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut reference = with_reference.then(Reference::start);
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= extent.first + extent.worlds {
                        break;
                    }
                    trial(seed, extent, reference.as_mut(), &tally);
                }
            });
        }
    });
    tally.into_inner().unwrap()
}
