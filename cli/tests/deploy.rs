//! `deploy/`: what its files start is a command that there is, with variables that it reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use clap::{CommandFactory, Parser};
use medproof_cli::args::Cli;
use medproof_service::config::Config;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

const STARTING: [&str; 5] = [
    "systemd/medproof.service",
    "systemd/medproof-worker.service",
    "Containerfile",
    "kubernetes/service.yaml",
    "kubernetes/worker.yaml",
];

// What a file starts, after the program's name.
fn started(text: &str) -> Vec<Vec<String>> {
    let words = |list: &str| {
        list.split([',', ' '])
            .filter(|word| !word.is_empty())
            .map(|w| w.trim_matches('"').to_owned())
            .collect()
    };
    let of = |line: &str| {
        let line = line.trim();
        let unit = ["ExecStart=", "ExecStartPre="]
            .iter()
            .find_map(|key| line.strip_prefix(key));
        let list = ["args: [", "CMD ["]
            .iter()
            .find_map(|key| line.strip_prefix(key)?.strip_suffix(']'));
        unit.and_then(|command| command.strip_prefix("/usr/bin/medproof "))
            .or(list)
            .map(words)
    };
    text.lines().filter_map(of).collect()
}

fn variables(command: &clap::Command, found: &mut BTreeSet<String>) {
    let named = command.get_arguments().filter_map(clap::Arg::get_env);
    found.extend(named.map(|name| name.to_str().unwrap().to_owned()));
    command.get_subcommands().for_each(|command| variables(command, found));
}

#[test]
fn what_is_started_is_a_command_and_its_variables_are_read() {
    let mut known = BTreeSet::from(["MEDPROOF_CACHE", "MEDPROOF_KEYS"].map(str::to_owned));
    variables(&Cli::command(), &mut known);
    for name in STARTING {
        let text = file(name);
        let commands = started(&text);
        assert!(!commands.is_empty(), "{name}");
        for mut words in commands {
            // What the environment gives instead.
            if words[0] == "worker" {
                words.extend(["--store".to_owned(), "sqlite:x".to_owned()]);
            }
            let line = [vec!["medproof".to_owned()], words].concat();
            if let Err(error) = Cli::try_parse_from(&line) {
                panic!("{name}: {line:?}: {error}");
            }
        }
        let words = text.split(|c: char| !c.is_ascii_uppercase() && c != '_');
        for word in words.filter(|word| word.starts_with("MEDPROOF_")) {
            assert!(known.contains(word), "{name}: {word}");
        }
    }
}

#[test]
fn the_file_that_the_documents_show_is_in_order() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ops/service.md");
    let text = fs::read_to_string(path).unwrap();
    let shown = text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    // Of the sponsor and of tokens it shows the beginnings.
    let did = "did:key:z6MkkHesJfGFTGqjYjDXJAuUE2gyshaNewzEBHoCWGX1YN7L";
    let mut tokens = 0;
    let whole = shown
        .replace("did:key:z6Mk…", did)
        .split_inclusive('\n')
        .fold(String::new(), |text, line| {
            tokens += 1;
            text + &line.replace("\"…\"", &format!("\"{tokens:064x}\""))
        });
    Config::parse(&whole).unwrap_or_else(|e| panic!("{e}\n{whole}"));
}

#[test]
fn stopping_has_time_enough() {
    let drain = medproof_service::drain::DrainConfig::default();
    let least = drain.jobs_seconds.max(drain.calls_seconds) + 10;
    for (name, key) in [
        ("systemd/medproof.service", "TimeoutStopSec="),
        ("systemd/medproof-worker.service", "TimeoutStopSec="),
        ("kubernetes/service.yaml", "terminationGracePeriodSeconds: "),
        ("kubernetes/worker.yaml", "terminationGracePeriodSeconds: "),
    ] {
        let text = file(name);
        let found = text.lines().find_map(|line| line.trim().strip_prefix(key)).unwrap();
        assert!(found.parse::<u64>().unwrap() >= least, "{name}: {found}");
    }
}
