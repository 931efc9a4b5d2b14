//! A job as callers see it.

use crate::error::Refusal;
use crate::job::{Instant, Job, State};
use crate::times::Times;
use medproof_engine::ProveStage;
use medproof_proto::v1;
use medproof_proto::v1::job::{Stage, State as Form};
use std::time::Duration;

/// A job, busy with this stage where it is known.
pub fn job(job: &Job, stage: Option<ProveStage>, times: &Times) -> v1::Job {
    let expected = times.expected(job.tier);
    let running = job.begun.map_or(Duration::ZERO, |begun| Instant::now().since(begun));
    let (fraction, remaining) = match job.state {
        State::Queued => (0.0, None),
        // Never all of it before the end.
        State::Running => {
            let fraction = running.as_secs_f64() / expected.as_secs_f64().max(1e-3);
            (fraction.min(0.95), Some(expected.saturating_sub(running)))
        }
        _ => (1.0, None),
    };
    v1::Job {
        id: job.id.to_string(),
        state: state(job.state).into(),
        stage: match (job.state, stage) {
            (State::Running, Some(stage)) => self::stage(stage).into(),
            _ => Stage::Unspecified.into(),
        },
        fraction,
        remaining: remaining.and_then(|remaining| remaining.try_into().ok()),
        submitted: Some(timestamp(job.submitted)),
        ended: job.ended.map(timestamp),
        error_code: job.error.clone().unwrap_or_default(),
        error_help: job.error.as_deref().map(help).unwrap_or_default().to_owned(),
        attempts: i32::try_from(job.attempts).unwrap_or(i32::MAX),
    }
}

/// Whether who was told the one need not be told the other.
pub fn says_the_same(told: Option<&v1::Job>, now: &v1::Job) -> bool {
    told.is_some_and(|told| (told.state, told.stage, told.attempts) == (now.state, now.stage, now.attempts))
}

/// The state that a list is to be of.
pub fn state_of(number: i32) -> Result<Option<State>, Refusal> {
    match Form::try_from(number) {
        Ok(Form::Unspecified) => Ok(None),
        Ok(form) => Ok(State::of(i64::from(form as i32))),
        Err(_) => {
            Err(Refusal::invalid("state", format!("there is no state {number}"), "name one of Job.State").at("state"))
        }
    }
}

fn state(state: State) -> Form {
    match state {
        State::Queued => Form::Queued,
        State::Running => Form::Running,
        State::Succeeded => Form::Succeeded,
        State::Refused => Form::Refused,
        State::Failed => Form::Failed,
        State::Cancelled => Form::Cancelled,
    }
}

fn stage(stage: ProveStage) -> Stage {
    match stage {
        ProveStage::Check => Stage::Check,
        ProveStage::Synthesis => Stage::Synthesis,
        ProveStage::Satisfaction => Stage::Satisfaction,
        ProveStage::Prove => Stage::Prove,
        ProveStage::Verify => Stage::Verify,
    }
}

/// A time.
pub fn timestamp(instant: Instant) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: instant.0.div_euclid(1_000_000),
        nanos: i32::try_from(instant.0.rem_euclid(1_000_000) * 1000).unwrap_or_default(),
    }
}

/// What to do about a job that failed.
pub fn help(code: &str) -> &'static str {
    match code {
        "request.expired" => "ask the audience for a new request, and submit it sooner",
        "root.superseded" => "submit it again: the record is proved under the registry's new root then",
        "ledger.unavailable" => "submit it again when the ledger can be reached",
        "key.none" => "an operator gives the workers this tier's key",
        "key.retired" | "key.revoked" => "ask the audience for a request that names an active key",
        "worker.key" | "worker.version" => "an operator runs service and workers of one version, with one key",
        "prover.memory" => "an operator gives the workers more memory, or settings for less",
        "job.poison" => "workers died of it, one after the other: an operator looks at their logs",
        _ => "submit it again; if it fails again, an operator looks at the workers' logs",
    }
}
