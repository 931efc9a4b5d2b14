//! How long each of a disclosure's steps takes alone, and how many the store takes at a time: measured on a store in
//! PostgreSQL, for the model.

use crate::bare::Bare;
use crate::report::progress;
use crate::workers;
use crate::world::World;
use crate::{Options, Outcome};
use medproof_engine::ProveStage;
use medproof_keys::Progress;
use medproof_messages::{ConsentMessage, SignedRequest};
use medproof_service::about::{About, Grant};
use medproof_service::caller::{Caller, Role};
use medproof_service::job::JobId;
use medproof_service::metrics::Metrics;
use medproof_service::payload::{self, Payload};
use medproof_service::seal::WorkKey;
use medproof_service::store::{AskerLimits, Bounds, Ending, NewJob, Owner, Released, Store, Submitted, Urgency};
use medproof_service::work::{self, Answerer, Outcome as Answer, Settings, Wake, Worker};
use medproof_statement::tier::Tier;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Of each step, how often it is timed alone.
const TIMES: usize = 200;
/// At a time, where many are.
const MANY: usize = 16;
const LOOKED: Duration = Duration::from_secs(6);

/// Seconds, and how many in a second.
pub struct Figures {
    /// A proof on one thread.
    pub proof: f64,
    /// What the service computes before it submits: signatures, the record, sealing.
    pub front: f64,
    /// The transactions, one at a time.
    pub submit: f64,
    /// The library's look for a job, where there is none.
    pub poll: f64,
    /// Beginning work on a job.
    pub begin: f64,
    /// Ending it, with a presentation.
    pub end: f64,
    /// What a worker does for a job beside the proof, with the library's part.
    pub cycle: f64,
    /// Handing the presentation out.
    pub release: f64,
    /// Submissions a second, many at a time: of one tenant, and of as many tenants.
    pub submits: (f64, f64),
    /// Ends a second, many at a time, of one tenant.
    pub ends: f64,
    /// Transactions a second of a worker that has nothing to do.
    pub idle: f64,
}

impl Figures {
    /// How many transactions the store works on at a time.
    pub fn servers(&self) -> usize {
        ((self.submits.1 * self.submit).round() as usize).max(1)
    }
}

const BOUNDS: Bounds = Bounds {
    most_work: 1 << 40,
    most_work_of_tenant: 1 << 40,
    longest_wait: None,
    askers: AskerLimits {
        questions_of_concept: 1000,
        questions: 1000,
        days: 90,
        usual: u32::MAX,
        times: 10,
    },
};

/// Measures them.
pub async fn measured(options: &Options, world: &World) -> Outcome<Figures> {
    let server = options.postgres.as_deref().ok_or("model: expected --postgres URL")?;
    let bare = Bare::new(options.tier)?;
    bare.rate_alone(world, 1, 2)?;
    let proof = 1.0 / bare.rate_alone(world, 1, 10)?;
    progress(format_args!("    a proof on one thread: {:.1} ms", 1e3 * proof));
    let store = Store::open(&workers::database(server, "model").await?).await?;
    let bench = Bench {
        store,
        jobs: jobs(world)?,
    };
    let front = front(world)?;
    let idle = bench.idle().await?;
    let (submit, ids) = bench.submits(1, 1, TIMES).await?;
    let poll = bench.poll().await?;
    let begin = bench
        .timed(&ids, |store, id| async move { store.begin(&id).await.map(drop) })
        .await?;
    let end = bench.ends(&ids, 1).await?;
    let release = bench.released(&ids).await?;
    let (one, ids) = bench.submits(MANY, 1, 4 * TIMES).await?;
    let ends = bench.ends(&ids, MANY).await?;
    let (several, _) = bench.submits(MANY, MANY, 4 * TIMES).await?;
    let cycle = bench.cycle().await?;
    bench.store.close().await;
    Ok(Figures {
        proof,
        front,
        submit,
        poll,
        begin,
        end,
        cycle,
        release,
        submits: (1.0 / one, 1.0 / several),
        ends: 1.0 / ends,
        idle,
    })
}

// What the service does with a disclosure before it asks the store, on one thread.
fn front(world: &World) -> Outcome<f64> {
    let key = WorkKey::from_bytes([7; 32]);
    let start = Instant::now();
    for number in 0..TIMES {
        let disclosure = world.disclosure(number);
        let request = SignedRequest::from_json(&disclosure.request)?.verify()?;
        let consent = ConsentMessage::from_json(&disclosure.consent)?;
        consent.verify(
            &request,
            work::signer(&request, world.records[&disclosure.record].holder()),
        )?;
        let payload = payload::encode(
            &disclosure.request,
            &disclosure.consent,
            Some(&world.records[&disclosure.record]),
        );
        key.seal(&JobId::random()?, &payload)?;
    }
    Ok(start.elapsed().as_secs_f64() / TIMES as f64)
}

// As those of the world, each sealed.
struct Template {
    about: About,
    tier: Tier,
    payload: Vec<u8>,
}

fn jobs(world: &World) -> Outcome<Vec<Template>> {
    let key = WorkKey::from_bytes([7; 32]);
    let jobs = world.disclosures.iter().map(|disclosure| {
        let request = SignedRequest::from_json(&disclosure.request)?.verify()?;
        let record = &world.records[&disclosure.record];
        let payload = payload::encode(&disclosure.request, &disclosure.consent, Some(record));
        let consent = ConsentMessage::from_json(&disclosure.consent)?;
        let grant = Grant {
            handle: medproof_statement::field::to_bytes(&record.holder().handle(consent.message())),
            not_before: 0,
            not_after: 1 << 40,
        };
        Ok(Template {
            about: About::of(&request, [7; 32], Some(grant)),
            tier: request.body().tier,
            payload: key.seal(&JobId::random()?, &payload)?,
        })
    });
    jobs.collect()
}

struct Bench {
    store: Store,
    jobs: Vec<Template>,
}

fn owner(tenant: usize) -> Owner {
    Owner::from(&Caller {
        tenant: format!("tenant-{tenant}"),
        name: "portal".to_owned(),
        role: Role::Holder,
        did: None,
    })
}

impl Bench {
    fn job(&self, number: usize) -> Outcome<NewJob> {
        let template = &self.jobs[number % self.jobs.len()];
        Ok(NewJob {
            id: JobId::random()?,
            about: template.about.clone(),
            tier: template.tier,
            payload: template.payload.clone(),
        })
    }

    // Seconds for each, so many at a time, of so many tenants; and those of the first tenant.
    async fn submits(&self, at_once: usize, tenants: usize, count: usize) -> Outcome<(f64, Vec<JobId>)> {
        let mut callers = JoinSet::new();
        let start = Instant::now();
        for caller in 0..at_once {
            let jobs: Vec<NewJob> = (caller..count)
                .step_by(at_once)
                .map(|n| self.job(n))
                .collect::<Outcome<_>>()?;
            let (store, owner) = (self.store.clone(), owner(caller % tenants));
            callers.spawn(async move {
                let mut ids = Vec::new();
                for job in jobs {
                    let id = job.id;
                    match store.submit(&owner, &[job], Urgency::Person, None, &BOUNDS).await? {
                        Submitted::New(_) => ids.push(id),
                        other => return Err(format!("a submission became {other:?}").into()),
                    }
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(ids)
            });
        }
        let mut ids = Vec::new();
        while let Some(joined) = callers.join_next().await {
            ids.extend(joined??);
        }
        let took = start.elapsed().as_secs_f64() / count as f64;
        progress(format_args!(
            "    {at_once} at a time, {tenants} tenants: {:.0} submissions a second",
            1.0 / took
        ));
        Ok((took, ids))
    }

    async fn timed<F, E>(&self, ids: &[JobId], step: impl Fn(Store, JobId) -> F) -> Outcome<f64>
    where
        F: Future<Output = Result<(), E>>,
        E: std::error::Error + Send + Sync + 'static,
    {
        let start = Instant::now();
        for id in ids {
            step(self.store.clone(), *id).await?;
        }
        Ok(start.elapsed().as_secs_f64() / ids.len() as f64)
    }

    async fn ends(&self, ids: &[JobId], at_once: usize) -> Outcome<f64> {
        let mut workers = JoinSet::new();
        let start = Instant::now();
        for worker in 0..at_once {
            let store = self.store.clone();
            let own: Vec<JobId> = ids.iter().skip(worker).step_by(at_once).copied().collect();
            workers.spawn(async move {
                for id in own {
                    store.end(&id, &Ending::Succeeded(vec![7; 321])).await?;
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            });
        }
        while let Some(joined) = workers.join_next().await {
            joined??;
        }
        Ok(start.elapsed().as_secs_f64() / ids.len() as f64)
    }

    async fn released(&self, ids: &[JobId]) -> Outcome<f64> {
        let start = Instant::now();
        for id in ids {
            if !matches!(self.store.release(&owner(0), id).await?, Released::Presentation(_)) {
                return Err("a presentation that is not handed out".into());
            }
        }
        Ok(start.elapsed().as_secs_f64() / ids.len() as f64)
    }

    fn pool(&self) -> Outcome<&sqlx::PgPool> {
        match &self.store {
            Store::Postgres(pool) => Ok(pool),
            Store::Sqlite { .. } => Err("expected a store in PostgreSQL".into()),
        }
    }

    // As the library asks, of a queue that nobody fills.
    async fn poll(&self) -> Outcome<f64> {
        let start = Instant::now();
        for _ in 0..TIMES {
            sqlx::query("SELECT * FROM apalis.get_jobs('nobody', 'nothing', 1)")
                .fetch_all(self.pool()?)
                .await?;
        }
        Ok(start.elapsed().as_secs_f64() / TIMES as f64)
    }

    // Transactions that the server counted.
    async fn transactions(&self) -> Outcome<f64> {
        // What connections have counted is told to the server within a second.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let statement = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
        let count: i64 = sqlx::query_scalar(statement).fetch_one(self.pool()?).await?;
        Ok(count as f64)
    }

    fn worker(&self) -> (Arc<Worker>, Settings) {
        let worker = Worker {
            store: self.store.clone(),
            key: WorkKey::from_bytes([7; 32]),
            answerer: Arc::new(AtOnce),
            times: Arc::default(),
            hub: Arc::default(),
            metrics: Metrics::default(),
        };
        let settings = Settings {
            name: format!("worker-{:?}", Instant::now()),
            at_once: 1,
        };
        (Arc::new(worker), settings)
    }

    async fn idle(&self) -> Outcome<f64> {
        let (worker, settings) = self.worker();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let working = tokio::spawn(async move { work::run(worker, &settings, &Wake::default(), stopped).await });
        let before = self.transactions().await?;
        let start = Instant::now();
        tokio::time::sleep(LOOKED).await;
        let transactions = self.transactions().await? - before;
        let idle = transactions / start.elapsed().as_secs_f64();
        let _ = stop.send(true);
        working.await?;
        progress(format_args!(
            "    a worker with nothing to do: {idle:.1} transactions a second"
        ));
        Ok(idle)
    }

    // A worker whose proofs take no time, through the library.
    async fn cycle(&self) -> Outcome<f64> {
        // What the parts before left in the queue is of the same kind.
        let count = self.store.counts().await?.iter().map(|(_, _, jobs)| *jobs).sum::<u64>();
        let (worker, settings) = self.worker();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let store = self.store.clone();
        let start = Instant::now();
        let working = tokio::spawn(async move { work::run(worker, &settings, &Wake::default(), stopped).await });
        let left = loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let left = store.counts().await?.iter().map(|(_, _, jobs)| *jobs).sum::<u64>();
            if left == 0 || start.elapsed() > 5 * LOOKED {
                break left;
            }
        };
        let took = start.elapsed().as_secs_f64() / (count - left).max(1) as f64;
        let _ = stop.send(true);
        working.await?;
        progress(format_args!(
            "    a worker whose proofs take no time: {:.0} jobs a second",
            1.0 / took
        ));
        Ok(took)
    }
}

// Has the answer.
struct AtOnce;

impl Answerer for AtOnce {
    fn answer(&self, _: &Payload, _: &dyn Progress<ProveStage>) -> Answer {
        Answer::Proved(vec![7; 321])
    }
}
