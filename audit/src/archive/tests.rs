use super::*;
use crate::entry::tests::{entry, events};
use crate::note::SigningKey;
use crate::tree::Frontier;
use std::collections::BTreeMap;
use tempfile::TempDir;

pub(crate) fn key() -> SigningKey {
    SigningKey::from_seed("prover.example/audit", &[5; 32]).unwrap()
}

/// The first entries of a log: every kind of event, a second apart.
pub(crate) fn entries(count: u64) -> Vec<Vec<u8>> {
    let events = events();
    (0..count)
        .map(|i| entry(events[i as usize % 11], i).to_json())
        .collect()
}

pub(crate) fn head(entries: &[Vec<u8>]) -> Head {
    let mut frontier = Frontier::new();
    for entry in entries {
        frontier.append(Hash::of_leaf(entry)).unwrap();
    }
    frontier.head()
}

pub(crate) fn signed(entries: &[Vec<u8>]) -> SignedCheckpoint {
    SignedCheckpoint::sign(head(entries), &key()).unwrap()
}

/// An archive of these entries, in a folder of its own.
pub(crate) fn archive(entries: &[Vec<u8>]) -> (TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::at(folder.path());
    archive.extend(entries, &signed(entries), key().verifying()).unwrap();
    (folder, archive)
}

/// Every file below a folder, by its path there.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(below).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}

#[test]
fn an_archive_has_the_files_of_its_size_and_no_other() {
    for count in [0, 1, 255, 256, 257, 511, 512, 700] {
        let entries = entries(count);
        let (folder, archive) = archive(&entries);
        let mut expected: Vec<String> = Tile::all(count).map(|tile| tile.to_string()).collect();
        expected.extend([".lock".to_owned(), "checkpoint".to_owned()]);
        expected.sort();
        let found = files(folder.path());
        assert_eq!(found.keys().cloned().collect::<Vec<_>>(), expected, "{count}");
        assert_eq!(found["checkpoint"], signed(&entries).to_text().into_bytes());
        assert_eq!(
            *archive.checkpoint(key().verifying()).unwrap().unwrap().head(),
            head(&entries)
        );
        // What another tool finds there: the entries, and their hashes.
        for tile in Tile::all(count) {
            let start = (tile.index * WIDTH) as usize;
            let own = |width: u16| &entries[start..start + usize::from(width)];
            let bytes = &found[&tile.to_string()];
            match tile.kind {
                Kind::Entries => assert_eq!(*bytes, tiles::write_bundle(own(tile.width)).unwrap()),
                Kind::Hashes(0) => {
                    let hashes: Vec<Hash> = own(tile.width).iter().map(|entry| Hash::of_leaf(entry)).collect();
                    assert_eq!(*bytes, tiles::write_hashes(&hashes));
                }
                Kind::Hashes(_) => {
                    let roots = entries.chunks_exact(256).map(|full| head(full).root);
                    assert_eq!(*bytes, tiles::write_hashes(&roots.collect::<Vec<_>>()));
                }
            }
        }
    }
}

#[test]
fn an_archive_grows_to_what_it_would_have_been() {
    let all = entries(1_100);
    let (folder, archive) = archive(&[]);
    let mut size = 0;
    for next in [0, 1, 2, 100, 255, 256, 257, 511, 512, 1_024, 1_100, 1_100] {
        let added = archive.extend(&all[size..next], &signed(&all[..next]), key().verifying());
        assert_eq!(added.unwrap(), (next - size) as u64);
        size = next;
        let (afresh, _) = self::archive(&all[..next]);
        let (found, expected) = (files(folder.path()), files(afresh.path()));
        for (path, bytes) in &expected {
            assert_eq!(found.get(path), Some(bytes), "{path} at {next}");
        }
        // Beside them partial files of older checkpoints, as long as no full one took their place.
        for path in found.keys().filter(|path| !expected.contains_key(*path)) {
            let tile = Tile::parse(path).unwrap();
            assert!(!tile.is_full());
            assert!(
                !expected.contains_key(&Tile { width: 256, ..tile }.to_string()),
                "{path} at {next}"
            );
        }
    }
}

#[test]
fn entries_that_do_not_lead_to_the_checkpoint_are_not_published() {
    let all = entries(600);
    let (folder, archive) = archive(&all[..300]);
    let before = files(folder.path());
    let mut other = all.clone();
    other[400] = all[401].clone();
    for entries in [&other[300..], &all[300..599], &all[299..], &all[..]] {
        let error = archive.extend(entries, &signed(&all), key().verifying()).unwrap_err();
        assert!(matches!(error, ArchiveError::Head { .. }), "{error}");
        assert_eq!(files(folder.path())["checkpoint"], before["checkpoint"]);
        crate::verify(&archive, key().verifying(), &crate::Expected::default(), |_, _| Ok(())).unwrap();
    }
    // What those runs left beyond the checkpoint is written again.
    archive.extend(&all[300..], &signed(&all), key().verifying()).unwrap();
    crate::verify(&archive, key().verifying(), &crate::Expected::default(), |_, _| Ok(())).unwrap();
}

#[test]
fn a_checkpoint_that_does_not_continue_the_archives_is_not_published() {
    let all = entries(300);
    let (_folder, archive) = archive(&all[..200]);
    let mut forked = all.clone();
    forked.swap(10, 20);
    let error = archive
        .extend(&all[200..], &signed(&forked), key().verifying())
        .unwrap_err();
    assert!(matches!(error, ArchiveError::Head { .. }), "{error}");
    let error = archive
        .extend(&all[..0], &signed(&all[..100]), key().verifying())
        .unwrap_err();
    assert!(matches!(error, ArchiveError::Head { .. }), "{error}");
}

#[test]
fn a_damaged_archive_is_not_extended() {
    let all = entries(300);
    let extend = |archive: &Archive| {
        archive
            .extend(&all[280..], &signed(&all), key().verifying())
            .unwrap_err()
    };
    let break_at = |path: &str, change: &dyn Fn(&Path)| {
        let (folder, archive) = archive(&all[..280]);
        change(&folder.path().join(path));
        extend(&archive)
    };
    let flip = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        bytes[40] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let cut = |path: &Path| fs::write(path, &fs::read(path).unwrap()[..40]).unwrap();
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    assert!(matches!(
        break_at("tile/0/001.p/24", &flip),
        ArchiveError::Damaged { size: 280 }
    ));
    assert!(matches!(
        break_at("tile/1/000.p/1", &|path| fs::write(path, [0; 32]).unwrap()),
        ArchiveError::Damaged { .. }
    ));
    assert!(matches!(break_at("tile/0/001.p/24", &cut), ArchiveError::Tile { .. }));
    assert!(matches!(
        break_at("tile/entries/001.p/24", &cut),
        ArchiveError::Tile { .. }
    ));
    assert!(matches!(
        break_at("tile/0/001.p/24", &remove),
        ArchiveError::Missing { .. }
    ));
    assert!(matches!(
        break_at("tile/entries/001.p/24", &remove),
        ArchiveError::Missing { .. }
    ));
    assert!(matches!(break_at("checkpoint", &flip), ArchiveError::Checkpoint { .. }));
}

#[test]
fn another_logs_archive_is_not_extended() {
    let all = entries(20);
    let (_folder, archive) = archive(&all[..10]);
    let other = SigningKey::from_seed("other.example/audit", &[6; 32]).unwrap();
    let checkpoint = SignedCheckpoint::sign(head(&all), &other).unwrap();
    let error = archive.extend(&all[10..], &checkpoint, other.verifying()).unwrap_err();
    assert!(matches!(error, ArchiveError::Checkpoint { .. }), "{error}");
}

#[test]
fn one_process_writes_at_a_time() {
    let all = entries(3);
    let (_folder, archive) = archive(&all[..1]);
    let lock = archive.lock().unwrap();
    let error = archive.extend(&all[1..], &signed(&all), key().verifying()).unwrap_err();
    assert!(matches!(error, ArchiveError::Busy { .. }), "{error}");
    // A copy of the file in a forked process does not outlast it.
    let _copy = lock.0.try_clone().unwrap();
    drop(lock);
    archive.extend(&all[1..], &signed(&all), key().verifying()).unwrap();
}

#[test]
fn an_entry_that_no_bundle_holds_is_named() {
    let (_folder, archive) = archive(&entries(2));
    let error = archive
        .extend([vec![0; 65_536]], &signed(&entries(3)), key().verifying())
        .unwrap_err();
    assert!(matches!(error, ArchiveError::Entry { index: 2, .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn an_archive_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, _archive) = archive(&entries(300));
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode("tile"), mode("tile/entries"), mode("tile/0/001.p")),
        (0o700, 0o700, 0o700)
    );
    assert_eq!((mode("checkpoint"), mode("tile/entries/000")), (0o600, 0o600));
}
