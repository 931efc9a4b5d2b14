//! The small values of messages: what is read is written the same, or was none.

use crate::oracle::refused;
use crate::target::Verdict;
use medproof_messages::Did;
use medproof_messages::encoding::{FieldHex, Hex};
use medproof_messages::terms::{ConsentKind, Endpoint, ScopeLabel, parse_day};
use medproof_statement::request::Purpose;
use medproof_statement::tier::Tier;
use std::fmt::Display;

/// The same text as each of the values.
pub fn terms(input: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(input) else {
        return Verdict::Refused;
    };
    let read = [
        told(Did::parse(text), |x| x.to_string(), text),
        told(Endpoint::parse(text), |x| x.as_str().to_owned(), text),
        told(ScopeLabel::parse(text), |x| x.as_str().to_owned(), text),
        told(ConsentKind::parse(text), |x| x.name().to_owned(), text),
        told(parse_day("as_of", text), ToString::to_string, text),
        told(text.parse::<Tier>(), |x| x.name().to_owned(), text),
        told(Purpose::from_code(text).ok_or("none"), |x| x.code().to_owned(), text),
        told(Hex::<20>::from_text(text).ok_or("none"), ToString::to_string, text),
        told(Hex::<32>::from_text(text).ok_or("none"), ToString::to_string, text),
        told(field(text), ToString::to_string, text),
    ];
    if read.contains(&Verdict::Accepted) {
        Verdict::Accepted
    } else {
        Verdict::Refused
    }
}

fn field(text: &str) -> Result<FieldHex, serde_json::Error> {
    serde_json::from_value(serde_json::Value::from(text))
}

fn told<T, E: Display>(read: Result<T, E>, write: impl Fn(&T) -> String, text: &str) -> Verdict {
    match read {
        Err(error) => refused(&error),
        Ok(value) => {
            assert_eq!(write(&value), text);
            Verdict::Accepted
        }
    }
}
