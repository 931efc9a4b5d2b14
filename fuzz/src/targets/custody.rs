//! Keys that are kept: sealed with a passphrase, in shares, and by custodians together.

use crate::honest::custody::{self, CONTENTS, HONEST, OTHER_SHARE, SECRET, SHARED};
use crate::oracle::{canonical, refused};
use crate::target::Verdict;
use medproof_custody::CustodyError;
use medproof_custody::ceremony::{First, Second};
use medproof_custody::group::Group;
use medproof_custody::recovery::{RecoveryShare, recover};
use medproof_custody::sealed;
use medproof_custody::signing::{Commitment, SignatureShare, Signing, combine};
use medproof_statement::eddsa::PublicKey;
use medproof_statement::request::Purpose;
use serde_json::Value;
use sha2::{Digest, Sha256};

// An editor's last line break is no change.
fn trim(input: &[u8]) -> &[u8] {
    input.strip_suffix(b"\n").unwrap_or(input)
}

/// A master key's file. One that asks for much memory or time is not opened.
pub fn master_key(input: &[u8]) -> Verdict {
    let cost = match sealed::cost_of(input) {
        Err(error) => return refused(&error),
        Ok(cost) => cost,
    };
    let value: Value = serde_json::from_slice(input).expect("it was read");
    canonical(trim(input), value.to_string().as_bytes());
    if cost.memory_kib > 64 || cost.passes > 3 {
        return Verdict::Refused;
    }
    let [right, wrong] = ["correct horse battery", "correct horse batterY"].map(custody::passphrase);
    match sealed::open(CONTENTS, input, &right) {
        Err(error) => refused(&error),
        Ok(secret) => {
            assert!(**secret == SECRET, "somebody else's seal");
            let digits = value["cipher"].as_str().unwrap_or_default();
            assert!(
                !digits.bytes().any(|digit| digit.is_ascii_uppercase()),
                "another spelling"
            );
            assert!(sealed::open(CONTENTS, input, &wrong).is_err(), "another passphrase");
            assert!(sealed::open("key share", input, &right).is_err(), "another secret's");
            for more in [b" ", b"}", b"\n"] {
                let longer = [trim(input), b"\n", more].concat();
                assert!(sealed::open(CONTENTS, &longer, &right).is_err(), "more after its end");
            }
            Verdict::Accepted
        }
    }
}

/// A recovery share: as it is, and with the checksum that its fields give.
pub fn recovery_share(input: &[u8]) -> Verdict {
    let as_it_is = share(input);
    let anew = checksummed(input).map(|file| share(&file));
    if [Some(as_it_is), anew].contains(&Some(Verdict::Accepted)) {
        Verdict::Accepted
    } else {
        Verdict::Refused
    }
}

fn share(file: &[u8]) -> Verdict {
    match RecoveryShare::from_json(file) {
        Err(error) => {
            assert!(!error.to_string().contains("b4d2c7485f33a885"), "a share in an error");
            refused(&error)
        }
        Ok(share) => {
            canonical(trim(file), &share.to_json());
            assert!(share.index() >= 1 && share.threshold() >= 2);
            assert!(recover(std::slice::from_ref(&share)).is_err(), "one share is enough");
            let other = RecoveryShare::from_json(OTHER_SHARE).unwrap();
            match recover(&[share, other]) {
                Ok(secret) => assert!(**secret == *SHARED, "another secret"),
                Err(error) => {
                    refused(&error);
                }
            }
            Verdict::Accepted
        }
    }
}

// Nothing, where the fields are not those of a share.
fn checksummed(file: &[u8]) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(file).ok()?;
    let digits = |name: &str| hex::decode(value[name].as_str()?.strip_prefix("0x")?).ok();
    let number = |name: &str| u8::try_from(value[name].as_u64()?).ok();
    let sum = Sha256::new_with_prefix(b"medproof/v1/recovery-share")
        .chain_update(digits("set")?)
        .chain_update([number("index")?, number("threshold")?, number("shares")?])
        .chain_update(digits("data")?)
        .finalize();
    value["checksum"] = format!("0x{}", hex::encode(&sum[..8])).into();
    Some(value.to_string().into_bytes())
}

/// What custodians send: of one kind, and of no use to sign anything but what all of them saw.
pub fn message(input: &[u8]) -> Verdict {
    let found = [
        read(input, Group::from_json, Group::to_json, group),
        read(input, First::from_json, First::to_json, |first| {
            assert!((1..=16).contains(&first.index()));
        }),
        read(input, Second::from_json, Second::to_json, |_| {}),
        read(input, Commitment::from_json, Commitment::to_json, commitment),
        read(input, Signing::from_json, Signing::to_json, signing),
        read(
            input,
            SignatureShare::from_json,
            SignatureShare::to_json,
            signature_share,
        ),
    ];
    match found.iter().filter(|verdict| **verdict == Verdict::Accepted).count() {
        0 => Verdict::Refused,
        1 => Verdict::Accepted,
        _ => panic!("a message of two kinds"),
    }
}

fn read<T>(
    input: &[u8],
    read: fn(&[u8]) -> Result<T, CustodyError>,
    write: fn(&T) -> Vec<u8>,
    property: impl Fn(&T),
) -> Verdict {
    match read(input) {
        Err(error) => refused(&error),
        Ok(message) => {
            canonical(trim(input), &write(&message));
            for more in [&b" "[..], b"}", b"\n\n"] {
                assert!(read(&[trim(input), more].concat()).is_err(), "more after its end");
            }
            property(&message);
            Verdict::Accepted
        }
    }
}

fn group(group: &Group) {
    assert!(2 <= group.threshold() && group.threshold() <= group.custodians() && group.custodians() <= 16);
    assert!(
        PublicKey::from_bytes(&group.key().to_bytes()).is_ok(),
        "a key outside the group"
    );
    if let Ok(consent) = combine(&HONEST.signing, &HONEST.shares, group) {
        assert_eq!(group.key(), HONEST.group.key());
        assert!(consent.verify(HONEST.signing.request(), &group.key()).is_ok());
    }
}

fn commitment(commitment: &Commitment) {
    for other in &HONEST.commitments {
        let (request, grant) = (HONEST.signing.request().clone(), *HONEST.signing.grant());
        let signing = Signing::new(request, grant, vec![commitment.clone(), other.clone()], &HONEST.group);
        let Ok(signing) = signing else { continue };
        assert!((1..=3).contains(&commitment.index()) && commitment.index() != other.index());
        signs_nothing_else(&signing);
    }
}

fn signing(signing: &Signing) {
    if signing.verify(&HONEST.group).is_ok() {
        assert_eq!(signing.request().body().purpose, Purpose::EmergencyTreatment);
        let mut signers: Vec<u16> = signing.signers().collect();
        signers.sort_unstable();
        signers.dedup();
        assert!(signers.len() >= 2 && signers.len() == signing.signers().count());
        assert!(signers.iter().all(|index| (1..=3).contains(index)));
    }
    signs_nothing_else(signing);
}

// The shares were given for one signing.
fn signs_nothing_else(signing: &Signing) {
    if combine(signing, &HONEST.shares, &HONEST.group).is_ok() {
        assert!(
            signing.to_json() == HONEST.signing.to_json(),
            "shares for another signing"
        );
    }
}

fn signature_share(share: &SignatureShare) {
    for other in HONEST.shares.iter().filter(|other| other.index() != share.index()) {
        match combine(&HONEST.signing, &[share.clone(), other.clone()], &HONEST.group) {
            Err(error) => {
                refused(&error);
            }
            Ok(consent) => {
                assert!(HONEST.shares.contains(share), "nobody gave this share");
                assert!(consent.verify(HONEST.signing.request(), &HONEST.group.key()).is_ok());
            }
        }
    }
}
