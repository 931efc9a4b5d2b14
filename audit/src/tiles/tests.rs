use super::*;
use proptest::prelude::*;

fn hashes(level: u8, index: u64, width: u16) -> Tile {
    let kind = Kind::Hashes(level);
    Tile { kind, index, width }
}

#[test]
fn paths_are_as_published() {
    let entries = |index, width| Tile {
        kind: Kind::Entries,
        index,
        width,
    };
    for (tile, path) in [
        (hashes(0, 0, 256), "tile/0/000"),
        (hashes(0, 0, 1), "tile/0/000.p/1"),
        (hashes(1, 999, 255), "tile/1/999.p/255"),
        (hashes(0, 1_000, 256), "tile/0/x001/000"),
        (hashes(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (hashes(7, 999_999, 17), "tile/7/x999/999.p/17"),
        (entries(0, 256), "tile/entries/000"),
        (entries(1_000_000, 112), "tile/entries/x001/x000/000.p/112"),
        (hashes(0, u64::MAX, 256), "tile/0/x018/x446/x744/x073/x709/x551/615"),
    ] {
        assert_eq!(tile.to_string(), path);
        assert_eq!(Tile::parse(path), Ok(tile));
    }
}

#[test]
fn a_path_has_one_spelling() {
    for bad in [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/xx01/000",
        "tile/0/x001//000",
        "tile/0/+01",
        "tile/00/000",
        "tile/-1/000",
        "tile/64/000",
        "tile/data/000",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/../000",
    ] {
        assert_eq!(Tile::parse(bad), Err(TileError::Path), "{bad}");
    }
}

// The example of C2SP's tlog-tiles.
#[test]
fn a_log_of_70000_has_the_published_tiles() {
    let all: Vec<Tile> = Tile::all(70_000).collect();
    let of = |kind| all.iter().filter(move |tile| tile.kind == kind).collect::<Vec<_>>();
    let level = |level| of(Kind::Hashes(level));
    assert_eq!(
        (level(0).len(), level(1).len(), level(2).len(), level(3).len()),
        (274, 2, 1, 0)
    );
    assert_eq!(level(0)[273].width, 112);
    assert_eq!((level(1)[0].width, level(1)[1].width, level(2)[0].width), (256, 17, 1));
    assert_eq!(of(Kind::Entries).len(), 274);
    let paths = |size| Tile::all(size).map(|tile| tile.to_string()).collect::<Vec<_>>();
    assert_eq!(paths(256), ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(paths(1), ["tile/entries/000.p/1", "tile/0/000.p/1"]);
    assert!(paths(0).is_empty());
    assert_eq!(Tile::all(MAX_SIZE).map(|tile| tile.kind).next(), Some(Kind::Entries));
}

#[test]
fn bundles_hold_entries_and_nothing_else() {
    let entries: [&[u8]; 3] = [b"one", b"", &[7; 65_535]];
    let bytes = write_bundle(&entries).unwrap();
    assert_eq!(&bytes[..7], b"\x00\x03one\x00\x00");
    assert_eq!(read_bundle(&bytes, 3), Ok(entries.to_vec()));
    let (expected, found) = (3, 2);
    assert_eq!(
        read_bundle(&bytes[..bytes.len() - 1], 3),
        Err(TileError::Cut { expected, found })
    );
    assert_eq!(read_bundle(&bytes[..6], 3), Err(TileError::Cut { expected, found: 1 }));
    assert_eq!(read_bundle(&bytes, 4), Err(TileError::Cut { expected: 4, found: 3 }));
    assert_eq!(read_bundle(&bytes, 2), Err(TileError::Trailing { expected: 2 }));
    assert_eq!(write_bundle(&[[0; 65_536]]), Err(TileError::Long { found: 65_536 }));
}

#[test]
fn tiles_hold_hashes_and_nothing_else() {
    let hashes = [Hash([1; 32]), Hash([2; 32])];
    let bytes = write_hashes(&hashes);
    assert_eq!(read_hashes(&bytes, 2), Ok(hashes.to_vec()));
    for (bytes, width) in [(&bytes[..63], 2), (&bytes[..], 1), (&bytes[..], 3), (&bytes[..32], 2)] {
        assert!(matches!(read_hashes(bytes, width), Err(TileError::Hashes { .. })));
    }
}

proptest! {
    #[test]
    fn every_path_is_read_again(level in 0..64u8, index in any::<u64>(), shift in 0..64u32, width in 1..=256u16, entries in any::<bool>()) {
        let kind = if entries { Kind::Entries } else { Kind::Hashes(level) };
        let tile = Tile { kind, index: index >> shift, width };
        prop_assert_eq!(Tile::parse(&tile.to_string()), Ok(tile));
    }

    #[test]
    fn any_text_is_a_path_in_its_one_spelling_or_none(text in "tile/(entries|[0-9]{1,2})/(x?[0-9]{3}/){0,3}[0-9]{3}(\\.p/[0-9]{1,3})?") {
        match Tile::parse(&text) {
            Ok(tile) => prop_assert_eq!(tile.to_string(), text),
            Err(error) => prop_assert_eq!(error, TileError::Path),
        }
    }

    #[test]
    fn any_bytes_are_a_bundle_in_its_one_encoding_or_none(bytes in prop::collection::vec(0..6u8, 0..40), width in 0..12u16) {
        if let Ok(entries) = read_bundle(&bytes, width) {
            prop_assert_eq!(entries.len(), usize::from(width));
            prop_assert_eq!(write_bundle(&entries).unwrap(), bytes);
        }
    }
}
