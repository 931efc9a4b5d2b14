//! The tiles on the right edge, while entries come: what is to be written, or what should be there.

use super::{HEIGHT, Kind, Tile, WIDTH, levels};
use crate::tree::{Hash, Head};

/// Of each level the hashes of its last tile, while that is partial.
pub(crate) struct Rows {
    size: u64,
    rows: Vec<Vec<Hash>>,
}

impl Rows {
    /// Of a log without entries.
    pub(crate) const fn new() -> Rows {
        Rows {
            size: 0,
            rows: Vec::new(),
        }
    }

    /// Of a log of so many entries, from its partial tiles.
    pub(crate) fn resume<E>(size: u64, mut read: impl FnMut(Tile) -> Result<Vec<Hash>, E>) -> Result<Rows, E> {
        let row = |(level, count): (u8, u64)| {
            let kind = Kind::Hashes(level);
            let (index, width) = (count / WIDTH, (count % WIDTH) as u16);
            if width == 0 {
                return Ok(Vec::new());
            }
            read(Tile { kind, index, width })
        };
        let rows = levels(size).map(row).collect::<Result<_, E>>()?;
        Ok(Rows { size, rows })
    }

    /// One leaf more. `full` gets each tile that it fills, with its hashes.
    pub(crate) fn push<E>(
        &mut self,
        leaf: Hash,
        mut full: impl FnMut(Tile, &[Hash]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.size += 1;
        let mut hash = leaf;
        for level in 0.. {
            if self.rows.len() <= level {
                self.rows.push(Vec::new());
            }
            let Some(row) = self.rows.get_mut(level) else { break };
            row.push(hash);
            if (row.len() as u64) < WIDTH {
                break;
            }
            let spanned = HEIGHT * (level as u32 + 1);
            let tile = Tile {
                kind: Kind::Hashes(level as u8),
                index: (self.size >> spanned) - 1,
                width: WIDTH as u16,
            };
            full(tile, row)?;
            hash = Hash::of_subtrees(&Hash::subtrees(row));
            row.clear();
        }
        Ok(())
    }

    /// The tiles that are not full, and their hashes.
    pub(crate) fn partial(&self) -> impl Iterator<Item = (Tile, &[Hash])> {
        let rows = self.rows.iter().zip(levels(self.size));
        rows.filter(|(row, _)| !row.is_empty()).map(|(row, (level, count))| {
            let tile = Tile {
                kind: Kind::Hashes(level),
                index: count / WIDTH,
                width: row.len() as u16,
            };
            (tile, &row[..])
        })
    }

    /// How many leaves.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Size and root.
    pub(crate) fn head(&self) -> Head {
        let subtrees: Vec<Hash> = self.rows.iter().rev().flat_map(|row| Hash::subtrees(row)).collect();
        Head {
            size: self.size,
            root: Hash::of_subtrees(&subtrees),
        }
    }
}
