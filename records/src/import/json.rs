//! Strict reading of JSON: a path and a line for every error, and no content in any.

use super::error::{ImportError, Place, Problem};
use super::fhir::Header;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde_json::value::RawValue;
use serde_path_to_error::{Path, Segment};

/// A number exactly as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written(pub String);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Written, D::Error> {
        let raw = Box::<RawValue>::deserialize(d)?;
        let text: String = Box::<str>::from(raw).into();
        if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            Ok(Written(text))
        } else {
            Err(D::Error::custom("wrong type, expected a number"))
        }
    }
}

/// For elements: what is present must be of its type; `null` is no absence.
pub(crate) fn present<'de, D, T>(d: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(d).map(Some)
}

/// A problem, and where it is inside of what was read.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Lines below the first one.
    pub line: usize,
    pub path: String,
    pub problem: Problem,
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Fault {
        Fault {
            line: 0,
            path: String::new(),
            problem,
        }
    }
}

impl Fault {
    /// The error, of a part that begins at `line` and `path` of the input.
    pub fn at(self, source: &str, line: usize, path: &str) -> ImportError {
        let dot = if path.is_empty() || self.path.is_empty() {
            ""
        } else {
            "."
        };
        ImportError {
            at: Place {
                source: source.to_owned(),
                line: line + self.line,
                path: format!("{path}{dot}{}", self.path),
            },
            problem: self.problem,
        }
    }
}

/// Reads a JSON text, all of it.
pub(crate) fn read<'de, T: Deserialize<'de>>(text: &'de [u8]) -> Result<T, Fault> {
    serde_json::from_slice(text).map_err(|error| explain::<T>(text, &error))
}

// The path is followed only once there is an error: it costs time.
fn explain<'de, T: Deserialize<'de>>(text: &'de [u8], error: &serde_json::Error) -> Fault {
    let mut d = serde_json::Deserializer::from_slice(text);
    let path = match serde_path_to_error::deserialize::<_, T>(&mut d) {
        Err(e) if error.is_data() => e.path().to_string(),
        // A key that is not read may be the last on the way, and anything may stand there.
        Err(e) => structure(e.path()),
        Ok(_) => String::new(),
    };
    Fault {
        line: error.line().saturating_sub(1),
        path: if path == "." { String::new() } else { path },
        problem: Problem::Json(scrub(error)),
    }
}

/// What a bundle is made of: keys that may be named wherever they stand.
const STRUCTURE: [&str; 4] = ["entry", "resource", "request", "link"];

/// The beginning of a path that says nothing but where in a bundle.
fn structure(path: &Path) -> String {
    let mut out = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => out.push_str(&format!("[{index}]")),
            Segment::Map { key } if STRUCTURE.contains(&key.as_str()) => {
                let dot = if out.is_empty() { "" } else { "." };
                out.push_str(&format!("{dot}{key}"));
            }
            _ => break,
        }
    }
    out
}

/// Reads a whole document.
pub(crate) fn document<T: DeserializeOwned>(bytes: &[u8], source: &str) -> Result<T, ImportError> {
    read(bytes).map_err(|fault| fault.at(source, 1, ""))
}

// What serde says, without what it found: that could be a patient's.
fn scrub(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(head, _)| head);
    match text.rsplit_once(", expected ") {
        Some((_, expected)) if text.starts_with("invalid ") => format!("expected {expected}, found something else"),
        _ => text.to_owned(),
    }
}

/// The contained resource of this type and id, if there is exactly one.
pub(crate) fn contained_with_header<T: DeserializeOwned>(
    header: &Header,
    kind: &str,
    id: &str,
) -> Result<Option<(Header, T)>, Problem> {
    let mut found = None;
    for raw in header.contained.iter().flatten() {
        let inner: Header = read(raw.get().as_bytes()).map_err(|f| f.problem)?;
        if inner.resource_type.as_deref() != Some(kind) || inner.id.as_deref() != Some(id) {
            continue;
        }
        if found.is_some() {
            return Err(Problem::DuplicateId);
        }
        found = Some((inner, read(raw.get().as_bytes()).map_err(|f| f.problem)?));
    }
    Ok(found)
}

/// The same, without its header.
pub(crate) fn contained<T: DeserializeOwned>(header: &Header, kind: &str, id: &str) -> Result<Option<T>, Problem> {
    Ok(contained_with_header(header, kind, id)?.map(|(_, resource)| resource))
}

/// A reference as `Type/id` where it is relative or a URL, else as it is written (`urn:uuid:…`).
pub(crate) fn resolvable(reference: &str) -> String {
    let current = reference.split_once("/_history/").map_or(reference, |(head, _)| head);
    if !(current.starts_with("http://") || current.starts_with("https://")) {
        return current.to_owned();
    }
    let mut segments = current.rsplit('/');
    match (segments.next(), segments.next()) {
        (Some(id), Some(kind)) => format!("{kind}/{id}"),
        _ => current.to_owned(),
    }
}
