//! A PostgreSQL of a test's own, which can be killed.
// Not every test's program calls all of it.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A server, on a socket in its own folder.
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    process: Child,
}

impl Postgres {
    /// One with nothing in it; none where there are no programs for it, which `MEDPROOF_POSTGRES_PROGRAMS` names.
    pub fn start() -> Option<Postgres> {
        let programs = PathBuf::from(std::env::var_os("MEDPROOF_POSTGRES_PROGRAMS")?);
        // A socket's path must be short.
        let folder = tempfile::Builder::new().prefix("medproof-pg-").tempdir().unwrap();
        if is_root() {
            assert!(
                Command::new("chown")
                    .arg("postgres")
                    .arg(folder.path())
                    .status()
                    .unwrap()
                    .success()
            );
        }
        let data = folder.path().join("data");
        let mut initdb = as_its_user(&programs.join("initdb"));
        initdb
            .arg("-D")
            .arg(&data)
            .args(["-U", "medproof", "-A", "trust", "-N"]);
        assert!(initdb.stdout(Stdio::null()).status().unwrap().success());
        let process = run(&programs, folder.path());
        let mut server = Postgres {
            folder,
            programs,
            process,
        };
        server.wait();
        Some(server)
    }

    /// What clients open.
    pub fn url(&self) -> String {
        format!(
            "postgres:///postgres?user=medproof&host={}",
            self.folder.path().display()
        )
    }

    /// kill -9 of the server; its other processes end of themselves when they miss it.
    pub fn kill(&mut self) {
        let number = fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap();
        let number = number.lines().next().unwrap().to_owned();
        assert!(Command::new("kill").args(["-9", &number]).status().unwrap().success());
        self.process.wait().unwrap();
    }

    /// Starts it again.
    pub fn restart(&mut self) {
        self.process = run(&self.programs, self.folder.path());
        self.wait();
    }

    // Until it answers. It refuses to start while a process of the one before lives: then it is started again.
    fn wait(&mut self) {
        let begun = Instant::now();
        loop {
            let mut ready = Command::new(self.programs.join("pg_isready"));
            ready
                .arg("-q")
                .arg("-h")
                .arg(self.folder.path())
                .args(["-U", "medproof"]);
            if ready.status().unwrap().success() {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "PostgreSQL does not start");
            if self.process.try_wait().unwrap().is_some() {
                self.process = run(&self.programs, self.folder.path());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = as_its_user(&self.programs.join("pg_ctl"));
        stop.arg("-D").arg(self.folder.path().join("data"));
        let _ = stop
            .args(["-m", "immediate", "-w", "stop"])
            .stdout(Stdio::null())
            .status();
        let _ = self.process.wait();
    }
}

fn run(programs: &Path, folder: &Path) -> Child {
    let mut postgres = as_its_user(&programs.join("postgres"));
    postgres.arg("-D").arg(folder.join("data"));
    postgres.args(["-c", "listen_addresses=", "-c"]);
    postgres.arg(format!("unix_socket_directories={}", folder.display()));
    postgres.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

// It refuses to run as root.
fn as_its_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.trim_ascii() == b"0"
}
