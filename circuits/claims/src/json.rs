//! JSON as claims need it: numbers as written, no key twice, and the canonical form of RFC 8785.

use crate::error::{ClaimError, Problem};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Bytes of a claim at most.
pub const MAX_BYTES: usize = 4 << 20;
/// How deep arrays and objects nest at most; a claim needs 8.
pub const MAX_DEPTH: usize = 16;

/// A JSON value whose numbers are kept as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// null
    Null,
    /// true or false
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, in the order written.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads JSON text.
    ///
    /// # Errors
    /// [`Problem::Syntax`] with line and column, [`Problem::DuplicateKey`], [`Problem::TooDeep`],
    /// [`Problem::TooLarge`].
    pub fn parse(bytes: &[u8]) -> Result<Json, ClaimError> {
        if bytes.len() > MAX_BYTES {
            return Err(Problem::TooLarge { found: bytes.len() }.at(""));
        }
        let whole: &RawValue = serde_json::from_slice(bytes).map_err(|e| syntax(&e).at(""))?;
        from_raw(whole, &Path::Root, 0)
    }

    /// What it is, in words.
    pub const fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "true or false",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }

    pub(crate) fn integer(n: impl Into<u64>) -> Json {
        Json::Number(n.into().to_string())
    }

    pub(crate) fn text(s: &str) -> Json {
        Json::String(s.to_owned())
    }
}

fn syntax(error: &serde_json::Error) -> Problem {
    Problem::Syntax {
        line: error.line(),
        column: error.column(),
        message: error.to_string(),
    }
}

// Where a value is. Written out for an error alone: the name of a long key would otherwise be
// copied for each item of a long array inside it.
enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn pointer(&self) -> String {
        match self {
            Path::Root => String::new(),
            Path::Key(parent, key) => child(&parent.pointer(), key),
            Path::Item(parent, index) => format!("{}/{index}", parent.pointer()),
        }
    }
}

// serde_json would read a number as f64 and let the last of two equal keys win. So every value
// is first taken as raw text, whose grammar is checked already, and then opened by its first byte.
fn from_raw(raw: &RawValue, path: &Path<'_>, depth: usize) -> Result<Json, ClaimError> {
    if depth > MAX_DEPTH {
        return Err(Problem::TooDeep.at(&path.pointer()));
    }
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let Members(members) = open(text, path)?;
            let mut object: Vec<(String, Json)> = Vec::with_capacity(members.len());
            let mut keys: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
            keys.sort_unstable();
            if let Some(twice) = keys.windows(2).find(|w| w[0] == w[1]) {
                let key = twice[0].to_owned();
                return Err(Problem::DuplicateKey { key }.at(&path.pointer()));
            }
            for (key, value) in &members {
                let value = from_raw(value, &Path::Key(path, key), depth + 1)?;
                object.push((key.clone(), value));
            }
            Json::Object(object)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = open(text, path)?;
            let items = items.iter().enumerate();
            let items = items.map(|(i, item)| from_raw(item, &Path::Item(path, i), depth + 1));
            Json::Array(items.collect::<Result<_, _>>()?)
        }
        Some(b'"') => Json::String(open(text, path)?),
        Some(b't') => Json::Bool(true),
        Some(b'f') => Json::Bool(false),
        Some(b'n') => Json::Null,
        _ => Json::Number(text.to_owned()),
    })
}

fn open<'a, T: Deserialize<'a>>(text: &'a str, path: &Path<'_>) -> Result<T, ClaimError> {
    // As bytes, as all else is read: one reader is enough.
    serde_json::from_slice(text.as_bytes()).map_err(|e| syntax(&e).at(&path.pointer()))
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    members.push(entry);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(InOrder).map(Members)
    }
}

/// The JSON pointer (RFC 6901) of a member.
pub fn child(path: &str, key: &str) -> String {
    format!("{path}/{}", segment(key))
}

/// A key as a segment of a JSON pointer.
pub fn segment(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The canonical form of RFC 8785: keys in the order of their UTF-16 units, no white space, the
/// shortest escapes. A number is written as it stands: claims in normal form only have integers
/// below 2^32, whose plain digits are canonical; decimals are strings.
pub(crate) fn canonical(json: &Json) -> Vec<u8> {
    let mut out = String::new();
    write_canonical(json, &mut out);
    out.into_bytes()
}

fn write_canonical(json: &Json, out: &mut String) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Json::Number(n) => out.push_str(n),
        Json::String(s) => write_string(s, out),
        Json::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        Json::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (i, (key, value)) in members.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_string(key, out);
                out.push(':');
                write_canonical(value, out);
            }
            out.push('}');
        }
    }
}

fn write_string(s: &str, out: &mut String) {
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn arb_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            any::<u32>().prop_map(Json::integer),
            "\\PC*|[\\x00-\\x1f\\\\\"/\u{e000}\u{10000}]{0,6}".prop_map(Json::String),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Json::Array),
                proptest::collection::btree_map("\\PC{0,4}|[\u{e000}\u{10000}\\x00-\\x1f]{1,2}", inner, 0..5)
                    .prop_map(|m| Json::Object(m.into_iter().rev().collect())),
            ]
        })
    }

    #[test]
    fn each_kind_is_read_as_such() {
        let text = br#"[null, true, false, -1.50e3, "a", [], {"k": null}]"#;
        let expected = Json::Array(vec![
            Json::Null,
            Json::Bool(true),
            Json::Bool(false),
            Json::Number("-1.50e3".to_owned()),
            Json::text("a"),
            Json::Array(Vec::new()),
            Json::Object(vec![("k".to_owned(), Json::Null)]),
        ]);
        assert_eq!(Json::parse(text).unwrap(), expected);
    }

    #[test]
    fn as_deep_and_as_long_as_is_said() {
        let nested = |open: &str, close: &str, n: usize| format!("{}0{}", open.repeat(n), close.repeat(n));
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            assert!(Json::parse(nested(open, close, MAX_DEPTH).as_bytes()).is_ok());
            for n in MAX_DEPTH + 1..MAX_DEPTH + 4 {
                let error = Json::parse(nested(open, close, n).as_bytes()).unwrap_err();
                assert!(matches!(*error.problem, Problem::TooDeep), "{error}");
            }
        }
        let long = |n: usize| format!("\"{}\"", "a".repeat(n - 2));
        assert!(Json::parse(long(MAX_BYTES).as_bytes()).is_ok());
        let error = Json::parse(long(MAX_BYTES + 1).as_bytes()).unwrap_err();
        assert!(matches!(*error.problem, Problem::TooLarge { found } if found == MAX_BYTES + 1));
    }

    proptest! {
        #[test]
        fn canonical_form_agrees_with_another_implementation(json in arb_json()) {
            let ours = canonical(&json);
            let value: serde_json::Value = serde_json::from_slice(&ours).unwrap();
            prop_assert_eq!(&ours, &serde_json_canonicalizer::to_vec(&value).unwrap());
        }

        #[test]
        fn reading_gives_back_what_was_written(json in arb_json()) {
            let bytes = canonical(&json);
            prop_assert_eq!(canonical(&Json::parse(&bytes).unwrap()), bytes);
        }

        #[test]
        fn what_is_json_is_decided_as_by_serde_json(text in "[\\[\\]{}\":, 0-9eE.+\\-tfnrualse\\\\]{0,12}") {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match Json::parse(text.as_bytes()) {
                Ok(_) => prop_assert!(theirs.is_ok() || theirs.unwrap_err().to_string().contains("out of range")),
                Err(error) if matches!(*error.problem, Problem::DuplicateKey { .. }) => {}
                Err(_) => prop_assert!(theirs.is_err()),
            }
        }
    }

    #[test]
    fn numbers_stay_as_written() {
        let json = Json::parse(b"[7.0, 1e2, 6.99999999999999999999]").unwrap();
        let as_written = ["7.0", "1e2", "6.99999999999999999999"].map(|n| Json::Number(n.to_string()));
        assert_eq!(json, Json::Array(as_written.to_vec()));
    }

    #[test]
    fn what_is_refused() {
        let problem = |text: &str| Json::parse(text.as_bytes()).unwrap_err();
        assert_eq!(
            problem(r#"{"a": {"b": 1, "c": 2, "b": 1}}"#),
            Problem::DuplicateKey { key: "b".to_owned() }.at("/a")
        );
        assert!(matches!(
            *problem("{\n \"a\": nul }").problem,
            Problem::Syntax { line: 2, .. }
        ));
        assert!(matches!(*problem("{} {}").problem, Problem::Syntax { .. }));
        assert!(matches!(*problem("").problem, Problem::Syntax { .. }));
        assert!(matches!(*problem(r#"["\ud800"]"#).problem, Problem::Syntax { .. }));
        let deep = "[".repeat(18) + &"]".repeat(18);
        assert!(matches!(*problem(&deep).problem, Problem::TooDeep));
        assert!(matches!(
            *Json::parse(&[b'"', 0xff, b'"']).unwrap_err().problem,
            Problem::Syntax { .. }
        ));
        assert!(matches!(
            *Json::parse(&alloc::vec![b' '; MAX_BYTES + 1]).unwrap_err().problem,
            Problem::TooLarge { .. }
        ));
    }
}
