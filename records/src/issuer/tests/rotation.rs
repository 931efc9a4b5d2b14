//! The master key is rotated: whatever is there stays readable, under the new key alone, wherever a
//! crash comes.

use super::*;
use crate::vault::{DiskError, Rewrapped, rewrap};
use core::ops::ControlFlow;

fn next() -> LocalMasterKey {
    LocalMasterKey::from_bytes([43; 32])
}

fn rotate(disk: &SimDisk) -> Result<Rewrapped, VaultError> {
    rewrap(disks(disk), master(), &next(), &mut |_, _| ControlFlow::Continue(()))
}

fn reopen_new(disk: &SimDisk) -> Result<Issuer, IssuerError> {
    Issuer::open_on(disks(disk), Box::new(next()))
}

// Some of everything, over several packs, one with an erased record's destroyed key among others.
fn base() -> SimDisk {
    let disk = SimDisk::default();
    let mut issuer = create(&disk);
    let charts = ["a", "b", "c", "d"].map(|patient| chart(patient, 10));
    issuer.import(&charts).unwrap();
    enroll(&mut issuer, "a", 1).unwrap();
    enroll(&mut issuer, "b", 2).unwrap();
    anchor(&mut issuer);
    issuer.update(&[chart("a", 20)]).unwrap();
    issuer.erase("d").unwrap();
    disk
}

#[test]
fn old_records_are_readable_under_the_new_key_and_under_no_other() {
    let disk = base();
    let before = fingerprint(&reopen(&disk).unwrap()).unwrap();
    let files = disk.files().len();
    let mut seen = Vec::new();
    let follow = &mut |done, total| {
        seen.push((done, total));
        ControlFlow::Continue(())
    };
    let rotated = rewrap(disks(&disk), master(), &next(), follow).unwrap();
    assert_eq!((rotated.old, rotated.new), (master().id(), next().id()));
    assert!(!rotated.resumed && rotated.keys >= 4);
    // Of each file once, to the last.
    let total = seen.len() as u64;
    assert!(seen.iter().copied().eq((1..=total).map(|done| (done, total))));
    assert!(matches!(
        reopen(&disk),
        Err(IssuerError::Vault(VaultError::WrongMasterKey { .. }))
    ));
    let mut issuer = reopen_new(&disk).unwrap();
    assert_eq!(fingerprint(&issuer).unwrap(), before);
    assert_eq!(disk.files().len(), files);
    // And life goes on.
    issuer.import(&[chart("e", 30)]).unwrap();
    issuer.erase("b").unwrap();
    let after = fingerprint(&issuer).unwrap();
    drop(issuer);
    assert_eq!(fingerprint(&reopen_new(&disk).unwrap()).unwrap(), after);
}

#[test]
fn nothing_that_the_old_key_wrapped_is_left() {
    let disk = base();
    let issuer = reopen(&disk).unwrap();
    let entries = issuer.vault.state().index.iter();
    let items: Vec<_> = entries.flat_map(|(_, entry)| entry.items()).collect();
    let old: Vec<Vec<u8>> = items.iter().map(|item| issuer.vault.wrapped(*item)).collect();
    drop(issuer);
    rotate(&disk).unwrap();
    for (name, bytes) in disk.files() {
        for wrapped in &old {
            let found = bytes.windows(wrapped.len()).any(|window| window == wrapped);
            assert!(!wrapped.is_empty() && !found, "{name}");
        }
    }
}

#[test]
fn whatever_operation_is_the_last_the_rotation_goes_on() {
    let base = base();
    let before = fingerprint(&reopen(&base.fork()).unwrap()).unwrap();
    let (files, steps) = {
        let disk = base.fork();
        rotate(&disk).unwrap();
        (disk.files().len(), disk.operations() - base.operations())
    };
    let (mut unfinished, mut resumed) = (0, 0);
    for step in 0..steps {
        for crash in CRASHES {
            let at = format!("step {step}, {crash:?}");
            let disk = base.fork();
            disk.die_at(base.operations() + step);
            rotate(&disk).unwrap_err();
            disk.revive(crash);
            match (reopen(&disk), reopen_new(&disk)) {
                // Not begun: the old key opens what it opened, and all of it.
                (Ok(issuer), Err(_)) => assert_eq!(fingerprint(&issuer).unwrap(), before, "{at}"),
                // Ended: the new key does.
                (Err(_), Ok(issuer)) => {
                    assert_eq!(fingerprint(&issuer).unwrap(), before, "{at}");
                    continue;
                }
                (Err(old), Err(new)) => {
                    let refused =
                        |error: &IssuerError| matches!(error, IssuerError::Vault(VaultError::RotationUnfinished));
                    assert!(refused(&old) && refused(&new), "{at}: {old}; {new}");
                    unfinished += 1;
                }
                (Ok(_), Ok(_)) => panic!("{at}: two keys open it"),
            }
            resumed += u32::from(rotate(&disk).unwrap_or_else(|e| panic!("{at}: {e}")).resumed);
            assert_eq!(fingerprint(&reopen_new(&disk).unwrap()).unwrap(), before, "{at}");
            assert_eq!(disk.files().len(), files, "{at}");
        }
    }
    assert!(unfinished > 20 && resumed == unfinished);
}

#[test]
fn a_full_disk_stops_it_and_room_lets_it_go_on() {
    let base = base();
    let before = fingerprint(&reopen(&base.fork()).unwrap()).unwrap();
    let steps = {
        let disk = base.fork();
        rotate(&disk).unwrap();
        disk.operations() - base.operations()
    };
    let mut refused = 0;
    for step in 0..steps {
        let disk = base.fork();
        disk.full_at(base.operations() + step);
        if let Err(error) = rotate(&disk) {
            assert!(matches!(error, VaultError::Disk(DiskError::Full { .. })), "{error}");
            refused += 1;
            rotate(&disk).unwrap();
        }
        assert_eq!(fingerprint(&reopen_new(&disk).unwrap()).unwrap(), before, "step {step}");
    }
    assert!(refused > 10);
}

#[test]
fn a_rotation_that_is_stopped_goes_on() {
    let disk = base();
    let before = fingerprint(&reopen(&disk).unwrap()).unwrap();
    let stop = &mut |done, _| match done {
        0..=2 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    };
    let stopped = rewrap(disks(&disk), master(), &next(), stop);
    assert!(matches!(stopped, Err(VaultError::Interrupted)));
    assert!(matches!(
        reopen(&disk),
        Err(IssuerError::Vault(VaultError::RotationUnfinished))
    ));
    // A third key helps nobody.
    let stranger = LocalMasterKey::from_bytes([44; 32]);
    let strange = rewrap(disks(&disk), Box::new(stranger), &next(), &mut |_, _| {
        ControlFlow::Continue(())
    });
    assert!(matches!(strange, Err(VaultError::WrongMasterKey { .. })));
    assert!(rotate(&disk).unwrap().resumed);
    assert_eq!(fingerprint(&reopen_new(&disk).unwrap()).unwrap(), before);
}

#[test]
fn what_cannot_be_rotated_stays_as_it_was() {
    let disk = base();
    let files = disk.files();
    let follow = &mut |_, _| ControlFlow::Continue(());
    let same = rewrap(disks(&disk), master(), &*master(), follow);
    assert!(matches!(same, Err(VaultError::SameMasterKey { .. })));
    let wrong = rewrap(
        disks(&disk),
        Box::new(next()),
        &LocalMasterKey::from_bytes([44; 32]),
        follow,
    );
    assert!(matches!(wrong, Err(VaultError::WrongMasterKey { .. })));
    assert_eq!(disk.files(), files);
}
