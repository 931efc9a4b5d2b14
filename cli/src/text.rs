//! Small values as people write and read them: days, spans of time, tiers, field elements.

use medproof_messages::Did;
use medproof_messages::encoding::{FieldHex, Hex};
use medproof_messages::terms::parse_day;
use medproof_statement::day::Day;
use medproof_statement::request::Purpose;
use medproof_statement::tier::Tier;
use medproof_statement::{Fr, field};

/// Reads a day, YYYY-MM-DD, for clap.
pub(crate) fn day(text: &str) -> Result<Day, String> {
    parse_day("date", text).map_err(|e| format!("{e}; write it as in 2021-04-01"))
}

/// Reads a DID, for clap.
pub(crate) fn did(text: &str) -> Result<Did, String> {
    Did::parse(text).map_err(|e| e.to_string())
}

/// Reads a tier in either case, for clap.
pub(crate) fn tier(text: &str) -> Result<Tier, String> {
    text.to_uppercase().parse().map_err(|e| format!("{e}, found {text:?}"))
}

/// Reads an HL7 purpose of use, for clap.
pub(crate) fn purpose(text: &str) -> Result<Purpose, String> {
    let all = || Purpose::ALL.map(Purpose::code).join(", ");
    Purpose::from_code(&text.to_uppercase()).ok_or_else(|| format!("expected one of {}, found {text:?}", all()))
}

/// Reads a span of time in seconds, for clap: a number and s, m, h or d.
pub(crate) fn span(text: &str) -> Result<u64, String> {
    let wrong = || format!("expected a span such as 90s, 15m, 24h or 7d, found {text:?}");
    let unit = match text.as_bytes().last() {
        Some(b's') => 1,
        Some(b'm') => 60,
        Some(b'h') => 3600,
        Some(b'd') => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    number.checked_mul(unit).filter(|s| *s < 1 << 36).ok_or_else(wrong)
}

/// Reads a field element, 0x and 64 lower-case digits, for clap.
pub(crate) fn element(text: &str) -> Result<Fr, String> {
    let Hex(bytes) = bytes32(text)?;
    field::from_bytes(&bytes).map_err(|e| e.to_string())
}

/// Reads 32 bytes, 0x and 64 lower-case digits, for clap.
pub(crate) fn bytes32(text: &str) -> Result<Hex<32>, String> {
    Hex::from_text(text).ok_or_else(|| format!("expected 0x and 64 lower-case hexadecimal digits, found {text:?}"))
}

/// An element as text.
pub(crate) fn shown(x: &Fr) -> String {
    FieldHex(*x).to_string()
}

/// A time as people read it: 2021-04-01T12:00:00Z.
pub(crate) fn instant(seconds: u64) -> String {
    let timestamp = i64::try_from(seconds)
        .ok()
        .and_then(|s| jiff::Timestamp::from_second(s).ok());
    timestamp.map_or_else(|| format!("{seconds} s after 1970"), |t| t.to_string())
}

/// The message of another crate's error and of those below it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(below) = source {
        let message = below.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        source = below.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_unit() {
        assert_eq!(span("90s"), Ok(90));
        assert_eq!(span("15m"), Ok(900));
        assert_eq!(span("24h"), Ok(86_400));
        assert_eq!(span("7d"), Ok(604_800));
        for bad in [
            "",
            "7",
            "d",
            "-1d",
            "1.5h",
            "1w",
            "99999999999999999999d",
            "999999999d",
            "é",
        ] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn days_tiers_and_purposes() {
        assert_eq!(day("2021-04-01").unwrap().to_string(), "2021-04-01");
        assert!(day("2021-02-29").is_err() && day("01.04.2021").is_err());
        assert_eq!(tier("s"), Ok(Tier::S));
        assert!(tier("XXL").is_err());
        assert_eq!(purpose("hresch"), Ok(Purpose::Research));
        assert!(purpose("FUN").unwrap_err().contains("HRESCH"));
    }

    #[test]
    fn times_are_readable() {
        assert_eq!(instant(1_617_235_200), "2021-04-01T00:00:00Z");
        assert_eq!(instant(u64::MAX), "18446744073709551615 s after 1970");
    }
}
