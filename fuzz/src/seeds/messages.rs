//! Seeds of messages, keys and what the verifier is given.

use super::edges::{flags, in_bytes, in_json, respelt};
use super::{Seed, seed};
use crate::honest::messages::{CONSENTS, REQUESTS, bundle, revocation, summary};
use crate::honest::world;
use crate::target;
use medproof_messages::PinnedKey;
use medproof_verifier::bundle::BundleBody;
use medproof_verifier::ledger::KeyStatus;
use serde_json::Value;

/// Seeds.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = [keys(), presentations(), requests(), consents(), bundles()].concat();
    let revocation = revocation().to_json();
    seeds.extend(in_json("revocation", &revocation));
    seeds.extend(respelt("revocation", &revocation));
    let summary = summary().to_json();
    seeds.extend(in_json("cohort_summary", &summary));
    seeds.extend(respelt("cohort_summary", &summary));
    seeds.extend(views());
    // What is longer than a target takes would be cut: the message itself has such a limit.
    seeds.retain(|(name, _, bytes)| target(name).is_some_and(|t| bytes.len() <= t.max_bytes));
    seeds
}

fn keys() -> Vec<Seed> {
    let key: PinnedKey = world::pinned();
    let (bare, whole, json) = (key.key().to_bytes(), key.to_bytes(), key.to_json());
    let mut seeds = in_bytes("verifying_key", &bare, &[0, 32, 64, 224]);
    seeds.extend(flags("verifying_key", &bare, &[31, 95, 159, 223, 255]));
    // gamma in delta's place: related points.
    let mut related = bare.to_vec();
    related.copy_within(96..160, 160);
    seeds.push(seed("verifying_key", "gamma-is-delta", related));
    seeds.extend(in_bytes("pinned_key", &whole, &[0, 7, 39]));
    seeds.extend(in_json("pinned_key_json", &json));
    seeds.extend(respelt("pinned_key_json", &json));
    seeds
}

fn presentations() -> Vec<Seed> {
    let presentation = world::presentation();
    let (bytes, json) = (presentation.to_bytes(), presentation.to_json());
    let mut seeds = Vec::new();
    for target in ["presentation", "verify_presentation"] {
        seeds.extend(in_bytes(target, &bytes, &[33, 65, 97, 129, 161, 193, 289]));
        seeds.extend(flags(target, &bytes, &[64, 128, 160]));
        // A and B negated: another valid proof.
        let mut negated = bytes.to_vec();
        negated[64] ^= 0x80;
        negated[128] ^= 0x80;
        seeds.push(seed(target, "negated", negated));
    }
    for target in ["presentation_json", "verify_presentation_json"] {
        seeds.extend(in_json(target, &json));
        seeds.extend(respelt(target, &json));
    }
    seeds
}

fn without_signature(json: &[u8]) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(json).unwrap();
    value.as_object_mut().unwrap().remove("signature");
    serde_json::to_vec(&value).unwrap()
}

fn requests() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (i, request) in REQUESTS.iter().enumerate() {
        let json = request.to_json();
        let body = without_signature(&json);
        seeds.push(seed("request", format!("honest-{i}"), json.clone()));
        seeds.push(seed("verify_request", format!("honest-{i}"), body.clone()));
        if i == 0 {
            seeds.extend(in_json("request", &json));
            seeds.extend(respelt("request", &json));
            seeds.extend(respelt("verify_request", &body));
        }
    }
    seeds.push(seed("verify_claim", "honest", world::claim().canonical_bytes()));
    seeds.push(seed("verify_claim", "another", world::adult(19).canonical_bytes()));
    seeds
}

fn consents() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (i, consent) in CONSENTS.iter().enumerate() {
        let json = consent.to_json();
        seeds.push(seed("consent", format!("honest-{i}"), json.clone()));
        if i == 0 {
            seeds.extend(in_json("consent", &json));
            seeds.extend(respelt("consent", &json));
        }
    }
    seeds
}

fn bundles() -> Vec<Seed> {
    let honest = bundle();
    let retiring = |since| KeyStatus::Retiring {
        since: world::time(since),
    };
    let with_key = |status| BundleBody {
        keys: vec![(world::pinned(), status)],
        ..bundle()
    };
    let bodies = [
        honest.clone(),
        with_key(retiring(world::START)),
        with_key(retiring(world::START + 1)),
        with_key(KeyStatus::Revoked),
        BundleBody {
            keys: vec![],
            roots: vec![],
            revoked: vec![],
            ..honest.clone()
        },
        BundleBody {
            revoked: vec![world::handle()],
            paused: true,
            ..honest
        },
    ];
    let mut seeds = Vec::new();
    for (i, body) in bodies.into_iter().enumerate() {
        let signed = body.sign(&world::stranger()).unwrap();
        let body = without_signature(&signed);
        for target in ["trust_bundle", "verify_bundle"] {
            seeds.push(seed(target, format!("honest-{i}"), body.clone()));
            if i == 0 {
                seeds.extend(respelt(target, &body));
            }
        }
    }
    seeds
}

fn views() -> Vec<Seed> {
    let views: [&[u8]; 6] = [
        &[0, 20, 0, 1, 0, 3, 5, 20, 30, 40],
        &[16, 23, 25, 0, 1, 0, 3, 5, 20, 30, 0, 23],
        &[0, 20, 2, 21, 1, 8, 3, 5, 20, 32, 33, 0, 23],
        &[0, 20, 1, 2, 0, 3, 5, 20, 35, 1, 9, 1, 1, 20, 20, 0, 40],
        &[3, 20, 4, 1, 6, 3, 5, 20, 30, 0, 23],
        &[96, 20, 5, 0, 7, 23],
    ];
    let numbered = views.iter().enumerate();
    numbered
        .map(|(i, view)| seed("verify_view", format!("view-{i}"), *view))
        .collect()
}
