//! Files that were changed, cut, swapped, removed or put back.

use super::*;
use crate::vault::index::Item;

fn base() -> SimDisk {
    let disk = SimDisk::default();
    let mut issuer = create(&disk);
    let charts = ["a", "b", "c", "erased"].map(|patient| chart(patient, 10));
    issuer.import(&charts).unwrap();
    issuer.erase("erased").unwrap();
    enroll(&mut issuer, "a", 1).unwrap();
    enroll(&mut issuer, "b", 2).unwrap();
    anchor(&mut issuer);
    disk
}

// All but the registry's nodes, which are not sealed: those have tests of their own.
fn sealed_files(disk: &SimDisk) -> Vec<(String, Vec<u8>)> {
    let files = disk.files().into_iter();
    files.filter(|(name, _)| !name.starts_with("level")).collect()
}

fn read_all(disk: &SimDisk) -> Result<Vec<String>, IssuerError> {
    fingerprint(&reopen(disk)?)
}

fn assert_found(disk: &SimDisk, what: &str) {
    assert!(matches!(read_all(disk), Err(IssuerError::Vault(_))), "{what}");
}

#[test]
fn a_changed_cut_or_missing_file_is_found() {
    let base = base();
    for (name, bytes) in sealed_files(&base) {
        let flips = (0..bytes.len()).step_by(61).chain([bytes.len() - 1]);
        // Zeros are of what was destroyed: nobody asks for them.
        for at in flips.filter(|at| bytes[*at] != 0) {
            let mut bad = bytes.clone();
            bad[at] ^= 0x20;
            let disk = base.fork();
            disk.plant(&name, bad);
            assert_found(&disk, &format!("{name} changed at {at}"));
        }
        for keep in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            if bytes[keep..].iter().all(|b| *b == 0) {
                continue;
            }
            let disk = base.fork();
            disk.plant(&name, bytes[..keep].to_vec());
            assert_found(&disk, &format!("{name} cut to {keep}"));
        }
        let disk = base.fork();
        disk.unlink(&name);
        assert_found(&disk, &format!("{name} removed"));
    }
}

#[test]
fn swapped_files_are_found() {
    let base = base();
    let files = sealed_files(&base);
    for (i, (a, a_bytes)) in files.iter().enumerate() {
        for (b, b_bytes) in &files[i + 1..] {
            let disk = base.fork();
            disk.plant(a, b_bytes.clone());
            disk.plant(b, a_bytes.clone());
            assert_found(&disk, &format!("{a} and {b} swapped"));
        }
    }
}

#[test]
fn another_issuers_file_is_found() {
    let (one, two) = (base(), base());
    for name in ["head", "keystore/counter", "erasures/tip"] {
        let disk = one.fork();
        disk.plant(name, two.files()[name].clone());
        assert_found(&disk, name);
    }
}

#[test]
fn a_head_put_back_is_found() {
    let disk = base();
    let old = disk.files();
    let mut issuer = reopen(&disk).unwrap();
    issuer.update(&[chart("c", 11)]).unwrap();
    let newer = disk.files();
    issuer.update(&[chart("c", 12)]).unwrap();
    drop(issuer);
    for head in [&old["head"], &newer["head"]] {
        let tampered = disk.fork();
        tampered.plant("head", head.clone());
        assert!(matches!(
            read_all(&tampered),
            Err(IssuerError::Vault(VaultError::RolledBack { .. }))
        ));
        // And nothing newer was taken for left over.
        assert_eq!(tampered.files().len(), disk.files().len());
    }
    let tampered = disk.fork();
    tampered.plant("keystore/counter", old["keystore/counter"].clone());
    assert!(matches!(
        read_all(&tampered),
        Err(IssuerError::Vault(VaultError::RolledBack { .. }))
    ));
    // One behind is what a crash leaves, and is mended by the next change.
    let crashed = disk.fork();
    crashed.plant("keystore/counter", newer["keystore/counter"].clone());
    let mut issuer = reopen(&crashed).unwrap();
    issuer.update(&[chart("c", 13)]).unwrap();
    issuer.update(&[chart("c", 14)]).unwrap();
    drop(issuer);
    read_all(&crashed).unwrap();
}

#[test]
fn an_older_version_of_a_record_in_the_newer_ones_place_is_found() {
    let disk = base();
    let item = |issuer: &Issuer| issuer.find(0, "a").unwrap().1.latest.item;
    let part = |item: Item| item.at as usize..(item.at + u64::from(item.length)) as usize;
    let mut issuer = reopen(&disk).unwrap();
    let old = item(&issuer);
    issuer.update(&[chart("a", 11)]).unwrap();
    let new = item(&issuer);
    drop(issuer);
    let older = disk.files()[&old.pack.to_string()][part(old)].to_vec();
    let mut pack = disk.files()[&new.pack.to_string()].clone();
    assert_eq!(older.len(), part(new).len());
    pack[part(new)].copy_from_slice(&older);
    disk.plant(&new.pack.to_string(), pack);
    assert_found(&disk, "an older version");
}

#[test]
fn files_of_others_are_left_alone() {
    let disk = base();
    for name in ["notes.txt", &"AB".repeat(16), &"ab".repeat(17)] {
        disk.plant(name, b"mine".to_vec());
    }
    let before = disk.files();
    read_all(&disk).unwrap();
    assert_eq!(disk.files(), before);
}

#[test]
fn a_record_that_is_not_what_was_anchored_does_not_open() {
    let disk = base();
    let mut issuer = reopen(&disk).unwrap();
    issuer.set_leaves(vec![(0, Some(Fr::from(1u64)))]).unwrap();
    anchor(&mut issuer);
    assert!(matches!(
        issuer.open_record("a"),
        Err(IssuerError::Vault(VaultError::Mismatch { .. }))
    ));
    check_opened(&issuer, "b");
}
