//! What was asked for.

use crate::run::Result;
use std::path::PathBuf;

/// The command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub circuit: Asked,
    pub threads: Vec<usize>,
    pub rounds: usize,
    /// Names, or all of them.
    pub peers: Option<Vec<String>>,
    pub rapidsnark: Option<PathBuf>,
    pub json: Option<PathBuf>,
    pub write: bool,
}

/// On what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Tier M and the circom circuit.
    Both,
    Tier(String),
    Foreign,
    Files {
        zkey: PathBuf,
        wtns: PathBuf,
    },
}

impl Options {
    pub fn parse(arguments: &[&str]) -> Result<Options> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut options = Options {
            circuit: Asked::Both,
            threads: [1, 2].into_iter().filter(|threads| *threads <= cores).collect(),
            rounds: 5,
            peers: None,
            rapidsnark: None,
            json: None,
            write: false,
        };
        let (mut zkey, mut wtns) = (None, None);
        let mut circuits = Vec::new();
        let mut rest = arguments.iter();
        while let Some(option) = rest.next() {
            let mut value = || {
                rest.next()
                    .ok_or_else(|| format!("{option}: expected a value after it"))
            };
            match *option {
                "--tier" => circuits.push(Asked::Tier(value()?.to_uppercase())),
                "--foreign" => circuits.push(Asked::Foreign),
                "--zkey" => zkey = Some(path(value()?)?),
                "--wtns" => wtns = Some(path(value()?)?),
                "--threads" => options.threads = value()?.split(',').map(number).collect::<Result<_>>()?,
                "--rounds" => options.rounds = number(value()?)?,
                "--peers" => options.peers = Some(value()?.split(',').map(str::to_owned).collect()),
                "--rapidsnark" => options.rapidsnark = Some(path(value()?)?),
                "--json" => options.json = Some(path(value()?)?),
                "--write" => options.write = true,
                _ => {
                    return Err(format!(
                        "bench-peers: expected an option, found {option}: see cargo xtask help"
                    ));
                }
            }
        }
        match (zkey, wtns) {
            (Some(zkey), Some(wtns)) => circuits.push(Asked::Files { zkey, wtns }),
            (None, None) => {}
            _ => return Err("bench-peers: --zkey and --wtns go together".to_owned()),
        }
        if circuits.len() > 1 {
            return Err("bench-peers: expected one of --tier, --foreign, and --zkey with --wtns".to_owned());
        }
        if let Some(circuit) = circuits.pop() {
            options.circuit = circuit;
        }
        Ok(options)
    }
}

fn number(text: &str) -> Result<usize> {
    let number = text.parse().ok().filter(|n| *n > 0);
    number.ok_or_else(|| format!("expected a number above 0, found {text}"))
}

// From where we were called: cargo runs us in the root, peers run elsewhere.
fn path(text: &str) -> Result<PathBuf> {
    std::path::absolute(text).map_err(|e| format!("{text}: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_what_contradicts_itself_is_refused() {
        let options = Options::parse(&["--tier", "m", "--threads", "1,4", "--peers", "gnark,snarkjs"]).unwrap();
        assert_eq!(
            (options.circuit, options.threads, options.peers),
            (
                Asked::Tier("M".to_owned()),
                vec![1, 4],
                Some(vec!["gnark".to_owned(), "snarkjs".to_owned()])
            )
        );
        assert_eq!(Options::parse(&[]).unwrap().circuit, Asked::Both);
        for wrong in [
            &["--zkey", "a"][..],
            &["--tier", "M", "--foreign"],
            &["--rounds", "0"],
            &["--threads"],
            &["--unknown"],
        ] {
            assert!(Options::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
