//! `ark-groth16`, as `cargo xtask bench-peers` asks for it: `peer-arkworks ZKEY WTNS` reads both
//! once and says `ready MS`; each line `prove FILE` writes a proof and is answered with `proved MS`.

mod reduction;

use ark_bn254::{Bn254, Fr};
use ark_groth16::{Groth16, ProvingKey};
use ark_std::UniformRand;
use ark_std::rand::rngs::OsRng;
use medproof_keys::circom::{Zkey, proof_json, read_witness, read_zkey};
use reduction::Circom;
use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [zkey, wtns] = arguments.as_slice() else {
        return Err("usage: peer-arkworks ZKEY WTNS".into());
    };
    let start = Instant::now();
    let (key, matrices, inputs) = proving_key(read_zkey(&std::fs::read(zkey)?)?);
    writeln!(stdout(), "ready {}", start.elapsed().as_secs_f64() * 1000.0)?;
    let witness = read_witness(&std::fs::read(wtns)?)?;
    for line in stdin().lock().lines() {
        let line = line?;
        let file = line.strip_prefix("prove ").ok_or("expected: prove FILE")?;
        let start = Instant::now();
        let [r, s] = [(); 2].map(|()| Fr::rand(&mut OsRng));
        let rows = matrices[0].len();
        let proof = Groth16::<Bn254, Circom>::create_proof_with_reduction_and_matrices(
            &key, r, s, &matrices, inputs, rows, &witness,
        )?;
        let took = start.elapsed();
        std::fs::write(file, proof_json(&proof).to_string())?;
        writeln!(stdout(), "proved {}", took.as_secs_f64() * 1000.0)?;
    }
    Ok(())
}

type Matrix = Vec<Vec<(Fr, usize)>>;

// The key and its A and B, as arkworks wants them, and the number of inputs with the constant 1.
fn proving_key(zkey: Zkey) -> (ProvingKey<Bn254>, [Matrix; 2], usize) {
    let inputs = zkey.public + 1;
    let key = ProvingKey {
        vk: zkey.verifying(),
        beta_g1: zkey.beta_g1,
        delta_g1: zkey.delta_g1,
        a_query: zkey.a_query,
        b_g1_query: zkey.b_g1_query,
        b_g2_query: zkey.b_g2_query,
        h_query: zkey.h_query,
        l_query: zkey.l_query,
    };
    (key, [zkey.a, zkey.b], inputs)
}
