//! Telling the story: headings, lines and the table at the end.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// Tells on standard output, unless a program listens.
pub(super) struct Teller {
    silent: bool,
    colour: bool,
}

impl Teller {
    pub(super) fn new(silent: bool) -> Teller {
        Teller {
            silent,
            colour: io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        }
    }

    fn line(&self, text: impl Display) {
        if !self.silent {
            // Nobody who closed the pipe wants to hear the rest.
            let _ = writeln!(io::stdout().lock(), "{text}");
        }
    }

    fn painted(&self, code: &str, text: impl Display) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }

    /// A new scene.
    pub(super) fn scene(&self, text: impl Display) {
        self.line("");
        self.line(self.painted("1;36", format!("── {text}")));
    }

    /// Something that happened.
    pub(super) fn say(&self, text: impl Display) {
        self.line(format!("   {text}"));
    }

    /// Something that went through.
    pub(super) fn yes(&self, text: impl Display) {
        self.line(format!("   {} {text}", self.painted("32", "✓")));
    }

    /// Something that was refused, as it should be.
    pub(super) fn no(&self, text: impl Display) {
        self.line(format!("   {} {text}", self.painted("31", "✗")));
    }
}

/// Seconds with the digits that matter.
pub(super) fn seconds(time: Duration) -> String {
    let s = time.as_secs_f64();
    if s >= 10.0 {
        format!("{s:.0} s")
    } else if s >= 0.1 {
        format!("{s:.2} s")
    } else {
        format!("{:.1} ms", s * 1e3)
    }
}

/// A number with thin separators.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_readable() {
        assert_eq!(grouped(65_055), "65,055");
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(seconds(Duration::from_millis(2)), "2.0 ms");
        assert_eq!(seconds(Duration::from_millis(1_234)), "1.23 s");
        assert_eq!(seconds(Duration::from_secs(75)), "75 s");
    }
}
