//! Consents, presentations and revocations: one encoding each, and what they are about.
#![allow(clippy::unwrap_used)]

mod common;

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, PrimeField};
use common::{audience, body, misspelt, replaced, time, verified};
use medproof_messages::json::JsonError;
use medproof_messages::key::KeyId;
use medproof_messages::point::PointError;
use medproof_messages::presentation::{PRESENTATION_BYTES, ProofPoint};
use medproof_messages::terms::{ConsentKind, Ledger, ScopeLabel, TermError};
use medproof_messages::*;
use medproof_statement::Fr;
use medproof_statement::consent::Bound;
use medproof_statement::eddsa::{EddsaError, SigningKey};
use medproof_statement::holder::handle_of;
use medproof_statement::public::{NAMES, PublicInputs};
use medproof_statement::request::Purpose;

fn holder() -> SigningKey {
    SigningKey::from_bytes([1; 32])
}

fn grant(kind: ConsentKind) -> Grant {
    Grant {
        kind,
        not_before: body().requested_at,
        not_after: body().expires_at,
        grant_id: Fr::from(77u64),
    }
}

fn consent(kind: ConsentKind) -> ConsentMessage {
    ConsentMessage::sign(&verified(body()), &grant(kind), &holder()).unwrap()
}

#[test]
fn a_consent_comes_back_as_it_went() {
    let request = verified(body());
    for kind in [ConsentKind::Once, ConsentKind::Standing] {
        let message = consent(kind);
        let json = message.to_json();
        assert_eq!(ConsentMessage::from_json(&json).unwrap(), message);
        assert!(json.len() < 1024);
        let signed = message.verify(&request, &holder().public()).unwrap();
        assert_eq!(signed.consent.message(request.statement()), message.message());
        assert_eq!(signed.consent.bound, request.bound(kind));
    }
    assert_eq!(request.bound(ConsentKind::Once), Bound::Policy(request.policy_digest()));
    assert_eq!(request.bound(ConsentKind::Standing), Bound::Claim(request.claim_id()));
}

#[test]
fn consents_and_revocations_are_canonical() {
    let consent = consent(ConsentKind::Once).to_json();
    let value: serde_json::Value = serde_json::from_slice(&consent).unwrap();
    assert_eq!(value.to_string().as_bytes(), consent);
    let canonical = |e: ConsentError| matches!(e, ConsentError::Json(JsonError::NotCanonical { .. }));
    for other in misspelt(&consent) {
        assert!(canonical(ConsentMessage::from_json(&other).unwrap_err()));
    }
    let revocation = revocation().to_json();
    for other in misspelt(&revocation) {
        let refused = Revocation::from_json(&other);
        assert!(matches!(
            refused,
            Err(RevocationError::Json(JsonError::NotCanonical { .. }))
        ));
    }
}

#[test]
fn a_consent_s_values_are_of_their_kind() {
    let json = consent(ConsentKind::Once).to_json();
    let term = |from: &str, to: &str, field: &str| {
        let refused = ConsentMessage::from_json(&replaced(&json, from, to));
        assert!(
            matches!(&refused, Err(ConsentError::Term(TermError { field: found, .. })) if *found == field),
            "{to}: {refused:?}"
        );
    };
    term("\"policy\"", "\"nothing\"", "bound_to");
    term("1617300600", "1099511627776", "not_after");
    term("1617300000", "1099511627776", "not_before");
    term("HRESCH", "RESEARCH", "purpose");
    term("\"trial 7\"", "\"\"", "scope");
    term("31337", "9007199254740992", "chain_id");
    let did = audience().did().to_string();
    assert!(matches!(
        ConsentMessage::from_json(&replaced(&json, &did, "did:web:a")),
        Err(ConsentError::Did(_))
    ));
    let text = String::from_utf8(json.clone()).unwrap();
    let at = text.find("\"signature\":\"0x").unwrap() + 15;
    let stray = [&text[..at], &"f".repeat(128), &text[at + 128..]].concat();
    assert!(matches!(
        ConsentMessage::from_json(stray.as_bytes()),
        Err(ConsentError::Signature(_))
    ));
    let unknown = replaced(&json, "{", "{\"a\":1,");
    assert!(matches!(
        ConsentMessage::from_json(&unknown),
        Err(ConsentError::Json(JsonError::Form { .. }))
    ));
}

#[test]
fn a_consent_is_for_one_audience_purpose_subject_ledger_scope_and_claim() {
    let message = consent(ConsentKind::Once);
    let differs = |field, change: fn(&mut RequestBody)| {
        let mut other = body();
        change(&mut other);
        assert_eq!(
            message.verify(&verified(other), &holder().public()).unwrap_err(),
            ConsentError::Differs { field }
        );
    };
    differs("purpose", |b| b.purpose = Purpose::Payment);
    differs("subject", |b| b.subject = None);
    differs("ledger", |b| b.ledger = Ledger::new(1, [0xab; 20]).unwrap());
    differs("scope", |b| b.scope = ScopeLabel::parse("trial 8").unwrap());
    differs("claim or policy", |b| b.as_of.0 -= 1);
    let other = AudienceKey::from_seed([6; 32]).unwrap();
    let request = RequestBody {
        audience: other.did(),
        ..body()
    }
    .sign(&other)
    .unwrap()
    .verify()
    .unwrap();
    assert_eq!(
        message.verify(&request, &holder().public()).unwrap_err(),
        ConsentError::Differs { field: "audience" }
    );
    // A standing consent is for any day, and still for one claim.
    let standing = consent(ConsentKind::Standing);
    let mut yesterday = body();
    yesterday.as_of.0 -= 1;
    assert!(standing.verify(&verified(yesterday), &holder().public()).is_ok());
}

#[test]
fn a_consent_covers_the_request_s_life() {
    let request = verified(body());
    let sign = |not_before, not_after| {
        let grant = Grant {
            not_before: time(not_before),
            not_after: time(not_after),
            ..grant(ConsentKind::Once)
        };
        ConsentMessage::sign(&request, &grant, &holder()).map(|_| ())
    };
    let (from, to) = (body().requested_at.seconds(), body().expires_at.seconds());
    assert_eq!(sign(from, to), Ok(()));
    assert!(matches!(sign(from + 1, to), Err(ConsentError::Period { .. })));
    assert!(matches!(sign(from, to - 1), Err(ConsentError::Period { .. })));
}

#[test]
fn a_consent_is_its_signer_s() {
    let request = verified(body());
    let stranger = SigningKey::from_bytes([2; 32]);
    let mismatch = ConsentError::Signature(EddsaError::Mismatch);
    let message = consent(ConsentKind::Once);
    assert_eq!(message.verify(&request, &stranger.public()).unwrap_err(), mismatch);
    let grant = grant(ConsentKind::Once);
    let signature = holder().sign(ConsentMessage::message_of(&request, &grant));
    let elsewhere = ConsentMessage::with_signature(&request, &grant, &holder().public(), signature);
    assert_eq!(elsewhere, Ok(message));
    let other = Grant {
        grant_id: Fr::from(78u64),
        ..grant
    };
    assert_eq!(
        ConsentMessage::with_signature(&request, &other, &holder().public(), signature),
        Err(mismatch)
    );
}

fn revocation() -> Revocation {
    Revocation::new(body().ledger, Fr::from(12_345u64))
}

#[test]
fn a_revocation_is_its_handle_s() {
    let json = revocation().to_json();
    assert_eq!(Revocation::from_json(&json).unwrap(), revocation());
    assert_eq!(revocation().handle(), handle_of(Fr::from(12_345u64)));
    let secret = "0000000000003039\"";
    let refused = Revocation::from_json(&replaced(&json, secret, "000000000000303a\""));
    assert!(matches!(refused, Err(RevocationError::Handle { .. })));
    let refused = Revocation::from_json(&replaced(&json, "31337", "9007199254740992"));
    assert!(matches!(refused, Err(RevocationError::Term(_))));
    assert!(!format!("{:?}", revocation()).contains("3039"));
}

fn presentation() -> Presentation {
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let times = |k: u64| (g1 * Fr::from(k)).into_affine();
    Presentation {
        key_id: KeyId([3; 32]),
        proof: Proof::new(times(5), (g2 * Fr::from(7)).into_affine(), times(9)).unwrap(),
        public: PublicInputs::from_array([1u64, 2, 3, 4, 5].map(Fr::from)),
    }
}

#[test]
fn a_presentation_comes_back_as_it_went_in_under_a_kilobyte() {
    let bytes = presentation().to_bytes();
    assert_eq!(bytes.len(), 321);
    assert_eq!(Presentation::from_bytes(&bytes), Ok(presentation()));
    let json = presentation().to_json();
    assert_eq!(Presentation::from_json(&json), Ok(presentation()));
    assert!(json.len() < 1024, "{}", json.len());
    let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(value.to_string().as_bytes(), json);
    for other in misspelt(&json) {
        let refused = Presentation::from_json(&other);
        assert!(matches!(
            refused,
            Err(PresentationError::Json(JsonError::NotCanonical { .. }))
        ));
    }
}

#[test]
fn a_presentation_has_one_length() {
    let bytes = presentation().to_bytes();
    let length = |found| {
        Err(PresentationError::Length {
            expected: PRESENTATION_BYTES,
            found,
        })
    };
    for found in [0, 1, 32, 33, 160, 320] {
        assert_eq!(Presentation::from_bytes(&bytes[..found]), length(found));
    }
    assert_eq!(Presentation::from_bytes(&[&bytes[..], &[0]].concat()), length(322));
    let inputs = |found| Err(PresentationError::InputCount { expected: 5, found });
    assert_eq!(Presentation::from_bytes(&bytes[..289]), inputs(4));
    assert_eq!(Presentation::from_bytes(&bytes[..161]), inputs(0));
    assert_eq!(Presentation::from_bytes(&[&bytes[..], &[0; 32]].concat()), inputs(6));
}

#[test]
fn a_presentation_s_version_is_known() {
    let mut bytes = presentation().to_bytes();
    for found in [0, 2, 255] {
        bytes[0] = found;
        assert_eq!(
            Presentation::from_bytes(&bytes),
            Err(PresentationError::Version { expected: 1, found })
        );
    }
    let refused = Presentation::from_json(&replaced(&presentation().to_json(), "\"version\":1", "\"version\":9"));
    assert!(matches!(
        refused,
        Err(PresentationError::Json(JsonError::Version { found: 9, .. }))
    ));
}

#[test]
fn each_public_input_is_canonical() {
    let mut modulus = Fr::MODULUS;
    modulus.add_with_carry(&1u64.into());
    for (i, expected) in NAMES.into_iter().enumerate() {
        let at = 161 + 32 * i;
        for alias in [modulus.to_bytes_be(), vec![0xff; 32]] {
            let mut bytes = presentation().to_bytes();
            bytes[at..at + 32].copy_from_slice(&alias);
            let refused = Presentation::from_bytes(&bytes);
            assert!(matches!(refused, Err(PresentationError::Input { name, .. }) if name == expected));
        }
    }
}

#[test]
fn each_point_of_a_proof_is_checked() {
    let points = [
        (ProofPoint::A, 33, 32),
        (ProofPoint::B, 65, 64),
        (ProofPoint::C, 129, 32),
    ];
    for (point, at, len) in points {
        let with = |f: &dyn Fn(&mut [u8])| {
            let mut bytes = presentation().to_bytes();
            f(&mut bytes[at..at + len]);
            Presentation::from_bytes(&bytes)
        };
        let error = |error| Err(PresentationError::Point { point, error });
        assert_eq!(with(&|b| b[len - 1] |= 0xc0), error(PointError::Flags));
        let infinity = |b: &mut [u8]| {
            b.fill(0);
            b[len - 1] = 0x40;
        };
        assert_eq!(with(&infinity), error(PointError::Infinity));
        assert_eq!(with(&|b| b.fill(0x3f)), error(PointError::NotReduced));
        let zero_x = with(&|b| b.fill(0));
        assert_eq!(zero_x, error(PointError::OffCurve));
    }
    let off = PointError::OffCurve;
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let bad = G1Affine::new_unchecked(1u64.into(), 1u64.into());
    assert_eq!(
        Proof::new(bad, g2, g1),
        Err(PresentationError::Point {
            point: ProofPoint::A,
            error: off
        })
    );
    assert_eq!(
        Proof::new(g1, g2, bad),
        Err(PresentationError::Point {
            point: ProofPoint::C,
            error: off
        })
    );
    let infinity = PointError::Infinity;
    let zero = G2Affine::identity();
    assert_eq!(
        Proof::new(g1, zero, g1),
        Err(PresentationError::Point {
            point: ProofPoint::B,
            error: infinity
        })
    );
}

/// The published schemas take what is written, and miss no field of it.
#[test]
fn schemas_are_those_of_the_messages() {
    let request = body().sign(&audience()).unwrap().to_json();
    let key = include_str!("../schema/key-v1.schema.json");
    for (schema, message) in [
        (include_str!("../schema/request-v1.schema.json"), request),
        (
            include_str!("../schema/consent-v1.schema.json"),
            consent(ConsentKind::Once).to_json(),
        ),
        (
            include_str!("../schema/presentation-v1.schema.json"),
            presentation().to_json(),
        ),
        (
            include_str!("../schema/revocation-v1.schema.json"),
            revocation().to_json(),
        ),
        (
            include_str!("../schema/cohort-summary-v1.schema.json"),
            common::summary().to_json(),
        ),
        (key, common::pinned_key().to_json()),
    ] {
        let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let message: serde_json::Value = serde_json::from_slice(&message).unwrap();
        validator.validate(&message).unwrap();
        for field in message.as_object().unwrap().keys() {
            let mut without = message.clone();
            without.as_object_mut().unwrap().remove(field);
            assert!(!validator.is_valid(&without), "{field}");
        }
        let mut more = message.clone();
        more["another"] = true.into();
        assert!(!validator.is_valid(&more));
    }
}

#[test]
fn no_error_repeats_a_value_that_it_met() {
    let secret = "0x00000000000000000000000000000000000000000000000000000000000001e2";
    let revocation = Revocation::new(body().ledger, Fr::from(0x1e2u64)).to_json();
    let displaced = [
        ("\"version\":1", format!("\"version\":\"{secret}\"")),
        ("\"ledger\":{", format!("\"ledger\":\"{secret}\",\"other\":{{")),
        ("\"chain_id\":", format!("\"chain_id\":\"{secret}\",\"other\":")),
    ];
    for (from, to) in displaced {
        let error = Revocation::from_json(&replaced(&revocation, from, &to)).unwrap_err();
        assert!(!error.to_string().contains("1e2"), "{error}");
    }
}
