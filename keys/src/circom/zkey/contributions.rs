//! Who took part in a key's ceremony: the last section of a `.zkey`.
//!
//! Here the section must only be one. Whether the contributions are what they say is for a
//! ceremony's verifier.

use super::CONTRIBUTIONS;
use crate::circom::FormatError;
use crate::circom::container::{Bytes, finite, in_group};
use crate::circom::writer::Section;
use ark_bn254::{G1Affine, G2Affine};

/// Bytes of a hash: Blake2b's.
pub const HASH: usize = 64;

// Its parameters, in the order in which they must come.
const NAME: u8 = 1;
const ITERATIONS: u8 = 2;
const VALUE: u8 = 3;

const BY_A_PERSON: u32 = 0;
const BY_A_BEACON: u32 = 1;

/// The contributions of a key, in the order of their turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contributions {
    /// Of the circuit and of the key before any contribution.
    pub circuit: [u8; HASH],
    /// Each turn.
    pub turns: Vec<Contribution>,
}

impl Default for Contributions {
    /// None, and of no circuit: as a key has that comes from no ceremony.
    fn default() -> Self {
        Contributions {
            circuit: [0; HASH],
            turns: Vec::new(),
        }
    }
}

/// A turn: δ times a factor, and a proof that the factor was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// δ in G1, after it.
    pub delta_after: G1Affine,
    /// A point of the contributor's choice.
    pub g1_s: G1Affine,
    /// That point times the factor.
    pub g1_sx: G1Affine,
    /// The point of G2 that follows from `transcript`, times the factor.
    pub g2_spx: G2Affine,
    /// Blake2b of all before, `g1_s` and `g1_sx`.
    pub transcript: [u8; HASH],
    /// Where the factor comes from.
    pub source: Source,
    /// Which the file says and nothing vouches for: at most 255 bytes.
    pub name: Option<String>,
}

/// Where a contribution's factor comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A secret.
    Secret,
    /// Public randomness that nobody could know before.
    Beacon {
        /// How often it was hashed: 2 to the power of this.
        iterations: u8,
        /// What was hashed: 1 to 255 bytes.
        value: Vec<u8>,
    },
}

/// Reads the section's content.
pub(super) fn read(mut section: Bytes<'_>) -> Result<Contributions, FormatError> {
    let circuit = section.array()?;
    let count = section.count()?;
    // No room is made for a count alone.
    let turns = (0..count).map(|_| turn(&mut section)).collect::<Result<_, _>>()?;
    section.end("the contributions")?;
    Ok(Contributions { circuit, turns })
}

fn turn(section: &mut Bytes<'_>) -> Result<Contribution, FormatError> {
    let mut g1 = || finite(section, Bytes::g1);
    let (delta_after, g1_s, g1_sx) = (g1()?, g1()?, g1()?);
    let g2_spx = in_group(section)?;
    let transcript = section.array()?;
    let kind = section.u32()?;
    let length = section.count()?;
    let (source, name) = origin_of(kind, section.take(length)?)?;
    Ok(Contribution {
        delta_after,
        g1_s,
        g1_sx,
        g2_spx,
        transcript,
        source,
        name,
    })
}

/// Where a contribution comes from, of its kind and its parameters, which stand at a place of a file.
///
/// # Errors
/// [`FormatError`] for another kind, or parameters that are not those of its kind.
pub fn read_origin(kind: u32, parameters: &[u8], at: usize) -> Result<(Source, Option<String>), FormatError> {
    origin_of(kind, Bytes::at(parameters, at))
}

fn origin_of(kind: u32, bytes: Bytes<'_>) -> Result<(Source, Option<String>), FormatError> {
    let found = parameters(bytes)?;
    let source = match (kind, found.iterations, found.value) {
        (BY_A_PERSON, None, None) => Source::Secret,
        (BY_A_BEACON, Some(iterations), Some(value)) => Source::Beacon { iterations, value },
        (kind, ..) => {
            return Err(bytes.not(
                "a contribution of type 0, or one of type 1 with a beacon's value and iterations",
                &format!("type {kind} with other parameters"),
            ));
        }
    };
    Ok((source, found.name))
}

#[derive(Default)]
struct Parameters {
    name: Option<String>,
    iterations: Option<u8>,
    value: Option<Vec<u8>>,
}

fn parameters(mut bytes: Bytes<'_>) -> Result<Parameters, FormatError> {
    let mut found = Parameters::default();
    let mut last = 0;
    while !bytes.is_empty() {
        let at = bytes;
        let kind = bytes.byte()?;
        if kind <= last {
            return Err(at.not("parameters in ascending order", &format!("{kind} after {last}")));
        }
        last = kind;
        match kind {
            NAME => {
                let name = String::from_utf8(bytes.short()?.to_vec());
                found.name = Some(name.map_err(|_| at.not("a name in UTF-8", "other bytes"))?);
            }
            ITERATIONS => found.iterations = Some(bytes.byte()?),
            VALUE => found.value = Some(bytes.short()?.to_vec()),
            _ => return Err(at.not("parameter 1, 2 or 3", &kind.to_string())),
        }
        let empty =
            found.name.as_ref().is_some_and(String::is_empty) || found.value.as_ref().is_some_and(Vec::is_empty);
        if empty {
            return Err(at.not("a parameter with a value", "an empty one"));
        }
    }
    Ok(found)
}

/// Writes the section.
pub(super) fn write(contributions: &Contributions) -> Result<Section, FormatError> {
    let mut section = Section::new(CONTRIBUTIONS, 0);
    section.bytes(&contributions.circuit);
    section.count(contributions.turns.len())?;
    for turn in &contributions.turns {
        write_turn(&mut section, turn)?;
    }
    Ok(section)
}

fn write_turn(section: &mut Section, turn: &Contribution) -> Result<(), FormatError> {
    section.g1(&turn.delta_after);
    section.g1(&turn.g1_s);
    section.g1(&turn.g1_sx);
    section.g2(&turn.g2_spx);
    section.bytes(&turn.transcript);
    section.bytes(&write_origin(&turn.source, turn.name.as_deref())?);
    Ok(())
}

/// Where a contribution comes from: its kind, and its parameters with their length before them, as [`read_origin`]
/// reads them.
///
/// # Errors
/// [`FormatError::TooLong`] for a name or a beacon of more than 255 bytes.
pub fn write_origin(source: &Source, name: Option<&str>) -> Result<Vec<u8>, FormatError> {
    let mut parameters = Vec::new();
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        parameters.push(NAME);
        short(&mut parameters, name.as_bytes())?;
    }
    let kind = match source {
        Source::Secret => BY_A_PERSON,
        Source::Beacon { iterations, value } => {
            parameters.extend([ITERATIONS, *iterations, VALUE]);
            short(&mut parameters, value)?;
            BY_A_BEACON
        }
    };
    // Two texts of at most 255 bytes.
    let length = parameters.len() as u32;
    Ok([&kind.to_le_bytes(), &length.to_le_bytes(), parameters.as_slice()].concat())
}

fn short(to: &mut Vec<u8>, bytes: &[u8]) -> Result<(), FormatError> {
    let length = u8::try_from(bytes.len()).map_err(|_| FormatError::TooLong { found: bytes.len() })?;
    to.push(length);
    to.extend(bytes);
    Ok(())
}

impl Contribution {
    /// The turn as a `.zkey` holds it, name and all.
    ///
    /// # Errors
    /// [`FormatError::TooLong`] for a name or a beacon of more than 255 bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FormatError> {
        let mut section = Section::new(CONTRIBUTIONS, 0);
        write_turn(&mut section, self)?;
        Ok(section.content().to_vec())
    }
}
