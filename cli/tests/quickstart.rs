//! `docs/ops/quickstart.md`, run as it stands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{ANNA, BINARY, World, bundles};
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where grpcurl is: on the path, or where `MEDPROOF_GRPCURL` says.
fn grpcurl() -> Option<PathBuf> {
    let named = std::env::var_os("MEDPROOF_GRPCURL").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("grpcurl"));
    named.into_iter().chain(on_path).find(|file| file.is_file())
}

fn commands() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ops/quickstart.md");
    let text = fs::read_to_string(file).unwrap();
    let blocks: Vec<&str> = text
        .split("```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(blocks.len() >= 4, "{blocks:?}");
    blocks.concat()
}

#[test]
fn the_quickstart_does_what_it_says() {
    let Some(grpcurl) = grpcurl() else {
        let said = "\n!!! quickstart SKIPPED: no grpcurl\n";
        let _ = std::io::stderr().write_all(said.as_bytes());
        return;
    };
    let world = World::empty();
    let name = format!("{ANNA}.json");
    world.write(&format!("bundles/{name}"), &bundles()[&name]);
    // Under their own names, as installed.
    fs::create_dir(world.path("bin")).unwrap();
    symlink(BINARY, world.path("bin/medproof")).unwrap();
    symlink(&grpcurl, world.path("bin/grpcurl")).unwrap();
    let script = format!(
        "set -euo pipefail\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{}",
        commands()
    );
    let run = world_shell(&world).arg("-c").arg(script).output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr),
    );
    assert!(run.status.success(), "{out}\n{err}");
    for expected in [
        "medproof.v1.DisclosureService",
        "STATE_SUCCEEDED",
        "first answer of this holder",
    ] {
        assert!(out.contains(expected), "{expected}: {out}\n{err}");
    }
    assert!(err.contains("certificates were read again"), "{err}");
    assert_eq!(fs::read(world.path("answer.bin")).unwrap().len(), 321);
}

fn world_shell(world: &World) -> Command {
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", world.path("bin").display());
    let mut shell = Command::new("bash");
    shell
        .current_dir(world.dir.path())
        .env_clear()
        .env("PATH", path)
        .env("MEDPROOF_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
    shell
}
