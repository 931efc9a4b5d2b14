//! The audit log's readers: entries, checkpoints, what an auditor types, frontiers and bundles.

use crate::honest::log;
use crate::oracle::{canonical, ends_where_it_ends, refused};
use crate::target::Verdict;
use medproof_audit::checkpoint::parse_head;
use medproof_audit::tiles::{self, Tile};
use medproof_audit::tree::{Frontier, Hash};
use medproof_audit::{Checkpoint, Entry, Note, SignedCheckpoint, VerifyingKey};

/// An entry.
pub fn entry(input: &[u8]) -> Verdict {
    match Entry::from_json(input) {
        Err(error) => refused(&error),
        Ok(entry) => {
            canonical(input, &entry.to_json());
            ends_where_it_ends(input, |other| Entry::from_json(other).is_ok());
            Verdict::Accepted
        }
    }
}

/// A checkpoint's text, signed anew, so that what is behind the signature is reached; and as a note.
pub fn checkpoint(input: &[u8]) -> Verdict {
    if let Ok(note) = Note::parse(input) {
        canonical(input, note.to_string().as_bytes());
    }
    let Ok(text) = std::str::from_utf8(input) else {
        return Verdict::Refused;
    };
    let key = log::key();
    let note = match Note::sign(text, &key) {
        Err(error) => return refused(&error),
        Ok(note) => note.to_string(),
    };
    match SignedCheckpoint::open(note.as_bytes(), key.verifying()) {
        Err(error) => refused(&error),
        Ok(signed) => {
            assert_eq!(signed.to_text(), note);
            let checkpoint = Checkpoint::parse(text).expect("what was opened is a checkpoint");
            assert_eq!((checkpoint.to_text().as_str(), &checkpoint.head), (text, signed.head()));
            SignedCheckpoint::open(note.as_bytes(), log::other_key().verifying()).expect_err("another key signed it");
            Verdict::Accepted
        }
    }
}

/// The same text as a path, a key, a head.
pub fn terms(input: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(input) else {
        return Verdict::Refused;
    };
    let path = Tile::parse(text).map(|tile| tile.to_string());
    let key = VerifyingKey::parse(text).map(|key| key.to_string());
    let head = parse_head(text).map(|head| format!("{}:{}", head.size, head.root));
    let read = [
        path.map_err(|e| refused(&e)),
        key.map_err(|e| refused(&e)),
        head.map_err(|e| refused(&e)),
    ];
    let mut verdict = Verdict::Refused;
    for written in read.into_iter().flatten() {
        assert_eq!(written, text);
        verdict = Verdict::Accepted;
    }
    verdict
}

/// A frontier, which takes a leaf more; and, after its first byte, a bundle of so many entries.
pub fn frontier(input: &[u8]) -> Verdict {
    if let Some((width, bundle)) = input.split_first()
        && let Ok(entries) = tiles::read_bundle(bundle, (*width).into())
    {
        assert_eq!(entries.len(), usize::from(*width));
        canonical(bundle, &tiles::write_bundle(&entries).expect("each was in a bundle"));
    }
    match Frontier::from_bytes(input) {
        Err(error) => refused(&error),
        Ok(mut frontier) => {
            canonical(input, &frontier.to_bytes());
            ends_where_it_ends(input, |other| Frontier::from_bytes(other).is_ok());
            let size = frontier.size();
            if let Ok(nodes) = frontier.append(Hash::of_nothing()) {
                assert_eq!(nodes.len(), 1 + size.trailing_ones() as usize);
                assert_eq!(frontier.subtrees().len(), frontier.size().count_ones() as usize);
            }
            Verdict::Accepted
        }
    }
}
