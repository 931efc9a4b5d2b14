//! Numbered sections after a kind and a version.

use super::FormatError;
use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, BigInt, Fp, MontConfig, PrimeField};

/// Bytes with their place in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Bytes { bytes, at: 0 }
    }

    /// Bytes that stand at this place of their file.
    pub(super) const fn at(bytes: &'a [u8], at: usize) -> Self {
        Bytes { bytes, at }
    }

    pub(super) fn take(&mut self, n: usize) -> Result<Bytes<'a>, FormatError> {
        let Some((taken, rest)) = self.bytes.split_at_checked(n) else {
            return Err(FormatError::Short {
                at: self.at,
                expected: n,
                found: self.bytes.len(),
            });
        };
        let taken = Bytes {
            bytes: taken,
            at: self.at,
        };
        (self.bytes, self.at) = (rest, self.at + n);
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let taken = self.take(N)?;
        taken.bytes.try_into().map_err(|_| taken.not("bytes", "none"))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn byte(&mut self) -> Result<u8, FormatError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    /// Bytes with their number in a byte before them.
    pub(super) fn short(&mut self) -> Result<&'a [u8], FormatError> {
        let length = self.byte()?;
        Ok(self.take(usize::from(length))?.bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, FormatError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// A count that fits the machine.
    pub(super) fn count(&mut self) -> Result<usize, FormatError> {
        let at = *self;
        usize::try_from(self.u32()?).map_err(|_| at.not("a count", "one too large for this machine"))
    }

    pub(super) fn u64(&mut self) -> Result<u64, FormatError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn length(&mut self) -> Result<usize, FormatError> {
        let at = *self;
        let length = self.u64()?;
        usize::try_from(length).map_err(|_| at.not("a length", &length.to_string()))
    }

    /// 32 bytes, the lowest first.
    pub(super) fn number(&mut self) -> Result<BigInt<4>, FormatError> {
        let bytes: [u8; 32] = self.array()?;
        let (words, _) = bytes.as_chunks::<8>();
        let mut limbs = [0; 4];
        for (limb, word) in limbs.iter_mut().zip(words) {
            *limb = u64::from_le_bytes(*word);
        }
        Ok(BigInt(limbs))
    }

    /// The modulus of a field, with its length before it.
    pub(super) fn modulus<F: PrimeField<BigInt = BigInt<4>>>(&mut self, of: &'static str) -> Result<(), FormatError> {
        let at = *self;
        let expected = || format!("the {of} of BN254");
        match (self.u32()?, self.number()) {
            (32, Ok(modulus)) if modulus == F::MODULUS => Ok(()),
            (32, found) => Err(at.not(&expected(), &found.map_or_else(|e| e.to_string(), |m| m.to_string()))),
            (length, _) => Err(at.not(&expected(), &format!("a number of {length} bytes"))),
        }
    }

    /// A number below the modulus.
    pub(super) fn canonical(&mut self) -> Result<Fr, FormatError> {
        let at = *self;
        Fr::from_bigint(self.number()?).ok_or_else(|| at.not("a number below the modulus", "one above it"))
    }

    /// An element in Montgomery form with R = 2^256, as arkworks has it too.
    pub(super) fn montgomery<P: MontConfig<4>>(&mut self) -> Result<Fp<ark_ff::MontBackend<P, 4>, 4>, FormatError> {
        let at = *self;
        let number = self.number()?;
        if number < P::MODULUS {
            Ok(Fp::new_unchecked(number))
        } else {
            Err(at.not("a number below the modulus", "one above it"))
        }
    }

    /// A point of G1, or infinity as zeros.
    pub(super) fn g1(&mut self) -> Result<G1Affine, FormatError> {
        let at = *self;
        let (x, y): (Fq, Fq) = (self.montgomery()?, self.montgomery()?);
        if x == Fq::ZERO && y == Fq::ZERO {
            return Ok(G1Affine::zero());
        }
        let point = G1Affine::new_unchecked(x, y);
        // The whole curve is the group.
        if point.is_on_curve() {
            Ok(point)
        } else {
            Err(at.not("a point of G1", "one off the curve"))
        }
    }

    /// A point of G2's curve, or infinity as zeros. Whether it is in the group takes far longer.
    pub(super) fn g2(&mut self) -> Result<G2Affine, FormatError> {
        let at = *self;
        let mut pair = || Ok(Fq2::new(self.montgomery()?, self.montgomery()?));
        let (x, y) = (pair()?, pair()?);
        if x == Fq2::ZERO && y == Fq2::ZERO {
            return Ok(G2Affine::zero());
        }
        let point = G2Affine::new_unchecked(x, y);
        if point.is_on_curve() {
            Ok(point)
        } else {
            Err(at.not("a point of G2", "one off the curve"))
        }
    }

    /// Requires so many elements of this size and nothing else: before room is made for any.
    pub(super) fn holds(&self, count: usize, size: usize, of: &'static str) -> Result<(), FormatError> {
        let mut rest = *self;
        rest.take(count.saturating_mul(size))?;
        rest.end(of)
    }

    /// As [`Bytes::holds`], with anything after them.
    pub(super) fn holds_at_least(&self, count: usize, size: usize) -> Result<(), FormatError> {
        let mut rest = *self;
        rest.take(count.saturating_mul(size)).map(drop)
    }

    pub(super) fn end(&self, of: &'static str) -> Result<(), FormatError> {
        match self.bytes.len() {
            0 => Ok(()),
            found => Err(FormatError::Trailing { at: self.at, of, found }),
        }
    }

    pub(super) fn not(&self, expected: &str, found: &str) -> FormatError {
        FormatError::Value {
            at: self.at,
            expected: expected.to_owned(),
            found: found.to_owned(),
        }
    }
}

/// A point that is not infinity.
pub(super) fn finite<'a, P: AffineRepr>(
    bytes: &mut Bytes<'a>,
    read: impl Fn(&mut Bytes<'a>) -> Result<P, FormatError>,
) -> Result<P, FormatError> {
    let at = *bytes;
    let point = read(bytes)?;
    if point.is_zero() {
        Err(at.not("a point", "infinity"))
    } else {
        Ok(point)
    }
}

/// A point of G2's group that is not infinity.
pub(super) fn in_group(bytes: &mut Bytes<'_>) -> Result<G2Affine, FormatError> {
    let at = *bytes;
    let point = finite(bytes, Bytes::g2)?;
    if point.is_in_correct_subgroup_assuming_on_curve() {
        Ok(point)
    } else {
        Err(at.not("a point of G2", "one outside the group"))
    }
}

/// The sections of a file of this kind and version, by number.
pub(super) struct Sections<'a>(Vec<(u32, Bytes<'a>)>);

impl<'a> Sections<'a> {
    pub(super) fn read(
        bytes: &'a [u8],
        kind: &'static str,
        versions: &[u32],
        known: &[u32],
    ) -> Result<Self, FormatError> {
        let mut file = Bytes::new(bytes);
        if !bytes.starts_with(kind.as_bytes()) {
            return Err(FormatError::Kind {
                expected: kind,
                found: bytes.iter().take(kind.len()).copied().collect(),
            });
        }
        file.take(kind.len())?;
        let at = file;
        let version = file.u32()?;
        if !versions.contains(&version) {
            return Err(at.not(&format!("version {versions:?}"), &version.to_string()));
        }
        let count = file.u32()?;
        let mut sections = Vec::new();
        for _ in 0..count {
            let at = file;
            let number = file.u32()?;
            if !known.contains(&number) {
                return Err(at.not(&format!("one of the sections {known:?}"), &number.to_string()));
            }
            let length = file.length()?;
            sections.push((number, file.take(length)?));
        }
        file.end("the file")?;
        Ok(Sections(sections))
    }

    /// A section that may be missing.
    pub(super) fn at_most_one(&self, section: u32) -> Result<Option<Bytes<'a>>, FormatError> {
        match self.0.iter().any(|(number, _)| *number == section) {
            true => self.one(section).map(Some),
            false => Ok(None),
        }
    }

    pub(super) fn one(&self, section: u32) -> Result<Bytes<'a>, FormatError> {
        let mut found = self.0.iter().filter(|(number, _)| *number == section);
        match (found.next(), found.count()) {
            (Some((_, bytes)), 0) => Ok(*bytes),
            (first, more) => Err(FormatError::Section {
                section,
                found: usize::from(first.is_some()) + more,
            }),
        }
    }
}
