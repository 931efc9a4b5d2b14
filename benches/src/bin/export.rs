//! Writes a tier's circuit, development key and a witness as circom's and snarkjs' files:
//! `cargo run --release -p medproof-benches --bin export -- M FOLDER`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use medproof_benches::witness;
use medproof_disclosure::Disclosure;
use medproof_engine::Assignment;
use medproof_engine::circom::zkey;
use medproof_engine::cpu::Settings;
use medproof_gadgets::r1cs_file::{self, Declared};
use medproof_keys::circom::{verification_key_json, write_witness, write_zkey};
use medproof_keys::{KeyStore, Quiet};
use medproof_statement::tier::Tier;
use std::fs;
use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [tier, folder] = arguments.as_slice() else {
        println!("usage: export TIER FOLDER");
        return;
    };
    let tier = Tier::ALL.into_iter().find(|t| t.name() == tier).unwrap();
    let folder = Path::new(folder);
    fs::create_dir_all(folder).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        println!("{}: {} bytes", path.display(), bytes.len());
    };
    let key = KeyStore::of_user().unwrap().development(tier, &Quiet).unwrap();
    let (public, witness) = witness(tier);
    let assignment = Assignment::synthesise(Disclosure::new(public, &witness), key.shape()).unwrap();
    write("witness.wtns", &write_witness(assignment.values()).unwrap());
    let r1cs = r1cs_file::write(key.matrices(), Declared::default()).unwrap();
    write("circuit.r1cs", &r1cs);
    let exported = zkey(key.matrices(), key.proving(), Settings::default().path, &Quiet).unwrap();
    write("circuit.zkey", &write_zkey(&exported).unwrap());
    let verifying = verification_key_json(key.verifying());
    write("verification_key.json", format!("{verifying:#}\n").as_bytes());
}
