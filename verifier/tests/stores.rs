//! The durable store: one answer for each nullifier in a scope, whatever happens to the process.
#![allow(clippy::unwrap_used)]

mod common;

use ark_bn254::{G1Affine, G2Affine};
use common::*;
use medproof_messages::encoding::FieldHex;
use medproof_messages::terms::ScopeLabel;
use medproof_messages::*;
use medproof_statement::Fr;
use medproof_verifier::store::{AnswerStore, Recorded, StoreError};
use medproof_verifier::*;
use std::fs;
use std::path::PathBuf;

const HEADER: usize = 16;
const RECORD: usize = 208;

fn verified(presentation: &Presentation, request: &VerifiedRequest) -> Verified {
    verifier()
        .verify_parsed(presentation, request, &request.body().claim, &view(), now())
        .unwrap()
}

fn first() -> Verified {
    verified(presentation(), &request())
}

/// The same holder, asked again: another request in the same scope.
fn second() -> Verified {
    let request = signed(
        RequestBody {
            nonce: [8; 32],
            ..body()
        },
        &audience(),
    );
    verified(&present(&inputs(&request), 6), &request)
}

struct Dir(tempfile::TempDir);

impl Dir {
    fn new() -> Dir {
        Dir(tempfile::tempdir().unwrap())
    }
    fn path(&self) -> PathBuf {
        self.0.path().join("answers")
    }
    fn open(&self) -> AnswerStore {
        AnswerStore::open(&self.path()).unwrap()
    }
    fn with_one() -> (Dir, Vec<u8>) {
        let dir = Dir::new();
        dir.open().record(&first()).unwrap();
        let bytes = fs::read(dir.path()).unwrap();
        assert_eq!(bytes.len(), HEADER + RECORD);
        (dir, bytes)
    }
}

#[test]
fn the_same_answer_again_changes_nothing() {
    let dir = Dir::new();
    let mut store = dir.open();
    assert!(store.is_empty());
    let Recorded::First(answer) = store.record(&first()).unwrap() else {
        panic!("the first")
    };
    assert_eq!(answer.nullifier, first().nullifier());
    assert_eq!(answer.nonce, [9; 32]);
    assert!(!store.is_empty());
    for _ in 0..3 {
        assert_eq!(store.record(&first()).unwrap(), Recorded::Again(answer));
    }
    drop(store);
    let mut store = dir.open();
    assert_eq!(store.len(), 1);
    assert_eq!(store.get(answer.scope, answer.nullifier), Some(&answer));
    assert_eq!(store.record(&first()).unwrap(), Recorded::Again(answer));
}

/// Anybody can make another proof of the same: re-randomised, or with A and B negated.
#[test]
fn another_proof_of_the_same_is_the_same_answer() {
    let dir = Dir::new();
    let mut store = dir.open();
    let Recorded::First(answer) = store.record(&first()).unwrap() else {
        panic!("the first")
    };
    let proof = presentation().proof;
    let ark = ark_groth16::Proof {
        a: *proof.a(),
        b: *proof.b(),
        c: *proof.c(),
    };
    let other = ark_groth16::Groth16::<ark_bn254::Bn254>::rerandomize_proof(&proving_key().vk, &ark, &mut rng(7));
    let negated: (G1Affine, G2Affine) = (-*proof.a(), -*proof.b());
    for proof in [
        Proof::new(other.a, other.b, other.c).unwrap(),
        Proof::new(negated.0, negated.1, *proof.c()).unwrap(),
    ] {
        assert_ne!(proof, presentation().proof);
        let replayed = verified(
            &Presentation {
                proof,
                ..*presentation()
            },
            &request(),
        );
        assert_eq!(store.record(&replayed).unwrap(), Recorded::Again(answer));
    }
    assert_eq!(store.len(), 1);
}

#[test]
fn a_holder_answers_once_in_a_scope() {
    let dir = Dir::new();
    let mut store = dir.open();
    store.record(&first()).unwrap();
    let refusal = Refusal::AlreadyUsed {
        nullifier: FieldHex(first().nullifier()),
    };
    let refused = store.record(&second()).unwrap_err();
    assert_eq!(refused.code(), "nullifier.used");
    assert!(matches!(refused, StoreError::Refused(found) if found == refusal));
    // The same request under another consent is another answer, too.
    let mut other = inputs(&request());
    other.consent_handle = Fr::from(1u64);
    let refused = store.record(&verified(&present(&other, 8), &request())).unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)));
    // In another scope the nullifier is free.
    let body = RequestBody {
        scope: ScopeLabel::parse("trial 8").unwrap(),
        ..body()
    };
    let request = signed(body, &audience());
    let elsewhere = verified(&present(&inputs(&request), 9), &request);
    assert!(matches!(store.record(&elsewhere).unwrap(), Recorded::First(_)));
    assert_eq!(store.len(), 2);
}

#[test]
fn one_process_has_it_at_a_time() {
    let dir = Dir::new();
    let store = dir.open();
    let refused = AnswerStore::open(&dir.path()).unwrap_err();
    assert!(matches!(refused, StoreError::Busy { .. }));
    assert_eq!(refused.code(), "store.busy");
    drop(store);
    dir.open();
}

#[test]
fn a_record_cut_short_by_a_crash_was_never_taken() {
    let (dir, bytes) = Dir::with_one();
    for len in HEADER..bytes.len() {
        fs::write(dir.path(), &bytes[..len]).unwrap();
        assert!(dir.open().is_empty());
        assert_eq!(fs::read(dir.path()).unwrap().len(), HEADER);
    }
    // The file grew, and its bytes never came.
    fs::write(dir.path(), [&bytes[..], &[0; RECORD]].concat()).unwrap();
    let mut store = dir.open();
    assert_eq!(store.len(), 1);
    assert!(matches!(store.record(&first()).unwrap(), Recorded::Again(_)));
    drop(store);
    assert_eq!(fs::read(dir.path()).unwrap(), bytes);
    for len in 0..HEADER {
        fs::write(dir.path(), &bytes[..len]).unwrap();
        let mut store = dir.open();
        assert!(matches!(store.record(&first()).unwrap(), Recorded::First(_)));
        drop(store);
        assert_eq!(fs::read(dir.path()).unwrap(), bytes);
    }
}

#[test]
fn damage_is_never_repaired_in_silence() {
    let (dir, bytes) = Dir::with_one();
    for at in [HEADER, HEADER + 40, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        fs::write(dir.path(), &damaged).unwrap();
        let refused = AnswerStore::open(&dir.path()).unwrap_err();
        assert!(matches!(refused, StoreError::Damaged { record: 0, .. }));
        assert_eq!(fs::read(dir.path()).unwrap(), damaged);
    }
    let twice = [&bytes[..], &bytes[HEADER..]].concat();
    fs::write(dir.path(), twice).unwrap();
    assert!(matches!(
        AnswerStore::open(&dir.path()),
        Err(StoreError::Damaged { record: 1, .. })
    ));
    fs::write(dir.path(), b"something else altogether").unwrap();
    assert!(matches!(AnswerStore::open(&dir.path()), Err(StoreError::Format { .. })));
}

#[test]
fn a_path_that_cannot_be_opened_says_so() {
    let dir = Dir::new();
    let refused = AnswerStore::open(dir.0.path()).unwrap_err();
    assert!(matches!(refused, StoreError::Disk { .. }));
    assert_eq!(refused.code(), "store.disk");
}

/// The other tests' paths are absolute, so that they do not mind where this one works.
#[test]
fn a_bare_name_is_in_the_working_directory() {
    let dir = Dir::new();
    let before = std::env::current_dir().unwrap();
    std::env::set_current_dir(dir.0.path()).unwrap();
    let opened = AnswerStore::open(std::path::Path::new("answers"));
    std::env::set_current_dir(before).unwrap();
    opened.unwrap().record(&first()).unwrap();
    assert_eq!(dir.open().len(), 1);
}

/// It says who answered and when, if only by pseudonym.
#[cfg(unix)]
#[test]
fn a_new_store_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Dir::new();
    drop(dir.open());
    let mode = || fs::metadata(dir.path()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    // Whoever widened it meant to.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o640)).unwrap();
    drop(dir.open());
    assert_eq!(mode(), 0o640);
}

/// A device is no store, and is not read until it ends.
#[cfg(target_os = "linux")]
#[test]
fn a_device_is_no_store() {
    let refused = AnswerStore::open(std::path::Path::new("/dev/null"));
    assert!(matches!(refused, Err(StoreError::Format { .. })));
}

// Another holder, asked in the same request.
fn another() -> Verified {
    let request = request();
    let inputs = medproof_statement::public::PublicInputs {
        nullifier: Fr::from(77u64),
        ..inputs(&request)
    };
    verified(&present(&inputs, 7), &request)
}

#[test]
fn answers_of_many_are_taken_where_none_is_refused() {
    let dir = Dir::new();
    let mut store = dir.open();
    let refused = |result| matches!(result, Err(StoreError::Refused(Refusal::AlreadyUsed { .. })));
    // One holder twice, with one answer or with two.
    for other in [first(), second()] {
        assert!(refused(store.record_all(&[another(), first(), other])));
        assert!(store.is_empty());
    }
    let known = store.known_all(&[first(), another()]).unwrap();
    assert!(store.is_empty());
    assert_eq!(store.record_all(&[first(), another()]).unwrap(), known);
    assert_eq!(store.record_all(&[]).unwrap(), []);
    drop(store);
    let mut store = dir.open();
    let again = store.record_all(&[another(), first()]).unwrap();
    assert!(again.iter().all(|recorded| matches!(recorded, Recorded::Again(_))));
    assert!(refused(store.record_all(&[another(), second()])));
    assert_eq!(store.len(), 2);
}
