//! A peer's process: told by lines, answering by lines.

use crate::run::Result;
use std::fs::File;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A process, ended when dropped.
pub struct Process {
    name: String,
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    log: PathBuf,
}

/// What it said: milliseconds, and perhaps a note.
pub struct Answer {
    pub ms: f64,
    pub note: String,
}

impl Process {
    /// Starts it; what it complains of goes to a file.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Process> {
        let errors = File::create(log).map_err(|e| format!("{}: {e}", log.display()))?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child =
            (command.spawn()).map_err(|e| format!("{name}: cannot start {}: {e}", command.get_program().display()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{name}: no pipes"));
        };
        Ok(Process {
            name: name.to_owned(),
            child,
            input,
            output: BufReader::new(output).lines(),
            log: log.to_owned(),
        })
    }

    /// Its next line, which must begin with this word.
    pub fn hear(&mut self, word: &str) -> Result<Answer> {
        let Some(Ok(line)) = self.output.next() else {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            return Err(format!(
                "{} ended where \"{word}\" was expected:\n{}",
                self.name,
                log.trim()
            ));
        };
        parse(&line, word).ok_or_else(|| format!("{}: expected \"{word} MS\", found \"{line}\"", self.name))
    }

    /// Tells it a line and hears the answer.
    pub fn ask(&mut self, line: &str, word: &str) -> Result<Answer> {
        // One that has ended says why in its log.
        let _ = writeln!(self.input, "{line}").and_then(|()| self.input.flush());
        self.hear(word)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn parse(line: &str, word: &str) -> Option<Answer> {
    let mut fields = line.strip_prefix(word)?.strip_prefix(' ')?.splitn(2, ' ');
    let ms: f64 = fields.next()?.parse().ok()?;
    let note = fields.next().unwrap_or_default().trim().to_owned();
    (ms.is_finite() && ms >= 0.0).then_some(Answer { ms, note })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_a_word_a_time_and_perhaps_a_note() {
        let answer = parse("ready 12.5 on 2 threads", "ready").unwrap();
        assert_eq!((answer.ms, answer.note.as_str()), (12.5, "on 2 threads"));
        assert_eq!(parse("proved 7", "proved").map(|a| a.ms), Some(7.0));
        for other in ["proved", "proved x", "proved -1", "proved NaN", "ready 1", "provedly 1"] {
            assert!(parse(other, "proved").is_none(), "{other}");
        }
    }
}
