//! The life of records, and what is refused in it.

use super::*;
use crate::registry::RegistryError;
use crate::vault::DiskError;

fn issuer() -> Issuer {
    create(&SimDisk::default())
}

#[test]
fn a_record_from_import_to_erasure() {
    let disk = SimDisk::default();
    let mut issuer = create(&disk);
    let ids = issuer.import(&[chart("a", 10), chart("b", 10)]).unwrap();
    assert_eq!(issuer.record_id("a").unwrap(), ids[0]);
    assert_eq!(issuer.record_id(&ids[1].to_string()).unwrap(), ids[1]);
    assert!(matches!(reason(issuer.open_record("a")), (0, Refusal::NotEnrolled)));

    assert_eq!(enroll(&mut issuer, "a", 1).unwrap(), ids[0]);
    assert!(matches!(reason(issuer.open_record("a")), (0, Refusal::NotAnchored)));
    let first = anchor(&mut issuer);
    assert_eq!((first.epoch, first.size), (1, 1));
    assert_eq!(check_opened(&issuer, "a"), Day(10));

    // Under the anchored root until the next: the old chart, beside a new enrolment.
    issuer.update(&[chart("a", 20)]).unwrap();
    enroll(&mut issuer, "b", 2).unwrap();
    assert_eq!(check_opened(&issuer, "a"), Day(10));
    assert!(matches!(reason(issuer.open_record("b")), (0, Refusal::NotAnchored)));
    let second = anchor(&mut issuer);
    assert_eq!((second.epoch, second.size), (2, 2));
    assert_eq!(check_opened(&issuer, "a"), Day(20));
    assert_eq!(check_opened(&issuer, "b"), Day(10));

    let mut issuer = {
        drop(issuer);
        reopen(&disk).unwrap()
    };
    let new_keys = enrolment(&issuer, "a", 3, 1);
    issuer.rotate("a", &new_keys).unwrap();
    anchor(&mut issuer);
    assert_eq!(issuer.open_record("a").unwrap().opening.holder, holder(3, 1));

    issuer.revoke("a").unwrap();
    assert!(matches!(reason(issuer.open_record("a")), (0, Refusal::Revoked)));
    assert_eq!(anchor(&mut issuer).size, 1);
    assert!(matches!(reason(issuer.receipt("a")), (0, Refusal::Revoked)));
    // With another nullifier key, in the same place.
    let leaf = issuer.vault.state().index.get(&ids[0]).unwrap().leaf;
    enroll(&mut issuer, "a", 4).unwrap();
    anchor(&mut issuer);
    assert_eq!(issuer.open_record("a").unwrap().path.index, leaf.unwrap());

    issuer.erase("a").unwrap();
    assert!(matches!(reason(issuer.open_record("a")), (0, Refusal::Unknown)));
    assert!(matches!(
        reason(issuer.record_id(&ids[0].to_string())),
        (0, Refusal::Unknown)
    ));
    assert_eq!(check_opened(&issuer, "b"), Day(10));
    assert_eq!(anchor(&mut issuer).size, 1);
    assert_eq!(check_opened(&issuer, "b"), Day(10));
    // The nullifier key and the patient are free again, the place is not.
    issuer.import(&[chart("a", 30)]).unwrap();
    enroll(&mut issuer, "a", 4).unwrap();
    anchor(&mut issuer);
    assert_eq!(issuer.open_record("a").unwrap().path.index, 2);
}

#[test]
fn every_version_has_its_own_salts() {
    let mut issuer = issuer();
    issuer.import(&[chart("a", 10)]).unwrap();
    enroll(&mut issuer, "a", 1).unwrap();
    anchor(&mut issuer);
    let first = issuer.open_record("a").unwrap();
    issuer.update(&[chart("a", 10)]).unwrap();
    anchor(&mut issuer);
    let second = issuer.open_record("a").unwrap();
    assert_ne!(first.opening.salt, second.opening.salt);
    for (a, b) in first.facts.leaves().iter().zip(second.facts.leaves()) {
        assert_eq!(a.fact, b.fact);
        assert_ne!(a.salt, b.salt);
    }
}

#[test]
fn charts_that_are_no_new_patients_records_are_refused_whole() {
    let mut issuer = issuer();
    issuer.import(&[chart("a", 10)]).unwrap();
    let edit = |edit: fn(&mut PatientChart)| {
        let mut bad = chart("b", 10);
        edit(&mut bad);
        bad
    };
    type Expected = fn(&Refusal) -> bool;
    let bad: [(PatientChart, Expected); 8] = [
        (chart("a", 10), |r| matches!(r, Refusal::AlreadyImported)),
        (chart("ok", 10), |r| matches!(r, Refusal::Repeated)),
        (chart("no id", 10), |r| matches!(r, Refusal::PatientId(_))),
        (edit(|c| c.facts.swap(0, 1)), |r| {
            matches!(r, Refusal::Record(RecordError::NotIncreasing { place: 1 }))
        }),
        (edit(|c| c.facts[1].since = Day(11)), |r| {
            matches!(r, Refusal::Record(RecordError::Malformed { place: 1 }))
        }),
        (edit(|c| c.facts[0].concept = Concept::ZERO), |r| {
            matches!(r, Refusal::Record(RecordError::Malformed { place: 0 }))
        }),
        (edit(|c| c.facts[2].concept = Concept::MAX), |r| {
            matches!(r, Refusal::Record(RecordError::Malformed { place: 2 }))
        }),
        (edit(|c| c.facts = (1..=4096).map(|i| fact(i, 1)).collect()), |r| {
            matches!(r, Refusal::Record(RecordError::TooLarge { found: 4096 }))
        }),
    ];
    let before = fingerprint(&issuer).unwrap();
    for (bad, expected) in bad {
        let (place, why) = reason(issuer.import(&[chart("ok", 10), bad]));
        assert!(place == 1 && expected(&why), "{why:?}");
        assert_eq!(fingerprint(&issuer).unwrap(), before);
    }
}

#[test]
fn updates_go_forward_for_known_patients() {
    let mut issuer = issuer();
    issuer.import(&[chart("a", 10), chart("b", 10)]).unwrap();
    let before = fingerprint(&issuer).unwrap();
    let (place, why) = reason(issuer.update(&[chart("a", 11), chart("b", 9)]));
    assert!(
        matches!(
            why,
            Refusal::Stale {
                stored: Day(10),
                found: Day(9)
            }
        ) && place == 1
    );
    assert!(matches!(
        reason(issuer.update(&[chart("c", 11)])),
        (0, Refusal::Unknown)
    ));
    assert!(matches!(
        reason(issuer.update(&[chart("a", 11), chart("a", 12)])),
        (1, Refusal::Repeated)
    ));
    let mut bad = chart("a", 11);
    bad.facts.swap(0, 1);
    assert!(matches!(reason(issuer.update(&[bad])), (0, Refusal::Record(_))));
    assert_eq!(fingerprint(&issuer).unwrap(), before);
    // A revoked record's chart is kept up to date; its leaf stays empty.
    enroll(&mut issuer, "a", 1).unwrap();
    issuer.revoke("a").unwrap();
    issuer.update(&[chart("a", 12)]).unwrap();
    assert_eq!(issuer.status().revoked, 1);
    assert_eq!(issuer.vault.state().registry.size(), 0);
}

#[test]
fn enrolments_are_the_patients_own_and_serve_once() {
    let mut issuer = issuer();
    issuer
        .import(&[chart("a", 10), chart("b", 10), chart("c", 10)])
        .unwrap();
    let for_a = enrolment(&issuer, "a", 1, 1);
    let not_possessed = |r: &Refusal| matches!(r, Refusal::Enrolment(EnrolmentError::NotPossessed));
    assert!(not_possessed(&reason(issuer.enroll("b", &for_a)).1));
    assert!(matches!(reason(issuer.enroll("z", &for_a)), (0, Refusal::Unknown)));
    assert!(matches!(
        reason(issuer.enroll_many(&[("a", &for_a), ("a", &for_a)])),
        (1, Refusal::Repeated)
    ));
    issuer.enroll("a", &for_a).unwrap();
    assert!(matches!(
        reason(issuer.enroll("a", &for_a)),
        (0, Refusal::AlreadyEnrolled)
    ));
    issuer.revoke("a").unwrap();
    assert!(not_possessed(&reason(issuer.enroll("a", &for_a)).1));

    // One nullifier key, one patient: in the store, revoked or not, and within a call.
    let b_as_a = enrolment(&issuer, "b", 2, 1);
    assert!(matches!(
        reason(issuer.enroll("b", &b_as_a)),
        (0, Refusal::NullifierKeyTaken)
    ));
    let (b, c) = (enrolment(&issuer, "b", 2, 9), enrolment(&issuer, "c", 3, 9));
    assert!(matches!(
        reason(issuer.enroll_many(&[("b", &b), ("c", &c)])),
        (1, Refusal::NullifierKeyTaken)
    ));
    // A guardian signs for two children with one key.
    let c = enrolment(&issuer, "c", 2, 8);
    assert_eq!(issuer.enroll_many(&[("b", &b), ("c", &c)]).unwrap().len(), 2);
    assert_eq!(issuer.vault.state().registry.size(), 2);
}

#[test]
fn rotation_keeps_the_nullifier_key() {
    let mut issuer = issuer();
    issuer.import(&[chart("a", 10)]).unwrap();
    let early = enrolment(&issuer, "a", 1, 1);
    assert!(matches!(reason(issuer.rotate("a", &early)), (0, Refusal::NotEnrolled)));
    issuer.enroll("a", &early).unwrap();
    assert!(matches!(
        reason(issuer.rotate("a", &early)),
        (0, Refusal::Enrolment(EnrolmentError::NotPossessed))
    ));
    let other = enrolment(&issuer, "a", 2, 2);
    assert!(matches!(
        reason(issuer.rotate("a", &other)),
        (0, Refusal::NullifierKeyChanged)
    ));
    let same = enrolment(&issuer, "a", 2, 1);
    issuer.rotate("a", &same).unwrap();
    issuer.revoke("a").unwrap();
    let late = enrolment(&issuer, "a", 3, 1);
    assert!(matches!(reason(issuer.rotate("a", &late)), (0, Refusal::Revoked)));
}

#[test]
fn only_enrolled_records_are_revoked() {
    let mut issuer = issuer();
    issuer.import(&[chart("a", 10)]).unwrap();
    assert!(matches!(reason(issuer.revoke("z")), (0, Refusal::Unknown)));
    assert!(matches!(reason(issuer.revoke("a")), (0, Refusal::NotEnrolled)));
    enroll(&mut issuer, "a", 1).unwrap();
    issuer.revoke("a").unwrap();
    assert!(matches!(reason(issuer.revoke("a")), (0, Refusal::Revoked)));
    assert!(matches!(reason(issuer.erase("z")), (0, Refusal::Unknown)));
    issuer.erase("a").unwrap();
    assert_eq!(issuer.records().len(), 0);
}

#[test]
fn a_pending_root_is_frozen_across_openings_until_the_ledger_answers() {
    let disk = SimDisk::default();
    let mut issuer = create(&disk);
    issuer.import(&[chart("a", 10), chart("b", 10)]).unwrap();
    enroll(&mut issuer, "a", 1).unwrap();
    let pending = issuer.pending_root().unwrap();
    issuer.update(&[chart("a", 11)]).unwrap();
    enroll(&mut issuer, "b", 2).unwrap();
    drop(issuer);
    let mut issuer = reopen(&disk).unwrap();
    assert_eq!(issuer.pending_root().unwrap(), pending);
    assert!(issuer.status().changed);
    issuer.mark_anchored(pending.epoch, pending.root).unwrap();
    // The version that was frozen is the one that opens; what came after waits.
    assert_eq!(check_opened(&issuer, "a"), Day(10));
    assert!(matches!(reason(issuer.open_record("b")), (0, Refusal::NotAnchored)));
    issuer.mark_anchored(pending.epoch, pending.root).unwrap();
    assert_eq!(anchor(&mut issuer).epoch, 2);
    assert_eq!(check_opened(&issuer, "a"), Day(11));
    // Nothing changed: a heartbeat.
    let same = issuer.pending_root().unwrap();
    assert_eq!(
        (same.epoch, issuer.status().staged, issuer.status().changed),
        (2, None, false)
    );
}

#[test]
fn what_was_revoked_while_pending_does_not_open() {
    let mut issuer = issuer();
    issuer.import(&[chart("a", 10)]).unwrap();
    enroll(&mut issuer, "a", 1).unwrap();
    let pending = issuer.pending_root().unwrap();
    issuer.revoke("a").unwrap();
    issuer.mark_anchored(pending.epoch, pending.root).unwrap();
    assert!(matches!(reason(issuer.open_record("a")), (0, Refusal::Revoked)));
    // Nor under the frozen root once it is enrolled again with other keys.
    enroll(&mut issuer, "a", 2).unwrap();
    assert!(matches!(reason(issuer.open_record("a")), (0, Refusal::NotAnchored)));
}

#[test]
fn a_withdrawn_root_makes_way_for_the_current_one() {
    let mut issuer = issuer();
    issuer.import(&[chart("a", 10)]).unwrap();
    assert!(matches!(
        issuer.withdraw_pending(),
        Err(IssuerError::Registry(RegistryError::NothingStaged))
    ));
    enroll(&mut issuer, "a", 1).unwrap();
    let first = issuer.pending_root().unwrap();
    issuer.update(&[chart("a", 11)]).unwrap();
    issuer.withdraw_pending().unwrap();
    let second = issuer.pending_root().unwrap();
    assert_eq!(second.epoch, first.epoch);
    assert_ne!(second.root, first.root);
    assert!(matches!(
        issuer.mark_anchored(first.epoch, first.root),
        Err(IssuerError::Registry(RegistryError::OtherAnchor { .. }))
    ));
    issuer.mark_anchored(second.epoch, second.root).unwrap();
    assert_eq!(check_opened(&issuer, "a"), Day(11));
}

#[test]
fn an_empty_call_changes_nothing() {
    let disk = SimDisk::default();
    let mut issuer = create(&disk);
    let operations = disk.operations();
    assert!(issuer.import(&[]).unwrap().is_empty());
    assert!(issuer.enroll_many(&[]).unwrap().is_empty());
    assert_eq!(disk.operations(), operations);
}

#[test]
fn on_a_real_disk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("issuer");
    assert!(matches!(
        Issuer::open(&path, master()),
        Err(IssuerError::Vault(VaultError::Disk(DiskError::Missing { .. })))
    ));
    let mut issuer = Issuer::create(&path, master(), "hospital").unwrap();
    issuer.import(&[chart("patient-name", 10), chart("b", 10)]).unwrap();
    enroll(&mut issuer, "patient-name", 1).unwrap();
    anchor(&mut issuer);
    let before = fingerprint(&issuer).unwrap();
    assert!(matches!(
        Issuer::open(&path, master()),
        Err(IssuerError::Vault(VaultError::Disk(DiskError::Locked)))
    ));
    drop(issuer);
    assert!(matches!(
        Issuer::create(&path, master(), "hospital"),
        Err(IssuerError::Vault(VaultError::NotEmpty))
    ));
    let other = Box::new(LocalMasterKey::from_bytes([1; 32]));
    assert!(matches!(
        Issuer::open(&path, other),
        Err(IssuerError::Vault(VaultError::WrongMasterKey { .. }))
    ));
    let mut issuer = Issuer::open(&path, master()).unwrap();
    assert_eq!((issuer.name(), fingerprint(&issuer).unwrap()), ("hospital", before));
    // Neither names nor contents tell of a patient or the issuer.
    let directories = ["issuer", "keystore", "erasures"].map(|name| dir.path().join(name));
    let entries = || directories.iter().flat_map(|path| std::fs::read_dir(path).unwrap());
    for entry in entries() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let random = name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit());
        let known = ["head", "counter", "lock", "log", "tip"].contains(&name.as_str());
        assert!(random || known || name.starts_with("level"), "{name}");
        let bytes = std::fs::read(entry.path()).unwrap();
        for text in ["patient-name", "hospital"] {
            assert!(!bytes.windows(text.len()).any(|w| w == text.as_bytes()));
        }
    }
    issuer.erase("patient-name").unwrap();
    issuer.erase("b").unwrap();
    drop(issuer);
    // A pack with a snapshot, its keys, and a lock in each directory are left.
    assert_eq!(entries().count(), 2 + 2 + REGISTRY_DEPTH + 2 + 3);
    assert_eq!(Issuer::open(&path, master()).unwrap().records().len(), 0);
}

#[test]
fn no_issuer_in_an_empty_directory() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        Issuer::open(dir.path(), master()),
        Err(IssuerError::Vault(VaultError::NoIssuer))
    ));
}

#[test]
fn nothing_of_a_patient_is_in_errors_or_debug_output() {
    let mut issuer = issuer();
    issuer.import(&[chart("patient-name", 10)]).unwrap();
    enroll(&mut issuer, "patient-name", 1).unwrap();
    anchor(&mut issuer);
    let shown = [
        format!("{:?}", issuer.import(&[chart("patient-name", 10)])),
        format!("{}", issuer.import(&[chart("patient-name", 10)]).unwrap_err()),
        format!("{:?}", issuer.update(&[chart("patient-name", 9)])),
        format!("{:?}", issuer.records().collect::<Vec<_>>()),
        format!("{:?}", issuer.open_record("patient-name")),
        format!("{:?}", issuer.receipt("patient-name")),
        format!("{:?}", issuer.invitation("patient-name")),
    ];
    let salt = format!("{}", issuer.open_record("patient-name").unwrap().opening.salt);
    for text in shown {
        assert!(!text.contains("patient-name") && !text.contains(&salt), "{text}");
    }
}

#[test]
fn operations_are_folded_into_snapshots() {
    let disk = SimDisk::default();
    let mut issuer = create(&disk);
    issuer.import(&[chart("a", 10)]).unwrap();
    for _ in 0..300 {
        issuer.update(&[chart("a", 10)]).unwrap();
        assert!(issuer.vault.segments() <= 260);
    }
    // Many records, few operations each: the files of them stay few.
    let charts: Vec<PatientChart> = (0..600).map(|i| chart(&format!("p{i}"), 10)).collect();
    issuer.import(&charts).unwrap();
    for _ in 0..600 {
        issuer.update(&[chart("a", 10)]).unwrap();
        assert!(issuer.vault.segments() <= 514);
    }
    let before = fingerprint(&issuer).unwrap();
    drop(issuer);
    assert_eq!(fingerprint(&reopen(&disk).unwrap()).unwrap(), before);
}
