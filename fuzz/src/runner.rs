//! Runs a target on its corpus and on mutations of it, and keeps what breaks it.

use crate::corpus;
use crate::mutate::mutate;
use crate::rng::Rng;
use crate::target::{Target, Verdict};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// No input of a corpus' size may take longer, however slow the machine.
const SLOW: Duration = Duration::from_secs(5);
/// Accepted mutations that are mutated further.
const POOL: usize = 256;

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often the target ran.
    pub executions: u64,
    /// How many inputs it accepted.
    pub accepted: u64,
    /// The longest that one input took.
    pub slowest: Duration,
    /// How long all took.
    pub time: Duration,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} executions | {} accepted with every property, none broke one; slowest {} ms, {:.0} s",
            self.executions,
            self.accepted,
            self.slowest.as_millis(),
            self.time.as_secs_f64()
        )
    }
}

/// An input that broke its target.
#[derive(Debug)]
pub struct Broken {
    /// Where the input was kept.
    pub input: PathBuf,
    /// What it broke.
    pub why: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.input.display(), self.why)
    }
}

/// How far a run goes.
#[derive(Clone, Copy, Debug)]
pub struct Depth {
    /// Executions, the corpus' included.
    pub executions: u64,
    /// At most so long.
    pub time: Duration,
    /// The same seed gives the same inputs.
    pub seed: u64,
}

impl Depth {
    /// So many executions, however long they take.
    pub const fn of(executions: u64) -> Depth {
        Depth {
            executions,
            time: Duration::MAX,
            seed: 1,
        }
    }
}

/// Runs the corpus, then mutations. `progress` is told now and then.
///
/// # Errors
/// [`Broken`] at the first input that breaks a property or takes too long.
pub fn run(target: &Target, depth: Depth, progress: impl Fn(&Tally)) -> Result<Tally, Broken> {
    let start = Instant::now();
    let mut tally = Tally::default();
    let corpus = corpus::read(target).unwrap_or_default();
    for input in &corpus {
        one(target, input, &mut tally)?;
    }
    let mut rng = Rng::new(depth.seed);
    let mut pool: Vec<Vec<u8>> = Vec::new();
    let nothing = Vec::new();
    while tally.executions < depth.executions && start.elapsed() < depth.time {
        let pick = |rng: &mut Rng| match rng.below(corpus.len() + pool.len().div_ceil(4)) {
            i if i < corpus.len() => &corpus[i],
            _ if pool.is_empty() => &nothing,
            _ => rng.one(&pool),
        };
        let (base, donor) = (pick(&mut rng), pick(&mut rng));
        let input = mutate(target, base, donor, &mut rng);
        let verdict = one(target, &input, &mut tally)?;
        if verdict == Verdict::Accepted {
            if pool.len() < POOL {
                pool.push(input);
            } else {
                let at = rng.below(POOL);
                pool[at] = input;
            }
        }
        if tally.executions.is_multiple_of(1 << 16) {
            tally.time = start.elapsed();
            progress(&tally);
        }
    }
    tally.time = start.elapsed();
    Ok(tally)
}

/// Runs these inputs alone.
///
/// # Errors
/// As [`run`].
pub fn replay(target: &Target, inputs: &[Vec<u8>]) -> Result<Tally, Broken> {
    let start = Instant::now();
    let mut tally = Tally::default();
    for input in inputs {
        one(target, input, &mut tally)?;
    }
    tally.time = start.elapsed();
    Ok(tally)
}

fn one(target: &Target, input: &[u8], tally: &mut Tally) -> Result<Verdict, Broken> {
    let start = Instant::now();
    let ran = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let took = start.elapsed();
    let verdict = ran.map_err(|panic| broken(target, input, &message(&*panic)))?;
    // The first input may wait for what all share.
    if took > SLOW && tally.executions > 0 {
        return Err(broken(target, input, &format!("took {} ms", took.as_millis())));
    }
    tally.executions += 1;
    tally.accepted += u64::from(verdict == Verdict::Accepted);
    if tally.executions > 1 {
        tally.slowest = tally.slowest.max(took);
    }
    Ok(verdict)
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic")
        .to_owned()
}

fn broken(target: &Target, input: &[u8], why: &str) -> Broken {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("artifacts")
        .join(target.name);
    Broken {
        input: corpus::write(&folder, input).unwrap_or(folder),
        why: why.to_owned(),
    }
}
