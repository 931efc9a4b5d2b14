//! `docs/ops/quickstart.md`, run as it stands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{ANNA, BINARY, World, bundles};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where grpcurl is; `MEDPROOF_GRPCURL` names it where it is not on the path.
fn grpcurl() -> Option<String> {
    let named = std::env::var("MEDPROOF_GRPCURL").unwrap_or_else(|_| "grpcurl".to_owned());
    let found = Command::new(&named)
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success()).then_some(named)
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
    let script = format!(
        "set -euo pipefail\nmedproof() {{ '{BINARY}' \"$@\"; }}\ngrpcurl() {{ '{grpcurl}' \"$@\"; }}\n\
         trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{}",
        commands()
    );
    let run = world_shell(&world).arg("-c").arg(script).output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr),
    );
    assert!(run.status.success(), "{out}\n{err}");
    for expected in ["medproof.v1.DisclosureService", "STATE_SUCCEEDED", "valid"] {
        assert!(out.contains(expected), "{expected}: {out}\n{err}");
    }
    assert!(err.contains("certificates were read again"), "{err}");
    assert_eq!(fs::read(world.path("answer.bin")).unwrap().len(), 321);
}

// With the tools that people have.
fn world_shell(world: &World) -> Command {
    let mut shell = Command::new("bash");
    shell
        .current_dir(world.dir.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("MEDPROOF_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
    shell
}
