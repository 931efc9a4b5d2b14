//! Who calls by a token that an issuer signed: JSON Web Tokens (RFC 7519) as OpenID Connect providers make
//! them, checked as RFC 8725 asks.

use super::keys::{Keys, KeysError, Source};
use super::{signature, unknown};
use crate::caller::{Caller, Role};
use crate::error::Refusal;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{DecodingKey, Validation};
use medproof_messages::Did;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::PathBuf;
use thiserror::Error;
use tonic::Code;

/// The issuer, as the service's file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// What stands in `iss`.
    pub issuer: String,
    /// What stands in `aud`: this service.
    pub audience: String,
    /// Its keys: a URL, or a file.
    pub keys: String,
    /// How tokens may be signed.
    #[serde(default = "every")]
    pub algorithms: Vec<Algorithm>,
    /// By how much clocks may differ.
    #[serde(default = "leeway")]
    pub leeway_seconds: u64,
    /// Which claims say who calls.
    #[serde(default)]
    pub claims: ClaimNames,
}

/// How tokens may be signed: by keys of which the service has the public half alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Algorithm {
    /// RSA, PKCS #1 v1.5, SHA-256.
    RS256,
    /// ECDSA on P-256, SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

impl From<Algorithm> for jsonwebtoken::Algorithm {
    fn from(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
        match algorithm {
            Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::EdDSA => jsonwebtoken::Algorithm::EdDSA,
        }
    }
}

/// Which claims say who calls.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimNames {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub tenant: String,
    /// What it is: one of our roles, or a list with one of them.
    pub role: String,
    /// Of a sponsor, whose requests are its own.
    pub did: String,
}

impl Default for ClaimNames {
    fn default() -> ClaimNames {
        let [name, tenant, role, did] = ["sub", "tenant", "role", "did"].map(str::to_owned);
        ClaimNames {
            name,
            tenant,
            role,
            did,
        }
    }
}

fn every() -> Vec<Algorithm> {
    vec![Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA]
}

fn leeway() -> u64 {
    30
}

const MOST_LEEWAY: u64 = 300;
// Of a header's value: longer ones are no tokens.
const MOST_BYTES: usize = 8 << 10;

/// Why a configuration names no issuer.
#[derive(Debug, Error)]
pub enum IssuerError {
    /// A value that has no meaning there.
    #[error("issuer.{place}: expected {expected}, found {found}")]
    Value {
        /// The key.
        place: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// Its keys.
    #[error("issuer.keys: {0}")]
    Keys(#[from] KeysError),
}

/// An issuer of tokens.
#[derive(Debug)]
pub struct Issuer {
    keys: Keys,
    algorithms: Vec<jsonwebtoken::Algorithm>,
    // But for the algorithm, which is the token's.
    validation: Validation,
    claims: ClaimNames,
    issuer: String,
}

impl IssuerConfig {
    fn source(&self) -> Result<Source, IssuerError> {
        let wrong = |expected| IssuerError::Value {
            place: "keys",
            expected,
            found: self.keys.clone(),
        };
        if self.keys.starts_with("https://") {
            return Ok(Source::Url(self.keys.clone()));
        }
        match self.keys.strip_prefix("http://") {
            // Keys that anybody on the way may replace are nobody's.
            Some(rest) if is_here(rest) => Ok(Source::Url(self.keys.clone())),
            Some(_) => Err(wrong("https://, or http:// on this machine alone, or a file")),
            None if self.keys.contains("://") => Err(wrong("https:// or a file")),
            None => Ok(Source::File(PathBuf::from(&self.keys))),
        }
    }

    /// That what the configuration says has a meaning, and that keys in a file are keys. A URL is asked when a
    /// token comes.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub fn check(&self) -> Result<(), IssuerError> {
        let source = self.source()?;
        let value = |place, expected, found: &dyn std::fmt::Display| {
            let found = found.to_string();
            Err(IssuerError::Value { place, expected, found })
        };
        if self.algorithms.is_empty() {
            return value("algorithms", "at least one", &"none");
        }
        if self.leeway_seconds > MOST_LEEWAY {
            return value("leeway_seconds", "at most 300", &self.leeway_seconds);
        }
        if self.issuer.is_empty() || self.audience.is_empty() {
            return value("issuer", "what stands in `iss` and in `aud`", &"nothing");
        }
        if let Source::File(_) = source {
            source.read()?;
        }
        Ok(())
    }
}

fn is_here(rest: &str) -> bool {
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

impl Issuer {
    /// As configured.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub fn new(config: &IssuerConfig) -> Result<Issuer, IssuerError> {
        config.check()?;
        signature::install();
        let mut validation = Validation::default();
        validation.algorithms.clear();
        validation.leeway = config.leeway_seconds;
        validation.validate_nbf = true;
        validation.set_issuer(&[&config.issuer]);
        validation.set_audience(&[&config.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        Ok(Issuer {
            keys: Keys::new(config.source()?),
            algorithms: config.algorithms.iter().map(|&each| each.into()).collect(),
            validation,
            claims: config.claims.clone(),
            issuer: config.issuer.clone(),
        })
    }

    /// Whom a token names.
    ///
    /// # Errors
    /// `caller.unknown` whatever is wrong with it; `caller.keys` where there are no keys to tell.
    pub async fn caller(&self, token: &str) -> Result<Caller, Refusal> {
        if token.len() > MOST_BYTES {
            return Err(unknown());
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| unknown())?;
        // What must be understood and is not (RFC 7515 §4.1.11).
        if header.crit.is_some() || !self.algorithms.contains(&header.alg) {
            return Err(unknown());
        }
        let key = self
            .keys
            .key(header.kid.as_deref())
            .await
            .map_err(|error| no_keys(&error))?;
        let key = key.filter(|key| may_sign(key, header.alg)).ok_or_else(unknown)?;
        let key = DecodingKey::from_jwk(&key).map_err(|_| unknown())?;
        let mut validation = self.validation.clone();
        validation.algorithms.push(header.alg);
        let token = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation);
        self.named(&token.map_err(|_| unknown())?.claims).ok_or_else(unknown)
    }

    fn named(&self, claims: &Map<String, Value>) -> Option<Caller> {
        let text = |name: &str| claims.get(name)?.as_str().filter(|text| !text.is_empty());
        let role = role(claims.get(&self.claims.role)?)?;
        let did = text(&self.claims.did).map(Did::parse).transpose().ok()?;
        Some(Caller {
            tenant: text(&self.claims.tenant)?.to_owned(),
            // With its issuer: a name that the file gives to somebody is not the issuer's to give.
            name: format!("{}#{}", self.issuer, text(&self.claims.name)?),
            role,
            did: match role {
                Role::Sponsor => Some(did?),
                _ => None,
            },
        })
    }
}

// Its own words on what it is for, where it has some.
fn may_sign(key: &Jwk, algorithm: jsonwebtoken::Algorithm) -> bool {
    let of_key = key.common.key_algorithm.map(|named| named.to_string());
    let fits = of_key.is_none_or(|named| named == format!("{algorithm:?}"));
    let signs = key
        .common
        .public_key_use
        .as_ref()
        .is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    fits && signs
}

// One role: who is given two says not which it is.
fn role(claim: &Value) -> Option<Role> {
    let one = |value: &Value| Role::deserialize(value).ok();
    match claim {
        Value::Array(values) => {
            let mut roles = values.iter().filter_map(one);
            roles.next().filter(|_| roles.next().is_none())
        }
        value => one(value),
    }
}

fn no_keys(error: &KeysError) -> Refusal {
    tracing::error!(%error, "the issuer's keys");
    let message = "the keys of the tokens' issuer cannot be read";
    let help = "try again; an operator finds the reason in the service's log";
    Refusal::new(Code::Unavailable, "caller.keys", message, help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
    use serde_json::json;
    use std::time::{SystemTime, UNIX_EPOCH};

    // An issuer with an Ed25519 and an ECDSA key, in a folder.
    struct World {
        folder: tempfile::TempDir,
        ed: Ed25519KeyPair,
        ec: EcdsaKeyPair,
        config: IssuerConfig,
    }

    fn now() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
    }

    impl World {
        fn new() -> World {
            let random = SystemRandom::new();
            let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
            let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
            let ec = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, ec.as_ref(), &random).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let config = IssuerConfig {
                issuer: "https://id.example".into(),
                audience: "medproof".into(),
                keys: folder.path().join("keys.json").to_str().unwrap().to_owned(),
                algorithms: every(),
                leeway_seconds: 30,
                claims: ClaimNames::default(),
            };
            let ed = Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap();
            let world = World { folder, ed, ec, config };
            world.publish(&[world.jwk("ed"), world.jwk("ec")]);
            world
        }

        fn jwk(&self, id: &str) -> Value {
            let point = self.ec.public_key().as_ref();
            match id {
                "ed" => json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "use": "sig",
                    "x": BASE64.encode(self.ed.public_key().as_ref())}),
                _ => json!({"kty": "EC", "crv": "P-256", "kid": id, "alg": "ES256",
                    "x": BASE64.encode(&point[1..33]), "y": BASE64.encode(&point[33..])}),
            }
        }

        fn publish(&self, keys: &[Value]) {
            std::fs::write(
                self.folder.path().join("keys.json"),
                json!({ "keys": keys }).to_string(),
            )
            .unwrap();
        }

        fn token(&self, header: &Value, claims: &Value) -> String {
            let signed = [header, claims].map(|part| BASE64.encode(part.to_string())).join(".");
            let signature = match header["alg"].as_str() {
                Some("ES256") => self
                    .ec
                    .sign(&SystemRandom::new(), signed.as_bytes())
                    .unwrap()
                    .as_ref()
                    .to_vec(),
                _ => self.ed.sign(signed.as_bytes()).as_ref().to_vec(),
            };
            format!("{signed}.{}", BASE64.encode(signature))
        }

        async fn called(&self, token: &str) -> Result<Caller, &'static str> {
            let issuer = Issuer::new(&self.config).unwrap();
            issuer.caller(token).await.map_err(|refusal| refusal.code())
        }
    }

    fn ed() -> Value {
        json!({"alg": "EdDSA", "kid": "ed", "typ": "JWT"})
    }

    fn claims() -> Value {
        json!({"iss": "https://id.example", "aud": ["medproof", "other"], "sub": "portal", "tenant": "Hospital",
            "role": ["staff", "holder"], "exp": now() + 60, "nbf": now()})
    }

    fn with(mut json: Value, key: &str, value: Value) -> Value {
        json[key] = value;
        json
    }

    #[tokio::test]
    async fn a_token_of_the_issuers_names_its_caller() {
        let world = World::new();
        let ec = json!({"alg": "ES256", "kid": "ec"});
        for header in [ed(), ec] {
            let caller = world.called(&world.token(&header, &claims())).await.unwrap();
            assert_eq!(
                (caller.tenant.as_str(), caller.role, caller.did),
                ("Hospital", Role::Holder, None)
            );
            assert_eq!(caller.name, "https://id.example#portal");
        }
        let did = "did:key:z6MkkHesJfGFTGqjYjDXJAuUE2gyshaNewzEBHoCWGX1YN7L";
        let sponsor = with(with(claims(), "role", json!("sponsor")), "did", json!(did));
        let caller = world.called(&world.token(&ed(), &sponsor)).await.unwrap();
        assert_eq!(caller.audience().as_deref(), Some(did));
    }

    #[tokio::test]
    async fn what_does_not_hold_names_nobody() {
        let world = World::new();
        for (claim, value) in [
            ("iss", json!("https://id.example.org")),
            ("aud", json!("other")),
            ("exp", json!(now() - 31)),
            ("exp", json!((now() + 60).to_string())),
            ("nbf", json!(now() + 40)),
            ("nbf", json!("soon")),
            ("role", json!("patient")),
            ("role", json!(["issuer", "holder"])),
            ("role", json!("sponsor")),
            ("tenant", json!("")),
            ("sub", json!(7)),
        ] {
            let token = world.token(&ed(), &with(claims(), claim, value.clone()));
            assert_eq!(world.called(&token).await, Err("caller.unknown"), "{claim}: {value}");
        }
        for claim in ["iss", "aud", "exp", "sub", "tenant", "role"] {
            let mut without = claims();
            without.as_object_mut().unwrap().remove(claim);
            let token = world.token(&ed(), &without);
            assert_eq!(world.called(&token).await, Err("caller.unknown"), "without {claim}");
        }
        // Within the leeway.
        let late = world.token(&ed(), &with(claims(), "exp", json!(now() - 20)));
        assert!(world.called(&late).await.is_ok());
    }

    #[tokio::test]
    async fn a_token_does_not_choose_how_it_is_verified() {
        let world = World::new();
        let good = world.token(&ed(), &claims());
        let (signed, _) = good.rsplit_once('.').unwrap();
        let body = signed.split_once('.').unwrap().1;
        let header = |json: Value| BASE64.encode(json.to_string());
        // No algorithm, in every way to write it; and a public key taken for a shared secret.
        let x = world.ed.public_key().as_ref().to_vec();
        let hmac = |message: &str| {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &x);
            BASE64.encode(ring::hmac::sign(&key, message.as_bytes()).as_ref())
        };
        let shared = format!("{}.{body}", header(json!({"alg": "HS256", "kid": "ed"})));
        let mut wrong = vec![
            format!("{shared}.{}", hmac(&shared)),
            signed.to_owned(),
            format!("{signed}."),
        ];
        for none in ["none", "None", "NONE", ""] {
            wrong.push(format!("{}.{body}.", header(json!({"alg": none, "kid": "ed"}))));
        }
        for other in [
            json!({"alg": "ES256", "kid": "ed"}),
            json!({"alg": "EdDSA", "kid": "ec"}),
            json!({"alg": "EdDSA", "kid": "nobody"}),
            json!({"alg": "EdDSA"}),
            json!({"alg": "EdDSA", "kid": "ed", "crit": ["exp"]}),
        ] {
            wrong.push(world.token(&other, &claims()));
        }
        wrong.push("x".repeat(MOST_BYTES + 1));
        for token in wrong {
            assert_eq!(world.called(&token).await, Err("caller.unknown"), "{token}");
        }
        // What the configuration does not allow, however well it is signed.
        let mut world = world;
        world.config.algorithms = vec![Algorithm::RS256];
        assert_eq!(world.called(&good).await, Err("caller.unknown"));
    }

    #[tokio::test]
    async fn a_shared_secret_among_the_keys_is_none() {
        let world = World::new();
        world.publish(&[json!({"kty": "oct", "kid": "ed", "k": "c2VjcmV0"})]);
        let token = world.token(&ed(), &claims());
        assert_eq!(world.called(&token).await, Err("caller.unknown"));
    }

    #[tokio::test]
    async fn a_key_for_something_else_signs_nothing() {
        let world = World::new();
        world.publish(&[with(world.jwk("ed"), "use", json!("enc"))]);
        assert_eq!(
            world.called(&world.token(&ed(), &claims())).await,
            Err("caller.unknown")
        );
    }

    // A server of keys that counts how often it is asked.
    fn served(set: String) -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
        use std::io::{BufRead, BufReader, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let asked = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
        let counted = std::sync::Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                lines
                    .map_while(Result::ok)
                    .take_while(|line| !line.is_empty())
                    .for_each(drop);
                counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let length = set.len();
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{set}"
                )
                .unwrap();
            }
        });
        (url, asked)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn keys_are_asked_for_once_whatever_names_tokens_have() {
        let mut world = World::new();
        let (url, asked) = served(json!({"keys": [world.jwk("ed")]}).to_string());
        world.config.keys = url;
        let issuer = Issuer::new(&world.config).unwrap();
        assert!(issuer.caller(&world.token(&ed(), &claims())).await.is_ok());
        for name in 0..20 {
            let token = world.token(&json!({"alg": "EdDSA", "kid": format!("{name}")}), &claims());
            assert_eq!(issuer.caller(&token).await.unwrap_err().code(), "caller.unknown");
        }
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_keys_nobody_can_tell() {
        let mut world = World::new();
        world.config.keys = "http://127.0.0.1:1/keys".into();
        assert_eq!(world.called(&world.token(&ed(), &claims())).await, Err("caller.keys"));
    }

    #[test]
    fn a_configuration_that_could_not_be_safe_is_refused() {
        let world = World::new();
        let refused = |change: fn(&mut IssuerConfig)| {
            let mut config = world.config.clone();
            config.check().unwrap();
            change(&mut config);
            config.check().unwrap_err().to_string()
        };
        for (change, said) in [
            (
                (|c| c.keys = "http://id.example/keys".into()) as fn(&mut IssuerConfig),
                "issuer.keys: expected https://",
            ),
            (
                |c| c.keys = "http://localhost.example/keys".into(),
                "issuer.keys: expected https://",
            ),
            (
                |c| c.keys = "http://127.0.0.1@id.example/keys".into(),
                "issuer.keys: expected https://",
            ),
            (
                |c| c.keys = "ftp://id.example/keys".into(),
                "issuer.keys: expected https://",
            ),
            (|c| c.keys = "nowhere.json".into(), "nowhere.json"),
            (|c| c.algorithms.clear(), "issuer.algorithms"),
            (|c| c.leeway_seconds = 301, "issuer.leeway_seconds"),
            (|c| c.audience.clear(), "issuer.issuer"),
        ] {
            let error = refused(change);
            assert!(error.contains(said), "{error}");
        }
        let hmac = r#"issuer = "x"
            audience = "y"
            keys = "z"
            algorithms = ["HS256"]"#;
        assert!(toml::from_str::<IssuerConfig>(hmac).is_err());
    }
}
