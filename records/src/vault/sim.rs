//! A disk in memory that crashes, fills up and forgets what was not synced: for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
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
    // Names that may not be synced.
    touched: BTreeSet<String>,
    // Since names were synced.
    last_renamed: Option<(String, String)>,
    operations: u64,
    dies_at: Option<u64>,
    full_at: Option<u64>,
    dead: bool,
}

/// A directory of a machine, which crashes as a whole. Clones share the machine.
#[derive(Clone, Default)]
pub(crate) struct SimDisk {
    machine: Arc<Mutex<Inner>>,
    // What its names begin with.
    directory: &'static str,
}

impl SimDisk {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.machine.lock().unwrap()
    }

    /// Another directory of the same machine.
    pub(crate) fn directory(&self, directory: &'static str) -> SimDisk {
        SimDisk {
            machine: Arc::clone(&self.machine),
            directory,
        }
    }

    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.directory)
    }

    /// A copy of the machine that shares nothing.
    pub(crate) fn fork(&self) -> SimDisk {
        SimDisk {
            machine: Arc::new(Mutex::new(self.inner().clone())),
            directory: self.directory,
        }
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
        inner.touched.clear();
    }

    /// Every file of the machine, by directory and name.
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

impl Fate {
    fn outcome(self) -> Result<(), DiskError> {
        match self {
            Fate::Done => Ok(()),
            Fate::Half(error) => Err(error),
        }
    }
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
        Ok(inner.contents[inner.index(&self.name(name))?].seen.clone())
    }

    fn read_at(&self, name: &str, at: u64, length: usize) -> Result<Vec<u8>, DiskError> {
        let bytes = self.read(name)?;
        let start = bytes.len().min(at as usize);
        Ok(bytes[start..bytes.len().min(start + length)].to_vec())
    }

    fn create(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let name = self.name(name);
        let mut inner = self.inner();
        let fate = inner.step(&name)?;
        assert!(!inner.names.contains_key(&name), "a file is made once");
        let written = match fate {
            Fate::Done => bytes.len(),
            Fate::Half(_) => bytes.len() / 2,
        };
        let index = inner.contents.len();
        inner.contents.push(Content {
            seen: bytes[..written].to_vec(),
            synced: Vec::new(),
        });
        inner.names.insert(name.clone(), index);
        inner.touched.insert(name);
        fate.outcome()
    }

    fn write_at(&self, name: &str, at: u64, bytes: &[u8]) -> Result<(), DiskError> {
        let name = self.name(name);
        let mut inner = self.inner();
        let fate = inner.step(&name)?;
        let index = inner.index(&name)?;
        let written = match fate {
            Fate::Done => bytes.len(),
            Fate::Half(_) => bytes.len() / 2,
        };
        let (seen, at) = (&mut inner.contents[index].seen, at as usize);
        seen.resize(seen.len().max(at + written), 0);
        seen[at..at + written].copy_from_slice(&bytes[..written]);
        fate.outcome()
    }

    fn sync(&self, name: &str) -> Result<(), DiskError> {
        let name = self.name(name);
        let mut inner = self.inner();
        if let Fate::Half(error) = inner.step(&name)? {
            return Err(error);
        }
        let index = inner.index(&name)?;
        inner.contents[index].synced = inner.contents[index].seen.clone();
        Ok(())
    }

    fn sync_names(&self) -> Result<(), DiskError> {
        let mut inner = self.inner();
        if let Fate::Half(error) = inner.step(self.directory)? {
            return Err(error);
        }
        let ours = |name: &String| self.owns(name);
        for name in inner.touched.extract_if(.., |name| ours(name)).collect::<Vec<_>>() {
            match inner.names.get(&name).copied() {
                Some(index) => inner.synced_names.insert(name, index),
                None => inner.synced_names.remove(&name),
            };
        }
        inner.last_renamed.take_if(|(_, to)| ours(to));
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        let (from, to) = (self.name(from), self.name(to));
        let mut inner = self.inner();
        if let Fate::Half(error) = inner.step(&to)? {
            return Err(error);
        }
        let index = inner.index(&from)?;
        inner.names.remove(&from);
        inner.names.insert(to.clone(), index);
        inner.touched.extend([from.clone(), to.clone()]);
        inner.last_renamed = Some((from, to));
        Ok(())
    }

    // Durable at once, as it promises; half of it, where the machine dies within.
    fn blank(&self, name: &str, parts: &[Range<u64>]) -> Result<(), DiskError> {
        let name = self.name(name);
        let mut inner = self.inner();
        let fate = inner.step(&name)?;
        let index = inner.index(&name)?;
        let half = matches!(fate, Fate::Half(_));
        let Content { seen, synced } = &mut inner.contents[index];
        for part in parts {
            let (start, end) = (part.start as usize, part.end as usize);
            let end = if half { start.midpoint(end) } else { end };
            for bytes in [&mut *seen, &mut *synced].into_iter().take(if half { 1 } else { 2 }) {
                let length = bytes.len();
                bytes[start.min(length)..end.min(length)].fill(0);
            }
        }
        fate.outcome()
    }

    fn shred(&self, name: &str) -> Result<(), DiskError> {
        let name = self.name(name);
        let mut inner = self.inner();
        let fate = inner.step(&name)?;
        let index = inner.index(&name)?;
        if let Fate::Half(error) = fate {
            let half = inner.contents[index].seen.len() / 2;
            inner.contents[index].seen[..half].fill(0);
            return Err(error);
        }
        let content = &mut inner.contents[index];
        // Zeros say nothing: kept as no bytes at all.
        content.seen.clear();
        content.synced.clear();
        inner.names.remove(&name);
        inner.touched.insert(name);
        Ok(())
    }

    fn list(&self) -> Result<Vec<String>, DiskError> {
        let inner = self.inner();
        let ours = inner.names.keys().filter(|name| self.owns(name));
        Ok(ours.map(|name| name[self.directory.len()..].to_owned()).collect())
    }
}

impl SimDisk {
    // Directories end in a slash; the first has none and owns the names without one.
    fn owns(&self, name: &str) -> bool {
        name.strip_prefix(self.directory)
            .is_some_and(|rest| !rest.contains('/'))
    }
}
