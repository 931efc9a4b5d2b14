//! `medproof circuit`: what the circuits cost.

use crate::context::Context;
use crate::error::CliError;
use clap::{Args, Subcommand};
use medproof_keys::stats;
use medproof_statement::tier::Tier;
use serde::Serialize;
use std::fmt;

/// What to do with circuits.
#[derive(Debug, Subcommand)]
pub enum CircuitCommand {
    /// Constraints, entries and key sizes of each tier.
    Stats(StatsArgs),
}

/// Arguments of `circuit stats`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "Examples:\n  medproof circuit stats\n  medproof circuit stats --tier S --json")]
pub struct StatsArgs {
    /// Only this tier: XS, S, M or L.
    #[arg(long, value_parser = crate::text::tier)]
    pub tier: Option<Tier>,
}

/// A tier's figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TierStats {
    /// XS, S, M or L.
    pub tier: &'static str,
    /// Rows.
    pub constraints: usize,
    /// Entries of A, B and C other than zero.
    pub nonzeros: usize,
    /// Private variables.
    pub witness: usize,
    /// Public inputs and the constant 1.
    pub inputs: usize,
    /// Constraints that do not depend on the number of slots.
    pub fixed_cost: usize,
    /// Constraints a slot.
    pub slot_cost: usize,
    /// Bytes of the proving key.
    pub pk_bytes: u64,
    /// Bytes of the verifying key.
    pub vk_bytes: u64,
}

/// All tiers' figures, smallest first. A list in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct StatsReport(pub Vec<TierStats>);

/// The figures of one tier or of all.
///
/// # Errors
/// Where a circuit cannot be synthesised, or on Ctrl-C.
pub fn stats(args: &StatsArgs, cx: &Context) -> Result<StatsReport, CliError> {
    let bar = cx.ui.bar("circuits");
    let mut all = Vec::new();
    for (done, tier) in Tier::ALL.into_iter().enumerate() {
        if args.tier.is_some_and(|wanted| wanted != tier) {
            continue;
        }
        crate::cancel::check()?;
        bar.set(tier, done as u64, Tier::ALL.len() as u64);
        let figures = stats::of_tier(tier).map_err(|e| CliError::system("circuit", e))?;
        all.push(TierStats {
            tier: figures.tier,
            constraints: figures.constraints,
            nonzeros: figures.nonzeros,
            witness: figures.witness,
            inputs: figures.inputs,
            fixed_cost: figures.fixed_cost,
            slot_cost: figures.slot_cost,
            pk_bytes: figures.pk_bytes,
            vk_bytes: figures.vk_bytes,
        });
    }
    Ok(StatsReport(all))
}

impl fmt::Display for StatsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<5}{:>12}{:>12}{:>10}{:>8}{:>8}{:>8}{:>14}{:>10}",
            "tier", "constraints", "nonzeros", "witness", "inputs", "fixed", "slot", "pk bytes", "vk bytes"
        )?;
        self.0.iter().try_for_each(|t| {
            writeln!(
                f,
                "{:<5}{:>12}{:>12}{:>10}{:>8}{:>8}{:>8}{:>14}{:>10}",
                t.tier,
                t.constraints,
                t.nonzeros,
                t.witness,
                t.inputs,
                t.fixed_cost,
                t.slot_cost,
                t.pk_bytes,
                t.vk_bytes
            )
        })
    }
}
