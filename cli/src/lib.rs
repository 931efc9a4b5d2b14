//! The `medproof` command as a library: [`commands`] are functions from typed arguments to typed
//! reports, [`run`] is the process around them.
//!
//! ```no_run
//! use medproof_cli::{Context, Ui, commands::circuit};
//! use medproof_keys::Mode;
//!
//! let cx = Context::new(Ui::silent(), Mode::Production);
//! let stats = circuit::stats(&circuit::StatsArgs::default(), &cx)?;
//! assert_eq!(stats.0.len(), 4);
//! # Ok::<(), medproof_cli::CliError>(())
//! ```
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod args;
pub mod cancel;
pub mod chain;
pub mod charts;
pub mod claims;
pub mod commands;
mod context;
mod convert;
pub mod demo;
mod error;
pub mod files;
pub mod keyfile;
pub mod keyring;
pub mod masterkey;
pub mod messages;
pub mod passphrase;
mod run;
mod text;
mod ui;
pub mod view;

pub use context::Context;
pub use error::{CliError, Kind};
pub use run::run;
pub use ui::{Bar, Report, Ui};
