//! What goes wrong when people use a program: wrong paths, wrong files, full disks, two runs at
//! once, Ctrl-C.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod common;

use common::{ANNA, BERTA, BINARY, Run, World, bundles};
use std::fs;
use std::path::PathBuf;

#[test]
fn wrong_command_lines_exit_with_2_and_say_what_was_meant() {
    let world = World::empty();
    let run = world.run("claim chek adult").failed(2, "usage");
    assert!(run.out.contains("check"));
    let run = world.run("claim check adult --as-of 2021-02-29").failed(2, "usage");
    assert!(run.out.contains("2021-02-29") && run.out.contains("YYYY-MM-DD"));
    world
        .run("claim test adult --records x --as-of yesterday")
        .failed(2, "usage");
    world.run("circuit stats --tier XXL").failed(2, "usage");
    world.run("ledger admit-issuer 0x12").failed(2, "usage");
    let nothing = Run::of(world.command::<&str>(&[]).output().unwrap());
    assert_eq!(nothing.code, Some(2));
    assert!(nothing.err.contains("Usage"));
    let help = Run::of(world.command(&["prove", "--help"]).output().unwrap()).ok();
    assert!(help.out.contains("Examples"));
}

#[test]
fn errors_are_words_on_standard_error_without_json() {
    let world = World::empty();
    let run = Run::of(world.command(&["claim", "check", "adlut"]).output().unwrap());
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(run.err.starts_with("error: ") && run.err.contains("adult"));
}

#[test]
fn wrong_paths_are_named() {
    let world = World::with_patients(&[], "XS");
    world.run("claim check no/such.json").failed(2, "file.not_found");
    world.run("claim check records").failed(2, "file.not_a_file");
    world
        .run("claim test adult --records nowhere --as-of 2021-04-01")
        .failed(2, "records.unreadable");
    world
        .run("claim test adult --records records --as-of 2021-04-01")
        .failed(2, "records.none");
    world.run("ledger status --ledger nowhere").failed(2, "ledger.none");
    assert!(
        !world.path("nowhere").exists(),
        "looking for a ledger must not make a directory"
    );
    world.run("issuer list --issuer nowhere").failed(2, "issuer.none");
    world.run("holder keygen --out nowhere/h").failed(2, "file.not_found");
    world.write("file", "");
    let run = world.run("holder keygen --out file/h");
    assert_eq!(run.code, Some(2), "{run:?}");
    world
        .run("holder keygen --out records --force")
        .failed(2, "file.not_a_file");
    world
        .run("ledger status --ledger http://127.0.0.1:1")
        .failed(2, "ledger.no_deployment");
    world
        .run("ledger status --ledger http://127.0.0.1:1 --deployment medproof/ledger/deployment.json")
        .failed(2, "ledger.chain");
}

#[test]
fn what_is_there_is_not_overwritten() {
    let world = World::empty();
    world.ok("holder keygen --out h");
    let before = fs::read(world.path("h")).unwrap();
    world.run("holder keygen --out h").failed(2, "file.exists");
    assert_eq!(fs::read(world.path("h")).unwrap(), before);
    world.ok("holder keygen --out h --force");
    assert_ne!(fs::read(world.path("h")).unwrap(), before);
    world.ok("ledger deploy");
    let run = world.run("ledger deploy");
    assert_eq!(run.code, Some(2), "{run:?}");
    world.ok("issuer init --name One");
    world.run("issuer init --name Two").failed(2, "issuer.exists");
}

#[test]
fn malformed_claims_are_refused_with_path_and_suggestion() {
    let world = World::empty();
    world.ok("claim new --from adult --out claim.json");
    let claim = fs::read_to_string(world.path("claim.json")).unwrap();
    world.write("typo.json", claim.replace("at_least", "at_leest"));
    let run = world.run("claim check typo.json").failed(2, "claim");
    assert!(
        run.out.contains("/clauses/0/age") && run.out.contains("did you mean `at_least`"),
        "{run:?}"
    );
    world.write("cut.json", &claim[..claim.len() / 2]);
    let run = world.run("claim explain cut.json").failed(2, "claim");
    assert!(run.out.contains("cut.json"));
    world.write(
        "typo.yaml",
        "form: medproof-claim/1\ntitle: Adult\nclauses:\n  - aeg: { at_least: 18 }\n",
    );
    let run = world.run("claim check typo.yaml").failed(2, "claim");
    assert!(
        run.out.contains("line 4") && run.out.contains("did you mean `age`"),
        "{run:?}"
    );
    world.ok("claim check claim.json");
}

#[test]
fn a_malformed_bundle_is_refused_with_its_json_path_and_nothing_is_stored() {
    let world = World::with_patients(&[], "XS");
    let name = format!("{ANNA}.json");
    let good = String::from_utf8(bundles()[&name].clone()).unwrap();
    world.write(&format!("records/{BERTA}.json"), &bundles()[&format!("{BERTA}.json")]);
    // Exports name files by the patient: in a directory an error counts them instead.
    for (file, bad) in [
        ("Zoe_Cut.json", good[..good.len() / 2].to_owned()),
        (
            "Zoe_Wrong.json",
            good.replacen(r#""birthDate":""#, r#""birthDate":7,"x":""#, 1),
        ),
        ("Zoe_Text.json", "hello".to_owned()),
    ] {
        assert!(bad != good, "{file}");
        world.write(&format!("records/{file}"), &bad);
        let run = world.run("issuer import --records records --complete synthea");
        let run = run.failed(2, "records.malformed");
        assert!(
            run.out.contains("records, .json file 1 of 2 by name") && !run.out.contains("Zoe"),
            "{run:?}"
        );
        if file == "Zoe_Wrong.json" {
            assert!(run.out.contains("entry[0].resource.birthDate"), "{run:?}");
        }
        let run = world.run(&format!("issuer import --records records/{file}"));
        assert!(run.failed(2, "records.malformed").out.contains(file));
        fs::remove_file(world.path(&format!("records/{file}"))).unwrap();
        assert_eq!(world.ok("issuer list")["patients"], serde_json::json!([]));
    }
    world.ok("issuer import --records records --complete synthea");
    world
        .run("issuer import --records records --complete synthea")
        .failed(1, "issuer.refused");
    let run = world
        .run("issuer import --records records --complete bananas")
        .failed(2, "records.manifest");
    assert!(run.out.contains("bananas") && run.out.contains("immunization"));
}

#[test]
fn other_messages_are_refused_as_such() {
    let world = World::with_patients(&[ANNA], "XS");
    world.enroll(ANNA, "anna");
    world.request("r", "sponsor", "--claim adult --scope s");
    // A key file where a request belongs.
    world.run("request show anna.holder").failed(2, "json.type");
    world
        .run("holder consent --holder anna.holder --request anna.enrolment --out c")
        .failed(2, "json.form");
    world
        .run("holder consent --holder sponsor --request r.request --out c")
        .failed(2, "key_file.malformed");
    world.run("request show records").failed(2, "file.not_a_file");
    let request = fs::read_to_string(world.path("r.request")).unwrap();
    // Another day, under the same signature.
    world.write("changed.request", request.replace("2021-04-01", "2021-04-02"));
    world.run("request show changed.request").failed(1, "did.signature");
    world.write("spaced.request", request.replace(',', ", "));
    world.run("request show spaced.request").failed(2, "json.not_canonical");
    // What an editor adds at the end is not held against it.
    world.write("newline.request", format!("{request}\n"));
    world.ok("request show newline.request");
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::fs::Permissions;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    fn wait(mut ready: impl FnMut() -> bool) {
        let start = Instant::now();
        while !ready() {
            assert!(start.elapsed() < Duration::from_secs(60), "it never came");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// An import that waits in the middle, at a pipe that nobody has written to yet, and the
    /// pipe's other end.
    fn waiting_import(world: &World) -> (Child, fs::File) {
        let pipe = world.path("pipe.json");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let words = [
            "issuer",
            "import",
            "--records",
            "pipe.json",
            "--complete",
            "synthea",
            "--json",
        ];
        let child = world
            .command(&words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Opening ends when the other side opens it too: with the issuer in its hands.
        let (sender, opened) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(fs::File::options().write(true).open(pipe).unwrap()));
        let pipe = opened
            .recv_timeout(Duration::from_secs(60))
            .expect("the import never came to its file");
        (child, pipe)
    }

    fn send_bundle(mut pipe: fs::File) {
        pipe.write_all(&bundles()[&format!("{ANNA}.json")]).unwrap();
    }

    fn interrupt(child: &Child) {
        let status = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    fn finish(child: Child) -> Run {
        Run::of(child.wait_with_output().unwrap())
    }

    #[test]
    fn of_two_runs_at_once_the_second_is_told() {
        let world = World::with_patients(&[], "XS");
        let (child, pipe) = waiting_import(&world);
        let run = world.run("issuer list").failed(2, "issuer.busy");
        assert_eq!(run.json()["error"]["kind"], "busy");
        send_bundle(pipe);
        finish(child).ok();
        assert_eq!(world.ok("issuer list")["patients"].as_array().unwrap().len(), 1);
        // The ledger and the answers as well.
        let lock = fs::File::open(world.path("medproof/ledger/lock")).unwrap();
        lock.lock().unwrap();
        world.run("ledger status").failed(2, "ledger.busy");
        drop(lock);
        world.ok("ledger status");
    }

    #[test]
    fn ctrl_c_in_the_middle_of_an_import_leaves_nothing_of_it() {
        let world = World::with_patients(&[], "XS");
        let before = world.files();
        let (child, pipe) = waiting_import(&world);
        interrupt(&child);
        std::thread::sleep(Duration::from_millis(300));
        send_bundle(pipe);
        finish(child).failed(130, "cancelled");
        fs::remove_file(world.path("pipe.json")).unwrap();
        assert_eq!(world.files(), before);
        assert_eq!(world.ok("issuer list")["patients"], serde_json::json!([]));
    }

    #[test]
    fn a_second_ctrl_c_ends_at_once() {
        let world = World::with_patients(&[], "XS");
        let (child, pipe) = waiting_import(&world);
        interrupt(&child);
        std::thread::sleep(Duration::from_millis(300));
        interrupt(&child);
        assert_eq!(finish(child).code, Some(130));
        drop(pipe);
        assert_eq!(world.ok("issuer list")["patients"], serde_json::json!([]));
    }

    #[test]
    fn ctrl_c_while_a_key_is_made_leaves_no_key() {
        let world = World::empty();
        let cache = world.path("cache");
        let mut command = world.command(&["keys", "dev", "--tier", "M", "--json"]);
        let child = command
            .env("MEDPROOF_CACHE", &cache)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Its lock is the first thing that it makes.
        wait(|| cache.join("keys/development").is_dir());
        interrupt(&child);
        finish(child).failed(130, "cancelled");
        let left: Vec<PathBuf> = world.files();
        assert!(
            left.iter().all(|f| f.extension().is_some_and(|e| e == "lock")),
            "{left:?}"
        );
    }

    #[test]
    fn a_full_standard_output_is_an_error() {
        let world = World::empty();
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let run = world.command(&["claim", "list"]).stdout(full).output().unwrap();
        assert_eq!(run.status.code(), Some(2));
        assert!(String::from_utf8(run.stderr).unwrap().contains("standard output"));
    }

    /// The command with files that cannot grow beyond so many blocks of 512 bytes.
    fn on_a_full_disk(world: &World, blocks: u32, line: &str) -> Run {
        // Ignored, the signal becomes the error that a full disk gives.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec {BINARY} {line} --json");
        let template = world.command::<&str>(&[]);
        let mut command = Command::new("sh");
        command.args(["-c", &script]).current_dir(world.dir.path()).env_clear();
        command.envs(template.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Run::of(command.output().unwrap())
    }

    #[test]
    fn a_full_disk_is_named_and_nothing_is_half_written() {
        let world = World::with_patients(&[ANNA], "XS");
        world.enroll(ANNA, "anna");
        world.ok("issuer anchor");
        let before = world.files();
        let state = fs::read(world.path("medproof/ledger/state.bin")).unwrap();
        on_a_full_disk(&world, 0, "holder keygen --out h").failed(2, "disk.full");
        on_a_full_disk(&world, 0, "claim new --out c.json").failed(2, "disk.full");
        for line in [
            "issuer anchor",
            "issuer init --issuer other --name Other",
            "ledger pause",
        ] {
            let run = on_a_full_disk(&world, 0, line);
            assert_eq!(run.code, Some(2), "{line}: {run:?}");
        }
        let after: Vec<PathBuf> = world.files();
        let new: Vec<_> = after.iter().filter(|f| !before.contains(f)).collect();
        assert!(new.iter().all(|f| f.ends_with("state.new")), "{new:?}");
        assert_eq!(fs::read(world.path("medproof/ledger/state.bin")).unwrap(), state);
        // With room again, all goes on.
        world.ok("issuer anchor");
        world.ok("ledger pause");
    }

    #[test]
    fn a_directory_that_may_not_be_written_to_is_named() {
        let world = World::empty();
        fs::create_dir(world.path("closed")).unwrap();
        fs::set_permissions(world.path("closed"), Permissions::from_mode(0o555)).unwrap();
        if fs::write(world.path("closed/probe"), "").is_ok() {
            eprintln!("SKIPPED: this user may write anywhere");
            return;
        }
        world.run("holder keygen --out closed/h").failed(2, "file.permission");
        let run = world.run("ledger deploy --ledger closed/ledger");
        assert_eq!(run.code, Some(2), "{run:?}");
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        let world = World::empty();
        world.ok("holder keygen --out h");
        assert_eq!(
            fs::metadata(world.path("h")).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::set_permissions(world.path("h"), Permissions::from_mode(0o644)).unwrap();
        let run = world
            .run("holder enroll --holder h --invitation i --out e")
            .failed(2, "file.readable_by_others");
        assert!(run.out.contains("chmod 600"));
    }
}
