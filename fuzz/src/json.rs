//! Where the values of a JSON text stand, found without refusing any text.

use std::ops::Range;

/// A value, and the member or item around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The value itself.
    pub value: Range<usize>,
    /// With its key, if it has one.
    pub whole: Range<usize>,
}

/// All values, inner ones before the ones around them. At most a few thousand are told.
pub fn places(text: &[u8]) -> Vec<Place> {
    const MOST: usize = 4_096;
    let mut found = Vec::new();
    // Where each open array or object began, and where its member did.
    let mut open: Vec<(usize, Option<usize>)> = Vec::new();
    let mut key: Option<usize> = None;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if found.len() >= MOST {
            break;
        }
        match byte {
            b'{' | b'[' => {
                open.push((at, key.take()));
                at += 1;
            }
            b'}' | b']' => {
                at += 1;
                if let Some((start, member)) = open.pop() {
                    found.push(place(start..at, member));
                }
            }
            b'"' => {
                let start = at;
                at = string_end(text, at);
                if next_is_colon(text, at) {
                    key = Some(start);
                } else {
                    found.push(place(start..at, key.take()));
                }
            }
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                let start = at;
                let scalar = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-');
                at += text[at..].iter().take_while(|b| scalar(b)).count();
                found.push(place(start..at, key.take()));
            }
            b',' => {
                key = None;
                at += 1;
            }
            _ => at += 1,
        }
    }
    found
}

fn place(value: Range<usize>, key: Option<usize>) -> Place {
    Place {
        whole: key.unwrap_or(value.start)..value.end,
        value,
    }
}

fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = text.get(at) {
        at += match byte {
            b'"' => return at + 1,
            b'\\' => 2,
            _ => 1,
        };
    }
    text.len()
}

fn next_is_colon(text: &[u8], at: usize) -> bool {
    text.get(at..)
        .and_then(|rest| rest.iter().find(|b| !b.is_ascii_whitespace()))
        .is_some_and(|b| *b == b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<&str> {
        places(text.as_bytes()).iter().map(|p| &text[p.value.clone()]).collect()
    }

    #[test]
    fn every_value_is_found() {
        assert_eq!(
            values(r#"{"a": [1, "x\"y", null], "b" : {"c":-1.5e3}}"#),
            [
                "1",
                r#""x\"y""#,
                "null",
                r#"[1, "x\"y", null]"#,
                "-1.5e3",
                r#"{"c":-1.5e3}"#,
                r#"{"a": [1, "x\"y", null], "b" : {"c":-1.5e3}}"#
            ]
        );
        let text = br#"{"a": [1]}"#;
        assert_eq!(places(text)[1].whole, 1..9);
    }

    #[test]
    fn no_text_is_too_broken() {
        for text in ["", "{", "]", "\"", "\"\\", "}}", ":,", "{\"a\":", "[\"a\\"] {
            places(text.as_bytes());
        }
    }
}
