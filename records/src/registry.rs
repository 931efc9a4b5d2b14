//! The registry: the tree of record commitments whose root the issuer anchors.
//!
//! Three states of one tree are kept. **Current** has every change. **Staged** is what was given
//! to the ledger and not yet confirmed: it is frozen, so that whatever the ledger says, the issuer
//! still has what it asked for. **Anchored** is what the ledger confirmed: proofs are made under
//! it, with its own paths, while changes go on.

use medproof_statement::record::empty_record;
use medproof_statement::tree::{Path, REGISTRY_DEPTH, Tree, TreeFull};
use medproof_statement::{Fr, field};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

use crate::vault::codec::{DecodeError, Reader, Writer};

/// What goes on the ledger: (root, epoch, size).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The tree's root.
    pub root: Fr,
    /// Counts from 1; a different root has a greater one.
    pub epoch: u64,
    /// How many leaves hold a record.
    pub size: u64,
}

/// A registry that cannot do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RegistryError {
    /// No place is left.
    #[error(transparent)]
    Full(#[from] TreeFull),
    /// Nothing waits for the ledger.
    #[error("expected a root staged for the ledger, found none: stage one first")]
    NothingStaged,
    /// The ledger confirmed something other than what was staged.
    #[error("expected the ledger to have anchored epoch {expected} with the staged root, found epoch {found}{}: compare the issuer's account on the ledger", if *.same_root { "" } else { " with another root" })]
    OtherAnchor {
        /// The staged epoch.
        expected: u64,
        /// The epoch given.
        found: u64,
        /// Whether the root at least was the staged one.
        same_root: bool,
    },
}

/// The tree in its three states.
#[derive(Clone, Debug)]
pub struct Registry {
    current: Tree<REGISTRY_DEPTH>,
    size: u64,
    anchored_tree: Tree<REGISTRY_DEPTH>,
    anchored: Option<Anchor>,
    staged: Option<Staged>,
    // Leaves where the current tree may differ from the anchored one.
    changed: BTreeSet<u64>,
}

#[derive(Clone, Debug)]
struct Staged {
    anchor: Anchor,
    // Leaves where it differs from the anchored tree.
    leaves: BTreeMap<u64, Fr>,
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl Registry {
    /// Without a record, and not anchored.
    pub fn new() -> Registry {
        Registry {
            current: Tree::new(empty_record()),
            size: 0,
            anchored_tree: Tree::new(empty_record()),
            anchored: None,
            staged: None,
            changed: BTreeSet::new(),
        }
    }

    /// The place that the `nth` new record gets, counted from 0: places are never given twice.
    ///
    /// # Errors
    /// [`TreeFull`] where none is left.
    pub fn new_leaf(&self, nth: u64) -> Result<u64, TreeFull> {
        let (index, capacity) = (self.current.len() + nth, Tree::<REGISTRY_DEPTH>::CAPACITY);
        if index < capacity {
            Ok(index)
        } else {
            Err(TreeFull { index, capacity })
        }
    }

    /// How many leaves hold a record now.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root with all changes.
    pub fn root(&self) -> Fr {
        self.current.root()
    }

    /// The commitment at a place now.
    pub fn leaf(&self, index: u64) -> Fr {
        self.current.leaf(index)
    }

    /// What the ledger last confirmed.
    pub const fn anchored(&self) -> Option<&Anchor> {
        self.anchored.as_ref()
    }

    /// What waits for the ledger.
    pub fn staged(&self) -> Option<&Anchor> {
        self.staged.as_ref().map(|s| &s.anchor)
    }

    /// The commitment at a place of the anchored tree, and its path.
    ///
    /// # Errors
    /// [`TreeFull`] for a place outside of the tree.
    pub fn anchored_path(&self, index: u64) -> Result<(Fr, Path<REGISTRY_DEPTH>), TreeFull> {
        Ok((self.anchored_tree.leaf(index), self.anchored_tree.path(index)?))
    }

    /// Puts commitments in places, each node above them hashed once; `None` empties a place.
    ///
    /// # Errors
    /// [`TreeFull`] for a place outside of the tree; then nothing was changed.
    pub fn set_many(&mut self, leaves: &[(u64, Option<Fr>)]) -> Result<(), TreeFull> {
        let empty = empty_record();
        let leaves: BTreeMap<u64, Fr> = leaves.iter().map(|(i, leaf)| (*i, leaf.unwrap_or(empty))).collect();
        let before = leaves.keys().filter(|i| self.current.leaf(**i) != empty).count() as u64;
        let after = leaves.values().filter(|leaf| **leaf != empty).count() as u64;
        let list: Vec<(u64, Fr)> = leaves.into_iter().collect();
        self.current.set_many(&list)?;
        self.size = self.size - before + after;
        self.changed.extend(list.iter().map(|(i, _)| *i));
        Ok(())
    }

    /// What to give to the ledger: the staged anchor where one waits; the anchored one again, a
    /// heartbeat, where nothing changed; else the current tree's under the next epoch.
    pub fn next_anchor(&self) -> Anchor {
        if let Some(staged) = &self.staged {
            return staged.anchor;
        }
        match self.anchored {
            Some(anchored) if anchored.root == self.root() => anchored,
            _ => Anchor {
                root: self.root(),
                epoch: self.anchored.map_or(0, |a| a.epoch) + 1,
                size: self.size,
            },
        }
    }

    /// Freezes [`Registry::next_anchor`] until the ledger's answer. Does nothing where one waits
    /// already or nothing changed.
    pub fn stage(&mut self) {
        let anchor = self.next_anchor();
        if self.staged.is_none() && self.anchored != Some(anchor) {
            let leaves = self.changed.iter().map(|i| (*i, self.current.leaf(*i))).collect();
            self.staged = Some(Staged { anchor, leaves });
        }
    }

    /// The ledger did not take it and never will.
    ///
    /// # Errors
    /// [`RegistryError::NothingStaged`].
    pub fn withdraw(&mut self) -> Result<(), RegistryError> {
        self.staged.take().map(|_| ()).ok_or(RegistryError::NothingStaged)
    }

    /// Whether the ledger's answer is the staged anchor.
    ///
    /// # Errors
    /// [`RegistryError::NothingStaged`] or [`RegistryError::OtherAnchor`].
    pub fn confirm(&self, epoch: u64, root: Fr) -> Result<(), RegistryError> {
        let anchor = self.staged().ok_or(RegistryError::NothingStaged)?;
        if anchor.epoch != epoch || anchor.root != root {
            return Err(RegistryError::OtherAnchor {
                expected: anchor.epoch,
                found: epoch,
                same_root: anchor.root == root,
            });
        }
        Ok(())
    }

    /// The ledger has the staged root: it becomes the anchored one.
    ///
    /// # Errors
    /// As [`Registry::confirm`]; then nothing was changed.
    pub fn mark_anchored(&mut self, epoch: u64, root: Fr) -> Result<(), RegistryError> {
        self.confirm(epoch, root)?;
        let Some(staged) = self.staged.take() else {
            return Err(RegistryError::NothingStaged);
        };
        let leaves: Vec<(u64, Fr)> = staged.leaves.into_iter().collect();
        self.anchored_tree.set_many(&leaves)?;
        self.anchored = Some(staged.anchor);
        let (current, anchored) = (&self.current, &self.anchored_tree);
        self.changed.retain(|i| current.leaf(*i) != anchored.leaf(*i));
        Ok(())
    }

    /// Bytes that [`Registry::write`] takes at most.
    pub(crate) fn written_size(&self) -> usize {
        let staged = self.staged.as_ref().map_or(0, |s| s.leaves.len());
        256 + 32 * self.current.len() as usize + 40 * (self.changed.len() + staged)
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.list(
            (0..self.current.len() as usize).map(|i| self.current.leaf(i as u64)),
            |w, leaf| w.fr(&leaf),
        );
        w.option(self.anchored, write_anchor);
        w.list(self.changed.iter(), |w, i| {
            w.u64(*i);
            w.fr(&self.anchored_tree.leaf(*i));
        });
        w.option(self.staged.as_ref(), |w, staged| {
            write_anchor(w, staged.anchor);
            w.list(staged.leaves.iter(), |w, (i, leaf)| {
                w.u64(*i);
                w.fr(leaf);
            });
        });
    }

    /// Reads what is left, to its end, and rebuilds; the anchored root must come out as it was
    /// written. Nothing is hashed before all of it was read.
    pub(crate) fn read(mut reader: Reader<'_>) -> Result<Registry, DecodeError> {
        let r = &mut reader;
        let place = |r: &mut Reader<'_>| Ok((r.u64()?, r.fr()?));
        let outside = |_| DecodeError("places within the registry");
        let leaves = r.list(32, Reader::fr)?;
        // A place beyond the leaves would fill the tree up to there.
        let places = |r: &mut Reader<'_>| {
            let places: Vec<(u64, Fr)> = r.list(40, place)?;
            let known = places.last().is_none_or(|(i, _)| *i < leaves.len() as u64);
            if known && places.is_sorted_by(|(a, _), (b, _)| a < b) {
                Ok(places)
            } else {
                Err(DecodeError("places within the registry, in increasing order"))
            }
        };
        let anchored = r.option(read_anchor)?;
        let differing = places(r)?;
        let staged = r.option(|r| {
            Ok(Staged {
                anchor: read_anchor(r)?,
                leaves: places(r)?.into_iter().collect(),
            })
        })?;
        reader.end()?;
        let empty = empty_record();
        let size = leaves.iter().filter(|leaf| **leaf != empty).count() as u64;
        let current = Tree::from_leaves(empty, leaves).map_err(outside)?;
        let mut anchored_tree = current.clone();
        anchored_tree.set_many(&differing).map_err(outside)?;
        if anchored.is_some_and(|a| a.root != anchored_tree.root()) {
            return Err(DecodeError("the root that was anchored"));
        }
        Ok(Registry {
            current,
            size,
            anchored_tree,
            anchored,
            staged,
            changed: differing.into_iter().map(|(i, _)| i).collect(),
        })
    }
}

fn write_anchor(w: &mut Writer, anchor: Anchor) {
    w.raw(&field::to_bytes(&anchor.root));
    w.u64(anchor.epoch);
    w.u64(anchor.size);
}

fn read_anchor(r: &mut Reader<'_>) -> Result<Anchor, DecodeError> {
    Ok(Anchor {
        root: r.fr()?,
        epoch: r.u64()?,
        size: r.u64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fr(n: u64) -> Option<Fr> {
        Some(Fr::from(n))
    }

    fn anchor(registry: &mut Registry) -> Anchor {
        registry.stage();
        let anchor = registry.next_anchor();
        registry.mark_anchored(anchor.epoch, anchor.root).unwrap();
        anchor
    }

    fn reread(registry: &Registry) -> Registry {
        let mut w = Writer::with_capacity(registry.written_size());
        registry.write(&mut w);
        let bytes = w.finish();
        assert!(bytes.len() <= registry.written_size());
        Registry::read(Reader::new(&bytes)).unwrap()
    }

    #[test]
    fn anchored_paths_stay_while_changes_go_on() {
        let mut registry = Registry::new();
        registry.set_many(&[(0, fr(10)), (1, fr(11)), (9, fr(19))]).unwrap();
        let first = anchor(&mut registry);
        assert_eq!((first.epoch, first.size), (1, 3));
        registry.set_many(&[(1, None), (9, fr(29)), (10, fr(20))]).unwrap();
        registry.stage();
        registry.set_many(&[(0, fr(30))]).unwrap();
        for registry in [&registry, &reread(&registry)] {
            for (i, leaf) in [(0, fr(10)), (1, fr(11)), (9, fr(19)), (10, None)] {
                let (found, path) = registry.anchored_path(i).unwrap();
                assert_eq!(found, leaf.unwrap_or(empty_record()));
                assert_eq!(path.root(found), Some(first.root));
            }
        }
        let staged = *registry.staged().unwrap();
        assert_eq!((staged.epoch, staged.size), (2, 3));
        let mut registry = reread(&registry);
        registry.mark_anchored(2, staged.root).unwrap();
        let (found, path) = registry.anchored_path(9).unwrap();
        assert_eq!((found, path.root(found)), (Fr::from(29u64), Some(staged.root)));
        let (found, path) = registry.anchored_path(0).unwrap();
        assert_eq!((found, path.root(found)), (Fr::from(10u64), Some(staged.root)));
        let third = anchor(&mut registry);
        assert_eq!((third.epoch, third.root), (3, registry.root()));
        let (found, path) = registry.anchored_path(0).unwrap();
        assert_eq!((found, path.root(found)), (Fr::from(30u64), Some(third.root)));
    }

    #[test]
    fn a_staged_root_is_frozen_and_an_unchanged_one_is_a_heartbeat() {
        let mut registry = Registry::new();
        registry.set_many(&[(0, fr(1))]).unwrap();
        registry.stage();
        let staged = registry.next_anchor();
        registry.set_many(&[(1, fr(2))]).unwrap();
        registry.stage();
        assert_eq!(registry.next_anchor(), staged);
        registry.mark_anchored(staged.epoch, staged.root).unwrap();
        for leaf in 0..2 {
            let (found, path) = registry.anchored_path(leaf).unwrap();
            assert_eq!(path.root(found), Some(staged.root));
        }
        let second = anchor(&mut registry);
        assert_eq!(second.epoch, 2);
        registry.stage();
        assert_eq!((registry.staged(), registry.next_anchor()), (None, second));
        // In and out again: the same root, so the same epoch and size.
        registry.set_many(&[(2, fr(3))]).unwrap();
        registry.set_many(&[(2, None)]).unwrap();
        assert_eq!(registry.next_anchor(), second);
    }

    #[test]
    fn only_what_was_staged_is_marked_anchored() {
        let mut registry = Registry::new();
        registry.set_many(&[(0, fr(1))]).unwrap();
        let root = registry.root();
        assert_eq!(registry.mark_anchored(1, root), Err(RegistryError::NothingStaged));
        registry.stage();
        let other = |found, same_root| RegistryError::OtherAnchor {
            expected: 1,
            found,
            same_root,
        };
        assert_eq!(registry.mark_anchored(2, root), Err(other(2, true)));
        assert_eq!(registry.mark_anchored(1, Fr::from(1u64)), Err(other(1, false)));
        assert!(registry.anchored().is_none());
        registry.withdraw().unwrap();
        assert_eq!(registry.withdraw(), Err(RegistryError::NothingStaged));
        assert_eq!(registry.mark_anchored(1, root), Err(RegistryError::NothingStaged));
    }

    #[test]
    fn a_place_is_never_given_twice() {
        let mut registry = Registry::new();
        registry.set_many(&[(0, fr(1)), (1, fr(2))]).unwrap();
        registry.set_many(&[(1, None)]).unwrap();
        assert_eq!((registry.new_leaf(0), registry.size()), (Ok(2), 1));
        assert_eq!(reread(&registry).new_leaf(1), Ok(3));
        assert!(registry.new_leaf(Tree::<REGISTRY_DEPTH>::CAPACITY - 2).is_err());
    }

    #[test]
    fn a_place_outside_changes_nothing() {
        let mut registry = Registry::new();
        let root = registry.root();
        let outside = Tree::<REGISTRY_DEPTH>::CAPACITY;
        assert!(registry.set_many(&[(0, fr(1)), (outside, fr(2))]).is_err());
        assert_eq!((registry.root(), registry.size()), (root, 0));
        assert!(registry.anchored_path(outside).is_err());
    }

    #[test]
    fn another_anchored_root_does_not_read() {
        let mut registry = Registry::new();
        registry.set_many(&[(0, fr(1))]).unwrap();
        anchor(&mut registry);
        let mut w = Writer::with_capacity(0);
        registry.write(&mut w);
        let mut bytes = w.finish();
        bytes[8 + 31] ^= 1; // the first leaf
        assert!(Registry::read(Reader::new(&bytes)).is_err());
    }

    // Leaves, an anchor or none, places that differ, places that are staged.
    fn written(differing: &[u64]) -> Result<Registry, DecodeError> {
        let mut w = Writer::with_capacity(0);
        w.list([Fr::from(1u64), Fr::from(2u64)].iter(), Writer::fr);
        w.option(None, write_anchor);
        w.list(differing.iter(), |w, i| {
            w.u64(*i);
            w.fr(&Fr::from(9u64));
        });
        w.option(None, write_anchor);
        Registry::read(Reader::new(&w.finish()))
    }

    // A place far off would be gigabytes of leaves in between.
    #[test]
    fn places_are_among_the_leaves_and_in_order() {
        assert!(written(&[0, 1]).is_ok());
        for places in [&[2][..], &[1 << 29], &[u64::MAX], &[1, 0], &[0, 0]] {
            assert!(written(places).is_err(), "{places:?}");
        }
    }
}
