//! Mutations of text: JSON by its values, other text by its words.

use super::edges::{INTEGERS, WORDS};
use crate::json::{Place, places};
use crate::rng::Rng;
use std::ops::Range;

/// Values that JSON readers disagree about, and values of claims, messages and FHIR.
const ODD: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-1",
    "255",
    "256",
    "65536",
    "4294967295",
    "4294967296",
    "9007199254740991",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "1.0",
    "1.5",
    "1e0",
    "1E5",
    "1e400",
    "1e-400",
    "0.1e1",
    "99999999999999999999999999999999",
    "0.000000000000000000000000000001",
    "01",
    "NaN",
    "Infinity",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "\"\"",
    "\" \"",
    "\"\\u0041\"",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "\"\\u0000\"",
    "\"\\u001b[2J\"",
    "\"\u{e000}\u{10000}\"",
    "\"e\u{301}\"",
    "\"all\"",
    "\"0x\"",
    "\"0X00\"",
    "\"7.0000005\"",
    "\"1e400\"",
    "\"1850-01-01\"",
    "\"1849-12-31\"",
    "\"9999-12-31\"",
    "\"0000-00-00\"",
    "\"2021-02-29\"",
    "\"2020-02-29\"",
    "\"1970-01-01T00:00:60Z\"",
    "\"2021-04-01T23:59:59.999999999+14:00\"",
    "\"2021-04-01T00:00:00-14:00\"",
    "\"2021\"",
    "\"2021-04\"",
    "\"XS\"",
    "\"L\"",
    "\"ETREAT\"",
    "\"once\"",
    "\"standing\"",
    "\"policy\"",
    "\"claim\"",
    "\"active\"",
    "\"retiring\"",
    "\"revoked\"",
    "\"observation\"",
    "\"icd-10-cm\"",
    "\"snomed\"",
    "\"loinc\"",
    "\"C00\"",
    "\"4548-4\"",
    "\"%\"",
    "\"[lb_av]\"",
    "\"entered-in-error\"",
    "\"unknown\"",
    "\"final\"",
    "{\"days\":100000}",
    "{\"years\":200,\"months\":2400,\"days\":100000}",
    "{\"system\":\"icd-10-cm\",\"from\":\"A00\",\"to\":\"Z99\"}",
    "{\"all\":true,\"system\":\"internal\"}",
    "{\"unit\":\"mg/dL\",\"more_than\":\"0.0000001\",\"less_than\":\"0.0000002\"}",
    "{\"any_of\":[\"266919005\",\"8517006\"],\"system\":\"snomed\"}",
    "{\"any\":[{\"sex\":\"male\"},{\"not_deceased\":true}]}",
    "{\"at_least\":2,\"of\":[{\"sex\":\"male\"},{\"age\":{\"at_most\":150}}]}",
    "{\"reference\":\"Patient/p\"}",
    "{\"reference\":\"urn:uuid:p\"}",
    "{\"reference\":\"#cov\"}",
    "{\"code\":\"%\",\"comparator\":\"<\",\"system\":\"http://unitsofmeasure.org\",\"value\":7.0}",
    "{\"end\":\"2019\",\"start\":\"2020\"}",
];

/// One mutation of a JSON text.
pub fn json(input: &mut Vec<u8>, donor: &[u8], rng: &mut Rng) {
    let found = places(input);
    if found.is_empty() {
        input.extend(rng.one(ODD).as_bytes());
        return;
    }
    let place = rng.one(&found).clone();
    match rng.below(13) {
        0 | 1 => replace(input, place.value, rng.one(ODD).as_bytes()),
        2 => {
            let other = input[rng.one(&found).value.clone()].to_vec();
            replace(input, place.value, &other);
        }
        3 => {
            let donors = places(donor);
            if !donors.is_empty() {
                let part = rng.one(&donors).value.clone();
                replace(input, place.value, &donor[part]);
            }
        }
        4 => remove(input, &place),
        5 => duplicate(input, &place),
        6 => swap(input, &place, rng.one(&found)),
        7 => nest(input, &place, rng),
        8 | 9 => inside(input, place.value, rng),
        10 => number(input, place.value, rng),
        11 => rename(input, &place, rng),
        _ => respell(input, &place, rng),
    }
}

fn replace(input: &mut Vec<u8>, at: Range<usize>, with: &[u8]) {
    input.splice(at, with.iter().copied());
}

// With the comma that follows, or the one before.
fn remove(input: &mut Vec<u8>, place: &Place) {
    let Range { mut start, mut end } = place.whole.clone();
    if input.get(end) == Some(&b',') {
        end += 1;
    } else if start > 0 && input[start - 1] == b',' {
        start -= 1;
    }
    input.drain(start..end);
}

fn duplicate(input: &mut Vec<u8>, place: &Place) {
    let mut part = input[place.whole.clone()].to_vec();
    part.push(b',');
    let at = place.whole.start;
    input.splice(at..at, part);
}

fn swap(input: &mut Vec<u8>, a: &Place, b: &Place) {
    let (first, second) = if a.value.start <= b.value.start { (a, b) } else { (b, a) };
    if first.value.end > second.value.start {
        return;
    }
    let (left, right) = (
        input[first.value.clone()].to_vec(),
        input[second.value.clone()].to_vec(),
    );
    replace(input, second.value.clone(), &left);
    replace(input, first.value.clone(), &right);
}

fn nest(input: &mut Vec<u8>, place: &Place, rng: &mut Rng) {
    let depth = *rng.one(&[1, 2, 15, 17, 130, 600]);
    let (open, close) = *rng.one(&[("[", "]"), ("{\"a\":", "}")]);
    let inner = input[place.value.clone()].to_vec();
    let nested = [open.repeat(depth).into_bytes(), inner, close.repeat(depth).into_bytes()].concat();
    replace(input, place.value.clone(), &nested);
}

// Something inside a string: an edge in hexadecimal digits, or a character.
fn inside(input: &mut Vec<u8>, at: Range<usize>, rng: &mut Rng) {
    if input.get(at.start) != Some(&b'"') || at.len() < 2 {
        return replace(input, at, rng.one(ODD).as_bytes());
    }
    let content = at.start + 1..at.end - 1;
    if rng.once_in(3) && content.len() >= 64 {
        let digits = hex::encode(rng.one(&WORDS));
        let start = if rng.once_in(2) {
            content.end - 64
        } else {
            content.start + (content.len() % 64)
        };
        let end = (start + 64).min(content.end);
        return replace(input, start..end, digits.as_bytes());
    }
    let place = content.start + rng.below(content.len() + 1);
    match rng.below(4) {
        0 if place < content.end => drop(input.remove(place)),
        1 if place < content.end => input[place] = *rng.one(b"0123456789abcdefABC-.:/TZ+ x\\"),
        2 => {
            let copied = input[content].to_vec();
            input.splice(place..place, copied);
        }
        _ => input.insert(place, *rng.one(b"0123456789abcdefABC-.:/TZ+ x\\\x7f")),
    }
}

fn number(input: &mut Vec<u8>, at: Range<usize>, rng: &mut Rng) {
    let value = std::str::from_utf8(&input[at.clone()])
        .ok()
        .and_then(|text| text.parse::<u64>().ok());
    let text = match (value, rng.below(4)) {
        (Some(n), 0) => n.wrapping_add(1).to_string(),
        (Some(n), 1) => n.wrapping_sub(1).to_string(),
        (Some(n), 2) => (n ^ 1 << rng.below(48)).to_string(),
        _ => rng.one(INTEGERS).to_string(),
    };
    replace(input, at, text.as_bytes());
}

fn rename(input: &mut [u8], place: &Place, rng: &mut Rng) {
    let at = place.whole.start + 1 + rng.below(6);
    if place.whole.start < place.value.start && at < place.value.start {
        input[at] = *rng.one(b"abcdefghijklmnopqrstuvwxyz_A\\");
    }
}

// The same value, spelt otherwise.
fn respell(input: &mut Vec<u8>, place: &Place, rng: &mut Rng) {
    let at = place.value.start;
    match (rng.below(3), input.get(at + 1).copied()) {
        (0, Some(c)) if input[at] == b'"' && c.is_ascii_alphanumeric() => {
            replace(input, at + 1..at + 2, format!("\\u{:04x}", c).as_bytes());
        }
        (1, _) => replace(input, place.value.end..place.value.end, b" "),
        _ => replace(input, at..at, b"\n"),
    }
}

/// Parts of which dates, codes, numbers, units and YAML are made.
const WORDS_OF_TEXT: &[&str] = &[
    "0",
    "1",
    "9",
    "00",
    "-",
    "--",
    ".",
    "..",
    ":",
    "/",
    "T",
    "Z",
    "+14:00",
    "-14:00",
    "+14:01",
    "-00:00",
    "e",
    "E",
    "e-",
    "e400",
    "e-400",
    "1850",
    "1849",
    "9999",
    "10000",
    "02-29",
    "12-31",
    "23:59:60",
    "24:00:00",
    ".999999999",
    "99999999999999",
    "\n",
    "\n- ",
    "  ",
    "\t",
    "\"",
    "'",
    "&a ",
    "*a",
    "!!str ",
    "<<: ",
    "? ",
    "| \n",
    "> \n",
    "[",
    "]",
    "{",
    "}",
    "#",
    "---\n",
    "...\n",
    "null",
    "~",
    "yes",
    "no",
    "0x1f",
    "0o17",
    "1_000",
    "1:30",
    ".inf",
    ".nan",
    "true",
    "\u{feff}",
    "\u{2028}",
    "é",
    "did:key:z6Mk",
    "https://",
    "http://localhost",
    "[lb_av]",
    "mm[Hg]",
    "{score}",
    "10*3/uL",
    "%",
    "A",
    "V10",
    "E88",
    "C00",
];

/// One mutation of other text.
pub fn words(input: &mut Vec<u8>, donor: &[u8], rng: &mut Rng) {
    let at = rng.below(input.len() + 1);
    match rng.below(5) {
        0 | 1 => replace(input, at..at, rng.one(WORDS_OF_TEXT).as_bytes()),
        2 => {
            let end = (at + 1 + rng.below(4)).min(input.len());
            replace(input, at..end, rng.one(WORDS_OF_TEXT).as_bytes());
        }
        3 => line(input, donor, rng),
        _ => {
            if let Some(byte) = input.get_mut(at) {
                *byte = *rng.one(b"0123456789-.:/TZeE+ABCVx[]{}%\n ");
            }
        }
    }
}

// A line of the donor's, in place of one or beside it.
fn line(input: &mut Vec<u8>, donor: &[u8], rng: &mut Rng) {
    let lines: Vec<&[u8]> = donor.split_inclusive(|b| *b == b'\n').collect();
    if lines.is_empty() {
        return;
    }
    let starts: Vec<usize> = std::iter::once(0)
        .chain(
            input
                .iter()
                .enumerate()
                .filter(|(_, b)| **b == b'\n')
                .map(|(i, _)| i + 1),
        )
        .collect();
    let at = *rng.one(&starts);
    let end = if rng.once_in(2) {
        input[at..]
            .iter()
            .position(|b| *b == b'\n')
            .map_or(input.len(), |n| at + n + 1)
    } else {
        at
    };
    let part = rng.one(&lines).to_vec();
    replace(input, at..end, &part);
}
