//! Changes of a witness, one or a few at a time, each repeatable by its seed.

use crate::script::{At, then};
use crate::worlds::{TODAY, World, one_of, pick, value};
use ark_ff::Field;
use medproof_statement::Fr;
use medproof_statement::check::{Witness, public_inputs};
use medproof_statement::consent::Bound;
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::holder::NullifierKey;
use medproof_statement::machine::{Action, Opened, Slot};
use medproof_statement::policy::{Header, Table};
use medproof_statement::public::PublicInputs;
use medproof_statement::request::{Purpose, Time};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

/// A change of a witness, repeatable by its seed.
#[derive(Clone, Copy, Debug)]
pub struct Mutation {
    /// What is changed.
    pub kind: Kind,
    seed: u64,
}

/// What is changed; most say it by their name.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
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

/// Changes of the slots.
pub const SLOTS: [Kind; 17] = [
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

/// Changes of everything else.
pub const REST: [Kind; 10] = [
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
    /// One of these kinds.
    pub fn random(rng: &mut ChaCha8Rng, kinds: &[Kind]) -> Mutation {
        Mutation {
            kind: *one_of(rng, kinds),
            seed: rng.next_u64(),
        }
    }

    /// Makes the change.
    pub fn apply(self, world: &World, public: &mut PublicInputs, witness: &mut Witness) {
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
                slots[at].path = world.stranger.path(leaf).expect("within the tree");
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
    Time::new(time.seconds() + 1 - u64::from(pick(rng, 3))).expect("below 2^40")
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
