//! Code lists, prefixes and named sets become disjoint intervals and sets of concepts.

use crate::error::{ClaimError, Problem, Refusal};
use crate::spec::{ClaimSpec, CodeGroup, Codes, Coding, Members};
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use medproof_statement::codeset::MAX_MEMBERS;
use medproof_statement::concept::{Code, CodeError, Concept, Kind, System};
use medproof_statement::coverage::Coverage;

/// Groups of codes in one criterion or set at most.
const MAX_GROUPS: usize = 64;

/// What one row of the table can be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Every concept from the first to the last.
    Interval(Concept, Concept),
    /// These, at least two and at most [`MAX_MEMBERS`], in order.
    Set(Vec<Concept>),
}

/// Disjoint parts that together are the codes asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) parts: Vec<Part>,
    /// For what a chart must be complete, so that absence of these codes means something.
    pub(crate) coverage: Coverage,
}

#[derive(Default)]
struct Union {
    singles: Vec<Concept>,
    intervals: Vec<(Concept, Concept)>,
    coverage: Coverage,
}

/// The concepts of `codes`, written at `path`.
pub(crate) fn resolve(spec: &ClaimSpec, kind: Kind, codes: &Codes, path: &str) -> Result<Resolved, ClaimError> {
    if Coverage::systems(kind).next().is_none() {
        return Err(Problem::from(Refusal::ReservedKind { kind }).at(path));
    }
    let groups = match codes {
        Codes::Groups(groups) => groups,
        Codes::All => {
            let parts = vec![whole_kind(kind)];
            let coverage = Coverage::kind(kind);
            return Ok(Resolved { parts, coverage });
        }
    };
    refuse_many_groups(groups, path)?;
    let mut union = Union::default();
    for (i, group) in groups.iter().enumerate() {
        let path = member_path(path, groups.len(), i);
        match group {
            CodeGroup::In(system, members) => union.add(kind, *system, members, &path)?,
            CodeGroup::Set(name) => union.add_set(spec, kind, name, &path)?,
        }
    }
    if union.singles.is_empty() && union.intervals.is_empty() {
        return Err(Problem::Missing {
            expected: "at least one code",
        }
        .at(path));
    }
    Ok(union.into_parts())
}

fn refuse_many_groups(groups: &[CodeGroup], path: &str) -> Result<(), ClaimError> {
    if groups.len() <= MAX_GROUPS {
        return Ok(());
    }
    let problem = Problem::OutOfRange {
        expected: "at most 64 groups of codes; list the codes of a system together",
        found: format!("{}", groups.len()),
    };
    Err(problem.at(path))
}

/// Where the normal form has the `i`th of several things: one stands without an array.
fn member_path(path: &str, of: usize, i: usize) -> alloc::string::String {
    if of == 1 { path.into() } else { format!("{path}/{i}") }
}

fn whole_kind(kind: Kind) -> Part {
    let first = (kind as u128) << 72;
    let ends = (Concept::from_bits(first), Concept::from_bits(first | ((1 << 72) - 1)));
    let (lo, hi) = (ends.0.unwrap_or(Concept::MAX), ends.1.unwrap_or(Concept::MAX)); // 8 + 72 bits always fit
    Part::Interval(lo, hi)
}

impl Union {
    fn add_set(&mut self, spec: &ClaimSpec, kind: Kind, name: &str, path: &str) -> Result<(), ClaimError> {
        let Some(set) = spec.code_sets.get(name) else {
            let names: Vec<&str> = spec.code_sets.keys().map(AsRef::as_ref).collect();
            let problem = Problem::UnknownName {
                what: "code set",
                found: name.into(),
                suggestion: crate::suggest::nearest(name, names.iter().copied()).map(Into::into),
                expected: if names.is_empty() {
                    "none, as the claim has no code_sets".into()
                } else {
                    names.join(", ")
                },
            };
            return Err(problem.at(path));
        };
        let at_set = format!("{}/codes", crate::json::child("/code_sets", name));
        refuse_many_groups(&set.codes, &at_set)?;
        for (i, group) in set.codes.iter().enumerate() {
            let path = member_path(&at_set, set.codes.len(), i);
            match group {
                CodeGroup::In(system, members) => self.add(kind, *system, members, &path)?,
                CodeGroup::Set(_) => {
                    let why = "a code set lists its codes itself; expected no reference to another set";
                    return Err(Problem::Conflict { why }.at(&path));
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, kind: Kind, system: System, members: &Members, path: &str) -> Result<(), ClaimError> {
        let Some(bit) = Coverage::pair(kind, system) else {
            let expected: Vec<&str> = Coverage::systems(kind).map(System::name).collect();
            let expected = expected.join(", ");
            return Err(Problem::Pair { kind, system, expected }.at(path));
        };
        self.coverage = self.coverage.union(bit);
        let concept = |code| Concept::new(kind, system, code);
        match members {
            Members::All => self.intervals.push(Concept::whole(kind, system)),
            Members::Listed(list) => self.add_listed(kind, system, list, path)?,
            Members::Prefix(Coding { code, .. }) => {
                let (lo, hi) = prefix(system, code, path)?;
                self.intervals.push((concept(lo), concept(hi)));
            }
            Members::Range { from, to, .. } => {
                let (lo, hi) = (prefix(system, from, path)?.0, prefix(system, to, path)?.1);
                if lo > hi {
                    return Err(Problem::EmptyRange.at(path));
                }
                self.intervals.push((concept(lo), concept(hi)));
            }
        }
        Ok(())
    }

    fn add_listed(&mut self, kind: Kind, system: System, list: &[Coding], path: &str) -> Result<(), ClaimError> {
        let listed = distinct(list, path, |code| Concept::parse(kind, system, code))?;
        self.singles.extend(listed);
        Ok(())
    }

    // Intervals merged where they meet; of the single codes those outside of them, in as few
    // sets as hold them.
    fn into_parts(mut self) -> Resolved {
        self.intervals.sort_unstable();
        let mut merged: Vec<(Concept, Concept)> = Vec::new();
        for (lo, hi) in self.intervals {
            match merged.last_mut() {
                Some((_, last)) if lo.bits() <= last.bits() + 1 => *last = hi.max(*last),
                _ => merged.push((lo, hi)),
            }
        }
        let outside = |c: &Concept| {
            let before = merged.partition_point(|(lo, _)| lo <= c);
            before == 0 || merged[before - 1].1 < *c
        };
        self.singles.sort_unstable();
        self.singles.dedup();
        self.singles.retain(outside);
        let singles = self.singles;
        let mut parts: Vec<Part> = merged.iter().map(|(lo, hi)| Part::Interval(*lo, *hi)).collect();
        let sets = singles.len().div_ceil(MAX_MEMBERS).max(1);
        for chunk in singles.chunks(singles.len().div_ceil(sets).max(1)) {
            parts.push(match chunk {
                [one] => Part::Interval(*one, *one),
                several => Part::Set(several.to_vec()),
            });
        }
        let coverage = self.coverage;
        Resolved { parts, coverage }
    }
}

/// What is listed, in order. A code that is none, or that was listed before, is refused: whichever comes first.
pub(crate) fn distinct<T: Copy + Ord>(
    list: &[Coding],
    path: &str,
    parse: impl Fn(&str) -> Result<T, CodeError>,
) -> Result<Vec<T>, ClaimError> {
    let mut listed = Vec::with_capacity(list.len());
    let mut wrong = None;
    for (place, Coding { code, .. }) in list.iter().enumerate() {
        match parse(code) {
            Ok(one) => listed.push((one, place)),
            Err(reason) => {
                let code = code.clone();
                wrong = Some(Problem::Code { code, reason });
                break;
            }
        }
    }
    listed.sort_unstable();
    // Listed before: all of these come before a code that is none.
    let again = listed.windows(2).filter(|w| w[0].0 == w[1].0).map(|w| w[1].1).min();
    if let Some(place) = again {
        let code = list[place].code.clone();
        wrong = Some(Problem::DuplicateCode { code });
    } else if list.is_empty() {
        let expected = "at least one code";
        wrong = Some(Problem::Missing { expected });
    }
    match wrong {
        Some(problem) => Err(problem.at(path)),
        None => Ok(listed.into_iter().map(|(one, _)| one).collect()),
    }
}

fn prefix(system: System, text: &str, path: &str) -> Result<(Code, Code), ClaimError> {
    if !system.is_alphanumeric() {
        return Err(Problem::from(Refusal::NumericInterval { system }).at(path));
    }
    Code::prefix(system, text).map_err(|reason| {
        let code = text.into();
        Problem::Code { code, reason }.at(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::NamedSet;
    use std::string::ToString;

    fn listed(system: System, codes: &[&str]) -> CodeGroup {
        CodeGroup::In(system, Members::Listed(codes.iter().map(|c| Coding::bare(c)).collect()))
    }

    fn range(from: &str, to: &str) -> CodeGroup {
        CodeGroup::In(
            System::Icd10Cm,
            Members::Range {
                from: from.to_string(),
                to: to.to_string(),
                display: None,
            },
        )
    }

    fn parts(groups: Vec<CodeGroup>) -> Vec<Part> {
        let codes = Codes::Groups(groups);
        resolve(&ClaimSpec::default(), Kind::Condition, &codes, "")
            .unwrap()
            .parts
    }

    fn icd(code: &str) -> Concept {
        Concept::parse(Kind::Condition, System::Icd10Cm, code).unwrap()
    }

    #[test]
    fn one_code_is_an_interval_and_several_a_set() {
        assert_eq!(
            parts(vec![listed(System::Icd10Cm, &["E11.9"])]),
            [Part::Interval(icd("E11.9"), icd("E11.9"))]
        );
        assert_eq!(
            parts(vec![listed(System::Icd10Cm, &["E11.9", "E10.9"])]),
            [Part::Set(vec![icd("E10.9"), icd("E11.9")])]
        );
    }

    #[test]
    fn intervals_merge_and_swallow_codes() {
        let found = parts(vec![
            range("C50", "C60"),
            listed(System::Icd10Cm, &["C55.1", "E11.9"]),
            range("C00", "C49"),
            range("C40", "C55"),
        ]);
        let [Part::Interval(lo, hi), Part::Interval(a, b)] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!((*a, *b), (icd("E11.9"), icd("E11.9")));
        assert!(*lo <= icd("C00") && icd("C60.9") <= *hi && *hi < icd("C61"));
    }

    #[test]
    fn intervals_stay_apart_where_codes_lie_between() {
        // C4A, Merkel cell carcinoma, comes after C49 and before C50.
        assert_eq!(parts(vec![range("C00", "C49"), range("C50", "C97")]).len(), 2);
        assert_eq!(parts(vec![range("C00", "C97")]).len(), 1);
    }

    #[test]
    fn intervals_that_touch_are_one() {
        let all = |system| CodeGroup::In(system, Members::All);
        let mut touching = 0;
        for (a, b) in System::ALL.into_iter().zip(System::ALL.into_iter().skip(1)) {
            let pair = [a, b].map(|system| Coverage::pair(Kind::Condition, system));
            let ((lo, end), (start, hi)) = (Concept::whole(Kind::Condition, a), Concept::whole(Kind::Condition, b));
            if pair.contains(&None) || end.bits() + 1 != start.bits() {
                continue;
            }
            touching += 1;
            assert_eq!(parts(vec![all(b), all(a)]), [Part::Interval(lo, hi)]);
        }
        assert!(touching > 0);
    }

    #[test]
    fn a_range_of_one_code_is_that_code_and_swallows_it() {
        // Twelve characters: nothing begins with them but they themselves.
        let code = "ABCDEFGHIJKL";
        let one = Concept::parse(Kind::Observation, System::Internal, code).unwrap();
        let range = || {
            CodeGroup::In(
                System::Internal,
                Members::Range {
                    from: code.to_string(),
                    to: code.to_string(),
                    display: None,
                },
            )
        };
        let alone = Codes::Groups(vec![range()]);
        let with_the_code = Codes::Groups(vec![range(), listed(System::Internal, &[code])]);
        for codes in [alone, with_the_code] {
            let found = resolve(&ClaimSpec::default(), Kind::Observation, &codes, "").unwrap();
            assert_eq!(found.parts, [Part::Interval(one, one)]);
        }
    }

    #[test]
    fn groups_are_counted() {
        let groups = |n: u64| -> Vec<CodeGroup> {
            (0..n)
                .map(|i| listed(System::Snomed, &[&(1_000_000 + i).to_string()]))
                .collect()
        };
        assert_eq!(parts(groups(64)), parts(groups(64)));
        let codes = Codes::Groups(groups(65));
        let error = resolve(&ClaimSpec::default(), Kind::Condition, &codes, "/codes").unwrap_err();
        assert!(error.to_string().contains("at most 64 groups"), "{error}");
        // Those of a named set too.
        let set = |n| NamedSet {
            title: None,
            source: "test".to_string(),
            version: "1".to_string(),
            codes: groups(n),
        };
        let of_set = |n| {
            let spec = ClaimSpec {
                code_sets: [("many".into(), set(n))].into(),
                ..ClaimSpec::default()
            };
            let codes = Codes::Groups(vec![CodeGroup::Set("many".into())]);
            resolve(&spec, Kind::Condition, &codes, "/codes").map(|resolved| resolved.parts)
        };
        assert_eq!(of_set(64).unwrap(), parts(groups(64)));
        assert!(of_set(65).unwrap_err().to_string().contains("/code_sets/many"));
    }

    #[test]
    fn large_sets_are_split_evenly() {
        let codes: Vec<_> = (0..MAX_MEMBERS as u64 + 1)
            .map(|i| (1_000_000 + i).to_string())
            .collect();
        let codes: Vec<&str> = codes.iter().map(AsRef::as_ref).collect();
        let whole = parts(vec![listed(System::Snomed, &codes[1..])]);
        assert!(matches!(&whole[..], [Part::Set(m)] if m.len() == MAX_MEMBERS));
        let split = parts(vec![listed(System::Snomed, &codes)]);
        assert!(
            matches!(&split[..], [Part::Set(a), Part::Set(b)] if a.len() == 2048 && b.len() == 2048 && a[2047] < b[0])
        );
    }

    #[test]
    fn coverage_is_that_of_every_system_named() {
        let resolve = |codes| {
            resolve(&ClaimSpec::default(), Kind::Condition, &codes, "")
                .unwrap()
                .coverage
        };
        let bit = |system| Coverage::pair(Kind::Condition, system).unwrap();
        assert_eq!(resolve(Codes::All), Coverage::kind(Kind::Condition));
        assert_eq!(
            resolve(Codes::Groups(vec![
                listed(System::Snomed, &["44054006"]),
                listed(System::Icd10Cm, &["E11"])
            ])),
            bit(System::Snomed).union(bit(System::Icd10Cm))
        );
    }

    #[test]
    fn every_code_of_a_kind_lies_in_its_interval() {
        let Part::Interval(lo, hi) = whole_kind(Kind::Condition) else {
            panic!("expected an interval")
        };
        for system in System::ALL {
            let (first, last) = Concept::whole(Kind::Condition, system);
            assert!(lo <= first && last <= hi);
        }
        assert!(Concept::whole(Kind::Immunization, System::Hcpcs).1 < lo);
        assert!(hi < Concept::whole(Kind::Observation, System::Internal).0);
    }
}
