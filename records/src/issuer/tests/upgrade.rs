//! A vault of the first form, as version 0.1 wrote it into `records/tests/data/vault-1`: a is enrolled,
//! anchored, staged anew and changed since; b anchored, staged and changed; c without a holder; e revoked; one
//! erased. `a`'s version 2 is anchored, 3 staged, 4 the latest.

use super::*;

fn first_form() -> SimDisk {
    let disk = SimDisk::default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/vault-1");
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        disk.plant(&name, std::fs::read(entry.path()).unwrap());
    }
    disk
}

fn check(issuer: &mut Issuer) {
    let status = issuer.status();
    assert_eq!((status.unenrolled, status.enrolled, status.revoked), (1, 2, 1));
    let (anchored, staged) = (status.anchored.unwrap(), status.staged.unwrap());
    assert_eq!((anchored.epoch, anchored.size, staged.epoch, staged.size), (1, 3, 2, 2));
    assert!(status.changed);
    assert_eq!(
        (check_opened(issuer, "a"), check_opened(issuer, "b")),
        (Day(10), Day(10))
    );
    assert_eq!(issuer.open_record("a").unwrap().opening.holder, holder(1, 1));
    fingerprint(issuer).unwrap();
}

#[test]
fn it_is_read_as_it_was_and_goes_on() {
    let disk = first_form();
    let mut issuer = reopen(&disk).unwrap();
    check(&mut issuer);
    let before = fingerprint(&issuer).unwrap();
    drop(issuer);
    let mut issuer = reopen(&disk).unwrap();
    assert_eq!(fingerprint(&issuer).unwrap(), before);
    // Nothing of the first form is left.
    assert_eq!(disk.files().len(), files_needed(&issuer));
    let staged = issuer.status().staged.unwrap();
    issuer.mark_anchored(staged.epoch, staged.root).unwrap();
    assert_eq!(
        (check_opened(&issuer, "a"), check_opened(&issuer, "b")),
        (Day(20), Day(10))
    );
    anchor(&mut issuer);
    assert_eq!(
        (check_opened(&issuer, "a"), check_opened(&issuer, "b")),
        (Day(40), Day(30))
    );
    issuer.erase("a").unwrap();
    enroll(&mut issuer, "e", 9).unwrap();
    anchor(&mut issuer);
    check_opened(&issuer, "e");
}

#[test]
fn an_interrupted_upgrade_begins_again() {
    let steps = {
        let disk = first_form();
        reopen(&disk).unwrap();
        disk.operations()
    };
    for (step, crash) in (0..steps).flat_map(|step| CRASHES.map(|crash| (step, crash))) {
        let disk = first_form();
        disk.die_at(step);
        let _ = reopen(&disk);
        disk.revive(crash);
        let mut issuer = reopen(&disk).unwrap_or_else(|e| panic!("step {step}, {crash:?}: {e}"));
        check(&mut issuer);
        assert_eq!(disk.files().len(), files_needed(&issuer), "step {step}, {crash:?}");
    }
}

#[test]
fn a_changed_file_of_the_first_form_is_found() {
    let base = first_form();
    for (name, bytes) in base.files() {
        let mut bad = bytes.clone();
        bad[bytes.len() / 2] ^= 1;
        let disk = base.fork();
        disk.plant(&name, bad);
        assert!(matches!(reopen(&disk), Err(IssuerError::Vault(_))), "{name}");
        // And it is left as it was.
        assert!(disk.files().contains_key("counter"), "{name}");
    }
}

#[test]
fn on_a_real_disk_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    std::fs::create_dir(&path).unwrap();
    for (name, bytes) in first_form().files() {
        std::fs::write(path.join(name), bytes).unwrap();
    }
    for _ in 0..2 {
        check(&mut Issuer::open(&path, master()).unwrap());
    }
}
