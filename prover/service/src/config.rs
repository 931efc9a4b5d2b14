//! The service's file, in TOML. What it does not know it refuses, with the place.

use crate::about;
use crate::auth::{CertificateName, Credential, IssuerConfig, IssuerError, TokenDigest};
use crate::caller::{Caller, Role};
use crate::drain::DrainConfig;
use crate::events::sender::Receiver;
use crate::limits::Limits;
use crate::metrics::MetricsConfig;
use crate::store::{AskerLimits, Bounds};
use crate::telemetry::TracesConfig;
use crate::web::WebConfig;
use medproof_messages::Did;
use medproof_statement::tier::Tier;
use serde::Deserialize;
use std::collections::{BTreeSet, HashSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
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
    /// The issuer of callers' tokens.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
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
    /// What an asker may.
    #[serde(default)]
    pub askers: AskerLimits,
    /// What is logged.
    #[serde(default)]
    pub audit: Audit,
    /// Who may call.
    #[serde(default, rename = "caller")]
    pub callers: Vec<CallerEntry>,
    /// Whose tokens name callers.
    pub issuer: Option<IssuerConfig>,
    /// How much they may.
    #[serde(default)]
    pub limits: Limits,
    /// From which browsers' pages.
    pub web: Option<WebConfig>,
    /// Where it is counted.
    pub metrics: Option<MetricsConfig>,
    /// Where spans go.
    pub traces: Option<TracesConfig>,
    /// How it stops.
    #[serde(default)]
    pub drain: DrainConfig,
}

/// Where it listens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Address and port. Without TLS, on this machine alone.
    pub address: SocketAddr,
    /// Certificate, key, and whose certificates callers must have.
    pub tls: Option<Tls>,
    /// Whether anybody may ask what the service's messages are; callers may in any case.
    #[serde(default)]
    pub open_reflection: bool,
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
    /// Work that may wait at a time, as so many proofs of tier M: one of L counts twice, one of S half.
    #[serde(default = "most_waiting")]
    pub most_waiting: u64,
    /// Of one tenant's; all of it where nothing is said.
    pub most_waiting_of_tenant: Option<u64>,
    /// How long a person's job may be expected to wait, in milliseconds; without it, as long as it takes.
    pub longest_wait_ms: Option<u64>,
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

/// What is logged.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// 32 bytes that make patients' pseudonyms, in hexadecimal; made where it is not there.
    pub pseudonym_key: PathBuf,
    /// What signs the log's heads, as transparency logs write such keys; made where it is not there.
    pub signing_key: PathBuf,
    /// What the log is called: its key's name, where one is made.
    pub origin: Option<String>,
    /// How often its head is published on the ledger, in seconds; 0: never.
    pub anchor_seconds: u64,
}

impl Default for Audit {
    fn default() -> Audit {
        Audit {
            pseudonym_key: PathBuf::from("pseudonym.key"),
            signing_key: PathBuf::from("audit.key"),
            origin: None,
            anchor_seconds: 3600,
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
    pub token_sha256: Option<String>,
    /// Or a name of its certificate.
    pub certificate: Option<String>,
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

fn wrong(place: impl Into<String>, expected: &'static str, found: impl Into<String>) -> ConfigError {
    ConfigError::Value {
        place: place.into(),
        expected,
        found: found.into(),
    }
}

impl Config {
    /// How much work may be asked for.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        let work = |proofs: u64| proofs.saturating_mul(about::work(Tier::M));
        let most = self.store.most_waiting;
        Bounds {
            most_work: work(most),
            most_work_of_tenant: work(self.store.most_waiting_of_tenant.unwrap_or(most)),
            longest_wait: self.store.longest_wait_ms.map(Duration::from_millis),
            askers: self.askers,
        }
    }

    /// From the file's text.
    ///
    /// # Errors
    /// [`ConfigError`] with the place.
    pub fn parse(text: &str) -> Result<Config, ConfigError> {
        let config: Config = toml::from_str(text)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.listen.tls.is_none() && !self.listen.address.ip().is_loopback() {
            let expected = "an address of this machine alone, or listen.tls";
            return Err(wrong("listen.address", expected, self.listen.address.to_string()));
        }
        if self.work.at_once > MOST_AT_ONCE {
            return Err(wrong("work.at_once", "at most 1024", self.work.at_once.to_string()));
        }
        if let Some(bound) = self.limits.none_at_all() {
            return Err(wrong(
                bound,
                "room for something: see docs/ops/service.md",
                "next to none",
            ));
        }
        if let Some(origin) = self.web.as_ref().and_then(WebConfig::no_origin) {
            return Err(wrong(
                "web.origins",
                "https://host[:port] in lower case, without a path",
                origin,
            ));
        }
        if let Some(traces) = &self.traces {
            if !traces.endpoint.starts_with("http://") {
                return Err(wrong(
                    "traces.endpoint",
                    "http://host:port of a collector",
                    &traces.endpoint,
                ));
            }
            if !(0.0..=1.0).contains(&traces.sample) {
                return Err(wrong("traces.sample", "0 to 1", traces.sample.to_string()));
            }
        }
        if let Some(issuer) = &self.issuer {
            issuer.check()?;
        }
        self.callers()?;
        Ok(())
    }

    /// Those who may call.
    ///
    /// # Errors
    /// [`ConfigError::Value`] with the first whose entry is none.
    pub fn callers(&self) -> Result<Vec<(Credential, Caller)>, ConfigError> {
        let takes_certificates = self.listen.tls.as_ref().is_some_and(|tls| tls.callers.is_some());
        let (mut names, mut credentials) = (BTreeSet::new(), HashSet::new());
        let entries = self.callers.iter().enumerate().map(|(number, entry)| {
            let place = |key: &str| format!("caller[{number}].{key}");
            if !names.insert((&entry.tenant, &entry.name)) {
                return Err(wrong(
                    place("name"),
                    "another name for each caller of a tenant",
                    &entry.name,
                ));
            }
            let (key, credential) = entry.credential(&place)?;
            if key == "certificate" && !takes_certificates {
                let expected = "listen.tls.callers, with the roots of callers' certificates";
                return Err(wrong(place(key), expected, "none"));
            }
            if !credentials.insert(credential.clone()) {
                return Err(wrong(
                    place(key),
                    "another one for each caller",
                    "one of another caller",
                ));
            }
            entry.require_receiver(&place)?;
            Ok((credential, entry.caller(&place)?))
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

impl CallerEntry {
    // With the key that it stands under.
    fn credential(&self, place: &dyn Fn(&str) -> String) -> Result<(&'static str, Credential), ConfigError> {
        match (&self.token_sha256, &self.certificate) {
            (Some(digest), None) => {
                // Not what was found: whoever wrote the token itself there would find it in a log.
                let wrong = || wrong(place("token_sha256"), "64 hexadecimal digits", "something else");
                let digest = TokenDigest::parse(digest).ok_or_else(wrong)?;
                Ok(("token_sha256", Credential::Token(digest)))
            }
            (None, Some(name)) => {
                let expected = "`sha256:` and 64 hexadecimal digits, a URI, or a DNS name in lower case";
                let name = CertificateName::parse(name).map_err(|_| wrong(place("certificate"), expected, name))?;
                Ok(("certificate", Credential::Certificate(name)))
            }
            (given, _) => {
                let found = if given.is_some() { "both" } else { "neither" };
                Err(wrong(
                    place("token_sha256"),
                    "a token's digest or a certificate's name",
                    found,
                ))
            }
        }
    }

    fn require_receiver(&self, place: &dyn Fn(&str) -> String) -> Result<(), ConfigError> {
        let Some(webhook) = &self.webhook else { return Ok(()) };
        let receiver = Receiver {
            url: webhook.url.clone(),
            private_addresses: webhook.private_addresses,
            roots: None,
        };
        // Not what was found: an address may have a token in it.
        let expected = "https://host/path without a user; http only with private_addresses";
        let checked = receiver.check();
        checked.map_err(|_| wrong(place("webhook.url"), expected, "something else"))
    }

    fn caller(&self, place: &dyn Fn(&str) -> String) -> Result<Caller, ConfigError> {
        let did = self.did.as_deref().map(Did::parse).transpose();
        let found = self.did.as_deref().unwrap_or_default();
        let did = did.map_err(|_| wrong(place("did"), "a did:key of Ed25519", found))?;
        if (self.role == Role::Sponsor) != did.is_some() {
            return Err(wrong(
                place("did"),
                "a DID for a sponsor, and for nobody else",
                "the contrary",
            ));
        }
        Ok(Caller {
            tenant: self.tenant.clone(),
            name: self.name.clone(),
            role: self.role,
            did,
        })
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
        assert_eq!(callers[0].0, Credential::Token(TokenDigest::of("secret")));
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
            (
                "token_sha256 =",
                "certificate = \"portal.example\"\ntoken_sha256 =",
                "caller[0].token_sha256: expected a token's digest or a certificate's name, found both",
            ),
            (
                "token_sha256 = \"2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b\"",
                "certificate = \"portal.example\"",
                "caller[0].certificate: expected listen.tls.callers",
            ),
            (
                "[store]",
                "[limits]\nstreams = 0\n[store]",
                "limits.streams: expected room",
            ),
            ("[store]", "[limits]\nstream = 1\n[store]", "unknown field `stream`"),
            ("[store]", "[metrics]\nport = 1\n[store]", "unknown field `port`"),
            ("[store]", "[drain]\nseconds = 1\n[store]", "unknown field `seconds`"),
            (
                "[store]",
                "[web]\norigins = [\"*\"]\n[store]",
                "web.origins: expected https://",
            ),
            (
                "[store]",
                "[web]\norigins = [\"https://a.example/x\"]\n[store]",
                "web.origins",
            ),
            (
                "[store]",
                "[traces]\nendpoint = \"https://x\"\n[store]",
                "traces.endpoint",
            ),
            (
                "[store]",
                "[traces]\nendpoint = \"http://x\"\nsample = 2.0\n[store]",
                "traces.sample",
            ),
            (
                "[store]",
                "[issuer]\nissuer = \"i\"\naudience = \"a\"\nkeys = \"http://id.example/keys\"\n[store]",
                "issuer.keys: expected https://",
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
