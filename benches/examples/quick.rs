use ark_groth16::Groth16;
use medproof_benches::witness;
use medproof_disclosure::Disclosure;
use medproof_engine::cpu::{Ready, Settings};
use medproof_engine::{Assignment, Blinding};
use medproof_keys::{KeyStore, Quiet};
use medproof_statement::tier::Tier;
use std::time::Instant;
fn main() {
    let tier = match std::env::args().nth(1).as_deref() {
        Some("xs") => Tier::Xs,
        Some("s") => Tier::S,
        Some("l") => Tier::L,
        _ => Tier::M,
    };
    let threads: usize = std::env::args().nth(2).and_then(|t| t.parse().ok()).unwrap_or(1);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .unwrap();
    let key = KeyStore::of_user().unwrap().development(tier, &Quiet).unwrap();
    let (public, witness) = witness(tier);
    let t = Instant::now();
    let assignment = Assignment::synthesise(Disclosure::new(public, &witness), key.shape()).unwrap();
    println!("witness {:?}, nonzeros {:?}", t.elapsed(), key.shape().nonzeros);
    let t = Instant::now();
    let ready = Ready::new(key.matrices(), key.proving(), Settings::default(), &Quiet).unwrap();
    println!("{} MiB", ready.table_bytes() >> 20);
    println!("ready {:?}", t.elapsed());
    for _ in 0..4 {
        let b = Blinding::fresh().unwrap();
        let t = Instant::now();
        let p = ready.prove(assignment.values(), &b, &medproof_engine::Unstoppable).unwrap();
        print!("cpu {:?}  ", t.elapsed());
        let t = Instant::now();
        let m = key.matrices();
        let q = Groth16::<ark_bn254::Bn254>::create_proof_with_reduction_and_matrices(
            key.proving(),
            ark_ff::UniformRand::rand(&mut ark_std::test_rng()),
            ark_ff::UniformRand::rand(&mut ark_std::test_rng()),
            m.abc(),
            m.inputs(),
            m.constraints(),
            assignment.values(),
        )
        .unwrap();
        println!("ark {:?} {}", t.elapsed(), p.a != q.a);
    }
}
