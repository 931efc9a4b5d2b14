//! What a part found: a table, and whether its targets were met.

use serde_json::{Value, json};
use std::fmt;
use std::io::Write;
use std::time::Duration;

/// What a part found.
pub struct Report {
    title: &'static str,
    // What was measured, in a sentence.
    how: String,
    rows: Vec<Row>,
    targets: Vec<Target>,
    // In words.
    said: Vec<String>,
}

struct Row {
    what: String,
    value: f64,
    unit: &'static str,
}

struct Target {
    what: &'static str,
    bound: f64,
    found: f64,
    unit: &'static str,
}

impl Report {
    /// Of what, and how it was measured.
    pub fn new(title: &'static str, how: String) -> Report {
        Report {
            title,
            how,
            rows: Vec::new(),
            targets: Vec::new(),
            said: Vec::new(),
        }
    }

    /// A number that was measured.
    pub fn row(&mut self, what: impl Into<String>, value: f64, unit: &'static str) {
        let what = what.into();
        progress(format_args!("    {what}: {} {unit}", shown(value)));
        self.rows.push(Row { what, value, unit });
    }

    /// A time that was measured.
    pub fn time(&mut self, what: impl Into<String>, time: Duration) {
        self.row(what, ms(time), "ms");
    }

    /// What it comes to, in words.
    pub fn say(&mut self, text: String) {
        progress(format_args!("    {text}"));
        self.said.push(text);
    }

    /// That a number is at most so much.
    pub fn at_most(&mut self, what: &'static str, bound: f64, found: f64, unit: &'static str) {
        let target = Target {
            what,
            bound,
            found,
            unit,
        };
        progress(format_args!("    {target}"));
        self.targets.push(target);
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let rows = self.rows.iter();
        let targets = self.targets.iter();
        json!({
            "how": self.how,
            "said": self.said,
            "measured": rows.map(|row| json!({ "what": row.what, "value": row.value, "unit": row.unit })).collect::<Vec<_>>(),
            "targets": targets.map(|target| json!({
                "what": target.what, "at_most": target.bound, "found": target.found, "unit": target.unit, "met": target.is_met(),
            })).collect::<Vec<_>>(),
        })
    }
}

impl Target {
    // What is no number meets nothing.
    fn is_met(&self) -> bool {
        self.found <= self.bound
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}, at most {} {}, found {}",
            if self.is_met() { "met" } else { "missed" },
            self.what,
            shown(self.bound),
            self.unit,
            shown(self.found)
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "**{}.** {}\n", self.title, self.how)?;
        writeln!(f, "| what | found | |\n|---|---:|---|")?;
        for row in &self.rows {
            writeln!(f, "| {} | {} | {} |", row.what, shown(row.value), row.unit)?;
        }
        writeln!(f)?;
        for text in &self.said {
            writeln!(f, "- {text}")?;
        }
        for target in &self.targets {
            writeln!(f, "- {target}")?;
        }
        writeln!(f)
    }
}

// With three digits that count.
fn shown(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

/// Milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Says how far it is, beside what it prints.
pub fn progress(text: impl fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_say_whether_they_are_met() {
        let mut report = Report::new("a", "how".to_owned());
        report.row("rate", 12.34, "a second");
        report.at_most("overhead", 5.0, 4.9, "%");
        report.at_most("overhead", 5.0, 5.1, "%");
        report.at_most("overhead", 5.0, f64::NAN, "%");
        let text = report.to_string();
        assert!(text.contains("| rate | 12.3 | a second |"), "{text}");
        assert_eq!(
            (text.matches("- met").count(), text.matches("- missed").count()),
            (1, 2)
        );
        let json = report.json();
        assert_eq!(
            (&json["targets"][0]["met"], &json["targets"][2]["met"]),
            (&json!(true), &json!(false))
        );
    }
}
