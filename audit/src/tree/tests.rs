//! RFC 6962's tree by its own recursive definition, and the vectors of Certificate Transparency's
//! reference implementation.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];

const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hash(digits: &str) -> Hash {
    Hash(hex::decode(digits).unwrap().try_into().unwrap())
}

/// A log of so many leaves: its nodes as a database has them, and the head at each size.
struct Log {
    leaves: Vec<Hash>,
    nodes: BTreeMap<NodeId, Hash>,
    heads: Vec<Head>,
}

impl Log {
    fn of(leaves: Vec<Hash>) -> Log {
        let (mut frontier, mut nodes) = (Frontier::new(), BTreeMap::new());
        let mut heads = vec![frontier.head()];
        for leaf in &leaves {
            for node in frontier.append(*leaf).unwrap() {
                assert_eq!(nodes.insert(node.id, node.hash), None, "a node is complete once");
            }
            heads.push(frontier.head());
        }
        Log { leaves, nodes, heads }
    }

    fn counted(size: u64) -> Log {
        Log::of((0..size).map(|i| Hash::of_leaf(&i.to_be_bytes())).collect())
    }

    fn prove(&self, plan: &Plan) -> Vec<Hash> {
        plan.prove_from(&self.nodes).unwrap()
    }
}

// §2.1, word for word.
fn tree_hash(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of_nothing(),
        [leaf] => *leaf,
        leaves => {
            let (left, right) = leaves.split_at(largest_power(leaves.len()));
            Hash::of_node(tree_hash(left), tree_hash(right))
        }
    }
}

// §2.1.1.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(largest_power(leaves.len()));
    if index < left.len() {
        [path(index, left), vec![tree_hash(right)]].concat()
    } else {
        [path(index - left.len(), right), vec![tree_hash(left)]].concat()
    }
}

// §2.1.2.
fn subproof(from: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if from == leaves.len() {
        return if whole { Vec::new() } else { vec![tree_hash(leaves)] };
    }
    let (left, right) = leaves.split_at(largest_power(leaves.len()));
    if from <= left.len() {
        [subproof(from, left, whole), vec![tree_hash(right)]].concat()
    } else {
        [subproof(from - left.len(), right, false), vec![tree_hash(left)]].concat()
    }
}

fn largest_power(below: usize) -> usize {
    (0..).map(|k| 1 << k).take_while(|power| *power < below).last().unwrap()
}

#[test]
fn the_reference_trees_have_their_roots() {
    let leaves = LEAVES.map(|leaf| Hash::of_leaf(&hex::decode(leaf).unwrap()));
    let log = Log::of(leaves.to_vec());
    for (size, root) in ROOTS.iter().enumerate() {
        assert_eq!(log.heads[size].root, hash(root), "{size}");
    }
}

#[test]
fn the_reference_proofs_are_made_and_verified() {
    let leaves = LEAVES.map(|leaf| Hash::of_leaf(&hex::decode(leaf).unwrap()));
    let log = Log::of(leaves.to_vec());
    let inclusion: [(u64, u64, &[&str]); 4] = [
        (0, 1, &[]),
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            3,
            &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
        ),
    ];
    for (index, size, expected) in inclusion {
        let expected: Vec<Hash> = expected.iter().map(|digits| hash(digits)).collect();
        assert_eq!(log.prove(&Plan::inclusion(index, size).unwrap()), expected);
        let head = log.heads[size as usize];
        verify_inclusion(leaves[index as usize], index, &head, &expected).unwrap();
    }
    let consistency: [(u64, u64, &[&str]); 3] = [
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (from, to, expected) in consistency {
        let expected: Vec<Hash> = expected.iter().map(|digits| hash(digits)).collect();
        assert_eq!(log.prove(&Plan::consistency(from, to).unwrap()), expected);
        let (from, to) = (log.heads[from as usize], log.heads[to as usize]);
        verify_consistency(&from, &to, &expected).unwrap();
    }
}

#[test]
fn every_size_to_130_has_the_standards_roots_and_proofs() {
    let log = Log::counted(130);
    for size in 0..=130 {
        let leaves = &log.leaves[..size];
        let head = log.heads[size];
        assert_eq!(
            head,
            Head {
                size: size as u64,
                root: tree_hash(leaves)
            }
        );
        assert_eq!(log.prove(&Plan::root(size as u64).unwrap()), [head.root]);
        for (index, leaf) in leaves.iter().enumerate() {
            let proof = log.prove(&Plan::inclusion(index as u64, size as u64).unwrap());
            assert_eq!(proof, path(index, leaves), "{index} of {size}");
            verify_inclusion(*leaf, index as u64, &head, &proof).unwrap();
        }
        for from in 0..=size {
            let proof = log.prove(&Plan::consistency(from as u64, size as u64).unwrap());
            let expected = if from == 0 {
                Vec::new()
            } else {
                subproof(from, leaves, true)
            };
            assert_eq!(proof, expected, "{from} to {size}");
            verify_consistency(&log.heads[from], &head, &proof).unwrap();
        }
    }
}

#[test]
fn no_other_proof_shows_that_a_leaf_is_there() {
    let log = Log::counted(40);
    for size in 1..=40u64 {
        let head = log.heads[size as usize];
        for index in 0..size {
            let proof = log.prove(&Plan::inclusion(index, size).unwrap());
            let leaf = log.leaves[index as usize];
            for other in (0..size + 2).filter(|other| *other != index) {
                verify_inclusion(leaf, other, &head, &proof).unwrap_err();
            }
            let sizes = (0..=40).filter(|other| *other != size as usize);
            for other in sizes {
                verify_inclusion(leaf, index, &log.heads[other], &proof).unwrap_err();
            }
            verify_inclusion(Hash::of_nothing(), index, &head, &proof).unwrap_err();
            for changed in changes(&proof) {
                verify_inclusion(leaf, index, &head, &changed).unwrap_err();
            }
        }
    }
}

#[test]
fn no_other_proof_shows_that_a_log_was_continued() {
    let log = Log::counted(40);
    for to in 0..=40 {
        for from in 0..=to {
            let proof = log.prove(&Plan::consistency(from as u64, to as u64).unwrap());
            let (old, new) = (log.heads[from], log.heads[to]);
            let wrong = Hash::of_leaf(b"another");
            verify_consistency(&Head { root: wrong, ..old }, &new, &proof).unwrap_err();
            if from > 0 {
                verify_consistency(&old, &Head { root: wrong, ..new }, &proof).unwrap_err();
            }
            for changed in changes(&proof) {
                verify_consistency(&old, &new, &changed).unwrap_err();
            }
            if from < to {
                verify_consistency(&new, &old, &proof).unwrap_err();
            }
            // Another size with the same root.
            let size = old.size + 1;
            verify_consistency(&Head { size, ..old }, &new, &proof).unwrap_err();
        }
    }
}

// One hash more, less, or another.
fn changes(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = vec![
        [proof, &[Hash::of_nothing()]].concat(),
        [&[Hash::of_nothing()], proof].concat(),
    ];
    for at in 0..proof.len() {
        let (mut flipped, mut shorter) = (proof.to_vec(), proof.to_vec());
        flipped[at].0[31] ^= 1;
        shorter.remove(at);
        all.extend([flipped, shorter]);
        let mut swapped = proof.to_vec();
        swapped.swap(0, at);
        if swapped != proof {
            all.push(swapped);
        }
    }
    all
}

#[test]
fn a_proof_of_what_is_not_there_is_none() {
    assert_eq!(Plan::inclusion(3, 3).unwrap_err().found, 3);
    assert_eq!(Plan::inclusion(0, 0).unwrap_err().found, 0);
    assert_eq!(Plan::consistency(4, 3).unwrap_err().found, 4);
    for size in [MAX_SIZE + 1, u64::MAX] {
        assert_eq!(Plan::root(size).unwrap_err().found, size);
        assert_eq!(Plan::inclusion(0, size).unwrap_err().found, size);
        assert_eq!(Plan::consistency(0, size).unwrap_err().found, size);
        let head = Head {
            size,
            root: Hash::of_nothing(),
        };
        verify_inclusion(head.root, size - 1, &head, &[head.root; 64]).unwrap_err();
        verify_consistency(&Log::counted(1).heads[1], &head, &[head.root; 64]).unwrap_err();
    }
    let log = Log::counted(5);
    let plan = Plan::inclusion(1, 5).unwrap();
    let missing = NodeId { level: 1, index: 1 };
    let nodes = log.nodes.iter().filter(|(id, _)| **id != missing);
    let nodes: BTreeMap<NodeId, Hash> = nodes.map(|(id, hash)| (*id, *hash)).collect();
    assert_eq!(plan.prove_from(&nodes), Err(MissingNode(missing)));
    assert_eq!(
        plan.prove(|id| if id == missing { Err("down") } else { Ok(log.nodes[&id]) }),
        Err("down")
    );
}

#[test]
fn plans_of_the_largest_trees_are_short_and_need_no_node_twice() {
    for size in [MAX_SIZE, MAX_SIZE - 1, (1 << 61) + 12_345] {
        let plans = [
            Plan::root(size),
            Plan::inclusion(size - 1, size),
            Plan::inclusion(size / 3, size),
            Plan::consistency(size / 3, size),
            Plan::consistency(size - 1, size),
        ];
        for plan in plans {
            let nodes: Vec<NodeId> = plan.unwrap().nodes().collect();
            let mut once = nodes.clone();
            once.sort();
            once.dedup();
            assert_eq!(once.len(), nodes.len());
            assert!(nodes.len() <= 130, "{}", nodes.len());
            for id in nodes {
                let end = (u128::from(id.index) + 1) << id.level;
                assert!(end <= u128::from(size), "{id:?} is not complete");
            }
        }
    }
}

#[test]
fn a_frontier_has_one_encoding() {
    let log = Log::counted(70);
    let mut frontier = Frontier::new();
    for leaf in &log.leaves {
        let bytes = frontier.to_bytes();
        assert_eq!(bytes.len(), 8 + 32 * frontier.size().count_ones() as usize);
        assert_eq!(Frontier::from_bytes(&bytes).as_ref(), Ok(&frontier));
        let short = Frontier::from_bytes(&bytes[..bytes.len() - 1]).unwrap_err();
        assert!(matches!(
            short,
            FrontierError::Short { .. } | FrontierError::Length { .. }
        ));
        let long = [&bytes[..], &[0]].concat();
        assert!(matches!(Frontier::from_bytes(&long), Err(FrontierError::Length { .. })));
        frontier.append(*leaf).unwrap();
    }
    // A size whose bits are as many, and one too many.
    let mut other = frontier.to_bytes();
    other[0] = 0x80;
    assert_eq!(
        Frontier::from_bytes(&other),
        Err(FrontierError::TooLarge { found: (1 << 63) + 70 })
    );
    other[0] = 1;
    assert!(matches!(
        Frontier::from_bytes(&other),
        Err(FrontierError::Length { expected: 136, .. })
    ));
}

#[test]
fn a_full_tree_takes_no_leaf() {
    let bytes = [&MAX_SIZE.to_be_bytes()[..], &[7; 32]].concat();
    let mut frontier = Frontier::from_bytes(&bytes).unwrap();
    assert_eq!(frontier.append(Hash([0; 32])), Err(FrontierError::Full));
    assert_eq!(frontier.to_bytes(), bytes);
}

#[test]
fn appending_goes_on_from_an_encoding_and_completes_two_nodes_on_average() {
    let log = Log::counted(130);
    let (mut frontier, mut nodes) = (Frontier::new(), 0);
    for (leaf, head) in log.leaves.iter().zip(&log.heads[1..]) {
        frontier = Frontier::from_bytes(&frontier.to_bytes()).unwrap();
        nodes += frontier.append(*leaf).unwrap().len();
        assert_eq!(frontier.head(), *head);
    }
    assert_eq!(nodes, log.nodes.len());
    assert!(nodes < 2 * 130);
}

proptest! {
    #[test]
    fn bytes_are_a_frontier_or_refused(size in any::<u64>(), hashes in 0..5usize, more in 0..2usize, small in any::<bool>()) {
        let size = if small { size % 32 } else { size };
        let bytes = [&size.to_be_bytes()[..], &vec![9; 32 * hashes + more]].concat();
        match Frontier::from_bytes(&bytes) {
            Ok(frontier) => {
                prop_assert_eq!(frontier.to_bytes(), bytes);
                prop_assert_eq!(frontier.subtrees().len(), hashes);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn plans_give_the_standards_hashes(to in 1..700u64, from in any::<u64>()) {
        let log = Log::counted(to);
        let from = from % (to + 1);
        let proof = log.prove(&Plan::consistency(from, to).unwrap());
        let (old, new) = (log.heads[from as usize], log.heads[to as usize]);
        prop_assert_eq!(verify_consistency(&old, &new, &proof), Ok(()));
        let index = from.min(to - 1);
        let proof = log.prove(&Plan::inclusion(index, to).unwrap());
        prop_assert_eq!(verify_inclusion(log.leaves[index as usize], index, &new, &proof), Ok(()));
    }
}
