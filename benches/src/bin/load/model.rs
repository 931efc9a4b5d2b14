//! Workers by the thousand, which no machine here has: a model of queues, fed with what this run measured.

mod network;

use crate::report::Report;
use crate::service_times::{self, Figures};
use crate::world::World;
use crate::{Options, Outcome};
use network::{Class, Found, Law, Step};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Of how many workers the throughput is told.
const WORKERS: [usize; 4] = [1, 10, 100, 1000];
/// Work that waits, for each worker.
const QUEUED: usize = 2;
/// Disclosures that are followed in the model, and how many go before, for each that it holds.
const FOLLOWED: u64 = 20_000;
const WARM: u64 = 2;

// The stations.
const FRONT: usize = 0;
const LOG: usize = 1;
const STORE: usize = 2;
const CREW: usize = 3;
const NAMES: [&str; 4] = [
    "the service's cores",
    "a tenant's turn and log, which one transaction holds at a time",
    "the store's transactions",
    "the workers",
];

/// What throughput comes to, and what holds it.
pub fn measure(options: &Options) -> Outcome<Report> {
    let world = World::new(options)?;
    let figures = Runtime::new()?.block_on(service_times::measured(options, &world))?;
    let cores = std::thread::available_parallelism()?.get();
    let mut report = Report::new(
        "A thousand workers, in a model",
        format!(
            "Tier {}; a closed network of queues: {cores} cores of a service, one tenant's turn, {} transactions at a time in a store \
             in PostgreSQL, and workers of one thread, with {QUEUED} disclosures for each. Every time in it was measured just before, \
             alone and unloaded, on this machine.",
            options.tier,
            figures.servers()
        ),
    );
    for (what, seconds) in [
        ("a proof on one thread", figures.proof),
        ("checking and sealing", figures.front),
        ("submitting", figures.submit),
        ("looking for a job", figures.poll),
        ("beginning", figures.begin),
        ("ending", figures.end),
        ("all that a worker does beside the proof", figures.cycle),
        ("handing out", figures.release),
    ] {
        report.time(what, Duration::from_secs_f64(seconds));
    }
    report.row("submissions a second, one tenant", figures.submits.0, "");
    report.row("submissions a second, many tenants", figures.submits.1, "");
    report.row("ends a second, one tenant", figures.ends, "");
    report.row("transactions a second of a worker with nothing to do", figures.idle, "");
    let alone = throughput(&figures, cores, 1);
    for workers in WORKERS {
        let found = throughput(&figures, cores, workers);
        report.row(format!("disclosures a second, {workers} workers"), found.rates[0], "");
        report.time(
            format!("of which each takes, {workers} workers"),
            Duration::from_secs_f64(found.times[0]),
        );
        let (place, busy) = busiest(&found);
        report.say(format!(
            "{workers} workers: {} are busiest, {:.0} % of the time.",
            NAMES[place],
            100.0 * busy
        ));
    }
    report.say(match bend(&figures, cores, alone.rates[0]) {
        Some(workers) => {
            format!("From {workers} workers on, another one adds less than nine tenths of what the first did.")
        }
        None => "Up to 1000 workers, each adds what the first did.".to_owned(),
    });
    Ok(report)
}

fn busiest(found: &Found) -> (usize, f64) {
    let all = found.busy.iter().copied().enumerate();
    all.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default()
}

// The fewest workers that come to less than nine tenths of as many times the first.
fn bend(figures: &Figures, cores: usize, alone: f64) -> Option<usize> {
    let bends = |workers: &usize| throughput(figures, cores, *workers).rates[0] < 0.9 * *workers as f64 * alone;
    let (mut below, mut above) = (1, *WORKERS.last()?);
    if !bends(&above) {
        return None;
    }
    while above > below + 1 + below / 20 {
        let middle = (below + above) / 2;
        *(if bends(&middle) { &mut above } else { &mut below }) = middle;
    }
    Some(above)
}

fn throughput(figures: &Figures, cores: usize, workers: usize) -> Found {
    let stations = [cores, 1, figures.servers(), workers];
    let classes = [disclosures(figures, workers), background(figures, workers)];
    let warm = WARM * ((1 + QUEUED) * workers) as u64;
    let mut found = network::run(&stations, &classes, warm, warm + FOLLOWED, 1);
    // Who only waits for others is not busy.
    found.busy[CREW] =
        found.rates[0] * (figures.proof + figures.cycle.max(figures.begin + figures.end)) / workers as f64;
    found
}

// A transaction of which a part is the tenant's alone.
fn transaction(takes: f64, alone: f64) -> Vec<Step> {
    let alone = alone.min(takes);
    let mut steps = vec![
        Step::Take(STORE),
        Step::Spend(Law::Exponential(takes - alone)),
        Step::Give(STORE),
    ];
    steps.extend([Step::Take(LOG), Step::Take(STORE), Step::Spend(Law::Exponential(alone))]);
    steps.extend([Step::Give(STORE), Step::Give(LOG)]);
    steps
}

fn disclosures(figures: &Figures, workers: usize) -> Class {
    let (of_submit, of_end) = (1.0 / figures.submits.0, 1.0 / figures.ends);
    let at = |station, time| {
        [
            Step::Take(station),
            Step::Spend(Law::Exponential(time)),
            Step::Give(station),
        ]
    };
    let mut route = Vec::new();
    route.extend(at(FRONT, figures.front));
    route.extend(transaction(figures.submit, of_submit));
    route.push(Step::Take(CREW));
    // The library's part, and beginning.
    route.extend(at(STORE, (figures.cycle - figures.end).max(figures.begin)));
    route.push(Step::Spend(Law::Fixed(figures.proof)));
    route.extend(transaction(figures.end, of_end));
    route.push(Step::Give(CREW));
    route.extend(transaction(figures.release, of_end));
    Class {
        count: (1 + QUEUED) * workers,
        route,
    }
}

// What each worker asks again and again, whether there is something to do or not: it waits for the answer, too.
fn background(figures: &Figures, workers: usize) -> Class {
    let route = vec![
        Step::Spend(Law::Exponential(1.0 / figures.idle.max(1e-3))),
        Step::Take(STORE),
        Step::Spend(Law::Exponential(figures.poll)),
        Step::Give(STORE),
    ];
    Class { count: workers, route }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A store that takes no time but for what is a tenant's alone.
    fn figures() -> Figures {
        Figures {
            proof: 0.1,
            front: 0.0,
            submit: 0.001,
            poll: 0.0,
            begin: 0.0,
            end: 0.001,
            cycle: 0.001,
            release: 0.0,
            submits: (1000.0, 2000.0),
            ends: 1000.0,
            idle: 0.0,
        }
    }

    #[test]
    fn throughput_is_the_workers_until_it_is_the_logs() {
        let figures = figures();
        assert_eq!(figures.servers(), 2);
        let few = throughput(&figures, 2, 10);
        // Each takes a tenth of a second for a proof, and a thousandth to end it.
        assert!((few.rates[0] / (10.0 / 0.101) - 1.0).abs() < 0.03, "{}", few.rates[0]);
        assert_eq!(busiest(&few).0, CREW);
        let many = throughput(&figures, 2, 1000);
        // Two thousandths of a second of the log for each.
        assert!((many.rates[0] / 500.0 - 1.0).abs() < 0.05, "{}", many.rates[0]);
        assert!(many.busy[LOG] > 0.95 && many.busy[LOG] >= many.busy[STORE]);
        let bend = bend(&figures, 2, throughput(&figures, 2, 1).rates[0]).unwrap();
        assert!((40..70).contains(&bend), "{bend}");
    }
}
