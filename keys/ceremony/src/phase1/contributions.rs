//! Who took part in the powers of τ: the file's section 7.

use super::file::not;
use crate::encoding;
use crate::midstate::{self, Midstate};
use ark_bn254::{G1Affine, G2Affine};
use medproof_keys::circom::points::{G1_BYTES, G2_BYTES, read_g1, read_g2, write_g1, write_g2};
use medproof_keys::circom::{FormatError, HASH, Source, read_origin, write_origin};

/// A secret's proof: S, x·S in G1, and x times the point of G2 that follows from the hash before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    pub g1_s: G1Affine,
    pub g1_sx: G1Affine,
    pub g2_spx: G2Affine,
}

/// A contribution to the powers of τ.
#[derive(Clone)]
pub struct PowersContribution {
    // τ in both groups, α, β in both, after it.
    pub(super) tau_g1: G1Affine,
    pub(super) tau_g2: G2Affine,
    pub(super) alpha_g1: G1Affine,
    pub(super) beta_g1: G1Affine,
    pub(super) beta_g2: G2Affine,
    // Of τ, α and β.
    pub(super) proofs: [Proof; 3],
    // Of the challenge before, and the points in answer.
    pub(super) answer: Midstate,
    // Hash of the answer and of all points after it.
    pub(super) next_challenge: [u8; HASH],
    /// Where its secrets come from.
    pub source: Source,
    /// Which the file says and nothing vouches for.
    pub name: Option<String>,
}

impl PowersContribution {
    /// Hash of the whole answer, which contributors publish.
    #[must_use]
    pub fn response_hash(&self) -> [u8; HASH] {
        let mut hash = self.answer.clone();
        hash.update(&self.proof_bytes());
        hash.finish()
    }

    /// The contribution as a `.ptau` holds it, name and all.
    ///
    /// # Errors
    /// [`FormatError::TooLong`] for a name or a beacon of more than 255 bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FormatError> {
        let mut bytes = write_g1(&[self.tau_g1]);
        bytes.extend(write_g2(&[self.tau_g2]));
        bytes.extend(write_g1(&[self.alpha_g1, self.beta_g1]));
        bytes.extend(write_g2(&[self.beta_g2]));
        for proof in &self.proofs {
            bytes.extend(write_g1(&[proof.g1_s, proof.g1_sx]));
        }
        for proof in &self.proofs {
            bytes.extend(write_g2(&[proof.g2_spx]));
        }
        bytes.extend(self.answer.to_bytes());
        bytes.extend(self.next_challenge);
        bytes.extend(write_origin(&self.source, self.name.as_deref())?);
        Ok(bytes)
    }

    // First what is in G1, as it is hashed.
    fn proof_bytes(&self) -> Vec<u8> {
        let in_g1 = self.proofs.iter().flat_map(|proof| [proof.g1_s, proof.g1_sx]);
        let in_g2 = self.proofs.iter().map(|proof| proof.g2_spx);
        let in_g1 = in_g1.flat_map(|point| encoding::g1(&point));
        in_g1.chain(in_g2.flat_map(|point| encoding::g2(&point))).collect()
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Result<(&'a [u8], usize), FormatError> {
        let at = self.at;
        let short = FormatError::Short {
            at,
            expected: bytes,
            found: self.rest.len(),
        };
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or(short)?;
        (self.rest, self.at) = (rest, at + bytes);
        Ok((taken, at))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let (taken, _) = self.take(N)?;
        let mut array = [0; N];
        array.copy_from_slice(taken);
        Ok(array)
    }

    fn g1(&mut self) -> Result<G1Affine, FormatError> {
        let (bytes, at) = self.take(G1_BYTES)?;
        let points = read_g1(bytes, at)?;
        points.first().copied().ok_or_else(|| self.not("a point", "none"))
    }

    fn g2(&mut self) -> Result<G2Affine, FormatError> {
        let (bytes, at) = self.take(G2_BYTES)?;
        let points = read_g2(bytes, at)?;
        points.first().copied().ok_or_else(|| self.not("a point", "none"))
    }

    fn word(&mut self) -> Result<u32, FormatError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn not(&self, expected: &str, found: &str) -> FormatError {
        not(self.at as u64, expected, found)
    }
}

pub(super) fn read(bytes: &[u8], at: usize) -> Result<Vec<PowersContribution>, FormatError> {
    let mut reader = Reader { rest: bytes, at };
    let count = reader.word()?;
    let all = (0..count)
        .map(|_| contribution(&mut reader))
        .collect::<Result<_, _>>()?;
    match reader.rest.len() {
        0 => Ok(all),
        found => Err(FormatError::Trailing {
            at: reader.at,
            of: "the contributions",
            found,
        }),
    }
}

fn contribution(r: &mut Reader<'_>) -> Result<PowersContribution, FormatError> {
    let (tau_g1, tau_g2) = (r.g1()?, r.g2()?);
    let (alpha_g1, beta_g1, beta_g2) = (r.g1()?, r.g1()?, r.g2()?);
    let mut pairs = [(); 3].map(|()| None);
    for pair in &mut pairs {
        *pair = Some((r.g1()?, r.g1()?));
    }
    let mut proofs = Vec::new();
    for (g1_s, g1_sx) in pairs.into_iter().flatten() {
        let g2_spx = r.g2()?;
        proofs.push(Proof { g1_s, g1_sx, g2_spx });
    }
    let proofs = proofs.try_into().map_err(|_| r.not("three proofs", "others"))?;
    let state = r.array::<{ midstate::BYTES }>()?;
    let answer = Midstate::from_bytes(&state).ok_or_else(|| r.not("the state of a hash", "other bytes"))?;
    let next_challenge = r.array()?;
    let (source, name) = origin(r)?;
    Ok(PowersContribution {
        tau_g1,
        tau_g2,
        alpha_g1,
        beta_g1,
        beta_g2,
        proofs,
        answer,
        next_challenge,
        source,
        name,
    })
}

fn origin(r: &mut Reader<'_>) -> Result<(Source, Option<String>), FormatError> {
    let kind = r.word()?;
    let length = r.word()? as usize;
    let (parameters, at) = r.take(length)?;
    read_origin(kind, parameters, at)
}

/// The section's content.
pub(super) fn write(all: &[PowersContribution]) -> Result<Vec<u8>, FormatError> {
    let mut bytes = (all.len() as u32).to_le_bytes().to_vec();
    for contribution in all {
        bytes.extend(contribution.to_bytes()?);
    }
    Ok(bytes)
}
