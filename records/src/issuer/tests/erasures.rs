//! What is erased stays erased, whatever is restored.

use super::*;
use std::collections::BTreeMap;

type Files = BTreeMap<String, Vec<u8>>;

fn base() -> SimDisk {
    let disk = SimDisk::default();
    let mut issuer = create(&disk);
    let charts = ["a", "b", "c", "d"].map(|patient| chart(patient, 10));
    issuer.import(&charts).unwrap();
    enroll(&mut issuer, "a", 1).unwrap();
    enroll(&mut issuer, "b", 2).unwrap();
    anchor(&mut issuer);
    issuer.erase("c").unwrap();
    disk
}

// A machine with these files and no others.
fn machine(files: &Files) -> SimDisk {
    let disk = SimDisk::default();
    files.iter().for_each(|(name, bytes)| disk.plant(name, bytes.clone()));
    disk
}

// One directory's files of a backup; "" is the records'.
fn part(files: &Files, directory: &str) -> Files {
    let inside = |name: &str| match name.split_once('/') {
        Some((first, _)) => directory.trim_end_matches('/') == first,
        None => directory.is_empty(),
    };
    let files = files.iter().filter(|(name, _)| inside(name));
    files.map(|(name, bytes)| (name.clone(), bytes.clone())).collect()
}

fn restored(parts: &[Files]) -> SimDisk {
    machine(&parts.iter().flatten().map(|(n, b)| (n.clone(), b.clone())).collect())
}

#[test]
fn a_restored_backup_erases_again_before_anything_is_served() {
    let disk = base();
    let backup = disk.files();
    let mut issuer = reopen(&disk).unwrap();
    let wrapped = {
        let entry = issuer.find(0, "a").unwrap().1;
        issuer.vault.wrapped(entry.latest.item)
    };
    issuer.erase("a").unwrap();
    issuer.update(&[chart("b", 20)]).unwrap();
    issuer.erase("d").unwrap();
    drop(issuer);
    let now = disk.files();
    let old = restored(&[part(&backup, ""), part(&backup, KEYSTORE), part(&now, ERASURES)]);
    let issuer = reopen(&old).unwrap();
    let replayed = issuer.replayed().unwrap();
    assert_eq!((replayed.entries, replayed.records), (2, 2));
    for gone in ["a", "d"] {
        assert!(matches!(reason(issuer.open_record(gone)), (0, Refusal::Unknown)));
    }
    // What came after the backup is lost; what was there is served, and the leaf is empty.
    assert_eq!(check_opened(&issuer, "b"), Day(10));
    assert_eq!(issuer.vault.state().registry.size(), 1);
    assert!(issuer.status().changed);
    // The key is gone from the restored keystore too, and no name is left of it.
    let holds = |disk: &SimDisk, bytes: &[u8]| disk.blocks().iter().any(|b| b.windows(bytes.len()).any(|w| w == bytes));
    assert!(holds(&machine(&backup), &wrapped) && !holds(&old, &wrapped));
    drop(issuer);
    assert_eq!(reopen(&old).unwrap().replayed(), None);
}

#[test]
fn a_restore_that_is_interrupted_goes_on() {
    let disk = base();
    let backup = disk.files();
    let mut issuer = reopen(&disk).unwrap();
    issuer.erase_many(&["a", "d"]).unwrap();
    drop(issuer);
    let parts = [
        part(&backup, ""),
        part(&backup, KEYSTORE),
        part(&disk.files(), ERASURES),
    ];
    let steps = {
        let disk = restored(&parts);
        reopen(&disk).unwrap();
        disk.operations()
    };
    for (step, crash) in (0..steps).flat_map(|step| CRASHES.map(|crash| (step, crash))) {
        let disk = restored(&parts);
        disk.die_at(step);
        let _ = reopen(&disk);
        disk.revive(crash);
        let issuer = reopen(&disk).unwrap();
        for gone in ["a", "d"] {
            assert!(issuer.record_id(gone).is_err(), "step {step}, {crash:?}");
        }
        assert_eq!(check_opened(&issuer, "b"), Day(10));
        assert_eq!(disk.files().len(), files_needed(&issuer), "step {step}, {crash:?}");
    }
}

#[test]
fn records_and_keystore_are_of_one_day() {
    let disk = base();
    let backup = disk.files();
    let mut issuer = reopen(&disk).unwrap();
    issuer.erase("a").unwrap();
    issuer.update(&[chart("b", 20)]).unwrap();
    drop(issuer);
    let now = disk.files();
    for (records, keystore) in [(&backup, &now), (&now, &backup)] {
        let mixed = restored(&[part(records, ""), part(keystore, KEYSTORE), part(&now, ERASURES)]);
        assert!(matches!(
            reopen(&mixed),
            Err(IssuerError::Vault(VaultError::RolledBack { .. }))
        ));
    }
    let alone = restored(&[part(&now, ""), part(&now, ERASURES)]);
    assert!(matches!(
        reopen(&alone),
        Err(IssuerError::Vault(VaultError::NoKeystore))
    ));
}

#[test]
fn an_older_cut_changed_or_missing_erasure_log_opens_nothing() {
    let disk = base();
    let backup = disk.files();
    let mut issuer = reopen(&disk).unwrap();
    issuer.erase("a").unwrap();
    drop(issuer);
    let now = disk.files();
    let with = |erasures: Files| reopen(&restored(&[part(&now, ""), part(&now, KEYSTORE), erasures]));
    assert!(matches!(
        with(part(&backup, ERASURES)),
        Err(IssuerError::Vault(VaultError::ErasureLogBehind {
            expected: 2,
            found: 1
        }))
    ));
    let refused = |erasures: Files| matches!(with(erasures), Err(IssuerError::Vault(VaultError::ErasureLog { .. })));
    assert!(refused(Files::new()));
    for file in ["erasures/log", "erasures/tip"] {
        let log = part(&now, ERASURES);
        let mut missing = log.clone();
        missing.remove(file);
        assert!(refused(missing), "{file}");
        for at in 0..log[file].len() {
            let mut changed = log.clone();
            changed.get_mut(file).unwrap()[at] ^= 1;
            // The master key's id in the tip's header: taken for another key's.
            let other_key = file == "erasures/tip" && (5..13).contains(&at);
            assert!(other_key || refused(changed), "{file} at {at}");
        }
        let mut cut = log.clone();
        cut.get_mut(file).unwrap().pop();
        assert!(refused(cut), "{file}");
    }
    // What a crash leaves behind the tip was never acknowledged.
    let mut longer = part(&now, ERASURES);
    longer.get_mut("erasures/log").unwrap().extend([7; 150]);
    assert!(with(longer).is_ok());
}

#[test]
fn the_log_names_nobody() {
    let disk = base();
    let ids = {
        let mut issuer = reopen(&disk).unwrap();
        let id = issuer.record_id("a").unwrap();
        issuer.erase("a").unwrap();
        id
    };
    for (name, bytes) in part(&disk.files(), ERASURES) {
        for text in [b"a".repeat(3), ids.bytes().to_vec(), b"hospital".to_vec()] {
            assert!(!bytes.windows(text.len()).any(|w| w == text), "{name}");
        }
    }
    // Fixed widths: a count, a time, a tag and two hashes each.
    assert_eq!(disk.files()["erasures/log"].len(), 2 * 112);
}

#[test]
fn many_are_erased_at_once_or_none() {
    let disk = base();
    let mut issuer = reopen(&disk).unwrap();
    assert!(matches!(reason(issuer.erase_many(&["a", "z"])), (1, Refusal::Unknown)));
    assert!(matches!(reason(issuer.erase_many(&["a", "a"])), (1, Refusal::Repeated)));
    assert_eq!((issuer.records().len(), disk.files()["erasures/log"].len()), (3, 112));
    issuer.erase_many(&["a", "b", "d"]).unwrap();
    assert_eq!(issuer.records().len(), 0);
}
