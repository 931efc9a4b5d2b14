//! The presentation: a proof and what it is about, in 321 bytes.

use crate::encoding::{Bytes, FieldHex, Hex};
use crate::json::{self, JsonError, Wire};
use crate::key::KeyId;
use crate::point::{self, G1_BYTES, G2_BYTES, PointError};
use alloc::string::String;
use alloc::vec::Vec;
use ark_bn254::{G1Affine, G2Affine};
use core::fmt;
use medproof_statement::field::{self, FieldError};
use medproof_statement::public::{COUNT, NAMES, PublicInputs};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Bytes of a proof: A, B, C, compressed.
pub const PROOF_BYTES: usize = 2 * G1_BYTES + G2_BYTES;

/// Bytes of a presentation: version(1), key id(32), proof(128), public inputs(5 × 32).
pub const PRESENTATION_BYTES: usize = HEAD + 32 * COUNT;

/// The only version: Groth16 on BN254 over statement version 1.
const VERSION: u8 = 1;
const HEAD: usize = 1 + 32 + PROOF_BYTES;

/// A point of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProofPoint {
    /// A in G1.
    A,
    /// B on the twist of G2.
    B,
    /// C in G1.
    C,
}

impl fmt::Display for ProofPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProofPoint::A => "A",
            ProofPoint::B => "B",
            ProofPoint::C => "C",
        })
    }
}

/// Why bytes are not a presentation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PresentationError {
    /// A version that this software does not know.
    #[error(
        "expected a presentation of version {expected}, found version {found}: upgrade, or ask for version {expected}"
    )]
    Version {
        /// The version that is known.
        expected: u8,
        /// The one found.
        found: u8,
    },
    /// Too short, or with bytes after its end.
    #[error("expected {expected} bytes, found {found}: this is no presentation, or it was cut or padded")]
    Length {
        /// The only length.
        expected: usize,
        /// The one found.
        found: usize,
    },
    /// Whole public inputs, but not as many as the statement has.
    #[error("expected {expected} public inputs, found {found}: it was made for another statement")]
    InputCount {
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A point of the proof is none.
    #[error("proof point {point}: {error}")]
    Point {
        /// Which.
        point: ProofPoint,
        /// What is wrong with it.
        error: PointError,
    },
    /// A public input is no canonical field element.
    #[error("public input {name}: {error}")]
    Input {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        error: FieldError,
    },
    /// The JSON is not a presentation's.
    #[error(transparent)]
    Json(#[from] JsonError),
}

impl PresentationError {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            PresentationError::Version { .. } => "presentation.version",
            PresentationError::Length { .. } => "presentation.length",
            PresentationError::InputCount { .. } => "presentation.input_count",
            PresentationError::Point { error, .. } => error.code(),
            PresentationError::Input { .. } => "presentation.input",
            PresentationError::Json(error) => error.code(),
        }
    }
}

/// A Groth16 proof whose points are canonical, on their curves, and not the identity.
///
/// A and C are in their group, which is the whole curve. Whether B is in its own, its pairing shows at no cost: who verifies
/// looks there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    a: G1Affine,
    b: G2Affine,
    c: G1Affine,
}

impl Proof {
    /// Takes the points of a proof.
    ///
    /// # Errors
    /// [`PresentationError::Point`].
    pub fn new(a: G1Affine, b: G2Affine, c: G1Affine) -> Result<Proof, PresentationError> {
        point::check_g1(&a).map_err(at(ProofPoint::A))?;
        point::check_twist(&b).map_err(at(ProofPoint::B))?;
        point::check_g1(&c).map_err(at(ProofPoint::C))?;
        Ok(Proof { a, b, c })
    }

    /// Reads the canonical bytes: A, B, C, compressed.
    ///
    /// # Errors
    /// [`PresentationError::Point`].
    pub fn from_bytes(bytes: &[u8; PROOF_BYTES]) -> Result<Proof, PresentationError> {
        let mut rest = Bytes(bytes);
        // The array holds exactly these three: no length is ever missing.
        let length = || PresentationError::Length {
            expected: PROOF_BYTES,
            found: bytes.len(),
        };
        Ok(Proof {
            a: point::g1_from_bytes(rest.take().ok_or_else(length)?).map_err(at(ProofPoint::A))?,
            b: point::twist_from_bytes(rest.take().ok_or_else(length)?).map_err(at(ProofPoint::B))?,
            c: point::g1_from_bytes(rest.take().ok_or_else(length)?).map_err(at(ProofPoint::C))?,
        })
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> [u8; PROOF_BYTES] {
        let mut bytes = [0; PROOF_BYTES];
        let points = point::g1_to_bytes(&self.a)
            .into_iter()
            .chain(point::g2_to_bytes(&self.b))
            .chain(point::g1_to_bytes(&self.c));
        for (to, from) in bytes.iter_mut().zip(points) {
            *to = from;
        }
        bytes
    }

    /// A.
    pub const fn a(&self) -> &G1Affine {
        &self.a
    }

    /// B, of whatever order.
    pub const fn b(&self) -> &G2Affine {
        &self.b
    }

    /// C.
    pub const fn c(&self) -> &G1Affine {
        &self.c
    }
}

fn at(point: ProofPoint) -> impl Fn(PointError) -> PresentationError {
    move |error| PresentationError::Point { point, error }
}

/// What a holder's prover answers. Well-formed; whether it proves anything, a verifier decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presentation {
    /// The key that it was made with.
    pub key_id: KeyId,
    /// The proof.
    pub proof: Proof,
    /// What it is about.
    pub public: PublicInputs,
}

impl Presentation {
    /// Reads the canonical bytes.
    ///
    /// # Errors
    /// [`PresentationError`] names the first rule that they break.
    pub fn from_bytes(bytes: &[u8]) -> Result<Presentation, PresentationError> {
        let length = || PresentationError::Length {
            expected: PRESENTATION_BYTES,
            found: bytes.len(),
        };
        let mut rest = Bytes(bytes);
        let [version] = *rest.take::<1>().ok_or_else(length)?;
        if version != VERSION {
            return Err(PresentationError::Version {
                expected: VERSION,
                found: version,
            });
        }
        let key_id = KeyId(*rest.take().ok_or_else(length)?);
        let proof = rest.take::<PROOF_BYTES>().ok_or_else(length)?;
        let (found, more) = (rest.0.len() / 32, rest.0.len() % 32);
        if more != 0 {
            return Err(length());
        }
        if found != COUNT {
            return Err(PresentationError::InputCount { expected: COUNT, found });
        }
        let mut elements = [Default::default(); COUNT];
        for (element, name) in elements.iter_mut().zip(NAMES) {
            let bytes = rest.take::<32>().ok_or_else(length)?;
            *element = field::from_bytes(bytes).map_err(|error| PresentationError::Input { name, error })?;
        }
        Ok(Presentation {
            key_id,
            proof: Proof::from_bytes(proof)?,
            public: PublicInputs::from_array(elements),
        })
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> [u8; PRESENTATION_BYTES] {
        let mut bytes = [0; PRESENTATION_BYTES];
        let parts = core::iter::once(VERSION)
            .chain(self.key_id.0)
            .chain(self.proof.to_bytes())
            .chain(self.public.to_array().into_iter().flat_map(|x| field::to_bytes(&x)));
        for (to, from) in bytes.iter_mut().zip(parts) {
            *to = from;
        }
        bytes
    }

    /// Reads the canonical JSON.
    ///
    /// # Errors
    /// [`PresentationError`].
    pub fn from_json(bytes: &[u8]) -> Result<Presentation, PresentationError> {
        let wire: PresentationWire = json::read(bytes)?;
        let inputs = wire.public_inputs;
        Ok(Presentation {
            key_id: KeyId(wire.key_id.0),
            proof: Proof::from_bytes(&wire.proof.0)?,
            public: PublicInputs {
                registry_root: inputs.registry_root.0,
                policy_digest: inputs.policy_digest.0,
                request_digest: inputs.request_digest.0,
                nullifier: inputs.nullifier.0,
                consent_handle: inputs.consent_handle.0,
            },
        })
    }

    /// The canonical JSON.
    pub fn to_json(&self) -> Vec<u8> {
        json::write(&PresentationWire {
            key_id: Hex(self.key_id.0),
            proof: Hex(self.proof.to_bytes()),
            public_inputs: PublicInputsWire {
                consent_handle: FieldHex(self.public.consent_handle),
                nullifier: FieldHex(self.public.nullifier),
                policy_digest: FieldHex(self.public.policy_digest),
                registry_root: FieldHex(self.public.registry_root),
                request_digest: FieldHex(self.public.request_digest),
            },
            kind: String::from(PresentationWire::TYPE),
            version: json::VERSION,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PresentationWire {
    key_id: Hex<32>,
    proof: Hex<PROOF_BYTES>,
    public_inputs: PublicInputsWire,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicInputsWire {
    consent_handle: FieldHex,
    nullifier: FieldHex,
    policy_digest: FieldHex,
    registry_root: FieldHex,
    request_digest: FieldHex,
}

impl Wire for PresentationWire {
    const TYPE: &'static str = "medproof/presentation";
    const MAX_BYTES: usize = 1024;
}
