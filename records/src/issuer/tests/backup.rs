//! `docs/ops/backup.md`, done on a real disk.

use super::*;
use crate::vault::Places;
use std::fs;

// Whole directories, every file but the lock, which nobody needs.
fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn open(places: &Places) -> Result<Issuer, IssuerError> {
    Issuer::open_on(Disks::open(places)?, master())
}

#[test]
fn a_backup_restored_as_the_page_says_erases_again() {
    let dir = tempfile::tempdir().unwrap();
    let live = Places {
        records: dir.path().join("issuer/vault"),
        keystore: dir.path().join("other-disk/keys"),
        erasures: dir.path().join("third-disk/erased"),
    };
    let mut issuer = Issuer::create_on(Disks::create(&live).unwrap(), master(), "hospital").unwrap();
    issuer
        .import(&["a", "b", "c"].map(|patient| chart(patient, 10)))
        .unwrap();
    enroll(&mut issuer, "a", 1).unwrap();
    enroll(&mut issuer, "b", 2).unwrap();
    anchor(&mut issuer);
    drop(issuer);

    // To copy.
    let backup = dir.path().join("backup");
    copy(&live.keystore, &backup.join("keystore"));
    copy(&live.records, &backup.join("records"));
    let mut issuer = open(&live).unwrap();
    issuer.erase("a").unwrap();
    issuer.update(&[chart("b", 20)]).unwrap();
    drop(issuer);
    copy(&live.erasures, &backup.join("erasures"));

    // The machine is gone. To restore.
    for path in [&live.records, &live.keystore, &live.erasures] {
        fs::remove_dir_all(path).unwrap();
    }
    copy(&backup.join("records"), &live.records);
    assert!(matches!(open(&live), Err(IssuerError::Vault(VaultError::NoKeystore))));
    copy(&backup.join("keystore"), &live.keystore);
    assert!(matches!(
        open(&live),
        Err(IssuerError::Vault(VaultError::ErasureLog { .. }))
    ));
    copy(&backup.join("erasures"), &live.erasures);
    let issuer = open(&live).unwrap();
    assert_eq!(issuer.replayed().unwrap().records, 1);
    assert!(matches!(reason(issuer.open_record("a")), (0, Refusal::Unknown)));
    assert_eq!(check_opened(&issuer, "b"), Day(10));
    drop(issuer);
    assert_eq!(open(&live).unwrap().replayed(), None);
}

// Not one file of the records opens under the master key but the head, which names no patient.
#[test]
fn a_backup_of_the_records_alone_opens_nothing() {
    let disk = SimDisk::default();
    let mut issuer = create(&disk);
    issuer.import(&[chart("patient-name", 10)]).unwrap();
    let vault = *issuer.vault.id();
    drop(issuer);
    for (name, bytes) in disk.files() {
        if name.len() != 32 {
            continue;
        }
        let pack = hex::decode(&name).unwrap();
        for kind in [SealKind::Segment, SealKind::Record] {
            assert!(seal::open(&*master(), kind, &[&vault[..], &pack].concat(), &name, &bytes).is_err());
        }
        assert!(!bytes.windows(4).any(|bytes| bytes == b"MPV1" || bytes == b"MPK1"));
    }
    let head = seal::open(&*master(), SealKind::Head, &[], "head", &disk.files()["head"]).unwrap();
    assert!(!head.windows(12).any(|bytes| bytes == b"patient-name"));
}
