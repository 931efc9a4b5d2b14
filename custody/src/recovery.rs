//! A secret in shares, of which some give it back: Shamir's sharing over GF(256), byte by
//! byte, the field's polynomial 0x11d.
//!
//! ```text
//! shared   = secret ‖ SHA-256("medproof/v1/recovery-secret" ‖ set ‖ secret)[..16]
//! checksum = SHA-256("medproof/v1/recovery-share" ‖ set ‖ index ‖ threshold ‖ shares ‖ data)[..8]
//! ```
//!
//! A share's checksum finds what a copyist or a disk changed. That the shares give back what was
//! shared, and nothing that a holder of one made of it, the digest inside shows: fewer shares than the
//! threshold say nothing of it, nor of the secret.

use blahaj::{Share, Sharks};
use core::fmt;
use medproof_messages::encoding::Hex;
use medproof_messages::json::{self, JsonError, Wire};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::random::{self, RandomError};
use crate::secret_json;

const SET: usize = 16;
const CHECKSUM: usize = 8;
const DIGEST: usize = 16;

/// The most shares of a set.
pub const MOST_SHARES: u8 = 32;

/// Why there are no shares, or why shares do not give the secret back. Never shows one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecoveryError {
    /// Not a share's file.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Numbers that are no sharing.
    #[error(
        "expected a threshold of 2 or more and at most as many as the shares, of which there may be {MOST_SHARES}; found {threshold} of {shares}"
    )]
    Numbers {
        /// How many should give the secret back.
        threshold: u8,
        /// How many shares there should be.
        shares: u8,
    },
    /// The file is not as it was written.
    #[error("share {index} was altered: its checksum is not its own; use another copy of it, or another share")]
    Altered {
        /// What the file says that it is.
        index: u8,
    },
    /// Of another sharing.
    #[error(
        "share {index} is of set {found}, the others of {expected}: only shares that were made together fit together"
    )]
    OtherSet {
        /// Which share.
        index: u8,
        /// The set of the first one.
        expected: String,
        /// Its own.
        found: String,
    },
    /// The same set, and other numbers.
    #[error("share {index} says {found} of {of}, the others say otherwise: one of them is not what was made")]
    OtherNumbers {
        /// Which share.
        index: u8,
        /// Its threshold.
        found: u8,
        /// Its number of shares.
        of: u8,
    },
    /// One share twice.
    #[error("share {index} was given twice: it counts once")]
    Twice {
        /// Which share.
        index: u8,
    },
    /// Not enough of them.
    #[error("expected {expected} shares of the set, found {found}: ask for more of them")]
    TooFew {
        /// The threshold.
        expected: u8,
        /// How many there are.
        found: usize,
    },
    /// Their checksums are right, and what they give is not what was shared.
    #[error("the shares give nothing that was shared: one of them was made anew by somebody; try others of the set")]
    Inconsistent,
    /// More than is shared.
    #[error("expected a secret of 1 to {most} bytes, found {found}")]
    Length {
        /// The most.
        most: usize,
        /// How many there are.
        found: usize,
    },
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl RecoveryError {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            RecoveryError::Json(error) => error.code(),
            RecoveryError::Numbers { .. } => "recovery.numbers",
            RecoveryError::Altered { .. } => "recovery.altered",
            RecoveryError::OtherSet { .. } => "recovery.other_set",
            RecoveryError::OtherNumbers { .. } => "recovery.other_numbers",
            RecoveryError::Twice { .. } => "recovery.twice",
            RecoveryError::TooFew { .. } => "recovery.too_few",
            RecoveryError::Inconsistent => "recovery.inconsistent",
            RecoveryError::Length { .. } => "recovery.length",
            RecoveryError::Random(_) => "random",
        }
    }
}

/// One share of a secret.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct RecoveryShare {
    set: [u8; SET],
    index: u8,
    threshold: u8,
    shares: u8,
    data: Vec<u8>,
}

impl RecoveryShare {
    /// Which of the set it is, from 1.
    #[must_use]
    pub const fn index(&self) -> u8 {
        self.index
    }

    /// How many give the secret back.
    #[must_use]
    pub const fn threshold(&self) -> u8 {
        self.threshold
    }

    /// The set's name: the same in all its shares, and random.
    #[must_use]
    pub fn set(&self) -> String {
        hex::encode(self.set)
    }

    /// Reads a share's file.
    ///
    /// # Errors
    /// [`RecoveryError::Altered`] among others.
    pub fn from_json(bytes: &[u8]) -> Result<RecoveryShare, RecoveryError> {
        let form: Form = secret_json::read(bytes.strip_suffix(b"\n").unwrap_or(bytes))?;
        let altered = RecoveryError::Altered { index: form.index };
        let share = RecoveryShare {
            set: form.set.0,
            index: form.index,
            threshold: form.threshold,
            shares: form.shares,
            data: secret_json::bytes(&form.data).ok_or_else(|| altered.clone())?,
        };
        if share.checksum() != form.checksum.0 || share.data.len() <= DIGEST {
            return Err(altered);
        }
        check_numbers(share.threshold, share.shares)?;
        match (1..=share.shares).contains(&share.index) {
            true => Ok(share),
            false => Err(altered),
        }
    }

    /// The share's file.
    #[must_use]
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        secret_json::write(&Form {
            checksum: Hex(self.checksum()),
            data: format!("0x{}", hex::encode(&self.data)),
            index: self.index,
            set: Hex(self.set),
            shares: self.shares,
            threshold: self.threshold,
            kind: Form::TYPE.to_owned(),
            version: json::VERSION,
        })
    }

    fn checksum(&self) -> [u8; CHECKSUM] {
        let mut sha = Sha256::new_with_prefix(b"medproof/v1/recovery-share");
        sha.update(self.set);
        sha.update([self.index, self.threshold, self.shares]);
        sha.update(&self.data);
        first(sha)
    }
}

impl fmt::Debug for RecoveryShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecoveryShare({} of set {})", self.index, self.set())
    }
}

/// The most bytes that are shared.
pub const MOST_BYTES: usize = 1024;

/// Shares a secret: `threshold` of the `shares` give it back, and fewer say nothing of it.
///
/// # Errors
/// Where the numbers are no sharing.
pub fn split(secret: &[u8], threshold: u8, shares: u8) -> Result<Vec<RecoveryShare>, RecoveryError> {
    check_numbers(threshold, shares)?;
    if secret.is_empty() || secret.len() > MOST_BYTES {
        return Err(RecoveryError::Length {
            most: MOST_BYTES,
            found: secret.len(),
        });
    }
    let set = *random::bytes::<SET>()?;
    let mut shared = Zeroizing::new(Vec::with_capacity(secret.len() + DIGEST));
    shared.extend_from_slice(secret);
    shared.extend_from_slice(&digest(&set, secret));
    let dealt = Sharks(threshold).dealer(&shared).take(usize::from(shares));
    let shares = (1..).zip(dealt).map(|(index, share)| {
        // The first byte is the index again.
        let bytes = Zeroizing::new(Vec::from(&share));
        RecoveryShare {
            set,
            index,
            threshold,
            shares,
            data: bytes.get(1..).unwrap_or_default().to_vec(),
        }
    });
    Ok(shares.collect())
}

/// Gives the secret back.
///
/// # Errors
/// Named for each way in which shares do not fit.
pub fn recover(shares: &[RecoveryShare]) -> Result<Zeroizing<Vec<u8>>, RecoveryError> {
    let Some(first) = shares.first() else {
        return Err(RecoveryError::TooFew { expected: 2, found: 0 });
    };
    let mut indices = BTreeSet::new();
    for share in shares {
        let index = share.index;
        if share.set != first.set {
            let (expected, found) = (first.set(), share.set());
            return Err(RecoveryError::OtherSet { index, expected, found });
        }
        if (share.threshold, share.shares) != (first.threshold, first.shares) {
            let (found, of) = (share.threshold, share.shares);
            return Err(RecoveryError::OtherNumbers { index, found, of });
        }
        if !indices.insert(index) {
            return Err(RecoveryError::Twice { index });
        }
    }
    if shares.len() < usize::from(first.threshold) {
        return Err(RecoveryError::TooFew {
            expected: first.threshold,
            found: shares.len(),
        });
    }
    let points = shares.iter().map(point).collect::<Result<Vec<_>, _>>()?;
    let sharing = Sharks(first.threshold);
    let recovered = sharing.recover(&points).map_err(|_| RecoveryError::Inconsistent)?;
    let recovered = Zeroizing::new(recovered);
    let (secret, found) = recovered
        .split_last_chunk::<DIGEST>()
        .ok_or(RecoveryError::Inconsistent)?;
    match digest(&first.set, secret) == *found {
        true => Ok(Zeroizing::new(secret.to_vec())),
        false => Err(RecoveryError::Inconsistent),
    }
}

fn point(share: &RecoveryShare) -> Result<Share, RecoveryError> {
    let bytes = Zeroizing::new([&[share.index], share.data.as_slice()].concat());
    Share::try_from(bytes.as_slice()).map_err(|_| RecoveryError::Inconsistent)
}

fn check_numbers(threshold: u8, shares: u8) -> Result<(), RecoveryError> {
    match 2 <= threshold && threshold <= shares && shares <= MOST_SHARES {
        true => Ok(()),
        false => Err(RecoveryError::Numbers { threshold, shares }),
    }
}

fn digest(set: &[u8; SET], secret: &[u8]) -> [u8; DIGEST] {
    let mut sha = Sha256::new_with_prefix(b"medproof/v1/recovery-secret");
    sha.update(set);
    sha.update(secret);
    first(sha)
}

fn first<const N: usize>(sha: Sha256) -> [u8; N] {
    let mut bytes = [0; N];
    for (byte, value) in bytes.iter_mut().zip(sha.finalize()) {
        *byte = value;
    }
    bytes
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct Form {
    #[zeroize(skip)]
    checksum: Hex<CHECKSUM>,
    data: String,
    index: u8,
    #[zeroize(skip)]
    set: Hex<SET>,
    shares: u8,
    threshold: u8,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for Form {
    const TYPE: &'static str = "medproof/recovery-share";
    const MAX_BYTES: usize = 4 * MOST_BYTES;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &[u8] = b"what a holder has";

    fn made() -> Vec<RecoveryShare> {
        split(SECRET, 2, 3).unwrap()
    }

    #[test]
    fn any_two_of_three_give_it_back() {
        let shares = made();
        for (one, two) in [(0, 1), (0, 2), (1, 2), (2, 0)] {
            let some = [shares[one].clone(), shares[two].clone()];
            assert_eq!(**recover(&some).unwrap(), *SECRET);
        }
        assert_eq!(**recover(&shares).unwrap(), *SECRET);
        assert!(shares.iter().all(|share| !share.data.starts_with(SECRET)));
    }

    #[test]
    fn files_read_back() {
        for share in made() {
            let read = RecoveryShare::from_json(&share.to_json()).unwrap();
            assert!(read == share && read.threshold() == 2);
        }
    }

    #[test]
    fn a_change_anywhere_in_a_file_is_refused() {
        let file = made().remove(0).to_json();
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] = if changed[at] == b'0' { b'1' } else { changed[at] ^ 1 };
            assert!(RecoveryShare::from_json(&changed).is_err(), "byte {at}");
        }
        let text = String::from_utf8(file.to_vec()).unwrap();
        let changed = text.replace("\"index\":1", "\"index\":2");
        assert_eq!(
            RecoveryShare::from_json(changed.as_bytes()),
            Err(RecoveryError::Altered { index: 2 })
        );
    }

    #[test]
    fn a_share_has_one_spelling() {
        let file = String::from_utf8(made().remove(0).to_json().to_vec()).unwrap();
        let (before, data) = file.split_once("\"data\":\"0x").unwrap();
        let (data, after) = data.split_once('"').unwrap();
        let spelt = |digits: &str| format!("{before}\"data\":\"0x{digits}\"{after}");
        assert!(RecoveryShare::from_json(spelt(data).as_bytes()).is_ok());
        for other in [data.to_uppercase(), format!("{data}0")] {
            let refused = RecoveryShare::from_json(spelt(&other).as_bytes());
            assert_eq!(refused, Err(RecoveryError::Altered { index: 1 }), "{other}");
        }
    }

    #[test]
    fn shares_that_do_not_fit_are_refused_by_name() {
        let (shares, others) = (made(), made());
        let error = recover(&[shares[0].clone(), others[1].clone()]).unwrap_err();
        assert!(matches!(error, RecoveryError::OtherSet { index: 2, .. }));
        let error = recover(&[shares[0].clone(), shares[0].clone()]).unwrap_err();
        assert_eq!(error, RecoveryError::Twice { index: 1 });
        let (expected, found) = (2, 1);
        assert_eq!(recover(&shares[..1]), Err(RecoveryError::TooFew { expected, found }));
        assert_eq!(recover(&[]), Err(RecoveryError::TooFew { expected, found: 0 }));
        let mut odd = shares[1].clone();
        odd.threshold = 3;
        let error = recover(&[shares[0].clone(), odd]).unwrap_err();
        assert_eq!(
            error,
            RecoveryError::OtherNumbers {
                index: 2,
                found: 3,
                of: 3
            }
        );
    }

    /// Whoever has a share can make another of it, with a checksum of its own.
    #[test]
    fn a_forged_share_gives_nothing() {
        let shares = made();
        for at in 0..shares[1].data.len() {
            let mut forged = shares[1].clone();
            forged.data[at] ^= 0x80;
            let read = RecoveryShare::from_json(&forged.to_json()).unwrap();
            let recovered = recover(&[shares[0].clone(), read.clone()]);
            assert_eq!(recovered, Err(RecoveryError::Inconsistent), "byte {at}");
            // One that is right beside those two does not help it.
            let all = [shares[0].clone(), read, shares[2].clone()];
            assert_eq!(recover(&all), Err(RecoveryError::Inconsistent));
        }
    }

    #[test]
    fn numbers_that_are_no_sharing_are_refused() {
        for (threshold, shares) in [(0, 3), (1, 3), (4, 3), (2, MOST_SHARES + 1), (2, 0)] {
            let error = split(SECRET, threshold, shares).unwrap_err();
            assert_eq!(error, RecoveryError::Numbers { threshold, shares });
        }
        assert!(matches!(split(&[], 2, 3), Err(RecoveryError::Length { .. })));
        assert!(matches!(
            split(&[1; MOST_BYTES + 1], 2, 3),
            Err(RecoveryError::Length { .. })
        ));
    }

    /// Made outside, from this file's head alone: a change of field, digest or checksum shows here.
    #[test]
    fn shares_that_others_made_give_their_secret_back() {
        let files = [
            r#"{"checksum":"0xe52bc2d1391ca9a5","data":"0xb4d2c7485f33a88501be66e2ac690b42665eec1f378d24aa5da52c409757645162","index":1,"set":"0x000102030405060708090a0b0c0d0e0f","shares":3,"threshold":2,"type":"medproof/recovery-share","version":1}"#,
            r#"{"checksum":"0x858e00c03f6cf9bd","data":"0x2fbb9630a197a542dd0762f10dfbcd044c7b26f4d7d9cd124cf44ca6335bd1c180","index":3,"set":"0x000102030405060708090a0b0c0d0e0f","shares":3,"threshold":2,"type":"medproof/recovery-share","version":1}"#,
        ];
        let shares = files.map(|file| RecoveryShare::from_json(file.as_bytes()).unwrap());
        assert_eq!(**recover(&shares).unwrap(), *SECRET);
    }

    #[test]
    fn shares_are_never_shown() {
        let share = made().remove(0);
        assert!(!format!("{share:?}").contains(&hex::encode(&share.data[..4])));
    }

    proptest! {
        #[test]
        fn any_secret_in_any_numbers(
            secret in proptest::collection::vec(any::<u8>(), 1..64),
            threshold in 2u8..6,
            more in 0u8..4,
        ) {
            let shares = split(&secret, threshold, threshold + more).unwrap();
            let enough = &shares[usize::from(more)..];
            prop_assert_eq!(&**recover(enough).unwrap(), &secret);
        }
    }
}
