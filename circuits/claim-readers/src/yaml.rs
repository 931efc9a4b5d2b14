//! Claims in YAML: the part of YAML that says the same as JSON, and nothing else.
//!
//! No anchors, aliases, merges, tags or several documents; no key twice; every unquoted word means
//! what it means to every reader of YAML, or is refused.

use crate::scalar::plain;
use medproof_claims::json::{Json, MAX_BYTES, MAX_DEPTH, segment};
use medproof_claims::{Claim, ClaimError};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use thiserror::Error;

/// Characters of an error at most.
const LONGEST: usize = 1_500;

/// A claim in YAML that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// Counted from 1; 0 where the text ends too early to say.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// What is wrong there.
    pub problem: YamlProblem,
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        // It quotes what was written: as much of it as fits, with nothing that a terminal obeys.
        let words = self.problem.to_string();
        let mut words = words.chars().map(|c| if c.is_control() { '?' } else { c });
        words.by_ref().take(LONGEST).try_for_each(|c| f.write_char(c))?;
        words.next().map_or(Ok(()), |_| f.write_str("…"))
    }
}

impl std::error::Error for YamlError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            YamlProblem::Claim(error) => Some(&**error),
            _ => None,
        }
    }
}

/// What is wrong with the YAML.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum YamlProblem {
    /// Not UTF-8.
    #[error("expected UTF-8")]
    NotUtf8,
    /// More bytes than a claim may have.
    #[error("expected at most {MAX_BYTES} bytes, found {found}")]
    TooLarge {
        /// How many there are.
        found: usize,
    },
    /// Not YAML.
    #[error("not YAML: {0}")]
    Syntax(String),
    /// Part of YAML that JSON does not have.
    #[error("{found} is not read in claims: {instead}")]
    Feature {
        /// What was met.
        found: &'static str,
        /// What to write.
        instead: &'static str,
    },
    /// An unquoted word that some readers take for something else.
    #[error("`{text}` without quotes can be read as {taken_for}: write \"{text}\" in quotes, or the value in full")]
    Ambiguous {
        /// As written.
        text: String,
        /// What for.
        taken_for: &'static str,
    },
    /// A key or a list item without a value.
    #[error("expected a value, found none: write one, or leave out what has none")]
    NoValue,
    /// A key twice.
    #[error("the key `{key}` is written twice")]
    DuplicateKey {
        /// Which.
        key: String,
    },
    /// Nested too deep.
    #[error("expected lists and mappings to nest at most {MAX_DEPTH} deep")]
    TooDeep,
    /// Read, and refused as a claim.
    #[error("{0}")]
    Claim(Box<ClaimError>),
}

/// Reads and checks a claim in YAML.
///
/// # Errors
/// [`YamlError`]: line and column, what is wrong, and what to write instead.
pub fn read_yaml(bytes: &[u8]) -> Result<Claim, YamlError> {
    let start = Marker::new(0, 1, 0);
    if bytes.len() > MAX_BYTES {
        return Err(at(start, YamlProblem::TooLarge { found: bytes.len() }));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| at(start, YamlProblem::NotUtf8))?;
    let (json, places) = Reader::new(text).document()?;
    Claim::from_json(&json).map_err(|error| at(places.nearest(&error.path), YamlProblem::Claim(Box::new(error))))
}

fn at(place: Marker, problem: YamlProblem) -> YamlError {
    YamlError {
        line: place.line(),
        column: place.col() + 1,
        problem,
    }
}

// Where a value stands, and what stands inside it under its segment of a JSON pointer.
struct Places {
    here: Marker,
    inside: BTreeMap<String, Places>,
}

impl Places {
    fn at(here: Marker) -> Places {
        Places {
            here,
            inside: BTreeMap::new(),
        }
    }

    // The place of a path, or of the innermost thing around it: a missing key has none of its own.
    fn nearest(&self, path: &str) -> Marker {
        let mut place = self;
        for segment in path.split('/').skip(1) {
            match place.inside.get(segment) {
                Some(inner) => place = inner,
                None => break,
            }
        }
        place.here
    }
}

struct Reader<'a> {
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Reader {
            events: Parser::new_from_str(text),
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(at(*error.marker(), YamlProblem::Syntax(error.info().to_owned()))),
            None => Err(at(
                Marker::new(0, 0, 0),
                YamlProblem::Syntax("the text ends too early".to_owned()),
            )),
        }
    }

    fn document(mut self) -> Result<(Json, Places), YamlError> {
        let read = loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                Event::StreamEnd => {
                    let problem = YamlProblem::Syntax("expected a claim, found nothing".to_owned());
                    return Err(at(span.start, problem));
                }
                event => break self.value(event, span, 0)?,
            }
        };
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(read),
                (Event::DocumentEnd | Event::Nothing, _) => {}
                (_, span) => return Err(feature(span, "a second document", "write one claim in each file")),
            }
        }
    }

    fn value(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<(Json, Places), YamlError> {
        if depth > MAX_DEPTH {
            return Err(at(span.start, YamlProblem::TooDeep));
        }
        let mut places = Places::at(span.start);
        let json = match event {
            Event::Scalar(text, style, anchor, tag) => {
                refuse_properties(span, anchor, tag.is_some())?;
                scalar(&text, style, span)?
            }
            Event::SequenceStart(anchor, tag) => {
                refuse_properties(span, anchor, tag.is_some())?;
                self.sequence(&mut places, depth)?
            }
            Event::MappingStart(anchor, tag) => {
                refuse_properties(span, anchor, tag.is_some())?;
                self.mapping(&mut places, depth)?
            }
            Event::Alias(_) => return Err(feature(span, "an alias", "write the value in full")),
            _ => return Err(at(span.start, YamlProblem::Syntax("expected a value".to_owned()))),
        };
        Ok((json, places))
    }

    fn sequence(&mut self, places: &mut Places, depth: usize) -> Result<Json, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Json::Array(items)),
                (event, span) => {
                    let (item, place) = self.value(event, span, depth + 1)?;
                    places.inside.insert(items.len().to_string(), place);
                    items.push(item);
                }
            }
        }
    }

    fn mapping(&mut self, places: &mut Places, depth: usize) -> Result<Json, YamlError> {
        let mut keys: BTreeSet<String> = BTreeSet::new();
        let mut values: Vec<(String, Json)> = Vec::new();
        loop {
            let (event, key_span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Json::Object(values));
            }
            let key = key(event, key_span)?;
            if !keys.insert(key.clone()) {
                return Err(at(key_span.start, YamlProblem::DuplicateKey { key }));
            }
            let (event, span) = self.next()?;
            let (value, place) = self.value(event, span, depth + 1)?;
            // Where a value is wrong, its key is where an author looks.
            let place = Places {
                here: key_span.start,
                ..place
            };
            places.inside.insert(segment(&key), place);
            values.push((key, value));
        }
    }
}

fn key(event: Event<'_>, span: Span) -> Result<String, YamlError> {
    let Event::Scalar(text, style, anchor, tag) = event else {
        return Err(feature(span, "a key that is no word", "write keys as plain words"));
    };
    refuse_properties(span, anchor, tag.is_some())?;
    match scalar(&text, style, span)? {
        Json::String(key) => Ok(key),
        _ => Err(feature(span, "a key that is no word", "write it in quotes")),
    }
}

fn scalar(text: &str, style: ScalarStyle, span: Span) -> Result<Json, YamlError> {
    match style {
        ScalarStyle::Plain if text.is_empty() => Err(at(span.start, YamlProblem::NoValue)),
        ScalarStyle::Plain => plain(text).map_err(|taken_for| {
            let text = text.to_owned();
            at(span.start, YamlProblem::Ambiguous { text, taken_for })
        }),
        // A block ends with the line's end, which is no part of a title or description.
        ScalarStyle::Literal | ScalarStyle::Folded => Ok(Json::String(text.trim_end_matches('\n').to_owned())),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Ok(Json::String(text.to_owned())),
    }
}

fn refuse_properties(span: Span, anchor: usize, tagged: bool) -> Result<(), YamlError> {
    if tagged {
        return Err(feature(
            span,
            "a tag",
            "write text in quotes and everything else as it is",
        ));
    }
    if anchor != 0 {
        return Err(feature(
            span,
            "an anchor",
            "write the value in full wherever it belongs",
        ));
    }
    Ok(())
}

fn feature(span: Span, found: &'static str, instead: &'static str) -> YamlError {
    at(span.start, YamlProblem::Feature { found, instead })
}
