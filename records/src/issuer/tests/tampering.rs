//! Files that were changed, cut, swapped, removed or put back.

use super::*;

fn base() -> SimDisk {
    let disk = SimDisk::default();
    let mut issuer = create(&disk);
    issuer
        .import(&[chart("a", 10), chart("b", 10), chart("c", 10)])
        .unwrap();
    enroll(&mut issuer, "a", 1).unwrap();
    enroll(&mut issuer, "b", 2).unwrap();
    anchor(&mut issuer);
    disk
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
    for (name, bytes) in base.files() {
        let flips = (0..bytes.len()).step_by(61).chain([bytes.len() - 1]);
        for at in flips {
            let mut bad = bytes.clone();
            bad[at] ^= 0x20;
            let disk = base.fork();
            disk.plant(&name, bad);
            assert_found(&disk, &format!("{name} changed at {at}"));
        }
        for keep in [0, 1, bytes.len() / 2, bytes.len() - 1] {
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
    let files: Vec<(String, Vec<u8>)> = base.files().into_iter().collect();
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
    for name in ["head", "counter"] {
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
    tampered.plant("counter", old["counter"].clone());
    assert!(matches!(
        read_all(&tampered),
        Err(IssuerError::Vault(VaultError::RolledBack { .. }))
    ));
    // One behind is what a crash leaves, and is mended by the next change.
    let crashed = disk.fork();
    crashed.plant("counter", newer["counter"].clone());
    let mut issuer = reopen(&crashed).unwrap();
    issuer.update(&[chart("c", 13)]).unwrap();
    issuer.update(&[chart("c", 14)]).unwrap();
    drop(issuer);
    read_all(&crashed).unwrap();
}

#[test]
fn an_older_version_of_a_record_in_the_newer_ones_place_is_found() {
    let disk = base();
    let names = |issuer: &Issuer| issuer.find(0, "a").unwrap().1.latest.file.to_string();
    let mut issuer = reopen(&disk).unwrap();
    let old = names(&issuer);
    issuer.update(&[chart("a", 11)]).unwrap();
    let new = names(&issuer);
    drop(issuer);
    disk.plant(&new, disk.files()[&old].clone());
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
    issuer.apply(Op::Leaves(vec![(0, Some(Fr::from(1u64)))])).unwrap();
    anchor(&mut issuer);
    assert!(matches!(
        issuer.open_record("a"),
        Err(IssuerError::Vault(VaultError::Mismatch { .. }))
    ));
    check_opened(&issuer, "b");
}
