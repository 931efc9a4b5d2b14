//! The `medproof` command: parse, call, print.

use std::process::ExitCode;

fn main() -> ExitCode {
    medproof_cli::run(std::env::args_os())
}
