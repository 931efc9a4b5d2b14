//! Seeds of what issuer, holder and audience keep in files.

use super::edges::{in_bytes, in_json, respelt};
use super::{Seed, seed};
use crate::honest::{holder, world};
use crate::targets::enrolment::invited;
use crate::targets::key_file::{SECRET, shape};
use crate::targets::sealed::{BODY, CONTEXT, MASTER};
use ark_bn254::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_groth16::{ProvingKey, VerifyingKey};
use medproof_ceremony::transcript::Contributor;
use medproof_keys::manifest::{FileEntry, Manifest};
use medproof_keys::{Provenance, proving_file};
use medproof_ledger::Account;
use medproof_messages::AudienceKey;
use medproof_records::fuzzing;
use medproof_records::issuer::{Enrolment, Receipt};
use medproof_records::vault::PatientId;
use medproof_statement::Fr;
use medproof_statement::concept::{Concept, Kind, System};
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::fact::{Fact, Seq};
use medproof_statement::record::RecordOpening;
use medproof_statement::tier::Tier;
use medproof_statement::tree::{ARITY, Path, REGISTRY_DEPTH};
use medproof_statement::value::Value;
use medproof_verifier::store::AnswerStore;
use serde_json::json;
use zeroize::Zeroizing;

/// Sealed under nonces of the system's generator.
pub const BY_CHANCE: &[&str] = &["sealed_file"];

/// Seeds.
pub fn seeds() -> Vec<Seed> {
    [records(), enrolments(), key_files(), proving_keys(), answers()].concat()
}

fn facts() -> Vec<Fact> {
    let fact = |code: &str, date, value| Fact {
        concept: Concept::parse(Kind::Observation, System::Loinc, code).unwrap(),
        date: Day(date),
        seq: Seq { event: 1, sub: 0 },
        contested: false,
        uncertain: false,
        value,
        until: Day::OPEN,
        since: Day(date),
    };
    let value = Value::quantity(7_000_000, false).unwrap();
    vec![fact("4548-4", 62_000, value), fact("4548-4", 62_500, Value::UNKNOWN)]
}

fn records() -> Vec<Seed> {
    let patients = ["a", "b.B-9", "c"].map(|id| PatientId::parse(id).unwrap());
    let bare = fuzzing::a_record(&patients[0], None, vec![]);
    let full = fuzzing::a_record(&patients[1], Some(holder::holder()), facts());
    let places = [19, 60, 92, 124].map(|at| at.min(full.len() - 32));
    let mut seeds = in_bytes("record", &full, &places);
    seeds.push(seed("record", "bare", bare.clone()));
    let names = ["vault_head", "vault_snapshot", "vault_operations"];
    for (name, samples) in names.into_iter().zip(fuzzing::samples(&patients)) {
        for (i, sample) in samples.into_iter().enumerate() {
            seeds.push(seed(name, format!("honest-{i}"), sample));
        }
    }
    for i in 0..2 {
        let sealed = fuzzing::seal(&MASTER, CONTEXT, BODY).unwrap();
        seeds.push(seed("sealed_file", format!("honest-{i}"), sealed));
    }
    for (name, length) in [("empty", 0u64), ("full", 1_016), ("over", 1_017), ("great", u64::MAX)] {
        let mut inside = vec![0; 1_024];
        inside[..8].copy_from_slice(&length.to_be_bytes());
        seeds.push(seed("sealed_padding", name, inside));
    }
    seeds
}

fn enrolments() -> Vec<Seed> {
    let enrolment = Enrolment::sign(holder::holder(), &holder::key(), &invited()).unwrap();
    let enrolment = enrolment.to_json().unwrap();
    let mut seeds = in_json("enrolment", enrolment.as_bytes());
    seeds.extend(respelt("enrolment", enrolment.as_bytes()));
    let invitation = invited().to_json().unwrap();
    seeds.extend(in_json("invitation", invitation.as_bytes()));
    seeds.extend(respelt("invitation", invitation.as_bytes()));
    let opening = RecordOpening {
        facts_root: Fr::from(1u64),
        holder: holder::holder(),
        coverage: Coverage(2),
        schema: 1,
        issued_on: Day(4),
        salt: Fr::from(5u64),
    };
    let receipt = Receipt {
        issuer: "hospital".to_owned(),
        epoch: 8,
        holder: opening.holder.commit(),
        facts_root: opening.facts_root,
        coverage: opening.coverage,
        schema: opening.schema,
        issued_on: opening.issued_on,
        salt: opening.salt,
        path: Path {
            index: 11,
            siblings: [[Fr::from(6u64); ARITY - 1]; REGISTRY_DEPTH],
        },
    };
    let receipt = receipt.to_json().unwrap();
    let edges = in_json("receipt", receipt.as_bytes());
    seeds.extend(edges.into_iter().take(40));
    seeds.extend(respelt("receipt", receipt.as_bytes()));
    seeds
}

fn key_files() -> Vec<Seed> {
    let secret = format!("0x{}", SECRET.repeat(32));
    let bytes: [u8; 32] = hex::decode(SECRET.repeat(32)).unwrap().try_into().unwrap();
    let point = format!("0x{}", hex::encode(holder::holder().pk.to_bytes()));
    let did = AudienceKey::from_seed(bytes).unwrap().did().to_string();
    let address = Account::from_secret(&bytes).unwrap().address().to_string();
    let contributor = Contributor::new(Zeroizing::new(bytes)).unwrap().public_key();
    let files = [
        json!({ "type": "medproof/holder-key", "version": 1, "signing_seed": secret,
            "nullifier_key": format!("0x{}", SECRET.repeat(31)), "emergency_pk": point }),
        json!({ "type": "medproof/audience-key", "version": 1, "did": did, "signing_seed": secret, "account": address,
            "account_secret": secret }),
        json!({ "type": "medproof/account-key", "version": 1, "address": address, "secret": secret }),
        json!({ "type": "medproof/contributor-key", "version": 1, "public_key": contributor, "signing_seed": secret }),
    ];
    let mut seeds = Vec::new();
    for (i, file) in files.iter().enumerate() {
        let text = file.to_string();
        seeds.push(seed("key_file", format!("honest-{i}"), text.as_bytes()));
        let edges = [
            in_json("key_file", text.as_bytes()),
            respelt("key_file", text.as_bytes()),
        ]
        .concat();
        seeds.extend(
            edges
                .into_iter()
                .map(|(target, name, bytes)| (target, format!("{i}-{name}"), bytes)),
        );
    }
    seeds
}

fn proving_keys() -> Vec<Seed> {
    let (g, h) = (G1Affine::generator(), G2Affine::generator());
    let shape = shape();
    let key = ProvingKey {
        vk: VerifyingKey {
            alpha_g1: g,
            beta_g2: h,
            gamma_g2: h,
            delta_g2: h,
            gamma_abc_g1: vec![g; shape.inputs],
        },
        beta_g1: g,
        delta_g1: g,
        a_query: vec![G1Affine::zero(); shape.variables()],
        b_g1_query: vec![g; shape.variables()],
        b_g2_query: vec![h; shape.variables()],
        h_query: vec![g; shape.domain() - 1],
        l_query: vec![g; shape.witness],
    };
    let mut bytes = Vec::new();
    proving_file::write(&key, &mut bytes).unwrap();
    let mut seeds = in_bytes("proving_key", &bytes, &[0, 32, 64, 448]);
    let entry = FileEntry::of("proving-key.bin", &bytes);
    let manifest = Manifest::new(Tier::Xs, 1, &shape, Provenance::Development, vec![entry.clone(), entry]);
    let text: serde_json::Value = serde_json::from_slice(&manifest.to_json()).unwrap();
    let text = text.to_string();
    seeds.extend(in_json("key_manifest", text.as_bytes()));
    seeds.extend(respelt("key_manifest", text.as_bytes()));
    seeds
}

fn answers() -> Vec<Seed> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("answers");
    let mut store = AnswerStore::open(&path).unwrap();
    let empty = std::fs::read(&path).unwrap();
    let verifier = world::verifier();
    let presentation = world::presentation().to_bytes();
    let verified = verifier.verify(
        &presentation,
        &world::request(),
        &world::claim(),
        &world::view(),
        world::now(),
    );
    store.record(&verified.unwrap()).unwrap();
    let one = std::fs::read(&path).unwrap();
    let cut = one[..one.len() - 9].to_vec();
    let zeros = [&one[..], &[0; 208]].concat();
    let twice = [&one[..], &one[16..]].concat();
    let all = [
        ("empty", empty),
        ("one", one),
        ("cut", cut),
        ("zeros", zeros),
        ("twice", twice),
    ];
    all.map(|(name, bytes)| seed("answer_store", name, bytes)).into()
}
