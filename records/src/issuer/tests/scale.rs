//! A registry in bulk on a real disk, beside the statement's tree of the same leaves.

use super::*;
use medproof_lanes::poseidon2::Lanes;
use medproof_statement::record::empty_record;
use medproof_statement::tree::Tree;

// As many transactions as it takes, then changes here and there, opened anew in between.
fn agrees(leaves: u64, at_once: usize, rounds: u64) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let mut issuer = Issuer::create(&path, master(), "hospital").unwrap();
    issuer.import(&[chart("a", 10)]).unwrap();
    enroll(&mut issuer, "a", 1).unwrap();
    let mut all: Vec<Fr> = (0..leaves).map(|i| Fr::from(i + 1)).collect();
    let places: Vec<(u64, Option<Fr>)> = (1..).zip(all.iter().copied().map(Some)).collect();
    for part in places.chunks(at_once) {
        issuer.set_leaves(part.to_vec()).unwrap();
    }
    let first = anchor(&mut issuer);
    let (own, _) = issuer.vault.state().registry.anchored_path(0).unwrap().unwrap();
    all.insert(0, own);
    for round in 0..rounds {
        drop(issuer);
        issuer = Issuer::open(&path, master()).unwrap();
        let place = |i: u64| 1 + (i * 0x9e37_79b9 + round) % leaves;
        let changes: Vec<(u64, Fr)> = (0..1000).map(|i| (place(i), Fr::from(i + round))).collect();
        issuer
            .set_leaves(changes.iter().map(|(i, leaf)| (*i, Some(*leaf))).collect())
            .unwrap();
        changes.iter().for_each(|(i, leaf)| all[*i as usize] = *leaf);
        let opened = issuer.open_record("a").unwrap();
        assert_eq!(
            opened.anchor.root,
            if round == 0 { first.root } else { opened.anchor.root }
        );
        assert_eq!(opened.path.root(opened.opening.commit()), Some(opened.anchor.root));
        let tree = Tree::<REGISTRY_DEPTH>::from_leaves_by(empty_record(), all.clone(), &Lanes).unwrap();
        assert_eq!(anchor(&mut issuer).root, tree.root());
    }
}

#[test]
fn a_registry_is_the_tree_of_its_leaves() {
    agrees(12_000, 5_000, 3);
}

#[test]
#[ignore = "a minute and a gigabyte: cargo xtask test --full"]
fn a_large_registry_is_the_tree_of_its_leaves() {
    agrees(5_000_000, 500_000, 3);
}
