//! Strict reading of JSON: a path and a line for every error, and no content in any.

use super::error::{ImportError, Place, Problem};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde_json::value::RawValue;

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

/// Reads a whole document.
pub(crate) fn document<T: DeserializeOwned>(bytes: &[u8], source: &str) -> Result<T, ImportError> {
    serde_json::from_slice(bytes)
        .map_err(|_| explain::<T>(bytes).unwrap_or_else(|| (0, String::new(), "unreadable".to_owned())))
        .map_err(|(line, path, text)| ImportError {
            at: Place {
                source: source.to_owned(),
                line,
                path,
            },
            problem: Problem::Json(text),
        })
}

// The path is followed only once there is an error: it costs a third of the time.
fn explain<T: DeserializeOwned>(bytes: &[u8]) -> Option<(usize, String, String)> {
    let mut d = serde_json::Deserializer::from_slice(bytes);
    let found = match serde_path_to_error::deserialize::<_, T>(&mut d) {
        Err(e) => {
            let path = e.path().to_string();
            (e.inner().line(), path, scrub(e.inner()))
        }
        Ok(_) => match d.end() {
            Err(e) => (e.line(), String::new(), scrub(&e)),
            Ok(()) => return None,
        },
    };
    Some(found)
}

/// What serde says, without what it found: that could be a patient's.
pub(crate) fn scrub(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(head, _)| head);
    if text.starts_with("invalid ") {
        if let Some((_, expected)) = text.rsplit_once(", expected ") {
            return format!("expected {expected}, found something else");
        }
    }
    text.to_owned()
}
