//! Keys that are kept, and custodians who sign an emergency consent. What they send is made by chance: what the corpus
//! holds of it belongs together.

use super::messages;
use crate::corpus;
use crate::targets::scratch;
use medproof_custody::ceremony::{First, Second, begin, exchange, finish};
use medproof_custody::custodian::Custodian;
use medproof_custody::group::Group;
use medproof_custody::sealed::{Cost, Passphrase};
use medproof_custody::signing::{Commitment, SignatureShare, Signing};
use medproof_messages::terms::ConsentKind;
use std::sync::LazyLock;
use zeroize::Zeroizing;

/// What a master key's file holds.
pub const CONTENTS: &str = "master key";
/// The key in it.
pub const SECRET: [u8; 32] = [7; 32];

/// A master key's file, made outside, by argon2-cffi and PyCryptodome.
pub const SEALED: &[u8] = br#"{"cipher":"0x0a848a0ca6ab44720becd5e71db05072683bd11dcaaecbaa630e756f93755e6626219fc6afc54ea81b87f8a9898073a9bc85786fb527778e11c615e9aec07a519b438ad045a0774c51629f60f466fef5","contents":"master key","memory_kib":8,"nonce":"0x6465666768696a6b6c6d6e6f707172737475767778797a7b","passes":1,"salt":"0x000102030405060708090a0b0c0d0e0f","type":"medproof/sealed","version":1}"#;

/// What the shares give back.
pub const SHARED: &[u8] = b"what a holder has";

/// A share, made outside.
pub const SHARE: &[u8] = br#"{"checksum":"0xe52bc2d1391ca9a5","data":"0xb4d2c7485f33a88501be66e2ac690b42665eec1f378d24aa5da52c409757645162","index":1,"set":"0x000102030405060708090a0b0c0d0e0f","shares":3,"threshold":2,"type":"medproof/recovery-share","version":1}"#;

/// Another of its set.
pub const OTHER_SHARE: &[u8] = br#"{"checksum":"0x858e00c03f6cf9bd","data":"0x2fbb9630a197a542dd0762f10dfbcd044c7b26f4d7d9cd124cf44ca6335bd1c180","index":3,"set":"0x000102030405060708090a0b0c0d0e0f","shares":3,"threshold":2,"type":"medproof/recovery-share","version":1}"#;

/// A passphrase.
pub fn passphrase(words: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(words.to_owned()))
}

/// What three custodians send each other until two of them signed: a name for each message.
pub fn messages() -> Vec<(String, Vec<u8>)> {
    let words = passphrase("the words of a custodian");
    let folders = [(); 3].map(|()| scratch::directory());
    let at = |index: usize| folders[index].path().join("custodian");
    let firsts: Vec<First> = (0..3)
        .map(|i| begin(&at(i), i as u16 + 1, 2, 3, &words, Cost::TRIAL).unwrap())
        .collect();
    let seconds: Vec<Vec<Second>> = (0..3).map(|i| exchange(&at(i), &firsts, &words).unwrap().0).collect();
    let custodians: Vec<Custodian> = (0..3)
        .map(|i| {
            let ours: Vec<Second> = seconds
                .iter()
                .flatten()
                .filter(|s| s.to() == i as u16 + 1)
                .cloned()
                .collect();
            let (share, _) = finish(&at(i), &ours, &words).unwrap();
            Custodian::create(&at(i), share, &words, Cost::TRIAL).unwrap()
        })
        .collect();
    let group = custodians[0].group();
    let commitments: Vec<Commitment> = custodians.iter().take(2).map(|c| c.commit().unwrap()).collect();
    let request = messages::REQUESTS[1].clone().verify().unwrap();
    let grant = messages::grant(ConsentKind::Standing);
    let signing = Signing::new(request, grant, commitments.clone(), group).unwrap();
    let shares = custodians.iter().take(2).map(|c| c.sign(&signing).unwrap().to_json());
    let mut sent = vec![
        ("group".to_owned(), group.to_json()),
        ("signing".to_owned(), signing.to_json()),
    ];
    let mut add = |name: &str, all: Vec<Vec<u8>>| {
        sent.extend((1..).zip(all).map(|(i, message)| (format!("{name}-{i}"), message)));
    };
    add("first", firsts.iter().map(First::to_json).collect());
    add("second", seconds.iter().flatten().map(Second::to_json).collect());
    add("commitment", commitments.iter().map(Commitment::to_json).collect());
    add("share", shares.collect());
    sent
}

/// What the corpus holds of a signing.
pub struct Honest {
    /// Of three, two of whom sign.
    pub group: Group,
    /// Of the first two.
    pub commitments: Vec<Commitment>,
    /// What they sign.
    pub signing: Signing,
    /// What they gave.
    pub shares: Vec<SignatureShare>,
}

/// It.
pub static HONEST: LazyLock<Honest> = LazyLock::new(|| {
    let kept = |name: &str| {
        let path = corpus::root().join("custody_message").join(name);
        std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}: write the seeds first", path.display()))
    };
    Honest {
        group: Group::from_json(&kept("group")).unwrap(),
        commitments: ["commitment-1", "commitment-2"]
            .map(|name| Commitment::from_json(&kept(name)).unwrap())
            .into(),
        signing: Signing::from_json(&kept("signing")).unwrap(),
        shares: ["share-1", "share-2"]
            .map(|name| SignatureShare::from_json(&kept(name)).unwrap())
            .into(),
    }
});
