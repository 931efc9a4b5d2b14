//! Trust bundles: what the ledger says, signed, with an expiry, in one encoding.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use medproof_messages::did::DidError;
use medproof_messages::json::JsonError;
use medproof_messages::*;
use medproof_statement::Fr;
use medproof_verifier::bundle::MAX_LIFETIME;
use medproof_verifier::ledger::*;
use medproof_verifier::*;

fn bundle() -> BundleBody {
    let other = RootEntry {
        issuer: Issuer([0x22; 20]),
        published_at: time(START - 100),
        ..entry()
    };
    let old = RootEntry {
        superseded_at: Some(time(START - 5)),
        epoch: 2,
        ..entry()
    };
    let retiring = PinnedKey::new(
        vk(proving_key()).unwrap(),
        KeyInfo {
            circuit_version: 0,
            ..info()
        },
    );
    let revoked = PinnedKey::new(
        vk(proving_key()).unwrap(),
        KeyInfo {
            circuit_version: 9,
            ..info()
        },
    );
    BundleBody {
        keys: vec![
            (pinned(), KeyStatus::Active),
            (retiring, KeyStatus::Retiring { since: time(START) }),
            (revoked, KeyStatus::Revoked),
        ],
        roots: vec![(root(), other), (Fr::from(5u64), old), (root(), entry())],
        revoked: vec![Fr::from(9u64), Fr::from(3u64), Fr::from(9u64)],
        ..bundle_body()
    }
}

fn json() -> Vec<u8> {
    bundle().sign(&operator()).unwrap()
}

fn open(bytes: &[u8]) -> Result<TrustBundle, BundleError> {
    TrustBundle::open(bytes, &operator().did())
}

/// Changes the bundle's text and signs it again.
fn resigned(from: &str, to: &str) -> Vec<u8> {
    common::resigned(&String::from_utf8(json()).unwrap(), from, to).into_bytes()
}

#[test]
fn a_bundle_is_a_view_of_the_ledger() {
    let bundle = open(&json()).unwrap();
    let snapshot = bundle.snapshot().unwrap();
    assert_eq!(
        snapshot,
        Snapshot {
            valid_until: Some(time(START + 3_600)),
            ..view().snapshot
        }
    );
    assert_eq!(bundle.roots(root()).unwrap().len(), 2);
    assert_eq!(bundle.roots(Fr::from(5u64)).unwrap()[0].epoch, 2);
    assert_eq!(bundle.roots(Fr::from(6u64)).unwrap(), vec![]);
    for (handle, revoked) in [(3u64, true), (9, true), (4, false)] {
        assert_eq!(bundle.is_revoked(Fr::from(handle)), Ok(revoked));
    }
    assert_eq!(bundle.key(&pinned().id()), Some(&pinned()));
    assert_eq!(bundle.key_status(&pinned().id()), Ok(KeyStatus::Active));
    assert_eq!(bundle.key_status(&KeyId([0; 32])), Ok(KeyStatus::Unknown));
    assert_eq!(bundle.signer(), &operator().did());
    let statuses: Vec<KeyStatus> = bundle.body().keys.iter().map(|(_, status)| *status).collect();
    assert!(statuses.contains(&KeyStatus::Retiring { since: time(START) }));
    assert!(statuses.contains(&KeyStatus::Revoked));
}

#[test]
fn a_presentation_is_verified_offline_until_the_bundle_expires() {
    let bundle = open(&json()).unwrap();
    let key = bundle.key(&pinned().id()).unwrap();
    let verifier = Verifier::new(settings(), key).unwrap();
    let verify = |request: &VerifiedRequest, presentation: &Presentation, now| {
        verifier.verify_parsed(presentation, request, &claim(), &bundle, time(now))
    };
    assert_eq!(
        verify(&request(), presentation(), START + 60).unwrap().issuer(),
        HOSPITAL
    );
    let long = signed(
        RequestBody {
            expires_at: time(START + 9_999),
            ..body()
        },
        &audience(),
    );
    let answer = present(&inputs(&long), 21);
    assert!(verify(&long, &answer, START + 3_599).is_ok());
    let expired = Refusal::ViewExpired {
        valid_until: START + 3_600,
        now: START + 3_600,
    };
    assert_eq!(verify(&long, &answer, START + 3_600), Err(expired));
    let mut revoked = inputs(&long);
    revoked.consent_handle = Fr::from(3u64);
    let refused = verify(&long, &present(&revoked, 22), START + 60);
    assert!(matches!(refused, Err(Refusal::ConsentRevoked { .. })));
}

#[test]
fn a_bundle_is_its_signers() {
    let signer = operator().did();
    let refused = TrustBundle::open(&json(), &stranger().did()).unwrap_err();
    assert_eq!(
        refused,
        BundleError::Signer {
            expected: stranger().did(),
            found: signer
        }
    );
    let signature = DidError::Signature {
        signer,
        kind: "medproof/v1/trust-bundle",
    };
    let text = String::from_utf8(json()).unwrap();
    for (from, to) in [
        ("\"finalised\":true", "\"finalised\":false"),
        ("\"epoch\":3", "\"epoch\":4"),
        ("\"paused\":false", "\"paused\":true"),
        ("\"suspended\":false", "\"suspended\":true"),
        ("\"status\":\"revoked\"", "\"status\":\"active\""),
        (
            &format!("\"expires_at\":{}", START + 3_600),
            &format!("\"expires_at\":{}", START + 9_600),
        ),
    ] {
        assert!(text.contains(from));
        let refused = open(text.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert_eq!(refused, BundleError::Did(signature.clone()), "{to}");
    }
    // A stranger's bundle under the signer's name.
    let theirs = String::from_utf8(bundle().sign(&stranger()).unwrap()).unwrap();
    let renamed = theirs.replace(&stranger().did().to_string(), &signer.to_string());
    assert_eq!(open(renamed.as_bytes()).unwrap_err(), BundleError::Did(signature));
}

#[test]
fn a_bundle_has_one_encoding() {
    let text = String::from_utf8(json()).unwrap();
    for other in [format!("{text}\n"), text.replacen(':', ": ", 1)] {
        let refused = open(other.as_bytes()).unwrap_err();
        assert!(matches!(refused, BundleError::Json(JsonError::NotCanonical { .. })));
    }
    for (from, to) in [
        ("{", "{\"a\":1,"),
        ("\"epoch\":3", "\"epoch\":3,\"a\":1"),
        ("\"number\":77", "\"number\":-1"),
    ] {
        let refused = open(text.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert!(matches!(refused, BundleError::Json(JsonError::Form { .. })), "{to}");
    }
    assert_eq!(json(), json());
}

#[test]
fn even_the_signer_keeps_the_rules() {
    // Signing again by hand is signing as the software does.
    assert_eq!(resigned("\"epoch\":3", "\"epoch\":3"), json());
    let refused = |from: &str, to: &str| open(&resigned(from, to)).unwrap_err();
    let expires = format!("\"expires_at\":{}", START + 3_600);
    for late in [START, START - 1, START + MAX_LIFETIME + 1] {
        let found = refused(&expires, &format!("\"expires_at\":{late}"));
        assert_eq!(
            found,
            BundleError::Lifetime {
                issued_at: START,
                expires_at: late
            }
        );
    }
    assert!(open(&resigned(&expires, &format!("\"expires_at\":{}", START + MAX_LIFETIME))).is_ok());
    let three = "0x0000000000000000000000000000000000000000000000000000000000000003";
    let nine = "0x0000000000000000000000000000000000000000000000000000000000000009";
    let revoked = format!("[\"{three}\",\"{nine}\"]");
    for bad in [format!("[\"{nine}\",\"{three}\"]"), format!("[\"{nine}\",\"{nine}\"]")] {
        assert_eq!(refused(&revoked, &bad), BundleError::Order { list: "revoked" });
    }
    let five = "0x0000000000000000000000000000000000000000000000000000000000000005";
    let high = "0x1000000000000000000000000000000000000000000000000000000000000005";
    assert_eq!(refused(five, high), BundleError::Order { list: "roots" });
    let status = |to| matches!(refused("\"status\":\"revoked\"", to), BundleError::Status { .. });
    assert!(status("\"status\":\"unknown\""));
    assert!(status("\"status\":\"retiring\""));
    assert!(matches!(
        refused("\"status\":\"retiring\"", "\"status\":\"active\""),
        BundleError::Status { .. }
    ));
    assert!(matches!(
        refused("\"chain_id\":31337", "\"chain_id\":9007199254740992"),
        BundleError::Term(_)
    ));
    assert!(matches!(
        refused("\"published_at\":1617293000", "\"published_at\":1099511627776"),
        BundleError::Time(_)
    ));
    let integer = BundleError::Integer {
        field: "number",
        found: 1 << 53,
    };
    assert_eq!(refused("\"number\":77", "\"number\":9007199254740992"), integer);
    assert!(matches!(
        refused("\"circuit_version\":9", "\"circuit_version\":8"),
        BundleError::Key(KeyError::Id { .. })
    ));
    let kind = refused("\"type\":\"medproof/key\"", "\"type\":\"medproof/kex\"");
    assert!(matches!(kind, BundleError::Key(KeyError::Json(JsonError::Type { .. }))));

    let mut twice = bundle();
    twice.roots.push((root(), entry()));
    assert_eq!(
        twice.sign(&operator()).unwrap_err(),
        BundleError::Order { list: "roots" }
    );
    let mut twice = bundle();
    twice.keys.push((pinned(), KeyStatus::Revoked));
    assert_eq!(
        twice.sign(&operator()).unwrap_err(),
        BundleError::Order { list: "keys" }
    );
    let mut unknown = bundle();
    unknown.keys[0].1 = KeyStatus::Unknown;
    assert_eq!(
        unknown.sign(&operator()).unwrap_err(),
        BundleError::Status { key: pinned().id() }
    );
}

#[test]
fn a_bundle_lives_for_31_days_at_most() {
    assert_eq!(MAX_LIFETIME, 2_678_400);
}

/// Programs tell refusals apart by these names.
#[test]
fn every_refusal_has_its_name() {
    let expires = format!("\"expires_at\":{}", START + 3_600);
    for (from, to, expected) in [
        (expires.as_str(), "\"expires_at\":0", "bundle.lifetime"),
        ("\"status\":\"revoked\"", "\"status\":\"unknown\"", "bundle.status"),
        ("\"chain_id\":31337", "\"chain_id\":9007199254740992", "bundle.value"),
        ("\"number\":77", "\"number\":9007199254740992", "bundle.value"),
    ] {
        assert_eq!(open(&resigned(from, to)).unwrap_err().code(), expected);
    }
    let stranger = AudienceKey::from_seed([0x43; 32]).unwrap();
    let signer = TrustBundle::open(&bundle().sign(&stranger).unwrap(), &operator().did());
    assert_eq!(signer.unwrap_err().code(), "bundle.signer");
    assert_eq!(BundleError::Order { list: "keys" }.code(), "bundle.order");
}

#[test]
fn the_schema_is_that_of_bundles() {
    let schema = serde_json::from_str(include_str!("../schema/trust-bundle-v1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let message: serde_json::Value = serde_json::from_slice(&json()).unwrap();
    validator.validate(&message).unwrap();
    for field in message.as_object().unwrap().keys() {
        let mut without = message.clone();
        without.as_object_mut().unwrap().remove(field);
        assert!(!validator.is_valid(&without), "{field}");
    }
}
