//! Files of keys, and what stands beside proving keys: of their type, or refused without
//! repeating a secret.

use super::scratch;
use crate::oracle::refused;
use crate::target::Verdict;
use medproof_cli::files::Overwrite;
use medproof_cli::keyfile::{AudienceKeys, HolderKeys, contributor, load_account};
use medproof_gadgets::shape::Shape;
use medproof_keys::Provenance;
use medproof_keys::manifest::Manifest;
use medproof_statement::tier::Tier;

/// The secret of every key file in the corpus: so many times these digits.
pub const SECRET: &str = "5c";

/// A holder's, an audience's, an account's or a contributor's key file.
pub fn key_file(input: &[u8]) -> Verdict {
    let path = scratch::file("key.json", input);
    let again = scratch::file("again.json", b"");
    let (holder, audience, account) = (HolderKeys::load(&path), AudienceKeys::load(&path), load_account(&path));
    let contributor = contributor(&path);
    let errors = [
        holder.as_ref().err(),
        audience.as_ref().err(),
        account.as_ref().err(),
        contributor.as_ref().err(),
    ];
    for error in errors.iter().flatten() {
        assert!(!error.message.contains(&SECRET.repeat(8)), "a secret in an error");
        refused(error);
    }
    assert!(errors.iter().flatten().count() >= 3, "a file of two types");
    if let Ok(keys) = &holder {
        keys.save(&again, Overwrite::Force).unwrap();
        assert!(HolderKeys::load(&again).unwrap().holder() == keys.holder());
    }
    if let Ok(keys) = &audience {
        keys.save(&again, Overwrite::Force).unwrap();
        assert_eq!(AudienceKeys::load(&again).unwrap().key.did(), keys.key.did());
    }
    if errors.iter().flatten().count() == 3 {
        Verdict::Accepted
    } else {
        Verdict::Refused
    }
}

/// The circuit that the corpus's manifests are of.
pub fn shape() -> Shape {
    Shape {
        constraints: 5,
        nonzeros: [9, 9, 9],
        witness: 3,
        inputs: 6,
        digest: [0xd1; 32],
    }
}

/// A proving key's manifest.
pub fn manifest(input: &[u8]) -> Verdict {
    match Manifest::parse(input, Tier::Xs, 1, &shape(), Provenance::Development) {
        Err(error) => refused(&error),
        Ok(manifest) => {
            assert!(manifest.insecure && manifest.provenance == "development");
            let again = manifest.to_json();
            let again = Manifest::parse(&again, Tier::Xs, 1, &shape(), Provenance::Development);
            assert_eq!(again.unwrap(), manifest);
            if let Err(error) = manifest.file("proving-key.bin") {
                refused(&error);
            }
            Verdict::Accepted
        }
    }
}
