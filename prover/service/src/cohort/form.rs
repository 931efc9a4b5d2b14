//! A cohort as callers see it: how far it is, who submitted it alone.

use crate::disclosure::form::{help, timestamp};
use crate::store::{Cohort, CohortState};
use medproof_messages::cohort::hides;
use medproof_proto::v1;
use medproof_proto::v1::cohort::State as Form;

/// A cohort, as who asked the store for it may see it.
pub fn cohort(cohort: &Cohort) -> v1::Cohort {
    let complete = cohort.state == CohortState::Complete;
    let count = if complete { cohort.presentations } else { 0 };
    v1::Cohort {
        id: cohort.id.to_string(),
        state: match cohort.state {
            CohortState::Running => Form::Running,
            CohortState::Complete => Form::Complete,
            CohortState::Failed => Form::Failed,
            CohortState::Cancelled => Form::Cancelled,
        }
        .into(),
        request_digest: cohort.request.to_vec(),
        count: wide(count),
        registry_size: wide(cohort.registry_size),
        registry_small: complete && !hides(cohort.registry_size, count),
        error_code: cohort.error.clone().unwrap_or_default(),
        error_help: cohort.error.as_deref().map(help).unwrap_or_default().to_owned(),
        progress: cohort.own.then(|| progress(cohort)),
    }
}

fn progress(cohort: &Cohort) -> v1::CohortProgress {
    v1::CohortProgress {
        members: narrow(cohort.members),
        checked: narrow(cohort.checked),
        proofs: narrow(cohort.jobs),
        ended: narrow(cohort.ended_jobs),
        fraction: fraction(cohort),
        submitted: Some(timestamp(cohort.submitted)),
        ended_at: cohort.ended.map(timestamp),
    }
}

// Checking takes little beside proving. Never all of it before the end.
fn fraction(cohort: &Cohort) -> f64 {
    if cohort.state != CohortState::Running {
        return 1.0;
    }
    let share = |done: u64, of: u64| if of == 0 { 0.0 } else { done as f64 / of as f64 };
    let checked = share(cohort.checked, cohort.members);
    // Until all were checked, how many proofs there will be is not known.
    let proved = checked * share(cohort.ended_jobs, cohort.jobs);
    (0.01 * checked + 0.99 * proved).min(0.99)
}

fn wide(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn narrow(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
