//! What is measured.

use super::lab::{Lab, Ran, same};
use super::table::{Found, Row, Target, times_as_fast};
use crate::run::{Result, root};
use serde_json::Value;
use std::cell::RefCell;
use std::fs;

/// How many times as fast as snarkjs preparing has to be.
const PREPARING: f64 = 20.0;
/// Of at least 2 to the power of this: of fewer, the time is that of starting programs.
const LEAST: u32 = 12;
/// And verifying a ceremony.
const VERIFYING: f64 = 5.0;
/// MiB that a file of 2^20 powers may take.
const MEMORY: f64 = 2048.0;

/// A file of powers, prepared by both.
pub fn prepare(lab: &Lab, power: u32, rounds: usize) -> Result<Found> {
    local(lab, power)?;
    let (ours, theirs) = by_turns(
        rounds,
        || lab.medproof("keys powers prepare local.ptau --out ours.ptau --force"),
        || lab.snarkjs("powersoftau prepare phase2 local.ptau theirs.ptau"),
        |_, _| match same(&lab.path("ours.ptau"), &lab.path("theirs.ptau"))? {
            true => Ok(()),
            false => Err("the prepared files differ: no time counts".to_owned()),
        },
    )?;
    let [ours, theirs] = [
        row("`medproof keys powers prepare`, which verifies the powers first", &ours),
        row("`snarkjs powersoftau prepare phase2`", &theirs),
    ];
    Ok(Found {
        about: format!("**Preparing.** 2^{power} powers of one contribution; both wrote the same file, byte for byte."),
        unit: "s",
        targets: (power >= LEAST)
            .then(|| times_as_fast(&ours, &theirs, PREPARING))
            .into_iter()
            .collect(),
        rows: vec![ours, theirs],
    })
}

/// A ceremony of two and a beacon, verified by both.
pub fn verify(lab: &Lab, tier: Option<&str>, rounds: usize) -> Result<Found> {
    let (circuit, power) = match tier {
        Some(tier) => (format!("--tier {tier}"), power_of(tier)?),
        None => {
            let circuit = root().join("tests/circom/chain.circom");
            fs::copy(&circuit, lab.path("chain.circom")).map_err(|e| format!("{}: {e}", circuit.display()))?;
            lab.circom("chain.circom --r1cs -o .")?;
            ("--r1cs chain.r1cs".to_owned(), 7)
        }
    };
    local(lab, power)?;
    lab.medproof("keys powers prepare local.ptau --out prepared.ptau --force")?;
    lab.medproof(&format!(
        "--development keys ceremony init {circuit} --powers prepared.ptau --folder c --contributors 2 --iterations 10 \
         --beacon a-measurement"
    ))?;
    for name in ["one", "two"] {
        lab.medproof(&format!(
            "keys ceremony contribute --folder c --name {name} --signer {name}.key"
        ))?;
    }
    lab.medproof("keys ceremony beacon --folder c --value 0102030405060708")?;
    // Its verification of a key believes the powers: theirs is another command.
    let their_powers = RefCell::new(Vec::new());
    let (ours, theirs) = by_turns(
        rounds,
        || lab.medproof("--json keys ceremony verify --folder c --powers prepared.ptau"),
        || {
            let powers = lab.snarkjs("powersoftau verify prepared.ptau")?.seconds;
            their_powers.borrow_mut().push(powers);
            lab.snarkjs("zkey verify c/circuit.r1cs prepared.ptau c/turn-3.zkey")
        },
        |ours, theirs| same_turns(&ours.said, &theirs.said),
    )?;
    let plan = fs::read(lab.path("c/plan.json")).map_err(|e| format!("plan.json: {e}"))?;
    let plan: Value = serde_json::from_slice(&plan).map_err(|e| format!("plan.json: {e}"))?;
    let both: Seconds = their_powers.borrow().iter().zip(&theirs).map(|(a, b)| a + b).collect();
    let [ours, theirs, both] = [
        row(
            "`medproof keys ceremony verify`, which verifies the powers as well",
            &ours,
        ),
        row("`snarkjs zkey verify`, which does not", &theirs),
        row("`snarkjs powersoftau verify` and `zkey verify`", &both),
    ];
    Ok(Found {
        about: format!(
            "**Verifying.** A ceremony of two contributors and a beacon for {}, {} constraints, over 2^{power} prepared powers; \
             both found the same hashes.",
            plan["circuit"]["name"].as_str().unwrap_or_default(),
            plan["circuit"]["constraints"],
        ),
        unit: "s",
        // Of a circuit as small as ours for tests the time is that of starting programs.
        targets: tier
            .map(|_| times_as_fast(&ours, &theirs, VERIFYING))
            .into_iter()
            .collect(),
        rows: vec![ours, theirs, both],
    })
}

/// What verifying and preparing a large file take.
pub fn memory(lab: &Lab, power: u32) -> Result<Found> {
    if !cfg!(target_os = "linux") {
        return Err("memory is read from /proc: measure it on Linux".to_owned());
    }
    local(lab, power)?;
    let mut rows = Vec::new();
    for (what, line) in [
        ("verifying the powers", "keys powers verify local.ptau"),
        (
            "verifying and preparing them",
            "keys powers prepare local.ptau --out prepared.ptau",
        ),
        ("verifying the prepared powers", "keys powers verify prepared.ptau"),
    ] {
        let ran = lab.watched(line)?;
        println!("{what}: {:.0} MiB, {:.0} s", ran.peak, ran.seconds);
        rows.push(Row {
            what: format!("{what}, {:.0} s", ran.seconds),
            numbers: vec![ran.peak],
        });
    }
    let most = rows.iter().map(Row::median).fold(0.0, f64::max);
    let size = |name: &str| fs::metadata(lab.path(name)).map_or(0, |file| file.len() >> 20);
    Ok(Found {
        about: format!(
            "**Memory.** Resident at most, as the system says; 2^{power} powers in a file of {} MiB, prepared {} MiB.",
            size("local.ptau"),
            size("prepared.ptau")
        ),
        unit: "MiB",
        targets: vec![Target {
            what: format!("at most {MEMORY} MiB, found {most:.0}"),
            met: most <= MEMORY,
        }],
        rows,
    })
}

fn local(lab: &Lab, power: u32) -> Result<()> {
    let line = format!("--development keys powers local --power {power} --out local.ptau --force");
    let seconds = lab.medproof(&line)?.seconds;
    println!("2^{power} powers made and verified in {seconds:.1} s");
    Ok(())
}

// What docs/ceremony.md says that each takes.
fn power_of(tier: &str) -> Result<u32> {
    match tier {
        "XS" => Ok(14),
        "S" => Ok(16),
        "M" => Ok(17),
        "L" => Ok(18),
        _ => Err(format!("expected a tier, XS, S, M or L, found {tier}")),
    }
}

type Seconds = Vec<f64>;

// In each round both, in an order that turns; what they found is compared before their times are kept.
fn by_turns(
    rounds: usize,
    ours: impl Fn() -> Result<Ran>,
    theirs: impl Fn() -> Result<Ran>,
    agree: impl Fn(&Ran, &Ran) -> Result<()>,
) -> Result<(Seconds, Seconds)> {
    let mut times = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let (one, other) = if round % 2 == 0 {
            let one = ours()?;
            (one, theirs()?)
        } else {
            let other = theirs()?;
            (ours()?, other)
        };
        agree(&one, &other)?;
        println!(
            "round {} of {rounds}: medproof {:.2} s, snarkjs {:.2} s, {:.1} times",
            round + 1,
            one.seconds,
            other.seconds,
            other.seconds / one.seconds
        );
        times.0.push(one.seconds);
        times.1.push(other.seconds);
    }
    Ok(times)
}

// snarkjs shows hashes in words of eight digits.
fn same_turns(ours: &str, theirs: &str) -> Result<()> {
    let report: Value = serde_json::from_str(ours).map_err(|e| format!("our report: {e}"))?;
    let turns = report["turns"].as_array().ok_or("our report has no turns")?;
    let hashes = turns.iter().filter_map(|turn| turn["contribution"].as_str());
    let digits: String = theirs.split_whitespace().collect();
    let mut known = hashes.map(|hash| digits.contains(hash));
    if turns.len() == 3 && known.all(|known| known) && report["finished"] == true && theirs.contains("ZKey Ok!") {
        return Ok(());
    }
    Err(format!(
        "the two found different things: no time counts\n{ours}\n{theirs}"
    ))
}

fn row(what: &str, numbers: &[f64]) -> Row {
    Row {
        what: what.to_owned(),
        numbers: numbers.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_found_is_compared() {
        let turn = |digit: &str| serde_json::json!({ "contribution": digit.repeat(128) });
        let report = |finished: bool| {
            let turns = ["a", "b", "c"].map(turn);
            serde_json::json!({ "turns": turns, "finished": finished }).to_string()
        };
        let said = |digits: [&str; 3]| {
            let hash = |digit: &str| format!("\t{}\n", vec![digit.repeat(8); 4].join(" ")).repeat(4);
            digits.map(hash).join("[INFO]\n") + "[INFO]  snarkJS: ZKey Ok!\n"
        };
        assert_eq!(same_turns(&report(true), &said(["c", "b", "a"])), Ok(()));
        assert!(same_turns(&report(false), &said(["c", "b", "a"])).is_err());
        assert!(same_turns(&report(true), &said(["c", "b", "b"])).is_err());
        assert!(same_turns(&report(true), &said(["c", "b", "a"]).replace("Ok!", "no")).is_err());
    }
}
