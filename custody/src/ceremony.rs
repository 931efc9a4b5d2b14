//! How a group of custodians comes to its key: by a ceremony in which nobody ever has it ([`begin`],
//! [`exchange`], [`finish`]), or by a dealer who has it for a moment ([`deal`]).
//!
//! ```text
//! first     everybody → everybody   commitments to a polynomial, a proof of knowing it, a transport key
//! second    each → each other       a point of the polynomial, sealed between the two transport keys
//! key       of a seal               SHA-512("medproof/v1/custody-transport" ‖ t_i·T_j ‖ transcript ‖ from ‖ to)[..32]
//! ```
//!
//! The transcript is the digest of all first messages. Who had another first message of somebody's has
//! another transcript, and second messages between those two do not open: a ceremony in which one told
//! two different things ends there. That a first message is its custodian's own is for the custodians
//! to make sure, who compare the transcript over the telephone or in a room.

use crate::custodian::{KeyShare, disk, make_directory, remove, write_new};
use crate::group::{Group, check_numbers, identifier, trim};
use crate::sealed::{self, Cost, Passphrase};
use crate::suite::{BabyJubjub, ScalarField, Subgroup};
use crate::{CustodyError, random, secret_json};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use frost_core::keys::dkg::{self, round1, round2};
use frost_core::keys::{IdentifierList, KeyPackage, generate_with_dealer};
use frost_core::{Field, Group as _, Identifier};
use medproof_messages::encoding::Hex;
use medproof_messages::json::{self, Wire};
use medproof_statement::eddsa::Scalar;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256, Sha512};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use zeroize::{Zeroize, Zeroizing};

const STATE: &str = "ceremony";
const CONTENTS: &str = "custodian's part of a ceremony";
const NONCE: usize = 24;

/// Makes a key and deals its shares, in the order of the custodians. Whoever calls has the key while
/// this lasts.
///
/// # Errors
/// Where the numbers are no group.
pub fn deal(threshold: u16, custodians: u16) -> Result<Vec<KeyShare>, CustodyError> {
    check_numbers(threshold, custodians)?;
    let mut generator = random::generator()?;
    let (shares, package) =
        generate_with_dealer::<BabyJubjub, _>(custodians, threshold, IdentifierList::Default, &mut generator)?;
    let group = Group::new(package)?;
    (1..=custodians)
        .map(|index| {
            let share = shares.get(&identifier(index)?).cloned();
            let share = share.ok_or(CustodyError::Stranger { index, custodians })?;
            Ok(KeyShare::new(KeyPackage::try_from(share)?, group.clone()))
        })
        .collect()
}

/// What a custodian tells all others first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First {
    index: u16,
    threshold: u16,
    custodians: u16,
    package: round1::Package<BabyJubjub>,
    transport: [u8; 32],
}

impl First {
    /// Who tells it.
    #[must_use]
    pub const fn index(&self) -> u16 {
        self.index
    }

    /// Reads a first message's file.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_json(bytes: &[u8]) -> Result<First, CustodyError> {
        let form: FirstForm = json::read(trim(bytes))?;
        let (index, custodians) = (form.index, form.custodians);
        check_numbers(form.threshold, custodians)?;
        if !(1..=custodians).contains(&index) {
            return Err(CustodyError::Stranger { index, custodians });
        }
        let _ = Subgroup::deserialize(&form.transport.0).map_err(|_| CustodyError::WrongMessage { index })?;
        Ok(First {
            index,
            threshold: form.threshold,
            custodians,
            package: form.package,
            transport: form.transport.0,
        })
    }

    /// The message's file.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::write(&FirstForm {
            custodians: self.custodians,
            index: self.index,
            package: self.package.clone(),
            threshold: self.threshold,
            transport: Hex(self.transport),
            kind: FirstForm::TYPE.to_owned(),
            version: json::VERSION,
        })
    }
}

/// What a custodian tells one other, for nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Second {
    from: u16,
    to: u16,
    sealed: [u8; SEALED],
}

const SEALED: usize = NONCE + 32 + 16;

impl Second {
    /// For whom it is.
    #[must_use]
    pub const fn to(&self) -> u16 {
        self.to
    }

    /// Reads a second message's file.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_json(bytes: &[u8]) -> Result<Second, CustodyError> {
        let form: SecondForm = json::read(trim(bytes))?;
        Ok(Second {
            from: form.from,
            to: form.to,
            sealed: form.sealed.0,
        })
    }

    /// The message's file.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::write(&SecondForm {
            from: self.from,
            sealed: Hex(self.sealed),
            to: self.to,
            kind: SecondForm::TYPE.to_owned(),
            version: json::VERSION,
        })
    }
}

/// The digest of all first messages: custodians compare it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transcript(pub [u8; 32]);

/// Begins a ceremony in a custodian's directory.
///
/// # Errors
/// Where the numbers are no group, or the directory has a share or a ceremony already.
pub fn begin(
    directory: &Path,
    index: u16,
    threshold: u16,
    custodians: u16,
    passphrase: &Passphrase,
    cost: Cost,
) -> Result<First, CustodyError> {
    check_numbers(threshold, custodians)?;
    if !(1..=custodians).contains(&index) {
        return Err(CustodyError::Stranger { index, custodians });
    }
    if directory.join("share").exists() {
        let what = "the custodian's directory has a share already: give another directory";
        return Err(CustodyError::Stage { what });
    }
    let mut generator = random::generator()?;
    let (secret, package) = dkg::part1(identifier(index)?, custodians, threshold, &mut generator)?;
    let transport = Zeroizing::new(ScalarField::random(&mut generator));
    let first = First {
        index,
        threshold,
        custodians,
        package,
        transport: Subgroup::serialize(&(Subgroup::generator() * *transport)).map_err(frost_core::Error::from)?,
    };
    let state = State {
        first: text(first.to_json()),
        others: Vec::new(),
        begun: Some(secret),
        exchanged: None,
        transport: Hex(ScalarField::serialize(&transport)),
        kind: State::TYPE.to_owned(),
        version: json::VERSION,
    };
    make_directory(directory)?;
    write_new(&directory.join(STATE), &state.sealed(passphrase, cost)?)?;
    Ok(first)
}

/// Answers the first messages of all others, one message to each. Once: what is sent to whom is settled
/// then.
///
/// # Errors
/// [`CustodyError::WrongMessage`] names whose first message does not hold.
pub fn exchange(
    directory: &Path,
    others: &[First],
    passphrase: &Passphrase,
) -> Result<(Vec<Second>, Transcript), CustodyError> {
    let (mut state, cost) = State::open(directory, passphrase)?;
    let what =
        "this custodian has answered the first messages of this ceremony already: use what it wrote, or begin anew";
    let secret = state.begun.take().ok_or(CustodyError::Stage { what })?;
    let ours = First::from_json(state.first.as_bytes())?;
    let others = sorted(&ours, others)?;
    let transcript = transcript(&ours, &others);
    let packages = packages(&others)?;
    let (kept, given) = dkg::part2(secret, &packages).map_err(|e| culprit(e, &others))?;
    let mut seconds = Vec::new();
    for other in &others {
        let share = given
            .get(&identifier(other.index)?)
            .ok_or(frost_core::Error::PackageNotFound)?;
        let seal = Transport {
            key: state.transport_key(&other.transport, other.index)?,
            transcript: &transcript,
            from: ours.index,
            to: other.index,
        };
        seconds.push(Second {
            from: ours.index,
            to: other.index,
            sealed: seal.close(share)?,
        });
    }
    state.exchanged = Some(kept);
    state.others = others.iter().map(|first| text(first.to_json())).collect();
    // What is given out is settled before it is: another answer to the same message would tell more.
    replace(directory, &state.sealed(passphrase, cost)?)?;
    Ok((seconds, transcript))
}

/// Ends a ceremony: the share that came of it, still without a place. The directory keeps the ceremony
/// until [`forget`].
///
/// # Errors
/// [`CustodyError::WrongMessage`] and [`CustodyError::NotForUs`] name whose second message does not hold.
pub fn finish(
    directory: &Path,
    seconds: &[Second],
    passphrase: &Passphrase,
) -> Result<(KeyShare, Transcript), CustodyError> {
    let (state, _) = State::open(directory, passphrase)?;
    let what = "this custodian has not answered the first messages yet";
    let kept = state.exchanged.as_ref().ok_or(CustodyError::Stage { what })?;
    let ours = First::from_json(state.first.as_bytes())?;
    let others: Vec<First> = state
        .others
        .iter()
        .map(|text| First::from_json(text.as_bytes()))
        .collect::<Result<_, _>>()?;
    let transcript = transcript(&ours, &others);
    let mut given = BTreeMap::new();
    for second in seconds {
        let index = second.from;
        let other = others.iter().find(|first| first.index == index);
        let other = other
            .filter(|_| second.to == ours.index)
            .ok_or(CustodyError::NotForUs { index })?;
        let seal = Transport {
            key: state.transport_key(&other.transport, index)?,
            transcript: &transcript,
            from: index,
            to: ours.index,
        };
        let share = seal.open(&second.sealed).ok_or(CustodyError::NotForUs { index })?;
        if given.insert(identifier(index)?, share).is_some() {
            return Err(CustodyError::Twice { index });
        }
    }
    if given.len() != others.len() {
        return Err(CustodyError::Missing {
            expected: ours.custodians - 1,
            found: given.len(),
        });
    }
    let (key, package) = dkg::part3(kept, &packages(&others)?, &given).map_err(|e| culprit(e, &others))?;
    Ok((KeyShare::new(key, Group::new(package)?), transcript))
}

/// Removes what a ceremony left in the directory, once its share has its place.
///
/// # Errors
/// Where it cannot be removed.
pub fn forget(directory: &Path) -> Result<(), CustodyError> {
    remove(&directory.join(STATE))
}

// All others, each once, of one ceremony, in their order.
fn sorted(ours: &First, others: &[First]) -> Result<Vec<First>, CustodyError> {
    let mut found: BTreeMap<u16, First> = BTreeMap::new();
    for first in others {
        let index = first.index;
        if (first.threshold, first.custodians) != (ours.threshold, ours.custodians) {
            return Err(CustodyError::OtherCeremony {
                index,
                threshold: ours.threshold,
                custodians: ours.custodians,
                found_threshold: first.threshold,
                found_custodians: first.custodians,
            });
        }
        // One's own, given with the others' as it lies in the same folder, is no mistake.
        if first == ours {
            continue;
        }
        if index == ours.index || found.insert(index, first.clone()).is_some() {
            return Err(CustodyError::Twice { index });
        }
    }
    let expected = ours.custodians - 1;
    match found.len() == usize::from(expected) {
        true => Ok(found.into_values().collect()),
        false => Err(CustodyError::Missing {
            expected,
            found: found.len(),
        }),
    }
}

fn packages(others: &[First]) -> Result<BTreeMap<Identifier<BabyJubjub>, round1::Package<BabyJubjub>>, CustodyError> {
    let package = |first: &First| Ok((identifier(first.index)?, first.package.clone()));
    others.iter().map(package).collect()
}

fn transcript(ours: &First, others: &[First]) -> Transcript {
    let mut all: Vec<&First> = others.iter().chain([ours]).collect();
    all.sort_by_key(|first| first.index);
    let mut sha = Sha256::new_with_prefix(b"medproof/v1/custody-transcript");
    for first in all {
        sha.update(Sha256::digest(first.to_json()));
    }
    Transcript(sha.finalize().into())
}

// Whose message it was.
fn culprit(error: frost_core::Error<BabyJubjub>, others: &[First]) -> CustodyError {
    let culprits = error.culprits();
    let is_culprit = |first: &&First| identifier(first.index).is_ok_and(|id| culprits.contains(&id));
    match others.iter().find(is_culprit) {
        Some(first) => CustodyError::WrongMessage { index: first.index },
        None => error.into(),
    }
}

// Seals between two transport keys.
struct Transport<'a> {
    key: Zeroizing<[u8; 32]>,
    transcript: &'a Transcript,
    from: u16,
    to: u16,
}

impl Transport<'_> {
    fn cipher(&self) -> XChaCha20Poly1305 {
        let mut sha = Sha512::new_with_prefix(b"medproof/v1/custody-transport");
        sha.update(*self.key);
        sha.update(self.transcript.0);
        sha.update(self.from.to_be_bytes());
        sha.update(self.to.to_be_bytes());
        let mut digest = sha.finalize();
        let mut key = Key::default();
        for (byte, value) in key.iter_mut().zip(&digest) {
            *byte = *value;
        }
        let cipher = XChaCha20Poly1305::new(&key);
        key.as_mut_slice().zeroize();
        digest.as_mut_slice().zeroize();
        cipher
    }

    fn close(&self, share: &round2::Package<BabyJubjub>) -> Result<[u8; SEALED], CustodyError> {
        let nonce = *random::bytes::<NONCE>()?;
        let share = Zeroizing::new(share.signing_share().serialize());
        let mut inside = Zeroizing::new(Vec::with_capacity(SEALED));
        inside.extend_from_slice(&share);
        let sealed = self.cipher().encrypt_in_place(&XNonce::from(nonce), b"", &mut *inside);
        let all = [nonce.as_slice(), &inside].concat();
        // Of 32 bytes: no way to fail.
        sealed
            .ok()
            .and_then(|()| all.try_into().ok())
            .ok_or_else(|| frost_core::Error::SerializationError.into())
    }

    fn open(&self, sealed: &[u8; SEALED]) -> Option<round2::Package<BabyJubjub>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE>()?;
        let mut inside = Zeroizing::new(rest.to_vec());
        self.cipher()
            .decrypt_in_place(&XNonce::from(*nonce), b"", &mut *inside)
            .ok()?;
        let share = frost_core::keys::SigningShare::deserialize(&inside).ok()?;
        Some(round2::Package::new(share))
    }
}

// What a custodian keeps between the steps.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    begun: Option<round1::SecretPackage<BabyJubjub>>,
    exchanged: Option<round2::SecretPackage<BabyJubjub>>,
    first: String,
    others: Vec<String>,
    transport: Hex<32>,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for State {
    const TYPE: &'static str = "medproof/custody-ceremony";
    const MAX_BYTES: usize = 1 << 18;
}

impl Drop for State {
    fn drop(&mut self) {
        self.transport.0.zeroize();
    }
}

impl State {
    fn sealed(&self, passphrase: &Passphrase, cost: Cost) -> Result<Vec<u8>, CustodyError> {
        let secret = secret_json::write(self);
        Ok(sealed::seal(CONTENTS, &secret, passphrase, cost)?)
    }

    fn open(directory: &Path, passphrase: &Passphrase) -> Result<(State, Cost), CustodyError> {
        let path = directory.join(STATE);
        let file = fs::read(&path).map_err(|e| disk("reading", &path, &e))?;
        let secret = sealed::open(CONTENTS, &file, passphrase)?;
        Ok((secret_json::read(&secret)?, sealed::cost_of(&file)?))
    }

    // What this custodian and another have in common: t_i·T_j, which is t_j·T_i.
    fn transport_key(&self, theirs: &[u8; 32], index: u16) -> Result<Zeroizing<[u8; 32]>, CustodyError> {
        let wrong = |_| CustodyError::WrongMessage { index };
        let point = Subgroup::deserialize(theirs).map_err(|_| CustodyError::WrongMessage { index })?;
        let secret: Zeroizing<Scalar> = Zeroizing::new(ScalarField::deserialize(&self.transport.0).map_err(wrong)?);
        let common = Subgroup::serialize(&(point * *secret)).map_err(|_| CustodyError::WrongMessage { index })?;
        Ok(Zeroizing::new(common))
    }
}

fn replace(directory: &Path, sealed: &[u8]) -> Result<(), CustodyError> {
    let (path, temporary): (PathBuf, PathBuf) = (directory.join(STATE), directory.join("ceremony.new"));
    remove(&temporary)?;
    write_new(&temporary, sealed)?;
    fs::rename(&temporary, &path).map_err(|e| disk("replacing", &path, &e))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstForm {
    custodians: u16,
    index: u16,
    package: round1::Package<BabyJubjub>,
    threshold: u16,
    transport: Hex<32>,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for FirstForm {
    const TYPE: &'static str = "medproof/custody-first";
    const MAX_BYTES: usize = 1 << 14;
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecondForm {
    from: u16,
    sealed: Hex<SEALED>,
    to: u16,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for SecondForm {
    const TYPE: &'static str = "medproof/custody-second";
    const MAX_BYTES: usize = 1024;
}
