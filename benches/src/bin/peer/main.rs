//! Our prover, and the judge of everybody's proofs, as `cargo xtask bench-peers` asks for them.
//!
//! - `peer zkey ZKEY WTNS KEPT`: proves what is in the files, with the prepared key in a third;
//! - `peer portable ZKEY WTNS KEPT`: as `zkey`, without AVX-512;
//! - `peer own TIER KEPT`: proves the benches' witness under a tier's own development key;
//! - `peer judge ZKEY WTNS`: verifies proofs with arkworks;
//! - `peer setup R1CS ZKEY`: makes a key that proves nothing, for a circuit of circom's.
//!
//! All but the last are told what to do. Each says `ready MS NOTE` once. A prover answers each line `prove FILE` with `proved MS`, the judge
//! each line `verify FILE` with `verified MS`; what goes wrong ends the process. Threads are rayon's.

mod about;
mod prepared;

use ark_bn254::{Bn254, Fr};
use ark_groth16::{Groth16, PreparedVerifyingKey, Proof, prepare_verifying_key};
use medproof_benches::witness;
use medproof_disclosure::Disclosure;
use medproof_engine::cpu::{Ready, Settings};
use medproof_engine::{Assignment, Blinding, Unstoppable};
use medproof_keys::circom::{development_zkey, proof_json, read_proof, read_r1cs, read_witness, read_zkey, write_zkey};
use medproof_keys::{KeyStore, Quiet, Sha256Digest};
use medproof_statement::tier::Tier;
use prepared::{Prepared, prepared};
use std::error::Error;
use std::fs;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["zkey", zkey, wtns, kept] => of_files(zkey, wtns, kept, Settings::default()),
        ["portable", zkey, wtns, kept] => of_files(zkey, wtns, kept, Settings::portable()),
        ["own", tier, kept] => of_tier(tier.parse()?, kept),
        ["judge", zkey, wtns] => judge(zkey, wtns),
        ["setup", r1cs, zkey] => {
            let key = development_zkey(&read_r1cs(&fs::read(r1cs)?)?, &Quiet)?;
            Ok(fs::write(zkey, write_zkey(&key)?)?)
        }
        _ => Err(
            "usage: peer zkey|portable ZKEY WTNS KEPT | peer own TIER KEPT | peer judge ZKEY WTNS | peer setup R1CS ZKEY".into(),
        ),
    }
}

fn of_files(zkey: &str, wtns: &str, kept: &str, settings: Settings) -> Outcome<()> {
    let bytes = fs::read(zkey)?;
    let digest = Sha256Digest::of(&bytes).0;
    let make = || Ok(Ready::of_zkey(&read_zkey(&bytes)?, settings, &Quiet)?);
    let prepared = prepared(&digest, settings, kept.as_ref(), make)?;
    drop(bytes);
    let values = read_witness(&fs::read(wtns)?)?;
    serve(&prepared, &prepared.note, &values)
}

fn of_tier(tier: Tier, kept: &str) -> Outcome<()> {
    let settings = Settings::default();
    let key = KeyStore::of_user()?.development(tier, &Quiet)?;
    let make = || Ok(Ready::new(key.matrices(), key.proving(), settings, &Quiet)?);
    let prepared = prepared(&key.pinned().id().0, settings, kept.as_ref(), make)?;
    let (public, witness) = witness(tier);
    let start = Instant::now();
    let assignment = Assignment::synthesise(Disclosure::new(public, &witness), key.shape())?;
    let took = milliseconds(start.elapsed());
    let note = format!("{}; the witness takes {took:.1} ms", prepared.note);
    serve(&prepared, &note, assignment.values())
}

fn serve(prepared: &Prepared, note: &str, values: &[Fr]) -> Outcome<()> {
    writeln!(stdout(), "ready {} {note}", prepared.ms)?;
    let ready = &prepared.ready;
    let verifying = prepare_verifying_key(ready.verifying());
    let public = values.get(1..ready.inputs()).unwrap_or_default();
    each_line("prove", |file| {
        let start = Instant::now();
        let proof = ready.prove(values, &Blinding::fresh()?, &Unstoppable)?;
        let took = start.elapsed();
        require(&verifying, public, &proof)?;
        fs::write(file, proof_json(&proof).to_string())?;
        Ok(format!("proved {}", milliseconds(took)))
    })
}

fn judge(zkey: &str, wtns: &str) -> Outcome<()> {
    let start = Instant::now();
    let key = read_zkey(&fs::read(zkey)?)?;
    let verifying = prepare_verifying_key(&key.verifying());
    let values = read_witness(&fs::read(wtns)?)?;
    let public = values.get(1..verifying.vk.gamma_abc_g1.len()).unwrap_or_default();
    let about = about::circuit(&key, &values);
    writeln!(stdout(), "ready {} {about}", milliseconds(start.elapsed()))?;
    each_line("verify", |file| {
        let proof = read_proof(&fs::read(file)?)?;
        let start = Instant::now();
        require(&verifying, public, &proof)?;
        Ok(format!("verified {}", milliseconds(start.elapsed())))
    })
}

fn require(verifying: &PreparedVerifyingKey<Bn254>, public: &[Fr], proof: &Proof<Bn254>) -> Outcome<()> {
    if Groth16::<Bn254>::verify_proof(verifying, proof, public)? {
        Ok(())
    } else {
        Err("a proof that does not verify".into())
    }
}

// Each line is a word and a file.
fn each_line(word: &str, answer: impl Fn(&str) -> Outcome<String>) -> Outcome<()> {
    for line in stdin().lock().lines() {
        let line = line?;
        let file = line.strip_prefix(word).and_then(|rest| rest.strip_prefix(' '));
        let answer = answer(file.ok_or_else(|| format!("expected: {word} FILE, found: {line}"))?)?;
        writeln!(stdout(), "{answer}")?;
    }
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
