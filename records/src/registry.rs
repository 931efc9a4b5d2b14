//! The registry: the tree of record commitments whose root the issuer anchors.
//!
//! Three states of one tree are kept. **Current** has every change. **Staged** is what was given
//! to the ledger and not yet confirmed: it is frozen, so that whatever the ledger says, the issuer
//! still has what it asked for. **Anchored** is what the ledger confirmed: proofs are made under
//! it, with its own paths, while changes go on.
//!
//! The current tree's nodes are on disk (`nodes`); of the others what differs from it is kept. To
//! stage, to withdraw and to anchor take no time; every change costs what it changes.

pub(crate) mod nodes;

use medproof_statement::record::empty_record;
use medproof_statement::tree::{ARITY, Path, REGISTRY_DEPTH, Tree, TreeFull};
use medproof_statement::{Fr, field};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use thiserror::Error;

use crate::vault::VaultError;
use crate::vault::codec::{DecodeError, Reader, Writer};
use crate::vault::disk::Disk;
use nodes::{Ascent, Levels, Nodes, PADDING, count};

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

/// A leaf that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeafChange {
    pub(crate) index: u64,
    pub(crate) old: Fr,
    pub(crate) new: Fr,
}

/// Leaves that change together, and the root above them after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeafChanges {
    pub(crate) leaves: Vec<LeafChange>,
    pub(crate) root: Fr,
}

/// The tree in its three states.
#[derive(Clone)]
pub(crate) struct Registry {
    nodes: Nodes,
    root: Fr,
    // How many leaves were ever filled.
    leaves: u64,
    size: u64,
    anchored: Option<Version>,
    staged: Option<Version>,
    // Leaves whose paths may not be durable in the files of nodes.
    unsynced: BTreeMap<u64, Fr>,
}

/// A state of the tree that was left behind.
#[derive(Clone)]
struct Version {
    anchor: Anchor,
    leaves: u64,
    // Its leaves where the current ones were changed since.
    behind: BTreeMap<u64, Fr>,
    // Its nodes where the current ones may differ; found when first asked for.
    nodes: OnceLock<Levels>,
}

impl Registry {
    /// Without a record, and not anchored.
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Registry {
        Registry {
            nodes: Nodes::on(disk),
            root: PADDING[REGISTRY_DEPTH],
            leaves: 0,
            size: 0,
            anchored: None,
            staged: None,
            unsynced: BTreeMap::new(),
        }
    }

    /// A tree of these leaves, its nodes durable, and those of earlier states of it.
    pub(crate) fn of(
        disk: Arc<dyn Disk>,
        leaves: &[Fr],
        anchored: Option<(Anchor, Vec<Fr>)>,
        staged: Option<(Anchor, Vec<Fr>)>,
    ) -> Result<Registry, VaultError> {
        let mut registry = Registry::new(disk);
        let placed: Vec<(u64, Option<Fr>)> = (0..).zip(leaves.iter().copied().map(Some)).collect();
        let (changes, ascent) = registry.plan(&placed)?;
        registry.note(&changes);
        registry.write_nodes(&ascent)?;
        registry.sync()?;
        registry.synced();
        let version = |(anchor, old): (Anchor, Vec<Fr>)| {
            let old = old.into_iter().chain(core::iter::repeat(empty_record()));
            let differing = (0..).zip(old).zip(leaves).filter(|((_, old), new)| old != *new);
            Version {
                anchor,
                leaves: leaves.len() as u64,
                behind: differing.map(|(differing, _)| differing).collect(),
                nodes: OnceLock::new(),
            }
        };
        registry.anchored = anchored.map(version);
        registry.staged = staged.map(version);
        // Each leads to its root.
        for version in [&registry.anchored, &registry.staged].into_iter().flatten() {
            registry.differing(version)?;
        }
        Ok(registry)
    }

    /// The place that the `nth` new record gets, counted from 0: places are never given twice.
    pub(crate) fn new_leaf(&self, nth: u64) -> Result<u64, TreeFull> {
        let (index, capacity) = (self.leaves + nth, Tree::<REGISTRY_DEPTH>::CAPACITY);
        if index < capacity {
            Ok(index)
        } else {
            Err(TreeFull { index, capacity })
        }
    }

    /// How many leaves hold a record now.
    #[cfg(test)]
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// The root with all changes.
    pub(crate) const fn root(&self) -> Fr {
        self.root
    }

    /// What the ledger last confirmed.
    pub(crate) fn anchored(&self) -> Option<&Anchor> {
        self.anchored.as_ref().map(|v| &v.anchor)
    }

    /// What waits for the ledger.
    pub(crate) fn staged(&self) -> Option<&Anchor> {
        self.staged.as_ref().map(|v| &v.anchor)
    }

    /// The commitment at a place of the anchored tree, and its path: shown to lead to the anchored root.
    ///
    /// `None` where nothing is anchored.
    pub(crate) fn anchored_path(&self, index: u64) -> Result<Option<(Fr, Path<REGISTRY_DEPTH>)>, VaultError> {
        let Some(version) = &self.anchored else {
            return Ok(None);
        };
        let capacity = Tree::<REGISTRY_DEPTH>::CAPACITY;
        if index >= capacity {
            return Err(VaultError::Inconsistent(TreeFull { index, capacity }.into()));
        }
        let differing = self.differing(version)?;
        let mut leaf = PADDING[0];
        let mut siblings = [[Fr::default(); ARITY - 1]; REGISTRY_DEPTH];
        for (level, others) in siblings.iter_mut().enumerate() {
            let node = index >> (3 * level);
            let (parent, place) = (node / ARITY as u64, (node % ARITY as u64) as usize);
            let mut children = self.nodes.children(level, parent, version.leaves)?;
            for (i, child) in children.iter_mut().enumerate() {
                let known = differing[level].get(&(parent * ARITY as u64 + i as u64));
                *child = known.copied().unwrap_or(*child);
            }
            if level == 0 {
                leaf = children[place];
            }
            *others = core::array::from_fn(|i| children[i + usize::from(i >= place)]);
        }
        let path = Path { index, siblings };
        if path.root(leaf) != Some(version.anchor.root) {
            return Err(changed());
        }
        Ok(Some((leaf, path)))
    }

    // Whoever asks first hashes from the leaves that were changed since.
    fn differing<'a>(&self, version: &'a Version) -> Result<&'a Levels, VaultError> {
        if let Some(levels) = version.nodes.get() {
            return Ok(levels);
        }
        let mut leaves = version.behind.clone();
        // The last of its leaves: above it, later ones came in.
        if let Some(last) = version.leaves.checked_sub(1)
            && !leaves.contains_key(&last)
        {
            let node = self.nodes.children(0, last / ARITY as u64, version.leaves)?;
            leaves.insert(last, node[(last % ARITY as u64) as usize]);
        }
        let ascent = self.nodes.ascend(leaves, version.leaves, None)?;
        if ascent.root.unwrap_or(PADDING[REGISTRY_DEPTH]) != version.anchor.root {
            return Err(changed());
        }
        Ok(version.nodes.get_or_init(|| ascent.new))
    }

    /// What putting commitments in places does to the tree; `None` empties a place. Changes nothing yet.
    pub(crate) fn plan(&self, leaves: &[(u64, Option<Fr>)]) -> Result<(LeafChanges, Ascent), VaultError> {
        let capacity = Tree::<REGISTRY_DEPTH>::CAPACITY;
        let empty = empty_record();
        let mut new: BTreeMap<u64, Fr> = leaves.iter().map(|(i, leaf)| (*i, leaf.unwrap_or(empty))).collect();
        if let Some((&index, _)) = new.last_key_value() {
            if index >= capacity {
                return Err(VaultError::Inconsistent(TreeFull { index, capacity }.into()));
            }
            // Places in between are empty ones.
            for i in self.leaves..index {
                new.entry(i).or_insert(empty);
            }
        }
        let ascent = self.nodes.ascend(new, self.leaves, Some(self.root))?;
        let change = |(index, new): (&u64, &Fr)| LeafChange {
            index: *index,
            old: ascent.old[0].get(index).copied().unwrap_or(empty),
            new: *new,
        };
        let changes = LeafChanges {
            leaves: ascent.new[0].iter().map(change).collect(),
            root: ascent.root.unwrap_or(self.root),
        };
        Ok((changes, ascent))
    }

    /// Takes over what was planned, all but the nodes on disk.
    pub(crate) fn note(&mut self, changes: &LeafChanges) {
        let empty = empty_record();
        for LeafChange { index, old, new } in &changes.leaves {
            for version in [&mut self.anchored, &mut self.staged].into_iter().flatten() {
                if *index < version.leaves {
                    version.behind.entry(*index).or_insert(*old);
                }
            }
            self.size = self.size + u64::from(*new != empty) - u64::from(*old != empty);
            self.leaves = self.leaves.max(index + 1);
            self.unsynced.insert(*index, *new);
        }
        self.root = changes.root;
    }

    /// Writes the nodes of what was planned. They are durable after [`Registry::sync`].
    pub(crate) fn write_nodes(&mut self, ascent: &Ascent) -> Result<(), VaultError> {
        for version in [&mut self.anchored, &mut self.staged].into_iter().flatten() {
            let Some(levels) = version.nodes.get_mut() else {
                continue;
            };
            for (level, olds) in ascent.old.iter().enumerate() {
                for (i, old) in olds.range(..count(version.leaves, level)) {
                    levels[level].entry(*i).or_insert(*old);
                }
            }
        }
        Ok(self.nodes.write(&ascent.new)?)
    }

    /// How many leaves are to be written again if the machine stops now.
    pub(crate) fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    /// Makes the nodes durable. [`Registry::synced`] when it is on record.
    pub(crate) fn sync(&self) -> Result<(), VaultError> {
        Ok(self.nodes.sync()?)
    }

    /// It is on record that what was written before is durable.
    pub(crate) fn synced(&mut self) {
        self.unsynced.clear();
    }

    /// After opening: writes again what may not have been durable.
    ///
    /// [`VaultError::Tampered`] where the tree is not the one on record then.
    pub(crate) fn recover(&mut self) -> Result<(), VaultError> {
        let ascent = self.nodes.ascend(self.unsynced.clone(), self.leaves, None)?;
        if ascent.root.is_some_and(|root| root != self.root) {
            return Err(changed());
        }
        Ok(self.nodes.write(&ascent.new)?)
    }

    /// What to give to the ledger: the staged anchor where one waits; the anchored one again, a
    /// heartbeat, where nothing changed; else the current tree's under the next epoch.
    pub(crate) fn next_anchor(&self) -> Anchor {
        if let Some(staged) = self.staged() {
            return *staged;
        }
        match self.anchored() {
            Some(anchored) if anchored.root == self.root() => *anchored,
            anchored => Anchor {
                root: self.root(),
                epoch: anchored.map_or(0, |a| a.epoch) + 1,
                size: self.size,
            },
        }
    }

    /// Freezes [`Registry::next_anchor`] until the ledger's answer. Does nothing where one waits
    /// already or nothing changed; says whether it did.
    pub(crate) fn stage(&mut self) -> bool {
        let anchor = self.next_anchor();
        let stages = self.staged.is_none() && self.anchored() != Some(&anchor);
        if stages {
            self.freeze(anchor);
        }
        stages
    }

    /// The same, above an epoch that the ledger has and this registry does not know of: changed or not, the current tree is
    /// given to the ledger anew.
    pub(crate) fn stage_after(&mut self, epoch: u64) -> bool {
        if self.staged.is_some() || self.anchored().is_some_and(|anchored| anchored.epoch >= epoch) {
            return self.stage();
        }
        self.freeze(Anchor {
            root: self.root(),
            epoch: epoch.saturating_add(1),
            size: self.size,
        });
        true
    }

    fn freeze(&mut self, anchor: Anchor) {
        self.staged = Some(Version {
            anchor,
            leaves: self.leaves,
            behind: BTreeMap::new(),
            nodes: OnceLock::new(),
        });
    }

    /// The ledger did not take it and never will.
    pub(crate) fn withdraw(&mut self) -> Result<(), RegistryError> {
        self.staged.take().map(|_| ()).ok_or(RegistryError::NothingStaged)
    }

    /// Whether the ledger's answer is the staged anchor.
    pub(crate) fn confirm(&self, epoch: u64, root: Fr) -> Result<(), RegistryError> {
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
    pub(crate) fn mark_anchored(&mut self, epoch: u64, root: Fr) -> Result<(), RegistryError> {
        self.confirm(epoch, root)?;
        self.anchored = self.staged.take();
        Ok(())
    }

    /// Bytes that [`Registry::write`] takes at most.
    pub(crate) fn written_size(&self) -> usize {
        let behind = |version: &Option<Version>| version.as_ref().map_or(0, |v| v.behind.len());
        256 + 40 * (self.unsynced.len() + behind(&self.anchored) + behind(&self.staged))
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.fr(&self.root);
        w.u64(self.leaves);
        w.u64(self.size);
        w.option(self.anchored.as_ref(), write_version);
        w.option(self.staged.as_ref(), write_version);
        write_leaves(w, &self.unsynced);
    }

    /// Reads what is left, to its end. The nodes are those on this disk.
    pub(crate) fn read(mut reader: Reader<'_>, disk: Arc<dyn Disk>) -> Result<Registry, DecodeError> {
        let r = &mut reader;
        let root = r.fr()?;
        let leaves = r.u64()?;
        if leaves > Tree::<REGISTRY_DEPTH>::CAPACITY {
            return Err(DecodeError("as many leaves as a registry has"));
        }
        let size = r.u64()?;
        let anchored = r.option(|r| read_version(r, leaves))?;
        let staged = r.option(|r| read_version(r, leaves))?;
        let unsynced = read_leaves(r, leaves)?;
        reader.end()?;
        Ok(Registry {
            nodes: Nodes::on(disk),
            root,
            leaves,
            size,
            anchored,
            staged,
            unsynced,
        })
    }
}

impl core::fmt::Debug for Registry {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Registry({} leaves)", self.leaves)
    }
}

fn changed() -> VaultError {
    VaultError::Tampered {
        file: nodes::files().collect::<Vec<_>>().join(" or "),
    }
}

fn write_version(w: &mut Writer, version: &Version) {
    write_anchor(w, version.anchor);
    w.u64(version.leaves);
    write_leaves(w, &version.behind);
}

fn read_version(r: &mut Reader<'_>, most: u64) -> Result<Version, DecodeError> {
    let anchor = read_anchor(r)?;
    let leaves = r.u64()?;
    if leaves > most {
        return Err(DecodeError("no more leaves than the current tree's"));
    }
    Ok(Version {
        anchor,
        leaves,
        behind: read_leaves(r, leaves)?,
        nodes: OnceLock::new(),
    })
}

fn write_leaves(w: &mut Writer, leaves: &BTreeMap<u64, Fr>) {
    w.list(leaves.iter(), |w, (i, leaf)| {
        w.u64(*i);
        w.fr(leaf);
    });
}

fn read_leaves(r: &mut Reader<'_>, within: u64) -> Result<BTreeMap<u64, Fr>, DecodeError> {
    let leaves: Vec<(u64, Fr)> = r.list(40, |r| Ok((r.u64()?, r.fr()?)))?;
    let known = leaves.last().is_none_or(|(i, _)| *i < within);
    if known && leaves.is_sorted_by(|(a, _), (b, _)| a < b) {
        Ok(leaves.into_iter().collect())
    } else {
        Err(DecodeError("places within the registry, in increasing order"))
    }
}

fn write_anchor(w: &mut Writer, anchor: Anchor) {
    w.raw(&field::to_bytes(&anchor.root));
    w.u64(anchor.epoch);
    w.u64(anchor.size);
}

pub(crate) fn read_anchor(r: &mut Reader<'_>) -> Result<Anchor, DecodeError> {
    Ok(Anchor {
        root: r.fr()?,
        epoch: r.u64()?,
        size: r.u64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::sim::SimDisk;
    use medproof_statement::tree::Tree;

    fn fr(n: u64) -> Option<Fr> {
        Some(Fr::from(n))
    }

    fn registry() -> (Registry, SimDisk) {
        let disk = SimDisk::default();
        nodes::files().for_each(|name| disk.create(&name, &[]).unwrap());
        (Registry::new(Arc::new(disk.clone())), disk)
    }

    fn set(registry: &mut Registry, leaves: &[(u64, Option<Fr>)]) -> Result<(), VaultError> {
        let (changes, ascent) = registry.plan(leaves)?;
        registry.note(&changes);
        registry.write_nodes(&ascent)
    }

    fn anchor(registry: &mut Registry) -> Anchor {
        registry.stage();
        let anchor = registry.next_anchor();
        registry.mark_anchored(anchor.epoch, anchor.root).unwrap();
        anchor
    }

    fn reread(registry: &Registry, disk: &SimDisk) -> Registry {
        let mut w = Writer::with_capacity(registry.written_size());
        registry.write(&mut w);
        let bytes = w.finish();
        assert!(bytes.len() <= registry.written_size());
        let mut read = Registry::read(Reader::new(&bytes), Arc::new(disk.clone())).unwrap();
        read.recover().unwrap();
        read
    }

    fn path(registry: &Registry, index: u64) -> (Fr, Path<REGISTRY_DEPTH>) {
        registry.anchored_path(index).unwrap().unwrap()
    }

    #[test]
    fn it_is_the_tree_of_its_leaves() {
        let (mut registry, disk) = registry();
        let mut tree = Tree::<REGISTRY_DEPTH>::new(empty_record());
        assert_eq!(registry.root(), tree.root());
        let mut seed = 1u64;
        for round in 0..40 {
            // Here and there, and now and then far out.
            let mut leaves = BTreeMap::new();
            for i in 0..round {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(i + 1);
                let index = (seed >> 33) % if round % 10 == 9 { 5_000 } else { 300 };
                leaves.insert(index, (!seed.is_multiple_of(5)).then(|| Fr::from(seed)));
            }
            let leaves: Vec<(u64, Option<Fr>)> = leaves.into_iter().collect();
            set(&mut registry, &leaves).unwrap();
            let leaves: Vec<(u64, Fr)> = leaves.iter().map(|(i, l)| (*i, l.unwrap_or(empty_record()))).collect();
            tree.set_many(&leaves).unwrap();
            assert_eq!(registry.root(), tree.root());
            if round % 7 == 0 {
                registry = reread(&registry, &disk);
                anchor(&mut registry);
            }
            let at = seed % 6_000;
            if let Some(anchored) = registry.anchored() {
                let (leaf, path) = path(&registry, at);
                assert_eq!(path.root(leaf), Some(anchored.root));
            }
        }
    }

    #[test]
    fn anchored_paths_stay_while_changes_go_on() {
        let (mut registry, disk) = registry();
        set(&mut registry, &[(0, fr(10)), (1, fr(11)), (9, fr(19))]).unwrap();
        let first = anchor(&mut registry);
        assert_eq!((first.epoch, first.size), (1, 3));
        set(&mut registry, &[(1, None), (9, fr(29)), (10, fr(20))]).unwrap();
        registry.stage();
        set(&mut registry, &[(0, fr(30)), (70, fr(31))]).unwrap();
        for registry in [&registry, &reread(&registry, &disk)] {
            for (i, leaf) in [(0, fr(10)), (1, fr(11)), (9, fr(19)), (10, None), (70, None)] {
                let (found, path) = path(registry, i);
                assert_eq!(found, leaf.unwrap_or(empty_record()));
                assert_eq!(path.root(found), Some(first.root));
            }
        }
        let staged = *registry.staged().unwrap();
        assert_eq!((staged.epoch, staged.size), (2, 3));
        let mut registry = reread(&registry, &disk);
        registry.mark_anchored(2, staged.root).unwrap();
        assert_eq!(path(&registry, 9).0, Fr::from(29u64));
        assert_eq!(path(&registry, 0).0, Fr::from(10u64));
        // What is known of the anchored tree is kept up with what changes.
        set(&mut registry, &[(9, fr(39)), (8, fr(40)), (700, fr(41))]).unwrap();
        for i in [0, 8, 9, 70, 700] {
            let (found, path) = path(&registry, i);
            assert_eq!(path.root(found), Some(staged.root), "{i}");
        }
        let third = anchor(&mut registry);
        assert_eq!((third.epoch, third.root), (3, registry.root()));
        assert_eq!(path(&registry, 0).0, Fr::from(30u64));
    }

    #[test]
    fn above_an_epoch_that_the_ledger_has_the_same_root_is_staged_anew() {
        let (mut registry, disk) = registry();
        set(&mut registry, &[(0, fr(1))]).unwrap();
        let first = anchor(&mut registry);
        // The ledger is no further: nothing is new.
        assert!(!registry.stage_after(1));
        assert!(registry.stage_after(7));
        let staged = *registry.staged().unwrap();
        assert_eq!((staged.epoch, staged.root, staged.size), (8, first.root, 1));
        // What waits, waits.
        assert!(!registry.stage_after(9));
        let mut registry = reread(&registry, &disk);
        registry.mark_anchored(8, first.root).unwrap();
        let (found, opened) = path(&registry, 0);
        assert_eq!(opened.root(found), Some(first.root));
        set(&mut registry, &[(1, fr(2))]).unwrap();
        assert_eq!(anchor(&mut registry).epoch, 9);
    }

    #[test]
    fn a_staged_root_is_frozen_and_an_unchanged_one_is_a_heartbeat() {
        let (mut registry, _) = registry();
        set(&mut registry, &[(0, fr(1))]).unwrap();
        registry.stage();
        let staged = registry.next_anchor();
        set(&mut registry, &[(1, fr(2))]).unwrap();
        assert!(!registry.stage());
        assert_eq!(registry.next_anchor(), staged);
        registry.mark_anchored(staged.epoch, staged.root).unwrap();
        for leaf in 0..2 {
            let (found, path) = path(&registry, leaf);
            assert_eq!(path.root(found), Some(staged.root));
        }
        let second = anchor(&mut registry);
        assert_eq!(second.epoch, 2);
        registry.stage();
        assert_eq!((registry.staged(), registry.next_anchor()), (None, second));
        // In and out again: the same root, so the same epoch and size.
        set(&mut registry, &[(2, fr(3))]).unwrap();
        set(&mut registry, &[(2, None)]).unwrap();
        assert_eq!(registry.next_anchor(), second);
    }

    #[test]
    fn only_what_was_staged_is_marked_anchored() {
        let (mut registry, _) = registry();
        set(&mut registry, &[(0, fr(1))]).unwrap();
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
        let (mut registry, disk) = registry();
        set(&mut registry, &[(0, fr(1)), (1, fr(2))]).unwrap();
        set(&mut registry, &[(1, None)]).unwrap();
        assert_eq!((registry.new_leaf(0), registry.size()), (Ok(2), 1));
        assert_eq!(reread(&registry, &disk).new_leaf(1), Ok(3));
        assert!(registry.new_leaf(Tree::<REGISTRY_DEPTH>::CAPACITY - 2).is_err());
    }

    #[test]
    fn a_place_outside_changes_nothing() {
        let (mut registry, _) = registry();
        let root = registry.root();
        let outside = Tree::<REGISTRY_DEPTH>::CAPACITY;
        assert!(set(&mut registry, &[(0, fr(1)), (outside, fr(2))]).is_err());
        assert_eq!((registry.root(), registry.size()), (root, 0));
        anchor(&mut registry);
        assert!(registry.anchored_path(outside).is_err());
    }

    // Every node that a change or a path reads is shown to be under the root that is on record.
    #[test]
    fn a_changed_node_is_found_before_it_is_used() {
        let (mut registry, disk) = registry();
        let leaves: Vec<(u64, Option<Fr>)> = (0..1200).map(|i| (i, fr(i + 1))).collect();
        set(&mut registry, &leaves).unwrap();
        anchor(&mut registry);
        // Elsewhere: the anchored tree's own nodes are not beside leaf 9.
        set(&mut registry, &[(300, fr(1))]).unwrap();
        registry.synced();
        let files = disk.files();
        let tampered = |result: Result<(), VaultError>| matches!(result, Err(VaultError::Tampered { .. }));
        for (level, name) in nodes::files().enumerate() {
            // A sibling on the way from leaf 9, as in no tree; one that is cut off; one of another level.
            let sibling = ((9u64 >> (3 * level)) ^ 1) as usize;
            if sibling as u64 >= count(1200, level) {
                continue;
            }
            for cut in [false, true] {
                let mut bytes = files[&name].clone();
                match cut {
                    true => bytes.truncate(32 * sibling),
                    false => bytes[32 * sibling + 31] ^= 1,
                }
                let other = disk.fork();
                other.plant(&name, bytes);
                let mut registry = Registry {
                    nodes: Nodes::on(Arc::new(other)),
                    ..registry.clone()
                };
                let root = registry.root();
                assert!(tampered(set(&mut registry, &[(9, fr(7))])), "{name}");
                assert_eq!(registry.root(), root);
                assert!(tampered(registry.anchored_path(9).map(drop)), "{name}");
            }
        }
    }

    #[test]
    fn nodes_that_were_not_durable_are_written_again_from_the_leaves_on_record() {
        let (mut registry, disk) = registry();
        let leaves: Vec<(u64, Option<Fr>)> = (0..100).map(|i| (i, fr(i + 1))).collect();
        set(&mut registry, &leaves).unwrap();
        registry.sync().unwrap();
        registry.synced();
        let durable = disk.files();
        set(&mut registry, &[(5, fr(50)), (99, fr(51)), (130, fr(52))]).unwrap();
        for (name, bytes) in durable {
            disk.plant(&name, bytes);
        }
        let registry = reread(&registry, &disk);
        let mut again = registry.clone();
        set(&mut again, &[(5, fr(6)), (99, fr(100)), (130, None)]).unwrap();
        // And where they are not those of the root on record, nothing opens.
        disk.plant("level0", vec![0; 64]);
        let mut w = Writer::with_capacity(registry.written_size());
        registry.write(&mut w);
        let mut read = Registry::read(Reader::new(&w.finish()), Arc::new(disk)).unwrap();
        assert!(matches!(read.recover(), Err(VaultError::Tampered { .. })));
    }

    // Two leaves, nothing staged or anchored, places that may not be durable.
    fn written(unsynced: &[u64]) -> Result<Registry, DecodeError> {
        let mut w = Writer::with_capacity(0);
        w.fr(&Fr::from(1u64));
        w.u64(2);
        w.u64(2);
        w.option(None, write_version);
        w.option(None, write_version);
        w.list(unsynced.iter(), |w, i| {
            w.u64(*i);
            w.fr(&Fr::from(9u64));
        });
        Registry::read(Reader::new(&w.finish()), Arc::new(SimDisk::default()))
    }

    // A place far off would be gigabytes of nodes in between.
    #[test]
    fn places_are_among_the_leaves_and_in_order() {
        assert!(written(&[0, 1]).is_ok());
        for places in [&[2][..], &[1 << 29], &[u64::MAX], &[1, 0], &[0, 0]] {
            assert!(written(places).is_err(), "{places:?}");
        }
    }
}
