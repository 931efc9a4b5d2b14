//! Events to a caller's own server.
//!
//! At least once: what is not known to have been taken is sent again, under the same id, so that a receiver can tell
//! what comes twice. In no promised order: what a receiver refuses waits while others go. Each caller has a task of
//! its own and so many deliveries at once, so that one that does not answer holds up nobody else.

use super::sender::{Answer, NoReceiver, Receiver, Sender};
use super::signature::Secrets;
use super::{Event, timestamp};
use crate::job::Instant;
use crate::store::{Delivered, Due, Owner, Store, StoreError};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How patiently events are delivered.
#[derive(Clone, Debug)]
pub struct Patience {
    /// For one answer.
    pub timeout: Duration,
    /// Until the second attempt. Until each after, three times as long.
    pub first: Duration,
    /// Between two attempts at most.
    pub longest: Duration,
    /// Attempts, after which a delivery is given up.
    pub attempts: u32,
    /// Deliveries at a time.
    pub at_once: u32,
    /// How soon an event is found.
    pub glance: Duration,
}

impl Default for Patience {
    /// Three days: five seconds, a quarter of a minute, … nine hours, and then every twelve.
    fn default() -> Patience {
        Patience {
            timeout: Duration::from_secs(15),
            first: Duration::from_secs(5),
            longest: Duration::from_secs(12 * 3600),
            attempts: 15,
            at_once: 4,
            glance: Duration::from_millis(500),
        }
    }
}

impl Patience {
    // After so many attempts. Between half and all of it, so that receivers that came back are not asked by all at
    // once.
    fn pause(&self, attempts: u32) -> Duration {
        let factor = 3u32.saturating_pow(attempts.saturating_sub(1));
        let whole = self.first.saturating_mul(factor).min(self.longest);
        let mut random = [0; 4];
        // Without randomness there is no jitter.
        let _ = getrandom::fill(&mut random);
        whole - whole.mul_f64(f64::from(u32::from_be_bytes(random)) / f64::from(u32::MAX) / 2.0)
    }

    // For whoever takes a delivery to say what became of it.
    fn lease(&self) -> Duration {
        self.timeout * 2
    }
}

/// A caller's webhook.
pub struct Webhook {
    owner: Owner,
    sender: Sender,
    secrets: Secrets,
    patience: Patience,
}

impl Webhook {
    /// Of this caller's events, to this receiver.
    ///
    /// # Errors
    /// [`NoReceiver`].
    pub fn new(owner: Owner, receiver: &Receiver, secrets: Secrets, patience: Patience) -> Result<Webhook, NoReceiver> {
        let sender = Sender::new(receiver, patience.timeout)?;
        Ok(Webhook {
            owner,
            sender,
            secrets,
            patience,
        })
    }

    // Signed anew each time: receivers refuse signatures that are old.
    fn send(&self, event: &Event) -> Answer {
        let (id, time) = (event.id.to_string(), Instant::now().seconds());
        let body = match body(event) {
            Ok(body) => body,
            Err(error) => return Answer::NotTaken(error.to_string()),
        };
        let signature = self.secrets.sign(&id, time, &body);
        let headers = [
            ("webhook-id", id),
            ("webhook-timestamp", time.to_string()),
            ("webhook-signature", signature),
        ];
        self.sender.send(&headers, &body)
    }
}

#[derive(Serialize)]
struct Body {
    r#type: &'static str,
    timestamp: String,
    data: Data,
}

#[derive(Serialize)]
struct Data {
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_digest: Option<String>,
}

/// An event's JSON: type, time and data, as Standard Webhooks advises.
///
/// # Errors
/// Never with the values that events have.
pub fn body(event: &Event) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Body {
        r#type: event.kind.name(),
        timestamp: timestamp(event.made).to_string(),
        data: Data {
            job: event.job.map(|job| job.to_string()),
            request_digest: event.request.map(hex::encode),
        },
    })
}

/// Delivers a caller's events until told to stop. Where the store does not answer, it is tried again.
pub async fn deliver(store: Store, webhook: Arc<Webhook>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match once(&store, &webhook).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => tracing::error!(%error, "deliveries cannot be read or written: they are tried again"),
        }
        // Where nobody is left to say so, it stops, too.
        if tokio::time::timeout(webhook.patience.glance, stop.changed())
            .await
            .is_ok_and(|changed| changed.is_err())
        {
            return;
        }
    }
}

// What is due now, at once as much as may be. How many there were.
async fn once(store: &Store, webhook: &Arc<Webhook>) -> Result<usize, StoreError> {
    let (now, patience) = (Instant::now(), &webhook.patience);
    let due = store
        .due(&webhook.owner, now, now.after(patience.lease()), patience.at_once)
        .await?;
    let count = due.len();
    let mut sending = JoinSet::new();
    for due in due {
        let webhook = Arc::clone(webhook);
        sending.spawn_blocking(move || {
            let answer = webhook.send(&due.event);
            (due, answer)
        });
    }
    while let Some(sent) = sending.join_next().await {
        // What panicked is due again when its lease is over.
        let Ok((due, answer)) = sent else { continue };
        let delivered = became(webhook, &due, &answer);
        store.delivered(&webhook.owner, due.place, delivered).await?;
    }
    Ok(count)
}

fn became(webhook: &Webhook, due: &Due, answer: &Answer) -> Delivered {
    let (id, owner, attempts) = (due.event.id, &webhook.owner, due.attempts);
    match answer {
        Answer::Taken => Delivered::Taken,
        Answer::Gone => {
            tracing::error!(%id, %owner, "a webhook wants an event no more: it is given up");
            Delivered::GivenUp
        }
        Answer::NotTaken(why) if attempts >= webhook.patience.attempts => {
            tracing::error!(%id, %owner, attempts, why, "a webhook does not take an event: it is given up");
            Delivered::GivenUp
        }
        Answer::NotTaken(why) => {
            tracing::warn!(%id, %owner, attempts, why, "a webhook did not take an event: it is tried again");
            Delivered::Later(Instant::now().after(webhook.patience.pause(attempts)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{EventId, Kind};

    #[test]
    fn pauses_grow_to_days_and_are_not_all_the_same() {
        let patience = Patience::default();
        let bounds = |attempts: u32| {
            let whole = Duration::from_secs(5 * 3u64.pow(attempts - 1)).min(patience.longest);
            (whole / 2, whole)
        };
        let (mut least, mut most) = (Duration::ZERO, Duration::ZERO);
        for attempts in 1..patience.attempts {
            let pause = patience.pause(attempts);
            let (from, to) = bounds(attempts);
            assert!((from..=to).contains(&pause), "{attempts}: {pause:?}");
            (least, most) = (least + from, most + to);
        }
        let day = Duration::from_secs(86_400);
        assert!(least > day && most > 2 * day && most < 7 * day, "{least:?} {most:?}");
        let pauses: Vec<_> = (0..10).map(|_| patience.pause(9)).collect();
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
        assert!(patience.pause(u32::MAX) <= patience.longest);
    }

    #[test]
    fn a_body_has_what_an_event_has_and_no_more() {
        let mut event = Event {
            id: EventId::random().unwrap(),
            kind: Kind::JobEnded,
            job: Some("job:00112233445566778899aabbccddeeff".parse().unwrap()),
            request: Some([0xab; 32]),
            made: Instant(1_700_000_000_500_000),
        };
        let text = |event: &Event| String::from_utf8(body(event).unwrap()).unwrap();
        let digest = "ab".repeat(32);
        assert_eq!(
            text(&event),
            format!(
                r#"{{"type":"job.ended","timestamp":"2023-11-14T22:13:20.500Z","data":{{"job":"job:00112233445566778899aabbccddeeff","request_digest":"{digest}"}}}}"#
            )
        );
        (event.job, event.request, event.kind) = (None, None, Kind::LedgerPaused);
        assert!(text(&event).ends_with(r#""data":{}}"#));
    }
}
