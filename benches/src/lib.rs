//! What the benches share: a witness for each tier, numbers and points, and how many threads work.
//!
//! `cargo bench -p medproof-benches` runs all; a name after `--` picks some.

pub mod links;

use ark_ec::CurveGroup;
use ark_ff::UniformRand;
use ark_std::rand::SeedableRng;
use ark_std::rand::rngs::StdRng;
use medproof_statement::check::Witness;
use medproof_statement::concept::Kind;
use medproof_statement::public::PublicInputs;
use medproof_statement::testing::{Case, concept, condition, fact, facts, has, none, policy};
use medproof_statement::tier::Tier;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::time::{Duration, Instant};

/// A chart of 64 conditions, and a policy that uses each of the tier's criteria that its slots allow.
///
/// # Panics
/// Never: the policy holds.
#[must_use]
#[allow(clippy::expect_used)]
pub fn witness(tier: Tier) -> (PublicInputs, Witness) {
    let chart: Vec<_> = (0..64).map(|i| fact(condition(10 + i), 1000 + i, i as u16)).collect();
    let wanted = tier.criteria().min(tier.slots());
    let mut criteria: Vec<_> = (1..wanted as u32).map(|i| has(condition(10 + i))).collect();
    let allergy = concept(Kind::Allergy, 7);
    criteria.push(none(allergy, allergy));
    Case::new(policy(tier, criteria), facts(&chart))
        .prove()
        .expect("a policy that holds")
}

/// So many numbers, uniform and the same each time.
#[must_use]
pub fn numbers<T: UniformRand>(n: usize) -> Vec<T> {
    let mut rng = StdRng::seed_from_u64(n as u64);
    (0..n).map(|_| T::rand(&mut rng)).collect()
}

/// So many different points.
#[must_use]
pub fn points<G: CurveGroup + UniformRand>(n: usize) -> Vec<G::Affine> {
    let mut next = G::rand(&mut StdRng::seed_from_u64(1));
    let step = G::rand(&mut StdRng::seed_from_u64(2)).into_affine();
    let all: Vec<G> = std::iter::repeat_with(|| {
        next += step;
        next
    })
    .take(n)
    .collect();
    G::normalize_batch(&all)
}

/// Work in it is done by so many threads.
///
/// # Panics
/// If the system gives no threads.
#[must_use]
#[allow(clippy::expect_used)]
pub fn pool(threads: usize) -> ThreadPool {
    let builder = ThreadPoolBuilder::new().num_threads(threads);
    builder.build().expect("threads")
}

/// The median of so many times, of work that succeeds.
///
/// # Panics
/// Where it does not.
pub fn median(times: usize, work: impl Fn() -> bool + Sync) -> Duration {
    let mut all: Vec<Duration> = (0..times)
        .map(|_| {
            let start = Instant::now();
            assert!(work(), "what is measured fails");
            start.elapsed()
        })
        .collect();
    all.sort();
    all[times / 2]
}
