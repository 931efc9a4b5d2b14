//! Each attack on a log, and what an audit says of it.

use super::*;
use crate::archive::tests::{archive, entries, head, key, signed};
use crate::entry::tests::{entry, events};
use crate::note::SigningKey;
use std::fs;
use std::path::Path;

const SIZE: u64 = 700;

type Log = Vec<Vec<u8>>;

fn audit(archive: &Archive, expected: &Expected) -> Result<Verified, Finding> {
    verify(archive, key().verifying(), expected, |_, _| Ok(()))
}

fn finding(archive: &Archive) -> Finding {
    audit(archive, &Expected::default()).unwrap_err()
}

fn kept(entries: &[Vec<u8>]) -> Expected {
    Expected {
        kept: Some(head(entries)),
        ..Expected::default()
    }
}

fn anchored(entries: &[Vec<u8>]) -> Expected {
    Expected {
        anchored: Some(head(entries)),
        ..Expected::default()
    }
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

// The bundle at a path, its entries changed.
fn rebundle(path: &Path, width: u16, rebundle: impl FnOnce(&mut Vec<Vec<u8>>)) {
    change(path, |bytes| {
        let mut all: Vec<Vec<u8>> = tiles::read_bundle(bytes, width)
            .unwrap()
            .into_iter()
            .map(<[u8]>::to_vec)
            .collect();
        rebundle(&mut all);
        *bytes = tiles::write_bundle(&all).unwrap();
    });
}

#[test]
fn an_honest_log_is_verified_at_every_size() {
    for size in [0, 1, 2, 255, 256, 257, 512, SIZE] {
        let all = entries(size);
        let (_folder, archive) = archive(&all);
        let mut seen = Vec::new();
        let verified = verify(&archive, key().verifying(), &Expected::default(), |index, entry| {
            assert_eq!(index, seen.len() as u64);
            seen.push(entry.to_json());
            Ok(())
        });
        let verified = verified.unwrap();
        assert_eq!((verified.checkpoint, verified.dated_back), (signed(&all), None));
        assert_eq!(seen, all);
    }
}

#[test]
fn a_log_continues_every_head_that_it_had() {
    let all = entries(SIZE);
    let (_folder, archive) = archive(&all);
    for size in [0, 1, 10, 256, 511, 699, 700] {
        let expected = Expected {
            kept: Some(head(&all[..size])),
            anchored: Some(head(&all[..size / 2])),
            ..Expected::default()
        };
        audit(&archive, &expected).unwrap();
    }
}

#[test]
fn an_edited_entry_is_found_at_its_place() {
    for index in [0, 255, 256, 699u64] {
        let (folder, archive) = archive(&entries(SIZE));
        let (bundle, width) = (index / 256, if index < 512 { 256 } else { 188 });
        let name = format!("tile/entries/{bundle:03}{}", if width < 256 { ".p/188" } else { "" });
        rebundle(&folder.path().join(name), width, |all| {
            all[(index % 256) as usize] = entry(events()[2], 9_999).to_json();
        });
        let found = finding(&archive);
        assert!(
            matches!(found, Finding::Changed { index: at, .. } if at == index),
            "{found}"
        );
    }
}

#[test]
fn a_removed_and_an_added_entry_are_found() {
    let (folder, archive) = archive(&entries(SIZE));
    let bundle = folder.path().join("tile/entries/001");
    let whole = fs::read(&bundle).unwrap();
    // The next one moves up; the last place is empty.
    rebundle(&bundle, 256, |all| drop(all.remove(44)));
    let found = finding(&archive);
    assert!(matches!(found, Finding::Cut { index: 511, .. }), "{found}");
    // The last place filled again.
    rebundle(&bundle, 255, |all| all.push(entry(events()[0], 1).to_json()));
    let found = finding(&archive);
    assert!(
        matches!(
            found,
            Finding::Moved {
                index: 300,
                belongs: 301
            }
        ),
        "{found}"
    );
    fs::write(&bundle, &whole).unwrap();
    rebundle(&bundle, 256, |all| all.insert(7, entry(events()[0], 1).to_json()));
    let found = finding(&archive);
    assert!(
        matches!(
            found,
            Finding::Cut {
                index: 256,
                source: TileError::Trailing { .. },
                ..
            }
        ),
        "{found}"
    );
}

#[test]
fn entries_that_changed_places_are_found() {
    let (folder, archive) = archive(&entries(SIZE));
    rebundle(&folder.path().join("tile/entries/000"), 256, |all| all.swap(3, 90));
    let found = finding(&archive);
    assert!(matches!(found, Finding::Moved { index: 3, belongs: 90 }), "{found}");
}

// Whoever edits entry and hashes alike does not have the signed root.
#[test]
fn an_edit_with_its_hashes_does_not_have_the_signed_root() {
    let all = entries(SIZE);
    let mut edited = all.clone();
    edited[300] = entry(events()[2], 9_999).to_json();
    let (folder, archive) = archive(&edited);
    fs::write(folder.path().join("checkpoint"), signed(&all).to_text()).unwrap();
    let found = finding(&archive);
    assert!(matches!(found, Finding::Root { from: 0, .. }), "{found}");
    // A kept head says where not to look.
    let found = audit(&archive, &kept(&all[..280])).unwrap_err();
    assert!(matches!(found, Finding::Root { from: 280, .. }), "{found}");
    let found = audit(&archive, &kept(&all[..400])).unwrap_err();
    assert!(matches!(found, Finding::Root { from: 0, .. }), "{found}");
}

// An operator who signs another history: only what others kept shows it.
#[test]
fn a_rewritten_history_is_found_by_who_kept_a_head() {
    let all = entries(SIZE);
    let rewritten: [fn(&mut Log); 4] = [
        |log| log[100] = entry(events()[2], 9_999).to_json(),
        |log| drop(log.remove(100)),
        |log| log.swap(100, 101),
        |log| log.insert(100, entry(events()[0], 1).to_json()),
    ];
    for rewrite in rewritten {
        let mut other = all.clone();
        rewrite(&mut other);
        let (_folder, archive) = archive(&other);
        audit(&archive, &Expected::default()).unwrap();
        audit(&archive, &kept(&all[..100])).unwrap();
        let found = audit(&archive, &kept(&all[..102])).unwrap_err();
        assert!(
            matches!(&found, Finding::Fork { witness: Witness::Kept, expected, .. } if expected.size == 102),
            "{found}"
        );
        let found = audit(&archive, &anchored(&all[..102])).unwrap_err();
        assert!(
            matches!(
                &found,
                Finding::Fork {
                    witness: Witness::Anchored,
                    ..
                }
            ),
            "{found}"
        );
        // Of two that know otherwise, the one that is nearest to the place.
        let both = Expected {
            kept: Some(head(&all[..300])),
            anchored: Some(head(&all[..102])),
            ..Expected::default()
        };
        let found = audit(&archive, &both).unwrap_err();
        assert!(
            matches!(&found, Finding::Fork { expected, .. } if expected.size == 102),
            "{found}"
        );
    }
}

#[test]
fn all_published_heads_are_heads_that_the_log_had_in_their_order() {
    let all = entries(SIZE);
    let mut other = all.clone();
    other.swap(200, 201);
    let (_folder, archive) = archive(&all);
    let published = |heads: &[Head]| Expected {
        published: heads.iter().map(Head::commitment).collect(),
        ..Expected::default()
    };
    let mut heads: Vec<Head> = [3, 256, 600, 699].map(|size| head(&all[..size])).to_vec();
    assert_eq!(audit(&archive, &published(&heads)).unwrap().published, Some(699));
    assert_eq!(audit(&archive, &Expected::default()).unwrap().published, None);
    // As the service that signs it would: the size is a part of it.
    assert_ne!(heads[0].commitment(), Head { size: 4, ..heads[0] }.commitment());
    let number = |heads: &[Head]| match audit(&archive, &published(heads)).unwrap_err() {
        Finding::Unpublished { number, head } => {
            assert_eq!(head, heads[number].commitment());
            number
        }
        other => panic!("{other}"),
    };
    // Published while another history was told, between two of this one.
    heads.insert(1, head(&other[..201]));
    assert_eq!(number(&heads), 1);
    heads.remove(1);
    // Published by a log that was put back, and grew again.
    heads.swap(2, 3);
    assert_eq!(number(&heads), 3);
    heads.swap(2, 3);
    // Published since.
    let mut longer = all.clone();
    longer.push(all[0].clone());
    heads.push(head(&longer));
    assert_eq!(number(&heads), 4);
}

#[test]
fn two_heads_of_one_size_are_a_fork() {
    let all = entries(50);
    let mut other = all.clone();
    other.swap(1, 2);
    let (_folder, archive) = archive(&all);
    let found = audit(&archive, &kept(&other)).unwrap_err();
    assert!(matches!(found, Finding::Fork { .. }), "{found}");
    let nothing = Head {
        size: 0,
        root: Hash::of_leaf(b""),
    };
    let expected = Expected {
        kept: Some(nothing),
        ..Expected::default()
    };
    let found = audit(&archive, &expected).unwrap_err();
    assert!(matches!(found, Finding::Fork { .. }), "{found}");
}

#[test]
fn a_log_that_was_cut_or_put_back_is_found() {
    let all = entries(SIZE);
    let (_folder, archive) = archive(&all[..500]);
    audit(&archive, &Expected::default()).unwrap();
    for (expected, by) in [(kept(&all), Witness::Kept), (anchored(&all[..501]), Witness::Anchored)] {
        let found = audit(&archive, &expected).unwrap_err();
        assert!(
            matches!(&found, Finding::Behind { witness, found: 500, .. } if *witness == by),
            "{found}"
        );
    }
}

// As a copy is, of which the checkpoint was taken first.
#[test]
fn full_files_stand_for_partial_ones_of_an_older_checkpoint() {
    let all = entries(SIZE);
    let (folder, archive) = archive(&all[..300]);
    let older = fs::read(folder.path().join("checkpoint")).unwrap();
    archive.extend(&all[300..], &signed(&all), key().verifying()).unwrap();
    assert!(!folder.path().join("tile/entries/001.p").exists());
    fs::write(folder.path().join("checkpoint"), older).unwrap();
    assert_eq!(audit(&archive, &kept(&all[..290])).unwrap().checkpoint.head().size, 300);
    let bundle = folder.path().join("tile/entries/001");
    change(&bundle, |bytes| bytes.truncate(100));
    let found = finding(&archive);
    assert!(matches!(found, Finding::Cut { index: 256, .. }), "{found}");
    fs::remove_file(&bundle).unwrap();
    let found = finding(&archive);
    assert!(matches!(found, Finding::Missing { index: 256, .. }), "{found}");
}

#[test]
fn missing_and_cut_files_are_found_at_their_place() {
    for (path, first) in [
        ("tile/entries/000", 0),
        ("tile/entries/001", 256),
        ("tile/entries/002.p/188", 512),
        ("tile/0/000", 0),
        ("tile/0/001", 256),
        ("tile/0/002.p/188", 512),
        ("tile/1/000.p/2", 0),
    ] {
        let (folder, archive) = archive(&entries(SIZE));
        let file = folder.path().join(path);
        change(&file, |bytes| bytes.truncate(bytes.len() - 1));
        let found = finding(&archive);
        let last = if path.contains("entries") {
            (first + 255).min(699)
        } else {
            first
        };
        assert!(
            matches!(found, Finding::Cut { index, .. } if index == last),
            "{path}: {found}"
        );
        fs::remove_file(&file).unwrap();
        let found = finding(&archive);
        assert!(
            matches!(found, Finding::Missing { index, .. } if index == first),
            "{path}: {found}"
        );
    }
}

#[test]
fn a_changed_tile_is_found() {
    let (folder, archive) = archive(&entries(SIZE));
    let upper = folder.path().join("tile/1/000.p/2");
    change(&upper, |bytes| bytes[40] ^= 1);
    let found = finding(&archive);
    assert!(matches!(found, Finding::Tile { index: 256, .. }), "{found}");
    change(&upper, |bytes| bytes[40] ^= 1);
    change(&folder.path().join("tile/0/001"), |bytes| bytes[32 * 10] ^= 1);
    let found = finding(&archive);
    assert!(matches!(found, Finding::Changed { index: 266, .. }), "{found}");
}

#[test]
fn full_upper_tiles_are_compared() {
    // 65,536 entries fill a tile of level 1.
    let erased = events()[8];
    let small: Vec<Vec<u8>> = (0..65_537).map(|i| entry(erased, i).to_json()).collect();
    let (folder, archive) = archive(&small);
    audit(&archive, &kept(&small[..65_536])).unwrap();
    change(&folder.path().join("tile/1/000"), |bytes| bytes[32 * 3] ^= 1);
    let found = finding(&archive);
    assert!(matches!(found, Finding::Tile { index: 768, .. }), "{found}");
}

#[test]
fn what_the_log_did_not_sign_is_no_log() {
    let all = entries(30);
    let (folder, archive) = archive(&all);
    let path = folder.path().join("checkpoint");
    let text = fs::read_to_string(&path).unwrap();
    let code = |bytes: &str| {
        fs::write(&path, bytes).unwrap();
        finding(&archive).code()
    };
    assert_eq!(code(&text.replacen("30", "29", 1)), "audit.signature");
    let stranger = SigningKey::from_seed("prover.example/audit", &[6; 32]).unwrap();
    let forged = SignedCheckpoint::sign(head(&all), &stranger).unwrap().to_text();
    assert_eq!(code(&forged), "audit.signature");
    let origin = signed(&all).to_text().replace("prover.example", "other.example");
    assert_eq!(code(&origin), "audit.signature");
    let body = format!(
        "other.example/audit{}",
        text.split("\n\n")
            .next()
            .unwrap()
            .trim_start_matches("prover.example/audit")
    );
    let signed_for_another = crate::Note::sign(&format!("{body}\n"), &key()).unwrap().to_string();
    assert_eq!(code(&signed_for_another), "audit.origin");
    assert_eq!(code("nonsense"), "audit.checkpoint");
    fs::remove_file(&path).unwrap();
    assert_eq!(finding(&archive).code(), "audit.no_checkpoint");
}

#[test]
fn what_is_no_entry_is_found_though_the_log_signed_it() {
    for bad in [&b"{}"[..], b"", &[0xff; 10]] {
        let mut all = entries(300);
        all[270] = bad.to_vec();
        let (_folder, archive) = archive(&all);
        let found = finding(&archive);
        assert!(matches!(found, Finding::Malformed { index: 270, .. }), "{found}");
    }
}

#[test]
fn an_entry_dated_before_the_last_is_told() {
    let mut all = entries(10);
    all[6] = entry(events()[0], 2).to_json();
    all[8] = entry(events()[0], 1).to_json();
    let (_folder, archive) = archive(&all);
    assert_eq!(audit(&archive, &Expected::default()).unwrap().dated_back, Some(6));
}

#[test]
fn a_folder_that_cannot_be_read_is_no_finding_about_the_log() {
    let (folder, archive) = archive(&entries(10));
    let bundle = folder.path().join("tile/entries/000.p/10");
    fs::remove_file(&bundle).unwrap();
    fs::create_dir(&bundle).unwrap();
    assert_eq!(finding(&archive).code(), "audit.unreadable");
}

#[test]
fn who_has_seen_enough_stops_it() {
    let (_folder, archive) = archive(&entries(10));
    let stopped = verify(&archive, key().verifying(), &Expected::default(), |index, _| {
        if index == 4 { Err(Stop) } else { Ok(()) }
    });
    assert!(matches!(stopped, Err(Finding::Stopped { index: 4 })));
}
