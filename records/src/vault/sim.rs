//! A disk in memory that crashes, fills up and forgets what was not synced: for tests.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use super::disk::{Disk, DiskError};

/// What is left of unsynced changes after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crash {
    /// Everything: the process died, the machine did not.
    KeepsAll,
    /// Names, but not contents: a renamed file that was not synced is empty.
    LosesContents,
    /// Neither.
    LosesAll,
    /// Contents, and of the names only the last renaming: it is atomic, but nothing orders it after
    /// others save a sync.
    KeepsLastName,
}

pub(crate) const CRASHES: [Crash; 4] = [
    Crash::KeepsAll,
    Crash::LosesContents,
    Crash::LosesAll,
    Crash::KeepsLastName,
];

#[derive(Clone, Default)]
struct Content {
    seen: Vec<u8>,
    synced: Vec<u8>,
}

#[derive(Clone, Default)]
struct Inner {
    contents: Vec<Content>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    // Since names were synced.
    last_renamed: Option<(String, String)>,
    operations: u64,
    dies_at: Option<u64>,
    full_at: Option<u64>,
    dead: bool,
}

/// Clones share the disk.
#[derive(Clone, Default)]
pub(crate) struct SimDisk(Arc<Mutex<Inner>>);

impl SimDisk {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// A copy that shares nothing.
    pub(crate) fn fork(&self) -> SimDisk {
        SimDisk(Arc::new(Mutex::new(self.inner().clone())))
    }

    /// How many changing operations were done.
    pub(crate) fn operations(&self) -> u64 {
        self.inner().operations
    }

    /// The process dies in this operation, which is half done.
    pub(crate) fn die_at(&self, operation: u64) {
        self.inner().dies_at = Some(operation);
    }

    /// The disk is full in this operation, and has room again after.
    pub(crate) fn full_at(&self, operation: u64) {
        self.inner().full_at = Some(operation);
    }

    /// After the crash: what the next process finds.
    pub(crate) fn revive(&self, crash: Crash) {
        let mut inner = self.inner();
        inner.dead = false;
        inner.dies_at = None;
        if matches!(crash, Crash::LosesAll | Crash::KeepsLastName) {
            let last = inner.last_renamed.take().filter(|_| crash == Crash::KeepsLastName);
            inner.names = inner.synced_names.clone();
            if let Some((from, to)) = last
                && let Some(index) = inner.names.remove(&from)
            {
                inner.names.insert(to, index);
            }
        }
        if matches!(crash, Crash::LosesAll | Crash::LosesContents) {
            inner.contents.iter_mut().for_each(|c| c.seen = c.synced.clone());
        }
        inner.contents.iter_mut().for_each(|c| c.synced = c.seen.clone());
        inner.synced_names = inner.names.clone();
    }

    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let inner = self.inner();
        inner
            .names
            .iter()
            .map(|(n, i)| (n.clone(), inner.contents[*i].seen.clone()))
            .collect()
    }

    /// Everything that was ever on the disk and not overwritten, named or not.
    pub(crate) fn blocks(&self) -> Vec<Vec<u8>> {
        self.inner()
            .contents
            .iter()
            .flat_map(|c| [c.seen.clone(), c.synced.clone()])
            .collect()
    }

    /// Puts a file there, whatever was there.
    pub(crate) fn plant(&self, name: &str, bytes: Vec<u8>) {
        let mut inner = self.inner();
        let index = inner.contents.len();
        inner.contents.push(Content {
            seen: bytes.clone(),
            synced: bytes,
        });
        inner.names.insert(name.to_owned(), index);
        inner.synced_names.insert(name.to_owned(), index);
    }

    pub(crate) fn unlink(&self, name: &str) {
        let mut inner = self.inner();
        inner.names.remove(name);
        inner.synced_names.remove(name);
    }
}

// What becomes of one changing operation.
enum Fate {
    Done,
    Half(DiskError),
}

impl Inner {
    fn step(&mut self, name: &str) -> Result<Fate, DiskError> {
        let io = || DiskError::Io {
            doing: "doing",
            file: name.to_owned(),
            source: io::Error::other("the process is dead"),
        };
        if self.dead {
            return Err(io());
        }
        let now = self.operations;
        self.operations += 1;
        if self.dies_at == Some(now) {
            self.dead = true;
            return Ok(Fate::Half(io()));
        }
        if self.full_at == Some(now) {
            return Ok(Fate::Half(DiskError::Full {
                doing: "doing",
                file: name.to_owned(),
            }));
        }
        Ok(Fate::Done)
    }

    fn index(&self, name: &str) -> Result<usize, DiskError> {
        self.names
            .get(name)
            .copied()
            .ok_or_else(|| DiskError::Missing { file: name.to_owned() })
    }
}

impl Disk for SimDisk {
    fn read(&self, name: &str) -> Result<Vec<u8>, DiskError> {
        let inner = self.inner();
        Ok(inner.contents[inner.index(name)?].seen.clone())
    }

    fn create(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let mut inner = self.inner();
        let fate = inner.step(name)?;
        assert!(!inner.names.contains_key(name), "a file is written once");
        let written = match fate {
            Fate::Done => bytes.len(),
            Fate::Half(_) => bytes.len() / 2,
        };
        let index = inner.contents.len();
        inner.contents.push(Content {
            seen: bytes[..written].to_vec(),
            synced: Vec::new(),
        });
        inner.names.insert(name.to_owned(), index);
        match fate {
            Fate::Done => Ok(()),
            Fate::Half(error) => Err(error),
        }
    }

    fn sync(&self, name: &str) -> Result<(), DiskError> {
        let mut inner = self.inner();
        if let Fate::Half(error) = inner.step(name)? {
            return Err(error);
        }
        let index = inner.index(name)?;
        inner.contents[index].synced = inner.contents[index].seen.clone();
        Ok(())
    }

    fn sync_names(&self) -> Result<(), DiskError> {
        let mut inner = self.inner();
        if let Fate::Half(error) = inner.step("the directory")? {
            return Err(error);
        }
        inner.synced_names = inner.names.clone();
        inner.last_renamed = None;
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        let mut inner = self.inner();
        if let Fate::Half(error) = inner.step(to)? {
            return Err(error);
        }
        let index = inner.index(from)?;
        inner.names.remove(from);
        inner.names.insert(to.to_owned(), index);
        inner.last_renamed = Some((from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn shred(&self, name: &str) -> Result<(), DiskError> {
        let mut inner = self.inner();
        let fate = inner.step(name)?;
        let index = inner.index(name)?;
        if let Fate::Half(error) = fate {
            let half = inner.contents[index].seen.len() / 2;
            inner.contents[index].seen[..half].fill(0);
            return Err(error);
        }
        let content = &mut inner.contents[index];
        // Zeros say nothing: kept as no bytes at all.
        content.seen.clear();
        content.synced.clear();
        inner.names.remove(name);
        Ok(())
    }

    fn list(&self) -> Result<Vec<String>, DiskError> {
        Ok(self.inner().names.keys().cloned().collect())
    }
}
