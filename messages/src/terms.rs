//! The small values of messages, each valid by its type.

use crate::encoding::shown;
use alloc::string::String;
use core::fmt;
use medproof_statement::Fr;
use medproof_statement::day::Day;
use medproof_statement::hash::digest;
use medproof_statement::request::ledger_id;
use thiserror::Error;

/// Why a value is none of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field}: expected {expected}, found {found}")]
pub struct TermError {
    /// Which field.
    pub field: &'static str,
    /// What it takes.
    pub expected: &'static str,
    /// What was given, shortened.
    pub found: String,
}

fn refuse<T>(field: &'static str, expected: &'static str, found: &str) -> Result<T, TermError> {
    Err(TermError {
        field,
        expected,
        found: shown(found),
    })
}

/// Where presentations go: an https URL, or http on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint(String);

impl Endpoint {
    /// The most characters.
    pub const MAX: usize = 512;

    /// Takes a URL of scheme, host, and perhaps port, path and query: no user, no fragment.
    ///
    /// # Errors
    /// [`TermError`].
    pub fn parse(text: &str) -> Result<Endpoint, TermError> {
        let expected = "https://host[:port][/path], or http:// on localhost or 127.0.0.1, in printable ASCII without user and fragment";
        let (rest, local) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (rest, false),
            (_, Some(rest)) => (rest, true),
            _ => return refuse("endpoint", expected, text),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
        let host_fits = !host.is_empty()
            && host
                .bytes()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'.' || c == b'-')
            && (!local || host == "localhost" || host == "127.0.0.1");
        let port_fits = port.parse::<u16>().is_ok_and(|p| p > 0) && !port.starts_with(['+', '0']);
        let path_fits = path
            .bytes()
            .all(|c| c.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&c));
        if text.len() <= Self::MAX && host_fits && port_fits && path_fits {
            Ok(Endpoint(String::from(text)))
        } else {
            refuse("endpoint", expected, text)
        }
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Within what no holder answers twice, in the audience's words: a trial, a benefit and its year.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeLabel(String);

impl ScopeLabel {
    /// The most characters.
    pub const MAX: usize = 128;

    /// Takes 1 to 128 printable ASCII characters, without space at either end.
    ///
    /// # Errors
    /// [`TermError`].
    pub fn parse(text: &str) -> Result<ScopeLabel, TermError> {
        let fits = (1..=Self::MAX).contains(&text.len())
            && text.bytes().all(|c| c == b' ' || c.is_ascii_graphic())
            && text.trim() == text;
        if fits {
            Ok(ScopeLabel(String::from(text)))
        } else {
            refuse(
                "scope",
                "1 to 128 printable ASCII characters without space at either end",
                text,
            )
        }
    }

    /// The label.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A chain and the record registry on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ledger {
    chain_id: u64,
    registry: [u8; 20],
}

impl Ledger {
    /// The greatest chain id: the greatest integer that every JSON reader keeps.
    pub const MAX_CHAIN_ID: u64 = (1 << 53) - 1;

    /// Names a ledger.
    ///
    /// # Errors
    /// [`TermError`] for a chain id that JSON does not carry.
    pub fn new(chain_id: u64, registry: [u8; 20]) -> Result<Ledger, TermError> {
        if chain_id > Self::MAX_CHAIN_ID {
            return refuse("chain_id", "at most 2^53 − 1", "more");
        }
        Ok(Ledger { chain_id, registry })
    }

    /// EIP-155's number of the chain.
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The record registry's address.
    pub const fn registry(&self) -> &[u8; 20] {
        &self.registry
    }

    /// ledger_id = D(chain id, registry address).
    pub fn id(&self) -> Fr {
        ledger_id(self.chain_id, &self.registry)
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "chain {} registry {}",
            self.chain_id,
            crate::encoding::Hex(self.registry)
        )
    }
}

/// For whom an answer must be: not 0, which stands for nobody in particular.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subject(Fr);

impl Subject {
    /// Takes a key or a keyed pseudonym that is a field element.
    ///
    /// # Errors
    /// [`TermError`] for 0.
    pub fn new(element: Fr) -> Result<Subject, TermError> {
        if element == Fr::from(0u64) {
            return refuse("subject", "a field element other than 0, or no subject", "0");
        }
        Ok(Subject(element))
    }

    /// D of whatever bytes the applicant gave beforehand: a public key, a keyed pseudonym. Bytes
    /// that can be guessed, such as a member number, are no pseudonym.
    pub fn of_bytes(bytes: &[u8]) -> Subject {
        Subject(digest("medproof/v1/subject", &[bytes]))
    }

    /// The element.
    pub const fn element(&self) -> Fr {
        self.0
    }
}

/// Whether the audience would like to be answered once or again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConsentKind {
    /// Bound to the very policy table: this claim, this day.
    Once,
    /// Bound to the claim, for later days too.
    Standing,
}

impl ConsentKind {
    /// `once` or `standing`.
    pub const fn name(self) -> &'static str {
        match self {
            ConsentKind::Once => "once",
            ConsentKind::Standing => "standing",
        }
    }

    /// From its name.
    ///
    /// # Errors
    /// [`TermError`].
    pub fn parse(text: &str) -> Result<ConsentKind, TermError> {
        match text {
            "once" => Ok(ConsentKind::Once),
            "standing" => Ok(ConsentKind::Standing),
            _ => refuse("consent", "once or standing", text),
        }
    }
}

/// Reads a day as YYYY-MM-DD.
///
/// # Errors
/// [`TermError`].
pub fn parse_day(field: &'static str, text: &str) -> Result<Day, TermError> {
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<u16>().ok());
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(i, c)| {
            if i == 4 || i == 7 {
                c == b'-'
            } else {
                c.is_ascii_digit()
            }
        });
    let day = || {
        let (month, day) = (u8::try_from(number(5, 7)?).ok()?, u8::try_from(number(8, 10)?).ok()?);
        Day::from_civil(number(0, 4)?.into(), month, day)
    };
    match day() {
        Some(day) if shape => Ok(day),
        _ => refuse(field, "a date YYYY-MM-DD from 1850 on", text),
    }
}
