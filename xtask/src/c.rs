//! `cargo xtask c`: the verifier's C library, installed as packagers do it, and held to its header.

use crate::conformance::{self, FrontEnd, Reads};
use crate::run::{Outcome, Result, cargo, output, root, step, step_with, target};
use crate::tools;
use std::path::{Path, PathBuf};

const FOLDER: &str = "verifier/bindings/c";

/// What a program that links the static library links beside it, as rustc lists it for Linux.
const PRIVATE: &str = "-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc";

const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Werror", "-pedantic"];

/// How the library is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// As tests are.
    Dev,
    /// As it is shipped: small.
    Embed,
}

impl Build {
    pub const fn profile(self) -> &'static str {
        match self {
            Build::Dev => "dev",
            Build::Embed => "embed",
        }
    }

    const fn folder(self) -> &'static str {
        match self {
            Build::Dev => "debug",
            Build::Embed => "embed",
        }
    }
}

/// The header, then all that [`check`] does.
pub fn all() -> Result<Outcome> {
    let args = ["test", "--quiet", "--package", "medproof-c"];
    step("the C library's header", ".", &cargo(), &args)?;
    check(Build::Dev)
}

/// Builds, installs into a scratch folder, and runs what is compiled against that.
pub fn check(build: Build) -> Result<Outcome> {
    let tools = tools::ensure_c();
    if !tools.compilers {
        return Ok(Outcome::Incomplete);
    }
    let installed = Installed::scratch(build)?;
    let files = conformance::base_files()?;
    let answered: Vec<&str> = files.iter().map(String::as_str).collect();
    let [example, as_cpp, fixed, abi] = [
        installed.compile("examples/verify.c", "verify", &C11, Link::Shared)?,
        installed.compile("examples/verify.c", "verify-cpp", &CPP17, Link::Shared)?,
        installed.compile("examples/verify.c", "verify-static", &C11, Link::Static)?,
        installed.compile("tests/abi.c", "abi", &C11_THREADS, Link::Shared)?,
    ];
    for program in [&example, &as_cpp, &fixed] {
        step("C: the example", ".", program, &answered)?;
    }
    refuses(&fixed, &answered)?;
    if !tools.valgrind {
        step("C: what the header promises", ".", &abi, &answered)?;
        return Ok(Outcome::Incomplete);
    }
    let valgrind = [
        "--quiet",
        "--error-exitcode=9",
        "--leak-check=full",
        "--show-leak-kinds=all",
        "--errors-for-leak-kinds=all",
    ];
    for (what, program) in [("what the header promises", &abi), ("the example", &fixed)] {
        let args = [&valgrind[..], &[program], &answered].concat();
        step(&format!("C: {what}, under valgrind"), ".", "valgrind", &args)?;
    }
    Ok(Outcome::Passed)
}

// The example again, after its request has ended: its code says so.
fn refuses(program: &str, answered: &[&str]) -> Result<()> {
    let [files @ .., _] = answered else {
        return Err("no files to answer".to_owned());
    };
    let args = [files, &["9000000000"]].concat();
    let code = crate::run::command_of(program)
        .args(args)
        .status()
        .map_err(|e| e.to_string())?
        .code();
    if code == Some(1) {
        return Ok(());
    }
    Err(format!(
        "the C example: expected the exit code 1 for a request that has ended, found {code:?}"
    ))
}

/// `cargo xtask c --install DIR`: header, libraries, pkg-config's file, example and licence.
pub fn install(folder: &str) -> Result<Outcome> {
    let prefix = std::env::current_dir().map_err(|e| e.to_string())?.join(folder);
    Installed::at(&prefix, Build::Embed)?;
    println!("installed in {}", prefix.display());
    Ok(Outcome::Passed)
}

/// The program that answers vectors through the library.
pub fn front_end(build: Build) -> Result<Option<FrontEnd>> {
    if !tools::ensure_c().compilers {
        return Ok(None);
    }
    let installed = Installed::scratch(build)?;
    let program = installed.compile("tests/conformance.c", "conformance", &C11, Link::Shared)?;
    Ok(Some(FrontEnd {
        command: vec![program],
        env: Vec::new(),
        reads: Reads::Stream,
    }))
}

// ---- compiling against what is installed ----

struct Language {
    compiler: &'static str,
    args: &'static [&'static str],
}

const C11: Language = Language {
    compiler: "cc",
    args: &["-std=c11"],
};
const C11_THREADS: Language = Language {
    compiler: "cc",
    args: &["-std=c11", "-pthread"],
};
const CPP17: Language = Language {
    compiler: "g++",
    args: &["-x", "c++", "-std=c++17"],
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    Shared,
    Static,
}

struct Installed {
    prefix: PathBuf,
}

impl Installed {
    fn scratch(build: Build) -> Result<Installed> {
        Installed::at(&target()?.join("c").join(build.folder()), build)
    }

    // As C libraries are: the shared one by its full version, with links by which programs and compilers find it.
    fn at(prefix: &Path, build: Build) -> Result<Installed> {
        if !cfg!(target_os = "linux") {
            return Err(
                "the C library's layout is known for Linux alone; cargo build --package medproof-c builds it".into(),
            );
        }
        let args = [
            "build",
            "--quiet",
            "--package",
            "medproof-c",
            "--profile",
            build.profile(),
        ];
        step("C: the library", ".", &cargo(), &args)?;
        let built = target()?.join(build.folder());
        let version = env!("CARGO_PKG_VERSION");
        let (abi, _) = version.rsplit_once('.').ok_or("a version of one number")?;
        let here = root().join(FOLDER);
        let [lib, doc] = ["lib", "share/doc/medproof"].map(|folder| prefix.join(folder));
        let full = format!("libmedproof.so.{version}");
        copy(&here.join("include/medproof.h"), &prefix.join("include/medproof.h"))?;
        copy(&built.join("libmedproof.a"), &lib.join("libmedproof.a"))?;
        copy(&built.join("libmedproof.so"), &lib.join(&full))?;
        link(&full, &lib.join(format!("libmedproof.so.{abi}")))?;
        link(&full, &lib.join("libmedproof.so"))?;
        for file in [
            here.join("README.md"),
            here.join("examples/verify.c"),
            root().join("LICENSE"),
        ] {
            copy(&file, &doc.join(file.file_name().ok_or("a file without a name")?))?;
        }
        let installed = Installed { prefix: prefix.into() };
        installed.describe(&here.join("medproof.pc.in"), version)?;
        Ok(installed)
    }

    // For pkg-config.
    fn describe(&self, template: &Path, version: &str) -> Result<()> {
        let template = std::fs::read_to_string(template).map_err(|e| e.to_string())?;
        let described = template
            .replace("@PREFIX@", text(&self.prefix)?)
            .replace("@VERSION@", version)
            .replace("@PRIVATE@", PRIVATE);
        let file = self.prefix.join("lib/pkgconfig/medproof.pc");
        make_parent(&file)?;
        std::fs::write(&file, described).map_err(|e| format!("{}: {e}", file.display()))
    }

    fn compile(&self, source: &str, name: &str, language: &Language, link: Link) -> Result<String> {
        let program = self.prefix.join("bin").join(name);
        make_parent(&program)?;
        let program = text(&program)?;
        let lib = self.prefix.join("lib");
        let flags = self.flags(link)?;
        let mut args = vec!["-O1", "-g"];
        args.extend(STRICT);
        args.extend(language.args);
        args.extend([source, "-x", "none", "-o", program]);
        args.extend(flags.split_whitespace());
        let run_path = format!("-Wl,-rpath,{}", text(&lib)?);
        args.push(&run_path);
        step_with(&format!("C: {source} as {name}"), FOLDER, language.compiler, &args, &[])?;
        Ok(program.to_owned())
    }

    // As pkg-config has them.
    fn flags(&self, link: Link) -> Result<String> {
        let described = self.prefix.join("lib/pkgconfig/medproof.pc");
        let mut args = vec!["--cflags", "--libs"];
        args.extend((link == Link::Static).then_some("--static"));
        args.push(text(&described)?);
        let flags = output("pkg-config", &args).ok_or("pkg-config does not read medproof.pc")?;
        Ok(match link {
            Link::Shared => flags,
            // The linker takes the shared one of two that lie beside each other.
            Link::Static => flags.replace("-lmedproof", "-l:libmedproof.a"),
        })
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| "a path that is no text".to_owned())
}

fn make_parent(file: &Path) -> Result<()> {
    let folder = file.parent().ok_or("a file without a folder")?;
    std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))
}

// Over what an earlier run left: programs that have it open keep theirs.
fn copy(from: &Path, to: &Path) -> Result<()> {
    make_parent(to)?;
    let _ = std::fs::remove_file(to);
    let copied = std::fs::copy(from, to);
    copied.map(drop).map_err(|e| format!("{}: {e}", from.display()))
}

fn link(to: &str, at: &Path) -> Result<()> {
    let _ = std::fs::remove_file(at);
    #[cfg(unix)]
    std::os::unix::fs::symlink(to, at).map_err(|e| format!("{}: {e}", at.display()))?;
    #[cfg(not(unix))]
    let _ = to;
    Ok(())
}
