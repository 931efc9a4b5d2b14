//! The service's file, in TOML. What it does not know it refuses, with the place.

use crate::auth::TokenDigest;
use crate::caller::{Caller, Role};
use crate::events::sender::Receiver;
use medproof_messages::Did;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use thiserror::Error;

/// Why a file configures no service.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Not TOML, or a key or a value that has no meaning.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// A value that has a meaning, but not there.
    #[error("{place}: expected {expected}, found {found}")]
    Value {
        /// The key.
        place: String,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
}

/// All that the file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where it listens.
    pub listen: Listen,
    /// Where jobs are.
    pub store: StoreAt,
    /// What works.
    #[serde(default)]
    pub work: Work,
    /// Who may call.
    #[serde(default, rename = "caller")]
    pub callers: Vec<CallerEntry>,
}

/// Where it listens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Address and port. Without TLS, on this machine alone.
    pub address: SocketAddr,
    /// Certificate, key, and whose certificates callers must have.
    pub tls: Option<Tls>,
}

/// Files in PEM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The service's certificate, and those between it and the root.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Callers must have a certificate under one of these.
    pub callers: Option<PathBuf>,
}

/// Where jobs are.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreAt {
    /// `sqlite:FILE` or `postgres://…`.
    pub url: String,
    /// Jobs that may wait at a time.
    #[serde(default = "most_waiting")]
    pub most_waiting: u64,
}

// A URL may hold a password.
impl std::fmt::Debug for StoreAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoreAt(…, most waiting {})", self.most_waiting)
    }
}

fn most_waiting() -> u64 {
    10_000
}

/// What works.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// 32 bytes that service and workers share, in hexadecimal; made where it is not there.
    #[serde(default = "work_key")]
    pub key: PathBuf,
    /// Jobs that are worked on at a time in this process; 0 leaves all to others.
    #[serde(default = "at_once")]
    pub at_once: usize,
}

impl Default for Work {
    fn default() -> Work {
        Work {
            key: work_key(),
            at_once: at_once(),
        }
    }
}

fn work_key() -> PathBuf {
    PathBuf::from("work.key")
}

fn at_once() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A caller.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallerEntry {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub tenant: String,
    /// What it is.
    pub role: Role,
    /// SHA-256 of its token, in hexadecimal.
    pub token_sha256: String,
    /// Of a sponsor, whose requests are its own.
    pub did: Option<String>,
    /// Where its events are sent.
    pub webhook: Option<WebhookEntry>,
}

/// Where a caller's events are sent.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookEntry {
    /// `https://…`.
    pub url: String,
    /// The file with what they are signed with: a line, or while it is changed two, of `whsec_` and base64.
    pub secret_file: PathBuf,
    /// Whether it may be on this machine or on a private network, and without TLS.
    #[serde(default)]
    pub private_addresses: bool,
    /// Roots of its certificate, in PEM; the web's without.
    pub roots: Option<PathBuf>,
}

// A URL may hold a token.
impl std::fmt::Debug for WebhookEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookEntry(…)")
    }
}

const MOST_AT_ONCE: usize = 1024;

impl Config {
    /// From the file's text.
    ///
    /// # Errors
    /// [`ConfigError`] with the place.
    pub fn parse(text: &str) -> Result<Config, ConfigError> {
        let config: Config = toml::from_str(text)?;
        if config.listen.tls.is_none() && !config.listen.address.ip().is_loopback() {
            return Err(ConfigError::Value {
                place: "listen.address".into(),
                expected: "an address of this machine alone, or listen.tls",
                found: config.listen.address.to_string(),
            });
        }
        if config.work.at_once > MOST_AT_ONCE {
            return Err(ConfigError::Value {
                place: "work.at_once".into(),
                expected: "at most 1024",
                found: config.work.at_once.to_string(),
            });
        }
        config.callers()?;
        Ok(config)
    }

    /// Those who may call.
    ///
    /// # Errors
    /// [`ConfigError::Value`] with the first whose entry is none.
    pub fn callers(&self) -> Result<Vec<(TokenDigest, Caller)>, ConfigError> {
        let mut names = BTreeSet::new();
        let mut tokens = Vec::new();
        let entries = self.callers.iter().enumerate().map(|(place, entry)| {
            let wrong = |key: &str, expected, found: &str| ConfigError::Value {
                place: format!("caller[{place}].{key}"),
                expected,
                found: found.to_owned(),
            };
            if !names.insert((&entry.tenant, &entry.name)) {
                return Err(wrong("name", "another name for each caller of a tenant", &entry.name));
            }
            let token = TokenDigest::parse(&entry.token_sha256);
            // Not what was found: whoever wrote the token itself there would find it in a log.
            let token = token.ok_or_else(|| wrong("token_sha256", "64 hexadecimal digits", "something else"))?;
            if tokens.contains(&token) {
                return Err(wrong(
                    "token_sha256",
                    "another token for each caller",
                    "one of another caller",
                ));
            }
            tokens.push(token);
            let did = entry.did.as_deref().map(Did::parse).transpose();
            let did =
                did.map_err(|_| wrong("did", "a did:key of Ed25519", entry.did.as_deref().unwrap_or_default()))?;
            if (entry.role == Role::Sponsor) != did.is_some() {
                return Err(wrong("did", "a DID for a sponsor, and for nobody else", "the contrary"));
            }
            if let Some(webhook) = &entry.webhook {
                let receiver = Receiver {
                    url: webhook.url.clone(),
                    private_addresses: webhook.private_addresses,
                    roots: None,
                };
                // Not what was found: an address may have a token in it.
                let expected = "https://host/path without a user; http only with private_addresses";
                receiver
                    .check()
                    .map_err(|_| wrong("webhook.url", expected, "something else"))?;
            }
            let caller = Caller {
                tenant: entry.tenant.clone(),
                name: entry.name.clone(),
                role: entry.role,
                did,
            };
            Ok((token, caller))
        });
        entries.collect()
    }

    /// Those whose events are sent, and where to.
    ///
    /// # Errors
    /// As [`Config::callers`].
    pub fn webhooks(&self) -> Result<Vec<(Caller, &WebhookEntry)>, ConfigError> {
        let callers = self.callers()?.into_iter().zip(&self.callers);
        let webhooks = callers.filter_map(|((_, caller), entry)| Some((caller, entry.webhook.as_ref()?)));
        Ok(webhooks.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [listen]
        address = "127.0.0.1:7443"

        [store]
        url = "sqlite:medproof/service.db"

        [[caller]]
        name = "portal"
        tenant = "general"
        role = "holder"
        token_sha256 = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
    "#;

    #[test]
    fn a_file_says_what_the_service_is() {
        let config = Config::parse(GOOD).unwrap();
        assert_eq!(
            (config.store.most_waiting, config.work.key.as_os_str()),
            (10_000, "work.key".as_ref())
        );
        let callers = config.callers().unwrap();
        assert_eq!(callers[0].0, TokenDigest::of("secret"));
        assert_eq!(
            (callers[0].1.role, callers[0].1.tenant.as_str()),
            (Role::Holder, "general")
        );
    }

    #[test]
    fn what_has_no_meaning_is_refused_with_its_place() {
        let refused = |from: &str, to: &str| {
            assert!(GOOD.contains(from), "{from}");
            Config::parse(&GOOD.replace(from, to)).unwrap_err().to_string()
        };
        for (from, to, said) in [
            ("address =", "adress =", "unknown field `adress`"),
            ("[store]", "[storage]", "unknown field `storage`"),
            (
                "127.0.0.1:7443",
                "0.0.0.0:7443",
                "listen.address: expected an address of this machine alone",
            ),
            ("127.0.0.1:7443", "here", "invalid socket address"),
            ("\"holder\"", "\"patient\"", "unknown variant `patient`"),
            (
                "\"holder\"",
                "\"sponsor\"",
                "caller[0].did: expected a DID for a sponsor",
            ),
            (
                "2bb80d",
                "2bb80",
                "caller[0].token_sha256: expected 64 hexadecimal digits, found something else",
            ),
            (
                "name = \"portal\"",
                "name = \"portal\"\ndid = \"did:web:x\"",
                "caller[0].did: expected a did:key",
            ),
        ] {
            let error = refused(from, to);
            assert!(error.contains(said), "{error}");
        }
        for (url, more) in [
            ("http://sponsor.example/", ""),
            ("sponsor.example", ", private_addresses = true"),
            ("https://geheim@sponsor.example/", ""),
        ] {
            let webhook = format!("{GOOD}webhook = {{ url = \"{url}\", secret_file = \"s\"{more} }}");
            let error = Config::parse(&webhook).unwrap_err().to_string();
            assert!(
                error.contains("caller[0].webhook.url") && !error.contains("geheim"),
                "{error}"
            );
        }
        let entry = &GOOD[GOOD.find("[[caller]]").unwrap()..];
        let twice = Config::parse(&format!("{GOOD}{entry}")).unwrap_err().to_string();
        assert!(twice.contains("caller[1].name"), "{twice}");
        let same_token = entry.replace("portal", "other");
        let twice = Config::parse(&format!("{GOOD}{same_token}")).unwrap_err().to_string();
        assert!(twice.contains("caller[1].token_sha256"), "{twice}");
    }

    #[test]
    fn a_password_is_not_shown() {
        let config = Config::parse(&GOOD.replace("sqlite:medproof/service.db", "postgres://u:geheim@h/d")).unwrap();
        assert!(!format!("{config:?}").contains("geheim"));
        let webhook = "webhook = { url = \"https://h/geheim\", secret_file = \"s\" }";
        let config = Config::parse(&format!("{GOOD}{webhook}")).unwrap();
        assert!(!format!("{config:?}").contains("geheim"));
    }
}
