//! Verifying keys: their bytes, their identity, and the rules that no unsound key passes.

use crate::encoding::{Bytes, Hex};
use crate::json::{self, JsonError, Wire};
use crate::point::{self, G1_BYTES, G2_BYTES, PointError};
use alloc::string::String;
use alloc::vec::Vec;
use ark_bn254::{G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use core::fmt;
use medproof_statement::public::COUNT;
use medproof_statement::tier::Tier;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Points of a key's IC: one for each public input, and the constant.
pub const IC: usize = COUNT + 1;

/// Bytes of a verifying key: alpha, beta, gamma, delta, then IC, each compressed.
pub const VERIFYING_KEY_BYTES: usize = G1_BYTES + 3 * G2_BYTES + IC * G1_BYTES;

/// Bytes of a pinned key: version(1), tier(1), circuit version(4), development(1), matrix
/// digest(32), verifying key.
pub const PINNED_KEY_BYTES: usize = 39 + VERIFYING_KEY_BYTES;

/// The factors up to which one point may not be a multiple of another.
const KNOWN_MULTIPLES: usize = 16;

/// A key's point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyPoint {
    /// alpha in G1.
    Alpha,
    /// beta in G2.
    Beta,
    /// gamma in G2.
    Gamma,
    /// delta in G2.
    Delta,
    /// A point of IC, counted from 0.
    Ic(usize),
    /// The generator of the point's group, which no point of a key is but gamma.
    Generator,
}

impl fmt::Display for KeyPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyPoint::Alpha => f.write_str("alpha"),
            KeyPoint::Beta => f.write_str("beta"),
            KeyPoint::Gamma => f.write_str("gamma"),
            KeyPoint::Delta => f.write_str("delta"),
            KeyPoint::Ic(i) => write!(f, "IC[{i}]"),
            KeyPoint::Generator => f.write_str("the generator"),
        }
    }
}

/// Why something is not a verifying key that proofs may be checked with.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Too short, or with bytes after its end.
    #[error("expected {expected} bytes, found {found}: this is no verifying key of this proof system")]
    Length {
        /// The only length.
        expected: usize,
        /// The one found.
        found: usize,
    },
    /// IC of another length.
    #[error("expected {IC} points of IC, found {found}: the key is for a circuit with other public inputs")]
    IcLength {
        /// How many there are.
        found: usize,
    },
    /// One of its points is none.
    #[error("{point}: {error}: refuse the key and ask for where it came from")]
    Point {
        /// Which.
        point: KeyPoint,
        /// What is wrong with it.
        error: PointError,
    },
    /// Two points whose relation anyone knows: proofs could be forged.
    #[error(
        "expected unrelated points, found {point} to be ±k or ±1/k times {other} with k = {factor}: proofs under this key could be forged"
    )]
    Related {
        /// One.
        point: KeyPoint,
        /// The other.
        other: KeyPoint,
        /// k, from 1 to 16.
        factor: usize,
    },
    /// An unknown format.
    #[error(
        "expected version {expected} of a pinned key, found {found}: upgrade, or ask for the key in version {expected}"
    )]
    Version {
        /// The version that is known.
        expected: u8,
        /// The one found.
        found: u8,
    },
    /// A tier that there is not.
    #[error("expected the number of a tier, 1 to 4, found {found}")]
    Tier {
        /// The number found.
        found: u8,
    },
    /// A mark other than 0 and 1.
    #[error("expected 0 or 1 for a development key, found {found}")]
    Development {
        /// The byte found.
        found: u8,
    },
    /// The key is another than it says.
    #[error("expected key id {expected}, found a key with {found}: take the key whose id was pinned")]
    Id {
        /// The id that was named.
        expected: KeyId,
        /// The id of what was read.
        found: KeyId,
    },
    /// The JSON is not a key's.
    #[error(transparent)]
    Json(#[from] JsonError),
}

impl KeyError {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            KeyError::Length { .. } => "key.length",
            KeyError::IcLength { .. } => "key.ic_length",
            KeyError::Point { error, .. } => error.code(),
            KeyError::Related { .. } => "key.related",
            KeyError::Version { .. } => "key.version",
            KeyError::Tier { .. } => "key.tier",
            KeyError::Development { .. } => "key.development_mark",
            KeyError::Id { .. } => "key.id",
            KeyError::Json(error) => error.code(),
        }
    }
}

/// A Groth16 verifying key for the statement's public inputs, after all rules of soundness:
/// canonical points of the right groups without an identity; none known to be a small multiple of
/// a generator or of another of its group, but that gamma may be the generator itself; IC of exact
/// length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    alpha_g1: G1Affine,
    beta_g2: G2Affine,
    gamma_g2: G2Affine,
    delta_g2: G2Affine,
    ic: [G1Affine; IC],
}

impl VerifyingKey {
    /// Takes the points of a key.
    ///
    /// # Errors
    /// [`KeyError`] names the point and the rule that it breaks.
    pub fn new(
        alpha_g1: G1Affine,
        beta_g2: G2Affine,
        gamma_g2: G2Affine,
        delta_g2: G2Affine,
        ic: &[G1Affine],
    ) -> Result<VerifyingKey, KeyError> {
        let ic: [G1Affine; IC] = ic.try_into().map_err(|_| KeyError::IcLength { found: ic.len() })?;
        let at = |point| move |error| KeyError::Point { point, error };
        point::check_g1(&alpha_g1).map_err(at(KeyPoint::Alpha))?;
        point::check_g2(&beta_g2).map_err(at(KeyPoint::Beta))?;
        point::check_g2(&gamma_g2).map_err(at(KeyPoint::Gamma))?;
        point::check_g2(&delta_g2).map_err(at(KeyPoint::Delta))?;
        for (i, point) in ic.iter().enumerate() {
            point::check_g1(point).map_err(at(KeyPoint::Ic(i)))?;
        }
        let key = VerifyingKey {
            alpha_g1,
            beta_g2,
            gamma_g2,
            delta_g2,
            ic,
        };
        key.unrelated()
    }

    /// Reads the canonical bytes: alpha, beta, gamma, delta, IC, compressed.
    ///
    /// # Errors
    /// As [`VerifyingKey::new`], and where there are fewer or more bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<VerifyingKey, KeyError> {
        let length = || KeyError::Length {
            expected: VERIFYING_KEY_BYTES,
            found: bytes.len(),
        };
        if bytes.len() != VERIFYING_KEY_BYTES {
            return Err(length());
        }
        let mut rest = Bytes(bytes);
        // What is read as a point is one: it need not be checked again.
        let key = VerifyingKey {
            alpha_g1: read_g1(&mut rest, KeyPoint::Alpha, length)?,
            beta_g2: read_g2(&mut rest, KeyPoint::Beta, length)?,
            gamma_g2: read_g2(&mut rest, KeyPoint::Gamma, length)?,
            delta_g2: read_g2(&mut rest, KeyPoint::Delta, length)?,
            ic: {
                let points = (0..IC).map(|i| read_g1(&mut rest, KeyPoint::Ic(i), length));
                let points: Vec<G1Affine> = points.collect::<Result<_, _>>()?;
                points.try_into().map_err(|_| length())?
            },
        };
        key.unrelated()
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> [u8; VERIFYING_KEY_BYTES] {
        let g2 = [&self.beta_g2, &self.gamma_g2, &self.delta_g2];
        let mut bytes = [0; VERIFYING_KEY_BYTES];
        let points = point::g1_to_bytes(&self.alpha_g1)
            .into_iter()
            .chain(g2.into_iter().flat_map(point::g2_to_bytes))
            .chain(self.ic.iter().flat_map(point::g1_to_bytes));
        for (to, from) in bytes.iter_mut().zip(points) {
            *to = from;
        }
        bytes
    }

    /// alpha.
    pub const fn alpha_g1(&self) -> &G1Affine {
        &self.alpha_g1
    }

    /// beta.
    pub const fn beta_g2(&self) -> &G2Affine {
        &self.beta_g2
    }

    /// gamma.
    pub const fn gamma_g2(&self) -> &G2Affine {
        &self.gamma_g2
    }

    /// delta.
    pub const fn delta_g2(&self) -> &G2Affine {
        &self.delta_g2
    }

    /// The constant, then one point for each public input in order.
    pub const fn ic(&self) -> &[G1Affine; IC] {
        &self.ic
    }

    /// Who knows log_gamma(delta), or the logarithm of alpha, beta or delta, forges proofs of anything.
    /// The mistakes that tools are known to make leave small ones.
    ///
    /// Gamma's own logarithm gives nothing: keys of snarkjs and of ceremonies have the generator for it.
    fn unrelated(self) -> Result<VerifyingKey, KeyError> {
        let alpha = (KeyPoint::Alpha, self.alpha_g1);
        require_unrelated(&[(KeyPoint::Generator, G1Affine::generator()), alpha])?;
        let [beta, gamma, delta] = [
            (KeyPoint::Beta, self.beta_g2),
            (KeyPoint::Gamma, self.gamma_g2),
            (KeyPoint::Delta, self.delta_g2),
        ];
        let generator = G2Affine::generator();
        if self.gamma_g2 == generator {
            // What is not related to gamma is not to the generator.
            require_unrelated(&[beta, gamma, delta])?;
        } else {
            require_unrelated(&[(KeyPoint::Generator, generator), beta, gamma, delta])?;
        }
        Ok(self)
    }
}

/// Looks for k up to [`KNOWN_MULTIPLES`] with p = ±k·q or q = ±k·p, for each two of these.
fn require_unrelated<P: AffineRepr>(points: &[(KeyPoint, P)]) -> Result<(), KeyError> {
    let multiples = |(_, point): &(KeyPoint, P)| {
        let point = *point;
        core::iter::successors(Some(point.into_group()), move |sum| Some(*sum + point)).take(KNOWN_MULTIPLES)
    };
    let all: Vec<P::Group> = points.iter().flat_map(multiples).collect();
    let all = P::Group::normalize_batch(&all);
    let named = || points.iter().zip(all.chunks(KNOWN_MULTIPLES));
    for (i, ((other, q), of_q)) in named().enumerate() {
        for ((point, p), of_p) in named().skip(i + 1) {
            // Points that share x are equal up to sign.
            let reaches = |multiples: &[P], to: &P| multiples.iter().position(|multiple| multiple.x() == to.x());
            if let Some(place) = reaches(of_q, p).or_else(|| reaches(of_p, q)) {
                let (point, other, factor) = (*point, *other, place + 1);
                return Err(KeyError::Related { point, other, factor });
            }
        }
    }
    Ok(())
}

fn read_g1(rest: &mut Bytes<'_>, point: KeyPoint, length: impl Fn() -> KeyError) -> Result<G1Affine, KeyError> {
    let bytes = rest.take().ok_or_else(length)?;
    point::g1_from_bytes(bytes).map_err(|error| KeyError::Point { point, error })
}

fn read_g2(rest: &mut Bytes<'_>, point: KeyPoint, length: impl Fn() -> KeyError) -> Result<G2Affine, KeyError> {
    let bytes = rest.take().ok_or_else(length)?;
    point::g2_from_bytes(bytes).map_err(|error| KeyError::Point { point, error })
}

/// SHA-256 of a verifying key and of all that says what it verifies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 32]);

impl KeyId {
    /// SHA-256 over the domain `medproof/v1/key`, the verifying key's bytes, the tier's number, the
    /// circuit version, the matrix digest and the development mark, each preceded by its length in
    /// bytes as a 64-bit big-endian integer. Integers are 64 bits, big-endian.
    pub fn of(key: &VerifyingKey, info: &KeyInfo) -> KeyId {
        let parts: [&[u8]; 6] = [
            b"medproof/v1/key",
            &key.to_bytes(),
            &info.tier.code().to_be_bytes(),
            &u64::from(info.circuit_version).to_be_bytes(),
            &info.matrix_digest,
            &u64::from(info.development).to_be_bytes(),
        ];
        let mut sha = Sha256::new();
        for part in parts {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part);
        }
        KeyId(sha.finalize().into())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(self.0).fmt(f)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// What a verifying key verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyInfo {
    /// The circuit's size.
    pub tier: Tier,
    /// The circuit's version.
    pub circuit_version: u32,
    /// Digest of its constraint matrices.
    pub matrix_digest: [u8; 32],
    /// Made from a seed that anybody may know: good for development only.
    pub development: bool,
}

/// A verifying key with what it verifies, and thus its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedKey {
    key: VerifyingKey,
    info: KeyInfo,
    id: KeyId,
}

impl PinnedKey {
    /// Names a key.
    pub fn new(key: VerifyingKey, info: KeyInfo) -> PinnedKey {
        let id = KeyId::of(&key, &info);
        PinnedKey { key, info, id }
    }

    /// Its id.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What it verifies.
    pub const fn info(&self) -> &KeyInfo {
        &self.info
    }

    /// The key.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Reads the canonical bytes.
    ///
    /// # Errors
    /// [`KeyError`]; whether it is the key that was expected, its id tells.
    pub fn from_bytes(bytes: &[u8]) -> Result<PinnedKey, KeyError> {
        let length = || KeyError::Length {
            expected: PINNED_KEY_BYTES,
            found: bytes.len(),
        };
        let mut rest = Bytes(bytes);
        let [version] = *rest.take::<1>().ok_or_else(length)?;
        if version != VERSION {
            return Err(KeyError::Version {
                expected: VERSION,
                found: version,
            });
        }
        if bytes.len() != PINNED_KEY_BYTES {
            return Err(length());
        }
        let [tier] = *rest.take::<1>().ok_or_else(length)?;
        let circuit_version = u32::from_be_bytes(*rest.take().ok_or_else(length)?);
        let [development] = *rest.take::<1>().ok_or_else(length)?;
        let info = KeyInfo {
            tier: Tier::from_code(tier.into()).ok_or(KeyError::Tier { found: tier })?,
            circuit_version,
            matrix_digest: *rest.take().ok_or_else(length)?,
            development: match development {
                0 => false,
                1 => true,
                found => return Err(KeyError::Development { found }),
            },
        };
        Ok(PinnedKey::new(VerifyingKey::from_bytes(rest.0)?, info))
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(PINNED_KEY_BYTES);
        bytes.push(VERSION);
        bytes.push(self.info.tier.code() as u8);
        bytes.extend(self.info.circuit_version.to_be_bytes());
        bytes.push(u8::from(self.info.development));
        bytes.extend(self.info.matrix_digest);
        bytes.extend(self.key.to_bytes());
        bytes
    }

    /// Reads the canonical JSON.
    ///
    /// # Errors
    /// [`KeyError`], also where the id that it names is not its own.
    pub fn from_json(bytes: &[u8]) -> Result<PinnedKey, KeyError> {
        PinnedKey::from_wire(json::read(bytes)?)
    }

    /// The canonical JSON.
    pub fn to_json(&self) -> Vec<u8> {
        json::write(&self.to_wire())
    }

    /// From its JSON form inside another message.
    ///
    /// # Errors
    /// As [`PinnedKey::from_json`].
    pub fn from_wire(wire: PinnedKeyWire) -> Result<PinnedKey, KeyError> {
        json::check_head::<PinnedKeyWire>(&wire.kind, wire.version)?;
        let form = |rule: &str| JsonError::Form {
            kind: PinnedKeyWire::TYPE,
            rule: String::from(rule),
        };
        let info = KeyInfo {
            tier: wire.tier.parse().map_err(|_| form("`tier`: expected XS, S, M or L"))?,
            circuit_version: wire.circuit_version,
            matrix_digest: wire.matrix_digest.0,
            development: wire.development,
        };
        let pinned = PinnedKey::new(VerifyingKey::from_bytes(&wire.verifying_key.0)?, info);
        let named = KeyId(wire.key_id.0);
        if pinned.id != named {
            return Err(KeyError::Id {
                expected: named,
                found: pinned.id,
            });
        }
        Ok(pinned)
    }

    /// Its JSON form, to stand inside another message.
    pub fn to_wire(&self) -> PinnedKeyWire {
        PinnedKeyWire {
            circuit_version: self.info.circuit_version,
            development: self.info.development,
            key_id: Hex(self.id.0),
            matrix_digest: Hex(self.info.matrix_digest),
            tier: String::from(self.info.tier.name()),
            kind: String::from(PinnedKeyWire::TYPE),
            verifying_key: Hex(self.key.to_bytes()),
            version: json::VERSION,
        }
    }
}

/// Version of a pinned key's bytes.
const VERSION: u8 = 1;

/// A pinned key in JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedKeyWire {
    circuit_version: u32,
    development: bool,
    key_id: Hex<32>,
    matrix_digest: Hex<32>,
    tier: String,
    #[serde(rename = "type")]
    kind: String,
    verifying_key: Hex<VERIFYING_KEY_BYTES>,
    version: u64,
}

impl Wire for PinnedKeyWire {
    const TYPE: &'static str = "medproof/key";
    const MAX_BYTES: usize = 4096;
}
