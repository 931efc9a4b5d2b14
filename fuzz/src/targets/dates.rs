//! FHIR dates, against another calendar's arithmetic.

use crate::target::Verdict;
use jiff::civil::Date;
use jiff::{Timestamp, Unit};
use medproof_records::fuzzing;
use medproof_statement::day::Day;

fn day(date: Date) -> u32 {
    let since = date.since((Unit::Day, Date::constant(1850, 1, 1))).unwrap();
    u32::try_from(since.get_days()).unwrap()
}

/// A text as a dateTime and as a date.
pub fn dates(input: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(input) else {
        return Verdict::Refused;
    };
    let plain = text.parse::<Date>().ok().filter(|_| is_civil(text));
    let date = fuzzing::date(text);
    match (date, plain) {
        (Some((first, last)), _) => period(text, first, last),
        (None, Some(plain)) => assert!(plain.year() < 1850, "a date that is refused: {text}"),
        (None, None) => {}
    }
    let Some((first, last, span)) = fuzzing::date_time(text) else {
        assert!(date.is_none(), "a date that is no dateTime: {text}");
        return Verdict::Refused;
    };
    assert_eq!(date.is_some(), span.is_none());
    if let Some(span) = span {
        assert_eq!(first, last);
        period(&text[..10], first, last);
        instant(text, span);
    }
    Verdict::Accepted
}

fn is_civil(text: &str) -> bool {
    let shape = |(i, b): (usize, u8)| {
        if i == 4 || i == 7 {
            b == b'-'
        } else {
            b.is_ascii_digit()
        }
    };
    text.len() == 10 && text.bytes().enumerate().all(shape)
}

// A day, a month or a year, from its first day to its last.
fn period(text: &str, first: Day, last: Day) {
    let date = |text: String| {
        text.parse::<Date>()
            .unwrap_or_else(|e| panic!("{text} is no date: {e}"))
    };
    let (from, to) = match text.len() {
        4 => (date(format!("{text}-01-01")), date(format!("{text}-12-31"))),
        7 => {
            let from = date(format!("{text}-01"));
            (from, from.last_of_month())
        }
        _ => (date(text.to_owned()), date(text.to_owned())),
    };
    assert_eq!((first.0, last.0), (day(from), day(to)), "{text}");
    assert_eq!(first.to_string(), from.to_string());
}

fn instant(text: &str, (least, greatest): (i128, i128)) {
    assert!(least <= greatest && greatest - least < 1_000_000_000);
    let fraction = text
        .split_once('.')
        .map_or(0, |(_, f)| f.bytes().take_while(u8::is_ascii_digit).count());
    // The other calendar has no leap seconds, no finer fractions and no end of its last year.
    if text[10..].contains(":60") || fraction > 9 || text.starts_with("9999-12-3") {
        return;
    }
    let other: Timestamp = text.parse().unwrap_or_else(|e| panic!("{text} is no instant: {e}"));
    assert_eq!(other.as_nanosecond(), least, "{text}");
    assert_eq!(
        greatest - least + 1,
        10i128.pow(9 - u32::try_from(fraction).unwrap()),
        "{text}"
    );
}
