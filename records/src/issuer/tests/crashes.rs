//! Whatever operation of the disk is the last, the next process finds the state before or after.

use super::*;
use crate::vault::{DataKey, DiskError};
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
            let created = Issuer::create_on(disks(&disk), master(), "hospital");
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
        // At least: a pack, its keys, a head and a counter, each written and synced, and their names. What
        // goes on the erasure log is not taken back.
        let least = if name == "erase" { 1 } else { 10 };
        assert!(refused >= least, "{name}: {refused}");
    }
}

// Every key that some block of the keystore still has, given all packs that ever were.
fn keys(disk: &SimDisk, vault: &[u8; 16], packs: &BTreeSet<String>) -> Vec<DataKey> {
    let mut keys = Vec::new();
    for block in disk.blocks().iter().filter(|block| block.starts_with(b"MPK1")) {
        let size = usize::from(u16::from_be_bytes([block[12], block[13]]));
        for (slot, bytes) in block[14..].chunks_exact(size).enumerate() {
            let length = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
            for pack in packs {
                let pack = hex::decode(pack).unwrap();
                let slot = (slot as u32).to_be_bytes();
                let context = [b"medproof/v1/vault-key".as_slice(), vault, &pack, &slot].concat();
                keys.extend(master().unwrap(&bytes[2..2 + length], &context));
            }
        }
    }
    keys
}

fn packs(disk: &SimDisk) -> BTreeSet<String> {
    disk.files().into_keys().filter(|name| name.len() == 32).collect()
}

// Every record and every list of operations that some block on the disk still opens as.
fn readable(disk: &SimDisk, vault: &[u8; 16], ids: &[RecordId], packs: &BTreeSet<String>) -> Vec<Vec<u8>> {
    let keys = keys(disk, vault, packs);
    let mut contexts = Vec::new();
    for pack in packs {
        contexts.push((SealKind::Segment, [&vault[..], &hex::decode(pack).unwrap()].concat()));
    }
    for (id, version) in ids.iter().flat_map(|id| (0..8u64).map(move |version| (id, version))) {
        contexts.push((
            SealKind::Record,
            [&vault[..], id.bytes(), &version.to_be_bytes()].concat(),
        ));
    }
    let mut found = Vec::new();
    for block in disk.blocks() {
        for item in items(&block).iter().filter(|item| item.iter().any(|b| *b != 0)) {
            for key in &keys {
                let opened = contexts
                    .iter()
                    .find_map(|(kind, c)| seal::open_item(key, *kind, c, item));
                found.extend(opened.map(|body| body.to_vec()));
            }
        }
    }
    found
}

// Every part of a pack where an item could stand: after others, and as long as seals make them.
fn items(block: &[u8]) -> Vec<&[u8]> {
    let sizes = || (10..14).map(|bits| (1usize << bits) + 40);
    let mut starts = BTreeSet::from([0]);
    let mut items = Vec::new();
    while let Some(at) = starts.pop_first() {
        for size in sizes() {
            if let Some(item) = block.get(at..at + size) {
                items.push(item);
                starts.insert(at + size);
            }
        }
    }
    items
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
    let (id, secret, nk) = {
        let issuer = reopen(&disk.fork()).unwrap();
        let (id, entry) = issuer.find(0, "erased-patient").unwrap();
        // Latest, staged and anchored are three versions.
        assert_eq!(entry.items().count(), 3);
        let content = issuer.vault.read(&id, entry.latest).unwrap();
        let nk = content.holder.as_ref().unwrap().nk.to_bytes();
        (id, *content.secret.expose(), nk)
    };
    let secrets: [&[u8]; 4] = [b"erased-patient", id.bytes(), &secret, nk.as_slice()];
    let known = (packs(&disk), vec![id]);
    let vault = *reopen(&disk.fork()).unwrap().vault.id();
    let bodies = readable(&disk, &vault, &known.1, &known.0);
    for text in secrets {
        assert!(mentions(&bodies, text) >= 3);
    }
    let steps = {
        let fork = disk.fork();
        let mut issuer = reopen(&fork).unwrap();
        issuer.erase("erased-patient").unwrap();
        assert_eq!(check_opened(&issuer, "kept-patient"), Day(10));
        assert_erased(&fork, &known, &secrets);
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
                assert_erased(&fork, &known, &secrets);
            } else {
                assert!(returned.is_err());
            }
        }
    }
}

fn assert_erased(disk: &SimDisk, known: &(BTreeSet<String>, Vec<RecordId>), secrets: &[&[u8]]) {
    let issuer = reopen(disk).unwrap();
    let mut packs = packs(disk);
    packs.extend(known.0.iter().cloned());
    let mut ids = known.1.clone();
    ids.extend(issuer.records().map(|summary| summary.record));
    let bodies = readable(disk, issuer.vault.id(), &ids, &packs);
    // The control: what is kept is found by the same search.
    assert!(mentions(&bodies, b"kept-patient") > 0);
    for secret in secrets {
        assert_eq!(mentions(&bodies, secret), 0);
    }
}
