//! The seeds of the corpora, made from what honest parties write and from the numbers at which
//! readers have gone wrong. Corpora hold these and what coverage-guided runs add.

mod ceremony;
mod circom;
mod claims;
mod custody;
mod edges;
mod fhir;
mod ledger;
mod log;
mod messages;
mod text;
mod vault;

use crate::corpus;
use std::collections::BTreeSet;
use std::fs;
use std::io;

/// A target's name, the seed's name, its bytes.
type Seed = (&'static str, String, Vec<u8>);

fn seed(target: &'static str, name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Seed {
    (target, name.into(), bytes.into())
}

/// All seeds.
pub fn all() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds: Vec<Seed> = [
        messages::seeds(),
        claims::seeds(),
        vault::seeds(),
        circom::seeds(),
        ceremony::seeds(),
        custody::seeds(),
        ledger::seeds(),
        log::seeds(),
        fhir::seeds(),
        text::seeds(),
    ]
    .concat();
    // Of each target's first seed, all but the end.
    let mut known = BTreeSet::new();
    let short: Vec<Seed> = seeds
        .iter()
        .filter(|(target, _, bytes)| known.insert(*target) && !bytes.is_empty())
        .map(|(target, _, bytes)| seed(target, "short", &bytes[..bytes.len() - 1]))
        .collect();
    seeds.extend(short);
    seeds
}

/// Whether a target's seeds are others each time.
#[must_use]
pub fn are_by_chance(target: &str) -> bool {
    vault::BY_CHANCE.contains(&target) || custody::BY_CHANCE.contains(&target)
}

/// Writes all seeds. Those that depend on chance stay as they are once written.
///
/// # Errors
/// Where they cannot be written.
pub fn write() -> io::Result<()> {
    for (target, name, bytes) in all() {
        let folder = corpus::root().join(target);
        fs::create_dir_all(&folder)?;
        let path = folder.join(name);
        if !(are_by_chance(target) && path.exists()) {
            fs::write(path, bytes)?;
        }
    }
    Ok(())
}
