//! The command line.

use crate::commands::audience::AudienceCommand;
use crate::commands::audit::AuditCommand;
use crate::commands::circuit::CircuitCommand;
use crate::commands::claim::ClaimCommand;
use crate::commands::cohort::CohortCommand;
use crate::commands::custody::CustodyCommand;
use crate::commands::engine::EngineCommand;
use crate::commands::holder::HolderCommand;
use crate::commands::issuer::IssuerCommand;
use crate::commands::keys::KeysCommand;
use crate::commands::ledger::LedgerCommand;
use crate::commands::prove::ProveArgs;
use crate::commands::request::RequestCommand;
use crate::commands::serve::ServeArgs;
use crate::commands::verifier::VerifierCommand;
use crate::commands::verify::VerifyArgs;
use crate::commands::worker::WorkerArgs;
use clap::{Args, Parser, Subcommand};

/// Prove facts of health records without showing the records.
///
/// Exit codes: 0 valid or done; 1 refused, with a typed reason; 2 wrong usage or input, or the
/// system failed; 130 stopped by Ctrl-C. With --json standard output has exactly one JSON
/// document: the report, or {"error": {"kind", "code", "message"}}.
#[derive(Debug, Parser)]
#[command(
    name = "medproof",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// For every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct GlobalArgs {
    /// Print the report as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// Take development keys and development ledgers. Nothing proved or verified so is evidence
    /// of anything.
    #[arg(long, global = true, env = "MEDPROOF_DEVELOPMENT", value_parser = clap::builder::FalseyValueParser::new())]
    pub development: bool,
}

/// The groups of commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A hospital: charts in, holders enrolled, roots anchored.
    #[command(subcommand)]
    Issuer(IssuerCommand),
    /// The patient's side: keys, enrolment, consent and its end.
    #[command(subcommand)]
    Holder(HolderCommand),
    /// Custodians of an emergency key: the key, and consents that some of them sign together.
    #[command(subcommand)]
    Custody(CustodyCommand),
    /// Who asks: a sponsor's or an insurer's keys.
    #[command(subcommand)]
    Audience(AudienceCommand),
    /// What is to be shown, in a form that people read and write.
    #[command(subcommand)]
    Claim(ClaimCommand),
    /// What an audience asks, signed by it.
    #[command(subcommand)]
    Request(RequestCommand),
    /// Answer a request with a presentation, from an issuer's records.
    Prove(Box<ProveArgs>),
    /// Check the answer to your own request.
    Verify(Box<VerifyArgs>),
    /// One request, many patients: answers for all who are eligible and consented.
    #[command(subcommand)]
    Cohort(CohortCommand),
    /// Trust bundles, for verifiers without a connection.
    #[command(subcommand)]
    Verifier(VerifierCommand),
    /// The chain that holds roots, requests, key ids, revocations and nullifiers.
    #[command(subcommand)]
    Ledger(Box<LedgerCommand>),
    /// The log of a prover service: whether it is what it was, and for other systems.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// What the circuits cost.
    #[command(subcommand)]
    Circuit(CircuitCommand),
    /// Proving and verifying keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// The prover by itself, on any circom circuit.
    #[command(subcommand)]
    Engine(EngineCommand),
    /// The prover service: jobs over gRPC, from an issuer's records.
    Serve(Box<ServeArgs>),
    /// A worker of a service, on this machine or another.
    Worker(WorkerArgs),
    /// The whole story on synthetic patients: commit, consent, prove, verify, and what is refused.
    Demo,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_a_sentence_and_an_example() {
        fn visit(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            assert!(command.get_about().is_some(), "{path}");
            let below: Vec<_> = command.get_subcommands().filter(|c| c.get_name() != "help").collect();
            // The demonstration takes no arguments: there is nothing to show.
            if below.is_empty() && command.get_name() != "demo" {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("Example"), "{path}");
                assert!(help.contains("medproof"), "{path}");
            }
            below.into_iter().for_each(|c| visit(c, &path));
        }
        visit(&Cli::command(), "");
    }
}
