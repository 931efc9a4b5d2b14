//! The process: arguments in, report or error out, exit code.

use crate::args::{Cli, Command};
use crate::cancel;
use crate::commands::{
    audience, audit, ceremony, circuit, claim, cohort, custody, engine, holder, issuer, kept, keys, ledger, powers,
    prove, request, serve, verifier, verify, worker,
};
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
        Command::Issuer(command) => issuer(command, cx),
        Command::Holder(command) => holder(command, cx),
        Command::Custody(command) => custody(command, cx),
        Command::Audience(audience::AudienceCommand::Keygen(args)) => show(audience::keygen(&args, cx), cx),
        Command::Audience(audience::AudienceCommand::Show(args)) => show(audience::show(&args, cx), cx),
        Command::Audit(audit::AuditCommand::Export(args)) => show(audit::export(&args, cx), cx),
        Command::Audit(audit::AuditCommand::Verify(args)) => show(audit::verify(&args, cx), cx),
        Command::Audit(audit::AuditCommand::ExportFhir(args)) => show(audit::export_fhir(&args, cx), cx),
        Command::Audit(audit::AuditCommand::ExportConsents(args)) => show(audit::export_consents(&args, cx), cx),
        Command::Claim(command) => claim(command, cx),
        Command::Request(request::RequestCommand::New(args)) => show(request::new(&args, cx), cx),
        Command::Request(request::RequestCommand::Show(args)) => show(request::show(&args, cx), cx),
        Command::Prove(args) => show(prove::prove(&args, cx), cx),
        Command::Verify(args) => show(verify::verify(&args, cx), cx),
        Command::Cohort(cohort::CohortCommand::Run(args)) => show(cohort::run(&args, cx), cx),
        Command::Cohort(cohort::CohortCommand::Verify(args)) => show(cohort::verify(&args, cx), cx),
        Command::Verifier(verifier::VerifierCommand::Bundle(args)) => show(verifier::bundle(&args, cx), cx),
        Command::Ledger(command) => ledger(*command, cx),
        Command::Circuit(circuit::CircuitCommand::Stats(args)) => show(circuit::stats(&args, cx), cx),
        Command::Engine(command) => engine(command, cx),
        Command::Serve(args) => show(serve::serve(&args, cx), cx),
        Command::Worker(args) => show(worker::worker(&args, cx), cx),
        Command::Demo => show(crate::demo::run(cx), cx),
        Command::Keys(command) => keys(command, cx),
    }
}

fn keys(command: keys::KeysCommand, cx: &Context) -> Result<(), CliError> {
    use ceremony::CeremonyCommand as C;
    use keys::KeysCommand as K;
    use powers::PowersCommand as P;
    match command {
        K::Dev(args) => show(keys::dev(&args, cx), cx),
        K::List(args) => show(kept::list(&args, cx), cx),
        K::Retire(args) => show(kept::retire(&args, cx), cx),
        K::Revoke(args) => show(kept::revoke(&args, cx), cx),
        K::Ceremony(C::Init(args)) => show(ceremony::init(&args, cx), cx),
        K::Ceremony(C::Contribute(args)) => show(ceremony::contribute(&args, cx), cx),
        K::Ceremony(C::Attest(args)) => show(ceremony::attest(&args, cx), cx),
        K::Ceremony(C::Verify(args)) => show(ceremony::verify(&args, cx), cx),
        K::Ceremony(C::Beacon(args)) => show(ceremony::beacon(&args, cx), cx),
        K::Ceremony(C::Finish(args)) => show(ceremony::finish(&args, cx), cx),
        K::Powers(P::Verify(args)) => show(powers::verify(&args, cx), cx),
        K::Powers(P::Prepare(args)) => show(powers::prepared(&args, cx), cx),
        K::Powers(P::Local(args)) => show(powers::local(&args, cx), cx),
    }
}

fn claim(command: claim::ClaimCommand, cx: &Context) -> Result<(), CliError> {
    use claim::ClaimCommand as C;
    match command {
        C::New(args) => show(claim::new(&args, cx), cx),
        C::List(args) => show(claim::list(&args, cx), cx),
        C::Check(args) => show(claim::check(&args, cx), cx),
        C::Explain(args) => show(claim::explain(&args, cx), cx),
        C::Test(args) => show(claim::test(&args, cx), cx),
    }
}

fn issuer(command: issuer::IssuerCommand, cx: &Context) -> Result<(), CliError> {
    use issuer::IssuerCommand as C;
    match command {
        C::Init(args) => show(issuer::init(&args, cx), cx),
        C::Import(args) => show(issuer::import(&args, cx), cx),
        C::Update(args) => show(issuer::update(&args, cx), cx),
        C::Invite(args) => show(issuer::invite(&args, cx), cx),
        C::Enroll(args) => show(issuer::enroll(&args, cx), cx),
        C::Rotate(args) => show(issuer::rotate(&args, cx), cx),
        C::Anchor(args) => show(issuer::anchor(&args, cx), cx),
        C::Revoke(args) => show(issuer::revoke(&args, cx), cx),
        C::Erase(args) => show(issuer::erase(&args, cx), cx),
        C::Receipt(args) => show(issuer::receipt(&args, cx), cx),
        C::List(args) => show(issuer::list(&args, cx), cx),
        C::MasterKey(command) => master_key(command, cx),
    }
}

fn master_key(command: issuer::MasterKeyCommand, cx: &Context) -> Result<(), CliError> {
    use issuer::MasterKeyCommand as C;
    match command {
        C::Show(args) => show(issuer::show_master_key(&args, cx), cx),
        C::Passphrase(args) => show(issuer::change_passphrase(&args, cx), cx),
        C::Rotate(args) => show(issuer::rotate_master_key(&args, cx), cx),
    }
}

fn custody(command: custody::CustodyCommand, cx: &Context) -> Result<(), CliError> {
    use custody::CustodyCommand as C;
    match command {
        C::Deal(args) => show(custody::deal(&args, cx), cx),
        C::Begin(args) => show(custody::begin(&args, cx), cx),
        C::Exchange(args) => show(custody::exchange(&args, cx), cx),
        C::Finish(args) => show(custody::finish(&args, cx), cx),
        C::Show(args) => show(custody::show(&args, cx), cx),
        C::Passphrase(args) => show(custody::passphrase(&args, cx), cx),
        C::Commit(args) => show(custody::commit(&args, cx), cx),
        C::Prepare(args) => show(custody::prepare(&args, cx), cx),
        C::Review(args) => show(custody::review(&args, cx), cx),
        C::Sign(args) => show(custody::sign(&args, cx), cx),
        C::Combine(args) => show(custody::combine(&args, cx), cx),
    }
}

fn holder(command: holder::HolderCommand, cx: &Context) -> Result<(), CliError> {
    use holder::HolderCommand as C;
    match command {
        C::Keygen(args) => show(holder::keygen(&args, cx), cx),
        C::Enroll(args) => show(holder::enroll(&args, cx), cx),
        C::Consent(args) => show(holder::consent(&args, cx), cx),
        C::Revoke(args) => show(holder::revoke(&args, cx), cx),
        C::Rotate(args) => show(holder::rotate(&args, cx), cx),
        C::CheckReceipt(args) => show(holder::check_receipt(&args, cx), cx),
        C::Split(args) => show(holder::split(&args, cx), cx),
        C::Recover(args) => show(holder::recover(&args, cx), cx),
    }
}

fn engine(command: engine::EngineCommand, cx: &Context) -> Result<(), CliError> {
    use engine::EngineCommand as C;
    match command {
        C::Prove(args) => show(engine::prove(&args, cx), cx),
        C::Verify(args) => show(engine::verify(&args, cx), cx),
        C::Setup(args) => show(engine::setup(&args, cx), cx),
        C::Export(args) => show(engine::export(&args, cx), cx),
    }
}

fn ledger(command: ledger::LedgerCommand, cx: &Context) -> Result<(), CliError> {
    use ledger::LedgerCommand as C;
    match command {
        C::Deploy(args) => show(ledger::deploy(&args, cx), cx),
        C::Status(args) => show(ledger::status(&args, cx), cx),
        C::Account(args) => show(ledger::account(&args, cx), cx),
        C::AdmitIssuer(args) => show(ledger::admit_issuer(&args, cx), cx),
        C::SuspendIssuer(args) => show(ledger::suspend_issuer(&args, cx), cx),
        C::ReinstateIssuer(args) => show(ledger::reinstate_issuer(&args, cx), cx),
        C::RegisterKey(args) => show(ledger::register_key(&args, cx), cx),
        C::RetireKey(args) => show(ledger::retire_key(&args, cx), cx),
        C::RevokeKey(args) => show(ledger::revoke_key(&args, cx), cx),
        C::Pause(args) => show(ledger::pause(&args, cx), cx),
        C::Unpause(args) => show(ledger::unpause(&args, cx), cx),
        C::OpenRequest(args) => show(ledger::open_request(&args, cx), cx),
        C::Submit(args) => show(ledger::submit(&args, cx), cx),
        C::RevokeConsent(args) => show(ledger::revoke_consent(&args, cx), cx),
        C::Advance(args) => show(ledger::advance(&args, cx), cx),
    }
}

fn show<R: Report>(result: Result<R, CliError>, cx: &Context) -> Result<(), CliError> {
    cx.ui.print(&result?)
}
