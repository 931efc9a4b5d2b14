//! Who proves when, and what it takes.

use super::circuits::Circuit;
use super::options::Options;
use super::process::Process;
use super::roster::{Kind, OURS, Peer};
use crate::run::Result;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

/// Of a circuit.
pub struct Results {
    pub circuit: String,
    /// Its size and its witness.
    pub about: String,
    pub threads: Vec<usize>,
    pub peers: Vec<Times>,
}

/// Of a peer.
pub struct Times {
    pub name: &'static str,
    pub about: String,
    /// As many as there are numbers of threads.
    pub by_threads: Vec<Series>,
}

/// Of a peer on so many threads.
#[derive(Default)]
pub struct Series {
    /// Milliseconds until its key was ready, where it said so.
    pub ready: Option<f64>,
    /// What it said of itself.
    pub note: String,
    /// Milliseconds of each proof.
    pub proofs: Vec<f64>,
}

impl Series {
    /// The middle of its times.
    pub fn median(&self) -> f64 {
        let mut sorted = self.proofs.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = |i: usize| sorted.get(i).copied().unwrap_or(f64::NAN);
        middle(sorted.len() / 2).midpoint(middle(sorted.len().saturating_sub(1) / 2))
    }
}

impl Results {
    /// How many times ours this one takes, at the same number of threads.
    pub fn ratio(&self, peer: &Times, at: usize) -> f64 {
        let ours = self
            .peers
            .iter()
            .find(|p| p.name == OURS)
            .and_then(|p| p.by_threads.get(at));
        let theirs = peer.by_threads.get(at).map_or(f64::NAN, Series::median);
        theirs / ours.map_or(f64::NAN, Series::median)
    }

    pub fn json(&self) -> Value {
        let peer = |peer: &Times| -> Value {
            let series = peer.by_threads.iter().enumerate().map(|(at, series)| {
                json!({
                    "threads": self.threads[at],
                    "ready_ms": series.ready,
                    "note": series.note,
                    "proofs_ms": series.proofs,
                    "median_ms": series.median(),
                    "times_ours": self.ratio(peer, at),
                })
            });
            json!({ "name": peer.name, "about": peer.about, "runs": series.collect::<Vec<_>>() })
        };
        json!({
            "circuit": self.circuit,
            "about": self.about,
            "peers": self.peers.iter().map(peer).collect::<Vec<_>>(),
        })
    }
}

/// Every peer on a circuit, for each number of threads.
pub fn all(circuit: &Circuit, peers: &[Peer], options: &Options, folder: &Path) -> Result<Results> {
    let peers: Vec<&Peer> = peers.iter().filter(|peer| peer.can(circuit)).collect();
    let mut judge = Judge::of(circuit, &peers, folder)?;
    let mut results = Results {
        circuit: circuit.name.clone(),
        about: judge.about.clone(),
        threads: options.threads.clone(),
        peers: (peers.iter())
            .map(|peer| Times {
                name: peer.name,
                about: peer.about.clone(),
                by_threads: Vec::new(),
            })
            .collect(),
    };
    for threads in &options.threads {
        println!("\n{threads} thread{}", if *threads == 1 { "" } else { "s" });
        let series = on(*threads, circuit, &peers, options.rounds, &mut judge, folder)?;
        for (times, series) in results.peers.iter_mut().zip(series) {
            times.by_threads.push(series);
        }
    }
    Ok(results)
}

fn on(
    threads: usize,
    circuit: &Circuit,
    peers: &[&Peer],
    rounds: usize,
    judge: &mut Judge,
    folder: &Path,
) -> Result<Vec<Series>> {
    let mut running = Vec::new();
    let mut series = Vec::new();
    for peer in peers {
        let (prover, ready) = Prover::start(peer, circuit, threads, folder)?;
        println!(
            "  {}: key ready{}",
            peer.name,
            ready.ready.map_or(String::new(), |ms| format!(" in {ms:.0} ms"))
        );
        running.push(prover);
        series.push(ready);
    }
    // Once unmeasured: what is done once only is done by then.
    for (prover, peer) in running.iter_mut().zip(peers) {
        if peer.rounds > rounds {
            judge.accept(peer, prover.prove()?)?;
        }
    }
    for round in 0..rounds {
        for turn in 0..peers.len() {
            let at = (turn + round) % peers.len();
            if peers[at].rounds > round {
                let ms = judge.accept(peers[at], running[at].prove()?)?;
                series[at].proofs.push(ms);
            }
        }
        let line: Vec<String> = (peers.iter().zip(&series))
            .filter_map(|(peer, series)| Some(format!("{} {:.0}", peer.name, series.proofs.get(round)?)))
            .collect();
        println!("  round {}: {}", round + 1, line.join(", "));
    }
    Ok(series)
}

/// Verifies proofs with arkworks.
struct Judge {
    process: Process,
    about: String,
}

/// A proof in a file, and what it took.
struct Proved {
    ms: f64,
    file: PathBuf,
}

impl Judge {
    fn of(circuit: &Circuit, peers: &[&Peer], folder: &Path) -> Result<Judge> {
        let ours = peers
            .iter()
            .find(|p| p.kind == Kind::Ours)
            .ok_or("without our prover nothing is verified")?;
        let command = ours.judge(circuit);
        let mut process = Process::start("the judge", command, &folder.join("judge.log"))?;
        let about = process.hear("ready")?.note;
        Ok(Judge { process, about })
    }

    // Its time, if the proof is one.
    fn accept(&mut self, peer: &Peer, proved: Proved) -> Result<f64> {
        if peer.is_judged() {
            let verified = self
                .process
                .ask(&format!("verify {}", proved.file.display()), "verified");
            verified.map_err(|e| format!("{}'s proof: {e}", peer.name))?;
        }
        Ok(proved.ms)
    }
}

/// A peer at work.
enum Prover<'p> {
    Process(Process, PathBuf),
    Program {
        peer: &'p Peer,
        circuit: &'p Circuit,
        threads: usize,
        file: PathBuf,
    },
}

impl<'p> Prover<'p> {
    fn start(peer: &'p Peer, circuit: &'p Circuit, threads: usize, folder: &Path) -> Result<(Prover<'p>, Series)> {
        let file = folder.join(format!("{}.json", peer.name));
        if peer.kind == Kind::Program {
            let program = Prover::Program {
                peer,
                circuit,
                threads,
                file,
            };
            return Ok((program, Series::default()));
        }
        let log = file.with_extension("log");
        let mut process = Process::start(peer.name, peer.command(circuit, threads), &log)?;
        let ready = process.hear("ready")?;
        let series = Series {
            ready: Some(ready.ms),
            note: ready.note,
            proofs: Vec::new(),
        };
        Ok((Prover::Process(process, file), series))
    }

    fn prove(&mut self) -> Result<Proved> {
        match self {
            Prover::Process(process, file) => {
                let ms = process.ask(&format!("prove {}", file.display()), "proved")?.ms;
                let file = file.clone();
                Ok(Proved { ms, file })
            }
            Prover::Program {
                peer,
                circuit,
                threads,
                file,
            } => {
                let mut command = peer.command(circuit, *threads);
                command.arg(&*file).arg(file.with_extension("public"));
                command.stdin(Stdio::null()).stdout(Stdio::null());
                let start = Instant::now();
                let status = command.status().map_err(|e| format!("{}: {e}", peer.name))?;
                let ms = start.elapsed().as_secs_f64() * 1000.0;
                let file = file.clone();
                let proved = status.success().then_some(Proved { ms, file });
                proved.ok_or_else(|| format!("{}: {status}", peer.name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(name: &'static str, proofs: &[f64]) -> Times {
        let series = Series {
            proofs: proofs.to_vec(),
            ..Series::default()
        };
        Times {
            name,
            about: String::new(),
            by_threads: vec![series],
        }
    }

    #[test]
    fn ratios_are_of_medians() {
        let results = Results {
            circuit: String::new(),
            about: String::new(),
            threads: vec![1],
            peers: vec![times(OURS, &[2.0, 100.0, 1.0]), times("other", &[8.0, 10.0])],
        };
        assert_eq!(results.peers[0].by_threads[0].median(), 2.0);
        assert_eq!(results.ratio(&results.peers[1], 0), 4.5);
        assert!(Series::default().median().is_nan());
    }
}
