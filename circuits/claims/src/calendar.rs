//! Periods before a day, in the Gregorian calendar.

use crate::spec::{Age, Period};
use medproof_statement::day::Day;

/// The day so long before `day`: years and months first, to the last day of a shorter month, then
/// days. `None` where `day` is no calendar day.
///
/// `Some(None)` before 1850, where our days begin.
pub(crate) fn before(day: Day, period: Period) -> Option<Option<Day>> {
    let (year, month, day) = day.to_civil()?;
    let months = i64::from(year) * 12 + i64::from(month) - 1 - i64::from(period.years) * 12 - i64::from(period.months);
    // No year from 1850 on has another sign, and none is greater than the day's.
    let (year, month) = (months.div_euclid(12) as i32, months.rem_euclid(12) as u8 + 1);
    let day = (1..=day).rev().find_map(|day| Day::from_civil(year, month, day));
    Some(day.and_then(|Day(day)| day.checked_sub(period.days)).map(Day))
}

/// First and last birth date of who is of this age on `day`; `None` where there is no such date.
///
/// Who turns n on `day` was born n years before; who is at most m has not turned m + 1, so was
/// born after the day m + 1 years before.
pub(crate) fn birth_dates(day: Day, age: Age) -> Option<(Day, Day)> {
    let years_before = |years| before(day, Period::years(years)).map(|d| d.map(|d| d.0));
    let last = match age.at_least {
        None => Some(day.0),
        Some(years) => years_before(years)?,
    };
    let first = match age.at_most {
        None => 0,
        Some(years) => years_before(years + 1)?.map_or(0, |day| day + 1),
    };
    let last = last?;
    (first <= last).then_some((Day(first), Day(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u8, day: u8) -> Day {
        Day::from_civil(year, month, day).unwrap()
    }

    fn back(from: Day, years: u16, months: u16, days: u32) -> Day {
        before(from, Period { years, months, days }).unwrap().unwrap()
    }

    #[test]
    fn month_ends_and_leap_days() {
        assert_eq!(back(day(2021, 3, 31), 0, 1, 0), day(2021, 2, 28));
        assert_eq!(back(day(2020, 3, 31), 0, 1, 0), day(2020, 2, 29));
        assert_eq!(back(day(2020, 2, 29), 1, 0, 0), day(2019, 2, 28));
        assert_eq!(back(day(2020, 2, 29), 4, 0, 0), day(2016, 2, 29));
        assert_eq!(back(day(2021, 5, 31), 0, 3, 0), day(2021, 2, 28));
        assert_eq!(back(day(2021, 1, 1), 0, 0, 1), day(2020, 12, 31));
        assert_eq!(back(day(2021, 4, 1), 0, 0, 365), day(2020, 4, 1));
        assert_eq!(back(day(2020, 4, 1), 0, 0, 365), day(2019, 4, 2));
        assert_eq!(back(day(1900, 3, 1), 0, 0, 1), day(1900, 2, 28));
        assert_eq!(back(day(2000, 3, 1), 0, 0, 1), day(2000, 2, 29));
        assert_eq!(back(day(2021, 4, 1), 0, 0, 0), day(2021, 4, 1));
        // Months before days: 31 March less a month is 28 February, less a day the 27th.
        assert_eq!(back(day(2021, 3, 31), 0, 1, 1), day(2021, 2, 27));
        assert_eq!(back(day(2021, 1, 31), 1, 11, 0), day(2019, 2, 28));
    }

    #[test]
    fn days_begin_in_1850() {
        assert_eq!(before(day(1850, 1, 2), Period::days(1)), Some(Some(Day::MIN)));
        assert_eq!(before(day(1850, 1, 1), Period::days(1)), Some(None));
        assert_eq!(before(day(2021, 1, 1), Period::years(60_000)), Some(None));
        assert_eq!(before(Day::OPEN, Period::days(1)), None);
    }

    // As another calendar has it.
    #[test]
    fn periods_are_those_of_jiff() {
        let theirs = |from: Day, period: Period| {
            let (year, month, day) = from.to_civil()?;
            let date = jiff::civil::date(year as i16, month as i8, day as i8);
            let span = jiff::Span::new()
                .try_years(period.years)
                .and_then(|span| span.try_months(period.months))
                .and_then(|span| span.try_days(period.days));
            let date = date.checked_sub(span.ok()?).ok()?;
            Day::from_civil(date.year().into(), date.month() as u8, date.day() as u8)
        };
        let last = day(9999, 12, 31).0;
        for from in (0..=last).step_by(997).chain([0, 58, 59, 60, last]).map(Day) {
            for (years, months, days) in [
                (0, 0, 0),
                (0, 1, 0),
                (0, 11, 30),
                (1, 0, 0),
                (0, 12, 365),
                (3, 25, 1),
                (18, 0, 1),
                (171, 7, 100_000),
                (u16::MAX, u16::MAX, u32::MAX),
            ] {
                let period = Period { years, months, days };
                assert_eq!(before(from, period), Some(theirs(from, period)), "{from:?}, {period:?}");
            }
        }
    }

    fn is_of_age(born: Day, on: Day, at_least: Option<u16>, at_most: Option<u16>) -> bool {
        let (first, last) = birth_dates(on, Age { at_least, at_most }).unwrap();
        (first..=last).contains(&born)
    }

    #[test]
    fn a_year_is_completed_on_the_birthday() {
        let born = day(2003, 4, 1);
        assert!(is_of_age(born, day(2021, 4, 1), Some(18), None));
        assert!(!is_of_age(born, day(2021, 3, 31), Some(18), None));
        assert!(is_of_age(born, day(2021, 3, 31), None, Some(17)));
        assert!(!is_of_age(born, day(2021, 4, 1), None, Some(17)));
    }

    #[test]
    fn a_leap_day_birthday_falls_on_1_march() {
        let born = day(2004, 2, 29);
        assert!(!is_of_age(born, day(2022, 2, 28), Some(18), None));
        assert!(is_of_age(born, day(2022, 3, 1), Some(18), None));
        assert!(is_of_age(born, day(2024, 2, 29), Some(20), None));
        assert!(!is_of_age(born, day(2024, 2, 28), Some(20), None));
        // Asked on a leap day.
        assert!(!is_of_age(day(2006, 3, 1), day(2024, 2, 29), Some(18), None));
        assert!(is_of_age(day(2006, 2, 28), day(2024, 2, 29), Some(18), None));
    }

    #[test]
    fn ages_partition_the_birth_dates() {
        // On any day, everybody has exactly one age: no birth date falls between n and n + 1.
        for on in [day(2024, 2, 29), day(2023, 2, 28), day(2023, 3, 1), day(2021, 12, 31)] {
            for age in 0..120 {
                let (first, _) = birth_dates(
                    on,
                    Age {
                        at_least: Some(age),
                        at_most: Some(age),
                    },
                )
                .unwrap();
                let older = Age {
                    at_least: Some(age + 1),
                    at_most: None,
                };
                assert_eq!(birth_dates(on, older).unwrap().1, Day(first.0 - 1));
            }
        }
    }
}
