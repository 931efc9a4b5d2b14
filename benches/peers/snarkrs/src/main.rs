//! snarkrs, as `cargo xtask bench-peers` asks for it: `peer-snarkrs ZKEY WTNS` reads both once and
//! says `ready MS`; each line `prove FILE` writes a proof and is answered with `proved MS`.

use snarkrs_lib::rand::thread_rng;
use snarkrs_lib::{Backend, CpuBackend, ProvingKey, StageTimings, Witness, prove, write_proof};
use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [zkey, wtns] = arguments.as_slice() else {
        return Err("usage: peer-snarkrs ZKEY WTNS".into());
    };
    let start = Instant::now();
    let circuit = CpuBackend::new().prepare(ProvingKey::load(zkey.as_ref())?)?;
    answer("ready", start)?;
    let witness = Witness::load(wtns.as_ref())?.0;
    for line in stdin().lock().lines() {
        let line = line?;
        let file = line.strip_prefix("prove ").ok_or("expected: prove FILE")?;
        let start = Instant::now();
        let proof = prove(
            circuit.as_ref(),
            &witness,
            &mut thread_rng(),
            &mut StageTimings::default(),
        )?;
        let took = start.elapsed();
        write_proof(Path::new(file), &proof)?;
        writeln!(stdout(), "proved {}", took.as_secs_f64() * 1000.0)?;
    }
    Ok(())
}

fn answer(word: &str, start: Instant) -> std::io::Result<()> {
    writeln!(stdout(), "{word} {}", start.elapsed().as_secs_f64() * 1000.0)
}
