//! The engine without the service, in this process: what the service is measured beside. It is given what the service's
//! workers are given, and makes what they make: from request, consent and record to a presentation.

use crate::Outcome;
use crate::world::World;
use medproof_engine::cpu::{ReadyKey, Settings};
use medproof_engine::{Cpu, Engine};
use medproof_keys::{KeyStore, Mode, Quiet};
use medproof_messages::Presentation;
use medproof_service::payload::Payload;
use medproof_service::work;
use medproof_statement::tier::Tier;
use rayon::ThreadPoolBuilder;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// An engine with the key that the service proves under.
pub struct Bare(Cpu);

impl Bare {
    /// Of a tier, with the settings of `medproof serve`.
    pub fn new(tier: Tier) -> Outcome<Bare> {
        let (key, unkept) = ReadyKey::development(&KeyStore::of_user()?, tier, Settings::default(), &Quiet, &Quiet)?;
        unkept.map_or(Ok(()), Err)?;
        Ok(Bare(Cpu::new(Mode::Development, [Arc::new(key)])?))
    }

    /// How long one presentation takes, on all cores; and the proof alone, of that.
    pub fn latency(&self, world: &World, number: usize) -> Outcome<[Duration; 2]> {
        let start = Instant::now();
        let proof = self.present(world, number)?;
        Ok([start.elapsed(), proof])
    }

    fn present(&self, world: &World, number: usize) -> Outcome<Duration> {
        let Payload {
            request,
            consent,
            record,
        } = Payload::decode(world.payload(number))?;
        let record = record.ok_or("a payload without a record")?.open()?;
        let (public, witness) = work::statement(&request, &consent, record)?;
        let start = Instant::now();
        let proven = self.0.prove(&public, &witness, &Quiet)?;
        let proof = start.elapsed();
        let presentation = Presentation {
            key_id: request.body().key_id,
            proof: proven.proof,
            public,
        };
        std::hint::black_box(presentation.to_bytes());
        Ok(proof)
    }

    /// Proofs a second, of so many, so many at a time on the threads that all share, as the service's are.
    pub fn rate(&self, world: &World, at_once: usize, count: usize) -> Outcome<f64> {
        let next = AtomicUsize::new(0);
        together(at_once, count, || self.each(world, &next, count))
    }

    /// Proofs a second, of so many, so many at a time on one thread each.
    pub fn rate_alone(&self, world: &World, at_once: usize, count: usize) -> Outcome<f64> {
        let next = AtomicUsize::new(0);
        together(at_once, count, || {
            let pool = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build()?;
            pool.install(|| self.each(world, &next, count))
        })
    }

    fn each(&self, world: &World, next: &AtomicUsize, count: usize) -> Outcome<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(());
            }
            self.present(world, number)?;
        }
    }
}

// How many a second, by so many threads that do the same.
fn together(threads: usize, count: usize, work: impl Fn() -> Outcome<()> + Sync) -> Outcome<f64> {
    let start = Instant::now();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(&work)).collect();
        let ended = threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| "a thread of the engine")?);
        ended.collect::<Outcome<()>>()
    })?;
    Ok(count as f64 / start.elapsed().as_secs_f64())
}
