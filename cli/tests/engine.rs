//! `medproof engine` on a circuit of three variables: y = x², y public. What circom and snarkjs make
//! of such files is in `tests/tests/circom.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use ark_bn254::Fr;
use common::World;
use medproof_gadgets::r1cs_file::{self, Declared};
use medproof_gadgets::shape::Matrices;
use medproof_keys::circom::{read_r1cs, read_verification_key, read_zkey, write_witness};
use std::fs;

const SETUP: &str = "engine setup --r1cs square.r1cs --zkey square.zkey --verification-key vk.json";
const PROVE: &str = "engine prove --zkey square.zkey --proof proof.json --public public.json --threads 1";
const VERIFY: &str = "engine verify --verification-key vk.json --proof proof.json --public public.json";

fn square() -> World {
    let world = World::empty();
    let one = |column: usize| vec![vec![(Fr::from(1), column)]];
    let matrices = Matrices::of_rows([one(2), one(2), one(1)], 2, 1).unwrap();
    let declared = Declared { outputs: 1, private: 1 };
    world.write("square.r1cs", r1cs_file::write(&matrices, declared).unwrap());
    for (name, values) in [("good.wtns", [1, 49, 7]), ("bad.wtns", [1, 49, 8])] {
        world.write(name, &*write_witness(&values.map(Fr::from)).unwrap());
    }
    world.ok(SETUP);
    world
}

#[test]
fn a_circuit_is_set_up_proved_and_verified() {
    let world = square();
    let report = world.ok(&format!("{PROVE} --wtns good.wtns --repeat 2"));
    assert_eq!((&report["variables"], &report["domain"]), (&3.into(), &4.into()));
    let valid = world.ok(VERIFY);
    assert_eq!((&valid["valid"], &valid["public"][0]), (&true.into(), &"49".into()));
    let lean = world.ok(&format!("{PROVE} --wtns good.wtns --lean --force"));
    world.ok(VERIFY);
    assert!(lean["table_bytes"].as_u64().unwrap() < report["table_bytes"].as_u64().unwrap());
    let portable = world.ok(&format!("{PROVE} --wtns good.wtns --portable --force"));
    world.ok(VERIFY);
    assert_eq!(portable["path"], "portable");
    world.write("public.json", "[\"50\"]");
    world.run(VERIFY).failed(1, "proof.invalid");
    world.write("public.json", "[\"49\", \"49\"]");
    world.run(VERIFY).failed(2, "public");
    world.write("public.json", "[49]");
    world.run(VERIFY).failed(2, "public");
}

#[test]
fn a_witness_that_does_not_satisfy_gives_no_proof() {
    let world = square();
    world
        .run(&format!("{PROVE} --wtns bad.wtns"))
        .failed(1, "witness.unsatisfied");
    assert!(!world.path("proof.json").exists());
}

#[test]
fn files_are_read_and_replaced_as_told() {
    let world = square();
    world.run(SETUP).failed(2, "file.exists");
    let first = fs::read(world.path("square.zkey")).unwrap();
    world.ok(&format!("{SETUP} --force"));
    // The same circuit has the same key.
    assert_eq!(fs::read(world.path("square.zkey")).unwrap(), first);
    world.write("square.zkey", &first[..first.len() - 1]);
    let run = world.run(&format!("{PROVE} --wtns good.wtns")).failed(2, "zkey");
    assert!(run.out.contains("square.zkey: at byte"), "{}", run.out);
    world
        .run("engine setup --r1cs good.wtns --zkey z --verification-key v")
        .failed(2, "r1cs");
}

#[cfg(not(feature = "cuda"))]
#[test]
fn without_cuda_in_the_build_no_device_proves() {
    let world = square();
    let run = world
        .run(&format!("{PROVE} --wtns good.wtns --on cuda"))
        .failed(2, "device");
    assert!(run.out.contains("the feature cuda"), "{}", run.out);
    world
        .run(&format!("{PROVE} --wtns good.wtns --on cuda --lean"))
        .failed(2, "on");
    assert!(!world.path("proof.json").exists());
}

#[test]
fn insecure_keys_need_development_mode() {
    let world = square();
    for line in [SETUP, "engine export --tier XS --folder xs"] {
        let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        let mut command = world.command(&words);
        command.env_remove("MEDPROOF_DEVELOPMENT");
        common::Run::of(command.output().unwrap()).failed(1, "development.not_asked_for");
    }
    assert!(!world.path("xs").exists());
}

#[test]
fn a_tier_is_exported_as_one_circuit() {
    let world = World::empty();
    world.ok("engine export --tier XS --folder xs");
    let read = |name: &str| fs::read(world.path("xs").join(name)).unwrap();
    let r1cs = read_r1cs(&read("circuit.r1cs")).unwrap();
    let key = read_zkey(&read("circuit.zkey")).unwrap();
    let shape = r1cs.matrices.shape();
    assert_eq!((key.domain, key.public), (shape.domain(), 5));
    assert_eq!(key.a_query.len(), shape.variables());
    assert_eq!(
        read_verification_key(&read("verification_key.json")),
        Ok(key.verifying())
    );
}

#[test]
fn a_prepared_key_is_kept_found_and_replaced_but_nothing_else_is() {
    let world = square();
    let run = format!("{PROVE} --wtns good.wtns --prepared square.ready --force");
    world.ok(&run);
    let first = fs::read(world.path("square.ready")).unwrap();
    world.ok(&run);
    world.ok(VERIFY);
    assert_eq!(fs::read(world.path("square.ready")).unwrap(), first);
    let mut damaged = first.clone();
    damaged[1000] ^= 1;
    world.write("square.ready", &damaged);
    world.ok(&run);
    assert_eq!(fs::read(world.path("square.ready")).unwrap(), first);
    for other in [&b"a diary"[..], &[b'x'; 5000]] {
        world.write("square.ready", other);
        world.run(&run).failed(2, "prepared");
        assert_eq!(fs::read(world.path("square.ready")).unwrap(), other);
    }
}
