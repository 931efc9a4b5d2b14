//! What a person or a program sees: results on standard output, progress and notes on standard error.
//!
//! With `--json` standard output has exactly one JSON document, whatever happens: the command's
//! report, or `{"error": …}`. The exit code tells which.

use crate::cancel;
use crate::error::CliError;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use medproof_keys::Progress;
use serde::Serialize;
use std::fmt::{Debug, Display};
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a command gives back: data for programs ([`Serialize`]) and words for people ([`Display`]).
pub trait Report: Serialize + Display {}

impl<T: Serialize + Display> Report for T {}

/// Work that takes less shows no progress.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where output goes.
#[derive(Clone, Copy, Debug)]
pub struct Ui {
    json: bool,
    terminal: bool,
    notes: bool,
}

impl Ui {
    /// For a process: progress if standard error is a terminal.
    #[must_use]
    pub fn of_process(json: bool) -> Ui {
        Ui {
            json,
            terminal: io::stderr().is_terminal(),
            notes: true,
        }
    }

    /// Shows nothing: for callers that use the reports themselves.
    #[must_use]
    pub const fn silent() -> Ui {
        Ui {
            json: false,
            terminal: false,
            notes: false,
        }
    }

    /// Whether results are JSON.
    #[must_use]
    pub const fn json(&self) -> bool {
        self.json
    }

    /// Prints a command's report.
    ///
    /// # Errors
    /// Where standard output does not take it: a result that nobody could read is none.
    pub fn print(&self, report: &impl Report) -> Result<(), CliError> {
        let text = if self.json {
            serde_json::to_string_pretty(report).map_err(|e| CliError::system("output", e))?
        } else {
            harmless(&report.to_string())
        };
        let mut out = io::stdout().lock();
        match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
            // Who reads has read enough, as `head` does.
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(e) => Err(CliError::system(
                "output",
                format!("cannot write to standard output: {e}"),
            )),
            Ok(()) => Ok(()),
        }
    }

    /// Prints why a command failed: JSON on standard output, words on standard error.
    pub fn print_error(&self, error: &CliError) {
        #[derive(Serialize)]
        struct Failed<'a> {
            error: &'a CliError,
        }
        // Where even this cannot be written, the exit code still says it.
        let _ = if self.json {
            let json = serde_json::to_string_pretty(&Failed { error }).unwrap_or_default();
            writeln!(io::stdout().lock(), "{json}")
        } else {
            writeln!(io::stderr().lock(), "error: {}", harmless(&error.to_string()))
        };
    }

    /// Says something beside the result, on standard error.
    pub fn note(&self, text: impl Display) {
        if self.notes {
            let _ = writeln!(io::stderr().lock(), "{}", harmless(&text.to_string()));
        }
    }

    /// Follows a piece of work, and stops it on Ctrl-C.
    #[must_use]
    pub fn bar(&self, what: &str) -> Bar {
        Bar {
            what: what.to_owned(),
            shown: self.terminal,
            bar: Mutex::new(None),
        }
    }
}

/// Words with nothing that a terminal obeys: file names and messages of strangers are among them.
fn harmless(text: &str) -> String {
    let obeyed =
        |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if obeyed(c) { '?' } else { c }).collect()
}

/// A progress bar on a terminal, once the work has taken a second.
pub struct Bar {
    what: String,
    shown: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Bar {
    /// `done` of `total` are done.
    pub fn set(&self, stage: impl Display, done: u64, total: u64) {
        if !self.shown {
            return;
        }
        let mut slot = self.lock();
        let bar = slot.get_or_insert_with(new_bar);
        bar.set_message(format!("{}: {stage}", self.what));
        bar.set_length(total);
        bar.set_position(done);
    }

    fn lock(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hidden at first: a piece of work that takes long may report nothing while it lasts, so the
/// waiting is done beside it.
fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::hidden());
    let style = ProgressStyle::with_template("{spinner} {msg} {wide_bar} {percent:>3} % {elapsed}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    let patient = bar.downgrade();
    std::thread::spawn(move || {
        std::thread::sleep(PATIENCE);
        if let Some(bar) = patient.upgrade().filter(|bar| !bar.is_finished()) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(120));
        }
    });
    bar
}

impl<S: Display> Progress<S> for Bar {
    fn advance(&self, stage: S, done: u64, total: u64) {
        self.set(stage, done, total);
    }

    fn cancelled(&self) -> bool {
        cancel::requested()
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = self.lock().take() {
            bar.finish_and_clear();
        }
    }
}

impl Debug for Bar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bar").field("what", &self.what).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_hold_nothing_that_a_terminal_obeys() {
        assert_eq!(harmless("a\u{1b}[2Jb\rc\u{202e}d\u{9b}e"), "a?[2Jb?c?d?e");
        assert_eq!(harmless("HbA1c ≥ 7\nMüller"), "HbA1c ≥ 7\nMüller");
    }
}
