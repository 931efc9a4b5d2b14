//! The prover service under load: `medproof serve` and `medproof worker` as processes, called over gRPC by a
//! generator, beside the bare engine in the same run. `cargo xtask load` builds what it needs and runs it.
//!
//! Each part prints a table, and a line for each target that it met or missed. It ends within a bounded time, and
//! with it all processes that it started.

mod arrivals;
mod bare;
mod client;
mod hostile;
mod model;
mod overhead;
mod overload;
mod process;
mod raw;
mod report;
mod service_times;
mod spread;
mod streams;
mod workers;
mod world;

use medproof_statement::tier::Tier;
use report::Report;
use serde_json::Value;
use std::error::Error;
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::time::Duration;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "usage: load [PART] --program MEDPROOF [--tier T] [--minutes N] [--postgres URL] [--json]\n\
    PART is overhead, overload, streams, hostile, workers or model; without it, all. workers and model need --postgres";

/// What is measured, and with what.
pub struct Options {
    part: Option<Part>,
    /// `medproof`, as released.
    pub program: PathBuf,
    /// Size of the circuits that are proved.
    pub tier: Tier,
    /// How long the service is overloaded; other parts take no longer than they must.
    pub overload: Duration,
    /// A server for stores that several processes share.
    pub postgres: Option<String>,
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Overhead,
    Overload,
    Streams,
    Hostile,
    Workers,
    Model,
}

impl Part {
    const ALL: [Part; 6] = [
        Part::Overhead,
        Part::Overload,
        Part::Streams,
        Part::Hostile,
        Part::Workers,
        Part::Model,
    ];

    fn of(name: &str) -> Option<Part> {
        Part::ALL.into_iter().find(|part| part.name() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Part::Overhead => "overhead",
            Part::Overload => "overload",
            Part::Streams => "streams",
            Part::Hostile => "hostile",
            Part::Workers => "workers",
            Part::Model => "model",
        }
    }

    fn measure(self, options: &Options) -> Outcome<Report> {
        match self {
            Part::Overhead => overhead::measure(options),
            Part::Overload => overload::measure(options),
            Part::Streams => streams::measure(options),
            Part::Hostile => hostile::measure(options),
            Part::Workers => workers::measure(options),
            Part::Model => model::measure(options),
        }
    }
}

fn main() -> Outcome<()> {
    let options = options()?;
    let parts = options.part.map_or(Part::ALL.to_vec(), |part| vec![part]);
    let (mut text, mut json) = (String::new(), serde_json::Map::new());
    for part in parts {
        report::progress(format_args!("{}: begins", part.name()));
        let report = part
            .measure(&options)
            .map_err(|error| format!("{}: {error}", part.name()))?;
        text += &report.to_string();
        json.insert(part.name().to_owned(), report.json());
    }
    if options.json {
        text = format!("{}\n", Value::Object(json));
    }
    Ok(stdout().write_all(text.as_bytes())?)
}

fn options() -> Outcome<Options> {
    let (mut part, mut program, mut tier, mut minutes, mut postgres, mut json) =
        (None, None, Tier::S, 10.0, None, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "--program" => program = Some(PathBuf::from(value()?)),
            "--tier" => tier = value()?.parse()?,
            "--minutes" => minutes = value()?.parse::<f64>()?,
            "--postgres" => postgres = Some(value()?),
            "--json" => json = true,
            name => part = Some(Part::of(name).ok_or(USAGE)?),
        }
    }
    if !(0.1..=60.0).contains(&minutes) {
        return Err(format!("--minutes: expected 0.1 to 60, found {minutes}").into());
    }
    Ok(Options {
        part,
        program: program.ok_or(USAGE)?,
        tier,
        overload: Duration::from_secs_f64(60.0 * minutes),
        postgres,
        json,
    })
}
