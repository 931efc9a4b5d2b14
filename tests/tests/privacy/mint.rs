//! Canaries: values that occur nowhere else, and every form in which one could turn up again.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// What a canary is.
#[derive(Clone, Debug)]
pub enum Form {
    /// Words of any script, identifiers, dates; what of it is random.
    Text { whole: String, parts: Vec<String> },
    /// A decimal with six digits after the point.
    Number { text: String, millionths: u64 },
    /// A code of digits alone.
    Code(u64),
    /// Bytes of a key or a salt; big-endian where they are a number.
    Bytes(Vec<u8>),
}

/// A value that must not turn up but where it belongs.
#[derive(Clone, Debug)]
pub struct Canary {
    pub form: Form,
    /// Beginnings of the paths of files that may hold it.
    pub homes: Vec<String>,
}

/// Makes canaries and remembers them.
pub struct Mint {
    state: u64,
    homes: Vec<String>,
    pub canaries: Vec<Canary>,
}

impl Mint {
    /// Canaries that belong under these paths.
    pub fn new(seed: u64, homes: &[&str]) -> Mint {
        Mint {
            state: seed,
            homes: homes.iter().map(|h| (*h).to_owned()).collect(),
            canaries: Vec::new(),
        }
    }

    // SplitMix64: the same canaries in every run.
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn keep(&mut self, form: Form) {
        let homes = self.homes.clone();
        self.canaries.push(Canary { form, homes });
    }

    // Random from beginning to end.
    fn text(&mut self, text: String) -> String {
        let parts = vec![text.clone()];
        self.mixed(text, parts)
    }

    fn mixed(&mut self, whole: String, parts: Vec<String>) -> String {
        self.keep(Form::Text {
            whole: whole.clone(),
            parts,
        });
        whole
    }

    fn letters(&mut self, n: usize) -> String {
        (0..n)
            .map(|_| b"abcdefghijkmnopqrstuvwxyz23456789"[self.below(33) as usize] as char)
            .collect()
    }

    /// 16 letters and digits.
    pub fn word(&mut self) -> String {
        let text = self.letters(16);
        self.text(text)
    }

    /// A name as names are.
    pub fn name(&mut self) -> String {
        let (a, b) = (self.letters(9), self.letters(9));
        self.mixed(format!("Łu{a} O'{b}-Ñandú"), vec![a, b])
    }

    /// Beyond the basic plane, combining, right to left, and what JSON escapes.
    pub fn unicode(&mut self) -> String {
        let (a, b) = (self.letters(8), self.letters(8));
        self.mixed(format!("e\u{301}😀{a}漢字 \"\\\u{7}{b}مرحبا"), vec![a, b])
    }

    /// A sentence that looks like the end of a parser's message.
    pub fn sentence(&mut self) -> String {
        let (a, b) = (self.letters(12), self.letters(12));
        let whole = format!("<b>{a}</b> & at line 3 column 9, expected `{b}` at line 1 column 2");
        self.mixed(whole, vec![a, b])
    }

    pub fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        self.text(format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            a as u32,
            (a >> 32) as u16,
            a >> 52,
            b >> 52,
            b & 0xffff_ffff_ffff
        ))
    }

    pub fn pseudonym(&mut self) -> String {
        let text = format!("{:016x}", self.next());
        self.text(text)
    }

    pub fn member(&mut self) -> String {
        let (a, b) = (self.below(1_000_000_000), self.letters(4));
        self.text(format!("MBR-{a:09}/{b}"))
    }

    pub fn phone(&mut self) -> String {
        let n = self.next();
        self.text(format!(
            "+48 {:03} {:06} {:04}",
            n % 1000,
            (n >> 10) % 1_000_000,
            (n >> 40) % 10_000
        ))
    }

    pub fn email(&mut self) -> String {
        let (a, b) = (self.letters(10), self.letters(8));
        self.mixed(format!("{a}@{b}.example"), vec![a, b])
    }

    /// A day from 1920 to 1989, ten characters.
    pub fn day(&mut self) -> String {
        let n = self.next();
        self.text(format!(
            "19{:02}-{:02}-{:02}",
            20 + n % 70,
            1 + (n >> 8) % 12,
            1 + (n >> 16) % 28
        ))
    }

    /// A moment from 1900 to 1919, to the microsecond: no day of theirs is one of the days.
    pub fn moment(&mut self) -> String {
        let n = self.next();
        let (h, m, s) = ((n >> 24) % 24, (n >> 32) % 60, (n >> 40) % 60);
        let day = format!("19{:02}-{:02}-{:02}", n % 20, 1 + (n >> 8) % 12, 1 + (n >> 16) % 28);
        let micros = self.below(1_000_000);
        // The day alone may be another canary's too.
        let part = format!("{m:02}:{s:02}.{micros:06}");
        self.mixed(format!("{day}T{h:02}:{part}+05:45"), vec![part])
    }

    /// 17 digits, as a code of SNOMED CT may have.
    pub fn code(&mut self) -> String {
        let code = 10_000_000_000_000_000 + self.below(89_999_999_999_999_999);
        self.keep(Form::Code(code));
        code.to_string()
    }

    /// As it is written.
    pub fn number(&mut self) -> String {
        let millionths = 10_000_000_000 + self.below(80_000_000_000) / 10 * 10 + 7;
        let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
        self.keep(Form::Number {
            text: text.clone(),
            millionths,
        });
        text
    }

    /// Random bytes that belong into these files.
    pub fn bytes<const N: usize>(&mut self, homes: &[&str]) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.iter_mut().for_each(|b| *b = self.next() as u8);
        self.canaries.push(secret(&bytes, homes));
        bytes
    }
}

/// A secret that was made elsewhere.
pub fn secret(bytes: &[u8], homes: &[&str]) -> Canary {
    Canary {
        form: Form::Bytes(bytes.to_vec()),
        homes: homes.iter().map(|h| (*h).to_owned()).collect(),
    }
}

impl Canary {
    /// Every run of bytes that would give it away, by the name of its form.
    pub fn patterns(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut out = Vec::new();
        match &self.form {
            Form::Text { whole, parts } => {
                of_text(whole, &mut out);
                parts.iter().for_each(|part| of_part(part, &mut out));
                // An identifier's plain hash is as good as the identifier.
                of_bytes(&Sha256::digest(whole.as_bytes()), &mut out);
            }
            Form::Number { text, millionths } => {
                of_text(text, &mut out);
                of_part(text, &mut out);
                of_integer(2 * millionths + (1 << 63), &mut out);
                let float: f64 = text.parse().unwrap_or_default();
                out.push(("float", float.to_be_bytes().to_vec()));
                out.push(("float, reversed", float.to_le_bytes().to_vec()));
            }
            Form::Code(code) => {
                of_text(&code.to_string(), &mut out);
                of_integer(*code, &mut out);
            }
            Form::Bytes(bytes) => of_bytes(bytes, &mut out),
        }
        out
    }
}

fn of_integer(n: u64, out: &mut Vec<(&'static str, Vec<u8>)>) {
    out.push(("big-endian", n.to_be_bytes().to_vec()));
    out.push(("little-endian", n.to_le_bytes().to_vec()));
    out.push(("decimal", n.to_string().into_bytes()));
    out.push(("hexadecimal number", format!("{n:x}").into_bytes()));
    out.push(("hexadecimal number", format!("{n:X}").into_bytes()));
}

// Half a name is found as well.
fn of_part(part: &str, out: &mut Vec<(&'static str, Vec<u8>)>) {
    let length = part.len().min(if part.is_ascii() && part.len() < 12 { 8 } else { 12 });
    if part.len() > 10 || part.bytes().all(|b| b.is_ascii_alphanumeric()) {
        out.extend(part.as_bytes().windows(length).map(|w| ("a part", w.to_vec())));
    }
}

fn of_text(text: &str, out: &mut Vec<(&'static str, Vec<u8>)>) {
    let bytes = text.as_bytes();
    out.push(("plain", bytes.to_vec()));
    let json = serde_json::Value::from(text).to_string();
    out.push(("JSON", json.trim_matches('"').as_bytes().to_vec()));
    let ascii: String = text.encode_utf16().fold(String::new(), |mut s, unit| {
        match u8::try_from(unit) {
            Ok(c @ 0x20..0x7f) if c != b'"' && c != b'\\' => s.push(c as char),
            _ => write!(s, "\\u{unit:04x}").unwrap_or_default(),
        }
        s
    });
    out.push(("JSON in ASCII", ascii.into_bytes()));
    out.push(("Debug", format!("{text:?}").trim_matches('"').as_bytes().to_vec()));
    out.push(("escaped", text.escape_default().to_string().into_bytes()));
    for upper in [false, true] {
        let all = bytes.iter().map(|b| percent(*b, upper)).collect::<String>();
        let some = bytes.iter().map(|b| {
            let plain = b.is_ascii_alphanumeric() || b"-._~".contains(b);
            if plain {
                (*b as char).to_string()
            } else {
                percent(*b, upper)
            }
        });
        out.push(("percent", all.into_bytes()));
        out.push(("percent", some.collect::<String>().into_bytes()));
    }
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    out.push(("UTF-16, little-endian", little));
    out.push(("UTF-16, big-endian", big));
    out.push(("upper case", text.to_uppercase().into_bytes()));
    encoded(bytes, out);
}

fn percent(byte: u8, upper: bool) -> String {
    if upper {
        format!("%{byte:02X}")
    } else {
        format!("%{byte:02x}")
    }
}

fn of_bytes(bytes: &[u8], out: &mut Vec<(&'static str, Vec<u8>)>) {
    out.push(("plain", bytes.to_vec()));
    let part = bytes.len() / 2;
    out.push(("a part", bytes[..part].to_vec()));
    out.push(("a part", bytes[part..].to_vec()));
    encoded(bytes, out);
    let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
    out.push(("decimal", decimal(bytes).into_bytes()));
    out.push(("decimal, reversed", decimal(&reversed).into_bytes()));
    if bytes.len() == 31 || bytes.first() == Some(&0) {
        // As the field's arithmetic holds it.
        let x = <medproof_statement::Fr as ark_ff::PrimeField>::from_be_bytes_mod_order(bytes);
        let limbs = x.0.0;
        out.push(("Montgomery", limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect()));
        for limbs in [limbs, ark_ff::PrimeField::into_bigint(x).0] {
            let texts: Vec<String> = limbs.iter().map(u64::to_string).collect();
            out.push(("limbs", texts.join(", ").into_bytes()));
        }
    }
}

fn encoded(bytes: &[u8], out: &mut Vec<(&'static str, Vec<u8>)>) {
    let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
    out.push(("hexadecimal", hex::encode(bytes).into_bytes()));
    out.push(("hexadecimal", hex::encode_upper(bytes).into_bytes()));
    out.push(("hexadecimal, reversed", hex::encode(&reversed).into_bytes()));
    out.push(("a list of numbers", list(bytes).into_bytes()));
    out.push(("reversed", reversed));
    for (name, alphabet) in [("base64", b"+/"), ("base64url", b"-_")] {
        for skip in 0..3 {
            out.push((name, base64(bytes, *alphabet, skip).into_bytes()));
        }
    }
}

fn list(bytes: &[u8]) -> String {
    bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ")
}

/// What base64 of a text makes of these bytes where `skip` others stand before them, modulo three:
/// the characters that depend on these bytes alone.
fn base64(bytes: &[u8], last: [u8; 2], skip: usize) -> String {
    let alphabet: Vec<u8> = (b'A'..=b'Z')
        .chain(b'a'..=b'z')
        .chain(b'0'..=b'9')
        .chain(last)
        .collect();
    let padded: Vec<u8> = std::iter::repeat_n(0, skip).chain(bytes.iter().copied()).collect();
    let whole = padded.len() / 3 * 3;
    let digits = padded[..whole].chunks(3).flat_map(|c| {
        let n = u32::from(c[0]) << 16 | u32::from(c[1]) << 8 | u32::from(c[2]);
        [18, 12, 6, 0].map(|at| alphabet[(n >> at & 63) as usize] as char)
    });
    let from = [0, 2, 3][skip];
    digits.skip(from).collect()
}

fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0u32];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            let n = *digit * 256 + carry;
            *digit = n % 1_000_000;
            carry = n / 1_000_000;
        }
        while carry > 0 {
            digits.push(carry % 1_000_000);
            carry /= 1_000_000;
        }
    }
    let mut text = String::new();
    for (i, part) in digits.iter().rev().enumerate() {
        if i == 0 {
            write!(text, "{part}")
        } else {
            write!(text, "{part:06}")
        }
        .unwrap_or_default();
    }
    text
}
