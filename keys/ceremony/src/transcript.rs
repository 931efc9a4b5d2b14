//! What was decided before a ceremony, and who did what in it: signed, each turn linked to the one
//! before.
//!
//! snarkjs' files say who took part, and nothing vouches for it. Here every contributor signs: the plan
//! and all turns before, the contribution, its name, and the key after it. Both files have one form
//! only: a byte more or less is refused.

use crate::phase2::contribution_hash;
use crate::{FEWEST_ITERATIONS, MOST_ITERATIONS};
use ed25519_compact::{KeyPair, PublicKey, Seed, Signature};
use medproof_gadgets::shape::Shape;
use medproof_keys::Sha256Digest;
use medproof_keys::circom::{Contribution, FormatError, Source};
use medproof_statement::tier::Tier;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

/// The form of a plan's file.
pub const PLAN_FORMAT: &str = "medproof-ceremony-plan/1";
/// The form of a transcript's file.
pub const TRANSCRIPT_FORMAT: &str = "medproof-ceremony-transcript/1";
/// Who made a turn that anyone can make.
pub const BEACON: &str = "beacon";
/// Longer names are cut nowhere: they are refused.
const LONGEST_NAME: usize = 64;

/// Why a plan or a transcript is none.
#[derive(Debug, Error)]
pub enum TranscriptError {
    /// Not JSON of this form.
    #[error("{what} is not of its form: {reason}")]
    Json {
        /// Which file.
        what: &'static str,
        /// Where and why not.
        reason: String,
    },
    /// Other bytes than its content has.
    #[error("{what} is not written in its one form: it was edited; take it again from whoever passed it on")]
    Form {
        /// Which file.
        what: &'static str,
    },
    /// A value that may not be there.
    #[error("{field}: expected {expected}, found {found}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What may be there.
        expected: String,
        /// What is.
        found: String,
    },
    /// A turn does not follow from the one before, or not from the plan.
    #[error(
        "turn {turn}: {what} is not that of the ceremony so far: turns were left out, put in, or come from another ceremony"
    )]
    Link {
        /// From 1.
        turn: u32,
        /// Which part of it.
        what: &'static str,
    },
    /// Nobody signed.
    #[error("turn {turn}: the signature is not that of the contributor's key")]
    Signature {
        /// From 1.
        turn: u32,
    },
    /// One contributor, two turns: they count once.
    #[error("turn {turn}: its key signed turn {other} already; every contributor has a key of their own")]
    SameKey {
        /// From 1.
        turn: u32,
        /// From 1.
        other: u32,
    },
    /// The key has other turns than the transcript.
    #[error("the transcript has {transcript} turns, the key {key}: one of the two is not this ceremony's")]
    Turns {
        /// In the transcript.
        transcript: usize,
        /// In the key.
        key: usize,
    },
    /// Too few took part, or no beacon.
    #[error("the ceremony is not finished: {missing}")]
    Unfinished {
        /// What is missing.
        missing: String,
    },
    /// A contribution that cannot be written.
    #[error(transparent)]
    Format(#[from] FormatError),
}

/// What a ceremony is for, what it began with, and how it ends. Decided before its first turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`PLAN_FORMAT`].
    pub format: String,
    /// True where the powers or the circuit are of no use but for tests: its key is refused elsewhere.
    pub development: bool,
    /// What the key is for.
    pub circuit: Circuit,
    /// SHA-256 of the `.ptau` file.
    pub powers: Sha256Digest,
    /// SHA-256 of the `.zkey` before any contribution.
    pub initial: Sha256Digest,
    /// So many contributors with keys of their own, at least.
    pub contributors: u32,
    /// What ends it.
    pub beacon: Announced,
}

/// A circuit, as a plan names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circuit {
    /// A tier, or a file.
    pub name: String,
    /// Of the circuit.
    pub version: u32,
    /// Of A, B and C.
    pub matrix_digest: Sha256Digest,
    /// Rows.
    pub constraints: u64,
    /// Private variables.
    pub witness: u64,
    /// Public inputs and the constant 1.
    pub inputs: u64,
}

/// Public randomness that nobody can know yet, announced before the first turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announced {
    /// In words that leave no choice, such as the hash of a block with a number that is far off.
    pub source: String,
    /// It is hashed 2 to the power of this many times.
    pub iterations: u8,
}

/// Fewer than this make no key but for development.
pub const FEWEST_CONTRIBUTORS: u32 = 2;

impl Circuit {
    /// What plans call a tier's circuit.
    #[must_use]
    pub fn name_of(tier: Tier) -> String {
        format!("tier {tier}")
    }

    /// Whose it is, if a tier's.
    #[must_use]
    pub fn tier(&self) -> Option<Tier> {
        self.name.strip_prefix("tier ")?.parse().ok()
    }

    /// Of a shape.
    #[must_use]
    pub fn new(name: String, version: u32, shape: &Shape) -> Circuit {
        Circuit {
            name,
            version,
            matrix_digest: Sha256Digest(shape.digest),
            constraints: shape.constraints as u64,
            witness: shape.witness as u64,
            inputs: shape.inputs as u64,
        }
    }
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// [`TranscriptError`] for another form, and for values that make no ceremony.
    pub fn read(bytes: &[u8]) -> Result<Plan, TranscriptError> {
        let plan: Plan = one_form(bytes, "the plan", Plan::to_bytes)?;
        plan.check()?;
        Ok(plan)
    }

    /// Whether it makes a ceremony.
    ///
    /// # Errors
    /// [`TranscriptError::Field`].
    pub fn check(&self) -> Result<(), TranscriptError> {
        field("format", &PLAN_FORMAT, &self.format, self.format == PLAN_FORMAT)?;
        let fewest = if self.development { 1 } else { FEWEST_CONTRIBUTORS };
        let enough = self.contributors >= fewest;
        field(
            "contributors",
            &format!("at least {fewest}"),
            &self.contributors,
            enough,
        )?;
        let iterations = self.beacon.iterations;
        let bounded = (FEWEST_ITERATIONS..=MOST_ITERATIONS).contains(&iterations);
        let expected = format!("{FEWEST_ITERATIONS} to {MOST_ITERATIONS}");
        field("beacon.iterations", &expected, &iterations, bounded)?;
        let said = self.beacon.source.trim().len() >= 8;
        field(
            "beacon.source",
            &"where it will come from, in words",
            &self.beacon.source,
            said,
        )
    }

    /// The plan's file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json(self)
    }

    /// What the first turn links to.
    #[must_use]
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(&self.to_bytes())
    }
}

/// Who did what, in the order of turns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// [`TRANSCRIPT_FORMAT`].
    pub format: String,
    /// Each turn.
    pub turns: Vec<Turn>,
}

/// A turn: what was contributed to what, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// From 1.
    pub turn: u32,
    /// SHA-256 of the turn before, of the first the plan's.
    pub previous: Sha256Digest,
    /// Blake2b of the contribution, as snarkjs prints it: 128 hexadecimal digits.
    pub contribution: String,
    /// SHA-256 of the contribution as the key holds it, name and all.
    pub contained: Sha256Digest,
    /// SHA-256 of the `.zkey` after it.
    pub key: Sha256Digest,
    /// Who, in their own words.
    pub contributor: String,
    /// Theirs; a beacon has none, for anyone can compute it.
    pub signature: Option<Signed>,
}

/// An Ed25519 signature over all else of a turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// 64 hexadecimal digits.
    pub public_key: String,
    /// 128 hexadecimal digits.
    pub signature: String,
}

/// A contributor's key, by which they sign. Wiped when dropped.
pub struct Contributor(Zeroizing<[u8; 32]>);

impl Contributor {
    /// Of a secret seed; `None` for zeros, of which no key is made.
    #[must_use]
    pub fn new(seed: Zeroizing<[u8; 32]>) -> Option<Contributor> {
        (*seed != [0; 32]).then(|| Contributor(seed))
    }

    fn pair(&self) -> KeyPair {
        KeyPair::from_seed(Seed::new(*self.0))
    }

    /// By which others know them: 64 hexadecimal digits.
    #[must_use]
    pub fn public_key(&self) -> String {
        hex::encode(self.pair().pk.as_ref())
    }
}

impl Turn {
    /// A turn that is not signed yet.
    ///
    /// # Errors
    /// [`TranscriptError::Field`] for a name of more than 64 bytes, an empty one, or one that a terminal
    /// obeys.
    pub fn new(
        transcript: &Transcript,
        plan: &Plan,
        contribution: &Contribution,
        key: Sha256Digest,
        contributor: &str,
    ) -> Result<Turn, TranscriptError> {
        check_name(contributor)?;
        Ok(Turn {
            turn: transcript.turns.len() as u32 + 1,
            previous: transcript.turns.last().map_or_else(|| plan.digest(), Turn::digest),
            contribution: hex::encode(contribution_hash(contribution)),
            contained: Sha256Digest::of(&contribution.to_bytes()?),
            key,
            contributor: contributor.to_owned(),
            signature: None,
        })
    }

    /// Signed.
    #[must_use]
    pub fn signed(mut self, contributor: &Contributor) -> Turn {
        let signature = contributor.pair().sk.sign(self.message(), None);
        self.signature = Some(Signed {
            public_key: contributor.public_key(),
            signature: hex::encode(signature.as_ref()),
        });
        self
    }

    // What is signed: each part with its length before it.
    fn message(&self) -> Vec<u8> {
        let turn = u64::from(self.turn).to_be_bytes();
        let parts: [&[u8]; 7] = [
            b"medproof/v1/ceremony/turn",
            &turn,
            &self.previous.0,
            self.contribution.as_bytes(),
            &self.contained.0,
            &self.key.0,
            self.contributor.as_bytes(),
        ];
        let mut message = Vec::new();
        for part in parts {
            message.extend((part.len() as u64).to_be_bytes());
            message.extend(part);
        }
        message
    }

    /// What the next turn links to.
    #[must_use]
    pub fn digest(&self) -> Sha256Digest {
        let mut hash = Sha256::new_with_prefix(self.message());
        if let Some(Signed { public_key, signature }) = &self.signature {
            hash.update(public_key);
            hash.update(signature);
        }
        Sha256Digest(hash.finalize().into())
    }

    fn check_signature(&self) -> Result<(), TranscriptError> {
        let Some(Signed { public_key, signature }) = &self.signature else {
            return Ok(());
        };
        let wrong = TranscriptError::Signature { turn: self.turn };
        let (mut key, mut bytes) = ([0; 32], [0; 64]);
        let decoded = hex::decode_to_slice(public_key, &mut key).and(hex::decode_to_slice(signature, &mut bytes));
        // One spelling only.
        if decoded.is_err() || hex::encode(key) != *public_key || hex::encode(bytes) != *signature {
            return Err(wrong);
        }
        let verified = PublicKey::new(key).verify(self.message(), &Signature::new(bytes));
        verified.map_err(|_| wrong)
    }
}

fn check_name(name: &str) -> Result<(), TranscriptError> {
    let length = (1..=LONGEST_NAME).contains(&name.len());
    let plain = length && !name.chars().any(char::is_control);
    field(
        "contributor",
        &"a name of 1 to 64 bytes without control characters",
        &name.escape_debug(),
        plain,
    )
}

impl Default for Transcript {
    fn default() -> Self {
        Transcript {
            format: TRANSCRIPT_FORMAT.into(),
            turns: Vec::new(),
        }
    }
}

impl Transcript {
    /// Reads a transcript: its turns follow from each other and from the plan, each is signed or a
    /// beacon's, and no key signed two.
    ///
    /// # Errors
    /// [`TranscriptError`] with the turn.
    pub fn read(bytes: &[u8], plan: &Plan) -> Result<Transcript, TranscriptError> {
        let transcript: Transcript = one_form(bytes, "the transcript", Transcript::to_bytes)?;
        let format = &transcript.format;
        field("format", &TRANSCRIPT_FORMAT, format, format == TRANSCRIPT_FORMAT)?;
        let mut previous = plan.digest();
        for (i, turn) in transcript.turns.iter().enumerate() {
            let number = i as u32 + 1;
            let link = |what| TranscriptError::Link { turn: number, what };
            if turn.turn != number {
                return Err(link("its number"));
            }
            if turn.previous != previous {
                return Err(link("the digest of what was before it"));
            }
            check_name(&turn.contributor)?;
            let beacon = turn.signature.is_some() || turn.contributor == BEACON;
            field(
                "contributor of a turn without a signature",
                &BEACON,
                &turn.contributor,
                beacon,
            )?;
            turn.check_signature()?;
            previous = turn.digest();
        }
        transcript.check_keys()?;
        Ok(transcript)
    }

    fn check_keys(&self) -> Result<(), TranscriptError> {
        let key = |turn: &Turn| turn.signature.as_ref().map(|signed| signed.public_key.clone());
        for (i, turn) in self.turns.iter().enumerate() {
            let before = self.turns.iter().take(i);
            let other = before
                .into_iter()
                .find(|other| key(other).is_some() && key(other) == key(turn));
            if let Some(other) = other {
                return Err(TranscriptError::SameKey {
                    turn: turn.turn,
                    other: other.turn,
                });
            }
        }
        Ok(())
    }

    /// The transcript's file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json(self)
    }

    /// Requires its turns to be those of a key, which was verified by itself, and whose file has this
    /// digest.
    ///
    /// # Errors
    /// [`TranscriptError`] with the turn.
    pub fn check(&self, plan: &Plan, turns: &[Contribution], key: Sha256Digest) -> Result<(), TranscriptError> {
        if self.turns.len() != turns.len() {
            return Err(TranscriptError::Turns {
                transcript: self.turns.len(),
                key: turns.len(),
            });
        }
        for (turn, contribution) in self.turns.iter().zip(turns) {
            let link = |what| TranscriptError::Link { turn: turn.turn, what };
            if turn.contribution != hex::encode(contribution_hash(contribution)) {
                return Err(link("the contribution's hash"));
            }
            if turn.contained != Sha256Digest::of(&contribution.to_bytes()?) {
                return Err(link("the contribution in the key"));
            }
            match (&contribution.source, &turn.signature) {
                (Source::Secret, None) => return Err(TranscriptError::Signature { turn: turn.turn }),
                (Source::Beacon { iterations, .. }, _) if *iterations != plan.beacon.iterations => {
                    return Err(link("the number of the beacon's hashes"));
                }
                _ => {}
            }
        }
        let last = self.turns.last().map_or(plan.initial, |turn| turn.key);
        if last != key {
            return Err(TranscriptError::Link {
                turn: self.turns.len() as u32,
                what: "the digest of the key",
            });
        }
        Ok(())
    }

    /// Requires as many contributors as were planned, and the beacon at the end.
    ///
    /// # Errors
    /// [`TranscriptError::Unfinished`].
    pub fn check_finished(&self, plan: &Plan, turns: &[Contribution]) -> Result<(), TranscriptError> {
        let unfinished = |missing| Err(TranscriptError::Unfinished { missing });
        let people = self.turns.iter().filter(|turn| turn.signature.is_some()).count();
        if people < plan.contributors as usize {
            return unfinished(format!(
                "{people} of at least {} contributors took part",
                plan.contributors
            ));
        }
        match turns.last().map(|turn| &turn.source) {
            Some(Source::Beacon { .. }) => Ok(()),
            _ => unfinished(format!("its beacon, announced as \"{}\"", plan.beacon.source)),
        }
    }
}

pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    // Strings and numbers only: this cannot fail.
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

pub(crate) fn one_form<T: DeserializeOwned>(
    bytes: &[u8],
    what: &'static str,
    write: impl Fn(&T) -> Vec<u8>,
) -> Result<T, TranscriptError> {
    let read: T = serde_json::from_slice(bytes).map_err(|error| TranscriptError::Json {
        what,
        reason: error.to_string().escape_debug().to_string(),
    })?;
    if write(&read) == bytes {
        Ok(read)
    } else {
        Err(TranscriptError::Form { what })
    }
}

pub(crate) fn field(
    field: &'static str,
    expected: &impl ToString,
    found: &impl ToString,
    holds: bool,
) -> Result<(), TranscriptError> {
    if holds {
        return Ok(());
    }
    Err(TranscriptError::Field {
        field,
        expected: expected.to_string(),
        found: found.to_string().escape_debug().take(200).collect(),
    })
}
