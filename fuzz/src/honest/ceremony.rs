//! A ceremony: powers of τ, a plan, and who took part.

use crate::targets::scratch;
use ark_bn254::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use medproof_ceremony::library::{FORMAT, Life, Manifest};
use medproof_ceremony::phase1::{Powers, Verified, make_insecure, prepare};
use medproof_ceremony::transcript::{Announced, BEACON, Circuit, Contributor, PLAN_FORMAT, Plan, Transcript, Turn};
use medproof_keys::circom::{Contribution, Source};
use medproof_keys::manifest::FileEntry;
use medproof_keys::{Quiet, Sha256Digest};
use std::fs;
use std::sync::LazyLock;
use zeroize::Zeroizing;

/// Two powers, and the same with their Lagrange forms.
pub fn powers() -> [Vec<u8>; 2] {
    let folder = scratch::directory();
    let [plain, prepared] = ["plain.ptau", "prepared.ptau"].map(|name| folder.path().join(name));
    make_insecure(1, &[0x61; 32], &plain, &Quiet).unwrap();
    let powers = Verified::new(Powers::open(&plain).unwrap(), &Quiet).unwrap();
    prepare(&powers, &prepared, &Quiet).unwrap();
    [plain, prepared].map(|path| fs::read(path).unwrap())
}

/// What was decided.
pub static PLAN: LazyLock<Plan> = LazyLock::new(|| Plan {
    format: PLAN_FORMAT.into(),
    development: false,
    circuit: Circuit {
        name: "tier XS".into(),
        version: 1,
        matrix_digest: Sha256Digest([0xd1; 32]),
        constraints: 5,
        witness: 3,
        inputs: 6,
    },
    powers: Sha256Digest([0xd2; 32]),
    initial: Sha256Digest([0xd3; 32]),
    contributors: 2,
    beacon: Announced {
        source: "hash of block 25000000".into(),
        iterations: 10,
    },
});

/// Who contributes in a turn.
pub fn contributor(turn: usize) -> Contributor {
    Contributor::new(Zeroizing::new([turn as u8 + 1; 32])).unwrap()
}

/// Three turns, and a beacon.
pub static TRANSCRIPT: LazyLock<Transcript> = LazyLock::new(|| {
    let secret = ["General Hospital", "Klinik Süd", "a patients' group"].map(|name| (name, Source::Secret));
    let beacon = Source::Beacon {
        iterations: 10,
        value: vec![1, 2, 3],
    };
    let mut transcript = Transcript::default();
    for (i, (name, source)) in secret.into_iter().chain([(BEACON, beacon)]).enumerate() {
        let is_secret = source == Source::Secret;
        let contribution = Contribution {
            delta_after: G1Affine::generator(),
            g1_s: G1Affine::generator(),
            g1_sx: G1Affine::generator(),
            g2_spx: G2Affine::generator(),
            transcript: [i as u8; 64],
            source,
            name: Some(name.to_owned()),
        };
        let key = Sha256Digest([0xe0 + i as u8; 32]);
        let turn = Turn::new(&transcript, &PLAN, &contribution, key, name).unwrap();
        let turn = if is_secret { turn.signed(&contributor(i)) } else { turn };
        transcript.turns.push(turn);
    }
    transcript
});

/// Its key, kept.
pub static KEPT: LazyLock<Manifest> = LazyLock::new(|| Manifest {
    format: FORMAT.into(),
    key_id: Sha256Digest([0xd4; 32]),
    tier: "XS".into(),
    circuit_version: PLAN.circuit.version,
    matrix_digest: PLAN.circuit.matrix_digest,
    transcript: Sha256Digest::of(&TRANSCRIPT.to_bytes()),
    contributors: 3,
    life: Life::begin(false, 1_750_000_000),
    files: ["key.zkey", "verifying.json", "plan.json", "transcript.json"]
        .map(|name| FileEntry::of(name, name.as_bytes()))
        .to_vec(),
});
