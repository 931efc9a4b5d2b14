//! FHIR dates as intervals of days, in the offset in which they are written.

use super::report::Uncertain;
use medproof_statement::day::{Day, days_in_month};

const EPOCH: i128 = 43_829; // 1970-01-01 in days since 1850-01-01
const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// The earliest and the latest instant that a time allows, in nanoseconds since 1970 (UTC).
pub(crate) type Span = (i128, i128);

/// What a FHIR date, dateTime or instant says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The earliest day that it allows.
    pub first: Day,
    /// The latest.
    pub last: Day,
    /// Where a time and an offset are given.
    pub span: Option<Span>,
}

impl Extent {
    /// Whether it is one day.
    pub fn is_day(&self) -> bool {
        self.first == self.last
    }
}

fn digits(text: &str, len: usize) -> Option<u32> {
    (text.len() == len && text.bytes().all(|b| b.is_ascii_digit())).then_some(())?;
    text.parse().ok()
}

fn calendar(text: &str) -> Option<Extent> {
    let mut parts = text.split('-');
    let year = i32::try_from(digits(parts.next()?, 4)?).ok()?;
    let month = parts.next().map(|m| digits(m, 2));
    let day = parts.next().map(|d| digits(d, 2));
    parts.next().is_none().then_some(())?;
    let (first, last) = match (month, day) {
        (None, _) => ((1, 1), (12, 31)),
        (Some(m), None) => {
            let m = u8::try_from(m?).ok()?;
            (1..=12).contains(&m).then_some(())?;
            ((m, 1), (m, days_in_month(year, m)))
        }
        (Some(m), Some(d)) => {
            let md = (u8::try_from(m?).ok()?, u8::try_from(d?).ok()?);
            (md, md)
        }
    };
    Some(Extent {
        first: Day::from_civil(year, first.0, first.1)?,
        last: Day::from_civil(year, last.0, last.1)?,
        span: None,
    })
}

// Seconds east of UTC: `Z`, or hours to 14 and minutes to 59.
fn offset(text: &str) -> Option<i128> {
    if text == "Z" {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (h, m) = text.get(1..)?.split_once(':')?;
    let (h, m) = (digits(h, 2)?, digits(m, 2)?);
    (m <= 59 && h * 60 + m <= 14 * 60).then_some(sign * i128::from(h * 3600 + m * 60))
}

// From the start of the written day, in nanoseconds: the least and the greatest.
fn clock(text: &str) -> Option<(i128, i128)> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let mut parts = whole.split(':');
    let (h, m, s) = (
        digits(parts.next()?, 2)?,
        digits(parts.next()?, 2)?,
        digits(parts.next()?, 2)?,
    );
    // A leap second counts as the one after it.
    (parts.next().is_none() && h <= 23 && m <= 59 && s <= 60).then_some(())?;
    fraction.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    let kept = fraction.get(..fraction.len().min(9))?;
    let unit = 10i128.pow(9 - u32::try_from(kept.len()).ok()?);
    let nanos = if kept.is_empty() {
        0
    } else {
        kept.parse::<i128>().ok()? * unit
    };
    let least = i128::from(h * 3600 + m * 60 + s) * SECOND + nanos;
    Some((least, least + unit - 1))
}

/// Reads a FHIR `date`: a year, a month or a day. `None` where it is none, or before 1850.
pub(crate) fn date(text: &str) -> Option<Extent> {
    calendar(text)
}

/// Reads a FHIR `dateTime` (or `instant`): a date, or a day with a time to the second at least and
/// an offset. `None` where it is none, or before 1850.
pub(crate) fn date_time(text: &str) -> Option<Extent> {
    let Some((day, time)) = text.split_once('T') else {
        return calendar(text);
    };
    let extent = calendar(day).filter(|_| day.len() == 10)?;
    let zone = time.find(['Z', '+', '-'])?;
    let (least, greatest) = clock(&time[..zone])?;
    let midnight = (i128::from(extent.first.0) - EPOCH) * DAY - offset(&time[zone..])? * SECOND;
    Some(Extent {
        span: Some((midnight + least, midnight + greatest)),
        ..extent
    })
}

/// When a fact was, as far as its date says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct When {
    /// The earliest day.
    pub since: Day,
    /// The latest day, not after the day of issue.
    pub date: Day,
    /// The instant, where it is given with an offset.
    pub span: Option<Span>,
    /// Why the fact is uncertain.
    pub flaw: Option<Uncertain>,
}

impl When {
    /// Some time before the day of issue: the date is absent, or in words.
    pub fn unknown(issued_on: Day) -> When {
        When {
            since: Day::MIN,
            date: issued_on,
            span: None,
            flaw: None,
        }
    }

    /// A date that is not written as one.
    pub fn malformed(issued_on: Day) -> When {
        When {
            flaw: Some(Uncertain::Date),
            ..When::unknown(issued_on)
        }
    }

    /// Within this extent.
    pub fn within(extent: Extent, issued_on: Day) -> When {
        if extent.first > issued_on {
            return When {
                since: issued_on,
                date: issued_on,
                span: None,
                flaw: Some(Uncertain::Future),
            };
        }
        When {
            since: extent.first,
            date: extent.last.min(issued_on),
            span: extent.span,
            flaw: None,
        }
    }

    /// At a `date`, which may be absent.
    pub fn at_date(text: Option<&str>, issued_on: Day) -> When {
        text.map_or(When::unknown(issued_on), |t| {
            date(t).map_or(When::malformed(issued_on), |e| When::within(e, issued_on))
        })
    }

    /// At a `dateTime`, which may be absent.
    pub fn at(text: Option<&str>, issued_on: Day) -> When {
        text.map_or(When::unknown(issued_on), |t| {
            date_time(t).map_or(When::malformed(issued_on), |e| When::within(e, issued_on))
        })
    }

    /// Some time from the start of a period to its end.
    pub fn during(start: Option<&str>, end: Option<&str>, issued_on: Day) -> When {
        let read = |text: Option<&str>| match text {
            None => Ok(None),
            Some(t) => date_time(t).map(Some).ok_or(()),
        };
        match (read(start), read(end)) {
            (Ok(start), Ok(end)) => {
                let first = start.map_or(Day::MIN, |e| e.first);
                let last = end.map_or(Day::OPEN, |e| e.last);
                if last < first {
                    return When {
                        flaw: Some(Uncertain::Contradiction),
                        ..When::unknown(issued_on)
                    };
                }
                let span = match (start.and_then(|e| e.span), end.and_then(|e| e.span)) {
                    (Some(a), Some(b)) => Some((a.0, b.1)),
                    _ => None,
                };
                let when = When::within(Extent { first, last, span }, issued_on);
                // Cut at the day of issue, the instants no longer bound it.
                if last > issued_on {
                    When { span: None, ..when }
                } else {
                    when
                }
            }
            _ => When::malformed(issued_on),
        }
    }

    /// The latest instant that it allows, a day without an offset read as in UTC. Orders events.
    pub fn instant(&self) -> i128 {
        self.span
            .map_or((i128::from(self.date.0) - EPOCH + 1) * DAY - 1, |(_, hi)| hi)
    }

    /// Whether both could be at one instant: by instants where both have them, else by days.
    pub fn overlaps(&self, other: &When) -> bool {
        match (self.span, other.span) {
            (Some(a), Some(b)) => a.0 <= b.1 && b.0 <= a.1,
            _ => self.since <= other.date && other.since <= self.date,
        }
    }

    /// Whether the written days (in different offsets) order the two unlike their instants.
    pub fn is_inverted(&self, other: &When) -> bool {
        match (self.span, other.span) {
            (Some(a), Some(b)) => (self.date < other.date && a.0 > b.1) || (other.date < self.date && b.0 > a.1),
            _ => false,
        }
    }
}

/// How a resource says that it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dated {
    /// Not at all.
    Absent,
    /// In words, as an age or a range.
    Words,
    /// Not as FHIR writes dates.
    Malformed,
    /// On a day of this extent.
    Within(Extent),
}

impl Dated {
    /// From a `dateTime`, which may be absent.
    pub fn at(text: Option<&str>) -> Dated {
        text.map_or(Dated::Absent, |t| date_time(t).map_or(Dated::Malformed, Dated::Within))
    }

    /// Ended some time in a period.
    pub fn during(start: Option<&str>, end: Option<&str>) -> Dated {
        match (Dated::at(start), Dated::at(end)) {
            (Dated::Malformed, _) | (_, Dated::Malformed) => Dated::Malformed,
            (Dated::Within(a), Dated::Within(b)) if a.first <= b.last => Dated::Within(Extent {
                first: a.first,
                last: b.last,
                span: None,
            }),
            (Dated::Within(_), Dated::Within(_)) => Dated::Malformed,
            (_, Dated::Within(b)) => Dated::Within(Extent { first: Day::MIN, ..b }),
            _ => Dated::Words,
        }
    }
}

/// The last day on which something held, from whether its status says that it is over (`None`:
/// it says nothing) and how its end is dated.
pub(crate) fn until(over: Option<bool>, end: Dated, since: Day, issued_on: Day) -> Result<Day, Uncertain> {
    let extent = match (over, end) {
        (Some(false) | None, Dated::Absent) => return Ok(Day::OPEN),
        (Some(true), Dated::Absent | Dated::Words) => return Ok(issued_on.pred()),
        (_, Dated::Malformed | Dated::Words) => return Err(Uncertain::End),
        (_, Dated::Within(extent)) => extent,
    };
    if extent.last < since {
        return Err(Uncertain::Contradiction);
    }
    let is_past = extent.last < issued_on;
    match over {
        Some(true) if extent.first > issued_on => Err(Uncertain::Contradiction),
        Some(false) if is_past => Err(Uncertain::Contradiction),
        _ if extent.is_day() || is_past => Ok(extent.last),
        Some(true) => Ok(issued_on.pred()),
        // It may or may not be over: neither `active` nor `not active` is certain.
        _ => Err(Uncertain::End),
    }
}
