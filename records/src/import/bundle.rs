//! A bundle of one patient.

use super::assemble;
use super::chart::PatientChart;
use super::draft::Draft;
use super::error::{ImportError, Problem};
use super::fhir::{CodeableConcept, Coverage, Header, Medication};
use super::json::{self, Fault, present};
use super::options::{Manifest, Options};
use super::reading::{Context, Type};
use super::report::Uncertain;
use super::resource;
use super::resources::class_of;
use medproof_statement::concept::{Code, Kind};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeSet, HashMap};

#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(default, rename = "resourceType", deserialize_with = "present")]
    resource_type: Option<String>,
    #[serde(default, rename = "type", deserialize_with = "present")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "present")]
    link: Option<Vec<Link>>,
    #[serde(borrow, default, deserialize_with = "present")]
    entry: Option<Vec<Entry<'a>>>,
}

#[derive(Deserialize)]
struct Link {
    #[serde(default, deserialize_with = "present")]
    relation: Option<String>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(default, rename = "fullUrl", deserialize_with = "present")]
    full_url: Option<String>,
    #[serde(borrow, default, deserialize_with = "present")]
    resource: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "present")]
    request: Option<Request>,
}

#[derive(Deserialize)]
struct Request {
    #[serde(default, deserialize_with = "present")]
    method: Option<String>,
}

// An entry whose header was read.
struct Opened<'a> {
    place: usize,
    full_url: Option<&'a str>,
    raw: &'a str,
    header: Header,
    kind: Option<Type>,
}

const TYPES: [&str; 6] = ["collection", "document", "transaction", "batch", "searchset", "message"];

fn check(bundle: &Bundle<'_>) -> Result<(), Problem> {
    if bundle.resource_type.as_deref() != Some("Bundle") {
        return Err(Problem::NotABundle);
    }
    if !bundle.kind.as_deref().is_some_and(|kind| TYPES.contains(&kind)) {
        return Err(Problem::BundleType);
    }
    let next = |l: &Link| l.relation.as_deref() == Some("next");
    if bundle.link.iter().flatten().any(next) {
        return Err(Problem::Page);
    }
    Ok(())
}

fn open<'a>(place: usize, entry: &'a Entry<'a>) -> Result<Opened<'a>, Fault> {
    let method = entry.request.as_ref().and_then(|r| r.method.as_deref());
    let raw = match (entry.resource, method) {
        (Some(raw), None | Some("POST" | "PUT")) => raw.get(),
        _ => return Err(Problem::Entry.into()),
    };
    let header: Header = json::read(raw.as_bytes())?;
    let kind = header.resource_type.as_deref().ok_or(Problem::Entry)?;
    Ok(Opened {
        place,
        full_url: entry.full_url.as_deref(),
        raw,
        kind: Type::from_name(kind),
        header,
    })
}

// References to a resource: by its type and id, and by its fullUrl.
fn names(entry: &Opened<'_>) -> Vec<String> {
    let by_id = entry.kind.zip(entry.header.id.as_deref());
    let by_id = by_id.map(|(kind, id)| format!("{}/{id}", kind.name()));
    by_id.into_iter().chain(entry.full_url.map(json::resolvable)).collect()
}

fn is_plain(header: &Header) -> bool {
    header.modifier.is_none() && header.implicit_rules.is_none()
}

// Under every name that others may use; two resources of one name are two versions.
fn remember<T: Clone>(known: &mut HashMap<String, T>, entry: &Opened<'_>, what: T) -> Result<(), Problem> {
    for name in names(entry).into_iter().collect::<BTreeSet<_>>() {
        if known.insert(name, what.clone()).is_some() {
            return Err(Problem::DuplicateId);
        }
    }
    Ok(())
}

fn medications(entries: &[Opened<'_>], locate: &Locate<'_>) -> Result<HashMap<String, CodeableConcept>, ImportError> {
    let mut known = HashMap::new();
    for entry in entries.iter().filter(|e| e.kind == Some(Type::Medication)) {
        let medication: Medication = json::read(entry.raw.as_bytes()).map_err(|f| locate.entry(entry, f))?;
        // What a modifier may change has no code that can be relied on.
        let code = medication.code.filter(|_| is_plain(&entry.header)).unwrap_or_default();
        remember(&mut known, entry, code).map_err(|p| locate.entry(entry, p.into()))?;
    }
    Ok(known)
}

fn coverages(
    entries: &[Opened<'_>],
    context: &Context<'_>,
    locate: &Locate<'_>,
) -> Result<HashMap<String, Option<Code>>, ImportError> {
    let mut known = HashMap::new();
    for entry in entries.iter().filter(|e| e.kind == Some(Type::Coverage)) {
        let coverage: Coverage = json::read(entry.raw.as_bytes()).map_err(|f| locate.entry(entry, f))?;
        let class = class_of(&coverage, context).filter(|_| is_plain(&entry.header));
        remember(&mut known, entry, class).map_err(|p| locate.entry(entry, p.into()))?;
    }
    Ok(known)
}

// Where an entry is in the input.
struct Locate<'a> {
    bytes: &'a [u8],
    source: &'a str,
}

impl Locate<'_> {
    fn line(&self, raw: &str) -> usize {
        let offset = (raw.as_ptr() as usize).saturating_sub(self.bytes.as_ptr() as usize);
        let before = self.bytes.get(..offset).unwrap_or_default();
        1 + before.iter().filter(|b| **b == b'\n').count()
    }

    fn entry(&self, entry: &Opened<'_>, fault: Fault) -> ImportError {
        fault.at(
            self.source,
            self.line(entry.raw),
            &format!("entry[{}].resource", entry.place),
        )
    }
}

fn the_patient<'e, 'a>(entries: &'e [Opened<'a>], locate: &Locate<'_>) -> Result<&'e Opened<'a>, ImportError> {
    let mut patients = entries.iter().filter(|e| e.kind == Some(Type::Patient));
    match (patients.next(), patients.next()) {
        (Some(patient), None) => Ok(patient),
        (Some(_), Some(second)) => Err(locate.entry(second, Problem::TwoPatients.into())),
        (None, _) => Err(Fault::from(Problem::NoPatient).at(locate.source, 0, "entry")),
    }
}

// What identifies the patient: the FHIR id, else the fullUrl without its scheme.
fn patient_id(patient: &Opened<'_>) -> Result<String, Problem> {
    let url = patient.full_url.map(|u| u.strip_prefix("urn:uuid:").unwrap_or(u));
    resource::id(&patient.header, url)
}

/// Reads a bundle whole, or refuses it.
pub(crate) fn read(bytes: &[u8], source: &str, options: &Options) -> Result<PatientChart, ImportError> {
    let top = |fault: Fault| fault.at(source, 1, "");
    let bundle: Bundle<'_> = json::read(bytes).map_err(top)?;
    check(&bundle).map_err(|p| top(p.into()))?;
    let locate = Locate { bytes, source };
    let mut entries = Vec::new();
    for (place, entry) in bundle.entry.iter().flatten().enumerate() {
        entries.push(open(place, entry).map_err(|fault| {
            let line = entry.resource.map_or(0, |raw| locate.line(raw.get()));
            fault.at(source, line, &format!("entry[{place}].resource"))
        })?);
    }
    let patient = the_patient(&entries, &locate)?;
    let id = patient_id(patient).map_err(|p| locate.entry(patient, p.into()))?;
    let own: BTreeSet<String> = names(patient).into_iter().collect();

    let medications = medications(&entries, &locate)?;
    let none = HashMap::new();
    let mut context = Context {
        issued_on: options.issued_on,
        map: &options.concept_map,
        medications: &medications,
        coverages: &none,
    };
    let coverages = coverages(&entries, &context, &locate)?;
    context.coverages = &coverages;

    let mut draft = Draft::default();
    for entry in &entries {
        add(&mut draft, entry, &own, &context).map_err(|f| locate.entry(entry, f))?;
    }
    let is_exported = |kind: Kind| match &options.manifest {
        Manifest::Kinds(kinds) => kinds.contains(&kind),
        Manifest::Files => false,
    };
    Ok(assemble::chart(draft, id, options.issued_on, is_exported))
}

fn add(draft: &mut Draft, entry: &Opened<'_>, own: &BTreeSet<String>, context: &Context<'_>) -> Result<(), Fault> {
    let Some(kind) = entry.kind else {
        draft.ignore();
        return Ok(());
    };
    let id = resource::id(&entry.header, entry.full_url)?;
    let Some(found) = resource::read(kind, entry.raw.as_bytes(), &entry.header, id, names(entry), context)? else {
        return Ok(());
    };
    let doubt = match &found.subject {
        _ if kind == Type::Patient => None,
        Some(subject) if own.contains(subject) => None,
        Some(_) => return Err(Problem::ForeignSubject.into()),
        None => Some(Uncertain::Subject),
    };
    draft.add(found, doubt)?;
    Ok(())
}
