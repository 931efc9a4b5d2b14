//! Bulk Data: NDJSON files of one resource type each, of many patients.
//!
//! Each file is read once, a line at a time, and only facts are kept. Patients come first, then
//! what others refer to, then the rest, in whatever order the files are named.

use super::assemble;
use super::chart::PatientChart;
use super::draft::Draft;
use super::error::{ImportError, Place, Problem};
use super::fhir::{CodeableConcept, Coverage, Header, Medication};
use super::json::{self, Fault};
use super::options::{Manifest, Options};
use super::reading::{Context, Type};
use super::resource;
use super::resources::class_of;
use medproof_statement::concept::{Code, Kind};
use medproof_statement::day::Day;
use std::collections::{BTreeMap, BTreeSet, HashMap, btree_map};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// The charts of an export, in the order of the patients' ids.
pub struct Charts {
    drafts: btree_map::IntoIter<String, Draft>,
    issued_on: Day,
    complete: BTreeSet<Kind>,
}

impl Iterator for Charts {
    type Item = PatientChart;

    fn next(&mut self) -> Option<PatientChart> {
        let (id, draft) = self.drafts.next()?;
        Some(assemble::chart(draft, id, self.issued_on, |kind| {
            self.complete.contains(&kind)
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.drafts.size_hint()
    }
}

impl ExactSizeIterator for Charts {}

impl std::fmt::Debug for Charts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Charts")
            .field("patients", &self.drafts.len())
            .finish_non_exhaustive()
    }
}

// A file and the type of its resources; `None` for a type that holds no facts.
struct Source<'a> {
    path: &'a Path,
    name: String,
    kind: Option<Type>,
}

// What the lines of all files add up to.
struct Export<'a> {
    options: &'a Options,
    drafts: BTreeMap<String, Draft>,
    medications: HashMap<String, CodeableConcept>,
    coverages: HashMap<String, Option<Code>>,
}

fn open(path: &Path, name: &str) -> Result<BufReader<File>, ImportError> {
    File::open(path).map(BufReader::new).map_err(|e| unreadable(name, 0, e))
}

fn unreadable(name: &str, line: usize, error: std::io::Error) -> ImportError {
    ImportError {
        at: Place {
            source: name.to_owned(),
            line,
            path: String::new(),
        },
        problem: Problem::Read(error),
    }
}

// Calls back with each line that is not empty and its number.
fn lines(
    path: &Path,
    name: &str,
    mut each: impl FnMut(usize, &[u8]) -> Result<bool, ImportError>,
) -> Result<(), ImportError> {
    let mut reader = open(path, name)?;
    let mut buffer = Vec::new();
    for line in 1.. {
        buffer.clear();
        let read = reader
            .read_until(b'\n', &mut buffer)
            .map_err(|e| unreadable(name, line, e))?;
        let is_blank = buffer.trim_ascii().is_empty();
        if read == 0 || (!is_blank && !each(line, buffer.trim_ascii())?) {
            break;
        }
    }
    Ok(())
}

fn type_name(line: &[u8]) -> Result<String, Fault> {
    let header: Header = json::read(line)?;
    header.resource_type.ok_or(Problem::Entry.into())
}

// The type of a file by its first line; an empty file has none.
fn look(path: &Path) -> Result<Option<Source<'_>>, ImportError> {
    let name = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned();
    let mut found = None;
    lines(path, &name, |line, text| {
        found = Some(type_name(text).map_err(|f| f.at(&name, line, ""))?);
        Ok(false)
    })?;
    Ok(found.map(|kind| Source {
        path,
        name,
        kind: Type::from_name(&kind),
    }))
}

// Patients first, then what others refer to.
fn turn(kind: Option<Type>) -> u8 {
    match kind {
        Some(Type::Patient) => 0,
        Some(Type::Medication | Type::Coverage) => 1,
        _ => 2,
    }
}

impl<'a> Export<'a> {
    fn new(options: &'a Options) -> Export<'a> {
        Export {
            options,
            drafts: BTreeMap::new(),
            medications: HashMap::new(),
            coverages: HashMap::new(),
        }
    }

    fn charts(self, complete: BTreeSet<Kind>) -> Result<Charts, ImportError> {
        if self.drafts.is_empty() {
            return Err(Fault::from(Problem::NoPatient).at("the export", 0, ""));
        }
        Ok(Charts {
            drafts: self.drafts.into_iter(),
            issued_on: self.options.issued_on,
            complete,
        })
    }

    fn file(&mut self, source: &Source<'_>) -> Result<(), ImportError> {
        lines(source.path, &source.name, |line, text| {
            self.line(source.kind, text)
                .map_err(|fault| fault.at(&source.name, line, ""))?;
            Ok(true)
        })
    }

    fn line(&mut self, expected: Option<Type>, text: &[u8]) -> Result<(), Fault> {
        let header: Header = json::read(text)?;
        let name = header.resource_type.as_deref().ok_or(Problem::Entry)?;
        let kind = Type::from_name(name);
        if kind != expected {
            return Err(Problem::MixedTypes.into());
        }
        let Some(kind) = kind else { return Ok(()) };
        let id = resource::id(&header, None)?;
        self.remember(kind, text, &header, &id)?;
        let context = Context {
            issued_on: self.options.issued_on,
            map: &self.options.concept_map,
            medications: &self.medications,
            coverages: &self.coverages,
        };
        let names = vec![format!("{}/{id}", kind.name())];
        let Some(found) = resource::read(kind, text, &header, id, names, &context)? else {
            return Ok(());
        };
        let owner = match (&found.subject, kind) {
            (_, Type::Patient) => format!("Patient/{}", found.id),
            (Some(subject), _) => subject.clone(),
            (None, _) => return Err(Problem::NoSubject.into()),
        };
        let owner = owner.strip_prefix("Patient/").ok_or(Problem::NoSubject)?;
        let draft = match kind {
            Type::Patient => self.drafts.entry(owner.to_owned()).or_default(),
            _ => self.drafts.get_mut(owner).ok_or(Problem::ForeignSubject)?,
        };
        draft.add(found, None)?;
        Ok(())
    }

    // What others may refer to.
    fn remember(&mut self, kind: Type, text: &[u8], header: &Header, id: &str) -> Result<(), Fault> {
        let is_plain = header.modifier.is_none() && header.implicit_rules.is_none();
        let name = format!("{}/{id}", kind.name());
        if kind == Type::Medication {
            let medication: Medication = json::read(text)?;
            let code = medication.code.filter(|_| is_plain).unwrap_or_default();
            if self.medications.insert(name, code).is_some() {
                return Err(Problem::DuplicateId.into());
            }
        } else if kind == Type::Coverage {
            let coverage: Coverage = json::read(text)?;
            let context = Context {
                issued_on: self.options.issued_on,
                map: &self.options.concept_map,
                medications: &self.medications,
                coverages: &HashMap::new(),
            };
            let class = class_of(&coverage, &context).filter(|_| is_plain);
            if self.coverages.insert(name, class).is_some() {
                return Err(Problem::DuplicateId.into());
            }
        }
        Ok(())
    }
}

// A kind is complete when every one of its types has a file.
fn complete(sources: &[Source<'_>], manifest: &Manifest) -> BTreeSet<Kind> {
    let has = |kind: Type| sources.iter().any(|s| s.kind == Some(kind));
    let of_kind = |kind: Kind| Type::ALL.into_iter().filter(move |t| t.kind() == Some(kind));
    match manifest {
        Manifest::Kinds(kinds) => kinds.clone(),
        Manifest::Files => Kind::ALL
            .into_iter()
            .filter(|k| of_kind(*k).next().is_some() && of_kind(*k).all(has))
            .collect(),
    }
}

/// Reads all files, or refuses them.
pub(crate) fn read(files: &[PathBuf], options: &Options) -> Result<Charts, ImportError> {
    let mut sources: Vec<Source<'_>> = Vec::new();
    for path in files {
        sources.extend(look(path)?);
    }
    sources.sort_by_key(|s| turn(s.kind));
    let complete = complete(&sources, &options.manifest);
    let mut export = Export::new(options);
    for source in sources.iter().filter(|s| s.kind.is_some()) {
        export.file(source)?;
    }
    export.charts(complete)
}

/// Reads lines of resources of any types, in any order. Of what they hold completely, a manifest says what was
/// stated; it does not look at files.
pub(crate) fn read_lines(bytes: &[u8], source: &str, options: &Options) -> Result<Charts, ImportError> {
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let text = line.trim_ascii();
        if !text.is_empty() {
            let kind = type_name(text).map_err(|fault| fault.at(source, number, ""))?;
            lines.push((number, Type::from_name(&kind), text));
        }
    }
    // Stable: resources of a turn stay in their order.
    lines.sort_by_key(|(_, kind, _)| turn(*kind));
    let mut export = Export::new(options);
    for (number, kind, text) in lines {
        let read = export.line(kind, text);
        read.map_err(|fault| fault.at(source, number, ""))?;
    }
    let complete = match &options.manifest {
        Manifest::Kinds(kinds) => kinds.clone(),
        Manifest::Files => BTreeSet::new(),
    };
    export.charts(complete)
}
