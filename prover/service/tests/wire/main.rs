//! The service over real sockets, as callers meet it: well-meant calls, and others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod callers;
#[path = "../common/mod.rs"]
mod common;
mod drain;
mod limits;
mod metrics;
mod service;
mod tls;
mod watch;
mod web;
