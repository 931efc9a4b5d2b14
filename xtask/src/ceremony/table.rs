//! What was found, beside what was to be reached.

use std::fmt;

/// Of a part.
pub struct Found {
    /// What was measured, on what.
    pub about: String,
    /// The unit of the numbers, in the table's head.
    pub unit: &'static str,
    pub rows: Vec<Row>,
    pub targets: Vec<Target>,
}

/// What was measured some times.
pub struct Row {
    pub what: String,
    pub numbers: Vec<f64>,
}

/// What was to be reached.
pub struct Target {
    pub what: String,
    pub met: bool,
}

impl Found {
    /// Targets that were not reached.
    pub fn misses(&self) -> impl Iterator<Item = &str> {
        self.targets
            .iter()
            .filter(|target| !target.met)
            .map(|target| target.what.as_str())
    }
}

impl Row {
    /// The middle of its numbers.
    pub fn median(&self) -> f64 {
        let sorted = self.sorted();
        let middle = |i: usize| sorted.get(i).copied().unwrap_or(f64::NAN);
        middle(sorted.len() / 2).midpoint(middle(sorted.len().saturating_sub(1) / 2))
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.numbers.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// How many times as fast one is as the other, at least.
pub fn times_as_fast(ours: &Row, theirs: &Row, least: f64) -> Target {
    let found = theirs.median() / ours.median();
    Target {
        what: format!("at least {least} times as fast as snarkjs, found {found:.1}"),
        met: found >= least,
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.unit;
        writeln!(f, "{}\n", self.about)?;
        writeln!(f, "| what | median, {unit} | least | most |\n|---|---:|---:|---:|")?;
        for row in &self.rows {
            let sorted = row.sorted();
            let ends = [sorted.first(), sorted.last()].map(|end| end.copied().unwrap_or(f64::NAN));
            writeln!(
                f,
                "| {} | {:.2} | {:.2} | {:.2} |",
                row.what,
                row.median(),
                ends[0],
                ends[1]
            )?;
        }
        writeln!(f)?;
        self.targets.iter().try_for_each(|target| {
            let met = if target.met { "met" } else { "missed" };
            writeln!(f, "- {met}: {}", target.what)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(what: &str, numbers: &[f64]) -> Row {
        Row {
            what: what.to_owned(),
            numbers: numbers.to_vec(),
        }
    }

    #[test]
    fn medians_are_compared_and_what_was_missed_is_named() {
        let (ours, theirs) = (row("ours", &[1.0, 9.0, 2.0]), row("theirs", &[40.0, 30.0]));
        let targets = vec![times_as_fast(&ours, &theirs, 17.5), times_as_fast(&ours, &theirs, 18.0)];
        let found = Found {
            about: "**This.** On that.".to_owned(),
            unit: "s",
            rows: vec![ours, theirs],
            targets,
        };
        let misses: Vec<_> = found.misses().collect();
        assert_eq!(misses, ["at least 18 times as fast as snarkjs, found 17.5"]);
        let text = found.to_string();
        assert!(text.contains("| ours | 2.00 | 1.00 | 9.00 |"), "{text}");
        assert!(
            text.contains("- met: at least 17.5") && text.contains("- missed: at least 18"),
            "{text}"
        );
    }
}
