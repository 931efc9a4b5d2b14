use super::*;
use crate::progress::Quiet;
use crate::testing::{Chain, Recorder, matrices, matrices_of};
use medproof_messages::key::PinnedKey;
use serde_json::{Value, json};

fn get(root: &Path) -> Result<CircuitKey, KeyError> {
    get_with(root, &Quiet)
}

fn get_with(root: &Path, progress: &dyn Progress<SetupStage>) -> Result<CircuitKey, KeyError> {
    KeyStore::at(root).development_for(Tier::Xs, 1, matrices(), progress)
}

fn directory(root: &Path) -> PathBuf {
    KeyStore::at(root).directory_of(Tier::Xs, 1, &matrices().shape())
}

fn edit_manifest(root: &Path, change: impl FnOnce(&mut Value)) {
    let path = directory(root).join(MANIFEST_FILE);
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(&path, manifest.to_string()).unwrap();
}

// Makes the manifest vouch for whatever the files are now.
fn vouch(root: &Path) {
    edit_manifest(root, |manifest| {
        let files = [PROVING_FILE, VERIFYING_FILE];
        manifest["files"] = files
            .map(|name| json!(FileEntry::of(name, &fs::read(directory(root).join(name)).unwrap())))
            .into();
    });
}

fn edit_key(root: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let path = directory(root).join(PROVING_FILE);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(&path, bytes).unwrap();
}

#[test]
fn made_once_and_found_again() {
    let root = tempfile::tempdir().unwrap();
    let first = Recorder::default();
    let made = get_with(root.path(), &first).unwrap();
    assert!(!first.steps().is_empty());
    let second = Recorder::default();
    let found = get_with(root.path(), &second).unwrap();
    assert!(second.steps().is_empty(), "the second run made a key again");
    assert!(made.proving() == found.proving());
    let files: Vec<_> = fs::read_dir(root.path().join("keys/development")).unwrap().collect();
    assert_eq!(files.len(), 2, "one directory and its lock");
}

#[test]
fn circuits_tiers_and_versions_have_their_own() {
    let store = KeyStore::at("/c");
    let shape = matrices().shape();
    let base = store.directory_of(Tier::Xs, 1, &shape);
    assert_ne!(base, store.directory_of(Tier::S, 1, &shape));
    assert_ne!(base, store.directory_of(Tier::Xs, 2, &shape));
    assert_ne!(
        base,
        store.directory_of(Tier::Xs, 1, &matrices_of(Chain::blank(9)).shape())
    );
}

#[test]
fn altered_and_truncated_files_are_refused_with_both_digests() {
    let root = tempfile::tempdir().unwrap();
    get(root.path()).unwrap();
    let path = directory(root.path()).join(PROVING_FILE);
    let good = fs::read(&path).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    let longer = [good.as_slice(), &[0]].concat();
    for bad in [flipped, longer, good[..good.len() - 1].to_vec(), Vec::new()] {
        fs::write(&path, &bad).unwrap();
        let refused = get(root.path()).unwrap_err();
        assert!(matches!(refused, KeyError::Altered { .. }), "{refused}");
        let message = refused.to_string();
        for part in [Sha256Digest::of(&good).to_string(), Sha256Digest::of(&bad).to_string()] {
            assert!(message.contains(&part), "{message}");
        }
        assert!(message.contains("delete"), "{message}");
    }
}

#[test]
fn a_key_that_the_manifest_vouches_for_must_still_fit() {
    let root = tempfile::tempdir().unwrap();
    get(root.path()).unwrap();
    edit_key(root.path(), |bytes| bytes.push(0));
    vouch(root.path());
    assert!(matches!(
        get(root.path()),
        Err(KeyError::Malformed {
            source: MalformedKey::Length { .. },
            ..
        })
    ));
    edit_key(root.path(), |bytes| {
        bytes.pop();
        bytes[..32].fill(0xff);
    });
    vouch(root.path());
    assert!(matches!(
        get(root.path()),
        Err(KeyError::Malformed {
            source: MalformedKey::Point { .. },
            ..
        })
    ));
}

#[test]
fn the_verifying_key_is_kept_beside_and_must_be_its_own() {
    let root = tempfile::tempdir().unwrap();
    let key = get(root.path()).unwrap();
    let path = directory(root.path()).join(VERIFYING_FILE);
    let kept = fs::read(&path).unwrap();
    assert_eq!(PinnedKey::from_json(&kept).as_ref(), Ok(key.pinned()));
    let other = development::make(Tier::S, 1, matrices(), &Quiet).unwrap();
    fs::write(&path, other.pinned().to_json()).unwrap();
    assert!(matches!(
        get(root.path()),
        Err(KeyError::Altered {
            name: VERIFYING_FILE,
            ..
        })
    ));
    vouch(root.path());
    assert!(matches!(
        get(root.path()),
        Err(KeyError::Malformed {
            source: MalformedKey::Verifying,
            ..
        })
    ));
}

#[test]
fn a_manifest_of_another_key_is_refused() {
    let root = tempfile::tempdir().unwrap();
    get(root.path()).unwrap();
    edit_manifest(root.path(), |manifest| {
        manifest["matrix_digest"] = json!("0".repeat(64))
    });
    assert!(matches!(get(root.path()), Err(KeyError::Manifest { .. })));
    let endless = " ".repeat(MANIFEST_LIMIT as usize) + "{}";
    fs::write(directory(root.path()).join(MANIFEST_FILE), endless).unwrap();
    let refused = get(root.path()).unwrap_err();
    assert!(refused.to_string().contains("EOF"), "{refused}");
    fs::remove_file(directory(root.path()).join(MANIFEST_FILE)).unwrap();
    assert!(matches!(get(root.path()), Err(KeyError::Io { action: "read", .. })));
}

#[test]
fn a_circuit_with_other_inputs_is_refused_before_any_work() {
    struct NoInputs;
    impl ark_relations::gr1cs::ConstraintSynthesizer<crate::Fr> for NoInputs {
        fn generate_constraints(
            self,
            _: medproof_gadgets::wire::Cs,
        ) -> Result<(), ark_relations::gr1cs::SynthesisError> {
            Ok(())
        }
    }
    let root = tempfile::tempdir().unwrap();
    let matrices = Matrices::synthesise(NoInputs).unwrap();
    let refused = KeyStore::at(root.path()).development_for(Tier::Xs, 1, matrices, &Quiet);
    assert!(matches!(
        refused,
        Err(KeyError::Unusable(UnusableKey::Misfit(misfit))) if misfit.found == 1
    ));
    assert!(!root.path().join("keys").exists());
}

#[test]
fn what_a_killed_run_left_is_replaced() {
    let root = tempfile::tempdir().unwrap();
    let mut partial = directory(root.path()).into_os_string();
    partial.push(".partial");
    fs::create_dir_all(&partial).unwrap();
    fs::write(Path::new(&partial).join(PROVING_FILE), b"half").unwrap();
    get(root.path()).unwrap();
    assert!(!Path::new(&partial).exists());
    get(root.path()).unwrap();
}

#[test]
fn a_cancelled_run_leaves_nothing_but_its_lock() {
    let root = tempfile::tempdir().unwrap();
    for stop_after in [0, 1, 3] {
        let refused = get_with(root.path(), &Recorder::stopping_after(stop_after)).unwrap_err();
        assert!(refused.is_cancelled(), "{refused}");
        let left: Vec<_> = fs::read_dir(root.path().join("keys/development")).unwrap().collect();
        assert_eq!(left.len(), 1, "after {stop_after} steps");
    }
}

#[test]
fn a_second_run_waits_and_may_give_up() {
    let root = tempfile::tempdir().unwrap();
    let (directory, shape) = (directory(root.path()), matrices().shape());
    let place = Place {
        directory,
        tier: Tier::Xs,
        version: 1,
        shape,
    };
    let held = place.lock(&Quiet).unwrap();
    let waiting = Recorder::stopping_after(2);
    let refused = get_with(root.path(), &waiting).unwrap_err();
    assert!(refused.is_cancelled(), "{refused}");
    assert!(waiting.steps().iter().all(|step| step.0 == SetupStage::Waiting));
    drop(held);
    get(root.path()).unwrap();
}

#[test]
fn runs_at_once_make_one_key() {
    let root = tempfile::tempdir().unwrap();
    let recorders = [(); 4].map(|()| Recorder::default());
    std::thread::scope(|scope| {
        for recorder in &recorders {
            scope.spawn(|| get_with(root.path(), recorder).unwrap());
        }
    });
    let made = recorders
        .iter()
        .filter(|r| r.steps().iter().any(|step| step.0 == SetupStage::Writing));
    assert_eq!(made.count(), 1);
}

#[test]
fn a_file_in_the_way_is_an_error_with_advice() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("keys"), b"").unwrap();
    let refused = get(root.path()).unwrap_err();
    assert!(refused.to_string().contains("MEDPROOF_CACHE"), "{refused}");
}

#[test]
fn a_full_disk_says_what_to_do() {
    let full = io_error("write", Path::new("/c/proving.key"))(io::ErrorKind::StorageFull.into());
    let message = full.to_string();
    assert!(
        message.contains("free some space") && message.contains("/c/proving.key"),
        "{message}"
    );
}
