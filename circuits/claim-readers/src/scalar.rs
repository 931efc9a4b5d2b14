//! What an unquoted YAML word means here: only what it means to every reader of YAML.
//!
//! YAML 1.1 reads `no` as false, `012` as ten, `1:30` as ninety and `1_000` as a thousand; 1.2
//! does not. Whatever the versions disagree about, or would read as something other than text, is
//! refused with the advice to quote it.

use medproof_claims::json::Json;

/// The value of a plain scalar.
///
/// # Errors
/// What some reader of YAML takes it for.
pub(crate) fn plain(text: &str) -> Result<Json, &'static str> {
    match text {
        "true" => return Ok(Json::Bool(true)),
        "false" => return Ok(Json::Bool(false)),
        _ => {}
    }
    if is_json_number(text) {
        return Ok(Json::Number(text.to_owned()));
    }
    if let Some(taken_for) = other_meaning(text) {
        return Err(taken_for);
    }
    Ok(Json::String(text.to_owned()))
}

fn other_meaning(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "" | "~" | "null" => return Some("nothing (null)"),
        "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" => return Some("true or false"),
        ".inf" | "-.inf" | "+.inf" | ".nan" => return Some("a number"),
        "<<" | "=" => return Some("a merge or a default"),
        _ => {}
    }
    looks_numeric(&lower).then_some("a number, whose value depends on the reader")
}

// Octal, hexadecimal, binary, underscores, sexagesimals, a sign or a dot in front, a dot at the
// end, leading zeros. Not what merely begins with a digit: dates, LOINC and NDC codes have hyphens.
fn looks_numeric(lower: &str) -> bool {
    let bare = lower.strip_prefix(['+', '-']).unwrap_or(lower);
    let prefixed = ["0x", "0o", "0b"].iter().find_map(|prefix| bare.strip_prefix(prefix));
    if let Some(digits) = prefixed {
        return digits.bytes().all(|b| b.is_ascii_hexdigit() || b == b'_');
    }
    let numeric = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'_' | b':' | b',');
    let (mantissa, exponent) = bare.split_once('e').unwrap_or((bare, ""));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    mantissa.bytes().any(|b| b.is_ascii_digit())
        && mantissa.bytes().all(numeric)
        && exponent.bytes().all(|b| b.is_ascii_digit() || b == b'_')
}

fn is_json_number(text: &str) -> bool {
    let bare = text.strip_prefix('-').unwrap_or(text);
    let (number, exponent) = match bare.find(['e', 'E']) {
        Some(at) => (&bare[..at], Some(&bare[at + 1..])),
        None => (bare, None),
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_words_and_numbers_are_as_written() {
        for text in [
            "snomed",
            "4548-4",
            "2021-04-01",
            "C50.911",
            "00002-3227-30",
            "e",
            "E11.9",
            "mg/dL",
            "10*3/uL",
            "e5",
            "none",
        ] {
            assert_eq!(plain(text), Ok(Json::String(text.to_owned())), "{text}");
        }
        for text in ["0", "7", "7.0", "-1.5e-3", "44054006"] {
            assert_eq!(plain(text), Ok(Json::Number(text.to_owned())), "{text}");
        }
        assert_eq!(plain("true"), Ok(Json::Bool(true)));
        assert_eq!(plain("false"), Ok(Json::Bool(false)));
    }

    #[test]
    fn what_readers_disagree_about_is_refused() {
        for text in [
            "no", "No", "NO", "yes", "on", "Off", "y", "N", "True", "FALSE", "null", "Null", "~", "", "03", "012",
            "-07", "0o17", "0x1F", "0b101", "1_000", "1:30", "+5", ".5", "5.", ".inf", "-.INF", ".NaN", "<<", "=",
            "1,000", "1e", "1.2.3", "08.5",
        ] {
            assert!(plain(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_those_of_json() {
        for text in [
            "1", "-0", "1.0", "1e5", "1E+5", "01", "1.", ".1", "1e", "--1", "+1", "1e5.5", "", "-", "1 ",
        ] {
            let theirs = serde_json::from_str::<serde_json::Number>(text).is_ok() && text.trim() == text;
            assert_eq!(is_json_number(text), theirs, "{text}");
        }
    }
}
