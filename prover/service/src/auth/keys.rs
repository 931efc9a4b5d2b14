//! An issuer's public keys: a JSON Web Key Set (RFC 7517) in a file or at a URL.

use jsonwebtoken::jwk::{Jwk, JwkSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::Mutex;

/// Where keys are.
#[derive(Clone, Debug)]
pub enum Source {
    /// In a file.
    File(PathBuf),
    /// At a URL, by HTTPS, or on this machine.
    Url(String),
}

/// Why there are no keys.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The file or the server does not give them.
    #[error("{0}: {1}")]
    Unavailable(String, String),
    /// It gives something else.
    #[error("{0}: expected a JSON Web Key Set: {1}")]
    Form(String, serde_json::Error),
}

// A set has a handful.
const MOST_BYTES: u64 = 256 << 10;
const PATIENCE: Duration = Duration::from_secs(5);
// No token makes the service ask more often.
const PAUSE: Duration = Duration::from_secs(60);
// A key that was taken out is no longer taken after so long.
const FRESH: Duration = Duration::from_secs(600);
// The same where the issuer cannot be reached.
const STALE: Duration = Duration::from_secs(86_400);

/// Keys, kept for some time.
#[derive(Debug)]
pub struct Keys {
    source: Source,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    set: Option<(JwkSet, Instant)>,
    asked: Option<Instant>,
}

impl Kept {
    fn age(&self) -> Option<Duration> {
        self.set.as_ref().map(|(_, since)| since.elapsed())
    }

    fn find(&self, id: Option<&str>) -> Option<Jwk> {
        let keys = &self.set.as_ref()?.0.keys;
        match id {
            Some(id) => keys
                .iter()
                .find(|key| key.common.key_id.as_deref() == Some(id))
                .cloned(),
            // Without a name, only where there is no choice.
            None => (keys.len() == 1).then(|| keys[0].clone()),
        }
    }
}

impl Keys {
    /// Of this source; nothing is read yet.
    pub fn new(source: Source) -> Keys {
        Keys {
            source,
            kept: Mutex::default(),
        }
    }

    /// The key of this name. A name that is not among those kept makes the source be read again, though no
    /// more than once a minute.
    ///
    /// # Errors
    /// [`KeysError`] where there are no keys at all.
    pub async fn key(&self, id: Option<&str>) -> Result<Option<Jwk>, KeysError> {
        let mut kept = self.kept.lock().await;
        if kept.age().is_some_and(|age| age > STALE) {
            kept.set = None;
        }
        let is_due = kept.asked.is_none_or(|asked| asked.elapsed() > PAUSE);
        let is_old = kept.age().is_none_or(|age| age > FRESH);
        if is_due && (is_old || kept.find(id).is_none()) {
            kept.asked = Some(Instant::now());
            let source = self.source.clone();
            let read = tokio::task::spawn_blocking(move || source.read()).await;
            match read.unwrap_or_else(|error| Err(KeysError::Unavailable("keys".into(), error.to_string()))) {
                Ok(set) => kept.set = Some((set, Instant::now())),
                Err(error) if kept.set.is_some() => tracing::warn!(%error, "the issuer's keys could not be read again"),
                Err(error) => return Err(error),
            }
        }
        match kept.set {
            Some(_) => Ok(kept.find(id)),
            None => Err(KeysError::Unavailable("keys".into(), "not read yet".into())),
        }
    }
}

impl Source {
    /// Reads them.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn read(&self) -> Result<JwkSet, KeysError> {
        let unavailable = |name: String, error: &dyn std::fmt::Display| KeysError::Unavailable(name, error.to_string());
        let (name, text) = match self {
            Source::File(path) => {
                let name = path.display().to_string();
                let text = std::fs::read_to_string(path).map_err(|error| unavailable(name.clone(), &error))?;
                (name, text)
            }
            Source::Url(url) => (
                url.clone(),
                fetch(url).map_err(|error| unavailable(url.clone(), &error))?,
            ),
        };
        serde_json::from_str(&text).map_err(|error| KeysError::Form(name, error))
    }
}

fn fetch(url: &str) -> Result<String, ureq::Error> {
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .build()
        .new_agent();
    let mut response = agent.get(url).call()?;
    response.body_mut().with_config().limit(MOST_BYTES).read_to_string()
}
