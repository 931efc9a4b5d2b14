//! A PostgreSQL of its own for the tests: in a folder, on a socket there, and gone with them.

use crate::run::{Result, output, step};
use crate::tools;
use std::fs;
use std::path::{Path, PathBuf};

/// A server that runs until it is dropped.
pub struct Postgres {
    folder: PathBuf,
    control: String,
}

/// Starts one; `None` where there is no PostgreSQL and none could be installed.
pub fn start() -> Result<Option<Postgres>> {
    let Some(programs) = tools::ensure_postgres() else {
        return Ok(None);
    };
    // A socket's path must be short.
    let folder = std::env::temp_dir().join(format!("medproof-pg-{}", std::process::id()));
    fs::create_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    if is_root() {
        run("chown", &["postgres", text(&folder)?])?;
    }
    let program = |name: &str| text(&programs.join(name)).map(str::to_owned);
    let data = folder.join("data");
    let data = text(&data)?;
    as_its_user(
        &program("initdb")?,
        &["-D", data, "-U", "medproof", "-A", "trust", "-N"],
    )?;
    let options = format!("-c listen_addresses='' -c unix_socket_directories='{}'", text(&folder)?);
    let control = program("pg_ctl")?;
    let log = folder.join("log");
    as_its_user(
        &control,
        &["-D", data, "-w", "-l", text(&log)?, "-o", &options, "start"],
    )?;
    Ok(Some(Postgres { folder, control }))
}

impl Postgres {
    /// Where it is.
    pub fn url(&self) -> String {
        format!("postgres:///postgres?user=medproof&host={}", self.folder.display())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.join("data");
        if let Some(data) = data.to_str() {
            let _ = as_its_user(&self.control, &["-D", data, "-m", "immediate", "-w", "stop"]);
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

// It refuses to run as root.
fn as_its_user(program: &str, args: &[&str]) -> Result<()> {
    if !is_root() {
        return run(program, args);
    }
    run("runuser", &[&["-u", "postgres", "--", program], args].concat())
}

fn run(program: &str, args: &[&str]) -> Result<()> {
    step("PostgreSQL for the tests", ".", program, args)
}

fn is_root() -> bool {
    output("id", &["-u"]).is_some_and(|id| id.trim() == "0")
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| "a path that is no text".to_owned())
}

/// The folder with PostgreSQL's programs: that of the newest version of Debian's, or of the path.
pub fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten().flatten();
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(number);
    let debian = newest.map(|version| version.join("bin"));
    let folder = debian.filter(|folder| folder.join("initdb").is_file());
    folder.or_else(|| {
        let folder = output("pg_config", &["--bindir"])?;
        let folder = PathBuf::from(folder.trim());
        folder.join("initdb").is_file().then_some(folder)
    })
}
