//! `cargo xtask python`: the verifier's Python package, as the wheel that is installed.

use crate::c::Build;
use crate::conformance::{self, FrontEnd, Reads};
use crate::run::{Outcome, Result, root, step, step_with, target};
use crate::tools;
use std::path::{Path, PathBuf};

const FOLDER: &str = "verifier/bindings/python";

/// Builds the wheel, installs it into a scratch folder, and runs its types, tests and examples there.
pub fn check(build: Build) -> Result<Outcome> {
    let Some(installed) = Installed::scratch(build)? else {
        return Ok(Outcome::Incomplete);
    };
    let files = conformance::base_files()?;
    let answered: Vec<&str> = files.iter().map(String::as_str).collect();
    let of_schema = ["generate.py", "--check"];
    step("Python: its classes against the schema", FOLDER, "python3", &of_schema)?;
    installed.python("the example", &[&["examples/verify.py"][..], &answered].concat())?;
    installed.python("its tests", &[&["tests/test_medproof.py"][..], &answered].concat())?;
    // mypy's own modules before those that it looks at.
    let types = ["-m", "mypy", "examples", "tests", "conformance.py", "generate.py"];
    installed.typed("types, strictly", &types)?;
    installed.typed("the stubs", &["-m", "mypy.stubtest", "medproof"])?;
    Ok(Outcome::Passed)
}

/// The program that answers vectors through the package.
pub fn front_end(build: Build) -> Result<Option<FrontEnd>> {
    let Some(installed) = Installed::scratch(build)? else {
        return Ok(None);
    };
    let program = root().join(FOLDER).join("conformance.py");
    Ok(Some(FrontEnd {
        command: vec!["python3".to_owned(), program.display().to_string()],
        env: vec![("PYTHONPATH".to_owned(), installed.site)],
        reads: Reads::Json,
    }))
}

struct Installed {
    tools: String,
    site: String,
}

impl Installed {
    fn scratch(build: Build) -> Result<Option<Installed>> {
        let Some(tools) = tools::ensure_python_packages(&format!("{FOLDER}/tools.txt"))? else {
            return Ok(None);
        };
        let folder = target()?.join("python").join(build.profile());
        let [wheels, site] = ["wheels", "site"].map(|name| folder.join(name));
        for old in [&wheels, &site] {
            let _ = std::fs::remove_dir_all(old);
        }
        let [wheels_at, site, tools] = [&wheels, &site, &tools].map(|path| path.display().to_string());
        let maturin = format!("{tools}/bin/maturin");
        let args = [
            "build",
            "--quiet",
            "--locked",
            "--profile",
            build.profile(),
            "--out",
            &wheels_at,
        ];
        step_with("Python: the wheel", FOLDER, &maturin, &args, &[("PYTHONPATH", &tools)])?;
        let wheel = only_file(&wheels)?.display().to_string();
        let install = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-index",
            "--no-deps",
            "--target",
            &site,
            &wheel,
        ];
        step("Python: install the wheel", ".", "python3", &install)?;
        Ok(Some(Installed { tools, site }))
    }

    fn python(&self, name: &str, args: &[&str]) -> Result<()> {
        let env = [("PYTHONPATH", self.site.as_str())];
        step_with(&format!("Python: {name}"), FOLDER, "python3", args, &env)
    }

    fn typed(&self, name: &str, args: &[&str]) -> Result<()> {
        let path = format!("{}:{}", self.tools, self.site);
        let env = [("PYTHONPATH", path.as_str()), ("MYPYPATH", &self.site)];
        step_with(&format!("Python: {name}"), FOLDER, "python3", args, &env)
    }
}

fn only_file(folder: &Path) -> Result<PathBuf> {
    let found = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let files: Vec<PathBuf> = found.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let [file] = files.as_slice() else {
        return Err(format!(
            "{}: expected one wheel, found {}",
            folder.display(),
            files.len()
        ));
    };
    Ok(file.clone())
}
