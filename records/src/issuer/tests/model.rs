//! Ten thousand random operations beside a plain model of the registry.

use super::*;
use medproof_statement::poseidon2::compress8;
use medproof_statement::record::empty_record;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use std::collections::BTreeMap;

const OPERATIONS: usize = 10_000;
const PATIENTS: u64 = 600;

#[derive(Clone, Debug)]
struct Patient {
    standing: Standing,
    leaf: Option<u64>,
    key: u64,
    nk: u64,
    day: u32,
    anchored: Option<(u64, u32)>,
}

/// The root by its definition, over leaves that are somewhere.
fn naive_root(leaves: &BTreeMap<u64, Fr>) -> Fr {
    let mut level = leaves.clone();
    let mut padding = empty_record();
    for _ in 0..REGISTRY_DEPTH {
        let parents: BTreeSet<u64> = level.keys().map(|i| i / 8).collect();
        level = parents
            .into_iter()
            .map(|p| {
                let children = core::array::from_fn(|i| level.get(&(p * 8 + i as u64)).copied().unwrap_or(padding));
                (p, compress8(&children))
            })
            .collect();
        padding = compress8(&[padding; 8]);
    }
    level.get(&0).copied().unwrap_or(padding)
}

struct Model {
    patients: BTreeMap<String, Patient>,
    leaves: BTreeMap<u64, Fr>,
    next_leaf: u64,
    next_key: u64,
}

impl Model {
    fn fresh_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }

    fn anchored(&mut self) {
        for patient in self.patients.values_mut() {
            let enrolled = patient.standing == Standing::Enrolled;
            patient.anchored = enrolled.then_some((patient.key, patient.day));
        }
    }

    /// Takes over the commitment that the issuer made, after recomputing it from the stored record.
    fn commit(&mut self, issuer: &Issuer, name: &str) {
        let (id, entry) = issuer.find(0, name).unwrap();
        let content = issuer.vault.read(&id, entry.latest).unwrap();
        let patient = &self.patients[name];
        assert_eq!(content.holder, Some(holder(patient.key, patient.nk)));
        assert_eq!((content.leaf, content.issued_on), (patient.leaf, Day(patient.day)));
        let facts = content.commit_facts().unwrap();
        let commitment = content.opening(&facts, holder(patient.key, patient.nk)).commit();
        self.leaves.insert(patient.leaf.unwrap(), commitment);
    }
}

#[test]
fn random_operations_agree_with_a_plain_model() {
    let disk = SimDisk::default();
    let mut issuer = create(&disk);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut model = Model {
        patients: BTreeMap::new(),
        leaves: BTreeMap::new(),
        next_leaf: 0,
        next_key: 0,
    };
    for operation in 0..OPERATIONS {
        let name = format!("p{}", rng.next_u64() % PATIENTS);
        step(&mut issuer, &mut model, &name, rng.next_u64() % 100);
        if operation % 40 == 0 {
            assert_eq!(issuer.vault.state().registry.root(), naive_root(&model.leaves));
            assert_eq!(issuer.vault.state().registry.size(), model.leaves.len() as u64);
        }
        if operation % 200 == 0 {
            let anchored = anchor(&mut issuer);
            assert_eq!(anchored.root, naive_root(&model.leaves));
            model.anchored();
        }
        if operation % 500 == 0 {
            drop(issuer);
            issuer = reopen(&disk).unwrap();
        }
        if operation % 4 == 0 {
            check(&issuer, &model, &name);
        }
    }
    for name in model.patients.keys() {
        check(&issuer, &model, name);
    }
    assert_eq!(disk.files().len(), files_needed(&issuer));
}

fn step(issuer: &mut Issuer, model: &mut Model, name: &str, dice: u64) {
    let Some(mut patient) = model.patients.get(name).cloned() else {
        issuer.import(&[chart(name, 1)]).unwrap();
        let patient = Patient {
            standing: Standing::Unenrolled,
            leaf: None,
            key: 0,
            nk: 0,
            day: 1,
            anchored: None,
        };
        model.patients.insert(name.to_owned(), patient);
        return;
    };
    if dice < 2 {
        issuer.erase(name).unwrap();
        model.patients.remove(name);
        patient.leaf.map(|leaf| model.leaves.remove(&leaf));
        return;
    }
    let enrolled = patient.standing == Standing::Enrolled;
    match dice {
        2..40 => {
            patient.day += 1;
            issuer.update(&[chart(name, patient.day)]).unwrap();
        }
        40..55 if enrolled => {
            issuer.revoke(name).unwrap();
            (patient.standing, patient.anchored) = (Standing::Revoked, None);
            model.leaves.remove(&patient.leaf.unwrap());
        }
        55..65 if enrolled => {
            patient.key = model.fresh_key();
            let keys = enrolment(issuer, name, patient.key, patient.nk);
            issuer.rotate(name, &keys).unwrap();
        }
        _ if !enrolled => {
            (patient.key, patient.nk) = (model.fresh_key(), model.fresh_key());
            let keys = enrolment(issuer, name, patient.key, patient.nk);
            issuer.enroll(name, &keys).unwrap();
            patient.standing = Standing::Enrolled;
            if patient.leaf.is_none() {
                patient.leaf = Some(model.next_leaf);
                model.next_leaf += 1;
            }
        }
        _ => return,
    }
    let committed = patient.standing == Standing::Enrolled;
    model.patients.insert(name.to_owned(), patient);
    if committed {
        model.commit(issuer, name);
    }
}

// What opens is the version under the anchored root, and nothing else does.
fn check(issuer: &Issuer, model: &Model, name: &str) {
    let Some(patient) = model.patients.get(name) else {
        assert!(matches!(reason(issuer.open_record(name)), (0, Refusal::Unknown)));
        return;
    };
    match (patient.standing, patient.anchored) {
        (Standing::Unenrolled, _) => assert!(matches!(reason(issuer.open_record(name)), (0, Refusal::NotEnrolled))),
        (Standing::Revoked, _) => assert!(matches!(reason(issuer.open_record(name)), (0, Refusal::Revoked))),
        (Standing::Enrolled, None) => assert!(matches!(reason(issuer.open_record(name)), (0, Refusal::NotAnchored))),
        (Standing::Enrolled, Some((key, day))) => {
            assert_eq!(check_opened(issuer, name), Day(day));
            assert_eq!(issuer.open_record(name).unwrap().opening.holder.pk, holder(key, 0).pk);
        }
    }
}
