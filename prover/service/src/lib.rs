//! The prover service: from one laptop to a fleet.
//!
//! A caller submits a signed request with a consent ([`disclosure`]); the job is on disk ([`store`])
//! before it is acknowledged, sealed to the workers ([`seal`], [`payload`]); a worker, in this process or
//! on another machine, takes it and proves ([`work`]). See docs/adr/0008-service.md.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod about;
pub mod anchor;
pub mod asker;
pub mod audit;
pub mod auth;
pub mod call;
pub mod caller;
pub mod cohort;
pub mod config;
mod connection;
pub mod consent;
pub mod disclosure;
pub mod drain;
pub mod error;
pub mod events;
pub mod guard;
pub mod hospital;
pub mod issuer;
pub mod job;
pub mod limits;
pub mod live;
pub mod metrics;
pub mod payload;
pub mod ring;
pub mod seal;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod times;
pub mod tls;
pub mod verification;
pub mod view;
pub mod watch;
pub mod web;
pub mod work;
