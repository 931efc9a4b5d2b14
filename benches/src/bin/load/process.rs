//! The processes that are measured: started, listened to, looked at, and ended by their own number.

use crate::Outcome;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A process that is ended where this is dropped.
pub struct Process {
    child: Child,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Starts one, and waits for the line that says it is ready: what `ready` makes of it.
    pub fn start<T>(command: &mut Command, ready: impl Fn(&str) -> Option<T>) -> Outcome<(Process, T)> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = child.stderr.take();
        // From here on it ends with this.
        let process = Process { child };
        let mut lines = BufReader::new(stderr.ok_or("no standard error")?).lines();
        let mut said = Vec::new();
        for line in lines.by_ref() {
            let line = line?;
            if let Some(is_ready) = ready(&line) {
                // What it says later must go somewhere.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok((process, is_ready));
            }
            said.push(line);
        }
        Err(format!("{command:?} ended before it was ready: {}", said.join("; ")).into())
    }

    fn look(&self, file: &str) -> Outcome<String> {
        let path = format!("/proc/{}/{file}", self.child.id());
        std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}").into())
    }

    /// Bytes of memory that it has.
    pub fn resident(&self) -> Outcome<f64> {
        self.status("VmRSS:")
    }

    /// Bytes of memory that it had at most.
    pub fn peak(&self) -> Outcome<f64> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> Outcome<f64> {
        let status = self.look("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes: f64 = line.ok_or("no such line")?.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes * 1024.0)
    }

    /// How long it has worked, on all cores together.
    pub fn worked(&self) -> Outcome<Duration> {
        let stat = self.look("stat")?;
        // What follows the name, which may have spaces: user and system time are the 12th and 13th, in hundredths.
        let (_, rest) = stat.rsplit_once(')').ok_or("no stat")?;
        let ticks: Outcome<Vec<u64>> = rest
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|t| Ok(t.parse()?))
            .collect();
        Ok(Duration::from_millis(10 * ticks?.iter().sum::<u64>()))
    }

    /// Files and connections that it has open.
    pub fn descriptors(&self) -> Outcome<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_started_is_looked_at_and_ended() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo ready 7 >&2; exec sleep 60"]);
        let (process, number) =
            Process::start(&mut command, |line| line.strip_prefix("ready ")?.parse::<u8>().ok()).unwrap();
        assert_eq!(number, 7);
        assert!(process.resident().unwrap() > 0.0 && process.peak().unwrap() >= process.resident().unwrap());
        assert!(process.descriptors().unwrap() >= 3 && process.worked().unwrap() < Duration::from_secs(5));
        let folder = format!("/proc/{}", process.child.id());
        drop(process);
        assert!(!std::path::Path::new(&folder).exists());
        let ended = Process::start(Command::new("sh").args(["-c", "echo no >&2"]), |_| None::<()>);
        assert!(ended.is_err_and(|error| error.to_string().contains("no")));
    }
}
