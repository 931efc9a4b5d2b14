//! The circuit and the native check accept the same witnesses: random policies over random charts,
//! with honest slots, legal ones that no honest prover would take, and altered ones.
//!
//! Not compared: a witness with more slots than the tier has. The check refuses it, the circuit
//! never reads what is too much.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use ark_ff::Field;
use medproof_soundness::script::{At, then};
use medproof_soundness::worlds::{TODAY, World, one_of, pick, value};
use medproof_soundness::{assigned, prepared};
use medproof_statement::Fr;
use medproof_statement::assign::Slots;
use medproof_statement::check::{Violation, Witness, check, public_inputs};
use medproof_statement::consent::Bound;
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::holder::NullifierKey;
use medproof_statement::machine::{Action, Opened, Slot};
use medproof_statement::policy::{Header, Table};
use medproof_statement::public::PublicInputs;
use medproof_statement::request::{Purpose, Time};
use medproof_statement::tier::Tier;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// A change of a witness, repeatable by its seed.
#[derive(Clone, Copy, Debug)]
struct Mutation {
    kind: Kind,
    seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Astray,
    Wander,
    Action,
    Start,
    Ends,
    Criterion,
    Leaf,
    IdleLeaf,
    Replaced,
    Removed,
    Inserted,
    Duplicated,
    Swapped,
    StrangersLeaf,
    Field,
    PathIndex,
    Sibling,
    Record,
    Holder,
    Position,
    Header,
    Request,
    Consent,
    Signature,
    Signed,
    Public,
    PublicAnew,
}

const SLOTS: [Kind; 17] = [
    Kind::Astray,
    Kind::Wander,
    Kind::Action,
    Kind::Start,
    Kind::Ends,
    Kind::Criterion,
    Kind::Leaf,
    Kind::IdleLeaf,
    Kind::Replaced,
    Kind::Removed,
    Kind::Inserted,
    Kind::Duplicated,
    Kind::Swapped,
    Kind::StrangersLeaf,
    Kind::Field,
    Kind::PathIndex,
    Kind::Sibling,
];

const REST: [Kind; 10] = [
    Kind::Record,
    Kind::Holder,
    Kind::Position,
    Kind::Header,
    Kind::Request,
    Kind::Consent,
    Kind::Signature,
    Kind::Signed,
    Kind::Public,
    Kind::PublicAnew,
];

impl Mutation {
    fn random(rng: &mut ChaCha8Rng, kinds: &[Kind]) -> Mutation {
        Mutation {
            kind: *one_of(rng, kinds),
            seed: rng.next_u64(),
        }
    }

    fn apply(self, world: &World, public: &mut PublicInputs, witness: &mut Witness) {
        let rng = &mut ChaCha8Rng::seed_from_u64(self.seed);
        if SLOTS.contains(&self.kind) {
            self.apply_to_slots(rng, world, &mut witness.slots);
        } else {
            self.apply_to_rest(rng, world, public, witness);
        }
    }

    fn apply_to_slots(self, rng: &mut ChaCha8Rng, world: &World, slots: &mut Vec<Slot>) {
        let at = pick(rng, slots.len() as u32) as usize;
        let last = slots.len() - 1;
        match self.kind {
            Kind::Astray => *slots = world.wander(rng, true).to_vec(),
            Kind::Wander => *slots = world.wander(rng, false).to_vec(),
            Kind::Action => slots[at].action = *one_of(rng, &Action::ALL),
            Kind::Start => slots[at].start ^= true,
            Kind::Ends => slots[at].ends ^= true,
            Kind::Criterion => slots[at].criterion = pick(rng, world.tier().criteria() as u32 + 1) as usize,
            Kind::Leaf => {
                let other = one_of(rng, &world.pool);
                (slots[at].opened, slots[at].path) = (other.opened, other.path.clone());
            }
            Kind::IdleLeaf => {
                let idle: Vec<usize> = (0..=last).filter(|i| slots[*i].action == Action::Idle).collect();
                let leaf = pick(rng, world.case.facts.leaves().len() as u32) as usize;
                if !idle.is_empty() {
                    slots[*one_of(rng, &idle)] = then(Action::Idle, At::Fact(leaf)).slot(&world.case);
                }
            }
            Kind::Replaced => slots[at] = world.any_slot(rng),
            Kind::Removed => {
                slots.remove(at);
                slots.push(world.idle());
            }
            Kind::Inserted => {
                slots.pop();
                slots.insert(at, world.any_slot(rng));
            }
            Kind::Duplicated => {
                let twin = slots[at].clone();
                slots.pop();
                slots.insert(at.min(last), twin);
            }
            Kind::Swapped => slots.swap(at, pick(rng, last as u32 + 1) as usize),
            Kind::StrangersLeaf => {
                let leaf = pick(rng, world.stranger.leaves().len() as u32) as usize;
                slots[at].opened = Opened::Record(world.stranger.leaves()[leaf]);
                slots[at].path = world.stranger.path(leaf).unwrap();
            }
            Kind::Field => alter_leaf(rng, &mut slots[at].opened),
            Kind::PathIndex => slots[at].path.index ^= 1 << pick(rng, 13),
            _ => slots[at].path.siblings[pick(rng, 4) as usize][pick(rng, 7) as usize] += Fr::ONE,
        }
    }

    fn apply_to_rest(self, rng: &mut ChaCha8Rng, world: &World, public: &mut PublicInputs, witness: &mut Witness) {
        match self.kind {
            Kind::Record => match pick(rng, 5) {
                0 => witness.record.facts_root = world.stranger.root(),
                1 => witness.record.coverage = Coverage(rng.next_u64()),
                2 => witness.record.schema ^= u64::from(pick(rng, 2)),
                3 => witness.record.issued_on = Day(pick(rng, 6)),
                _ => witness.record.salt += Fr::ONE,
            },
            Kind::Holder => match pick(rng, 4) {
                0 => witness.record.holder.nk = NullifierKey::from_bytes(&[9; 31]),
                1 => witness.record.holder.pk = world.case.emergency.public(),
                2 => witness.record.holder.emergency_pk = world.case.signing.public(),
                _ => {
                    let holder = &mut witness.record.holder;
                    std::mem::swap(&mut holder.pk, &mut holder.emergency_pk);
                }
            },
            Kind::Position => match pick(rng, 2) {
                0 => witness.position.index ^= 1 << pick(rng, 28),
                _ => witness.position.siblings[pick(rng, 9) as usize][pick(rng, 7) as usize] += Fr::ONE,
            },
            Kind::Header => {
                let mut header = *witness.table.header();
                alter_header(rng, &mut header);
                if let Ok(table) = Table::new(header, witness.table.criteria().to_vec()) {
                    witness.table = table;
                }
            }
            Kind::Request => match pick(rng, 7) {
                0 => witness.request.audience += Fr::ONE,
                1 => witness.request.purpose = *one_of(rng, &Purpose::ALL),
                2 => witness.request.subject += Fr::ONE,
                3 => witness.request.scope += Fr::ONE,
                4 => witness.request.requested_at = near(rng, witness.consent.consent.not_before),
                5 => witness.request.expires_at = near(rng, witness.consent.consent.not_after),
                _ => witness.request.rest += Fr::ONE,
            },
            Kind::Consent => match pick(rng, 5) {
                0 => witness.consent.consent.bound = Bound::Policy(witness.table.digest()),
                1 => witness.consent.consent.bound = Bound::Claim(witness.table.header().claim_id),
                2 => witness.consent.consent.not_before = near(rng, witness.request.requested_at),
                3 => witness.consent.consent.not_after = near(rng, witness.request.expires_at),
                _ => witness.consent.consent.grant_id += Fr::ONE,
            },
            Kind::Signature => {
                let key = *one_of(rng, &[0, 1]);
                let key = [&world.case.signing, &world.case.emergency][key];
                let message = witness.consent.consent.message(&witness.request) + Fr::from(pick(rng, 2));
                witness.consent.signature = key.sign(message);
            }
            Kind::Signed => {
                let emergency = witness.request.purpose == Purpose::EmergencyTreatment;
                let key = if emergency {
                    &world.case.emergency
                } else {
                    &world.case.signing
                };
                witness.consent.signature = key.sign(witness.consent.consent.message(&witness.request));
            }
            Kind::Public => {
                let mut inputs = public.to_array();
                inputs[pick(rng, 5) as usize] += Fr::ONE;
                *public = PublicInputs::from_array(inputs);
            }
            _ => *public = public_inputs(witness).unwrap_or(*public),
        }
    }
}

fn near(rng: &mut ChaCha8Rng, time: Time) -> Time {
    Time::new(time.seconds() + 1 - u64::from(pick(rng, 3))).unwrap()
}

fn alter_header(rng: &mut ChaCha8Rng, header: &mut Header) {
    match pick(rng, 5) {
        0 => header.claim_id += Fr::ONE,
        1 => header.as_of = Day(TODAY.0 - 1 + pick(rng, 3)),
        2 => header.schema += 1,
        3 => header.issued_min = Day(pick(rng, TODAY.0 + 1)),
        _ => header.required_coverage = Coverage(1 << pick(rng, 64)),
    }
}

fn alter_leaf(rng: &mut ChaCha8Rng, opened: &mut Opened) {
    match opened {
        Opened::Set(leaf) => match pick(rng, 2) {
            0 => std::mem::swap(&mut leaf.member, &mut leaf.next),
            _ => leaf.member = leaf.next,
        },
        Opened::Record(leaf) => match pick(rng, 9) {
            0 => leaf.fact.uncertain ^= true,
            1 => leaf.fact.contested ^= true,
            2 => leaf.fact.date.0 ^= 1,
            3 => leaf.fact.since.0 ^= 1,
            4 => leaf.fact.until.0 ^= 1,
            5 => leaf.fact.value = value(pick(rng, 6)),
            6 => leaf.fact.seq.event ^= 1,
            7 => leaf.fact.seq.sub ^= 1,
            _ => leaf.next = leaf.fact.key(),
        },
    }
}

struct Trial {
    world: World,
    public: PublicInputs,
    witness: Witness,
    // The witness's variables, and the constraints that they break.
    values: Vec<Fr>,
    broken: Vec<usize>,
}

impl Trial {
    fn new(world: World, slots: Slots) -> Trial {
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

    /// What the check says, if the circuit says the same.
    fn verdict(&self, mutations: &[Mutation]) -> Result<Result<(), Violation>, Result<(), Violation>> {
        let (public, witness) = self.altered(mutations);
        let verdict = check(&public, &witness);
        if verdict.is_ok() == self.satisfied(public, &witness) {
            Ok(verdict)
        } else {
            Err(verdict)
        }
    }

    /// The fewest of these mutations over which the two differ.
    fn shrunk(&self, mutations: &[Mutation]) -> Vec<Mutation> {
        let mut least = mutations.to_vec();
        let mut at = 0;
        while at < least.len() {
            let mut fewer = least.clone();
            fewer.remove(at);
            if self.verdict(&fewer).is_err() {
                least = fewer;
            } else {
                at += 1;
            }
        }
        least
    }
}

// How often each verdict was reached.
type Tally = BTreeMap<String, usize>;

fn name(verdict: Result<(), Violation>) -> String {
    match verdict {
        Ok(()) => "accepted".into(),
        Err(Violation::Slot(error)) => format!("{:?}", error.rule),
        Err(other) => format!("{other:?}").split(' ').next().unwrap().into(),
    }
}

fn trial(seed: u64, tier: Tier, alterations: usize, tally: &Mutex<Tally>) {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let world = World::random(rng, tier);
    let slots = world.slots(rng);
    let trial = Trial::new(world, slots);
    for round in 0..=alterations {
        // The first as it is; then mostly slots, by one change or a few.
        let (kinds, n): (&[Kind], usize) = match (round, pick(rng, 8)) {
            (0, _) => (&[], 0),
            (_, 0) => (&REST, 1 + round % 3),
            (_, 1..=4) => (&[Kind::Astray], 1),
            _ => (&SLOTS, 1 + round % 3),
        };
        let mutations: Vec<Mutation> = (0..n).map(|_| Mutation::random(rng, kinds)).collect();
        match trial.verdict(&mutations) {
            Ok(verdict) => *tally.lock().unwrap().entry(name(verdict)).or_default() += 1,
            Err(verdict) => panic!(
                "seed {seed}, tier {tier}, round {round}: the check says {verdict:?}, the circuit differs over {:?} on {:?} with slots {:?}",
                trial.shrunk(&mutations),
                trial.world.case.policy.table(),
                trial.altered(&mutations).1.slots,
            ),
        }
    }
}

fn trials(tier: Tier, worlds: u64, alterations: usize) -> Tally {
    let (next, tally) = (AtomicU64::new(0), Mutex::new(Tally::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= worlds {
                        break;
                    }
                    trial(seed, tier, alterations, &tally);
                }
            });
        }
    });
    tally.into_inner().unwrap()
}

/// Each verdict was met often enough to mean something.
fn assert_met(tally: &Tally, verdicts: &[&str], times: usize) {
    for verdict in verdicts {
        let met = tally.get(*verdict).copied().unwrap_or(0);
        assert!(met >= times, "{verdict} was met {met} times: {tally:?}");
    }
}

const RULES: [&str; 21] = [
    "accepted",
    "Boundary",
    "Clause",
    "Concept",
    "Contested",
    "Count",
    "GapEnd",
    "GapStart",
    "LeafKind",
    "Member",
    "MemberDue",
    "Mode",
    "NotCovered",
    "NotLatest",
    "Opening",
    "PassKey",
    "PassMatch",
    "Time",
    "Twice",
    "Uncertain",
    "Value",
];

#[test]
fn the_circuit_accepts_what_the_check_accepts_in_tier_xs() {
    let tally = trials(Tier::Xs, 180, 8);
    assert_met(&tally, &RULES, 5);
    assert_met(&tally, &["Membership", "PolicyDigest", "RequestDigest", "Signature"], 5);
}

#[test]
fn the_circuit_accepts_what_the_check_accepts_in_tier_s() {
    let tally = trials(Tier::S, 180, 8);
    assert_met(&tally, &RULES, 5);
    assert_met(&tally, &["Spacing", "NoGroup"], 5);
}
