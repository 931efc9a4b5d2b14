//! A network of queues, event by event: what goes through it takes stations, spends time and gives them back.

use crate::arrivals::gap;
use ark_std::rand::SeedableRng;
use ark_std::rand::rngs::StdRng;
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

/// How long something takes, in seconds.
#[derive(Clone, Copy, Debug)]
pub enum Law {
    /// As long each time.
    Fixed(f64),
    /// Without memory, so long on average.
    Exponential(f64),
}

/// One step of a way through the network.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Waits for a server of a station, in turn, and keeps it.
    Take(usize),
    /// Takes time.
    Spend(Law),
    /// Gives the server back.
    Give(usize),
}

/// All that goes one way. What has ended begins again.
#[derive(Clone, Debug)]
pub struct Class {
    /// How many there are.
    pub count: usize,
    /// Which way.
    pub route: Vec<Step>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Of each class, how many ended a second.
    pub rates: Vec<f64>,
    /// Of each class, how long one took on average, in seconds.
    pub times: Vec<f64>,
    /// Of each station, which part of its servers was taken.
    pub busy: Vec<f64>,
}

/// Follows the network until so many of the first class have ended, from when so many had. Stations are their numbers
/// of servers.
pub fn run(stations: &[usize], classes: &[Class], warm: u64, until: u64, seed: u64) -> Found {
    let mut network = Network {
        classes,
        stations: stations.iter().map(|servers| Station::of(*servers)).collect(),
        events: BinaryHeap::new(),
        order: 0,
        now: 0.0,
        warm: 0.0,
        ended: vec![(0, 0.0); classes.len()],
        rng: StdRng::seed_from_u64(seed),
    };
    for (class, Class { count, .. }) in classes.iter().enumerate() {
        for _ in 0..*count {
            network.after(0.0, Traveller::of(class, 0.0));
        }
    }
    network.goes_on_until(warm);
    network.begins();
    network.goes_on_until(until - warm);
    network.found()
}

struct Station {
    servers: usize,
    taken: usize,
    waiting: VecDeque<Traveller>,
    // Servers times seconds, and until when they were counted.
    used: f64,
    counted: f64,
}

impl Station {
    fn of(servers: usize) -> Station {
        Station {
            servers,
            taken: 0,
            waiting: VecDeque::new(),
            used: 0.0,
            counted: 0.0,
        }
    }

    fn count(&mut self, now: f64) {
        self.used += self.taken as f64 * (now - self.counted);
        self.counted = now;
    }
}

#[derive(Clone, Copy)]
struct Traveller {
    class: usize,
    step: usize,
    began: f64,
}

impl Traveller {
    fn of(class: usize, began: f64) -> Traveller {
        Traveller { class, step: 0, began }
    }
}

// The earliest first; of two at a time the one that was foreseen first.
struct Timed {
    at: f64,
    order: u64,
    goes_on: Traveller,
}

impl Ord for Timed {
    fn cmp(&self, other: &Timed) -> Ordering {
        self.at.total_cmp(&other.at).then(self.order.cmp(&other.order))
    }
}

impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Timed) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Timed {
    fn eq(&self, other: &Timed) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Timed {}

struct Network<'a> {
    classes: &'a [Class],
    stations: Vec<Station>,
    events: BinaryHeap<Reverse<Timed>>,
    order: u64,
    now: f64,
    // When it was.
    warm: f64,
    // Since it is warm: how many, and how long they took together.
    ended: Vec<(u64, f64)>,
    rng: StdRng,
}

impl Network<'_> {
    fn drawn(&mut self, law: Law) -> f64 {
        match law {
            Law::Fixed(time) => time,
            Law::Exponential(mean) => mean * gap(&mut self.rng),
        }
    }

    fn after(&mut self, time: f64, goes_on: Traveller) {
        self.order += 1;
        let at = self.now + time;
        self.events.push(Reverse(Timed {
            at,
            order: self.order,
            goes_on,
        }));
    }

    // As far as it comes without waiting.
    fn goes_on(&mut self, mut traveller: Traveller) {
        let classes = self.classes;
        while let Some(step) = classes[traveller.class].route.get(traveller.step) {
            traveller.step += 1;
            match *step {
                Step::Take(station) => {
                    if !self.takes(station, traveller) {
                        return;
                    }
                }
                Step::Spend(law) => {
                    let time = self.drawn(law);
                    return self.after(time, traveller);
                }
                Step::Give(station) => self.gives(station),
            }
        }
        self.ends(traveller);
    }

    // Whether it has a server; else it waits.
    fn takes(&mut self, station: usize, traveller: Traveller) -> bool {
        let station = &mut self.stations[station];
        if station.taken == station.servers {
            station.waiting.push_back(traveller);
            return false;
        }
        station.count(self.now);
        station.taken += 1;
        true
    }

    // Whoever waits has it at once.
    fn gives(&mut self, station: usize) {
        match self.stations[station].waiting.pop_front() {
            Some(next) => self.after(0.0, next),
            None => {
                self.stations[station].count(self.now);
                self.stations[station].taken -= 1;
            }
        }
    }

    fn ends(&mut self, traveller: Traveller) {
        let (count, time) = &mut self.ended[traveller.class];
        *count += 1;
        *time += self.now - traveller.began;
        self.after(0.0, Traveller::of(traveller.class, self.now));
    }

    fn goes_on_until(&mut self, ended: u64) {
        while self.ended[0].0 < ended
            && let Some(Reverse(Timed { at, goes_on, .. })) = self.events.pop()
        {
            self.now = at;
            self.goes_on(goes_on);
        }
    }

    // What was before is not counted.
    fn begins(&mut self) {
        self.warm = self.now;
        self.ended.fill((0, 0.0));
        for station in &mut self.stations {
            (station.used, station.counted) = (0.0, self.now);
        }
    }

    fn found(mut self) -> Found {
        let (now, span) = (self.now, self.now - self.warm);
        let busy = self.stations.iter_mut().map(|station| {
            station.count(now);
            station.used / (span * station.servers as f64)
        });
        Found {
            busy: busy.collect(),
            rates: self.ended.iter().map(|(count, _)| *count as f64 / span).collect(),
            times: self.ended.iter().map(|(count, time)| time / *count as f64).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(station: usize, law: Law) -> Vec<Step> {
        vec![Step::Take(station), Step::Spend(law), Step::Give(station)]
    }

    // As many a second as end where so many come to c servers, each so long after it was there last, all without
    // memory (the repairman's queue: Palm, 1947).
    fn repaired(count: usize, servers: usize, away: f64, takes: f64) -> f64 {
        let weights = (0..=count).scan(1.0, |weight, there| {
            let this = *weight;
            let busy = (there + 1).min(servers) as f64;
            *weight *= (count - there) as f64 / away * takes / busy;
            Some(this)
        });
        let weights: Vec<f64> = weights.collect();
        let away = weights
            .iter()
            .enumerate()
            .map(|(there, weight)| (count - there) as f64 / away * weight);
        away.sum::<f64>() / weights.iter().sum::<f64>()
    }

    #[test]
    fn queues_without_memory_are_as_long_as_their_closed_form() {
        for (count, servers, away) in [(1, 1, 3.0), (10, 1, 12.0), (10, 2, 4.0), (40, 8, 5.0), (40, 8, 1.0)] {
            let route = [vec![Step::Spend(Law::Exponential(away))], at(0, Law::Exponential(1.0))].concat();
            let found = run(&[servers], &[Class { count, route }], 1000, 200_000, 1);
            let expected = repaired(count, servers, away, 1.0);
            assert!(
                (found.rates[0] / expected - 1.0).abs() < 0.02,
                "{count} {servers}: {} {expected}",
                found.rates[0]
            );
            assert!((found.busy[0] * servers as f64 / expected - 1.0).abs() < 0.02);
            // Little: as many as there are, over how long each takes.
            assert!((found.rates[0] * found.times[0] / count as f64 - 1.0).abs() < 0.02);
        }
        // One alone, and so many that all servers work always.
        assert!((repaired(1, 1, 3.0, 1.0) - 0.25).abs() < 1e-12 && (repaired(50, 2, 1.0, 1.0) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn who_comes_by_the_clock_and_leaves_by_it_never_waits() {
        let route = [vec![Step::Spend(Law::Fixed(0.25))], at(0, Law::Fixed(0.75))].concat();
        let found = run(&[1], &[Class { count: 1, route }], 10, 1010, 1);
        assert!((found.times[0] - 1.0).abs() < 1e-9 && (found.busy[0] - 0.75).abs() < 1e-3);
    }

    #[test]
    fn a_closed_network_is_as_fast_as_its_narrowest_place() {
        let route = [at(0, Law::Fixed(1.0)), at(1, Law::Fixed(0.1))].concat();
        let closed = |count| {
            let class = Class {
                count,
                route: route.clone(),
            };
            run(&[4, 1], &[class], 400, 4400, 1)
        };
        // One alone takes both; four servers of a second come to four; a hundred wait.
        assert!((closed(1).rates[0] - 1.0 / 1.1).abs() < 0.01);
        let many = closed(100);
        assert!((many.rates[0] - 4.0).abs() < 0.01 && (many.busy[0] - 1.0).abs() < 1e-6);
        // Little: as many as there are, over how long each takes.
        assert!((many.rates[0] * many.times[0] - 100.0).abs() < 2.0);
    }

    #[test]
    fn what_is_kept_while_something_else_is_waited_for_is_taken() {
        // Each keeps the first while it waits for the second.
        let route = vec![
            Step::Take(0),
            Step::Take(1),
            Step::Spend(Law::Fixed(1.0)),
            Step::Give(1),
            Step::Give(0),
        ];
        let class = Class { count: 5, route };
        let found = run(&[2, 1], &[class], 10, 1010, 1);
        assert!(
            (found.rates[0] - 1.0).abs() < 0.01 && found.busy.iter().all(|busy| *busy > 0.999),
            "{found:?}"
        );
    }
}
