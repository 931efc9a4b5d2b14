//! Every way by which a key comes in.

use crate::circuit::{Secrets, matrices};
use ark_bn254::Bn254;
use ark_groth16::{ProvingKey, VerifyingKey};
use ark_serialize::CanonicalSerialize;
use medproof_engine::circom::zkey;
use medproof_engine::cpu::Settings;
use medproof_keys::circom::{read_verification_key, read_zkey, verification_key_json, write_zkey};
use medproof_keys::circuit::Provenance;
use medproof_keys::proving_file;
use medproof_keys::{CircuitKey, Quiet, UnusableKey};
use medproof_messages::{AudienceKey, KeyError, KeyId, KeyInfo, PinnedKey, key, terms};
use medproof_statement::request::Time;
use medproof_statement::tier::Tier;
use medproof_verifier::ledger::{Block, KeyStatus};
use medproof_verifier::{BundleBody, BundleError, TrustBundle};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// The rule that all of them share.
pub fn rule(key: &VerifyingKey<Bn254>) -> Result<key::VerifyingKey, KeyError> {
    key::VerifyingKey::new(key.alpha_g1, key.beta_g2, key.gamma_g2, key.delta_g2, &key.gamma_abc_g1)
}

/// Requires every gate of ours to let a key in.
pub fn accepted(key: &ProvingKey<Bn254>) {
    rule(&key.vk).unwrap();
    let pinned = PinnedKey::from_bytes(&pinned_bytes(&key.vk)).unwrap();
    assert_eq!(
        PinnedKey::from_json(pinned_json(&key.vk).as_bytes()),
        Ok(pinned.clone())
    );
    assert_eq!(*loaded(key).unwrap().pinned(), pinned);
    let bundle = bundle(&key.vk).unwrap();
    assert_eq!(bundle.key(&pinned.id()), Some(&pinned));
    for read in of_snarkjs(key) {
        assert_eq!(read, key.vk);
    }
}

/// Requires every gate of ours to refuse a key, and to say why.
pub fn refused(key: &ProvingKey<Bn254>, expected: &KeyError) {
    assert_eq!(rule(&key.vk).as_ref(), Err(expected));
    assert_eq!(PinnedKey::from_bytes(&pinned_bytes(&key.vk)).as_ref(), Err(expected));
    assert_eq!(
        PinnedKey::from_json(pinned_json(&key.vk).as_bytes()).as_ref(),
        Err(expected)
    );
    assert_eq!(loaded(key).err(), Some(UnusableKey::Unsound(expected.clone())));
    assert_eq!(bundle(&key.vk), Err(BundleError::Key(expected.clone())));
    // snarkjs' files hold keys of any circuit and stage: a ceremony begins with delta = gamma. What is read from one
    // is a key of the statement only after the rule.
    for read in of_snarkjs(key) {
        assert_eq!(rule(&read).as_ref(), Err(expected));
    }
}

fn info() -> KeyInfo {
    KeyInfo {
        tier: Tier::Xs,
        circuit_version: 1,
        matrix_digest: matrices().shape().digest,
        development: true,
    }
}

/// The points as a pinned key has them.
pub fn points(key: &VerifyingKey<Bn254>) -> Vec<u8> {
    let mut bytes = Vec::new();
    key.alpha_g1.serialize_compressed(&mut bytes).unwrap();
    for point in [&key.beta_g2, &key.gamma_g2, &key.delta_g2] {
        point.serialize_compressed(&mut bytes).unwrap();
    }
    for point in &key.gamma_abc_g1 {
        point.serialize_compressed(&mut bytes).unwrap();
    }
    bytes
}

/// A pinned key in bytes, whatever its points are.
pub fn pinned_bytes(key: &VerifyingKey<Bn254>) -> Vec<u8> {
    let info = info();
    let mut bytes = vec![1, info.tier.code() as u8];
    bytes.extend(info.circuit_version.to_be_bytes());
    bytes.push(1);
    bytes.extend(info.matrix_digest);
    bytes.extend(points(key));
    bytes
}

// Its id, by docs/statements/messages.md.
fn id(key: &VerifyingKey<Bn254>) -> KeyId {
    let info = info();
    let parts: [&[u8]; 6] = [
        b"medproof/v1/key",
        &points(key),
        &info.tier.code().to_be_bytes(),
        &u64::from(info.circuit_version).to_be_bytes(),
        &info.matrix_digest,
        &1_u64.to_be_bytes(),
    ];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    KeyId(hash.finalize().into())
}

fn sound() -> &'static PinnedKey {
    static SOUND: LazyLock<PinnedKey> =
        LazyLock::new(|| PinnedKey::new(rule(&Secrets::random().key().vk).unwrap(), info()));
    &SOUND
}

// A text with a sound key in it, which gives way to another with its id.
fn with_key(text: &str, other: &VerifyingKey<Bn254>) -> String {
    let (own, own_id) = (hex::encode(sound().key().to_bytes()), sound().id().to_string());
    assert!(text.contains(&own) && text.contains(&own_id));
    text.replace(&own, &hex::encode(points(other)))
        .replace(&own_id, &id(other).to_string())
}

/// A pinned key in JSON, whatever its points are.
pub fn pinned_json(key: &VerifyingKey<Bn254>) -> String {
    with_key(&String::from_utf8(sound().to_json()).unwrap(), key)
}

/// A trust bundle in which somebody trusted signed the key.
pub fn bundle(key: &VerifyingKey<Bn254>) -> Result<TrustBundle, BundleError> {
    let operator = AudienceKey::from_seed([0x42; 32]).unwrap();
    let time = |seconds| Time::new(seconds).unwrap();
    let body = BundleBody {
        ledger: terms::Ledger::new(31_337, [0xab; 20]).unwrap(),
        block: Block {
            number: 77,
            hash: [0x77; 32],
            time: time(1_750_000_000),
        },
        finalised: true,
        paused: false,
        issued_at: time(1_750_000_000),
        expires_at: time(1_750_003_600),
        keys: vec![(sound().clone(), KeyStatus::Active)],
        roots: vec![],
        revoked: vec![],
    };
    let signed = with_key(&String::from_utf8(body.sign(&operator).unwrap()).unwrap(), key);
    let (before, rest) = signed.split_once("\"signature\":\"").unwrap();
    let (_, after) = rest.split_once("\",").unwrap();
    let unsigned = [before, after].concat();
    let signature = hex::encode(operator.sign("medproof/v1/trust-bundle", unsigned.as_bytes()));
    let signed = [before, "\"signature\":\"0x", &signature, "\",", after].concat();
    TrustBundle::open(signed.as_bytes(), &operator.did())
}

/// A key, joined to its circuit.
pub fn joined(key: ProvingKey<Bn254>) -> Result<CircuitKey, UnusableKey> {
    CircuitKey::new(Tier::Xs, 1, matrices(), key, Provenance::Development)
}

/// The same from the key's own file, whose digest is right.
fn loaded(key: &ProvingKey<Bn254>) -> Result<CircuitKey, UnusableKey> {
    joined(proving_file::read(&key_file(key), &matrices().shape()).unwrap())
}

pub fn key_file(key: &ProvingKey<Bn254>) -> Vec<u8> {
    let mut file = Vec::new();
    proving_file::write(key, &mut file).unwrap();
    file
}

pub fn zkey_file(key: &ProvingKey<Bn254>) -> Vec<u8> {
    let zkey = zkey(&matrices(), key, Settings::default().path, &Quiet).unwrap();
    write_zkey(&zkey).unwrap()
}

/// The verifying key as both files of snarkjs give it.
pub fn of_snarkjs(key: &ProvingKey<Bn254>) -> [VerifyingKey<Bn254>; 2] {
    let json = verification_key_json(&key.vk).to_string();
    [
        read_verification_key(json.as_bytes()).unwrap(),
        read_zkey(&zkey_file(key)).unwrap().verifying(),
    ]
}
