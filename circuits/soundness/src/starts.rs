//! Where the search for missing constraints starts: honest assignments and adversarial ones.

use crate::assigned;
use crate::circuit::Circuit;
use crate::script::{At, slots, start};
use crate::signer::{sign_with_known_keys, sign_with_the_wrong_key};
use crate::worlds::World;
use ark_bn254::Fr;
use ark_ff::{BigInt, BigInteger, Field, PrimeField};
use medproof_statement::assign::{Slots, assign};
use medproof_statement::consent::Bound;
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::machine::Action;
use medproof_statement::policy::{Header, Policy, Table};
use medproof_statement::request::{Purpose, Time};
use medproof_statement::testing::{AS_OF, Case, condition, fact, facts, has, header};
use medproof_statement::tier::Tier;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// The assignment of these slots, its consent bound to the claim, so that the table's digest can
/// change without it.
pub(crate) fn assignment(case: &mut Case, slots: Slots) -> Option<Vec<Fr>> {
    case.consent.bound = Bound::Claim(case.policy.table().header().claim_id);
    signed(case, slots)
}

fn signed(case: &Case, slots: Slots) -> Option<Vec<Fr>> {
    let (_, mut witness) = case.with_slots(slots);
    let public = sign_with_known_keys(&mut witness)?;
    assigned(public, &witness)
}

/// Honest and adversarial slots at random, without end.
pub fn random(tier: Tier) -> impl Iterator<Item = Vec<Fr>> {
    (0..).flat_map(move |seed| {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut world = World::random(rng, tier);
        let slots = [world.slots(rng), world.wander(rng, true), world.wander(rng, true)];
        slots
            .map(|slots| assignment(&mut world.case, slots))
            .into_iter()
            .flatten()
    })
}

/// Honest assignments of random cases without end, and whether each is for an emergency.
pub fn honest(tier: Tier) -> impl Iterator<Item = (Vec<Fr>, bool)> {
    (0..).filter_map(move |seed| {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let case = World::random(rng, tier).case;
        let emergency = case.request.purpose == Purpose::EmergencyTreatment;
        Some((signed(&case, assign(&case.policy, &case.facts).ok()?)?, emergency))
    })
}

/// An honest assignment, then false records, consents and signers.
pub fn beside_the_slots(tier: Tier) -> Vec<Vec<Fr>> {
    let chart = facts(&[fact(condition(20), 50_000, 1)]);
    let policy = |header: Header| {
        let table = Table::new(header, vec![has(condition(20))]).expect("a valid table");
        Policy::new(table, vec![None]).expect("no sets")
    };
    let honest = || {
        let mut case = Case::new(policy(header(tier)), chart.clone());
        case.consent.bound = Bound::Claim(case.policy.table().header().claim_id);
        case
    };
    let time = |seconds| Time::new(seconds).expect("a time");
    type Change = fn(&mut Case, fn(u64) -> Time);
    let change: [Change; 8] = [
        |_, _| (),
        |case, _| case.consent.bound = Bound::Policy(Fr::from(123u64)),
        |case, time| case.consent.not_before = time(1_000_001),
        |case, time| case.consent.not_after = time(1_000_599),
        |case, _| case.record.issued_on = Day(AS_OF.0 + 1),
        |case, _| case.record.coverage = Coverage::NONE,
        |case, _| case.request.purpose = Purpose::EmergencyTreatment,
        |case, _| case.record.schema += 1,
    ];
    let time = time as fn(u64) -> Time;
    let mut cases: Vec<Case> = change
        .into_iter()
        .map(|change| {
            let mut case = honest();
            change(&mut case, time);
            case
        })
        .collect();
    cases.push(Case {
        policy: policy(Header {
            issued_min: Day(AS_OF.0),
            ..header(tier)
        }),
        ..honest()
    });
    cases.push(Case {
        policy: policy(Header {
            required_coverage: Coverage(1),
            ..header(tier)
        }),
        ..honest()
    });
    if let Some(uncovered) = cases.last_mut() {
        uncovered.record.coverage = Coverage(u64::MAX - 1);
    }
    if let Some(late) = cases.iter_mut().nth_back(1) {
        late.record.issued_on = Day(AS_OF.0 - 1);
    }
    let shown = [start(0, Action::Fact, At::Fact(1)).ends()];
    let mut all: Vec<Vec<Fr>> = cases
        .iter()
        .filter_map(|case| signed(case, slots(case, &shown)))
        .collect();
    for purpose in [Purpose::Research, Purpose::EmergencyTreatment] {
        let mut case = honest();
        case.request.purpose = purpose;
        let (_, mut witness) = case.with_slots(slots(&case, &shown));
        all.extend(sign_with_the_wrong_key(&mut witness).and_then(|public| assigned(public, &witness)));
    }
    all
}

/// For the parts of the signature: honest ones, then the challenge's bits at every place where a
/// number can depart from the modulus, above it and below.
pub fn of_parts(circuit: &Circuit) -> Vec<Vec<Fr>> {
    let honest: Vec<Vec<Fr>> = beside_the_slots(circuit.tier).into_iter().take(1).collect();
    let mut all = honest.clone();
    let mut most = Fr::MODULUS;
    most.sub_with_borrow(&BigInt::one());
    for end in (1..=254)
        .rev()
        .filter(|end| *end == 254 || most.get_bit(*end) != most.get_bit(*end - 1))
    {
        let kept = |from: usize| (most >> from as u32) << from as u32;
        let above = kept(end);
        let start = (0..end)
            .rev()
            .find(|i| most.get_bit(*i) != most.get_bit(end - 1))
            .map_or(0, |i| i + 1);
        // All that agree above the run: the run's bits turned at its lowest place, or kept.
        for mut number in [above, kept(start)] {
            if number == above {
                number.add_with_carry(&(BigInt::one() << start as u32));
            }
            all.extend(
                honest
                    .iter()
                    .map(|values| with_challenge(circuit, values.clone(), number)),
            );
        }
    }
    all
}

// Puts a number into the challenge's bits, and into the challenge what it is modulo p.
fn with_challenge(circuit: &Circuit, mut values: Vec<Fr>, number: BigInt<4>) -> Vec<Fr> {
    const BITS: usize = 254;
    let rows = circuit.rows_of("signature: challenge's bits", None);
    let lowest = rows.start + BITS - 1;
    for i in 1..BITS {
        let [bit, ..] = circuit.row(rows.start + i - 1);
        values[bit[0].1] = Fr::from(number.get_bit(i));
    }
    let [lowest_bit, ..] = circuit.row(lowest);
    let excess = crate::circuit::dot(lowest_bit, &values) - Fr::from(number.get_bit(0));
    let hash = circuit.rows_of("signature: challenge", None);
    let output = *circuit.mentioned(hash.end - 1).last().expect("an S-box's output");
    let slope = crate::circuit::coefficient(lowest_bit, output).inverse();
    values[output] -= excess * slope.expect("the last S-box reaches every lane");
    circuit.settle(&mut values, lowest + 1..rows.end);
    values
}
