//! FHIR ConceptMaps: what local codes mean.

use super::error::{ImportError, Place, Problem};
use super::json;
use medproof_statement::concept::{Code, System};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The source system under which a ConceptMap maps the bare text of a `Coverage.type`.
pub const CLASS_TEXT: &str = "urn:medproof:coverage-class-text";

const COVERAGE_CLASSES: &[u8] = include_bytes!("../../data/coverage-classes.json");

/// Equivalents of local codes: (system, code) to one or more codes of the systems that are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConceptMap {
    targets: BTreeMap<(String, String), Vec<(System, Code)>>,
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "resourceType")]
    resource_type: String,
    #[serde(default)]
    group: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    source: String,
    target: String,
    element: Vec<Element>,
}

#[derive(Deserialize)]
struct Element {
    code: String,
    #[serde(default)]
    target: Vec<Target>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    code: Option<String>,
    equivalence: String,
    #[serde(default)]
    depends_on: Vec<serde::de::IgnoredAny>,
}

impl ConceptMap {
    /// No equivalents.
    pub fn empty() -> ConceptMap {
        ConceptMap::default()
    }

    /// The coverage classes that the crate brings (`records/data/coverage-classes.json`): PRIVATE,
    /// MEDICARE, MEDICAID, DUALELIGIBLE and NOINSURANCE by the texts that Synthea writes.
    pub fn coverage_classes() -> ConceptMap {
        // The file is part of the crate and read by its tests.
        ConceptMap::from_json(COVERAGE_CLASSES, "coverage-classes.json").unwrap_or_default()
    }

    /// Reads a FHIR R4 ConceptMap in JSON. Only targets that are `equal` or `equivalent` count;
    /// the others (wider, narrower, inexact) say nothing with certainty.
    ///
    /// # Errors
    /// Malformed JSON; another resource; a target system that is not read; a target code without
    /// its system's shape; a target that depends on other elements.
    pub fn from_json(bytes: &[u8], source: &str) -> Result<ConceptMap, ImportError> {
        let fail = |why| ImportError {
            at: Place {
                source: source.to_owned(),
                ..Place::default()
            },
            problem: Problem::ConceptMap(why),
        };
        let file: File = json::document(bytes, source)?;
        if file.resource_type != "ConceptMap" {
            return Err(fail("expected a resource of type ConceptMap"));
        }
        let mut map = ConceptMap::default();
        for group in file.group {
            let system = System::from_uri(&group.target).ok_or(fail("expected a target system that is read"))?;
            for element in group.element {
                let codes = element
                    .target
                    .iter()
                    .filter(|t| matches!(t.equivalence.as_str(), "equal" | "equivalent"))
                    .map(|t| match &t.code {
                        _ if !t.depends_on.is_empty() => Err(fail("dependsOn cannot be followed: split the map")),
                        Some(code) => {
                            Code::parse(system, code).map_err(|_| fail("a target code lacks its system's shape"))
                        }
                        None => Err(fail("an equivalent target has no code")),
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                let known = map.targets.entry((group.source.clone(), element.code)).or_default();
                for code in codes {
                    if !known.contains(&(system, code)) {
                        known.push((system, code));
                    }
                }
            }
        }
        Ok(map)
    }

    /// Adds another map's equivalents to these.
    pub fn extend(&mut self, other: ConceptMap) {
        for (source, codes) in other.targets {
            let known = self.targets.entry(source).or_default();
            for code in codes {
                if !known.contains(&code) {
                    known.push(code);
                }
            }
        }
    }

    /// The equivalents of a code; none where it is not mapped.
    pub fn equivalents(&self, system: &str, code: &str) -> &[(System, Code)] {
        self.targets
            .get(&(system.to_owned(), code.to_owned()))
            .map_or(&[], Vec::as_slice)
    }
}
