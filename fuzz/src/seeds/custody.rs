//! Seeds of keys that are kept.

use super::edges::{in_json, respelt};
use super::{Seed, seed};
use crate::honest::custody::{self, CONTENTS, OTHER_SHARE, SEALED, SECRET, SHARE};
use medproof_custody::sealed::{Cost, seal};

/// Made of the system's randomness.
pub const BY_CHANCE: &[&str] = &["custody_message"];

/// Seeds.
pub fn seeds() -> Vec<Seed> {
    [master_keys(), shares(), messages()].concat()
}

fn master_keys() -> Vec<Seed> {
    let mut seeds = in_json("master_key", SEALED);
    seeds.extend(respelt("master_key", SEALED));
    let text = String::from_utf8(SEALED.to_vec()).unwrap();
    let changed = |name: &str, from: &str, to: &str| seed("master_key", name, text.replacen(from, to, 1));
    seeds.extend([
        changed("more-memory", "\"memory_kib\":8", "\"memory_kib\":64"),
        changed("most-memory", "\"memory_kib\":8", "\"memory_kib\":4194304"),
        changed("beyond-memory", "\"memory_kib\":8", "\"memory_kib\":4194305"),
        changed("little-memory", "\"memory_kib\":8", "\"memory_kib\":7"),
        changed("no-passes", "\"passes\":1", "\"passes\":0"),
        changed("two-passes", "\"passes\":1", "\"passes\":2"),
        changed("other-contents", "master key", "key share"),
        changed("escaped", "master key", "m\\u0061ster key"),
        changed("upper-case", "0x0a84", "0x0A84"),
        changed("no-cipher", &text[11..text.find("\",\"contents").unwrap()], "0x"),
        changed("odd-digits", "0x0a8", "0xa8"),
    ]);
    seeds
}

fn shares() -> Vec<Seed> {
    let mut seeds = in_json("recovery_share", SHARE);
    seeds.extend(respelt("recovery_share", SHARE));
    seeds.push(seed("recovery_share", "other", OTHER_SHARE));
    let text = String::from_utf8(SHARE.to_vec()).unwrap();
    for (name, from, to) in [
        ("index-0", "\"index\":1", "\"index\":0"),
        ("index-3", "\"index\":1", "\"index\":3"),
        ("index-4", "\"index\":1", "\"index\":4"),
        ("threshold-1", "\"threshold\":2", "\"threshold\":1"),
        ("threshold-3", "\"threshold\":2", "\"threshold\":3"),
        ("shares-32", "\"shares\":3", "\"shares\":32"),
        ("shares-33", "\"shares\":3", "\"shares\":33"),
        ("changed", "0xb4", "0xb5"),
        ("upper-case", "0xb4", "0xB4"),
    ] {
        seeds.push(seed("recovery_share", name, text.replacen(from, to, 1)));
    }
    seeds
}

fn messages() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, message) in custody::messages() {
        seeds.push(seed("custody_message", name.as_str(), message.as_slice()));
        // One of each kind at its edges.
        if name.ends_with("-1") || !name.contains('-') {
            let edges = in_json("custody_message", &message).into_iter().skip(1).take(24);
            let edges = edges.chain(respelt("custody_message", &message));
            seeds.extend(edges.map(|(target, edge, bytes)| (target, format!("{name}-{edge}"), bytes)));
        }
    }
    let sealed = seal(
        CONTENTS,
        &SECRET,
        &custody::passphrase("the words of a custodian"),
        Cost::TRIAL,
    )
    .unwrap();
    seeds.push(seed("custody_message", "sealed", sealed));
    seeds
}
