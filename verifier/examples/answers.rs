//! What the verifier answers to a file of vectors, in the format of `tests/vectors/v1/verification.json`: a line each, as it crosses
//! into other languages. Every front end has a program like this one, and its lines must be the same.
//!
//! `answers FILE`, or `answers --stream FILE OUT` for programs that do not read JSON. The stream has the base, then each
//! vector, to its end: settings, bundle, request, claim, presentation, and the time as 8 bytes. Each of the five is a length, as many bytes, the
//! length of what is repeated after them, that, and how often; or the greatest length alone, where it is the base's. Numbers have 8 bytes,
//! the least first.

use medproof_verifier::portable::{Asked, Refused, Verifier};
use serde_json::Value;
use std::borrow::Cow;
use std::error::Error;
use std::io::{BufWriter, Write};

const FILES: [&str; 5] = ["settings", "bundle", "request", "claim", "presentation"];
const BASE: u64 = u64::MAX;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--stream", file, out] => stream(&read(file)?, BufWriter::new(std::fs::File::create(out)?)),
        [file] => answers(&read(file)?, BufWriter::new(std::io::stdout().lock())),
        _ => Err("usage: answers FILE | answers --stream FILE OUT".into()),
    }
}

fn read(file: &str) -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_slice(&std::fs::read(file)?)?)
}

fn vectors(all: &Value) -> Result<&Vec<Value>, Box<dyn Error>> {
    Ok(all["vectors"].as_array().ok_or("no vectors")?)
}

// ---- a part: text, or bytes in hexadecimal, or text and another that is repeated after it ----

struct Part<'a> {
    bytes: Cow<'a, [u8]>,
    repeated: &'a str,
    times: u64,
}

impl Part<'_> {
    fn read(part: &Value) -> Result<Part<'_>, Box<dyn Error>> {
        let of = |name: &str| part[name].as_str();
        let (bytes, repeated) = match (part.as_str(), of("hex"), of("text"), of("repeat")) {
            (Some(text), ..) | (_, _, Some(text), None) => (Cow::Borrowed(text.as_bytes()), ""),
            (_, Some(digits), ..) => (Cow::Owned(hex::decode(digits).map_err(|e| e.to_string())?), ""),
            (_, _, Some(text), Some(repeated)) => (Cow::Borrowed(text.as_bytes()), repeated),
            _ => return Err(format!("{part} is no part").into()),
        };
        let times = part["times"].as_u64().unwrap_or(0);
        Ok(Part { bytes, repeated, times })
    }

    fn whole(self) -> Result<Vec<u8>, Box<dyn Error>> {
        let mut bytes = self.bytes.into_owned();
        bytes.extend(self.repeated.repeat(usize::try_from(self.times)?).into_bytes());
        Ok(bytes)
    }

    fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        for text in [&self.bytes, self.repeated.as_bytes()] {
            out.write_all(&(text.len() as u64).to_le_bytes())?;
            out.write_all(text)?;
        }
        out.write_all(&self.times.to_le_bytes())
    }
}

fn now(vector: &Value, base: &Value) -> Result<u64, Box<dyn Error>> {
    let now = vector.get("now").unwrap_or(&base["now"]).as_u64();
    Ok(now.ok_or("no time")?)
}

// ---- what is written ----

fn answers(all: &Value, mut out: impl Write) -> Result<(), Box<dyn Error>> {
    let mut opened = Opened::default();
    for vector in vectors(all)? {
        let mut files: [Vec<u8>; 5] = Default::default();
        for (file, name) in files.iter_mut().zip(FILES) {
            *file = Part::read(vector.get(name).unwrap_or(&all["base"][name]))?.whole()?;
        }
        let now = now(vector, &all["base"])?;
        writeln!(out, "{}", opened.answer(files, now))?;
    }
    Ok(out.flush()?)
}

fn stream(all: &Value, mut out: impl Write) -> Result<(), Box<dyn Error>> {
    let base = &all["base"];
    for vector in std::iter::once(base).chain(vectors(all)?) {
        for name in FILES {
            match vector.get(name) {
                Some(part) => Part::read(part)?.write(&mut out)?,
                None => out.write_all(&BASE.to_le_bytes())?,
            }
        }
        out.write_all(&now(vector, base)?.to_le_bytes())?;
    }
    Ok(out.flush()?)
}

// The verifier of the settings and the bundle that came last.
#[derive(Default)]
struct Opened {
    by: [Vec<u8>; 2],
    verifier: Option<Result<Verifier, Refused>>,
}

impl Opened {
    fn answer(&mut self, [settings, bundle, request, claim, presentation]: [Vec<u8>; 5], now: u64) -> String {
        let by = [settings, bundle];
        if self.by != by {
            self.verifier = None;
            self.by = by;
        }
        let [settings, bundle] = &self.by;
        let verifier = self.verifier.get_or_insert_with(|| Verifier::new(settings, bundle));
        let verifier = match verifier {
            Ok(verifier) => verifier,
            Err(refused) => return refused.to_json(),
        };
        let asked = Asked {
            request: &request,
            claim: &claim,
            presentation: &presentation,
            now,
        };
        match verifier.verify(&asked) {
            Ok(answer) => answer.to_json(),
            Err(refused) => refused.to_json(),
        }
    }
}
