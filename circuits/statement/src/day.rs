//! Calendar days as the statement counts them.

use core::fmt;
use zeroize::Zeroize;

/// Days since 1850-01-01 in the proleptic Gregorian calendar, as 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize)]
pub struct Day(pub u32);

impl Day {
    /// 1850-01-01: also the earliest day of a date that cannot be read.
    pub const MIN: Day = Day(0);
    /// All ones: an end that is open.
    pub const OPEN: Day = Day(u32::MAX);

    /// The day of a civil date. `None` before 1850, after 9999, or where there is no such date.
    pub fn from_civil(year: i32, month: u8, day: u8) -> Option<Day> {
        if !(1850..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
            return None;
        }
        u32::try_from(days_from_civil(year, month, day) - days_from_civil(1850, 1, 1))
            .ok()
            .map(Day)
    }

    /// The civil date of this day: (year, month, day). `None` after 9999-12-31.
    pub fn to_civil(self) -> Option<(i32, u8, u8)> {
        let last = days_from_civil(9999, 12, 31) - days_from_civil(1850, 1, 1);
        if i64::from(self.0) > last {
            return None;
        }
        Some(civil_from_days(i64::from(self.0) + days_from_civil(1850, 1, 1)))
    }

    /// The day before, or the first day.
    pub fn pred(self) -> Day {
        Day(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_civil() {
            Some((y, m, d)) => write!(f, "{y:04}-{m:02}-{d:02}"),
            None if *self == Day::OPEN => f.write_str("open"),
            None => write!(f, "day {}", self.0),
        }
    }
}

/// Days in a month of the Gregorian calendar.
pub fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

// Days since 1970-01-01, by counting 400-year eras whose years begin in March.
fn days_from_civil(year: i32, month: u8, day: u8) -> i64 {
    let y = i64::from(year) - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i32, u8, u8) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as i32, month as u8, day as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn known_days() {
        assert_eq!(Day::from_civil(1850, 1, 1), Some(Day(0)));
        assert_eq!(Day::from_civil(1970, 1, 1), Some(Day(43_829)));
        assert_eq!(
            Day::from_civil(2021, 4, 1).map(|d| d.to_string()),
            Some("2021-04-01".to_string())
        );
        assert_eq!(Day::from_civil(2021, 2, 29), None);
        assert_eq!(Day::from_civil(1900, 2, 29), None);
        assert!(Day::from_civil(2000, 2, 29).is_some());
        assert_eq!(Day::from_civil(1849, 12, 31), None);
    }

    #[test]
    fn the_calendar_has_its_ends_and_no_other_dates() {
        let last = Day::from_civil(9999, 12, 31).unwrap();
        assert_eq!(last, Day(2_976_725));
        assert_eq!(last.to_civil(), Some((9999, 12, 31)));
        let after = Day(last.0 + 1);
        assert_eq!((after.to_civil(), after.to_string()), (None, "day 2976726".to_string()));
        assert_eq!(
            (Day::OPEN.to_civil(), Day::OPEN.to_string()),
            (None, "open".to_string())
        );
        assert_eq!((Day(5).pred(), Day::MIN.pred()), (Day(4), Day::MIN));
        for (year, month, day) in [
            (1849, 12, 31),
            (10_000, 1, 1),
            (2021, 0, 1),
            (2021, 13, 1),
            (2021, 1, 0),
            (2021, 1, 32),
        ] {
            assert_eq!(Day::from_civil(year, month, day), None);
        }
        for (year, month, days) in [
            (2023, 2, 28),
            (2024, 2, 29),
            (1900, 2, 28),
            (2000, 2, 29),
            (2021, 4, 30),
            (2021, 6, 30),
            (2021, 9, 30),
            (2021, 11, 30),
            (2021, 12, 31),
        ] {
            assert!(Day::from_civil(year, month, days).is_some());
            assert_eq!(Day::from_civil(year, month, days + 1), None);
        }
    }

    #[test]
    fn every_day_round_trips_in_order() {
        let mut expected = 0;
        for year in 1850..=2150 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    assert_eq!(Day::from_civil(year, month, day), Some(Day(expected)));
                    assert_eq!(Day(expected).to_civil(), Some((year, month, day)));
                    expected += 1;
                }
            }
        }
    }
}
