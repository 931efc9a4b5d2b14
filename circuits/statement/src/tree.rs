//! 8-ary Merkle trees of fixed depth, filled from the left.

use crate::Fr;
use crate::poseidon2::{OneByOne, Permuter, compress8};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use thiserror::Error;
use zeroize::Zeroize;

/// Children of a node.
pub const ARITY: usize = 8;
/// Depth of record and code-set trees: 4,096 leaves.
pub const FACT_DEPTH: usize = 4;
/// Depth of a registry: 134 million leaves. See `docs/adr/0001-tiers-and-registry-depth.md`.
pub const REGISTRY_DEPTH: usize = 9;

/// A tree that was asked for a leaf it does not have room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("leaf {index} does not fit a tree of {capacity} leaves")]
pub struct TreeFull {
    /// The leaf asked for.
    pub index: u64,
    /// How many leaves the tree has.
    pub capacity: u64,
}

/// The siblings from a leaf to the root, and the leaf's index.
#[derive(Clone, PartialEq, Eq)]
pub struct Path<const DEPTH: usize> {
    /// The leaf's index: three bits a level, least significant at the leaf.
    pub index: u64,
    /// At each level, the seven other children in order.
    pub siblings: [[Fr; ARITY - 1]; DEPTH],
}

/// Shows nothing: the place of a fact among others tells of it.
impl<const DEPTH: usize> fmt::Debug for Path<DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Path(…)")
    }
}

impl<const DEPTH: usize> Zeroize for Path<DEPTH> {
    fn zeroize(&mut self) {
        self.index.zeroize();
        self.siblings.iter_mut().for_each(|level| level.zeroize());
    }
}

impl<const DEPTH: usize> Path<DEPTH> {
    /// All eight children at `level`, given the node on the path.
    pub fn children(&self, level: usize, node: Fr) -> [Fr; ARITY] {
        let place = self.place(level);
        core::array::from_fn(|i| match i.cmp(&place) {
            core::cmp::Ordering::Less => self.siblings[level][i],
            core::cmp::Ordering::Equal => node,
            core::cmp::Ordering::Greater => self.siblings[level][i - 1],
        })
    }

    /// At each level, from the leaf up, all eight children above `leaf`.
    pub fn all_children(&self, leaf: Fr) -> [[Fr; ARITY]; DEPTH] {
        let mut node = leaf;
        core::array::from_fn(|level| {
            let children = self.children(level, node);
            node = compress8(&children);
            children
        })
    }

    /// Which child the path goes through at `level`.
    pub const fn place(&self, level: usize) -> usize {
        ((self.index >> (3 * level)) & 7) as usize
    }

    /// The root above `leaf`. `None` where the index is outside of the tree.
    pub fn root(&self, leaf: Fr) -> Option<Fr> {
        (self.index >> (3 * DEPTH) == 0)
            .then(|| (0..DEPTH).fold(leaf, |node, level| compress8(&self.children(level, node))))
    }
}

/// A tree whose leaves from some index on all are one padding value. Holds the filled prefix only.
#[derive(Clone)]
pub struct Tree<const DEPTH: usize> {
    // levels[0] are leaves; levels[DEPTH] has the root or nothing.
    levels: Vec<Vec<Fr>>,
    // What stands at each level where nothing was filled.
    padding: Vec<Fr>,
}

/// Shows nothing: a tree of facts is a patient's.
impl<const DEPTH: usize> fmt::Debug for Tree<DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tree(…)")
    }
}

impl<const DEPTH: usize> Tree<DEPTH> {
    /// How many leaves there are.
    pub const CAPACITY: u64 = 1 << (3 * DEPTH);

    /// An empty tree.
    pub fn new(padding: Fr) -> Self {
        let padding = core::iter::successors(Some(padding), |node| Some(compress8(&[*node; ARITY])))
            .take(DEPTH + 1)
            .collect();
        Tree {
            levels: vec![Vec::new(); DEPTH + 1],
            padding,
        }
    }

    /// A tree over these leaves, in order.
    ///
    /// # Errors
    /// [`TreeFull`] where there are too many.
    pub fn from_leaves(padding: Fr, leaves: Vec<Fr>) -> Result<Self, TreeFull> {
        Self::from_leaves_by(padding, leaves, &OneByOne)
    }

    /// As [`Tree::from_leaves`], level by level.
    ///
    /// # Errors
    /// As there.
    pub fn from_leaves_by(padding: Fr, leaves: Vec<Fr>, permuter: &impl Permuter) -> Result<Self, TreeFull> {
        let mut tree = Self::new(padding);
        let len = leaves.len() as u64;
        if len > Self::CAPACITY {
            return Err(TreeFull {
                index: len - 1,
                capacity: Self::CAPACITY,
            });
        }
        tree.levels[0] = leaves;
        for level in 0..DEPTH {
            let mut children: Vec<[Fr; ARITY]> = (0..tree.levels[level].len().div_ceil(ARITY))
                .map(|i| tree.children(level, i))
                .collect();
            tree.levels[level + 1] = permuter.compress_all(&mut children);
        }
        Ok(tree)
    }

    fn children(&self, level: usize, parent: usize) -> [Fr; ARITY] {
        core::array::from_fn(|i| self.node(level, parent * ARITY + i))
    }

    fn node(&self, level: usize, index: usize) -> Fr {
        self.levels[level].get(index).copied().unwrap_or(self.padding[level])
    }

    /// The root.
    pub fn root(&self) -> Fr {
        self.node(DEPTH, 0)
    }

    /// How many leaves are filled.
    pub fn len(&self) -> u64 {
        self.levels[0].len() as u64
    }

    /// Whether no leaf is filled.
    pub fn is_empty(&self) -> bool {
        self.levels[0].is_empty()
    }

    /// The leaf at an index: padding where nothing was filled.
    pub fn leaf(&self, index: u64) -> Fr {
        usize::try_from(index).map_or(self.padding[0], |i| self.node(0, i))
    }

    /// Puts leaves at their indices and recomputes each node above them once.
    ///
    /// # Errors
    /// [`TreeFull`] where an index is outside of the tree; then nothing was changed.
    pub fn set_many(&mut self, leaves: &[(u64, Fr)]) -> Result<(), TreeFull> {
        if let Some((index, _)) = leaves.iter().find(|(i, _)| *i >= Self::CAPACITY) {
            return Err(TreeFull {
                index: *index,
                capacity: Self::CAPACITY,
            });
        }
        let mut touched: Vec<usize> = Vec::with_capacity(leaves.len());
        for (index, leaf) in leaves {
            let index = *index as usize;
            self.put(0, index, *leaf);
            touched.push(index);
        }
        for level in 0..DEPTH {
            touched.iter_mut().for_each(|i| *i /= ARITY);
            touched.sort_unstable();
            touched.dedup();
            for &parent in &touched {
                let node = compress8(&self.children(level, parent));
                self.put(level + 1, parent, node);
            }
        }
        Ok(())
    }

    /// Puts one leaf.
    ///
    /// # Errors
    /// As [`Tree::set_many`].
    pub fn set(&mut self, index: u64, leaf: Fr) -> Result<(), TreeFull> {
        self.set_many(&[(index, leaf)])
    }

    fn put(&mut self, level: usize, index: usize, node: Fr) {
        let padding = self.padding[level];
        let nodes = &mut self.levels[level];
        if nodes.len() <= index {
            nodes.resize(index + 1, padding);
        }
        nodes[index] = node;
    }

    /// The path from a leaf, filled or not.
    ///
    /// # Errors
    /// [`TreeFull`] where the index is outside of the tree.
    pub fn path(&self, index: u64) -> Result<Path<DEPTH>, TreeFull> {
        if index >= Self::CAPACITY {
            return Err(TreeFull {
                index,
                capacity: Self::CAPACITY,
            });
        }
        let siblings = core::array::from_fn(|level| {
            let node = (index >> (3 * level)) as usize;
            let (parent, place) = (node / ARITY, node % ARITY);
            core::array::from_fn(|i| self.node(level, parent * ARITY + i + usize::from(i >= place)))
        });
        Ok(Path { index, siblings })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Small = Tree<2>;

    fn leaves(n: u64) -> Vec<Fr> {
        (1..=n).map(Fr::from).collect()
    }

    #[test]
    fn every_leaf_opens_to_the_root_and_nothing_else_does() {
        for n in [0u64, 1, 7, 8, 9, 63, 64] {
            let tree = Small::from_leaves(Fr::from(0u64), leaves(n)).unwrap();
            for index in 0..Small::CAPACITY {
                let path = tree.path(index).unwrap();
                assert_eq!(path.root(tree.leaf(index)), Some(tree.root()));
                assert_ne!(path.root(Fr::from(1000u64)), Some(tree.root()));
            }
        }
    }

    #[test]
    fn the_children_on_a_path_are_those_of_its_nodes() {
        let tree = Small::from_leaves(Fr::from(0u64), leaves(64)).unwrap();
        let path = tree.path(13).unwrap();
        let children = path.all_children(tree.leaf(13));
        let expected: [Fr; ARITY] = core::array::from_fn(|i| tree.leaf(8 + i as u64));
        assert_eq!(children[0], expected);
        assert_eq!(children[1][1], compress8(&expected));
        assert_eq!(compress8(&children[1]), tree.root());
    }

    #[test]
    fn a_tree_knows_how_many_leaves_are_filled_and_takes_no_more_than_fit() {
        for n in [0u64, 1, 63, 64] {
            let tree = Small::from_leaves(Fr::from(0u64), leaves(n)).unwrap();
            assert_eq!((tree.len(), tree.is_empty()), (n, n == 0));
        }
        let (index, capacity) = (65, 64);
        assert_eq!(
            Small::from_leaves(Fr::from(0u64), leaves(66)).err(),
            Some(TreeFull { index, capacity })
        );
    }

    #[test]
    fn a_path_with_a_longer_index_is_refused() {
        let tree = Small::from_leaves(Fr::from(0u64), leaves(9)).unwrap();
        let mut path = tree.path(3).unwrap();
        path.index += Small::CAPACITY;
        assert_eq!(path.root(tree.leaf(3)), None);
    }

    #[test]
    fn setting_is_building() {
        let mut tree = Small::new(Fr::from(0u64));
        for (i, leaf) in leaves(20).into_iter().enumerate() {
            tree.set(i as u64, leaf).unwrap();
        }
        let built = Small::from_leaves(Fr::from(0u64), leaves(20)).unwrap();
        assert_eq!(tree.root(), built.root());
        tree.set(4, Fr::from(0u64)).unwrap();
        assert_ne!(tree.root(), built.root());
        tree.set_many(&[(4, Fr::from(5u64)), (60, Fr::from(0u64))]).unwrap();
        assert_eq!(tree.root(), built.root());
    }

    #[test]
    fn a_full_tree_says_so() {
        assert!(Small::from_leaves(Fr::from(0u64), leaves(65)).is_err());
        assert!(Small::new(Fr::from(0u64)).set(64, Fr::from(1u64)).is_err());
        assert!(Small::new(Fr::from(0u64)).path(64).is_err());
    }
}
