//! Names, codes, numbers and periods as people read them.

use crate::spec::{Bound, CodeGroup, Codes, Coding, Members, NamedSet, Period, Wanted};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use medproof_statement::concept::{Concept, Kind, System};

/// "a" or "an".
pub(crate) fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

/// The name of a system as its publisher writes it.
pub(crate) const fn system(system: System) -> &'static str {
    match system {
        System::Internal => "medproof's own codes",
        System::Loinc => "LOINC",
        System::Snomed => "SNOMED CT",
        System::RxNorm => "RxNorm",
        System::Cvx => "CVX",
        System::Icd10Cm => "ICD-10-CM",
        System::Icd10Pcs => "ICD-10-PCS",
        System::IcdO3 => "ICD-O-3",
        System::Icd9Cm => "ICD-9-CM",
        System::Atc => "ATC",
        System::Ndc => "NDC",
        System::Hcpcs => "HCPCS/CPT",
    }
}

/// One fact of a kind, and several.
pub(crate) const fn kind(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Demographic => ("demographic entry", "demographic entries"),
        Kind::Immunization => ("immunization", "immunizations"),
        Kind::Condition => ("condition", "conditions"),
        Kind::Observation => ("observation", "observations"),
        Kind::Allergy => ("allergy", "allergies"),
        Kind::Medication => ("medication", "medications"),
        Kind::Procedure => ("procedure", "procedures"),
        Kind::Encounter => ("encounter", "encounters"),
        Kind::Coverage => ("insurance coverage", "insurance coverages"),
        Kind::Claim => ("billed item", "billed items"),
        Kind::Genomic => ("genomic finding", "genomic findings"),
    }
}

/// The code of a concept, as its system writes it (but for dots, which are not kept).
pub(crate) fn code(concept: Concept) -> String {
    let mut bits = (concept.bits() & u128::from(u64::MAX)) as u64;
    match concept.system() {
        Some(System::Loinc) => format!("{}-{}", bits / 10, bits % 10),
        Some(System::Ndc) => format!("{:05}-{:04}-{:02}", bits / 1_000_000, bits / 100 % 10_000, bits % 100),
        Some(system) if system.is_alphanumeric() => {
            let mut text = Vec::new();
            for _ in 0..12 {
                match (bits % 37) as u8 {
                    0 => {}
                    digit @ 1..=10 => text.push(b'0' + digit - 1),
                    letter => text.push(b'A' + letter - 11),
                }
                bits /= 37;
            }
            text.iter().rev().map(|b| char::from(*b)).collect()
        }
        _ => bits.to_string(),
    }
}

/// "1 year, 6 months and 3 days".
pub(crate) fn period(period: Period) -> String {
    let count = |n: u32, one: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {one}s")),
    };
    let parts = [
        count(u32::from(period.years), "year"),
        count(u32::from(period.months), "month"),
        count(period.days, "day"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return "0 days".to_owned();
    }
    list(&parts, "and")
}

/// "a, b and c".
pub(crate) fn list<S: AsRef<str>>(parts: &[S], last: &str) -> String {
    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    match parts[..] {
        [] => String::new(),
        [one] => one.to_owned(),
        [ref init @ .., end] => format!("{} {last} {end}", init.join(", ")),
    }
}

/// Codes written out in a sentence at most.
const SHOWN: usize = 3;

/// "coded Asthma (SNOMED CT 195967001)".
pub(crate) fn codes(sets: &BTreeMap<String, NamedSet>, of_kind: Kind, codes: &Codes) -> String {
    let groups = match codes {
        Codes::All => return format!("of any code in {}", systems_of(of_kind)),
        Codes::Groups(groups) => groups,
    };
    let parts: Vec<String> = groups.iter().map(|group| code_group(sets, group)).collect();
    format!("coded {}", list(&parts, "or"))
}

/// The systems in which facts of a kind are coded, as a list.
pub(crate) fn systems_of(kind: Kind) -> String {
    let systems = medproof_statement::coverage::Coverage::systems(kind).map(system);
    list(&systems.collect::<Vec<_>>(), "or")
}

fn code_group(sets: &BTreeMap<String, NamedSet>, group: &CodeGroup) -> String {
    match group {
        CodeGroup::In(of, members) => self::members(*of, members),
        CodeGroup::Set(name) => {
            let Some(set) = sets.get(name) else {
                return format!("the set \"{name}\"");
            };
            let inside: Vec<String> = set.codes.iter().map(|group| code_group(sets, group)).collect();
            let title = set.title.as_ref().unwrap_or(name);
            let (source, version) = (&set.source, &set.version);
            format!("\"{title}\" ({source}, {version}: {})", list(&inside, "or"))
        }
    }
}

fn members(of: System, members: &Members) -> String {
    let name = system(of);
    let named = |code: String, display: &Option<String>| match display {
        Some(display) => format!("{display} ({name} {code})"),
        None => format!("{name} {code}"),
    };
    match members {
        Members::All => format!("in {name}, whatever the code"),
        Members::Prefix(Coding { code, display }) => named(format!("{code}…"), display),
        Members::Range { from, to, display } => named(format!("{from} to {to}"), display),
        Members::Listed(list) => listed(of, list),
    }
}

fn listed(of: System, codings: &[Coding]) -> String {
    let name = system(of);
    // Our own codes are words already.
    let words = |coding: &Coding| coding.display.clone().unwrap_or_else(|| coding.code.clone());
    if of == System::Internal {
        return list(&codings.iter().map(words).collect::<Vec<_>>(), "or");
    }
    if codings.len() > SHOWN {
        return format!("one of {} {name} codes", codings.len());
    }
    let shown = codings.iter().map(|Coding { code, display }| match display {
        Some(display) => format!("{display} ({name} {code})"),
        None => format!("{name} {code}"),
    });
    list(&shown.collect::<Vec<_>>(), "or")
}

/// "at least 7.0 % and at most 10.5 %".
pub(crate) fn wanted(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Quantity { unit, lower, upper } => {
            let side = |bound: &Option<Bound>, inclusive: &str, exclusive: &str| {
                let Bound { limit, inclusive: end } = bound.as_ref()?;
                let words = if *end { inclusive } else { exclusive };
                Some(format!("{words} {} {unit}", limit.text()))
            };
            let sides = [
                side(lower, "at least", "more than"),
                side(upper, "at most", "less than"),
            ];
            list(&sides.into_iter().flatten().collect::<Vec<_>>(), "and")
        }
        Wanted::Coded { system: of, any_of } => listed(*of, any_of),
        Wanted::Boolean(b) => b.to_string(),
        Wanted::Pseudonym(_) => "member pseudonym that the claim names".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_concept_is_written_as_its_code_was_but_for_dots_and_leading_zeros() {
        for (system, written, again) in [
            (System::Loinc, "4548-4", "4548-4"),
            (System::Loinc, "10334-1", "10334-1"),
            (System::Snomed, "44054006", "44054006"),
            (System::RxNorm, "860975", "860975"),
            (System::Cvx, "03", "3"),
            (System::Ndc, "00093-7214-01", "00093-7214-01"),
            (System::Ndc, "12345-0678-90", "12345-0678-90"),
            (System::Icd10Cm, "E11.9", "E119"),
            (System::Icd10Cm, "S72.001A", "S72001A"),
            (System::Icd10Pcs, "0DTJ4ZZ", "0DTJ4ZZ"),
            (System::Atc, "A10BA02", "A10BA02"),
            (System::Hcpcs, "99213", "99213"),
            (System::Internal, "ABCDEFGHIJKL", "ABCDEFGHIJKL"),
            (System::Internal, "Z9", "Z9"),
        ] {
            let concept = Concept::parse(Kind::Observation, system, written).unwrap();
            assert_eq!(code(concept), again);
        }
    }
}
