//! A file of powers, read a part at a time: it may be larger than memory.

use super::PowersError;
use super::contributions::{self, PowersContribution};
use crate::subgroup::first_outside;
use ark_bn254::{Fq, G1Affine, G2Affine};
use ark_ff::{BigInteger, PrimeField};
use medproof_keys::circom::FormatError;
use medproof_keys::circom::points::{G1_BYTES, G2_BYTES, read_g1, read_twist};
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

pub(super) const MAGIC: &[u8; 4] = b"ptau";
pub(super) const VERSION: u32 = 1;
/// Roots of unity of BN254's scalar field go no further.
const HIGHEST_POWER: u32 = 28;
/// Points that are in memory at a time.
pub(super) const CHUNK: usize = 1 << 15;
/// More than all contributions of any ceremony.
const LONGEST_CONTRIBUTIONS: u64 = 1 << 26;
pub(super) const HEADER: u32 = 1;
pub(super) const CONTRIBUTIONS: u32 = 7;
pub(super) const HEADER_BYTES: u64 = 4 + 32 + 8;

/// What points a part of the file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// τ^i in G1.
    TauG1,
    /// τ^i in G2.
    TauG2,
    /// α·τ^i in G1.
    AlphaTauG1,
    /// β·τ^i in G1.
    BetaTauG1,
    /// β in G2.
    BetaG2,
    /// The Lagrange forms of τ^i in G1.
    LagrangeTauG1,
    /// Of τ^i in G2.
    LagrangeTauG2,
    /// Of α·τ^i in G1.
    LagrangeAlphaTauG1,
    /// Of β·τ^i in G1.
    LagrangeBetaTauG1,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TauG1 => "powers of tau in G1",
            Self::TauG2 => "powers of tau in G2",
            Self::AlphaTauG1 => "alpha times powers of tau",
            Self::BetaTauG1 => "beta times powers of tau",
            Self::BetaG2 => "beta in G2",
            Self::LagrangeTauG1 => "Lagrange form of tau in G1",
            Self::LagrangeTauG2 => "Lagrange form of tau in G2",
            Self::LagrangeAlphaTauG1 => "Lagrange form of alpha times tau",
            Self::LagrangeBetaTauG1 => "Lagrange form of beta times tau",
        })
    }
}

/// Powers, and their Lagrange forms.
pub(super) const PAIRS: [(Section, Section); 4] = [
    (Section::TauG1, Section::LagrangeTauG1),
    (Section::TauG2, Section::LagrangeTauG2),
    (Section::AlphaTauG1, Section::LagrangeAlphaTauG1),
    (Section::BetaTauG1, Section::LagrangeBetaTauG1),
];

impl Section {
    pub(super) const POWERS: [Section; 5] = [
        Self::TauG1,
        Self::TauG2,
        Self::AlphaTauG1,
        Self::BetaTauG1,
        Self::BetaG2,
    ];
    const LAGRANGE: [Section; 4] = [
        Self::LagrangeTauG1,
        Self::LagrangeTauG2,
        Self::LagrangeAlphaTauG1,
        Self::LagrangeBetaTauG1,
    ];

    pub(super) const fn number(self) -> u32 {
        match self {
            Self::TauG1 => 2,
            Self::TauG2 => 3,
            Self::AlphaTauG1 => 4,
            Self::BetaTauG1 => 5,
            Self::BetaG2 => 6,
            Self::LagrangeTauG1 => 12,
            Self::LagrangeTauG2 => 13,
            Self::LagrangeAlphaTauG1 => 14,
            Self::LagrangeBetaTauG1 => 15,
        }
    }

    pub(super) const fn point_bytes(self) -> usize {
        match self {
            Self::TauG2 | Self::BetaG2 | Self::LagrangeTauG2 => G2_BYTES,
            _ => G1_BYTES,
        }
    }

    /// How many points it has in a file of 2^power powers.
    pub(crate) const fn points(self, power: u32) -> usize {
        match self {
            Self::TauG1 => (2 << power) - 1,
            Self::TauG2 | Self::AlphaTauG1 | Self::BetaTauG1 => 1 << power,
            Self::BetaG2 => 1,
            // 1 and 2 and … and 2^power, and of the first 2^(power+1).
            Self::LagrangeTauG1 => (4 << power) - 1,
            Self::LagrangeTauG2 | Self::LagrangeAlphaTauG1 | Self::LagrangeBetaTauG1 => (2 << power) - 1,
        }
    }

    pub(super) const fn bytes(self, power: u32) -> u64 {
        (self.points(power) * self.point_bytes()) as u64
    }
}

/// An opened file: its counts fit, and nothing is known of its points.
pub struct Powers {
    file: File,
    path: PathBuf,
    power: u32,
    ceremony_power: u32,
    places: Vec<(Section, u64)>,
    prepared: bool,
    contributions: Vec<PowersContribution>,
    contributions_at: (u64, u64),
}

impl fmt::Debug for Powers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Powers")
            .field("path", &self.path)
            .field("power", &self.power)
            .field("prepared", &self.prepared)
            .finish_non_exhaustive()
    }
}

impl Powers {
    /// Opens a file: header, lengths of all sections, contributions.
    ///
    /// # Errors
    /// [`PowersError::Io`], and [`PowersError::Format`] with the place.
    pub fn open(path: &Path) -> Result<Powers, PowersError> {
        let io = |action| {
            move |source| PowersError::Io {
                action,
                path: path.to_owned(),
                source,
            }
        };
        let format = |source| PowersError::Format {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(io("open"))?;
        let length = file.metadata().map_err(io("look at"))?.len();
        let read = |at: u64, bytes: u64| read_at(&file, at, bytes).map_err(io("read"));
        let table = Table::read(length, &read)?.map_err(format)?;
        let (at, bytes) = table.one(HEADER).map_err(format)?;
        let header = read(at, bytes.min(HEADER_BYTES + 1))?;
        let (power, ceremony_power) = header_of(&header, at as usize).map_err(format)?;
        let prepared = Section::LAGRANGE.iter().any(|section| table.has(section.number()));
        let mut places = Vec::new();
        let lagrange = Section::LAGRANGE.into_iter().filter(|_| prepared);
        for section in Section::POWERS.into_iter().chain(lagrange) {
            let (at, bytes) = table.one(section.number()).map_err(format)?;
            let expected = section.bytes(power);
            if bytes != expected {
                let expected = format!("{expected} bytes of {section}");
                return Err(format(not(at, &expected, &bytes.to_string())));
            }
            places.push((section, at));
        }
        let (at, bytes) = table.one(CONTRIBUTIONS).map_err(format)?;
        if bytes > LONGEST_CONTRIBUTIONS {
            return Err(format(not(at, "contributions of at most 64 MiB", &bytes.to_string())));
        }
        let contributions = contributions::read(&read(at, bytes)?, at as usize).map_err(format)?;
        Ok(Powers {
            path: path.to_owned(),
            power,
            ceremony_power,
            places,
            prepared,
            contributions,
            contributions_at: (at, bytes),
            file,
        })
    }

    /// There are 2^power of them.
    #[must_use]
    pub const fn power(&self) -> u32 {
        self.power
    }

    /// What the ceremony had: a file may be its beginning.
    #[must_use]
    pub const fn ceremony_power(&self) -> u32 {
        self.ceremony_power
    }

    /// Whether the Lagrange forms are there.
    #[must_use]
    pub const fn is_prepared(&self) -> bool {
        self.prepared
    }

    /// Who took part.
    #[must_use]
    pub fn contributions(&self) -> &[PowersContribution] {
        &self.contributions
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn io(&self, action: &'static str) -> impl Fn(io::Error) -> PowersError {
        let path = self.path.clone();
        move |source| PowersError::Io {
            action,
            path: path.clone(),
            source,
        }
    }

    /// Bytes at a place of the file.
    pub(super) fn raw(&self, at: u64, bytes: u64) -> Result<Vec<u8>, PowersError> {
        read_at(&self.file, at, bytes).map_err(self.io("read"))
    }

    /// Where a section's points begin; that of one that is missing is the file's beginning, where no
    /// point is.
    pub(super) fn place(&self, section: Section) -> u64 {
        let found = self.places.iter().find(|(other, _)| *other == section);
        found.map_or(0, |(_, at)| *at)
    }

    /// The section of contributions, as it is.
    pub(super) fn raw_contributions(&self) -> Result<Vec<u8>, PowersError> {
        let (at, bytes) = self.contributions_at;
        self.raw(at, bytes)
    }

    #[cfg(test)]
    pub(super) const fn contributions_place(&self) -> usize {
        self.contributions_at.0 as usize
    }

    fn bytes_of(&self, section: Section, from: usize, count: usize) -> Result<(Vec<u8>, usize), PowersError> {
        let size = section.point_bytes();
        let at = self.place(section) + (from * size) as u64;
        Ok((self.raw(at, (count * size) as u64)?, at as usize))
    }

    fn format(&self, source: FormatError) -> PowersError {
        PowersError::Format {
            path: self.path.clone(),
            source,
        }
    }

    /// Points of a section of G1.
    ///
    /// # Errors
    /// [`PowersError::Io`], and [`PowersError::Format`] for what is no point.
    pub fn g1(&self, section: Section, from: usize, count: usize) -> Result<Vec<G1Affine>, PowersError> {
        let (bytes, at) = self.bytes_of(section, from, count)?;
        read_g1(&bytes, at).map_err(|source| self.format(source))
    }

    /// Points of a section of G2.
    ///
    /// # Errors
    /// As [`Powers::g1`].
    pub fn g2(&self, section: Section, from: usize, count: usize) -> Result<Vec<G2Affine>, PowersError> {
        let (bytes, at) = self.bytes_of(section, from, count)?;
        let points = read_twist(&bytes, at).map_err(|source| self.format(source))?;
        match first_outside(&points)? {
            None => Ok(points),
            Some(i) => {
                let at = (at + i * G2_BYTES) as u64;
                Err(self.format(not(at, "a point of G2", "one outside the group")))
            }
        }
    }
}

pub(super) fn not(at: u64, expected: &str, found: &str) -> FormatError {
    FormatError::Value {
        at: at as usize,
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}

fn read_at(mut file: &File, at: u64, bytes: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(bytes).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut read = vec![0; length];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut read)?;
    Ok(read)
}

/// The header's content.
pub(super) fn header(power: u32, ceremony_power: u32) -> Vec<u8> {
    let mut bytes = field();
    bytes.extend(power.to_le_bytes());
    bytes.extend(ceremony_power.to_le_bytes());
    bytes
}

// The base field's modulus, its length before it.
fn field() -> Vec<u8> {
    [32_u32.to_le_bytes().as_slice(), &Fq::MODULUS.to_bytes_le()].concat()
}

fn header_of(bytes: &[u8], at: usize) -> Result<(u32, u32), FormatError> {
    let wrong = |found: &str| {
        not(
            at as u64,
            "the base field of BN254 and two powers of two up to 2^28",
            found,
        )
    };
    if bytes.len() as u64 != HEADER_BYTES {
        return Err(wrong(&format!("{} bytes", bytes.len())));
    }
    let (field, powers) = bytes.split_at(36);
    if field != self::field() {
        return Err(wrong("another field"));
    }
    let (words, _) = powers.as_chunks::<4>();
    match words.iter().map(|word| u32::from_le_bytes(*word)).collect::<Vec<_>>()[..] {
        [power, of] if 1 <= power && power <= of && of <= HIGHEST_POWER => Ok((power, of)),
        [power, of] => Err(wrong(&format!("{power} and {of}"))),
        _ => Err(wrong("no powers")),
    }
}

// Where each section is, and how long: the file is nothing but these.
struct Table(Vec<(u32, u64, u64)>);

impl Table {
    fn read<E>(length: u64, read: &impl Fn(u64, u64) -> Result<Vec<u8>, E>) -> Result<Result<Table, FormatError>, E> {
        let start = read(0, length.min(12))?;
        let Some((MAGIC, rest)) = start.split_first_chunk::<4>() else {
            let found = start.into_iter().take(4).collect();
            let expected = "ptau";
            return Ok(Err(FormatError::Kind { expected, found }));
        };
        let (words, _) = rest.as_chunks::<4>();
        let count = match words.iter().map(|word| u32::from_le_bytes(*word)).collect::<Vec<_>>()[..] {
            [VERSION, count] => count,
            [version, _] => return Ok(Err(not(4, "version 1", &version.to_string()))),
            _ => return Ok(Err(short(4, 8, rest.len() as u64))),
        };
        let mut sections = Vec::new();
        let mut at = 12;
        for _ in 0..count {
            let left = length - at;
            if left < 12 {
                return Ok(Err(short(at, 12, left)));
            }
            let head = read(at, 12)?;
            let (number, bytes) = head.split_at(4);
            let number = number.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
            let bytes = bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
            if !matches!(number, 1..=7 | 12..=15) {
                return Ok(Err(not(
                    at,
                    "one of the sections 1 to 7 and 12 to 15",
                    &number.to_string(),
                )));
            }
            if bytes > left - 12 {
                return Ok(Err(short(at + 12, bytes, left - 12)));
            }
            sections.push((number, at + 12, bytes));
            at += 12 + bytes;
        }
        Ok(match length - at {
            0 => Ok(Table(sections)),
            found => Err(FormatError::Trailing {
                at: at as usize,
                of: "the file",
                found: found as usize,
            }),
        })
    }

    fn has(&self, section: u32) -> bool {
        self.0.iter().any(|(number, ..)| *number == section)
    }

    fn one(&self, section: u32) -> Result<(u64, u64), FormatError> {
        let found: Vec<_> = self.0.iter().filter(|(number, ..)| *number == section).collect();
        match found[..] {
            [(_, at, bytes)] => Ok((*at, *bytes)),
            _ => Err(FormatError::Section {
                section,
                found: found.len(),
            }),
        }
    }
}

fn short(at: u64, expected: u64, found: u64) -> FormatError {
    FormatError::Short {
        at: at as usize,
        expected: expected as usize,
        found: found as usize,
    }
}
