//! The key and notes of Go's golang.org/x/mod/sumdb/note, whose tests publish them.

use super::*;
use sha2::Digest;

const SKEY: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const TEXT: &str =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETERS: &str =
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCHS: &str =
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

fn key(text: &str) -> VerifyingKey {
    VerifyingKey::parse(text).unwrap()
}

fn parse(text: &str) -> Result<Note, NoteError> {
    Note::parse(text.as_bytes())
}

#[test]
fn the_published_key_signs_the_published_note() {
    let signer = SigningKey::parse(SKEY).unwrap();
    assert_eq!(signer.verifying(), &key(VKEY));
    assert_eq!(
        (signer.verifying().to_string(), &**signer.to_text()),
        (VKEY.to_owned(), SKEY)
    );
    let note = Note::sign(TEXT, &signer).unwrap();
    assert_eq!(note.to_string(), format!("{TEXT}\n{PETERS}"));
}

#[test]
fn the_published_notes_verify_by_their_keys_and_no_other() {
    let note = parse(&format!("{TEXT}\n{PETERS}")).unwrap();
    assert_eq!(note.text(), TEXT);
    note.verify(&key(VKEY)).unwrap();
    assert!(matches!(note.verify(&key(ENOCH)), Err(NoteError::Unsigned { .. })));
    let both = parse(&format!("{TEXT}\n{PETERS}{ENOCHS}")).unwrap();
    both.verify(&key(VKEY)).unwrap();
    both.verify(&key(ENOCH)).unwrap();
    assert_eq!(both.to_string(), format!("{TEXT}\n{PETERS}{ENOCHS}"));
}

#[test]
fn a_changed_text_does_not_verify() {
    let note = format!("{TEXT}\n{PETERS}");
    let mut found = 0;
    for at in 0..TEXT.len() - 1 {
        let mut bytes = note.clone().into_bytes();
        bytes[at] ^= 1;
        if let Ok(note) = Note::parse(&bytes) {
            assert!(
                matches!(note.verify(&key(VKEY)), Err(NoteError::Signature { .. })),
                "{at}"
            );
            found += 1;
        }
    }
    assert!(found > 90, "{found}");
}

#[test]
fn a_false_signature_by_the_key_is_not_passed_over_for_a_true_one() {
    let false_one = PETERS.replace("ZJku", "ZJkv");
    for lines in [format!("{PETERS}{false_one}"), format!("{false_one}{PETERS}")] {
        let note = parse(&format!("{TEXT}\n{lines}")).unwrap();
        assert!(matches!(note.verify(&key(VKEY)), Err(NoteError::Signature { .. })));
    }
    // Of another length.
    let long = PETERS.replace("JnAM=", "JnAMABCDE");
    let note = parse(&format!("{TEXT}\n{long}")).unwrap();
    assert!(matches!(note.verify(&key(VKEY)), Err(NoteError::Signature { .. })));
}

#[test]
fn signatures_by_unknown_keys_are_passed_over() {
    // A witness's: another name, another algorithm, another id under the same name.
    let witness = "— witness.example/w1 AAAABAAAAABmtherest0\n";
    let renamed = PETERS.replace("PeterNeumann", "PeterNeuman");
    let renumbered = PETERS.replace("x08go", "x08gp");
    for others in [witness, &renamed, &renumbered] {
        let note = parse(&format!("{TEXT}\n{others}{PETERS}")).unwrap();
        note.verify(&key(VKEY)).unwrap();
        let note = parse(&format!("{TEXT}\n{others}")).unwrap();
        assert!(
            matches!(note.verify(&key(VKEY)), Err(NoteError::Unsigned { .. })),
            "{others}"
        );
    }
}

#[test]
fn only_notes_are_notes() {
    let many = PETERS.repeat(MAX_SIGNATURES + 1);
    let long = "x".repeat(MAX_BYTES);
    let bad = [
        TEXT.to_owned(),
        format!("{TEXT}\n"),
        format!("\n\n{PETERS}"),
        PETERS.to_owned(),
        format!("{TEXT}\n{}", PETERS.trim_end()),
        format!("\u{1}{TEXT}\n{PETERS}"),
        format!("{TEXT}\r\n\r\n{PETERS}"),
        format!("{TEXT}\n{PETERS}Unexpected line.\n"),
        format!("{TEXT}\n{PETERS}\n"),
        format!("{TEXT}\n{}", PETERS.replace("PeterNeumann", "Bad Name")),
        format!("{TEXT}\n{}", PETERS.replace("PeterNeumann", "Bad+Name")),
        format!("{TEXT}\n{}", PETERS.replace("PeterNeumann", "Bad\u{a0}Name")),
        format!("{TEXT}\n{}", PETERS.replace("PeterNeumann", "")),
        format!("{TEXT}\n{}", PETERS.replace("JnAM=", "JnAM")),
        format!("{TEXT}\n{}", PETERS.replace("JnAM=", "JnAN=")),
        format!("{TEXT}\n{}", PETERS.replace('—', "-")),
        format!("{TEXT}\n— PeterNeumann x08gow==\n"),
        format!("{TEXT}\n— PeterNeumann x08g\n"),
        format!("{TEXT}\n{many}"),
        format!("{long}\n\n{PETERS}"),
    ];
    for bad in bad {
        let shown: String = bad.chars().take(200).collect();
        assert!(matches!(parse(&bad), Err(NoteError::Form { .. })), "{shown:?}");
    }
    let note = [&[0xff], format!("{TEXT}\n{PETERS}").as_bytes()].concat();
    assert!(matches!(Note::parse(&note), Err(NoteError::Form { .. })));
    // The text may have empty lines: the last one ends it.
    let parted = parse(&format!("{TEXT}\n{TEXT}\n{PETERS}")).unwrap();
    assert_eq!(parted.text(), format!("{TEXT}\n{TEXT}"));
}

#[test]
fn every_mangled_key_is_refused() {
    fn mangled(text: &str) -> impl Iterator<Item = String> {
        let parts = (0..=text.len()).flat_map(move |from| (from + 1..=text.len()).map(move |to| from..to));
        let parts = parts
            .filter(|part| *part != (0..text.len()))
            .map(|part| text[part].to_owned());
        let raised = (0..text.len()).map(|at| {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] += 1;
            String::from_utf8(bytes).unwrap()
        });
        parts.chain(raised)
    }
    for bad in mangled(VKEY) {
        assert!(matches!(VerifyingKey::parse(&bad), Err(NoteError::Key { .. })), "{bad}");
    }
    for bad in mangled(SKEY) {
        let error = SigningKey::parse(&bad).unwrap_err();
        assert!(matches!(error, NoteError::Key { .. }), "{bad}");
    }
    // Ids that fit, of a longer key and of an algorithm that nobody has.
    for bad in [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ] {
        assert!(matches!(VerifyingKey::parse(bad), Err(NoteError::Key { .. })));
    }
}

#[test]
fn keys_under_which_anybody_signs_are_refused() {
    // The point of order 1, and one of order 8.
    for weak in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ] {
        let bytes: [u8; 32] = hex::decode(weak).unwrap().try_into().unwrap();
        let id = sha2::Sha256::new_with_prefix(b"log\n\x01")
            .chain_update(bytes)
            .finalize();
        let text = format!(
            "log+{}+{}",
            hex::encode(&id[..4]),
            BASE64.encode([&[1][..], &bytes].concat())
        );
        let error = VerifyingKey::parse(&text).unwrap_err();
        assert!(error.to_string().contains("large order"), "{error}");
    }
}

#[test]
fn a_signing_key_is_not_shown() {
    let signer = SigningKey::parse(SKEY).unwrap();
    let shown = format!("{signer:?}");
    assert!(shown.contains(VKEY) && !shown.contains("AYEKFALV"), "{shown}");
    let error = SigningKey::parse(&SKEY.replace("c74f20a3", "c74f20a4")).unwrap_err();
    assert!(!error.to_string().contains("AYEKFALV"));
    SigningKey::from_seed("log.example", &[0; 32]).unwrap_err();
    SigningKey::from_seed("log example", &[1; 32]).unwrap_err();
}

#[test]
fn texts_that_are_none_are_not_signed() {
    let signer = SigningKey::parse(SKEY).unwrap();
    for bad in ["", "\n", "abc", "a\tb\n"] {
        assert!(
            matches!(Note::sign(bad, &signer), Err(NoteError::Form { .. })),
            "{bad:?}"
        );
    }
}
