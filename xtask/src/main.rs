//! Developer commands: `cargo xtask test` installs what the tests need and runs them all.

mod aarch64;
mod bare;
mod c;
mod ceremony;
mod citations;
mod conformance;
mod contracts;
mod cuda;
mod determinism;
mod directions;
mod evidence;
mod flame;
mod fuzz;
mod load;
mod machine;
mod measured;
mod msrv;
mod mutants;
mod page;
mod peers;
mod postgres;
mod proto;
mod python;
mod run;
mod test;
mod tools;
mod wasm;
mod web;

use c::Build;
use run::Outcome;
use std::process::ExitCode;

const HELP: &str = "\
Developer commands of medproof.

Usage: cargo xtask COMMAND

  test            everything that CI runs (under 30 minutes on 2 cores)
  test --full     with the long tests: every patient by proof, every tier, every tool
  lint            formatting, clippy with warnings denied, licences and sources, documentation
  evidence [PART] [--resume]
                  all that speaks for the statement, at full depth, in one table (hours);
                  --resume: without what passed already for the code as it stands
  soundness       the soundness part alone, written to docs/soundness.md (--bounded: as in CI)
  fuzz [TARGET] [--minutes N]
                  the fuzz targets guided by coverage; what is new joins their corpora
  mutants [PACKAGE] [--shard K/N]
                  changes to the code that no test notices (hours; --check: the exclusions only)
  r1cs [--out D]  gadgets and tiers as .r1cs files, in target/r1cs or D
  determinism     that their outputs follow from their inputs, by a checker over these files
  citations       that the tests which the documents cite are there
  directions      which crate may depend on which, from cargo metadata
  contracts       rebuild the contracts' artifacts and test the contracts by forge, which it installs
                  (--check: compare the artifacts only; --full: that, and many more runs)
  c               the verifier's C library: its header, its examples, what it promises of addresses, under valgrind
                  (--install DIR: as it is shipped, with its header, pkg-config's file, example and licence)
  python          the verifier's Python package, from its wheel: types, tests, examples (--embed: as it is shipped)
  conformance     the same vectors and 10,000 mutations to every front end of the verifier, in one table
                  (--embed: to libraries as they are shipped)
  msrv            that what is embedded compiles with the Rust that it states: by an older one of Debian's, which it
                  unpacks, and by what its dependencies state
  proto           the service's messages: lint, format, and no breaking change of what was published
                  (--publish: what they are now is what later ones are held to)
  circom          our files and proofs against circom2 and snarkjs, which it installs
  bench-peers [--tier T | --foreign | --zkey F --wtns F] [--threads 1,2] [--rounds N] [--peers A,B]
              [--rapidsnark PROGRAM] [--json F] [--write]
                  our prover beside arkworks, snarkrs, snarkjs, gnark and rapidsnark on the same
                  circuits, tier M and a circom circuit unless one is named (10 minutes);
                  --write: its tables and picture into docs/performance.md
  limit [--tier T] [--write]
                  the multiplications that a proof needs times what the best one takes, beside what
                  each part takes; --write: into docs/performance.md
  tiers [--write] what a hospital asks of the prover: keys, memory, proofs, tier by tier (10 minutes);
                  --write: into docs/performance.md
  vault [--write] what the issuer's vault costs beside hashing, and a registry of ten million leaves
                  (20 minutes; needs ../shared/data); --write: into docs/performance.md
  verifier [--write]
                  a verification beside ark-groth16's, and many together; --write: into docs/performance.md
  ceremony [PART] [--power N] [--tier T] [--rounds N] [--write]
                  powers prepared (2^12 of them) and a ceremony verified (of a small circuit, or of tier T) beside
                  snarkjs, which it installs, in turn, against their targets; and the memory that 2^20 powers take
                  (PART memory, not measured unless named: half an hour); --write: into docs/performance.md
  load [PART] [--tier T] [--minutes N] [--json] [--write]
                  the prover service under load, against its targets: overhead, overload (ten minutes, or N),
                  streams, hostile, workers, model, or all of them (40 minutes; the last two need a PostgreSQL,
                  which it starts); fails where a target was missed; --write: into docs/performance.md
  aarch64         that prover and verifier compile for AArch64; needs its standard library
  bare            that the verifier compiles for a microcontroller; installs rustc-web and rust-web-src
  wasm            the verifier for JavaScript, as an npm package: built, packed, installed, tested;
                  installs rustc-web, rust-web-src, lld and binaryen
                  (--sizes: what its bytes are, by section, crate and function)
  web             the page that checks a presentation, one file, tested in Chromium, which it installs
                  (--bench: how fast; --pictures: what it looks like, into target/web/screenshots)
  cuda            the prover's sums on a CUDA device, compiled and tested; needs such a device, and nvcc,
                  which it installs; not a part of test
  flame           where a proof's time goes, into docs/performance/prove.svg; needs perf

Exit codes: 0 passed, 1 failed, 2 usage, 3 passed but for what could not be installed or is not there.
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        ["test"] => test::all(false),
        ["test", "--full"] => test::all(true),
        ["lint"] => test::lint(),
        ["evidence"] => evidence::all(None, false),
        ["evidence", "--resume"] => evidence::all(None, true),
        ["evidence", part] => evidence::all(Some(part), false),
        ["evidence", part, "--resume"] => evidence::all(Some(part), true),
        ["soundness"] => evidence::soundness(evidence::Depth::Full),
        ["soundness", "--bounded"] => evidence::soundness(evidence::Depth::Bounded),
        ["fuzz", options @ ..] => fuzz::run(options),
        ["r1cs"] => determinism::export(determinism::FOLDER),
        ["r1cs", "--out", folder] => determinism::export(folder),
        ["determinism"] => determinism::check(),
        ["citations"] => citations::check(),
        ["mutants", "--check"] => mutants::check(),
        ["mutants", arguments @ ..] => mutants::all(arguments),
        ["directions"] => directions::check(),
        ["contracts"] => contracts::all(false, contracts::Runs::Bounded),
        ["contracts", "--check"] => contracts::all(true, contracts::Runs::Bounded),
        ["contracts", "--full"] => contracts::all(true, contracts::Runs::Many),
        ["msrv"] => msrv::all(),
        ["c"] => c::all(),
        ["c", "--install", folder] => c::install(folder),
        ["python"] => python::check(Build::Dev),
        ["python", "--embed"] => python::check(Build::Embed),
        ["conformance"] => conformance::all(Build::Dev),
        ["conformance", "--embed"] => conformance::all(Build::Embed),
        ["proto"] => proto::check(),
        ["proto", "--publish"] => proto::publish(),
        ["circom"] => test::circom(),
        ["bench-peers", options @ ..] => peers::run(options),
        ["limit", options @ ..] => measured::limit(options),
        ["tiers", options @ ..] => measured::tiers(options),
        ["vault", options @ ..] => measured::vault(options),
        ["verifier", options @ ..] => measured::verifier(options),
        ["ceremony", options @ ..] => ceremony::run(options),
        ["load", options @ ..] => load::run(options),
        ["aarch64"] => aarch64::check(),
        ["cuda"] => cuda::run(),
        ["wasm"] => wasm::all(),
        ["wasm", "--sizes"] => wasm::sizes(),
        ["bare"] => bare::build(),
        ["web"] => web::all(web::Want::Tested),
        ["web", "--bench"] => web::all(web::Want::Timed),
        ["web", "--pictures"] => web::all(web::Want::Drawn),
        ["flame"] => flame::run(),
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(Outcome::Passed) => ExitCode::SUCCESS,
        Ok(Outcome::Incomplete) => ExitCode::from(3),
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
