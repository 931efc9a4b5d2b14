//! Seeds of the audit log's readers.

use super::edges::{in_bytes, in_json, respelt};
use super::{Seed, seed};
use crate::honest::log;
use medproof_audit::{Checkpoint, SignedCheckpoint, tiles};

const TERMS: &[&str] = &[
    "tile/0/000",
    "tile/0/x001/x234/067",
    "tile/1/999.p/255",
    "tile/entries/x001/x000/000.p/112",
    "tile/7/000",
    "tile/63/000",
    "tile/64/000",
    "tile/00/000",
    "tile/0/0",
    "tile/0/000.p/0",
    "tile/0/000.p/256",
    "tile/0/x018/x446/x744/x073/x709/x551/615",
    "tile/0/x018/x446/x744/x073/x709/x551/616",
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
    "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "2:0xfac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "4611686018427387904:0xfac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "4611686018427387905:0xfac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
];

/// Seeds.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (i, entry) in log::entries().iter().enumerate() {
        seeds.push(seed("audit_entry", format!("event-{i:02}"), entry.to_json()));
    }
    let released = log::entries().swap_remove(1).to_json();
    seeds.extend(in_json("audit_entry", &released));
    seeds.extend(respelt("audit_entry", &released));
    seeds.extend(checkpoints());
    for (i, text) in TERMS.iter().enumerate() {
        seeds.push(seed("audit_terms", format!("text-{i:03}"), *text));
    }
    seeds.extend(in_bytes("audit_frontier", &log::frontier(7).to_bytes(), &[0, 4]));
    for size in [0, 1, 2, 5, 8] {
        seeds.push(seed(
            "audit_frontier",
            format!("size-{size}"),
            log::frontier(size).to_bytes(),
        ));
    }
    let bundle = tiles::write_bundle(&[&b"one"[..], b"", b"three"]).unwrap();
    seeds.push(seed("audit_frontier", "bundle", [&[3], &bundle[..]].concat()));
    seeds.retain(|(name, _, bytes)| crate::target(name).is_some_and(|t| bytes.len() <= t.max_bytes));
    seeds
}

fn checkpoints() -> Vec<Seed> {
    let head = log::frontier(11).head();
    let signed = SignedCheckpoint::sign(head, &log::key()).unwrap();
    let checkpoint = Checkpoint {
        origin: signed.origin().to_owned(),
        head,
        extensions: Vec::new(),
    };
    let text = checkpoint.to_text();
    let texts = [
        ("honest", text.clone()),
        ("extended", format!("{text}another line\n")),
        ("empty-line", format!("{text}\n")),
        ("no-end", text.trim_end().to_owned()),
        ("leading-zero", text.replacen("11", "011", 1)),
        ("beyond", text.replacen("11", "4611686018427387905", 1)),
        ("note", signed.to_text()),
        (
            "cosigned",
            format!("{}— witness.example/w1 AAAABAAAAABmtherest0\n", signed.to_text()),
        ),
    ];
    texts.map(|(name, text)| seed("audit_checkpoint", name, text)).into()
}
