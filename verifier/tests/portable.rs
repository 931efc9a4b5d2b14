//! What crosses into other languages.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use jsonschema::Validator;
use medproof_verifier::portable::{Asked, Refused, Verifier};
use serde_json::{Value, json};

const NOW: u64 = START + 60;

fn opened() -> Verifier {
    let bundle = bundle_body().sign(&operator()).unwrap();
    Verifier::new(settings_json().to_string().as_bytes(), &bundle).unwrap()
}

fn answered(verifier: &mut Verifier, now: u64) -> Result<Value, Refused> {
    let request = body().sign(&audience()).unwrap().to_json();
    let asked = Asked {
        request: &request,
        claim: &claim().canonical_bytes(),
        presentation: &presentation().to_bytes(),
        now,
    };
    let answer = verifier.verify(&asked)?;
    Ok(serde_json::from_str(&answer.to_json()).unwrap())
}

fn schema(text: &str) -> Validator {
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

fn answers() -> Validator {
    schema(include_str!("../schema/answer-v1.schema.json"))
}

#[test]
fn an_answer_has_what_was_shown_and_what_to_keep() {
    let mut verifier = opened();
    let answer = answered(&mut verifier, NOW).unwrap();
    answers().validate(&answer).unwrap();
    let found = &answer["verified"];
    assert_eq!(found["shown"]["title"], "Adult");
    assert!(
        found["shown"]["clauses"][0]["criteria"][0]["sentence"]
            .as_str()
            .unwrap()
            .contains("18")
    );
    assert_eq!(found["request"]["audience"], audience().did().to_string());
    assert_eq!(
        (&found["issuer"], &found["verified_at"]),
        (&HOSPITAL.to_string().into(), &NOW.into())
    );
    assert_eq!(found["development"], false);
    for (name, value) in [
        ("nullifier", presentation().public.nullifier),
        ("consent_handle", presentation().public.consent_handle),
    ] {
        assert_eq!(found[name], medproof_messages::encoding::FieldHex(value).to_string());
    }
    // The key is prepared now: the same again.
    assert_eq!(answered(&mut verifier, NOW).unwrap(), answer);
}

#[test]
fn a_refusal_has_its_code_and_says_what_to_do() {
    let refused = answered(&mut opened(), START + LIFE).unwrap_err();
    let said: Value = serde_json::from_str(&refused.to_json()).unwrap();
    answers().validate(&said).unwrap();
    assert_eq!(said["refused"]["code"], "request.expired");
    assert_eq!(said["refused"]["message"], refused.to_string());
}

#[test]
fn a_refusal_leaves_the_verifier_as_it_was() {
    let mut verifier = opened();
    assert!(answered(&mut verifier, 0).is_err());
    assert!(answered(&mut verifier, NOW).is_ok());
}

#[test]
fn the_schema_is_that_of_settings() {
    let validator = schema(include_str!("../schema/verifier-settings-v1.schema.json"));
    let bundle = bundle_body().sign(&operator()).unwrap();
    let read = |settings: &Value| Verifier::new(settings.to_string().as_bytes(), &bundle).is_ok();
    let good = settings_json();
    assert!(validator.is_valid(&good) && read(&good));
    for field in good.as_object().unwrap().keys() {
        let mut without = good.clone();
        without.as_object_mut().unwrap().remove(field);
        assert_eq!(validator.is_valid(&without), read(&without), "{field}");
    }
    for (field, value) in [
        ("grace", json!(0)),
        ("grace", json!("1")),
        ("development", json!(true)),
        ("issuer", json!([])),
    ] {
        let mut with = good.clone();
        with[field] = value;
        assert_eq!(validator.is_valid(&with), read(&with), "{field}");
    }
}
