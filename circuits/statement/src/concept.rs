//! What a fact is about: kind ‖ system ‖ code in 80 order-preserving bits.

use crate::Fr;
use core::fmt;
use thiserror::Error;
use zeroize::Zeroize;

/// The kind of a fact: which FHIR resource it was read from. Eight bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Birth date, sex, deceased: from Patient, under internal codes.
    Demographic = 1,
    /// Immunization.
    Immunization = 2,
    /// Condition.
    Condition = 3,
    /// Observation, and each component of one.
    Observation = 4,
    /// AllergyIntolerance.
    Allergy = 5,
    /// MedicationRequest, MedicationStatement.
    Medication = 6,
    /// Procedure.
    Procedure = 7,
    /// Encounter.
    Encounter = 8,
    /// Coverage.
    Coverage = 9,
    /// An item of a Claim or an ExplanationOfBenefit.
    Claim = 10,
    /// Reserved for genomics.
    Genomic = 11,
}

/// The code system of a concept. Eight bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum System {
    /// Our own codes: demographics, coverage classes, local codes without a standard twin.
    Internal = 1,
    /// LOINC, check digit included.
    Loinc = 2,
    /// SNOMED CT.
    Snomed = 3,
    /// RxNorm.
    RxNorm = 4,
    /// CVX vaccine codes.
    Cvx = 5,
    /// ICD-10-CM.
    Icd10Cm = 6,
    /// ICD-10-PCS.
    Icd10Pcs = 7,
    /// ICD-O-3.
    IcdO3 = 8,
    /// ICD-9-CM.
    Icd9Cm = 9,
    /// ATC.
    Atc = 10,
    /// NDC, 5-4-2.
    Ndc = 11,
    /// HCPCS level I (CPT) and II.
    Hcpcs = 12,
}

/// A code that does not have its system's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a code of {system}: expected {expected}")]
pub struct CodeError {
    /// The system whose shape it was held against.
    pub system: System,
    /// That shape in words.
    pub expected: &'static str,
}

impl Kind {
    /// All kinds, by number.
    pub const ALL: [Kind; 11] = [
        Kind::Demographic,
        Kind::Immunization,
        Kind::Condition,
        Kind::Observation,
        Kind::Allergy,
        Kind::Medication,
        Kind::Procedure,
        Kind::Encounter,
        Kind::Coverage,
        Kind::Claim,
        Kind::Genomic,
    ];

    /// The name used in claims.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Demographic => "demographic",
            Kind::Immunization => "immunization",
            Kind::Condition => "condition",
            Kind::Observation => "observation",
            Kind::Allergy => "allergy",
            Kind::Medication => "medication",
            Kind::Procedure => "procedure",
            Kind::Encounter => "encounter",
            Kind::Coverage => "coverage",
            Kind::Claim => "claim",
            Kind::Genomic => "genomic",
        }
    }

    /// Whether a fact of this kind records a moment, so that its end is always open.
    pub const fn is_moment(self) -> bool {
        matches!(
            self,
            Kind::Demographic | Kind::Immunization | Kind::Observation | Kind::Claim | Kind::Genomic
        )
    }
}

impl System {
    /// All systems, by number.
    pub const ALL: [System; 12] = [
        System::Internal,
        System::Loinc,
        System::Snomed,
        System::RxNorm,
        System::Cvx,
        System::Icd10Cm,
        System::Icd10Pcs,
        System::IcdO3,
        System::Icd9Cm,
        System::Atc,
        System::Ndc,
        System::Hcpcs,
    ];

    /// The canonical URI of the system in FHIR.
    pub const fn uri(self) -> &'static str {
        match self {
            System::Internal => "urn:medproof:internal",
            System::Loinc => "http://loinc.org",
            System::Snomed => "http://snomed.info/sct",
            System::RxNorm => "http://www.nlm.nih.gov/research/umls/rxnorm",
            System::Cvx => "http://hl7.org/fhir/sid/cvx",
            System::Icd10Cm => "http://hl7.org/fhir/sid/icd-10-cm",
            System::Icd10Pcs => "http://www.cms.gov/Medicare/Coding/ICD10",
            System::IcdO3 => "http://terminology.hl7.org/CodeSystem/icd-o-3",
            System::Icd9Cm => "http://hl7.org/fhir/sid/icd-9-cm",
            System::Atc => "http://www.whocc.no/atc",
            System::Ndc => "http://hl7.org/fhir/sid/ndc",
            System::Hcpcs => "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        }
    }

    /// The system of a FHIR URI; `None` where we do not read that system.
    pub fn from_uri(uri: &str) -> Option<System> {
        match uri {
            "http://www.ama-assn.org/go/cpt" => Some(System::Hcpcs),
            _ => System::ALL.into_iter().find(|s| s.uri() == uri),
        }
    }

    /// The short name used in claims.
    pub const fn name(self) -> &'static str {
        match self {
            System::Internal => "internal",
            System::Loinc => "loinc",
            System::Snomed => "snomed",
            System::RxNorm => "rxnorm",
            System::Cvx => "cvx",
            System::Icd10Cm => "icd-10-cm",
            System::Icd10Pcs => "icd-10-pcs",
            System::IcdO3 => "icd-o-3",
            System::Icd9Cm => "icd-9-cm",
            System::Atc => "atc",
            System::Ndc => "ndc",
            System::Hcpcs => "hcpcs",
        }
    }

    /// Whether a code is text (left-aligned, so that a prefix is an interval) and not a number.
    pub const fn is_alphanumeric(self) -> bool {
        matches!(
            self,
            System::Internal
                | System::Icd10Cm
                | System::Icd10Pcs
                | System::IcdO3
                | System::Icd9Cm
                | System::Atc
                | System::Hcpcs
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A code as 64 bits: a number, or up to 12 base-37 digits, left-aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize)]
pub struct Code(u64);

/// Characters that a base-37 code holds.
const TEXT_LEN: usize = 12;

impl Code {
    /// Reads a code, refusing what does not have the system's shape.
    ///
    /// # Errors
    /// [`CodeError`] with the shape expected.
    pub fn parse(system: System, text: &str) -> Result<Code, CodeError> {
        let fail = |expected| CodeError { system, expected };
        match system {
            System::Loinc => loinc(text).ok_or(fail("1 to 7 digits, a hyphen and the Luhn check digit")),
            System::Snomed => number(text, 6, 18).ok_or(fail("6 to 18 digits, no leading zero")),
            System::RxNorm => number(text, 1, 8).ok_or(fail("1 to 8 digits, no leading zero")),
            System::Cvx => digits(text, 1, 3).ok_or(fail("1 to 3 digits")),
            System::Ndc => ndc(text).ok_or(fail("5-4-2 digits")),
            System::Icd10Cm => {
                dotted(text, 3, icd10cm_shape).ok_or(fail("a letter, two characters, a dot and up to 4 more"))
            }
            System::Icd9Cm => icd9cm(text).ok_or(fail(
                "3 digits and up to 2 after a dot; V, E or procedure codes likewise",
            )),
            System::Icd10Pcs => text37(text)
                .filter(|_| text.len() == 7)
                .ok_or(fail("7 capital letters or digits")),
            System::IcdO3 => icdo3(text).ok_or(fail("a topography C50.1 or a morphology 8500/3")),
            System::Atc => text37(text)
                .filter(|_| atc_shape(text))
                .ok_or(fail("1, 3, 4, 5 or 7 characters as in A10BA02")),
            System::Hcpcs => text37(text)
                .filter(|_| hcpcs_shape(text))
                .ok_or(fail("5 characters, the middle three digits")),
            System::Internal => text37(text).ok_or(fail("1 to 12 capital letters or digits")),
        }
    }

    /// The least and the greatest code that begin with `prefix` in an alphanumeric system: `C00`
    /// is an interval of all codes under it. In a numeric system, both ends are the code itself.
    ///
    /// # Errors
    /// [`CodeError`] where the prefix is not made of such characters.
    pub fn prefix(system: System, prefix: &str) -> Result<(Code, Code), CodeError> {
        if !system.is_alphanumeric() {
            let code = Code::parse(system, prefix)?;
            return Ok((code, code));
        }
        let expected = "a prefix of 1 to 12 capital letters, digits and dots";
        let mut bare = [0u8; TEXT_LEN];
        let mut len = 0;
        for b in prefix.bytes().filter(|b| *b != b'.' && *b != b'/') {
            *bare.get_mut(len).ok_or(CodeError { system, expected })? = b;
            len += 1;
        }
        let bytes = &bare[..len];
        let lo = pack37(bytes, 0).ok_or(CodeError { system, expected })?;
        let hi = pack37(bytes, 36).ok_or(CodeError { system, expected })?;
        Ok((Code(lo), Code(hi)))
    }

    /// The 64 bits.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

// Leading zeros mean nothing in CVX (03 is 3).
fn digits(text: &str, min: usize, max: usize) -> Option<Code> {
    (all_digits(text) && (min..=max).contains(&text.len())).then_some(())?;
    text.parse().ok().map(Code)
}

fn number(text: &str, min: usize, max: usize) -> Option<Code> {
    digits(text, min, max).filter(|_| !text.starts_with('0'))
}

// LOINC's check digit is Luhn's (mod 10, doubling from the right).
fn loinc(text: &str) -> Option<Code> {
    let (body, check) = text.split_once('-')?;
    (all_digits(body) && body.len() <= 7 && !body.starts_with('0') && all_digits(check) && check.len() == 1)
        .then_some(())?;
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| {
            // Its digits' sum, as far as it matters modulo 10.
            let d = u32::from(b - b'0') * if i % 2 == 0 { 2 } else { 1 };
            d / 10 + d
        })
        .sum();
    let check: u64 = check.parse().ok()?;
    ((10 - u64::from(sum) % 10) % 10 == check).then_some(())?;
    Some(Code(body.parse::<u64>().ok()? * 10 + check))
}

fn ndc(text: &str) -> Option<Code> {
    let mut parts = text.split('-');
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
    let shape = parts.next().is_none() && a.len() == 5 && b.len() == 4 && c.len() == 2;
    (shape && all_digits(a) && all_digits(b) && all_digits(c)).then_some(())?;
    let n = |s: &str| s.parse::<u64>().ok();
    Some(Code(n(a)? * 1_000_000 + n(b)? * 100 + n(c)?))
}

fn digit37(b: u8) -> Option<u64> {
    match b {
        b'0'..=b'9' => Some(u64::from(b - b'0') + 1),
        b'A'..=b'Z' => Some(u64::from(b - b'A') + 11),
        _ => None,
    }
}

// pad < 0–9 < A–Z; `fill` 0 gives the least code with this prefix, 36 the greatest.
fn pack37(bytes: &[u8], fill: u64) -> Option<u64> {
    (!bytes.is_empty() && bytes.len() <= TEXT_LEN).then_some(())?;
    (0..TEXT_LEN).try_fold(0u64, |acc, i| {
        Some(acc * 37 + bytes.get(i).map_or(Some(fill), |b| digit37(*b))?)
    })
}

fn text37(text: &str) -> Option<Code> {
    pack37(text.as_bytes(), 0).map(Code)
}

// A code whose dot, if it goes on, stands after `stem` characters; the dot is not stored.
fn dotted(text: &str, stem: usize, shape: fn(&[u8]) -> bool) -> Option<Code> {
    let (head, tail) = match text.split_once('.') {
        Some((head, tail)) if head.len() == stem && !tail.is_empty() => (head, tail),
        Some(_) => return None,
        None => (text, ""),
    };
    let mut bare = [0u8; TEXT_LEN];
    let len = head.len() + tail.len();
    bare.get_mut(..head.len())?.copy_from_slice(head.as_bytes());
    bare.get_mut(head.len()..len)?.copy_from_slice(tail.as_bytes());
    shape(&bare[..len]).then(|| pack37(&bare[..len], 0)).flatten().map(Code)
}

fn icd10cm_shape(b: &[u8]) -> bool {
    (3..=7).contains(&b.len())
        && b[0].is_ascii_uppercase()
        && b[1].is_ascii_digit()
        && b[2..].iter().all(|c| digit37(*c).is_some())
}

fn icd9cm(text: &str) -> Option<Code> {
    match text.bytes().next()? {
        b'E' => dotted(text, 4, |b| {
            (4..=5).contains(&b.len()) && b[1..].iter().all(u8::is_ascii_digit)
        }),
        b'V' => dotted(text, 3, |b| {
            (3..=5).contains(&b.len()) && b[1..].iter().all(u8::is_ascii_digit)
        }),
        _ if text.as_bytes().get(2) == Some(&b'.') => dotted(text, 2, |b| {
            (3..=4).contains(&b.len()) && b.iter().all(u8::is_ascii_digit)
        }),
        _ => dotted(text, 3, |b| {
            (3..=5).contains(&b.len()) && b.iter().all(u8::is_ascii_digit)
        }),
    }
}

fn icdo3(text: &str) -> Option<Code> {
    if let Some((morphology, behaviour)) = text.split_once('/') {
        let shape = morphology.len() == 4 && all_digits(morphology) && behaviour.len() == 1 && all_digits(behaviour);
        let mut bare = [0u8; 5];
        shape.then_some(())?;
        bare[..4].copy_from_slice(morphology.as_bytes());
        bare[4..].copy_from_slice(behaviour.as_bytes());
        return pack37(&bare, 0).map(Code);
    }
    dotted(text, 3, |b| {
        (3..=4).contains(&b.len()) && b[0] == b'C' && b[1..].iter().all(u8::is_ascii_digit)
    })
}

fn atc_shape(text: &str) -> bool {
    let letters = [true, false, false, true, true, false, false];
    matches!(text.len(), 1 | 3 | 4 | 5 | 7)
        && text.bytes().zip(letters).all(|(b, letter)| {
            if letter {
                b.is_ascii_uppercase()
            } else {
                b.is_ascii_digit()
            }
        })
}

// CPT 99213 and 0001F, HCPCS J1234: the middle three are always digits.
fn hcpcs_shape(text: &str) -> bool {
    text.len() == 5 && text.bytes().skip(1).take(3).all(|b| b.is_ascii_digit())
}

/// kind(8) ‖ system(8) ‖ code(64): what a fact is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize)]
pub struct Concept(u128);

impl Concept {
    /// Width in bits.
    pub const BITS: u32 = 80;
    /// The concept of the sentinel leaf; below every real concept.
    pub const ZERO: Concept = Concept(0);
    /// All ones; above every real concept, and the successor of the last member of a code set.
    pub const MAX: Concept = Concept((1 << 80) - 1);

    /// The concept of a code.
    pub fn new(kind: Kind, system: System, code: Code) -> Concept {
        Concept((kind as u128) << 72 | (system as u128) << 64 | u128::from(code.0))
    }

    /// Reads and checks a code and makes its concept.
    ///
    /// # Errors
    /// As [`Code::parse`].
    pub fn parse(kind: Kind, system: System, code: &str) -> Result<Concept, CodeError> {
        Code::parse(system, code).map(|code| Concept::new(kind, system, code))
    }

    /// From 80 bits; `None` where there are more.
    pub fn from_bits(bits: u128) -> Option<Concept> {
        (bits <= Concept::MAX.0).then_some(Concept(bits))
    }

    /// The 80 bits.
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// The kind, if it is one of ours.
    pub fn kind(self) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| *k as u128 == self.0 >> 72)
    }

    /// The system, if it is one of ours.
    pub fn system(self) -> Option<System> {
        System::ALL.into_iter().find(|s| *s as u128 == (self.0 >> 64) & 0xff)
    }

    /// The least and the greatest concept of a kind and system: the whole system.
    pub fn whole(kind: Kind, system: System) -> (Concept, Concept) {
        (
            Concept::new(kind, system, Code(0)),
            Concept::new(kind, system, Code(u64::MAX)),
        )
    }

    /// As a field element.
    pub fn to_field(self) -> Fr {
        Fr::from(self.0)
    }
}

impl fmt::Debug for Concept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Concept({:#x})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn good(system: System, codes: &[&str]) {
        for code in codes {
            assert!(Code::parse(system, code).is_ok(), "{system} {code}");
        }
    }

    fn bad(system: System, codes: &[&str]) {
        for code in codes {
            assert!(Code::parse(system, code).is_err(), "{system} {code}");
        }
    }

    // Claims are written with these names, and charts with these URIs.
    #[test]
    fn names_and_uris_are_the_published_ones() {
        let kinds = "demographic immunization condition observation allergy medication procedure encounter coverage \
                     claim genomic";
        assert!(Kind::ALL.into_iter().map(Kind::name).eq(kinds.split_whitespace()));
        let systems = [
            ("internal", "urn:medproof:internal"),
            ("loinc", "http://loinc.org"),
            ("snomed", "http://snomed.info/sct"),
            ("rxnorm", "http://www.nlm.nih.gov/research/umls/rxnorm"),
            ("cvx", "http://hl7.org/fhir/sid/cvx"),
            ("icd-10-cm", "http://hl7.org/fhir/sid/icd-10-cm"),
            ("icd-10-pcs", "http://www.cms.gov/Medicare/Coding/ICD10"),
            ("icd-o-3", "http://terminology.hl7.org/CodeSystem/icd-o-3"),
            ("icd-9-cm", "http://hl7.org/fhir/sid/icd-9-cm"),
            ("atc", "http://www.whocc.no/atc"),
            ("ndc", "http://hl7.org/fhir/sid/ndc"),
            ("hcpcs", "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"),
        ];
        for (system, (name, uri)) in System::ALL.into_iter().zip(systems) {
            assert_eq!((system.name(), system.uri()), (name, uri));
            assert_eq!(System::from_uri(uri), Some(system));
        }
        assert_eq!(System::from_uri("http://www.ama-assn.org/go/cpt"), Some(System::Hcpcs));
        assert_eq!(System::from_uri("http://snomed.info/sct/"), None);
    }

    #[test]
    fn codes_of_numbers_have_no_prefixes_and_dots_none_of_their_own() {
        let numeric = [System::Loinc, System::Snomed, System::RxNorm, System::Cvx, System::Ndc];
        for system in System::ALL {
            assert_eq!(system.is_alphanumeric(), !numeric.contains(&system), "{system}");
        }
        let prefix = |text| Code::prefix(System::IcdO3, text).unwrap();
        assert_eq!(prefix("C50.1"), prefix("C501"));
        assert_eq!(prefix("8500/3"), prefix("85003"));
        assert!(Code::prefix(System::IcdO3, "C50-1").is_err());
        let whole = Code::parse(System::Snomed, "44054006").unwrap();
        assert_eq!(Code::prefix(System::Snomed, "44054006"), Ok((whole, whole)));
    }

    #[test]
    fn what_records_a_moment_has_no_end() {
        let moments = Kind::ALL.into_iter().filter(|kind| kind.is_moment());
        assert!(moments.eq([
            Kind::Demographic,
            Kind::Immunization,
            Kind::Observation,
            Kind::Claim,
            Kind::Genomic
        ]));
    }

    #[test]
    fn codes_are_their_numbers_or_their_characters_from_the_left() {
        let bits = |system, text| Code::parse(system, text).unwrap().bits();
        assert_eq!(bits(System::Loinc, "4548-4"), 45_484);
        assert_eq!(bits(System::Snomed, "44054006"), 44_054_006);
        assert_eq!(bits(System::Cvx, "03"), 3);
        assert_eq!(bits(System::Ndc, "12345-6789-01"), 12_345_678_901);
        let written = |text: &str| {
            let alphabet = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
            let padded = format!("{text:12}");
            padded
                .chars()
                .fold(0, |acc, c| acc * 37 + alphabet.find(c).unwrap() as u64)
        };
        for text in ["0", "9", "A", "Z", "Z9", "A0B1C2D3E4F5", "ZZZZZZZZZZZZ"] {
            assert_eq!(bits(System::Internal, text), written(text), "{text}");
        }
        for (system, text, bare) in [
            (System::Icd10Cm, "E11.65", "E1165"),
            (System::Icd9Cm, "250.02", "25002"),
            (System::Icd9Cm, "45.23", "4523"),
            (System::Icd9Cm, "E849.0", "E8490"),
            (System::IcdO3, "8500/3", "85003"),
            (System::IcdO3, "C50.1", "C501"),
        ] {
            assert_eq!(bits(system, text), written(bare), "{text}");
        }
        let (least, greatest) = Code::prefix(System::Internal, "Q7").unwrap();
        assert_eq!(
            (least.bits(), greatest.bits()),
            (written("Q7"), written("Q7ZZZZZZZZZZ"))
        );
    }

    #[test]
    fn shapes_at_their_limits() {
        good(System::Loinc, &["1-8", "1234567-4"]);
        bad(System::Loinc, &["4548-", "4548-4-4", "4548-a", "a-4", "45 8-4"]);
        good(System::Snomed, &["123456", "123456789012345678"]);
        good(System::RxNorm, &["1", "12345678"]);
        bad(System::RxNorm, &["", "0", "01", "123456789", "1a"]);
        good(System::Cvx, &["0", "000", "999"]);
        bad(System::Cvx, &["1a"]);
        bad(
            System::Ndc,
            &[
                "12345-6789",
                "12345-6789-01-2",
                "1234a-6789-01",
                "12345-678a-01",
                "12345-6789-0a",
                "12345-67890-1",
            ],
        );
        good(System::Icd10Cm, &["E11", "E11.9", "S72.001A", "S72001A", "C4A.0"]);
        bad(
            System::Icd10Cm,
            &[
                "E1",
                "11.9",
                "EE1",
                "E1.19",
                "E11.",
                "E119.1",
                "E11.65.1",
                "S72.001AB",
                "E11.a",
                "e11",
                "",
            ],
        );
        good(System::Icd10Pcs, &["0DTJ4ZZ"]);
        bad(System::Icd10Pcs, &["0DTJ4Z", "0DTJ4ZZZ", "0DTJ4zZ"]);
        good(
            System::Icd9Cm,
            &[
                "001", "001.1", "25002", "250.02", "45.2", "45.23", "V10", "V10.01", "E849", "E849.0",
            ],
        );
        bad(
            System::Icd9Cm,
            &[
                "", "01", "250.023", "2500.2", "45.", "45.234", "4.523", "V1", "V10.011", "V1A", "E84", "E84.9",
                "E849.01", "E84A", "25A", "45.2A", "A10",
            ],
        );
        good(System::IcdO3, &["8500/3", "C50", "C50.1", "C501"]);
        bad(
            System::IcdO3,
            &[
                "850/3", "85000/3", "8500/33", "8500/", "850A/3", "8500/A", "C5", "C50.11", "D50.1", "C5A", "85003",
            ],
        );
        good(System::Atc, &["A", "A10", "A10B", "A10BA", "A10BA02"]);
        bad(
            System::Atc,
            &["", "A1", "A10BA0", "A10BA022", "1", "AA0", "A10B2", "A10BA0A", "a10"],
        );
        good(System::Hcpcs, &["99213", "0001F", "J1234"]);
        bad(System::Hcpcs, &["9921", "992133", "J12A4", "JJ234", "j1234", "J-234"]);
        good(System::Internal, &["A", "ABCDEFGHIJKL"]);
        bad(System::Internal, &["", "ABCDEFGHIJKLM", "a", "A-B"]);
    }

    #[test]
    fn shapes() {
        good(System::Loinc, &["4548-4", "33914-3", "55284-4", "8480-6", "72166-2"]);
        bad(
            System::Loinc,
            &["4548-5", "4548", "-4", "04548-4", "4548-44", "12345678-1", ""],
        );
        good(System::Snomed, &["44054006", "67811000119102"]);
        bad(
            System::Snomed,
            &["12345", "1234567890123456789", "4548-4", "44054006 ", "044054006"],
        );
        good(System::Cvx, &["3", "03", "140"]);
        bad(System::Cvx, &["", "1400", "-3", "+3"]);
        good(System::Ndc, &["00002-3227-30"]);
        bad(System::Ndc, &["0002-3227-30", "00002-3227-3", "00002322730"]);
        good(System::Icd10Cm, &["C00", "C97", "E11.9", "S72.001A", "O9A.211"]);
        bad(
            System::Icd10Cm,
            &["C", "C0", "C0.0", "E11.", "e11.9", "E119.1", "S72.001AB", "11E"],
        );
        good(System::Icd10Pcs, &["0SRD0J9"]);
        bad(System::Icd10Pcs, &["0SRD0J", "0SRD0J99", "0SRD0j9"]);
        good(System::Icd9Cm, &["250", "250.00", "V10.3", "E880.9", "81.54"]);
        bad(
            System::Icd9Cm,
            &["25", "250.", "250.000", "2500.0", "V1", "E88.0", "8.154"],
        );
        good(System::IcdO3, &["C50.1", "8500/3"]);
        bad(System::IcdO3, &["D50.1", "8500/", "850/3", "C501.1"]);
        good(System::Atc, &["A", "A10", "A10B", "A10BA", "A10BA02"]);
        bad(System::Atc, &["A1", "AA0", "A10BA0", "10A", "A10BA022"]);
        good(System::Hcpcs, &["99213", "J1234", "0001F"]);
        bad(System::Hcpcs, &["9921", "992133", "JJ234"]);
        good(System::Internal, &["BIRTHDATE"]);
        bad(System::Internal, &["", "birthdate", "THIRTEENCHARS"]);
    }

    #[test]
    fn cvx_ignores_leading_zeros() {
        assert_eq!(Code::parse(System::Cvx, "03"), Code::parse(System::Cvx, "3"));
    }

    #[test]
    fn a_chapter_is_one_interval() {
        let code = |c| Code::parse(System::Icd10Cm, c).unwrap();
        let (lo, _) = Code::prefix(System::Icd10Cm, "C00").unwrap();
        let (_, hi) = Code::prefix(System::Icd10Cm, "C97").unwrap();
        for inside in ["C00", "C00.1", "C50.911", "C97", "C97.9"] {
            assert!(lo <= code(inside) && code(inside) <= hi, "{inside}");
        }
        for outside in ["B99.9", "D00", "C98", "C99.1"] {
            assert!(code(outside) < lo || hi < code(outside), "{outside}");
        }
        assert!(Code::prefix(System::Icd10Cm, "c00").is_err());
        assert!(Code::prefix(System::Icd10Cm, "").is_err());
    }

    #[test]
    fn concepts_order_by_kind_then_system_then_code() {
        let a = Concept::parse(Kind::Condition, System::Snomed, "999999999999999999").unwrap();
        let b = Concept::parse(Kind::Condition, System::Icd10Cm, "A00").unwrap();
        let c = Concept::parse(Kind::Observation, System::Loinc, "4548-4").unwrap();
        assert!(a < b && b < c && c < Concept::MAX);
        assert_eq!((c.kind(), c.system()), (Some(Kind::Observation), Some(System::Loinc)));
    }
}
