//! The process: arguments in, report or error out, exit code.

use crate::args::{Cli, Command};
use crate::cancel;
use crate::commands::{circuit, claim, keys};
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::ui::{Report, Ui};
use clap::Parser;
use clap::error::ErrorKind;
use medproof_keys::Mode;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command that the arguments name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, arguments.iter().any(|a| a == "--json")),
    };
    cancel::listen();
    let mode = if cli.global.development {
        Mode::Development
    } else {
        Mode::Production
    };
    let cx = Context::new(Ui::of_process(cli.global.json), mode);
    match dispatch(cli.command, &cx) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            cx.ui.print_error(&error);
            error.exit_code()
        }
    }
}

/// Help and version are no errors, and go to standard output.
fn usage(error: &clap::Error, json: bool) -> ExitCode {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if json && !asked {
        let ui = Ui::of_process(true);
        ui.print_error(&CliError::new(Kind::Usage, "usage", error.render()));
    } else {
        // Where even this cannot be written, the exit code still says it.
        let _ = error.print();
    }
    if asked {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(Kind::Usage.exit_code())
    }
}

fn dispatch(command: Command, cx: &Context) -> Result<(), CliError> {
    match command {
        Command::Claim(command) => claim(command, cx),
        Command::Circuit(circuit::CircuitCommand::Stats(args)) => show(circuit::stats(&args, cx), cx),
        Command::Keys(keys::KeysCommand::Dev(args)) => show(keys::dev(&args, cx), cx),
    }
}

fn claim(command: claim::ClaimCommand, cx: &Context) -> Result<(), CliError> {
    use claim::ClaimCommand as C;
    match command {
        C::Check(args) => show(claim::check(&args, cx), cx),
        C::Explain(args) => show(claim::explain(&args, cx), cx),
        C::Test(args) => show(claim::test(&args, cx), cx),
    }
}

fn show<R: Report>(result: Result<R, CliError>, cx: &Context) -> Result<(), CliError> {
    cx.ui.print(&result?)
}
