//! On what a measurement ran.

use crate::run::{Result, output};
use serde_json::{Value, json};
use std::fmt;
use std::fs::read_to_string;

/// The machine, and how busy it was before.
pub struct Machine {
    model: String,
    features: Vec<&'static str>,
    cores: usize,
    load: f64,
    rounds: usize,
    commit: String,
}

// What provers are compiled for.
const FEATURES: [&str; 6] = ["bmi2", "adx", "avx2", "avx512f", "avx512dq", "avx512ifma"];

impl Machine {
    pub fn of_this(rounds: usize) -> Result<Machine> {
        let info = read_to_string("/proc/cpuinfo").map_err(|e| format!("/proc/cpuinfo: {e}"))?;
        let load = read_to_string("/proc/loadavg").map_err(|e| format!("/proc/loadavg: {e}"))?;
        let of = |name: &str| {
            let line = info.lines().find(|line| line.starts_with(name));
            line.and_then(|line| Some(line.split_once(':')?.1.trim()))
        };
        let flags = of("flags").or_else(|| of("Features")).unwrap_or_default();
        Ok(Machine {
            model: of("model name").unwrap_or("a processor without a name").to_owned(),
            features: FEATURES
                .into_iter()
                .filter(|f| flags.split(' ').any(|flag| flag == *f))
                .collect(),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            load: load.split(' ').next().and_then(|l| l.parse().ok()).unwrap_or_default(),
            rounds,
            commit: output("git", &["describe", "--always", "--dirty", "--exclude", "*"])
                .map_or_else(|| "unknown".to_owned(), |commit| commit.trim().to_owned()),
        })
    }

    pub fn json(&self) -> Value {
        json!({
            "model": self.model,
            "features": self.features,
            "cores": self.cores,
            "load_before": self.load,
            "rounds": self.rounds,
            "commit": self.commit,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let features = self.features.join(", ");
        write!(
            f,
            "{}, {} cores ({features}); load before the run {:.1}; {} round{}",
            self.model,
            self.cores,
            self.load,
            self.rounds,
            if self.rounds == 1 { "" } else { "s" }
        )
    }
}
