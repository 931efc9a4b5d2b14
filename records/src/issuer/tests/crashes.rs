//! Whatever operation of the disk is the last, the next process finds the state before or after.

use super::*;
use crate::vault::DiskError;
use crate::vault::seal::{self, SealKind};
use std::collections::BTreeSet;

type Call = fn(&mut Issuer) -> Result<(), IssuerError>;

const CALLS: [(&str, Call); 9] = [
    ("import", |i| i.import(&[chart("x", 5), chart("y", 6)]).map(drop)),
    ("update", |i| {
        i.update(&[chart("a", 21), chart("b", 22), chart("c", 23)]).map(drop)
    }),
    ("enroll", |i| {
        let (c, d) = (enrolment(i, "c", 7, 7), enrolment(i, "d", 8, 8));
        i.enroll_many(&[("c", &c), ("d", &d)]).map(drop)
    }),
    ("rotate", |i| {
        let keys = enrolment(i, "a", 9, 1);
        i.rotate("a", &keys).map(drop)
    }),
    ("revoke", |i| i.revoke("b").map(drop)),
    ("erase", |i| i.erase("a")),
    ("stage", |i| i.pending_root().map(drop)),
    ("withdraw", Issuer::withdraw_pending),
    ("anchor", |i| {
        let staged = i.status().staged.unwrap();
        i.mark_anchored(staged.epoch, staged.root)
    }),
];

// Some of everything: anchored and changed since, revoked, unenrolled; a root staged where the
// call needs one.
fn base(call: &str) -> SimDisk {
    let disk = SimDisk::default();
    let mut issuer = create(&disk);
    let charts: Vec<PatientChart> = ["a", "b", "c", "d", "e"].iter().map(|p| chart(p, 10)).collect();
    issuer.import(&charts).unwrap();
    enroll(&mut issuer, "a", 1).unwrap();
    enroll(&mut issuer, "b", 2).unwrap();
    enroll(&mut issuer, "e", 3).unwrap();
    anchor(&mut issuer);
    issuer.update(&[chart("a", 20)]).unwrap();
    issuer.revoke("e").unwrap();
    if ["withdraw", "anchor"].contains(&call) {
        issuer.pending_root().unwrap();
        issuer.update(&[chart("b", 20)]).unwrap();
    }
    disk
}

fn files_needed(issuer: &Issuer) -> usize {
    let operations_and_snapshot = issuer.vault.segments();
    issuer.vault.state().files().len() + operations_and_snapshot + 2
}

#[test]
fn a_change_appears_whole_or_not_at_all() {
    for (name, call) in CALLS {
        let base = base(name);
        let before = fingerprint(&reopen(&base.fork()).unwrap()).unwrap();
        let (start, after, steps) = {
            let disk = base.fork();
            let mut issuer = reopen(&disk).unwrap();
            let start = disk.operations();
            call(&mut issuer).unwrap();
            (start, fingerprint(&issuer).unwrap(), disk.operations() - start)
        };
        assert_ne!(before, after, "{name}");
        let mut seen = BTreeSet::new();
        for step in 0..steps {
            for crash in CRASHES {
                let disk = base.fork();
                let mut issuer = reopen(&disk).unwrap();
                disk.die_at(start + step);
                let returned = call(&mut issuer);
                drop(issuer);
                disk.revive(crash);
                let mut issuer = reopen(&disk).unwrap_or_else(|e| panic!("{name}, step {step}, {crash:?}: {e}"));
                let found = fingerprint(&issuer).unwrap();
                assert!(found == before || found == after, "{name}, step {step}, {crash:?}");
                assert!(
                    returned.is_err() || found == after,
                    "{name}, step {step}, {crash:?}: lost"
                );
                assert_eq!(
                    disk.files().len(),
                    files_needed(&issuer),
                    "{name}, step {step}, {crash:?}: left over"
                );
                seen.insert(found == after);
                // And life goes on.
                issuer.import(&[chart("later", 1)]).unwrap();
                let later = fingerprint(&issuer).unwrap();
                drop(issuer);
                assert_eq!(fingerprint(&reopen(&disk).unwrap()).unwrap(), later);
            }
        }
        assert_eq!(seen.len(), 2, "{name}: crashes came both before and after");
    }
}

#[test]
fn an_interrupted_creation_holds_nothing() {
    let steps = {
        let disk = SimDisk::default();
        create(&disk);
        disk.operations()
    };
    for step in 0..steps {
        for crash in CRASHES {
            let disk = SimDisk::default();
            disk.die_at(step);
            let created = Issuer::create_on(Box::new(disk.clone()), master(), "hospital");
            disk.revive(crash);
            match reopen(&disk) {
                Ok(issuer) => assert_eq!(issuer.records().len(), 0),
                Err(error) => {
                    assert!(created.is_err(), "step {step}, {crash:?}");
                    assert!(
                        matches!(error, IssuerError::Vault(VaultError::NoIssuer)),
                        "step {step}, {crash:?}: {error}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_full_disk_changes_nothing_and_leaves_nothing() {
    for (name, call) in CALLS {
        let base = base(name);
        let (start, steps) = {
            let disk = base.fork();
            let mut issuer = reopen(&disk).unwrap();
            let start = disk.operations();
            call(&mut issuer).unwrap();
            (start, disk.operations() - start)
        };
        let before = fingerprint(&reopen(&base.fork()).unwrap()).unwrap();
        let mut refused = 0;
        for step in 0..steps {
            let disk = base.fork();
            let mut issuer = reopen(&disk).unwrap();
            let files: Vec<String> = disk.files().into_keys().collect();
            disk.full_at(start + step);
            let Err(error) = call(&mut issuer) else {
                // Only destroying what is not needed failed: tried again later.
                continue;
            };
            assert!(
                matches!(error, IssuerError::Vault(VaultError::Disk(DiskError::Full { .. }))),
                "{name}, step {step}: {error}"
            );
            if disk.files().into_keys().collect::<Vec<_>>() == files {
                refused += 1;
                assert_eq!(fingerprint(&issuer).unwrap(), before, "{name}, step {step}");
                if call(&mut issuer).is_ok() {
                    continue;
                }
            }
            // Making it final failed: the issuer says so until it is opened again.
            let again = issuer.import(&[chart("later", 1)]);
            if name != "erase" {
                assert!(
                    matches!(again, Err(IssuerError::Vault(VaultError::Reopen))),
                    "{name}, step {step}"
                );
            }
            drop(issuer);
            let mut issuer = reopen(&disk).unwrap();
            fingerprint(&issuer).unwrap();
            assert_eq!(disk.files().len(), files_needed(&issuer));
            if name != "erase" {
                issuer.import(&[chart("later", 1)]).unwrap();
            }
        }
        // At least: a segment, a head and a counter, each written and synced, and their names.
        assert!(refused >= 7, "{name}: {refused}");
    }
}

// Every record that some block on the disk still opens as, given all names that ever were.
fn readable(disk: &SimDisk, contexts: &[(SealKind, Vec<u8>)]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for block in disk.blocks() {
        for (kind, context) in contexts {
            if let Ok(body) = seal::open(&*master(), *kind, context, "", &block) {
                found.push(body.to_vec());
            }
        }
    }
    found
}

fn contexts(issuer: &Issuer, patient: &str, disk: &SimDisk) -> Vec<(SealKind, Vec<u8>)> {
    let (id, entry) = issuer.find(0, patient).unwrap();
    let mut contexts = Vec::new();
    for name in disk.files().into_keys().filter(|n| n.len() == 32) {
        let name = hex::decode(name).unwrap();
        let vault = issuer.vault.id();
        contexts.push((SealKind::Segment, [&vault[..], &name].concat()));
        for version in 0..=entry.latest.version {
            let context = [&vault[..], &name, id.bytes(), &version.to_be_bytes()].concat();
            contexts.push((SealKind::Record, context));
        }
    }
    contexts
}

fn mentions(bodies: &[Vec<u8>], text: &[u8]) -> usize {
    bodies
        .iter()
        .filter(|b| b.windows(text.len()).any(|w| w == text))
        .count()
}

#[test]
fn erasure_leaves_nothing_that_the_master_key_opens() {
    let disk = SimDisk::default();
    let mut issuer = create(&disk);
    issuer
        .import(&[chart("erased-patient", 10), chart("kept-patient", 10)])
        .unwrap();
    enroll(&mut issuer, "erased-patient", 1).unwrap();
    enroll(&mut issuer, "kept-patient", 2).unwrap();
    anchor(&mut issuer);
    issuer.update(&[chart("erased-patient", 11)]).unwrap();
    issuer.pending_root().unwrap();
    issuer.update(&[chart("erased-patient", 12)]).unwrap();
    drop(issuer);
    let start = {
        let fork = disk.fork();
        reopen(&fork).unwrap();
        fork.operations()
    };
    let (id, secret, nk, contexts) = {
        let issuer = reopen(&disk.fork()).unwrap();
        let (id, entry) = issuer.find(0, "erased-patient").unwrap();
        // Latest, staged and anchored are three versions.
        assert_eq!(entry.files().count(), 3);
        let content = issuer.vault.read(&id, entry.latest).unwrap();
        let nk = content.holder.as_ref().unwrap().nk.to_bytes();
        (
            id,
            *content.secret.expose(),
            nk,
            contexts(&issuer, "erased-patient", &disk),
        )
    };
    let secrets: [&[u8]; 4] = [b"erased-patient", id.bytes(), &secret, nk.as_slice()];
    for text in secrets {
        assert!(mentions(&readable(&disk, &contexts), text) >= 3);
    }
    let steps = {
        let fork = disk.fork();
        let mut issuer = reopen(&fork).unwrap();
        issuer.erase("erased-patient").unwrap();
        assert_eq!(check_opened(&issuer, "kept-patient"), Day(10));
        assert_erased(&fork, &contexts, &secrets);
        fork.operations() - start
    };
    for step in 0..steps {
        for crash in CRASHES {
            let fork = disk.fork();
            let mut issuer = reopen(&fork).unwrap();
            fork.die_at(start + step);
            let returned = issuer.erase("erased-patient");
            drop(issuer);
            fork.revive(crash);
            let issuer = reopen(&fork).unwrap();
            if issuer.record_id("erased-patient").is_err() {
                assert_erased(&fork, &contexts, &secrets);
            } else {
                assert!(returned.is_err());
            }
        }
    }
}

fn assert_erased(disk: &SimDisk, contexts: &[(SealKind, Vec<u8>)], secrets: &[&[u8]]) {
    let mut contexts = contexts.to_vec();
    let issuer = reopen(disk).unwrap();
    for name in disk.files().into_keys().filter(|n| n.len() == 32) {
        let context = [&issuer.vault.id()[..], &hex::decode(name).unwrap()].concat();
        contexts.push((SealKind::Segment, context));
    }
    let bodies = readable(disk, &contexts);
    // The control: what is kept is found by the same search.
    assert!(mentions(&bodies, b"kept-patient") > 0);
    for secret in secrets {
        assert_eq!(mentions(&bodies, secret), 0);
    }
}
