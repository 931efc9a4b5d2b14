//! Seeds of ceremonies' files.

use super::edges::{in_json, respelt};
use super::{Seed, seed};
use crate::honest::ceremony::{KEPT, PLAN, TRANSCRIPT, powers};
use crate::mutate::edges::WORDS;
use medproof_ceremony::library::State;
use medproof_ceremony::transcript::{BEACON, Transcript};

/// Seeds.
pub fn seeds() -> Vec<Seed> {
    [ptau(), plan(), transcript(), kept_key()].concat()
}

// Of two powers: a header of 44 bytes after 24, then each section with 12 bytes before its points.
fn ptau() -> Vec<Seed> {
    let [plain, prepared] = powers();
    let seed = |name: &str, bytes: Vec<u8>| seed("ptau", name, bytes);
    let at = plain.len() - CONTRIBUTION;
    let with = |place: usize, bytes: &[u8]| {
        let mut file = plain.clone();
        file[place..place + bytes.len()].copy_from_slice(bytes);
        file
    };
    let modulus = WORDS.iter().find(|word| word[31] == 0x47).unwrap();
    let mut reversed = *modulus;
    reversed.reverse();
    let state = at + POINTS;
    let mut seeds = vec![
        seed("honest", plain.clone()),
        seed("prepared", prepared),
        seed(
            "named",
            ending(&plain, &[0, 0, 0, 0, 6, 0, 0, 0, 1, 4, b'n', b'a', b'm', b'e']),
        ),
        seed("empty-name", ending(&plain, &[0, 0, 0, 0, 2, 0, 0, 0, 1, 0])),
        seed("beacon", ending(&plain, &[1, 0, 0, 0, 5, 0, 0, 0, 2, 10, 3, 1, 9])),
        seed("long-beacon", ending(&plain, &[1, 0, 0, 0, 5, 0, 0, 0, 2, 40, 3, 1, 9])),
        seed(
            "endless-beacon",
            ending(&plain, &[1, 0, 0, 0, 5, 0, 0, 0, 2, 255, 3, 1, 9]),
        ),
        // What was hashed is near the end of its counter; a block that is full; one that is fuller.
        seed(
            "hashed",
            with(state + 192, &[0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ),
        seed("full", with(state + 200, &[128])),
        seed("fuller", with(state + 200, &[129])),
        seed("challenge", with(state + 216, &[0xff; 64])),
        seed("stray", with(state + 127, &[0xff])),
        seed("no-contribution", with(at - 4, &[0; 4])),
        seed("many", with(at - 4, &[0xff; 4])),
        seed("power-28", with(60, &[28, 0, 0, 0, 28])),
        seed("larger", with(64, &[2])),
        seed("no-power", with(60, &[0])),
    ];
    for (name, place) in [("tau", 80), ("last-tau", 80 + 128), ("contribution", at)] {
        seeds.push(seed(&format!("infinity-{name}"), with(place, &[0; 64])));
        seeds.push(seed(&format!("ones-{name}"), with(place, &[0xff; 32])));
        seeds.push(seed(&format!("modulus-{name}"), with(place, &reversed)));
    }
    seeds
}

/// A contribution's points.
const POINTS: usize = 3 * 64 + 2 * 128 + 6 * 64 + 3 * 128;
/// And the state of its hash, the next challenge, its kind and the length of no parameters.
const CONTRIBUTION: usize = POINTS + 216 + 64 + 8;

// Another kind, and other parameters.
fn ending(file: &[u8], origin: &[u8]) -> Vec<u8> {
    let mut file = file[..file.len() - 8].to_vec();
    file.extend(origin);
    let length = 4 + CONTRIBUTION - 8 + origin.len();
    let at = file.len() - length - 8;
    file[at..at + 8].copy_from_slice(&(length as u64).to_le_bytes());
    file
}

fn plan() -> Vec<Seed> {
    let honest = PLAN.to_bytes();
    let mut development = PLAN.clone();
    development.development = true;
    development.contributors = 1;
    let mut seeds = in_json("ceremony_plan", &honest);
    seeds.extend(respelt("ceremony_plan", &honest));
    seeds.push(seed("ceremony_plan", "development", development.to_bytes()));
    development.development = false;
    seeds.push(seed("ceremony_plan", "alone", development.to_bytes()));
    for iterations in [0, 9, 40, 41, 255] {
        let mut plan = PLAN.clone();
        plan.beacon.iterations = iterations;
        seeds.push(seed(
            "ceremony_plan",
            format!("iterations-{iterations}"),
            plan.to_bytes(),
        ));
    }
    seeds
}

fn transcript() -> Vec<Seed> {
    let target = "ceremony_transcript";
    let honest = TRANSCRIPT.to_bytes();
    let mut seeds = in_json(target, &honest);
    seeds.truncate(60);
    seeds.extend(respelt(target, &honest));
    seeds.push(seed(target, "empty", Transcript::default().to_bytes()));
    let mut changed = |name: &str, change: &dyn Fn(&mut Transcript)| {
        let mut transcript = TRANSCRIPT.clone();
        change(&mut transcript);
        seeds.push(seed(target, name, transcript.to_bytes()));
    };
    changed("first", &|t| t.turns.truncate(1));
    changed("omitted", &|t| drop(t.turns.remove(1)));
    changed("swapped", &|t| t.turns.swap(0, 1));
    changed("replayed", &|t| t.turns.push(t.turns[0].clone()));
    changed("unsigned", &|t| t.turns[1].signature = None);
    changed("beacon-by-name", &|t| t.turns[0].contributor = BEACON.to_owned());
    changed("long-name", &|t| t.turns[0].contributor = "n".repeat(65));
    changed("steering-name", &|t| t.turns[0].contributor = "\u{1b}[2J".to_owned());
    changed("upper-case", &|t| {
        t.turns[2]
            .signature
            .iter_mut()
            .for_each(|s| s.signature = s.signature.to_uppercase());
    });
    seeds
}

fn kept_key() -> Vec<Seed> {
    let target = "kept_key";
    let honest = KEPT.to_bytes();
    let mut seeds = in_json(target, &honest);
    seeds.extend(respelt(target, &honest));
    let mut manifest = KEPT.clone();
    for (state, since) in [(State::Retiring, 1_760_000_000), (State::Revoked, 1_770_000_000)] {
        manifest.life.turn(state, since).unwrap();
        seeds.push(seed(target, state.to_string(), manifest.to_bytes()));
    }
    // Back to life, and back in time.
    let text = String::from_utf8(manifest.to_bytes()).unwrap();
    for (name, from, to) in [
        ("revived", "\"revoked\"", "\"active\""),
        ("retiring-again", "\"revoked\"", "\"retiring\""),
        ("earlier", "1770000000", "1759999999"),
        ("never", "1750000000", "18446744073709551615"),
        ("unborn", "\"active\"", "\"retiring\""),
    ] {
        assert!(text.contains(from));
        seeds.push(seed(target, name, text.replace(from, to).into_bytes()));
    }
    seeds
}
