//! Who of a cohort is eligible: found natively, in portions, by the service, which has the records.

use crate::disclosure::Disclosures;
use crate::error::Refusal;
use crate::job::{Instant, JobId};
use crate::payload;
use crate::store::{StoreError, Unchecked};
use crate::work;
use medproof_messages::{ConsentMessage, SignedRequest, VerifiedRequest};
use medproof_statement::field;
use std::sync::Arc;
use std::time::Duration;

// Members of a portion: some tenths of a second.
const PORTION: u32 = 32;
// Between two looks for cohorts that are to be checked.
const LOOK: Duration = Duration::from_millis(250);
// Before what failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);

// Why a portion was not checked.
enum Unfit {
    // The cohort can come to nothing: a stable code.
    Cohort(&'static str),
    // It may another time.
    Now(Refusal),
}

/// Checks a tenant's cohorts, one after the other, again and again.
pub async fn look_out(disclosures: Arc<Disclosures>, tenant: String) {
    loop {
        match portion(&disclosures, &tenant).await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(LOOK).await,
            Err(error) => {
                tracing::error!(%error, "a cohort was not checked: it is tried again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

// Whether there was something to do.
async fn portion(disclosures: &Arc<Disclosures>, tenant: &str) -> Result<bool, StoreError> {
    let Some(unchecked) = disclosures.store.unchecked(tenant, PORTION).await? else {
        return Ok(false);
    };
    let (id, from) = (unchecked.id, unchecked.from);
    let upto = from + unchecked.members.len() as u64;
    let (checking, tenant) = (Arc::clone(disclosures), tenant.to_owned());
    let checked = tokio::task::spawn_blocking(move || eligible(&checking, &tenant, &unchecked));
    match checked.await {
        Ok(Ok(jobs)) => {
            disclosures.store.checked(&id, from, upto, &jobs).await?;
            jobs.iter().for_each(|_| disclosures.wake.wake());
        }
        Ok(Err(Unfit::Cohort(code))) => disclosures.store.fail_cohort(&id, code).await?,
        Ok(Err(Unfit::Now(refusal))) => {
            tracing::warn!(
                code = refusal.code(),
                "records of a cohort cannot be read: it is tried again"
            );
            tokio::time::sleep(PAUSE).await;
        }
        Err(_) => disclosures.store.fail_cohort(&id, "prover.panicked").await?,
    }
    disclosures.hub.changed(&id.key());
    Ok(true)
}

// Jobs of those who are eligible, sealed to the workers. Nothing else of who is not is kept.
fn eligible(disclosures: &Disclosures, tenant: &str, unchecked: &Unchecked) -> Result<Vec<(JobId, Vec<u8>)>, Unfit> {
    let opened = disclosures.key.open(&unchecked.id.key(), &unchecked.payload);
    let bytes = opened.map_err(|_| Unfit::Cohort("worker.key"))?;
    let request = SignedRequest::from_json(&bytes).and_then(SignedRequest::verify);
    let request = request.map_err(|_| Unfit::Cohort("worker.version"))?;
    if Instant::now().seconds() >= request.body().expires_at.seconds() {
        return Err(Unfit::Cohort("request.expired"));
    }
    let mut jobs = Vec::with_capacity(unchecked.members.len());
    for (id, payload) in &unchecked.members {
        let Some(payload) = payload else { continue };
        if let Some(job) = job(disclosures, tenant, &request, &bytes, unchecked, id, payload)? {
            jobs.push((*id, job));
        }
    }
    Ok(jobs)
}

// What workers are given of a member, where the relation holds.
fn job(
    disclosures: &Disclosures,
    tenant: &str,
    request: &VerifiedRequest,
    bytes: &[u8],
    unchecked: &Unchecked,
    id: &JobId,
    payload: &[u8],
) -> Result<Option<Vec<u8>>, Unfit> {
    let opened = disclosures
        .key
        .open(id, payload)
        .map_err(|_| Unfit::Cohort("worker.key"))?;
    let (record, consent) = payload::member_of(&opened).map_err(|_| Unfit::Cohort("worker.version"))?;
    let parsed = ConsentMessage::from_json(consent).map_err(|_| Unfit::Cohort("worker.version"))?;
    let named = disclosures.records.carried(tenant, record).map_err(Unfit::Now)?;
    let Some(named) = named else { return Ok(None) };
    // All presentations of a cohort are under one root.
    if field::to_bytes(&named.record.root()) != unchecked.root {
        return Err(Unfit::Cohort("root.superseded"));
    }
    let Ok(opened) = named.record.open() else {
        return Ok(None);
    };
    if work::statement(request, &parsed, opened).is_err() {
        return Ok(None);
    }
    let payload = payload::encode(bytes, consent, Some(&named.record));
    disclosures.sealed(id, &payload).map(Some).map_err(Unfit::Now)
}
