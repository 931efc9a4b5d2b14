//! onset[x], else recordedDate: when a condition or an allergy began.

use super::{one_form, period};
use crate::import::dates::When;
use crate::import::error::Problem;
use crate::import::fhir::Period;
use medproof_statement::day::Day;

/// The forms of onset[x] and the fallback.
pub(super) struct Onset<'a> {
    pub date_time: Option<&'a str>,
    pub period: Option<&'a Period>,
    /// Whether it is given as an age, a range or in words: those name no day.
    pub words: [bool; 3],
    pub recorded: Option<&'a str>,
}

impl Onset<'_> {
    pub fn when(&self, issued_on: Day) -> Result<When, Problem> {
        let [a, b, c] = self.words;
        one_form("onset", &[self.date_time.is_some(), self.period.is_some(), a, b, c])?;
        Ok(if self.period.is_some() {
            let (start, end) = period(self.period);
            When::during(start, end, issued_on)
        } else if self.date_time.is_some() {
            When::at(self.date_time, issued_on)
        } else if self.words.contains(&true) {
            When::unknown(issued_on)
        } else {
            When::at(self.recorded, issued_on)
        })
    }
}
